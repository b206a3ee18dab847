/** Luma Agents is played as documented: its answers, its refusals, its limits, its addresses that expire. */
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { lumaAgents } from '../../nodes/LumaVideo/providers/lumaAgents';
import { startProviderServer, type ProviderServer } from '../provider-server';
import { request as requestOf } from '../unit/providers/support';
import { call, type Reply } from './client';

let server: ProviderServer;
beforeAll(async () => {
	server = await startProviderServer();
});
beforeEach(() => server.reset());
afterAll(async () => await server.close());

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const NOBODY = '00000000-0000-0000-0000-000000000000';
const IMAGE = 'https://images.example/cat.jpg';
const VIDEO = { url: 'https://videos.example/a.mp4', media_type: 'video/mp4' };
const BODY = { model: 'ray-3.2', type: 'video', prompt: 'A cat' };

interface Shown {
	id: string;
	state: string;
	output: Array<{ type: string; url: string }>;
	failure_code: string | null;
	failure_reason: string | null;
}

const key = (): Record<string, string> => ({ authorization: `Bearer ${server.keys.lumaAgents}` });

async function create(extra: Record<string, unknown> = {}, headers: Record<string, string> = {}): Promise<Reply> {
	return await call(`${server.baseUrls.lumaAgents}/generations`, {
		body: { ...BODY, ...extra },
		headers: { ...key(), ...headers },
	});
}

async function read(id: string): Promise<Shown> {
	return (await call(`${server.baseUrls.lumaAgents}/generations/${id}`, { headers: key() })).json as Shown;
}

/** Creates a job that ends only by `finish`, and returns its id. */
async function start(extra: Record<string, unknown> = {}): Promise<string> {
	const reply = await create({ prompt: 'A cat [takes 60000ms]', ...extra });
	expect(reply.status).toBe(201);
	return (reply.json as Shown).id;
}

async function finished(extra: Record<string, unknown> = {}): Promise<string> {
	const id = await start(extra);
	server.finish(id);
	return id;
}

