/** The head of the execution: what is read, what is emitted, what is said when it cannot be read. */
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { INodeExecutionData } from 'n8n-workflow';
import { emitRead } from '../../../nodes/LumaVideo/callbacks/emit';
import { crazyrouter } from '../../../nodes/LumaVideo/providers/crazyrouter';
import { lumaDreamMachine } from '../../../nodes/LumaVideo/providers/lumaDreamMachine';
import { pixazo } from '../../../nodes/LumaVideo/providers/pixazo';
import type { World } from './fakes';
import { FakeStore, HOOK, NOW, executeContext, input, memoryOf, withCallbacks, world } from './fakes';

let here: World;
let store: FakeStore;

function begin(provider = pixazo, parameters = {}): void {
	here = world(provider, parameters);
	store = new FakeStore();
	memoryOf(here.node).onDue = () => undefined;
}
beforeEach(() => {
	jest.useFakeTimers({ now: NOW });
	begin();
});
afterEach(() => {
	jest.useRealTimers();
});

/** Runs to the end, however long pauses are. */
async function run(items: INodeExecutionData[], mode = 'trigger'): Promise<INodeExecutionData[]> {
	const result = emitRead(executeContext(here, store, items, mode)).then(
		(value) => ({ value }),
		(error: unknown) => ({ error }),
	);
	await jest.runAllTimersAsync();
	const settled = await result;
	if ('error' in settled) throw settled.error;
	return settled.value;
}

/** As after a callback: the id is in hand. */
function inHand(...ids: string[]): INodeExecutionData[] {
	for (const generationId of ids) {
		memoryOf(here.node).hear(here.service.provider.id, { generationId, status: 'completed' }, ['completed', 'failed'], false, Date.now());
	}
	memoryOf(here.node).takeDue(Date.now());
	return input(...ids);
}

function openIds(): string[] {
	return (memoryOf(here.node).toStore().open as Array<[string, number]>).map(([id]) => id);
}

describe.each(withCallbacks.map((provider) => [provider.id, provider] as const))('%s', (id, provider) => {
	beforeEach(() => {
		begin(provider);
	});

	it('emits what the provider says, in the one output shape', async () => {
		here.service.set({ id: 'a', state: 'completed' });
		const [item, ...others] = await run(inHand('a'));
		expect(others).toEqual([]);
		expect(Object.keys(item?.json ?? {})).toEqual([
			'generationId',
			'provider',
			'model',
			'status',
			'videoUrl',
			'media',
			'prompt',
			'createdAt',
			'completedAt',
			'failureReason',
			'estimatedCostUsd',
			'event',
		]);
		expect(item?.json).toMatchObject({
			generationId: 'a',
			provider: id,
			status: 'completed',
			event: 'completed',
			videoUrl: 'https://media.example.com/a.mp4',
		});
		expect(item?.pairedItem).toEqual({ item: 0 });
		expect(here.service.reads()).toBe(1);
		expect(openIds()).toEqual([]);
	});

	it('emits it once', async () => {
		here.service.set({ id: 'a', state: 'completed' });
		expect(await run(inHand('a'))).toHaveLength(1);
		expect(await run(input('a'))).toEqual([]);
	});

	it('emits nothing for an id that the provider does not know, after one read', async () => {
		expect(await run(inHand('made-up'))).toEqual([]);
		expect(here.service.reads()).toBe(1);
		expect(openIds()).toEqual([]);
	});

	it('emits nothing for what is not over, and goes on looking after it', async () => {
		here.service.set({ id: 'a', state: 'dreaming' }, { id: 'b', state: 'completed', withoutVideo: true });
		expect(await run(inHand('a', 'b'))).toEqual([]);
		expect(openIds()).toEqual(['a', 'b']);
		expect(memoryOf(here.node).nextLookAt(Date.now())).not.toBeNull();
	});

	it('emits a failed one as failed, when that is wanted', async () => {
		here.service.set({ id: 'a', state: 'failed' }, { id: 'b', state: 'failed' });
		expect((await run(inHand('a'))).map(({ json }) => [json.event, json.videoUrl])).toEqual([['failed', null]]);
		here.node.parameters.events = ['completed'];
		expect(await run(inHand('b'))).toEqual([]);
		expect(openIds()).toEqual([]);
	});

	it('emits nothing that ended more than seven days ago', async () => {
		here.service.set({ id: 'a', state: 'completed', createdAt: NOW - 8 * 24 * 3_600_000 });
		expect(await run(inHand('a'))).toEqual([]);
		expect(openIds()).toEqual([]);
	});

	it('adds the answer as it came on wish', async () => {
		here.node.parameters.options = { includeRaw: true };
		here.service.set({ id: 'a', state: 'completed' });
		expect((await run(inHand('a')))[0]?.json.raw).toBeDefined();
	});

	it('in a test, emits each time and remembers nothing', async () => {
		here.service.set({ id: 'a', state: 'completed', callbackUrl: HOOK.replace('/webhook/', '/webhook-test/') });
		for (let time = 0; time < 2; time++) expect(await run(input('a'), 'manual')).toHaveLength(1);
		expect(store.calls).toBe(0);
	});
});

