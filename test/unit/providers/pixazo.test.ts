import { describe, expect, it } from '@jest/globals';
import { pixazo } from '../../../nodes/LumaVideo/providers/pixazo';
import type { Generation, JsonObject, ProblemKind } from '../../../nodes/LumaVideo/providers/provider';
import { BAD_TEXTS, END, HOOK, SOURCE_VIDEO, START, VIDEO, answer, findingsOf, generation, request, video } from './support';
import type { RequestFields } from './support';

const MODEL_ID = 'luma-dream-machine-ray-2-flash-image-to-video';
const ID = `${MODEL_ID}_019d0000-0000-7000-8000-000000000000`;
const PROMPT = 'A red kite over the sea';
const DASHBOARD = 'https://api-console.pixazo.ai/dashboard';

const OWN_FAULT = 'The fault lies with Pixazo, not with your fields: run this item again.';

describe('create', () => {
	it.each<[string, RequestFields, JsonObject, Record<string, string>]>([
		['the fewest fields', {}, {}, {}],
		['both images', { endImage: END }, { end_image_url: END }, {}],
		['an aspect ratio', { aspectRatio: '9:21' }, { aspect_ratio: '9:21' }, {}],
		['a resolution', { resolution: '1080p' }, { resolution: '1080p' }, {}],
		['a duration', { duration: '9s' }, { duration: '9s' }, {}],
		['a loop', { loop: true }, { loop: true }, {}],
		[
			'all seven fields',
			{ endImage: END, aspectRatio: '16:9', resolution: '540p', duration: '5s', loop: true },
			{ end_image_url: END, aspect_ratio: '16:9', resolution: '540p', duration: '5s', loop: true },
			{},
		],
		[
			'a callback at the end',
			{ callback: { url: HOOK, mode: 'terminal' } },
			{},
			{ 'X-Webhook-URL': HOOK, 'X-Webhook-Mode': 'terminal' },
		],
		[
			'a callback on progress',
			{ callback: { url: HOOK, mode: 'progress' } },
			{},
			{ 'X-Webhook-URL': HOOK, 'X-Webhook-Mode': 'sync' },
		],
		[
			'additional fields, last',
			{ duration: '5s', additionalBodyFields: { seed: 7, duration: '7s' } },
			{ duration: '7s', seed: 7 },
			{},
		],
		[
			'fields of other providers',
			{ cameraMotion: 'x', concepts: ['y'], expandPrompt: true, modelId: 'z', promptOptimization: true },
			{},
			{},
		],
	])('%s', (_, set, body, headers) => {
		expect(pixazo.create(request('ray-2-flash', { startImage: START, ...set }))).toEqual({
			method: 'POST',
			path: `/${MODEL_ID}/v1/${MODEL_ID}-request`,
			headers: { 'Cache-Control': 'no-cache', ...headers },
			body: { prompt: PROMPT, image_url: START, ...body },
		});
	});
});

