/** So many at once, and so many a second in the long run. Pure: time is a parameter, in milliseconds. */
export class TokenBucket {
	private tokens: number;
	private refilledAt = 0;

	constructor(
		private readonly burst: number,
		private readonly perSecond: number,
	) {
		this.tokens = burst;
	}

	/** Takes one, if there is one. */
	take(now: number): boolean {
		this.refill(now);
		if (this.tokens < 1) return false;
		this.tokens--;
		return true;
	}

	/** Gives one back. */
	give(): void {
		this.tokens = Math.min(this.burst, this.tokens + 1);
	}

	/** Milliseconds until one can be taken. */
	waitMs(now: number): number {
		this.refill(now);
		return this.tokens >= 1 ? 0 : Math.ceil(((1 - this.tokens) / this.perSecond) * 1000);
	}

	private refill(now: number): void {
		const elapsed = Math.max(0, now - this.refilledAt);
		this.tokens = Math.min(this.burst, this.tokens + (elapsed / 1000) * this.perSecond);
		this.refilledAt = Math.max(now, this.refilledAt);
	}
}
