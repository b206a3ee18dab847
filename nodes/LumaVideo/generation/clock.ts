/** Time as a parameter, so that waiting can be tested without waiting. All values in milliseconds. */
import { sleep } from 'n8n-workflow';

export interface Clock {
	/** Since 1970, monotonic: plans within a run are unaffected when n8n's clock is set. */
	now(): number;
	/** Since 1970, by n8n's clock: for times that another run or a person reads. */
	wall(): number;
	/** Resolves after `ms`, or as soon as `wake` settles. */
	wait(ms: number, wake: Promise<unknown>): Promise<void>;
}

/** n8n before 2.34 cannot interrupt `sleep`; at most one slice keeps running after a stop. */
const SLICE_MS = 1000;

export const systemClock: Clock = {
	now: () => performance.timeOrigin + performance.now(),
	wall: () => Date.now(),
	async wait(ms, wake) {
		await Promise.race([sleep(Math.min(Math.max(ms, 0), SLICE_MS)), wake.catch(() => undefined)]);
	},
};

/** Waits the whole time, or until the execution is stopped. */
export async function pauseFor(clock: Clock, ms: number, cancelSignal: AbortSignal | undefined): Promise<void> {
	const until = clock.now() + ms;
	let onAbort: () => void = () => undefined;
	const cancelled = new Promise<void>((resolve) => {
		onAbort = resolve;
	});
	cancelSignal?.addEventListener('abort', onAbort);
	try {
		while (clock.now() < until && !cancelSignal?.aborted) await clock.wait(until - clock.now(), cancelled);
	} finally {
		cancelSignal?.removeEventListener('abort', onAbort);
	}
}
