import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { fal } from '../../../nodes/LumaVideo/providers/fal';
import { blankImageRequest } from '../../../nodes/LumaVideo/providers/provider';
import type {
	Generation,
	ImageOperation,
	ImageRequest,
	IncomingCall,
	JsonObject,
	ProblemKind,
	ProviderAnswer,
	Reading,
} from '../../../nodes/LumaVideo/providers/provider';
import { BAD_TEXTS, END, HOOK, SOURCE_VIDEO, START, VIDEO, answer, findingsOf, generation, request, video } from './support';
import type { RequestFields } from './support';

const PROMPT = 'A red kite over the sea';
const ID = '764cabcf-b745-4b3e-ae38-1200304cf45b';
const PATH = '/luma/agent/ray/v3.2';
const DATA = 'data:image/png;base64,iVBORw0KGgo=';
const EXR = 'https://media.example/out.exr';
const IMAGE = 'https://media.example/out.png';

const finding = (type: string, msg: string, ...loc: string[]): JsonObject => ({ loc: ['body', ...loc], msg, type, url: 'https://docs.fal.ai/errors', input: {} });
const detail = (...findings: JsonObject[]): JsonObject => ({ detail: findings });

const MODIFY: RequestFields = { operation: 'modify', sourceVideo: SOURCE_VIDEO };
const REFRAME: RequestFields = { operation: 'reframe', sourceVideo: SOURCE_VIDEO };
const POSITION = { x: 0.1, y: 0.2, width: 0.5, height: 0.6 };

describe('create', () => {
	it.each<[string, RequestFields, string, JsonObject]>([
		['text', {}, 'text-to-video', {}],
		[
			'text, every choice',
			{ aspectRatio: '21:9', duration: '10s', resolution: '1080p' },
			'text-to-video',
			{ aspect_ratio: '21:9', duration: '10s', resolution: '1080p' },
		],
		['a loop', { loop: true }, 'text-to-video', { loop: true }],
		['HDR', { hdr: true, exrExport: true, resolution: '720p' }, 'text-to-video', { hdr: true, exr_export: true, resolution: '720p' }],
		['HDR, switched off', { hdr: false, exrExport: false }, 'text-to-video', {}],
		['a start image', { startImage: START }, 'image-to-video', { image_url: START }],
		['an image of n8n', { startImage: DATA }, 'image-to-video', { image_url: DATA }],
		['two images', { startImage: START, endImage: END }, 'image-to-video', { image_url: START, end_image_url: END }],
		[
			'keyframes',
			{ keyframes: [{ image: START, index: 0 }, { image: DATA, index: 240 }], duration: '10s' },
			'image-to-video',
			{ keyframes: [START, DATA], keyframe_indexes: [0, 240], duration: '10s' },
		],
		[
			'additional fields, last',
			{ resolution: '540p', additionalBodyFields: { resolution: '720p', seed: 7 } },
			'text-to-video',
			{ resolution: '720p', seed: 7 },
		],
		['an edit, left to the model', MODIFY, 'video-to-video', { video_url: SOURCE_VIDEO, auto_controls: true }],
		['an edit in mode auto', { ...MODIFY, mode: 'auto' }, 'video-to-video', { video_url: SOURCE_VIDEO, auto_controls: true }],
		['an edit by strength', { ...MODIFY, mode: 'flex_2' }, 'video-to-video', { video_url: SOURCE_VIDEO, edit_strength: 'flex_2' }],
		[
			'an edit by controls',
			{ ...MODIFY, editControls: { face: { enabled: true } } },
			'video-to-video',
			{ video_url: SOURCE_VIDEO, controls: { face: { enabled: true } } },
		],
		['an edit without controls of its own', { ...MODIFY, autoControls: false }, 'video-to-video', { video_url: SOURCE_VIDEO, auto_controls: false }],
		[
			'an edit in full',
			{ ...MODIFY, startImage: START, resolution: '1080p', hdr: true, exrExport: true, mode: 'adhere_1' },
			'video-to-video',
			{ video_url: SOURCE_VIDEO, start_image_url: START, resolution: '1080p', hdr: true, exr_export: true, edit_strength: 'adhere_1' },
		],
		[
			'an edit with keyframes',
			{ ...MODIFY, keyframes: [{ image: START, index: 12 }] },
			'video-to-video',
			{ video_url: SOURCE_VIDEO, keyframes: [START], keyframe_indexes: [12], auto_controls: true },
		],
		['reframe', { ...REFRAME, aspectRatio: '1:1', resolution: '720p' }, 'reframe', { video_url: SOURCE_VIDEO, aspect_ratio: '1:1', resolution: '720p' }],
		['reframe with the ratio left open', REFRAME, 'reframe', { video_url: SOURCE_VIDEO, aspect_ratio: '9:16' }],
		[
			'reframe at a position',
			{ ...REFRAME, aspectRatio: '1:1', sourcePosition: POSITION },
			'reframe',
			{ video_url: SOURCE_VIDEO, aspect_ratio: '1:1', source_position: { x_norm: 0.1, y_norm: 0.2, w_norm: 0.5, h_norm: 0.6 } },
		],
		['what is for the estimate only', { ...REFRAME, aspectRatio: '1:1', sourceLength: 12 }, 'reframe', { video_url: SOURCE_VIDEO, aspect_ratio: '1:1' }],
		['fields of other providers', { mode: 'flex_1', autoControls: true, cameraMotion: 'x', concepts: ['y'], userId: 'z' }, 'text-to-video', {}],
	])('%s', (_, set, model, body) => {
		expect(fal.create(request('ray-3.2', set))).toEqual({
			method: 'POST',
			path: `${PATH}/${model}`,
			body: { prompt: PROMPT, ...body },
		});
	});

	it.each(['terminal', 'progress'] as const)('a callback (%s), in the query', (mode) => {
		expect(fal.create(request('ray-3.2', { callback: { url: HOOK, mode } }))).toEqual({
			method: 'POST',
			path: `${PATH}/text-to-video`,
			query: { fal_webhook: HOOK },
			body: { prompt: PROMPT },
		});
	});
});

