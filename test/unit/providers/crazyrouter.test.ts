import { describe, expect, it } from '@jest/globals';
import { crazyrouter } from '../../../nodes/LumaVideo/providers/crazyrouter';
import { mayHaveBeenAccepted } from '../../../nodes/LumaVideo/providers/provider';
import type {
	Generation,
	GenerationStatus,
	JsonObject,
	ProblemKind,
} from '../../../nodes/LumaVideo/providers/provider';
import { BAD_TEXTS, END, HOOK, START, VIDEO, answer, generation, request, video } from './support';
import type { RequestFields } from './support';

const ID = 'luma_gen_abc123';
const PROMPT = 'A red kite over the sea';
const CREATED = '2026-03-01T12:00:00Z';

describe('create', () => {
	it.each<[string, RequestFields, JsonObject]>([
		['text to video', {}, {}],
		['the older model', { model: 'ray-v1' }, { model_name: 'ray-v1' }],
		['a start image', { startImage: START }, { image_url: START }],
		['both images', { startImage: START, endImage: END }, { image_url: START, image_end_url: END }],
		['5 seconds', { duration: '5s' }, { duration: '5' }],
		['9 seconds', { duration: '9s' }, { duration: '9' }],
		['a resolution', { resolution: '1080p' }, { resolution: '1080p' }],
		['prompt expansion', { expandPrompt: true }, { expand_prompt: true }],
		['no prompt expansion', { expandPrompt: false }, { expand_prompt: false }],
		['a callback', { callback: { url: HOOK, mode: 'terminal' } }, { notifyHook: HOOK }],
		['a callback on progress', { callback: { url: HOOK, mode: 'progress' } }, { notifyHook: HOOK }],
		[
			'additional fields, last',
			{ duration: '5s', additionalBodyFields: { aspect_ratio: '1:1', duration: '5s' } },
			{ duration: '5s', aspect_ratio: '1:1' },
		],
		[
			'fields it does not have',
			{
				aspectRatio: '1:1',
				loop: true,
				cameraMotion: 'x',
				concepts: ['y'],
				modelId: 'z',
				promptOptimization: true,
			},
			{},
		],
	])('%s', (_, set, body) => {
		expect(crazyrouter.create(request('ray-v2', set))).toEqual({
			method: 'POST',
			path: '/luma/generations',
			body: { user_prompt: PROMPT, model_name: 'ray-v2', ...body },
		});
	});
});

describe('extend', () => {
	const extend = (set: RequestFields = {}) =>
		request('', { operation: 'extend', sourceGenerationId: ID, ...set });
	it.each<[string, RequestFields, JsonObject]>([
		['a prompt alone', {}, {}],
		['a callback', { callback: { url: HOOK, mode: 'terminal' } }, { notifyHook: HOOK }],
		[
			'additional fields, last',
			{ additionalBodyFields: { expand_prompt: true, user_prompt: 'x' } },
			{ expand_prompt: true, user_prompt: 'x' },
		],
		[
			'fields it does not have',
			{ endImage: END, resolution: '720p', duration: '5s', expandPrompt: true, loop: true, direction: 'backward' },
			{},
		],
	])('sends %s', (_, set, body) => {
		expect(crazyrouter.create(extend(set))).toEqual({
			method: 'POST',
			path: `/luma/generations/${ID}/extend`,
			body: { user_prompt: PROMPT, ...body },
		});
	});

	it('lets no id leave its place in the path', () => {
		expect(crazyrouter.create(extend({ sourceGenerationId: '../x' })).path).toBe('/luma/generations/..%2Fx/extend');
	});

	it.each<[string, JsonObject, Partial<Generation>]>([
		['an ID of its own', { id: 'new', state: 'queued' }, { generationId: 'new', status: 'queued' }],
		['an ID and nothing else', { id: 'new' }, { generationId: 'new', status: 'queued' }],
		['no ID', { state: 'queued' }, { generationId: ID, status: 'queued' }],
		['no ID, in an envelope', { code: 'success', data: { status: 'SUBMITTED' } }, { generationId: ID, status: 'queued' }],
	])('reads an answer with %s', (_, body, expected) => {
		expect(crazyrouter.readCreated(answer(200, body), extend())).toEqual({
			ok: true,
			value: generation(body, expected),
		});
	});

	it('does not take an answer that says nothing for the video that was to be extended', () => {
		expect(crazyrouter.readCreated(answer(200, {}), extend())).toMatchObject({
			ok: false,
			problem: { kind: 'unreadable' },
		});
	});

	it('takes no ID from the request when a new video was asked for', () => {
		expect(crazyrouter.readCreated(answer(200, { state: 'queued' }), request('ray-v2'))).toMatchObject({
			ok: false,
			problem: { kind: 'unreadable' },
		});
	});

	it.each([
		[404, { error: { message: 'Not found', type: 'invalid_request_error', code: '' } }],
		[200, { code: 'task_not_exist', message: 'Not found', data: null }],
	])('does not know the video to extend: HTTP %i', (statusCode, body) => {
		expect(crazyrouter.readCreated(answer(statusCode, body), extend())).toMatchObject({
			ok: false,
			problem: { kind: 'notFound', message: 'CrazyRouter does not have this generation: Not found' },
		});
	});
});

