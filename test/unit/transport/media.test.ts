import { afterAll, describe, expect, it } from '@jest/globals';
import type { IExecuteFunctions } from 'n8n-workflow';
import { PassThrough, Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as pause, setImmediate as turn } from 'node:timers/promises';
import { downloadMedia, mediaTypeOf } from '../../../nodes/LumaVideo/transport/media';

// A download is looked after twice a second, the last time when it is over. A worker of jest has half a second to end.
afterAll(async () => {
	await pause(550);
});

describe('the type of a downloaded file', () => {
	it.each([
		['video/mp4', '/a.mp4', 'video/mp4'],
		['video/mp4', '/a', 'video/mp4'],
		['VIDEO/MP4', '/a.mp4', 'video/mp4'],
		['video/mp4; codecs="avc1"', '/a.mp4', 'video/mp4'],
		[' video/webm ;x', '/a.mp4', 'video/webm'],
		['video/quicktime', '/a.mp4', 'video/quicktime'],
		['video/x-matroska', '/a', 'video/x-matroska'],
		['image/jpeg', '/a.mp4', 'image/jpeg'],
		['image/webp', '/a', 'image/webp'],
	])('is what the answer says: %s for %s', (contentType, path, expected) => {
		expect(mediaTypeOf(contentType, path)).toBe(expected);
	});

	it.each([
		['application/octet-stream', '/a.mp4', 'video/mp4'],
		['application/octet-stream', '/a.MP4', 'video/mp4'],
		['application/octet-stream', '/a.webm', 'video/webm'],
		['application/octet-stream', '/a.mov', 'video/quicktime'],
		['application/octet-stream', '/a.jpg', 'image/jpeg'],
		['application/octet-stream', '/a.jpeg', 'image/jpeg'],
		['application/octet-stream', '/a.png', 'image/png'],
		['binary/octet-stream', '/x/y/a.webp', 'image/webp'],
		['application/octet-stream', '/a.bin', 'video/mp4'],
		['application/octet-stream', '/a', 'video/mp4'],
		['application/octet-stream', '', 'video/mp4'],
		['application/octet-stream', '/a.png/b', 'video/mp4'],
		['', '/a.webm', 'video/webm'],
		[undefined, '/a.webm', 'video/webm'],
		[undefined, '/a', 'video/mp4'],
		[';charset=x', '/a', 'video/mp4'],
	])('is read from the path where the answer says nothing: %p for %s', (contentType, path, expected) => {
		expect(mediaTypeOf(contentType, path)).toBe(expected);
	});

	it.each([
		'text/html',
		'text/html; charset=utf-8',
		'application/json',
		'application/xml',
		'text/plain',
		'audio/mpeg',
		'application/x-mpegURL',
		'multipart/form-data',
		'nonsense',
		'xvideo/mp4',
		'text/video/mp4',
	])('is none for %s, whatever the path', (contentType) => {
		expect(mediaTypeOf(contentType, '/a.mp4')).toBeNull();
	});
});

describe('the type of a downloaded image', () => {
	it.each([
		['image/png', '/a', 'image/png'],
		['IMAGE/JPEG; q=1', '/a.png', 'image/jpeg'],
		['application/octet-stream', '/a.jpeg', 'image/jpeg'],
		['application/octet-stream', '/a.mp4', 'image/png'],
		[undefined, '/a', 'image/png'],
		['video/mp4', '/a.png', null],
		['text/html', '/a.png', null],
	])('%p for %s is %p', (contentType, path, expected) => {
		expect(mediaTypeOf(contentType, path, 'image')).toBe(expected);
	});
});

