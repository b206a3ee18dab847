/** The second try of a node: what it continues, what it buys again, and what it leaves alone. */
import { describe, expect, it } from '@jest/globals';
import type { Disturbance } from './fakeService';
import { World, failureOf, inShort } from './world';

const lost = (accepted: boolean): Disturbance => ({ fault: 'unclear', accepted });
const refused: Disturbance = { answer: { statusCode: 400, body: { detail: 'no' } } };

describe.each(['lists', 'doesNotList'] as const)('with a provider that %s its generations', (flavour) => {
	it('a second try of the same jobs continues what runs and buys nothing', async () => {
		const world = new World(flavour);
		await world.run(world.jobs(3, { timeoutMs: 10_000 }));
		const outcomes = await world.run(world.jobs(3));
		expect(outcomes.map(inShort)).toEqual(['completed gen-0', 'completed gen-1', 'completed gen-2']);
		expect(world.service.count('create')).toBe(3);
	});

	it('a second try delivers what was finished meanwhile, at once', async () => {
		const world = new World(flavour);
		await world.run(world.jobs(3, { timeoutMs: 10_000 }));
		await world.time.pass(600_000);
		const before = world.time.elapsed;
		const outcomes = await world.run(world.jobs(3));
		expect(outcomes.map(inShort)).toEqual(['completed gen-0', 'completed gen-1', 'completed gen-2']);
		expect(world.time.elapsed - before).toBeLessThan(1000);
	});

	it('a second try delivers what the first one had delivered', async () => {
		const world = new World(flavour);
		await world.run(world.jobs(2));
		expect((await world.run(world.jobs(2))).map(inShort)).toEqual(['completed gen-0', 'completed gen-1']);
		expect(world.service.count('create')).toBe(2);
	});

	it('a second try submits what the first one did not come to, and only that', async () => {
		const world = new World(flavour);
		world.service.onCreate = (n) => (n === 1 ? refused : undefined);
		await world.run(world.jobs(4), { maxConcurrent: 2, stopAtFirstFailure: true });
		expect(world.service.count('create')).toBe(2);
		const outcomes = await world.run(world.jobs(4));
		expect(outcomes.map(inShort)).toEqual(['completed gen-0', 'completed gen-1', 'completed gen-2', 'completed gen-3']);
		expect(world.service.made).toHaveLength(4);
	});

	it('a run that comes round again in a loop buys again', async () => {
		const world = new World(flavour);
		for (const scope of [0, 1, 2]) {
			const outcomes = await world.run(world.jobs(2), { scope });
			expect(outcomes.map(inShort)).toEqual([`completed gen-${String(2 * scope)}`, `completed gen-${String(2 * scope + 1)}`]);
		}
		expect((await world.run(world.jobs(2), { scope: 1 })).map(inShort)).toEqual(['completed gen-2', 'completed gen-3']);
		expect(world.service.made).toHaveLength(6);
	});

	it('many runs and items do not mix: 1 and 11 are different', async () => {
		const world = new World(flavour);
		await world.run([world.job(1)], { scope: 1 });
		const outcomes = await world.run([world.job(11), world.job(1), world.job(0)], { scope: 1 });
		expect(outcomes.map(inShort)).toEqual(['completed gen-1', 'completed gen-0', 'completed gen-2']);
		await world.run([world.job(1)], { scope: 11 });
		expect(world.service.made).toHaveLength(4);
	});

	it.each<[string, Disturbance]>([
		['refused', refused],
		['without credit', { answer: { statusCode: 402, body: { detail: 'no credits' } } }],
		['with the wrong key', { answer: { statusCode: 401, body: '' } }],
		['never sent', { fault: 'notSent' }],
		['refused for now until the time was over', { answer: { statusCode: 429, body: '' } }],
	])('a request that was %s is sent again by the next try', async (_, disturbance) => {
		const world = new World(flavour);
		world.service.onCreate = () => disturbance;
		expect((await world.run(world.jobs(1, { timeoutMs: 5000 })))[0]?.kind).toBe('failure');
		expect(Object.values(world.context.generations as object)).toEqual([]);
		world.service.onCreate = () => undefined;
		expect((await world.run(world.jobs(1))).map(inShort)).toEqual(['completed gen-0']);
	});

	it('a request in doubt is not sent again by any try', async () => {
		const world = new World(flavour);
		world.service.onCreate = () => lost(false);
		for (let attempt = 0; attempt < 3; attempt++) {
			const [outcome] = await world.run(world.jobs(1));
			expect(failureOf(outcome).message).toContain('It is not known whether');
			expect(failureOf(outcome).details.status).toBe('unknown');
		}
		expect(world.service.count('create')).toBe(1);
	});

	it('a request in doubt is sent by a run that comes round again', async () => {
		const world = new World(flavour);
		world.service.onCreate = (n) => (n === 0 ? lost(false) : undefined);
		await world.run(world.jobs(1));
		expect((await world.run(world.jobs(1), { scope: 1 })).map(inShort)).toEqual(['completed gen-0']);
	});

	it('changed parameters buy again', async () => {
		const world = new World(flavour);
		await world.run([world.job(0, { prompt: 'A cat', parameters: { prompt: 'A cat' } })]);
		const [outcome] = await world.run([world.job(0, { prompt: 'A dog', parameters: { prompt: 'A dog' } })]);
		expect(outcome && inShort(outcome)).toBe('completed gen-1');
		expect(world.service.made.map(({ body }) => body.prompt)).toEqual(['A cat', 'A dog']);
	});

	it('parameters that are written differently and mean the same do not buy again', async () => {
		const world = new World(flavour);
		await world.run([world.job(0, { parameters: { prompt: 'Video 0' } })]);
		const [outcome] = await world.run([world.job(0, { parameters: { prompt: '={{ $json.text }}' } })]);
		expect(outcome && inShort(outcome)).toBe('completed gen-0');
	});

	it('an expression that yields another text at every try does not buy again', async () => {
		const world = new World(flavour);
		const parameters = { prompt: '={{ $now }}' };
		await world.run([world.job(0, { prompt: '12:00', parameters })]);
		const [outcome] = await world.run([world.job(0, { prompt: '12:01', parameters })]);
		expect(outcome && inShort(outcome)).toBe('completed gen-0');
		expect(world.service.made).toHaveLength(1);
	});

	it('a changed time limit or other option does not buy again', async () => {
		const world = new World(flavour);
		await world.run([world.job(0, { timeoutMs: 5000 })]);
		const outcomes = await world.run([world.job(0, { timeoutMs: 500_000 })], { maxConcurrent: 1, stopAtFirstFailure: true });
		expect(outcomes.map(inShort)).toEqual(['completed gen-0']);
	});

	it('the time of a job counts anew for the second try', async () => {
		const world = new World(flavour);
		world.service.durationMs = () => 150_000;
		await world.run(world.jobs(1, { timeoutMs: 100_000 }));
		expect((await world.run(world.jobs(1, { timeoutMs: 100_000 }))).map(inShort)).toEqual(['completed gen-0']);
	});

	it('a stop while a create is answered leaves the id for the next try', async () => {
		const world = new World(flavour);
		const abort = new AbortController();
		world.time.after(100, () => {
			abort.abort();
		});
		await world.run(world.jobs(2), { cancelSignal: abort.signal, maxConcurrent: 1 });
		expect((await world.run(world.jobs(2))).map(inShort)).toEqual(['completed gen-0', 'completed gen-1']);
		expect(world.service.count('create')).toBe(2);
	});

	it('holds what is needed and nothing else', async () => {
		const world = new World(flavour);
		await world.run(world.jobs(1, { prompt: 'A secret plan' }));
		const entries = Object.values(world.context.generations as Record<string, Record<string, unknown>>);
		expect(entries).toHaveLength(1);
		expect(entries[0]).toMatchObject({
			state: 'accepted',
			generationId: 'gen-0',
			submittedAt: world.time.start,
			sent: null,
		});
		expect(JSON.stringify(world.context)).not.toContain('secret');
	});

	it('is written before the request goes out', async () => {
		const world = new World(flavour);
		let seen: unknown;
		world.service.onCreate = () => {
			seen = JSON.parse(JSON.stringify(world.context));
			return undefined;
		};
		await world.run(world.jobs(1));
		expect(Object.values((seen as { generations: object }).generations)).toEqual([
			expect.objectContaining({ state: 'submitting', generationId: null }),
		]);
	});
});

