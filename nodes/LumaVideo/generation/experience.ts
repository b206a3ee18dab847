/**
 * How long videos and images have recently taken in this process. The usual times of models are guesses, and services are
 * faster at some hours than at others. A wrong expectation costs a few reads or seconds, so it is not stored.
 */
import type { GenerationRequest, ProviderId } from '../providers/provider';
import type { Expectation } from './schedule';

/** The number of recent times that count. */
const LATEST = 5;
/** Maximum factor from the guess: one outlier must not determine the next polls. */
const MAX_FACTOR = 6;
/** Kinds of requests remembered. */
const MAX_KINDS = 200;

export class Experience {
	private readonly times = new Map<string, number[]>();

	/**
	 * @param kind see `kindOf`
	 * @param tookMs milliseconds from submission until it was seen to be completed
	 */
	note(kind: string, tookMs: number): void {
		const times = [...(this.times.get(kind) ?? []), tookMs].slice(-LATEST);
		this.times.delete(kind);
		this.times.set(kind, times);
		const [oldest] = this.times.keys();
		if (this.times.size > MAX_KINDS && oldest !== undefined) this.times.delete(oldest);
	}

	/**
	 * How long a kind of request is expected to take: the median of recent times.
	 *
	 * @param guessMs the default, in milliseconds
	 */
	expectation(kind: string, guessMs: number): Expectation {
		const times = this.times.get(kind);
		if (!times) return { ms: guessMs, isKnown: false };
		const sorted = [...times].sort((a, b) => a - b);
		const median = sorted[Math.floor((sorted.length - 1) / 2)] ?? guessMs;
		const ms = Math.min(Math.max(median, guessMs / MAX_FACTOR), guessMs * MAX_FACTOR);
		return { ms, isKnown: ms === median };
	}
}

/** What determines how long a request takes. */
export function kindOf(provider: ProviderId, { operation, model, resolution, duration }: GenerationRequest): string {
	return [provider, operation, model, resolution, duration].join(' ');
}

/** The one of this process. */
export const experience = new Experience();
