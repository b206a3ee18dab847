import { createHmac } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { mayHaveBeenAccepted } from '../../../nodes/LumaVideo/providers/provider';
import type { GenerationStatus, IncomingCall, JsonObject, ProblemKind } from '../../../nodes/LumaVideo/providers/provider';
import { replicate } from '../../../nodes/LumaVideo/providers/replicate';
import { BAD_TEXTS, END, HOOK, SOURCE_VIDEO, START, VIDEO, answer, findingsOf, generation, request, video } from './support';
import type { RequestFields } from './support';

const ID = '9rjqk0xyz1rma0csxampleq1w4';
const PROMPT = 'A red kite over the sea';
const CREATED = '2026-11-23T10:00:00.123Z';
const ENDED = '2026-11-23T10:01:12.200Z';

function prediction(status: string, more: JsonObject = {}): JsonObject {
	return {
		id: ID,
		model: 'luma/ray-3.2',
		version: 'hidden',
		input: { prompt: PROMPT },
		logs: '',
		output: null,
		data_removed: false,
		error: null,
		status,
		created_at: CREATED,
		urls: { get: `https://api.replicate.com/v1/predictions/${ID}`, cancel: `https://api.replicate.com/v1/predictions/${ID}/cancel` },
		...more,
	};
}

const KNOWN = { generationId: ID, model: 'ray-3.2', prompt: PROMPT, createdAt: CREATED };

describe('create', () => {
	it.each<[string, RequestFields, JsonObject, JsonObject?]>([
		['text alone', {}, {}],
		['a start image', { startImage: START }, { start_image: START }],
		['both images', { startImage: START, endImage: END }, { start_image: START, end_image: END }],
		['an image inside the request', { startImage: 'data:image/png;base64,AAAA' }, { start_image: 'data:image/png;base64,AAAA' }],
		...(['16:9', '9:16', '1:1', '4:3', '3:4', '21:9'] as const).map(
			(ratio): [string, RequestFields, JsonObject] => [ratio, { aspectRatio: ratio }, { aspect_ratio: ratio }],
		),
		...(['540p', '720p', '1080p'] as const).map(
			(resolution): [string, RequestFields, JsonObject] => [resolution, { resolution }, { resolution }],
		),
		['5 seconds, as a number', { duration: '5s' }, { duration: 5 }],
		['10 seconds, as a number', { duration: '10s' }, { duration: 10 }],
		['a loop', { loop: true }, { loop: true }],
		['HDR', { hdr: true }, { hdr: true }],
		['HDR switched off', { hdr: false }, { hdr: false }],
		['EXR', { hdr: true, exrExport: true }, { hdr: true, exr_export: true }],
		['a callback', { callback: { url: HOOK, mode: 'terminal' } }, {}, { webhook: HOOK, webhook_events_filter: ['completed'] }],
		[
			'additional fields: those of the input join it, last',
			{ duration: '5s', additionalBodyFields: { input: { seed: 7, duration: 10 } } },
			{ seed: 7, duration: 10 },
		],
		[
			'additional fields: others stand beside it',
			{ callback: { url: HOOK, mode: 'terminal' }, additionalBodyFields: { webhook_events_filter: ['start', 'completed'] } },
			{},
			{ webhook: HOOK, webhook_events_filter: ['start', 'completed'] },
		],
		['an additional input that is no object does not take the place of the prompt', { additionalBodyFields: { input: 'x' } }, {}],
		[
			'fields it does not have',
			{ cameraMotion: 'x', concepts: ['y'], modelId: 'z', negativePrompt: 'n', promptOptimization: true, expandPrompt: true, userId: 'u' },
			{},
		],
	])('%s', (_, set, input, body = {}) => {
		expect(replicate.create(request('ray-3.2', set))).toEqual({
			method: 'POST',
			path: '/models/luma/ray-3.2/predictions',
			body: { ...body, input: { prompt: PROMPT, ...input } },
		});
	});
});

