import { Readable } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import type { IBinaryData, IExecuteFunctions, IHttpRequestOptions } from 'n8n-workflow';
import type { DownloadSettings } from '../../../nodes/LumaVideo/generation/deliver';
import { deliver, generationFailure } from '../../../nodes/LumaVideo/generation/deliver';
import { Gate } from '../../../nodes/LumaVideo/generation/gate';
import { providers } from '../../../nodes/LumaVideo/providers';
import type { Generation } from '../../../nodes/LumaVideo/providers/provider';
import { VIDEO, generation, video } from '../providers/support';
import { VirtualTime } from './virtualTime';

const { lumaDreamMachine, pixazo } = providers;
const SETTINGS: DownloadSettings = { field: 'data', fileName: '', maxBytes: 1000, timeoutMs: 5000, allowLocal: false };
const STILL = 'https://media.example/still';
const DONE = generation({}, { generationId: 'gen-1', status: 'completed', ...video(VIDEO) });

interface Served {
	statusCode?: number;
	headers?: Record<string, string>;
	body?: string;
	/** Breaks off after the body. */
	breaks?: boolean;
	throws?: Error;
}

class Media {
	readonly requests: IHttpRequestOptions[] = [];
	readonly waits: number[] = [];
	private now = 0;

	constructor(
		private readonly serve: (n: number) => Served,
		private readonly cancel?: AbortSignal,
	) {}

	readonly clock = {
		now: () => this.now,
		wall: () => this.now,
		wait: async (ms: number): Promise<void> => {
			this.waits.push(ms);
			this.now += ms;
			await Promise.resolve();
		},
	};

	get context(): IExecuteFunctions {
		const helpers = {
			httpRequest: async (options: IHttpRequestOptions): Promise<unknown> => {
				const { statusCode = 200, headers = { 'content-type': 'video/mp4' }, body = 'film', breaks, throws } = this.serve(
					this.requests.push(options) - 1,
				);
				if (throws) throw throws;
				const stream = new Readable({
					read() {
						this.push(body);
						if (breaks) this.destroy(Object.assign(new Error('aborted'), { code: 'ECONNRESET' }));
						else this.push(null);
					},
				});
				return await Promise.resolve({ statusCode, headers, body: stream });
			},
			prepareBinaryData: async (stream: Readable, fileName: string, mimeType: string): Promise<IBinaryData> => {
				const chunks: Buffer[] = [];
				for await (const chunk of stream) chunks.push(chunk as Buffer);
				const bytes = Buffer.concat(chunks);
				return { data: bytes.toString('base64'), mimeType, fileName, bytes: bytes.length };
			},
		};
		return { helpers, getExecutionCancelSignal: () => this.cancel } as unknown as IExecuteFunctions;
	}

	async deliver(what: Generation = DONE, settings: DownloadSettings | null = SETTINGS): ReturnType<typeof deliver> {
		return await deliver(this.context, lumaDreamMachine, what, 7, { includeRaw: false }, settings, this.clock);
	}
}

