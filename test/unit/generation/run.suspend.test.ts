/** A run that may be suspended: when it sleeps, what it keeps, and that it ends like one that waits. */
import { describe, expect, it } from '@jest/globals';
import type { LedgerEntry } from '../../../nodes/LumaVideo/generation/ledger';
import { entriesIn } from '../../../nodes/LumaVideo/generation/ledger';
import type { Job, Outcome } from '../../../nodes/LumaVideo/generation/job';
import type { RunSettings } from './world';
import { World, failureOf, inShort } from './world';

const HOUR_MS = 3_600_000;

interface Slept {
	outcomes: Outcome[];
	/** Milliseconds that the execution was suspended, each time. */
	sleeps: number[];
	/** Milliseconds that it ran. */
	ranMs: number;
}

/** As n8n does it: run, store, sleep until the time that was asked for (or a call), run again. */
async function untilDone(
	world: World,
	jobs: () => readonly Job[],
	set: RunSettings = {},
	wakeEarly: (sleep: number, entries: LedgerEntry[]) => number | null = () => null,
): Promise<Slept> {
	const sleeps: number[] = [];
	let ranMs = 0;
	for (;;) {
		const startedAt = world.time.elapsed;
		const entries = Object.values(entriesIn(world.context));
		const isCalled = entries.some(({ called }) => called === true);
		const outcomes = await world.run(jobs(), { canSuspend: true, isCalled, ...set });
		ranMs += world.time.elapsed - startedAt;
		if (world.wakeAt === null) return { outcomes, sleeps, ranMs };
		const planned = world.wakeAt - world.time.wall();
		const sleep = wakeEarly(sleeps.length, Object.values(entriesIn(world.context))) ?? planned;
		sleeps.push(sleep);
		await world.time.pass(sleep);
	}
}

describe.each(['lists', 'doesNotList'] as const)('with a provider that %s its generations', (flavour) => {
	it('sleeps until just before the expected end, then looks closely', async () => {
		const world = new World(flavour);
		const { outcomes, sleeps, ranMs } = await untilDone(world, () => world.jobs(1));
		expect(outcomes.map(inShort)).toEqual(['completed gen-0']);
		expect(sleeps).toHaveLength(1);
		expect(sleeps[0]).toBeGreaterThan(50_000);
		expect(world.time.elapsed).toBeLessThan(64_000);
		expect(ranMs).toBeLessThan(8000);
		expect(world.service.calls.length).toBeLessThanOrEqual(6);
	});

	it('sleeps again and again while the end does not come, and buys nothing more', async () => {
		const world = new World(flavour);
		world.service.durationMs = () => 600_000;
		const { outcomes, sleeps } = await untilDone(world, () => world.jobs(3, { timeoutMs: HOUR_MS }));
		expect(outcomes.map(inShort)).toEqual(['completed gen-0', 'completed gen-1', 'completed gen-2']);
		expect(world.service.count('create')).toBe(3);
		expect(sleeps.length).toBeGreaterThan(3);
		// Shorter ones n8n would not keep.
		expect(sleeps.slice(1).every((sleep) => sleep > 60_000)).toBe(true);
		expect(world.time.elapsed).toBeLessThan(780_000);
	});

	it('ends at the time limit as one that waits, which counts from the submit', async () => {
		const world = new World(flavour);
		world.service.durationMs = () => HOUR_MS;
		const { outcomes } = await untilDone(world, () => world.jobs(2, { timeoutMs: 200_000 }));
		expect(outcomes.map(inShort)).toEqual(['open (timeout) gen-0', 'open (timeout) gen-1']);
		expect(world.time.elapsed).toBeGreaterThanOrEqual(200_000);
		expect(world.time.elapsed).toBeLessThan(203_000);
	});

	it('submits the next ones as places become free, however often it sleeps', async () => {
		const world = new World(flavour);
		const { outcomes } = await untilDone(world, () => world.jobs(5), { maxConcurrent: 2 });
		expect(outcomes.map(inShort)).toEqual([0, 1, 2, 3, 4].map((n) => `completed gen-${String(n)}`));
		expect(world.service.maxRunning).toBe(2);
		expect(world.service.count('create')).toBe(5);
	});

	it('ends with the first failure where that ends the run, and names what runs', async () => {
		const world = new World(flavour);
		world.service.fails = (n) => n === 1;
		world.service.durationMs = (n) => (n === 1 ? 60_000 : 300_000);
		const { outcomes } = await untilDone(world, () => world.jobs(3), { stopAtFirstFailure: true });
		expect(outcomes.map(inShort)).toEqual(['open (stopped) gen-0', 'failed gen-1', 'open (stopped) gen-2']);
	});

	it('does not buy a failed one again in the same try, although it slept in between', async () => {
		const world = new World(flavour);
		world.service.fails = () => true;
		const { outcomes } = await untilDone(world, () => world.jobs(1), { resubmitFailed: true });
		expect(outcomes.map(inShort)).toEqual(['failed gen-0']);
		expect(world.service.count('create')).toBe(1);
	});

	it('reads what is over once only, however often others make it sleep', async () => {
		const world = new World(flavour);
		world.service.durationMs = (n) => (n === 0 ? 60_000 : 240_000);
		await untilDone(world, () => world.jobs(2));
		const reads = world.service.calls.filter(({ kind, id, at }) => kind === 'read' && id === 'gen-0' && at > 70_000);
		expect(reads).toEqual([]);
	});

	it('waits in line while it sleeps where the provider takes no requests for now', async () => {
		const world = new World(flavour);
		world.service.onCreate = (n) => (n === 0 ? { answer: { statusCode: 429, body: '', headers: { 'retry-after': '120' } } } : undefined);
		const { outcomes, sleeps } = await untilDone(world, () => world.jobs(1));
		expect(outcomes.map(inShort)).toEqual(['completed gen-0']);
		expect(sleeps[0]).toBeGreaterThan(100_000);
		expect(world.service.count('create')).toBe(2);
	});
});

