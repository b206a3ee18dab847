/** Figures: medians of samples, and the memory of a running n8n. */
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import type { N8n } from '../e2e/harness';

/** Tries out a row with less of everything; its figures are not kept. */
export const isQuick = process.argv.includes('--quick');

export function median(values: readonly number[]): number {
	return quantile(values, 0.5);
}

/** @param part from 0 to 1 */
export function quantile(values: readonly number[], part: number): number {
	const sorted = [...values].sort((a, b) => a - b);
	if (sorted.length === 0) return Number.NaN;
	const place = part * (sorted.length - 1);
	const below = sorted[Math.floor(place)] ?? Number.NaN;
	const above = sorted[Math.ceil(place)] ?? Number.NaN;
	return below + (above - below) * (place - Math.floor(place));
}

export function sum(values: readonly number[]): number {
	return values.reduce((total, value) => total + value, 0);
}

export function seconds(ms: number): string {
	return `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 1)} s`;
}

export function mebibytes(bytes: number): string {
	return `${(bytes / 2 ** 20).toFixed(0)} MiB`;
}

/** The memory of n8n's main process, as Linux counts it. */
export class Memory {
	private readonly pid: number;

	/** @throws {Error} when n8n does not run */
	constructor(n8n: N8n) {
		this.pid = mainProcess(n8n.processGroup);
	}

	/** Bytes in RAM now. */
	get resident(): number {
		return this.field('VmRSS');
	}

	/** The most bytes in RAM since `forgetPeak()`. */
	get peak(): number {
		return this.field('VmHWM');
	}

	forgetPeak(): void {
		writeFileSync(`/proc/${this.pid}/clear_refs`, '5');
	}

	/** Lets n8n come to rest and collect its garbage; it must run with `collectsGarbage`. */
	async rest(): Promise<void> {
		await pause(3000);
		for (let round = 0; round < 3; round++) {
			process.kill(this.pid, 'SIGUSR2');
			await pause(1000);
		}
	}

	private field(name: string): number {
		const status = readFileSync(`/proc/${this.pid}/status`, 'utf8');
		return Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]) * 1024;
	}
}

/** The process that is n8n itself, not its leash and not its task runner. */
function mainProcess(group: number | undefined): number {
	for (const entry of readdirSync('/proc')) {
		if (!/^\d+$/.test(entry)) continue;
		try {
			const [, , processGroup] = (readFileSync(`/proc/${entry}/stat`, 'utf8').split(') ').at(-1) ?? '').split(' ');
			const command = readFileSync(`/proc/${entry}/cmdline`, 'utf8');
			if (Number(processGroup) === group && /bin\/n8n\0start/.test(command) && !command.includes('leash.cjs')) {
				return Number(entry);
			}
		} catch {
			// It ended meanwhile.
		}
	}
	throw new Error('The process of n8n was not found');
}
