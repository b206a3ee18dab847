/**
 * What the node sends to Replicate is what Replicate's own client sends for the same intent: method, path, query and
 * body, field for field; and what the node takes for a genuine callback, the client does too.
 *
 * Not compared are headers, except that neither asks the service to hold the answer (`Prefer`). The client lists the first
 * page only by a call of its own, and follows `next` as an address; it sends files with an empty `metadata`, which is
 * optional.
 */
import { createHmac } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import Replicate, { validateWebhook } from 'replicate';
import type { ProviderCall } from '../../../nodes/LumaVideo/providers/provider';
import { replicate } from '../../../nodes/LumaVideo/providers/replicate';
import { encodeForm } from '../../../nodes/LumaVideo/transport/multipart';
import { readForm } from '../../provider-server/http';
import { END, HOOK, SOURCE_VIDEO, START, request } from './support';
import type { RequestFields } from './support';

const BASE = 'https://api.replicate.com/v1';
const ID = '9rjqk0xyz1rma0csxampleq1w4';
const PROMPT = 'A red kite over the sea';

interface Sent {
	method: string;
	path: string;
	query: Record<string, string>;
	body: unknown;
	prefer: string | null;
}

interface Caught {
	url: string;
	init: RequestInit;
}

/** What the client sends, caught before it leaves. */
async function caughtFrom(use: (client: Replicate) => PromiseLike<unknown>): Promise<Caught> {
	const all: Caught[] = [];
	const client = new Replicate({
		auth: 'r8_test_key',
		fetch: async (url: string | URL | Request, init: RequestInit = {}) => {
			all.push({ url: url instanceof Request ? url.url : String(url), init });
			return await Promise.resolve(new Response('{"results":[]}', { headers: { 'content-type': 'application/json' } }));
		},
	});
	await use(client);
	const [caught] = all;
	if (!caught || all.length > 1) throw new Error(`the client sent ${all.length} requests`);
	expect(caught.url.startsWith(`${BASE}/`)).toBe(true);
	return caught;
}

async function sentBySdk(use: (client: Replicate) => PromiseLike<unknown>): Promise<Sent> {
	const { url, init } = await caughtFrom(use);
	const { origin, pathname, searchParams } = new URL(url);
	return {
		method: init.method ?? 'GET',
		path: `${origin}${pathname}`.slice(BASE.length),
		query: Object.fromEntries(searchParams),
		body: typeof init.body === 'string' ? JSON.parse(init.body) : undefined,
		prefer: new Headers(init.headers).get('prefer'),
	};
}

function sentByNode({ method, path, query, body, headers }: ProviderCall): Sent {
	const texts = Object.entries(query ?? {}).map(([name, value]) => [name, String(value)]);
	return {
		method,
		path,
		query: Object.fromEntries(texts) as Record<string, string>,
		body,
		prefer: new Headers(headers).get('prefer'),
	};
}

type Case = [string, ProviderCall | undefined, (client: Replicate) => PromiseLike<unknown>];

async function expectSame([, call, use]: Case): Promise<void> {
	if (!call) throw new Error('the node has no such call');
	// As JSON, since that is how it travels: neither side may rely on `undefined`.
	const [node, sdk] = [sentByNode(call), await sentBySdk(use)];
	expect(JSON.parse(JSON.stringify(node))).toStrictEqual(JSON.parse(JSON.stringify(sdk)));
}

const create = (set: RequestFields) => replicate.create(request('ray-3.2', set));
const predict = (input: object, more: object = {}) => (client: Replicate) =>
	client.predictions.create({ model: 'luma/ray-3.2', input: { prompt: PROMPT, ...input }, ...more });

const old = (model: string, set: RequestFields) => replicate.create(request(model, set));
const predictOld = (name: string, input: object) => (client: Replicate) =>
	client.predictions.create({ model: `luma/${name}`, input: { prompt: PROMPT, ...input } });

