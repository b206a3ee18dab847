import { describe, expect, it } from '@jest/globals';
import { pixwith } from '../../../nodes/LumaVideo/providers/pixwith';
import { mayHaveBeenAccepted } from '../../../nodes/LumaVideo/providers/provider';
import type { Generation, JsonObject, ProblemKind } from '../../../nodes/LumaVideo/providers/provider';
import { BAD_TEXTS, END, HOOK, START, VIDEO, answer, generation, request, video } from './support';
import type { RequestFields } from './support';

const ID = 'd425ab4dc256f0ebaa84862b9cea8a3d';
const PROMPT = 'A red kite over the sea';
const OPTIONS = { prompt_optimization: false, aspect_ratio: '16:9', resolution: '540p', duration: 5 };

describe('create', () => {
	it.each<[string, RequestFields, JsonObject, JsonObject]>([
		['text to video', {}, {}, {}],
		['a start image', { startImage: START }, { model_id: '3-4', image_urls: [START] }, {}],
		['both images', { startImage: START, endImage: END }, { model_id: '3-4', image_urls: [START, END] }, {}],
		['a model ID for text', { modelId: '2-99' }, { model_id: '2-99' }, {}],
		['a model ID with images', { startImage: START, modelId: '2-4' }, { model_id: '2-4', image_urls: [START] }, {}],
		['an aspect ratio', { aspectRatio: '1:1' }, {}, { aspect_ratio: '1:1' }],
		['a resolution', { resolution: '720p' }, {}, { resolution: '720p' }],
		['5 seconds', { duration: '5s' }, {}, { duration: 5 }],
		['9 seconds', { duration: '9s' }, {}, { duration: 9 }],
		['a loop', { loop: true }, {}, { loop: true }],
		['prompt optimization', { promptOptimization: true }, {}, { prompt_optimization: true }],
		['no prompt optimization', { promptOptimization: false }, {}, { prompt_optimization: false }],
		['additional fields', { additionalBodyFields: { seed: 7, model_id: '9-9' } }, { seed: 7, model_id: '9-9' }, {}],
		[
			'additional options beside the mandatory ones',
			{ additionalBodyFields: { options: { seed: 7, duration: 6 } } },
			{},
			{ seed: 7, duration: 6 },
		],
		['an options field that is none', { additionalBodyFields: { options: 'x' } }, {}, {}],
		[
			'fields of other providers',
			{ cameraMotion: 'x', concepts: ['y'], expandPrompt: true, callback: { url: HOOK, mode: 'terminal' } },
			{},
			{},
		],
	])('%s', (_, set, body, options) => {
		expect(pixwith.create(request('ray-2', set))).toEqual({
			method: 'POST',
			path: '/api/task/create',
			body: { prompt: PROMPT, model_id: '2-4', ...body, options: { ...OPTIONS, ...options } },
		});
	});
});

describe('balance', () => {
	it('is asked for by POST, without a body', () => {
		expect(pixwith.balance?.call()).toEqual({ method: 'POST', path: '/api/task/get_credits' });
	});

	it.each<[unknown, number]>([
		[{ code: 1, data: { credits: 9990 } }, 9990],
		[{ code: '1', data: { credits: '12.5' } }, 12.5],
		[{ data: { credits: 0 } }, 0],
	])('%j is %d', (body, amount) => {
		expect(pixwith.balance?.read(answer(200, body))).toEqual({ ok: true, value: { amount, unit: 'credits' } });
	});

	it.each([[{ code: 1 }], [{ code: 1, data: { credits: null } }], [{ code: 1, data: { credits: 'x' } }], ['<html>'], ['']])(
		'cannot be read from %j',
		(body) => {
			expect(pixwith.balance?.read(answer(200, body))).toMatchObject({
				ok: false,
				problem: { kind: 'unreadable', message: expect.stringMatching(/where the balance was expected \(HTTP 200\)$/) as unknown },
			});
		},
	);

	it('may be refused', () => {
		expect(pixwith.balance?.read(answer(200, { code: 2, message: 'Invalid API KEY' }))).toMatchObject({
			ok: false,
			problem: { kind: 'credentials' },
		});
	});
});

