/** Polls one generation until it is final or the deadline has passed. */
import type { Generation, Problem, Provider } from '../providers/provider';
import type { Failure } from './failure';
import type { Look } from './reader';
import { failureOf } from './failure';
import { noFile } from './messages';
import { isOver, isTransient, readFailure } from './read';
import { retryDelayMs } from './schedule';

export interface WatchOptions {
	provider: Provider;
	/** Milliseconds since 1970, by the clock that `look` uses. */
	now(): number;
	/** The generation's state at a moment, in milliseconds since 1970. */
	look(at: number): Promise<Look>;
	/** Milliseconds until the next look at a running generation. */
	nextDelayMs(): number;
	/** When waiting ends, in milliseconds since 1970. */
	deadline: number;
	/** Whether this node bought it: an id from a user may be wrong. */
	isBought: boolean;
	/** Called with every state that was read, and the time of the next look. */
	onLook(generation: Generation, nextAt: number): void;
}

export type Watched =
	| { kind: 'over'; generation: Generation }
	/** `trouble`: why the last read failed. */
	| { kind: 'timeout'; generation: Generation; trouble?: string }
	| { kind: 'failure'; failure: Failure };

/** Gives up after this many consecutive answers that cannot be read or lack the file. */
const MAX_UNREADABLE = 4;

/**
 * @param generation as it is known so far
 * @param firstAt when to look first, in milliseconds since 1970
 */
export async function watch(generation: Generation, firstAt: number, options: WatchOptions): Promise<Watched> {
	const { provider, deadline } = options;
	let known = generation;
	let transient = 0;
	let unreadable = 0;
	for (let at = firstAt; ; ) {
		// The last look is at the deadline, so that whatever finishes in time is delivered.
		const look = await options.look(Math.min(at, deadline));
		const isLast = options.now() >= deadline;
		let trouble: string | undefined;
		if (look.ok) {
			known = look.value;
			transient = 0;
			if (isOver(known)) return { kind: 'over', generation: known };
			if (known.status !== 'completed') {
				unreadable = 0;
				at = options.now() + options.nextDelayMs();
			} else {
				// Completed without a file: it may appear in a moment.
				if (++unreadable >= MAX_UNREADABLE) {
					const { generationId, makes = 'video', status } = known;
					const text = noFile({ provider, makes, generationId, status });
					return { kind: 'failure', failure: failureOf(text, { generationId, provider: provider.id, status }) };
				}
				at = options.now() + retryDelayMs(unreadable, null);
			}
		} else if (look.problem === null || isTransient(look.problem)) {
			trouble = look.reason;
			at = options.now() + retryDelayMs(++transient, look.problem?.retryAfterMs ?? null);
		} else {
			const { problem } = look;
			const mayPass: boolean = isUnreadable(problem) && ++unreadable < MAX_UNREADABLE;
			if (!mayPass) {
				const mayRun = options.isBought || problem.kind !== 'notFound';
				return { kind: 'failure', failure: readFailure(provider, known, look, mayRun) };
			}
			at = options.now() + retryDelayMs(unreadable, null);
		}
		if (isLast) return { kind: 'timeout', generation: known, ...(trouble === undefined ? {} : { trouble }) };
		options.onLook(known, Math.min(at, deadline));
	}
}

function isUnreadable({ kind }: Problem): boolean {
	return kind === 'unreadable';
}