describe('upload', () => {
	const direct = crazyrouter.upload?.direct;
	const url = 'https://media.crazyrouter.com/task-artifacts/tmp-inputs/2026/06/07/user-1/file_1.png';
	it('goes to the documented place', () => {
		expect(crazyrouter.upload).toMatchObject({
			mimeTypes: ['image/jpeg', 'image/png', 'image/webp', 'image/gif'],
			maxBytes: 20_000_000,
			ticket: null,
			direct: { path: '/v1/files/uploads', fields: { purpose: 'model_input' } },
		});
	});

	it.each<[string, JsonObject]>([
		[
			'the documented answer',
			{ id: 'file_1', url, mime_type: 'image/png', size: 2025, expires_at: '2026-06-09T04:41:35Z' },
		],
		['the older form', { success: true, message: '', data: url }],
		['an envelope', { code: 'success', data: { url } }],
		['a file', { file: { url } }],
		['a file address', { url: null, file_url: url }],
	])('reads the address from %s', (_, body) => {
		expect(direct?.read(answer(200, body))).toEqual({ ok: true, value: url });
	});

	it.each<[number, unknown, ProblemKind, string]>([
		[200, { id: 'file_1' }, 'unreadable', 'CrazyRouter sent an unknown answer where the address of the image was expected (HTTP 200)'],
		[200, { url: '/file.png' }, 'unreadable', 'CrazyRouter sent an unknown answer where the address of the image was expected (HTTP 200)'],
		[200, '<html>', 'unreadable', 'CrazyRouter sent a web page where the address of the image was expected (HTTP 200)'],
		[200, { success: false, message: 'Too large' }, 'invalidRequest', 'CrazyRouter refused the request: Too large'],
		[200, { code: 'bad_file', message: 'Too large' }, 'invalidRequest', 'CrazyRouter refused the request: Too large'],
		[401, { error: { message: 'Bad key' } }, 'credentials', 'CrazyRouter did not accept the API key: Bad key'],
		[404, '', 'notFound', 'CrazyRouter does not accept images at this address'],
		[413, { error: { message: 'Too large' } }, 'invalidRequest', 'CrazyRouter refused the request: Too large'],
		[503, '', 'unavailable', 'CrazyRouter could not handle the request at the moment: HTTP 503'],
	])('HTTP %i with %j', (statusCode, body, kind, message) => {
		expect(direct?.read(answer(statusCode, body))).toMatchObject({ ok: false, problem: { kind, message } });
	});
});

describe('status', () => {
	it('asks for a generation', () => {
		expect(crazyrouter.status(ID)).toEqual({ method: 'GET', path: `/luma/generations/${ID}` });
	});

	it('lets no id leave its place in the path', () => {
		expect(crazyrouter.status('../v1/models').path).toBe('/luma/generations/..%2Fv1%2Fmodels');
	});
});

