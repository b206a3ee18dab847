/**
 * All waiting in one run: which tasks wait until when, and how the run ends for all of them at once.
 *
 * Waiting tasks do not know about each other. Since every pause is registered here, it is known when nothing will happen
 * for a while: then the execution can be suspended.
 */
import type { Clock } from './clock';

/**
 * - `stopped`: the execution was stopped or timed out;
 * - `failed`: the first failure ends the run;
 * - `suspended`: nothing is due for a while, and the execution will be stored until then.
 */
export type RunEnd = 'failed' | 'stopped' | 'suspended';

/** Ends a task because its run has ended. */
export class RunEnded extends Error {}

interface Pause {
	at: number;
	/** Continues when another job fails: the outcome of what was sent must be known. */
	outlivesFailure: boolean;
	resolve(): void;
	reject(reason: RunEnded): void;
}

export class Pauses {
	/** How the run ended; `null` while it is running. */
	ended: RunEnd | null = null;
	private readonly pauses = new Set<Pause>();
	private readonly enders = new Set<{ outlivesFailure: boolean; end: (reason: RunEnded) => void }>();
	private announce: () => void = () => undefined;
	private news: Promise<void> = Promise.resolve();

	constructor(private readonly clock: Clock) {
		this.rearm();
	}

	get now(): number {
		return this.clock.now();
	}

	/** The number of waiting tasks. */
	get count(): number {
		return this.pauses.size;
	}

	/** When the next pause is due, in milliseconds since 1970; `Infinity` if there is none. */
	get next(): number {
		let next = Infinity;
		for (const { at } of this.pauses) if (at < next) next = at;
		return next;
	}

	/**
	 * Waits until a moment, in milliseconds since 1970.
	 *
	 * @returns `over`, and `end()`, which ends the pause early
	 * @throws RunEnded from `over`, when the run ends first
	 */
	pause(at: number, outlivesFailure = false): { over: Promise<void>; end(): void } {
		let end: () => void = () => undefined;
		const over = new Promise<void>((resolve, reject) => {
			if (this.isOverFor(outlivesFailure)) {
				reject(new RunEnded());
				return;
			}
			const pause: Pause = { at, outlivesFailure, resolve, reject };
			this.pauses.add(pause);
			end = () => {
				if (this.pauses.delete(pause)) resolve();
				this.tell();
			};
		});
		this.tell();
		return { over, end };
	}

	/**
	 * The result of a task, unless the run ends first.
	 *
	 * @throws RunEnded when it does; the task's own result is then discarded
	 */
	async unlessEnded<T>(task: Promise<T>, outlivesFailure = false): Promise<T> {
		let ender: (reason: RunEnded) => void = () => undefined;
		const end = new Promise<never>((_, reject) => {
			ender = reject;
		});
		const entry = { outlivesFailure, end: ender };
		this.enders.add(entry);
		if (this.isOverFor(outlivesFailure)) ender(new RunEnded());
		try {
			return await Promise.race([end, task]);
		} finally {
			this.enders.delete(entry);
		}
	}

	/** Ends the run for all tasks except those that must learn the outcome of a request. A stop ends these, too. */
	end(reason: RunEnd): void {
		if (this.ended !== null && reason !== 'stopped') return;
		this.ended = reason;
		for (const pause of [...this.pauses]) {
			if (!this.isOverFor(pause.outlivesFailure)) continue;
			this.pauses.delete(pause);
			pause.reject(new RunEnded());
		}
		for (const { outlivesFailure, end } of this.enders) if (this.isOverFor(outlivesFailure)) end(new RunEnded());
		this.tell();
	}

	/** Wakes the run because something has happened. */
	tell(): void {
		this.announce();
	}

	/** Waits until a moment or until something happens, then ends all pauses that are due. */
	async pass(until: number): Promise<void> {
		await (until === Infinity ? this.news : this.clock.wait(until - this.now, this.news));
		this.rearm();
		const { now } = this;
		const due: Pause[] = [];
		for (const pause of this.pauses) if (pause.at <= now) due.push(pause);
		for (const pause of due.sort((a, b) => a.at - b.at)) {
			this.pauses.delete(pause);
			pause.resolve();
		}
	}

	private isOverFor(outlivesFailure: boolean): boolean {
		return this.ended !== null && !(this.ended === 'failed' && outlivesFailure);
	}

	private rearm(): void {
		this.news = new Promise((resolve) => {
			this.announce = resolve;
		});
	}
}
