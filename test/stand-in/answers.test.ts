/** Accepted requests are answered as documented, from the create to the file. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { startProviderServer, type ProviderServer } from '../provider-server';
import { call, create, FLASH, keyHeaders, lastId, PIXWITH_OPTIONS, readStatus, type PlayedProvider } from './client';

let server: ProviderServer;
beforeAll(async () => {
	server = await startProviderServer();
});
beforeEach(() => server.reset());
afterAll(async () => await server.close());

const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Creates a job that ends only by `finish`, and returns the create's reply with the job's id. */
async function start(
	provider: PlayedProvider,
	prompt = 'A cat',
	extra: Record<string, unknown> = {},
): Promise<{ status: number; json: unknown; id: string }> {
	const { status, json } = await create(server, provider, `${prompt} [takes 60000ms]`, extra);
	return { status, json, id: lastId(server) };
}

describe('lumaDreamMachine', () => {
	test('answers a create, the states in between, and the end', async () => {
		const { status, json, id } = await start('lumaDreamMachine', 'A cat', {
			aspect_ratio: '9:16',
			resolution: '540p',
			callback_url: 'http://127.0.0.1:9/',
		});
		const generation = {
			id: expect.stringMatching(UUID),
			generation_type: 'video',
			state: 'queued',
			failure_reason: null,
			created_at: expect.stringMatching(ISO),
			assets: null,
			model: 'ray-2',
			request: {
				generation_type: 'video',
				model: 'ray-2',
				prompt: 'A cat [takes 60000ms]',
				aspect_ratio: '9:16',
				resolution: '540p',
				callback_url: 'http://127.0.0.1:9/',
			},
		};
		expect({ status, json }).toEqual({ status: 201, json: generation });
		server.finish(id);
		const { json: done } = await readStatus(server, 'lumaDreamMachine', id);
		expect(done).toEqual({
			...generation,
			state: 'completed',
			assets: { video: `${server.url}/media/lumaDreamMachine/${id}/output.mp4` },
		});
	});

	test('shows a video of progress while dreaming', async () => {
		server.configure({ lumaDreamMachine: { queuedShare: 0 } });
		const { id } = await start('lumaDreamMachine');
		await server.until(() => server.jobs()[0]?.status === 'processing');
		const { json } = await readStatus(server, 'lumaDreamMachine', id);
		expect(json).toMatchObject({ state: 'dreaming', assets: { progress_video: expect.any(String) } });
		expect(
			(await call((json as { assets: { progress_video: string } }).assets.progress_video)).headers['content-type'],
		).toBe('video/mp4');
	});

	test('lists the newest first, page by page', async () => {
		const ids: string[] = [];
		for (let count = 0; count < 5; count += 1) ids.unshift((await start('lumaDreamMachine')).id);
		const list = async (query: string): Promise<{ generations: Array<{ id: string }> }> =>
			(
				await call(`${server.baseUrls.lumaDreamMachine}/generations${query}`, {
					headers: keyHeaders(server).lumaDreamMachine,
				})
			).json as { generations: Array<{ id: string }> };
		const all = await list('');
		expect(all).toMatchObject({ count: 5, limit: 100, offset: 0, has_more: false });
		expect(all.generations.map(({ id }) => id)).toEqual(ids);
		const page = await list('?limit=2&offset=2');
		expect(page).toMatchObject({ count: 2, limit: 2, offset: 2, has_more: true });
		expect(page.generations.map(({ id }) => id)).toEqual(ids.slice(2, 4));
		server.configure({ lumaDreamMachine: { listMaximum: 3 } });
		expect(await list('?limit=1000')).toMatchObject({ count: 3, limit: 3, has_more: true });
	});

	test('charges at once and refunds what failed', async () => {
		const { balance, price } = server.settings().lumaDreamMachine;
		const { id } = await start('lumaDreamMachine');
		const credits = async (): Promise<unknown> =>
			(await call(`${server.baseUrls.lumaDreamMachine}/credits`, { headers: keyHeaders(server).lumaDreamMachine }))
				.json;
		expect(await credits()).toEqual({ credit_balance: balance - price });
		server.finish(id, 'failed', 'no');
		expect(await credits()).toEqual({ credit_balance: balance });
	});

	test.each([
		[
			'modify',
			'/generations/video/modify',
			{
				generation_type: 'modify_video',
				model: 'ray-2',
				mode: 'flex_2',
				media: { url: 'https://videos.example/a.mp4' },
			},
		],
		[
			'reframe',
			'/generations/video/reframe',
			{
				generation_type: 'reframe_video',
				model: 'ray-flash-2',
				aspect_ratio: '1:1',
				media: { url: 'https://videos.example/a.mp4' },
				x_start: 5,
			},
		],
	])('takes %s', async (operation, path, body) => {
		const send = async (sent: unknown): Promise<number> =>
			(
				await call(`${server.baseUrls.lumaDreamMachine}${path}`, {
					body: sent,
					headers: keyHeaders(server).lumaDreamMachine,
				})
			).status;
		expect(await send(body)).toBe(201);
		expect(await send({ ...body, media: {} })).toBe(422);
		expect(await send({ ...body, model: 'ray-1-6' })).toBe(422);
		expect(server.ledger().purchases).toMatchObject([{ operation }]);
	});

	test.each([
		['upscale', { generation_type: 'upscale_video', resolution: '4k' }, '4k_16x9'],
		['audio', { generation_type: 'add_audio', prompt: 'Rain' }, '720p_16x9_sound'],
	])('takes %s of a completed generation, as a new one', async (operation, body, sample) => {
		const { id } = await start('lumaDreamMachine');
		const send = async (sent: unknown): Promise<{ status: number; json: unknown }> =>
			await call(`${server.baseUrls.lumaDreamMachine}/generations/${id}/${operation}`, {
				body: sent,
				headers: keyHeaders(server).lumaDreamMachine,
			});
		expect((await send(body)).status).toBe(400);
		server.finish(id);
		const { status, json } = await send(body);
		expect({ status, json }).toMatchObject({ status: 200, json: { state: 'queued', request: body } });
		expect((json as { id: string }).id).not.toBe(id);
		const job = lastId(server);
		server.finish(job);
		const file = await call(`${server.url}/media/lumaDreamMachine/${job}/output.mp4`);
		expect(file.bytes.equals((await call(`${server.url}/media/samples/${sample}.mp4`)).bytes)).toBe(true);
	});
});

