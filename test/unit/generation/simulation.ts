/**
 * How late the end of a generation is noticed, and with how many reads: for the tests of the schedule and for the
 * table that `test/bench/scheduleFigures.ts` prints. Seeded, so that it always gives the same figures.
 */
import { Experience } from '../../../nodes/LumaVideo/generation/experience';
import { nextReadDelayMs } from '../../../nodes/LumaVideo/generation/schedule';
import { World } from './world';

export interface Figures {
	/** From the end of a generation to the read that sees it; without what the network takes. */
	meanLatenessMs: number;
	/** Of twenty, nineteen are seen no later than this. */
	p95LatenessMs: number;
	/** Reads for one generation, the last one included. */
	readsPerJob: number;
}

export interface Simulation {
	/** Median of the real durations, in milliseconds. */
	durationMs: number;
	/** What the schedule takes for the duration, as a factor of the real median. */
	guess: number;
	jobs: number;
	/** Whether nothing but a guess is known; otherwise earlier videos took as long. */
	isGuess?: boolean;
	/** Spread of the durations: standard deviation of their logarithm. */
	sigma?: number;
	/** Evenly spread instead, by at most this part of the median. */
	uniform?: number;
	seed?: number;
}

export const USUAL_SIGMA = 0.25;

/** Numbers in [0, 1), the same ones for the same seed (mulberry32). */
export function seeded(seed: number): () => number {
	let state = seed;
	return () => {
		state = (state + 0x6d2b79f5) | 0;
		let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
		mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
		return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
	};
}

/** Durations with a lognormal spread around their median, or with an even one. */
export function durations({ durationMs, jobs, sigma = USUAL_SIGMA, uniform, seed = 1 }: Omit<Simulation, 'guess'>): number[] {
	const random = seeded(seed);
	return Array.from({ length: jobs }, () => {
		if (uniform !== undefined) return durationMs * (1 - uniform + 2 * uniform * random());
		const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
		return durationMs * Math.exp(sigma * normal);
	});
}

function figuresOf(latenesses: readonly number[], reads: number): Figures {
	const sorted = [...latenesses].sort((a, b) => a - b);
	return {
		meanLatenessMs: sorted.reduce((total, lateness) => total + lateness, 0) / sorted.length,
		p95LatenessMs: sorted[Math.ceil(sorted.length * 0.95) - 1] ?? Number.NaN,
		readsPerJob: reads / sorted.length,
	};
}

/** Every generation read on its own, by the schedule alone. */
export function readAlone(simulation: Simulation): Figures {
	const expected = simulation.durationMs * simulation.guess;
	const latenesses: number[] = [];
	let reads = 0;
	for (const duration of durations(simulation)) {
		let elapsed = 0;
		do {
			elapsed += nextReadDelayMs(elapsed, { ms: expected, isKnown: simulation.isGuess !== true });
			reads++;
		} while (elapsed < duration);
		latenesses.push(elapsed - duration);
	}
	return figuresOf(latenesses, reads);
}

/** Batches that are submitted together and read through one list: the real run, in virtual time. */
export async function readTogether(simulation: Simulation & { batches: number }): Promise<Figures> {
	const batches = Array.from({ length: simulation.batches }, (_, batch) =>
		durations({ ...simulation, seed: (simulation.seed ?? 1) + batch }),
	);
	return await readBatches(batches, simulation.durationMs * simulation.guess);
}

/**
 * The same for batches of given durations, in milliseconds.
 *
 * @param expectedMs what the schedule takes for the duration
 */
export async function readBatches(batches: readonly (readonly number[])[], expectedMs: number): Promise<Figures> {
	const latenesses: number[] = [];
	let reads = 0;
	for (const lengths of batches) {
		const world = new World('lists');
		const { service, time } = world;
		service.latencyMs = 0;
		service.durationMs = (n) => lengths[n] ?? Number.NaN;
		const experience = new Experience();
		experience.expectation = () => ({ ms: expectedMs, isKnown: true });
		await world.run(world.jobs(lengths.length), {
			experience,
			onFinished: (_, { generationId }) => {
				const made = service.made.find(({ id }) => id === generationId);
				latenesses.push(time.now() - (made?.endsAt ?? Number.NaN));
			},
		});
		reads += service.count('list') + service.count('read');
	}
	return figuresOf(latenesses, reads);
}
