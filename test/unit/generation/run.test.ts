/** Many jobs at once: how many, in which order, for how long, and what a stop or a failure leaves behind. */
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import type { Disturbance } from './fakeService';
import { TIMEOUT_MS, World, failureOf, inShort } from './world';

const FLAVOURS = ['lists', 'doesNotList'] as const;

const busy = (headers: Record<string, string> = {}): Disturbance => ({
	answer: { statusCode: 429, body: { detail: 'Slow down' }, headers },
});

describe.each(FLAVOURS)('with a provider that %s its generations', (flavour) => {
	it.each([
		[1, 1],
		[1, 4],
		[2, 5],
		[5, 30],
		[10, 10],
		[100, 30],
	])('at most %d videos are in the making, of %d jobs, and all places are used', async (limit, count) => {
		const world = new World(flavour);
		world.service.durationMs = (n) => 20_000 + 5000 * (n % 7);
		const outcomes = await world.run(world.jobs(count), { maxConcurrent: limit });
		expect(world.service.maxRunning).toBe(Math.min(limit, count));
		expect(world.service.count('create')).toBe(count);
		expect(outcomes.map(inShort).filter((outcome) => outcome.startsWith('completed'))).toHaveLength(count);
	});

	it('the outcomes stand in the order of the jobs, whoever is finished first', async () => {
		const world = new World(flavour);
		world.service.durationMs = (n) => 60_000 - 10_000 * n;
		world.service.fails = (n) => n === 2;
		const outcomes = await world.run(world.jobs(5));
		expect(outcomes.map(inShort)).toEqual([
			'completed gen-0',
			'completed gen-1',
			'failed gen-2',
			'completed gen-3',
			'completed gen-4',
		]);
		expect(world.finished).not.toEqual(['gen-0', 'gen-1', 'gen-3', 'gen-4']);
		expect([...world.finished].sort()).toEqual(['gen-0', 'gen-1', 'gen-3', 'gen-4']);
	});

	it('five videos take about the time of one', async () => {
		const world = new World(flavour);
		world.service.durationMs = () => 10_000;
		await world.run(world.jobs(5));
		expect(world.time.elapsed).toBeLessThan(40_000);
	});

	it('a place is taken again as soon as one is free', async () => {
		const world = new World(flavour);
		world.service.durationMs = () => 60_000;
		await world.run(world.jobs(3), { maxConcurrent: 1 });
		const [first = 0, second = 0, third = 0] = world.service.times('create');
		for (const gap of [second - first, third - second]) {
			expect(gap).toBeGreaterThanOrEqual(60_000);
			expect(gap).toBeLessThan(65_000);
		}
	});

	it('nothing happens with no jobs', async () => {
		const world = new World(flavour);
		expect(await world.run([])).toEqual([]);
		expect(world.service.calls).toEqual([]);
	});

	it('when only the submit is waited for, the ids come at once and nothing is read', async () => {
		const world = new World(flavour);
		const outcomes = await world.run(world.jobs(3), { until: 'submitted' });
		expect(outcomes.map(inShort)).toEqual(['open (accepted) gen-0', 'open (accepted) gen-1', 'open (accepted) gen-2']);
		expect(world.service.calls.map(({ kind }) => kind)).toEqual(['create', 'create', 'create']);
		expect(world.time.elapsed).toBeLessThan(1000);
	});

	it('when only the submit is waited for, the limit is one of requests, not of videos', async () => {
		const world = new World(flavour);
		await world.run(world.jobs(6), { until: 'submitted', maxConcurrent: 2 });
		expect(world.service.times('create')).toEqual([0, 0, 200, 200, 400, 400]);
	});
});

