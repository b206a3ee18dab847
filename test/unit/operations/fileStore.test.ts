/** Bringing a file to a provider's store: what is sent where, and what happens when it goes wrong. */
import { Readable } from 'node:stream';
import { describe, expect, it, jest } from '@jest/globals';
import type { IExecuteFunctions } from 'n8n-workflow';
import { store } from '../../../nodes/LumaVideo/operations/fileStore';
import { fal } from '../../../nodes/LumaVideo/providers/fal';
import { lumaAgents } from '../../../nodes/LumaVideo/providers/lumaAgents';
import type { FileStore } from '../../../nodes/LumaVideo/providers/provider';
import type { Exchange } from '../../../nodes/LumaVideo/transport/exchange';
import type { Bytes, ProviderClient } from '../../../nodes/LumaVideo/transport/providerClient';
import { clientWith } from '../fakeProvider';
import { answer } from '../providers/support';

const CLIP = { name: 'a.mp4', mimeType: 'video/mp4', size: 4 };
const ID = '7b1e9a64-5f0c-4b0e-9a57-3f1c2d4e5f60';
const context = { getExecutionCancelSignal: () => undefined } as unknown as IExecuteFunctions;

const says = (statusCode: number, body: unknown): Exchange => ({ kind: 'answer', answer: answer(statusCode, body) });
const broken: Exchange = { kind: 'fault', fault: { outcome: 'unclear', text: 'the connection broke' } };
const announced = (url: string): Exchange =>
	says(201, { id: ID, state: 'pending', upload: { url, method: 'PUT', headers: { 'Content-Type': 'video/mp4' } } });

/** A client that gives these answers to its calls, in their order. */
function clientOf(replies: Exchange[], isLocal = false) {
	const calls: string[] = [];
	const sent: string[] = [];
	const client = clientWith({
		isLocal,
		send: async ({ method, path }) => {
			calls.push(`${method} ${path}`);
			return await Promise.resolve(replies.shift() ?? broken);
		},
		sendFile: async ({ url }) => {
			sent.push(url);
			return await Promise.resolve(says(200, ''));
		},
	});
	return { client, calls, sent };
}

async function bring(client: ProviderClient) {
	const { fileStore } = lumaAgents;
	if (!fileStore) throw new Error('no store');
	return await store({ context, provider: lumaAgents, client }, fileStore, CLIP, async () => await Promise.resolve(Buffer.from('abcd')));
}

const ANNOUNCE = 'POST /files';
const COMPLETE = `POST /files/${ID}/complete`;
const LOOK = `GET /files/${ID}`;
const STORAGE = 'https://storage.example/a?signature=b';

it('a file that is ready at once is not looked at again', async () => {
	const { client, calls, sent } = clientOf([announced(STORAGE), says(200, { id: ID, state: 'ready' })]);
	expect(await bring(client)).toEqual({ ok: true, reference: { kind: 'fileId', fileId: ID } });
	expect([calls, sent]).toEqual([[ANNOUNCE, COMPLETE], [STORAGE]]);
});

it('a declaration that got no answer is made again, and a look that got none is not the end', async () => {
	const replies = [announced(STORAGE), broken, says(200, { state: 'pending' }), says(502, ''), says(200, { state: 'ready' })];
	const { client, calls } = clientOf(replies);
	jest.useFakeTimers();
	try {
		const brought = bring(client);
		await jest.advanceTimersByTimeAsync(60_000);
		expect(await brought).toMatchObject({ ok: true });
	} finally {
		jest.useRealTimers();
	}
	expect(calls).toEqual([ANNOUNCE, COMPLETE, COMPLETE, LOOK, LOOK]);
});

it('a store that is busy is asked again, after the pause that it asks for', async () => {
	const busy = { kind: 'answer' as const, answer: { ...answer(429, { detail: 'Too many' }), headers: { 'retry-after': '2' } } };
	const { client, calls } = clientOf([busy, announced(STORAGE), says(200, { state: 'ready' })]);
	jest.useFakeTimers();
	try {
		const brought = bring(client);
		await jest.advanceTimersByTimeAsync(1999);
		expect(calls).toEqual([ANNOUNCE]);
		await jest.advanceTimersByTimeAsync(1);
		expect(await brought).toMatchObject({ ok: true });
	} finally {
		jest.useRealTimers();
	}
	expect(calls).toEqual([ANNOUNCE, ANNOUNCE, COMPLETE]);
});

it('a store that is busy for longer than is waited for is given up', async () => {
	const busy = { kind: 'answer' as const, answer: { ...answer(429, { detail: 'Too many' }), headers: { 'retry-after': '3600' } } };
	expect(await bring(clientOf([busy]).client)).toMatchObject({
		failure: { message: 'The video could not be sent to Luma Agents: Luma Agents is receiving too many requests: Too many' },
	});
});

it('a stop ends the waiting', async () => {
	const stop = new AbortController();
	setTimeout(() => {
		stop.abort();
	}, 50);
	const { fileStore } = lumaAgents;
	if (!fileStore) throw new Error('no store');
	const { client } = clientOf([announced(STORAGE), says(200, { state: 'pending' })]);
	const stoppable = { getExecutionCancelSignal: () => stop.signal } as unknown as IExecuteFunctions;
	expect(await store({ context: stoppable, provider: lumaAgents, client }, fileStore, CLIP, async () => await Promise.resolve(Buffer.from('abcd')))).toMatchObject({
		failure: { message: 'The video could not be sent to Luma Agents: the execution was stopped' },
	});
});