describe('create with Ray 3.2', () => {
	const text = '/luma-agent-ray-v3-2-text-to-video/v1/text-to-video';
	const fromImage = '/luma-agent-ray-v3-2-image-to-video/v1/image-to-video';
	const edit = '/luma-agent-ray-v3-2-video-to-video/v1/video-to-video';
	const reframe = '/luma-agent-ray-v3-2-reframe/v1/reframe';
	it.each<[string, RequestFields, string, JsonObject, Record<string, string>]>([
		[
			'the documented example',
			{ aspectRatio: '16:9', resolution: '540p', duration: '5s' },
			text,
			{ aspect_ratio: '16:9', resolution: '540p', duration: '5s' },
			{},
		],
		['the fewest fields', {}, text, {}, {}],
		['a loop', { loop: true }, text, { loop: true }, {}],
		['a start image', { startImage: START }, fromImage, { image_url: START }, {}],
		[
			'a start image and all fields',
			{ startImage: START, aspectRatio: '1:1', resolution: '1080p', duration: '10s' },
			fromImage,
			{ image_url: START, aspect_ratio: '1:1', resolution: '1080p', duration: '10s' },
			{},
		],
		[
			'additional fields, last',
			{ resolution: '540p', additionalBodyFields: { resolution: '720p', reference_image_urls: [END] } },
			text,
			{ resolution: '720p', reference_image_urls: [END] },
			{},
		],
		[
			'a callback',
			{ callback: { url: HOOK, mode: 'progress' } },
			text,
			{},
			{ 'X-Webhook-URL': HOOK, 'X-Webhook-Mode': 'sync' },
		],
		['modify', { operation: 'modify', sourceVideo: SOURCE_VIDEO }, edit, { video_url: SOURCE_VIDEO }, {}],
		[
			'modify in full',
			{
				operation: 'modify',
				sourceVideo: SOURCE_VIDEO,
				startImage: START,
				resolution: '720p',
				additionalBodyFields: { edit_strength: 'flex_1' },
				callback: { url: HOOK, mode: 'terminal' },
			},
			edit,
			{ video_url: SOURCE_VIDEO, start_image_url: START, resolution: '720p', edit_strength: 'flex_1' },
			{ 'X-Webhook-URL': HOOK, 'X-Webhook-Mode': 'terminal' },
		],
		[
			'reframe',
			{ operation: 'reframe', sourceVideo: SOURCE_VIDEO, aspectRatio: '21:9', resolution: '1080p' },
			reframe,
			{ video_url: SOURCE_VIDEO, aspect_ratio: '21:9', resolution: '1080p' },
			{},
		],
		[
			'reframe with the ratio left open',
			{ operation: 'reframe', sourceVideo: SOURCE_VIDEO, additionalBodyFields: { source_position: {} } },
			reframe,
			{ video_url: SOURCE_VIDEO, aspect_ratio: '9:16', source_position: {} },
			{},
		],
		[
			'fields of other providers',
			{ operation: 'modify', sourceVideo: SOURCE_VIDEO, mode: 'flex_1', hdr: true, autoControls: true, userId: 'x' },
			edit,
			{ video_url: SOURCE_VIDEO },
			{},
		],
	])('%s', (_, set, path, body, headers) => {
		expect(pixazo.create(request('ray-3.2', set))).toEqual({
			method: 'POST',
			path,
			headers: { 'Cache-Control': 'no-cache', ...headers },
			body: { prompt: PROMPT, ...body },
		});
	});

	it('is not the model that is picked by default', () => {
		expect(pixazo.capabilities.models.map(({ value }) => value)).toEqual(['ray-2-flash', 'ray-3.2']);
	});

	const LOOP = { field: 'loop', finding: "cannot be combined with a 'Duration' of 10s; use one of the two" };
	it.each<[string, RequestFields, unknown[]]>([
		['ray-3.2', { loop: true, duration: '5s' }, []],
		['ray-3.2', { loop: true }, []],
		['ray-3.2', { duration: '10s' }, []],
		['ray-3.2', { loop: true, duration: '10s' }, [LOOP]],
		['ray-2-flash', { loop: true, duration: '9s' }, []],
	])('%s excludes with %j: %j', (model, set, expected) => {
		expect(findingsOf(pixazo.exclusions, request(model, set))).toEqual(expected);
	});
});

describe('status', () => {
	it('asks the endpoint for all models', () => {
		expect(pixazo.status(ID)).toEqual({ method: 'GET', path: `/v2/requests/status/${ID}` });
	});

	it('lets no id leave its place in the path', () => {
		expect(pixazo.status('../x?y').path).toBe('/v2/requests/status/..%2Fx%3Fy');
	});
});

