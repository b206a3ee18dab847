/** Callbacks come as each provider documents them, and go wrong on demand. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { startProviderServer, type ProviderServer } from '../provider-server';
import { create, FLASH, lastId, Receiver } from './client';

let server: ProviderServer;
let receiver: Receiver;
beforeAll(async () => {
	server = await startProviderServer({
		settings: { lumaDreamMachine: { jobMs: 60 }, pixazo: { jobMs: 60 }, crazyrouter: { jobMs: 60 } },
	});
});
beforeEach(async () => {
	server.reset();
	receiver = await Receiver.start();
});
afterEach(async () => await receiver.close());
afterAll(async () => await server.close());

async function dream(prompt = 'A cat'): Promise<string> {
	await create(server, 'lumaDreamMachine', prompt, { callback_url: receiver.url });
	return lastId(server);
}
const states = (): unknown[] => receiver.received.map(({ body }) => body.state ?? body.status);

test('lumaDreamMachine sends the whole generation when dreaming and when completed', async () => {
	const id = await dream();
	const { callbacks } = await server.until((ledger) => ledger.callbacks.length === 2);
	expect(receiver.received.map(({ body }) => body)).toMatchObject([
		{ id, state: 'dreaming', assets: { progress_video: expect.any(String) } },
		{
			id,
			state: 'completed',
			generation_type: 'video',
			failure_reason: null,
			assets: { video: expect.any(String) },
			request: { callback_url: receiver.url },
		},
	]);
	expect(callbacks).toMatchObject([
		{
			id,
			status: 'processing',
			attempt: 1,
			outcome: 'answered',
			answerStatus: 200,
			answerText: 'noted',
			url: receiver.url,
		},
		{ id, status: 'completed', outcome: 'answered' },
	]);
});

test('lumaDreamMachine tells a failure', async () => {
	await dream('A cat [fails: out of paint]');
	await server.until((ledger) => ledger.callbacks.length === 2);
	expect(receiver.received[1]?.body).toMatchObject({ state: 'failed', failure_reason: 'out of paint', assets: null });
});

test('lumaDreamMachine tries three more times when the answer is not 200', async () => {
	await receiver.close();
	receiver = await Receiver.start([204]);
	server.configure({ lumaDreamMachine: { callbacks: { retryDelaysMs: [1, 1, 1] } } });
	await dream();
	const { callbacks } = await server.until((ledger) => ledger.callbacks.length === 8);
	expect(
		callbacks
			.filter(({ status }) => status === 'completed')
			.map(({ attempt, outcome, answerStatus }) => [attempt, outcome, answerStatus]),
	).toEqual([1, 2, 3, 4].map((attempt) => [attempt, 'failed', 204]));
	expect(server.settings().lumaDreamMachine.callbacks.timeoutMs).toBe(5000);
});

test('a receiver that does not answer is given up after the timeout', async () => {
	await receiver.close();
	receiver = await Receiver.start(['never', 'never', 200]);
	server.configure({ pixazo: { callbacks: { timeoutMs: 500, retryDelaysMs: [1, 1] } } });
	await create(server, 'pixazo', 'A cat', {}, { 'x-webhook-url': receiver.url });
	const { callbacks } = await server.until((ledger) => ledger.callbacks.length === 3);
	expect(callbacks.map(({ outcome, answerStatus }) => [outcome, answerStatus])).toEqual([
		['failed', null],
		['failed', null],
		['answered', 200],
	]);
});

test('pixazo sends the end alone, in the form of the documented example', async () => {
	await create(server, 'pixazo', 'A cat', {}, { 'x-webhook-url': receiver.url });
	await server.until((ledger) => ledger.callbacks.length === 1);
	const time = expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);
	expect(receiver.received.map(({ body }) => body)).toEqual([
		{
			request_id: lastId(server),
			status: 'COMPLETED',
			model_id: FLASH,
			error: null,
			output: { media_url: [expect.stringMatching(/output\.mp4$/)], media_type: 'video/mp4' },
			created_at: expect.any(String),
			updated_at: time,
			completed_at: time,
		},
	]);
});

test('pixazo in sync mode tells the progress again and again', async () => {
	server.configure({ pixazo: { syncEveryMs: 5, queuedShare: 0 } });
	await create(
		server,
		'pixazo',
		'A cat [takes 60000ms]',
		{},
		{ 'x-webhook-url': receiver.url, 'x-webhook-mode': 'sync' },
	);
	await server.until((ledger) => ledger.callbacks.length >= 2);
	expect(states().slice(0, 2)).toEqual(['PROCESSING', 'PROCESSING']);
	server.finish(lastId(server), 'errored', 'out of power');
	await server.until((ledger) => ledger.callbacks.some(({ status }) => status === 'errored'));
	expect(receiver.received.at(-1)?.body).toMatchObject({ status: 'ERROR', error: 'out of power', output: null });
});

test('crazyrouter tells each change in the form of the callback page', async () => {
	await create(server, 'crazyrouter', 'A cat', { notifyHook: receiver.url });
	await server.until((ledger) => ledger.callbacks.length === 2);
	const common = { id: lastId(server), type: 'video', created_at: expect.any(Number), updated_at: expect.any(Number) };
	expect(receiver.received.map(({ body }) => body)).toEqual([
		{ ...common, status: 'IN_PROGRESS', output: null },
		{
			...common,
			status: 'succeed',
			output: { video_url: expect.stringMatching(/output\.mp4$/), cover_url: expect.any(String), duration: 5 },
		},
	]);
});

describe('on demand callbacks are', () => {
	test('lost', async () => {
		server.configure({ lumaDreamMachine: { callbacks: { mode: 'drop' } } });
		await dream();
		await server.until((ledger) => ledger.callbacks.length === 2);
		expect(server.ledger().callbacks.map(({ outcome }) => outcome)).toEqual(['dropped', 'dropped']);
		expect(receiver.received).toEqual([]);
	});

	test('doubled', async () => {
		server.configure({ lumaDreamMachine: { callbacks: { copies: 3 } } });
		await dream();
		await server.until((ledger) => ledger.callbacks.length === 6);
		expect(states()).toEqual(['dreaming', 'dreaming', 'dreaming', 'completed', 'completed', 'completed']);
	});

	test('reordered', async () => {
		await dream('A cat [callbacks: reordered]');
		await server.until((ledger) => ledger.callbacks.length === 2);
		expect(states()).toEqual(['completed', 'dreaming']);
	});

	test('late', async () => {
		server.configure({ lumaDreamMachine: { callbacks: { mode: 'late', lateMs: 50 } } });
		await dream();
		const { callbacks } = await server.until((ledger) => ledger.callbacks.length === 2);
		const completedAt = server.jobs()[0]?.completedAt ?? Infinity;
		// Timers may be a millisecond early against the clock.
		expect((callbacks[1]?.at ?? 0) - completedAt).toBeGreaterThanOrEqual(49);
	});

	test('early: there before the create is answered', async () => {
		server.configure({ lumaDreamMachine: { callbacks: { mode: 'early' } } });
		const reply = await create(server, 'lumaDreamMachine', 'A cat', { callback_url: receiver.url });
		expect(states()).toEqual(['dreaming', 'completed']);
		expect(reply.json).toMatchObject({ state: 'queued' });
	});

	test('forged', async () => {
		const body = server.callbackBody('lumaDreamMachine', { id: 'foreign', status: 'completed' });
		expect(await server.sendCallback({ url: receiver.url, body })).toEqual({ status: 200, text: 'noted' });
		expect(receiver.received.map(({ body: sent }) => [sent.id, sent.state])).toEqual([['foreign', 'completed']]);
		expect(await server.sendCallback({ url: 'http://127.0.0.1:1/', body: {} })).toEqual({ status: null, text: '' });
		expect(server.ledger().callbacks).toEqual([]);
	});
});