describe('readCreated', () => {
	it.each<[string, JsonObject, Partial<Generation>]>([
		[
			'the documented answer',
			{ id: ID, state: 'queued', created_at: CREATED },
			{ status: 'queued', createdAt: CREATED },
		],
		[
			'many nulls',
			{ id: ID, state: 'pending', created_at: null, video: null, error: null, code: null, failure_reason: null },
			{ status: 'queued' },
		],
		['a task ID', { task_id: ID, status: 'SUBMITTED' }, { status: 'queued' }],
		['an envelope', { code: 'success', message: '', data: { id: ID, state: 'dreaming' } }, { status: 'processing' }],
		[
			'an envelope with a task ID',
			{ code: 'success', data: { task_id: ID, status: 'NOT_START' } },
			{ status: 'queued' },
		],
		['an envelope with nothing but the ID', { code: 'success', message: '', data: ID }, { status: 'queued' }],
		['an ID alone in data', { data: ID }, { status: 'queued' }],
		['a number beside a task ID', { id: 5, task_id: ID }, { status: 'queued' }],
		['no state', { id: ID }, { status: 'queued' }],
		['a state that is a number', { id: ID, status: 200 }, { status: 'queued' }],
		['a date as a number', { id: ID, created_at: 1_700_000_000 }, { status: 'queued', createdAt: '1700000000' }],
		[
			'a generation that failed at once',
			{ id: ID, state: 'failed', failure_reason: 'Prompt was refused' },
			{ status: 'failed', failureReason: 'Prompt was refused' },
		],
	])('%s', (_, body, expected) => {
		expect(crazyrouter.readCreated(answer(200, body))).toEqual({
			ok: true,
			value: generation(body, { generationId: ID, ...expected }),
		});
	});

	it.each([
		['no id', { state: 'queued', created_at: CREATED }],
		['an empty id', { id: '', state: 'queued' }],
		['a number for an id', { id: 5, state: 'queued' }],
		['a number in data', { code: 'success', data: 5 }],
		['nothing in data', { code: 'success', message: '', data: null }],
	])('cannot read an answer with %s', (_, body) => {
		expect(crazyrouter.readCreated(answer(200, body))).toMatchObject({
			ok: false,
			problem: { kind: 'unreadable' },
		});
	});
});