describe('a request in doubt, with a provider that lists', () => {
	it('is found by the next try when the list names it by then', async () => {
		const world = new World();
		world.service.onCreate = () => lost(true);
		world.service.unlisted.add('gen-0');
		expect((await world.run(world.jobs(1)))[0]?.kind).toBe('failure');
		world.service.unlisted.clear();
		await world.time.pass(600_000);
		expect((await world.run(world.jobs(1))).map(inShort)).toEqual(['completed gen-0']);
		expect(world.service.count('create')).toBe(1);
	});

	it('is found by what was really sent: with the address that was called back then, and the image that was brought', async () => {
		const world = new World();
		const to = (execution: string) => ({ callback: { url: `https://n8n.example/${execution}`, mode: 'terminal' as const } });
		const job = (execution: string) => {
			const { start, ...rest } = world.job(0, to(execution));
			if (start.kind !== 'create' || start.request.makes !== 'video') throw new Error('no create');
			const { request } = start;
			const prepare = async () =>
				await Promise.resolve({ ok: true as const, request: { ...request, startImage: { kind: 'url' as const, url: `https://n8n.example/image-${execution}` } } });
			// Where the answer goes is no part of the key.
			return { ...rest, start: { ...start, key: { requestHash: 'the same', parametersHash: null }, prepare } };
		};
		world.service.onCreate = () => lost(true);
		world.service.unlisted.add('gen-0');
		await world.run([job('1')]);
		world.service.unlisted.clear();
		expect((await world.run([job('2')])).map(inShort)).toEqual(['completed gen-0']);
		expect(world.service.count('create')).toBe(1);
	});

	it('is found by what was sent then, although this try asks for something else', async () => {
		const world = new World();
		const parameters = { prompt: '={{ $now }}' };
		world.service.onCreate = () => lost(true);
		world.service.unlisted.add('gen-0');
		await world.run([world.job(0, { prompt: '12:00', parameters })]);
		world.service.unlisted.clear();
		expect((await world.run([world.job(0, { prompt: '12:01', parameters })])).map(inShort)).toEqual(['completed gen-0']);
		expect(world.service.count('create')).toBe(1);
	});
});