describe('what cannot be said together', () => {
	const TEN = "cannot be combined with a 'Duration' of 10s";
	it.each<[string, RequestFields, Array<[field: string, finding: string]>]>([
		['nothing', {}, []],
		['10 seconds alone', { duration: '10s', resolution: '1080p' }, []],
		['a loop from an image', { loop: true, startImage: START }, []],
		['HDR with EXR', { hdr: true, exrExport: true, resolution: '1080p', duration: '5s' }, []],
		['HDR at the default resolution', { hdr: true }, []],
		['a loop of 10 seconds', { loop: true, duration: '10s' }, [['loop', `${TEN}; use one of the two`]]],
		['a loop in HDR', { loop: true, hdr: true }, [['loop', "cannot be combined with 'HDR'; use one of the two"]]],
		['10 seconds from an image', { startImage: START, duration: '10s' }, [['startImage', `${TEN}; choose 5s`]]],
		[
			'10 seconds between images',
			{ startImage: START, endImage: END, duration: '10s' },
			[
				['startImage', `${TEN}; choose 5s`],
				['endImage', `${TEN}; choose 5s`],
			],
		],
		['10 seconds in HDR', { hdr: true, duration: '10s' }, [['hdr', `${TEN}; choose 5s`]]],
		['HDR at 540p', { hdr: true, resolution: '540p' }, [['hdr', "needs a 'Resolution' of 720p or 1080p"]]],
		['EXR without HDR', { exrExport: true }, [['exrExport', "needs 'HDR'; switch both on or both off"]]],
		['EXR with HDR switched off', { exrExport: true, hdr: false }, [['exrExport', "needs 'HDR'; switch both on or both off"]]],
	])('%s', (_, set, expected) => {
		const findings = findingsOf(replicate.exclusions, request('ray-3.2', set));
		expect(findings.map(({ field, finding }) => [field, finding])).toEqual(expected);
	});
});

describe('estimateUsd', () => {
	it.each<[RequestFields, number | null]>([
		[{}, 0.3],
		[{ resolution: '540p', duration: '5s' }, 0.15],
		[{ resolution: '720p', duration: '5s' }, 0.3],
		[{ resolution: '1080p', duration: '5s' }, 1.2],
		[{ resolution: '540p', duration: '10s' }, 0.45],
		[{ resolution: '720p', duration: '10s' }, 0.9],
		[{ resolution: '1080p', duration: '10s' }, 3.6],
		[{ hdr: false, exrExport: false }, 0.3],
		[{ hdr: true }, null],
		[{ hdr: true, exrExport: true }, null],
		[{ startImage: START, loop: true }, 0.3],
		[{ additionalBodyFields: { input: { resolution: '1080p' } } }, 1.2],
		[{ additionalBodyFields: { input: { duration: 7 } } }, null],
		[{ additionalBodyFields: { input: { resolution: '4k' } } }, null],
		[{ additionalBodyFields: { input: { hdr: 'yes' } } }, null],
	])('%j costs %p', (set, usd) => {
		expect(replicate.estimateUsd?.(request('ray-3.2', set))).toBe(usd);
	});
});

describe('readCreated', () => {
	it.each([201, 202])('HTTP %i', (statusCode) => {
		const body = prediction('starting');
		expect(replicate.readCreated(answer(statusCode, body))).toEqual({ ok: true, value: generation(body, { ...KNOWN, status: 'queued' }) });
	});

	it.each<[string, JsonObject, Partial<ReturnType<typeof generation>>]>([
		['an id and nothing else', { id: ID }, { status: 'queued' }],
		['a status that is a number', { id: ID, status: 5 }, { status: 'queued' }],
		['a prediction that is over already', { id: ID, status: 'succeeded', output: VIDEO }, { status: 'completed', ...video(VIDEO) }],
	])('%s', (_, body, expected) => {
		expect(replicate.readCreated(answer(201, body))).toEqual({ ok: true, value: generation(body, { generationId: ID, ...expected }) });
	});

	it.each([
		['no id', { status: 'starting' }],
		['an empty id', { id: '', status: 'starting' }],
		['a number for an id', { id: 5, status: 'starting' }],
	])('cannot read an answer with %s', (_, body) => {
		expect(replicate.readCreated(answer(201, body))).toMatchObject({ ok: false, problem: { kind: 'unreadable' } });
	});
});