describe('a call while it sleeps', () => {
	const call = (entries: LedgerEntry[], ids: readonly string[]): void => {
		for (const entry of entries) if (ids.includes(entry.generationId ?? '')) entry.called = true;
	};

	it('about what is over ends it at once', async () => {
		const world = new World('doesNotList');
		world.service.durationMs = () => 20_000;
		const { outcomes } = await untilDone(world, () => world.jobs(1), {}, (_, entries) => {
			call(entries, ['gen-0']);
			return 20_500;
		});
		expect(outcomes.map(inShort)).toEqual(['completed gen-0']);
		expect(world.time.elapsed).toBeLessThan(22_000);
		expect(world.service.count('read')).toBe(1);
	});

	it('that is not true changes nothing: it sleeps again, until when it would have', async () => {
		const world = new World('doesNotList');
		const { outcomes, sleeps } = await untilDone(world, () => world.jobs(1), {}, (sleep, entries) => {
			if (sleep > 2) return null;
			call(entries, ['gen-0']);
			return 3000;
		});
		expect(outcomes.map(inShort)).toEqual(['completed gen-0']);
		expect(sleeps.slice(0, 3)).toEqual([3000, 3000, 3000]);
		expect(world.time.elapsed).toBeLessThan(65_000);
	});

	it('about one of twenty that end together brings them all', async () => {
		const world = new World('doesNotList');
		world.service.durationMs = () => 40_000;
		const { outcomes, sleeps } = await untilDone(world, () => world.jobs(20), {}, (sleep, entries) => {
			if (sleep > 0) return null;
			call(entries, ['gen-7']);
			return 41_000;
		});
		expect(outcomes.every(({ kind }) => kind === 'finished')).toBe(true);
		expect(sleeps).toEqual([41_000]);
	});
});

describe("n8n's clock", () => {
	it.each([-HOUR_MS, HOUR_MS])('set by %d ms during the sleep ends nothing early and lets nothing wait for ever', async (step) => {
		const world = new World('doesNotList');
		const { outcomes } = await untilDone(world, () => world.jobs(1, { timeoutMs: 2 * HOUR_MS }), {}, (sleep) => {
			if (sleep === 0) world.time.clockSetBy += step;
			return sleep === 0 ? 58_000 : null;
		});
		expect(outcomes.map(inShort)).toEqual(['completed gen-0']);
		expect(world.time.elapsed).toBeLessThan(400_000);
	});

	it('set back an hour while a run waits does not stop its reads', async () => {
		const world = new World('doesNotList');
		world.time.after(10_000, () => {
			world.time.clockSetBy -= HOUR_MS;
		});
		expect((await world.run(world.jobs(1))).map(inShort)).toEqual(['completed gen-0']);
		expect(world.time.elapsed).toBeLessThan(80_000);
	});
});

it('does not sleep for what is over within seconds', async () => {
	const world = new World('lists');
	world.service.durationMs = () => 5000;
	const { sleeps } = await untilDone(world, () => world.jobs(1).map((job) => quick(job, 6)));
	expect(sleeps).toEqual([]);
});

it('a stop while it looks closely ends it within a second, naming what runs', async () => {
	const world = new World('doesNotList');
	world.service.durationMs = () => HOUR_MS;
	const abort = new AbortController();
	world.time.after(61_000, () => {
		abort.abort();
	});
	const { outcomes } = await untilDone(world, () => world.jobs(1), { cancelSignal: abort.signal });
	expect(outcomes.map(inShort)).toEqual(['open (stopped) gen-0']);
	expect(world.time.elapsed).toBeLessThan(62_000);
});

it('what was refused is not sent again each time that it is woken, and is told at the end', async () => {
	const world = new World('doesNotList');
	world.service.durationMs = () => 300_000;
	world.service.onCreate = (n) => (n === 0 ? { answer: { statusCode: 400, body: '{"detail":"No cats"}', headers: {} } } : undefined);
	const { outcomes, sleeps } = await untilDone(world, () => world.jobs(2, { timeoutMs: HOUR_MS }));
	expect(sleeps.length).toBeGreaterThan(1);
	expect(failureOf(outcomes[0]).advice).toContain('Nothing was bought');
	expect(outcomes[1] && inShort(outcomes[1])).toBe('completed gen-0');
	expect(world.service.count('create')).toBe(2);
});

it('a request in doubt fails at once and does not make the others sleep for it', async () => {
	const world = new World('doesNotList');
	world.service.onCreate = (n) => (n === 0 ? { fault: 'unclear' } : undefined);
	const { outcomes } = await untilDone(world, () => world.jobs(2));
	expect(failureOf(outcomes[0]).message).toContain('It is not known whether');
	expect(outcomes[1] && inShort(outcomes[1])).toBe('completed gen-0');
	expect(world.service.count('create')).toBe(2);
});

/** A job whose model usually takes so many seconds. */
function quick(job: Job, usualSeconds: number): Job {
	if (job.start.kind !== 'create') throw new Error('no create');
	return { ...job, start: { ...job.start, model: { ...job.start.model, usualSeconds } } };
}
