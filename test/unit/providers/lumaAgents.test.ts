import { describe, expect, it } from '@jest/globals';
import { lumaAgents } from '../../../nodes/LumaVideo/providers/lumaAgents';
import type {
	Generation,
	GenerationStatus,
	JsonObject,
	ProblemKind,
	VideoRequest,
} from '../../../nodes/LumaVideo/providers/provider';
import { BAD_TEXTS, END, HOOK, SOURCE_VIDEO, START, VIDEO, answer, findingsOf, generation, request, video } from './support';
import type { RequestFields } from './support';

const ID = '182bd5e5-6e1a-4fe4-a799-aa6d9a6ab26e';
const SOURCE = 'd290f1ee-6c54-4b01-90e6-d701748f0851';
const PROMPT = 'A red kite over the sea';
const PNG = 'data:image/png;base64,iVBORw0KGgo=';
const MODEL = 'ray-3.2';

const ray = (set: RequestFields = {}): VideoRequest => request(MODEL, set);
const extend = (set: RequestFields = {}): VideoRequest =>
	ray({ operation: 'extend', sourceGenerationId: SOURCE, ...set });
const modify = (set: RequestFields = {}): VideoRequest =>
	ray({ operation: 'modify', sourceGenerationId: SOURCE, ...set });
const reframe = (set: RequestFields = {}): VideoRequest =>
	ray({ operation: 'reframe', sourceGenerationId: SOURCE, aspectRatio: '9:16', ...set });

const FILE = '7b1e9a64-5f0c-4b0e-9a57-3f1c2d4e5f60';
const STORED = { kind: 'fileId' as const, fileId: FILE };
const file = (name: string, mimeType: string, size: number) => ({ kind: 'file' as const, id: 'filesystem-v2:1', name, mimeType, size });
const keyframe = (index: number, image = START) => ({ image, index });
const keyframes = (...indexes: number[]) => indexes.map((index) => keyframe(index));
const position = (x: number, y: number, width: number, height: number) => ({ x, y, width, height });