describe('readStatus', () => {
	it.each<[string, GenerationStatus]>([
		['starting', 'queued'],
		['processing', 'processing'],
		['succeeded', 'completed'],
		['failed', 'failed'],
		['canceled', 'failed'],
		['aborted', 'failed'],
		['pondering', 'processing'],
		['constructor', 'processing'],
	])('%s is %s', (word, status) => {
		expect(replicate.readStatus(answer(200, prediction(word, { output: VIDEO })), ID)).toMatchObject({
			ok: true,
			value: { ...KNOWN, status, videoUrl: status === 'completed' ? VIDEO : null },
		});
	});

	it('reads all that a finished prediction says', () => {
		const body = prediction('succeeded', { output: VIDEO, completed_at: ENDED });
		expect(replicate.readStatus(answer(200, body), ID)).toEqual({
			ok: true,
			value: generation(body, { ...KNOWN, status: 'completed', completedAt: ENDED, ...video(VIDEO) }),
		});
	});

	const EXR = 'https://replicate.delivery/xezq/frames.exr';
	it.each<[string, JsonObject, string | null, string[]]>([
		['an address', { output: VIDEO }, VIDEO, ['video']],
		['a list of one', { output: [VIDEO] }, VIDEO, ['video']],
		['a list of two', { output: [VIDEO, EXR] }, VIDEO, ['video', 'other']],
		['a list that begins with something else', { output: [EXR, VIDEO] }, VIDEO, ['other', 'video']],
		['a list with what is no address', { output: [null, 'soon', VIDEO] }, VIDEO, ['video']],
		['nothing', { output: null }, null, []],
		['a text that is no address', { output: 'soon' }, null, []],
	])('finds the video: %s', (_, more, videoUrl, types) => {
		const reading = replicate.readStatus(answer(200, prediction('succeeded', more)), ID);
		expect(reading).toMatchObject({ ok: true, value: { status: 'completed', videoUrl } });
		expect(reading.ok && reading.value.media.map(({ type }) => type)).toEqual(types);
	});

	it.each<[string, JsonObject, string | null, string | undefined, 'no' | 'unknown']>([
		['failed', { error: 'Out of paint (E1001)' }, 'Out of paint (E1001)', undefined, 'unknown'],
		['failed', {}, null, undefined, 'unknown'],
		['failed', { data_removed: true, input: {}, logs: null }, null, undefined, 'unknown'],
		['canceled', {}, 'the prediction was canceled', 'Run this item again.', 'unknown'],
		['aborted', {}, 'the prediction was aborted before it began', 'Run this item again.', 'no'],
		['aborted', { error: 'Deadline' }, 'Deadline', 'Run this item again.', 'no'],
	])('%s with %j', (status, more, failureReason, failureAdvice, chargedWhenFailed) => {
		const reading = replicate.readStatus(answer(200, prediction(status, more)), ID);
		expect(reading).toMatchObject({ ok: true, value: { status: 'failed', failureReason, chargedWhenFailed } });
		expect(reading.ok && reading.value.failureAdvice).toBe(failureAdvice);
	});

	it('says of a prediction whose data are removed that the video is gone, not that it failed', () => {
		const body = prediction('succeeded', { data_removed: true, input: {}, logs: null });
		expect(replicate.readStatus(answer(200, body), ID)).toEqual({
			ok: false,
			problem: {
				kind: 'notFound',
				message: 'Replicate has deleted the video: it keeps files for an hour',
				advice: "Save videos within an hour, such as with 'Download Video'.",
				httpStatus: 200,
				retryAfterMs: null,
			},
		});
	});

	it('cannot read an answer without a status', () => {
		expect(replicate.readStatus(answer(200, { id: ID }), ID)).toMatchObject({ ok: false, problem: { kind: 'unreadable' } });
	});
});

describe.each(BAD_TEXTS)('an answer of %s', (_, text, shape) => {
	it('cannot be read', () => {
		const problem = { kind: 'unreadable', message: `Replicate sent ${shape} where the generation was expected (HTTP 200)` };
		expect(replicate.readCreated(answer(200, text))).toMatchObject({ ok: false, problem });
		expect(replicate.readStatus(answer(200, text), ID)).toMatchObject({ ok: false, problem });
	});
});

