/** From callbacks and the timer to executions, with the clock in the test's hand. */
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { IRun, ITriggerResponse } from 'n8n-workflow';
import { emitRead } from '../../../nodes/LumaVideo/callbacks/emit';
import { receive } from '../../../nodes/LumaVideo/callbacks/receive';
import { cronExpression, startTrigger } from '../../../nodes/LumaVideo/callbacks/timer';
import { crazyrouter } from '../../../nodes/LumaVideo/providers/crazyrouter';
import { lumaDreamMachine } from '../../../nodes/LumaVideo/providers/lumaDreamMachine';
import { pixazo } from '../../../nodes/LumaVideo/providers/pixazo';
import type { FakeGeneration, World } from './fakes';
import { FakeStore, NOW, bodyOf, executeContext, memoryOf, triggerContext, triggerNode, webhookContext, world } from './fakes';

const SECOND = 1000;
const MINUTE = 60 * SECOND;

let here: World;
let store: FakeStore;
let running: ReturnType<typeof triggerContext>;
let response: ITriggerResponse;
/** Ids that were emitted, in order. */
let output: string[];
let executions: number;

function begin(provider = pixazo, parameters = {}): void {
	here = world(provider, parameters);
	store = new FakeStore();
	output = [];
	executions = 0;
	start();
}

/** As n8n does when it starts, or publishes the workflow. */
function start(): void {
	running = triggerContext(here);
	response = startTrigger(running.context);
}

/** As when n8n ends: memory is gone, the database stays. */
function restart(): void {
	here.node = { ...triggerNode(here.service.provider.id), parameters: here.node.parameters };
	start();
}

beforeEach(() => {
	jest.useFakeTimers({ now: NOW });
});
afterEach(async () => {
	await response.closeFunction?.();
	jest.useRealTimers();
});

function call(generation: FakeGeneration) {
	return receive(webhookContext(here, bodyOf(here.service.provider.id, generation)).context, Date.now());
}

/** Lets time pass; executions run as soon as they are started, unless told otherwise. */
async function pass(ms: number, runs = true): Promise<void> {
	for (let left = ms; left >= 0; left -= 100) {
		await jest.advanceTimersByTimeAsync(Math.min(100, left));
		if (runs) await runExecutions();
	}
}

async function runExecutions(): Promise<void> {
	for (let next = running.emitted.shift(); next; next = running.emitted.shift()) {
		executions++;
		const execution = emitRead(executeContext(here, store, next.items)).then(
			(items) => ({ items, status: 'success' as const }),
			() => ({ items: [], status: 'error' as const }),
		);
		await jest.advanceTimersByTimeAsync(20 * SECOND);
		const { items, status } = await execution;
		output.push(...items.map(({ json }) => json.generationId as string));
		next.done({ status });
	}
}

describe('a callback', () => {
	it('starts an execution at once, which reads once', async () => {
		begin();
		here.service.set({ id: 'a', state: 'completed' });
		call({ id: 'a', state: 'completed' });
		await jest.advanceTimersByTimeAsync(1);
		expect(running.emitted.map(({ ids }) => ids)).toEqual([['a']]);
		await pass(MINUTE);
		expect(output).toEqual(['a']);
		expect(here.service.reads()).toBe(1);
		expect(executions).toBe(1);
	});

	it('of a forger costs one execution and one read', async () => {
		begin();
		call({ id: 'made-up', state: 'completed' });
		for (let copy = 0; copy < 100; copy++) {
			await pass(100);
			call({ id: 'made-up', state: 'completed' });
		}
		expect(output).toEqual([]);
		expect([executions, here.service.reads()]).toEqual([1, 1]);
	});

	it('that came early is followed by looks without executions, until it is over', async () => {
		begin();
		here.service.set({ id: 'a', state: 'dreaming' });
		call({ id: 'a', state: 'completed' });
		await pass(30 * SECOND);
		expect(executions).toBe(1);
		here.service.set({ id: 'a', state: 'completed' });
		await pass(60 * SECOND);
		expect(output).toEqual(['a']);
		expect(executions).toBe(2);
	});

	it('in an outage is emitted when that is over, with one execution before and one after', async () => {
		begin();
		here.service.set({ id: 'a', state: 'completed' });
		here.service.outage = { statusCode: 503 };
		call({ id: 'a', state: 'completed' });
		await pass(30 * MINUTE);
		expect(output).toEqual([]);
		expect(executions).toBe(1);
		expect(here.service.reads()).toBeLessThan(15);
		here.service.outage = null;
		await pass(11 * MINUTE);
		expect(output).toEqual(['a']);
		expect(executions).toBe(2);
	});

	it('while the credential is gone is emitted when it is back', async () => {
		begin();
		here.service.set({ id: 'a', state: 'completed' });
		const { credentials } = here.service;
		here.service.credentials = null;
		call({ id: 'a', state: 'completed' });
		await pass(MINUTE);
		here.service.credentials = credentials;
		await pass(5 * MINUTE);
		expect(output).toEqual(['a']);
	});

	it('whose execution breaks off is tried again', async () => {
		begin();
		here.service.set({ id: 'a', state: 'completed' });
		call({ id: 'a', state: 'completed' });
		await pass(SECOND, false);
		running.emitted.shift()?.fail();
		await pass(10 * SECOND);
		expect(output).toEqual(['a']);
	});

	it('whose execution runs long is left alone', async () => {
		begin();
		here.service.set({ id: 'a', state: 'completed' });
		call({ id: 'a', state: 'completed' });
		await pass(SECOND, false);
		expect(running.emitted).toHaveLength(1);
		for (let minute = 0; minute < 60; minute++) {
			call({ id: 'a', state: 'completed' });
			running.crons[0]?.tick();
			await pass(MINUTE, false);
		}
		expect(running.emitted).toHaveLength(1);
	}, 60_000);
});

