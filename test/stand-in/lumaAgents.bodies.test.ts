/** Every body that the node can make for Luma Agents, beside the official client's types and the stand-in's rules. */
import { describe, expect, it } from '@jest/globals';
import { lumaAgents } from '../../nodes/LumaVideo/providers/lumaAgents';
import type { JsonValue, VideoRequest } from '../../nodes/LumaVideo/providers/provider';
import type { Job } from '../provider-server';
import { BODY_SHAPE, brokenRule } from '../provider-server/providers/lumaAgents.requests';
import { findProblems } from '../provider-server/shape';
import { SOURCE_VIDEO, START, findingsOf, request } from '../unit/providers/support';
import type { RequestFields } from '../unit/providers/support';

const SOURCE = 'd290f1ee-6c54-4b01-90e6-d701748f0851';
const PNG = 'data:image/png;base64,iVBORw0KGgo=';
const MODEL = 'ray-3.2';
const keyframe = (index: number, image = START) => ({ image, index });
const keyframes = (...indexes: number[]) => indexes.map((index) => keyframe(index));
const position = (x: number, y: number, width: number, height: number) => ({ x, y, width, height });

// ---------------------------------------------------------------------------------------------------------------
// What the official client says (lumalabs/luma-agents-typescript, branch `next`): names, kinds and values of fields.

type Fact = 'text' | 'flag' | 'number' | readonly string[] | readonly [Fact] | { [name: string]: Fact };
const list = (fact: Fact): Fact => [fact] as unknown as Fact;

const IMAGE_REF: Fact = { data: 'text', file_id: 'text', generation_id: 'text', media_type: 'text', url: 'text' };
const FACTS: { [name: string]: Fact } = {
	prompt: 'text',
	aspect_ratio: ['3:1', '2:1', '21:9', '16:9', '4:3', '3:2', '1:1', '3:4', '2:3', '9:16', '1:2', '1:3'],
	image_ref: list(IMAGE_REF),
	model: ['uni-1', 'uni-1-max', 'ray-3.2'],
	output_format: ['png', 'jpeg'],
	source: IMAGE_REF,
	style: ['auto', 'manga'],
	type: ['image', 'image_edit', 'video', 'video_edit', 'video_reframe'],
	user_id: 'text',
	video: {
		duration: ['5s', '10s'],
		edit: {
			auto_controls: 'flag',
			controls: {
				depth: { blur: 'number', enabled: 'flag' },
				face: { enabled: 'flag' },
				normals: { augmentation: 'number', enabled: 'flag' },
				pose: { enabled: 'flag', strength: ['precise', 'coarse'] },
				trajectory: { enabled: 'flag', sparsity: 'number' },
			},
			keyframe_indexes: list('number'),
			keyframes: list(IMAGE_REF),
			strength: [
				'adhere_1',
				'adhere_2',
				'adhere_3',
				'flex_1',
				'flex_2',
				'flex_3',
				'reimagine_1',
				'reimagine_2',
				'reimagine_3',
			],
		},
		end_frame: IMAGE_REF,
		exr_export: 'flag',
		hdr: 'flag',
		keyframe_indexes: list('number'),
		keyframes: list(IMAGE_REF),
		loop: 'flag',
		resolution: ['360p', '540p', '720p', '1080p'],
		source_position: { h_norm: 'number', w_norm: 'number', x_norm: 'number', y_norm: 'number' },
		start_frame: IMAGE_REF,
	},
	web_search: 'flag',
};

/** Everything in a value that the facts do not allow. */
function disagreements(value: JsonValue | undefined, fact: Fact | undefined, path = 'body'): string[] {
	if (fact === undefined) return [`${path} is unknown`];
	if (typeof fact === 'string') {
		const kind = { text: 'string', flag: 'boolean', number: 'number' }[fact];
		return typeof value === kind ? [] : [`${path} is no ${fact}`];
	}
	if (Array.isArray(fact)) {
		const [first] = fact as readonly Fact[];
		const isList = fact.length === 1;
		if (!isList) return (fact as readonly JsonValue[]).includes(value ?? null) ? [] : [`${path} cannot be ${String(value)}`];
		if (!Array.isArray(value)) return [`${path} is no list`];
		return value.flatMap((entry, index) => disagreements(entry, first, `${path}[${index}]`));
	}
	if (typeof value !== 'object' || value === null || Array.isArray(value)) return [`${path} is no object`];
	const fields = fact as { [name: string]: Fact };
	return Object.entries(value).flatMap(([name, inner]) => disagreements(inner, fields[name], `${path}.${name}`));
}

/** Every choice of one value per field. */
function* choices<T extends object>(fields: { [K in keyof T]: ReadonlyArray<T[K]> }): Generator<T> {
	const [name] = Object.keys(fields) as Array<keyof T>;
	if (name === undefined) {
		yield {} as T;
		return;
	}
	const { [name]: values, ...others } = fields;
	for (const value of values)
		for (const other of choices(others as { [K in keyof T]: ReadonlyArray<T[K]> })) yield { ...other, [name]: value } as T;
}