describe('refusals', () => {
	const KEY = "Check the API token in the credential. Tokens begin with 'r8_' and are made at https://replicate.com/account/api-tokens.";
	const CREDIT = 'Buy credit at https://replicate.com/account/billing and wait a few minutes.';
	const FIELDS = "Check the node's fields.";
	const LIMITED = "Lower 'Max Concurrent Generations', or run fewer workflows at the same time.";
	const said = (status: number, detail: string, title?: string) => ({ status, detail, ...(title ? { title } : {}) });

	it.each<[number, unknown, ProblemKind, string, string]>([
		[401, said(401, 'You did not pass a valid authentication token', 'Unauthenticated'), 'credentials', 'Replicate did not accept the API key: You did not pass a valid authentication token', KEY],
		[401, '', 'credentials', 'Replicate did not accept the API key', KEY],
		[402, said(402, 'Buy credit first.', 'Insufficient credit'), 'balance', 'Replicate reports that the account has too little credit: Buy credit first', CREDIT],
		[402, { title: 'Insufficient credit' }, 'balance', 'Replicate reports that the account has too little credit: Insufficient credit', CREDIT],
		[403, '', 'permission', 'Replicate does not allow this request with this API key', 'Check that the API key may use this model.'],
		[422, said(422, '- input: prompt is required\n', 'Input validation failed'), 'invalidRequest', 'Replicate refused the request: input: prompt is required', FIELDS],
		[422, said(422, '- input: prompt is required\n- input: duration must be one of 5, 10\n'), 'invalidRequest', 'Replicate refused the request: input: prompt is required; input: duration must be one of 5, 10', FIELDS],
		[422, { title: 'Invalid version or not permitted' }, 'invalidRequest', 'Replicate refused the request: Invalid version or not permitted', FIELDS],
		[429, '', 'rateLimited', 'Replicate is receiving too many requests', LIMITED],
		[408, '', 'unavailable', 'Replicate could not handle the request at the moment: HTTP 408', 'Wait a few minutes.'],
		[500, '<html>', 'unavailable', 'Replicate could not handle the request at the moment: HTTP 500', 'Wait a few minutes.'],
		[502, said(502, 'Upstream'), 'unavailable', 'Replicate could not handle the request at the moment: Upstream', 'Wait a few minutes.'],
		[503, '', 'unavailable', 'Replicate could not handle the request at the moment: HTTP 503', 'Wait a few minutes.'],
	])('HTTP %i with %j', (statusCode, body, kind, message, advice) => {
		const problem = { kind, message, advice, httpStatus: statusCode, retryAfterMs: null };
		expect(replicate.readCreated(answer(statusCode, body))).toEqual({ ok: false, problem });
		expect(replicate.readStatus(answer(statusCode, body), ID)).toEqual({ ok: false, problem });
		expect(mayHaveBeenAccepted(problem)).toBe(kind === 'unavailable');
	});

	it('tells apart what is not there: the model, the generation, the store of files', () => {
		const unknown = answer(404, said(404, 'The requested resource could not be found.'));
		const end = ': The requested resource could not be found';
		expect(replicate.readCreated(unknown)).toMatchObject({ problem: { message: `Replicate does not offer this model at this address${end}` } });
		expect(replicate.readStatus(unknown, ID)).toMatchObject({ problem: { message: `Replicate does not have this generation${end}` } });
		expect(replicate.upload?.direct?.read(unknown)).toMatchObject({ problem: { message: `Replicate does not accept files at this address${end}` } });
	});

	it.each<[string, Record<string, string>, unknown, number | null]>([
		['the text', {}, { detail: 'Request was throttled. Your rate limit resets in ~30s.' }, 30_000],
		['the text, without the sign for about', {}, { detail: 'Request was throttled. Your rate limit resets in 4.5 s.' }, 4500],
		['the text, with the hint at low credit', {}, said(429, 'Your rate limit for creating predictions is reduced while you have less than $5.0 in credit. Your rate limit resets in ~7s.', 'Too Many Requests'), 7000],
		['the header first', { 'retry-after': '3' }, { detail: 'Your rate limit resets in ~30s.' }, 3000],
		['nothing', {}, { detail: 'Request was throttled.' }, null],
		['no JSON', {}, '', null],
	])('passes on how long to wait, by %s', (_, headers, body, retryAfterMs) => {
		expect(replicate.readCreated(answer(429, body, headers))).toMatchObject({ problem: { kind: 'rateLimited', retryAfterMs } });
	});

	it('takes no pause from other refusals', () => {
		expect(replicate.readCreated(answer(500, { detail: 'It resets in ~30s.' }))).toMatchObject({ problem: { retryAfterMs: null } });
	});
});

