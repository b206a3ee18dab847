/** Every request that a provider's documentation does not allow is refused in that provider's own words, and not bought. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { startProviderServer, type ProviderServer } from '../provider-server';
import { call, create, FLASH, keyHeaders, PIXWITH_OPTIONS, readStatus, smallestCreate, type PlayedProvider } from './client';

let server: ProviderServer;
beforeAll(async () => {
	server = await startProviderServer({ settings: { lumaDreamMachine: { jobMs: 1 } } });
});
beforeEach(() => server.reset());
afterAll(async () => await server.close());

const PROVIDERS: PlayedProvider[] = ['lumaDreamMachine', 'pixazo', 'pixwith', 'crazyrouter'];

/** What each provider says to a create without a key, without money, beyond its limit. */
const REFUSALS: Record<PlayedProvider, Record<'key' | 'credits' | 'rate', { status: number; body: unknown }>> = {
	lumaDreamMachine: {
		key: { status: 401, body: { detail: 'Invalid API key provided' } },
		credits: { status: 400, body: { detail: 'Insufficient credits' } },
		rate: { status: 429, body: { detail: 'Rate limit exceeded' } },
	},
	pixazo: {
		key: { status: 401, body: { error: 'Unauthorized', message: expect.any(String) } },
		credits: {
			status: 402,
			body: { error: 'Insufficient Balance', message: 'Your wallet does not have enough balance.' },
		},
		rate: { status: 429, body: { error: 'Too Many Requests', message: expect.any(String) } },
	},
	pixwith: {
		key: { status: 200, body: { code: 2, message: 'Invalid API KEY', data: null } },
		credits: { status: 200, body: { code: 0, message: 'Credits not enough', data: null } },
		rate: { status: 200, body: { code: 0, message: 'Too many requests', data: null } },
	},
	crazyrouter: {
		key: {
			status: 401,
			body: { error: { message: 'Invalid API key', type: 'authentication_error', code: 'invalid_api_key' } },
		},
		credits: {
			status: 403,
			body: { error: { message: 'Insufficient quota', type: 'insufficient_quota', code: 'insufficient_quota' } },
		},
		rate: {
			status: 429,
			body: { error: { message: 'Rate limit exceeded', type: 'rate_limit_error', code: 'rate_limit_exceeded' } },
		},
	},
};