describe('pixazo', () => {
	test('answers a create, a status, the end', async () => {
		const { status, json, id } = await start('pixazo');
		expect(id).toMatch(new RegExp(`^${FLASH}_`));
		expect({ status, json }).toEqual({
			status: 202,
			json: { request_id: id, status: 'QUEUED', polling_url: `${server.baseUrls.pixazo}/v2/requests/status/${id}` },
		});
		const running = {
			request_id: id,
			status: 'QUEUED',
			model_id: FLASH,
			error: null,
			output: null,
			created_at: expect.stringMatching(ISO),
			updated_at: expect.stringMatching(ISO),
			completed_at: null,
		};
		expect((await readStatus(server, 'pixazo', id)).json).toEqual(running);
		server.finish(id);
		const url = `${server.url}/media/pixazo/${id}/output.mp4`;
		expect((await readStatus(server, 'pixazo', id)).json).toEqual({
			...running,
			status: 'COMPLETED',
			completed_at: expect.stringMatching(ISO),
			output: { media_url: [url], media_type: 'video/mp4' },
		});
	});

	test.each([
		['failed', 'FAILED', 999],
		['errored', 'ERROR', 1000],
	] as const)('shows %s as %s', async (end, word, balance) => {
		const { id } = await start('pixazo');
		server.finish(id, end, 'out of paint');
		expect((await readStatus(server, 'pixazo', id)).json).toMatchObject({
			status: word,
			error: 'out of paint',
			output: null,
		});
		expect(server.settings().pixazo.balance).toBe(balance);
	});
});

