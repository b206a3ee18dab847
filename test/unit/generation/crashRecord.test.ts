/** What outlives a crash of n8n, on top of a store that reads, changes and writes without a lock. */
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import type { Entries } from '../../../nodes/LumaVideo/generation/crashRecord';
import { CrashRecord } from '../../../nodes/LumaVideo/generation/crashRecord';
import { Twins } from '../../../nodes/LumaVideo/generation/twins';
import { FakeStore } from '../fakeStore';
import { World, failureOf, inShort } from './world';

const NOW = Date.UTC(2026, 0, 5, 12);
const ID = '7c6f8527-3896-4c5f-8b72-8a6e874f0c76';
const REQUEST = { requestHash: 'a cat', parametersHash: 'parameters' };

class Place {
	readonly store = new FakeStore();
	readonly troubles: unknown[] = [];

	/** A run of the execution; after a crash it has forgotten what it recorded. */
	record(execution = 'token', mine: Entries = {}): CrashRecord {
		return new CrashRecord({
			store: this.store,
			place: 'workflow node',
			execution,
			mine,
			onTrouble: (error) => {
				this.troubles.push(error);
			},
		});
	}
}

const written = async (): Promise<void> => await pause(0);

describe('a request that was recorded before n8n crashed', () => {
	it.each([ID, 'c0ffee', 'task_1234567890', 'a', 'x'.repeat(80), '~!"\\'])('is found with its time and its ID: %s', async (id) => {
		const place = new Place();
		const first = place.record();
		expect(await first.begin(3, NOW, REQUEST)).toBeNull();
		first.accepted(3, id);
		await written();
		expect(await place.record().begin(3, NOW + 60_000, REQUEST)).toEqual({ sentAt: NOW, generationId: id });
	});

	it('before its answer came is found without an ID', async () => {
		const place = new Place();
		await place.record().begin(0, NOW, REQUEST);
		expect(await place.record().begin(0, NOW + 60_000, REQUEST)).toEqual({ sentAt: NOW, generationId: null });
	});

	it.each(['', 'x'.repeat(81), 'mit Leerzeichen', 'ü'])('is found without an ID that cannot be spelled: %j', async (id) => {
		const place = new Place();
		const first = place.record();
		await first.begin(0, NOW, REQUEST);
		first.accepted(0, id);
		await written();
		expect(await place.record().begin(0, NOW + 1, REQUEST)).toEqual({ sentAt: NOW, generationId: null });
	});

	it('is found again by the retry of the retry', async () => {
		const place = new Place();
		const first = place.record();
		await first.begin(0, NOW, REQUEST);
		first.accepted(0, ID);
		await written();
		for (let retry = 1; retry < 4; retry++) {
			expect(await place.record().begin(0, NOW + retry, REQUEST)).toEqual({ sentAt: NOW, generationId: ID });
		}
	});

	it.each([
		['in other words', { requestHash: 'a cat at noon', parametersHash: 'parameters' }],
		['by other parameters', { requestHash: 'a cat', parametersHash: 'others' }],
		['by a tool', { requestHash: 'a cat', parametersHash: null }],
	])('is found when it is asked for %s', async (_, request) => {
		const place = new Place();
		await place.record().begin(0, NOW, REQUEST);
		expect(await place.record().begin(0, NOW + 1, request)).toEqual({ sentAt: NOW, generationId: null });
	});
});

it('of a usual ID little is asked', async () => {
	const place = new Place();
	const first = place.record();
	await first.begin(0, NOW, REQUEST);
	first.accepted(0, ID);
	await first.settled();
	expect(place.store.entries.length).toBeLessThan(60);
	place.store.asked = 0;
	await place.record().begin(0, NOW + 1, REQUEST);
	// n8n hashes, stores and takes out again each of them, and does nothing else meanwhile.
	expect(place.store.asked).toBeLessThan(1000);
});

