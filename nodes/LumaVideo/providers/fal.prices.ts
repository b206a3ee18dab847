/**
 * What fal.ai takes for a video, read out of the request that buys it. Pure.
 *
 * The pages of its models, as read in 2026 (new videos: September); subject to change.
 */
import { bodyOf } from './fal.body';
import { kindOf } from './fal.endpoints';
import { priceUnder, times } from './prices';
import type { PriceTable } from './prices';
import type { Resolution, VideoRequest } from './provider';
import { DEFAULT_DURATION, MAX_SOURCE_SECONDS, editFactor, rangeOf } from './ray32';

export const DEFAULT_RESOLUTION: Resolution = '540p';

const RAY_2: PriceTable = {
	sdr: { '540p': { '5s': 0.5, '9s': 1 }, '720p': { '5s': 1, '9s': 2 }, '1080p': { '5s': 2, '9s': 4 } },
};
const RAY_2_FLASH: PriceTable = {
	sdr: { '540p': { '5s': 0.2, '9s': 0.4 }, '720p': { '5s': 0.4, '9s': 0.8 }, '1080p': { '5s': 0.8, '9s': 1.6 } },
};

const PRICES_USD: PriceTable = {
	'ray-3.2': {
		text: {
			sdr: { '540p': { '5s': 0.5, '10s': 1 }, '720p': { '5s': 1, '10s': 2 }, '1080p': { '5s': 2, '10s': 4 } },
		},
		// There is no price for 10 s, nor for HDR of a new video.
		image: {
			sdr: { '540p': { '5s': 0.15 }, '720p': { '5s': 0.3 }, '1080p': { '5s': 1.2 } },
		},
		modify: {
			sdr: { '540p': 0.72, '720p': 1.08, '1080p': 2.16 },
			hdr: { '720p': 2.16, '1080p': 4.32 },
			exr: { '720p': 3.24, '1080p': 6.48 },
		},
		/** For each started second of the source. */
		reframe: { sdr: { '540p': 0.06, '720p': 0.12, '1080p': 0.36 } },
	},
	'ray-2': { text: RAY_2, image: RAY_2 },
	// Reframed videos have no choice of resolution.
	'ray-2-flash': { text: RAY_2_FLASH, image: RAY_2_FLASH, reframe: { sdr: { '540p': 0.06 } } },
};

/**
 * What a request buys: fields that were added to its body count like those that were chosen.
 *
 * A source whose length is not known counts as the longest that is taken.
 */
export function priceOf(request: VideoRequest): number | null {
	const body = bodyOf(request);
	const { sourceLength } = request;
	const { duration, resolution = DEFAULT_RESOLUTION } = body;
	const kind = kindOf(request);
	const keys = [request.model, kind, rangeOf(body) ?? undefined, resolution];
	if (kind === 'modify') {
		// What a duration means beside the source's own length is not documented.
		if (duration !== undefined) return null;
		return times(priceUnder(PRICES_USD, ...keys), editFactor(sourceLength));
	}
	if (kind === 'reframe') return times(priceUnder(PRICES_USD, ...keys), Math.ceil(sourceLength ?? MAX_SOURCE_SECONDS.reframe));
	return priceUnder(PRICES_USD, ...keys, duration ?? DEFAULT_DURATION);
}
