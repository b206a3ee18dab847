/** A limit on how many tasks run at once; the others wait their turn. */
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
			// The place is handed on, so that nobody slips in between.
			if (next) next();
			else this.running--;
		}
	}
}
