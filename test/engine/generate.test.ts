/** Video: Generate through n8n's engine, against the stand-in server. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { IDataObject, INodeParameters } from 'n8n-workflow';
import type { ProviderName, ProviderServer } from '../provider-server';
import { startProviderServer } from '../provider-server';
import { storedBytes, storedPath } from './harness/engine';
import {
	END_IMAGE,
	PROVIDERS,
	START_IMAGE,
	credentialsOf,
	generate,
	jsonOf,
	keysIn,
	runItems,
	runOne,
	shownError,
} from './harness/service';
import { outputOf } from './harness/workflows';

jest.setTimeout(60_000);

let server: ProviderServer;

beforeAll(async () => {
	server = await startProviderServer({
		settings: Object.fromEntries(PROVIDERS.map((name) => [name, { jobMs: 20 }])),
	});
});
afterAll(async () => {
	await server.close();
});
beforeEach(() => {
	server.reset();
});

const MEDIA = join(__dirname, '../provider-server/media');

describe.each(PROVIDERS)('%s', (provider) => {
	it('makes one video per item, at the same time, and passes them on in order', async () => {
		const items = ['a cat', 'a dog', 'a fox'].map((text) => ({ text: `${text} [takes 60000ms]` }));
		const running = runItems(server, items, generate(provider));
		const { purchases, maxConcurrent } = await server.until((ledger) => ledger.purchases.length === 3, 30_000);
		for (const { id } of purchases.reverse()) server.finish(id);
		const run = await running;
		expect(shownError(run)).toBeNull();
		expect(maxConcurrent[provider]).toBe(3);
		expect(jsonOf(run).map((json) => json.prompt)).toEqual(items.map(({ text }) => text));
		expect(outputOf(run).map((item) => item.pairedItem)).toEqual([{ item: 0 }, { item: 1 }, { item: 2 }]);
		const bought = new Map(purchases.map(({ id, prompt }) => [prompt, id]));
		expect(jsonOf(run).map((json) => json.generationId)).toEqual(items.map(({ text }) => bought.get(text)));
	});

	it('gives every item the one output shape', async () => {
		const run = await runOne(server, provider, 'a cat');
		const [purchase] = server.ledger().purchases;
		const [job] = server.jobs();
		const [item] = outputOf(run);
		// Some sign the address anew at each read.
		const url = String(item?.json.videoUrl);
		expect(url.split('?')[0]).toBe(`${server.url}/media/${provider}/${purchase?.id}/output.mp4`);
		const created = new Date(job?.createdAt ?? 0).toISOString();
		const times: Record<ProviderName, { createdAt: string | null; completedAt: string | null }> = {
			lumaDreamMachine: { createdAt: created, completedAt: null },
			lumaAgents: { createdAt: created, completedAt: null },
			pixazo: { createdAt: created, completedAt: new Date(job?.completedAt ?? 0).toISOString() },
			pixwith: { createdAt: null, completedAt: null },
			crazyrouter: { createdAt: `${created.slice(0, 19)}Z`, completedAt: null },
		};
		expect(item?.json).toStrictEqual({
			generationId: purchase?.id,
			provider,
			model: {
				lumaDreamMachine: 'ray-2',
				lumaAgents: 'ray-3.2',
				pixazo: 'ray-2-flash',
				pixwith: 'ray-2',
				crazyrouter: 'ray-v2',
			}[provider],
			status: 'completed',
			videoUrl: url,
			media: [{ url, type: 'video' }],
			prompt: 'a cat',
			...times[provider],
			failureReason: null,
			estimatedCostUsd: { lumaDreamMachine: 0.71, lumaAgents: 0.3, pixazo: null, pixwith: null, crazyrouter: null }[provider],
		});
		expect(item?.pairedItem).toEqual({ item: 0 });
		expect(item?.binary).toBeUndefined();
	});

	it("adds the provider's own answer on wish", async () => {
		const run = await runOne(server, provider, 'a cat', { options: { includeRaw: true } });
		const [json] = jsonOf(run);
		const id = server.ledger().purchases[0]?.id;
		const raw: Record<ProviderName, IDataObject> = {
			lumaDreamMachine: { id, state: 'completed', assets: { video: json?.videoUrl } },
			lumaAgents: { id, state: 'completed', output: [{ type: 'video', url: json?.videoUrl }] },
			pixazo: { request_id: id, status: 'COMPLETED', output: { media_url: [json?.videoUrl] } },
			pixwith: { code: 1, data: { task_id: id, status: 2, result_urls: [json?.videoUrl] } },
			crazyrouter: { id, state: 'completed', video: { download_url: json?.videoUrl } },
		};
		expect(json?.raw).toMatchObject(raw[provider]);
		expect(Object.keys(json ?? {})).toHaveLength(12);
	});

	it('passes on the generation at once when nothing is to be waited for', async () => {
		const run = await runOne(server, provider, 'a cat [takes 60000ms]', { completion: 'none' });
		const [json] = jsonOf(run);
		expect(json).toMatchObject({
			generationId: server.ledger().purchases[0]?.id,
			provider,
			status: 'queued',
			videoUrl: null,
			media: [],
			completedAt: null,
			failureReason: null,
		});
		expect(Object.keys(json ?? {})).toHaveLength(11);
		const { create, status, list } = server.ledger().counts[provider];
		expect({ create, status, list }).toEqual({ create: 1, status: 0, list: 0 });
	});

	it("stores the file's very bytes on disk", async () => {
		const run = await runOne(server, provider, 'a cat', { downloadVideo: true, binaryPropertyName: 'clip' });
		const [item] = outputOf(run);
		const binary = item?.binary?.clip;
		if (!binary) throw new Error('no file');
		const name = { lumaDreamMachine: '720p', lumaAgents: '720p', pixazo: '540p', pixwith: '540p', crazyrouter: '720p' }[
			provider
		];
		const file = readFileSync(join(MEDIA, `${name}_16x9.mp4`));
		expect(Object.keys(item.binary ?? {})).toEqual(['clip']);
		expect(binary).toMatchObject({
			mimeType: 'video/mp4',
			fileExtension: 'mp4',
			fileName: `luma-${String(item.json.generationId)}.mp4`,
			data: 'filesystem-v2',
			bytes: file.length,
		});
		expect((await storedBytes(binary)).equals(file)).toBe(true);
		expect(existsSync(storedPath(binary))).toBe(true);
		expect(statSync(storedPath(binary)).size).toBe(file.length);
	});

	it('shows the key to the service alone', async () => {
		const run = await runOne(server, provider, 'a cat', { downloadVideo: true, options: { includeRaw: true } });
		const ledger = server.ledger();
		expect(ledger.purchases).toHaveLength(1);
		expect(ledger.mediaHits.map(({ keyHeaders }) => keyHeaders)).toEqual([[]]);
		expect(ledger.keyLeaks).toEqual([]);
		expect(keysIn(run, Object.values(server.keys))).toEqual([]);
	});

	it('follows a redirect of the media host without the key', async () => {
		server.fault({ kind: 'redirect', route: 'media', location: `http://localhost:${server.port}/media/samples/4k_1x1.mp4` });
		const run = await runOne(server, provider, 'a cat', { downloadVideo: true });
		const binary = outputOf(run)[0]?.binary?.data;
		if (!binary) throw new Error('no file');
		expect((await storedBytes(binary)).equals(readFileSync(join(MEDIA, '4k_1x1.mp4')))).toBe(true);
		expect(server.ledger().mediaHits).toHaveLength(2);
		expect(server.ledger().keyLeaks).toEqual([]);
	});

	it.each(['create', 'status'] as const)('does not follow a redirect of the service with the key (%s)', async (route) => {
		server.fault({ kind: 'redirect', provider, route, times: 'always' });
		const run = await runOne(server, provider, 'a cat');
		expect(run.status).toBe('error');
		const { strays, keyLeaks, purchases } = server.ledger();
		expect({ strays, keyLeaks }).toEqual({ strays: [], keyLeaks: [] });
		expect(purchases).toHaveLength(route === 'create' ? 0 : 1);
	});

	it('sends nothing, and says what would be sent, in a dry run', async () => {
		const run = await runOne(server, provider, 'a cat', { options: { dryRun: true, includeRaw: true } });
		const [json] = jsonOf(run);
		expect(json).toMatchObject({ generationId: null, status: null, prompt: 'a cat', dryRun: true });
		expect((json?.request as IDataObject).url).toContain(server.baseUrls[provider]);
		expect(JSON.stringify(json?.request)).toContain('a cat');
		expect(server.ledger().requests).toEqual([]);
		expect(keysIn(run, Object.values(server.keys))).toEqual([]);
	});

	it('works with several spaces around key and address, and a slash at the end', async () => {
		const credentials = credentialsOf(server, {
			apiKey: ` ${server.keys[provider]} \n`,
			baseUrl: ` ${server.baseUrls[provider]}/ `,
		});
		const run = await runOne(server, provider, 'a cat', {}, { credentials });
		expect(shownError(run)).toBeNull();
		expect(keysIn(run, [server.keys[provider]])).toEqual([]);
	});
});

interface Variant {
	name: string;
	provider: ProviderName;
	parameters: INodeParameters;
	/** The body that the service got. */
	body: IDataObject;
	prompt?: string;
}

