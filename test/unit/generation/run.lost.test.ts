/** Creates that end without a readable answer: never sent again, looked for where the provider lists. */
import { describe, expect, it } from '@jest/globals';
import type { Outcome } from '../../../nodes/LumaVideo/generation/job';
import type { JsonObject } from '../../../nodes/LumaVideo/providers/provider';
import { lumaDreamMachine } from '../../../nodes/LumaVideo/providers/lumaDreamMachine';
import { request } from '../providers/support';
import type { Disturbance } from './fakeService';
import { World, failureOf, inShort } from './world';

/** Every way in which a create can end without saying whether it was accepted. */
const UNCLEAR: ReadonlyArray<[string, Disturbance]> = [
	['no answer in time', { fault: 'unclear', latencyMs: 60_000 }],
	['a connection that breaks', { fault: 'unclear' }],
	['HTTP 408', { answer: { statusCode: 408, body: '' } }],
	['HTTP 500', { answer: { statusCode: 500, body: { detail: 'Internal Server Error' } } }],
	['HTTP 502 with a page', { answer: { statusCode: 502, body: '<html>Bad Gateway</html>' } }],
	['HTTP 503 that asks to come again', { answer: { statusCode: 503, body: '', headers: { 'retry-after': '1' } } }],
	['HTTP 504', { answer: { statusCode: 504, body: '' } }],
	['HTTP 524', { answer: { statusCode: 524, body: '' } }],
	['HTTP 200 with a page', { answer: { statusCode: 200, body: '<!doctype html><title>Sign in</title>' } }],
	['HTTP 201 with nothing', { answer: { statusCode: 201, body: '' } }],
	['HTTP 201 that is cut off', { answer: { statusCode: 201, body: '{"id":"gen-' } }],
	['HTTP 201 without an id', { answer: { statusCode: 201, body: { state: 'queued' } } }],
	['HTTP 204', { answer: { statusCode: 204, body: '' } }],
];

describe.each(UNCLEAR)('%s', (_, disturbance) => {
	it('after the request was accepted: sent once, found in the list, delivered', async () => {
		const world = new World('lists');
		world.service.onCreate = () => ({ ...disturbance, accepted: true });
		const outcomes = await world.run(world.jobs(1));
		expect(outcomes.map(inShort)).toEqual(['completed gen-0']);
		expect(world.service.count('create')).toBe(1);
		expect(world.service.made).toHaveLength(1);
	});

	it('before the request was accepted: sent once, not found, and what is known is said', async () => {
		const world = new World('lists');
		world.service.onCreate = () => ({ ...disturbance, accepted: false });
		const [outcome] = await world.run(world.jobs(1));
		const failure = failureOf(outcome);
		expect(failure.message).toMatch(/^It is not known whether Luma Dream Machine accepted the request: \S/);
		expect(failure.advice).toContain('The list of generations does not show it yet; lists can lag behind.');
		expect(failure.details).toEqual({ generationId: null, provider: 'lumaDreamMachine', status: 'unknown' });
		expect(world.service.count('create')).toBe(1);
		expect(world.time.elapsed).toBeLessThan(80_000);
	});

	it.each([true, false])('where nothing is listed: sent once, and the doubt is named (accepted: %p)', async (accepted) => {
		const world = new World('doesNotList');
		world.service.onCreate = () => ({ ...disturbance, accepted });
		const [outcome] = await world.run(world.jobs(1));
		const failure = failureOf(outcome);
		expect(failure.message).toMatch(/^It is not known whether Pixwith.ai accepted the request: \S/);
		expect(failure.advice).toContain('A video may have been bought. Look at https://pixwith.ai/api');
		expect(failure.advice).toContain('2026-01-05T12:00:00.000Z');
		expect(failure.details.status).toBe('unknown');
		expect(world.service.count('create')).toBe(1);
	});

	it('between others: exactly one create for each job, and the others are delivered', async () => {
		const world = new World('doesNotList');
		world.service.onCreate = (n) => (n === 2 ? { ...disturbance, accepted: true } : undefined);
		const outcomes = await world.run(world.jobs(5));
		expect(world.service.count('create')).toBe(5);
		expect(outcomes.map(({ kind }) => kind)).toEqual(['finished', 'finished', 'failure', 'finished', 'finished']);
	});
});

/** A body as another client of the account would send it. */
function bodyLike(prompt: string, more: JsonObject = {}): JsonObject {
	return { ...lumaDreamMachine.create(request('ray-2', { prompt })).body, ...more };
}

const lost = (): Disturbance => ({ fault: 'unclear', accepted: true });
const notTaken = (): Disturbance => ({ fault: 'unclear', accepted: false });

