/** Many items at once: how many run at the same time, and how few requests that takes. Counted at the server. */
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it, jest } from '@jest/globals';
import type { IRun } from 'n8n-workflow';
import type { ProviderName } from '../provider-server';
import { BOTH_KINDS, forAll, PROVIDERS, samples, WITH_LIST } from '../samples';
import { freezeClock } from './harness/fastClock';
import { useProviderServer } from './harness/providerServer';
import { generate, generation, jsonOf, runItems, shownError } from './harness/service';

jest.setTimeout(120_000);

const JOB_MS = 300;
/** Ends when the test says so: longer than the node waits, and so than any test. */
const LONG_MS = 600_000;

const server = useProviderServer(forAll({ jobMs: JOB_MS }));

function many(count: number): Array<{ text: string }> {
	return Array.from({ length: count }, (_, number) => ({ text: `a cat, number ${number}` }));
}

describe("many items run at most as many at once as 'Max Concurrent Generations' says", () => {
	it.each([
		['its default', undefined, 30, PROVIDERS],
		['25', 25, 100, BOTH_KINDS],
	] as const)('%s', async (_, maxConcurrent, count, all) => {
		const limitOf = (provider: ProviderName): number => maxConcurrent ?? samples[provider].concurrency;
		// One more at once would be refused.
		server.configure(Object.fromEntries(all.map((name) => [name, { jobMs: 20, maxConcurrent: limitOf(name) }])));
		// The first fill all places for as long as the test likes.
		const itemsFor = (provider: ProviderName): Array<{ text: string }> =>
			many(count).map(({ text }, number) => ({ text: number < limitOf(provider) ? `${text} [takes 600000ms]` : text }));
		const options = { timeout: 50_000, ...(maxConcurrent ? { maxConcurrent } : {}) };
		const running = Promise.all(
			all.map(async (provider) => await runItems(server, itemsFor(provider), generate(provider, { options }))),
		);
		await server.until((now) => all.every((name) => now.maxConcurrent[name] === limitOf(name)), 60_000);
		await pause(200);
		for (const provider of all) expect(server.ledger().counts[provider].create).toBe(limitOf(provider));
		for (const { id } of server.ledger().purchases) server.finish(id);
		const runs = await running;
		const ledger = server.ledger();
		expect(ledger.refusedCreates).toEqual([]);
		for (const [index, provider] of all.entries()) {
			const run = runs[index];
			if (!run) throw new Error('unreachable');
			expect(shownError(run)).toBeNull();
			expect([provider, ledger.maxConcurrent[provider]]).toEqual([provider, limitOf(provider)]);
			expect(ledger.counts[provider].create).toBe(count);
			const own = ledger.purchases.filter((purchase) => purchase.provider === provider);
			const ids = new Map(own.map(({ id, prompt }) => [prompt, id]));
			expect(ids.size).toBe(count);
			expect(jsonOf(run).map((json) => json.generationId)).toEqual(itemsFor(provider).map(({ text }) => ids.get(text)));
		}
	});
});

describe.each(BOTH_KINDS)('%s', (provider) => {
	it('one at a time is one after the other', async () => {
		server.configure({ [provider]: { jobMs: 20, maxConcurrent: 1 } });
		const run = await runItems(server, many(4), generate(provider, { options: { maxConcurrent: 1 } }));
		expect(shownError(run)).toBeNull();
		expect(server.ledger().maxConcurrent[provider]).toBe(1);
		expect(server.ledger().refusedCreates).toEqual([]);
		expect(server.ledger().purchases.map(({ prompt }) => prompt)).toEqual(many(4).map(({ text }) => text));
	});

	it('five items are made in the time of one', async () => {
		server.configure({ [provider]: { jobMs: LONG_MS } });
		const running = runItems(server, many(5), generate(provider));
		await server.until(({ purchases }) => purchases.length === 5, 60_000);
		// The last was begun before the first was over.
		expect(server.jobs().map(({ completedAt }) => completedAt)).toEqual(Array(5).fill(null));
		server.elapse();
		expect(shownError(await running)).toBeNull();
		expect(server.jobs()).toHaveLength(5);
		expect(server.ledger().maxConcurrent[provider]).toBe(5);
	});

	it('does not hold a place for what is refused', async () => {
		server.configure({ [provider]: { jobMs: 20 } });
		const items = many(12).map(({ text }, number) => ({ text: number % 3 === 1 ? `${text} [refused: No]` : text }));
		const run = await runItems(server, items, generate(provider, { options: { maxConcurrent: 2 } }), {
			node: { onError: 'continueRegularOutput' },
		});
		expect(jsonOf(run).map((json) => json.error === undefined)).toEqual(items.map((_, number) => number % 3 !== 1));
		expect(server.ledger().maxConcurrent[provider]).toBeLessThanOrEqual(2);
		expect(server.ledger().purchases).toHaveLength(8);
	});

	it('waits for its turn where the service lets fewer run than was asked for', async () => {
		server.configure({ [provider]: { jobMs: LONG_MS, maxConcurrent: 2 } });
		// Where a refusal for too many at once has no code of its own, it cannot be told from others.
		const { tellsTooMany } = samples[provider];
		const limit = tellsTooMany ? 5 : 2;
		const running = runItems(server, many(7), generate(provider, { options: { maxConcurrent: limit } }));
		// Two run, and so long as they do the others are refused.
		const refusals = tellsTooMany ? 3 : 0;
		await server.until((now) => now.purchases.length === 2 && now.refusedCreates.length >= refusals, 60_000);
		server.configure({ [provider]: { jobMs: 20 } });
		server.elapse();
		expect(shownError(await running)).toBeNull();
		expect(server.ledger().purchases).toHaveLength(7);
		expect(server.ledger().maxConcurrent[provider]).toBe(2);
		expect(server.ledger().refusedCreates.length > 0).toBe(tellsTooMany);
	});

	it('returns at once for all, as many at a time as allowed', async () => {
		server.configure({ [provider]: { jobMs: 60_000 } });
		const run = await runItems(
			server,
			many(20),
			generate(provider, { completion: 'none', options: { maxConcurrent: 3 } }),
		);
		expect(jsonOf(run)).toHaveLength(20);
		expect(server.ledger().purchases).toHaveLength(20);
		const { status, list } = server.ledger().counts[provider];
		expect(status + list).toBe(0);
	});
});

