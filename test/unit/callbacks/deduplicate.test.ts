/** One emission per key, on top of a store that reads, changes and writes without a lock. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Candidate } from '../../../nodes/LumaVideo/callbacks/deduplicate';
import { MAX_REMEMBERED, claim } from '../../../nodes/LumaVideo/callbacks/deduplicate';
import { inLine } from '../../../nodes/LumaVideo/generation/inLine';
import type { Clock } from '../../../nodes/LumaVideo/generation/clock';
import { pixazo } from '../../../nodes/LumaVideo/providers/pixazo';
import type { World } from './fakes';
import { FakeStore, executeContext, world } from './fakes';

/** Faster than the wall clock. */
const SPEED = 20;
const clock: Clock = {
	now: () => Date.now() * SPEED,
	wall: () => Date.now() * SPEED,
	wait: async (ms) => {
		await new Promise((resolve) => setTimeout(resolve, ms / SPEED));
	},
};

let here: World;
let store: FakeStore;
beforeEach(() => {
	here = world(pixazo);
	store = new FakeStore();
});

function candidate(key: string, ticket: string | null = `ticket-${Math.random()}`): Candidate {
	return { key, ticket };
}

async function claimed(
	candidates: Candidate[],
	{ isAlone = true, mode = 'trigger', id = '1', from = store }: { isAlone?: boolean; mode?: string; id?: string; from?: FakeStore } = {},
): Promise<string[]> {
	return [...(await claim(executeContext(here, from, [], mode, id), candidates, isAlone, clock))];
}

describe('in one process', () => {
	it('a key is claimed once, whenever it comes', async () => {
		expect(await claimed([candidate('a'), candidate('b')])).toEqual(['a', 'b']);
		expect(await claimed([candidate('b'), candidate('c')])).toEqual(['c']);
		expect(await claimed([])).toEqual([]);
	});

	it('20 claims at the same moment give one', async () => {
		store.latencyMs = 5;
		const all = await Promise.all(Array.from({ length: 20 }, () => claimed([candidate('a')])));
		expect(all.flat()).toEqual(['a']);
	});

	it('claims of different keys at the same moment are all kept', async () => {
		store.latencyMs = 5;
		const keys = Array.from({ length: 20 }, (_, index) => `key-${index}`);
		const all = await Promise.all(keys.map((key) => claimed([candidate(key)])));
		expect(all.flat().sort()).toEqual([...keys].sort());
		for (const key of keys) expect(store.entries).toContain(key);
	});

	it('costs one call of the store', async () => {
		await claimed([candidate('a'), candidate('b')]);
		expect(store.calls).toBe(1);
		await claimed([candidate('a')]);
		expect(store.calls).toBe(2);
		expect(store.entries).toHaveLength(4);
	});

	it('remembers the last 5,000 emissions', async () => {
		store.latencyMs = 0;
		const keys = Array.from({ length: 6000 }, (_, index) => `key-${index}`);
		for (let first = 0; first < keys.length; first += 100) {
			await claimed(keys.slice(first, first + 100).map((key) => candidate(key)));
		}
		expect(store.entries).toHaveLength(MAX_REMEMBERED);
		expect(await claimed([candidate('key-1000')])).toEqual([]);
	});
});