describe('what is delivered', () => {
	it('without a wish for the file: the JSON, paired with its item, and no request', async () => {
		const media = new Media(() => ({}));
		const delivery = await media.deliver(DONE, null);
		expect(delivery).toMatchObject({
			ok: true,
			item: { json: { generationId: 'gen-1', status: 'completed', videoUrl: VIDEO }, pairedItem: { item: 7 } },
		});
		expect(delivery.ok && 'binary' in delivery.item).toBe(false);
		expect(media.requests).toEqual([]);
	});

	it('with a wish for the file: the file too, under the name that was asked for', async () => {
		const media = new Media(() => ({}));
		expect(await media.deliver(DONE, { ...SETTINGS, field: 'film' })).toMatchObject({
			ok: true,
			item: {
				json: { generationId: 'gen-1' },
				pairedItem: { item: 7 },
				binary: { film: { fileName: 'luma-gen-1.mp4', mimeType: 'video/mp4', bytes: 4 } },
			},
		});
	});

	it('the address is asked without any header of ours: media hosts are strangers', async () => {
		const media = new Media(() => ({}));
		await media.deliver();
		expect(media.requests).toEqual([
			expect.objectContaining({ method: 'GET', url: VIDEO, disableFollowRedirect: true, encoding: 'stream' }),
		]);
		expect(media.requests[0]?.headers).toBeUndefined();
		expect(media.requests[0]?.auth).toBeUndefined();
	});

	it('of an image: its file, which must be one', async () => {
		const still = generation({}, {
			generationId: 'gen-1',
			makes: 'image',
			status: 'completed',
			media: [{ url: STILL, type: 'image' }],
		});
		const media = new Media(() => ({ headers: { 'content-type': 'image/jpeg' } }));
		expect(await media.deliver(still)).toMatchObject({
			ok: true,
			item: { json: { videoUrl: null, media: [{ url: STILL, type: 'image' }] }, binary: { data: { fileName: 'luma-gen-1.jpg', mimeType: 'image/jpeg' } } },
		});
		expect(media.requests.map(({ url }) => url)).toEqual([STILL]);
		expect(await new Media(() => ({})).deliver(still)).toMatchObject({
			ok: false,
			failure: { message: 'The URL of the image returns something else (video/mp4) (generation gen-1)' },
		});
		expect(await new Media(() => ({})).deliver({ ...still, status: 'processing', media: [] })).toMatchObject({
			ok: false,
			failure: { message: 'Generation gen-1 has no image to download (status: processing)' },
		});
		expect(generationFailure(lumaDreamMachine, { ...still, status: 'failed', failureReason: 'too dark' }).message).toBe(
			'Luma Dream Machine could not generate the image: too dark (generation gen-1)',
		);
	});

	it('a generation without a video, where the file is asked for, is a failure that names it', async () => {
		const running = generation({}, { generationId: 'gen-1' });
		expect(await new Media(() => ({})).deliver(running)).toEqual({
			ok: false,
			failure: {
				message: 'Generation gen-1 has no video to download (status: processing)',
				advice: "To get it later, use resource 'Generation', operation 'Wait' with the ID gen-1. Or look at https://lumalabs.ai/dream-machine/api.",
				details: { generationId: 'gen-1', provider: 'lumaDreamMachine', status: 'processing', videoUrl: null },
			},
		});
	});

	it('of a failed generation nobody is told to wait for a video', async () => {
		const failed = generation({}, { generationId: 'gen-1', status: 'failed', failureReason: 'moderated' });
		const delivery = await new Media(() => ({})).deliver(failed);
		expect(delivery).toMatchObject({
			ok: false,
			failure: { advice: expect.not.stringContaining("'Wait'"), details: { generationId: 'gen-1', status: 'failed' } },
		});
	});
});

describe('a download that does not succeed', () => {
	const broken: ReadonlyArray<[string, Served]> = [
		['HTTP 500', { statusCode: 500 }],
		['HTTP 429', { statusCode: 429 }],
		['a connection that breaks', { throws: Object.assign(new Error('x'), { code: 'ECONNRESET' }) }],
		['a body that breaks off', { breaks: true }],
		['a body that is shorter than announced', { headers: { 'content-type': 'video/mp4', 'content-length': '9' } }],
		['an empty body', { body: '' }],
	];

	it.each(broken)('%s twice is ridden out', async (_, served) => {
		const media = new Media((n) => (n < 2 ? served : {}));
		expect(await media.deliver()).toMatchObject({ ok: true });
		expect(media.requests).toHaveLength(3);
		expect(media.waits).toEqual([1000, 2000]);
	});

	it.each(broken)('%s three times names the generation, the address and how to get the file', async (_, served) => {
		const media = new Media(() => served);
		const delivery = await media.deliver();
		expect(delivery).toMatchObject({
			ok: false,
			failure: {
				message: expect.stringMatching(/ \(generation gen-1\)$/),
				advice: expect.stringContaining(VIDEO),
				details: { generationId: 'gen-1', status: 'completed', videoUrl: VIDEO },
			},
		});
		const ways = "With the ID gen-1, resource 'Generation' can get a fresh URL (operation 'Get') or the file ('Download').";
		expect(delivery).toMatchObject({ failure: { advice: expect.stringContaining(ways) } });
		expect(media.requests).toHaveLength(3);
	});

	it.each<[string, Served]>([
		['HTTP 404', { statusCode: 404 }],
		['HTTP 403', { statusCode: 403 }],
		['a page', { headers: { 'content-type': 'text/html' } }],
		['too much, as announced', { headers: { 'content-type': 'video/mp4', 'content-length': '1001' } }],
		['too much, unannounced', { body: 'x'.repeat(1001) }],
		['a redirect into a private network', { statusCode: 302, headers: { location: 'http://169.254.169.254/' } }],
	])('%s is not tried again', async (_, served) => {
		const media = new Media(() => served);
		expect(await media.deliver()).toMatchObject({ ok: false });
		expect(media.requests).toHaveLength(1);
	});

	it('is not tried again after a stop', async () => {
		const media = new Media(() => ({ statusCode: 500 }), AbortSignal.abort());
		expect(await media.deliver()).toMatchObject({ ok: false });
		expect(media.requests).toHaveLength(1);
	});
});