describe('create', () => {
	it.each<[string, VideoRequest, JsonObject]>([
		['text to video', ray(), {}],
		['an aspect ratio', ray({ aspectRatio: '21:9' }), { aspect_ratio: '21:9' }],
		['a draft', ray({ resolution: '360p' }), { video: { resolution: '360p' } }],
		['a duration', ray({ duration: '10s' }), { video: { duration: '10s' } }],
		['a loop', ray({ loop: true }), { video: { loop: true } }],
		['HDR', ray({ hdr: true }), { video: { hdr: true } }],
		['HDR and EXR', ray({ hdr: true, exrExport: true }), { video: { hdr: true, exr_export: true } }],
		['a start image', ray({ startImage: START }), { video: { start_frame: { url: START } } }],
		['an end image', ray({ endImage: END }), { video: { end_frame: { url: END } } }],
		[
			'both images, one inside the request',
			ray({ startImage: START, endImage: PNG }),
			{ video: { start_frame: { url: START }, end_frame: { data: 'iVBORw0KGgo=', media_type: 'image/png' } } },
		],
		[
			'images that still lie in n8n, a small and a large one',
			ray({ startImage: file('a.png', 'image/png', 5_000_000), endImage: file('b.png', 'image/png', 5_000_001) }),
			{
				video: {
					start_frame: { data: '<contents of a.png>', media_type: 'image/png' },
					end_frame: { file_id: '<file ID of b.png>' },
				},
			},
		],
		['an image in the store', ray({ startImage: STORED }), { video: { start_frame: { file_id: FILE } } }],
		[
			'a start image of a long video, as a keyframe',
			ray({ startImage: START, duration: '10s' }),
			{ video: { duration: '10s', keyframes: [{ url: START }], keyframe_indexes: [0] } },
		],
		[
			'a start image of a long video in HDR',
			ray({ startImage: STORED, duration: '10s', hdr: true }),
			{ video: { duration: '10s', hdr: true, keyframes: [{ file_id: FILE }], keyframe_indexes: [0] } },
		],
		[
			'keyframes, in the given order',
			ray({ keyframes: [keyframe(120), keyframe(0, PNG)] }),
			{
				video: {
					keyframes: [{ url: START }, { data: 'iVBORw0KGgo=', media_type: 'image/png' }],
					keyframe_indexes: [120, 0],
				},
			},
		],
		['an end user', ray({ userId: 'user-7' }), { user_id: 'user-7' }],
		[
			'all common fields',
			ray({ aspectRatio: '1:1', resolution: '1080p', duration: '5s', loop: true, startImage: START }),
			{
				aspect_ratio: '1:1',
				video: { resolution: '1080p', duration: '5s', loop: true, start_frame: { url: START } },
			},
		],
		['additional fields, last', ray({ additionalBodyFields: { seed: 7, type: 'image' } }), { seed: 7, type: 'image' }],
		[
			'additional fields of the video, beside the others',
			ray({ resolution: '720p', loop: true, additionalBodyFields: { video: { fps: 30, loop: false } } }),
			{ video: { resolution: '720p', loop: false, fps: 30 } },
		],
		['an additional video that is none', ray({ resolution: '720p', additionalBodyFields: { video: 5 } }), { video: 5 }],
		[
			'fields of other providers',
			ray({
				cameraMotion: 'x',
				concepts: ['y'],
				expandPrompt: true,
				modelId: 'z',
				promptOptimization: true,
				negativePrompt: 'a',
				gridPosition: { xStart: 1 },
				callback: { url: HOOK, mode: 'terminal' },
			}),
			{},
		],
		['extend forward', extend(), { video: { start_frame: { generation_id: SOURCE } } }],
		[
			'extend backward',
			extend({ direction: 'backward', resolution: '1080p' }),
			{ video: { resolution: '1080p', end_frame: { generation_id: SOURCE } } },
		],
		[
			'extend to a loop',
			extend({ loop: true, userId: 'u' }),
			{ user_id: 'u', video: { loop: true, start_frame: { generation_id: SOURCE } } },
		],
	])('%s', (_, set, body) => {
		expect(lumaAgents.create(set)).toEqual({
			method: 'POST',
			path: '/generations',
			body: { model: MODEL, type: 'video', prompt: PROMPT, ...body },
		});
	});

	it.each<[string, VideoRequest, JsonObject]>([
		['a generation', modify(), {}],
		[
			'a video',
			modify({ sourceGenerationId: null, sourceVideo: SOURCE_VIDEO }),
			{ source: { url: SOURCE_VIDEO, media_type: 'video/mp4' } },
		],
		[
			'a video inside the request',
			modify({ source: { kind: 'data', mimeType: 'video/webm', base64: 'AAAA' } }),
			{ source: { data: 'AAAA', media_type: 'video/webm' } },
		],
		['a video in the store', modify({ source: STORED }), { source: { file_id: FILE } }],
		[
			'a video that still lies in n8n',
			modify({ source: file('a.mp4', 'video/mp4', 6_000_000) }),
			{ source: { file_id: '<file ID of a.mp4>' } },
		],
		['the length of the source, which is not sent', modify({ sourceLength: 7 }), {}],
		['a mode', modify({ mode: 'flex_2' }), { video: { edit: { strength: 'flex_2' } } }],
		['the mode that leaves it to the model', modify({ mode: 'auto' }), { video: { edit: { auto_controls: true } } }],
		['automatic controls switched off', modify({ autoControls: false }), { video: { edit: { auto_controls: false } } }],
		[
			'automatic controls switched off, and a mode',
			modify({ autoControls: false, mode: 'adhere_1' }),
			{ video: { edit: { auto_controls: false, strength: 'adhere_1' } } },
		],
		[
			'controls, and nothing automatic',
			modify({ mode: 'auto', editControls: { pose: { enabled: true, strength: 'coarse' } } }),
			{ video: { edit: { controls: { pose: { enabled: true, strength: 'coarse' } } } } },
		],
		[
			'a guide image',
			modify({ startImage: PNG, resolution: '540p' }),
			{
				video: {
					resolution: '540p',
					start_frame: { data: 'iVBORw0KGgo=', media_type: 'image/png' },
					edit: { auto_controls: true },
				},
			},
		],
		[
			'keyframes of the source',
			modify({ keyframes: keyframes(0, 300), mode: 'reimagine_3' }),
			{
				video: {
					edit: { strength: 'reimagine_3', keyframes: [{ url: START }, { url: START }], keyframe_indexes: [0, 300] },
				},
			},
		],
		[
			'HDR and EXR',
			modify({ hdr: true, exrExport: true, resolution: '1080p', userId: 'u' }),
			{
				user_id: 'u',
				video: { resolution: '1080p', hdr: true, exr_export: true, edit: { auto_controls: true } },
			},
		],
	])('modify with %s', (_, set, body) => {
		expect(lumaAgents.create(set).body).toEqual({
			model: MODEL,
			type: 'video_edit',
			prompt: PROMPT,
			source: { generation_id: SOURCE },
			video: { edit: { auto_controls: true } },
			...body,
		});
	});

	it.each<[string, VideoRequest, JsonObject]>([
		['a generation', reframe(), {}],
		[
			'a video and a resolution',
			reframe({ sourceGenerationId: null, sourceVideo: SOURCE_VIDEO, resolution: '720p' }),
			{ source: { url: SOURCE_VIDEO, media_type: 'video/mp4' }, video: { resolution: '720p' } },
		],
		[
			'the place of the source',
			reframe({ sourcePosition: position(-0.5, 0.25, 1.5, 0.56) }),
			{ video: { source_position: { x_norm: -0.5, y_norm: 0.25, w_norm: 1.5, h_norm: 0.56 } } },
		],
	])('reframe with %s', (_, set, body) => {
		expect(lumaAgents.create(set).body).toEqual({
			model: MODEL,
			type: 'video_reframe',
			prompt: PROMPT,
			aspect_ratio: '9:16',
			source: { generation_id: SOURCE },
			...body,
		});
	});

	it.each([
		['https://media.example/a.MOV', 'video/quicktime'],
		['https://media.example/a.webm?token=a.mp4', 'video/webm'],
		['https://media.example/a.m4v#t=1', 'video/x-m4v'],
		['https://media.example/a.mkv', 'video/x-matroska'],
		['https://media.example/download?id=5', 'video/mp4'],
		['https://media.example/constructor.constructor', 'video/mp4'],
	])('tells the media type of %s', (sourceVideo, type) => {
		expect(lumaAgents.create(modify({ sourceGenerationId: null, sourceVideo })).body).toMatchObject({
			source: { url: sourceVideo, media_type: type },
		});
	});
});