describe('a create that is refused for now', () => {
	it('goes again after one second, then two, then four, where no time is named', async () => {
		const world = new World();
		world.service.latencyMs = 0;
		world.service.onCreate = (n) => (n < 3 ? busy() : undefined);
		const outcomes = await world.run(world.jobs(1));
		expect(outcomes.map(inShort)).toEqual(['completed gen-0']);
		expect(world.service.times('create')).toEqual([0, 1000, 3000, 7000]);
	});

	it.each([
		['seconds', { 'retry-after': '20' }, 20_000],
		['milliseconds', { 'retry-after-ms': '1500' }, 1500],
		['ten minutes', { 'retry-after': '600' }, 600_000],
	])('goes again when the service says so: %s', async (_, headers, pause) => {
		const world = new World();
		world.service.latencyMs = 0;
		world.service.onCreate = (n) => (n === 0 ? busy(headers) : undefined);
		const outcomes = await world.run(world.jobs(1));
		expect(outcomes.map(inShort)).toEqual(['completed gen-0']);
		expect(world.service.times('create')).toEqual([0, pause]);
	});

	it('does not hammer a service that asks for no pause at all', async () => {
		const world = new World();
		world.service.onCreate = () => busy({ 'retry-after': '0' });
		await world.run(world.jobs(1, { timeoutMs: 60_000 }));
		expect(world.service.count('create')).toBeLessThanOrEqual(60);
	});

	it('holds all other submits meanwhile', async () => {
		const world = new World();
		world.service.latencyMs = 100;
		world.service.onCreate = (n) => (n === 1 ? busy({ 'retry-after': '30' }) : undefined);
		const outcomes = await world.run(world.jobs(6), { maxConcurrent: 2 });
		expect(outcomes.every((outcome) => outcome.kind === 'finished')).toBe(true);
		const [first, second, ...others] = world.service.times('create');
		expect([first, second]).toEqual([0, 0]);
		expect(others).toHaveLength(5);
		for (const time of others) expect(time).toBeGreaterThanOrEqual(30_100);
		expect(world.service.made).toHaveLength(6);
	});

	it('keeps its turn: the refused ones go before those that were never sent', async () => {
		const world = new World();
		world.service.onCreate = (n) => (n < 3 ? busy() : undefined);
		await world.run(world.jobs(6), { maxConcurrent: 3 });
		expect(world.service.made.map(({ body }) => body.prompt)).toEqual(
			[0, 1, 2, 3, 4, 5].map((index) => `Video ${String(index)}`),
		);
	});

	it('is given up when the time of the job is over, and nothing was bought', async () => {
		const world = new World();
		world.service.onCreate = () => busy();
		const [outcome] = await world.run(world.jobs(1, { timeoutMs: 60_000 }));
		const failure = failureOf(outcome);
		expect(failure.message).toBe('Luma Dream Machine is receiving too many requests: Slow down');
		expect(failure.advice).toMatch(/^Nothing was bought\. /);
		expect(failure.details).toEqual({ generationId: null, provider: 'lumaDreamMachine', status: null });
		expect(failure.problem?.kind).toBe('rateLimited');
		expect(world.time.elapsed).toBeLessThanOrEqual(60_000);
		expect(world.time.elapsed).toBeGreaterThan(40_000);
		expect(world.service.made).toEqual([]);
	});

	it('is given up at once when the pause that is asked for is longer than the time of the job', async () => {
		const world = new World();
		world.service.onCreate = () => busy({ 'retry-after': '61' });
		const [outcome] = await world.run(world.jobs(1, { timeoutMs: 60_000 }));
		expect(failureOf(outcome).message).toMatch(/too many requests/);
		expect(world.service.count('create')).toBe(1);
		expect(world.time.elapsed).toBeLessThan(1000);
	});

	it('lets others go on when it is given up', async () => {
		const world = new World();
		world.service.onCreate = (_, body) => (body.prompt === 'Video 0' ? busy() : undefined);
		const outcomes = await world.run([world.job(0, { timeoutMs: 5000 }), world.job(1)], { maxConcurrent: 1 });
		expect(outcomes.map(inShort)).toEqual([
			'failure: Luma Dream Machine is receiving too many requests: Slow down',
			'completed gen-0',
		]);
	});

	it('ends even when every job is refused all the time', async () => {
		const world = new World();
		world.service.onCreate = () => busy();
		const outcomes = await world.run(world.jobs(12, { timeoutMs: 30_000 }), { maxConcurrent: 5 });
		expect(outcomes.every((outcome) => outcome.kind === 'failure')).toBe(true);
		expect(world.time.elapsed).toBeLessThan(12 * 30_000);
	});
});