it.each(['http://169.254.169.254/a', 'http://localhost/a', 'http://minio/a', 'https://10.0.0.1/a', 'file:///a', 'nothing'])(
	'nothing is sent to %s',
	async (url) => {
		const { client, sent } = clientOf([announced(url)]);
		expect(await bring(client)).toMatchObject({
			ok: false,
			failure: { message: 'The video could not be sent to Luma Agents: the provider gave an upload address that n8n does not send to' },
		});
		expect(sent).toEqual([]);
	},
);

it('a provider in a private network may name an address there', async () => {
	const { client, sent } = clientOf([announced('http://minio/a'), says(200, { state: 'ready' })], true);
	expect(await bring(client)).toMatchObject({ ok: true });
	expect(sent).toEqual(['http://minio/a']);
});

it.each<[string, Exchange[], string]>([
	['the announcement gets no answer', [broken], 'the connection broke'],
	['the announcement is refused', [says(401, { detail: 'Missing' })], 'Luma Agents did not accept the API key: Missing'],
	['the answer has no address', [says(201, { id: ID })], 'Luma Agents sent an unknown answer where an address to upload to was expected (HTTP 201)'],
	['the declaration is refused', [announced(STORAGE), says(422, { detail: 'no bytes' })], 'Luma Agents refused the request: no bytes'],
	['the file is refused', [announced(STORAGE), says(200, { state: 'failed', failure_reason: 'no codec' })], 'no codec'],
	['the file is gone', [announced(STORAGE), says(200, { state: 'deleted' })], 'it was refused'],
])('nothing is bought when %s', async (_, replies, text) => {
	expect(await bring(clientOf(replies).client)).toMatchObject({
		ok: false,
		failure: {
			message: `The video could not be sent to Luma Agents: ${text}`,
			advice: expect.stringMatching(/^Nothing was bought\. /),
			details: { generationId: null, provider: 'lumaAgents', status: null },
		},
	});
});

describe('in parts', () => {
	const MIB = 1024 ** 2;
	const { fileStore } = fal;
	if (!fileStore?.parts) throw new Error('no parts');
	const parts = { ...fileStore.parts, above: 4, bytes: 3 };
	const target = says(200, { upload_url: 'https://upload.example/x?token=z', file_url: 'https://media.example/a.mp4' });

	async function bringInParts(open: () => Bytes, replies: Exchange[] = []) {
		const sent: Array<[string, string, string]> = [];
		const client = clientWith({
			send: async () => await Promise.resolve(target),
			sendFile: async ({ method, url }, { bytes }) => {
				const text = Buffer.isBuffer(bytes) ? bytes.toString('utf8') : 'a stream';
				sent.push([method, url, text]);
				return await Promise.resolve(replies.shift() ?? says(200, { partNumber: sent.length, etag: text }));
			},
		});
		const file = { ...CLIP, size: 8 };
		const result = await store({ context, provider: fal, client }, { ...fileStore, parts } as FileStore, file, async () => await Promise.resolve(open()));
		return { result, sent };
	}

	const PARTS = ['abc', 'def', 'gh'];
	it.each<[string, () => Bytes]>([
		['a buffer', () => Buffer.from('abcdefgh')],
		['a stream', () => Readable.from([Buffer.from('a'), Buffer.from('bcdefg'), Buffer.from('h')])],
	])('%s goes piece by piece, and is put together', async (_, open) => {
		const { result, sent } = await bringInParts(open);
		expect(result).toEqual({ ok: true, reference: { kind: 'fileId', fileId: 'https://media.example/a.mp4' } });
		expect(sent).toEqual([
			...PARTS.map((text, index) => ['PUT', `https://upload.example/x/${index + 1}?token=z`, text]),
			['POST', 'https://upload.example/x/complete?token=z', JSON.stringify({ parts: PARTS.map((etag, index) => ({ partNumber: index + 1, etag })) })],
		]);
	});

	it.each<[string, Exchange[], string, number]>([
		['a part is refused', [says(200, { partNumber: 1, etag: 'a' }), says(500, '')], 'HTTP 500', 2],
		['a part has no tag', [says(200, {})], 'fal.ai sent an unknown answer where the tag of a part was expected (HTTP 200)', 1],
		['they are not put together', [...PARTS.map((etag, index) => says(200, { partNumber: index + 1, etag })), broken], 'the connection broke', 4],
	])('ends when %s', async (_, replies, text, count) => {
		const { result, sent } = await bringInParts(() => Buffer.from('abcdefgh'), replies);
		expect(result).toMatchObject({ failure: { message: `The video could not be sent to fal.ai: ${text}` } });
		expect(sent).toHaveLength(count);
	});

	it('are of the size that the client of the service uses', () => {
		expect([fileStore.parts?.above, fileStore.parts?.bytes]).toEqual([90 * MIB, 10 * MIB]);
	});
});
