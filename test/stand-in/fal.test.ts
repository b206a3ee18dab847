/** fal.ai's stand-in: what it refuses, what it answers, and that the official client can use it as it uses the service. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ApiError, ValidationError, createFalClient } from '@fal-ai/client';
import { fal } from '../../nodes/LumaVideo/providers/fal';
import { startProviderServer, type ProviderServer } from '../provider-server';
import { call, Receiver, type Reply } from './client';

const PROMPT = 'A cat on a wall';
const IMAGE = 'https://images.example/cat.jpg';
const VIDEO = 'https://videos.example/a.mp4';
const DATA = 'data:image/png;base64,iVBORw0KGgo=';
const RAY = 'luma/agent/ray/v3.2';

let server: ProviderServer;
beforeAll(async () => {
	server = await startProviderServer({ settings: { fal: { jobMs: 60_000, callbacks: { retryDelaysMs: [] } } } });
});
beforeEach(() => server.reset());
afterAll(async () => await server.close());

const headers = (): Record<string, string> => ({ authorization: `Key ${server.keys.fal}` });

async function submit(model: string, body: unknown, query = ''): Promise<Reply> {
	return await call(`${server.baseUrls.fal}/${RAY}/${model}${query}`, { body, headers: headers() });
}

async function read(id: string, end = ''): Promise<Reply> {
	return await call(`${server.baseUrls.fal}/luma/agent/requests/${id}${end}`, { headers: headers() });
}

async function started(prompt = PROMPT): Promise<string> {
	const { json } = await submit('text-to-video', { prompt });
	return (json as { request_id: string }).request_id;
}

async function ended(prompt = PROMPT): Promise<string> {
	const id = await started(prompt);
	server.elapse();
	return id;
}

describe('inputs', () => {
	it.each<[string, string, object]>([
		['text', 'text-to-video', {}],
		['every field of text', 'text-to-video', { aspect_ratio: '21:9', duration: '10s', resolution: '1080p' }],
		['HDR', 'text-to-video', { hdr: true, exr_export: true, resolution: '720p' }],
		['an image', 'image-to-video', { image_url: IMAGE, end_image_url: DATA }],
		['keyframes', 'image-to-video', { keyframes: [IMAGE, DATA], keyframe_indexes: [0, 240], duration: '10s' }],
		['an edit', 'video-to-video', { video_url: VIDEO, start_image_url: DATA, edit_strength: 'flex_1', controls: { depth: { blur: 0.5 } } }],
		['an edit with keyframes', 'video-to-video', { video_url: VIDEO, keyframes: [IMAGE], keyframe_indexes: [500], auto_controls: true }],
		['reframe', 'reframe', { video_url: VIDEO, aspect_ratio: '1:1', source_position: { x_norm: 0, y_norm: 0, w_norm: 1, h_norm: 1 } }],
	])('%s is taken', async (_, model, body) => {
		const { status, json } = await submit(model, { prompt: PROMPT, ...body });
		expect({ status, json }).toEqual({
			status: 200,
			json: {
				status: 'IN_QUEUE',
				request_id: server.ledger().purchases[0]?.id,
				queue_position: 0,
				response_url: expect.stringMatching(/\/luma\/agent\/requests\/[0-9a-f-]+$/),
				status_url: expect.stringMatching(/\/luma\/agent\/requests\/[0-9a-f-]+\/status$/),
				cancel_url: expect.stringMatching(/\/luma\/agent\/requests\/[0-9a-f-]+\/cancel$/),
			},
		});
	});

	it.each<[string, string, object, string]>([
		['no prompt', 'text-to-video', { prompt: undefined }, 'missing'],
		['an empty prompt', 'text-to-video', { prompt: ' ' }, 'one_of'],
		['an unknown field', 'text-to-video', { seed: 7 }, 'feature_not_supported'],
		['an image for text', 'text-to-video', { image_url: IMAGE }, 'feature_not_supported'],
		['a number for a text', 'text-to-video', { duration: 5 }, 'feature_not_supported'],
		['a text for a flag', 'text-to-video', { loop: 'yes' }, 'feature_not_supported'],
		['a duration of 9 seconds', 'text-to-video', { duration: '9s' }, 'one_of'],
		['360p', 'text-to-video', { resolution: '360p' }, 'one_of'],
		['HDR at 540p', 'text-to-video', { hdr: true }, 'feature_not_supported'],
		['HDR of 10 seconds', 'text-to-video', { hdr: true, resolution: '720p', duration: '10s' }, 'feature_not_supported'],
		['EXR without HDR', 'text-to-video', { exr_export: true }, 'feature_not_supported'],
		['a loop of 10 seconds', 'text-to-video', { loop: true, duration: '10s' }, 'feature_not_supported'],
		['no image', 'image-to-video', {}, 'feature_not_supported'],
		['an end image alone', 'image-to-video', { end_image_url: IMAGE }, 'feature_not_supported'],
		['10 seconds from an image', 'image-to-video', { image_url: IMAGE, duration: '10s' }, 'feature_not_supported'],
		['a loop with an end image', 'image-to-video', { image_url: IMAGE, end_image_url: IMAGE, loop: true }, 'feature_not_supported'],
		['an image and keyframes', 'image-to-video', { image_url: IMAGE, keyframes: [IMAGE], keyframe_indexes: [0] }, 'feature_not_supported'],
		['keyframes without places', 'image-to-video', { keyframes: [IMAGE] }, 'feature_not_supported'],
		['a keyframe after the end', 'image-to-video', { keyframes: [IMAGE], keyframe_indexes: [121] }, 'feature_not_supported'],
		['what is no image', 'image-to-video', { image_url: 'cat.jpg' }, 'image_load_error'],
		['data that is no base64', 'image-to-video', { image_url: 'data:image/png;base64,?' }, 'image_load_error'],
		['an image that is not there', 'image-to-video', { image_url: 'https://unreachable.example/x.png' }, 'file_download_error'],
		['an image for a video', 'video-to-video', { video_url: DATA }, 'image_load_error'],
		['no video', 'video-to-video', {}, 'missing'],
		['two ways to edit', 'video-to-video', { video_url: VIDEO, auto_controls: true, edit_strength: 'flex_1' }, 'feature_not_supported'],
		['a strength that there is not', 'video-to-video', { video_url: VIDEO, edit_strength: 'flex_4' }, 'one_of'],
		['a loop of an edit', 'video-to-video', { video_url: VIDEO, loop: true }, 'feature_not_supported'],
		['no ratio', 'reframe', { video_url: VIDEO }, 'missing'],
		['half a position', 'reframe', { video_url: VIDEO, aspect_ratio: '1:1', source_position: { x_norm: 0, y_norm: 0, w_norm: 1 } }, 'missing'],
	])('%s is refused', async (_, model, body, type) => {
		expect(await submit(model, { prompt: PROMPT, ...body })).toMatchObject({ status: 422, json: { detail: [{ loc: expect.arrayContaining(['body']), type }] } });
		expect(server.ledger()).toMatchObject({ purchases: [], refusedCreates: [{ status: 422 }] });
	});

	it('an unknown model, another method and what is no JSON', async () => {
		expect((await submit('text-to-image', { prompt: PROMPT })).status).toBe(404);
		expect((await call(`${server.baseUrls.fal}/${RAY}/reframe`, { headers: headers() })).status).toBe(405);
		expect((await submit('text-to-video', 'prompt')).json).toEqual({ detail: expect.any(String), error_type: 'bad_request' });
		expect((await submit('text-to-video', { prompt: PROMPT }, '?fal_webhook=here')).status).toBe(400);
		expect((await submit('text-to-video', { prompt: PROMPT }, '?webhook=https://n8n.example')).status).toBe(400);
	});
});

describe('answers', () => {
	it('a request from the queue to its video', async () => {
		const id = await started();
		expect((await read(id, '/status')).json).toMatchObject({ status: 'IN_QUEUE', request_id: id, queue_position: 0 });
		expect(await read(id)).toMatchObject({ status: 400, json: { detail: 'Request is still in progress' } });
		server.elapse();
		expect((await read(id, '/status?logs=1')).json).toMatchObject({ status: 'COMPLETED', logs: [], metrics: { inference_time: expect.any(Number) } });
		const url = `${server.url}/media/fal/${id}/output.mp4`;
		for (const end of ['', '/response']) {
			expect(await read(id, end)).toMatchObject({ status: 200, json: { video: { url, content_type: 'video/mp4' } } });
		}
		expect((await read(id)).headers['x-fal-request-id']).toMatch(/./);
	});

	it.each<[string, number, object]>([
		['[moderated]', 422, { detail: [{ type: 'content_policy_violation' }] }],
		['[fails: Nothing came]', 422, { detail: [{ type: 'no_media_generated', msg: 'Nothing came' }] }],
		['[fails: downstream_service_error: No]', 400, { detail: [{ type: 'downstream_service_error', msg: 'No' }] }],
		['[fails: generation_timeout: Slow]', 504, { detail: [{ type: 'generation_timeout', msg: 'Slow' }] }],
		['[fails: runner_disconnected: Gone]', 503, { detail: 'Gone', error_type: 'runner_disconnected' }],
		['[errors: It broke]', 500, { detail: 'It broke', error_type: 'internal_error' }],
	])('a request that ended with %s', async (marker, status, json) => {
		const id = await ended(`A cat ${marker}`);
		const told = (await read(id, '/status')).json as Record<string, unknown>;
		expect(told.status).toBe('COMPLETED');
		expect('error_type' in told).toBe(status >= 500);
		expect(await read(id)).toMatchObject({ status, json });
	});

	it('keys, unknown requests and paths with the whole model in them', async () => {
		const url = `${server.baseUrls.fal}/luma/agent/requests/x/status`;
		const refused = { status: 401, json: { detail: expect.stringContaining('Authentication is required') } };
		expect(await call(url)).toMatchObject(refused);
		expect(await call(url, { headers: { authorization: `Bearer ${server.keys.fal}` } })).toMatchObject(refused);
		expect((await read('x', '/status')).status).toBe(404);
		const id = await started();
		expect((await call(`${server.baseUrls.fal}/${RAY}/text-to-video/requests/${id}/status`, { headers: headers() })).status).toBe(405);
	});

	it('an account without money', async () => {
		const id = await started();
		server.configure({ fal: { balance: 0 } });
		expect(await submit('text-to-video', { prompt: PROMPT })).toMatchObject({ status: 403, json: { detail: expect.stringContaining('Exhausted balance') } });
		expect((await read(id, '/status')).status).toBe(200);
	});

	it("gives money back for the service's own faults only", async () => {
		const { balance, price } = server.settings().fal;
		await ended('A cat [errors: It broke]');
		expect(server.settings().fal.balance).toBe(balance);
		await ended('A cat [fails: Nothing came]');
		expect(server.settings().fal.balance).toBe(balance - price);
	});

	it('a cancellation', async () => {
		const id = await started('A cat');
		const url = `${server.baseUrls.fal}/luma/agent/requests/${id}/cancel`;
		expect(await call(url, { method: 'PUT', headers: headers() })).toMatchObject({ status: 202, json: { status: 'CANCELLATION_REQUESTED' } });
		expect(await call(url, { method: 'PUT', headers: headers() })).toMatchObject({ status: 400, json: { status: 'ALREADY_COMPLETED' } });
		expect(await read(id)).toMatchObject({ status: 499, json: { error_type: 'client_cancelled' } });
	});
});

describe('callbacks', () => {
	let receiver: Receiver;
	beforeEach(async () => {
		receiver = await Receiver.start();
	});
	afterEach(async () => {
		await receiver.close();
	});

	it.each([
		[PROMPT, { status: 'OK', error: null, payload: { video: { url: expect.any(String) } } }, 'completed'],
		['A cat [moderated]', { status: 'ERROR', error: 'Invalid status code: 422', payload: { detail: [expect.anything()] } }, 'failed'],
	])('%s: one call at the end, with a true signature', async (prompt, body, status) => {
		const url = `${receiver.url}?a=b`;
		await submit('text-to-video', { prompt }, `?fal_webhook=${encodeURIComponent(url)}`);
		server.elapse();
		const { callbacks, purchases } = await server.until((ledger) => ledger.callbacks.length > 0);
		expect(purchases[0]?.callbackUrl).toBe(url);
		expect(callbacks).toHaveLength(1);
		const [{ headers: own, text } = { headers: {}, text: '' }] = receiver.received;
		const id = purchases[0]?.id;
		expect(JSON.parse(text)).toMatchObject({ request_id: id, gateway_request_id: id, ...body });
		const incoming = { body: JSON.parse(text) as never, text, headers: own as Record<string, string> };
		expect(fal.callbacks?.read(incoming)).toEqual({ generationId: id, status });
		const { path = '' } = fal.callbacks?.signature?.keys.call() ?? {};
		const reply = await call(`${server.baseUrls.fal}${path}`);
		const keys = fal.callbacks?.signature?.keys.read({ statusCode: reply.status, headers: {}, text: reply.text });
		if (!keys?.ok) throw new Error('no keys');
		expect(fal.callbacks?.signature?.isGenuine(incoming, keys.value, Date.now())).toBe(true);
		expect(fal.callbacks?.signature?.isGenuine({ ...incoming, text: `${text} ` }, keys.value, Date.now())).toBe(false);
		expect(fal.callbacks?.signature?.isGenuine(incoming, keys.value, Date.now() + 400_000)).toBe(false);
	});
});

describe('images, and Ray 2', () => {
	const UNI = 'luma/agent/uni-1/v1';
	const OLD = 'fal-ai/luma-dream-machine';
	const send = async (endpoint: string, body: object): Promise<Reply> => await call(`${server.baseUrls.fal}/${endpoint}`, { body, headers: headers() });

	it.each<[string, object, number]>([
		[`${UNI}/text-to-image`, { prompt: PROMPT, aspect_ratio: '1:3', style: 'manga', output_format: 'png', enable_web_search: true, reference_image_urls: [IMAGE, DATA] }, 200],
		[`${UNI}/max`, { prompt: PROMPT }, 200],
		[`${UNI}/max`, { prompt: PROMPT, aspect_ratio: '4:3' }, 422],
		[`${UNI}/max`, { prompt: PROMPT, user_id: 'u' }, 422],
		[`${UNI}/edit`, { prompt: PROMPT, image_url: IMAGE }, 200],
		[`${UNI}/edit`, { prompt: PROMPT }, 422],
		[`${UNI}/max/edit`, { prompt: PROMPT, image_url: IMAGE, aspect_ratio: '1:1' }, 422],
		[`${UNI}/max/edit`, { prompt: PROMPT, image_url: IMAGE, reference_image_urls: ['cat.png'] }, 422],
		[`${OLD}/ray-2`, { prompt: PROMPT, duration: '9s', aspect_ratio: '9:21' }, 200],
		[`${OLD}/ray-2`, { prompt: PROMPT, duration: '10s' }, 422],
		[`${OLD}/ray-2-flash/image-to-video`, { prompt: PROMPT, image_url: IMAGE, end_image_url: IMAGE, loop: true }, 422],
		[`${OLD}/ray-2-flash/modify`, { video_url: VIDEO, mode: 'flex_1' }, 200],
		[`${OLD}/ray-2/modify`, { video_url: VIDEO, mode: 'auto' }, 422],
		[`${OLD}/ray-2/reframe`, { video_url: VIDEO, aspect_ratio: '1:1', x_start: 4 }, 200],
		[`${OLD}/ray-2/reframe`, { video_url: VIDEO, aspect_ratio: '1:1', x_start: 0.5 }, 422],
	])('%s with %j', async (endpoint, body, status) => {
		expect((await send(endpoint, body)).status).toBe(status);
	});

	it('a request is found under its own app only', async () => {
		const { json } = await send(`${OLD}/ray-2`, { prompt: PROMPT });
		const { request_id: id, status_url: address } = json as { request_id: string; status_url: string };
		expect(address).toContain(`/${OLD}/requests/${id}`);
		expect((await read(id, '/status')).status).toBe(404);
		expect((await call(address, { headers: headers() })).status).toBe(200);
	});
});

describe('files', () => {
	const initiate = async (end = '', body: unknown = { content_type: 'video/mp4', file_name: 'a.mp4' }, key = headers()): Promise<Reply> =>
		await call(`${server.baseUrls.fal}/storage/upload/initiate${end}?storage_type=fal-cdn-v3`, { body, headers: key });
	const put = async (address: string, bytes: string, more: Record<string, string> = {}, method = 'PUT') =>
		await fetch(address, { method, body: bytes, headers: { 'content-type': 'video/mp4', ...more } });

	it('are announced with the key, and sent without it', async () => {
		expect((await initiate('', undefined, {})).status).toBe(401);
		expect((await initiate('', { file_name: 'a.mp4' })).status).toBe(422);
		const { upload_url: address, file_url: url } = (await initiate()).json as Record<string, string>;
		if (address === undefined || url === undefined) throw new Error('no address');
		expect((await put(address, 'abc', headers())).status).toBe(403);
		expect((await put(address, 'abc', { 'content-type': 'image/png' })).status).toBe(403);
		expect((await put(address, 'abc')).status).toBe(200);
		expect(await (await fetch(url)).text()).toBe('abc');
	});

	it('in parts are put together by the tags that were given out', async () => {
		const { upload_url: address = '', file_url: url = '' } = (await initiate('-multipart')).json as Record<string, string>;
		const at = (end: string): string => address.replace('?', `/${end}?`);
		const parts = [await (await put(at('1'), 'ab')).json(), await (await put(at('2'), 'c')).json()];
		const complete = async (told: unknown[]) => (await put(at('complete'), JSON.stringify({ parts: told }), { 'content-type': 'application/json' }, 'POST')).status;
		expect(await complete(parts.slice(0, 1))).toBe(422);
		expect(await complete(parts)).toBe(200);
		expect(await (await fetch(url)).text()).toBe('abc');
	});
});

describe('the history', () => {
	const history = async (query: string): Promise<Reply> => await call(`${server.baseUrls.fal}/v1/models/requests/by-endpoint?${query}`, { headers: headers() });

	it('has what has ended, page by page, with what was sent on wish', async () => {
		await ended();
		expect((await history(`endpoint_id=${RAY}/text-to-video`)).json).toMatchObject({ items: [] });
		server.reset();
		server.configure({ fal: { historyLagMs: 0 } });
		const ids = [await ended(), await ended('A cat [moderated]')];
		await started();
		const first = (await history(`endpoint_id=${RAY}/text-to-video&limit=1`)).json as { items: Array<Record<string, unknown>>; next_cursor: string };
		const second = (await history(`endpoint_id=${RAY}/text-to-video&limit=1&expand=payloads&cursor=${first.next_cursor}`)).json as typeof first;
		expect(first.items[0]).not.toHaveProperty('json_input');
		expect([...first.items, ...second.items].map((each) => each.request_id).sort()).toEqual([...ids].sort());
		expect(second).toMatchObject({ has_more: false, next_cursor: null, items: [{ json_input: { prompt: expect.any(String) } }] });
		expect((await history(`endpoint_id=${RAY}/reframe`)).json).toMatchObject({ items: [] });
	});

	it.each(['', 'limit=5', `endpoint_id=${RAY}/reframe&limit=101`, `endpoint_id=${RAY}/reframe&cursor=x`, `endpoint_id=${RAY}/reframe&model=x`])(
		'refuses %j',
		async (query) => {
			expect((await history(query)).status).toBe(400);
		},
	);
});

describe('the official client', () => {
	/** It knows the addresses of the service only: what it sends there comes here. */
	const client = (credentials = server.keys.fal) =>
		createFalClient({
			credentials,
			suppressLocalCredentialsWarning: true,
			retry: { maxRetries: 0 },
			fetch: async (url, init) => await fetch(String(url).replace(/https:\/\/(queue\.fal\.run|rest\.fal\.ai)/, server.baseUrls.fal), init),
		});

	it('submits, looks and fetches the result', async () => {
		const { queue } = client();
		const { request_id: requestId } = await queue.submit(`${RAY}/image-to-video`, { input: { prompt: PROMPT, image_url: IMAGE } });
		expect(await queue.status(RAY, { requestId })).toMatchObject({ status: 'IN_QUEUE', request_id: requestId });
		server.elapse();
		expect(await queue.status(RAY, { requestId, logs: true })).toMatchObject({ status: 'COMPLETED' });
		expect(await queue.result(RAY, { requestId })).toMatchObject({ data: { video: { url: expect.stringContaining(requestId) } } });
		expect(server.ledger()).toMatchObject({ purchases: [{ id: requestId, operation: 'generate' }], strays: [] });
	});

	it('uploads a file', async () => {
		const url = await client().storage.upload(new File(['abc'], 'a.mp4', { type: 'video/mp4' }));
		expect(await (await fetch(url)).text()).toBe('abc');
		expect(server.ledger().keyLeaks).toEqual([]);
	});

	it('understands failures, refusals and cancellation', async () => {
		const { queue } = client();
		const { request_id: requestId } = await queue.submit(`${RAY}/text-to-video`, { input: { prompt: 'A cat [moderated]' } });
		server.elapse();
		const failed = await queue.result(RAY, { requestId }).catch((error: unknown) => error);
		expect(failed).toBeInstanceOf(ValidationError);
		expect((failed as ValidationError).fieldErrors).toMatchObject([{ type: 'content_policy_violation' }]);
		await expect(client('nobody').queue.status(RAY, { requestId })).rejects.toMatchObject({ status: 401 });
		await expect(queue.submit(`${RAY}/text-to-video`, { input: { prompt: PROMPT, seed: 7 } })).rejects.toBeInstanceOf(ApiError);
		const { request_id: second } = await queue.submit(`${RAY}/text-to-video`, { input: { prompt: 'A cat' } });
		await queue.cancel(RAY, { requestId: second });
		expect(server.jobs().find(({ id }) => id === second)).toMatchObject({ status: 'failed' });
	});
});