describe.each(PROVIDERS)('%s', (provider) => {
	test('refuses a missing and a wrong key', async () => {
		const { url, body } = smallestCreate(server, provider);
		const { status, body: refusal } = REFUSALS[provider].key;
		const wrong: Array<Record<string, string>> = [
			{},
			{ authorization: 'Bearer nobody', 'api-key': 'nobody', 'ocp-apim-subscription-key': 'nobody' },
		];
		for (const headers of wrong) {
			const reply = await call(url, { body, headers });
			expect({ status: reply.status, body: reply.json }).toEqual({ status, body: refusal });
		}
		expect(server.ledger().purchases).toEqual([]);
		expect(server.ledger().refusedCreates).toHaveLength(2);
	});

	test('refuses an account without money', async () => {
		server.configure({ [provider]: { balance: 0 } });
		const reply = await create(server, provider);
		expect({ status: reply.status, body: reply.json }).toEqual(REFUSALS[provider].credits);
		expect(server.ledger().purchases).toEqual([]);
	});

	test.each([{ maxConcurrent: 1 }, { createsPerMinute: 1 }])('refuses more than %j', async (limit) => {
		server.configure({ [provider]: { ...limit, jobMs: 60_000 } });
		await create(server, provider);
		const reply = await create(server, provider);
		expect({ status: reply.status, body: reply.json }).toEqual(REFUSALS[provider].rate);
		expect(server.ledger()).toMatchObject({ maxConcurrent: { [provider]: 1 }, purchases: [{ provider }] });
	});

	test.each([
		['another content type', { 'content-type': 'text/plain' }, '{}'],
		['a body that is no JSON', { 'content-type': 'application/json' }, '{"prompt": '],
		['a JSON body that is no object', { 'content-type': 'application/json' }, '[]'],
	])('refuses %s', async (_, headers, body) => {
		const reply = await call(smallestCreate(server, provider).url, {
			method: 'POST',
			body,
			headers: { ...keyHeaders(server)[provider], ...headers },
		});
		expectRefusal(provider, reply);
	});

	test('refuses an unknown field', async () => {
		expectRefusal(provider, await create(server, provider, undefined, { seed: 1 }));
	});

	test('does not know a foreign id', async () => {
		const reply = await readStatus(server, provider, '00000000-0000-4000-8000-000000000000');
		const unknown: Record<PlayedProvider, unknown> = {
			lumaDreamMachine: { detail: 'Generation not found' },
			pixazo: { error: 'Not Found', message: expect.any(String) },
			pixwith: { code: 0, message: 'Task not found', data: null },
			crazyrouter: { code: 'task_not_exist', message: expect.any(String), data: null },
		};
		expect({ status: reply.status, body: reply.json }).toEqual({
			status: provider === 'pixwith' ? 200 : 404,
			body: unknown[provider],
		});
	});

	test('does not know other paths and methods', async () => {
		const headers = keyHeaders(server)[provider];
		expect((await call(`${server.baseUrls[provider]}/nothing/here`, { headers })).status).toBe(404);
		const put = await call(smallestCreate(server, provider).url, { method: 'PUT', headers, body: {} });
		expect([404, 405]).toContain(put.status);
		expect(server.ledger().counts[provider]).toMatchObject({ create: 0, unknown: 2 });
	});
});

function expectRefusal(provider: PlayedProvider, reply: { status: number; json: unknown }): void {
	const shapes: Record<PlayedProvider, { status: number; body: unknown }> = {
		lumaDreamMachine: {
			status: 422,
			body: {
				detail: expect.arrayContaining([
					expect.objectContaining({ loc: expect.arrayContaining(['body']), msg: expect.any(String) }),
				]),
			},
		},
		pixazo: { status: 400, body: { error: 'Bad Request', message: expect.any(String) } },
		pixwith: { status: 200, body: { code: 0, message: expect.any(String), data: null } },
		crazyrouter: {
			status: 400,
			body: { error: { message: expect.any(String), type: 'invalid_request_error', code: 'invalid_request' } },
		},
	};
	expect({ status: reply.status, body: reply.json }).toEqual(shapes[provider]);
	expect(server.ledger().purchases).toEqual([]);
}

const IMAGE = 'https://images.example/cat.jpg';