describe('Ray 2', () => {
	const OLD = '/fal-ai/luma-dream-machine';
	it.each<[string, RequestFields, string, JsonObject, number | null]>([
		['ray-2', {}, '/ray-2', {}, 0.5],
		['ray-2', { startImage: START, endImage: END, duration: '9s' }, '/ray-2/image-to-video', { image_url: START, end_image_url: END, duration: '9s' }, 1],
		['ray-2-flash', { aspectRatio: '9:21', resolution: '1080p', loop: true }, '/ray-2-flash', { aspect_ratio: '9:21', resolution: '1080p', loop: true }, 0.8],
		['ray-2', { ...MODIFY, startImage: START }, '/ray-2/modify', { video_url: SOURCE_VIDEO, image_url: START, mode: 'flex_1' }, null],
		['ray-2-flash', { ...MODIFY, mode: 'adhere_3' }, '/ray-2-flash/modify', { video_url: SOURCE_VIDEO, mode: 'adhere_3' }, null],
		[
			'ray-2-flash',
			{ ...REFRAME, sourceLength: 4.5, gridPosition: { gridPositionX: 3, xEnd: 500 } },
			'/ray-2-flash/reframe',
			{ video_url: SOURCE_VIDEO, aspect_ratio: '9:16', grid_position_x: 3, x_end: 500 },
			0.3,
		],
		['ray-2', { ...REFRAME, aspectRatio: '1:1' }, '/ray-2/reframe', { video_url: SOURCE_VIDEO, aspect_ratio: '1:1' }, null],
	])('%s with %j is %s', (model, set, end, body, usd) => {
		const asked = request(model, set);
		expect(fal.create(asked)).toEqual({ method: 'POST', path: `${OLD}${end}`, body: { prompt: PROMPT, ...body } });
		expect(fal.estimateUsd?.(asked)).toBe(usd);
	});
});

describe('images', () => {
	const image = (operation: ImageOperation, model: string, set: Partial<ImageRequest> = {}): ImageRequest => ({ ...blankImageRequest(operation, model), prompt: PROMPT, ...set });
	const reference = { kind: 'url', url: START } as const;
	it.each<[ImageOperation, string, Partial<ImageRequest>, string, JsonObject, number]>([
		['generate', 'uni-1', {}, 'text-to-image', {}, 0.042],
		[
			'generate',
			'uni-1-max',
			{ references: [reference], aspectRatio: '2:3', outputFormat: 'png', style: 'manga', webSearch: true },
			'max',
			{ reference_image_urls: [START], aspect_ratio: '2:3', output_format: 'png', style: 'manga', enable_web_search: true },
			0.105,
		],
		['edit', 'uni-1', { source: { kind: 'url', url: END } }, 'edit', { image_url: END }, 0.045],
		[
			'edit',
			'uni-1-max',
			{ source: { kind: 'fileId', fileId: END }, references: [reference, { kind: 'data', mimeType: 'image/png', base64: 'AAAA' }] },
			'max/edit',
			{ image_url: END, reference_image_urls: [START, 'data:image/png;base64,AAAA'] },
			0.111,
		],
	])('%s with %s and %j', (operation, model, set, end, body, usd) => {
		const asked = image(operation, model, set);
		expect(fal.images?.create(asked)).toEqual({ method: 'POST', path: `/luma/agent/uni-1/v1/${end}`, body: { prompt: PROMPT, ...body } });
		expect(fal.images?.estimateUsd(asked)).toBe(usd);
	});

	it('are known as such from the start', () => {
		expect(fal.readCreated(answer(200, { request_id: ID, status: 'IN_QUEUE' }), blankImageRequest('generate', 'uni-1'))).toMatchObject({ value: { makes: 'image', generationId: ID } });
	});
});

