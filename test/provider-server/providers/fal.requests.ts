/**
 * What fal.ai accepts as the input of Luma's endpoints: fields from the official client fal-ai/fal-js and the pages of the
 * models. The texts of refusals are not documented.
 */
import { isObject, type JsonObject } from '../http';
import { GRID_FIELDS, findProblems, isHttpUrl, type Field, type Fields, type Shape } from '../shape';

const RATIOS = ['3:4', '4:3', '1:1', '9:16', '16:9', '21:9'] as const;
const MAX_KEYFRAMES = 64;

const flag = { type: 'boolean' } as const;
const share = { type: 'number', min: 0, max: 1 } as const;
/** A web address or a data URI, which is checked apart. */
const file = { type: 'string', filled: true } as const;
const prompt = { type: 'string', filled: true, required: true } as const;
const resolution = { type: 'string', values: ['540p', '720p', '1080p'] } as const;
const ratio = { type: 'string', values: RATIOS } as const;
const duration = { type: 'string', values: ['5s', '10s'] } as const;
const signal = (fields: Fields): Field => ({ type: 'object', fields: { enabled: flag, ...fields } });

const STRENGTHS = ['adhere', 'flex', 'reimagine'].flatMap((band) => [1, 2, 3].map((level) => `${band}_${level}`));
const RANGE: Fields = { hdr: flag, exr_export: flag };
const KEYFRAMES: Fields = {
	keyframes: { type: 'array', items: file, min: 1, max: MAX_KEYFRAMES },
	keyframe_indexes: { type: 'array', items: { type: 'integer', min: 0 }, min: 1, max: MAX_KEYFRAMES },
};
const NEW: Fields = { prompt, aspect_ratio: ratio, duration, resolution, loop: flag, ...RANGE };

interface Model {
	/** Word of the ledger. */
	operation: string;
	shape: Shape;
}
type Models = Readonly<Record<string, Model>>;

const RAY_3_2: Models = {
	'text-to-video': { operation: 'generate', shape: { type: 'object', fields: NEW } },
	'image-to-video': {
		operation: 'generate',
		shape: { type: 'object', fields: { ...NEW, image_url: file, end_image_url: file, ...KEYFRAMES } },
	},
	'video-to-video': {
		operation: 'modify',
		shape: {
			type: 'object',
			fields: {
				prompt,
				video_url: { ...file, required: true },
				start_image_url: file,
				duration,
				resolution,
				...KEYFRAMES,
				...RANGE,
				edit_strength: {
					type: 'string',
					values: STRENGTHS,
				},
				auto_controls: flag,
				controls: {
					type: 'object',
					fields: {
						depth: signal({ blur: share }),
						face: signal({}),
						normals: signal({ augmentation: share }),
						pose: signal({ strength: { type: 'string', values: ['precise', 'coarse'] } }),
						trajectory: signal({ sparsity: share }),
					},
				},
			},
		},
	},
	reframe: {
		operation: 'reframe',
		shape: {
			type: 'object',
			fields: {
				prompt,
				video_url: { ...file, required: true },
				aspect_ratio: { ...ratio, required: true },
				resolution,
				source_position: {
					type: 'object',
					fields: {
						x_norm: { type: 'number', required: true },
						y_norm: { type: 'number', required: true },
						w_norm: { type: 'number', required: true },
						h_norm: { type: 'number', required: true },
					},
				},
			},
		},
	},
};

const OLD_RATIOS = ['16:9', '9:16', '4:3', '3:4', '21:9', '9:21'] as const;
const OLD_NEW: Fields = { prompt, aspect_ratio: { type: 'string', values: OLD_RATIOS }, duration: { type: 'string', values: ['5s', '9s'] }, resolution, loop: flag };

/** Ray 2 and Ray 2 Flash, below their own names. */
const RAY_2: Models = {
	'': { operation: 'generate', shape: { type: 'object', fields: OLD_NEW } },
	'/image-to-video': { operation: 'generate', shape: { type: 'object', fields: { ...OLD_NEW, image_url: file, end_image_url: file } } },
	'/modify': {
		operation: 'modify',
		shape: {
			type: 'object',
			fields: { prompt: { type: 'string' }, video_url: { ...file, required: true }, image_url: file, mode: { type: 'string', values: STRENGTHS } },
		},
	},
	'/reframe': {
		operation: 'reframe',
		shape: {
			type: 'object',
			fields: {
				prompt: { type: 'string' },
				video_url: { ...file, required: true },
				aspect_ratio: { type: 'string', values: [...OLD_RATIOS, '1:1'], required: true },
				image_url: file,
				...GRID_FIELDS,
			},
		},
	},
};

const IMAGE: Fields = {
	prompt,
	style: { type: 'string', values: ['auto', 'manga'] },
	output_format: { type: 'string', values: ['png', 'jpeg'] },
	reference_image_urls: { type: 'array', items: file, max: 8 },
};
const NEW_IMAGE: Model = {
	operation: 'image',
	shape: {
		type: 'object',
		fields: { ...IMAGE, aspect_ratio: { type: 'string', values: ['3:1', '2:1', '16:9', '3:2', '1:1', '2:3', '9:16', '1:2', '1:3'] }, enable_web_search: flag },
	},
};
const EDIT: Model = { operation: 'image_edit', shape: { type: 'object', fields: { ...IMAGE, image_url: { ...file, required: true } } } };
const UNI_1: Models = { 'text-to-image': NEW_IMAGE, edit: EDIT, max: NEW_IMAGE, 'max/edit': EDIT };