describe('a lost generation is told from look-alikes', () => {
	it.each<[string, JsonObject]>([
		['another prompt', bodyLike('Video 1')],
		['the prompt with more to it', bodyLike('Video 0, again')],
		['another model', { ...bodyLike('Video 0'), model: 'ray-flash-2' }],
		['a start image', bodyLike('Video 0', { keyframes: { frame0: { type: 'image', url: 'https://e.example/a.jpg' } } })],
		['a concept', bodyLike('Video 0', { concepts: [{ key: 'pov' }] })],
		['a loop', bodyLike('Video 0', { loop: true })],
		['a callback', bodyLike('Video 0', { callback_url: 'https://e.example/hook' })],
	])('asked for at the same moment, with %s', async (_, body) => {
		const run = async (accepted: boolean): Promise<Outcome | undefined> => {
			const world = new World();
			world.service.onCreate = () => ({ fault: 'unclear', accepted });
			world.time.after(150, () => {
				world.service.addForeign('foreign', body, world.time.now());
			});
			return (await world.run(world.jobs(1)))[0];
		};
		expect(await run(true)).toMatchObject({ kind: 'finished', generation: { generationId: 'gen-0' } });
		expect(failureOf(await run(false)).advice).toContain('does not show it');
	});

	it.each([10_000, 60_000, 86_400_000])('asked for %d ms before by another client', async (before) => {
		const run = async (accepted: boolean): Promise<Outcome | undefined> => {
			const world = new World();
			world.service.addForeign('foreign', bodyLike('Video 0'), world.time.now() - before);
			world.service.onCreate = () => ({ fault: 'unclear', accepted });
			return (await world.run(world.jobs(1)))[0];
		};
		expect(await run(true)).toMatchObject({ kind: 'finished', generation: { generationId: 'gen-0' } });
		expect(failureOf(await run(false)).advice).toContain('does not show it');
	});

	it('asked for a moment later by another client: nothing is decided, and both are named', async () => {
		const world = new World();
		world.service.onCreate = lost;
		world.time.after(700, () => {
			world.service.addForeign('foreign', bodyLike('Video 0'), world.time.now());
		});
		const [outcome] = await world.run(world.jobs(1));
		const failure = failureOf(outcome);
		expect(failure.advice).toContain('The list of generations has possible matches, which may belong to other requests: gen-0, foreign.');
		expect(failure.details.generationId).toBeNull();
		expect(failure.details.status).toBe('unknown');
	});

	it('three of them are all named', async () => {
		const world = new World();
		world.service.onCreate = lost;
		world.time.after(300, () => {
			for (const id of ['foreign-1', 'foreign-2']) {
				world.service.addForeign(id, bodyLike('Video 0'), world.time.now());
			}
		});
		const [outcome] = await world.run(world.jobs(1));
		expect(failureOf(outcome).advice).toMatch(/: gen-0, foreign-1, foreign-2\./);
	});

	it.each([-3_600_000, -45_000, 45_000, 3_600_000])('where the clock of the service is %d ms ahead', async (skew) => {
		const world = new World();
		world.service.skewMs = skew;
		world.service.addForeign('foreign', bodyLike('Video 0'), world.time.now() - 20_000);
		world.service.onCreate = lost;
		const outcomes = await world.run(world.jobs(1));
		expect(outcomes.map(inShort)).toEqual(['completed gen-0']);
	});

	it('without a clock in the answer as long as the clocks differ by less than half a minute', async () => {
		const world = new World();
		world.service.sendsDate = false;
		world.service.skewMs = -25_000;
		world.service.onCreate = lost;
		expect((await world.run(world.jobs(1))).map(inShort)).toEqual(['completed gen-0']);
	});

	it('bought long after the request by somebody who asks the same', async () => {
		const world = new World();
		world.service.onCreate = notTaken;
		await world.run(world.jobs(1));
		await world.time.pass(3_600_000);
		world.service.addForeign('foreign', bodyLike('Video 0'), world.time.now());
		await world.time.pass(60_000);
		const [outcome] = await world.run(world.jobs(1));
		expect(failureOf(outcome).message).toContain('It is not known whether');
	});
});