describe('a burst of callbacks', () => {
	const MANY = 300;

	/** Calls about so many generations, some in every slice of time; executions end at once. */
	async function burst(known: boolean): Promise<void> {
		for (let id = 0; id < MANY; id++) {
			const generation = { id: `video-${id}`, state: 'completed' as const };
			if (known) here.service.set(generation);
			call(generation);
			if (id % 10 === 9) await runBeside(20);
		}
		await runBeside(MINUTE);
	}

	/** Lets time pass while executions run beside each other. */
	async function runBeside(ms: number): Promise<void> {
		for (let left = ms; left > 0; left -= 20) {
			await jest.advanceTimersByTimeAsync(20);
			for (const { items, done } of running.emitted.splice(0)) {
				executions++;
				void emitRead(executeContext(here, store, items)).then((emitted) => {
					output.push(...emitted.map(({ json }) => json.generationId as string));
					done({ status: 'success' });
				});
			}
		}
	}

	it.each([pixazo, lumaDreamMachine])('of $displayName shares executions, and each is emitted once', async (provider) => {
		begin(provider);
		store.latencyMs = 80;
		await burst(true);
		expect(output).toHaveLength(MANY);
		expect(new Set(output).size).toBe(MANY);
		expect(executions).toBeLessThanOrEqual(MANY / 5);
		expect(here.service.requests.length).toBeLessThanOrEqual(MANY);
	});

	it('of a forger starts no more executions than single calls would, and reads no faster', async () => {
		begin();
		await burst(false);
		expect(output).toEqual([]);
		expect(executions).toBeLessThanOrEqual(40);
		// 100 at once, then 5 a second.
		expect(here.service.reads()).toBeLessThanOrEqual(100 + 5 * 61);
	});

	it('leaves few calls their own executions, at once', async () => {
		begin();
		for (let id = 0; id < 8; id++) {
			here.service.set({ id: `video-${id}`, state: 'completed' });
			call({ id: `video-${id}`, state: 'completed' });
			await jest.advanceTimersByTimeAsync(1);
		}
		expect(running.emitted.map(({ ids }) => ids.length)).toEqual([1, 1, 1]);
		await jest.advanceTimersByTimeAsync(3 * SECOND);
		expect(running.emitted.map(({ ids }) => ids.length)).toEqual([1, 1, 1, 5]);
	});
});

describe('executions in other processes', () => {
	function finished(status: 'success' | 'error', ids: string[] = []): Partial<IRun> {
		const items = ids.map((generationId) => ({ json: { generationId, event: 'completed' } }));
		return {
			status,
			data: { resultData: { runData: { [here.node.name]: [{ data: { main: [items] } }] } } },
		} as unknown as Partial<IRun>;
	}

	it('tell by their output what they emitted', async () => {
		begin();
		here.service.set({ id: 'a', state: 'completed' });
		call({ id: 'a', state: 'completed' });
		await pass(SECOND, false);
		running.emitted.shift()?.done(finished('success', ['a']));
		await pass(30 * MINUTE, false);
		expect(running.emitted).toEqual([]);
		expect(here.service.reads()).toBe(0);
		expect(call({ id: 'a', state: 'completed' })).toEqual({ webhookResponse: { status: 'ignored' } });
	});

	it('that emitted nothing are looked after, and believed after the third', async () => {
		begin();
		here.service.set({ id: 'a', state: 'completed' });
		call({ id: 'a', state: 'completed' });
		let started = 0;
		for (let minute = 0; minute < 60; minute++) {
			await pass(MINUTE, false);
			const next = running.emitted.shift();
			if (next) started++;
			next?.done(finished('success'));
		}
		expect(started).toBe(3);
	}, 60_000);
});