const exclusions = (set: VideoRequest) => findingsOf(lumaAgents.exclusions, set);

describe('exclusions', () => {
	it.each<[string, VideoRequest, Array<[string, string]>]>([
		['text to video', ray(), []],
		['a long loop', ray({ loop: true, duration: '10s' }), [['loop', "cannot be combined with a 'Duration' of 10s; use one of the two"]]],
		['a loop in HDR', ray({ loop: true, hdr: true }), [['loop', "cannot be combined with 'HDR'; use one of the two"]]],
		[
			'a loop with keyframes',
			ray({ loop: true, keyframes: keyframes(0) }),
			[['loop', "cannot be combined with 'Keyframes'; use one of the two"]],
		],
		[
			'long HDR',
			ray({ hdr: true, duration: '10s' }),
			[['hdr', "needs a 'Duration' of 5s without 'Start Image' and 'Keyframes'"]],
		],
		['long HDR with a start image', ray({ hdr: true, duration: '10s', startImage: START }), []],
		['long HDR with keyframes', ray({ hdr: true, duration: '10s', keyframes: keyframes(0, 240) }), []],
		['a long video with a start image', ray({ duration: '10s', startImage: START }), []],
		['HDR at 540p', ray({ hdr: true, resolution: '540p' }), [['hdr', "needs a 'Resolution' of 720p or 1080p"]]],
		['HDR of a draft', modify({ hdr: true, resolution: '360p' }), [['hdr', "needs a 'Resolution' of 720p or 1080p"]]],
		['HDR where the resolution is left out', ray({ hdr: true }), []],
		['EXR alone', ray({ exrExport: true }), [['exrExport', "needs 'HDR'; switch both on or both off"]]],
		['EXR of an edit alone', modify({ exrExport: true }), [['exrExport', "needs 'HDR'; switch both on or both off"]]],
		[
			'a long video between two images',
			ray({ duration: '10s', startImage: START, endImage: END }),
			[
				[
					'endImage',
					"cannot be combined with a 'Duration' of 10s; choose 5s, or make all images 'Keyframes', the last one at frame 240",
				],
			],
		],
		[
			'keyframes and an image',
			ray({ keyframes: keyframes(0), endImage: END }),
			[['keyframes', "cannot be combined with 'Start Image' or 'End Image'; make those keyframes too"]],
		],
		['a long video with keyframes', ray({ duration: '10s', keyframes: keyframes(0, 240) }), []],
		['HDR with keyframes', ray({ hdr: true, keyframes: keyframes(0, 120) }), []],
		['as many keyframes as are allowed', ray({ keyframes: keyframes(...Array(64).keys()) }), []],
		['one more', ray({ keyframes: keyframes(...Array(65).keys()) }), [['keyframes', 'has more than 64 keyframes']]],
		[
			'a keyframe after the end',
			ray({ keyframes: keyframes(0, 121) }),
			[['keyframes', 'must be at whole frames from 0 to 120 in a video of 5 seconds']],
		],
		[
			'a keyframe after the end of a long video',
			ray({ duration: '10s', keyframes: keyframes(241) }),
			[['keyframes', 'must be at whole frames from 0 to 240 in a video of 10 seconds']],
		],
		[
			'a keyframe between two frames',
			modify({ keyframes: keyframes(2.5) }),
			[['keyframes', 'must be at whole frames, 0 or above']],
		],
		['two keyframes at one frame', ray({ keyframes: keyframes(7, 3, 7) }), [['keyframes', 'has two images at the same frame']]],
		['a loop that goes on', extend({ loop: true }), []],
		[
			'a loop that leads up',
			extend({ loop: true, direction: 'backward' }),
			[['loop', "is not available when 'Direction' is backward; switch it off"]],
		],
		[
			'automatic controls and a mode',
			modify({ autoControls: true, mode: 'flex_1' }),
			[['autoControls', "cannot be combined with a 'Mode' other than Auto; use one of the two"]],
		],
		['automatic controls and the automatic mode', modify({ autoControls: true, mode: 'auto' }), []],
		[
			'automatic controls and controls',
			modify({ autoControls: true, editControls: {} }),
			[['autoControls', "cannot be combined with 'Edit Controls'; use one of the two"]],
		],
		[
			'keyframes and a guide image',
			modify({ keyframes: keyframes(500), startImage: START }),
			[['keyframes', "cannot be combined with 'Start Image'; make it a keyframe too"]],
		],
		[
			'a source far off',
			reframe({ sourcePosition: position(0, -2.5, 1, 1) }),
			[['sourcePosition', 'must have X and Y between -2 and 2']],
		],
		[
			'a source without a size',
			reframe({ sourcePosition: position(NaN, 0, 1, 0) }),
			[
				['sourcePosition', 'must have X and Y between -2 and 2'],
				['sourcePosition', 'must have a width and a height above 0, up to 2'],
			],
		],
		['sources as long as is allowed', modify({ sourceLength: 18 }), []],
		['a source that is too long to modify', modify({ sourceLength: 18.1 }), [['sourceLength', 'must be above 0 and at most 18: longer videos are not accepted']]],
		['a source that is too long to reframe', reframe({ sourceLength: 31 }), [['sourceLength', 'must be above 0 and at most 30: longer videos are not accepted']]],
		['a source without a length', reframe({ sourceLength: 0 }), [['sourceLength', 'must be above 0 and at most 30: longer videos are not accepted']]],
		['upright 1080p, which is up to the service', reframe({ resolution: '1080p' }), []],
	])('%s', (_, set, expected) => {
		expect(exclusions(set)).toEqual(expected.map(([field, finding]) => ({ field, finding })));
	});
});