describe('files', () => {
	const { fileStore } = fal;
	if (!fileStore?.parts) throw new Error('no files');
	const { parts } = fileStore;
	const whole = { fileId: 'https://v3b.example/a.mp4', url: 'https://upload.example/x/y?token=z', method: 'PUT' as const, headers: {} };

	it.each([
		[94_371_840, 'initiate'],
		[94_371_841, 'initiate-multipart'],
	])('of %i bytes are announced at rest.fal.ai by %s', (size, end) => {
		expect(fileStore.announce({ name: 'a.mp4', mimeType: 'video/mp4', size })).toEqual({
			method: 'POST',
			path: `/storage/upload/${end}`,
			sibling: { of: 'https://queue.fal.run', origin: 'https://rest.fal.ai' },
			query: { storage_type: 'fal-cdn-v3' },
			body: { content_type: 'video/mp4', file_name: 'a.mp4' },
		});
		expect(size > parts.above).toBe(end === 'initiate-multipart');
	});

	it('go to the address that is given, and are called by their own', () => {
		expect(fileStore.readAnnounced(answer(200, { upload_url: whole.url, file_url: whole.fileId }))).toEqual({ ok: true, value: whole });
		expect(fileStore.readAnnounced(answer(200, { upload_url: whole.url }))).toMatchObject({ problem: { kind: 'unreadable' } });
	});

	it('in parts go below that address, and are put together there', () => {
		expect(parts.target(whole, 2)).toEqual({ ...whole, url: 'https://upload.example/x/y/2?token=z' });
		const part = parts.read(answer(200, { partNumber: 2, etag: 'abc', size: 5 }));
		expect(part).toEqual({ ok: true, value: { partNumber: 2, etag: 'abc' } });
		expect(parts.end(whole, part.ok ? [part.value] : [])).toEqual({
			target: { ...whole, method: 'POST', url: 'https://upload.example/x/y/complete?token=z' },
			body: { parts: [{ partNumber: 2, etag: 'abc' }] },
		});
	});
});

describe('the history', () => {
	const { listing } = fal;
	if (!listing) throw new Error('no list');
	const row = (more: JsonObject = {}): JsonObject => ({
		request_id: ID,
		endpoint_id: 'luma/agent/ray/v3.2/text-to-video',
		started_at: '2026-11-20T10:00:05Z',
		sent_at: '2026-11-20T10:00:01Z',
		ended_at: '2026-11-20T10:02:00Z',
		status_code: 200,
		json_input: { prompt: PROMPT, duration: '5s' },
		json_output: { video: { url: VIDEO } },
		...more,
	});

	it('is asked for at api.fal.ai, with all endpoints and what was sent', () => {
		const { query, ...call } = listing.call({ limit: 1000, cursor: 'Mg==' });
		expect(call).toEqual({ method: 'GET', path: '/v1/models/requests/by-endpoint', sibling: { of: 'https://queue.fal.run', origin: 'https://api.fal.ai' } });
		expect(query).toMatchObject({ expand: 'payloads', limit: 100, cursor: 'Mg==' });
		const endpoints = String(query?.endpoint_id).split(',');
		expect(endpoints).toHaveLength(16);
		expect(endpoints).toEqual(expect.arrayContaining(['luma/agent/uni-1/v1/max/edit', 'fal-ai/luma-dream-machine/ray-2-flash/image-to-video']));
	});

	it.each<[string, JsonObject, Partial<Generation>]>([
		['a video', row(), { status: 'completed', ...video(VIDEO) }],
		[
			'an image',
			row({ endpoint_id: 'luma/agent/uni-1/v1/edit', json_output: { images: [{ url: IMAGE }] } }),
			{ makes: 'image', model: 'uni-1', status: 'completed', media: [{ url: IMAGE, type: 'image' }] },
		],
		['what is without its output', row({ json_output: null }), { status: 'completed' }],
		[
			'what was refused',
			row({ status_code: 422, json_output: detail(finding('file_too_large', 'Big')) }),
			{ status: 'failed', failureReason: 'file_too_large: an input file is too large (Big)' },
		],
		['what broke', row({ status_code: 503, json_output: null }), { status: 'failed' }],
		['what ended with a code that says nothing', row({ status_code: 404, json_output: null }), { status: 'failed' }],
		['what has not ended', row({ ended_at: null, status_code: null }), { status: 'processing', completedAt: null }],
	])('has %s', (_, body, expected) => {
		expect(listing.read(answer(200, { items: [body, { request_id: 'x', endpoint_id: 'fal-ai/flux/dev' }], next_cursor: 'Mg==', has_more: true }))).toEqual({
			ok: true,
			value: {
				generations: [
					generation(body, {
						generationId: ID,
						model: 'ray-3.2',
						prompt: PROMPT,
						createdAt: '2026-11-20T10:00:01Z',
						completedAt: '2026-11-20T10:02:00Z',
						...expected,
					}),
				],
				next: 'Mg==',
			},
		});
	});

	it.each<[string, JsonObject, boolean]>([
		['the same', row(), true],
		['with defaults filled in', row({ json_input: { prompt: PROMPT, duration: '5s', aspect_ratio: '16:9', loop: false, seed: null } }), true],
		['another prompt', row({ json_input: { prompt: 'x', duration: '5s' } }), false],
		['a loop besides', row({ json_input: { prompt: PROMPT, duration: '5s', loop: true } }), false],
		['of another endpoint', row({ endpoint_id: 'luma/agent/ray/v3.2/image-to-video' }), false],
		['without its input', row({ json_input: null }), false],
	])('%s is the request: %#', (_, body, expected) => {
		expect(listing.isSameRequest(generation(body, {}), request('ray-3.2', { duration: '5s' }))).toBe(expected);
	});
});

