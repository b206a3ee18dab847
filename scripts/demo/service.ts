/** Who makes the video of the demo: the stand-in, or a real service when its key is in the environment. */
import type { ICredentialDataDecryptedObject } from 'n8n-workflow';
import { providerIds, providers } from '../../nodes/LumaVideo/providers';
import type { Generation, Provider, ProviderId } from '../../nodes/LumaVideo/providers/provider';
import { startProviderServer } from '../../test/provider-server';
import { samples } from '../../test/samples';

/** How long the stand-in takes for a video. */
const STAND_IN_JOB_MS = 8000;

/** Something the reader of the message can act on: no stack is shown. */
export class DemoError extends Error {}

export interface Service {
	provider: Provider;
	credential: ICredentialDataDecryptedObject;
	/** Name of the environment variable with the key; `null` for the stand-in. */
	keyVariable: string | null;
	close(): Promise<void>;
}

/** What a person asked for on the command line. */
export interface Choice {
	provider?: string | undefined;
	standIn?: boolean | undefined;
}

function chosenProvider(name: string | undefined): Provider | undefined {
	if (name === undefined) return undefined;
	const id = providerIds.find((candidate) => candidate === name);
	if (!id) throw new DemoError(`--provider cannot be ${name}. Possible: ${providerIds.join(', ')}.`);
	return providers[id];
}

export async function openService(choice: Choice): Promise<Service> {
	const chosen = chosenProvider(choice.provider);
	const found = providerIds.find((id) => keyOf(id) !== '' && (!chosen || chosen.id === id));
	if (found && !choice.standIn) {
		return {
			provider: providers[found],
			credential: { apiKey: keyOf(found) },
			keyVariable: samples[found].keyVariable,
			close: async () => undefined,
		};
	}
	const provider = chosen ?? providers.lumaAgents;
	const server = await startProviderServer({ settings: { [provider.id]: { jobMs: STAND_IN_JOB_MS } } });
	return {
		provider,
		credential: samples[provider.id].credentialFields(server.keys[provider.id], server.baseUrls[provider.id]),
		keyVariable: null,
		close: async () => {
			await server.close();
		},
	};
}

/** The key in the environment; empty where there is none. */
function keyOf(id: ProviderId): string {
	return process.env[samples[id].keyVariable]?.trim() ?? '';
}

export interface Watcher {
	/** The request that buys the video goes out. */
	onSubmit(): void;
	/** The provider said how far it is. */
	onAnswer(generation: Generation): void;
}

/** Listens to what the node asks a provider and what it hears, without a request more. */
export function watch(provider: Provider, watcher: Watcher): void {
	const { create, readCreated, readStatus } = provider;
	provider.create = (request) => {
		watcher.onSubmit();
		return create(request);
	};
	const heard = <T extends { ok: boolean }>(reading: T): T => {
		if (reading.ok) watcher.onAnswer((reading as unknown as { value: Generation }).value);
		return reading;
	};
	provider.readCreated = (answer, request) => heard(readCreated(answer, request));
	provider.readStatus = (answer, generationId) => heard(readStatus(answer, generationId));
}
