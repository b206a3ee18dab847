/**
 * When to read a running generation again: pure functions of what is known.
 *
 * A guess may be wrong by any factor, so the first looks come at moments that grow by a third each: whatever it really
 * takes, nothing is noticed later than a third of its own time. Where earlier videos of the same kind told how long it
 * takes, looks are saved for the time around the expected end. A suspended execution looks around that end only. The
 * numbers were found by simulation, `scripts/schedule-figures.ts`.
 */
import type { GenerationRequest, ModelCapabilities } from '../providers/provider';

/** How long a generation is expected to take as a whole. */
export interface Expectation {
	/** Milliseconds since it was submitted. */
	ms: number;
	/** Whether earlier generations of its kind took about as long. */
	isKnown: boolean;
}

const MIN_INTERVAL_MS = 1000;
const MAX_INTERVAL_MS = 15_000;

/** With a guess: the first look, the growth from look to look, less what the network takes, and the looks around the
 * expected end as parts of it. */
const GUESS = { firstMs: 5200, growth: 0.34, networkMs: 350, from: 0.95, until: 1.06, interval: 0.04 } as const;

/** With experience: the part of the expected time that passes before the first look that may find it finished. */
const FIRST_LOOK = 0.54;
/** Distance of the looks as a part of the expected time: at that first one, and from the expected end on. */
const SPARSE = 0.09;
const DENSE = 0.034;
/** Refusals by moderation come within seconds. */
const EARLY_LOOK_MS = 4000;
/** Looks between that one and the first that may find it finished, for each generation that a read serves. */
const EARLY_LOOKS_EACH = 0.6;
/** Beyond this multiple of the expected time the distance grows with the time waited. */
const OVERDUE = 1.75;
const OVERDUE_DENSITY = 0.05;

/** Suspended: the wake-up before the expected end, and how long it then looks closely. */
const WAKE = { at: 0.99, interval: 0.01, minIntervalMs: 1500, closelyMs: 19_000 } as const;
/** Suspended and overdue: n8n keeps a wake-up exactly only when it is more than a minute ahead. */
const OVERDUE_SLEEP = { minMs: 62_000, maxMs: 300_000, growth: 0.2 } as const;

/** Used when neither the answer nor the model says how long it takes, in milliseconds. */
export const UNKNOWN_EXPECTED_MS = 60_000;

/**
 * Milliseconds from now to the next read of a generation that somebody waits for.
 *
 * @param elapsedMs since the generation was submitted
 * @param served generations that the same read serves: shared by many, more looks find what is finished unusually soon
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
	// A clock that counts whole milliseconds may come that much short of it.
	if (elapsedMs < firstLook - 1) {
		// The early look is worth a request only where the next one is far away.
		if (elapsedMs < EARLY_LOOK_MS && firstLook > 2 * EARLY_LOOK_MS) return EARLY_LOOK_MS - elapsedMs;
		const looks = served * EARLY_LOOKS_EACH;
		// Each a bit farther than the one before: what is late by a part of its time counts, not what is late by a second.
		const step = looks < 1 ? Infinity : elapsedMs * ((firstLook / EARLY_LOOK_MS) ** (1 / looks) - 1);
		return Math.max(Math.min(firstLook - elapsedMs, step), MIN_INTERVAL_MS);
	}
	if (elapsedMs <= expectedMs * OVERDUE) return interval;
	return Math.min(Math.max(interval, elapsedMs * OVERDUE_DENSITY), Math.max(MAX_INTERVAL_MS, interval));
}

/** Milliseconds from now to the next read while the execution is suspended in between. */
export function nextWakeDelayMs(elapsedMs: number, expectedMs: number): number {
	const wakeAt = expectedMs * WAKE.at;
	if (elapsedMs < wakeAt - 1) return Math.max(wakeAt - elapsedMs, MIN_INTERVAL_MS);
	if (elapsedMs < wakeAt + WAKE.closelyMs) return Math.max(expectedMs * WAKE.interval, WAKE.minIntervalMs);
	return Math.min(Math.max(elapsedMs * OVERDUE_SLEEP.growth, OVERDUE_SLEEP.minMs), OVERDUE_SLEEP.maxMs);
}

/** By what a video takes longer than one of 5 seconds, and than one of the default resolution. Rough: looks forgive it. */
const LONGER: Readonly<Record<string, number>> = { '9s': 1.7, '10s': 1.8 };
const LARGER: Readonly<Record<string, number>> = { '1080p': 1.5, '4k': 2.5 };

/**
 * How long a request is expected to take, in milliseconds: the provider's own estimate, or the model's usual time
 * stretched for longer and larger videos.
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
 * Pause before a request that did not come through is tried again: 1 s doubling to 15 s, or what the provider asks,
 * but never less than a second.
 */
export function retryDelayMs(attempt: number, retryAfterMs: number | null): number {
	if (retryAfterMs !== null) return Math.max(retryAfterMs, MIN_INTERVAL_MS);
	return Math.min(1000 * 2 ** Math.max(0, attempt - 1), MAX_INTERVAL_MS);
}
