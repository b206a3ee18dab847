/** Replicate as the stand-in plays it: what is refused, what is answered, how callbacks are signed. */
import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { startProviderServer, type ProviderServer } from '../provider-server';
import { call, lastId, Receiver, type Reply } from './client';

let server: ProviderServer;
beforeAll(async () => {
	server = await startProviderServer({ settings: { replicate: { jobMs: 60_000 } } });
});
beforeEach(() => server.reset());
afterAll(async () => await server.close());

const IMAGE = 'https://images.example/cat.jpg';
const OTHER = 'https://images.example/dog.jpg';

async function ask(path: string, more: Parameters<typeof call>[1] = {}): Promise<Reply> {
	const headers = { authorization: `Bearer ${server.keys.replicate}`, ...more.headers };
	return await call(`${server.baseUrls.replicate}${path}`, { ...more, headers });
}

async function create(input: unknown, more: Record<string, unknown> = {}): Promise<Reply> {
	return await ask('/models/luma/ray-3.2/predictions', { body: { input, ...more } });
}

const cat = (more: Record<string, unknown> = {}): Record<string, unknown> => ({ prompt: 'A cat', ...more });

describe('refuses', () => {
	test.each<[string, unknown, Record<string, unknown>?]>([
		['no prompt', {}],
		['an empty prompt', cat({ prompt: ' ' })],
		['a prompt that is no text', cat({ prompt: 5 })],
		['an input that is no object', 'A cat'],
		['an unknown input', cat({ seed: 1 })],
		['an unknown field', cat(), { model: 'luma/ray-3.2' }],
		['a length as text', cat({ duration: '5' })],
		['a length that there is not', cat({ duration: 9 })],
		['a resolution that there is not', cat({ resolution: '360p' })],
		['a shape that there is not', cat({ aspect_ratio: '9:21' })],
		['an image that is no URI', cat({ start_image: 'cat.jpg' })],
		['an image as an object', cat({ start_image: { url: IMAGE } })],
		['a data URI of more than 256 kB', cat({ start_image: `data:image/png;base64,${'A'.repeat(256_000)}` })],
		['an end image alone', cat({ end_image: IMAGE })],
		['10 seconds with an image', cat({ duration: 10, start_image: IMAGE })],
		['10 seconds as a loop', cat({ duration: 10, loop: true })],
		['10 seconds in HDR', cat({ duration: 10, hdr: true })],
		['a loop with an end image', cat({ loop: true, start_image: IMAGE, end_image: OTHER })],
		['a loop in HDR', cat({ loop: true, hdr: true })],
		['HDR at 540p', cat({ hdr: true, resolution: '540p' })],
		['EXR without HDR', cat({ exr_export: true })],
		['a webhook that is no URL', cat(), { webhook: 'hook' }],
		['a webhook without TLS', cat(), { webhook: 'http://n8n.example/hook' }],
		['an event that there is not', cat(), { webhook: 'https://n8n.example/hook', webhook_events_filter: ['finished'] }],
		['events as text', cat(), { webhook: 'https://n8n.example/hook', webhook_events_filter: 'completed' }],
	])('%s', async (_, input, more = {}) => {
		const reply = await create(input, more);
		expect({ status: reply.status, body: reply.json }).toEqual({
			status: 422,
			body: {
				title: 'Input validation failed',
				detail: expect.stringMatching(/^- .+\n$/),
				status: 422,
				invalid_fields: expect.arrayContaining([{ type: expect.any(String), field: expect.any(String), description: expect.any(String) }]),
			},
		});
		expect(server.ledger().purchases).toEqual([]);
	});

	test.each([
		['another content type', { 'content-type': 'text/plain' }, '{}'],
		['a body that is no JSON', { 'content-type': 'application/json' }, '{"input": '],
		['a JSON body that is no object', { 'content-type': 'application/json' }, '[]'],
	])('%s', async (_, headers, body) => {
		expect((await ask('/models/luma/ray-3.2/predictions', { method: 'POST', headers, body })).status).toBe(422);
		expect(server.ledger().purchases).toEqual([]);
	});

	test('a missing and a wrong key', async () => {
		for (const authorization of ['', 'Bearer r8_nobody', `Token ${server.keys.replicate}`]) {
			expect(await ask('/account', { headers: { authorization } })).toMatchObject({
				status: 401,
				json: { title: 'Unauthenticated', detail: expect.any(String), status: 401 },
			});
		}
	});

	test('an account without money', async () => {
		server.configure({ replicate: { balance: 0 } });
		expect(await create(cat())).toMatchObject({ status: 402, json: { title: 'Insufficient credit', status: 402 } });
		expect(server.ledger().purchases).toEqual([]);
	});

	test.each([{ maxConcurrent: 1 }, { createsPerMinute: 1 }])('more than %j, and says for how long', async (limit) => {
		server.configure({ replicate: limit });
		await create(cat());
		expect(await create(cat())).toMatchObject({
			status: 429,
			json: { detail: 'Request was throttled. Your rate limit resets in ~1s.' },
		});
		expect(server.ledger().purchases).toHaveLength(1);
	});

	test.each([
		['GET', '/predictions/0000000000000000000000000a'],
		['GET', '/files/0000000000000000000000000a'],
		['POST', '/models/luma/ray-2-1080p/predictions'],
		['POST', '/predictions'],
		['DELETE', '/predictions/0000000000000000000000000a'],
		['PUT', '/files'],
		['GET', '/nothing/here'],
	])('%s %s, which there is not', async (method, path) => {
		const body = method === 'POST' ? { input: cat() } : undefined;
		expect(await ask(path, { method, body })).toMatchObject({ status: 404, json: { detail: expect.any(String), status: 404 } });
		expect(server.ledger().purchases).toEqual([]);
	});
});