describe('a create that is refused for good', () => {
	it.each<[string, Disturbance, string, string]>([
		['wrong key', { answer: { statusCode: 401, body: { detail: 'Not authenticated' } } }, 'credentials', 'did not accept the API key'],
		['empty account', { answer: { statusCode: 400, body: { detail: 'Insufficient credits' } } }, 'balance', 'too little credit'],
		['moderated prompt', { answer: { statusCode: 400, body: { detail: 'Prompt was moderated' } } }, 'moderation', 'refused the content'],
		['wrong field', { answer: { statusCode: 422, body: { detail: [{ loc: ['body', 'loop'], msg: 'no' }] } } }, 'invalidRequest', 'loop: no'],
		['wrong address', { answer: { statusCode: 404, body: '' } }, 'notFound', 'does not generate videos at this address'],
		['redirect', { answer: { statusCode: 301, body: '', headers: { location: 'https://evil.example' } } }, 'redirected', 'points to another address'],
	])('ends with one message and no purchase: %s', async (_, disturbance, kind, words) => {
		const world = new World();
		world.service.onCreate = () => disturbance;
		const [outcome] = await world.run(world.jobs(1));
		const failure = failureOf(outcome);
		expect(failure.problem?.kind).toBe(kind);
		expect(failure.message).toContain(words);
		expect(failure.advice).toMatch(/^Nothing was bought\. \S/);
		expect(failure.details.status).toBeNull();
		expect(world.service.count('create')).toBe(1);
		expect(world.service.count('list')).toBe(0);
	});

	it('is told from one that never left: nothing was bought, and the network is named', async () => {
		const world = new World();
		world.service.onCreate = () => ({ fault: 'notSent', accepted: false });
		const [outcome] = await world.run(world.jobs(1));
		expect(failureOf(outcome)).toMatchObject({
			message: 'Luma Dream Machine cannot be reached: the connection broke',
			advice: "Nothing was bought. Check n8n's network and 'Base URL' in the credential. Then run this item again.",
			details: { generationId: null, status: null },
		});
		expect(world.service.count('create')).toBe(1);
		expect(world.service.count('list')).toBe(0);
	});
});

describe('the time of a job', () => {
	it.each(FLAVOURS)('when it is over, the generation is open and named (%s)', async (flavour) => {
		const world = new World(flavour);
		world.service.durationMs = () => 3_600_000;
		const outcomes = await world.run(world.jobs(2, { timeoutMs: 120_000 }));
		expect(outcomes.map(inShort)).toEqual(['open (timeout) gen-0', 'open (timeout) gen-1']);
		expect(outcomes[0]).toMatchObject({ generation: { status: 'processing' } });
		expect(world.time.elapsed).toBeGreaterThanOrEqual(120_000);
		expect(world.time.elapsed).toBeLessThan(122_000);
	});

	it('counts for each job alone', async () => {
		const world = new World();
		world.service.durationMs = () => 100_000;
		const outcomes = await world.run([world.job(0, { timeoutMs: 50_000 }), world.job(1), world.job(2, { timeoutMs: 20_000 })]);
		expect(outcomes.map(inShort)).toEqual(['open (timeout) gen-0', 'completed gen-1', 'open (timeout) gen-2']);
	});

	it('is over even when every read hangs or fails', async () => {
		const world = new World('doesNotList');
		world.service.onRead = (n) => (n % 2 === 0 ? { fault: 'unclear' } : { answer: { statusCode: 503, body: '' } });
		const outcomes = await world.run(world.jobs(1, { timeoutMs: 300_000 }));
		expect(outcomes.map(inShort)).toEqual(['open (timeout) gen-0']);
		expect(world.time.elapsed).toBeLessThan(302_000);
	});

	it('is not over for a read that is under way: its answer still counts', async () => {
		const world = new World('doesNotList');
		world.service.durationMs = () => 10_000;
		world.service.onRead = () => ({ latencyMs: 40_000 });
		const outcomes = await world.run(world.jobs(1, { timeoutMs: 30_000 }));
		expect(outcomes.map(inShort)).toEqual(['completed gen-0']);
	});

	it('does not end without a last look: what was finished in time is delivered', async () => {
		const world = new World('doesNotList');
		world.service.durationMs = () => 28_000;
		const outcomes = await world.run(world.jobs(1, { timeoutMs: 30_000 }));
		expect(outcomes.map(inShort)).toEqual(['completed gen-0']);
		expect(world.time.elapsed).toBeLessThan(31_000);
	});
});

