import { describe, expect, it } from '@jest/globals';
import {
	UNKNOWN_EXPECTED_MS,
	expectedMs,
	nextReadDelayMs,
	nextWakeDelayMs,
	retryDelayMs,
} from '../../../nodes/LumaVideo/generation/schedule';
import { providers } from '../../../nodes/LumaVideo/providers';
import type { Duration, ModelCapabilities, Resolution } from '../../../nodes/LumaVideo/providers/provider';
import { durations, readAlone, readTogether } from './simulation';

const known = (ms: number) => ({ ms, isKnown: true });
const guessed = (ms: number) => ({ ms, isKnown: false });

/** From the first number, below the second one. */
function range(from: number, to: number, next: (value: number) => number): number[] {
	const values: number[] = [];
	for (let value = from; value < to; value = next(value)) values.push(value);
	return values;
}

/** Times of all reads up to a moment, in seconds. */
function readsUntil(endMs: number, expected: number, served = 1): number[] {
	const times: number[] = [];
	let elapsed = 0;
	while (elapsed < endMs) {
		elapsed += nextReadDelayMs(elapsed, known(expected), served);
		times.push(Math.round(elapsed / 100) / 10);
	}
	return times;
}

describe('the next read where earlier videos told how long it takes', () => {
	it('comes early once, then not before the generation may be finished', () => {
		const [early, second] = readsUntil(60_000, 60_000);
		expect(early).toBe(4);
		expect(second).toBeGreaterThan(25);
		expect(second).toBeLessThan(36);
	});

	it('does not come early where the generation may be finished within seconds', () => {
		expect(readsUntil(10_000, 10_000)[0]).toBeGreaterThan(4);
	});

	it('looks for what is finished much too soon where it serves twenty: never late by more than a fifth', () => {
		const times = readsUntil(32_000, 60_000, 20);
		const late = range(4.5, 32, (end) => end + 0.1).filter((end) => {
			const seen = times.find((time) => time >= end) ?? Infinity;
			return seen > Math.max(end * 1.2, end + 1.1);
		});
		expect(late).toEqual([]);
		expect(times.length).toBeLessThanOrEqual(1 + 20 * 0.6 + 1);
	});

	it.each([2, 5, 10, 50, 100])('costs, shared by %d, less than one early look each', (served) => {
		const early = readsUntil(32_000, 60_000, served).filter((time) => time > 4 && time < 32);
		expect(early.length).toBeGreaterThan(0);
		expect(early.length).toBeLessThan(served);
	});

	it('comes ever closer to the one before, up to the expected end', () => {
		const times = readsUntil(60_000, 60_000).slice(1);
		const gaps = times.slice(1).map((time, index) => time - (times[index] ?? 0));
		expect(gaps.length).toBeGreaterThan(5);
		expect(gaps.filter((gap, index) => gap > (gaps[index - 1] ?? Infinity) + 0.11)).toEqual([]);
	});

	it('keeps its distance while the end is overdue, and grows apart after that', () => {
		const atEnd = nextReadDelayMs(60_000, known(60_000));
		expect(nextReadDelayMs(100_000, known(60_000))).toBe(atEnd);
		expect(nextReadDelayMs(150_000, known(60_000))).toBeGreaterThan(atEnd);
		expect(nextReadDelayMs(200_000, known(60_000))).toBeGreaterThan(nextReadDelayMs(150_000, known(60_000)));
	});

	it.each([1, 1000, 5000, 20_000, 60_000, 600_000, 3_600_000])(
		'is never nearer than a second and, past the first look, never farther than 15 s (expected: %d ms)',
		(expected) => {
			const moments = range(0, 2 * expected + 60_000, (elapsed) => elapsed + Math.max(expected / 50, 100));
			const wrong = moments.filter((elapsed) => {
				const delay = nextReadDelayMs(elapsed, known(expected));
				const nearest = elapsed >= 4000 ? 1000 : 0;
				const farthest = elapsed > 0.6 * expected ? 15_000 : Math.max(expected - 1, 15_000);
				return !(delay >= nearest && delay <= farthest);
			});
			expect(wrong).toEqual([]);
		},
	);

	it.each([0, -1, Number.MIN_VALUE])('is sensible when %d ms are expected', (expected) => {
		expect(nextReadDelayMs(0, known(expected))).toBe(1000);
		expect(nextReadDelayMs(100_000, known(expected))).toBeGreaterThanOrEqual(1000);
	});

	it('is always reached in finite steps, however long it takes', () => {
		expect(readsUntil(6 * 3_600_000, 60_000).length).toBeLessThan(6 * 240 + 100);
	});
});

