import { describe, expect, it } from '@jest/globals';
import { lumaDreamMachine, promptWithCameraMotion } from '../../../nodes/LumaVideo/providers/lumaDreamMachine';
import type {
	GenerationStatus,
	JsonObject,
	ProblemKind,
	VideoRequest,
} from '../../../nodes/LumaVideo/providers/provider';
import { BAD_TEXTS, END, HOOK, SOURCE_VIDEO, START, VIDEO, answer, findingsOf, generation, request, video } from './support';
import type { RequestFields } from './support';

const ID = '123e4567-e89b-12d3-a456-426614174000';
const OTHER_ID = '123e4567-e89b-12d3-a456-426614174001';
const PROMPT = 'A red kite over the sea';
const image = (url: string) => ({ type: 'image', url });
const made = (id: string) => ({ type: 'generation', id });

const ENDED =
	"Luma announced the end of its Dream Machine API for October 2026. Its successor is Luma Agents: choose that as 'Provider', with a key from platform.lumalabs.ai.";
const KEY_ADVICE = `Check the API key in the credential: Dream Machine keys come from lumalabs.ai/dream-machine/api/keys. ${ENDED}`;
const FIELDS_ADVICE = "Check the node's fields.";

describe('create', () => {
	it.each<[string, RequestFields, JsonObject]>([
		['text to video', {}, { prompt: PROMPT }],
		['another model', { model: 'ray-flash-2' }, { model: 'ray-flash-2', prompt: PROMPT }],
		['a start image', { startImage: START }, { prompt: PROMPT, keyframes: { frame0: image(START) } }],
		['an end image', { endImage: END }, { prompt: PROMPT, keyframes: { frame1: image(END) } }],
		[
			'both images',
			{ startImage: START, endImage: END },
			{ prompt: PROMPT, keyframes: { frame0: image(START), frame1: image(END) } },
		],
		['an image without a prompt', { prompt: '', startImage: START }, { keyframes: { frame0: image(START) } }],
		['a loop', { loop: true }, { prompt: PROMPT, loop: true }],
		['an aspect ratio', { aspectRatio: '1:1' }, { prompt: PROMPT, aspect_ratio: '1:1' }],
		['a resolution', { resolution: '4k' }, { prompt: PROMPT, resolution: '4k' }],
		['a duration', { duration: '9s' }, { prompt: PROMPT, duration: '9s' }],
		['a camera motion', { cameraMotion: 'camera orbit left' }, { prompt: `${PROMPT}, camera orbit left` }],
		[
			'concepts',
			{ concepts: ['dolly_zoom', 'handheld'] },
			{ prompt: PROMPT, concepts: [{ key: 'dolly_zoom' }, { key: 'handheld' }] },
		],
		['a callback', { callback: { url: HOOK, mode: 'terminal' } }, { prompt: PROMPT, callback_url: HOOK }],
		['a callback on progress', { callback: { url: HOOK, mode: 'progress' } }, { prompt: PROMPT, callback_url: HOOK }],
		[
			'additional fields, last',
			{ loop: true, additionalBodyFields: { seed: 7, loop: false } },
			{ prompt: PROMPT, seed: 7, loop: false },
		],
		['fields of other providers', { expandPrompt: true, modelId: 'x', promptOptimization: true }, { prompt: PROMPT }],
	])('%s', (_, set, body) => {
		expect(lumaDreamMachine.create(request('ray-2', set))).toEqual({
			method: 'POST',
			path: '/generations/video',
			body: { model: 'ray-2', ...body },
		});
	});

	it.each([
		['A kite', 'camera pan left', 'A kite, camera pan left'],
		['', 'camera pan left', 'camera pan left'],
		['A kite', null, 'A kite'],
		['A kite', '', 'A kite'],
	])('puts the camera motion into the prompt: %j and %j', (prompt, motion, expected) => {
		expect(promptWithCameraMotion(prompt, motion)).toBe(expected);
	});
});

