/** Replicate's official client can use the server as it uses the service. */
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import Replicate, { validateWebhook } from 'replicate';
import { startProviderServer, type ProviderServer } from '../provider-server';
import { Receiver } from './client';

let server: ProviderServer;
let client: Replicate;
beforeAll(async () => {
	server = await startProviderServer({ settings: { replicate: { jobMs: 20 } } });
	client = new Replicate({ auth: server.keys.replicate, baseUrl: server.baseUrls.replicate });
});
beforeEach(() => server.reset());
afterAll(async () => await server.close());

const model = 'luma/ray-3.2';

test('runs a model', async () => {
	const output = await client.run(model, { input: { prompt: 'A cat', duration: 10, resolution: '540p' }, wait: { mode: 'poll', interval: 10 } });
	const [{ id = '' } = {}] = server.ledger().purchases;
	expect(String(output)).toBe(`${server.url}/media/replicate/${id}/output.mp4`);
	await expect(client.predictions.get(id)).resolves.toMatchObject({ id, status: 'succeeded', model, error: null, data_removed: false });
});

test('fails as the service does', async () => {
	const run = client.run(model, { input: { prompt: 'A cat [fails: out of paint]' }, wait: { mode: 'poll', interval: 10 } });
	await expect(run).rejects.toThrow('Prediction failed: out of paint');
});

test('uploads what is given as a file', async () => {
	const bytes = Buffer.from('the bytes of an image');
	const start = new File([bytes], 'kite.png', { type: 'image/png' });
	const { id } = await client.predictions.create({ model, input: { prompt: 'A cat', start_image: start } });
	const { start_image: address } = (server.jobs()[0]?.request.input ?? {}) as { start_image?: string };
	expect(address).toMatch(new RegExp(`^${server.baseUrls.replicate}/files/[a-z0-9]{26}$`));
	await expect(client.files.get(address?.split('/').at(-1) ?? '')).resolves.toMatchObject({
		content_type: 'image/png',
		size: bytes.length,
		urls: { get: address },
	});
	expect(server.ledger().purchases.map((purchase) => purchase.id)).toEqual([id]);
});

test('lists page by page', async () => {
	server.configure({ replicate: { listMaximum: 2 } });
	const ids: string[] = [];
	for (let count = 0; count < 5; count += 1) ids.unshift((await client.predictions.create({ model, input: { prompt: 'A cat' } })).id);
	const listed: string[] = [];
	for await (const page of client.paginate(client.predictions.list)) listed.push(...page.map(({ id }) => id));
	expect(listed).toEqual(ids);
});

test('accepts the signature of a callback, and of no other body', async () => {
	const receiver = await Receiver.start();
	await client.predictions.create({ model, input: { prompt: 'A cat' }, webhook: receiver.url, webhook_events_filter: ['completed'] });
	await server.until((ledger) => ledger.callbacks.length === 1);
	const { key: secret } = await client.webhooks.default.secret.get();
	const [{ text, headers } = { text: '', headers: {} as Record<string, unknown> }] = receiver.received;
	const signed = {
		id: String(headers['webhook-id']),
		timestamp: String(headers['webhook-timestamp']),
		signature: String(headers['webhook-signature']),
		secret,
	};
	await expect(validateWebhook({ ...signed, body: text })).resolves.toBe(true);
	await expect(validateWebhook({ ...signed, body: text.replace('succeeded', 'failed') })).resolves.toBe(false);
	await receiver.close();
});

test('reads the account, and understands refusals', async () => {
	await expect(client.accounts.current()).resolves.toMatchObject({ type: 'user', username: 'tester' });
	const stranger = new Replicate({ auth: 'r8_nobody', baseUrl: server.baseUrls.replicate });
	await expect(stranger.accounts.current()).rejects.toThrow('status 401');
	await expect(client.predictions.create({ model, input: {} })).rejects.toThrow('prompt is required');
	await expect(client.predictions.create({ model: 'luma/ray-2-1080p', input: { prompt: 'A cat' } })).rejects.toThrow('status 404');
	await expect(client.predictions.get('nobody')).rejects.toThrow('status 404');
	expect(server.ledger().purchases).toEqual([]);
});