describe('status', () => {
	it('asks for the generation', () => {
		expect(lumaAgents.status(ID)).toEqual({ method: 'GET', path: `/generations/${ID}` });
		expect(lumaAgents.status('../x?y').path).toBe('/generations/..%2Fx%3Fy');
	});
});

const TIME = '2026-06-08T10:00:00Z';
const queued = {
	id: ID,
	type: 'video',
	state: 'queued',
	model: MODEL,
	created_at: TIME,
	output: [],
	failure_reason: null,
	failure_code: null,
};
const known = { generationId: ID, model: MODEL, createdAt: TIME };
const SIGNED = `${VIDEO}?X-Amz-Expires=3600&X-Amz-Signature=abc`;
const EXR = 'https://media.example/out.exr?X-Amz-Signature=abc';
const FRAME = 'https://media.example/out.png';

describe('answers', () => {
	it.each<[string, JsonObject, Partial<Generation>]>([
		['queued', queued, { status: 'queued' }],
		['processing', { ...queued, state: 'processing' }, { status: 'processing' }],
		[
			'completed',
			{ ...queued, state: 'completed', output: [{ type: 'video', url: SIGNED }] },
			{ status: 'completed', ...video(SIGNED) },
		],
		[
			'completed with EXR, whatever that is called',
			{ ...queued, state: 'completed', output: [{ type: 'video', url: EXR }, { type: 'video', url: SIGNED }] },
			{
				status: 'completed',
				videoUrl: SIGNED,
				media: [
					{ url: EXR, type: 'other' },
					{ url: SIGNED, type: 'video' },
				],
			},
		],
		[
			'an image',
			{ ...queued, type: 'image', model: 'uni-1', state: 'completed', output: [{ type: 'image', url: FRAME }] },
			{ makes: 'image', status: 'completed', model: 'uni-1', media: [{ url: FRAME, type: 'image' }] },
		],
		[
			'a media type instead of a word, and a word nobody knows',
			{
				...queued,
				state: 'completed',
				output: [
					{ type: 'video/mp4', url: 'https://media.example/a' },
					{ type: 'clip', url: VIDEO },
					{ type: 'depth', url: 'https://media.example/depth' },
				],
			},
			{
				status: 'completed',
				videoUrl: 'https://media.example/a',
				media: [
					{ url: 'https://media.example/a', type: 'video' },
					{ url: VIDEO, type: 'video' },
					{ url: 'https://media.example/depth', type: 'other' },
				],
			},
		],
		['completed without output', { ...queued, state: 'completed' }, { status: 'completed' }],
		['completed with an output that is none', { ...queued, state: 'completed', output: 'x' }, { status: 'completed' }],
		[
			'outputs that are none, among one that is',
			{ ...queued, state: 'completed', output: [5, { type: 'video' }, { type: 'video', url: 'out.mp4' }, { type: 7, url: VIDEO }] },
			{ status: 'completed', ...video(VIDEO) },
		],
		['a word nobody knows', { ...queued, state: 'rendering' }, { status: 'processing' }],
		['a word in capitals', { ...queued, state: 'QUEUED' }, { status: 'queued' }],
		[
			'other types in the details',
			{ id: ID, state: 'queued', model: {}, created_at: 5, failure_code: [], failure_reason: 5 },
			{ status: 'queued', model: null, createdAt: null },
		],
		[
			'a reason though it goes on',
			{ ...queued, state: 'processing', failure_code: 'generation_failed', failure_reason: 'trying again' },
			{ status: 'processing' },
		],
	])('%s', (_, body, expected) => {
		const value = generation(body, { ...known, ...expected });
		expect(lumaAgents.readStatus(answer(200, body), ID)).toEqual({ ok: true, value });
		expect(lumaAgents.readCreated(answer(201, body))).toEqual({ ok: true, value });
	});

	it.each<[string | null, string | null, string | null]>([
		[
			'content_moderated',
			'Flagged by our content moderation system.',
			'content_moderated: content moderation refused the prompt, an input or the result (Flagged by our content moderation system)',
		],
		['content_moderated', null, 'content_moderated: content moderation refused the prompt, an input or the result'],
		['generation_failed', null, 'generation_failed: the model could not generate the video; another try may work'],
		['budget_exhausted', null, 'budget_exhausted: the account ran out of money during generation, a part of which may have been charged'],
		['output_not_found', null, 'output_not_found: the finished video could not be found; another try may work'],
		['image_too_large', null, 'image_too_large: an input file is too large'],
		['unsupported_format', null, 'unsupported_format: an input file has a format that is not supported'],
		['corrupt_input', 'bad JPEG', 'corrupt_input: an input file could not be decoded (bad JPEG)'],
		['invalid_request', null, 'invalid_request: the request was not valid'],
		['rate_limited', null, 'rate_limited: too many requests at the same time'],
		['meteor_strike', 'A meteor.', 'meteor_strike: A meteor'],
		['constructor', null, 'constructor'],
		[null, 'Something broke', 'Something broke'],
		[null, null, null],
		['', ' ', null],
	])('failed: %s, %s', (code, reason, failureReason) => {
		const body = { ...queued, state: 'failed', failure_code: code, failure_reason: reason };
		const refunded = ['content_moderated', 'generation_failed', 'output_not_found'].includes(code ?? '');
		const chargedWhenFailed = refunded ? ('no' as const) : ('unknown' as const);
		expect(lumaAgents.readStatus(answer(200, body), ID)).toMatchObject({
			ok: true,
			value: generation(body, { ...known, status: 'failed', failureReason, chargedWhenFailed }),
		});
	});

	it('takes a create without a state for taken in, a status without one for unknown', () => {
		const body = { id: ID };
		const status: GenerationStatus = 'queued';
		expect(lumaAgents.readCreated(answer(201, body))).toMatchObject({ ok: true, value: { generationId: ID, status } });
		expect(lumaAgents.readStatus(answer(200, body), ID)).toMatchObject({ ok: false, problem: { kind: 'unreadable' } });
	});

	it.each([
		['no id', { state: 'queued' }],
		['an empty id', { ...queued, id: '' }],
		['a number for an id', { ...queued, id: 5 }],
	])('cannot read an answer with %s', (_, body) => {
		expect(lumaAgents.readCreated(answer(201, body))).toMatchObject({ ok: false, problem: { kind: 'unreadable' } });
	});

	it.each(BAD_TEXTS)('cannot read %s', (_, text, shape) => {
		const message = (status: number) =>
			`Luma Agents sent ${shape} where the generation was expected (HTTP ${status})`;
		expect(lumaAgents.readCreated(answer(201, text))).toMatchObject({
			problem: { kind: 'unreadable', message: message(201) },
		});
		expect(lumaAgents.readStatus(answer(200, text), ID)).toMatchObject({
			problem: { kind: 'unreadable', message: message(200) },
		});
	});
});

