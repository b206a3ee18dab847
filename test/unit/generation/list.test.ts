/** Lists of the account: generations page by page, and words to choose from. */
import { describe, expect, it } from '@jest/globals';
import { readCatalog } from '../../../nodes/LumaVideo/generation/catalog';
import { listGenerations } from '../../../nodes/LumaVideo/generation/list';
import { providers } from '../../../nodes/LumaVideo/providers';
import type { Catalog } from '../../../nodes/LumaVideo/providers/provider';
import type { ProviderCall } from '../../../nodes/LumaVideo/providers/provider';
import type { Exchange } from '../../../nodes/LumaVideo/transport/exchange';
import type { ProviderClient } from '../../../nodes/LumaVideo/transport/providerClient';
import { clientWith } from '../fakeProvider';
import { answer } from '../providers/support';

const { lumaDreamMachine, pixwith } = providers;
const CUT_OFF: Exchange = { kind: 'fault', fault: { outcome: 'unclear', text: 'the connection broke' } };

/** A client whose answers are made by the test. */
function clientOf(reply: (call: ProviderCall, n: number) => Exchange): { client: ProviderClient; calls: ProviderCall[] } {
	const calls: ProviderCall[] = [];
	return { client: clientWith({ send: async (call) => await Promise.resolve(reply(call, calls.push(call) - 1)) }), calls };
}

/** A service that keeps this many generations and gives at most so many at once. */
function account(count: number, maxPage = 100) {
	return clientOf(({ query }) => {
		const { limit, offset } = query as { limit: number; offset: number };
		const size = Math.max(0, Math.min(limit, maxPage, count - offset));
		const generations = Array.from({ length: size }, (_, n) => ({ id: `gen-${offset + n}`, state: 'queued' }));
		return { kind: 'answer', answer: answer(200, { generations, offset, has_more: offset + size < count }) };
	});
}

const ids = (count: number): string[] => Array.from({ length: count }, (_, n) => `gen-${n}`);

describe('the generations of an account', () => {
	it.each<[number, number | null, number[], number]>([
		// in the account, wanted, asked for in each call, found
		[0, null, [100], 0],
		[1, null, [100], 1],
		[100, null, [100], 100],
		[101, null, [100, 100], 101],
		[250, null, [100, 100, 100], 250],
		[250, 0, [], 0],
		[250, 1, [1], 1],
		[250, 50, [50], 50],
		[250, 100, [100], 100],
		[250, 101, [100, 100], 101],
		[250, 300, [100, 100, 100], 250],
		[3, 50, [50], 3],
	])('of %d, of which %p are wanted, are asked for by %j', async (count, limit, asked, found) => {
		const { client, calls } = account(count);
		const result = await listGenerations(lumaDreamMachine, client, limit);
		expect(calls.map(({ query }) => query?.limit)).toEqual(asked);
		expect(result.ok && result.generations.map(({ generationId }) => generationId)).toEqual(ids(found));
	});

	it('are all found where a page holds less than was asked for', async () => {
		const { client, calls } = account(95, 40);
		const result = await listGenerations(lumaDreamMachine, client, null);
		expect(result.ok && result.generations).toHaveLength(95);
		expect(calls.map(({ query }) => query?.offset)).toEqual([0, 40, 80]);
	});

	it('come once each, also where one is made while they are read', async () => {
		let made = 0;
		const { client } = clientOf(({ query }) => {
			const { limit, offset } = query as { limit: number; offset: number };
			const all = [...Array.from({ length: made }, (_, n) => `new-${n}`), ...ids(150)];
			const generations = all.slice(offset, offset + limit).map((id) => ({ id, state: 'queued' }));
			made++;
			return { kind: 'answer', answer: answer(200, { generations, offset, has_more: offset + limit < all.length }) };
		});
		const result = await listGenerations(lumaDreamMachine, client, null);
		expect(result.ok && result.generations.map(({ generationId }) => generationId)).toEqual(ids(150));
	});

	it('come to an end where the service never ends', async () => {
		const { client, calls } = account(Number.MAX_SAFE_INTEGER, 1);
		const result = await listGenerations(lumaDreamMachine, client, null);
		expect(result.ok && result.generations).toHaveLength(1000);
		expect(calls).toHaveLength(1000);
	});

	it('are none, without a call, where the provider has no list', async () => {
		const { client, calls } = account(5);
		expect(await listGenerations(pixwith, client, null)).toEqual({ ok: true, generations: [] });
		expect(calls).toEqual([]);
	});

	it('are not given in part: what goes wrong on any page is told', async () => {
		for (const broken of [0, 1]) {
			const page = (n: number): Exchange => ({
				kind: 'answer',
				answer: answer(200, { generations: [{ id: `gen-${n}`, state: 'queued' }], offset: n, has_more: true }),
			});
			const cut = clientOf((_, n) => (n === broken ? CUT_OFF : page(n)));
			expect(await listGenerations(lumaDreamMachine, cut.client, null)).toMatchObject({
				ok: false,
				message: 'Luma Dream Machine cannot be reached: the connection broke',
				problem: null,
			});
			const refused = clientOf((_, n) => (n === broken ? { kind: 'answer', answer: answer(401, { detail: 'No' }) } : page(n)));
			expect(await listGenerations(lumaDreamMachine, refused.client, null)).toMatchObject({
				ok: false,
				message: 'Luma Dream Machine did not accept the API key: No',
				problem: { kind: 'credentials', httpStatus: 401 },
			});
		}
	});
});

describe('a list of words', () => {
	const catalog = lumaDreamMachine.catalogs?.concepts as Catalog;
	const asked = (exchange: Exchange) => clientOf(() => exchange);

	it('is the service\'s own', async () => {
		const { client, calls } = asked({ kind: 'answer', answer: answer(200, ['orbit_left', 'pan_right']) });
		expect(await readCatalog(lumaDreamMachine, client, catalog)).toEqual({
			ok: true,
			values: ['orbit_left', 'pan_right'],
			isDocumented: false,
		});
		expect(calls).toEqual([catalog.call()]);
	});

	it('is the documented one where the service keeps none any more', async () => {
		const { client } = asked({ kind: 'answer', answer: answer(404, { detail: 'Not found' }) });
		const result = await readCatalog(lumaDreamMachine, client, catalog);
		expect(result).toEqual({ ok: true, values: catalog.known, isDocumented: true });
		// A copy: whoever sorts it changes nothing.
		expect(result.ok && result.values).not.toBe(catalog.known);
		expect(catalog.known.length).toBeGreaterThan(0);
	});

	it.each<[string, Exchange, string, string | undefined]>([
		['a broken connection', CUT_OFF, 'Luma Dream Machine cannot be reached: the connection broke', undefined],
		[
			'a key that is refused',
			{ kind: 'answer', answer: answer(401, { detail: 'No' }) },
			'Luma Dream Machine did not accept the API key: No',
			'credentials',
		],
	])('is told to be missing after %s', async (_, exchange, text, kind) => {
		const result = await readCatalog(lumaDreamMachine, asked(exchange).client, catalog);
		if (result.ok) throw new Error('a list');
		expect([result.message, result.problem?.kind]).toEqual([text, kind]);
	});
});
