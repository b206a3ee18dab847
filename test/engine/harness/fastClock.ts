/**
 * The node's own waiting runs faster than the wall clock, so that tests need not wait. Requests and the stand-in's jobs
 * stay in real time.
 */
import type { Clock } from '../../../nodes/LumaVideo/generation/clock';
import { pauseFor, systemClock } from '../../../nodes/LumaVideo/generation/clock';

const SPEED = 100;
/** Milliseconds by the wall clock after which a wait is over at the latest: the node then looks around. */
const SLICE_MS = 100;
const start = Date.now();

/** By how much the clock stood still so far. */
let stoodStill = 0;
let frozenAt: number | null = null;
let thawed: () => void = () => undefined;
let thaw: Promise<void> = Promise.resolve();

function now(): number {
	return frozenAt ?? start + (Date.now() - start) * SPEED - stoodStill;
}

async function wait(ms: number, wake: Promise<unknown>): Promise<void> {
	let timer: NodeJS.Timeout | undefined;
	const slept = new Promise<void>((resolve) => {
		timer = setTimeout(resolve, Math.min(Math.max(ms, 0) / SPEED, SLICE_MS));
	});
	// A wait that was begun before the time stood still does not end either.
	const over = slept.then(async () => {
		while (frozenAt !== null) await thaw;
	});
	await Promise.race([over, wake.catch(() => undefined)]);
	clearTimeout(timer);
}

/**
 * Stops the node's time until the returned function is called: no planned read comes, and no wait ends, unless something
 * else ends it. Then it goes on from where it stopped.
 */
export function freezeClock(): () => void {
	const stoppedAt = now();
	frozenAt = stoppedAt;
	thaw = new Promise((resolve) => {
		thawed = resolve;
	});
	return () => {
		if (frozenAt !== stoppedAt) return;
		frozenAt = null;
		stoodStill += now() - stoppedAt;
		thawed();
	};
}

// In place, so that everybody who holds the clock has the fast one.
Object.assign(systemClock, { now, wall: now, wait } satisfies Clock);

export { pauseFor, systemClock };