describe('readCreated', () => {
	it.each<[string, JsonObject, Partial<Generation>]>([
		[
			'the documented answer',
			{
				request_id: ID,
				status: 'QUEUED',
				polling_url: `https://elsewhere.example/v2/requests/status/${ID}`,
			},
			{ status: 'queued' },
		],
		['an answer that is further on', { request_id: ID, status: 'PROCESSING' }, { status: 'processing' }],
		['no status', { request_id: ID }, { status: 'queued' }],
		['the ID under a name of the skill', { task_id: ID }, { status: 'queued' }],
		['the ID under another name of the skill', { id: ID, status: 'PROCESSING' }, { status: 'processing' }],
		['several IDs', { id: 'x', task_id: 'y', request_id: ID }, { status: 'queued' }],
		['a status of another type', { request_id: ID, status: { name: 'QUEUED' }, output: 5 }, { status: 'queued' }],
	])('%s', (_, body, expected) => {
		expect(pixazo.readCreated(answer(202, body))).toEqual({
			ok: true,
			value: generation(body, { generationId: ID, ...expected }),
		});
	});

	it.each([
		['no id', { status: 'QUEUED' }],
		['an empty id', { request_id: '', status: 'QUEUED' }],
		['a number for an id', { request_id: 5, status: 'QUEUED' }],
		['words of refusal', { error: 'Busy', message: 'Come back later' }],
	])('cannot read an answer with %s', (_, body) => {
		expect(pixazo.readCreated(answer(202, body))).toMatchObject({ ok: false, problem: { kind: 'unreadable' } });
	});
});

/** What the status endpoint and the callback say of a finished request. */
const completed = {
	request_id: ID,
	status: 'COMPLETED',
	model_id: MODEL_ID,
	error: null,
	output: { media_url: [VIDEO], media_type: 'video/mp4' },
	created_at: '2026-05-22T13:17:32.110Z',
	updated_at: '2026-05-22 13:19:23',
	completed_at: '2026-05-22 13:19:23',
};
const running = { ...completed, output: null, completed_at: null };
const known = { generationId: ID, model: 'ray-2-flash', createdAt: '2026-05-22T13:17:32.110Z' };