describe('calls', () => {
	it.each<Case>([
		['text', create({}), predict({})],
		['a start image', create({ startImage: START }), predict({ start_image: START })],
		['both images', create({ startImage: START, endImage: END }), predict({ start_image: START, end_image: END })],
		['10 seconds', create({ duration: '10s' }), predict({ duration: 10 })],
		['a loop', create({ loop: true }), predict({ loop: true })],
		['HDR and EXR', create({ hdr: true, exrExport: true }), predict({ hdr: true, exr_export: true })],
		...(['16:9', '9:16', '1:1', '4:3', '3:4', '21:9'] as const).map(
			(ratio): Case => [ratio, create({ aspectRatio: ratio }), predict({ aspect_ratio: ratio })],
		),
		...(['540p', '720p', '1080p'] as const).map((resolution): Case => [resolution, create({ resolution }), predict({ resolution })]),
		[
			'a callback',
			create({ callback: { url: HOOK, mode: 'terminal' } }),
			predict({}, { webhook: HOOK, webhook_events_filter: ['completed'] }),
		],
		['a field by hand', create({ additionalBodyFields: { input: { seed: 7 } } }), predict({ seed: 7 })],
		[
			'everything',
			create({ startImage: START, aspectRatio: '9:16', resolution: '1080p', duration: '5s', hdr: true, callback: { url: HOOK, mode: 'terminal' } }),
			predict(
				{ start_image: START, aspect_ratio: '9:16', resolution: '1080p', duration: 5, hdr: true },
				{ webhook: HOOK, webhook_events_filter: ['completed'] },
			),
		],
		['Ray 2', old('ray-2', { resolution: '720p', duration: '9s' }), predictOld('ray-2-720p', { duration: 9 })],
		[
			'an edit',
			old('modify-video', { operation: 'modify', sourceVideo: SOURCE_VIDEO, mode: 'flex_1', startImage: START }),
			predictOld('modify-video', { video: SOURCE_VIDEO, mode: 'flex_1', first_frame: START }),
		],
		[
			'reframe',
			old('reframe-video', { operation: 'reframe', sourceVideo: SOURCE_VIDEO, aspectRatio: '9:21' }),
			predictOld('reframe-video', { video: SOURCE_VIDEO, aspect_ratio: '9:21' }),
		],
		['cancel', replicate.cancellation?.call(ID), (client) => client.predictions.cancel(ID)],
		['get', replicate.status(ID), (client) => client.predictions.get(ID)],
		['list', replicate.listing?.call({ limit: 100, cursor: null }), (client) => client.predictions.list()],
		['the key of callbacks', replicate.callbacks?.signature?.keys.call(), (client) => client.webhooks.default.secret.get()],
	])('%s', async (...example) => {
		await expectSame(example);
	});

	it('the next page of the list', async () => {
		const next = `${BASE}/predictions?cursor=a%2Bb%3D%3D`;
		const page = replicate.listing?.read({ statusCode: 200, headers: {}, text: JSON.stringify({ results: [], next }) });
		const cursor = page?.ok === true ? page.value.next : null;
		const call = replicate.listing?.call({ limit: 100, cursor });
		await expectSame([
			'',
			call,
			async (client) => {
				// The first page is made up, so that one request is left.
				const pages = client.paginate(async () => await Promise.resolve({ results: [], next } as never));
				await pages.next();
				await pages.next();
			},
		]);
	});
});

describe('a file', () => {
	const bytes = Buffer.from('the bytes of an image');

	it('is the same part of a form at the same path', async () => {
		const { url, init } = await caughtFrom((client) => client.files.create(new File([bytes], 'kite.png', { type: 'image/png' })));
		const sdk = await (init.body as FormData).get('content');
		if (!(sdk instanceof File)) throw new Error('the client sent no file');
		const { path = '', fileField = '', fields = {} } = replicate.upload?.direct ?? {};
		const { body, contentType } = encodeForm({ fields, file: { field: fileField, name: 'kite.png', mimeType: 'image/png', data: bytes } });
		const parts = readForm({ method: 'POST', path, query: new URLSearchParams(), headers: { 'content-type': contentType }, body });
		expect(url).toBe(`${BASE}${path}`);
		expect(parts).toEqual([{ name: 'content', filename: sdk.name, type: sdk.type, data: Buffer.from(await sdk.arrayBuffer()) }]);
	});
});

describe('a signature', () => {
	const KEY = `whsec_${Buffer.from('a secret').toString('base64')}`;
	const now = 1_795_428_072;
	const text = JSON.stringify({ id: ID, status: 'succeeded', output: 'https://replicate.delivery/möwe.mp4' });
	const sign = (key: string, signed = text): string =>
		`v1,${createHmac('sha256', Buffer.from(key.slice(6), 'base64')).update(`msg_1.${now}.${signed}`).digest('base64')}`;

	it.each<[string, string, boolean]>([
		['that is right', sign(KEY), true],
		['that is the second', `v1,AAAA ${sign(KEY)}`, true],
		['of another key', sign(`whsec_${Buffer.from('other').toString('base64')}`), false],
		['of another body', sign(KEY, '{}'), false],
	])('%s', async (_, signature, expected) => {
		const headers = { 'webhook-id': 'msg_1', 'webhook-timestamp': String(now), 'webhook-signature': signature };
		const call = { body: JSON.parse(text) as never, text, headers };
		expect(replicate.callbacks?.signature?.isGenuine(call, [KEY], now * 1000)).toBe(expected);
		await expect(
			validateWebhook({ id: 'msg_1', timestamp: String(now), signature, body: text, secret: KEY }),
		).resolves.toBe(expected);
	});
});
