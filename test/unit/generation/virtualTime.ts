/** Time that passes only when nothing is left to do: hours of waiting in milliseconds, and always the same way. */
import type { Clock } from '../../../nodes/LumaVideo/generation/clock';

interface Timer {
	at: number;
	fire(): void;
}

/** Longer than anything that is tested may take. */
const LIMIT_MS = 6 * 3_600_000;

export class VirtualTime implements Clock {
	readonly start = Date.UTC(2026, 0, 5, 12);
	private current = this.start;
	private timers: Timer[] = [];

	now(): number {
		return this.current;
	}

	/** By how much n8n's clock was set forward, in milliseconds. */
	clockSetBy = 0;

	wall(): number {
		return this.current + this.clockSetBy;
	}

	/** Milliseconds since the beginning. */
	get elapsed(): number {
		return this.current - this.start;
	}

	async wait(ms: number, wake: Promise<unknown>): Promise<void> {
		let timer: Timer | undefined;
		const over = new Promise<void>((resolve) => {
			timer = this.at(this.current + Math.max(ms, 0), resolve);
		});
		await Promise.race([over, wake.catch(() => undefined)]);
		this.timers = this.timers.filter((candidate) => candidate !== timer);
	}

	async sleep(ms: number): Promise<void> {
		await new Promise<void>((resolve) => {
			this.at(this.current + ms, resolve);
		});
	}

	/** Does something as soon as `elapsed` is reached. */
	after(elapsed: number, action: () => void): void {
		this.at(this.start + elapsed, action);
	}

	/** Lets time pass until the task is over: whenever all are waiting, the next timer is due. */
	async run<T>(task: Promise<T>): Promise<T> {
		const limit = this.current + LIMIT_MS;
		let isOver = false;
		const done = (): void => {
			isOver = true;
		};
		task.then(done, done);
		for (;;) {
			await allIdle();
			if (isOver) return await task;
			const next = this.timers.shift();
			if (!next) throw new Error('All are waiting, and nothing is going to happen');
			if (next.at > limit) throw new Error('It does not come to an end');
			this.current = Math.max(this.current, next.at);
			next.fire();
		}
	}

	/** Lets the given time pass and whatever is due in it happen. */
	async pass(ms: number): Promise<void> {
		await this.run(this.sleep(ms));
	}

	private at(at: number, fire: () => void): Timer {
		const timer = { at, fire };
		// Timers of the same moment fire in the order in which they were set.
		const index = this.timers.findIndex((candidate) => candidate.at > at);
		this.timers.splice(index < 0 ? this.timers.length : index, 0, timer);
		return timer;
	}
}

/** Resolves when no microtask is left: `setImmediate` comes after all of them. */
async function allIdle(): Promise<void> {
	await new Promise<void>((resolve) => {
		setImmediate(resolve);
	});
}