describe('the next read where the expected time is a guess', () => {
	/** How late the end is noticed, as a factor of the own time, and after how many reads. */
	function seen(ownMs: number, expected: number, served = 1): { factor: number; reads: number } {
		let elapsed = 0;
		let reads = 0;
		while (elapsed < ownMs) {
			elapsed += nextReadDelayMs(elapsed, guessed(expected), served);
			reads++;
		}
		return { factor: elapsed / ownMs, reads };
	}

	it.each([5, 20, 60, 90, 300, 900])('is late by a third of its own time at most, from 5 s to 15 min, with %d s expected', (expected) => {
		const factors = [1, 20].flatMap((served) =>
			range(5000, 900_000, (own) => own * 1.03).map((own) => seen(own, expected * 1000, served).factor),
		);
		expect(Math.max(...factors)).toBeLessThan(1.35);
	});

	it.each([40, 60, 90])('is hardly late with a right guess of %d s, at few reads', (expected) => {
		const parts = range(0.95, 1.05, (part) => part + 0.002);
		const all = parts.map((part) => ({ part, ...seen(expected * 1000 * part, expected * 1000) }));
		expect(Math.max(...all.map(({ reads }) => reads))).toBeLessThanOrEqual(15);
		const late = all.reduce((sum, { factor, part }) => sum + (factor - 1) * expected * part, 0);
		expect(late / all.length).toBeLessThan(expected / 40);
	});

	it.each([8, 60, 90])('comes within seconds of a refusal after 8 s, with %d s expected', (expected) => {
		expect(seen(8000, expected * 1000).factor * 8).toBeLessThan(11);
	});
});

describe('the next wake-up of a suspended execution', () => {
	function wakeUps(untilMs: number, expected: number): number[] {
		const times: number[] = [];
		for (let elapsed = 0; elapsed < untilMs; ) {
			elapsed += nextWakeDelayMs(elapsed, expected);
			times.push(elapsed);
		}
		return times;
	}

	it.each([30_000, 60_000, 300_000, 900_000])('comes just before the expected end (%d ms)', (expected) => {
		const [first = 0] = wakeUps(expected, expected);
		expect(first).toBeLessThan(expected);
		expect(first).toBeGreaterThan(expected * 0.95);
	});

	it.each([60_000, 300_000, 900_000])('then looks closely for some seconds, and sleeps again for more than a minute (%d ms)', (expected) => {
		const times = wakeUps(expected * 3 + 300_000, expected);
		const gaps = times.slice(1).map((time, index) => time - (times[index] ?? 0));
		const close = gaps.filter((gap) => gap < 30_000);
		const total = close.reduce((sum, gap) => sum + gap, 0);
		expect(total).toBeGreaterThanOrEqual(8000);
		expect(total).toBeLessThan(35_000);
		expect(gaps.slice(close.length).every((gap) => gap >= 60_000)).toBe(true);
	});

	it('is at the same time, whenever before it the execution is suspended', () => {
		expect([10_000, 30_000, 50_000].map((elapsed) => elapsed + nextWakeDelayMs(elapsed, 60_000))).toEqual(Array(3).fill(nextWakeDelayMs(0, 60_000)));
	});

	it('is reached in few steps, however long it takes', () => {
		expect(wakeUps(6 * 3_600_000, 60_000).length).toBeLessThan(100);
	});
});