describe('cancellation', () => {
	it.each<[number, JsonObject, object]>([
		[202, { status: 'CANCELLATION_REQUESTED' }, { ok: true }],
		[200, { success: true }, { ok: true }],
		[400, { status: 'ALREADY_COMPLETED' }, { problem: { kind: 'invalidRequest', message: 'fal.ai says that it has ended already' } }],
		[404, { status: 'NOT_FOUND' }, { problem: { kind: 'notFound', message: 'fal.ai does not have this generation' } }],
	])('HTTP %i with %j', (code, body, expected) => {
		expect(fal.cancellation?.read(answer(code, body))).toMatchObject(expected);
	});
});

const EACH_OF = (count: number) => Array.from({ length: count }, (_, index) => ({ image: START, index }));

describe('exclusions', () => {
	it.each<[string, RequestFields, string | null]>([
		['a loop', { loop: true, duration: '5s' }, null],
		['a loop of 10 seconds', { loop: true, duration: '10s' }, 'loop'],
		['a loop in HDR', { loop: true, hdr: true, resolution: '720p' }, 'loop'],
		['a loop with keyframes', { loop: true, keyframes: EACH_OF(2) }, 'loop'],
		['HDR at 720p', { hdr: true, resolution: '720p' }, null],
		['HDR at 540p', { hdr: true, resolution: '540p' }, 'hdr'],
		['HDR at the default resolution', { hdr: true }, 'hdr'],
		['HDR of 10 seconds', { hdr: true, resolution: '720p', duration: '10s' }, 'hdr'],
		['HDR of 10 seconds with keyframes', { hdr: true, resolution: '720p', duration: '10s', keyframes: EACH_OF(1) }, null],
		['an edit in HDR at 540p', { ...MODIFY, hdr: true, resolution: '540p' }, 'hdr'],
		['EXR without HDR', { exrExport: true }, 'exrExport'],
		['an edit as EXR without HDR', { ...MODIFY, exrExport: true }, 'exrExport'],
		['10 seconds from text', { duration: '10s' }, null],
		['10 seconds from an image', { duration: '10s', startImage: START }, 'duration'],
		['10 seconds with keyframes', { duration: '10s', keyframes: [{ image: START, index: 240 }] }, null],
		['keyframes and a start image', { startImage: START, keyframes: EACH_OF(1) }, 'keyframes'],
		['64 keyframes', { keyframes: EACH_OF(64) }, null],
		['65 keyframes', { keyframes: EACH_OF(65) }, 'keyframes'],
		['two keyframes at one frame', { keyframes: [...EACH_OF(1), ...EACH_OF(1)] }, 'keyframes'],
		['a keyframe at the end', { keyframes: [{ image: START, index: 120 }] }, null],
		['a keyframe after the end', { keyframes: [{ image: START, index: 121 }] }, 'keyframes'],
		['a keyframe after 10 seconds', { duration: '10s', keyframes: [{ image: START, index: 241 }] }, 'keyframes'],
		['a keyframe between frames', { keyframes: [{ image: START, index: 1.5 }] }, 'keyframes'],
		['a keyframe of an edit, anywhere', { ...MODIFY, keyframes: [{ image: START, index: 400 }] }, null],
		['a keyframe of an edit before its beginning', { ...MODIFY, keyframes: [{ image: START, index: -1 }] }, 'keyframes'],
		['keyframes and the first frame of an edit', { ...MODIFY, startImage: START, keyframes: EACH_OF(1) }, 'keyframes'],
		['automatic controls', { ...MODIFY, autoControls: true, mode: 'auto' }, null],
		['automatic controls with a strength', { ...MODIFY, autoControls: true, mode: 'flex_1' }, 'autoControls'],
		['automatic controls with controls', { ...MODIFY, autoControls: true, editControls: { face: {} } }, 'autoControls'],
		['a strength with controls', { ...MODIFY, mode: 'flex_1', editControls: { face: {} } }, null],
		['18 seconds to modify', { ...MODIFY, sourceLength: 18 }, null],
		['19 seconds to modify', { ...MODIFY, sourceLength: 19 }, 'sourceLength'],
		['30 seconds to reframe', { ...REFRAME, sourceLength: 30 }, null],
		['31 seconds to reframe', { ...REFRAME, sourceLength: 31 }, 'sourceLength'],
		['nothing to reframe', { ...REFRAME, sourceLength: 0 }, 'sourceLength'],
		['a position', { ...REFRAME, sourcePosition: POSITION }, null],
		['a position far out', { ...REFRAME, sourcePosition: { ...POSITION, x: -2.1 } }, 'sourcePosition'],
		['a position without a height', { ...REFRAME, sourcePosition: { ...POSITION, height: 0 } }, 'sourcePosition'],
	])('%s', (_, set, field) => {
		expect(findingsOf(fal.exclusions, request('ray-3.2', set)).map((each) => each.field)).toEqual(field === null ? [] : [field]);
	});
});