describe('create from what exists', () => {
	const source = { sourceGenerationId: ID };
	const callback = { url: HOOK, mode: 'terminal' as const };
	const media = { url: SOURCE_VIDEO };
	it.each<[string, RequestFields, string, JsonObject]>([
		[
			'extend',
			{ operation: 'extend', ...source },
			'/generations/video',
			{ model: 'ray-2', prompt: PROMPT, keyframes: { frame0: made(ID) } },
		],
		[
			'extend in full',
			{
				operation: 'extend',
				...source,
				model: 'ray-flash-2',
				loop: true,
				resolution: '4k',
				cameraMotion: 'camera push in',
				concepts: ['pov'],
				callback,
				additionalBodyFields: { duration: '9s' },
			},
			'/generations/video',
			{
				model: 'ray-flash-2',
				prompt: `${PROMPT}, camera push in`,
				resolution: '4k',
				loop: true,
				keyframes: { frame0: made(ID) },
				concepts: [{ key: 'pov' }],
				callback_url: HOOK,
				duration: '9s',
			},
		],
		[
			'extend to an end image',
			{ operation: 'extend', ...source, endImage: END },
			'/generations/video',
			{ model: 'ray-2', prompt: PROMPT, keyframes: { frame0: made(ID), frame1: image(END) } },
		],
		[
			'reverse extend',
			{ operation: 'extend', ...source, direction: 'backward' },
			'/generations/video',
			{ model: 'ray-2', prompt: PROMPT, keyframes: { frame1: made(ID) } },
		],
		[
			'reverse extend from a start image',
			{ operation: 'extend', ...source, direction: 'backward', startImage: START },
			'/generations/video',
			{ model: 'ray-2', prompt: PROMPT, keyframes: { frame0: image(START), frame1: made(ID) } },
		],
		[
			'interpolate',
			{ operation: 'interpolate', ...source, targetGenerationId: OTHER_ID, resolution: '720p' },
			'/generations/video',
			{
				model: 'ray-2',
				prompt: PROMPT,
				resolution: '720p',
				keyframes: { frame0: made(ID), frame1: made(OTHER_ID) },
			},
		],
		[
			'modify',
			{ operation: 'modify', sourceVideo: SOURCE_VIDEO, prompt: '', mode: 'reimagine_3' },
			'/generations/video/modify',
			{ generation_type: 'modify_video', model: 'ray-2', mode: 'reimagine_3', media },
		],
		[
			'modify in full',
			{
				operation: 'modify',
				model: 'ray-flash-2',
				sourceVideo: SOURCE_VIDEO,
				mode: 'flex_1',
				startImage: START,
				callback,
				additionalBodyFields: { seed: 7 },
			},
			'/generations/video/modify',
			{
				generation_type: 'modify_video',
				model: 'ray-flash-2',
				mode: 'flex_1',
				media,
				prompt: PROMPT,
				first_frame: { url: START },
				callback_url: HOOK,
				seed: 7,
			},
		],
		[
			'modify with the mandatory mode left open',
			{ operation: 'modify', sourceVideo: SOURCE_VIDEO, prompt: '' },
			'/generations/video/modify',
			{ generation_type: 'modify_video', model: 'ray-2', mode: 'flex_1', media },
		],
		[
			'reframe',
			{ operation: 'reframe', sourceVideo: SOURCE_VIDEO, prompt: '', aspectRatio: '21:9' },
			'/generations/video/reframe',
			{ generation_type: 'reframe_video', model: 'ray-2', aspect_ratio: '21:9', media },
		],
		[
			'reframe in full',
			{
				operation: 'reframe',
				sourceVideo: SOURCE_VIDEO,
				aspectRatio: '1:1',
				startImage: START,
				gridPosition: { gridPositionX: 0, gridPositionY: 10, resizedWidth: 640, resizedHeight: 360 },
				callback,
			},
			'/generations/video/reframe',
			{
				generation_type: 'reframe_video',
				model: 'ray-2',
				aspect_ratio: '1:1',
				media,
				prompt: PROMPT,
				first_frame: { url: START },
				grid_position_x: 0,
				grid_position_y: 10,
				resized_width: 640,
				resized_height: 360,
				callback_url: HOOK,
			},
		],
		[
			'reframe with the mandatory ratio left open',
			{ operation: 'reframe', sourceVideo: SOURCE_VIDEO, prompt: '' },
			'/generations/video/reframe',
			{ generation_type: 'reframe_video', model: 'ray-2', aspect_ratio: '9:16', media },
		],
		[
			'upscale',
			{ operation: 'upscale', model: '', prompt: '', ...source, resolution: '4k', callback },
			`/generations/${ID}/upscale`,
			{ generation_type: 'upscale_video', resolution: '4k', callback_url: HOOK },
		],
		[
			'upscale never has a prompt',
			{ operation: 'upscale', model: '', ...source },
			`/generations/${ID}/upscale`,
			{ generation_type: 'upscale_video' },
		],
		[
			'add audio',
			{ operation: 'addAudio', model: '', prompt: '', ...source },
			`/generations/${ID}/audio`,
			{ generation_type: 'add_audio' },
		],
		[
			'add audio in full',
			{ operation: 'addAudio', model: '', ...source, negativePrompt: 'Voices', callback },
			`/generations/${ID}/audio`,
			{ generation_type: 'add_audio', prompt: PROMPT, negative_prompt: 'Voices', callback_url: HOOK },
		],
		[
			'an ID cannot leave its place in the path',
			{ operation: 'upscale', model: '', sourceGenerationId: '../x?y' },
			'/generations/..%2Fx%3Fy/upscale',
			{ generation_type: 'upscale_video' },
		],
	])('%s', (_, { model = 'ray-2', ...set }, path, body) => {
		expect(lumaDreamMachine.create(request(model, set))).toEqual({ method: 'POST', path, body });
	});
});

