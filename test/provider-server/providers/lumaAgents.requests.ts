/**
 * What Luma Agents accepts in the body of a create: fields from the official client lumalabs/luma-agents-typescript
 * (branch `next`), rules from the guides of docs.agents.lumalabs.ai. Their texts are not documented.
 */
import { isObject, type JsonObject } from '../http';
import type { Job } from '../jobs';
import type { Field, Fields, Shape } from '../shape';
import { brokenImageRule } from './lumaAgents.images';

export const VIDEO_ASPECT_RATIOS = ['9:16', '3:4', '1:1', '4:3', '16:9', '21:9'] as const;
const ASPECT_RATIOS = [...VIDEO_ASPECT_RATIOS, '3:1', '2:1', '3:2', '2:3', '1:2', '1:3'] as const;
const RESOLUTIONS = ['360p', '540p', '720p', '1080p'] as const;
const TYPES = ['image', 'image_edit', 'video', 'video_edit', 'video_reframe'] as const;
const MAX_PROMPT = 6000;
const MAX_KEYFRAMES = 64;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export type LumaAgentsType = (typeof TYPES)[number];

export function isImageType(type: LumaAgentsType): type is 'image' | 'image_edit' {
	return type === 'image' || type === 'image_edit';
}

const text = { type: 'string', nullable: true } as const;
const flag = { type: 'boolean', nullable: true } as const;
const share = { type: 'number', min: 0, max: 1, nullable: true } as const;
const enabled = flag;
const reference: Shape = {
	type: 'object',
	fields: { url: { ...text, url: true }, data: text, media_type: text, generation_id: text, file_id: text },
};
const optionalReference: Field = { ...reference, nullable: true };
const references: Field = { type: 'array', items: reference, min: 1, max: MAX_KEYFRAMES, nullable: true };
const indexes: Field = { type: 'array', items: { type: 'integer', min: 0 }, nullable: true };
const signal = (fields: Fields): Field => ({ type: 'object', fields: { enabled, ...fields }, nullable: true });

const EDIT: Fields = {
	auto_controls: flag,
	controls: {
		type: 'object',
		nullable: true,
		fields: {
			depth: signal({ blur: share }),
			face: signal({}),
			normals: signal({ augmentation: share }),
			pose: signal({ strength: { type: 'string', values: ['precise', 'coarse'], nullable: true } }),
			trajectory: signal({ sparsity: share }),
		},
	},
	keyframe_indexes: indexes,
	keyframes: references,
	strength: {
		type: 'string',
		nullable: true,
		values: ['adhere', 'flex', 'reimagine'].flatMap((band) => [1, 2, 3].map((level) => `${band}_${level}`)),
	},
};

const VIDEO: Fields = {
	duration: { type: 'string', values: ['5s', '10s'], nullable: true },
	edit: { type: 'object', fields: EDIT, nullable: true },
	end_frame: optionalReference,
	exr_export: flag,
	hdr: flag,
	keyframe_indexes: indexes,
	keyframes: references,
	loop: flag,
	resolution: { type: 'string', values: RESOLUTIONS, nullable: true },
	source_position: {
		type: 'object',
		nullable: true,
		fields: {
			x_norm: { type: 'number', min: -2, max: 2, required: true },
			y_norm: { type: 'number', min: -2, max: 2, required: true },
			w_norm: { type: 'number', min: 0, max: 2, required: true },
			h_norm: { type: 'number', min: 0, max: 2, required: true },
		},
	},
	start_frame: optionalReference,
};

export const BODY_SHAPE: Shape = {
	type: 'object',
	fields: {
		prompt: { type: 'string', required: true },
		aspect_ratio: { type: 'string', values: ASPECT_RATIOS, nullable: true },
		image_ref: { type: 'array', items: reference },
		model: { type: 'string', values: ['uni-1', 'uni-1-max', 'ray-3.2'] },
		output_format: { type: 'string', values: ['png', 'jpeg'], nullable: true },
		source: optionalReference,
		style: { type: 'string', values: ['auto', 'manga'] },
		type: { type: 'string', values: TYPES },
		user_id: text,
		video: { type: 'object', fields: VIDEO, nullable: true },
		web_search: { type: 'boolean' },
	},
};