describe('prices', () => {
	it.each<[string, RequestFields, number | null]>([
		['text with the defaults', {}, 0.5],
		['text', { resolution: '1080p', duration: '10s' }, 4],
		['an image', { startImage: START, resolution: '720p', duration: '5s' }, 0.3],
		['keyframes of 10 seconds', { keyframes: EACH_OF(1), duration: '10s' }, null],
		['HDR of a new video', { hdr: true, resolution: '720p' }, null],
		['an edit of 5 seconds', { ...MODIFY, resolution: '540p', sourceLength: 5 }, 0.72],
		['an edit of 10 seconds', { ...MODIFY, resolution: '1080p', sourceLength: 10 }, 4.32],
		['an edit of 2 seconds', { ...MODIFY, sourceLength: 2 }, 0.72],
		['an edit of the longest video', MODIFY, 2.59],
		['an edit in HDR', { ...MODIFY, hdr: true, resolution: '720p', sourceLength: 5 }, 2.16],
		['an edit with EXR', { ...MODIFY, hdr: true, exrExport: true, resolution: '1080p', sourceLength: 10 }, 12.96],
		['an edit with a duration of its own', { ...MODIFY, additionalBodyFields: { duration: '10s' } }, null],
		['reframe by started seconds', { ...REFRAME, resolution: '720p', sourceLength: 5.2 }, 0.72],
		['reframe of the longest video', REFRAME, 1.8],
		['fields that were added', { additionalBodyFields: { resolution: '720p', duration: '10s' } }, 2],
		['a resolution that has no price', { additionalBodyFields: { resolution: '4k' } }, null],
		['HDR that is no flag', { additionalBodyFields: { hdr: 'yes' } }, null],
	])('%s', (_, set, usd) => {
		expect(fal.estimateUsd?.(request('ray-3.2', set))).toBe(usd);
	});
});

const ADDRESSES = {
	response_url: `https://elsewhere.example/luma/agent/requests/${ID}`,
	status_url: `https://elsewhere.example/luma/agent/requests/${ID}/status`,
	cancel_url: `https://elsewhere.example/luma/agent/requests/${ID}/cancel`,
};

