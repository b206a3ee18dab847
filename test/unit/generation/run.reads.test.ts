/** Reading what runs: what is ridden out, what ends the wait, and how a list serves many. */
import { describe, expect, it } from '@jest/globals';
import { inEach } from '../cells';
import type { Disturbance } from './fakeService';
import { World, failureOf, inShort } from './world';

const PASSING: ReadonlyArray<[string, Disturbance]> = [
	['a connection that breaks', { fault: 'unclear' }],
	['a host that cannot be reached', { fault: 'notSent' }],
	['no answer in time', { fault: 'unclear', latencyMs: 60_000 }],
	['HTTP 408', { answer: { statusCode: 408, body: '' } }],
	['HTTP 409', { answer: { statusCode: 409, body: { detail: 'Conflict' } } }],
	['HTTP 429', { answer: { statusCode: 429, body: '' } }],
	['HTTP 429 that names a time', { answer: { statusCode: 429, body: '', headers: { 'retry-after': '30' } } }],
	['HTTP 500', { answer: { statusCode: 500, body: { detail: 'Internal Server Error' } } }],
	['HTTP 502 with a page', { answer: { statusCode: 502, body: '<html>Bad Gateway</html>' } }],
	['HTTP 503 that names a time', { answer: { statusCode: 503, body: '', headers: { 'retry-after': '10' } } }],
	['HTTP 504', { answer: { statusCode: 504, body: '' } }],
	['HTTP 529', { answer: { statusCode: 529, body: '' } }],
];

describe.each(PASSING)('%s', (_, disturbance) => {
	it('at the first ten reads is ridden out', async () => {
		const world = new World('doesNotList');
		world.service.onRead = (n) => (n < 10 ? disturbance : undefined);
		expect((await world.run(world.jobs(1))).map(inShort)).toEqual(['completed gen-0']);
	});

	it('at the first five reads of the list is ridden out', async () => {
		const world = new World('lists');
		world.service.onList = (n) => (n < 5 ? disturbance : undefined);
		const outcomes = await world.run(world.jobs(3));
		expect(outcomes.map(inShort)).toEqual(['completed gen-0', 'completed gen-1', 'completed gen-2']);
	});

	it('at every other read does not delay the end by much', async () => {
		const world = new World('doesNotList');
		world.service.onRead = (n) => (n % 2 === 0 ? { ...disturbance, latencyMs: undefined } : undefined);
		await world.run(world.jobs(1));
		expect(world.time.elapsed).toBeLessThan(60_000 + 35_000);
		expect(world.service.count('read')).toBeGreaterThan(1);
	});

	it('at every read ends as open when the time is over, and does not hammer the service', async () => {
		const world = new World('doesNotList');
		world.service.onRead = () => disturbance;
		expect((await world.run(world.jobs(1, { timeoutMs: 600_000 }))).map(inShort)).toEqual(['open (timeout) gen-0']);
		expect(world.service.count('read')).toBeLessThanOrEqual(61);
	});
});

it('a pause that the service asks for is kept', async () => {
	const world = new World('doesNotList');
	world.service.latencyMs = 0;
	world.service.onRead = (n) =>
		n === 0 ? { answer: { statusCode: 429, body: '', headers: { 'retry-after': '45' } } } : undefined;
	await world.run(world.jobs(1));
	const [first = 0, second = 0] = world.service.times('read');
	expect(second - first).toBe(45_000);
});

it('a pause of nothing does not turn into a flood of reads', async () => {
	const world = new World('doesNotList');
	world.service.onRead = () => ({ answer: { statusCode: 429, body: '', headers: { 'retry-after': '0' } } });
	await world.run(world.jobs(1, { timeoutMs: 60_000 }));
	expect(world.service.count('read')).toBeLessThan(62);
});

const FINAL: ReadonlyArray<[string, Disturbance, string]> = [
	['HTTP 401', { answer: { statusCode: 401, body: { detail: 'Not authenticated' } } }, 'credentials'],
	['HTTP 403', { answer: { statusCode: 403, body: { detail: 'Forbidden' } } }, 'credentials'],
	['HTTP 404', { answer: { statusCode: 404, body: { detail: 'Generation not found' } } }, 'notFound'],
	['HTTP 410', { answer: { statusCode: 410, body: '' } }, 'notFound'],
	['HTTP 422', { answer: { statusCode: 422, body: { detail: 'no' } } }, 'invalidRequest'],
	['HTTP 302', { answer: { statusCode: 302, body: '', headers: { location: '/login' } } }, 'redirected'],
];

