/** Generation: Get, Wait and Download through n8n's engine, against the stand-in server. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, jest } from '@jest/globals';
import { providers } from '../../nodes/LumaVideo/providers';
import type { IDataObject } from 'n8n-workflow';
import type { FaultKind, ProviderName } from '../provider-server';
import { BOTH_KINDS, nameOf, PROVIDERS, REASONS_TOLD, samples, WITH_LIST } from '../samples';
import { storedBytes } from './harness/engine';
import { useProviderServer } from './harness/providerServer';
import { generate, generation, jsonOf, keysIn, runItems, runOne, shownError } from './harness/service';
import { outputOf } from './harness/workflows';

jest.setTimeout(60_000);

const server = useProviderServer();

const VIDEO = readFileSync(join(__dirname, '../provider-server/media/720p_16x9.mp4'));
const LONG = '[takes 60000ms]';

/** Buys a generation that runs for a minute; what becomes of it is decided with `server.finish`. */
async function buy(provider: ProviderName, prompt = 'a cat'): Promise<string> {
	const run = await runOne(server, provider, `${prompt} ${LONG}`, { completion: 'none' });
	return String(jsonOf(run)[0]?.generationId);
}

async function buyFinished(provider: ProviderName, prompt = 'a cat'): Promise<string> {
	const id = await buy(provider, prompt);
	server.finish(id);
	return id;
}

const KEYS = [
	'completedAt',
	'createdAt',
	'estimatedCostUsd',
	'failureReason',
	'generationId',
	'media',
	'model',
	'prompt',
	'provider',
	'status',
	'videoUrl',
];

describe.each(PROVIDERS)('%s: Get', (provider) => {
	it('tells the state as it is: queued, finished, failed', async () => {
		const ids = [await buy(provider, 'one'), await buyFinished(provider, 'two'), await buy(provider, 'three')];
		server.configure(REASONS_TOLD);
		server.finish(String(ids[2]), 'failed', 'The model gave up');
		const run = await runItems(server, ids.map((id) => ({ id })), generation('get', provider));
		expect(shownError(run)).toBeNull();
		// Some sign the address anew at each read.
		const url = String(jsonOf(run)[1]?.videoUrl);
		expect(url.split('?')[0]).toBe(`${server.url}/media/${provider}/${ids[1]}/output.mp4`);
		expect(jsonOf(run)).toMatchObject([
			// Some have one word for what waits and what runs.
			{ generationId: ids[0], status: samples[provider].reads?.queued ?? 'queued', videoUrl: null, media: [] },
			{ generationId: ids[1], status: 'completed', videoUrl: url, media: [{ url, type: 'video' }] },
			{ generationId: ids[2], status: 'failed', videoUrl: null, failureReason: expect.stringContaining('The model gave up') },
		]);
		for (const json of jsonOf(run)) {
			expect(Object.keys(json).sort()).toEqual(KEYS);
			expect(json).toMatchObject({ provider, estimatedCostUsd: null });
		}
		expect(outputOf(run).map((item) => item.pairedItem)).toEqual([{ item: 0 }, { item: 1 }, { item: 2 }]);
		expect(server.ledger().purchases).toHaveLength(3);
	});

	it("adds the provider's own answer on wish", async () => {
		const id = await buyFinished(provider);
		const run = await runItems(server, [{ id }], generation('get', provider, { options: { includeRaw: true } }));
		expect(JSON.stringify(jsonOf(run)[0]?.raw)).toContain(id);
		expect(Object.keys(jsonOf(run)[0] ?? {}).sort()).toEqual([...KEYS, 'raw'].sort());
		expect(keysIn(run, Object.values(server.keys))).toEqual([]);
	});

	it('names the generation when it cannot be read', async () => {
		const id = await buyFinished(provider);
		server.fault({ kind: '500', provider, route: 'status', times: 'always' });
		const run = await runItems(server, [{ id }], generation('get', provider));
		expect(shownError(run)?.message).toMatch(new RegExp(`^Generation ${id} cannot be read: .* \\[item 0\\]$`));
		expect(server.ledger().counts[provider].status).toBe(3);
	});

	it('of an ID that is not known ends only its item when the node goes on', async () => {
		const id = await buyFinished(provider);
		const items = [{ id: samples[provider].unknownId }, { id }, { id: '' }];
		const run = await runItems(server, items, generation('get', provider), { node: { onError: 'continueErrorOutput' } });
		expect(jsonOf(run, 0)).toMatchObject([{ generationId: id, status: 'completed' }]);
		expect(outputOf(run, 0).map((item) => item.pairedItem)).toEqual([{ item: 1 }]);
		expect(jsonOf(run, 1)).toMatchObject([
			{
				error: expect.stringMatching(/ \[item 0\]$/),
				details: { generationId: samples[provider].unknownId, provider, status: 'unknown' },
			},
			{ error: "'Generation ID' is empty [item 2]", details: { generationId: null, provider, status: null } },
		]);
	});
});