type Choices = { [K in keyof RequestFields]?: ReadonlyArray<RequestFields[K]> };

function requestsOf(operation: VideoRequest['operation'], fields: Choices): VideoRequest[] {
	return [...choices<RequestFields>(fields as { [K in keyof RequestFields]: ReadonlyArray<RequestFields[K]> })].map(
		(set) => request(MODEL, { operation, ...set }),
	);
}

const { operations, models } = lumaAgents.capabilities;
const model = (operation: 'extend' | 'modify' | 'reframe') => {
	const found = operations[operation]?.models[0];
	if (!found) throw new Error(`no ${operation}`);
	return found;
};
const KEYFRAMES = [[], keyframes(0), keyframes(0, 60, 120), keyframes(121), keyframes(5, 5), keyframes(-1), keyframes(1.5)];
const SOURCES: Choices[] = [{ sourceGenerationId: [SOURCE] }, { sourceVideo: [SOURCE_VIDEO] }];

/** Nearly every request that the fields of the node can make. */
const REQUESTS: VideoRequest[] = [
	...requestsOf('generate', {
		startImage: [null, START],
		endImage: [null, PNG],
		keyframes: KEYFRAMES,
		aspectRatio: [null, '16:9'],
		resolution: [null, ...(models[0]?.resolutions ?? [])],
		duration: [null, ...(models[0]?.durations ?? [])],
		loop: [false, true],
		hdr: [false, true],
		exrExport: [false, true],
	}),
	...requestsOf('extend', {
		sourceGenerationId: [SOURCE],
		direction: model('extend').directions ?? [],
		resolution: [null, ...model('extend').resolutions],
		loop: [false, true],
		userId: [null, 'u'],
	}),
	...SOURCES.flatMap((source) =>
		requestsOf('modify', {
			...source,
			startImage: [null, PNG],
			keyframes: KEYFRAMES,
			mode: [null, ...(model('modify').modes ?? [])],
			autoControls: [null, true, false],
			editControls: [null, { depth: { blur: 0.5, enabled: true }, face: { enabled: false } }],
			resolution: [null, '540p', '1080p'],
			hdr: [false, true],
			exrExport: [false, true],
		}),
	),
	...SOURCES.flatMap((source) =>
		requestsOf('reframe', {
			...source,
			aspectRatio: model('reframe').aspectRatios,
			resolution: [null, ...model('reframe').resolutions],
			sourcePosition: [
				null,
				position(0, 0.25, 1, 0.56),
				position(-2, 2, 2, 2),
				position(-2.1, 0, 1, 1),
				position(0, 0, 0, 1),
				position(0, 0, 1, 2.1),
			],
		}),
	),
];

const exclusions = (set: VideoRequest) => findingsOf(lumaAgents.exclusions, set);

describe('every body', () => {
	it('agrees with the official client', () => {
		expect(REQUESTS.length).toBeGreaterThan(10_000);
		const found = new Set(REQUESTS.flatMap((set) => disagreements(lumaAgents.create(set).body, FACTS)));
		expect([...found]).toEqual([]);
	});

	it('would be caught if it did not', () => {
		expect(
			disagreements(
				{ type: 'movie', seed: 7, prompt: null, video: { keyframes: {}, hdr: 'yes', edit: { mode: 'flex_1' }, start_frame: 'x' } },
				FACTS,
			),
		).toEqual([
			'body.type cannot be movie',
			'body.seed is unknown',
			'body.prompt is no text',
			'body.video.keyframes is no list',
			'body.video.hdr is no flag',
			'body.video.edit.mode is unknown',
			'body.video.start_frame is no object',
		]);
	});

	it('says of model and type that it is a video', () => {
		const types = { generate: 'video', extend: 'video', modify: 'video_edit', reframe: 'video_reframe' };
		const said = REQUESTS.map((set) => {
			const { body } = lumaAgents.create(set);
			return `${set.operation}: ${String(body?.model)}, ${String(body?.type)}`;
		});
		expect([...new Set(said)]).toEqual(Object.entries(types).map(([name, type]) => `${name}: ${MODEL}, ${type}`));
	});

	it('is one the service takes exactly when nothing stands in the way', () => {
		const account = {
			findGeneration: () => ({ id: SOURCE, status: 'completed', operation: 'generate' }) as Job,
			findFile: () => undefined,
			maxImageBytes: 1000,
			maxVideoBytes: 1000,
		};
		const different: unknown[] = [];
		for (const set of REQUESTS) {
			// Both are known without `exclusions`: the table of capabilities has the first, the second is left to the service.
			if (set.loop && set.endImage) continue;
			if (set.operation === 'reframe' && set.resolution === '1080p') continue;
			const { body = {} } = lumaAgents.create(set);
			const [problem] = findProblems(body, BODY_SHAPE);
			const refusal = problem?.message ?? brokenRule(body, account)?.detail ?? null;
			const findings = exclusions(set);
			if ((refusal === null) !== (findings.length === 0)) different.push({ set, refusal, findings });
		}
		expect(different.slice(0, 3)).toEqual([]);
	});
});