describe('a stop', () => {
	it.each([500, 4000, 20_000, 59_000])('after %d ms ends the run within a second and names what runs', async (moment) => {
		const world = new World();
		const abort = new AbortController();
		world.time.after(moment, () => {
			abort.abort();
		});
		const outcomes = await world.run(world.jobs(4), { maxConcurrent: 3, cancelSignal: abort.signal });
		expect(world.time.elapsed - moment).toBeLessThanOrEqual(1000);
		expect(outcomes.map(inShort)).toEqual([
			'open (stopped) gen-0',
			'open (stopped) gen-1',
			'open (stopped) gen-2',
			'notSubmitted',
		]);
		expect(world.service.count('create')).toBe(3);
	});

	it('before the start sends nothing', async () => {
		const world = new World();
		const outcomes = await world.run(world.jobs(2), { cancelSignal: AbortSignal.abort() });
		expect(outcomes.map(inShort)).toEqual(['notSubmitted', 'notSubmitted']);
		expect(world.service.calls).toEqual([]);
	});

	it('takes in the id of a create that is answered within a moment', async () => {
		const world = new World();
		world.service.latencyMs = 600;
		const abort = new AbortController();
		world.time.after(100, () => {
			abort.abort();
		});
		const outcomes = await world.run(world.jobs(1), { cancelSignal: abort.signal });
		expect(outcomes.map(inShort)).toEqual(['open (stopped) gen-0']);
		expect(world.time.elapsed).toBeLessThanOrEqual(1100);
	});

	it('says of a create that is not answered within a second that a video may have been bought', async () => {
		const world = new World();
		world.service.latencyMs = 20_000;
		const abort = new AbortController();
		world.time.after(100, () => {
			abort.abort();
		});
		const [outcome] = await world.run(world.jobs(1), { cancelSignal: abort.signal });
		expect(world.time.elapsed).toBeLessThanOrEqual(1100);
		const failure = failureOf(outcome);
		expect(failure.message).toContain('It is not known whether Luma Dream Machine accepted the request');
		expect(failure.details.status).toBe('unknown');
	});

	it('says the same of a create that it broke off', async () => {
		const world = new World();
		const abort = new AbortController();
		world.service.onCreate = () => ({ fault: 'cancelled', accepted: true, latencyMs: 10_000 });
		world.time.after(300, () => {
			abort.abort();
		});
		const [outcome] = await world.run(world.jobs(1), { cancelSignal: abort.signal });
		expect(failureOf(outcome).message).toContain('It is not known whether');
	});

	it('ends the search for a lost generation within a second, saying that a video may have been bought', async () => {
		const world = new World();
		const abort = new AbortController();
		world.service.onCreate = () => ({ fault: 'unclear', accepted: true });
		world.service.unlisted.add('gen-0');
		world.time.after(2500, () => {
			abort.abort();
		});
		const [outcome] = await world.run(world.jobs(1), { cancelSignal: abort.signal });
		expect(world.time.elapsed - 2500).toBeLessThanOrEqual(1000);
		expect(failureOf(outcome).advice).toMatch(/^A video may have been bought\./);
	});

	it('ends the wait of a refused create, and nothing more is sent', async () => {
		const world = new World();
		const abort = new AbortController();
		world.service.onCreate = () => busy({ 'retry-after': '300' });
		world.time.after(5000, () => {
			abort.abort();
		});
		const outcomes = await world.run(world.jobs(2), { cancelSignal: abort.signal });
		expect(outcomes.map(inShort)).toEqual(['notSubmitted', 'notSubmitted']);
		expect(world.time.elapsed).toBeLessThanOrEqual(6000);
		await world.time.pass(3_600_000);
		expect(world.service.count('create')).toBe(2);
	});

	it('is the end: nothing is read and nobody is told of anything after it', async () => {
		const world = new World();
		world.service.durationMs = () => 3900;
		world.service.onRead = () => ({ latencyMs: 5000 });
		const abort = new AbortController();
		world.time.after(6000, () => {
			abort.abort();
		});
		const outcomes = await world.run(world.jobs(1), { cancelSignal: abort.signal });
		expect(outcomes.map(inShort)).toEqual(['open (stopped) gen-0']);
		const calls = world.service.calls.length;
		await world.time.pass(3_600_000);
		expect(world.service.calls).toHaveLength(calls);
		expect(world.finished).toEqual([]);
	});

	it('leaves no timer and no task behind', async () => {
		const world = new World();
		const abort = new AbortController();
		world.time.after(10_000, () => {
			abort.abort();
		});
		await world.run(world.jobs(3), { cancelSignal: abort.signal });
		await expect(world.time.run(new Promise(() => undefined))).rejects.toThrow('nothing is going to happen');
	});
});