describe.each(PROVIDERS)('%s: Wait', (provider) => {
	it('waits for all items together and passes them on in order', async () => {
		const ids = [await buy(provider, 'one'), await buy(provider, 'two'), await buy(provider, 'three')];
		const running = runItems(server, ids.map((id) => ({ id })), generation('wait', provider, { downloadVideo: true }));
		await server.until(({ counts }) => counts[provider].status + counts[provider].list > 3, 30_000);
		for (const id of [...ids].reverse()) server.finish(id);
		const run = await running;
		expect(jsonOf(run).map((json) => json.generationId)).toEqual(ids);
		for (const item of outputOf(run)) {
			expect(item.json.status).toBe('completed');
			expect(item.binary?.data?.bytes).toBeGreaterThan(0);
		}
		expect(server.ledger().keyLeaks).toEqual([]);
	});

	it('says that a generation failed, and why', async () => {
		server.configure(REASONS_TOLD);
		const id = await buy(provider);
		server.finish(id, 'failed', 'The model gave up');
		const run = await runItems(server, [{ id }], generation('wait', provider));
		expect(shownError(run)?.message).toMatch(
			new RegExp(`^${nameOf(provider)} could not generate the video: .*The model gave up.* \\(generation ${id}\\) \\[item 0\\]$`),
		);
	});

	it('ends at its time limit with the ID and the next step', async () => {
		const id = await buy(provider);
		const run = await runItems(server, [{ id }], generation('wait', provider, { options: { timeout: 10 } }));
		expect(shownError(run)).toEqual({
			message: `Generation ${id} is not finished after 10 seconds [item 0]`,
			description: `${nameOf(provider)} is still working on it, and nothing is lost. To get it later, use resource 'Generation', operation 'Wait' with the ID ${id}. Or raise 'Timeout'.`,
			itemIndex: 0,
		});
	});

	it('passes on what is not finished at its time limit, on wish', async () => {
		const ids = [await buyFinished(provider, 'one'), await buy(provider, 'two')];
		const run = await runItems(
			server,
			ids.map((id) => ({ id })),
			generation('wait', provider, { options: { timeout: 10, onTimeout: 'continue' } }),
		);
		expect(shownError(run)).toBeNull();
		expect(jsonOf(run)[0]).toMatchObject({ generationId: ids[0], status: 'completed' });
		expect(jsonOf(run)[1]).toMatchObject({ generationId: ids[1], videoUrl: null });
		expect(['queued', 'processing']).toContain(jsonOf(run)[1]?.status);
		for (const json of jsonOf(run)) expect(Object.keys(json).sort()).toEqual(KEYS);
	});

	it('does not ride out an ID that is not known', async () => {
		const run = await runItems(server, [{ id: samples[provider].unknownId }], generation('wait', provider));
		expect(shownError(run)?.message).toMatch(new RegExp(`[Gg]eneration ${samples[provider].unknownId}( cannot be read| \\[item 0\\]$)`));
		// Where an ID does not say which of two places it belongs to, both are asked.
		expect(server.ledger().counts[provider].status).toBe(providers[provider].status('').orElse ? 2 : 1);
	});

	it('ends only the item that is wrong when the node goes on', async () => {
		const id = await buyFinished(provider);
		const items = [{ id: samples[provider].unknownId }, { id }];
		const run = await runItems(server, items, generation('wait', provider), { node: { onError: 'continueErrorOutput' } });
		expect(jsonOf(run, 0)).toMatchObject([{ generationId: id, status: 'completed' }]);
		expect(jsonOf(run, 1)).toMatchObject([{ details: { generationId: samples[provider].unknownId, provider } }]);
	});
});

/** Both kinds, and one that reads its result apart. */
describe.each<ProviderName>([...BOTH_KINDS, 'fal'])('%s: what goes wrong for a moment', (provider) => {
	it.each(['500', '503', '429', 'reset-before', 'truncated'] as const)('Get reads again after %s', async (kind) => {
		const id = await buyFinished(provider);
		server.fault({ kind, provider, route: 'status', times: 2 });
		const run = await runItems(server, [{ id }], generation('get', provider));
		expect(jsonOf(run)).toMatchObject([{ generationId: id, status: 'completed' }]);
		// Where the result is read apart, that read comes after.
		expect(server.ledger().counts[provider].status).toBe(samples[provider].results ? 4 : 3);
	});

	it.each(['500', '429', 'reset-after', 'empty', 'unknown-status'] as const)('Wait rides out %s', async (kind) => {
		const id = await buy(provider);
		server.fault({ kind, provider, route: 'status', times: 3 });
		const running = runItems(server, [{ id }], generation('wait', provider));
		await server.until(({ counts }) => counts[provider].status >= 3, 30_000);
		server.finish(id);
		const run = await running;
		expect(jsonOf(run)).toMatchObject([{ generationId: id, status: 'completed' }]);
	});
});

