/** Luma's official SDK can use the server as it uses the service. */
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import LumaAI from 'lumaai';
import { startProviderServer, type ProviderServer } from '../provider-server';

let server: ProviderServer;
let client: LumaAI;
beforeAll(async () => {
	server = await startProviderServer({ settings: { lumaDreamMachine: { jobMs: 20 } } });
	client = new LumaAI({
		authToken: server.keys.lumaDreamMachine,
		baseURL: server.baseUrls.lumaDreamMachine,
		maxRetries: 0,
	});
});
beforeEach(() => server.reset());
afterAll(async () => await server.close());

async function completed(id: string | undefined): Promise<LumaAI.Generation> {
	await server.until(() => server.jobs().some((job) => job.id === id && job.status === 'completed'));
	return await client.generations.get(id ?? '');
}

test('creates, reads, lists, extends and deletes', async () => {
	const first = await client.generations.create({
		model: 'ray-2',
		prompt: 'A serene lake',
		aspect_ratio: '16:9',
		loop: true,
		concepts: [{ key: 'dolly_zoom' }],
		resolution: '720p',
		duration: '5s',
	});
	expect(first).toMatchObject({ state: 'queued', model: 'ray-2', generation_type: 'video' });
	const done = await completed(first.id);
	expect(done.assets?.video).toContain(first.id);
	const second = await client.generations.video.create({
		model: 'ray-flash-2',
		prompt: 'Further on',
		keyframes: { frame0: { type: 'generation', id: first.id ?? '' } },
	});
	const list = await client.generations.list({ limit: 1 });
	expect(list).toMatchObject({ count: 1, limit: 1, offset: 0, has_more: true, generations: [{ id: second.id }] });
	await expect(client.generations.delete(first.id ?? '')).resolves.toBeNull();
	await expect(client.generations.get(first.id ?? '')).rejects.toBeInstanceOf(LumaAI.NotFoundError);
	expect(server.ledger()).toMatchObject({
		deletions: [{ provider: 'lumaDreamMachine', id: first.id }],
		purchases: [{ operation: 'generate' }, { operation: 'extend' }],
	});
});

test('modifies, reframes, upscales and adds sound', async () => {
	const media = { url: 'https://videos.example/a.mp4' };
	const modified = await client.generations.video.modify({
		generation_type: 'modify_video',
		model: 'ray-2',
		mode: 'adhere_1',
		media,
	});
	const reframed = await client.generations.video.reframe({
		generation_type: 'reframe_video',
		model: 'ray-2',
		aspect_ratio: '1:1',
		media,
	});
	const { id = '' } = await completed(modified.id);
	const upscaled = await client.generations.upscale(id, { resolution: '1080p' });
	const sounded = await client.generations.audio(id, { prompt: 'Rain' });
	expect(new Set([modified.id, reframed.id, upscaled.id, sounded.id]).size).toBe(4);
	expect(server.ledger().purchases.map(({ operation }) => operation)).toEqual([
		'modify',
		'reframe',
		'upscale',
		'audio',
	]);
});

test('reads the account and the lists of words', async () => {
	await expect(client.credits.get()).resolves.toEqual({ credit_balance: 1_000_000 });
	await expect(client.ping.check()).resolves.toEqual({ message: 'pong' });
	await expect(client.generations.concepts.list()).resolves.toContain('dolly_zoom');
	await expect(client.get('/generations/camera_motion/list')).resolves.toContain('camera orbit left');
});

test('understands the refusals', async () => {
	const stranger = new LumaAI({ authToken: 'nobody', baseURL: server.baseUrls.lumaDreamMachine, maxRetries: 0 });
	await expect(stranger.credits.get()).rejects.toBeInstanceOf(LumaAI.AuthenticationError);
	await expect(client.generations.create({ model: 'ray-2', prompt: 'ab' })).rejects.toBeInstanceOf(
		LumaAI.BadRequestError,
	);
	await expect(client.generations.create({ model: 'ray-2', prompt: 'A lake', duration: '7s' })).rejects.toBeInstanceOf(
		LumaAI.UnprocessableEntityError,
	);
	server.fault({ kind: '429' });
	await expect(client.generations.list()).rejects.toBeInstanceOf(LumaAI.RateLimitError);
});

test('double-buys on a server fault when it may retry, and the ledger shows it', async () => {
	const eager = new LumaAI({
		authToken: server.keys.lumaDreamMachine,
		baseURL: server.baseUrls.lumaDreamMachine,
		maxRetries: 1,
	});
	server.fault({ kind: '500-after', route: 'create' });
	await eager.generations.create({ model: 'ray-2', prompt: 'A lake' });
	expect(server.ledger().purchases).toHaveLength(2);
});
