/**
 * The polling schedule of a running generation, as pure functions.
 *
 * A guess may be wrong by any factor, so the first reads are spaced exponentially, growing by a third each: whatever a
 * generation really takes, its end is noticed within a third of that. If earlier videos of the same kind show how long
 * it takes, reads are concentrated around the expected end. A suspended execution only reads around that end. The
 * numbers come from a simulation, `scripts/schedule-figures.ts`.
 */
import type { GenerationRequest, ModelCapabilities } from '../providers/provider';

/** How long a generation is expected to take in total. */
export interface Expectation {
	/** Milliseconds from submission. */
	ms: number;
	/** Whether earlier generations of its kind took about as long. */
	isKnown: boolean;
}

const MIN_INTERVAL_MS = 1000;
const MAX_INTERVAL_MS = 15_000;

/** With a guess: the first read, the growth between reads, minus network latency, and the reads around the expected end
 * as fractions of it. */
const GUESS = { firstMs: 5200, growth: 0.34, networkMs: 350, from: 0.95, until: 1.06, interval: 0.04 } as const;

/** With experience: the fraction of the expected time before the first read that may find it finished. */
const FIRST_LOOK = 0.54;
/** Intervals as fractions of the expected time: at that first read, and from the expected end on. */
const SPARSE = 0.09;
const DENSE = 0.034;
/** Refusals by moderation come within seconds. */
const EARLY_LOOK_MS = 4000;
/** Reads between that one and the first that may find it finished, per generation that a read serves. */
const EARLY_LOOKS_EACH = 0.6;
/** Beyond this multiple of the expected time, intervals grow with the time waited. */
const OVERDUE = 1.75;
const OVERDUE_DENSITY = 0.05;

/** Suspended: the wake-up before the expected end, and how long it then polls at short intervals. */
const WAKE = { at: 0.99, interval: 0.01, minIntervalMs: 1500, closelyMs: 19_000 } as const;
/** Suspended and overdue: n8n's wake-ups are exact only if they are more than a minute ahead. */
const OVERDUE_SLEEP = { minMs: 62_000, maxMs: 300_000, growth: 0.2 } as const;

/** Used if neither the answer nor the model says how long it takes, in milliseconds. */
export const UNKNOWN_EXPECTED_MS = 60_000;

/**
 * Milliseconds until the next read of a generation.
 *
 * @param elapsedMs since the generation was submitted
 * @param served how many generations the same read serves: with more of them, extra reads catch unusually early ends
 */
export function nextReadDelayMs(elapsedMs: number, expectation: Expectation, served = 1): number {
	const known = knownDelayMs(elapsedMs, Math.max(expectation.ms, MIN_INTERVAL_MS), served);
	return expectation.isKnown ? known : guessedDelayMs(elapsedMs, expectation.ms, served > 1 ? known : Infinity);
}

function guessedDelayMs(elapsedMs: number, expectedMs: number, atMost: number): number {
	if (elapsedMs < GUESS.firstMs) return Math.max(Math.min(GUESS.firstMs - elapsedMs, atMost), MIN_INTERVAL_MS);
	let delay = elapsedMs * GUESS.growth - GUESS.networkMs;
	const toStart = expectedMs * GUESS.from - elapsedMs;
	if (toStart > MIN_INTERVAL_MS) delay = Math.min(delay, toStart);
	else if (elapsedMs < expectedMs * GUESS.until) delay = Math.min(delay, expectedMs * GUESS.interval);
	return Math.max(Math.min(delay, atMost), MIN_INTERVAL_MS);
}

function knownDelayMs(elapsedMs: number, expectedMs: number, served: number): number {
	const firstLook = expectedMs * FIRST_LOOK;
	const share = Math.min((elapsedMs - firstLook) / (expectedMs - firstLook), 1);
	const interval = Math.min(
		Math.max(expectedMs * (SPARSE + (DENSE - SPARSE) * share), MIN_INTERVAL_MS),
		MAX_INTERVAL_MS,
	);
	// A clock with whole milliseconds may be that much early.
	if (elapsedMs < firstLook - 1) {
		// The early read is worth a request only if the next one is far away.
		if (elapsedMs < EARLY_LOOK_MS && firstLook > 2 * EARLY_LOOK_MS) return EARLY_LOOK_MS - elapsedMs;
		const looks = served * EARLY_LOOKS_EACH;
		// Growing intervals: delays matter relative to the total time, not in seconds.
		const step = looks < 1 ? Infinity : elapsedMs * ((firstLook / EARLY_LOOK_MS) ** (1 / looks) - 1);
		return Math.max(Math.min(firstLook - elapsedMs, step), MIN_INTERVAL_MS);
	}
	if (elapsedMs <= expectedMs * OVERDUE) return interval;
	return Math.min(Math.max(interval, elapsedMs * OVERDUE_DENSITY), Math.max(MAX_INTERVAL_MS, interval));
}

/** Milliseconds until the next read if the execution is suspended in between. */
export function nextWakeDelayMs(elapsedMs: number, expectedMs: number): number {
	const wakeAt = expectedMs * WAKE.at;
	if (elapsedMs < wakeAt - 1) return Math.max(wakeAt - elapsedMs, MIN_INTERVAL_MS);
	if (elapsedMs < wakeAt + WAKE.closelyMs) return Math.max(expectedMs * WAKE.interval, WAKE.minIntervalMs);
	return Math.min(Math.max(elapsedMs * OVERDUE_SLEEP.growth, OVERDUE_SLEEP.minMs), OVERDUE_SLEEP.maxMs);
}

/** Factors relative to a video of 5 seconds at the default resolution. Rough, which the schedule tolerates. */
const LONGER: Readonly<Record<string, number>> = { '9s': 1.7, '10s': 1.8 };
const LARGER: Readonly<Record<string, number>> = { '1080p': 1.5, '4k': 2.5 };

/**
 * How long a request is expected to take, in milliseconds: the provider's own estimate, or the model's usual time
 * scaled for longer and larger videos.
 */
export function expectedMs(
	model: Pick<ModelCapabilities, 'usualSeconds'> | undefined,
	request: Pick<GenerationRequest, 'duration' | 'resolution'> | null,
	estimatedSeconds: number | null,
): number {
	if (estimatedSeconds !== null && estimatedSeconds > 0) return estimatedSeconds * 1000;
	if (!model) return UNKNOWN_EXPECTED_MS;
	return model.usualSeconds * 1000 * (LONGER[request?.duration ?? ''] ?? 1) * (LARGER[request?.resolution ?? ''] ?? 1);
}

/**
 * Exponential back-off before a retry: 1 s doubling up to 15 s, or what the provider asks for, but at least a second.
 */
export function retryDelayMs(attempt: number, retryAfterMs: number | null): number {
	if (retryAfterMs !== null) return Math.max(retryAfterMs, MIN_INTERVAL_MS);
	return Math.min(1000 * 2 ** Math.max(0, attempt - 1), MAX_INTERVAL_MS);
}
