/** What a request for a video is at fal.ai: its input, as the body. Pure. */
import { DEFAULT_MODE, gridOf } from './luma';
import type { JsonObject, VideoRequest } from './provider';
import { editOf, sourcePositionOf } from './ray32';
import { imageText, videoUrlOf } from './reference';

function rangeOf(request: VideoRequest): JsonObject {
	return {
		...(request.hdr ? { hdr: true } : {}),
		...(request.exrExport ? { exr_export: true } : {}),
	};
}

function keyframesOf({ keyframes }: VideoRequest): JsonObject {
	if (keyframes.length === 0) return {};
	return {
		keyframes: keyframes.map(({ image }) => imageText(image)),
		keyframe_indexes: keyframes.map(({ index }) => index),
	};
}

/** The service has no default for the shape that a video is to get. */
const DEFAULT_REFRAME_RATIO = '9:16';

function newVideoOf(request: VideoRequest): JsonObject {
	return {
		...(request.startImage ? { image_url: imageText(request.startImage) } : {}),
		...(request.endImage ? { end_image_url: imageText(request.endImage) } : {}),
		...(request.aspectRatio ? { aspect_ratio: request.aspectRatio } : {}),
		...(request.duration ? { duration: request.duration } : {}),
		...(request.loop ? { loop: true } : {}),
		...keyframesOf(request),
		...rangeOf(request),
	};
}

/** Ray 2, whose new videos have the fields of Ray 3.2. */
function oldBodyOf(request: VideoRequest): JsonObject {
	return {
		...(request.startImage ? { image_url: imageText(request.startImage) } : {}),
		...(request.operation === 'modify'
			? { mode: request.mode ?? DEFAULT_MODE }
			: { aspect_ratio: request.aspectRatio ?? DEFAULT_REFRAME_RATIO, ...gridOf(request) }),
	};
}

function fieldsOf(request: VideoRequest): JsonObject {
	if (request.operation === 'generate') return newVideoOf(request);
	if (request.model !== 'ray-3.2') return oldBodyOf(request);
	if (request.operation === 'reframe') return { aspect_ratio: request.aspectRatio ?? DEFAULT_REFRAME_RATIO, ...sourcePositionOf(request) };
	return {
		...(request.startImage ? { start_image_url: imageText(request.startImage) } : {}),
		...keyframesOf(request),
		...editOf(request, 'edit_strength'),
		...rangeOf(request),
	};
}

export function bodyOf(request: VideoRequest): JsonObject {
	return {
		prompt: request.prompt,
		...(request.operation === 'generate' ? {} : { video_url: videoUrlOf(request.source) ?? '' }),
		...(request.resolution ? { resolution: request.resolution } : {}),
		...fieldsOf(request),
		...request.additionalBodyFields,
	};
}