describe('exclusions', () => {
	const LOOP = { field: 'loop', finding: "is not available when 'Direction' is backward; switch it off" };
	const END_IMAGE = { field: 'endImage', finding: "is not available when 'Direction' is backward; leave it out" };
	const START_IMAGE = { field: 'startImage', finding: "is not available when 'Direction' is forward; leave it out" };
	const GRID = { field: 'gridPosition', finding: 'must have whole numbers only' };
	it.each<[RequestFields, unknown[]]>([
		[{ loop: true, startImage: START }, []],
		[{ operation: 'extend' }, []],
		[{ operation: 'extend', loop: true }, []],
		[{ operation: 'extend', endImage: END }, []],
		[{ operation: 'extend', startImage: START }, [START_IMAGE]],
		[{ operation: 'extend', direction: 'backward' }, []],
		[{ operation: 'extend', direction: 'backward', startImage: START }, []],
		[{ operation: 'extend', direction: 'backward', endImage: END }, [END_IMAGE]],
		[{ operation: 'extend', direction: 'backward', loop: true }, [LOOP]],
		[{ operation: 'extend', direction: 'backward', loop: true, endImage: END }, [LOOP, END_IMAGE]],
		[{ operation: 'reframe', gridPosition: { xStart: 0, xEnd: -5 } }, []],
		[{ operation: 'reframe', gridPosition: { xStart: 0.5 } }, [GRID]],
		[{ operation: 'reframe', gridPosition: { xStart: Number.NaN } }, [GRID]],
	])('%j: %j', (set, expected) => {
		expect(findingsOf(lumaDreamMachine.exclusions, request('ray-2', set))).toEqual(expected);
	});
});

describe('readBalance', () => {
	it('asks for it', () => {
		expect(lumaDreamMachine.balance?.call()).toEqual({ method: 'GET', path: '/credits' });
	});

	it.each<[unknown, number]>([
		[0, 0],
		[1_234, 12.34],
		[1_234.5, 12.345],
		[-50, -0.5],
		['250', 2.5],
	])('%j cents are %d USD', (cents, amount) => {
		expect(lumaDreamMachine.balance?.read(answer(200, { credit_balance: cents }))).toEqual({
			ok: true,
			value: { amount, unit: 'USD' },
		});
	});

	it.each([[{}], [{ credit_balance: null }], [{ credit_balance: 'much' }], ['<html>'], [''], [[]]])(
		'cannot read %j',
		(body) => {
			expect(lumaDreamMachine.balance?.read(answer(200, body))).toMatchObject({
				ok: false,
				problem: {
					kind: 'unreadable',
					message: expect.stringMatching(/where the balance was expected \(HTTP 200\)$/) as unknown,
				},
			});
		},
	);

	it('passes a refusal on', () => {
		expect(lumaDreamMachine.balance?.read(answer(401, { detail: 'Not authenticated' }))).toMatchObject({
			ok: false,
			problem: { kind: 'credentials' },
		});
	});
});

describe.each([
	['concepts', '/generations/concepts/list', 'concepts', 'dolly_zoom'],
	['cameraMotions', '/generations/camera_motion/list', 'camera_motions', 'camera orbit left'],
] as const)('the list of %s', (name, path, wrapper, known) => {
	const catalog = lumaDreamMachine.catalogs?.[name];
	it('is asked for', () => {
		expect(catalog?.call()).toEqual({ method: 'GET', path });
	});

	it('is known without asking', () => {
		expect(catalog?.known).toContain(known);
		expect(new Set(catalog?.known).size).toBe(catalog?.known.length);
	});

	it.each<[string, unknown, string[]]>([
		['a list', ['b', 'a'], ['b', 'a']],
		['an empty list', [], []],
		['a wrapped list', { [wrapper]: ['b', 'a'] }, ['b', 'a']],
		['objects with a key', [{ key: 'b', label: 'B' }, { key: 'a' }], ['b', 'a']],
		['objects with a name', { [wrapper]: [{ name: 'b' }] }, ['b']],
		['other things among the words', ['b', null, {}, '', 'a'], ['b', 'a']],
		['a word twice', ['b', 'a', 'b'], ['b', 'a']],
	])('is read from %s', (_, body, expected) => {
		expect(catalog?.read(answer(200, body))).toEqual({ ok: true, value: expected });
	});

	it.each([[{}], [{ other: ['a'] }], [[null, {}]], ['<html>'], ['']])('is not read from %j', (body) => {
		expect(catalog?.read(answer(200, body))).toMatchObject({
			ok: false,
			problem: { kind: 'unreadable', message: expect.stringMatching(/where the list was expected \(HTTP 200\)$/) as unknown },
		});
	});

	it('may be gone', () => {
		expect(catalog?.read(answer(404, { detail: 'Not Found' }))).toMatchObject({
			ok: false,
			problem: { kind: 'notFound', message: 'Luma Dream Machine no longer has this list: Not Found' },
		});
	});
});

