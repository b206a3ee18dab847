/**
 * How late the end of a generation is noticed, and with how many reads: for the tests of the schedule and for the
 * table that `scripts/schedule-figures.ts` prints. Seeded, so that it always gives the same figures.
 */
import { nextReadDelayMs } from '../../../nodes/LumaVideo/generation/schedule';
import { World } from './world';

export interface Figures {
	/** From the end of a generation to the read that sees it; without what the network takes. */
	meanLatenessMs: number;
	/** Reads for one generation, the last one included. */
	readsPerJob: number;
}

export interface Simulation {
	/** Median of the real durations, in milliseconds. */
	durationMs: number;
	/** What the schedule takes for the duration, as a factor of the real median. */
	guess: number;
	jobs: number;
	/** Spread of the durations: standard deviation of their logarithm. */
	sigma?: number;
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

/** Durations with a lognormal spread around their median. */
export function durations({ durationMs, jobs, sigma = USUAL_SIGMA, seed = 1 }: Omit<Simulation, 'guess'>): number[] {
	const random = seeded(seed);
	return Array.from({ length: jobs }, () => {
		const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
		return durationMs * Math.exp(sigma * normal);
	});
}

/** Every generation read on its own, by the schedule alone. */
export function readAlone(simulation: Simulation): Figures {
	const expected = simulation.durationMs * simulation.guess;
	let lateness = 0;
	let reads = 0;
	for (const duration of durations(simulation)) {
		let elapsed = 0;
		do {
			elapsed += nextReadDelayMs(elapsed, expected);
			reads++;
		} while (elapsed < duration);
		lateness += elapsed - duration;
	}
	return { meanLatenessMs: lateness / simulation.jobs, readsPerJob: reads / simulation.jobs };
}

/** Batches that are submitted together and read through one list: the real run, in virtual time. */
export async function readTogether(simulation: Simulation & { batches: number }): Promise<Figures> {
	let lateness = 0;
	let reads = 0;
	for (let batch = 0; batch < simulation.batches; batch++) {
		const world = new World('lists');
		const { service, time } = world;
		const lengths = durations({ ...simulation, seed: (simulation.seed ?? 1) + batch });
		const usualMs = (service.provider.capabilities.models[0]?.usualSeconds ?? Number.NaN) * 1000;
		const stretch = (simulation.durationMs * simulation.guess) / usualMs;
		service.latencyMs = 0;
		service.durationMs = (n) => lengths[n] ?? Number.NaN;
		const jobs = world.jobs(simulation.jobs).map((job) => {
			if (job.start.kind !== 'create') return job;
			const { model } = job.start;
			return { ...job, start: { ...job.start, model: { ...model, usualSeconds: model.usualSeconds * stretch } } };
		});
		await world.run(jobs, {
			onFinished: (_, { generationId }) => {
				const made = service.made.find(({ id }) => id === generationId);
				lateness += time.now() - (made?.endsAt ?? Number.NaN);
			},
		});
		reads += service.count('list') + service.count('read');
	}
	const all = simulation.batches * simulation.jobs;
	return { meanLatenessMs: lateness / all, readsPerJob: reads / all };
}