describe('lists', () => {
	const provider = WITH_LIST;

	/**
	 * Runs until the list was read so often while all of them ran, which then are over.
	 *
	 * The node's time stands still until all are bought: none is looked at while it is alone.
	 */
	async function runWith(count: number, lists: number, parameters = generate(provider)): Promise<IRun> {
		server.configure({ [provider]: { jobMs: LONG_MS } });
		const thaw = freezeClock();
		const running = runItems(server, many(count), parameters);
		await server.until(({ purchases }) => purchases.length === count, 60_000).finally(thaw);
		await server.until(({ counts }) => counts[provider].list >= lists, 60_000);
		server.elapse();
		return await running;
	}

	it('one read serves all that run', async () => {
		const run = await runWith(50, 3, generate(provider, { options: { maxConcurrent: 50 } }));
		expect(shownError(run)).toBeNull();
		const { list, status } = server.ledger().counts[provider];
		// Read one by one, it would be several requests for each. One that is left over is read on its own.
		expect(list + status).toBeLessThan(50);
	});

	it('one read serves all that are waited for', async () => {
		server.configure({ [provider]: { jobMs: LONG_MS } });
		const bought = await runItems(server, many(30), generate(provider, { completion: 'none' }));
		const ids = jsonOf(bought).map((json) => ({ id: json.generationId }));
		const running = runItems(server, ids, generation('wait', provider));
		await server.until(({ counts }) => counts[provider].list > 0, 60_000);
		server.elapse();
		expect(jsonOf(await running).map((json) => json.generationId)).toEqual(ids.map(({ id }) => id));
		const { list, status } = server.ledger().counts[provider];
		expect(list + status).toBeLessThan(30);
	});

	it('are read page by page where the service gives short ones', async () => {
		server.configure({ [provider]: { listMaximum: 4 } });
		const run = await runWith(10, 6, generate(provider, { options: { maxConcurrent: 10 } }));
		expect(shownError(run)).toBeNull();
		expect(server.ledger().requests.some(({ path }) => /[?&](offset=[48]|cursor=)/.test(path))).toBe(true);
		// One that is left over is read on its own; those beyond the first page are not.
		expect(server.ledger().counts[provider].status).toBeLessThan(2);
	});

	it.each(['403', '404', 'html'] as const)('that cannot be read (%s) are done without', async (kind) => {
		server.fault({ kind, provider, route: 'list', times: 'always' });
		const run = await runWith(5, 1);
		expect(shownError(run)).toBeNull();
		expect(jsonOf(run)).toHaveLength(5);
		const { list, status } = server.ledger().counts[provider];
		expect(list).toBe(1);
		expect(status).toBeGreaterThanOrEqual(5);
	});

	it.each(['500', 'reset-before', '429'] as const)('that cannot be read for a moment (%s) are read again', async (kind) => {
		server.fault({ kind, provider, route: 'list', times: 2 });
		// Done without after a failure, as above, there would be one read of the list.
		const run = await runWith(5, 3);
		expect(shownError(run)).toBeNull();
		// One that is left over is read on its own.
		expect(server.ledger().counts[provider].status).toBeLessThan(5);
	});

	it('that lack a generation do not lose it', async () => {
		// A generation of another account's list, so to speak: only its own address knows it.
		server.configure({ [provider]: { jobMs: 60 } });
		server.fault({ kind: 'no-id', provider, route: 'list', times: 'always' });
		const run = await runItems(server, many(3), generate(provider));
		expect(shownError(run)).toBeNull();
		expect(jsonOf(run).map((json) => json.status)).toEqual(['completed', 'completed', 'completed']);
	});

	it('a single one is read by itself', async () => {
		server.configure({ [provider]: { jobMs: 60 } });
		await runItems(server, many(1), generate(provider));
		expect(server.ledger().counts[provider].list).toBe(0);
	});
});

describe('the end of the node', () => {
	it.each(BOTH_KINDS)('%s: is the end of its requests', async (provider) => {
		server.configure({ [provider]: { jobMs: 60_000 } });
		server.fault({ kind: '402', provider, route: 'create', prompt: 'number 7' });
		const run = await runItems(server, many(10), generate(provider, { downloadVideo: true, options: { maxConcurrent: 10 } }));
		expect(run.status).toBe('error');
		// Reads that were on their way may still arrive.
		for (let before = -1; before < server.ledger().requests.length; await pause(200)) before = server.ledger().requests.length;
		const requests = server.ledger().requests.length;
		for (const { id } of server.ledger().purchases) server.finish(id);
		await pause(400);
		expect(server.ledger().requests).toHaveLength(requests);
		expect(server.ledger().mediaHits).toEqual([]);
	});
});