describe('other calls', () => {
	it('asks for a generation', () => {
		expect(lumaDreamMachine.status(ID)).toEqual({ method: 'GET', path: `/generations/${ID}` });
	});

	it('lists', () => {
		expect(lumaDreamMachine.listing?.call({ limit: 10, cursor: '20' })).toEqual({
			method: 'GET',
			path: '/generations',
			query: { limit: 10, offset: 20 },
		});
	});

	it('deletes', () => {
		expect(lumaDreamMachine.deletion?.call(ID)).toEqual({ method: 'DELETE', path: `/generations/${ID}` });
	});

	it('lets no id leave its place in the path', () => {
		expect(lumaDreamMachine.status('../credits?x#y').path).toBe('/generations/..%2Fcredits%3Fx%23y');
		expect(lumaDreamMachine.deletion?.call('a/b').path).toBe('/generations/a%2Fb');
	});
});

/** A generation as the OpenAPI document describes it. */
const full = {
	id: ID,
	generation_type: 'video',
	state: 'completed',
	failure_reason: null,
	created_at: '2026-03-01T12:00:00Z',
	model: 'ray-2',
	assets: { video: VIDEO },
	request: { generation_type: 'video', model: 'ray-2', prompt: PROMPT, aspect_ratio: '16:9' },
};
const known = {
	generationId: ID,
	model: 'ray-2',
	prompt: PROMPT,
	createdAt: '2026-03-01T12:00:00Z',
	chargedWhenFailed: 'no' as const,
};

describe('readCreated', () => {
	it('reads a generation that was taken in', () => {
		const body = { ...full, state: 'queued', assets: null };
		expect(lumaDreamMachine.readCreated(answer(201, body))).toEqual({
			ok: true,
			value: generation(body, { ...known, status: 'queued' }),
		});
	});

	it.each<[string, JsonObject]>([
		['no state', { id: ID }],
		['a state of another type', { id: ID, state: 3 }],
		['a date of another type', { id: ID, state: 'queued', created_at: 1_700_000_000 }],
		['assets of another type', { id: ID, state: 'queued', assets: [], request: 'x', failure_reason: {} }],
	])('keeps the id of an answer with %s', (_, body) => {
		expect(lumaDreamMachine.readCreated(answer(201, body))).toEqual({
			ok: true,
			value: generation(body, { generationId: ID, status: 'queued', chargedWhenFailed: 'no' }),
		});
	});

	it.each([
		['no id', { state: 'queued' }],
		['an empty id', { id: '', state: 'queued' }],
		['a number for an id', { id: 5, state: 'queued' }],
	])('cannot read an answer with %s', (_, body) => {
		expect(lumaDreamMachine.readCreated(answer(201, body))).toMatchObject({
			ok: false,
			problem: { kind: 'unreadable' },
		});
	});
});

describe('readStatus', () => {
	it.each<[string, GenerationStatus]>([
		['queued', 'queued'],
		['dreaming', 'processing'],
		['failed', 'failed'],
		['completed', 'completed'],
		['Completed', 'completed'],
		['pondering', 'processing'],
	])('%s is %s', (state, status) => {
		const body = { ...full, state };
		expect(lumaDreamMachine.readStatus(answer(200, body), ID)).toEqual({
			ok: true,
			value: generation(body, { ...known, status, ...video(VIDEO) }),
		});
	});

	it('reads why it failed', () => {
		const body = { ...full, state: 'failed', failure_reason: 'Frame moderation failed', assets: null };
		expect(lumaDreamMachine.readStatus(answer(200, body), ID)).toEqual({
			ok: true,
			value: generation(body, { ...known, status: 'failed', failureReason: 'Frame moderation failed' }),
		});
	});

	it('does not take the picture of progress for the video', () => {
		const body = { ...full, state: 'dreaming', assets: { progress_video: VIDEO } };
		expect(lumaDreamMachine.readStatus(answer(200, body), ID)).toEqual({
			ok: true,
			value: generation(body, { ...known, status: 'processing' }),
		});
	});

	it('tells a video from an image', () => {
		const body = { ...full, assets: { video: VIDEO, image: START } };
		expect(lumaDreamMachine.readStatus(answer(200, body), ID)).toMatchObject({
			ok: true,
			value: {
				videoUrl: VIDEO,
				media: [
					{ url: VIDEO, type: 'video' },
					{ url: START, type: 'image' },
				],
			},
		});
	});

	it('reads the older shape without a model', () => {
		const body = {
			id: ID,
			state: 'completed',
			failure_reason: null,
			created_at: '2023-06-01T12:00:00Z',
			assets: { video: VIDEO },
			version: 'v1.6',
			request: { prompt: PROMPT, aspect_ratio: '16:9', loop: true },
		};
		expect(lumaDreamMachine.readStatus(answer(200, body), ID)).toEqual({
			ok: true,
			value: generation(body, {
				...known,
				model: null,
				createdAt: '2023-06-01T12:00:00Z',
				status: 'completed',
				...video(VIDEO),
			}),
		});
	});

	it.each([
		['no assets', null],
		['empty assets', {}],
		['an empty video', { video: '' }],
		['a video of another type', { video: 5 }],
	])('reads a completed generation with %s as one without a video', (_, assets) => {
		const body = { ...full, assets };
		expect(lumaDreamMachine.readStatus(answer(200, body), ID)).toMatchObject({
			ok: true,
			value: { status: 'completed', videoUrl: null, media: [] },
		});
	});

	it('cannot read an answer without a state', () => {
		expect(lumaDreamMachine.readStatus(answer(200, { id: ID }), ID)).toMatchObject({
			ok: false,
			problem: { kind: 'unreadable' },
		});
	});
});

