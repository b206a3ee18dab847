/** The body of `POST /generations` for a video at Luma Agents. Pure. */
import { isObject } from './answers';
import { VIDEO_TYPES, extensionOf } from './lumaAgents.answers';
import { INLINE_BYTES } from './lumaAgents.files';
import { extrasOnWire } from './extras';
import type { FileReference, ImageReference, JsonObject, VideoRequest } from './provider';
import { editOf, sourcePositionOf } from './ray32';
import { generationIdOf, stand } from './reference';

export const USER_ID = { userId: 'user_id' };

function fileReference(file: FileReference): JsonObject {
	switch (file.kind) {
		case 'data':
			return { data: file.base64, media_type: file.mimeType };
		case 'fileId':
			return { file_id: file.fileId };
		case 'file':
			return file.size > INLINE_BYTES
				? { file_id: stand('file ID', file.name) }
				: { data: stand('contents', file.name), media_type: file.mimeType };
	}
}

export function imageReference(image: ImageReference): JsonObject {
	return image.kind === 'url' ? { url: image.url } : fileReference(image);
}

/** "Video editing": a source by address needs its media type. */
function sourceOf({ source }: VideoRequest): JsonObject {
	if (source === null) return {};
	if (source.kind === 'generation') return { generation_id: source.generationId };
	if (source.kind !== 'url') return fileReference(source);
	const { url } = source;
	return { url, media_type: VIDEO_TYPES.get(extensionOf(url)) ?? 'video/mp4' };
}

/** "Video generation": 10 s is refused with a start frame, but not with the equivalent keyframe at index 0. */
function startsAsKeyframe({ operation, duration, startImage, endImage, keyframes }: VideoRequest): boolean {
	return operation === 'generate' && duration === '10s' && startImage !== null && endImage === null && keyframes.length === 0;
}

function keyframesOf(request: VideoRequest): JsonObject {
	const { startImage } = request;
	const keyframes = startImage && startsAsKeyframe(request) ? [{ image: startImage, index: 0 }] : request.keyframes;
	if (keyframes.length === 0) return {};
	return {
		keyframes: keyframes.map(({ image }) => imageReference(image)),
		keyframe_indexes: keyframes.map(({ index }) => index),
	};
}

function framesOf(request: VideoRequest): JsonObject {
	// "Video generation": a generation as the first frame is continued; one as the last frame is led up to.
	if (request.operation === 'extend') {
		const generationId = generationIdOf(request.source);
		if (generationId === null) return {};
		const source = { generation_id: generationId };
		return request.direction === 'backward' ? { end_frame: source } : { start_frame: source };
	}
	return {
		...(request.startImage && !startsAsKeyframe(request) ? { start_frame: imageReference(request.startImage) } : {}),
		...(request.endImage ? { end_frame: imageReference(request.endImage) } : {}),
	};
}

function videoOf(request: VideoRequest): JsonObject {
	return {
		...(request.resolution ? { resolution: request.resolution } : {}),
		...(request.duration ? { duration: request.duration } : {}),
		...(request.loop ? { loop: true } : {}),
		...(request.hdr ? { hdr: true } : {}),
		...(request.exrExport ? { exr_export: true } : {}),
		...framesOf(request),
		...(request.operation === 'modify' ? { edit: { ...editOf(request, 'strength'), ...keyframesOf(request) } } : keyframesOf(request)),
		...sourcePositionOf(request),
	};
}

const TYPES: Readonly<Partial<Record<VideoRequest['operation'], string>>> = {
	modify: 'video_edit',
	reframe: 'video_reframe',
};

export function bodyOf(request: VideoRequest): JsonObject {
	const type = TYPES[request.operation] ?? 'video';
	const { video: moreVideo, ...more } = request.additionalBodyFields;
	// Most fields are in `video`, so additional ones do not replace it.
	const video = isObject(moreVideo) ? { ...videoOf(request), ...moreVideo } : (moreVideo ?? videoOf(request));
	const hasVideo = !isObject(video) || Object.keys(video).length > 0;
	return {
		// Without these two, the service would generate an image.
		model: request.model,
		type,
		prompt: request.prompt,
		...(request.aspectRatio ? { aspect_ratio: request.aspectRatio } : {}),
		...(type === 'video' ? {} : { source: sourceOf(request) }),
		...extrasOnWire(USER_ID, request),
		...(hasVideo ? { video } : {}),
		...more,
	};
}
