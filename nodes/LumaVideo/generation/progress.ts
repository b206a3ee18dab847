/** How far a run is, and how often to say so. */
import type { Outcome } from './job';

export interface Progress {
	finished: number;
	total: number;
	/** Milliseconds until the last one is expected; `null` if that is unknown or has passed. */
	expectedInMs: number | null;
}

/** A job as far as progress goes. */
export interface Runner {
	readonly outcome: Outcome | null;
	/** By the run's clock; `null`: unknown. */
	readonly expectedAt: number | null;
}

/** With news: at most this often, in milliseconds. Without: once in the second interval. */
const NEWS_EVERY_MS = 5000;
const SILENCE_MS = 60_000;

export class ProgressTeller {
	private finished = 0;

	/** @param toldAt when the run started, by its clock */
	constructor(
		private readonly tell: (progress: Progress) => void,
		private toldAt: number,
	) {}

	/** Tells how far the run is, if it is time. Its end is told by its result. */
	look(runners: readonly Runner[], now: number): void {
		const running = runners.filter(({ outcome }) => outcome === null);
		const finished = runners.length - running.length;
		const silence = now - this.toldAt;
		if (running.length === 0 || silence < (finished > this.finished ? NEWS_EVERY_MS : SILENCE_MS)) return;
		this.toldAt = now;
		this.finished = finished;
		const last = Math.max(...running.map(({ expectedAt }) => expectedAt ?? Infinity));
		const isKnown = Number.isFinite(last) && last > now;
		this.tell({ finished, total: runners.length, expectedInMs: isKnown ? last - now : null });
	}
}