describe.each(FINAL)('%s', (_, disturbance, kind) => {
	it('ends the wait at once, names the generation and says how to get it', async () => {
		const world = new World('lists');
		world.service.onRead = () => disturbance;
		const [outcome] = await world.run(world.jobs(1));
		const failure = failureOf(outcome);
		expect(failure.problem?.kind).toBe(kind);
		expect(failure.message).toMatch(/^(Generation gen-0 cannot be read: Luma Dream Machine \S|Luma Dream Machine has no generation gen-0$)/);
		expect(failure.advice).toContain('It may still be running.');
		expect(failure.advice).toContain("operation 'Wait' with the ID gen-0.");
		// That would buy another one.
		expect(failure.advice).not.toContain('run the workflow again');
		expect(failure.details).toMatchObject({ generationId: 'gen-0', provider: 'lumaDreamMachine' });
		expect(world.service.count('read')).toBe(1);
		expect(world.service.count('create')).toBe(1);
	});

	it('at the list alone: each generation is read on its own from then on', async () => {
		const world = new World('lists');
		world.service.onList = () => disturbance;
		const outcomes = await world.run(world.jobs(3));
		expect(outcomes.map(inShort)).toEqual(['completed gen-0', 'completed gen-1', 'completed gen-2']);
		expect(world.service.count('list')).toBe(1);
	});

	it('at the list and at every read: each job gets its own message', async () => {
		const world = new World('lists');
		world.service.onList = () => disturbance;
		world.service.onRead = () => disturbance;
		const outcomes = await world.run(world.jobs(3));
		expect(outcomes.map((outcome) => failureOf(outcome).details.generationId)).toEqual(['gen-0', 'gen-1', 'gen-2']);
		for (const outcome of outcomes) expect(failureOf(outcome).message).toMatch(/cannot be read|has no generation/);
	});

	it('for one generation does not end the wait for the others', async () => {
		const world = new World('doesNotList');
		world.service.onRead = (_n, id) => (id === 'gen-1' ? disturbance : undefined);
		const outcomes = await world.run(world.jobs(3));
		expect(outcomes.map(({ kind: outcome }) => outcome)).toEqual(['finished', 'failure', 'finished']);
	});
});

const UNREADABLE: ReadonlyArray<[string, unknown]> = [
	['a page of HTML', '<!doctype html><title>Maintenance</title>'],
	['nothing', ''],
	['JSON that is cut off', '{"id":"gen-0","state":"comp'],
	['an answer without an id', { state: 'completed' }],
	['an answer without a status', { id: 'gen-0' }],
	['a list', []],
	['a text', '"fine"'],
	['null', 'null'],
];

describe.each(UNREADABLE)('HTTP 200 with %s', (_, body) => {
	const disturbance: Disturbance = { answer: { statusCode: 200, body } };

	it('once is ridden out', async () => {
		const world = new World('lists');
		world.service.onRead = (n) => (n < 2 ? disturbance : undefined);
		expect((await world.run(world.jobs(1))).map(inShort)).toEqual(['completed gen-0']);
	});

	it('time and again ends with one message that names the generation', async () => {
		const world = new World('lists');
		world.service.onRead = () => disturbance;
		const [outcome] = await world.run(world.jobs(1));
		const failure = failureOf(outcome);
		expect(failure.message).toMatch(/^Generation gen-0 cannot be read: Luma Dream Machine sent (a web page|an empty answer|an unknown answer)/);
		expect(failure.advice).toContain('with the ID gen-0.');
		expect(failure.message).not.toContain('\n');
		expect(world.service.count('read')).toBe(4);
	});

	it('instead of the list: each generation is read on its own', async () => {
		const world = new World('lists');
		world.service.onList = () => disturbance;
		const outcomes = await world.run(world.jobs(2));
		expect(outcomes.map(inShort)).toEqual(['completed gen-0', 'completed gen-1']);
	});
});