describe('a generation that failed', () => {
	it('is reported as failed by the next try, and not bought again', async () => {
		const world = new World();
		world.service.fails = () => true;
		await world.run(world.jobs(1));
		expect((await world.run(world.jobs(1))).map(inShort)).toEqual(['failed gen-0']);
		expect(world.service.count('create')).toBe(1);
	});

	it('is bought again by the next try where that is wished, and by no other', async () => {
		const world = new World();
		world.service.fails = (n) => n < 3;
		for (const expected of ['failed gen-0', 'failed gen-1', 'failed gen-2', 'completed gen-3', 'completed gen-3']) {
			expect((await world.run(world.jobs(1), { resubmitFailed: true })).map(inShort)).toEqual([expected]);
		}
		expect(world.service.count('create')).toBe(4);
	});

	it('is not bought again within the try that bought it', async () => {
		const world = new World();
		world.service.fails = () => true;
		expect((await world.run(world.jobs(2), { resubmitFailed: true })).map(inShort)).toEqual(['failed gen-0', 'failed gen-1']);
		expect(world.service.count('create')).toBe(2);
	});

	it('is not bought again within the try that had to look for it', async () => {
		const world = new World();
		world.service.fails = () => true;
		world.service.onCreate = () => lost(true);
		expect((await world.run(world.jobs(1), { resubmitFailed: true })).map(inShort)).toEqual(['failed gen-0']);
		expect(world.service.count('create')).toBe(1);
	});

	it('is bought again where others of the same try go on', async () => {
		const world = new World();
		world.service.fails = (n) => n === 1;
		await world.run(world.jobs(3));
		const outcomes = await world.run(world.jobs(3), { resubmitFailed: true });
		expect(outcomes.map(inShort)).toEqual(['completed gen-0', 'completed gen-3', 'completed gen-2']);
	});

	it('is bought again even where the first failure ends the run, since it is none yet', async () => {
		const world = new World();
		world.service.fails = (n) => n === 0;
		await world.run(world.jobs(1), { stopAtFirstFailure: true });
		const outcomes = await world.run(world.jobs(1), { resubmitFailed: true, stopAtFirstFailure: true });
		expect(outcomes.map(inShort)).toEqual(['completed gen-1']);
	});
});

