/** How a command ends early and what it clears away. To be imported before what takes seconds to load. */
import { rmSync } from 'node:fs';

const leftovers = new Set<string>();

/** Removes a file or folder when the command ends, however it does. */
export function removeAtEnd(path: string): void {
	leftovers.add(path);
}

process.on('exit', () => {
	for (const path of leftovers) {
		try {
			rmSync(path, { recursive: true, force: true, maxRetries: 5 });
		} catch {
			// The command ends with what it has to say, not with this.
		}
	}
});

const stop = new AbortController();

/** Aborted by Ctrl+C and its like. */
export const stopSignal = stop.signal;

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
	process.on(signal, () => {
		stop.abort();
	});
}
