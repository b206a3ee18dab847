/**
 * What Luma Dream Machine accepts in the bodies of its creates: fields from the OpenAPI document and the `lumaai` SDK,
 * rules and their texts from docs.lumalabs.ai, Errors.
 */
import { isObject, type JsonObject } from '../http';
import type { Job } from '../jobs';
import type { Fields, Shape } from '../shape';

export const ASPECT_RATIOS = ['1:1', '16:9', '9:16', '4:3', '3:4', '21:9', '9:21'] as const;
const RESOLUTIONS = ['540p', '720p', '1080p', '4k'] as const;
const MODELS = ['ray-2', 'ray-flash-2'] as const;
const MODES = [
	'adhere_1',
	'adhere_2',
	'adhere_3',
	'flex_1',
	'flex_2',
	'flex_3',
	'reimagine_1',
	'reimagine_2',
	'reimagine_3',
] as const;

/** `GET /generations/concepts/list`; the keys as resellers list them, the official list being only the live answer. */
export const CONCEPTS = [
	'truck_left',
	'truck_right',
	'pan_left',
	'pan_right',
	'pedestal_up',
	'pedestal_down',
	'tilt_up',
	'tilt_down',
	'roll_left',
	'roll_right',
	'orbit_left',
	'orbit_right',
	'crane_up',
	'crane_down',
	'zoom_in',
	'zoom_out',
	'push_in',
	'pull_out',
	'dolly_zoom',
	'bolt_cam',
	'handheld',
	'static',
	'selfie',
	'pov',
	'over_the_shoulder',
	'low_angle',
	'high_angle',
	'eye_level',
	'ground_level',
	'overhead',
	'aerial',
	'aerial_drone',
	'tiny_planet',
	'elevator_doors',
] as const;

/** `GET /generations/camera_motion/list`; the documentation quotes only "camera orbit left", the others follow its form. */
export const CAMERA_MOTIONS = [
	'camera static',
	'camera move left',
	'camera move right',
	'camera move up',
	'camera move down',
	'camera push in',
	'camera pull out',
	'camera zoom in',
	'camera zoom out',
	'camera pan left',
	'camera pan right',
	'camera orbit left',
	'camera orbit right',
	'camera crane up',
	'camera crane down',
] as const;

const url = { type: 'string', url: true, required: true } as const;
const optionalUrl = { type: 'string', url: true, nullable: true } as const;
const media: Shape = { type: 'object', fields: { url } };
const prompt = { type: 'string', nullable: true } as const;

const VIDEO: Fields = {
	model: { type: 'string', values: [...MODELS, 'ray-1-6'], required: true },
	prompt,
	aspect_ratio: { type: 'string', values: ASPECT_RATIOS, nullable: true },
	resolution: { type: 'string', values: RESOLUTIONS, nullable: true },
	duration: { type: 'string', values: ['5s', '9s'], nullable: true },
	loop: { type: 'boolean', nullable: true },
	// The frames' own fields depend on their type; `frameShape` has them.
	keyframes: {
		type: 'object',
		nullable: true,
		fields: {
			frame0: { type: 'object', fields: {}, open: true, nullable: true },
			frame1: { type: 'object', fields: {}, open: true, nullable: true },
		},
	},
	concepts: {
		type: 'array',
		items: { type: 'object', fields: { key: { type: 'string', required: true } } },
		nullable: true,
	},
	callback_url: optionalUrl,
	generation_type: { type: 'string', values: ['video'], nullable: true },
};

const MODIFY: Fields = {
	generation_type: { type: 'string', values: ['modify_video'], required: true },
	model: { type: 'string', values: MODELS, required: true },
	mode: { type: 'string', values: MODES, required: true },
	media: { ...media, required: true },
	first_frame: { ...media, nullable: true },
	prompt,
	callback_url: optionalUrl,
};

const REFRAME: Fields = {
	generation_type: { type: 'string', values: ['reframe_video'], required: true },
	model: { type: 'string', values: MODELS, required: true },
	media: { ...media, required: true },
	aspect_ratio: { type: 'string', values: ASPECT_RATIOS, required: true },
	first_frame: { ...media, nullable: true },
	prompt,
	callback_url: optionalUrl,
};
for (const name of [
	'grid_position_x',
	'grid_position_y',
	'x_start',
	'x_end',
	'y_start',
	'y_end',
	'resized_width',
	'resized_height',
]) {
	REFRAME[name] = { type: 'integer', nullable: true };
}

