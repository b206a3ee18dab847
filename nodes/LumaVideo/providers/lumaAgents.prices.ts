/**
 * What Luma Agents charges for a video, derived from the body that buys it. Pure.
 *
 * "Pricing" of docs.agents.lumalabs.ai, as quoted by third parties in July and October 2026; subject to change.
 */
import { firstText, isObject, valueAt } from './answers';
import { priceUnder, times } from './prices';
import type { PriceTable } from './prices';
import type { JsonObject, Resolution } from './provider';
import { DEFAULT_DURATION, MAX_SOURCE_SECONDS, editFactor, rangeOf } from './ray32';

/** "Video generation": the service's defaults. */
export const DEFAULT_RESOLUTION: Resolution = '720p';

const PRICES_USD: PriceTable = {
	'ray-3.2': {
		sdr: {
			'360p': { '5s': 0.06, '10s': 0.18 },
			'540p': { '5s': 0.15, '10s': 0.45 },
			'720p': { '5s': 0.3, '10s': 0.9 },
			'1080p': { '5s': 1.2, '10s': 3.6 },
		},
		// 10 s has no price.
		hdr: { '720p': { '5s': 0.6 }, '1080p': { '5s': 2.4 } },
		exr: { '720p': { '5s': 0.9 }, '1080p': { '5s': 3.6 } },
		// Always one block of 5 s in standard dynamic range; a draft has no price.
		extend: { '540p': { '5s': 0.15 }, '720p': { '5s': 0.3 }, '1080p': { '5s': 1.2 } },
		edit: {
			sdr: { '360p': 0.54, '540p': 0.72, '720p': 1.08, '1080p': 2.16 },
			hdr: { '720p': 2.16, '1080p': 4.32 },
			exr: { '720p': 3.24, '1080p': 6.48 },
		},
		/** Per second of the source. */
		reframe: { '360p': 0.03, '540p': 0.06, '720p': 0.12, '1080p': 0.36 },
	},
};

/** Fields of `video` that affect the price. */
const PRICED_FIELDS: readonly string[] = ['duration', 'exr_export', 'hdr', 'resolution'];

/** Which prices apply to a new video; `null` if none do. */
function priceListOf(video: JsonObject): 'sdr' | 'hdr' | 'exr' | 'extend' | null {
	const range = rangeOf(video);
	const frames = [video.start_frame, video.end_frame];
	if (frames.every((frame) => firstText(valueAt(frame, 'generation_id')) === null)) return range;
	return range === 'sdr' ? 'extend' : null;
}

/**
 * The price of what a body buys, including additional body fields.
 *
 * @param sourceLength of the source video, in seconds; `null`: the longest allowed is assumed
 */
export function priceOf(body: JsonObject, sourceLength: number | null): number | null {
	const { model, source, type, video = {} } = body;
	if (!isObject(video)) return null;
	// The service documents them only in `video`; it may or may not read them elsewhere.
	if (PRICED_FIELDS.some((name) => name in body)) return null;
	const { duration } = video;
	const resolution = video.resolution ?? DEFAULT_RESOLUTION;
	if (type === 'video') {
		if ((source ?? null) !== null) return null;
		return priceUnder(PRICES_USD, model, priceListOf(video), resolution, duration ?? DEFAULT_DURATION);
	}
	if (!isObject(source) || (duration ?? null) !== null) return null;
	if (type === 'video_edit') {
		return times(priceUnder(PRICES_USD, model, 'edit', rangeOf(video), resolution), editFactor(sourceLength));
	}
	if (type === 'video_reframe' && rangeOf(video) === 'sdr') {
		return times(priceUnder(PRICES_USD, model, 'reframe', resolution), sourceLength ?? MAX_SOURCE_SECONDS.reframe);
	}
	return null;
}
