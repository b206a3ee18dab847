/**
 * When to read a running generation again: a pure function of what is known.
 *
 * One early read catches what is refused at once. Then nothing happens until the generation may be finished; from
 * there reads move closer together up to the expected end, and they thin out when it is long past. The numbers were
 * found by simulation, `scripts/schedule-figures.ts`.
 */
import type { ModelCapabilities, VideoRequest } from '../providers/provider';

/** Part of the expected time that passes before the first read that may find it finished. */
const FIRST_LOOK = 0.54;
/** Distance of the reads as a part of the expected time: at that first one, and from the expected end on. */
const SPARSE = 0.09;
const DENSE = 0.036;
const MIN_INTERVAL_MS = 1000;
const MAX_INTERVAL_MS = 15_000;
/** Refusals by moderation come within seconds. */
const EARLY_LOOK_MS = 4000;
/** Looks between that one and the first that may find it finished, for each generation that a read serves. */
const EARLY_LOOKS_EACH = 0.6;
/** Beyond this multiple of the expected time the distance grows with the time waited. */
const OVERDUE = 1.75;
const OVERDUE_DENSITY = 0.05;

/** Used when neither the answer nor the model says how long it takes, in milliseconds. */
export const UNKNOWN_EXPECTED_MS = 60_000;

/**
 * Milliseconds from now to the next read.
 *
 * @param elapsedMs since the generation was submitted
 * @param expectedMs how long it is expected to take as a whole
 * @param served generations that the same read serves: shared by many, more looks find what is finished unusually soon
 */
export function nextReadDelayMs(elapsedMs: number, expectedMs: number, served = 1): number {
	const expected = Math.max(expectedMs, MIN_INTERVAL_MS);
	const firstLook = expected * FIRST_LOOK;
	const share = Math.min((elapsedMs - firstLook) / (expected - firstLook), 1);
	const interval = Math.min(
		Math.max(expected * (SPARSE + (DENSE - SPARSE) * share), MIN_INTERVAL_MS),
		MAX_INTERVAL_MS,
	);
	if (elapsedMs < firstLook) {
		// The early look is worth a request only where the next one is far away.
		if (elapsedMs < EARLY_LOOK_MS && firstLook > 2 * EARLY_LOOK_MS) return EARLY_LOOK_MS - elapsedMs;
		const looks = served * EARLY_LOOKS_EACH;
		// Each a bit farther than the one before: what is late by a part of its time counts, not what is late by a second.
		const step = looks < 1 ? Infinity : elapsedMs * ((firstLook / EARLY_LOOK_MS) ** (1 / looks) - 1);
		return Math.max(Math.min(firstLook - elapsedMs, step), MIN_INTERVAL_MS);
	}
	if (elapsedMs <= expected * OVERDUE) return interval;
	return Math.min(Math.max(interval, elapsedMs * OVERDUE_DENSITY), Math.max(MAX_INTERVAL_MS, interval));
}

/**
 * How long a request is expected to take, in milliseconds: the provider's own estimate, or the model's usual time
 * stretched for longer and larger videos. The factors are rough; the schedule forgives a wrong guess.
 */
export function expectedMs(
	model: ModelCapabilities | undefined,
	request: Pick<VideoRequest, 'duration' | 'resolution'> | null,
	estimatedSeconds: number | null,
): number {
	if (estimatedSeconds !== null && estimatedSeconds > 0) return estimatedSeconds * 1000;
	if (!model) return UNKNOWN_EXPECTED_MS;
	const longer = request?.duration === '9s' ? 1.7 : 1;
	const larger = request?.resolution === '4k' ? 2.5 : request?.resolution === '1080p' ? 1.5 : 1;
	return model.usualSeconds * 1000 * longer * larger;
}

/**
 * Pause before a request that did not come through is tried again: 1 s doubling to 15 s, or what the provider asks,
 * but never less than a second.
 */
export function retryDelayMs(attempt: number, retryAfterMs: number | null): number {
	if (retryAfterMs !== null) return Math.max(retryAfterMs, MIN_INTERVAL_MS);
	return Math.min(1000 * 2 ** Math.max(0, attempt - 1), MAX_INTERVAL_MS);
}
