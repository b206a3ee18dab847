/** A plain HTTP client for the tests: no retries, no redirects, one connection per request. */
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { readText, startLocalServer, type LocalServer } from '../localServer';
import type { ProviderServer } from '../provider-server';

export interface Reply {
	status: number;
	headers: IncomingHttpHeaders;
	bytes: Buffer;
	text: string;
	/** `undefined` when the body is not JSON. */
	json: unknown;
}

export interface Call {
	method?: string;
	headers?: Record<string, string>;
	/** Sent as JSON, or as it is when text or bytes. */
	body?: unknown;
	timeoutMs?: number;
}

export async function call(url: string, { method, headers, body, timeoutMs = 5000 }: Call = {}): Promise<Reply> {
	const isRaw = typeof body === 'string' || Buffer.isBuffer(body);
	const payload = body === undefined ? undefined : isRaw ? (body as string | Buffer) : JSON.stringify(body);
	return await new Promise((resolve, reject) => {
		const type: Record<string, string> = body === undefined ? {} : { 'content-type': 'application/json' };
		const request = httpRequest(
			url,
			{ method: method ?? (body === undefined ? 'GET' : 'POST'), agent: false, headers: { ...type, ...headers } },
			(response) => {
				const pieces: Buffer[] = [];
				response.on('data', (piece: Buffer) => pieces.push(piece));
				response.on('error', reject);
				response.on('end', () => {
					const bytes = Buffer.concat(pieces);
					resolve({
						status: response.statusCode ?? 0,
						headers: response.headers,
						bytes,
						text: bytes.toString('utf8'),
						json: parse(bytes.toString('utf8')),
					});
				});
			},
		);
		request.setTimeout(timeoutMs, () => request.destroy(new Error('timeout')));
		request.on('error', reject);
		request.end(payload);
	});
}

function parse(text: string): unknown {
	try {
		return JSON.parse(text) as unknown;
	} catch {
		return undefined;
	}
}

/** The headers with a provider's key. */
export function keyHeaders(
	server: ProviderServer,
): Record<'lumaDreamMachine' | 'pixazo' | 'pixwith' | 'crazyrouter', Record<string, string>> {
	return {
		lumaDreamMachine: { authorization: `Bearer ${server.keys.lumaDreamMachine}` },
		pixazo: { 'ocp-apim-subscription-key': server.keys.pixazo },
		pixwith: { 'api-key': server.keys.pixwith },
		crazyrouter: { authorization: `Bearer ${server.keys.crazyrouter}` },
	};
}

export const FLASH = 'luma-dream-machine-ray-2-flash-image-to-video';
export const PIXWITH_OPTIONS = {
	prompt_optimization: true,
	aspect_ratio: '16:9',
	resolution: '540p',
	duration: 5,
	loop: false,
};

export type PlayedProvider = keyof ReturnType<typeof keyHeaders>;

/** The smallest create that each provider accepts. */
export function smallestCreate(
	server: ProviderServer,
	provider: PlayedProvider,
	prompt = 'A cat on a wall',
): { url: string; body: Record<string, unknown> } {
	const base = server.baseUrls[provider];
	switch (provider) {
		case 'lumaDreamMachine':
			return { url: `${base}/generations/video`, body: { model: 'ray-2', prompt } };
		case 'pixazo':
			return {
				url: `${base}/${FLASH}/v1/${FLASH}-request`,
				body: { prompt, image_url: 'https://images.example/cat.jpg' },
			};
		case 'pixwith':
			return { url: `${base}/api/task/create`, body: { prompt, model_id: '2-4', options: PIXWITH_OPTIONS } };
		case 'crazyrouter':
			return { url: `${base}/luma/generations`, body: { user_prompt: prompt } };
	}
}

/** Creates a job and returns its reply. */
export async function create(
	server: ProviderServer,
	provider: PlayedProvider,
	prompt?: string,
	extra: Record<string, unknown> = {},
	headers: Record<string, string> = {},
): Promise<Reply> {
	const { url, body } = smallestCreate(server, provider, prompt);
	return await call(url, { body: { ...body, ...extra }, headers: { ...keyHeaders(server)[provider], ...headers } });
}

/** Reads a job's status. */
export async function readStatus(server: ProviderServer, provider: PlayedProvider, id: string): Promise<Reply> {
	const headers = keyHeaders(server)[provider];
	const base = server.baseUrls[provider];
	if (provider === 'pixwith') return await call(`${base}/api/task/get`, { body: { task_id: id }, headers });
	const path = {
		lumaDreamMachine: `/generations/${id}`,
		pixazo: `/v2/requests/status/${id}`,
		crazyrouter: `/luma/generations/${id}`,
	}[provider];
	return await call(`${base}${path}`, { headers });
}

export function lastId(server: ProviderServer): string {
	return server.ledger().purchases.at(-1)?.id ?? '';
}

interface Received {
	body: Record<string, unknown>;
	text: string;
	headers: IncomingHttpHeaders;
	at: number;
}

/** A receiver of callbacks. */
export class Receiver {
	private constructor(
		readonly received: Received[],
		private readonly server: LocalServer,
	) {}

	/** @param answers its HTTP statuses in turn, the last one for all further calls */
	static async start(answers: Array<number | 'never'> = [200]): Promise<Receiver> {
		const received: Received[] = [];
		const server = await startLocalServer(async (request, response) => {
			const text = await readText(request);
			const answer = answers[Math.min(received.length, answers.length - 1)] ?? 200;
			received.push({ body: JSON.parse(text) as Record<string, unknown>, text, headers: request.headers, at: Date.now() });
			if (answer !== 'never') response.writeHead(answer).end('noted');
		});
		return new Receiver(received, server);
	}

	get url(): string {
		return `${this.server.url}/callback`;
	}

	async close(): Promise<void> {
		await this.server.close();
	}
}
