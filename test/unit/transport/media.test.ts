import { describe, expect, it } from '@jest/globals';
import type { IExecuteFunctions } from 'n8n-workflow';
import { PassThrough, Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setImmediate as turn } from 'node:timers/promises';
import { downloadMedia, mediaTypeOf } from '../../../nodes/LumaVideo/transport/media';

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
		const options = { fileName: 'video', maxBytes, timeoutMs: 1500, allowLocal: false };
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