describe('readStatus', () => {
	const words: Array<[string, GenerationStatus]> = [
		['queued', 'queued'],
		['dreaming', 'processing'],
		['completed', 'completed'],
		['failed', 'failed'],
		['pending', 'queued'],
		['processing', 'processing'],
		['NOT_START', 'queued'],
		['SUBMITTED', 'queued'],
		['QUEUED', 'queued'],
		['IN_PROGRESS', 'processing'],
		['SUCCESS', 'completed'],
		['FAILURE', 'failed'],
		['CANCEL', 'failed'],
		['succeed', 'completed'],
		['Completed ', 'completed'],
		['pondering', 'processing'],
		['constructor', 'processing'],
	];
	it.each(words)('%s is %s', (word, status) => {
		const media = status === 'completed' ? video(VIDEO) : {};
		const bodies: JsonObject[] = [
			{ id: ID, state: word, created_at: CREATED, video: { url: VIDEO, download_url: VIDEO } },
			{ id: ID, status: word, created_at: CREATED, video: { url: VIDEO } },
			{ code: 'success', data: { task_id: ID, state: word, created_at: CREATED, video: { url: VIDEO } } },
			{ code: 'success', data: { task_id: ID, status: word, created_at: CREATED, result_url: VIDEO } },
		];
		for (const body of bodies) {
			expect(crazyrouter.readStatus(answer(200, body), ID)).toEqual({
				ok: true,
				value: generation(body, { generationId: ID, status, createdAt: CREATED, ...media }),
			});
		}
	});

	const other = 'https://media.example/watermarked.mp4';
	it.each<[string, JsonObject]>([
		['the download before the view', { video: { url: other, download_url: VIDEO } }],
		['the view where there is no download', { video: { url: VIDEO, download_url: null } }],
		['video before video_raw', { video: { url: VIDEO }, video_raw: { url: other } }],
		['video_raw', { video: null, video_raw: { url: VIDEO } }],
		['artifact', { artifact: { video: { url: VIDEO } } }],
		['assets', { assets: { video: VIDEO } }],
		['output', { output: { video_url: VIDEO } }],
		['video_url', { video_url: VIDEO }],
		['data.video', { data: { video: { url: VIDEO } } }],
		['data.video for download', { data: { video: { url: other, download_url: VIDEO } } }],
		['data.result_url', { data: { result_url: VIDEO } }],
		['data.artifact_url', { data: { artifact_url: VIDEO } }],
		['what is no URL is passed over', { video: { url: '', download_url: 'soon' }, video_url: VIDEO }],
	])('finds the video: %s', (_, places) => {
		const body = { id: ID, state: 'completed', ...places };
		expect(crazyrouter.readStatus(answer(200, body), ID)).toEqual({
			ok: true,
			value: generation(body, { generationId: ID, status: 'completed', ...video(VIDEO) }),
		});
	});

	it.each<[string, JsonObject, string | null]>([
		['nothing', {}, null],
		['failure_reason', { failure_reason: 'Why', message: 'Other' }, 'Why'],
		['fail_reason', { fail_reason: 'Why' }, 'Why'],
		['failReason', { failReason: 'Why' }, 'Why'],
		['an error object', { error: { message: 'Why' } }, 'Why'],
		['an error text', { error: 'Why' }, 'Why'],
		['a message', { message: 'Why' }, 'Why'],
		['a message that says all is well', { message: 'success' }, null],
		['data.fail_reason', { message: 'success', data: { fail_reason: 'Why' } }, 'Why'],
		['data.failure_reason', { data: { failure_reason: 'Why' } }, 'Why'],
	])('finds the reason: %s', (_, places, failureReason) => {
		const body = { id: ID, state: 'failed', ...places };
		expect(crazyrouter.readStatus(answer(200, body), ID)).toEqual({
			ok: true,
			value: generation(body, { generationId: ID, status: 'failed', failureReason }),
		});
	});

	it('reads the body of a callback too', () => {
		const body = {
			id: ID,
			status: 'succeed',
			type: 'video',
			output: { video_url: VIDEO, cover_url: START, duration: 5 },
			created_at: 1_709_290_800,
			updated_at: 1_709_290_900,
		};
		expect(crazyrouter.readStatus(answer(200, body), ID)).toEqual({
			ok: true,
			value: generation(body, { generationId: ID, status: 'completed', createdAt: '1709290800', ...video(VIDEO) }),
		});
	});

	it('keeps the id that was asked for', () => {
		const body = { id: 'upstream-id', state: 'dreaming' };
		expect(crazyrouter.readStatus(answer(200, body), ID)).toMatchObject({ value: { generationId: ID } });
	});

	it.each([
		['no video', {}],
		['an empty video', { video: {} }],
		['a video that is a list', { video: [VIDEO] }],
	])('reads a completed generation with %s as one without a video', (_, places) => {
		const body = { id: ID, state: 'completed', ...places };
		expect(crazyrouter.readStatus(answer(200, body), ID)).toEqual({
			ok: true,
			value: generation(body, { generationId: ID, status: 'completed' }),
		});
	});

	it('cannot read an answer without a state', () => {
		expect(crazyrouter.readStatus(answer(200, { id: ID }), ID)).toMatchObject({
			ok: false,
			problem: { kind: 'unreadable' },
		});
	});
});

describe.each(BAD_TEXTS.filter(([name]) => name !== 'JSON that is cut off'))('an answer of %s', (_, text, shape) => {
	const problem = {
		kind: 'unreadable',
		message: `CrazyRouter sent ${shape} where the generation was expected (HTTP 200)`,
	};
	it('cannot be read', () => {
		expect(crazyrouter.readCreated(answer(200, text))).toMatchObject({ ok: false, problem });
		expect(crazyrouter.readStatus(answer(200, text), ID)).toMatchObject({ ok: false, problem });
	});
});