describe('lumaDreamMachine bodies', () => {
	const image = { type: 'image', url: IMAGE };

	test.each<[Record<string, unknown>, string[]]>([
		[{ model: undefined }, ['model']],
		[{ model: 'ray-3' }, ['model']],
		[{ prompt: 5 }, ['prompt']],
		[{ aspect_ratio: '2:1' }, ['aspect_ratio']],
		[{ resolution: '1080' }, ['resolution']],
		[{ duration: 5 }, ['duration']],
		[{ duration: '10s' }, ['duration']],
		[{ loop: 'true' }, ['loop']],
		[{ generation_type: 'image' }, ['generation_type']],
		[{ callback_url: 'not a url' }, ['callback_url']],
		[{ concepts: ['dolly_zoom'] }, ['concepts', '0']],
		[{ keyframes: { frame2: image } }, ['keyframes', 'frame2']],
		[{ keyframes: { frame0: { type: 'image', url: 'ftp://images.example/cat.jpg' } } }, ['keyframes', 'frame0', 'url']],
		[{ keyframes: { frame0: { type: 'image', id: 'x' } } }, ['keyframes', 'frame0', 'url']],
		[{ keyframes: { frame0: { type: 'video', url: IMAGE } } }, ['keyframes', 'frame0', 'type']],
	])('%j is not well formed', async (extra, place) => {
		const reply = await create(server, 'lumaDreamMachine', 'A cat', extra);
		expect(reply.status).toBe(422);
		expect((reply.json as { detail: Array<{ loc: string[] }> }).detail[0]?.loc).toEqual(['body', ...place]);
	});

	test.each<[string, Record<string, unknown>]>([
		['Prompt is required', { prompt: undefined }],
		['Prompt is too short, minimum length is 3 characters', { prompt: 'ab' }],
		['Prompt is too long, maximum length is 5000 characters', { prompt: 'a'.repeat(5001) }],
		['No keyframes provided', { keyframes: {} }],
		['No keyframes provided', { keyframes: { frame0: null, frame1: null } }],
		['Loop is not supported for end frame', { loop: true, keyframes: { frame1: image } }],
		['Loop is not supported for keyframes', { loop: true, keyframes: { frame0: image, frame1: image } }],
		['Resolution and duration are not supported for ray-1-6', { model: 'ray-1-6', resolution: '720p' }],
		['Unknown concept: juggling', { concepts: [{ key: 'juggling' }] }],
		['a reason of its own', { prompt: 'A cat [refused: a reason of its own]' }],
	])('refuses with "%s"', async (text, extra) => {
		const reply = await create(server, 'lumaDreamMachine', 'A cat', extra);
		expect({ status: reply.status, body: reply.json }).toEqual({ status: 400, body: { detail: text } });
	});

	test('refers only to completed generations of its own, and loops only without a second frame', async () => {
		const idOf = async (prompt: string): Promise<string> =>
			((await create(server, 'lumaDreamMachine', prompt)).json as { id: string }).id;
		const done = await idOf('done');
		const running = await idOf('running [takes 60000ms]');
		await server.until(() => server.jobs()[0]?.status === 'completed');
		const generation = (id: string): unknown => ({ type: 'generation', id });
		const cases: Array<[Record<string, unknown>, string | null]> = [
			[{ keyframes: { frame0: generation(running) } }, `Generation ${running} is not completed`],
			[
				{ keyframes: { frame1: generation('00000000-0000-4000-8000-000000000000') } },
				'Generation 00000000-0000-4000-8000-000000000000 not found',
			],
			[{ loop: true, keyframes: { frame1: generation(done) } }, 'Loop is not supported for extend reverse'],
			[
				{ loop: true, keyframes: { frame0: generation(done), frame1: image } },
				'Loop is not supported for interpolate video to image',
			],
			[
				{ loop: true, keyframes: { frame0: image, frame1: generation(done) } },
				'Loop is not supported for interpolate image to video',
			],
			[
				{ loop: true, keyframes: { frame0: generation(done), frame1: generation(done) } },
				'Loop is not supported for interpolate between two videos',
			],
			[{ loop: true, keyframes: { frame0: generation(done) } }, null],
			[{ keyframes: { frame0: generation(done), frame1: generation(done) } }, null],
			[{ loop: true, prompt: undefined, keyframes: { frame0: image } }, null],
		];
		for (const [extra, refusal] of cases) {
			const reply = await create(server, 'lumaDreamMachine', 'A cat', extra);
			expect([reply.status, refusal === null ? null : reply.json]).toEqual(
				refusal === null ? [201, null] : [400, { detail: refusal }],
			);
		}
		expect(server.ledger().purchases.map(({ operation }) => operation)).toEqual([
			'generate',
			'generate',
			'extend',
			'interpolate',
			'generate',
		]);
	});

	test('takes no key of the newer platform', async () => {
		const { url, body } = smallestCreate(server, 'lumaDreamMachine');
		expect((await call(url, { body, headers: { authorization: 'Bearer luma-api-123' } })).status).toBe(403);
	});

	test('knows methods by path, and only its list parameters', async () => {
		const headers = keyHeaders(server).lumaDreamMachine;
		const base = server.baseUrls.lumaDreamMachine;
		expect((await call(`${base}/generations`, { method: 'DELETE', headers })).status).toBe(405);
		for (const query of ['limit=0', 'limit=x', 'offset=-1', 'page=2']) {
			expect((await call(`${base}/generations?${query}`, { headers })).status).toBe(422);
		}
	});
});