describe('reads', () => {
	it('asks for the status and the result under the app, then under that of Ray 2, whatever addresses the answer names', () => {
		const created = fal.readCreated(answer(200, { status: 'IN_QUEUE', request_id: ID, ...ADDRESSES }));
		if (!created.ok) throw new Error('not read');
		const under = (method: string, end: string) => ({
			method,
			path: `/luma/agent/requests/${ID}${end}`,
			orElse: { method, path: `/fal-ai/luma-dream-machine/requests/${ID}${end}` },
		});
		expect(fal.status(created.value.generationId)).toEqual(under('GET', '/status'));
		expect(fal.result?.call(created.value)).toEqual(under('GET', ''));
		expect(fal.cancellation?.call(created.value.generationId)).toEqual(under('PUT', '/cancel'));
	});

	it('lets no id leave its place in the path', () => {
		const path = '/luma/agent/requests/..%2Fx%3Fy';
		expect(fal.status('../x?y').path).toBe(`${path}/status`);
		expect(fal.result?.call(generation({}, { generationId: '../x?y' })).path).toBe(path);
	});

	it.each<[string, JsonObject, Partial<Generation>]>([
		['the documented answer', { status: 'IN_QUEUE', request_id: ID, queue_position: 0, ...ADDRESSES }, { status: 'queued' }],
		['an answer that is further on', { status: 'IN_PROGRESS', request_id: ID }, { status: 'processing' }],
		['no status', { request_id: ID }, { status: 'queued' }],
	])('created: %s', (_, body, expected) => {
		expect(fal.readCreated(answer(200, body))).toEqual({ ok: true, value: generation(body, { generationId: ID, ...expected }) });
	});

	it.each([
		['no id', { status: 'IN_QUEUE' }],
		['an empty id', { status: 'IN_QUEUE', request_id: '' }],
		['a number for an id', { status: 'IN_QUEUE', request_id: 5 }],
	])('created: cannot read %s', (_, body) => {
		expect(fal.readCreated(answer(200, body))).toMatchObject({ ok: false, problem: { kind: 'unreadable' } });
	});

	it.each<[number, JsonObject, Partial<Generation>]>([
		[200, { status: 'IN_QUEUE', queue_position: 3 }, { status: 'queued' }],
		[202, { status: 'IN_QUEUE', queue_position: 3 }, { status: 'queued' }],
		[200, { status: 'IN_PROGRESS', logs: null }, { status: 'processing' }],
		[200, { status: 'POLISHING' }, { status: 'processing' }],
		[200, { status: 'COMPLETED', metrics: { inference_time: 84.1 } }, { status: 'completed' }],
		// What it was is told by the result.
		[200, { status: 'COMPLETED', error: 'Request failed', error_type: 'runner_server_error' }, { status: 'completed' }],
		[200, { status: 'FAILED', error: 'It broke' }, { status: 'failed', failureReason: 'It broke' }],
		[200, { status: 'CANCELED' }, { status: 'failed' }],
	])('status: HTTP %i with %j', (code, body, expected) => {
		expect(fal.readStatus(answer(code, body), ID)).toEqual({ ok: true, value: generation(body, { generationId: ID, ...expected }) });
	});

	it.each([[{}], [{ status: '' }], [{ status: 5 }]])('status: cannot read %j', (body) => {
		expect(fal.readStatus(answer(200, body), ID)).toMatchObject({ ok: false, problem: { kind: 'unreadable' } });
	});

	it.each(BAD_TEXTS)('cannot read %s', (_, text, shape) => {
		const message = `fal.ai sent ${shape} where the generation was expected (HTTP 200)`;
		expect(fal.readCreated(answer(200, text))).toMatchObject({ ok: false, problem: { kind: 'unreadable', message } });
		expect(fal.readStatus(answer(200, text), ID)).toMatchObject({ ok: false, problem: { kind: 'unreadable', message } });
	});
});


describe('the result', () => {
	const completed = generation({ status: 'COMPLETED' }, { generationId: ID, status: 'completed' });
	const broken = { ...completed, raw: { status: 'COMPLETED', error: 'Request failed', error_type: 'runner_server_error' } };
	const read = (given: ProviderAnswer, of = completed): Reading<Generation> => {
		if (!fal.result) throw new Error('no result');
		return fal.result.read(given, of);
	};

	it.each<[string, JsonObject, Partial<Generation>]>([
		['the documented video', { video: { url: VIDEO, content_type: 'video/mp4', file_name: 'out.mp4', file_size: 5 } }, video(VIDEO)],
		[
			'a video and its EXR files',
			{ video: { url: VIDEO }, exr_file: { url: EXR } },
			{ videoUrl: VIDEO, media: [{ url: VIDEO, type: 'video' }, { url: EXR, type: 'other' }] },
		],
		['no EXR files', { video: { url: VIDEO }, exr_file: null }, video(VIDEO)],
		['an image', { images: [{ url: IMAGE, content_type: 'image/png' }] }, { makes: 'image', media: [{ url: IMAGE, type: 'image' }] }],
		['no video', { video: null }, {}],
		['what is no address', { video: { url: 'out.mp4' } }, {}],
	])('%s', (_, body, expected) => {
		expect(read(answer(200, body))).toEqual({ ok: true, value: { ...completed, raw: body, ...expected } });
	});

	it.each(BAD_TEXTS.filter(([, text]) => text !== '{}'))('cannot read %s', (_, text, shape) => {
		const message = `fal.ai sent ${shape} where the result was expected (HTTP 200)`;
		expect(read(answer(200, text))).toMatchObject({ ok: false, problem: { kind: 'unreadable', message } });
	});

	it.each<[number, JsonObject, string | null]>([
		[
			422,
			detail(finding('content_policy_violation', 'It was flagged.', 'prompt')),
			'content_policy_violation: content moderation refused the prompt, an input or the result (prompt: It was flagged)',
		],
		[422, detail(finding('file_download_error', 'HTTP 404')), 'file_download_error: an input file could not be fetched from its address (HTTP 404)'],
		[422, detail(finding('missing', 'Field required', 'prompt'), finding('one_of', 'No', 'duration')), 'missing: prompt: Field required; duration: No'],
		[422, detail(finding('brand_new_type', 'What now')), 'brand_new_type: What now'],
		[422, { detail: 'Not like this' }, 'Not like this'],
		[422, {}, null],
		[400, detail(finding('downstream_service_error', 'Refused')), 'downstream_service_error: Luma refused the request (Refused)'],
		[400, { detail: 'Bad', error_type: 'bad_request' }, 'bad_request: Bad'],
		[499, { detail: 'Request was cancelled', error_type: 'client_cancelled' }, 'client_cancelled: the request was canceled (Request was cancelled)'],
		[413, { detail: 'Too large' }, 'Too large'],
	])('HTTP %i with %j is a failure', (code, body, failureReason) => {
		expect(read(answer(code, body))).toEqual({ ok: true, value: { ...completed, status: 'failed', failureReason, raw: body } });
	});

	it.each<[number, unknown, string]>([
		[500, { detail: 'It broke', error_type: 'runner_server_error' }, 'runner_server_error: It broke'],
		[504, detail(finding('generation_timeout', 'Too slow')), 'generation_timeout: the model took too long; another try may work (Too slow)'],
		[503, '<html>', 'runner_server_error: Request failed'],
	])('HTTP %i with %j is a failure where the status told of it, free of charge', (code, body, failureReason) => {
		expect(read(answer(code, body), broken)).toMatchObject({
			ok: true,
			value: {
				status: 'failed',
				failureReason,
				chargedWhenFailed: 'no',
				failureAdvice: 'The fault lies with fal.ai, not with your fields: run this item again.',
			},
		});
		expect(read(answer(code, body))).toMatchObject({ ok: false, problem: { kind: 'unavailable', httpStatus: code } });
	});

	it('that is not ready is running still', () => {
		const expected = { ok: true, value: { ...completed, status: 'processing' } };
		expect(read(answer(400, { detail: 'Request is still in progress' }))).toEqual(expected);
	});

	it.each<[number, unknown, ProblemKind]>([
		[302, '', 'redirected'],
		[401, { detail: 'No' }, 'credentials'],
		[403, { detail: 'User is locked. Reason: TOP_UP.' }, 'unavailable'],
		[403, { detail: 'No' }, 'permission'],
		[404, { detail: 'Request not found' }, 'notFound'],
		[408, '', 'unavailable'],
		[429, { detail: 'Slowly' }, 'rateLimited'],
		[500, '', 'unavailable'],
		[502, '<html>', 'unavailable'],
	])('HTTP %i with %j says nothing of the generation', (code, body, kind) => {
		for (const of of code < 500 ? [completed, broken] : [completed]) {
			expect(read(answer(code, body), of)).toMatchObject({ ok: false, problem: { kind, httpStatus: code } });
		}
	});
});