describe('Luma Dream Machine', () => {
	beforeEach(() => {
		begin(lumaDreamMachine);
	});

	it.each([
		['another trigger', 'https://n8n.example.com/webhook/another/luma-video'],
		['nobody', null],
		['the test URL', HOOK.replace('/webhook/', '/webhook-test/')],
	])('what calls %s is not emitted', async (_, callbackUrl) => {
		here.service.set({ id: 'a', state: 'completed', callbackUrl });
		expect(await run(inHand('a'))).toEqual([]);
		expect(here.service.reads()).toBe(1);
		expect(openIds()).toEqual([]);
	});

	it('reads many at once from the list', async () => {
		const ids = Array.from({ length: 50 }, (_, index) => `g${index}`);
		here.service.set(...ids.map((id) => ({ id, state: 'completed' as const })));
		const items = await run(input(...ids));
		expect(items.map(({ json }) => json.generationId).sort()).toEqual([...ids].sort());
		for (const { json, pairedItem } of items) expect(pairedItem).toEqual({ item: ids.indexOf(json.generationId as string) });
		expect(here.service.requests).toEqual(['list 0']);
	});
});

describe('progress', () => {
	it('is emitted once for each status, and the end after it', async () => {
		begin(crazyrouter, { events: ['completed', 'failed', 'progress'] });
		const events: unknown[] = [];
		for (const state of ['queued', 'queued', 'dreaming', 'dreaming', 'completed', 'completed'] as const) {
			here.service.set({ id: 'a', state });
			events.push(...(await run(input('a'))).map(({ json }) => `${String(json.event)} ${String(json.status)}`));
		}
		expect(events).toEqual(['progress queued', 'progress processing', 'completed completed']);
	});

	it('is not emitted after the end', async () => {
		begin(crazyrouter, { events: ['completed', 'failed', 'progress'] });
		here.service.set({ id: 'a', state: 'completed' });
		expect(await run(input('a'))).toHaveLength(1);
		// A late callback about progress leads to the same read.
		expect(await run(input('a'))).toEqual([]);
	});

	it('of a completed one without a video is told as progress', async () => {
		begin(crazyrouter, { events: ['progress'] });
		here.service.set({ id: 'a', state: 'completed', withoutVideo: true });
		expect((await run(input('a')))[0]?.json.event).toBe('progress');
	});
});

describe('what cannot be read', () => {
	it.each([
		['is unavailable', { statusCode: 503 }],
		['is receiving too much', { statusCode: 429 }],
		['breaks off', 'reset' as const],
	])('because the provider %s stays with the trigger, quietly', async (_, outage) => {
		here.service.outage = outage;
		expect(await run(inHand('a'))).toEqual([]);
		expect(openIds()).toEqual(['a']);
		expect(here.warnings).toEqual([expect.stringContaining('it is read again later')]);

		here.service.outage = null;
		here.service.set({ id: 'a', state: 'completed' });
		expect(await run(input('a'))).toHaveLength(1);
	});

	it('because the key is refused is told to a person, and kept', async () => {
		here.service.outage = { statusCode: 401 };
		await expect(run(inHand('a'))).rejects.toMatchObject({
			message: expect.stringMatching(/^Generation a cannot be read: .* \[item 0\]$/),
			description: expect.stringContaining('It is kept and read again later.'),
		});
		expect(openIds()).toEqual(['a']);
	});

	it('where the trigger runs elsewhere and there is no list is told, to be retried', async () => {
		memoryOf(here.node).onDue = null;
		here.service.outage = { statusCode: 503 };
		await expect(run(input('a'))).rejects.toMatchObject({ description: 'Retry this execution to read it again.' });
		here.service.outage = null;
		here.service.set({ id: 'a', state: 'completed' });
		expect(await run(input('a'), 'retry')).toHaveLength(1);
	});

	it('where the trigger runs elsewhere and has a list is found there', async () => {
		begin(lumaDreamMachine);
		memoryOf(here.node).onDue = null;
		here.service.outage = { statusCode: 503 };
		expect(await run(input('a'))).toEqual([]);
		here.node.parameters.options = { reconcileMinutes: 0 };
		await expect(run(input('a'))).rejects.toThrow('cannot be read');
	});

	it('in a test is told at once', async () => {
		here.service.outage = { statusCode: 503 };
		await expect(run(input('a'), 'manual')).rejects.toThrow('cannot be read');
	});

	it('does not keep back what could be read', async () => {
		here.service.set({ id: 'a', state: 'completed' });
		const items = inHand('a', 'b');
		const { request } = here.service;
		Object.assign(here.service, {
			request: async (type: string, options: { url: string }) =>
				options.url.endsWith('/b') ? { statusCode: 503, headers: {}, body: '' } : await request(type, options),
		});
		expect((await run(items)).map(({ json }) => json.generationId)).toEqual(['a']);
		expect(openIds()).toEqual(['b']);
	});
});

describe('odd input', () => {
	it.each([
		['no items', []],
		['no id', [{ json: {} }]],
		['other types', [{ json: { generationId: 5 } }, { json: { generationId: null } }]],
		['paths', [{ json: { generationId: '../me' } }, { json: { generationId: '..' } }]],
	])('%s asks nothing and emits nothing', async (_, items) => {
		expect(await run(items as INodeExecutionData[])).toEqual([]);
		expect(here.service.requests).toEqual([]);
	});

	it('the same id twice is read once', async () => {
		here.service.set({ id: 'a', state: 'completed' });
		expect(await run(input('a', 'a'))).toHaveLength(1);
		expect(here.service.reads()).toBe(1);
	});
});
