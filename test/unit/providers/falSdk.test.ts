/**
 * What the node sends to fal.ai is what fal.ai's own client sends for the same intent: method, address, query and body,
 * field for field, with the client's own types for the inputs.
 *
 * Not compared are headers: the client adds its own (`User-Agent`, `x-app-fal-…`).
 */
import { describe, expect, it } from '@jest/globals';
import { createFalClient } from '@fal-ai/client';
import type { FalClient } from '@fal-ai/client';
import { fal } from '../../../nodes/LumaVideo/providers/fal';
import { blankImageRequest } from '../../../nodes/LumaVideo/providers/provider';
import type { ImageOperation, ImageRequest, ProviderCall } from '../../../nodes/LumaVideo/providers/provider';
import { END, HOOK, SOURCE_VIDEO, START, answer, generation, request } from './support';
import type { RequestFields } from './support';

const BASE = 'https://queue.fal.run';
const RAY = 'luma/agent/ray/v3.2';
const ID = '764cabcf-b745-4b3e-ae38-1200304cf45b';
const PROMPT = 'A red kite over the sea';
const DATA = 'data:image/png;base64,iVBORw0KGgo=';

interface Sent {
	method: string;
	path: string;
	query: Record<string, string>;
	body: unknown;
	key: string | null;
}

/** What the client sends, caught before it leaves. */
async function sentBySdk(use: (client: FalClient) => Promise<unknown>): Promise<Sent> {
	const all: Sent[] = [];
	const client = createFalClient({
		credentials: 'id:secret',
		suppressLocalCredentialsWarning: true,
		retry: { maxRetries: 0 },
		fetch: async (url, init) => {
			const { origin, pathname, searchParams } = new URL(String(url));
			expect(origin).toBe(BASE);
			all.push({
				method: (init?.method ?? 'GET').toUpperCase(),
				path: pathname,
				query: Object.fromEntries(searchParams),
				body: typeof init?.body === 'string' ? JSON.parse(init.body) : undefined,
				key: new Headers(init?.headers).get('authorization'),
			});
			return await Promise.resolve(new Response('{}', { headers: { 'content-type': 'application/json' } }));
		},
	});
	await use(client);
	const [sent] = all;
	if (!sent || all.length > 1) throw new Error(`the client sent ${all.length} requests`);
	return sent;
}

function sentByNode({ method, path, query, body }: ProviderCall): Omit<Sent, 'key'> {
	const texts = Object.entries(query ?? {}).map(([name, value]) => [name, String(value)]);
	return { method, path, query: Object.fromEntries(texts) as Record<string, string>, body };
}

type Case = [string, ProviderCall | undefined, (client: FalClient) => Promise<unknown>];

async function expectSame([, call, use]: Case): Promise<void> {
	if (!call) throw new Error('the node has no such call');
	const { key, ...sdk } = await sentBySdk(use);
	expect(key).toBe('Key id:secret');
	expect(JSON.parse(JSON.stringify(sentByNode(call)))).toStrictEqual(JSON.parse(JSON.stringify(sdk)));
}

const create = (set: RequestFields) => fal.create(request('ray-3.2', set));
const modify = (set: RequestFields) => create({ operation: 'modify', sourceVideo: SOURCE_VIDEO, ...set });
const reframe = (set: RequestFields) => create({ operation: 'reframe', sourceVideo: SOURCE_VIDEO, aspectRatio: '1:1', ...set });
const submit = (model: string, input: object, webhookUrl?: string) => async (client: FalClient) =>
	await client.queue.submit(`${RAY}/${model}`, { input: { prompt: PROMPT, ...input }, ...(webhookUrl ? { webhookUrl } : {}) });

const old = (model: string, set: RequestFields) => fal.create(request(model, set));
const submitOld = (end: string, input: object) => async (client: FalClient) =>
	await client.queue.submit(`fal-ai/luma-dream-machine/${end}`, { input: { prompt: PROMPT, ...input } as never });
const image = (operation: ImageOperation, model: string, set: Partial<ImageRequest> = {}) =>
	fal.images?.create({ ...blankImageRequest(operation, model), prompt: PROMPT, ...set });