describe('pixazo bodies and headers', () => {
	test.each<Record<string, unknown>>([
		{ prompt: undefined },
		{ prompt: '' },
		{ image_url: undefined },
		{ image_url: '/cat.jpg' },
		{ image_url: 'data:image/png;base64,AAAA' },
		{ end_image_url: 'nonsense' },
		{ aspect_ratio: '1:1' },
		{ resolution: '4k' },
		{ duration: 5 },
		{ duration: '10s' },
		{ loop: 'yes' },
		{ callback_url: 'https://receiver.example/' },
	])('%j is refused', async (extra) => {
		expectRefusal('pixazo', await create(server, 'pixazo', 'A cat', extra));
	});

	test.each<[Record<string, string>, number]>([
		[{ 'x-webhook-url': 'https://receiver.example/callback' }, 202],
		[{ 'x-webhook-url': 'http://127.0.0.1:9/callback' }, 202],
		[{ 'x-webhook-url': 'http://receiver.example/callback' }, 400],
		[{ 'x-webhook-url': 'callback' }, 400],
		[{ 'x-webhook-url': 'https://receiver.example/', 'x-webhook-mode': 'often' }, 400],
	])('webhook headers %j give %i', async (headers, status) => {
		expect((await create(server, 'pixazo', 'A cat [callbacks: drop]', {}, headers)).status).toBe(status);
	});

	test('knows its models and their operations', async () => {
		const headers = keyHeaders(server).pixazo;
		const body = { prompt: 'A cat', image_url: IMAGE };
		const unknown = await call(`${server.baseUrls.pixazo}/luma-ray-9/v1/go`, { body, headers });
		expect({ status: unknown.status, body: unknown.json }).toEqual({
			status: 400,
			body: { error: 'Model not found', message: "Model 'luma-ray-9' not found or is disabled" },
		});
		expect((await call(`${server.baseUrls.pixazo}/${FLASH}/v1/text-to-video`, { body, headers })).status).toBe(404);
		const ray32 = await call(`${server.baseUrls.pixazo}/luma-agent-ray-v3-2-text-to-video/v1/text-to-video`, {
			body: { prompt: 'A cat', duration: '10s', seed: 1 },
			headers,
		});
		expect(ray32.status).toBe(202);
	});

	const ray32 = async (operation: string, body: Record<string, unknown>) =>
		await call(`${server.baseUrls.pixazo}/luma-agent-ray-v3-2-${operation}/v1/${operation}`, {
			body: { prompt: 'A cat', ...body },
			headers: keyHeaders(server).pixazo,
		});

	test.each<[string, Record<string, unknown>, string]>([
		['text-to-video', { loop: true, aspect_ratio: '3:1' }, 'generate'],
		['image-to-video', { image_url: IMAGE, duration: '10s' }, 'generate'],
		['video-to-video', { video_url: IMAGE, start_image_url: IMAGE, edit_strength: 'flex_1' }, 'modify'],
		['reframe', { video_url: IMAGE, aspect_ratio: '1:1', resolution: '1080p' }, 'reframe'],
	])('Ray 3.2 %s takes %j', async (operation, body, name) => {
		expect((await ray32(operation, body)).status).toBe(202);
		expect(server.ledger().purchases).toMatchObject([{ operation: name }]);
	});

	test.each<[string, Record<string, unknown>]>([
		['text-to-video', { prompt: '' }],
		['text-to-video', { duration: 5 }],
		['text-to-video', { loop: true, duration: '10s' }],
		['image-to-video', {}],
		['video-to-video', { video_url: 'cat.mp4' }],
		['video-to-video', { video_url: IMAGE, start_image_url: 'cat.jpg' }],
		['reframe', { video_url: IMAGE }],
		['reframe', { video_url: IMAGE, aspect_ratio: '9:21' }],
		['reframe', { video_url: IMAGE, aspect_ratio: '1:1', resolution: '4k' }],
	])('Ray 3.2 %s does not take %j', async (operation, body) => {
		expectRefusal('pixazo', await ray32(operation, body));
	});

	test('can answer a wrong key as a gateway does', async () => {
		server.configure({ pixazo: { authErrors: 'gateway' } });
		expect((await call(`${server.baseUrls.pixazo}/v2/requests/status/x`)).json).toEqual({
			statusCode: 401,
			message: expect.any(String),
		});
	});
});

