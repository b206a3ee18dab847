/**
 * The fault matrix: in every cell no more is bought than was asked for, and all that was bought is delivered or named.
 * `npm run test:faults` prints it as a table, with every cell of every provider.
 */
import { beforeAll, describe, expect, it, jest } from '@jest/globals';
import { startProviderServer } from '../provider-server';
import { BOTH_KINDS, PROVIDERS, WITH_LIST } from '../samples';
import type { Row } from './faultMatrix';
import { FAULTS, RETRIES, SIZES, nameOf, provingCells, retriesExecution, runMatrix, totalsOf, wayOf } from './faultMatrix';
import { generate, jsonOf, runItems, shownError } from './harness/service';

const MINUTES = 60_000;
jest.setTimeout(MINUTES);

/** All providers together: most of the time is timeouts, which pass side by side. */
let matrix: Promise<Row[]> | undefined;

describe.each(PROVIDERS)('%s', (provider) => {
	let rows: Row[];

	beforeAll(async () => {
		matrix ??= runMatrix(provingCells());
		rows = (await matrix).filter((row) => row.provider === provider);
	}, 15 * MINUTES);

	it('holds in every cell', () => {
		const findings = rows.flatMap((row) => row.findings.map((finding) => `${nameOf(row)}: ${finding}`));
		expect(findings).toEqual([]);
	});

	it('has every cell, or every pair of fault, size and way of retrying', () => {
		// With Continue On Fail there is no failed execution to retry.
		const withContinueOnFail = RETRIES.filter((retry) => !retriesExecution(retry));
		const ways = RETRIES.length + withContinueOnFail.length;
		if (BOTH_KINDS.includes(provider)) expect(rows).toHaveLength(FAULTS.length * SIZES.length * ways);
		const pairs = (of: (row: Row) => unknown[]): number => new Set(rows.map((row) => of(row).join())).size;
		expect(pairs(({ fault, size }) => [fault.name, size])).toBe(FAULTS.length * SIZES.length);
		expect(pairs((row) => [row.fault.name, wayOf(row)])).toBe(FAULTS.length * ways);
		expect(pairs((row) => [row.size, wayOf(row)])).toBe(SIZES.length * ways);
	});

	it('buys nothing twice and loses nothing, in total', () => {
		const totals = totalsOf(rows);
		expect(totals.doublePurchases).toBe(0);
		// Each that was bought is delivered, named, or said to be in doubt. What is in doubt was not always bought.
		expect(totals.delivered + totals.named + totals.inDoubt).toBeGreaterThanOrEqual(totals.created);
		expect(totals.delivered + totals.named).toBeLessThanOrEqual(totals.created);
	});
});

describe('requests that are alike', () => {
	const provider = WITH_LIST;

	it.each([
		['reset-after', 2, 1],
		['reset-after', 3, 5],
		['500-after', 4, 1],
		['500-after', 3, 5],
		['truncated', 1, 1],
		['truncated', 3, 5],
		['timeout-after', 2, 1],
	] as const)('%s at create number %i, %i times, the others answered slowly: all are delivered, each once', async (kind, nth, times) => {
		const server = await startProviderServer({ settings: { [provider]: { jobMs: 20 }, media: { slowChunkMs: 30 } } });
		try {
			server.fault({ kind, provider, route: 'create', nth, times });
			server.fault({ kind: 'slow', provider, route: 'create', times: 'always' });
			const items = Array.from({ length: 5 }, () => ({ text: 'a cat' }));
			const options = { requestTimeout: kind === 'timeout-after' ? 4 : 60, timeout: 5000 };
			const run = await runItems(server, items, generate(provider, { options }));
			expect(shownError(run)).toBeNull();
			const bought = server.ledger().purchases.map(({ id }) => id);
			expect(bought).toHaveLength(5);
			expect(jsonOf(run).map((json) => json.generationId).sort()).toEqual(bought.sort());
		} finally {
			await server.close();
		}
	});
});