describe('the word for the status', () => {
	const says = (state: unknown, more: Record<string, unknown> = {}): Disturbance => ({
		answer: { statusCode: 200, body: { id: 'gen-0', state, ...more } },
	});

	it.each(['thinking', 'QUEUED_FOR_LATER', 'paused', '進行中', 'complete', 'error', 'canceled'])(
		'%s is not known, so it reads as running until the time is over',
		async (word) => {
			const world = new World('lists');
			world.service.onRead = () => says(word);
			const outcomes = await world.run(world.jobs(1, { timeoutMs: 100_000 }));
			expect(outcomes.map(inShort)).toEqual(['open (timeout) gen-0']);
			expect(outcomes[0]).toMatchObject({ generation: { status: 'processing' } });
		},
	);

	it.each(['completed', 'COMPLETED', 'Completed'])('%s without a video is looked at again: it may follow', async (word) => {
		const world = new World('lists');
		world.service.onRead = (n) => (n < 3 ? says(word, { assets: null }) : says(word, { assets: { video: 'https://m.example/v.mp4' } }));
		const outcomes = await world.run(world.jobs(1));
		expect(outcomes.map(inShort)).toEqual(['completed gen-0']);
		expect(world.finished).toEqual(['gen-0']);
	});

	it.each([null, {}, { video: null }, { video: '' }, { video: 'not a url' }, { video: 7 }])(
		'completed with %j for good ends with a message that names the generation',
		async (assets) => {
			const world = new World('lists');
			world.service.onRead = () => says('completed', { assets });
			const [outcome] = await world.run(world.jobs(1));
			const failure = failureOf(outcome);
			expect(failure.message).toBe('Generation gen-0 has no video to download (status: completed)');
			expect(failure.advice).toContain('with the ID gen-0.');
			expect(failure.details).toMatchObject({ generationId: 'gen-0', status: 'completed' });
			expect(world.finished).toEqual([]);
			expect(world.service.count('read')).toBe(4);
		},
	);

	it('completed with an image only is completed', async () => {
		const world = new World('lists');
		world.service.onRead = () => says('completed', { assets: { image: 'https://m.example/i.jpg' } });
		expect((await world.run(world.jobs(1))).map(inShort)).toEqual(['completed gen-0']);
	});

	it('failed is the end at once, with its reason', async () => {
		const world = new World('lists');
		world.service.onRead = () => says('failed', { failure_reason: 'The prompt was moderated' });
		const [outcome] = await world.run(world.jobs(1));
		expect(outcome).toMatchObject({
			kind: 'finished',
			generation: { status: 'failed', failureReason: 'The prompt was moderated' },
		});
		expect(world.time.elapsed).toBeLessThan(6000);
	});

	it('that goes backwards does not confuse', async () => {
		const world = new World('lists');
		const words = ['dreaming', 'queued', 'dreaming', 'queued'];
		world.service.onRead = (n) => (words[n] === undefined ? undefined : says(words[n]));
		expect((await world.run(world.jobs(1))).map(inShort)).toEqual(['completed gen-0']);
	});
});

