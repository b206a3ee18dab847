/**
 * Stand-ins for the services of n8n's own video nodes: the calls that the OpenAI node (Sora) and the MiniMax node (H3)
 * make in n8n 2.41, as their documentation has them: platform.openai.com, Videos; platform.minimax.io, Video Generation.
 * What does not fit is refused in the service's own shape. A prompt's `[takes 12000ms]` and `[video 1000 bytes]` count.
 */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { readText, sendJson, startLocalServer } from '../localServer';
import { deliverFile } from '../provider-server/deliver';
import { readMarkers } from '../provider-server/markers';
import { bigFile } from '../provider-server/media';

const DEFAULT_BYTES = 20_000;
const KEY = 'sk-rival-key';

interface Video {
	id: string;
	createdAt: number;
	endsAt: number;
	bytes: number;
	model: string;
}

export interface Rivals {
	key: string;
	/** For the field Base URL of the OpenAI credential. */
	openAiUrl: string;
	/** For the field `url` of the MiniMax credential. */
	miniMaxUrl: string;
	/** Videos made so far. */
	made(): number;
	/** Times a video's status was asked for. */
	reads(): number;
	close(): Promise<void>;
}

class Refusal extends Error {
	constructor(
		readonly status: number,
		message: string,
	) {
		super(message);
	}
}

function must(condition: boolean, message: string, status = 400): asserts condition {
	if (!condition) throw new Refusal(status, message);
}

export async function startRivals(): Promise<Rivals> {
	const videos = new Map<string, Video>();
	let reads = 0;

	const start = (prompt: unknown, model: string): Video => {
		must(typeof prompt === 'string' && prompt.trim() !== '', 'prompt is required');
		const { takesMs, videoBytes } = readMarkers(prompt);
		const now = Date.now();
		const id = `video_${randomUUID().replaceAll('-', '')}`;
		const video = { id, createdAt: now, endsAt: now + (takesMs ?? 0), bytes: videoBytes ?? DEFAULT_BYTES, model };
		videos.set(id, video);
		return video;
	};
	const find = (id: string | null | undefined): Video => {
		const video = videos.get(id ?? '');
		must(video !== undefined, `No video ${id ?? ''}`, 404);
		return video;
	};
	const isOver = ({ endsAt }: Video): boolean => Date.now() >= endsAt;

	const openAi = async (request: IncomingMessage, path: string, response: ServerResponse): Promise<void> => {
		const describe = (video: Video): object => ({
			id: video.id,
			object: 'video',
			model: video.model,
			status: isOver(video) ? 'completed' : 'in_progress',
			progress: isOver(video) ? 100 : 50,
			created_at: Math.floor(video.createdAt / 1000),
			error: null,
		});
		if (request.method === 'POST' && path === '/videos') {
			const form = await formOf(request);
			const known = ['model', 'prompt', 'seconds', 'size'];
			form.forEach((_, name) => must(known.includes(name), `Unknown parameter: '${name}'.`));
			const model = form.get('model');
			must(model === 'sora-2' || model === 'sora-2-pro', `The model '${String(model)}' does not exist`);
			must(['4', '8', '12'].includes(String(form.get('seconds'))), "Invalid value for 'seconds'");
			must(/^(720x1280|1280x720|1024x1792|1792x1024)$/.test(String(form.get('size'))), "Invalid value for 'size'");
			sendJson(response, 200, describe(start(form.get('prompt'), model)));
			return;
		}
		const [, id, content] = /^\/videos\/([^/]+)(\/content)?$/.exec(path) ?? [];
		must(request.method === 'GET' && id !== undefined, `Unknown request URL: ${path}`, 404);
		const video = find(id);
		if (content === undefined) {
			reads++;
			sendJson(response, 200, describe(video));
			return;
		}
		must(isOver(video), 'Video is not ready yet');
		await deliverFile(response, bigFile(video.bytes, true), 'GET', undefined, 0);
	};

	const miniMax = async (request: IncomingMessage, path: string, response: ServerResponse): Promise<void> => {
		const base_resp = { status_code: 0, status_msg: 'success' };
		if (request.method === 'POST' && path === '/v2/video_generation') {
			const body = JSON.parse(await readText(request)) as Record<string, unknown>;
			const known = ['model', 'content', 'duration', 'resolution', 'ratio'];
			for (const name of Object.keys(body)) must(known.includes(name), `invalid params, ${name}`);
			must(body.model === 'MiniMax-H3', 'invalid params, model');
			must(body.resolution === '768P' || body.resolution === '2K', 'invalid params, resolution');
			must(Number.isInteger(body.duration) && Number(body.duration) >= 4, 'invalid params, duration');
			const [text] = body.content as Array<{ type?: unknown; text?: unknown }>;
			must(text?.type === 'text', 'invalid params, content');
			sendJson(response, 200, { task_id: start(text.text, 'MiniMax-H3').id, base_resp });
			return;
		}
		const id = /^\/v2\/query\/video_generation\/([^/]+)$/.exec(path)?.[1];
		must(request.method === 'GET' && id !== undefined, `no route ${path}`, 404);
		const video = find(id);
		reads++;
		const content = isOver(video) ? { url: `${server.url}/files/${video.id}.mp4` } : null;
		sendJson(response, 200, { task: { id, status: isOver(video) ? 'succeeded' : 'running', content }, base_resp });
	};

	const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
		const { pathname } = new URL(request.url ?? '/', 'http://rivals');
		const file = /^\/files\/([^/]+)\.mp4$/.exec(pathname)?.[1];
		if (file !== undefined) {
			await deliverFile(response, bigFile(find(file).bytes, true), 'GET', undefined, 0);
			return;
		}
		must(request.headers.authorization === `Bearer ${KEY}`, 'Incorrect API key provided', 401);
		if (pathname.startsWith('/openai/v1/')) await openAi(request, pathname.slice('/openai/v1'.length), response);
		else if (pathname.startsWith('/minimax/')) await miniMax(request, pathname.slice('/minimax'.length), response);
		else throw new Refusal(404, `no route ${pathname}`);
	};

	const server = await startLocalServer(async (request, response) => {
		try {
			await serve(request, response);
		} catch (error) {
			const status = error instanceof Refusal ? error.status : 500;
			const message = error instanceof Error ? error.message : String(error);
			if (response.headersSent) response.destroy();
			else sendJson(response, status, { error: { message, type: 'invalid_request_error', code: null } });
		}
	});
	return {
		key: KEY,
		openAiUrl: `${server.url}/openai/v1`,
		miniMaxUrl: `${server.url}/minimax/v1`,
		made: () => videos.size,
		reads: () => reads,
		close: server.close,
	};
}

async function formOf(request: IncomingMessage): Promise<FormData> {
	const headers = { 'content-type': request.headers['content-type'] ?? '' };
	try {
		return await new Response(await readText(request), { headers }).formData();
	} catch {
		throw new Refusal(400, 'The body is no multipart form');
	}
}
