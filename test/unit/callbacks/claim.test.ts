/** One emission per key, on top of a store that reads, changes and writes without a lock. */
import { setTimeout as pause } from 'node:timers/promises';
import { beforeEach, describe, expect, it } from '@jest/globals';
import type { IExecuteFunctions } from 'n8n-workflow';
import { MAX_RECORDS, claim } from '../../../nodes/LumaVideo/callbacks/claim';
import type { Clock } from '../../../nodes/LumaVideo/generation/clock';
import { inLine } from '../../../nodes/LumaVideo/callbacks/inLine';
import { FakeStore } from '../fakeStore';

/** Faster than the wall clock. */
const SPEED = 100;
const clock: Clock = {
	now: () => Date.now() * SPEED,
	wall: () => Date.now() * SPEED,
	wait: async (ms) => {
		await pause(ms / SPEED);
	},
};

let store: FakeStore;
let place = 0;
beforeEach(() => {
	store = new FakeStore();
	store.latencyMs = 1;
	place++;
});

/**
 * Those of the keys that are claimed by executions of their own at the same moment.
 *
 * @param process processes share no line
 */
async function claimed(keys: string[], { isAlone = true, mode = 'trigger', process = '1', ticket = '' } = {}): Promise<string[]> {
	const context = {
		getMode: () => mode,
		getNode: () => ({ id: `${place}` }),
		getWorkflow: () => ({ id: process }),
		helpers: { checkProcessedAndRecord: store.checkProcessedAndRecord, removeProcessed: store.removeProcessed },
	};
	const isMine = async (key: string) => await claim(context as unknown as IExecuteFunctions, key, ticket || `ticket-${Math.random()}`, isAlone, clock);
	const mine = await Promise.all(keys.map(isMine));
	return keys.filter((_, index) => mine[index]);
}

describe('in one process', () => {
	it('a key is claimed once, whenever it comes, for one call of the store', async () => {
		expect(await claimed(['a', 'b'])).toEqual(['a', 'b']);
		expect(store.calls).toBe(1);
		expect(await claimed(['b', 'c'])).toEqual(['c']);
		expect(store.entries).toHaveLength(6);
	});

	it('20 claims at the same moment give one', async () => {
		store.latencyMs = 5;
		const all = await Promise.all(Array.from({ length: 20 }, () => claimed(['a'])));
		expect(all.flat()).toEqual(['a']);
	});

	it('claims of different keys at the same moment are all kept', async () => {
		store.latencyMs = 5;
		const keys = Array.from({ length: 20 }, (_, index) => `key-${index}`);
		const all = await Promise.all(keys.map((key) => claimed([key])));
		expect(all.flat().sort()).toEqual([...keys].sort());
		for (const key of keys) expect(store.entries).toContain(key);
	});

	it('claims in vain undo nothing that others record at the same moment', async () => {
		store.latencyMs = 5;
		const old = Array.from({ length: 5 }, (_, index) => `old-${index}`);
		await claimed(old);
		const fresh = Array.from({ length: 10 }, (_, index) => `new-${index}`);
		const all = await Promise.all(
			fresh.map(async (key, index) => {
				await pause(3 * index);
				return await claimed([key, old[index % 5] ?? '']);
			}),
		);
		expect(all.flat()).toEqual(fresh);
		expect(store.entries).toEqual(expect.arrayContaining([...old, ...fresh]));
		expect(store.entries).toHaveLength(2 * 15);
	});

	it('remembers the last 1,000 emissions, in less than 60 kB', async () => {
		store.latencyMs = 0;
		const keys = Array.from({ length: 1200 }, (_, index) => `key-${index}`);
		for (let first = 0; first < keys.length; first += 100) await claimed(keys.slice(first, first + 100));
		expect(store.entries).toHaveLength(MAX_RECORDS);
		// n8n keeps an MD5 of each in base64, as JSON.
		expect(MAX_RECORDS * '"1B2M2Y8AsgTpgAmY7PhCfg==",'.length).toBeLessThan(60_000);
		expect(await claimed(['key-201'])).toEqual([]);
		expect(await claimed(['key-0'])).toEqual(['key-0']);
	});
});