describe('answers', () => {
	test('a create, the states in between, and the end', async () => {
		const video = { resolution: '1080p', duration: '10s' };
		const { status, json, headers } = await create({ prompt: 'A cat [takes 60000ms]', aspect_ratio: '3:4', video });
		const generation = {
			id: expect.stringMatching(UUID),
			type: 'video',
			state: 'queued',
			model: 'ray-3.2',
			created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
			output: [],
			failure_reason: null,
			failure_code: null,
		};
		expect({ status, json }).toEqual({ status: 201, json: generation });
		expect(headers).toMatchObject({
			'x-request-id': expect.stringMatching(UUID),
			'x-api-version': '2026-04-01',
			'x-ratelimit-limit': '30',
			'x-ratelimit-remaining': '29',
			'x-ratelimit-reset': expect.stringMatching(/^\d{10}$/),
		});
		const { id } = json as Shown;
		server.finish(id);
		const done = await read(id);
		expect(done).toEqual({ ...generation, state: 'completed', output: [{ type: 'video', url: expect.any(String) }] });
		const file = await call(done.output[0]?.url ?? '');
		expect(file.headers['content-type']).toBe('video/mp4');
		expect(file.bytes.equals((await call(`${server.url}/media/samples/1080p_3x4.mp4`)).bytes)).toBe(true);
		expect(server.ledger()).toMatchObject({
			purchases: [{ provider: 'lumaAgents', id, operation: 'generate', callbackUrl: null, price: 30 }],
			counts: { lumaAgents: { create: 1, status: 1 } },
			keyLeaks: [],
		});
	});

	test('echoes the id of a request', async () => {
		const headers = { 'x-request-id': 'trace-7' };
		for (const reply of [await create({}, headers), await create({ prompt: '' }, headers)])
			expect(reply.headers['x-request-id']).toBe('trace-7');
	});

	test('processing after being queued', async () => {
		server.configure({ lumaAgents: { queuedShare: 0 } });
		const id = await start();
		await server.until(() => server.jobs()[0]?.status === 'processing');
		expect(await read(id)).toMatchObject({ state: 'processing', output: [] });
	});

	test('an EXR export beside the video', async () => {
		const done = await read(await finished({ video: { hdr: true, exr_export: true } }));
		expect(done.output.map(({ type }) => type)).toEqual(['video', 'exr']);
		const file = await call(done.output[1]?.url ?? '');
		expect([file.headers['content-type'], file.bytes.readUInt32LE(0)]).toEqual(['image/x-exr', 20_000_630]);
	});

	test.each([
		['[fails: The scene is too dark]', 'generation_failed', 'The scene is too dark'],
		['[moderated]', 'content_moderated', 'Prompt was flagged by our content moderation system.'],
		['[errors: upstream is down]', 'generation_failed', 'upstream is down'],
	])('a failure, refunded: %s', async (marker, failure_code, failure_reason) => {
		const { balance } = server.settings().lumaAgents;
		const { id } = (await create({ prompt: `A cat ${marker} [takes 1ms]` })).json as Shown;
		await server.until(() => !['queued', 'processing'].includes(server.jobs()[0]?.status ?? 'queued'));
		expect(await read(id)).toMatchObject({ state: 'failed', output: [], failure_code, failure_reason });
		expect(server.settings().lumaAgents.balance).toBe(balance);
	});

	test('a failure of which no refund is documented, not refunded', async () => {
		const { balance } = server.settings().lumaAgents;
		const { id } = (await create({ prompt: 'A cat [fails: budget_exhausted: no money] [takes 1ms]' })).json as Shown;
		await server.until(() => !['queued', 'processing'].includes(server.jobs()[0]?.status ?? 'queued'));
		expect(await read(id)).toMatchObject({ state: 'failed', failure_code: 'budget_exhausted', failure_reason: 'no money' });
		expect(server.settings().lumaAgents.balance).toBe(balance - 30);
	});

	test('an image where model and type are left out', async () => {
		const { status, json } = await create({ model: undefined, type: undefined });
		expect({ status, json }).toMatchObject({ status: 201, json: { model: 'uni-1', type: 'image' } });
		const { id } = json as Shown;
		server.finish(id);
		expect((await read(id)).output).toEqual([{ type: 'image', url: expect.any(String) }]);
		expect(server.ledger().purchases).toMatchObject([{ operation: 'image' }]);
	});

	test('the files of the account, of which there are none yet', async () => {
		const reply = await call(`${server.baseUrls.lumaAgents}/files?limit=1`, { headers: key() });
		expect({ status: reply.status, json: reply.json }).toEqual({
			status: 200,
			json: { data: [], has_more: false, next_cursor: null },
		});
		expect(server.ledger().counts.lumaAgents).toMatchObject({ account: 1, unknown: 0 });
	});
});

describe('addresses of files', () => {
	test('differ at every read, and none works for long', async () => {
		const id = await finished();
		const [first, second] = [await read(id), await read(id)].map(({ output }) => output[0]?.url ?? '');
		expect(first).not.toBe(second);
		expect((await call(first ?? '')).status).toBe(200);
		server.configure({ lumaAgents: { urlMs: 0 } });
		const expired = (await read(id)).output[0]?.url ?? '';
		expect((await call(expired)).status).toBe(403);
		// Those made before keep their own time.
		expect((await call(second ?? '')).status).toBe(200);
	});

	test('must be as they were made', async () => {
		const url = new URL((await read(await finished())).output[0]?.url ?? '');
		const bare = `${url.origin}${url.pathname}`;
		expect((await call(bare)).status).toBe(403);
		url.searchParams.set('expires', String(Date.now() + 1_000_000));
		expect((await call(url.href)).status).toBe(403);
		const other = await finished();
		expect((await call(url.href.replace(/lumaAgents\/[^/]+/, `lumaAgents/${other}`))).status).toBe(403);
		expect(server.ledger().mediaHits).toHaveLength(3);
	});
});