describe('refusals', () => {
	const LOCKED = 'User is locked. Reason: Exhausted balance. Top up your balance.';
	it.each<[number, unknown, ProblemKind, string]>([
		[401, { detail: 'Authentication is required.' }, 'credentials', 'fal.ai did not accept the API key: Authentication is required'],
		[403, { detail: LOCKED }, 'balance', `fal.ai reports that the account has too little credit: ${LOCKED.slice(0, -1)}`],
		[403, { detail: 'User is locked. Reason: TOP_UP.' }, 'balance', 'fal.ai reports that the account has too little credit: User is locked. Reason: TOP_UP'],
		[403, { detail: 'No access' }, 'permission', 'fal.ai does not allow this request with this API key: No access'],
		[404, { detail: 'Not Found' }, 'notFound', 'fal.ai does not offer this model at this address: Not Found'],
		[422, detail(finding('content_policy_violation', 'Flagged', 'prompt')), 'moderation', 'fal.ai refused the content: prompt: Flagged'],
		[422, detail(finding('missing', 'Field required', 'prompt')), 'invalidRequest', 'fal.ai refused the request: prompt: Field required'],
		[429, detail(finding('concurrent_requests_limit', 'Too many')), 'rateLimited', 'fal.ai is receiving too many requests: Too many'],
		[400, { error: { type: 'x', message: 'As the platform says it' } }, 'invalidRequest', 'fal.ai refused the request: As the platform says it'],
		[500, { detail: 'It broke', error_type: 'internal_error' }, 'unavailable', 'fal.ai could not handle the request at the moment: It broke'],
		[504, '', 'unavailable', 'fal.ai could not handle the request at the moment: HTTP 504'],
	])('create: HTTP %i with %j', (code, body, kind, message) => {
		expect(fal.readCreated(answer(code, body))).toMatchObject({ ok: false, problem: { kind, message, httpStatus: code } });
	});

	it('takes an account without money for a passing hindrance of a read', () => {
		expect(fal.readStatus(answer(403, { detail: LOCKED }), ID)).toMatchObject({
			problem: {
				kind: 'unavailable',
				message: `fal.ai shows no generations while the account has no money: ${LOCKED.slice(0, -1)}`,
				advice: 'Add money at https://fal.ai/dashboard/billing; what was started is not lost.',
			},
		});
	});

	it('tells an unknown id', () => {
		expect(fal.readStatus(answer(404, { detail: 'Request not found' }), ID)).toMatchObject({
			problem: { kind: 'notFound', message: 'fal.ai does not have this generation: Request not found' },
		});
	});
});