describe('upload', () => {
	const ticket = pixwith.upload?.ticket;
	it('takes what is documented', () => {
		expect(pixwith.upload).toMatchObject({
			mimeTypes: ['image/jpeg', 'image/png'],
			maxBytes: 10_000_000,
			direct: null,
		});
	});

	it.each([
		['cat.jpg', 'image/jpeg', 'cat.jpg'],
		['cat.JPEG', 'image/jpeg', 'cat.JPEG'],
		['cat.png', 'image/png', 'cat.png'],
		['cat.png', 'image/jpeg', 'cat.jpg'],
		['cat.jpg', 'image/png', 'cat.png'],
		['cat', 'image/png', 'cat.png'],
		['', 'image/jpeg', 'image.jpg'],
		['.png', 'image/jpeg', 'image.jpg'],
		['my cat (1).png', 'image/png', 'my_cat_1_.png'],
		['../../a b/ä.webp', 'image/jpeg', '_.._a_b_.jpg'],
	])('asks for a place for %j of type %s as %s', (name, mimeType, sent) => {
		expect(ticket?.call({ name, mimeType, size: 5 })).toEqual({
			method: 'POST',
			path: '/api/task/pre_url',
			body: { image_name: sent, content_type: mimeType },
		});
	});

	const url = 'https://storage.example/bucket';
	const image = 'https://cdn.pixwith.ai/images/abc.png';
	it.each<[string, unknown, JsonObject]>([
		[
			'the documented answer',
			{ code: 1, message: 'success', data: { upload_url: { url, fields: { key: 'a', policy: 'b' } }, image_url: image } },
			{ key: 'a', policy: 'b' },
		],
		['no fields', { code: 1, data: { upload_url: { url }, image_url: image } }, {}],
		[
			'the form of the tool',
			{ code: 1, msg: 'ok', data: { upload_url: url, form_fields: { key: 'a', size: 5 }, image_url: image } },
			{ key: 'a', size: '5' },
		],
	])('reads the place: %s', (_, body, fields) => {
		expect(ticket?.read(answer(200, body))).toEqual({ ok: true, value: { url, fields, fileUrl: image } });
	});

	it.each([
		[{ code: 1, data: { upload_url: { url } } }],
		[{ code: 1, data: { image_url: image } }],
		[{ code: 1, data: null }],
		[''],
	])('cannot read a place from %j', (body) => {
		expect(ticket?.read(answer(200, body))).toMatchObject({
			ok: false,
			problem: {
				kind: 'unreadable',
				message: expect.stringMatching(/where an address for the image was expected \(HTTP 200\)$/) as unknown,
			},
		});
	});

	it('may be refused', () => {
		expect(ticket?.read(answer(200, { code: 0, message: 'Invalid image format' }))).toMatchObject({
			ok: false,
			problem: { kind: 'invalidRequest', message: 'Pixwith.ai refused the request: Invalid image format' },
		});
	});
});

it('asks for a task by POST', () => {
	expect(pixwith.status(ID)).toEqual({ method: 'POST', path: '/api/task/get', body: { task_id: ID } });
});

describe('readCreated', () => {
	const data = { task_id: ID, estimated_time: 42 };
	it.each<[string, JsonObject, Partial<Generation>]>([
		['the documented answer', { code: 1, message: 'success', data }, { estimatedSeconds: 42 }],
		['a code as text', { code: '1', msg: 'success', data }, { estimatedSeconds: 42 }],
		['no code', { data }, { estimatedSeconds: 42 }],
		['no estimate', { code: 1, data: { task_id: ID } }, {}],
		['an estimate as text', { code: 1, data: { task_id: ID, estimated_time: '60' } }, { estimatedSeconds: 60 }],
		['an estimate of nothing', { code: 1, data: { task_id: ID, estimated_time: 0 } }, {}],
		['an estimate that is none', { code: 1, data: { task_id: ID, estimated_time: 'soon' } }, {}],
	])('%s', (_, body, expected) => {
		expect(pixwith.readCreated(answer(200, body))).toEqual({
			ok: true,
			value: generation(body, { generationId: ID, status: 'queued', ...expected }),
		});
	});

	it.each([
		['no data', { code: 1, message: 'success', data: null }],
		['no id', { code: 1, message: 'success', data: {} }],
		['an empty id', { code: 1, message: 'success', data: { task_id: '' } }],
		['a number for an id', { code: 1, message: 'success', data: { task_id: 5 } }],
		['an id in the wrong place', { code: 1, message: 'success', task_id: ID }],
	])('cannot read an answer with %s', (_, body) => {
		expect(pixwith.readCreated(answer(200, body))).toMatchObject({ ok: false, problem: { kind: 'unreadable' } });
	});
});