describe.each(BAD_TEXTS)('an answer of %s', (_, text, shape) => {
	const problem = {
		kind: 'unreadable',
		message: `Luma Dream Machine sent ${shape} where the generation was expected (HTTP 200)`,
	};
	it('cannot be read', () => {
		expect(lumaDreamMachine.readCreated(answer(200, text))).toMatchObject({ ok: false, problem });
		expect(lumaDreamMachine.readStatus(answer(200, text), ID)).toMatchObject({ ok: false, problem });
		expect(lumaDreamMachine.listing?.read(answer(200, text))).toMatchObject({ ok: false, problem: { kind: 'unreadable' } });
	});
});

describe('readList', () => {
	const row = { id: ID, state: 'dreaming' };
	const listed = generation(row, { generationId: ID, chargedWhenFailed: 'no' });
	it.each<[string, JsonObject, { generations: unknown[]; next: string | null }]>([
		[
			'an empty account',
			{ generations: [], count: 0, limit: 10, offset: 0, has_more: false },
			{ generations: [], next: null },
		],
		[
			'the last page',
			{ generations: [row], count: 1, limit: 10, offset: 20, has_more: false },
			{ generations: [listed], next: null },
		],
		[
			'a page with more to come',
			{ generations: [row, row], limit: 2, offset: 4, has_more: true },
			{ generations: [listed, listed], next: '6' },
		],
		[
			'more to come after an empty page',
			{ generations: [], offset: 4, has_more: true },
			{ generations: [], next: null },
		],
		['no word on more', { generations: [row], offset: 0 }, { generations: [listed], next: null }],
		['no offset to go on from', { generations: [row], has_more: true }, { generations: [listed], next: null }],
		[
			'rows that cannot be read',
			{ generations: [null, { id: 4 }, row, { id: ID }], offset: 0, has_more: true },
			{ generations: [listed], next: '4' },
		],
	])('%s', (_, body, expected) => {
		expect(lumaDreamMachine.listing?.read(answer(200, body))).toEqual({ ok: true, value: expected });
	});

	it('finds a generation by its callback address in the raw answer', () => {
		const body = { generations: [{ ...row, request: { callback_url: HOOK } }], offset: 0, has_more: false };
		expect(lumaDreamMachine.listing?.read(answer(200, body))).toMatchObject({
			value: { generations: [{ raw: { request: { callback_url: HOOK } } }] },
		});
	});

	it('passes a refusal on', () => {
		expect(lumaDreamMachine.listing?.read(answer(401, { detail: 'Not authenticated' }))).toMatchObject({
			ok: false,
			problem: { kind: 'credentials' },
		});
	});
});

