/** The services as the unit tests play them: how each words its answers, and clients that send to no service. */
import type { JsonObject, ProviderId } from '../../nodes/LumaVideo/providers/provider';
import type { ProviderClient } from '../../nodes/LumaVideo/transport/providerClient';

export interface FakeGeneration {
	id: string;
	state: 'queued' | 'processing' | 'completed' | 'failed';
	/** Milliseconds since 1970, by the clock of the service. */
	createdAt: number;
	/** What was asked for, as far as the answers repeat it; null where they do not. */
	request: JsonObject | null;
}

export interface FakeAnswer {
	statusCode: number;
	body: unknown;
	headers?: Record<string, string>;
}

export const videoUrlOf = (id: string): string => `https://media.example/${id}.mp4`;

const FAILURE = 'The content was refused.';

/** The body with which each service describes a generation. */
const DESCRIPTIONS: Record<ProviderId, (generation: FakeGeneration, url: string | null, createdAt: string) => JsonObject> = {
	crazyrouter: ({ id, state }, url, createdAt) => ({
		id,
		state: state === 'processing' ? 'dreaming' : state,
		created_at: createdAt,
		video: url && { url },
	}),
	// Status and result in one: both reads are answered with it.
	fal: ({ id, state }, url) => ({
		request_id: id,
		status: { queued: 'IN_QUEUE', processing: 'IN_PROGRESS', completed: 'COMPLETED', failed: 'FAILED' }[state],
		...(state === 'failed' && { error: FAILURE }),
		...(url && { video: { url } }),
	}),
	lumaAgents: ({ id, state }, url, createdAt) => ({
		id,
		state,
		created_at: createdAt,
		type: 'video',
		model: 'ray-3.2',
		output: url ? [{ type: 'video', url }] : [],
	}),
	lumaDreamMachine: ({ id, state, request }, url, createdAt) => ({
		id,
		generation_type: 'video',
		state: state === 'processing' ? 'dreaming' : state,
		failure_reason: state === 'failed' ? FAILURE : null,
		created_at: createdAt,
		assets: url && { video: url },
		model: request?.model ?? null,
		// With the service's own defaults filled in.
		...(request && { request: { generation_type: 'video', aspect_ratio: '16:9', ...request } }),
	}),
	pixazo: ({ id, state }, url, createdAt) => ({
		request_id: id,
		status: state.toUpperCase(),
		created_at: createdAt,
		output: { ...(url && { media_url: [url] }) },
	}),
	pixwith: ({ id, state }, url) => ({
		task_id: id,
		status: { queued: 1, processing: 1, completed: 2, failed: 3 }[state],
		result_urls: url ? [url] : [],
	}),
	replicate: ({ id, state, request }, url, createdAt) => ({
		id,
		model: 'luma/ray-3.2',
		status: { queued: 'starting', processing: 'processing', completed: 'succeeded', failed: 'failed' }[state],
		input: request?.input ?? {},
		output: url,
		error: state === 'failed' ? FAILURE : null,
		created_at: createdAt,
	}),
};

export function described(provider: ProviderId, generation: FakeGeneration): JsonObject {
	const url = generation.state === 'completed' ? videoUrlOf(generation.id) : null;
	return DESCRIPTIONS[provider](generation, url, new Date(generation.createdAt).toISOString());
}

/** What a service calls with: mostly what it answers a read with. */
export function calledWith(provider: ProviderId, generation: FakeGeneration): JsonObject {
	const body = described(provider, generation);
	if (provider !== 'fal') return body;
	return { request_id: generation.id, status: generation.state === 'failed' ? 'ERROR' : 'OK', payload: body };
}

/** The answer to a read. */
export function readAnswer(provider: ProviderId, generation: FakeGeneration | undefined): FakeAnswer {
	const isWrapped = provider === 'pixwith';
	if (!generation) {
		return isWrapped
			? { statusCode: 200, body: { code: 0, message: 'task not found', data: null } }
			: { statusCode: 404, body: { detail: 'Generation not found' } };
	}
	const body = described(provider, generation);
	return { statusCode: 200, body: isWrapped ? { code: 1, message: 'success', data: body } : body };
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
		send: unexpected,
		sendFile: unexpected,
		sendForm: unexpected,
		...set,
	};
}
