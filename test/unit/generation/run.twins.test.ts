/** Several executions of one n8n at the same moment: none takes what another one bought. */
import { describe, expect, it } from '@jest/globals';
import { Ledger } from '../../../nodes/LumaVideo/generation/ledger';
import type { Outcome } from '../../../nodes/LumaVideo/generation/job';
import { runJobs } from '../../../nodes/LumaVideo/generation/run';
import type { Disturbance } from './fakeService';
import { World, failureOf, inShort } from './world';

const lost = (accepted: boolean): Disturbance => ({ fault: 'unclear', accepted });

/** Two executions that ask for the same, the second a moment later. */
async function twoExecutions(world: World, laterMs = 50): Promise<[Outcome | undefined, Outcome | undefined]> {
	const run = async (delay: number): Promise<Outcome | undefined> => {
		await world.time.sleep(delay);
		const options = { ...world.options(), ledger: new Ledger({}, 0) };
		return (await runJobs(world.jobs(1, { prompt: 'The same' }), options)).outcomes[0];
	};
	return await world.time.run(Promise.all([run(0), run(laterMs)]));
}

describe('two executions that ask for the same at the same moment', () => {
	it.each([0, 1])('of which request %d never arrived: it is in doubt, and the other one is delivered', async (broken) => {
		const world = new World();
		world.service.onCreate = (n) => (n === broken ? lost(false) : undefined);
		const outcomes = await twoExecutions(world);
		expect(failureOf(outcomes[broken]).message).toContain('It is not known whether');
		expect(outcomes[1 - broken] && inShort(outcomes[1 - broken] as Outcome)).toBe('completed gen-0');
	});

	it('both without an answer, one of them accepted: both are in doubt, and both name it', async () => {
		for (const accepted of [0, 1]) {
			const world = new World();
			world.service.onCreate = (n) => lost(n === accepted);
			for (const outcome of await twoExecutions(world)) {
				expect(failureOf(outcome).advice).toContain('The list of generations has possible matches, which may belong to other requests: gen-0.');
			}
		}
	});

	it('both without an answer, both accepted: each gets one', async () => {
		const world = new World();
		world.service.onCreate = () => lost(true);
		const outcomes = await twoExecutions(world);
		expect(outcomes.map((outcome) => outcome && inShort(outcome)).sort()).toEqual(['completed gen-0', 'completed gen-1']);
	});

	it('whose answer comes late keeps its generation', async () => {
		const world = new World();
		world.service.onCreate = (n) => (n === 0 ? { latencyMs: 30_000 } : { ...lost(false), latencyMs: 16_000 });
		const [first, second] = await twoExecutions(world);
		expect(first && inShort(first)).toBe('completed gen-0');
		expect(failureOf(second).message).toContain('It is not known whether');
	});
});

it('many IDs at a provider without a list are read a few at a time', async () => {
	const world = new World('doesNotList');
	await world.run(world.jobs(20), { until: 'submitted', maxConcurrent: 20 });
	let reading = 0;
	let most = 0;
	const { client } = world.service;
	const counted = {
		...client,
		send: async (...args: Parameters<typeof client.send>) => {
			most = Math.max(most, ++reading);
			return await client.send(...args).finally(() => {
				reading--;
			});
		},
	};
	const jobs = Array.from({ length: 20 }, (_, n) => world.existing(n, `gen-${String(n)}`));
	const outcomes = await world.run(jobs, { client: counted, maxConcurrent: 1000 });
	expect(outcomes.every(({ kind }) => kind === 'finished')).toBe(true);
	expect(most).toBeLessThanOrEqual(8);
});