describe('pixwith bodies', () => {
	const options = (change: Record<string, unknown>): Record<string, unknown> => ({
		options: { ...PIXWITH_OPTIONS, ...change },
	});

	test.each<Record<string, unknown>>([
		{ prompt: undefined },
		{ options: undefined },
		options({ prompt_optimization: undefined }),
		options({ aspect_ratio: undefined }),
		options({ resolution: undefined }),
		options({ duration: undefined }),
		options({ duration: '5' }),
		options({ duration: 10 }),
		options({ resolution: '1080p' }),
		options({ aspect_ratio: '2:1' }),
		options({ seed: 1 }),
		{ model_id: undefined },
		{ model_id: '3-4' },
		{ image_urls: [IMAGE] },
		{ model_id: '3-4', image_urls: [] },
		{ model_id: '3-4', image_urls: [IMAGE, IMAGE, IMAGE] },
		{ model_id: '3-4', image_urls: ['cat.jpg'] },
	])('%j is refused', async (extra) => {
		expectRefusal('pixwith', await create(server, 'pixwith', 'A cat', extra));
	});

	test.each<Record<string, unknown>>([
		{ model_id: '3-4', image_urls: [IMAGE] },
		{ model_id: '3-4', image_urls: [IMAGE, IMAGE] },
		options({ loop: undefined }),
	])('%j is accepted', async (extra) => {
		expect((await create(server, 'pixwith', 'A cat', extra)).json).toMatchObject({ code: 1 });
	});
});

describe('crazyrouter bodies', () => {
	test.each<Record<string, unknown>>([
		{ user_prompt: undefined, prompt: 'A cat' },
		{ model_name: 'ray-2' },
		{ duration: 5 },
		{ duration: '5s' },
		{ resolution: '4k' },
		{ expand_prompt: 'true' },
		{ image_url: 'cat.jpg' },
		{ image_end_url: '' },
		{ notifyHook: 'receiver' },
		{ aspect_ratio: '16:9' },
		{ notify_hook: 'https://receiver.example/' },
	])('%j is refused', async (extra) => {
		expectRefusal('crazyrouter', await create(server, 'crazyrouter', 'A cat', extra));
	});

	test('extends completed videos of its own, with a prompt and nothing else', async () => {
		const { id } = (await create(server, 'crazyrouter')).json as { id: string };
		const headers = keyHeaders(server).crazyrouter;
		const extend = async (source: string, body: Record<string, unknown>) =>
			await call(`${server.baseUrls.crazyrouter}/luma/generations/${source}/extend`, { body, headers });
		const body = { user_prompt: 'Further on' };
		expect((await extend(id, body)).status).toBe(400);
		server.finish(id);
		expect((await extend('luma_gen_nobody', body)).status).toBe(404);
		for (const wrong of [{}, { ...body, model_name: 'ray-v2' }, { ...body, duration: '5' }]) {
			expect((await extend(id, wrong)).status).toBe(400);
		}
		const done = await extend(id, body);
		expect({ status: done.status, json: done.json }).toMatchObject({ status: 200, json: { state: 'queued' } });
		expect((done.json as { id: string }).id).not.toBe(id);
		expect(server.ledger().purchases.map(({ operation }) => operation)).toEqual(['generate', 'extend']);
	});
});

