/** What each provider's callbacks are recognised by: every documented body, and everything else that may arrive. */
import { describe, expect, it } from '@jest/globals';
import { isId } from '../../../nodes/LumaVideo/callbacks/trigger';
import { crazyrouter } from '../../../nodes/LumaVideo/providers/crazyrouter';
import { lumaDreamMachine } from '../../../nodes/LumaVideo/providers/lumaDreamMachine';
import { pixazo } from '../../../nodes/LumaVideo/providers/pixazo';
import type { CallbackHint, JsonValue, Provider } from '../../../nodes/LumaVideo/providers/provider';

const withCallbacks: Provider[] = [lumaDreamMachine, pixazo, crazyrouter];

const LUMA_ID = '123e4567-e89b-12d3-a456-426614174000';
const lumaBody = {
	id: LUMA_ID,
	generation_type: 'video',
	state: 'completed',
	failure_reason: null,
	created_at: '2026-05-01T12:00:00.000Z',
	assets: { video: 'https://storage.cdn-luma.com/dream_machine/1/video.mp4' },
	model: 'ray-2',
	request: { prompt: 'A red kite', callback_url: 'https://n8n.example.com/webhook/x/luma-video' },
};
const pixazoBody = {
	request_id: 'ray-2-flash_019d4b7f-1b1f-7a9b-9b58-8f1c5e0c1a2b',
	status: 'COMPLETED',
	model_id: 'ray-2-flash',
	error: null,
	output: { media_url: ['https://pub-1.r2.dev/out.mp4'], media_type: 'video/mp4' },
	created_at: '2026-05-01T12:00:00.000Z',
};
const crazyBody = {
	code: 'success',
	message: '',
	data: { task_id: '0c7f1a3e-1', platform: 'luma', action: 'VIDEO', status: 'succeed', fail_reason: '', progress: '100%' },
};

interface Row {
	provider: Provider;
	name: string;
	body: JsonValue;
	hint: CallbackHint;
}

const recognised: Row[] = [
	...(
		[
			['queued', 'queued'],
			['dreaming', 'processing'],
			['completed', 'completed'],
			['failed', 'failed'],
			['a word of tomorrow', 'processing'],
		] as const
	).map(([state, status]) => ({
		provider: lumaDreamMachine,
		name: state,
		body: { ...lumaBody, state },
		hint: { generationId: LUMA_ID, status },
	})),
	{
		provider: lumaDreamMachine,
		name: 'no more than id and state',
		body: { id: LUMA_ID, state: 'completed' },
		hint: { generationId: LUMA_ID, status: 'completed' },
	},
	...(
		[
			['QUEUED', 'queued'],
			['PROCESSING', 'processing'],
			['COMPLETED', 'completed'],
			['FAILED', 'failed'],
			['ERROR', 'failed'],
		] as const
	).map(([status, ours]) => ({
		provider: pixazo,
		name: status,
		body: { ...pixazoBody, status },
		hint: { generationId: pixazoBody.request_id, status: ours },
	})),
	...(
		[
			['NOT_START', 'queued'],
			['SUBMITTED', 'queued'],
			['IN_PROGRESS', 'processing'],
			['SUCCESS', 'completed'],
			['succeed', 'completed'],
			['FAILURE', 'failed'],
		] as const
	).map(([status, ours]) => ({
		provider: crazyrouter,
		name: `enveloped ${status}`,
		body: { ...crazyBody, data: { ...crazyBody.data, status } },
		hint: { generationId: '0c7f1a3e-1', status: ours },
	})),
	{
		provider: crazyrouter,
		name: 'a bare task',
		body: { task_id: '0c7f1a3e-1', status: 'SUCCESS' },
		hint: { generationId: '0c7f1a3e-1', status: 'completed' },
	},
];