const submitImage = (end: string, input: object) => async (client: FalClient) =>
	await client.queue.submit(`luma/agent/uni-1/v1/${end}`, { input: { prompt: PROMPT, ...input } });

const RATIOS = ['3:4', '4:3', '1:1', '9:16', '16:9', '21:9'] as const;
const RESOLUTIONS = ['540p', '720p', '1080p'] as const;
const STRENGTHS = ['adhere', 'flex', 'reimagine'].flatMap((band) => [1, 2, 3].map((level) => `${band}_${level}`));

describe('videos', () => {
	it.each<Case>([
		['text', create({}), submit('text-to-video', {})],
		...RATIOS.map((ratio): Case => [ratio, create({ aspectRatio: ratio }), submit('text-to-video', { aspect_ratio: ratio })]),
		...RESOLUTIONS.map((resolution): Case => [resolution, create({ resolution }), submit('text-to-video', { resolution })]),
		['10 seconds', create({ duration: '10s' }), submit('text-to-video', { duration: '10s' })],
		['a loop', create({ loop: true }), submit('text-to-video', { loop: true })],
		['HDR and EXR', create({ hdr: true, exrExport: true, resolution: '720p' }), submit('text-to-video', { hdr: true, exr_export: true, resolution: '720p' })],
		['a callback', create({ callback: { url: `${HOOK}?a=b&c=ä`, mode: 'terminal' } }), submit('text-to-video', {}, `${HOOK}?a=b&c=ä`)],
		['a start image', create({ startImage: START }), submit('image-to-video', { image_url: START })],
		['an image of n8n', create({ startImage: DATA }), submit('image-to-video', { image_url: DATA })],
		['two images', create({ startImage: START, endImage: END }), submit('image-to-video', { image_url: START, end_image_url: END })],
		[
			'keyframes',
			create({ keyframes: [{ image: START, index: 0 }, { image: END, index: 240 }], duration: '10s' }),
			submit('image-to-video', { keyframes: [START, END], keyframe_indexes: [0, 240], duration: '10s' }),
		],
		...STRENGTHS.map((mode): Case => [mode, modify({ mode }), submit('video-to-video', { video_url: SOURCE_VIDEO, edit_strength: mode })]),
		['an edit', modify({ mode: 'auto' }), submit('video-to-video', { video_url: SOURCE_VIDEO, auto_controls: true })],
		[
			'an edit by controls',
			modify({ editControls: { pose: { strength: 'precise' } }, startImage: START }),
			submit('video-to-video', { video_url: SOURCE_VIDEO, controls: { pose: { strength: 'precise' } }, start_image_url: START }),
		],
		['reframe', reframe({}), submit('reframe', { video_url: SOURCE_VIDEO, aspect_ratio: '1:1' })],
		[
			'reframe at a position',
			reframe({ sourcePosition: { x: 0.1, y: 0.2, width: 0.5, height: 0.6 }, resolution: '1080p' }),
			submit('reframe', {
				video_url: SOURCE_VIDEO,
				aspect_ratio: '1:1',
				resolution: '1080p',
				source_position: { x_norm: 0.1, y_norm: 0.2, w_norm: 0.5, h_norm: 0.6 },
			}),
		],
		['Ray 2', old('ray-2', { duration: '9s', aspectRatio: '9:21' }), submitOld('ray-2', { duration: '9s', aspect_ratio: '9:21' })],
		['Ray 2 from an image', old('ray-2-flash', { startImage: START }), submitOld('ray-2-flash/image-to-video', { image_url: START })],
		[
			'an edit with Ray 2',
			old('ray-2-flash', { operation: 'modify', sourceVideo: SOURCE_VIDEO, mode: 'adhere_2', startImage: START }),
			submitOld('ray-2-flash/modify', { video_url: SOURCE_VIDEO, mode: 'adhere_2', image_url: START }),
		],
		[
			'reframe with Ray 2',
			old('ray-2', { operation: 'reframe', sourceVideo: SOURCE_VIDEO, aspectRatio: '1:1', gridPosition: { gridPositionX: 1, gridPositionY: 2, xStart: 3, xEnd: 4, yStart: 5, yEnd: 6 } }),
			submitOld('ray-2/reframe', { video_url: SOURCE_VIDEO, aspect_ratio: '1:1', grid_position_x: 1, grid_position_y: 2, x_start: 3, x_end: 4, y_start: 5, y_end: 6 }),
		],
		['an image', image('generate', 'uni-1-max', { aspectRatio: '2:3', webSearch: true }), submitImage('max', { aspect_ratio: '2:3', enable_web_search: true })],
		['an edit of an image', image('edit', 'uni-1', { source: { kind: 'url', url: START } }), submitImage('edit', { image_url: START })],
	])('%s', async (...example) => {
		await expectSame(example);
	});
});

