/** The services as the unit tests play them: how each words its answers, and clients that send to no service. */
import type { JsonObject, ProviderId } from '../../nodes/LumaVideo/providers/provider';
import { samples } from '../samples';
import type { FakeGeneration } from '../samples/sample';
import type { ProviderClient } from '../../nodes/LumaVideo/transport/providerClient';
import { isPublicAddress } from '../../nodes/LumaVideo/transport/publicAddress';

export type { FakeGeneration };

export interface FakeAnswer {
	statusCode: number;
	body: unknown;
	headers?: Record<string, string>;
}

export const videoUrlOf = (id: string): string => `https://media.example/${id}.mp4`;

export function described(provider: ProviderId, generation: FakeGeneration): JsonObject {
	const url = generation.state === 'completed' ? videoUrlOf(generation.id) : null;
	return samples[provider].described(generation, url, new Date(generation.createdAt).toISOString());
}

/** What a service calls with: mostly what it answers a read with. */
export function calledWith(provider: ProviderId, generation: FakeGeneration): JsonObject {
	const body = described(provider, generation);
	return samples[provider].calledWith?.(generation, body) ?? body;
}

/** The answer to a read. */
export function readAnswer(provider: ProviderId, generation: FakeGeneration | undefined): FakeAnswer {
	if (generation) return { statusCode: 200, body: described(provider, generation) };
	const { status, body } = samples[provider].unknown ?? { status: 404, body: { detail: 'Generation not found' } };
	return { statusCode: status, body };
}

/** The answer to a list, which Luma Dream Machine alone has. */
export function listAnswer(newestFirst: readonly FakeGeneration[], { limit, offset }: { limit: number; offset: number }): FakeAnswer {
	const generations = newestFirst.slice(offset, offset + limit).map((generation) => described('lumaDreamMachine', generation));
	const has_more = offset + generations.length < newestFirst.length;
	return { statusCode: 200, body: { generations, count: newestFirst.length, limit, offset, has_more } };
}

/** A client that sends to no service: it does what is set, and nothing else. */
export function clientWith(set: Partial<ProviderClient>): ProviderClient {
	const unexpected = async (): Promise<never> => await Promise.reject(new Error('this is not sent here'));
	return {
		isLocal: false,
		account: 'account',
		sign: (text: string) => text,
		addressOf: ({ path }) => `https://service.example${path}`,
		mayReach: async (address) => set.isLocal === true || (await isPublicAddress({}, address)),
		send: unexpected,
		sendFile: unexpected,
		sendForm: unexpected,
		...set,
	};
}
