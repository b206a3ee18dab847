/** What is going on, on a terminal as one line that changes, elsewhere as a few plain lines. */

/** On a terminal the seconds count up; elsewhere a line is repeated only so that nobody thinks of a hang. */
const REDRAW_MS = 250;
const REPEAT_MS = 15_000;

export class Progress {
	private readonly startedAt = Date.now();
	private status = '';
	private timer: NodeJS.Timeout | undefined;

	constructor(private readonly stream: NodeJS.WriteStream = process.stdout) {}

	/** Shows what the provider says now. */
	show(status: string): void {
		if (status === this.status) return;
		this.status = status;
		this.draw();
		this.timer ??= setInterval(() => {
			this.draw();
		}, this.stream.isTTY ? REDRAW_MS : REPEAT_MS);
	}

	/** Writes a line that stays, above the one that changes. */
	note(text: string): void {
		this.stream.write(this.stream.isTTY ? `\r\u001b[2K${text}\n` : `${text}\n`);
		if (this.stream.isTTY && this.timer) this.draw();
	}

	/** Leaves the last line standing. */
	end(): void {
		if (this.timer === undefined) return;
		clearInterval(this.timer);
		this.timer = undefined;
		if (this.stream.isTTY) this.stream.write('\n');
	}

	private draw(): void {
		const seconds = String(Math.round((Date.now() - this.startedAt) / 1000)).padStart(4);
		const line = `${seconds} s  ${this.status}`;
		this.stream.write(this.stream.isTTY ? `\r\u001b[2K${line}` : `${line}\n`);
	}
}
