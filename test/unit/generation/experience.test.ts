import { describe, expect, it } from '@jest/globals';
import { Experience, kindOf } from '../../../nodes/LumaVideo/generation/experience';
import { request } from '../providers/support';
import { World } from './world';

const GUESS_MS = 60_000;
const asked = request('ray-2', { resolution: '720p', duration: '5s' });

function expectedAfter(...times: number[]): number {
	const experience = new Experience();
	for (const time of times) experience.note(kindOf('lumaDreamMachine', asked), time);
	return experience.expectation(kindOf('lumaDreamMachine', asked), GUESS_MS).ms;
}

describe('what is expected of a video', () => {
	it.each([
		['nothing', [], GUESS_MS],
		['one', [40_000], 40_000],
		['two: the quicker', [40_000, 50_000], 40_000],
		['an odd one', [40_000, 900_000, 41_000], 41_000],
		['the latest five', [90_000, 90_000, 90_000, 20_000, 21_000, 22_000, 23_000, 24_000], 22_000],
		['times without sense: not less than a part of the guess', [1], 10_000],
		['times without sense: not more than a multiple of it', [1e9], 360_000],
	])('after %s', (_, times, expected) => {
		expect(expectedAfter(...times)).toBe(expected);
	});

	it.each([
		['provider', 'pixwith' as const, {}],
		['model', 'lumaDreamMachine' as const, { model: 'ray-flash-2' }],
		['operation', 'lumaDreamMachine' as const, { operation: 'extend' as const }],
		['resolution', 'lumaDreamMachine' as const, { resolution: '1080p' as const }],
		['duration', 'lumaDreamMachine' as const, { duration: '9s' as const }],
	])('tells nothing about another %s', (_, provider, other) => {
		const experience = new Experience();
		experience.note(kindOf('lumaDreamMachine', asked), 20_000);
		expect(experience.expectation(kindOf(provider, { ...asked, ...other }), GUESS_MS).ms).toBe(GUESS_MS);
		expect(experience.expectation(kindOf('lumaDreamMachine', { ...asked, prompt: 'else' }), GUESS_MS).ms).toBe(20_000);
	});

	it('forgets what was not asked for in a long time', () => {
		const experience = new Experience();
		experience.note(kindOf('lumaDreamMachine', asked), 20_000);
		for (let index = 0; index < 200; index++) experience.note(kindOf('pixazo', { ...asked, model: `model-${String(index)}` }), 1);
		expect(experience.expectation(kindOf('lumaDreamMachine', asked), GUESS_MS).ms).toBe(GUESS_MS);
	});
});

describe('a run', () => {
	it('is less and less late where videos are much quicker than usual', async () => {
		const experience = new Experience();
		const lateness: number[] = [];
		for (let turn = 0; turn < 4; turn++) {
			const world = new World('lists');
			world.service.durationMs = () => 18_000;
			const startedAt = world.time.now();
			await world.run(world.jobs(1), { experience });
			lateness.push(world.time.now() - startedAt - 18_000);
		}
		expect(lateness[0]).toBeGreaterThan(1800);
		expect(lateness[3]).toBeLessThan(1500);
	});

	it('learns nothing from what failed, and nothing from what an earlier try had bought', async () => {
		const experience = new Experience();
		const noted: number[] = [];
		experience.note = (_kind, tookMs) => {
			noted.push(tookMs);
		};
		const failing = new World('lists');
		failing.service.fails = () => true;
		await failing.run(failing.jobs(1), { experience });
		expect(noted).toEqual([]);

		const world = new World('lists');
		await world.run(world.jobs(1), { experience });
		expect(noted).toHaveLength(1);
		await world.run(world.jobs(1), { experience });
		expect(noted).toHaveLength(1);
		await world.run([world.existing(0, 'gen-0')], { experience });
		expect(noted).toHaveLength(1);
	});
});