describe('refusals', () => {
	test('a missing, a wrong and the other platform’s key', async () => {
		const url = `${server.baseUrls.lumaAgents}/generations`;
		for (const authorization of ['', 'Bearer nobody', `Bearer ${server.keys.lumaDreamMachine}`]) {
			for (const reply of [
				await call(url, { body: BODY, headers: { authorization } }),
				await call(`${url}/${NOBODY}`, { headers: { authorization } }),
			])
				expect([reply.status, reply.json]).toEqual([401, { detail: 'Missing or invalid API key' }]);
		}
		const dreamMachine = await call(`${server.baseUrls.lumaDreamMachine}/credits`, { headers: key() });
		expect(dreamMachine.status).toBe(403);
		expect(server.ledger().purchases).toEqual([]);
	});

	test('an account without money', async () => {
		server.configure({ lumaAgents: { balance: 0 } });
		const reply = await create();
		expect([reply.status, reply.json]).toEqual([402, { detail: 'Insufficient balance. Please add funds to continue.' }]);
	});

	test('too many jobs, with a pause and without the counts of requests', async () => {
		server.configure({ lumaAgents: { maxConcurrent: 1 } });
		await start();
		const reply = await create();
		expect([reply.status, reply.json]).toEqual([429, { detail: 'Too many concurrent jobs' }]);
		expect(reply.headers['retry-after']).toBe('60');
		expect(reply.headers).not.toHaveProperty('x-ratelimit-limit');
	});

	test('too many requests, with a pause until the oldest is a minute old', async () => {
		server.configure({ lumaAgents: { createsPerMinute: 2 } });
		for (const left of ['1', '0']) expect((await create()).headers['x-ratelimit-remaining']).toBe(left);
		const reply = await create();
		expect([reply.status, reply.json]).toEqual([429, { detail: 'Rate limit exceeded' }]);
		expect(reply.headers).toMatchObject({ 'x-ratelimit-limit': '2', 'x-ratelimit-remaining': '0' });
		const seconds = Number(reply.headers['retry-after']);
		expect(seconds > 50 && seconds <= 61).toBe(true);
	});

	test('what is no JSON object', async () => {
		const url = `${server.baseUrls.lumaAgents}/generations`;
		for (const [type, body] of [
			['text/plain', '{}'],
			['application/json', '{"prompt": '],
			['application/json', '[]'],
		] as const) {
			const reply = await call(url, { method: 'POST', body, headers: { ...key(), 'content-type': type } });
			expect([reply.status, reply.json]).toEqual([400, { detail: expect.any(String) }]);
		}
	});

	test('unknown ids, paths and methods', async () => {
		const base = server.baseUrls.lumaAgents;
		const status = async (path: string, method = 'GET'): Promise<unknown> => {
			const reply = await call(`${base}${path}`, { method, headers: key() });
			return [reply.status, reply.json];
		};
		expect(await status(`/generations/${NOBODY}`)).toEqual([404, { detail: 'Generation not found' }]);
		expect(await status('/generations/x')).toEqual([404, { detail: 'Generation not found' }]);
		expect(await status('/nothing')).toEqual([404, { detail: 'Not Found' }]);
		expect(await status('/files', 'PATCH')).toEqual([405, { detail: 'Method Not Allowed' }]);
		expect(await status('/generations')).toEqual([405, { detail: 'Method Not Allowed' }]);
		const id = await start();
		expect(await status(`/generations/${id}`, 'DELETE')).toEqual([405, { detail: 'Method Not Allowed' }]);
		expect(await status(`/generations/${id}`, 'POST')).toEqual([405, { detail: 'Method Not Allowed' }]);
		expect(server.ledger().counts.lumaAgents).toMatchObject({ create: 1, status: 2, unknown: 5 });
	});

	test('a create on demand, and faults in its own shape', async () => {
		const reply = await create({ prompt: 'A cat [refused: because]' });
		expect([reply.status, reply.json]).toEqual([400, { detail: 'because' }]);
		server.fault({ kind: '503', provider: 'lumaAgents', route: 'create' });
		const fault = await create();
		expect([fault.status, fault.json]).toEqual([503, { detail: 'Media URL ingestion is unavailable' }]);
		server.fault({ kind: 'completed-without-url', provider: 'lumaAgents', route: 'status' });
		const shown = await read(await start());
		expect([shown.state, shown.output]).toEqual(['completed', undefined]);
	});
});