describe('answers', () => {
	test('a create, and every state', async () => {
		const { status, json } = await create(cat({ duration: 10 }));
		const id = lastId(server);
		const urls = { get: `${server.baseUrls.replicate}/predictions/${id}`, cancel: `${server.baseUrls.replicate}/predictions/${id}/cancel`, web: `https://replicate.com/p/${id}` };
		const prediction = {
			id: expect.stringMatching(/^[a-z0-9]{26}$/),
			model: 'luma/ray-3.2',
			version: 'hidden',
			input: { prompt: 'A cat', duration: 10 },
			logs: '',
			output: null,
			data_removed: false,
			error: null,
			status: 'starting',
			created_at: expect.stringMatching(/^\d{4}-.+Z$/),
			source: 'api',
			urls,
		};
		expect({ status, json }).toEqual({ status: 201, json: prediction });
		server.finish(id);
		expect((await ask(`/predictions/${id}`)).json).toEqual({
			...prediction,
			status: 'succeeded',
			output: `${server.url}/media/replicate/${id}/output.mp4`,
			started_at: expect.any(String),
			completed_at: expect.any(String),
			metrics: { predict_time: expect.any(Number), total_time: expect.any(Number) },
		});
		server.configure({ replicate: { dataRemoved: true } });
		expect((await ask(`/predictions/${id}`)).json).toMatchObject({ status: 'succeeded', output: null, data_removed: true, input: {}, logs: null });
	});

	test('a prediction that failed', async () => {
		await create(cat());
		const id = lastId(server);
		server.finish(id, 'failed', 'Out of paint');
		expect((await ask(`/predictions/${id}`)).json).toMatchObject({ status: 'failed', output: null, error: 'Out of paint' });
	});

	test('a prediction that is canceled, before its end only', async () => {
		await create(cat());
		const id = lastId(server);
		const cancel = async () => (await ask(`/predictions/${id}/cancel`, { method: 'POST' })).json;
		expect(await cancel()).toMatchObject({ id, status: 'canceled', output: null, error: null });
		await create(cat());
		const done = lastId(server);
		server.finish(done);
		expect((await ask(`/predictions/${done}/cancel`, { method: 'POST' })).json).toMatchObject({ status: 'succeeded' });
	});

	test.each<[string, object, number]>([
		['ray-2-720p', { prompt: 'A cat', duration: 9, aspect_ratio: '9:21' }, 201],
		['ray-2-720p', { prompt: 'A cat', duration: 10 }, 422],
		['ray-flash-2-540p', { prompt: 'A cat', resolution: '540p' }, 422],
		['modify-video', { video: 'https://example.com/a.mp4', mode: 'flex_3', first_frame: 'https://example.com/a.png' }, 201],
		['modify-video', { prompt: 'A cat' }, 422],
		['modify-video', { video: 'a.mp4' }, 422],
		['reframe-video', { video: 'https://example.com/a.mp4', aspect_ratio: '1:1', grid_position_x: 3 }, 201],
		['reframe-video', { video: 'https://example.com/a.mp4', grid_position_x: 0.5 }, 422],
	])('%s with %j', async (name, input, status) => {
		expect((await ask(`/models/luma/${name}/predictions`, { method: 'POST', body: { input } })).status).toBe(status);
	});

	test('a list page by page, the newest first', async () => {
		server.configure({ replicate: { listMaximum: 2 } });
		const ids: string[] = [];
		for (let count = 0; count < 3; count += 1) {
			await create(cat());
			ids.unshift(lastId(server));
		}
		const first = (await ask('/predictions')).json as { next: string; results: Array<{ id: string }> };
		expect(first.results.map(({ id }) => id)).toEqual(ids.slice(0, 2));
		expect(first.next).toContain(`${server.baseUrls.replicate}/predictions?cursor=`);
		expect((await ask(`/predictions?${first.next.split('?')[1] ?? ''}`)).json).toMatchObject({ next: null, results: [{ id: ids[2] }] });
		expect((await ask('/predictions?limit=5')).status).toBe(400);
		expect((await ask('/predictions?cursor=x')).status).toBe(400);
	});
});