describe('the models of Ray 2', () => {
	const MODIFY: RequestFields = { operation: 'modify', sourceVideo: SOURCE_VIDEO };
	const REFRAME: RequestFields = { operation: 'reframe', sourceVideo: SOURCE_VIDEO };
	it.each<[string, RequestFields, string, JsonObject]>([
		['ray-2', {}, 'ray-2-720p', {}],
		['ray-2', { resolution: '540p', duration: '9s', startImage: START }, 'ray-2-540p', { duration: 9, start_image: START }],
		['ray-flash-2', { resolution: '720p', aspectRatio: '9:21', loop: true }, 'ray-flash-2-720p', { aspect_ratio: '9:21', loop: true }],
		['modify-video', { ...MODIFY, mode: 'flex_2', startImage: START }, 'modify-video', { video: SOURCE_VIDEO, mode: 'flex_2', first_frame: START }],
		[
			'reframe-video',
			{ ...REFRAME, aspectRatio: '1:1', gridPosition: { gridPositionX: 4, yEnd: 9 } },
			'reframe-video',
			{ video: SOURCE_VIDEO, aspect_ratio: '1:1', grid_position_x: 4, y_end: 9 },
		],
	])('%s with %j is luma/%s, without a price', (model, set, slug, input) => {
		const asked = request(model, set);
		expect(replicate.create(asked)).toEqual({ method: 'POST', path: `/models/luma/${slug}/predictions`, body: { input: { prompt: PROMPT, ...input } } });
		expect(replicate.estimateUsd?.(asked)).toBeNull();
		const listed = prediction('starting', { model: `luma/${slug}`, input: { prompt: PROMPT, ...input } });
		expect(replicate.listing?.isSameRequest(generation(listed, {}), asked)).toBe(true);
		expect(replicate.listing?.isSameRequest(generation({ ...listed, model: 'luma/ray-3.2' }, {}), asked)).toBe(false);
		expect(replicate.readStatus(answer(200, listed), ID)).toMatchObject({ value: { model } });
	});
});

describe('cancellation', () => {
	it.each(['starting', 'processing', 'canceled', 'later'])('is asked for, whether it is %s', (status) => {
		expect(replicate.cancellation?.call(ID)).toEqual({ method: 'POST', path: `/predictions/${ID}/cancel` });
		expect(replicate.cancellation?.read(answer(200, prediction(status)))).toEqual({ ok: true, value: true });
	});

	it.each(['succeeded', 'failed', 'aborted'])('comes too late for what has %s', (status) => {
		expect(replicate.cancellation?.read(answer(200, prediction(status)))).toMatchObject({
			ok: false,
			problem: { kind: 'invalidRequest', message: 'Replicate says that it has ended already' },
		});
	});
});