describe('nothing is found', () => {
	it.each([
		['of another item', 'token', 1],
		['of another execution', 'other', 0],
	])('%s', async (_, execution, item) => {
		const place = new Place();
		await place.record().begin(0, NOW, REQUEST);
		expect(await place.record(execution).begin(item, NOW + 1, REQUEST)).toBeNull();
	});

	it('by the next round of a loop; after a crash each round finds its own', async () => {
		const mine: Entries = {};
		const place = new Place();
		for (const round of [0, 1, 2]) {
			const record = place.record('token', mine);
			expect(await record.begin(0, NOW + round, REQUEST)).toBeNull();
			record.accepted(0, `id-${String(round)}`);
		}
		await written();
		const after = place.record();
		for (const round of [0, 1, 2]) {
			expect(await after.begin(0, NOW + 60_000, REQUEST)).toEqual({ sentAt: NOW + round, generationId: `id-${String(round)}` });
		}
		expect(await after.begin(0, NOW + 60_000, REQUEST)).toBeNull();
	});

	it('when the workflow was changed and asks for something else, which is then recorded too', async () => {
		const place = new Place();
		const first = place.record();
		await first.begin(0, NOW, REQUEST);
		first.accepted(0, ID);
		await first.settled();
		const changed = { requestHash: 'a dog', parametersHash: 'others' };
		const second = place.record();
		expect(await second.begin(0, NOW + 1, changed)).toBeNull();
		second.accepted(0, 'another');
		await second.settled();
		expect(await place.record().begin(0, NOW + 2, REQUEST)).toEqual({ sentAt: NOW, generationId: ID });
		expect(await place.record().begin(0, NOW + 2, changed)).toEqual({ sentAt: NOW + 1, generationId: 'another' });
	});

	it('of a request that was refused', async () => {
		const place = new Place();
		const first = place.record();
		await first.begin(0, NOW, REQUEST);
		first.withdraw(0);
		await written();
		expect(await place.record().begin(0, NOW + 1, REQUEST)).toBeNull();
	});

	it('when the execution has ended well, and nothing is left in the store', async () => {
		const place = new Place();
		const first = place.record();
		await Promise.all([0, 1, 2].map(async (item) => await first.begin(item, NOW, REQUEST)));
		for (const item of [0, 1, 2]) first.accepted(item, `${ID}-${String(item)}`);
		await written();
		await first.clear();
		expect(place.store.entries).toEqual([]);
	});
});

it('what is asked for at the same moment goes in one write', async () => {
	const place = new Place();
	const record = place.record();
	await Promise.all(Array.from({ length: 50 }, async (_, item) => await record.begin(item, NOW, REQUEST)));
	expect(place.store.calls).toBeLessThanOrEqual(2);
});

it('several executions of this n8n do not overwrite one another', async () => {
	const place = new Place();
	const executions = Array.from({ length: 20 }, (_, n) => `token-${String(n)}`);
	await Promise.all(
		executions.map(async (execution) => {
			const record = place.record(execution);
			await record.begin(0, NOW, REQUEST);
			record.accepted(0, ID);
		}),
	);
	await written();
	for (const execution of executions) {
		expect(await place.record(execution).begin(0, NOW + 1, REQUEST)).toEqual({ sentAt: NOW, generationId: ID });
	}
});

it('a store that fails holds nothing up', async () => {
	const place = new Place();
	const broken = async (): Promise<never> => await Promise.reject(new Error('database is locked'));
	Object.assign(place.store, { checkProcessedAndRecord: broken, removeProcessed: broken });
	const record = place.record();
	expect(await record.begin(0, NOW, REQUEST)).toBeNull();
	record.accepted(0, ID);
	await record.clear();
	expect(place.troubles.length).toBeGreaterThan(0);
});

