/** Video: Generate through n8n's engine, against the stand-in server. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, jest } from '@jest/globals';
import type { IDataObject } from 'n8n-workflow';
import { CALLING, forAll, PROVIDERS, samples, shapeOf } from '../samples';
import type { JsonObject } from '../../nodes/LumaVideo/providers/provider';
import { storedBytes, storedPath } from './harness/engine';
import { useProviderServer } from './harness/providerServer';
import { credentialsOf, generate, jsonOf, keysIn, runItems, runOne, shownError } from './harness/service';
import { outputOf } from './harness/workflows';

jest.setTimeout(60_000);

const server = useProviderServer(forAll({ jobMs: 20 }));

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
		const { parameters, priceUsd, times } = samples[provider];
		const time = (name: keyof typeof times): string | null => {
			const text = new Date(job?.[name] ?? 0).toISOString();
			if (times[name] === null) return null;
			return times[name] === 'seconds' ? `${text.slice(0, 19)}Z` : text;
		};
		expect(item?.json).toStrictEqual({
			generationId: purchase?.id,
			provider,
			model: parameters.model,
			status: 'completed',
			videoUrl: url,
			media: [{ url, type: 'video' }],
			prompt: 'a cat',
			createdAt: time('createdAt'),
			completedAt: time('completedAt'),
			failureReason: null,
			estimatedCostUsd: priceUsd,
		});
		expect(item?.pairedItem).toEqual({ item: 0 });
		expect(item?.binary).toBeUndefined();
	});

	it("adds the provider's own answer on wish", async () => {
		const run = await runOne(server, provider, 'a cat', { options: { includeRaw: true } });
		const [json] = jsonOf(run);
		const id = server.ledger().purchases[0]?.id;
		// As it is documented.
		const { answers, results } = samples[provider];
		expect(shapeOf(json?.raw)).toEqual(shapeOf((results?.completed ?? answers.completed).body));
		for (const part of [id, json?.videoUrl]) expect(JSON.stringify(json?.raw)).toContain(part);
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
		const file = readFileSync(join(MEDIA, samples[provider].videoFile));
		expect(Object.keys(item.binary ?? {})).toEqual(['clip']);
		expect(binary).toMatchObject({
			mimeType: 'video/mp4',
			fileExtension: 'mp4',
			fileName: expect.stringMatching(/^a-cat-[A-Za-z0-9]{8}\.mp4$/),
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

const VARIANTS = PROVIDERS.flatMap((provider) => samples[provider].requests.map((request) => ({ provider, ...request })));

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

	it.each(CALLING)('%s: the callback address', async (provider) => {
		const callbackUrl = 'https://n8n.example.com/webhook/luma';
		await runOne(server, provider, 'a cat', { completion: 'none', additionalFields: { callbackUrl } });
		const [purchase] = server.ledger().purchases;
		const { body, headers = {}, callbackUrl: called = null } = purchase ?? {};
		expect(samples[provider].callback?.addressIn({ body: body as JsonObject, headers, callbackUrl: called })).toBe(callbackUrl);
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