describe('the report of a failed generation', () => {
	it.each([
		['The prompt was moderated.', 'The prompt was moderated'],
		[' Out of memory ', 'Out of memory'],
		[null, 'no reason given'],
		['', 'no reason given'],
	])('with the reason %p', (failureReason, words) => {
		const failed = generation({}, { generationId: 'gen-1', status: 'failed', failureReason });
		expect(generationFailure(pixazo, failed)).toEqual({
			message: `Pixazo could not generate the video: ${words} (generation gen-1)`,
			advice: 'Change the prompt or the images, then run this item again.',
			details: { generationId: 'gen-1', provider: 'pixazo', status: 'failed', failureReason },
		});
	});

	it('says that it is free where the provider says so', () => {
		const failed = generation({}, { generationId: 'gen-1', status: 'failed', chargedWhenFailed: 'no' });
		expect(generationFailure(pixazo, failed).advice).toMatch(/ Pixazo does not charge for it\.$/);
	});

	it('does not blame the prompt where the provider takes the blame', () => {
		const failed = generation({}, { generationId: 'gen-1', status: 'failed', failureAdvice: 'Run the workflow again.' });
		expect(generationFailure(pixazo, failed).advice).toBe('Run the workflow again.');
	});
});

describe('a gate', () => {
	it.each([1, 2, 4])('lets %d in at once and all in the end, in order', async (limit) => {
		const time = new VirtualTime();
		const gate = new Gate(limit);
		let inside = 0;
		let most = 0;
		const order: number[] = [];
		const tasks = Array.from({ length: 10 }, async (_, index) =>
			gate.run(async () => {
				order.push(index);
				most = Math.max(most, ++inside);
				await time.sleep(10 + (index % 3));
				inside--;
				return index;
			}),
		);
		expect(await time.run(Promise.all(tasks))).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
		expect(most).toBe(limit);
		expect(order).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
	});

	it('lets the next one in after a failure, and hands the failure on', async () => {
		const gate = new Gate(1);
		const results = await Promise.allSettled([
			gate.run(async () => await Promise.reject(new Error('first'))),
			gate.run(async () => await Promise.resolve('second')),
			gate.run(() => {
				throw new Error('third');
			}),
			gate.run(async () => await Promise.resolve('fourth')),
		]);
		expect(results.map((result) => (result.status === 'fulfilled' ? result.value : String(result.reason)))).toEqual([
			'Error: first',
			'second',
			'Error: third',
			'fourth',
		]);
	});

	it('keeps its limit for those who come just when a place is handed on', async () => {
		const time = new VirtualTime();
		const gate = new Gate(1);
		let inside = 0;
		const task = async (): Promise<void> => {
			expect(++inside).toBe(1);
			await time.sleep(5);
			inside--;
		};
		const first = gate.run(task).then(async () => {
			await gate.run(task);
		});
		await time.run(Promise.all([first, gate.run(task), gate.run(task)]));
		await time.run(gate.run(task));
		expect(inside).toBe(0);
	});
});