const keyframes = (...indexes: number[]): Record<string, unknown> => ({
	keyframes: indexes.map(() => ({ url: IMAGE })),
	keyframe_indexes: indexes,
});
const edit = (extra: Record<string, unknown> = {}, video: Record<string, unknown> = {}): Record<string, unknown> => ({
	type: 'video_edit',
	source: VIDEO,
	video: { ...video, edit: extra },
});
const reframe = (video: Record<string, unknown> = {}, extra: Record<string, unknown> = {}): Record<string, unknown> => ({
	type: 'video_reframe',
	source: VIDEO,
	aspect_ratio: '9:16',
	video,
	...extra,
});
const PLACE = { x_norm: 0, y_norm: 0.25, w_norm: 1, h_norm: 0.56 };

describe('bodies', () => {
	test.each<[number, string, Record<string, unknown>]>([
		[400, 'prompt', { prompt: undefined }],
		[400, 'prompt', { prompt: '' }],
		[400, 'prompt', { prompt: 'a'.repeat(6001) }],
		[400, 'model', { model: 'ray-2' }],
		[422, 'model', { model: 'uni-1' }],
		[422, 'model', { type: undefined }],
		[400, 'type', { type: 'movie' }],
		[400, 'aspect_ratio', { aspect_ratio: '9:21' }],
		[400, 'aspect_ratio', { aspect_ratio: '2:1' }],
		[400, 'video', { video: [] }],
		[400, 'video.resolution', { video: { resolution: '4k' } }],
		[400, 'video.duration', { video: { duration: '9s' } }],
		[400, 'video.duration', { video: { duration: 5 } }],
		[400, 'video.loop', { video: { loop: 'true' } }],
		[400, 'video.keyframes', { video: { keyframes: [], keyframe_indexes: [] } }],
		[400, 'video.keyframes', { video: keyframes(...Array(65).keys()) }],
		[400, 'video.keyframe_indexes', { video: keyframes(-1) }],
		[400, 'video.keyframe_indexes', { video: keyframes(0.5) }],
		[400, 'video.edit.strength', edit({ strength: 'flex_4' })],
		[400, 'video.edit.controls.depth.blur', edit({ controls: { depth: { blur: 2 } } })],
		[400, 'video.edit.controls.depth.blur', edit({ controls: { depth: { blur: 'much' } } })],
		[400, 'video.edit.controls.pose.strength', edit({ controls: { pose: { strength: 'fine' } } })],
		[400, 'video.source_position.x_norm', reframe({ source_position: { ...PLACE, x_norm: -3 } })],
		[400, 'video.source_position.h_norm', reframe({ source_position: { ...PLACE, h_norm: undefined } })],
		[422, 'seed', { seed: 1 }],
		[422, 'callback_url', { callback_url: 'https://receiver.example/' }],
		[422, 'keyframes', { keyframes: {} }],
		[422, 'resolution', { resolution: '720p' }],
		[422, 'video.mode', { video: { mode: 'flex_1' } }],
		[422, 'video.edit.controls.sound', edit({ controls: { sound: {} } })],
		[422, 'source', { source: VIDEO }],
		[422, 'edit', { video: { edit: {} } }],
		[422, 'source_position', { video: { source_position: PLACE } }],
		[422, 'loop', { video: { loop: true, duration: '10s' } }],
		[422, 'loop', { video: { loop: true, hdr: true } }],
		[422, 'loop', { video: { loop: true, end_frame: { url: IMAGE } } }],
		[422, 'loop', { video: { loop: true, ...keyframes(0) } }],
		[422, 'hdr', { video: { hdr: true, duration: '10s' } }],
		[422, 'hdr', { video: { hdr: true, resolution: '360p' } }],
		[422, 'hdr', { video: { hdr: true, resolution: '540p' } }],
		[422, 'exr_export', { video: { exr_export: true } }],
		[422, 'start_frame', { video: { start_frame: { url: IMAGE }, duration: '10s' } }],
		[422, 'end_frame', { video: { end_frame: { url: IMAGE }, duration: '10s' } }],
		[422, 'keyframes', { video: { start_frame: { url: IMAGE }, ...keyframes(0) } }],
		[422, 'keyframe_indexes', { video: { keyframes: [{ url: IMAGE }] } }],
		[422, 'keyframe_indexes', { video: keyframes(3, 3) }],
		[422, 'keyframe_indexes', { video: keyframes(121) }],
		[422, 'keyframe_indexes', { video: { duration: '10s', ...keyframes(241) } }],
		[422, 'source', { type: 'video_edit' }],
		[422, 'auto_controls', edit({ auto_controls: true, strength: 'flex_1' })],
		[422, 'auto_controls', edit({ auto_controls: true, controls: { face: { enabled: true } } })],
		[422, 'loop', edit({}, { loop: true })],
		[422, 'duration', edit({}, { duration: '5s' })],
		[422, 'aspect_ratio', { ...edit(), aspect_ratio: '16:9' }],
		[400, 'url', { video: { start_frame: { url: 'https://images.example/a b.png' } } }],
		[400, 'url', { video: { start_frame: { url: 'https://images.example/ü.png' } } }],
		[422, 'end_frame', edit({}, { end_frame: { url: IMAGE } })],
		[422, 'keyframes', edit({}, keyframes(0))],
		[422, 'keyframes', edit(keyframes(0), { start_frame: { url: IMAGE } })],
		[422, 'hdr', edit({}, { hdr: true, resolution: '540p' })],
		[422, 'exr_export', edit({}, { exr_export: true })],
		[422, 'source', reframe({}, { source: undefined })],
		[422, 'aspect_ratio', reframe({}, { aspect_ratio: undefined })],
		[422, 'hdr', reframe({ hdr: true })],
		[422, 'loop', reframe({ loop: true })],
		[422, 'start_frame', reframe({ start_frame: { url: IMAGE } })],
		[422, 'edit', reframe({ edit: {} })],
		[422, '1080p', reframe({ resolution: '1080p' })],
		[422, 'source_position', reframe({ source_position: { ...PLACE, w_norm: 0 } })],
		[422, 'video.start_frame', { video: { start_frame: {} } }],
		[422, 'video.start_frame', { video: { start_frame: { url: IMAGE, data: 'AAAA', media_type: 'image/png' } } }],
		[422, 'video.start_frame', { video: { start_frame: { data: 'AAAA' } } }],
		[422, 'video.start_frame', { video: { start_frame: { data: 'AA?', media_type: 'image/png' } } }],
		[422, 'video.end_frame', { video: { end_frame: { data: 'AAAA', media_type: 'video/mp4' } } }],
		[422, 'video.end_frame', { video: { end_frame: { file_id: NOBODY } } }],
		[422, 'source', { type: 'video_edit', source: { file_id: NOBODY }, video: { edit: {} } }],
		[422, 'source', { type: 'video_edit', source: { data: 'AAAA' } }],
		[422, 'video.start_frame: failed to fetch', { video: { start_frame: { url: 'https://unreachable.example/a.png' } } }],
		[502, 'source: fetch proxy', { type: 'video_edit', source: { ...VIDEO, url: 'https://unreachable-502.example/a.mp4' } }],
		[422, 'video.keyframes[0]', { video: { keyframes: [{}], keyframe_indexes: [0] } }],
		[422, 'source', { type: 'video_edit', source: { url: VIDEO.url } }],
		[422, 'source', { type: 'video_edit', source: { url: IMAGE, media_type: 'image/jpeg' } }],
		[400, 'video.start_frame', { video: { start_frame: { generation_id: 'x' } } }],
	])('%i for %s: %j', async (status, place, extra) => {
		const reply = await create(extra);
		expect([reply.status, reply.json]).toEqual([status, { detail: expect.stringContaining(place) }]);
		expect(server.ledger()).toMatchObject({ purchases: [], refusedCreates: [{ provider: 'lumaAgents', status }] });
	});

	test.each<[string, Record<string, unknown>, string]>([
		['a draft in a loop', { video: { resolution: '360p', loop: true, start_frame: { url: IMAGE } } }, 'generate'],
		['empty fields', { aspect_ratio: null, source: null, video: { loop: null, edit: null, keyframes: null } }, 'generate'],
		['keyframes of a long video', { video: { duration: '10s', ...keyframes(240, 0) } }, 'generate'],
		['keyframes of a long video in HDR', { video: { hdr: true, duration: '10s', ...keyframes(0) } }, 'generate'],
		['an edit of a video inside', { ...edit(), source: { data: 'AAAA', media_type: 'video/webm' } }, 'modify'],
		['keyframes in HDR', { video: { hdr: true, ...keyframes(0) } }, 'generate'],
		['an image inside', { video: { end_frame: { data: 'AAAA', media_type: 'image/png' } } }, 'generate'],
		['an end user', { user_id: 'user-7' }, 'generate'],
		['an edit with its own controls', edit({ auto_controls: true }), 'modify'],
		['an edit in HDR with EXR', edit({ strength: 'adhere_1' }, { hdr: true, exr_export: true }), 'modify'],
		['an edit with keyframes far on', edit(keyframes(0, 400)), 'modify'],
		['an edit with a guide image', edit({ strength: 'flex_1' }, { start_frame: { url: IMAGE } }), 'modify'],
		['a reframe', reframe({ resolution: '720p', source_position: PLACE }), 'reframe'],
		['a wide reframe at 1080p', reframe({ resolution: '1080p' }, { aspect_ratio: '21:9' }), 'reframe'],
	])('takes %s', async (_, extra, operation) => {
		const reply = await create(extra);
		expect([reply.status, reply.json]).toEqual([201, expect.objectContaining({ state: 'queued' })]);
		expect(server.ledger().purchases).toMatchObject([{ operation }]);
	});

	test('takes no image that is too large', async () => {
		server.configure({ lumaAgents: { maxImageBytes: 5 } });
		const image = (bytes: number): Record<string, unknown> => ({
			video: { start_frame: { data: Buffer.alloc(bytes).toString('base64'), media_type: 'image/png' } },
		});
		expect((await create(image(6))).status).toBe(413);
		expect((await create(image(5))).status).toBe(201);
	});

	test('takes no video that is too large', async () => {
		server.configure({ lumaAgents: { maxVideoBytes: 5 } });
		const video = (bytes: number): Record<string, unknown> => ({
			...edit(),
			source: { data: Buffer.alloc(bytes).toString('base64'), media_type: 'video/mp4' },
		});
		expect((await create(video(6))).status).toBe(413);
		expect((await create(video(5))).status).toBe(201);
	});

	test('works on completed generations of the same account only', async () => {
		const [done, running, image] = [
			await finished({ aspect_ratio: '1:1' }),
			await start(),
			await finished({ model: 'uni-1', type: 'image' }),
		];
		const sources = (id: string): Array<Record<string, unknown>> => [
			{ video: { start_frame: { generation_id: id } } },
			{ video: { end_frame: { generation_id: id } } },
			{ type: 'video_edit', source: { generation_id: id }, video: { edit: { auto_controls: true } } },
			{ type: 'video_reframe', source: { generation_id: id }, aspect_ratio: '9:16' },
		];
		const words = { [running]: 'not completed', [NOBODY]: 'not found', [image]: 'no video' };
		for (const [id, word] of Object.entries(words)) {
			for (const extra of sources(id)) {
				const reply = await create(extra);
				expect([reply.status, reply.json]).toEqual([422, { detail: expect.stringContaining(word) }]);
			}
		}
		for (const extra of sources(done)) expect((await create(extra)).status).toBe(201);
		const made = server.jobs().slice(3);
		expect(made.map(({ operation, aspectRatio }) => [operation, aspectRatio])).toEqual([
			['extend', '1:1'],
			['extend', '1:1'],
			['modify', '1:1'],
			['reframe', '9:16'],
		]);
	});

	test('extends one generation at a time, in standard range', async () => {
		const source = { generation_id: await finished() };
		const refused = [
			{ start_frame: source, end_frame: { url: IMAGE } },
			{ start_frame: source, end_frame: source },
			{ start_frame: source, hdr: true },
			{ start_frame: source, duration: '10s' },
			{ end_frame: source, loop: true },
		];
		for (const video of refused) expect((await create({ video })).status).toBe(422);
		expect((await create({ video: { start_frame: source, loop: true, duration: '5s' } })).status).toBe(201);
	});
});