describe('documented callbacks are recognised', () => {
	it.each(recognised.map((row) => [`${row.provider.id}: ${row.name}`, row] as const))('%s', (_, row) => {
		expect(row.provider.callbacks?.read({ body: row.body, headers: {}, text: '' })).toEqual(row.hint);
		expect(isId(row.hint.generationId)).toBe(true);
	});
});

function nested(depth: number): JsonValue {
	let value: JsonValue = 'end';
	for (let level = 0; level < depth; level++) value = level % 2 === 0 ? { data: value } : [value];
	return value;
}

const junk: Array<[string, unknown]> = [
	['nothing', undefined],
	['null', null],
	['a number', 42],
	['a text', 'completed'],
	['true', true],
	['an empty text', ''],
	['an empty object', {}],
	['an empty array', []],
	['an array of callbacks', [lumaBody, pixazoBody, crazyBody]],
	['1,000 levels', nested(1000)],
	['1 MB of text', 'x'.repeat(1_000_000)],
	['1 MB of text in a field', { text: 'x'.repeat(1_000_000) }],
	['an id alone', { id: LUMA_ID, request_id: LUMA_ID, task_id: LUMA_ID }],
	['a state alone', { state: 'completed', status: 'COMPLETED' }],
	['an id that is a number', { id: 1, request_id: {}, task_id: true, state: 'completed', status: 'COMPLETED' }],
	['an id that is empty', { id: '', request_id: '', task_id: '', state: 'completed', status: 'COMPLETED' }],
	['an id that is an object', { id: {}, request_id: [], task_id: null, state: 'completed', status: 'COMPLETED' }],
	['a state that is a list', { id: LUMA_ID, request_id: LUMA_ID, task_id: LUMA_ID, state: ['completed'], status: {} }],
	['keys of every object', JSON.parse('{"__proto__":{"id":"x","state":"completed"},"constructor":{"name":"y"}}')],
	['a challenge of another service', { type: 'url_verification', challenge: 'abc', token: 'def' }],
	['a callback of a third service', { event: 'message', sender: { id: 'u1' }, payload: { status: 'sent' } }],
];

/** The way through `receive()`: what a provider makes of a body counts only with a proper id. */
function idFrom(provider: Provider, body: unknown): string | null {
	const hint = provider.callbacks?.read({ body: body as JsonValue, headers: {}, text: '' }) ?? null;
	return hint && isId(hint.generationId) ? hint.generationId : null;
}

describe('at every provider that calls', () => {
	/** What each of them makes of it. */
	const idsFrom = (body: unknown) => withCallbacks.map((provider) => idFrom(provider, body));

	it.each(junk)('junk is dropped: %s', (_name, body) => {
		expect(idsFrom(body)).toEqual([null, null, null]);
	});

	it.each([
		['a path', '../../users/me'],
		['dots', '..'],
		['a query', 'a?b=c'],
		['a fragment', 'a#b'],
		['a space', 'a b'],
		['a line break', 'a\nb'],
		['an escape', 'a%2Fb'],
		['1 MB', 'a'.repeat(1_000_000)],
		['201 characters', 'a'.repeat(201)],
		['other scripts', 'аdмin'],
		['markup', '<b>'],
	])('an id is dropped that is %s', (_name, id) => {
		const body = { id, request_id: id, task_id: id, state: 'completed', status: 'COMPLETED' };
		expect(idsFrom(body)).toEqual([null, null, null]);
	});

	it.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])('the id %s is taken for what it is', (id) => {
		const body = { id, request_id: id, task_id: id, state: 'completed', status: 'COMPLETED' };
		expect(idsFrom(body)).toEqual([id, id, id]);
	});
});

describe('callbacks of another provider', () => {
	it.each([
		['lumaDreamMachine', lumaDreamMachine, [pixazoBody, crazyBody]],
		['pixazo', pixazo, [lumaBody, crazyBody]],
	] as const)('%s does not take them', (_, provider, bodies) => {
		expect(bodies.map((body) => provider.callbacks?.read({ body, headers: {}, text: '' }))).toEqual([null, null]);
	});
});