describe('the first look after the start', () => {
	it('finds what the list tells', async () => {
		begin(lumaDreamMachine);
		here.service.set({ id: 'a', state: 'completed' }, { id: 'b', state: 'dreaming' }, { id: 'c', state: 'failed' });
		await pass(5 * SECOND);
		expect(output.sort()).toEqual(['a', 'c']);
	});

	it('reads what was announced before n8n ended', async () => {
		begin(crazyrouter);
		here.service.set({ id: 'a', state: 'dreaming' }, { id: 'b', state: 'dreaming' });
		call({ id: 'a', state: 'dreaming' });
		call({ id: 'b', state: 'dreaming' });
		await pass(SECOND);
		here.service.set({ id: 'a', state: 'completed' });
		restart();
		await pass(5 * SECOND);
		expect(output).toEqual(['a']);
		here.service.set({ id: 'b', state: 'completed' });
		running.crons[0]?.tick();
		await pass(5 * SECOND);
		expect(output).toEqual(['a', 'b']);
	});

	it('reads what was noted a moment before n8n was killed', async () => {
		begin(pixazo);
		here.service.set({ id: 'a', state: 'completed' });
		call({ id: 'a', state: 'completed' });
		restart();
		await pass(5 * SECOND);
		expect(output).toEqual(['a']);
	});

	it('emits nothing that was emitted before', async () => {
		begin(lumaDreamMachine);
		const all = Array.from({ length: 30 }, (_, index) => ({ id: `g${index}`, state: 'completed' as const }));
		here.service.set(...all);
		for (const generation of all) call(generation);
		await pass(MINUTE);
		expect([...output].sort()).toEqual(all.map(({ id }) => id).sort());
		for (let time = 0; time < 2; time++) {
			restart();
			await pass(MINUTE);
		}
		expect(output).toHaveLength(30);
	});

	it('starts one execution for many', async () => {
		begin(lumaDreamMachine);
		here.service.set(...Array.from({ length: 120 }, (_, index) => ({ id: `g${index}`, state: 'completed' as const })));
		await pass(10 * SECOND, false);
		expect(running.emitted.map(({ ids }) => ids.length)).toEqual([50, 50, 20]);
	});

	it('asks nothing when nothing is open and there is no list', async () => {
		begin(pixazo);
		for (let tick = 0; tick < 20; tick++) {
			running.crons[0]?.tick();
			await pass(5 * MINUTE, false);
		}
		expect(here.service.requests).toEqual([]);
		expect(running.emitted).toEqual([]);
	}, 60_000);

	it('is not taken while the address is refused', async () => {
		begin(lumaDreamMachine);
		memoryOf(here.node).isAddressRefused = true;
		here.service.set({ id: 'a', state: 'completed' });
		await pass(MINUTE);
		expect(here.service.requests).toEqual([]);
		memoryOf(here.node).isAddressRefused = false;
		running.crons[0]?.tick();
		await pass(SECOND);
		expect(output).toEqual(['a']);
	});
});

describe('switched off', () => {
	it('no timer runs and no list is read, but callbacks are followed', async () => {
		begin(lumaDreamMachine, { options: { reconcileMinutes: 0 } });
		here.service.set({ id: 'a', state: 'completed' }, { id: 'b', state: 'completed' });
		expect(running.crons).toEqual([]);
		call({ id: 'a', state: 'completed' });
		await pass(10 * MINUTE);
		expect(output).toEqual(['a']);
		expect(here.service.requests).toEqual(['a']);
	});
});

describe('unpublished', () => {
	it('nothing is started any more', async () => {
		begin(lumaDreamMachine);
		here.service.set({ id: 'a', state: 'completed' });
		await response.closeFunction?.();
		running.crons[0]?.tick();
		await pass(MINUTE);
		expect(here.service.requests).toEqual([]);
		expect(memoryOf(here.node).onDue).toBeNull();
	});

	it('after a newer version took over, that one goes on', async () => {
		begin(pixazo);
		const older = response;
		start();
		await older.closeFunction?.();
		here.service.set({ id: 'a', state: 'completed' });
		call({ id: 'a', state: 'completed' });
		await pass(SECOND);
		expect(output).toEqual(['a']);
	});

	it('a test starts nothing', () => {
		here = world(lumaDreamMachine);
		const { context, crons } = triggerContext(here, 'manual');
		response = startTrigger(context);
		expect(response).toEqual({});
		expect(crons).toEqual([]);
	});
});

describe('the timer', () => {
	it.each([
		[5, '*/5'],
		[1, '*/1'],
		[59, '*/59'],
		[0.2, '*/1'],
		[2.4, '*/2'],
		[600, '*/59'],
	])('of %d minutes', (minutes, field) => {
		expect(cronExpression(minutes, 'node')).toMatch(new RegExp(`^\\d{1,2} ${field.replace('*', '\\*')} \\* \\* \\* \\*$`));
	});

	it('comes at other seconds for other nodes, always at the same for one', () => {
		const seconds = Array.from({ length: 200 }, (_, index) => Number(cronExpression(5, `node-${index}`).split(' ')[0]));
		expect(new Set(seconds).size).toBeGreaterThan(30);
		expect(Math.max(...seconds)).toBeLessThan(60);
		expect(cronExpression(5, 'x')).toBe(cronExpression(5, 'x'));
	});

	it('comes every 5 minutes unless set', () => {
		begin();
		expect(running.crons[0]?.expression).toContain('*/5');
	});
});