const LIMITS =
	'Images are limited to 50 MB and 8000 pixels per side. Videos at a web address are limited to 200 MB, and to 18 seconds to modify or 30 to reframe.';

describe('refusals', () => {
	const KEY_ADVICE =
		"Check the API key in the credential. Create keys at platform.lumalabs.ai (they begin with 'luma-api-'). Dream Machine keys from lumalabs.ai/dream-machine/api/keys work only with the provider 'Luma Dream Machine'.";
	const FIELDS_ADVICE = "Check the node's fields.";
	const MEDIA_ADVICE =
		'Check the combination of fields, and that every image and video opens without a login and is a valid file. Source generations must be completed and belong to the account of this credential.';
	const MODERATION_ADVICE = 'Change the prompt or the images.';

	it.each<[number, unknown, ProblemKind, string, string]>([
		[400, { detail: 'Unknown model: ray-2' }, 'invalidRequest', 'Luma Agents refused the request: Unknown model: ray-2', FIELDS_ADVICE],
		[
			401,
			{ detail: 'Missing or invalid API key' },
			'credentials',
			'Luma Agents did not accept the API key: Missing or invalid API key',
			KEY_ADVICE,
		],
		[
			402,
			{ detail: 'Insufficient balance. Please add funds to continue.' },
			'balance',
			'Luma Agents reports that the account has too little credit: Insufficient balance. Please add funds to continue',
			'Add money to the account at https://platform.lumalabs.ai.',
		],
		[
			403,
			{ detail: 'Client is suspended' },
			'permission',
			'Luma Agents does not allow this request with this API key: Client is suspended',
			`Check at https://platform.lumalabs.ai that the account is active and, if you use HDR, that it is enabled. ${KEY_ADVICE}`,
		],
		[
			413,
			{ detail: 'source: image exceeds 50 MB limit' },
			'invalidRequest',
			'Luma Agents refused the request because a file is too large: source: image exceeds 50 MB limit',
			`Use smaller files. ${LIMITS}`,
		],
		[
			422,
			{ detail: 'video.start_frame: image is too dark' },
			'invalidRequest',
			'Luma Agents refused the request: video.start_frame: image is too dark',
			MEDIA_ADVICE,
		],
		[
			422,
			{ detail: '1080p is coming soon for vertical video_reframe' },
			'invalidRequest',
			'Luma Agents does not offer this combination to every account yet: 1080p is coming soon for vertical video_reframe',
			"Choose a lower 'Resolution' or another 'Aspect Ratio'.",
		],
		[
			422,
			{ detail: [{ loc: ['body', 'video', 'loop'], msg: 'is not a boolean' }] },
			'invalidRequest',
			'Luma Agents refused the request: video.loop: is not a boolean',
			MEDIA_ADVICE,
		],
		[
			400,
			{ detail: 'Prompt was flagged by content moderation' },
			'moderation',
			'Luma Agents refused the content: Prompt was flagged by content moderation',
			MODERATION_ADVICE,
		],
		[
			422,
			{ detail: 'Image violates our content guidelines' },
			'moderation',
			'Luma Agents refused the content: Image violates our content guidelines',
			MODERATION_ADVICE,
		],
		[
			429,
			{ detail: 'Too many concurrent jobs' },
			'rateLimited',
			'Luma Agents is receiving too many requests: Too many concurrent jobs',
			"Lower 'Max Concurrent Generations', or run fewer workflows at the same time.",
		],
		[
			502,
			{ detail: 'Upstream service unavailable' },
			'unavailable',
			'Luma Agents could not handle the request at the moment: Upstream service unavailable',
			'Wait a few minutes.',
		],
		[503, '<html>', 'unavailable', 'Luma Agents could not handle the request at the moment: HTTP 503', 'Wait a few minutes.'],
		[
			307,
			'',
			'redirected',
			'Luma Agents points to another address',
			"Check 'Base URL' in the credential: the key is not sent to other addresses.",
		],
	])('HTTP %i with %j', (statusCode, body, kind, message, advice) => {
		const problem = { kind, message, advice, httpStatus: statusCode, retryAfterMs: null };
		expect(lumaAgents.readCreated(answer(statusCode, body))).toEqual({ ok: false, problem });
		expect(lumaAgents.readStatus(answer(statusCode, body), ID)).toEqual({ ok: false, problem });
	});

	it('tells a wrong address from a wrong id', () => {
		const unknown = answer(404, { detail: 'Not Found' });
		expect(lumaAgents.readCreated(unknown)).toMatchObject({
			problem: {
				kind: 'notFound',
				message: 'Luma Agents does not generate videos at this address: Not Found',
				advice: "Check 'Base URL' in the credential.",
			},
		});
		expect(lumaAgents.readStatus(unknown, ID)).toMatchObject({
			problem: {
				kind: 'notFound',
				message: 'Luma Agents has nothing under this ID or address: Not Found',
				advice: 'Check the generation ID and that it belongs to the account of this credential.',
			},
		});
	});

	const NOT_FETCHED = "Check that its address opens without a login and leads to the file itself, not to a page that shows it. URLs from Luma Agents work for an hour: operation 'Get' of resource 'Generation' returns a fresh one. Or choose 'Input Data' in 'Images From' or 'Video From' to let n8n send the file.";
	const byUrl = modify({ sourceGenerationId: null, sourceVideo: SOURCE_VIDEO });

	it.each<[number, string, VideoRequest, string]>([
		[422, 'video.start_frame: failed to fetch URL', ray({ startImage: START }), "'Start Image'"],
		[422, 'video.end_frame: could not download the image', ray({ endImage: END }), "'End Image'"],
		[422, 'video.keyframes[0]: unable to retrieve URL', ray({ startImage: START, duration: '10s' }), "'Start Image'"],
		[422, 'video.keyframes[1]: failed to fetch URL', ray({ keyframes: keyframes(0, 5) }), "'Keyframes'"],
		[422, 'video.edit.keyframes[1]: failed to fetch URL', modify({ keyframes: keyframes(0, 5) }), "'Keyframes'"],
		[502, 'source: fetch proxy unavailable', byUrl, "'Video URL'"],
		[502, 'source: failed to fetch', modify(), 'the video'],
	])('HTTP %i, %s: names the field whose address could not be fetched, and nothing was bought', (status, detail, set, field) => {
		expect(lumaAgents.readCreated(answer(status, { detail }), set)).toMatchObject({
			problem: { kind: 'invalidRequest', message: `Luma Agents could not fetch ${field}: ${detail}`, advice: NOT_FETCHED },
		});
	});

	it('leaves a 502 in doubt that names no input', () => {
		for (const detail of ['failed to fetch', 'source: out of order']) {
			expect(lumaAgents.readCreated(answer(502, { detail }), byUrl)).toMatchObject({ problem: { kind: 'unavailable' } });
		}
	});

	it.each([
		['corrupt_input', 'failed to download the image', 'corrupt_input: an image or a video could not be fetched (failed to download the image)', NOT_FETCHED],
		[null, 'source: could not fetch URL', 'an image or a video could not be fetched (source: could not fetch URL)', NOT_FETCHED],
		['budget_exhausted', null, null, 'Add money to the account at https://platform.lumalabs.ai, then run this item again.'],
		['corrupt_input', null, null, 'Use another image or video, then run this item again.'],
		['image_too_large', null, null, `Use a smaller file, then run this item again. ${LIMITS}`],
		['rate_limited', null, null, 'Wait a few minutes, then run this item again.'],
		['output_not_found', null, null, 'Run this item again.'],
		['generation_failed', null, null, undefined],
		['content_moderated', 'URL could not be fetched for review', null, undefined],
	])('says what to do after %s, %s', (code, reason, failureReason, failureAdvice) => {
		const body = { ...queued, state: 'failed', failure_code: code, failure_reason: reason };
		const reading = lumaAgents.readStatus(answer(200, body), ID);
		if (!reading.ok) throw new Error(reading.problem.message);
		expect(reading.value.failureAdvice).toBe(failureAdvice);
		if (failureReason !== null) expect(reading.value.failureReason).toBe(failureReason);
	});

	it('passes on how long to wait', () => {
		const limited = answer(429, { detail: 'Rate limit exceeded' }, { 'retry-after': '60', 'x-ratelimit-remaining': '0' });
		expect(lumaAgents.readCreated(limited)).toMatchObject({ problem: { kind: 'rateLimited', retryAfterMs: 60_000 } });
	});
});

