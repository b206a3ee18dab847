/**
 * How long videos and images took lately, as far as this process saw. The usual times of models are guesses, and services are
 * faster at some hours than at others. A wrong expectation costs a few reads or seconds, so nothing of it is stored.
 */
import type { GenerationRequest, ProviderId } from '../providers/provider';
import type { Expectation } from './schedule';

/** So many of the latest count. */
const LATEST = 5;
/** Not farther from the guess than this factor: one odd video must not decide about the next ones. */
const MAX_FACTOR = 6;
/** Kinds of requests remembered. */
const MAX_KINDS = 200;

export class Experience {
	private readonly times = new Map<string, number[]>();

	/**
	 * @param kind see `kindOf`
	 * @param tookMs milliseconds from the submission until it was seen to be completed
	 */
	note(kind: string, tookMs: number): void {
		const times = [...(this.times.get(kind) ?? []), tookMs].slice(-LATEST);
		this.times.delete(kind);
		this.times.set(kind, times);
		const [oldest] = this.times.keys();
		if (this.times.size > MAX_KINDS && oldest !== undefined) this.times.delete(oldest);
	}

	/**
	 * How long a kind of request is expected to take: the median of the latest.
	 *
	 * @param guessMs what is expected without any experience, in milliseconds
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

/** What decides how long a request takes, apart from luck. */
export function kindOf(provider: ProviderId, { operation, model, resolution, duration }: GenerationRequest): string {
	return [provider, operation, model, resolution, duration].join(' ');
}

/** That of this process. */
export const experience = new Experience();