describe('across processes', () => {
	const PROCESSES = ['1', '2', '3', '4'];

	it('somebody claims each of many keys', async () => {
		const keys = Array.from({ length: 50 }, (_, index) => `key-${index}`);
		const all = await Promise.all(keys.flatMap((key) => PROCESSES.map(async (process) => await claimed([key], { isAlone: false, process: `${process} ${key}` }))));
		expect(new Set(all.flat())).toEqual(new Set(keys));
	});

	it('of those in one process at the same moment, one claims', async () => {
		const all = await Promise.all(Array.from({ length: 5 }, async () => await claimed(['a'], { isAlone: false })));
		expect(all.flat()).toEqual(['a']);
	});

	it('a winner records again what others undid, for those who come later', async () => {
		const claiming = claimed(['a'], { isAlone: false });
		while (!store.entries.includes('a round 6')) await pause(1);
		store.entries = ['theirs'];
		expect(await claiming).toEqual(['a']);
		expect(store.entries).toEqual(expect.arrayContaining(['theirs', 'a', 'a round 2', 'a round 6']));
	});

	it('what one claimed, no other claims later', async () => {
		for (const process of PROCESSES) {
			expect(await claimed(['a', process], { isAlone: false, process })).toEqual(process === '1' ? ['a', '1'] : [process]);
		}
	});

	it('and not when its first record was lost to another that wrote at the same moment', async () => {
		expect(await claimed(['a'], { isAlone: false })).toEqual(['a']);
		store.entries = store.entries.filter((entry) => entry !== 'a');
		expect(await claimed(['a'], { isAlone: false, process: '2' })).toEqual([]);
	});

	it('the conflict of two first records is got over', async () => {
		store.latencyMs = 5;
		const all = await Promise.all(['1', '2'].map(async (process) => await claimed([`key-${process}`], { isAlone: false, process })));
		expect(all.flat().sort()).toEqual(['key-1', 'key-2']);
	});
});

describe('a retry of an execution', () => {
	it('that broke off after its claim emits again', async () => {
		expect(await claimed(['a'], { ticket: '1' })).toEqual(['a']);
		expect(await claimed(['a'], { ticket: '1', mode: 'retry' })).toEqual(['a']);
	});

	it('that broke off before, while somebody else emitted, emits nothing, however often', async () => {
		expect(await claimed(['a'], { ticket: '2' })).toEqual(['a']);
		for (let retry = 0; retry < 3; retry++) expect(await claimed(['a'], { ticket: '1', mode: 'retry' })).toEqual([]);
	});

	it('that could not read claims as usual', async () => {
		expect(await claimed(['a'], { ticket: '1', mode: 'retry' })).toEqual(['a']);
		expect(await claimed(['a'], { ticket: '2' })).toEqual([]);
	});
});

it('a store that does not answer is asked three times, then the error is shown', async () => {
	let calls = 0;
	Object.assign(store, {
		checkProcessedAndRecord: async () => {
			calls++;
			await Promise.resolve();
			throw new Error('database is locked');
		},
	});
	await expect(claimed(['a'])).rejects.toThrow('database is locked');
	expect(calls).toBe(3);
});

describe('inLine', () => {
	it('runs tasks of a key one after the other, also after one that threw', async () => {
		const order: string[] = [];
		const task = (name: string, ms: number) => async () => {
			order.push(`${name} starts`);
			await pause(ms);
			order.push(`${name} ends`);
			if (name === 'a') throw new Error('a');
		};
		const results = await Promise.allSettled([inLine('k', task('a', 5)), inLine('k', task('b', 1)), inLine('other', task('c', 1))]);
		expect(results.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled']);
		expect(order.indexOf('b starts')).toBeGreaterThan(order.indexOf('a ends'));
		expect(order.indexOf('c starts')).toBeLessThan(order.indexOf('a ends'));
	});
});