describe.each(PROVIDERS)('%s: Download', (provider) => {
	it('stores the file under the chosen name and keeps the output shape', async () => {
		const ids = [await buyFinished(provider, 'one'), await buyFinished(provider, 'two')];
		const run = await runItems(
			server,
			ids.map((id) => ({ id })),
			generation('download', provider, { binaryPropertyName: 'clip' }),
		);
		expect(shownError(run)).toBeNull();
		for (const [index, item] of outputOf(run).entries()) {
			expect(Object.keys(item.json).sort()).toEqual(KEYS);
			expect(item.json).toMatchObject({ generationId: ids[index], status: 'completed' });
			const binary = item.binary?.clip;
			expect(binary).toMatchObject({ mimeType: 'video/mp4', fileName: expect.stringMatching(/\.mp4$/) });
			expect(binary?.bytes).toBeGreaterThan(1000);
		}
		expect(server.ledger().keyLeaks).toEqual([]);
	});

	it('of what is not finished says so', async () => {
		const id = await buy(provider);
		const run = await runItems(server, [{ id }], generation('download', provider));
		expect(shownError(run)).toMatchObject({
			message: expect.stringMatching(
				new RegExp(`^Generation ${id} has no video to download \\(status: (queued|processing)\\) \\[item 0\\]$`),
			),
			description: `To get it later, use resource 'Generation', operation 'Wait' with the ID ${id}. Or look at ${providers[provider].dashboardUrl}.`,
		});
		expect(server.ledger().mediaHits).toEqual([]);
	});

	it('of what failed says so', async () => {
		const id = await buy(provider);
		server.finish(id, 'failed', 'The model gave up');
		const run = await runItems(server, [{ id }], generation('download', provider));
		expect(shownError(run)?.message).toContain(`${nameOf(provider)} could not generate the video`);
		expect(shownError(run)?.message).toContain(id);
		expect(server.ledger().mediaHits).toEqual([]);
	});

	it('of an expired address names generation and address', async () => {
		const id = await buyFinished(provider);
		server.fault({ kind: '403', route: 'media', times: 'always' });
		const run = await runItems(server, [{ id }], generation('download', provider));
		const shown = shownError(run);
		expect(shown?.message).toBe(`The video could not be downloaded: HTTP 403 (generation ${id}) [item 0]`);
		expect(shown?.description).toContain(`Check whether ${server.url}/media/${provider}/${id}/output.mp4`);
		expect(shown?.description).toContain('still opens: it may have expired.');
		expect(server.ledger().mediaHits).toHaveLength(1);
	});
});