describe('when the first failure ends the run', () => {
	it('later jobs are not submitted, and running ones are named', async () => {
		const world = new World();
		world.service.onCreate = (_, body) =>
			body.prompt === 'Video 2' ? { answer: { statusCode: 400, body: { detail: 'no' } } } : undefined;
		const outcomes = await world.run(world.jobs(6), { maxConcurrent: 3, stopAtFirstFailure: true });
		expect(outcomes.map(inShort)).toEqual([
			'open (stopped) gen-0',
			'open (stopped) gen-1',
			'failure: Luma Dream Machine refused the request: no',
			'notSubmitted',
			'notSubmitted',
			'notSubmitted',
		]);
		expect(world.time.elapsed).toBeLessThan(1000);
	});

	it('a generation that fails is a failure too', async () => {
		const world = new World();
		world.service.durationMs = (n) => (n === 1 ? 2000 : 60_000);
		world.service.fails = (n) => n === 1;
		const outcomes = await world.run(world.jobs(4), { maxConcurrent: 2, stopAtFirstFailure: true });
		expect(outcomes.map(inShort)).toEqual(['open (stopped) gen-0', 'failed gen-1', 'notSubmitted', 'notSubmitted']);
		expect(world.time.elapsed).toBeLessThan(10_000);
	});

	it('creates under way are waited for, so that their ids are known', async () => {
		const world = new World();
		world.service.onCreate = (n) =>
			n === 0 ? { answer: { statusCode: 400, body: { detail: 'no' } }, latencyMs: 100 } : { latencyMs: 8000 };
		const outcomes = await world.run(world.jobs(3), { maxConcurrent: 2, stopAtFirstFailure: true });
		expect(outcomes.map(inShort)).toEqual([
			'failure: Luma Dream Machine refused the request: no',
			'open (stopped) gen-0',
			'notSubmitted',
		]);
	});

	it('a time-out is none: the others go on', async () => {
		const world = new World();
		const outcomes = await world.run([world.job(0, { timeoutMs: 10_000 }), world.job(1)], { stopAtFirstFailure: true });
		expect(outcomes.map(inShort)).toEqual(['open (timeout) gen-0', 'completed gen-1']);
	});

	it('is the end: a read under way does not start a download any more', async () => {
		const world = new World('doesNotList');
		world.service.durationMs = (n) => (n === 0 ? 2000 : 3000);
		world.service.fails = (n) => n === 0;
		world.service.onRead = (_, id) => ({ latencyMs: id === 'gen-0' ? 100 : 9000 });
		const outcomes = await world.run(world.jobs(2), { stopAtFirstFailure: true });
		expect(outcomes.map(inShort)).toEqual(['failed gen-0', 'open (stopped) gen-1']);
		await world.time.pass(60_000);
		expect(world.finished).toEqual([]);
	});

	it('without it, all others are finished', async () => {
		const world = new World();
		world.service.onCreate = (n) => (n === 0 ? { answer: { statusCode: 400, body: { detail: 'no' } } } : undefined);
		const outcomes = await world.run(world.jobs(3), { maxConcurrent: 1 });
		expect(outcomes.map(inShort)).toEqual([
			'failure: Luma Dream Machine refused the request: no',
			'completed gen-0',
			'completed gen-1',
		]);
	});
});

