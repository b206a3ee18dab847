/** The registry of samples: one line for each provider. */
import type { INodeParameters } from 'n8n-workflow';
import { providerIds, providers } from '../../nodes/LumaVideo/providers';
import type { ProviderId } from '../../nodes/LumaVideo/providers/provider';
import type { SettingsChange } from '../provider-server';
import { crazyrouter } from './crazyrouter';
import { fal } from './fal';
import { lumaAgents } from './lumaAgents';
import { lumaDreamMachine } from './lumaDreamMachine';
import { pixazo } from './pixazo';
import { pixwith } from './pixwith';
import { replicate } from './replicate';
import type { ProviderSample } from './sample';

export type { ProviderSample, State, Texts } from './sample';
export { END_IMAGE, REFUSALS, START_IMAGE, STATES, VIDEO_URL } from './sample';

export const samples: Readonly<Record<ProviderId, ProviderSample>> = {
	lumaAgents,
	lumaDreamMachine,
	pixazo,
	pixwith,
	crazyrouter,
	fal,
	replicate,
};

/** All providers, in the order of the registry. Tests that hold for each run over these. */
export const PROVIDERS: readonly ProviderId[] = providerIds;

/** What a test makes of each provider. */
export function byProvider<T>(make: (provider: ProviderId) => T): Record<ProviderId, T> {
	return Object.fromEntries(PROVIDERS.map((provider) => [provider, make(provider)])) as Record<ProviderId, T>;
}

/** As the provider writes its name. */
export function nameOf(provider: ProviderId): string {
	return providers[provider].displayName;
}

/** Those that call an address when a generation is finished. */
export const CALLING: readonly ProviderId[] = PROVIDERS.filter((provider) => samples[provider].callback !== null);

/** Those that make videos from images, and those that n8n's signed URLs are for. */
export const WITH_IMAGES: readonly ProviderId[] = PROVIDERS.filter((provider) => samples[provider].startImage !== null);
export const FETCHING: readonly ProviderId[] = PROVIDERS.filter((provider) => samples[provider].imageFile?.as === 'signedUrl');

/** Those whose lists show a generation that was lost, and the others. */
export const LISTING: readonly ProviderId[] = PROVIDERS.filter((provider) => samples[provider].lists);
export const NOT_LISTING: readonly ProviderId[] = PROVIDERS.filter((provider) => !samples[provider].lists);

/** One with a list and callbacks, and one without either, the newest: for tests that need not run for all. */
export const WITH_LIST: ProviderId = lastOf(LISTING.filter((provider) => CALLING.includes(provider)));
export const WITHOUT_LIST: ProviderId = lastOf(NOT_LISTING.filter((provider) => !CALLING.includes(provider)));

/** For what is one code path: submitting, waiting, retrying and stopping know a provider only by whether it lists generations. */
export const BOTH_KINDS: readonly ProviderId[] = [WITH_LIST, WITHOUT_LIST];

/** One that calls, and whose generations are read one by one. Not all packages have one. */
export const CALLING_WITHOUT_LIST: ProviderId = lastOf(
	(Object.keys(samples) as ProviderId[]).filter((provider) => samples[provider].callback !== null && !samples[provider].lists),
);

function lastOf(candidates: readonly ProviderId[]): ProviderId {
	const last = candidates.at(-1);
	if (!last) throw new Error('no provider is like this');
	return last;
}

/** Parameters of Video: Generate; the prompt is the item's field `text` unless another is given. */
export function generateParameters(provider: ProviderId, prompt = '={{ $json.text }}'): INodeParameters {
	return { provider, resource: 'video', operation: 'generate', ...samples[provider].parameters, prompt };
}

/** The credential types, in the order of the registry. */
export const credentialTypes = PROVIDERS.map((provider) => samples[provider].credential);

/** Settings of the stand-in with which all services say why a generation failed. */
export const REASONS_TOLD: SettingsChange = Object.assign({}, ...PROVIDERS.map((provider) => samples[provider].reasonsTold)) as SettingsChange;

/** Settings with which the smallest video of every service is expected after more than half a minute. */
export const EXPECTED_LATE: SettingsChange = Object.assign({}, ...PROVIDERS.map((provider) => samples[provider].expectedLate)) as SettingsChange;

/** Settings of the stand-in that are the same for all services. */
export function forAll<Change>(change: Change): Record<ProviderId, Change> {
	return byProvider(() => change);
}

/** An object or list with the type of each value instead of it; `null` stays. Two answers of one shape have the same. */
export function shapeOf(value: unknown): unknown {
	if (value === null) return null;
	if (Array.isArray(value)) return value.map(shapeOf);
	if (typeof value !== 'object') return typeof value;
	return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, shapeOf(inner)]));
}
