/** Luma's models at Replicate, the input of each, and what it costs. Pure. */
import { isObject } from './answers';
import { extrasOnWire } from './extras';
import { gridOf, secondsOf } from './luma';
import { priceUnder } from './prices';
import type { PriceTable } from './prices';
import type { JsonObject, VideoRequest } from './provider';
import { imageText, videoUrlOf } from './reference';

/** By their names at Replicate; those of Ray 2 have the resolution in it. */
const MODELS: ReadonlyMap<string, string> = new Map([
	['luma/ray-3.2', 'ray-3.2'],
	['luma/ray-2-540p', 'ray-2'],
	['luma/ray-2-720p', 'ray-2'],
	['luma/ray-flash-2-540p', 'ray-flash-2'],
	['luma/ray-flash-2-720p', 'ray-flash-2'],
	['luma/modify-video', 'modify-video'],
	['luma/reframe-video', 'reframe-video'],
]);

/** The model of that name; `null` for those of others. */
export function modelOf(slug: string | null | undefined): string | null {
	return MODELS.get(slug ?? '') ?? null;
}

export function slugOf({ model, resolution }: VideoRequest): string {
	const isOld = model === 'ray-2' || model === 'ray-flash-2';
	return `luma/${model}${isOld ? `-${resolution ?? '720p'}` : ''}`;
}

/** What the models take when a request leaves it open. */
export const DEFAULTS: JsonObject = {
	aspect_ratio: '16:9',
	duration: 5,
	resolution: '720p',
	loop: false,
	hdr: false,
	exr_export: false,
};

export const EXTRAS = { exrExport: 'exr_export', hdr: 'hdr' };

function fieldsOf(request: VideoRequest): JsonObject {
	switch (request.operation) {
		case 'modify':
			return {
				video: videoUrlOf(request.source) ?? '',
				...(request.startImage ? { first_frame: imageText(request.startImage) } : {}),
				...(request.mode ? { mode: request.mode } : {}),
			};
		case 'reframe':
			return {
				video: videoUrlOf(request.source) ?? '',
				...(request.aspectRatio ? { aspect_ratio: request.aspectRatio } : {}),
				...gridOf(request),
			};
		default:
			return {
				...(request.startImage ? { start_image: imageText(request.startImage) } : {}),
				...(request.endImage ? { end_image: imageText(request.endImage) } : {}),
				...(request.aspectRatio ? { aspect_ratio: request.aspectRatio } : {}),
				...(request.resolution && request.model === 'ray-3.2' ? { resolution: request.resolution } : {}),
				...(request.duration ? { duration: secondsOf(request.duration) } : {}),
				...(request.loop ? { loop: true } : {}),
				...extrasOnWire(EXTRAS, request),
			};
	}
}

export function inputOf(request: VideoRequest): JsonObject {
	const additional = request.additionalBodyFields.input;
	return {
		...(request.prompt ? { prompt: request.prompt } : {}),
		...fieldsOf(request),
		// A field not known yet joins the others instead of taking their place.
		...(isObject(additional) ? additional : {}),
	};
}

export function bodyOf(request: VideoRequest): JsonObject {
	return {
		...(request.callback ? { webhook: request.callback.url, webhook_events_filter: ['completed'] } : {}),
		...request.additionalBodyFields,
		input: inputOf(request),
	};
}

/** USD for one video of Ray 3.2 in standard dynamic range, by resolution and seconds: no other price is known. */
const PRICES_USD: PriceTable = {
	'540p': { '5': 0.15, '10': 0.45 },
	'720p': { '5': 0.3, '10': 0.9 },
	'1080p': { '5': 1.2, '10': 3.6 },
};

/** `null` for high dynamic range and older models, and where a value is none that has a price. */
export function priceOf(request: VideoRequest): number | null {
	const { duration, resolution, hdr, exr_export: exr } = { ...DEFAULTS, ...inputOf(request) };
	if (request.model !== 'ray-3.2' || hdr !== false || exr !== false) return null;
	return priceUnder(PRICES_USD, resolution, typeof duration === 'number' ? String(duration) : duration);
}