describe('readStatus', () => {
	it.each<[string, JsonObject, Partial<Generation>]>([
		['QUEUED', { ...running, status: 'QUEUED' }, { status: 'queued' }],
		['PROCESSING', { ...running, status: 'PROCESSING' }, { status: 'processing' }],
		['COMPLETED', completed, { status: 'completed', completedAt: '2026-05-22 13:19:23', ...video(VIDEO) }],
		[
			'COMPLETED, as a file without a type',
			{
				...completed,
				output: { media_url: ['https://media.example/output.ext'], media_type: 'application/octet-stream' },
				completed_at: '2026-03-31T10:00:15.000Z',
			},
			{
				status: 'completed',
				completedAt: '2026-03-31T10:00:15.000Z',
				...video('https://media.example/output.ext'),
			},
		],
		[
			'FAILED',
			{ ...running, status: 'FAILED', error: 'Prompt was refused' },
			{ status: 'failed', failureReason: 'Prompt was refused', chargedWhenFailed: 'unknown' },
		],
		['FAILED without a reason', { ...running, status: 'FAILED' }, { status: 'failed' }],
		[
			'ERROR',
			{ ...running, status: 'ERROR', error: 'Upstream is down' },
			{ status: 'failed', failureReason: 'Upstream is down', chargedWhenFailed: 'no', failureAdvice: OWN_FAULT },
		],
		[
			'ERROR with a reason in an object',
			{ ...running, status: 'ERROR', error: { message: 'Upstream is down' } },
			{ status: 'failed', failureReason: 'Upstream is down', chargedWhenFailed: 'no', failureAdvice: OWN_FAULT },
		],
		[
			'a word in lower case',
			{ ...completed, status: 'error' },
			{ status: 'failed', chargedWhenFailed: 'no', failureAdvice: OWN_FAULT, completedAt: '2026-05-22 13:19:23' },
		],
		['an unknown word', { ...running, status: 'POLISHING' }, { status: 'processing' }],
		[
			'another model',
			{ ...running, status: 'QUEUED', model_id: 'luma-agent-ray' },
			{ status: 'queued', model: 'luma-agent-ray' },
		],
		[
			'one URL instead of a list',
			{ ...completed, output: { media_url: VIDEO } },
			{ status: 'completed', completedAt: '2026-05-22 13:19:23', ...video(VIDEO) },
		],
		[
			'completed without output',
			{ ...completed, output: null },
			{ status: 'completed', completedAt: '2026-05-22 13:19:23' },
		],
		[
			'completed without a URL',
			{ ...completed, output: { media_url: [] } },
			{ status: 'completed', completedAt: '2026-05-22 13:19:23' },
		],
		[
			'completed with what is no URL',
			{ ...completed, output: { media_url: ['', null, 'output.mp4'] } },
			{ status: 'completed', completedAt: '2026-05-22 13:19:23' },
		],
	])('%s', (_, body, expected) => {
		expect(pixazo.readStatus(answer(200, body), ID)).toEqual({
			ok: true,
			value: generation(body, { ...known, ...expected }),
		});
	});

	it.each([
		[MODEL_ID, 'ray-2-flash'],
		['luma-agent-ray-v3-2-text-to-video', 'ray-3.2'],
		['luma-agent-ray-v3-2-image-to-video', 'ray-3.2'],
		['luma-agent-ray-v3-2-video-to-video', 'ray-3.2'],
		['luma-agent-ray-v3-2-reframe', 'ray-3.2'],
	])('%s is %s', (modelId, model) => {
		expect(pixazo.readStatus(answer(200, { ...running, status: 'QUEUED', model_id: modelId }), ID)).toMatchObject({
			value: { model },
		});
	});

	it('reads the short answer after a breakdown', () => {
		const body = { request_id: ID, status: 'ERROR', model_id: MODEL_ID, error: 'Upstream is down', output: null };
		expect(pixazo.readStatus(answer(200, body), ID)).toEqual({
			ok: true,
			value: generation(body, {
				...known,
				createdAt: null,
				status: 'failed',
				failureReason: 'Upstream is down',
				chargedWhenFailed: 'no', failureAdvice: OWN_FAULT,
			}),
		});
	});

	it('keeps all files in order', () => {
		const body = { ...completed, output: { media_url: [VIDEO, 'https://media.example/2.mp4'] } };
		expect(pixazo.readStatus(answer(200, body), ID)).toMatchObject({
			value: {
				videoUrl: VIDEO,
				media: [
					{ url: VIDEO, type: 'video' },
					{ url: 'https://media.example/2.mp4', type: 'video' },
				],
			},
		});
	});

	it('cannot read an answer without a status', () => {
		expect(pixazo.readStatus(answer(200, { request_id: ID }), ID)).toMatchObject({
			ok: false,
			problem: { kind: 'unreadable' },
		});
	});
});

describe.each(BAD_TEXTS)('an answer of %s', (_, text, shape) => {
	it('cannot be read', () => {
		expect(pixazo.readCreated(answer(202, text))).toMatchObject({
			ok: false,
			problem: {
				kind: 'unreadable',
				message: `Pixazo sent ${shape} where the generation was expected (HTTP 202)`,
			},
		});
		expect(pixazo.readStatus(answer(200, text), ID)).toMatchObject({ ok: false, problem: { kind: 'unreadable' } });
	});
});