it('cannot read an answer that is cut off', () => {
	expect(crazyrouter.readCreated(answer(200, `{"id":"${ID}","sta`))).toMatchObject({
		ok: false,
		problem: { kind: 'unreadable' },
	});
});

describe('refusals', () => {
	const envelope = (code: string, message: string) => ({ code, message, data: null });
	const openAi = (code: string | null, message: string, type = 'invalid_request_error') => ({
		error: { message, type, code },
	});
	const CONSOLE = 'https://crazyrouter.com';
	const key = 'CrazyRouter did not accept the API key';
	const balance = 'CrazyRouter reports that the account has too little credit';
	const refused = 'CrazyRouter refused the request';
	const permission = 'CrazyRouter does not allow this request with this API key';
	const limited = 'CrazyRouter is receiving too many requests';
	const busy = 'CrazyRouter has no free channel to this model at the moment';
	const unavailable = 'CrazyRouter could not handle the request at the moment';
	const unknownId = 'CrazyRouter does not have this generation';
	const KEY = `Check the API key in the credential. Keys begin with 'sk-' and are made in the console at ${CONSOLE}.`;
	const CREDIT = `Add credit at ${CONSOLE}. If the account has credit, raise the quota of this API key there.`;
	const LIMITS = `Check the API key's limits in the console at ${CONSOLE}: quota, allowed models, allowed IP addresses and expiry date.`;
	const BUSY = 'Wait a few minutes, or choose another model.';
	const FIELDS = "Check the node's fields.";
	const LOWER = "Lower 'Max Concurrent Generations', or run fewer workflows at the same time.";
	const UNKNOWN_ID = 'Check the generation ID and that it was bought with the API key of this credential.';
	const WAIT = 'Wait a few minutes.';

	it.each<[number, unknown, ProblemKind, string, string]>([
		[400, openAi(null, 'user_prompt is required'), 'invalidRequest', `${refused}: user_prompt is required`, FIELDS],
		[400, { error: 'user_prompt is required' }, 'invalidRequest', `${refused}: user_prompt is required`, FIELDS],
		[400, '', 'invalidRequest', refused, FIELDS],
		[401, openAi('invalid_api_key', 'Invalid API key'), 'credentials', `${key}: Invalid API key`, KEY],
		[401, openAi(null, 'Invalid token'), 'credentials', `${key}: Invalid token`, KEY],
		[401, '', 'credentials', key, KEY],
		[402, {}, 'balance', balance, CREDIT],
		[403, openAi('insufficient_quota', 'No quota'), 'balance', `${balance}: No quota`, CREDIT],
		[403, openAi('insufficient_user_quota', 'No quota'), 'balance', `${balance}: No quota`, CREDIT],
		[403, openAi(null, 'No quota', 'insufficient_quota'), 'balance', `${balance}: No quota`, CREDIT],
		[403, openAi(null, 'Insufficient account balance'), 'balance', `${balance}: Insufficient account balance`, CREDIT],
		[403, openAi(null, 'User balance is insufficient'), 'balance', `${balance}: User balance is insufficient`, CREDIT],
		[400, openAi(null, 'Insufficient balance'), 'invalidRequest', `${refused}: Insufficient balance`, FIELDS],
		[403, openAi(null, 'Token quota is not enough'), 'balance', `${balance}: Token quota is not enough`, CREDIT],
		[403, openAi(null, 'No access to model ray-v2'), 'permission', `${permission}: No access to model ray-v2`, LIMITS],
		[403, '<html>', 'permission', permission, LIMITS],
		[429, openAi('rate_limit_exceeded', 'Slow down'), 'rateLimited', `${limited}: Slow down`, LOWER],
		[429, '', 'rateLimited', limited, LOWER],
		[429, openAi('insufficient_quota', 'No quota'), 'balance', `${balance}: No quota`, CREDIT],
		[404, envelope('task_not_exist', 'No such task'), 'notFound', `${unknownId}: No such task`, UNKNOWN_ID],
		[400, envelope('task_not_exist', 'No such task'), 'notFound', `${unknownId}: No such task`, UNKNOWN_ID],
		[200, envelope('task_not_exist', 'No such task'), 'notFound', `${unknownId}: No such task`, UNKNOWN_ID],
		[200, envelope('get_channel_failed', 'Temporarily out'), 'rateLimited', `${busy}: Temporarily out`, BUSY],
		[400, envelope('get_channel_failed', 'Temporarily out'), 'rateLimited', `${busy}: Temporarily out`, BUSY],
		[503, envelope('get_channel_failed', 'Temporarily out'), 'unavailable', `${unavailable}: Temporarily out`, WAIT],
		[200, openAi('insufficient_quota', 'No quota'), 'balance', `${balance}: No quota`, CREDIT],
		[200, openAi('invalid_api_key', 'Bad key'), 'credentials', `${key}: Bad key`, KEY],
		[200, openAi('rate_limit_exceeded', 'Slow down'), 'rateLimited', `${limited}: Slow down`, LOWER],
		[200, envelope('bad_duration', 'Only 5 works'), 'invalidRequest', `${refused}: Only 5 works`, FIELDS],
		[200, { code: 400, message: 'Bad field' }, 'invalidRequest', `${refused}: Bad field`, FIELDS],
		[200, { code: 'no', message: 'Bad field', data: 'bad' }, 'invalidRequest', `${refused}: Bad field`, FIELDS],
		[200, { error: 'Bad field' }, 'invalidRequest', `${refused}: Bad field`, FIELDS],
		[200, openAi(null, 'Broken', 'server_error'), 'unavailable', `${unavailable}: Broken`, WAIT],
		[200, envelope('upstream_timeout', 'No answer'), 'unavailable', `${unavailable}: No answer`, WAIT],
		[408, envelope('insufficient_quota', 'No quota'), 'unavailable', `${unavailable}: No quota`, WAIT],
		[500, openAi('insufficient_quota', 'No quota'), 'unavailable', `${unavailable}: No quota`, WAIT],
		[500, openAi(null, 'Broken'), 'unavailable', `${unavailable}: Broken`, WAIT],
		[502, '<html>', 'unavailable', `${unavailable}: HTTP 502`, WAIT],
		[503, '', 'unavailable', `${unavailable}: HTTP 503`, WAIT],
		[
			301,
			'',
			'redirected',
			'CrazyRouter points to another address',
			"Check 'Base URL' in the credential: the key is not sent to other addresses.",
		],
	])('HTTP %i with %j', (statusCode, body, kind, message, advice) => {
		const problem = { kind, message, advice, httpStatus: statusCode, retryAfterMs: null };
		expect(crazyrouter.readCreated(answer(statusCode, body))).toEqual({ ok: false, problem });
		expect(crazyrouter.readStatus(answer(statusCode, body), ID)).toEqual({ ok: false, problem });
		expect(mayHaveBeenAccepted(problem)).toBe(kind === 'unavailable');
	});

	it('tells a wrong address from a wrong id', () => {
		const unknown = answer(404, { error: { message: 'Invalid URL', type: 'invalid_request_error', code: '' } });
		expect(crazyrouter.readCreated(unknown)).toMatchObject({
			problem: {
				kind: 'notFound',
				message: 'CrazyRouter does not offer Luma at this address: Invalid URL',
				advice: "Check 'Base URL' in the credential: it is the service's root, without /v1 at the end.",
			},
		});
		expect(crazyrouter.readStatus(unknown, ID)).toMatchObject({
			problem: { kind: 'notFound', message: `${unknownId}: Invalid URL`, advice: UNKNOWN_ID },
		});
	});

	it('passes on how long to wait', () => {
		expect(crazyrouter.readCreated(answer(429, '', { 'retry-after': '3' }))).toMatchObject({
			problem: { retryAfterMs: 3000 },
		});
	});
});
