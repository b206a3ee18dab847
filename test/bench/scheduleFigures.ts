/**
 * What the waiting schedule costs and gives, as a table: mean lateness and reads per job for videos of 30 s, 60 s and
 * 180 s, with a right guess of their duration and with wrong ones, one by one and in batches.
 *
 * Run with `npx tsx test/bench/scheduleFigures.ts`.
 */
import type { Figures } from '../unit/generation/simulation';
import { readAlone, readTogether } from '../unit/generation/simulation';

const JOBS = 50_000;
const BATCHES = 20;
const BATCH = 20;

const inWords = ({ meanLatenessMs, readsPerJob }: Figures): string =>
	`${(meanLatenessMs / 1000).toFixed(2)} s late, ${readsPerJob.toFixed(1)} reads`;

async function main(): Promise<void> {
	const table: Record<string, Record<string, string>> = {};
	for (const seconds of [30, 60, 180]) {
		const durationMs = seconds * 1000;
		const alone = (guess: number): string => inWords(readAlone({ durationMs, guess, jobs: JOBS }));
		table[`${String(seconds)} s`] = {
			'right guess': alone(1),
			'half of it guessed': alone(0.5),
			'twice of it guessed': alone(2),
			[`${String(BATCH)} together`]: inWords(
				await readTogether({ durationMs, guess: 1, jobs: BATCH, batches: BATCHES }),
			),
		};
	}
	console.table(table);
}

void main();