const UPSCALE: Fields = {
	generation_type: { type: 'string', values: ['upscale_video'], nullable: true },
	resolution: { type: 'string', values: RESOLUTIONS, nullable: true },
	callback_url: optionalUrl,
};

const AUDIO: Fields = {
	generation_type: { type: 'string', values: ['add_audio'], nullable: true },
	prompt,
	negative_prompt: { type: 'string', nullable: true },
	callback_url: optionalUrl,
};

export type LumaOperation = 'generate' | 'modify' | 'reframe' | 'upscale' | 'audio';

export const BODY_SHAPES: Record<LumaOperation, Shape> = {
	generate: { type: 'object', fields: VIDEO },
	modify: { type: 'object', fields: MODIFY },
	reframe: { type: 'object', fields: REFRAME },
	upscale: { type: 'object', fields: UPSCALE },
	audio: { type: 'object', fields: AUDIO },
};

/** A keyframe's fields: an image by URL, or a generation by id. */
export function frameShape(frame: JsonObject): Shape {
	const type = { type: 'string', values: ['image', 'generation'], required: true } as const;
	if (frame.type === 'generation') return { type: 'object', fields: { type, id: { type: 'string', required: true } } };
	return { type: 'object', fields: { type, url } };
}

/** The keyframes that are set. */
export function framesOf(body: JsonObject): { frame0: JsonObject | null; frame1: JsonObject | null } {
	const keyframes = isObject(body.keyframes) ? body.keyframes : {};
	return {
		frame0: isObject(keyframes.frame0) ? keyframes.frame0 : null,
		frame1: isObject(keyframes.frame1) ? keyframes.frame1 : null,
	};
}

/** The first documented rule that a well-formed video request breaks, as the text of the refusal. */
export function brokenRule(body: JsonObject, findGeneration: (id: string) => Job | undefined): string | null {
	const { frame0, frame1 } = framesOf(body);
	if (isObject(body.keyframes) && !frame0 && !frame1) return 'No keyframes provided';
	const hasImage = frame0?.type === 'image' || frame1?.type === 'image';
	const length = typeof body.prompt === 'string' ? body.prompt.length : 0;
	if (length === 0 && !hasImage) return 'Prompt is required';
	if (length > 0 && length < 3) return 'Prompt is too short, minimum length is 3 characters';
	if (length > 5000) return 'Prompt is too long, maximum length is 5000 characters';
	if (body.loop === true && frame1) return loopRefusal(frame0?.type, frame1.type);
	// Luma's own ComfyUI client leaves both out for this model; the text is not documented.
	if (body.model === 'ray-1-6' && (body.resolution ?? body.duration ?? null) !== null)
		return 'Resolution and duration are not supported for ray-1-6';
	for (const concept of Array.isArray(body.concepts) ? (body.concepts as JsonObject[]) : []) {
		if (!(CONCEPTS as readonly unknown[]).includes(concept.key)) return `Unknown concept: ${String(concept.key)}`;
	}
	for (const frame of [frame0, frame1]) {
		if (frame?.type !== 'generation') continue;
		const source = findGeneration(String(frame.id));
		if (!source) return `Generation ${String(frame.id)} not found`;
		if (source.status !== 'completed') return `Generation ${source.id} is not completed`;
	}
	return null;
}

function loopRefusal(frame0: unknown, frame1: unknown): string {
	if (frame1 === 'image') {
		if (frame0 === undefined) return 'Loop is not supported for end frame';
		return frame0 === 'image'
			? 'Loop is not supported for keyframes'
			: 'Loop is not supported for interpolate video to image';
	}
	if (frame0 === undefined) return 'Loop is not supported for extend reverse';
	return frame0 === 'image'
		? 'Loop is not supported for interpolate image to video'
		: 'Loop is not supported for interpolate between two videos';
}

/** Word of the ledger for a create: what its keyframes make of it. */
export function operationOf(body: JsonObject): string {
	const { frame0, frame1 } = framesOf(body);
	const generations = [frame0, frame1].filter((frame) => frame?.type === 'generation').length;
	if (generations === 2) return 'interpolate';
	return generations === 1 ? 'extend' : 'generate';
}