describe('a retry after a crash', () => {
	/** The n8n that was started again knows of no request. */
	const startedAgain = (crashRecord: CrashRecord) => ({ crashRecord, twins: new Twins() });

	/** @param latencyMs of the request that is not answered: it arrives after half of it */
	async function crashed(answered: boolean, flavour: 'doesNotList' | 'lists', latencyMs = 3_600_000): Promise<{ world: World; place: Place }> {
		const world = new World(flavour);
		const place = new Place();
		if (!answered) world.service.onCreate = () => ({ latencyMs, accepted: true });
		const abort = new AbortController();
		world.time.after(answered ? 5000 : 3000, () => {
			abort.abort();
		});
		await world.run(world.jobs(1), { crashRecord: place.record(), cancelSignal: abort.signal });
		await written();
		delete world.context.generations;
		world.service.onCreate = () => undefined;
		return { world, place };
	}

	it.each(['doesNotList', 'lists'] as const)('goes on with what was accepted, and buys nothing (%s)', async (flavour) => {
		const { world, place } = await crashed(true, flavour);
		expect((await world.run(world.jobs(1), startedAgain(place.record()))).map(inShort)).toEqual(['completed gen-0']);
		expect(world.service.count('create')).toBe(1);
	});

	it('says what is not known where the answer had not come, and buys only when told to', async () => {
		const { world, place } = await crashed(false, 'doesNotList');
		const [outcome] = await world.run(world.jobs(1), startedAgain(place.record()));
		expect(failureOf(outcome).message).toContain('n8n was interrupted while the request may have been under way');
		expect(failureOf(outcome).advice).toContain("'Buy Again After a Crash'");
		expect(failureOf(outcome).advice).toContain('2026-01-05T12:00:00');
		expect(world.service.count('create')).toBe(1);
		delete world.context.generations;
		const again = await world.run(world.jobs(1), { ...startedAgain(place.record()), buyAgainAfterCrash: true });
		expect(again.map(inShort)).toEqual(['completed gen-0']);
		expect(world.service.count('create')).toBe(2);
	});

	it('buys when told to also where an earlier retry had said what is not known, and then never again', async () => {
		const { world, place } = await crashed(false, 'doesNotList');
		const mine: Entries = {};
		await world.run(world.jobs(1), startedAgain(place.record('token', mine)));
		const ofRetry = structuredClone(world.context);
		const retry = { ...startedAgain(place.record('token', mine)), buyAgainAfterCrash: true };
		expect((await world.run(world.jobs(1), retry)).map(inShort)).toEqual(['completed gen-0']);
		await written();
		for (const known of [ofRetry.generations, undefined]) {
			world.context.generations = known;
			const last = await world.run(world.jobs(1), { ...startedAgain(place.record()), buyAgainAfterCrash: true });
			expect(last.map(inShort)).toEqual(['completed gen-0']);
		}
		expect(world.service.count('create')).toBe(2);
	});

	it('looks into the list before it buys what it is told to buy again', async () => {
		const { world, place } = await crashed(false, 'lists', 4000);
		const again = await world.run(world.jobs(1), { ...startedAgain(place.record()), buyAgainAfterCrash: true });
		expect(again.map(inShort)).toEqual(['completed gen-0']);
		expect(world.service.count('create')).toBe(1);
	});
});

describe('a retry after a stop, while the request is still on its way', () => {
	it.each(['doesNotList', 'lists'] as const)('waits for its answer, and goes on with what it bought (%s)', async (flavour) => {
		const world = new World(flavour);
		const place = new Place();
		const twins = new Twins();
		world.service.onCreate = () => ({ latencyMs: 60_000, accepted: true });
		const abort = new AbortController();
		world.time.after(5000, () => {
			abort.abort();
		});
		await world.run(world.jobs(1), { crashRecord: place.record(), cancelSignal: abort.signal, twins });
		delete world.context.generations;
		const again = await world.run(world.jobs(1), { crashRecord: place.record(), buyAgainAfterCrash: true, twins });
		expect(again.map(inShort)).toEqual(['completed gen-0']);
		expect(world.service.count('create')).toBe(1);
	});
});