describe('callbacks', () => {
	const SECRET = `whsec_${Buffer.from('a secret of the account').toString('base64')}`;
	const OTHER = `whsec_${Buffer.from('another secret').toString('base64')}`;
	const NOW = Date.parse('2026-11-23T10:01:12.000Z');
	const SENT = String(Math.floor(NOW / 1000));
	const TEXT = JSON.stringify(prediction('succeeded', { output: VIDEO }));

	function signatureOf(key: string, id: string, timestamp: string, text: string): string {
		const secret = Buffer.from(key.slice('whsec_'.length), 'base64');
		return `v1,${createHmac('sha256', secret).update(`${id}.${timestamp}.${text}`).digest('base64')}`;
	}
	const RIGHT = signatureOf(SECRET, 'msg_1', SENT, TEXT);

	function incoming(headers: Record<string, string> = {}, text = TEXT): IncomingCall {
		return {
			body: JSON.parse(TEXT) as JsonObject,
			text,
			headers: { 'webhook-id': 'msg_1', 'webhook-timestamp': SENT, 'webhook-signature': RIGHT, ...headers },
		};
	}

	const { callbacks } = replicate;
	if (!callbacks?.signature) throw new Error('no signed callbacks');
	const { keys, isGenuine } = callbacks.signature;

	it('are asked for over https only', () => {
		expect(callbacks.httpsOnly).toBe(true);
		expect(callbacks.urlOf).toBeUndefined();
	});

	it.each<[unknown, unknown]>([
		[prediction('succeeded'), { generationId: ID, status: 'completed' }],
		[prediction('canceled'), { generationId: ID, status: 'failed' }],
		[prediction('processing'), { generationId: ID, status: 'processing' }],
		[prediction('succeeded', { data_removed: true }), { generationId: ID, status: 'completed' }],
		[{ type: 'prediction', data: prediction('succeeded') }, null],
		[{ id: ID }, null],
		[{ status: 'succeeded' }, null],
		[null, null],
		[[], null],
		['x', null],
	])('%j', (body, hint) => {
		expect(callbacks.read({ body: body as JsonObject, text: '', headers: {} })).toEqual(hint);
	});

	it('are signed with the secret of the account', () => {
		expect(keys.call()).toEqual({ method: 'GET', path: '/webhooks/default/secret' });
		expect(keys.read(answer(200, { key: SECRET }))).toEqual({ ok: true, value: [SECRET] });
	});

	it.each([{}, { key: '' }, { key: 'whsec_' }, { key: 5 }, { key: 'secret' }, []])('takes no secret from %j', (body) => {
		expect(keys.read(answer(200, body))).toMatchObject({ ok: false, problem: { kind: 'unreadable' } });
	});

	const late = (seconds: number): string => String(Number(SENT) + seconds);
	const signedAt = (timestamp: string) => ({ 'webhook-timestamp': timestamp, 'webhook-signature': signatureOf(SECRET, 'msg_1', timestamp, TEXT) });
	it.each<[string, IncomingCall, string[], boolean]>([
		['the right signature', incoming(), [SECRET], true],
		['the second of two keys', incoming(), [OTHER, SECRET], true],
		['the second of two signatures', incoming({ 'webhook-signature': `v1,AAAA ${RIGHT}` }), [SECRET], true],
		['five minutes ago', incoming(signedAt(late(-300))), [SECRET], true],
		['five minutes ahead', incoming(signedAt(late(300))), [SECRET], true],
		['letters beyond ASCII', incoming({ 'webhook-signature': signatureOf(SECRET, 'msg_1', SENT, 'Möwe') }, 'Möwe'), [SECRET], true],
		['more than five minutes ago', incoming(signedAt(late(-301))), [SECRET], false],
		['more than five minutes ahead', incoming(signedAt(late(301))), [SECRET], false],
		['an old call with a new time', incoming({ 'webhook-timestamp': late(1) }), [SECRET], false],
		['another key', incoming(), [OTHER], false],
		['no key', incoming(), [], false],
		['an empty key', incoming({ 'webhook-signature': signatureOf('whsec_', 'msg_1', SENT, TEXT) }), ['whsec_', ''], false],
		['another body', incoming({}, TEXT.replace('kite', 'kitE')), [SECRET], false],
		['the body written anew', incoming({}, JSON.stringify(JSON.parse(TEXT), null, 1)), [SECRET], false],
		['another id', incoming({ 'webhook-id': 'msg_2' }), [SECRET], false],
		['no id', incoming({ 'webhook-id': '' }), [SECRET], false],
		['no time', incoming({ 'webhook-timestamp': '' }), [SECRET], false],
		['a time that is no number', incoming({ 'webhook-timestamp': ENDED }), [SECRET], false],
		['a time in milliseconds', incoming(signedAt(String(NOW))), [SECRET], false],
		['no signature', incoming({ 'webhook-signature': '' }), [SECRET], false],
		['a signature of another version', incoming({ 'webhook-signature': RIGHT.replace('v1', 'v2') }), [SECRET], false],
		['half of the signature', incoming({ 'webhook-signature': RIGHT.slice(0, 24) }), [SECRET], false],
		['no headers', { ...incoming(), headers: {} }, [SECRET], false],
	])('%s', (_, call, secrets, expected) => {
		expect(isGenuine(call, secrets, NOW)).toBe(expected);
	});
});