describe('mean lateness and reads per job', () => {
	const JOBS = 5000;

	it('are at most 1.5 s and 12 for videos of a minute', () => {
		const { meanLatenessMs, readsPerJob } = readAlone({ durationMs: 60_000, guess: 1, jobs: JOBS });
		expect(meanLatenessMs).toBeLessThanOrEqual(1500);
		expect(readsPerJob).toBeLessThanOrEqual(12);
	});

	it('are at most 1.5 s and 12 for any draw of the durations', () => {
		for (const seed of [2, 3, 4, 5]) {
			const figures = readAlone({ durationMs: 60_000, guess: 1, jobs: JOBS, seed });
			expect(figures.meanLatenessMs).toBeLessThanOrEqual(1500);
			expect(figures.readsPerJob).toBeLessThanOrEqual(12);
		}
	});

	it.each([
		[30, 800, 12],
		[180, 4500, 12],
	])('grow in proportion for videos of %d s', (seconds, latenessMs, reads) => {
		const figures = readAlone({ durationMs: seconds * 1000, guess: 1, jobs: JOBS });
		expect(figures.meanLatenessMs).toBeLessThanOrEqual(latenessMs);
		expect(figures.readsPerJob).toBeLessThanOrEqual(reads);
	});

	it.each([30, 60, 180])('forgive a guess of half the time: not later, three times the reads (%d s)', (seconds) => {
		const figures = readAlone({ durationMs: seconds * 1000, guess: 0.5, jobs: JOBS });
		expect(figures.meanLatenessMs).toBeLessThanOrEqual(seconds * 25);
		expect(figures.readsPerJob).toBeLessThanOrEqual(36);
	});

	it.each([30, 60, 180])('forgive a guess of twice the time: a sixth of it late, few reads (%d s)', (seconds) => {
		const figures = readAlone({ durationMs: seconds * 1000, guess: 2, jobs: JOBS });
		expect(figures.meanLatenessMs).toBeLessThanOrEqual((seconds * 1000) / 6);
		expect(figures.readsPerJob).toBeLessThanOrEqual(4);
	});

	it.each([30, 60, 180])('are at most 2 reads per job where 20 jobs share a list (%d s)', async (seconds) => {
		const durationMs = seconds * 1000;
		const figures = await readTogether({ durationMs, guess: 1, jobs: 20, batches: 3 });
		expect(figures.readsPerJob).toBeLessThanOrEqual(2);
		expect(figures.readsPerJob).toBeGreaterThan(0.3);
		expect(figures.meanLatenessMs).toBeLessThanOrEqual(seconds * 25);
	});

	it('stay late by a fifth at most where 20 jobs take a fifth of what is usual', async () => {
		const figures = await readTogether({ durationMs: 12_000, guess: 5, jobs: 20, batches: 3, sigma: 0 });
		expect(figures.p95LatenessMs).toBeLessThanOrEqual(2400);
		expect(figures.readsPerJob).toBeLessThanOrEqual(1);
	});

	it('come from durations that spread around their median', () => {
		const sorted = durations({ durationMs: 60_000, jobs: JOBS }).sort((a, b) => a - b);
		const quantile = (part: number): number => (sorted[Math.floor(part * JOBS)] ?? 0) / 60_000;
		expect(quantile(0.5)).toBeCloseTo(1, 1);
		expect(quantile(0.025)).toBeCloseTo(Math.exp(-1.96 * 0.25), 1);
		expect(quantile(0.975)).toBeCloseTo(Math.exp(1.96 * 0.25), 1);
	});
});

describe('the expected time', () => {
	const model = providers.lumaDreamMachine.capabilities.models[0] as ModelCapabilities;
	const usual = model.usualSeconds * 1000;

	it('is what the provider says, if it says so', () => {
		expect(expectedMs(model, { duration: '9s', resolution: '4k' }, 17)).toBe(17_000);
		expect(expectedMs(undefined, null, 17)).toBe(17_000);
	});

	it.each([null, 0, -5])('does not come from an estimate of %p', (estimate) => {
		expect(expectedMs(model, null, estimate)).toBe(usual);
		expect(expectedMs(undefined, null, estimate)).toBe(UNKNOWN_EXPECTED_MS);
	});

	it.each<[Duration | null, Resolution | null, number]>([
		[null, null, 1],
		['5s', '540p', 1],
		['5s', '720p', 1],
		['9s', '720p', 1.7],
		['5s', '1080p', 1.5],
		['5s', '4k', 2.5],
		['9s', '4k', 4.25],
		['9s', null, 1.7],
		['10s', '720p', 1.8],
	])('of a video of %p at %p is %d times the usual', (duration, resolution, factor) => {
		expect(expectedMs(model, { duration, resolution }, null)).toBeCloseTo(usual * factor, 6);
	});
});

describe('the pause before a read is tried again', () => {
	it.each([
		[1, 1000],
		[2, 2000],
		[3, 4000],
		[4, 8000],
		[5, 15_000],
		[50, 15_000],
		[5000, 15_000],
		[0, 1000],
	])('is, at attempt %d, %d ms', (attempt, pause) => {
		expect(retryDelayMs(attempt, null)).toBe(pause);
	});

	it.each([1000, 5000, 120_000])('is what the provider asks for: %d ms', (asked) => {
		expect(retryDelayMs(1, asked)).toBe(asked);
		expect(retryDelayMs(6, asked)).toBe(asked);
	});

	it.each([0, 10, 999])('is a second even where the provider asks for %d ms: nobody is to be hammered', (asked) => {
		expect(retryDelayMs(1, asked)).toBeGreaterThanOrEqual(1000);
		expect(retryDelayMs(9, asked)).toBeGreaterThanOrEqual(1000);
	});
});