describe('prices', () => {
	it.each<[VideoRequest, number | null]>([
		[ray({ resolution: '360p', duration: '5s' }), 0.06],
		[ray({ resolution: '540p', duration: '5s' }), 0.15],
		[ray({ resolution: '720p', duration: '5s' }), 0.3],
		[ray({ resolution: '1080p', duration: '5s' }), 1.2],
		[ray({ resolution: '360p', duration: '10s' }), 0.18],
		[ray({ resolution: '540p', duration: '10s' }), 0.45],
		[ray({ resolution: '720p', duration: '10s' }), 0.9],
		[ray({ resolution: '1080p', duration: '10s' }), 3.6],
		[ray({ resolution: '720p', duration: '5s', hdr: true }), 0.6],
		[ray({ resolution: '1080p', duration: '5s', hdr: true }), 2.4],
		[ray({ resolution: '720p', duration: '5s', hdr: true, exrExport: true }), 0.9],
		[ray({ resolution: '1080p', duration: '5s', hdr: true, exrExport: true }), 3.6],
		// The service's own defaults.
		[ray(), 0.3],
		[ray({ keyframes: keyframes(0, 60) }), 0.3],
		// Not on offer.
		[ray({ resolution: '540p', hdr: true }), null],
		[ray({ resolution: '4k' }), null],
		[extend({ resolution: '540p' }), 0.15],
		[extend({ direction: 'backward' }), 0.3],
		// Has no published price.
		[extend({ resolution: '360p' }), null],
		[ray({ resolution: '720p', duration: '10s', startImage: START }), 0.9],
		// Has no published price either.
		[ray({ duration: '10s', hdr: true, startImage: START }), null],
		// By the length of the source.
		[modify({ resolution: '360p', sourceLength: 5 }), 0.54],
		[modify({ resolution: '540p', sourceLength: 5 }), 0.72],
		[modify({ sourceLength: 5 }), 1.08],
		[modify({ resolution: '1080p', sourceLength: 5 }), 2.16],
		[modify({ resolution: '360p', sourceLength: 10 }), 1.08],
		[modify({ resolution: '1080p', sourceLength: 10 }), 4.32],
		[modify({ sourceLength: 5, hdr: true }), 2.16],
		[modify({ sourceLength: 10, hdr: true, exrExport: true }), 6.48],
		[modify({ resolution: '540p', sourceLength: 5, hdr: true }), null],
		// In proportion, and no less than for 5 s.
		[modify({ sourceLength: 7.5 }), 1.62],
		[modify({ sourceLength: 2 }), 1.08],
		[reframe({ resolution: '360p', sourceLength: 10 }), 0.3],
		[reframe({ resolution: '540p', sourceLength: 10 }), 0.6],
		[reframe({ sourceLength: 7.5 }), 0.9],
		[reframe({ resolution: '1080p', sourceLength: 10 }), 3.6],
		// Of the longest that is taken, where the length is not known.
		[modify({ resolution: '720p' }), 3.89],
		[modify({ resolution: '1080p', hdr: true, exrExport: true }), 23.33],
		[reframe({ resolution: '720p' }), 3.6],
		[reframe({ resolution: '1080p' }), 10.8],
		[reframe({ additionalBodyFields: { video: { hdr: true } } }), null],
		[modify({ additionalBodyFields: { video: { duration: '10s' } } }), null],
	])('of request %#', (set, price) => {
		expect(lumaAgents.estimateUsd?.(set)).toBe(price);
	});

	const chosen = { resolution: '720p', duration: '5s' } as const;
	const generation = { generation_id: SOURCE };
	it.each<[JsonObject, number | null]>([
		// Prices do not depend on these.
		[{ seed: 7 }, 0.3],
		[{ video: { loop: true, start_frame: { url: START } } }, 0.3],
		// One more field of the video, beside those that were chosen.
		[{ video: { resolution: '1080p' } }, 1.2],
		[{ video: { duration: '10s' } }, 0.9],
		[{ video: { resolution: '1080p', duration: '10s' } }, 3.6],
		[{ video: { hdr: true } }, 0.6],
		[{ video: { hdr: true, exr_export: true } }, 0.9],
		[{ video: { hdr: true, exr_export: true, resolution: '1080p' } }, 3.6],
		[{ video: { hdr: false, exr_export: null } }, 0.3],
		// Left open, the service decides.
		[{ video: { resolution: null, duration: null } }, 0.3],
		[{ video: null }, 0.3],
		// An extension.
		[{ video: { start_frame: generation } }, 0.3],
		[{ video: { end_frame: generation, resolution: '1080p' } }, 1.2],
		[{ video: { end_frame: generation, resolution: '360p' } }, null],
		[{ video: { start_frame: generation, hdr: true } }, null],
		// Not on offer.
		[{ video: { hdr: true, duration: '10s' } }, null],
		[{ video: { resolution: '4k' } }, null],
		// Of another kind than the service takes.
		[{ video: { resolution: 720 } }, null],
		[{ video: { resolution: 'constructor', duration: 'length' } }, null],
		[{ video: { duration: 5 } }, null],
		[{ video: { duration: '5' } }, null],
		[{ video: { duration: ['5s'] } }, null],
		[{ video: { hdr: 'true' } }, null],
		[{ video: { exr_export: 1 } }, null],
		[{ video: '1080p' }, null],
		[{ video: [] }, null],
		// Where the service does not document them.
		[{ resolution: '540p' }, null],
		[{ duration: '5s' }, null],
		[{ hdr: false }, null],
		[{ exr_export: true }, null],
		// Another model, another type.
		[{ model: 'ray-3.2' }, 0.3],
		[{ model: 'ray-4' }, null],
		[{ model: null }, null],
		[{ model: 'uni-1', type: 'image' }, null],
		[{ type: 'video' }, 0.3],
		[{ type: 'video_edit' }, null],
		[{ type: 'video_edit', source: generation }, null],
		[{ type: 'video_reframe', source: generation }, null],
		[{ type: null }, null],
		[{ source: generation }, null],
		[{ source: null }, 0.3],
	])('with the additional body fields %j: %p', (additionalBodyFields, price) => {
		expect(lumaAgents.estimateUsd?.(ray({ ...chosen, additionalBodyFields }))).toBe(price);
	});

	it('are none for an edit that additional body fields call a new video', () => {
		expect(lumaAgents.estimateUsd?.(modify({ resolution: '540p', additionalBodyFields: { type: 'video' } }))).toBeNull();
	});
});

it('has no callbacks, no list, no deletion, no balance', () => {
	for (const ability of ['balance', 'callbacks', 'deletion', 'listing']) expect(lumaAgents).not.toHaveProperty(ability);
});

it.each([
	['luma-12345678-90ab-cdef-1234-567890abcdef', 'Luma Dream Machine'],
	['luma-api-0123456789', null],
	['anything else', null],
])('the key %s belongs to %p', (key, owner) => {
	expect(lumaAgents.foreignKey?.(key)?.owner ?? null).toBe(owner);
});
