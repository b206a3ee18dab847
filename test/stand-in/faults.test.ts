/** Faults hit the requests they are meant for, and what was bought is told apart from what was answered. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { startProviderServer, type FaultKind, type ProviderServer } from '../provider-server';
import { call, create, keyHeaders, lastId, readStatus, smallestCreate, type PlayedProvider } from './client';

let server: ProviderServer;
beforeAll(async () => {
	server = await startProviderServer();
});
beforeEach(() => server.reset());
afterAll(async () => await server.close());

const PROVIDERS: PlayedProvider[] = ['lumaDreamMachine', 'pixazo', 'pixwith', 'crazyrouter'];
const bought = (): number => server.ledger().purchases.length;

/** How a create ends under a fault: a status, or the error of a connection that broke. */
async function endOfCreate(provider: PlayedProvider, timeoutMs = 5000): Promise<number | string> {
	const { url, body } = smallestCreate(server, provider);
	try {
		const reply = await call(url, { body, headers: keyHeaders(server)[provider], timeoutMs });
		return reply.status;
	} catch (error) {
		return (error as NodeJS.ErrnoException).code ?? (error as Error).message;
	}
}

describe.each(PROVIDERS)('a create at %s', (provider) => {
	const accepted = { lumaDreamMachine: 201, pixazo: 202, pixwith: 200, crazyrouter: 200 }[provider];

	test.each<[FaultKind, number | string, number]>([
		['429', 429, 0],
		['500', 500, 0],
		['502', 502, 0],
		['503', 503, 0],
		['redirect', 302, 0],
		['reset-before', 'ECONNRESET', 0],
		['timeout-before', 'timeout', 0],
		['500-after', 500, 1],
		['503-after', 503, 1],
		['reset-after', 'ECONNRESET', 1],
		['timeout-after', 'timeout', 1],
		['truncated', 'ECONNRESET', 1],
		['invalid-json', accepted, 1],
		['html', accepted, 1],
		['empty', accepted, 1],
		['slow', accepted, 1],
		['no-id', accepted, 1],
	])('under %s ends with %s, %i bought', async (kind, end, count) => {
		server.fault({ kind, route: 'create' });
		expect(await endOfCreate(provider, end === 'timeout' ? 100 : 5000)).toBe(end);
		expect(bought()).toBe(count);
		expect(server.ledger().refusedCreates).toHaveLength(1 - count);
		expect(await endOfCreate(provider)).toBe(accepted);
	});

	test('loses its id, becomes HTML, is cut into invalid JSON, is empty', async () => {
		const kinds: FaultKind[] = ['no-id', 'html', 'invalid-json', 'empty'];
		server.fault(kinds.map((kind) => ({ kind, provider })));
		const withoutId = await create(server, provider);
		expect(withoutId.json).toBeDefined();
		expect(withoutId.text).not.toContain(`"${lastId(server)}"`);
		const html = await create(server, provider);
		expect([html.headers['content-type'], html.json]).toEqual(['text/html; charset=utf-8', undefined]);
		expect((await create(server, provider)).json).toBeUndefined();
		expect((await create(server, provider)).text).toBe('');
	});

	test('has a status without a known word, and a completion without a video', async () => {
		await create(server, provider);
		server.finish(lastId(server));
		server.fault([
			{ kind: 'unknown-status', route: 'status' },
			{ kind: 'completed-without-url', route: 'status' },
		]);
		const whole = (await readStatus(server, provider, lastId(server))).text;
		expect(whole).toMatch(/hibernating|"status":9/i);
		const without = (await readStatus(server, provider, lastId(server))).text;
		expect(without).toMatch(/completed|"status":2/i);
		expect(without).not.toContain('/media/');
		expect((await readStatus(server, provider, lastId(server))).text).toContain('/media/');
	});
});

describe('a rule', () => {
	test('waits for its provider, route, turn and prompt', async () => {
		server.fault([
			{ kind: '503', provider: 'pixazo', route: 'create', nth: 2, times: 2 },
			{ kind: '500', prompt: 'dog' },
		]);
		const statuses: number[] = [];
		for (let count = 0; count < 4; count += 1) statuses.push((await create(server, 'pixazo')).status);
		expect(statuses).toEqual([202, 503, 503, 202]);
		await create(server, 'lumaDreamMachine', 'A cat');
		expect((await create(server, 'lumaDreamMachine', 'A dog')).status).toBe(500);
		expect((await create(server, 'lumaDreamMachine', 'A dog')).status).toBe(201);
		server.fault({ kind: '502', route: 'status', prompt: 'dog', times: 'always' });
		const [cat = '', dog = ''] = server
			.ledger()
			.purchases.slice(-2)
			.map(({ id }) => id);
		expect((await readStatus(server, 'lumaDreamMachine', cat)).status).toBe(200);
		expect((await readStatus(server, 'lumaDreamMachine', dog)).status).toBe(502);
		expect((await readStatus(server, 'lumaDreamMachine', dog)).status).toBe(502);
		expect(server.faults()).toHaveLength(1);
	});

	test("tells when to come again, in the provider's own words", async () => {
		server.fault([{ kind: '429', retryAfter: 2 }, { kind: '429' }, { kind: 'html', status: 502 }]);
		const first = await create(server, 'lumaDreamMachine');
		expect([first.headers['retry-after'], first.json]).toEqual(['2', { detail: expect.any(String) }]);
		expect((await create(server, 'lumaDreamMachine')).headers['retry-after']).toBeUndefined();
		expect((await create(server, 'lumaDreamMachine')).status).toBe(502);
	});

	test('redirects to a host where keys are noticed', async () => {
		server.fault([
			{ kind: 'redirect', route: 'list' },
			{ kind: 'redirect', route: 'list', status: 307, location: `${server.url}/there` },
		]);
		const headers = keyHeaders(server).lumaDreamMachine;
		const list = `${server.baseUrls.lumaDreamMachine}/generations`;
		expect((await call(list, { headers })).headers.location).toBe(`http://localhost:${server.port}/elsewhere`);
		const { location } = (await call(list, { headers })).headers;
		expect((await call(location ?? '', { headers })).status).toBe(404);
		expect(server.ledger().strays).toMatchObject([{ path: '/there', keyHeaders: ['authorization'] }]);
		expect(server.ledger().keyLeaks).toHaveLength(1);
	});
});