describe('readStatus', () => {
	const envelope = (data: JsonObject, set: JsonObject = {}) => ({ code: 1, message: 'success', data, ...set });
	it.each<[string, JsonObject, Partial<Generation>]>([
		['1', envelope({ task_id: ID, status: 1, result_urls: [] }), { status: 'processing' }],
		['2', envelope({ task_id: ID, status: 2, result_urls: [VIDEO] }), { status: 'completed', ...video(VIDEO) }],
		['3', envelope({ task_id: ID, status: 3, result_urls: [] }), { status: 'failed' }],
		['1 as text', envelope({ status: '1' }), { status: 'processing' }],
		['2 as text', envelope({ status: '2', result_urls: [VIDEO] }), { status: 'completed', ...video(VIDEO) }],
		['3 as text', envelope({ status: '3' }), { status: 'failed' }],
		['an unknown number', envelope({ status: 4, result_urls: [VIDEO] }), { status: 'processing' }],
		['zero', envelope({ status: 0 }), { status: 'processing' }],
		['a word', envelope({ status: 'waiting' }), { status: 'processing' }],
		[
			'3 with a reason',
			envelope({ status: 3 }, { message: 'The image could not be read' }),
			{ status: 'failed', failureReason: 'The image could not be read' },
		],
		[
			'3 with a reason under the other name',
			{ code: 1, msg: 'The image could not be read', data: { status: 3 } },
			{ status: 'failed', failureReason: 'The image could not be read' },
		],
		['1 with something to say', envelope({ status: 1 }, { message: 'In the queue' }), { status: 'processing' }],
		['3 with nothing to say', envelope({ status: 3 }, { message: 'Success ' }), { status: 'failed' }],
		[
			'3 in an envelope that says no',
			{ code: 0, message: 'Generation went wrong', data: { task_id: ID, status: 3 } },
			{ status: 'failed', failureReason: 'Generation went wrong' },
		],
		['results of a task that is not done', envelope({ status: 1, result_urls: [VIDEO] }), { status: 'processing' }],
		['results of a task that failed', envelope({ status: 3, result_urls: [VIDEO] }), { status: 'failed' }],
		['2 without a list', envelope({ status: 2 }), { status: 'completed' }],
		['2 with an empty list', envelope({ status: 2, result_urls: [] }), { status: 'completed' }],
		['2 with what is no URL', envelope({ status: 2, result_urls: ['', null] }), { status: 'completed' }],
		['2 with one URL', envelope({ status: 2, result_urls: VIDEO }), { status: 'completed', ...video(VIDEO) }],
		['no code', { data: { status: 1 } }, { status: 'processing' }],
	])('%s', (_, body, expected) => {
		expect(pixwith.readStatus(answer(200, body), ID)).toEqual({
			ok: true,
			value: generation(body, { generationId: ID, ...expected }),
		});
	});

	it.each([
		['no data', { code: 1, message: 'success', data: null }],
		['no status', { code: 1, message: 'success', data: { task_id: ID } }],
		['an empty status', { code: 1, message: 'success', data: { task_id: ID, status: '' } }],
	])('cannot read an answer with %s', (_, body) => {
		expect(pixwith.readStatus(answer(200, body), ID)).toMatchObject({ ok: false, problem: { kind: 'unreadable' } });
	});
});

describe.each(BAD_TEXTS)('an answer of %s', (_, text, shape) => {
	const problem = {
		kind: 'unreadable',
		message: `Pixwith.ai sent ${shape} where the generation was expected (HTTP 200)`,
	};
	it('cannot be read', () => {
		expect(pixwith.readCreated(answer(200, text))).toMatchObject({ ok: false, problem });
		expect(pixwith.readStatus(answer(200, text), ID)).toMatchObject({ ok: false, problem });
	});
});