describe('pixwith', () => {
	test('answers a create, a status, the end', async () => {
		const { status, json, id } = await start('pixwith');
		expect({ status, json }).toEqual({
			status: 200,
			json: {
				code: 1,
				message: 'success',
				data: { task_id: expect.stringMatching(/^[0-9a-f]{32}$/), estimated_time: 60 },
			},
		});
		expect((await readStatus(server, 'pixwith', id)).json).toEqual({
			code: 1,
			message: 'success',
			data: { task_id: id, status: 1, result_urls: [] },
		});
		server.finish(id);
		expect((await readStatus(server, 'pixwith', id)).json).toEqual({
			code: 1,
			message: 'success',
			data: { task_id: id, status: 2, result_urls: [`${server.url}/media/pixwith/${id}/output.mp4`] },
		});
	});

	test('shows a failure without, or on wish with its reason', async () => {
		const { id } = await start('pixwith');
		server.finish(id, 'failed', 'out of paint');
		expect((await readStatus(server, 'pixwith', id)).json).toEqual({
			code: 1,
			message: 'success',
			data: { task_id: id, status: 3, result_urls: [] },
		});
		server.configure({ pixwith: { failureInText: true } });
		expect((await readStatus(server, 'pixwith', id)).json).toMatchObject({ message: 'out of paint' });
	});

	test('tells the credits', async () => {
		const reply = await call(`${server.baseUrls.pixwith}/api/task/get_credits`, {
			method: 'POST',
			headers: keyHeaders(server).pixwith,
		});
		expect(reply.json).toEqual({ code: 1, data: { credits: 10_000 } });
	});

	test('takes an image in three steps', async () => {
		const headers = keyHeaders(server).pixwith;
		const preUrl = async (body: unknown): Promise<unknown> =>
			(await call(`${server.baseUrls.pixwith}/api/task/pre_url`, { body, headers })).json;
		expect(await preUrl({ image_name: 'cat.gif', content_type: 'image/jpeg' })).toEqual({
			code: 0,
			message: 'Invalid image format',
			data: null,
		});
		expect(await preUrl({ filename: 'cat.jpg', content_type: 'image/jpeg' })).toMatchObject({ code: 0 });
		const { data } = (await preUrl({ image_name: 'cat.jpg', content_type: 'image/jpeg' })) as {
			data: { upload_url: { url: string; fields: Record<string, string> }; image_url: string };
		};

		const image = (await call(`${server.url}/media/samples/start.jpg`)).bytes;
		const form = async (fields: Record<string, string>, file: string): Promise<{ type: string; body: Buffer }> => {
			const data = new FormData();
			for (const [name, value] of Object.entries(fields)) data.append(name, value);
			data.append(file, new Blob([new Uint8Array(image)], { type: 'image/jpeg' }), 'cat.jpg');
			const encoded = new Response(data);
			return { type: encoded.headers.get('content-type') ?? '', body: Buffer.from(await encoded.arrayBuffer()) };
		};
		const send = async ({ type, body }: { type: string; body: Buffer }, key = {}): Promise<number> =>
			(await call(data.upload_url.url, { method: 'POST', body, headers: { 'content-type': type, ...key } })).status;
		const { fields } = data.upload_url;
		expect(await send(await form({ key: fields.key ?? '' }, 'file'))).toBe(403);
		expect(await send(await form(fields, 'image'))).toBe(403);
		expect(await send(await form(fields, 'file'), headers)).toBe(403);
		expect(server.ledger().keyLeaks).toMatchObject([{ keyHeaders: ['api-key'] }]);
		expect(await send(await form(fields, 'file'))).toBe(204);
		const stored = await call(data.image_url);
		expect(stored.headers['content-type']).toBe('image/jpeg');
		expect(stored.bytes.equals(image)).toBe(true);
		expect(
			(
				await create(server, 'pixwith', 'A cat', {
					model_id: '3-4',
					image_urls: [data.image_url],
					options: PIXWITH_OPTIONS,
				})
			).json,
		).toMatchObject({ code: 1 });
	});
});

