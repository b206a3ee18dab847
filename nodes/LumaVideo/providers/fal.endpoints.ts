/**
 * The endpoints of fal.ai that are Luma's. The first two parts of an endpoint's name are its app, under which its requests
 * are read; an ID does not say which. Pure.
 */
import type { GenerationRequest, ProviderCall } from './provider';

type Kind = 'edit' | 'image' | 'modify' | 'reframe' | 'text';

/** Ray 3.2 and Uni-1, and the older Ray 2. */
const APP = 'luma/agent';
const OLD_APP = 'fal-ai/luma-dream-machine';
const RAY_3_2 = `${APP}/ray/v3.2`;
const UNI_1 = `${APP}/uni-1/v1`;

function ray2(model: string): Partial<Record<Kind, string>> {
	const text = `${OLD_APP}/${model}`;
	return { text, image: `${text}/image-to-video`, modify: `${text}/modify`, reframe: `${text}/reframe` };
}

const ENDPOINTS: Readonly<Record<string, Partial<Record<Kind, string>>>> = {
	'ray-3.2': {
		text: `${RAY_3_2}/text-to-video`,
		image: `${RAY_3_2}/image-to-video`,
		modify: `${RAY_3_2}/video-to-video`,
		reframe: `${RAY_3_2}/reframe`,
	},
	'ray-2': ray2('ray-2'),
	'ray-2-flash': ray2('ray-2-flash'),
	'uni-1': { text: `${UNI_1}/text-to-image`, edit: `${UNI_1}/edit` },
	'uni-1-max': { text: `${UNI_1}/max`, edit: `${UNI_1}/max/edit` },
};

/** All of them: the parameter takes up to 50. */
export const ALL_ENDPOINTS: readonly string[] = Object.values(ENDPOINTS).flatMap((endpoints) => Object.values(endpoints));

export function kindOf(request: GenerationRequest): Kind {
	const { operation } = request;
	if (operation === 'edit' || operation === 'modify' || operation === 'reframe') return operation;
	return request.makes === 'video' && (request.startImage !== null || request.keyframes.length > 0) ? 'image' : 'text';
}

export function endpointOf(request: GenerationRequest): string {
	return ENDPOINTS[request.model]?.[kindOf(request)] ?? '';
}

/** The model of an endpoint; `null` if it is none of these. */
export function modelOfEndpoint(endpoint: string | null): string | null {
	const known = Object.entries(ENDPOINTS).find(([, endpoints]) => Object.values(endpoints).some((each) => each === endpoint));
	return known?.[0] ?? null;
}

/** A call about a request: under the newer app or, where that has none with this ID, under the older one. */
export function callAbout(generationId: string, method: ProviderCall['method'], end = ''): ProviderCall {
	const under = (app: string): ProviderCall => ({ method, path: `/${app}/requests/${encodeURIComponent(generationId)}${end}` });
	return { ...under(APP), orElse: under(OLD_APP) };
}

/** fal.ai's other hosts take the key too. */
export function atSibling(host: 'api.fal.ai' | 'rest.fal.ai'): NonNullable<ProviderCall['sibling']> {
	return { of: 'https://queue.fal.run', origin: `https://${host}` };
}