/** Left out, a request is for an image. */
export function typeOf(body: JsonObject): LumaAgentsType {
	return TYPES.find((type) => type === body.type) ?? 'image';
}

export function modelOf(body: JsonObject): string {
	return typeof body.model === 'string' ? body.model : 'uni-1';
}

/** The object at a path, or an empty one. */
export function partOf(body: JsonObject, ...path: string[]): JsonObject {
	let part: unknown = body;
	for (const name of path) part = isObject(part) ? part[name] : undefined;
	return isObject(part) ? part : {};
}

const isSet = (value: unknown): boolean => value !== undefined && value !== null && value !== false;

/** A parameter that has no meaning by itself is a 400, a combination or a bad file a 422, a big one a 413. */
export interface Refusal {
	status: 400 | 413 | 422 | 502;
	detail: string;
}
const refusal = (status: Refusal['status'], detail: string): Refusal => ({ status, detail });

/** What a request can name, and how large it may be. */
export interface Account {
	findGeneration(id: string): Job | undefined;
	/** MIME type and state of a file. */
	findFile(id: string): { mimeType: string; state: string } | undefined;
	maxImageBytes: number;
	maxVideoBytes: number;
}

/** The first documented rule that a well-formed request breaks. */
export function brokenRule(body: JsonObject, account: Account): Refusal | null {
	const type = typeOf(body);
	const length = typeof body.prompt === 'string' ? Array.from(body.prompt).length : 0;
	if (length < 1 || length > MAX_PROMPT) return refusal(400, `prompt must have 1 to ${MAX_PROMPT} characters`);
	if (isImageType(type) !== modelOf(body).startsWith('uni-'))
		return refusal(422, `model ${modelOf(body)} does not support type ${type}`);
	if (isImageType(type)) return brokenImageRule(type, body, account);
	const ratio = body.aspect_ratio;
	if (isSet(ratio) && !(VIDEO_ASPECT_RATIOS as readonly unknown[]).includes(ratio))
		return refusal(400, `aspect_ratio must be one of ${VIDEO_ASPECT_RATIOS.join(', ')}`);
	const rules = { video: brokenVideoRule, video_edit: brokenEditRule, video_reframe: brokenReframeRule }[type];
	const detail = rules(body) ?? brokenKeyframeRule(partOf(body, 'video'), durationOf(body) * 24);
	if (detail !== null) return refusal(422, detail);
	for (const [name, reference] of referencesOf(body)) {
		const broken = brokenReference(name, reference, account);
		if (broken) return broken;
	}
	return null;
}

export function durationOf(body: JsonObject): number {
	return partOf(body, 'video').duration === '10s' ? 10 : 5;
}

function referencesOf(body: JsonObject): Array<[string, JsonObject]> {
	const video = partOf(body, 'video');
	const edit = partOf(video, 'edit');
	const lists = { 'video.keyframes': video.keyframes, 'video.edit.keyframes': edit.keyframes };
	const single = { source: body.source, 'video.start_frame': video.start_frame, 'video.end_frame': video.end_frame };
	return [
		...Object.entries(single),
		...Object.entries(lists).flatMap(([name, list]) =>
			Array.isArray(list) ? list.map((entry: unknown, index): [string, unknown] => [`${name}[${index}]`, entry]) : [],
		),
	].filter((entry): entry is [string, JsonObject] => isObject(entry[1]));
}

/** The first of these fields that is set. */
function stranger(part: JsonObject, where: string, type: string, names: string[]): string | null {
	const found = names.find((name) => isSet(part[name]));
	return found === undefined ? null : `${where}${found} is not supported for type=${type}`;
}