describe('twins: the same request more than once in a run', () => {
	const twins = (world: World, count: number) => world.jobs(count, { prompt: 'The same' });

	it('each gets its own when all are lost', async () => {
		const world = new World();
		world.service.onCreate = lost;
		const outcomes = await world.run(twins(world, 3));
		expect(outcomes.map(inShort).sort()).toEqual(['completed gen-0', 'completed gen-1', 'completed gen-2']);
		expect(world.service.count('create')).toBe(3);
	});

	it('the lost one gets what no other owns', async () => {
		const world = new World();
		world.service.onCreate = (n) => (n === 1 ? lost() : undefined);
		const outcomes = await world.run(twins(world, 3));
		expect(outcomes.map(inShort)).toEqual(['completed gen-0', 'completed gen-1', 'completed gen-2']);
	});

	it('of two without an answer, one accepted: one is delivered, the other in doubt, none is bought again', async () => {
		const world = new World();
		world.service.onCreate = (n) => (n === 0 ? notTaken() : lost());
		const outcomes = await world.run(twins(world, 2));
		expect(outcomes.map(({ kind }) => kind).sort()).toEqual(['failure', 'finished']);
		expect(world.service.count('create')).toBe(2);
	});

	it('one whose answer is on its way keeps its generation: two jobs never share one', async () => {
		const world = new World();
		// The first is accepted and answered late, the second is never accepted.
		world.service.onCreate = (n) => (n === 0 ? { latencyMs: 30_000 } : { ...notTaken(), latencyMs: 16_000 });
		const outcomes = await world.run(twins(world, 2));
		expect(outcomes[0] && inShort(outcomes[0])).toBe('completed gen-0');
		expect(failureOf(outcomes[1]).message).toContain('It is not known whether');
	});

	it('more look-alikes than twins: all are named by both', async () => {
		const world = new World();
		world.service.onCreate = lost;
		world.time.after(300, () => {
			world.service.addForeign('foreign', bodyLike('The same'), world.time.now());
		});
		const outcomes = await world.run(twins(world, 2));
		for (const outcome of outcomes) expect(failureOf(outcome).advice).toMatch(/: gen-0, gen-1, foreign\./);
	});
});

describe('the search', () => {
	it('looks three times, since a list may be late', async () => {
		const world = new World();
		world.service.latencyMs = 0;
		world.service.onCreate = lost;
		world.service.unlisted.add('gen-0');
		world.time.after(5000, () => {
			world.service.unlisted.clear();
		});
		const outcomes = await world.run(world.jobs(1));
		expect(outcomes.map(inShort)).toEqual(['completed gen-0']);
		expect(world.service.times('list')).toEqual([1000, 4000, 12_000]);
	});

	it.each<[string, Disturbance]>([
		['is broken', { answer: { statusCode: 500, body: '' } }],
		['cannot be reached', { fault: 'unclear' }],
		['is a page', { answer: { statusCode: 200, body: '<html>' } }],
		['is forbidden', { answer: { statusCode: 403, body: { detail: 'no' } } }],
	])('claims nothing when the list %s', async (_, disturbance) => {
		const world = new World();
		world.service.onCreate = lost;
		world.service.onList = () => disturbance;
		const [outcome] = await world.run(world.jobs(1));
		expect(failureOf(outcome).advice).toMatch(/^A video may have been bought\. Look at /);
	});

	it('succeeds when one of the looks does', async () => {
		const world = new World();
		world.service.onCreate = lost;
		world.service.onList = (n) => (n < 2 ? { answer: { statusCode: 500, body: '' } } : undefined);
		expect((await world.run(world.jobs(1))).map(inShort)).toEqual(['completed gen-0']);
	});

	it('goes on to later pages while they may hold the generation', async () => {
		const world = new World();
		world.service.onCreate = lost;
		world.time.after(300, () => {
			for (let n = 0; n < 150; n++) {
				world.service.addForeign(`other-${String(n)}`, bodyLike('Something else'), world.time.now() + n);
			}
		});
		expect((await world.run(world.jobs(1))).map(inShort)).toEqual(['completed gen-0']);
	});

	it('keeps its place: no more videos run than allowed', async () => {
		const world = new World();
		world.service.onCreate = (n) => (n % 2 === 0 ? lost() : undefined);
		const outcomes = await world.run(world.jobs(8), { maxConcurrent: 2 });
		expect(outcomes.map(inShort).filter((outcome) => outcome.startsWith('completed'))).toHaveLength(8);
		expect(world.service.maxRunning).toBe(2);
	});

	it('takes what is found as any other: it may have failed', async () => {
		const world = new World();
		world.service.onCreate = lost;
		world.service.fails = () => true;
		expect((await world.run(world.jobs(1))).map(inShort)).toEqual(['failed gen-0']);
	});

	it('hands what is found on at once when only the submit is waited for', async () => {
		const world = new World();
		world.service.onCreate = lost;
		expect((await world.run(world.jobs(1), { until: 'submitted' })).map(inShort)).toEqual(['open (accepted) gen-0']);
		expect(world.time.elapsed).toBeLessThan(5000);
	});

	it('puts no key of the node and nothing of the answer but its text into the message', async () => {
		const world = new World('doesNotList');
		world.service.onCreate = () => ({
			answer: { statusCode: 500, body: { message: 'x'.repeat(2000) }, headers: { 'x-secret': 'hidden' } },
			accepted: true,
		});
		const [outcome] = await world.run(world.jobs(1));
		expect(failureOf(outcome).message.length).toBeLessThan(600);
		expect(JSON.stringify(failureOf(outcome))).not.toContain('hidden');
	});
});