const lumaDefaults = { aspect_ratio: '16:9', resolution: '720p', duration: '5s' };
const agentsDefaults = { resolution: '720p', duration: '5s' };
const pixazoDefaults = { aspect_ratio: '16:9', resolution: '540p', duration: '5s' };
const pixwithDefaults = { prompt_optimization: false, aspect_ratio: '16:9', resolution: '540p', duration: 5 };
const crazyDefaults = { resolution: '720p', duration: '5' };
const imageOf = (url: string): IDataObject => ({ type: 'image', url });

const VARIANTS: Variant[] = [
	{
		name: 'text',
		provider: 'lumaDreamMachine',
		parameters: {},
		body: { model: 'ray-2', prompt: 'a cat', ...lumaDefaults },
	},
	{
		name: 'start image, no prompt',
		provider: 'lumaDreamMachine',
		parameters: { startImage: START_IMAGE },
		prompt: '',
		body: { model: 'ray-2', ...lumaDefaults, keyframes: { frame0: imageOf(START_IMAGE) } },
	},
	{
		name: 'end image',
		provider: 'lumaDreamMachine',
		parameters: { model: 'ray-flash-2', endImage: END_IMAGE },
		body: { model: 'ray-flash-2', prompt: 'a cat', ...lumaDefaults, keyframes: { frame1: imageOf(END_IMAGE) } },
	},
	{
		name: 'both images',
		provider: 'lumaDreamMachine',
		parameters: { startImage: START_IMAGE, endImage: END_IMAGE },
		body: {
			model: 'ray-2',
			prompt: 'a cat',
			...lumaDefaults,
			keyframes: { frame0: imageOf(START_IMAGE), frame1: imageOf(END_IMAGE) },
		},
	},
	{
		name: 'every choice',
		provider: 'lumaDreamMachine',
		parameters: {
			startImage: START_IMAGE,
			aspectRatio: '9:21',
			resolution: '4k',
			duration: '9s',
			loop: true,
			additionalFields: { cameraMotion: 'camera orbit left', concepts: ['dolly_zoom', 'pov'] },
		},
		body: {
			model: 'ray-2',
			prompt: 'a cat, camera orbit left',
			aspect_ratio: '9:21',
			resolution: '4k',
			duration: '9s',
			loop: true,
			keyframes: { frame0: imageOf(START_IMAGE) },
			concepts: [{ key: 'dolly_zoom' }, { key: 'pov' }],
		},
	},
	{
		name: 'the legacy model',
		provider: 'lumaDreamMachine',
		parameters: { model: 'ray-1-6', aspectRatio: '4:3' },
		body: { model: 'ray-1-6', prompt: 'a cat', aspect_ratio: '4:3' },
	},
	{
		name: 'values left behind by another model',
		provider: 'lumaDreamMachine',
		parameters: { model: 'ray-1-6', resolution: '4k', duration: '9s' },
		body: { model: 'ray-1-6', prompt: 'a cat', aspect_ratio: '16:9' },
	},
	{
		name: 'a field that the node does not know',
		provider: 'lumaDreamMachine',
		parameters: { additionalFields: { additionalBodyFields: '{"generation_type":"video"}' } },
		body: { model: 'ray-2', prompt: 'a cat', ...lumaDefaults, generation_type: 'video' },
	},
	{
		name: 'text',
		provider: 'lumaAgents',
		parameters: {},
		body: { type: 'video', model: 'ray-3.2', prompt: 'a cat', aspect_ratio: '16:9', video: agentsDefaults },
	},
	{
		name: 'both images',
		provider: 'lumaAgents',
		parameters: { startImage: START_IMAGE, endImage: END_IMAGE, aspectRatio: '9:16', resolution: '1080p' },
		body: {
			type: 'video',
			model: 'ray-3.2',
			prompt: 'a cat',
			aspect_ratio: '9:16',
			video: {
				...agentsDefaults,
				resolution: '1080p',
				start_frame: { url: START_IMAGE },
				end_frame: { url: END_IMAGE },
			},
		},
	},
	{
		name: 'start image',
		provider: 'pixazo',
		parameters: {},
		body: { prompt: 'a cat', image_url: START_IMAGE, ...pixazoDefaults },
	},
	{
		name: 'every choice',
		provider: 'pixazo',
		parameters: { endImage: END_IMAGE, aspectRatio: '21:9', resolution: '1080p', duration: '9s', loop: true },
		body: {
			prompt: 'a cat',
			image_url: START_IMAGE,
			end_image_url: END_IMAGE,
			aspect_ratio: '21:9',
			loop: true,
			resolution: '1080p',
			duration: '9s',
		},
	},
	{
		name: 'text',
		provider: 'pixwith',
		parameters: {},
		body: { prompt: 'a cat', model_id: '2-4', options: pixwithDefaults },
	},
	{
		name: 'start image',
		provider: 'pixwith',
		parameters: { startImage: START_IMAGE },
		body: { prompt: 'a cat', image_urls: [START_IMAGE], model_id: '3-4', options: pixwithDefaults },
	},
	{
		name: 'every choice',
		provider: 'pixwith',
		parameters: {
			startImage: START_IMAGE,
			endImage: END_IMAGE,
			aspectRatio: '9:16',
			resolution: '720p',
			duration: '9s',
			loop: true,
			additionalFields: { promptOptimization: true, modelId: '3-4' },
		},
		body: {
			prompt: 'a cat',
			image_urls: [START_IMAGE, END_IMAGE],
			model_id: '3-4',
			options: { prompt_optimization: true, aspect_ratio: '9:16', resolution: '720p', duration: 9, loop: true },
		},
	},
	{
		name: 'text',
		provider: 'crazyrouter',
		parameters: {},
		body: { user_prompt: 'a cat', model_name: 'ray-v2', ...crazyDefaults },
	},
	{
		name: 'first frame',
		provider: 'crazyrouter',
		parameters: { startImage: START_IMAGE },
		body: { user_prompt: 'a cat', model_name: 'ray-v2', ...crazyDefaults, image_url: START_IMAGE },
	},
	{
		name: 'every choice',
		provider: 'crazyrouter',
		parameters: {
			model: 'ray-v1',
			startImage: START_IMAGE,
			endImage: END_IMAGE,
			resolution: '1080p',
			duration: '9s',
			additionalFields: { expandPrompt: false },
		},
		body: {
			user_prompt: 'a cat',
			model_name: 'ray-v1',
			duration: '9',
			resolution: '1080p',
			expand_prompt: false,
			image_url: START_IMAGE,
			image_end_url: END_IMAGE,
		},
	},
	{
		name: 'values left behind by another provider',
		provider: 'crazyrouter',
		parameters: { aspectRatio: '21:9', loop: true, additionalFields: { concepts: [] } },
		body: { user_prompt: 'a cat', model_name: 'ray-v2', ...crazyDefaults },
	},
];

