/** Slots for concurrent generations, first come, first served. */
import type { Pauses } from './pauses';

export class Slots {
	/** Nothing is submitted before this moment, in milliseconds since 1970, because of a rate limit. */
	heldUntil = 0;
	private readonly queue: Array<() => void> = [];

	constructor(
		private free: number,
		private readonly pauses: Pauses,
	) {}

	/** Jobs waiting for a slot. */
	get waiting(): number {
		return this.queue.length;
	}

	/** Waits for a slot. @throws RunEnded when the run ends first */
	async take(): Promise<void> {
		if (this.free > 0 && this.pauses.ended === null) {
			this.free--;
			return;
		}
		await this.pauses.unlessEnded(
			new Promise<void>((resolve) => {
				this.queue.push(resolve);
			}),
		);
	}

	/** Releases a slot, handing it directly to the next in line so that no other job can take it. */
	release(): void {
		const next = this.queue.shift();
		if (next) next();
		else this.free++;
	}

	/** Delays all submissions until a moment, in milliseconds since 1970. */
	hold(until: number): void {
		this.heldUntil = Math.max(this.heldUntil, until);
	}
}