describe('sameRequest', () => {
	const asked = request('ray-2', {
		startImage: START,
		loop: true,
		resolution: '720p',
		concepts: ['handheld'],
		callback: { url: HOOK, mode: 'terminal' },
	});
	const echo = { ...lumaDreamMachine.create(asked).body };
	const same = (listed: unknown, sent = asked) =>
		lumaDreamMachine.listing?.isSameRequest(generation({ request: listed } as JsonObject, {}), sent);

	it.each<[string, unknown, boolean]>([
		['the same', echo, true],
		['defaults filled in', { ...echo, generation_type: 'video', aspect_ratio: '16:9', duration: '5s' }, true],
		['another prompt', { ...echo, prompt: 'A blue kite' }, false],
		['another model', { ...echo, model: 'ray-flash-2' }, false],
		['another resolution', { ...echo, resolution: '540p' }, false],
		['another image', { ...echo, keyframes: { frame0: image(END) } }, false],
		['one image more', { ...echo, keyframes: { frame0: image(START), frame1: image(END) } }, false],
		['no image', { ...echo, keyframes: null }, false],
		['another concept', { ...echo, concepts: [{ key: 'pov' }] }, false],
		['one concept more', { ...echo, concepts: [{ key: 'handheld' }, { key: 'pov' }] }, false],
		['another callback address', { ...echo, callback_url: `${HOOK}/2` }, false],
		['no loop', { ...echo, loop: false }, false],
		['no request', null, false],
	])('%s: %s', (_, listed, expected) => {
		expect(same(listed)).toBe(expected);
	});

	it.each<[string, unknown, boolean]>([
		['blank fields', { prompt: PROMPT, model: 'ray-2', keyframes: null, concepts: [], loop: false }, true],
		['an image', { prompt: PROMPT, model: 'ray-2', keyframes: { frame0: image(START) } }, false],
		['a concept', { prompt: PROMPT, model: 'ray-2', concepts: [{ key: 'pov' }] }, false],
		['a loop', { prompt: PROMPT, model: 'ray-2', loop: true }, false],
		['a callback address', { prompt: PROMPT, model: 'ray-2', callback_url: HOOK }, false],
		['the type of a generated video', { prompt: PROMPT, model: 'ray-2', generation_type: 'video' }, true],
		[
			'a modified video',
			{ prompt: PROMPT, model: 'ray-2', generation_type: 'modify_video', mode: 'flex_1', media: { url: VIDEO } },
			false,
		],
		['the source of a modified video', { prompt: PROMPT, model: 'ray-2', media: { url: VIDEO } }, false],
	])('asked for text alone, listed with %s: %s', (_, listed, expected) => {
		expect(same(listed, request('ray-2'))).toBe(expected);
	});

	const two = request('ray-2', { concepts: ['handheld', 'pov'] });
	it.each<[string[], boolean]>([
		[['handheld', 'pov'], true],
		[['handheld', 'orbit_left'], false],
		[['orbit_left', 'pov'], false],
		[['handheld'], false],
	])('asked for two concepts, listed with %j: %s', (keys, expected) => {
		expect(same({ ...lumaDreamMachine.create(two).body, concepts: keys.map((key) => ({ key })) }, two)).toBe(expected);
	});

	it.each(['grid_position_x', 'grid_position_y', 'resized_height', 'resized_width', 'x_end', 'x_start', 'y_end', 'y_start'])(
		'asked for no place, listed with %s: another request',
		(field) => {
			const sent = request('ray-2', { operation: 'reframe', sourceVideo: SOURCE_VIDEO, aspectRatio: '1:1', prompt: '' });
			expect(same({ ...lumaDreamMachine.create(sent).body, [field]: 12 }, sent)).toBe(false);
		},
	);

	const modify = request('ray-2', { operation: 'modify', sourceVideo: SOURCE_VIDEO, mode: 'flex_1', prompt: '' });
	const reframe = request('ray-2', { operation: 'reframe', sourceVideo: SOURCE_VIDEO, aspectRatio: '1:1', prompt: '' });
	const extend = request('ray-2', { operation: 'extend', sourceGenerationId: ID });
	it.each<[string, VideoRequest, JsonObject, boolean]>([
		['the same modify', modify, {}, true],
		['another mode', modify, { mode: 'flex_2' }, false],
		['another source', modify, { media: { url: VIDEO } }, false],
		['a first frame', modify, { first_frame: { url: START } }, false],
		['no first frame', modify, { first_frame: null, prompt: '' }, true],
		['the same reframe', reframe, { grid_position_x: null, x_start: 0 }, true],
		['another ratio', reframe, { aspect_ratio: '9:16' }, false],
		['another place', reframe, { x_start: 12 }, false],
		['a modified video', reframe, { generation_type: 'modify_video' }, false],
		['the same extension', extend, { generation_type: 'video' }, true],
		['an extension of another video', extend, { keyframes: { frame0: made(OTHER_ID) } }, false],
		['an extension the other way', extend, { keyframes: { frame1: made(ID) } }, false],
		['an extension to an image', extend, { keyframes: { frame0: made(ID), frame1: image(END) } }, false],
	])('%s', (_, sent, change, expected) => {
		expect(same({ ...lumaDreamMachine.create(sent).body, ...change }, sent)).toBe(expected);
	});

	it.each(['upscale', 'addAudio'] as const)('%s does not name its source, so nothing is the same', (operation) => {
		const sent = request('', { operation, sourceGenerationId: ID });
		expect(same(lumaDreamMachine.create(sent).body, sent)).toBe(false);
	});
});

describe('readDeleted', () => {
	it('takes an empty answer for a yes', () => {
		expect(lumaDreamMachine.deletion?.read(answer(204, ''))).toEqual({ ok: true, value: true });
	});

	it('passes a refusal on', () => {
		expect(lumaDreamMachine.deletion?.read(answer(404, { detail: 'Generation not found' }))).toMatchObject({
			ok: false,
			problem: {
				kind: 'notFound',
				message: 'Luma Dream Machine has nothing under this ID or address: Generation not found',
			},
		});
	});
});