describe('files', () => {
	const MOVIE = { mime_type: 'video/mp4', size_bytes: 4, filename: 'a.mp4', purpose: 'input' };
	interface Announced {
		id: string;
		state: string;
		upload: { url: string; method: string; headers: Record<string, string> };
	}
	const at = (path: string): string => `${server.baseUrls.lumaAgents}${path}`;
	const announce = async (body: Record<string, unknown> = {}): Promise<Reply> =>
		await call(at('/files'), { body: { ...MOVIE, ...body }, headers: key() });
	const announced = async (body: Record<string, unknown> = {}): Promise<Announced> => (await announce(body)).json as Announced;
	const send = async (
		{ upload }: Announced,
		more: { body?: Buffer; headers?: Record<string, string>; method?: string } = {},
	): Promise<Reply> => {
		const body = more.body ?? Buffer.from('abcd');
		const headers = { ...upload.headers, 'content-length': String(body.length), ...more.headers };
		return await call(upload.url, { method: more.method ?? upload.method, body, headers });
	};
	const complete = async (id: string, body?: Record<string, unknown>): Promise<Reply> =>
		await call(at(`/files/${id}/complete`), { method: 'POST', headers: key(), ...(body ? { body } : {}) });
	const stateOf = async (id: string): Promise<unknown> => (await call(at(`/files/${id}`), { headers: key() })).json;

	test('are announced, sent without the key, complete, and ready after a while', async () => {
		server.configure({ lumaAgents: { fileReadyMs: 100 } });
		const file = await announced();
		expect(file).toMatchObject({ state: 'pending', upload: { method: 'PUT', headers: { 'Content-Type': 'video/mp4' } } });
		expect((await send(file)).status).toBe(200);
		expect(await stateOf(file.id)).toMatchObject({ id: file.id, state: 'pending', size_bytes: 4, mime_type: 'video/mp4' });
		expect((await complete(file.id)).json).toMatchObject({ state: 'pending' });
		const used = { type: 'video_edit', source: { file_id: file.id }, video: { edit: { auto_controls: true } } };
		expect(await create(used)).toMatchObject({ status: 422, json: { detail: 'source: file is pending, not ready' } });
		await pause(120);
		expect(await stateOf(file.id)).toMatchObject({ state: 'ready', failure_reason: null });
		expect((await create(used)).status).toBe(201);
		// A video is no image.
		expect((await create({ video: { start_frame: { file_id: file.id } } })).status).toBe(422);
		expect((await call(at(`/files/${file.id}`), { method: 'DELETE', headers: key() })).status).toBe(204);
		expect(await stateOf(file.id)).toMatchObject({ state: 'deleted' });
		expect((await create(used)).status).toBe(422);
		expect(server.ledger()).toMatchObject({ keyLeaks: [], counts: { lumaAgents: { upload: 1, unknown: 0 } } });
	});

	test('can fail', async () => {
		server.configure({ lumaAgents: { fileReadyMs: 0 } });
		const file = await announced({ filename: 'a [fails: no codec].mp4' });
		await send(file);
		expect((await complete(file.id)).json).toMatchObject({ state: 'failed', failure_reason: 'no codec' });
	});

	test.each<[number, Record<string, unknown>]>([
		[422, { mime_type: undefined }],
		[422, { size_bytes: undefined }],
		[422, { size_bytes: 0 }],
		[422, { size_bytes: 1.5 }],
		[422, { purpose: 'output' }],
		[422, { name: 'a.mp4' }],
		[413, { size_bytes: 5 * 1024 ** 3 + 1 }],
	])('%i for the announcement %j', async (status, body) => {
		expect((await announce(body)).status).toBe(status);
	});

	test('are sent exactly as was told', async () => {
		const file = await announced();
		const { headers } = file.upload;
		expect((await send(file, { headers: { ...headers, 'Content-Type': 'video/webm' } })).status).toBe(403);
		expect((await send(file, { headers: { ...headers, 'X-Storage-Token': 'x' } })).status).toBe(403);
		expect((await send(file, { method: 'POST' })).status).toBe(405);
		expect((await send(file, { body: Buffer.from('abc') })).status).toBe(400);
		expect((await call(file.upload.url, { method: 'PUT', body: 'abcd', headers: { ...headers, 'transfer-encoding': 'chunked' } })).status).toBe(411);
		expect((await send(file, { headers: key() })).status).toBe(403);
		expect(server.ledger().keyLeaks).toHaveLength(1);
		expect(await complete(file.id)).toMatchObject({ status: 422, json: { detail: 'the file was not uploaded' } });
		await send(file);
		expect((await complete(file.id, {})).status).toBe(422);
		expect((await complete(file.id)).status).toBe(200);
	});

	test('are known by their ids, to the account only', async () => {
		expect((await call(at(`/files/${NOBODY}`), { headers: key() })).status).toBe(404);
		expect((await complete(NOBODY)).status).toBe(404);
		expect((await call(at('/files'), { body: MOVIE })).status).toBe(401);
		expect((await call(at('/files?limit=101'), { headers: key() })).status).toBe(422);
	});
});