describe('what is bought', () => {
	it.each(VARIANTS)('$provider: $name', async ({ provider, parameters, body, prompt = 'a cat' }) => {
		const run = await runOne(server, provider, prompt, parameters);
		expect(shownError(run)).toBeNull();
		const { purchases, refusedCreates } = server.ledger();
		expect(refusedCreates).toEqual([]);
		expect(purchases).toHaveLength(1);
		expect(purchases[0]?.body).toStrictEqual(body);
		expect(jsonOf(run)[0]?.status).toBe('completed');
	});

	it.each([
		['lumaDreamMachine', (body: IDataObject) => body.callback_url],
		['crazyrouter', (body: IDataObject) => body.notifyHook],
		['pixazo', (_: IDataObject, headers: Record<string, string>) => headers['x-webhook-url']],
	] as const)('%s: the callback address', async (provider, addressIn) => {
		const callbackUrl = 'https://n8n.example.com/webhook/luma';
		await runOne(server, provider, 'a cat', { completion: 'none', additionalFields: { callbackUrl } });
		const [purchase] = server.ledger().purchases;
		expect(addressIn(purchase?.body as IDataObject, purchase?.headers ?? {})).toBe(callbackUrl);
	});
});

describe('the file', () => {
	it('is streamed: a large one does not fill the memory', async () => {
		const size = 200_000_000;
		const before = process.memoryUsage();
		let most = 0;
		const timer = setInterval(() => {
			const { rss, arrayBuffers } = process.memoryUsage();
			most = Math.max(most, Math.min(rss - before.rss, arrayBuffers - before.arrayBuffers));
		}, 2);
		const run = await runOne(server, 'lumaDreamMachine', `a cat [video ${size} bytes]`, { downloadVideo: true });
		clearInterval(timer);
		expect(shownError(run)).toBeNull();
		const binary = outputOf(run)[0]?.binary?.data;
		if (!binary) throw new Error('no file');
		expect(binary.bytes).toBe(size);
		expect(statSync(storedPath(binary)).size).toBe(size);
		expect(most).toBeLessThan(size / 4);
	});

	it.each([
		['no-length', 'video/mp4'],
		['octet-stream', 'video/mp4'],
	] as const)('is taken as it is from a host that says little about it (%s)', async (kind, mimeType) => {
		server.fault({ kind, route: 'media' });
		const run = await runOne(server, 'lumaDreamMachine', 'a cat', { downloadVideo: true });
		const binary = outputOf(run)[0]?.binary?.data;
		if (!binary) throw new Error('no file');
		expect(binary.mimeType).toBe(mimeType);
		expect((await storedBytes(binary)).equals(readFileSync(join(MEDIA, '720p_16x9.mp4')))).toBe(true);
	});

	it('has its own size and shape for each resolution and aspect ratio', async () => {
		const items = [
			{ text: 'a cat', resolution: '540p', ratio: '1:1' },
			{ text: 'a dog', resolution: '1080p', ratio: '9:16' },
		];
		const run = await runItems(
			server,
			items,
			generate('lumaDreamMachine', {
				downloadVideo: true,
				resolution: '={{ $json.resolution }}',
				aspectRatio: '={{ $json.ratio }}',
			}),
		);
		for (const [index, name] of ['540p_1x1.mp4', '1080p_9x16.mp4'].entries()) {
			const binary = outputOf(run)[index]?.binary?.data;
			if (!binary) throw new Error('no file');
			expect((await storedBytes(binary)).equals(readFileSync(join(MEDIA, name)))).toBe(true);
		}
	});
});

describe('the spending limit', () => {
	it('refuses before anything is sent when all items together cost more', async () => {
		const items = Array.from({ length: 3 }, (_, number) => ({ text: `a cat ${number}` }));
		const over = await runItems(server, items, generate('lumaDreamMachine', { options: { maxCost: 2.1 } }));
		expect(shownError(over)?.message).toContain('2.13');
		expect(server.ledger().requests).toEqual([]);
		const within = await runItems(server, items, generate('lumaDreamMachine', { options: { maxCost: 2.14 } }));
		expect(shownError(within)).toBeNull();
		expect(server.ledger().purchases).toHaveLength(3);
	});
});
