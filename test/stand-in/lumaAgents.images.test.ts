/** Luma Agents' images are played as documented: what is taken, what is refused, and the files. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { startProviderServer, type ProviderServer } from '../provider-server';
import { call, type Reply } from './client';

let server: ProviderServer;
beforeAll(async () => {
	server = await startProviderServer();
});
beforeEach(() => server.reset());
afterAll(async () => await server.close());

const NOBODY = '00000000-0000-0000-0000-000000000000';
const IMAGE = { url: 'https://images.example/cat.jpg' };
const DATA = { data: 'AAAA', media_type: 'image/png' };
const references = (count: number): unknown[] => Array(count).fill(IMAGE);
const edit = (extra: Record<string, unknown> = {}): Record<string, unknown> => ({ type: 'image_edit', source: IMAGE, ...extra });

const key = (): Record<string, string> => ({ authorization: `Bearer ${server.keys.lumaAgents}` });

async function create(extra: Record<string, unknown> = {}): Promise<Reply> {
	return await call(`${server.baseUrls.lumaAgents}/generations`, {
		body: { model: 'uni-1', type: 'image', prompt: 'A cat [takes 60000ms]', ...extra },
		headers: key(),
	});
}

async function finished(extra: Record<string, unknown> = {}): Promise<{ id: string; output: Array<{ type: string; url: string }> }> {
	const { id } = (await create(extra)).json as { id: string };
	server.finish(id);
	const { json } = await call(`${server.baseUrls.lumaAgents}/generations/${id}`, { headers: key() });
	return json as Awaited<ReturnType<typeof finished>>;
}

test.each([
	[{}, 'image/png', '89504e47'],
	[{ output_format: 'png' }, 'image/png', '89504e47'],
	[{ output_format: 'jpeg' }, 'image/jpeg', 'ffd8ffe0'],
	[edit({ output_format: 'jpeg' }), 'image/jpeg', 'ffd8ffe0'],
])('one file comes of %j, and it is what it says', async (extra, type, magic) => {
	const { output } = await finished(extra);
	expect(output.map((each) => each.type)).toEqual(['image']);
	const file = await call(output[0]?.url ?? '');
	expect([file.headers['content-type'], file.bytes.subarray(0, 4).toString('hex')]).toEqual([type, magic]);
});

describe('bodies', () => {
	test.each<[number, string, Record<string, unknown>]>([
		[400, 'prompt', { prompt: '' }],
		[400, 'prompt', { prompt: 'a'.repeat(6001) }],
		[400, 'output_format', { output_format: 'webp' }],
		[400, 'style', { style: 'oil' }],
		[400, 'web_search', { web_search: 'yes' }],
		[422, 'seed', { seed: 5 }],
		[422, 'size', { size: '1k' }],
		[422, 'model ray-3.2', { model: 'ray-3.2' }],
		[422, 'model ray-3.2', edit({ model: 'ray-3.2' })],
		[422, 'model uni-1', { type: 'video' }],
		[422, 'source', { source: IMAGE }],
		[422, 'source', { type: 'image_edit' }],
		[422, 'aspect_ratio', { aspect_ratio: '4:3' }],
		[422, 'aspect_ratio', edit({ aspect_ratio: '21:9' })],
		[422, 'video', { video: { resolution: '720p' } }],
		[422, 'image_ref', { image_ref: references(10) }],
		[422, 'image_ref', edit({ image_ref: references(9) })],
		[422, 'manga', { style: 'manga' }],
		[422, 'manga', { style: 'manga', aspect_ratio: '16:9' }],
		[422, 'manga', edit({ style: 'manga', aspect_ratio: '2:3' })],
		[422, 'image_ref[1]', { image_ref: [IMAGE, {}] }],
		[422, 'image_ref[0]', { image_ref: [{ ...IMAGE, ...DATA }] }],
		[422, 'image_ref[0]: media_type', { image_ref: [{ data: 'AAAA' }] }],
		[422, 'source: media_type', edit({ source: { ...IMAGE, media_type: 'video/mp4' } })],
		[422, 'source: data', edit({ source: { ...DATA, data: 'A?' } })],
		[422, 'not found', edit({ source: { generation_id: NOBODY } })],
		[400, 'UUID', edit({ source: { generation_id: 'x' } })],
	])('%i for %s: %j', async (status, place, extra) => {
		const reply = await create(extra);
		expect([reply.status, reply.json]).toEqual([status, { detail: expect.stringContaining(place) }]);
		expect(server.ledger().purchases).toEqual([]);
	});

	test.each<[string, Record<string, unknown>, string]>([
		['nine references', { image_ref: references(9) }, 'image'],
		['an upright manga', { style: 'manga', aspect_ratio: '1:3' }, 'image'],
		['a panorama after a look into the web', { aspect_ratio: '3:1', web_search: true, style: 'auto' }, 'image'],
		['the larger model', { model: 'uni-1-max', user_id: 'u' }, 'image'],
		['an edit with eight references', edit({ image_ref: references(8) }), 'imageEdit'],
		['an edit of what is inside', edit({ source: DATA, aspect_ratio: '2:1' }), 'imageEdit'],
	])('takes %s', async (_, extra, operation) => {
		expect((await create(extra)).status).toBe(201);
		expect(server.ledger().purchases).toMatchObject([{ operation }]);
	});

	test('edits completed images only, and an image is no source of a video', async () => {
		const { id } = await finished();
		const { id: edited } = await finished(edit({ source: { generation_id: id } }));
		const { id: video } = await finished({ model: 'ray-3.2', type: 'video' });
		const { id: running } = (await create()).json as { id: string };
		for (const [source, words] of [[video, 'no image'], [running, 'not completed']]) {
			const reply = await create(edit({ source: { generation_id: source } }));
			expect([reply.status, reply.json]).toEqual([422, { detail: expect.stringContaining(words ?? '') }]);
		}
		const extension = { model: 'ray-3.2', type: 'video', video: { start_frame: { generation_id: edited } } };
		expect((await create(extension)).json).toEqual({ detail: expect.stringContaining('no video output') });
	});

	test('takes no image that is too large', async () => {
		server.configure({ lumaAgents: { maxImageBytes: 2 } });
		expect((await create(edit({ source: DATA }))).status).toBe(413);
	});
});