describe('a download', () => {
	const pieces = Array.from({ length: 5 }, (_, index) => Buffer.alloc(100_000, index));
	const whole = Buffer.concat(pieces);

	/** How n8n's stores of binary data take a stream: by events (database, S3), by iterating, by a pipe (files). */
	const stores: Record<string, (body: Readable) => Promise<Buffer>> = {
		'listens': async (body) =>
			await new Promise((resolve, reject) => {
				const chunks: Buffer[] = [];
				body.on('data', (chunk: Buffer) => chunks.push(chunk));
				body.once('end', () => {
					resolve(Buffer.concat(chunks));
				});
				body.once('error', reject);
			}),
		'iterates': async (body) => Buffer.concat((await body.toArray()) as Buffer[]),
		'pipes': async (body) => {
			const chunks: Buffer[] = [];
			const target = new Writable({
				highWaterMark: 1000,
				write(chunk: Buffer, _encoding, done) {
					chunks.push(chunk);
					setImmediate(done);
				},
			});
			await pipeline(body, target);
			return Buffer.concat(chunks);
		},
	};

	async function download(store: (body: Readable) => Promise<Buffer>, maxBytes: number) {
		let stored: Buffer | null = null;
		const context = {
			getExecutionCancelSignal: () => undefined,
			helpers: {
				httpRequest: async () => {
					await turn();
					const body = Readable.from(pieces).pipe(new PassThrough());
					return { body, statusCode: 200, headers: { 'content-type': 'video/mp4', 'content-length': undefined } };
				},
				prepareBinaryData: async (body: Readable) => {
					// What flowed before the store takes it would be lost.
					for (let turns = 0; turns < 5; turns++) await turn();
					stored = await store(body);
					return { bytes: stored.length, mimeType: 'video/mp4', data: 'store' };
				},
			},
		} as unknown as IExecuteFunctions;
		const options = { kind: 'video', fileName: 'video', maxBytes, timeoutMs: 1500, allowLocal: false };
		const result = await downloadMedia(context, 'https://media.example.com/a.mp4', options as never);
		return { result, stored: stored as Buffer | null };
	}

	it.each(Object.entries(stores))('is complete where the store %s', async (_, store) => {
		const { result, stored } = await download(store, 1_000_000);
		expect(result).toMatchObject({ ok: true });
		expect(stored?.equals(whole)).toBe(true);
	});

	it.each(Object.entries(stores))('ends at the limit where the store %s', async (_, store) => {
		const { result } = await download(store, 250_000);
		expect(result).toMatchObject({ ok: false, again: false, message: expect.stringContaining('larger than') });
	});
});