describe('a download', () => {
	const provider = WITH_LIST;

	it.each<[FaultKind, number]>([
		['cut', 1],
		['empty', 1],
		['500', 2],
		['503', 2],
		['429', 1],
		['reset-before', 2],
		['reset-after', 1],
	])('is tried again after %s', async (kind, times) => {
		const id = await buyFinished(provider);
		server.fault({ kind, route: 'media', times });
		const run = await runItems(server, [{ id }], generation('download', provider));
		expect(shownError(run)).toBeNull();
		const binary = outputOf(run)[0]?.binary?.data;
		if (!binary) throw new Error('no file');
		expect((await storedBytes(binary)).equals(VIDEO)).toBe(true);
		expect(server.ledger().mediaHits).toHaveLength(times + 1);
	});

	it.each<[FaultKind, string, number]>([
		['cut', 'The video could not be downloaded: the connection broke', 3],
		['empty', 'The video could not be downloaded: the download was cut off', 3],
		['500', 'The video could not be downloaded: HTTP 500', 3],
		['404', 'The video could not be downloaded: HTTP 404', 1],
		['reset-before', 'The video could not be downloaded: the connection broke', 3],
		['wrong-type', 'The URL of the video returns something else (text/html; charset=utf-8)', 1],
	])('that ends with %s every time says so, with ID and address', async (kind, message, hits) => {
		const id = await buyFinished(provider);
		server.fault({ kind, route: 'media', times: 'always' });
		const run = await runItems(server, [{ id }], generation('download', provider));
		expect(shownError(run)?.message).toBe(`${message} (generation ${id}) [item 0]`);
		expect(shownError(run)?.description).toContain(`${server.url}/media/${provider}/${id}/output.mp4`);
		expect(server.ledger().mediaHits).toHaveLength(hits);
		expect(outputOf(run)).toEqual([]);
	});

	it.each([true, false])('of a file larger than allowed is refused (length told: %p)', async (told) => {
		const id = await buyFinished(provider, 'a cat [video 3000000 bytes]');
		if (!told) server.fault({ kind: 'no-length', route: 'media', times: 'always' });
		const run = await runItems(server, [{ id }], generation('download', provider, { options: { maxDownloadMb: 2 } }));
		expect(shownError(run)?.message).toBe(`The video is larger than 2.0 MB (generation ${id}) [item 0]`);
		expect(shownError(run)?.description).toContain(`${server.url}/media/${provider}/${id}/output.mp4`);
		expect(server.ledger().mediaHits).toHaveLength(1);
	});

	it('of a file as large as allowed is not', async () => {
		const id = await buyFinished(provider, 'a cat [video 2000000 bytes]');
		const run = await runItems(server, [{ id }], generation('download', provider, { options: { maxDownloadMb: 2 } }));
		expect(outputOf(run)[0]?.binary?.data?.bytes).toBe(2_000_000);
	});

	it('from a slow host is waited for, as long as something comes', async () => {
		const id = await buyFinished(provider);
		server.fault({ kind: 'slow', route: 'media' });
		const run = await runItems(server, [{ id }], generation('download', provider));
		expect(outputOf(run)[0]?.binary?.data?.bytes).toBe(VIDEO.length);
	});

	it('from a host that falls silent in the middle is given up and tried again', async () => {
		server.configure({ media: { slowChunkMs: 5000 } });
		const id = await buyFinished(provider);
		server.fault({ kind: 'slow', route: 'media' });
		const run = await runItems(server, [{ id }], generation('download', provider, { options: { requestTimeout: 1 } }));
		expect(shownError(run)).toBeNull();
		expect(outputOf(run)[0]?.binary?.data?.bytes).toBe(VIDEO.length);
		expect(server.ledger().mediaHits).toHaveLength(2);
	});

	it('from a host that never answers is given up and tried again', async () => {
		const id = await buyFinished(provider);
		server.fault({ kind: 'timeout-before', route: 'media' });
		const run = await runItems(server, [{ id }], generation('download', provider, { options: { requestTimeout: 1 } }));
		expect(shownError(run)).toBeNull();
		expect(server.ledger().mediaHits).toHaveLength(2);
	});

	it('does not go round in circles', async () => {
		const id = await buyFinished(provider);
		const location = `${server.url}/media/${provider}/${id}/output.mp4`;
		server.fault({ kind: 'redirect', route: 'media', times: 'always', location });
		const run = await runItems(server, [{ id }], generation('download', provider));
		expect(shownError(run)?.message).toContain(id);
		expect(server.ledger().mediaHits.length).toBeLessThan(10);
	});

	it.each(['file:///etc/passwd', 'ftp://example.com/video.mp4'])('does not follow a redirect to %s', async (location) => {
		const id = await buyFinished(provider);
		server.fault({ kind: 'redirect', route: 'media', times: 'always', location });
		const run = await runItems(server, [{ id }], generation('download', provider));
		expect(shownError(run)).toMatchObject({
			message: `The video is not at a public web address (generation ${id}) [item 0]`,
		});
	});

	it('that fails after Video: Generate names what was bought, and can be had later', async () => {
		server.configure({ [provider]: { jobMs: 20 } });
		server.fault({ kind: '403', route: 'media', times: 1 });
		const failed = await runOne(server, provider, 'a cat', { downloadVideo: true });
		const [purchase] = server.ledger().purchases;
		expect(shownError(failed)?.message).toBe(
			`The video could not be downloaded: HTTP 403 (generation ${purchase?.id}) [item 0]`,
		);
		expect(shownError(failed)?.description).toContain(
			`With the ID ${purchase?.id}, resource 'Generation' can get a fresh URL (operation 'Get') or the file ('Download').`,
		);
		const later = await runItems(server, [{ id: purchase?.id }], generation('download', provider));
		expect(outputOf(later)[0]?.binary?.data?.bytes).toBe(VIDEO.length);
		expect(server.ledger().purchases).toHaveLength(1);
	});

	it('that fails for one item ends only that item when the node goes on', async () => {
		server.configure({ [provider]: { jobMs: 20 } });
		server.fault({ kind: '404', route: 'media', prompt: 'two', times: 'always' });
		const items = ['one', 'two', 'three'].map((text) => ({ text }));
		const run = await runItems(server, items, generate(provider, { downloadVideo: true }), {
			node: { onError: 'continueErrorOutput' },
		});
		const ids = new Map(server.ledger().purchases.map(({ id, prompt }) => [prompt, id]));
		expect(outputOf(run, 0).map((item) => item.binary?.data?.bytes)).toEqual([VIDEO.length, VIDEO.length]);
		const [failed] = jsonOf(run, 1);
		expect(failed?.details as IDataObject).toMatchObject({
			generationId: ids.get('two'),
			status: 'completed',
			videoUrl: `${server.url}/media/${provider}/${ids.get('two')}/output.mp4`,
		});
	});
});
