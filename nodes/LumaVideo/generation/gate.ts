/** A semaphore: limits how many tasks run at once. */
export class Gate {
	private running = 0;
	private readonly waiting: Array<() => void> = [];

	constructor(private readonly limit: number) {}

	async run<T>(task: () => Promise<T>): Promise<T> {
		if (this.running >= this.limit) {
			await new Promise<void>((resolve) => {
				this.waiting.push(resolve);
			});
		} else this.running++;
		try {
			return await task();
		} finally {
			const next = this.waiting.shift();
			// The slot is handed over directly, so that no other task can take it.
			if (next) next();
			else this.running--;
		}
	}
}