test("the node's provider reads what is played, from the create to the file", async () => {
	const request = requestOf('ray-3.2', {
		prompt: 'A cat [takes 60000ms]',
		keyframes: [{ image: 'data:image/png;base64,AAAA', index: 0 }],
		hdr: true,
		exrExport: true,
		aspectRatio: '16:9',
		resolution: '720p',
		duration: '5s',
	});
	const send = async ({ method, path, body }: ReturnType<typeof lumaAgents.create>): Promise<Reply> =>
		await call(`${server.baseUrls.lumaAgents}${path}`, { method, body, headers: key() });
	const answerOf = ({ status, text }: Reply) => ({ statusCode: status, headers: {}, text });
	const created = lumaAgents.readCreated(answerOf(await send(lumaAgents.create(request))));
	if (!created.ok) throw new Error(created.problem.message);
	expect(created.value).toMatchObject({ status: 'queued', model: 'ray-3.2' });
	const { generationId } = created.value;
	server.finish(generationId);
	const done = lumaAgents.readStatus(answerOf(await send(lumaAgents.status(generationId))), generationId);
	if (!done.ok) throw new Error(done.problem.message);
	expect(done.value).toMatchObject({ generationId, status: 'completed', media: [{ type: 'video' }, { type: 'other' }] });
	expect((await call(done.value.videoUrl ?? '')).headers['content-type']).toBe('video/mp4');
	const unknown = lumaAgents.readStatus(answerOf(await send(lumaAgents.status(NOBODY))), NOBODY);
	expect(unknown).toMatchObject({ problem: { kind: 'notFound' } });
});