function brokenRangeRule(video: JsonObject): string | null {
	if (isSet(video.exr_export) && !isSet(video.hdr)) return 'exr_export requires hdr=true';
	if (isSet(video.hdr) && (video.resolution === '360p' || video.resolution === '540p'))
		return 'hdr requires resolution 720p or 1080p';
	return null;
}

function brokenVideoRule(body: JsonObject): string | null {
	const video = partOf(body, 'video');
	const { start_frame: start, end_frame: end, keyframes, loop, hdr } = video;
	const strange =
		stranger(body, '', 'video', ['source', 'image_ref', 'output_format', 'style', 'web_search']) ??
		stranger(video, 'video.', 'video', ['edit', 'source_position']);
	if (strange !== null) return strange;
	const long = durationOf(body) === 10;
	if (long && isSet(hdr) && !isSet(keyframes)) return 'hdr is not supported with duration=10s';
	if (long && (isSet(start) || isSet(end))) return 'start_frame and end_frame are not supported with duration=10s';
	if (isSet(loop) && long) return 'loop is not supported with duration=10s';
	if (isSet(loop) && isSet(hdr)) return 'loop is not supported with hdr=true';
	if (isSet(loop) && isSet(end)) return 'loop is not supported with end_frame';
	if (isSet(loop) && isSet(keyframes)) return 'loop is not supported with keyframes';
	if (isSet(keyframes) && (isSet(start) || isSet(end)))
		return 'keyframes are mutually exclusive with start_frame and end_frame';
	const extends_ = [start, end].some((frame) => isObject(frame) && isSet(frame.generation_id));
	if (extends_ && isSet(start) && isSet(end))
		return 'Interpolating a prior generation with another keyframe is not supported';
	if (extends_ && isSet(hdr)) return 'hdr is not supported when extending a generation';
	return brokenRangeRule(video);
}

function brokenEditRule(body: JsonObject): string | null {
	const video = partOf(body, 'video');
	const edit = partOf(video, 'edit');
	const strange =
		stranger(body, '', 'video_edit', ['aspect_ratio', 'image_ref', 'output_format', 'style', 'web_search']) ??
		stranger(video, 'video.', 'video_edit', ['duration', 'end_frame', 'loop', 'keyframes', 'keyframe_indexes', 'source_position']);
	if (strange !== null) return strange;
	if (!isSet(body.source)) return 'source is required for type=video_edit';
	if (edit.auto_controls === true && (isSet(edit.controls) || isSet(edit.strength)))
		return 'auto_controls is mutually exclusive with strength and controls';
	if (isSet(edit.keyframes) && isSet(video.start_frame))
		return 'edit.keyframes are mutually exclusive with start_frame';
	return brokenRangeRule(video) ?? brokenKeyframeRule(edit, Infinity);
}

function brokenReframeRule(body: JsonObject): string | null {
	const video = partOf(body, 'video');
	const strange =
		stranger(body, '', 'video_reframe', ['image_ref', 'output_format', 'style', 'web_search']) ??
		stranger(video, 'video.', 'video_reframe', [
			'edit',
			'loop',
			'hdr',
			'exr_export',
			'start_frame',
			'end_frame',
			'keyframes',
			'keyframe_indexes',
			'duration',
		]);
	if (strange !== null) return strange;
	if (!isSet(body.source)) return 'source is required for type=video_reframe';
	if (!isSet(body.aspect_ratio)) return 'aspect_ratio is required for type=video_reframe';
	if (video.resolution === '1080p' && (body.aspect_ratio === '9:16' || body.aspect_ratio === '3:4'))
		return '1080p is coming soon for vertical video_reframe';
	const { w_norm: width, h_norm: height } = partOf(video, 'source_position');
	return width === 0 || height === 0 ? 'source_position must have a width and a height' : null;
}

function brokenKeyframeRule(part: JsonObject, last: number): string | null {
	const frames = Array.isArray(part.keyframes) ? part.keyframes.length : 0;
	const places = Array.isArray(part.keyframe_indexes) ? (part.keyframe_indexes as number[]) : [];
	if (frames !== places.length) return 'keyframe_indexes must match keyframes in length';
	if (new Set(places).size !== places.length) return 'keyframe_indexes must be unique';
	const beyond = places.find((place) => place > last);
	return beyond === undefined ? null : `keyframe_indexes must be from 0 to ${last}, not ${beyond}`;
}