describe('files', () => {
	const boundary = 'b0undary';
	type Part = [headers: string, data: string];
	const form = (...parts: Part[]): Parameters<typeof call>[1] => ({
		method: 'POST',
		headers: { 'content-type': `multipart/form-data; boundary=${boundary}` },
		body: `${parts.map(([head, data]) => `--${boundary}\r\nContent-Disposition: form-data; ${head}\r\n\r\n${data}\r\n`).join('')}--${boundary}--\r\n`,
	});
	const content: Part = ['name="content"; filename="kite.png"\r\nContent-Type: image/png', 'the bytes'];

	test('are kept, and a prediction can begin with one', async () => {
		const { status, json } = await ask('/files', form(content));
		const file = json as { id: string; urls: { get: string } };
		expect({ status, json }).toEqual({
			status: 201,
			json: {
				id: expect.stringMatching(/^[a-z0-9]{26}$/),
				name: 'kite.png',
				content_type: 'image/png',
				size: 9,
				checksums: { sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
				metadata: {},
				created_at: expect.any(String),
				expires_at: expect.any(String),
				urls: { get: `${server.baseUrls.replicate}/files/${file.id}` },
			},
		});
		expect((await create(cat({ start_image: file.urls.get }))).status).toBe(201);
		expect((await create(cat({ start_image: `${file.urls.get}x` }))).status).toBe(422);
	});

	test.each<[string, Part[]]>([
		['no file', []],
		['a file in another field', [['name="file"; filename="kite.png"', 'x']]],
		['two files', [content, content]],
		['a field without a file', [['name="content"', 'x']]],
		['an unknown field', [content, ['name="purpose"', 'x']]],
		['too long a name', [[`name="content"; filename="${'x'.repeat(256)}"`, 'x']]],
	])('are not taken with %s', async (_, parts) => {
		expect((await ask('/files', form(...parts))).status).toBe(400);
	});

	test('are no JSON', async () => {
		expect((await ask('/files', { body: { content: 'x' } })).status).toBe(400);
	});
});

describe('callbacks', () => {
	async function received(count: number, events?: string[]): Promise<Receiver> {
		server.configure({ replicate: { jobMs: 40, callbacks: { retryDelaysMs: [1] } } });
		const receiver = await Receiver.start([500, 200]);
		await create(cat(), { webhook: receiver.url, ...(events ? { webhook_events_filter: events } : {}) });
		await server.until((ledger) => ledger.callbacks.length === count);
		await receiver.close();
		return receiver;
	}

	test('are the prediction, signed anew at each attempt under the same id', async () => {
		const { received: calls } = await received(2, ['completed']);
		expect(calls.map(({ body }) => body)).toMatchObject([{ status: 'succeeded' }, { status: 'succeeded' }]);
		const { key } = (await ask('/webhooks/default/secret')).json as { key: string };
		for (const { text, headers } of calls) {
			const signed = `${String(headers['webhook-id'])}.${String(headers['webhook-timestamp'])}.${text}`;
			const secret = Buffer.from(key.replace('whsec_', ''), 'base64');
			expect(headers['webhook-signature']).toBe(`v1,${createHmac('sha256', secret).update(signed).digest('base64')}`);
			expect(headers['webhook-id']).toBe(calls[0]?.headers['webhook-id']);
		}
	});

	test('tell of the start where that is asked for', async () => {
		const { received: calls } = await received(3, ['start', 'completed']);
		expect(new Set(calls.map(({ body }) => body.status))).toEqual(new Set(['processing', 'succeeded']));
	});

	test('tell of the end when nothing is chosen', async () => {
		const { received: calls } = await received(2);
		expect(calls.map(({ body }) => body.status)).toEqual(['succeeded', 'succeeded']);
	});
});