describe('one list for many', () => {
	it('is read instead of each generation, and never both', async () => {
		const world = new World('lists');
		await world.run(world.jobs(20));
		expect(world.service.count('read')).toBe(0);
		expect(world.service.count('list')).toBeLessThanOrEqual(40);
		expect(world.service.count('list')).toBeGreaterThan(3);
	});

	it('is not read for a single one', async () => {
		const world = new World('lists');
		await world.run(world.jobs(1));
		expect(world.service.count('list')).toBe(0);
		expect(world.service.count('read')).toBeGreaterThan(3);
	});

	it('is given up for single reads when only one is left', async () => {
		const world = new World('lists');
		world.service.durationMs = (n) => (n === 0 ? 120_000 : 30_000);
		await world.run(world.jobs(4));
		expect(new Set(world.service.calls.filter(({ kind }) => kind === 'read').map(({ id }) => id))).toEqual(new Set(['gen-0']));
	});

	it.each([1, 3])('leaves %d generations out: they are read on their own', async (count) => {
		const world = new World('lists');
		for (let n = 0; n < count; n++) world.service.unlisted.add(`gen-${String(n)}`);
		const outcomes = await world.run(world.jobs(5));
		expect(outcomes.every((outcome) => outcome.kind === 'finished')).toBe(true);
		const alone = new Set(world.service.calls.filter(({ kind }) => kind === 'read').map(({ id }) => id));
		expect(alone.size).toBe(count);
		expect(world.time.elapsed).toBeLessThan(66_000);
	});

	it('of many pages is read as far as needed', async () => {
		const world = new World('lists');
		world.time.after(1000, () => {
			for (let n = 0; n < 90; n++) {
				world.service.addForeign(`foreign-${String(n)}`, { prompt: 'else' }, world.time.now() + n);
			}
		});
		const outcomes = await world.run(world.jobs(3));
		expect(outcomes.map(inShort)).toEqual(['completed gen-0', 'completed gen-1', 'completed gen-2']);
		expect(world.service.count('read')).toBe(0);
	});

	it('that is buried under a thousand others is not searched for ever: single reads take over', async () => {
		const world = new World('lists');
		world.time.after(1000, () => {
			for (let n = 0; n < 1000; n++) {
				world.service.addForeign(`foreign-${String(n)}`, { prompt: 'else' }, world.time.now() + n);
			}
		});
		const outcomes = await world.run(world.jobs(3));
		expect(outcomes.every((outcome) => outcome.kind === 'finished')).toBe(true);
		expect(world.service.count('list')).toBeLessThan(15);
	});

	it('whose answer is broken in one row hides that row only', async () => {
		const world = new World('lists');
		const rows = (): unknown[] => [
			null,
			7,
			{ id: '', state: 'completed' },
			{ id: 'gen-1' },
			{ id: 'gen-0', state: 'completed', assets: { video: 'https://m.example/0.mp4' } },
		];
		world.service.onList = () => ({ answer: { statusCode: 200, body: { generations: rows(), has_more: false } } });
		const outcomes = await world.run(world.jobs(2));
		expect(outcomes.map(inShort)).toEqual(['completed gen-0', 'completed gen-1']);
	});

	it('that names a generation as completed without a video lets the others be delivered', async () => {
		const world = new World('lists');
		world.service.onList = () => ({
			answer: {
				statusCode: 200,
				body: {
					generations: [
						{ id: 'gen-0', state: 'completed', assets: null },
						{ id: 'gen-1', state: 'completed', assets: { video: 'https://m.example/1.mp4' } },
						{ id: 'gen-2', state: 'failed', failure_reason: 'no' },
					],
				},
			},
		});
		world.service.onRead = () => ({ answer: { statusCode: 200, body: { id: 'gen-0', state: 'completed' } } });
		const outcomes = await world.run(world.jobs(3));
		expect(outcomes.map(inShort)).toEqual([
			'failure: Generation gen-0 has no video to download (status: completed)',
			'completed gen-1',
			'failed gen-2',
		]);
	});

	it('that says there is more for ever ends', async () => {
		const world = new World('lists');
		world.service.onList = () => ({
			answer: { statusCode: 200, body: { generations: [{ id: 'x', state: 'queued' }], offset: 0, has_more: true } },
		});
		const outcomes = await world.run(world.jobs(2));
		expect(outcomes.every((outcome) => outcome.kind === 'finished')).toBe(true);
	});
});

it('reads of different generations do not wait for one another', async () => {
	const world = new World('doesNotList');
	world.service.onRead = (_, id) => (id === 'gen-0' ? { latencyMs: 30_000 } : undefined);
	const outcomes = await world.run([world.job(0), world.job(1, { timeoutMs: 300_000 })]);
	expect(outcomes.map(inShort)).toEqual(['completed gen-0', 'completed gen-1']);
	expect(world.finished[0]).toBe('gen-1');
});

it('the same generation is not read twice at the same time', async () => {
	const world = new World('doesNotList');
	world.service.onRead = () => ({ latencyMs: 20_000 });
	await world.run(world.jobs(1));
	const times = world.service.times('read');
	const gaps = times.slice(1).map((time, index) => time - (times[index] ?? 0));
	inEach(gaps, (gap) => {
		expect(gap).toBeGreaterThanOrEqual(20_000);
	});
});

describe('when the time is over', () => {
	it('it is told what went wrong with the last read', async () => {
		const world = new World('doesNotList');
		world.service.onRead = () => ({ answer: { statusCode: 503, body: '' } });
		const [outcome] = await world.run(world.jobs(1, { timeoutMs: 60_000 }));
		expect(outcome).toMatchObject({ kind: 'open', trouble: expect.stringContaining('HTTP 503') });
	});

	it('nothing is told of a read that went wrong long ago', async () => {
		const world = new World('doesNotList');
		world.service.durationMs = () => 600_000;
		world.service.onRead = (n) => (n === 0 ? { fault: 'unclear' } : undefined);
		const [outcome] = await world.run(world.jobs(1, { timeoutMs: 60_000 }));
		expect(outcome).not.toHaveProperty('trouble');
	});
});