describe('waiting for generations that were bought before', () => {
	async function bought(flavour: (typeof FLAVOURS)[number], count: number): Promise<World> {
		const world = new World(flavour);
		await world.run(world.jobs(count), { until: 'submitted' });
		return world;
	}

	it.each(FLAVOURS)('looks at once and then as often as needed, and buys nothing (%s)', async (flavour) => {
		const world = await bought(flavour, 3);
		const outcomes = await world.run(['gen-2', 'gen-0', 'gen-1'].map((id, index) => world.existing(index, id)));
		expect(outcomes.map(inShort)).toEqual(['completed gen-2', 'completed gen-0', 'completed gen-1']);
		expect(world.service.count('create')).toBe(3);
	});

	it('delivers at once what is over already', async () => {
		const world = await bought('lists', 1);
		await world.time.pass(100_000);
		await world.run([world.existing(0, 'gen-0')]);
		expect(world.time.elapsed).toBeLessThan(101_000);
		expect(world.service.count('read')).toBe(1);
	});

	it('notices the end soon although it is not known when it was bought', async () => {
		for (const age of [0, 10_000, 25_000, 40_000, 55_000]) {
			const world = await bought('doesNotList', 1);
			await world.time.pass(age);
			await world.run([world.existing(0, 'gen-0')]);
			const end = (world.service.made[0]?.endsAt ?? Number.NaN) - world.time.start;
			expect(world.time.elapsed - end).toBeLessThan(6000);
			expect(world.service.count('read')).toBeLessThanOrEqual(26);
		}
	});

	it('says of an id that nobody knows what to check, and does not say that it runs', async () => {
		const world = new World();
		const [outcome] = await world.run([world.existing(0, 'nobody')]);
		expect(failureOf(outcome)).toEqual({
			message: 'Luma Dream Machine has no generation nobody',
			advice: 'Check the generation ID and that it belongs to the account of this credential.',
			details: { generationId: 'nobody', provider: 'lumaDreamMachine', status: 'processing' },
			problem: expect.objectContaining({ kind: 'notFound' }),
		});
		expect(world.time.elapsed).toBeLessThan(1000);
	});

	it('can name the same generation twice', async () => {
		const world = await bought('lists', 1);
		const outcomes = await world.run([world.existing(0, 'gen-0'), world.existing(1, 'gen-0')]);
		expect(outcomes.map(inShort)).toEqual(['completed gen-0', 'completed gen-0']);
	});

	it('names the generation when the time is over', async () => {
		const world = await bought('lists', 1);
		const outcomes = await world.run([world.existing(0, 'gen-0', 20_000)]);
		expect(outcomes.map(inShort)).toEqual(['open (timeout) gen-0']);
	});
});