describe('refusals', () => {
	const KEY_ADVICE =
		"Check the API key in the credential. Keys come from https://pixwith.ai/api and begin with 'key_'.";
	const CREDIT_ADVICE = 'Buy credits at https://pixwith.ai/api.';
	const IMAGE_ADVICE = 'Use image URLs that open without a login and lead to a JPEG or PNG file.';
	const FIELDS_ADVICE = "Check the node's fields.";
	const WAIT_ADVICE = 'Wait a few minutes.';
	const key = 'Pixwith.ai did not accept the API key';
	const balance = 'Pixwith.ai reports that the account has too little credit';
	const refused = 'Pixwith.ai refused the request';
	const unavailable = 'Pixwith.ai could not handle the request at the moment';

	it.each<[number, unknown, ProblemKind, string, string]>([
		[200, { code: 0, message: 'Invalid API KEY', data: null }, 'credentials', `${key}: Invalid API KEY`, KEY_ADVICE],
		[200, { code: 2, msg: 'Sign in first.' }, 'credentials', `${key}: Sign in first`, KEY_ADVICE],
		[200, { code: 2, message: 'Credits not enough' }, 'credentials', `${key}: Credits not enough`, KEY_ADVICE],
		[200, { code: '2' }, 'credentials', key, KEY_ADVICE],
		[200, { code: 0, message: 'Credits not enough' }, 'balance', `${balance}: Credits not enough`, CREDIT_ADVICE],
		[200, { code: 0, msg: 'Credits not enough' }, 'balance', `${balance}: Credits not enough`, CREDIT_ADVICE],
		[
			200,
			{ code: 0, message: 'Invalid image format' },
			'invalidRequest',
			`${refused}: Invalid image format`,
			IMAGE_ADVICE,
		],
		[200, { code: 0, message: 'Invalid image url' }, 'invalidRequest', `${refused}: Invalid image url`, IMAGE_ADVICE],
		[200, { code: 0, message: 'Model is offline' }, 'invalidRequest', `${refused}: Model is offline`, FIELDS_ADVICE],
		[200, { code: 0, message: 'success' }, 'invalidRequest', refused, FIELDS_ADVICE],
		[200, { code: 0 }, 'invalidRequest', refused, FIELDS_ADVICE],
		[200, { code: 7, data: {} }, 'invalidRequest', refused, FIELDS_ADVICE],
		[400, { code: 0, message: 'Bad duration' }, 'invalidRequest', `${refused}: Bad duration`, FIELDS_ADVICE],
		[400, { code: 0, message: 'Credits not enough' }, 'balance', `${balance}: Credits not enough`, CREDIT_ADVICE],
		[401, '', 'credentials', key, KEY_ADVICE],
		[402, '', 'balance', balance, 'Add credit to the account.'],
		[
			403,
			{ code: 0, message: 'Not for you' },
			'permission',
			'Pixwith.ai does not allow this request with this API key: Not for you',
			'Check that the API key may use this model.',
		],
		[
			200,
			{ code: 0, message: 'Too many requests, slow down.' },
			'rateLimited',
			'Pixwith.ai is receiving too many requests: Too many requests, slow down',
			"Lower 'Max Concurrent Generations', or run fewer workflows at the same time.",
		],
		[
			429,
			{ code: 0, message: 'Slow down' },
			'rateLimited',
			'Pixwith.ai is receiving too many requests: Slow down',
			"Lower 'Max Concurrent Generations', or run fewer workflows at the same time.",
		],
		[500, { code: 0, message: 'Broken' }, 'unavailable', `${unavailable}: Broken`, WAIT_ADVICE],
		[500, { code: 0, message: 'Credits not enough' }, 'balance', `${balance}: Credits not enough`, CREDIT_ADVICE],
		[500, { message: 'Credits not enough' }, 'unavailable', `${unavailable}: Credits not enough`, WAIT_ADVICE],
		[502, '<html>', 'unavailable', `${unavailable}: HTTP 502`, WAIT_ADVICE],
		[
			308,
			'',
			'redirected',
			'Pixwith.ai points to another address',
			"Check 'Base URL' in the credential: the key is not sent to other addresses.",
		],
	])('HTTP %i with %j', (statusCode, body, kind, message, advice) => {
		const problem = { kind, message, advice, httpStatus: statusCode, retryAfterMs: null };
		expect(pixwith.readCreated(answer(statusCode, body))).toEqual({ ok: false, problem });
		expect(pixwith.readStatus(answer(statusCode, body), ID)).toEqual({ ok: false, problem });
		expect(mayHaveBeenAccepted(problem)).toBe(kind === 'unavailable');
	});

	it('blames the generation ID only where there is one', () => {
		const problem = { kind: 'notFound', message: 'Pixwith.ai has nothing under this ID or address' };
		expect(pixwith.readCreated(answer(404, '<html>'))).toMatchObject({
			problem: { ...problem, advice: "Check 'Base URL' in the credential." },
		});
		expect(pixwith.readStatus(answer(404, '<html>'), ID)).toMatchObject({
			problem: { ...problem, advice: "Check the generation ID, and 'Base URL' in the credential." },
		});
	});

	it('passes on how long to wait', () => {
		expect(pixwith.readCreated(answer(429, '', { 'retry-after': '3' }))).toMatchObject({
			problem: { retryAfterMs: 3000 },
		});
	});
});