describe('files', () => {
	it.each([
		['whole', 5],
		['in parts', 94_371_841],
	])('%s: announced, sent and put together like the client does', async (_, size) => {
		const calls: Array<[string, string, unknown]> = [];
		const client = createFalClient({
			credentials: 'id:secret',
			suppressLocalCredentialsWarning: true,
			fetch: async (url, init) => {
				calls.push([init?.method ?? 'GET', String(url), typeof init?.body === 'string' ? JSON.parse(init.body) : null]);
				const part = Number(/\/(\d+)\?/.exec(String(url))?.[1]);
				const body = { upload_url: 'https://upload.example/x?token=z', file_url: 'https://media.example/a.mp4', partNumber: part, etag: `tag ${part}` };
				return await Promise.resolve(new Response(JSON.stringify(body), { headers: { 'content-type': 'application/json' } }));
			},
		});
		// The client looks at the size, and takes the bytes that there are.
		const file = Object.defineProperty(new File(['bytes'], 'a.mp4', { type: 'video/mp4' }), 'size', { value: size });
		const { fileStore } = fal;
		if (!fileStore?.parts) throw new Error('no files');
		const { announce, parts, readAnnounced } = fileStore;
		expect(await client.storage.upload(file)).toBe('https://media.example/a.mp4');
		const { method, path, query = {}, sibling, body } = announce({ name: 'a.mp4', mimeType: 'video/mp4', size });
		expect(calls[0]).toEqual([method, `${sibling?.origin}${path}?${new URLSearchParams(query as Record<string, string>)}`, body]);
		const announced = readAnnounced(answer(200, { upload_url: 'https://upload.example/x?token=z', file_url: 'https://media.example/a.mp4' }));
		if (!announced.ok) throw new Error('not announced');
		const whole = announced.value;
		const own: typeof calls = [];
		if (size > parts.above) {
			const count = Math.ceil(size / parts.bytes);
			const sent = Array.from({ length: count }, (__, index) => ({ partNumber: index + 1, etag: `tag ${index + 1}` }));
			for (const { partNumber } of sent) own.push([whole.method, parts.target(whole, partNumber).url, null]);
			const end = parts.end(whole, sent);
			own.push([end.target.method, end.target.url, end.body]);
		} else own.push([whole.method, whole.url, null]);
		expect(calls.slice(1)).toEqual(own);
	});
});

describe('all that makes no video', () => {
	// The client asks for logs with a number, and the service takes that for a default.
	it('status', async () => {
		const { query, ...sdk } = await sentBySdk(async ({ queue }) => await queue.status(`${RAY}/text-to-video`, { requestId: ID }));
		expect(query).toEqual({ logs: '0' });
		expect(sentByNode(fal.status(ID))).toMatchObject({ method: sdk.method, path: sdk.path });
	});

	it('cancellation', async () => {
		await expectSame([
			'cancellation',
			fal.cancellation?.call(ID),
			async ({ queue }) => await queue.cancel(`${RAY}/text-to-video`, { requestId: ID }),
		]);
	});

	it('result', async () => {
		await expectSame([
			'result',
			fal.result?.call(generation({}, { generationId: ID })),
			async ({ queue }) => await queue.result(`${RAY}/text-to-video`, { requestId: ID }),
		]);
	});
});