describe('refusals', () => {
	const validation = {
		detail: [
			{ type: 'string_too_short', loc: ['body', 'prompt'], msg: 'Too short', input: 'a', ctx: { min_length: 3 } },
			{ type: 'value', loc: [], msg: 'Loop is not supported for this' },
			'not a finding',
		],
	};
	it.each<[number, unknown, ProblemKind, string, string]>([
		[
			400,
			{ detail: 'Prompt is too short.' },
			'invalidRequest',
			'refused the request: Prompt is too short',
			FIELDS_ADVICE,
		],
		[400, { message: 'Bad model' }, 'invalidRequest', 'refused the request: Bad model', FIELDS_ADVICE],
		[400, { detail: [] }, 'invalidRequest', 'refused the request', FIELDS_ADVICE],
		[
			422,
			validation,
			'invalidRequest',
			'refused the request: prompt: Too short; Loop is not supported for this',
			FIELDS_ADVICE,
		],
		[
			400,
			{ detail: 'Insufficient credits' },
			'balance',
			'reports that the account has too little credit: Insufficient credits',
			'Add credit to the account.',
		],
		[
			402,
			{},
			'balance',
			'reports that the account has too little credit',
			'Add credit to the account.',
		],
		[
			403,
			{ detail: 'Your balance is used up' },
			'balance',
			'reports that the account has too little credit: Your balance is used up',
			'Add credit to the account.',
		],
		[
			400,
			{ detail: 'Advanced prompt moderation failed' },
			'moderation',
			'refused the content: Advanced prompt moderation failed',
			'Change the prompt or the images.',
		],
		[401, { detail: 'Not authenticated' }, 'credentials', 'did not accept the API key: Not authenticated', KEY_ADVICE],
		[
			401,
			{ detail: 'Insufficient permissions, no credit to be had' },
			'credentials',
			'did not accept the API key: Insufficient permissions, no credit to be had',
			KEY_ADVICE,
		],
		[403, { detail: 'Forbidden' }, 'credentials', 'did not accept the API key: Forbidden', KEY_ADVICE],
		[403, '<html>', 'credentials', 'did not accept the API key', KEY_ADVICE],
		[409, { detail: 'Conflict' }, 'invalidRequest', 'refused the request: Conflict', FIELDS_ADVICE],
		[
			408,
			{ detail: 'Timed out while reading the credit balance' },
			'unavailable',
			'could not handle the request at the moment: Timed out while reading the credit balance',
			'Wait a few minutes.',
		],
		[
			429,
			{ detail: 'Too many requests for your credit tier' },
			'rateLimited',
			'is receiving too many requests: Too many requests for your credit tier',
			"Lower 'Max Concurrent Generations', or run fewer workflows at the same time.",
		],
		[
			500,
			{ detail: 'Internal' },
			'unavailable',
			'could not handle the request at the moment: Internal',
			'Wait a few minutes.',
		],
		[502, '<html>', 'unavailable', 'could not handle the request at the moment: HTTP 502', 'Wait a few minutes.'],
		[
			503,
			{ detail: 'Credit service is down' },
			'unavailable',
			'could not handle the request at the moment: Credit service is down',
			'Wait a few minutes.',
		],
		[
			302,
			'',
			'redirected',
			'points to another address',
			"Check 'Base URL' in the credential: the key is not sent to other addresses.",
		],
	])('HTTP %i with %j', (statusCode, body, kind, happened, advice) => {
		const problem = {
			kind,
			message: `Luma Dream Machine ${happened}`,
			advice,
			httpStatus: statusCode,
			retryAfterMs: null,
		};
		expect(lumaDreamMachine.readCreated(answer(statusCode, body))).toEqual({ ok: false, problem });
		expect(lumaDreamMachine.readStatus(answer(statusCode, body), ID)).toEqual({ ok: false, problem });
	});

	it('names the newer provider once this API has ended', () => {
		const gone = answer(410, { detail: 'Gone' });
		for (const reading of [lumaDreamMachine.readCreated(gone), lumaDreamMachine.readStatus(gone, ID)]) {
			expect(reading).toMatchObject({
				problem: {
					kind: 'notFound',
					message: 'Luma Dream Machine no longer has this: Gone',
					advice: ENDED,
				},
			});
		}
	});

	it('tells a wrong address from a wrong id', () => {
		const unknown = answer(404, { detail: 'Not found' });
		expect(lumaDreamMachine.readCreated(unknown)).toMatchObject({
			problem: {
				kind: 'notFound',
				message: 'Luma Dream Machine does not generate videos at this address: Not found',
				advice: `Check 'Base URL' in the credential. ${ENDED}`,
			},
		});
		expect(lumaDreamMachine.readStatus(unknown, ID)).toMatchObject({
			problem: {
				kind: 'notFound',
				message: 'Luma Dream Machine has nothing under this ID or address: Not found',
				advice: 'Check the generation ID and that it belongs to the account of this credential.',
			},
		});
	});

	it.each(['upscale', 'addAudio'] as const)('tells an unknown generation from a wrong address: %s', (operation) => {
		const unknown = answer(404, { detail: 'Generation not found' });
		expect(lumaDreamMachine.readCreated(unknown, request('', { operation }))).toMatchObject({
			problem: {
				kind: 'notFound',
				message: 'Luma Dream Machine has nothing under this ID or address: Generation not found',
				advice: 'Check the generation ID and that it belongs to the account of this credential.',
			},
		});
		expect(lumaDreamMachine.readCreated(unknown, request('ray-2', { operation: 'modify' }))).toMatchObject({
			problem: { message: 'Luma Dream Machine does not generate videos at this address: Generation not found' },
		});
	});

	it('names the other API where this one is gone', () => {
		for (const operation of ['generate', 'upscale'] as const) {
			expect(lumaDreamMachine.readCreated(answer(410, ''), request('', { operation }))).toMatchObject({
				problem: { kind: 'notFound', advice: ENDED },
			});
		}
	});

	it('passes on how long to wait', () => {
		const busy = answer(429, { detail: 'Slow down' }, { 'retry-after-ms': '1500' });
		expect(lumaDreamMachine.readCreated(busy)).toMatchObject({ problem: { retryAfterMs: 1500 } });
	});
});