function below(name: string, models: Models): Models {
	return Object.fromEntries(Object.entries(models).map(([end, model]) => [`${name}${end}`, model]));
}

const RAY = 'luma/agent/ray/v3.2/';

/** By the whole name of the endpoint. */
export const MODELS: Models = {
	...below(RAY, RAY_3_2),
	...below('luma/agent/uni-1/v1/', UNI_1),
	...below('fal-ai/luma-dream-machine/ray-2', RAY_2),
	...below('fal-ai/luma-dream-machine/ray-2-flash', RAY_2),
};

/** The first two parts of a name, under which its requests are read. */
export function appOf(model: string): string {
	return model.split('/').slice(0, 2).join('/');
}

/** One finding of the model's validator, `detail[]` of a 422. */
export interface Finding {
	loc: string[];
	msg: string;
	type: string;
	url: string;
	input: unknown;
}

export function findingOf(type: string, msg: string, path: string[] = [], input: unknown = null): Finding {
	return { loc: ['body', ...path], msg, type, url: `https://docs.fal.ai/errors#${type}`, input };
}

/** What an input breaks: its fields first, then what they say together. */
export function findingsIn(model: string, input: unknown): Finding[] {
	const known = MODELS[model];
	if (!known) return [];
	const problems = findProblems(input, known.shape).map(({ kind, path, message, input: given }) =>
		findingOf(kind === 'missing' ? 'missing' : kind === 'value' ? 'one_of' : 'feature_not_supported', message, path, given),
	);
	if (problems.length > 0 || !isObject(input)) return problems;
	const rule = model.startsWith(RAY) ? brokenRule(model.slice(RAY.length), input) : isSet(input.loop) && isSet(input.end_image_url) ? 'loop is not supported with end_image_url' : null;
	return rule === null ? brokenFiles(input) : [findingOf('feature_not_supported', rule, [], input)];
}

const isSet = (value: unknown): boolean => value !== undefined && value !== false;

function brokenRule(model: string, input: JsonObject): string | null {
	const { image_url: start, end_image_url: end, loop, hdr, keyframes } = input;
	const isLong = input.duration === '10s';
	if (isSet(input.exr_export) && !isSet(hdr)) return 'exr_export requires hdr';
	if (isSet(hdr) && (input.resolution ?? '540p') === '540p') return 'hdr requires a resolution of 720p or 1080p';
	if (isSet(loop) && isSet(hdr)) return 'loop is not supported with hdr';
	if (isSet(loop) && isLong) return 'loop is not supported with a duration of 10s';
	if (model === 'text-to-video' && isSet(hdr) && isLong) return 'hdr is not supported with a duration of 10s';
	if (model === 'image-to-video') {
		if (isSet(keyframes) ? isSet(start) || isSet(end) : !isSet(start)) return 'either image_url or keyframes is required';
		if (isSet(loop) && (isSet(end) || isSet(keyframes))) return 'loop is not supported with end_image_url or keyframes';
		if (isLong && !isSet(keyframes)) return 'a duration of 10s requires keyframes';
	}
	if (model === 'video-to-video') {
		if (isSet(keyframes) && isSet(input.start_image_url)) return 'start_image_url and keyframes are mutually exclusive';
		if (isSet(input.auto_controls) && (isSet(input.edit_strength) || isSet(input.controls)))
			return 'auto_controls is mutually exclusive with edit_strength and controls';
	}
	return brokenKeyframes(input, model === 'image-to-video' ? (isLong ? 240 : 120) : Infinity);
}

function brokenKeyframes({ keyframes = [], keyframe_indexes: indexes = [] }: JsonObject, last: number): string | null {
	if (!Array.isArray(keyframes) || !Array.isArray(indexes)) return null;
	if (keyframes.length !== indexes.length) return 'keyframe_indexes must match keyframes in length';
	if (new Set(indexes).size < indexes.length) return 'keyframe_indexes must be unique';
	return indexes.some((index) => Number(index) > last) ? `keyframe_indexes must be from 0 to ${last}` : null;
}

function brokenFiles(input: JsonObject): Finding[] {
	const single = ['image_url', 'end_image_url', 'start_image_url', 'video_url'].map((name): [string, unknown] => [name, input[name]]);
	const several = ['keyframes', 'reference_image_urls'].flatMap((name) => {
		const list = input[name];
		return Array.isArray(list) ? list.map((each: unknown): [string, unknown] => [name, each]) : [];
	});
	return [...single, ...several].flatMap(([name, value]) => {
		if (typeof value !== 'string') return [];
		const wanted = name === 'video_url' ? 'video' : 'image';
		const isData = new RegExp(`^data:${wanted}/[a-z0-9.+-]+;base64,(?:[a-z0-9+/]{4})*(?:[a-z0-9+/]{2}==|[a-z0-9+/]{3}=)?$`, 'i').test(value);
		if (!isData && !isHttpUrl(value)) return [findingOf('image_load_error', `${name} is no address and no data URI`, [name], value.slice(0, 100))];
		// Hosts that the service's own fetching does not reach.
		return !isData && new URL(value).hostname === 'unreachable.example' ? [findingOf('file_download_error', 'Failed to download the file', [name], value)] : [];
	});
}
