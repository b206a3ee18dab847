/** Places for generations that run at once, given out first come, first served. */
import type { Pauses } from './pauses';

export class Slots {
	/** Nothing is submitted before this moment, in milliseconds since 1970: the provider refused for now. */
	heldUntil = 0;
	private readonly queue: Array<() => void> = [];

	constructor(
		private free: number,
		private readonly pauses: Pauses,
	) {}

	/** Jobs that wait for a place. */
	get waiting(): number {
		return this.queue.length;
	}

	/** Waits for a place. @throws RunEnded when the run ends before there is one */
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

	/** Gives a place back; the next in line has it at once, so that nobody slips in between. */
	release(): void {
		const next = this.queue.shift();
		if (next) next();
		else this.free++;
	}

	/** All submits wait until a moment, in milliseconds since 1970. */
	hold(until: number): void {
		this.heldUntil = Math.max(this.heldUntil, until);
	}
}