describe("an agent's tool, whose every try counts as a new run", () => {
	it('continues what did not leave the node', async () => {
		const world = new World();
		await world.run(world.jobs(1, { timeoutMs: 5000 }), { scope: null });
		expect((await world.run(world.jobs(1), { scope: null })).map(inShort)).toEqual(['completed gen-0']);
		expect(world.service.count('create')).toBe(1);
	});

	it('buys again what it delivered: the agent asks for another one', async () => {
		const world = new World();
		const first = world.options({ scope: null });
		await world.run(world.jobs(1), first);
		first.ledger.markDelivered();
		expect((await world.run(world.jobs(1), { scope: null })).map(inShort)).toEqual(['completed gen-1']);
	});

	it('knows a call by what is asked for, not by its item', async () => {
		const world = new World();
		await world.run([world.job(0, { prompt: 'A cat', timeoutMs: 5000 })], { scope: null });
		const outcomes = await world.run([world.job(0, { prompt: 'A dog' }), world.job(1, { prompt: 'A cat' })], {
			scope: null,
		});
		expect(outcomes.map(inShort)).toEqual(['completed gen-1', 'completed gen-0']);
	});

	it.each([1, 5])('buys as many as are asked for when the same is asked for twice (%d at once)', async (maxConcurrent) => {
		const world = new World();
		const outcomes = await world.run(world.jobs(2, { prompt: 'The same' }), { scope: null, maxConcurrent });
		expect(outcomes.map(inShort)).toEqual(['completed gen-0', 'completed gen-1']);
		const again = await world.run(world.jobs(2, { prompt: 'The same' }), { scope: null, maxConcurrent });
		expect(again.map(inShort).sort()).toEqual(['completed gen-0', 'completed gen-1']);
		expect(world.service.count('create')).toBe(2);
	});
});

describe('what is said of a request in doubt', () => {
	it('by the next try is why it is in doubt, not only that it is', async () => {
		const world = new World('doesNotList');
		world.service.onCreate = () => ({ answer: { statusCode: 502, body: '<html>' }, accepted: true });
		const [first] = await world.run(world.jobs(1));
		const [second] = await world.run(world.jobs(1));
		expect(failureOf(first).message).toContain('HTTP 502');
		expect(failureOf(second).message).toBe(failureOf(first).message);
	});

	it('names the time of the request, not that of the try', async () => {
		const world = new World('doesNotList');
		world.service.onCreate = () => lost(true);
		await world.run(world.jobs(1));
		await world.time.pass(3_600_000);
		const [outcome] = await world.run(world.jobs(1));
		expect(failureOf(outcome).advice).toContain('2026-01-05T12:00:00.000Z');
	});

	it('is said too where this try did not come to it', async () => {
		const world = new World('doesNotList');
		world.service.onCreate = (n) => (n === 1 ? lost(true) : undefined);
		await world.run(world.jobs(2), { maxConcurrent: 1 });
		const outcomes = await world.run(world.jobs(2), { cancelSignal: AbortSignal.abort() });
		expect(outcomes[0] && inShort(outcomes[0])).toBe('open (stopped) gen-0');
		expect(failureOf(outcomes[1]).message).toContain('It is not known whether');
		expect(world.service.count('create')).toBe(2);
	});
});