describe('listing', () => {
	const { listing } = replicate;
	if (!listing) throw new Error('no list');
	const page = (next: string | null, ...results: unknown[]) => answer(200, { previous: null, next, results });

	it('asks for a page', () => {
		expect(listing.call({ limit: 20, cursor: null })).toEqual({ method: 'GET', path: '/predictions' });
		expect(listing.call({ limit: 20, cursor: 'cD1=' })).toEqual({ method: 'GET', path: '/predictions', query: { cursor: 'cD1=' } });
	});

	it.each<[string | null, string | null]>([
		[null, null],
		['https://api.replicate.com/v1/predictions?cursor=cD0yMDI2', 'cD0yMDI2'],
		['https://api.replicate.com/v1/predictions?created_before=x&cursor=a%2Bb%3D%3D', 'a+b=='],
		['https://elsewhere.example/steal?cursor=abc', 'abc'],
		['/v1/predictions?cursor=abc#d', 'abc'],
		['https://api.replicate.com/v1/predictions', null],
		['https://api.replicate.com/v1/predictions?cursor=', null],
		['not an address', null],
		['', null],
	])('after %j goes on at %j, which is all that is taken of it', (next, cursor) => {
		expect(listing.read(page(next))).toEqual({ ok: true, value: { generations: [], next: cursor } });
	});

	it("reads the predictions of Luma's models, and leaves out others and what is none", () => {
		const own = prediction('succeeded', { output: VIDEO });
		const gone = prediction('succeeded', { id: 'b', data_removed: true, input: {}, logs: null });
		const rows = [own, prediction('succeeded', { id: 'a', model: 'other/model' }), gone, null, { id: 'c' }];
		expect(listing.read(page(null, ...rows))).toEqual({
			ok: true,
			value: {
				generations: [
					generation(own, { ...KNOWN, status: 'completed', ...video(VIDEO) }),
					generation(gone, {
						...KNOWN,
						generationId: 'b',
						prompt: null,
						status: 'completed',
						failureReason: 'Replicate has deleted the video: it keeps files for an hour',
					}),
				],
				next: null,
			},
		});
	});

	const sent = { aspectRatio: '16:9', resolution: '720p', duration: '5s', startImage: START } as const;
	const input = { prompt: PROMPT, start_image: START, aspect_ratio: '16:9', resolution: '720p', duration: 5 };
	it.each<[string, JsonObject['input'] | undefined, RequestFields, boolean]>([
		['the same', input, sent, true],
		['the same in another order', Object.fromEntries(Object.entries(input).reverse()), sent, true],
		['with defaults filled in', { ...input, loop: false, hdr: false, exr_export: false, end_image: null }, sent, true],
		['defaults that were not sent', { prompt: PROMPT, aspect_ratio: '16:9', duration: 5, resolution: '720p' }, {}, true],
		['another prompt', { ...input, prompt: 'x' }, sent, false],
		['another length', { ...input, duration: 10 }, sent, false],
		['a length as text', { ...input, duration: '5' }, sent, false],
		['another shape that was not sent', { prompt: PROMPT, aspect_ratio: '1:1' }, {}, false],
		['another image', { ...input, start_image: END }, sent, false],
		['an end image besides', { ...input, end_image: END }, sent, false],
		['a loop besides', { ...input, loop: true }, sent, false],
		['a field that nobody knows', { ...input, seed: 7 }, sent, false],
		['the same field by hand', { ...input, seed: 7 }, { ...sent, additionalBodyFields: { input: { seed: 7 } } }, true],
		['no input any more', {}, sent, false],
		['no input', undefined, sent, false],
	])('%s', (_, listed, set, expected) => {
		const { input: none, ...rest } = prediction('starting');
		expect(none).toBeDefined();
		const raw: JsonObject = { ...rest, ...(listed === undefined ? {} : { input: listed }) };
		expect(listing.isSameRequest(generation(raw, {}), request('ray-3.2', set))).toBe(expected);
	});
});

describe('upload', () => {
	it('sends a form with the file in its one field', () => {
		expect(replicate.upload).toMatchObject({ ticket: null, direct: { path: '/files', fileField: 'content', fields: {} } });
	});

	const FILE = 'https://api.replicate.com/v1/files/cneqzikepnug6xezperrr4z55o';
	it('takes the address of the file', () => {
		const body = { id: 'cneqzikepnug6xezperrr4z55o', content_type: 'image/png', size: 5, urls: { get: FILE } };
		expect(replicate.upload?.direct?.read(answer(201, body))).toEqual({ ok: true, value: FILE });
	});

	it.each([{ id: 'x' }, { urls: {} }, { urls: { get: 'soon' } }, { urls: { get: 5 } }])('finds none in %j', (body) => {
		expect(replicate.upload?.direct?.read(answer(201, body))).toMatchObject({
			ok: false,
			problem: { kind: 'unreadable', message: 'Replicate sent an unknown answer where the address of the file was expected (HTTP 201)' },
		});
	});

	it('says that a file is too large', () => {
		expect(replicate.upload?.direct?.read(answer(413, { detail: 'Files must be less than 100MB in size' }))).toMatchObject({
			problem: {
				kind: 'invalidRequest',
				message: 'Replicate does not take a file of this size: Files must be less than 100MB in size',
				advice: 'Use a file of less than 100 MB, or the URL of a file on the web.',
			},
		});
	});
});

it('can neither delete nor tell a balance', () => {
	expect(replicate).not.toHaveProperty('deletion');
	expect(replicate).not.toHaveProperty('balance');
});