describe('crazyrouter', () => {
	test('answers a create, a status, the end, and extends it', async () => {
		const { status, json, id } = await start('crazyrouter', 'A cat', { model_name: 'ray-v1', duration: '9' });
		const created = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
		expect({ status, json }).toEqual({ status: 200, json: { id, state: 'queued', created_at: created } });
		const extend = async (): Promise<number> =>
			(
				await call(`${server.baseUrls.crazyrouter}/luma/generations/${id}/extend`, {
					body: { user_prompt: 'On' },
					headers: keyHeaders(server).crazyrouter,
				})
			).status;
		expect(await extend()).toBe(400);
		server.finish(id);
		const url = `${server.url}/media/crazyrouter/${id}/output.mp4`;
		expect((await readStatus(server, 'crazyrouter', id)).json).toEqual({
			id,
			state: 'completed',
			created_at: created,
			video: { url, download_url: url },
		});
		expect(await extend()).toBe(200);
		expect(server.ledger().purchases).toMatchObject([{ operation: 'generate' }, { operation: 'extend', prompt: 'On' }]);
	});

	test('lists the models of the token', async () => {
		const reply = await call(`${server.baseUrls.crazyrouter}/v1/models`, { headers: keyHeaders(server).crazyrouter });
		expect(reply.json).toMatchObject({
			success: true,
			object: 'list',
			data: [{ id: 'ray-v1', object: 'model', owned_by: 'luma' }, { id: 'ray-v2' }],
		});
	});
});

describe('a job', () => {
	test('lives its time and ends as its prompt says', async () => {
		const prompts = ['fine', '[fails: out of paint]', '[errors: out of power]', '[moderated]'];
		for (const prompt of prompts) await create(server, 'lumaDreamMachine', `A cat ${prompt} [takes 20ms]`);
		await server.until(() => server.jobs().every(({ completedAt }) => completedAt !== null));
		expect(server.jobs().map(({ status, failureReason }) => [status, failureReason])).toEqual([
			['completed', null],
			['failed', 'out of paint'],
			['errored', 'out of power'],
			['failed', 'Advanced prompt moderation failed'],
		]);
	});

	test('counts among those that run at once until it ends', async () => {
		for (const count of [1, 2, 3]) {
			const { id } = await start('pixwith', `Cat ${count}`);
			if (count === 1) server.finish(id);
		}
		expect(server.ledger().maxConcurrent).toMatchObject({ pixwith: 2, pixazo: 0 });
	});
});

describe('the ledger', () => {
	test('notes what was bought, without the key, and what was asked', async () => {
		const before = Date.now();
		await create(server, 'crazyrouter', 'A cat [callbacks: drop]', { notifyHook: 'http://127.0.0.1:9/hook' });
		await readStatus(server, 'crazyrouter', lastId(server));
		const { purchases, counts, requests } = server.ledger();
		expect(purchases).toEqual([
			expect.objectContaining({
				provider: 'crazyrouter',
				id: lastId(server),
				operation: 'generate',
				path: '/luma/generations',
				prompt: 'A cat [callbacks: drop]',
				callbackUrl: 'http://127.0.0.1:9/hook',
				price: 1,
				body: { user_prompt: 'A cat [callbacks: drop]', notifyHook: 'http://127.0.0.1:9/hook' },
			}),
		]);
		expect(purchases[0]?.at).toBeGreaterThanOrEqual(before);
		expect(JSON.stringify(server.ledger())).not.toContain(server.keys.crazyrouter);
		expect(counts.crazyrouter).toMatchObject({ create: 1, status: 1, unknown: 0 });
		expect(requests.map(({ route, method, path }) => [route, method, path])).toEqual([
			['create', 'POST', '/luma/generations'],
			['status', 'GET', `/luma/generations/${lastId(server)}`],
		]);
	});

	test('is empty after a reset, with the first settings', async () => {
		server.configure({ lumaDreamMachine: { jobMs: 5 }, pixwith: { estimatedSeconds: 42 } });
		await create(server, 'lumaDreamMachine');
		server.fault({ kind: '503' });
		server.reset();
		expect(server.ledger()).toMatchObject({ purchases: [], requests: [], counts: { lumaDreamMachine: { create: 0 } } });
		expect(server.jobs()).toEqual([]);
		expect(server.faults()).toEqual([]);
		expect(server.settings()).toMatchObject({
			lumaDreamMachine: { jobMs: 300, balance: 1_000_000 },
			pixwith: { estimatedSeconds: null },
		});
	});
});

test.each([{ jobsMs: 5 }, { jobMs: '5' }])('settings that there are not are a mistake of the test: %j', (pixwith) => {
	expect(() => server.configure({ pixwith } as object)).toThrow(/^settings\.pixwith\.jobs?Ms /);
});
