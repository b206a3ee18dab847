/** How late a finished video is noticed, and with how many reads: in virtual time, by the node's own run. */
import type { Figures } from '../unit/generation/simulation';
import { durations, readBatches } from '../unit/generation/simulation';
import { median, quantile } from './measure';
import type { Line, RowResult } from './report';

const JOBS = 60;
const BATCH = 20;
const REPEATS = 25;
const USUAL_MS = 60_000;
const SPREAD = 0.5;

/** A rival reads at a fixed pace from the start, and passes the result on after `holdsMs`. */
function readAtPace(lengths: readonly number[], paceMs: number, holdsMs: number): Figures {
	const reads = lengths.map((length) => Math.ceil(length / paceMs) + 1);
	const latenesses = lengths.map((length, index) => ((reads[index] ?? 0) - 1) * paceMs + holdsMs - length);
	return {
		meanLatenessMs: latenesses.reduce((total, one) => total + one, 0) / lengths.length,
		p95LatenessMs: quantile(latenesses, 0.95),
		readsPerJob: reads.reduce((total, one) => total + one, 0) / lengths.length,
	};
}

function middle(all: readonly Figures[]): Figures {
	return {
		meanLatenessMs: median(all.map(({ meanLatenessMs }) => meanLatenessMs)),
		p95LatenessMs: median(all.map(({ p95LatenessMs }) => p95LatenessMs)),
		readsPerJob: median(all.map(({ readsPerJob }) => readsPerJob)),
	};
}

function inWords({ meanLatenessMs, p95LatenessMs, readsPerJob }: Figures): string {
	const [mean, p95] = [meanLatenessMs, p95LatenessMs].map((ms) => (ms / 1000).toFixed(2));
	return `mean ${mean ?? ''} s, p95 ${p95 ?? ''} s, ${readsPerJob.toFixed(1)} reads`;
}

export async function lateness(): Promise<RowResult> {
	const figures: Record<'alone' | 'together' | 'openAi' | 'miniMax', Figures[]> = { alone: [], together: [], openAi: [], miniMax: [] };
	for (let seed = 1; seed <= REPEATS; seed++) {
		const lengths = durations({ durationMs: USUAL_MS, jobs: JOBS, seed, uniform: SPREAD });
		const batches = Array.from({ length: JOBS / BATCH }, (_, batch) => lengths.slice(batch * BATCH, (batch + 1) * BATCH));
		figures.alone.push(await readBatches(lengths.map((length) => [length]), USUAL_MS));
		figures.together.push(await readBatches(batches, USUAL_MS));
		figures.openAi.push(readAtPace(lengths, 10_000, 10_000));
		figures.miniMax.push(readAtPace(lengths, 15_000, 0));
	}
	const alone = middle(figures.alone);
	const together = middle(figures.together);
	const line = (what: string, own: Figures, name: string, all: readonly Figures[], maxReads: number): Line => {
		const theirs = middle(all);
		return {
			what,
			ours: inWords(own),
			other: `${name} node ${inWords(theirs)}`,
			ratio: own.meanLatenessMs / theirs.meanLatenessMs,
			target: `mean ≤ 1.5 s, ≤ ${maxReads} reads`,
			isMet: own.meanLatenessMs <= 1500 && own.readsPerJob <= maxReads,
		};
	};
	return {
		how: `Virtual time, without network: ${JOBS} videos of 60 s ± 50 % (evenly spread; 60 s is what an earlier one took), ${REPEATS} draws. Ours is the node's run against a service in memory that lists; theirs is computed for the same videos from the pace in their sources (OpenAI: every 10 s and 10 s after the last read; MiniMax: every 15 s).`,
		lines: [
			line('one by one', alone, 'OpenAI', figures.openAi, 12),
			line('one by one', alone, 'MiniMax', figures.miniMax, 12),
			line('in batches of 20', together, 'OpenAI', figures.openAi, 2),
			line('in batches of 20', together, 'MiniMax', figures.miniMax, 2),
		],
	};
}
