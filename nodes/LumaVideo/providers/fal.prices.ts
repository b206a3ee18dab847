/**
 * What fal.ai takes for a video, read out of the request that buys it. Pure.
 *
 * The pages of its models, as read in 2026 (new videos: September); subject to change.
 */
import { DEFAULT_DURATION } from './ray32.exclusions';
import { priceUnder } from './prices';
import type { PriceTable } from './prices';
import type { JsonObject, Resolution } from './provider';

export const DEFAULT_RESOLUTION: Resolution = '540p';

/** The longest source that is taken, in seconds. */
export const MAX_SOURCE_SECONDS = { modify: 18, reframe: 30 } as const;

/** Edits are priced for sources of 5 and of 10 s, the second twice the first; other lengths are taken in proportion. */
const EDIT_SECONDS = 5;

const PRICES_USD: PriceTable = {
	'text-to-video': {
		sdr: { '540p': { '5s': 0.5, '10s': 1 }, '720p': { '5s': 1, '10s': 2 }, '1080p': { '5s': 2, '10s': 4 } },
	},
	// There is no price for 10 s, nor for HDR of a new video.
	'image-to-video': {
		sdr: { '540p': { '5s': 0.15 }, '720p': { '5s': 0.3 }, '1080p': { '5s': 1.2 } },
	},
	'video-to-video': {
		sdr: { '540p': 0.72, '720p': 1.08, '1080p': 2.16 },
		hdr: { '720p': 2.16, '1080p': 4.32 },
		exr: { '720p': 3.24, '1080p': 6.48 },
	},
	/** For each started second of the source. */
	reframe: { sdr: { '540p': 0.06, '720p': 0.12, '1080p': 0.36 } },
};

/** `null` where it cannot be told. */
function rangeOf({ hdr, exr_export: exr }: JsonObject): 'sdr' | 'hdr' | 'exr' | null {
	if (![hdr ?? false, exr ?? false].every((flag) => typeof flag === 'boolean')) return null;
	return exr ? 'exr' : hdr ? 'hdr' : 'sdr';
}

function times(price: number | null, factor: number): number | null {
	return price === null ? null : Math.round(price * factor * 100) / 100;
}

/**
 * What a body buys: fields that were added to it count like those that were chosen.
 *
 * @param model last part of the endpoint's path
 * @param sourceLength of the video that is worked on, in seconds; where it is not known, that of the longest allowed
 */
export function priceOf(model: string, body: JsonObject, sourceLength: number | null): number | null {
	const { duration, resolution = DEFAULT_RESOLUTION } = body;
	const keys = [model, rangeOf(body) ?? undefined, resolution];
	if (model === 'video-to-video') {
		// What a duration means beside the source's own length is not documented.
		if (duration !== undefined) return null;
		return times(priceUnder(PRICES_USD, ...keys), Math.max(sourceLength ?? MAX_SOURCE_SECONDS.modify, EDIT_SECONDS) / EDIT_SECONDS);
	}
	if (model === 'reframe') return times(priceUnder(PRICES_USD, ...keys), Math.ceil(sourceLength ?? MAX_SOURCE_SECONDS.reframe));
	return priceUnder(PRICES_USD, ...keys, duration ?? DEFAULT_DURATION);
}