describe('refusals', () => {
	const KEY_ADVICE = 'Check the API key in the credential. Keys are made at https://api-console.pixazo.ai/api_keys.';
	const FIELDS_ADVICE = "Check the node's fields: the prompt, and that each image URL opens without a login.";
	const WAIT_ADVICE = `Wait a few minutes. Generations that were started are listed at ${DASHBOARD}.`;
	it.each<[number, unknown, ProblemKind, string, string]>([
		[
			400,
			{ error: 'Bad Request', message: 'prompt is required' },
			'invalidRequest',
			'Pixazo refused the request: prompt is required',
			FIELDS_ADVICE,
		],
		[400, { error: 'Bad Request' }, 'invalidRequest', 'Pixazo refused the request: Bad Request', FIELDS_ADVICE],
		[
			400,
			{ error: 'Model not found', message: `Model '${MODEL_ID}' not found or is disabled` },
			'invalidRequest',
			`Pixazo does not currently offer this model: Model '${MODEL_ID}' not found or is disabled`,
			`See ${DASHBOARD} for the models on offer, or choose another provider.`,
		],
		[
			401,
			{ error: 'Unauthorized', message: 'Bad key' },
			'credentials',
			'Pixazo did not accept the API key: Bad key',
			KEY_ADVICE,
		],
		[
			401,
			{ statusCode: 401, message: 'Access denied due to invalid subscription key.' },
			'credentials',
			'Pixazo did not accept the API key: Access denied due to invalid subscription key',
			KEY_ADVICE,
		],
		[
			402,
			{ error: 'Insufficient Balance', message: 'Your wallet does not have enough balance.' },
			'balance',
			'Pixazo reports that the account has too little credit: Your wallet does not have enough balance',
			`Add money to the wallet at ${DASHBOARD}.`,
		],
		[
			403,
			{ statusCode: 403, message: 'Out of call volume quota.' },
			'permission',
			'Pixazo does not allow this request with this API key: Out of call volume quota',
			`Check at ${DASHBOARD} that the subscription of this API key is active, includes this model and has calls left.`,
		],
		[
			429,
			{ statusCode: 429, message: 'Rate limit is exceeded.' },
			'rateLimited',
			'Pixazo is receiving too many requests: Rate limit is exceeded',
			"Lower 'Max Concurrent Generations', or run fewer workflows at the same time.",
		],
		[
			500,
			{ error: 'Internal', message: 'Queue is down' },
			'unavailable',
			'Pixazo could not handle the request at the moment: Queue is down',
			WAIT_ADVICE,
		],
		[500, '', 'unavailable', 'Pixazo could not handle the request at the moment: HTTP 500', WAIT_ADVICE],
		[502, '<html>', 'unavailable', 'Pixazo could not handle the request at the moment: HTTP 502', 'Wait a few minutes.'],
		[
			307,
			'',
			'redirected',
			'Pixazo points to another address',
			"Check 'Base URL' in the credential: the key is not sent to other addresses.",
		],
	])('HTTP %i with %j', (statusCode, body, kind, message, advice) => {
		const problem = { kind, message, advice, httpStatus: statusCode, retryAfterMs: null };
		expect(pixazo.readCreated(answer(statusCode, body))).toEqual({ ok: false, problem });
		expect(pixazo.readStatus(answer(statusCode, body), ID)).toEqual({ ok: false, problem });
	});

	it('tells a wrong address from a wrong id', () => {
		const unknown = answer(404, { statusCode: 404, message: 'Resource not found' });
		expect(pixazo.readCreated(unknown)).toMatchObject({
			problem: {
				kind: 'notFound',
				message: 'Pixazo does not offer this model at this address: Resource not found',
				advice: `Check 'Base URL' in the credential. If it is right, see ${DASHBOARD} for the models on offer.`,
			},
		});
		expect(pixazo.readStatus(unknown, ID)).toMatchObject({
			problem: {
				kind: 'notFound',
				message: 'Pixazo does not have this generation: Resource not found',
				advice: 'Check the generation ID and that it belongs to the account of this credential.',
			},
		});
	});

	it('passes on how long to wait', () => {
		expect(pixazo.readCreated(answer(429, {}, { 'retry-after': '20' }))).toMatchObject({
			problem: { retryAfterMs: 20_000 },
		});
	});
});
