/** One generation, read until it is over or its time is. */
import type { Generation, Problem, Provider } from '../providers/provider';
import type { Failure } from './failure';
import type { Look } from './reader';
import { cannotBeRead, hasNoFile } from './messages';
import { isOver, isTransient } from './read';
import { retryDelayMs } from './schedule';

export interface WatchOptions {
	provider: Provider;
	/** Milliseconds since 1970, by the clock that `look` goes by. */
	now(): number;
	/** The generation's state at a moment, in milliseconds since 1970. */
	look(at: number): Promise<Look>;
	/** Milliseconds until the next look at what still runs. */
	nextDelayMs(): number;
	/** When waiting ends, in milliseconds since 1970. */
	deadline: number;
	/** Whether this node bought it: an id that a user gave may be wrong. */
	isBought: boolean;
	/** Told of every state that was read, and when the next look is due. */
	onLook(generation: Generation, nextAt: number): void;
}

export type Watched =
	| { kind: 'over'; generation: Generation }
	/** `trouble`: why the last read told nothing. */
	| { kind: 'timeout'; generation: Generation; trouble?: string }
	| { kind: 'failure'; failure: Failure };

/** Answers in a row that cannot be read, or lack the file, before waiting is given up. */
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
		// What is finished in time is delivered, so the last look is at the deadline.
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
				// Said to be completed, and no file there: it may follow in a moment.
				if (++unreadable >= MAX_UNREADABLE) return { kind: 'failure', failure: hasNoFile(provider, known) };
				at = options.now() + retryDelayMs(unreadable, null);
			}
		} else if (look.problem === null || isTransient(look.problem)) {
			trouble = look.reason;
			at = options.now() + retryDelayMs(++transient, look.problem?.retryAfterMs ?? null);
		} else {
			const { problem } = look;
			const mayPass: boolean = isUnreadable(problem) && ++unreadable < MAX_UNREADABLE;
			if (!mayPass) return { kind: 'failure', failure: cannotBeRead(provider, known, problem, options.isBought) };
			at = options.now() + retryDelayMs(unreadable, null);
		}
		if (isLast) return { kind: 'timeout', generation: known, ...(trouble === undefined ? {} : { trouble }) };
		options.onLook(known, Math.min(at, deadline));
	}
}

function isUnreadable({ kind }: Problem): boolean {
	return kind === 'unreadable';
}