describe('an answer of a media host', () => {
	interface Answer {
		statusCode: number;
		headers?: Record<string, string>;
		/** Bytes that come. */
		bytes?: number;
	}

	async function download(answers: Record<string, Answer>, maxBytes = 1_000_000) {
		const asked: string[] = [];
		const context = {
			getExecutionCancelSignal: () => undefined,
			helpers: {
				httpRequest: async ({ url }: { url: string }) => {
					await turn();
					asked.push(url);
					const { statusCode, headers = { 'content-type': 'video/mp4' }, bytes = 1000 } = answers[url] ?? { statusCode: 418 };
					return { body: Readable.from(bytes > 0 ? [Buffer.alloc(bytes)] : []).pipe(new PassThrough()), statusCode, headers };
				},
				prepareBinaryData: async (body: Readable, fileName: string, mimeType: string) => {
					const { length } = Buffer.concat((await body.toArray()) as Buffer[]);
					return { bytes: length, fileName, mimeType, data: 'store' };
				},
			},
		} as unknown as IExecuteFunctions;
		const options = { kind: 'video', fileName: 'video', maxBytes, timeoutMs: 1500, allowLocal: false };
		return { result: await downloadMedia(context, 'https://media.example.com/a', options as never), asked };
	}

	const first = 'https://media.example.com/a';
	const second = 'https://cdn.example.com/b.webm';

	it.each([301, 302, 303, 307, 308, 399])('that redirects (HTTP %i) is followed', async (statusCode) => {
		const { result, asked } = await download({
			[first]: { statusCode, headers: { location: second } },
			[second]: { statusCode: 200, headers: {} },
		});
		expect(asked).toEqual([first, second]);
		// Without a type in the answer the last address tells.
		expect(result).toMatchObject({ ok: true, binary: { mimeType: 'video/webm', fileName: 'video.webm' } });
	});

	it.each([200, 404, 400, 500])('that only has a location (HTTP %i) is not', async (statusCode) => {
		const { asked } = await download({ [first]: { statusCode, headers: { location: second, 'content-type': 'video/mp4' } } });
		expect(asked).toEqual([first]);
	});

	it('that redirects to nowhere ends', async () => {
		const { result, asked } = await download({ [first]: { statusCode: 302, headers: {} } });
		expect(asked).toEqual([first]);
		expect(result).toMatchObject({ ok: false, message: 'The video could not be downloaded: HTTP 302' });
	});

	it.each(['http://127.0.0.1/x', 'http://localhost/x', 'http://10.0.0.1/x', 'file:///etc/passwd', 'http://[::1]/x'])(
		'that redirects to %s is not followed',
		async (location) => {
			const { result, asked } = await download({ [first]: { statusCode: 302, headers: { location } } });
			expect(asked).toEqual([first]);
			expect(result).toMatchObject({ ok: false, again: false, message: 'The video is not at a public web address' });
		},
	);

	it.each([
		[400, false, false],
		[403, true, false],
		[404, true, false],
		[408, false, true],
		[410, true, false],
		[429, false, true],
		[499, false, false],
		[500, false, true],
		[503, false, true],
	])('HTTP %i: the address has expired: %p; it is tried again: %p', async (statusCode, expired, again) => {
		const { result } = await download({ [first]: { statusCode } });
		expect(result).toEqual({
			ok: false,
			again,
			message: `The video could not be downloaded: HTTP ${statusCode}`,
			advice: expired
				? `Check whether ${first} still opens: it may have expired.`
				: `The video is still at ${first} and can be downloaded later.`,
		});
	});

	const brokeOff = { ok: false, again: true, message: 'The video could not be downloaded: the download was cut off' };

	it.each<[string, Record<string, string>, number, object]>([
		['as long as announced', { 'content-length': '1000' }, 1000, { ok: true, binary: { bytes: 1000 } }],
		['of no announced length', {}, 1000, { ok: true, binary: { bytes: 1000 } }],
		['shorter than announced', { 'content-length': '1000' }, 999, brokeOff],
		[
			'shorter than announced, since it came compressed',
			{ 'content-length': '1000', 'content-encoding': 'gzip' },
			999,
			{ ok: true, binary: { bytes: 999 } },
		],
		['compressed, longer than announced', { 'content-length': '1000', 'content-encoding': 'gzip' }, 3000, { ok: true, binary: { bytes: 3000 } }],
		['empty', {}, 0, brokeOff],
		['empty, as announced', { 'content-length': '0' }, 0, brokeOff],
	])('with a file that is %s', async (_, headers, bytes, expected) => {
		const { result } = await download({ [first]: { statusCode: 200, headers: { 'content-type': 'video/mp4', ...headers }, bytes } });
		expect(result).toMatchObject(expected);
	});

	it.each([
		[5_000_000, '5.0 MB'],
		[9_999_999, '10.0 MB'],
		[10_000_000, '10 MB'],
		[2_048_000_000, '2048 MB'],
	])('that announces more than %i bytes is not taken', async (maxBytes, words) => {
		const headers = { 'content-type': 'video/mp4', 'content-length': String(maxBytes + 1) };
		const { result } = await download({ [first]: { statusCode: 200, headers } }, maxBytes);
		expect(result).toMatchObject({ ok: false, again: false, message: `The video is larger than ${words}` });
	});

	it('that announces exactly what is allowed is taken', async () => {
		const headers = { 'content-type': 'video/mp4', 'content-length': '1000' };
		expect((await download({ [first]: { statusCode: 200, headers } }, 1000)).result.ok).toBe(true);
	});

	it.each([
		['text/html', 'text/html'],
		['application/json', 'application/json'],
	])('of type %s is no video', async (contentType, words) => {
		const { result } = await download({ [first]: { statusCode: 200, headers: { 'content-type': contentType } } });
		expect(result).toMatchObject({ ok: false, again: false, message: `The URL of the video returns something else (${words})` });
	});
});