describe('across processes', () => {
	/** Claims as processes of their own do: they share no line. */
	async function claimedApart(id: string, keys: readonly string[], node = id): Promise<string[]> {
		const context = executeContext({ ...here, node: { ...here.node, id: `${here.node.id}-${node}` } }, store, [], 'webhook', id);
		return [...(await claim(context, keys.map((key) => candidate(key)), false, clock))];
	}

	it('each of many keys is claimed once, and none is forgotten', async () => {
		const keys = Array.from({ length: 10 }, (_, index) => `key-${index}`);
		// The same turn for all: only the lock keeps them apart.
		const all = await Promise.all(['8', '16', '24', '32'].flatMap((id) => keys.map(async (key) => await claimedApart(id, [key]))));
		expect(all.flat().sort()).toEqual(keys);
		expect(store.entries).toEqual(expect.arrayContaining(keys));
		expect(store.records.workflow).toBeNull();
	});

	it('a lock that a process left behind when it was killed is freed', async () => {
		store.records.workflow = { mode: 'latestIncrementalKey', data: -9e15 };
		const all = await Promise.all(['8', '16'].map(async (id) => await claimedApart(id, ['a', `only ${id}`])));
		expect(all.flat().sort()).toEqual(['a', 'only 16', 'only 8']);
		expect(store.records.workflow).toBeNull();
	});

	it('a claim that fails frees the lock', async () => {
		store.records.node = { mode: 'latestIncrementalKey', data: 1 };
		await expect(claimedApart('8', ['a'])).rejects.toThrow('incompatible setting');
		expect(store.records.workflow).toBeNull();
	});

	describe.each<[string, NonNullable<FakeStore['records']['workflow']>]>([
		['values', { mode: 'entries', data: ['theirs'] }],
		['a latest number', { mode: 'latestIncrementalKey', data: 7 }],
	])('where another node keeps %s in the place of the lock', (_, theirs) => {
		beforeEach(() => {
			store.records.workflow = structuredClone(theirs);
		});
		afterEach(() => {
			expect(store.records.workflow).toEqual(theirs);
		});

		it('a key in executions that started at the same moment is claimed once', async () => {
			store.latencyMs = 2;
			// The first ones find out that there is no lock.
			await Promise.all(['1', '2', '3', '4'].map(async (node) => await claimedApart('0', [`first ${node}`], node)));
			const all = await Promise.all(['1', '2', '3', '4'].map(async (node) => await claimedApart(`10${node}`, ['a'], node)));
			expect(all.flat()).toEqual(['a']);
		});

		it('a record that another process wrote over is made again', async () => {
			await claimedApart('8', ['first'], 'one');
			const running = claimedApart('8', ['a'], 'one');
			while (!store.entries?.some((entry) => entry.startsWith('a by'))) await new Promise((resolve) => setImmediate(resolve));
			// Somebody else read before and writes after.
			store.entries = ['first', 'theirs'];
			expect(await running).toEqual(['a']);
			expect(store.entries).toEqual(expect.arrayContaining(['first', 'theirs', 'a']));
		});

		it('the conflict of two first records is got over', async () => {
			store.latencyMs = 5;
			const all = await Promise.all(['8', '16'].map(async (id) => await claimedApart(id, [`key-${id}`])));
			expect(all.flat()).toEqual(['key-8', 'key-16']);
			expect(store.entries).toEqual(expect.arrayContaining(['key-8', 'key-16']));
		});
	});
});

describe('a retry of an execution', () => {
	it('that broke off after its claim emits again', async () => {
		const mine = candidate('a', 'ticket-1');
		expect(await claimed([mine])).toEqual(['a']);
		expect(await claimed([mine], { mode: 'retry' })).toEqual(['a']);
	});

	it('that broke off before, while somebody else emitted, emits nothing', async () => {
		expect(await claimed([candidate('a', 'ticket-2')])).toEqual(['a']);
		const mine = candidate('a', 'ticket-1');
		expect(await claimed([mine], { mode: 'retry' })).toEqual([]);
		// Asking leaves no trace: the second retry knows no more than the first.
		expect(await claimed([mine], { mode: 'retry' })).toEqual([]);
	});

	it('that could not read claims as usual', async () => {
		expect(await claimed([candidate('a', 'ticket-1')], { mode: 'retry' })).toEqual(['a']);
		expect(await claimed([candidate('a', 'ticket-2')])).toEqual([]);
	});

	it('without a ticket emits nothing again', async () => {
		expect(await claimed([candidate('a', null)])).toEqual(['a']);
		expect(await claimed([candidate('a', null)], { mode: 'retry' })).toEqual([]);
	});
});

describe('the store', () => {
	it('that does not answer is asked three times, then told', async () => {
		let calls = 0;
		const broken = new FakeStore();
		Object.assign(broken, {
			checkProcessedAndRecord: async () => {
				calls++;
				await Promise.resolve();
				throw new Error('database is locked');
			},
		});
		await expect(claimed([candidate('a')], { from: broken })).rejects.toThrow('database is locked');
		expect(calls).toBe(3);
		expect(await claimed([candidate('a')])).toEqual(['a']);
	});
});

describe('inLine', () => {
	it('runs tasks of a key one after the other, also after one that threw', async () => {
		const order: string[] = [];
		const task = (name: string, ms: number) => async () => {
			order.push(`${name} starts`);
			await new Promise((resolve) => setTimeout(resolve, ms));
			order.push(`${name} ends`);
			if (name === 'a') throw new Error('a');
		};
		const results = await Promise.allSettled([
			inLine('k', task('a', 5)),
			inLine('k', task('b', 1)),
			inLine('other', task('c', 1)),
		]);
		expect(results.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled']);
		expect(order.indexOf('b starts')).toBeGreaterThan(order.indexOf('a ends'));
		expect(order.indexOf('c starts')).toBeLessThan(order.indexOf('a ends'));
	});
});