describe('media', () => {
	async function video(): Promise<{ url: string; size: number }> {
		await create(server, 'lumaDreamMachine');
		server.finish(lastId(server));
		const { json } = await readStatus(server, 'lumaDreamMachine', lastId(server));
		const url = (json as { assets: { video: string } }).assets.video;
		return { url, size: Number((await call(url, { method: 'HEAD' })).headers['content-length']) };
	}

	test('serves a whole file, without a key', async () => {
		const { url, size } = await video();
		const reply = await call(url, { headers: { 'api-key': 'secret' } });
		expect([reply.status, reply.headers['content-type'], reply.bytes.length]).toEqual([200, 'video/mp4', size]);
		expect(server.ledger().mediaHits.map(({ keyHeaders: sent }) => sent)).toEqual([[], ['api-key']]);
		expect((await call(`${server.url}/media/lumaDreamMachine/unknown/output.mp4`)).status).toBe(404);
		expect((await call(url, { method: 'POST', body: {} })).status).toBe(405);
	});

	test.each(['403', '404', '503', '500-after'] as FaultKind[])('answers %s', async (kind) => {
		const { url } = await video();
		server.fault({ kind, route: 'media', provider: 'lumaDreamMachine' });
		expect((await call(url)).status).toBe(Number.parseInt(kind, 10));
		expect((await call(url)).status).toBe(200);
	});

	test.each<[FaultKind, string]>([
		['cut', 'ECONNRESET'],
		['reset-before', 'ECONNRESET'],
		['timeout-before', 'timeout'],
	])('breaks off under %s', async (kind, code) => {
		const { url } = await video();
		server.fault({ kind, route: 'media' });
		await expect(
			call(url, { timeoutMs: code === 'timeout' ? 100 : 5000 }).catch(
				(error: NodeJS.ErrnoException) => error.code ?? error.message,
			),
		).resolves.toBe(code);
	});

	test('is slow, of another type, without a length', async () => {
		const { url, size } = await video();
		server.configure({ media: { slowChunkMs: 1 } });
		server.fault([
			{ kind: 'slow' },
			{ kind: 'wrong-type' },
			{ kind: 'octet-stream' },
			{ kind: 'no-length' },
			{ kind: 'redirect', location: 'https://foreign.example/' },
		]);
		expect((await call(url)).bytes.length).toBe(size);
		expect((await call(url)).headers['content-type']).toMatch(/^text\/html/);
		expect((await call(url)).headers['content-type']).toBe('application/octet-stream');
		const open = await call(url);
		expect([open.headers['content-length'], open.bytes.length]).toEqual([undefined, size]);
		expect((await call(url)).headers.location).toBe('https://foreign.example/');
	});

	test.each([0, 1, 1900, 5_000_000])('serves a file of %i bytes', async (bytes) => {
		const known = await call(`${server.url}/media/big/${bytes}.mp4`);
		expect([known.headers['content-length'], known.bytes.length]).toEqual([String(bytes), bytes]);
		const open = await call(`${server.url}/media/big/${bytes}.mp4?length=none`);
		expect([open.headers['content-length'], open.bytes.length]).toEqual([undefined, bytes]);
	});

	test('gives a job a file of the size in its prompt', async () => {
		await create(server, 'pixazo', 'A cat [video 100000 bytes]');
		server.finish(lastId(server));
		const file = await call(`${server.url}/media/pixazo/${lastId(server)}/output.mp4`);
		expect(file.bytes.length).toBe(100_000);
		expect(file.bytes.subarray(4, 8).toString('latin1')).toBe('ftyp');
	});

	test.each([
		['540p', '16:9', 960, 540],
		['540p', '9:21', 540, 1260],
		['720p', '1:1', 720, 720],
		['720p', '21:9', 1680, 720],
		['720p', '3:4', 720, 960],
		['1080p', '9:16', 1080, 1920],
		['4k', '16:9', 3840, 2160],
		['4k', '4:3', 2880, 2160],
	])('has %s %s in %i x %i', async (resolution, aspectRatio, width, height) => {
		await create(server, 'lumaDreamMachine', 'A cat', { resolution, aspect_ratio: aspectRatio });
		server.finish(lastId(server));
		const { bytes } = await call(`${server.url}/media/lumaDreamMachine/${lastId(server)}/output.mp4`);
		// The visual sample entry of H.264 has width and height 28 bytes after its name (ISO/IEC 14496-12, 12.1.3).
		const entry = bytes.indexOf('avc1', bytes.indexOf('stsd')) + 28;
		expect([bytes.readUInt16BE(entry), bytes.readUInt16BE(entry + 2)]).toEqual([width, height]);
	});
});

test('closes while clients wait for answers that never come', async () => {
	const other = await startProviderServer();
	other.fault({ kind: 'timeout-after', times: 'always' });
	const waiting = create(other, 'lumaDreamMachine').catch((error: NodeJS.ErrnoException) => error.code);
	await other.until((ledger) => ledger.purchases.length === 1);
	await other.close();
	await expect(waiting).resolves.toBe('ECONNRESET');
});