describe('a defect of this package', () => {
	const broken = (): never => {
		throw new Error('a defect');
	};

	it.each([
		['create', null],
		['readCreated', null],
		['status', 'gen-0'],
		['readStatus', 'gen-0'],
	] as const)(
		'in %s() becomes one clear failure, which names what was bought (%s), and other jobs are not touched by it',
		async (name, generationId) => {
			const world = new World('doesNotList');
			const sound = world.service.provider;
			let calls = 0;
			const method = sound[name] as (...args: unknown[]) => unknown;
			const provider = {
				...sound,
				[name]: (...args: unknown[]): unknown => (calls++ === 0 ? broken() : method(...args)),
			};
			const outcomes = await world.run(world.jobs(3), { provider });
			const failures = outcomes.filter((outcome) => outcome.kind === 'failure');
			expect(failures).toHaveLength(1);
			const failure = failureOf(failures[0]);
			expect(failure.message).toBe('Something unexpected happened: a defect');
			expect(failure.advice).toContain('Please report this');
			expect(outcomes.filter((outcome) => outcome.kind === 'finished')).toHaveLength(2);
			expect(failure.details.generationId).toBe(generationId);
			expect(failure.advice).toContain(generationId ?? 'report');
		},
	);

	it.each(['list', 'readList'] as const)('in %s() costs nothing but single reads', async (name) => {
		const world = new World('lists');
		const outcomes = await world.run(world.jobs(2), { provider: { ...world.service.provider, [name]: broken } });
		expect(outcomes.map(inShort)).toEqual(['completed gen-0', 'completed gen-1']);
	});

	it('after the request was sent does not hide that a video may have been bought', async () => {
		const world = new World('doesNotList');
		const [outcome] = await world.run(world.jobs(1), {
			provider: { ...world.service.provider, readCreated: broken },
		});
		expect(failureOf(outcome).details.status).toBe('unknown');
		expect(failureOf(outcome).advice).toContain('A video may have been bought');
	});

	it('before the request was sent leaves nothing in the ledger: the next try buys', async () => {
		const world = new World('doesNotList');
		const [first] = await world.run(world.jobs(1), { provider: { ...world.service.provider, create: broken } });
		expect(first?.kind).toBe('failure');
		expect((await world.run(world.jobs(1))).map(inShort)).toEqual(['completed gen-0']);
	});

	it('in what is told of a finished generation does not lose the generation', async () => {
		const world = new World('doesNotList');
		const outcomes = await world.run(world.jobs(2), { onFinished: broken });
		for (const [index, outcome] of outcomes.entries()) expect(inShort(outcome)).toContain(`gen-${String(index)}`);
	});

	it('leaves no rejection unhandled', async () => {
		const rejections: unknown[] = [];
		const note = (reason: unknown): void => {
			rejections.push(reason);
		};
		process.on('unhandledRejection', note);
		try {
			for (const name of ['create', 'readCreated', 'status', 'readStatus', 'list', 'readList', 'sameRequest'] as const) {
				const world = new World('lists');
				world.service.onCreate = (n) => (n === 1 ? { fault: 'unclear', accepted: true } : undefined);
				const outcomes = await world.run(world.jobs(3), {
					provider: { ...world.service.provider, [name]: broken },
					onFinished: broken,
				});
				expect(outcomes).toHaveLength(3);
			}
			await pause(0);
		} finally {
			process.off('unhandledRejection', note);
		}
		expect(rejections).toEqual([]);
	});
});

it('never asks for more than the default time when nothing ever ends', async () => {
	const world = new World('doesNotList');
	world.service.durationMs = () => Number.MAX_SAFE_INTEGER;
	await world.run(world.jobs(10), { maxConcurrent: 5 });
	expect(world.time.elapsed).toBeLessThan(2 * TIMEOUT_MS + 10_000);
});