describe('callbacks', () => {
	const call = (body: JsonObject, headers: Record<string, string> = {}): IncomingCall => ({ body, text: JSON.stringify(body), headers });

	it.each<[string, JsonObject, unknown]>([
		['a video', { request_id: ID, gateway_request_id: ID, status: 'OK', error: null, payload: { video: { url: VIDEO } } }, { generationId: ID, status: 'completed' }],
		[
			'a failure',
			{ request_id: ID, gateway_request_id: ID, status: 'ERROR', error: 'Invalid status code: 422', payload: detail(finding('missing', 'No')) },
			{ generationId: ID, status: 'failed' },
		],
		['an output that is not in the call', { request_id: ID, status: 'OK', payload: null, payload_error: 'Not serializable' }, { generationId: ID, status: 'completed' }],
		['no id', { status: 'OK' }, null],
		['no status', { request_id: ID }, null],
		['a status of the queue', { request_id: ID, status: 'IN_PROGRESS' }, null],
	])('reads %s', (_, body, hint) => {
		expect(fal.callbacks?.read(call(body))).toEqual(hint);
	});

	const keys = generateKeyPairSync('ed25519');
	const x = keys.publicKey.export({ format: 'jwk' }).x ?? '';
	const otherX = generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' }).x ?? '';
	const NOW = 1_780_000_000_000;
	const BODY = { request_id: ID, status: 'OK', payload: { video: { url: VIDEO } } };

	/** A call as the service signs it, with headers or the text changed afterwards. */
	function signed(change: Record<string, string> = {}, { at = NOW, text = JSON.stringify(BODY) } = {}): IncomingCall {
		const [user, timestamp] = ['user-1', String(Math.floor(at / 1000))];
		const message = [ID, user, timestamp, createHash('sha256').update(JSON.stringify(BODY)).digest('hex')].join('\n');
		const headers = {
			'x-fal-webhook-request-id': ID,
			'x-fal-webhook-user-id': user,
			'x-fal-webhook-timestamp': timestamp,
			'x-fal-webhook-signature': sign(null, Buffer.from(message), keys.privateKey).toString('hex'),
			...change,
		};
		return { body: BODY, text, headers };
	}

	it.each<[string, IncomingCall, string[], boolean]>([
		['a true one', signed(), [x], true],
		['by one of several keys', signed(), [otherX, 'no key at all', x], true],
		['by none of the keys', signed(), [otherX], false],
		['without keys', signed(), [], false],
		['with what is no key', signed(), ['no key at all', ''], false],
		['299 seconds old', signed({}, { at: NOW - 299_000 }), [x], true],
		['301 seconds old', signed({}, { at: NOW - 301_000 }), [x], false],
		['299 seconds ahead', signed({}, { at: NOW + 299_000 }), [x], true],
		['301 seconds ahead', signed({}, { at: NOW + 301_000 }), [x], false],
		['with another body', signed({}, { text: JSON.stringify({ ...BODY, status: 'ERROR' }) }), [x], false],
		['with the same body in other bytes', signed({}, { text: JSON.stringify(BODY, null, 1) }), [x], false],
		['for another request', signed({ 'x-fal-webhook-request-id': 'other' }), [x], false],
		['for another user', signed({ 'x-fal-webhook-user-id': 'other' }), [x], false],
		['with a newer time', signed({ 'x-fal-webhook-timestamp': String(NOW / 1000 + 1) }), [x], false],
		['with a time that is none', signed({ 'x-fal-webhook-timestamp': 'now' }), [x], false],
		['with another signature', signed({ 'x-fal-webhook-signature': '0'.repeat(128) }), [x], false],
		['with a signature that is none', signed({ 'x-fal-webhook-signature': 'xyz' }), [x], false],
		['with no headers', { ...signed(), headers: {} }, [x], false],
	])('signed: %s', (_, given, known, genuine) => {
		expect(fal.callbacks?.signature?.isGenuine(given, known, NOW)).toBe(genuine);
	});

	it('asks for the public keys without its own', () => {
		expect(fal.callbacks?.signature?.keys.call()).toEqual({ method: 'GET', publicOrigin: 'https://rest.fal.ai', path: '/.well-known/jwks.json' });
	});

	it.each<[string, unknown, unknown]>([
		['keys', { keys: [{ kty: 'OKP', crv: 'Ed25519', x }, { kty: 'RSA', n: 'y' }, { kty: 'OKP', crv: 'X25519', x: 'z' }, { kty: 'OKP', crv: 'Ed25519' }] }, { ok: true, value: [x] }],
		['none', { keys: [] }, { ok: true, value: [] }],
		['what is no list', { keys: 'x' }, { ok: false }],
		['a web page', '<html>', { ok: false }],
	])('reads %s', (_, body, expected) => {
		expect(fal.callbacks?.signature?.keys.read(answer(200, body))).toMatchObject(expected as object);
	});
});