describe('crazyrouter uploads', () => {
	const IMAGE_PART = { name: 'file', filename: 'cat.png', type: 'image/png', data: 'bytes' };
	const PURPOSE = { name: 'purpose', data: 'model_input' };
	type Part = { name: string; filename?: string; type?: string; data: string };

	async function send(parts: Part[], headers: Record<string, string> = keyHeaders(server).crazyrouter) {
		const texts = parts.map(({ name, filename, type, data }) => {
			const file = filename === undefined ? '' : `; filename="${filename}"`;
			return `--xyz\r\nContent-Disposition: form-data; name="${name}"${file}\r\n${type ? `Content-Type: ${type}\r\n` : ''}\r\n${data}\r\n`;
		});
		return await call(`${server.baseUrls.crazyrouter}/v1/files/uploads`, {
			method: 'POST',
			body: `${texts.join('')}--xyz--\r\n`,
			headers: { 'content-type': 'multipart/form-data; boundary=xyz', ...headers },
		});
	}

	test.each([
		['image/png', 'png'],
		['image/jpeg', 'jpg'],
		['image/webp', 'webp'],
		['image/gif', 'gif'],
	])('keeps %s, and knows that the key belongs here', async (type, ending) => {
		const reply = await send([PURPOSE, { ...IMAGE_PART, type }]);
		const { id, url } = reply.json as { id: string; url: string };
		expect({ status: reply.status, body: reply.json }).toEqual({
			status: 200,
			body: {
				id: expect.stringMatching(/^file_[0-9a-f]{32}$/),
				url: `${server.url}/media/uploads/${id}.${ending}`,
				mime_type: type,
				size: 5,
				expires_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
			},
		});
		const file = await call(url);
		expect([file.text, file.headers['content-type']]).toEqual(['bytes', type]);
		expect(server.ledger()).toMatchObject({ keyLeaks: [], counts: { crazyrouter: { upload: 1 } } });
	});

	test.each<[string, Part[]]>([
		['no parts', []],
		['no purpose', [IMAGE_PART]],
		['another purpose', [{ name: 'purpose', data: 'vision' }, IMAGE_PART]],
		['the purpose twice', [PURPOSE, PURPOSE, IMAGE_PART]],
		['no file', [PURPOSE]],
		['two files', [PURPOSE, IMAGE_PART, IMAGE_PART]],
		['a file under another name', [PURPOSE, { ...IMAGE_PART, name: 'image' }]],
		['a file without a name of its own', [PURPOSE, { name: 'file', type: 'image/png', data: 'bytes' }]],
		['a file without a type', [PURPOSE, { name: 'file', filename: 'cat.png', data: 'bytes' }]],
		['a file of another type', [PURPOSE, { ...IMAGE_PART, type: 'image/avif' }]],
		['an empty file', [PURPOSE, { ...IMAGE_PART, data: '' }]],
		['an unknown field', [PURPOSE, { name: 'folder', data: 'x' }, IMAGE_PART]],
	])('refuses %s', async (_, parts) => {
		expectRefusal('crazyrouter', await send(parts));
	});

	test('refuses a file that is too large, another content type, another method, no key', async () => {
		const large = await send([PURPOSE, { ...IMAGE_PART, data: 'x'.repeat(20 * 1024 * 1024 + 1) }]);
		expect(large.status).toBe(413);
		const url = `${server.baseUrls.crazyrouter}/v1/files/uploads`;
		const headers = keyHeaders(server).crazyrouter;
		expectRefusal('crazyrouter', await call(url, { body: { purpose: 'model_input' }, headers }));
		expect((await call(url, { headers })).status).toBe(404);
		expect((await send([PURPOSE, IMAGE_PART], {})).status).toBe(401);
		// The older path, which the documentation says not to use.
		expect((await call(`${server.baseUrls.crazyrouter}/api/upload`, { body: {}, headers })).status).toBe(404);
	});
});