/** "Exactly one of url, inline base64 data, or generation_id". */
function brokenReference(
	name: string,
	reference: JsonObject,
	{ findGeneration, findFile, maxImageBytes, maxVideoBytes }: Account,
): Refusal | null {
	const ways = ['url', 'data', 'generation_id', 'file_id'].filter((way) => isSet(reference[way]));
	if (ways.length !== 1) return refusal(422, `${name}: exactly one of url, data, generation_id, file_id is required`);
	const [way = ''] = ways;
	const value = String(reference[way]);
	const wanted = name === 'source' ? 'video/' : 'image/';
	const type = isSet(reference.media_type) ? String(reference.media_type) : null;
	if (way === 'file_id') return brokenFile(name, findFile(value), wanted);
	if (way === 'generation_id') return brokenGeneration(name, value, findGeneration);
	if (type === null && (way === 'data' || name === 'source'))
		return refusal(422, `${name}: media_type is required with ${way}`);
	if (type !== null && !type.startsWith(wanted)) return refusal(422, `${name}: media_type must be ${wanted}*`);
	if (way === 'url') return unreachable(name, value);
	if (!/^(?:[a-z0-9+/]{4})*(?:[a-z0-9+/]{2}==|[a-z0-9+/]{3}=)?$/i.test(value))
		return refusal(422, `${name}: data is not valid base64`);
	const [kind, most] = name === 'source' ? ['video', maxVideoBytes] : ['image', maxImageBytes];
	return Buffer.byteLength(value, 'base64') > most
		? refusal(413, `${name}: ${kind} exceeds ${Math.round(most / 1024 / 1024)} MB limit`)
		: null;
}

/** Hosts that the service's own fetching does not reach, in both documented ways. */
export function unreachable(name: string, url: string): Refusal | null {
	switch (new URL(url).hostname) {
		case 'unreachable.example':
			return refusal(422, `${name}: failed to fetch URL`);
		case 'unreachable-502.example':
			return refusal(502, `${name}: fetch proxy unavailable`);
		default:
			return null;
	}
}

export function brokenFile(name: string, file: { mimeType: string; state: string } | undefined, wanted: string): Refusal | null {
	if (!file) return refusal(422, `${name}: file not found`);
	if (file.state !== 'ready') return refusal(422, `${name}: file is ${file.state}, not ready`);
	return file.mimeType.startsWith(wanted) ? null : refusal(422, `${name}: file must be ${wanted}*`);
}

function brokenGeneration(
	name: string,
	id: string,
	findGeneration: (id: string) => Job | undefined,
): Refusal | null {
	if (!UUID.test(id)) return refusal(400, `${name}: generation_id must be a UUID`);
	const source = findGeneration(id);
	if (!source) return refusal(422, `${name}: generation ${id} not found`);
	if (source.status !== 'completed') return refusal(422, `${name}: generation ${id} is not completed`);
	return source.operation.startsWith('image') && name !== 'video.keyframes'
		? refusal(422, `${name}: generation ${id} has no video output`)
		: null;
}

/** The completed generation whose shape the new video takes over. */
export function sourceIdOf(body: JsonObject): string | null {
	for (const [name, { generation_id: id }] of referencesOf(body))
		if (!name.includes('keyframes') && typeof id === 'string') return id;
	return null;
}

/** Word of the ledger for a create. */
export function operationOf(body: JsonObject): string {
	switch (typeOf(body)) {
		case 'video':
			return sourceIdOf(body) === null ? 'generate' : 'extend';
		case 'video_edit':
			return 'modify';
		case 'video_reframe':
			return 'reframe';
		case 'image_edit':
			return 'imageEdit';
		case 'image':
			return 'image';
	}
}
