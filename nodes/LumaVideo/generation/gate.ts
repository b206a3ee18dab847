/** A semaphore: limits how many tasks run at once, first come, first served. */
export class Gate {
	private running = 0;
	private readonly queue: Array<() => void> = [];

	constructor(private readonly limit: number) {}

	get waiting(): number {
		return this.queue.length;
	}

	async run<T>(task: () => Promise<T>): Promise<T> {
		if (this.running >= this.limit) {
			await new Promise<void>((resolve) => {
				this.queue.push(resolve);
			});
		} else this.running++;
		try {
			return await task();
		} finally {
			const next = this.queue.shift();
			// The slot is handed over directly, so that no other task can take it.
			if (next) next();
			else this.running--;
		}
	}
}