describe('estimateUsd', () => {
	it.each<[string, RequestFields, number | null]>([
		['ray-2', { resolution: '720p', duration: '5s' }, 0.71],
		['ray-2', { resolution: '4k', duration: '9s' }, 11.47],
		['ray-flash-2', { resolution: '540p', duration: '5s' }, 0.14],
		['ray-flash-2', { resolution: '1080p', duration: '9s' }, 0.99],
		['ray-2', { resolution: '720p' }, null],
		['ray-2', { duration: '5s' }, null],
		['ray-1-6', {}, null],
		['ray-9', { resolution: '720p', duration: '5s' }, null],
		['ray-2', { operation: 'extend', resolution: '720p', duration: '5s' }, null],
		['', { operation: 'upscale', resolution: '4k', duration: '5s' }, null],
	])('%s with %j: %s', (model, set, expected) => {
		expect(lumaDreamMachine.estimateUsd?.(request(model, set))).toBe(expected);
	});

	it.each<[JsonObject, number | null]>([
		[{}, 0.4],
		[{ seed: 5, loop: true }, 0.4],
		[{ generation_type: 'video' }, 0.4],
		[{ resolution: '4k' }, 6.37],
		[{ duration: '9s' }, 0.72],
		[{ model: 'ray-flash-2', resolution: '1080p', duration: '9s' }, 0.99],
		[{ keyframes: { frame0: image(START), frame1: image(END) } }, 0.4],
		// An extension, which has no published price.
		[{ keyframes: { frame0: { type: 'generation', id: ID } } }, null],
		[{ keyframes: { frame0: image(START), frame1: { type: 'generation', id: ID } } }, null],
		// What is in no table, or of another kind than the service takes.
		[{ keyframes: { frame0: START } }, null],
		[{ keyframes: [] }, null],
		[{ model: 'ray-3' }, null],
		[{ model: null }, null],
		[{ resolution: '360p' }, null],
		[{ resolution: null }, null],
		[{ resolution: 'constructor', duration: 'length' }, null],
		[{ duration: 9 }, null],
		[{ duration: '10s' }, null],
		[{ generation_type: 'modify_video' }, null],
		[{ generation_type: 'image' }, null],
	])('with the additional body fields %j: %p', (additionalBodyFields, expected) => {
		const bought = request('ray-2', { resolution: '540p', duration: '5s', additionalBodyFields });
		expect(lumaDreamMachine.estimateUsd?.(bought)).toBe(expected);
	});

	it('is none for what additional body fields would make a video at the address of another operation', () => {
		const more = { generation_type: 'video', resolution: '540p', duration: '5s' };
		const modify = request('ray-2', { operation: 'modify', sourceVideo: SOURCE_VIDEO, additionalBodyFields: more });
		expect(lumaDreamMachine.estimateUsd?.(modify)).toBeNull();
	});
});

it.each([
	['luma-api-0123456789', 'Luma Agents'],
	['luma-12345678-90ab-cdef-1234-567890abcdef', null],
	['anything else', null],
])('the key %s belongs to %p', (key, owner) => {
	expect(lumaDreamMachine.foreignKey?.(key)?.owner ?? null).toBe(owner);
});
