/**
 * n8n is killed, or an execution stopped, at every step of a run; what is bought, delivered, named and doubted then.
 * `npm run test:faults` prints the tables, with more providers.
 */
import { beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { IRun } from 'n8n-workflow';
import type { FaultKind, ProviderName, ProviderServer } from '../provider-server';
import { startProviderServer } from '../provider-server';
import { BOTH_KINDS, LISTING, WITHOUT_LIST } from '../samples';
import type { CrashRow } from './crashMatrix';
import { allCrashCells, crashName, crashTotals, runCrashMatrix } from './crashMatrix';
import { drive } from './harness/driving';
import { crash, freshNode, retryExecution, startWorkflow } from './harness/engine';
import { allTexts, credentialsOf, generate, jsonOf, shownError } from './harness/service';
import { lumaWorkflow } from './harness/workflows';
import type { StopRow } from './stopMatrix';
import { allStopCells, runStopMatrix, stopName, stopTotals } from './stopMatrix';

const MINUTES = 60_000;
jest.setTimeout(MINUTES);

describe('n8n is killed at any step, and the execution is retried', () => {
	let rows: CrashRow[];

	beforeAll(async () => {
		rows = await runCrashMatrix(allCrashCells(BOTH_KINDS));
	}, 8 * MINUTES);

	it('holds in every cell', () => {
		expect(rows.flatMap((row) => row.findings.map((finding) => `${crashName(row)}: ${finding}`))).toEqual([]);
	});

	it('nothing is bought twice and nothing is lost, in total', () => {
		expect(crashTotals(rows)).toMatchObject({ boughtTwice: 0, lost: 0 });
	});

	it('what cannot be known is bought anew on wish, and only that', () => {
		for (const row of rows) expect(row.boughtOnWish ?? 0).toBe(row.inDoubt);
	});
});

describe('the execution is stopped at any step', () => {
	let rows: StopRow[];

	beforeAll(async () => {
		rows = await runStopMatrix(allStopCells(BOTH_KINDS));
	}, 8 * MINUTES);

	it('holds in every cell', () => {
		expect(rows.flatMap((row) => row.findings.map((finding) => `${stopName(row)}: ${finding}`))).toEqual([]);
	});

	it('every ID is kept with the execution or in the log, and a retry buys nothing twice', () => {
		expect(stopTotals(rows)).toMatchObject({ nowhere: 0, boughtTwice: 0, lost: 0 });
	});
});

it('the retry crashes too, as often as it likes: it goes on with what was bought first', async () => {
	const server = await startProviderServer();
	try {
		const workflow = lumaWorkflow([{ text: 'a cat [takes 600000ms]' }], generate(WITHOUT_LIST, { options: { timeout: 100_000 } }));
		let run = await startWorkflow(workflow, { credentials: credentialsOf(server), mode: 'trigger', workflowId: 'again' });
		for (let crashes = 0; crashes < 3; crashes++) {
			const reads = server.ledger().counts[WITHOUT_LIST].status;
			await server.until(({ counts }) => counts[WITHOUT_LIST].status > reads, 30_000);
			crash(run);
			run = await retryExecution(run, { nodeTypes: freshNode() });
		}
		server.finish(server.jobs()[0]?.id ?? '');
		const { end } = await drive(run);
		expect(jsonOf(end)).toMatchObject([{ generationId: server.jobs()[0]?.id, status: 'completed' }]);
		expect(server.jobs()).toHaveLength(1);
	} finally {
		await server.close();
	}
});

describe('two executions ask for the same at the same moment', () => {
	/** What each of the two requests meets, in the order in which the service gets them. */
	const CASES: ReadonlyArray<[string, [FaultKind | null, FaultKind | null]]> = [
		['one never arrives, the other is answered', ['reset-before', null]],
		['one never arrives, the other is answered slowly', ['reset-before', 'slow']],
		['both never arrive', ['reset-before', 'reset-before']],
		['one is accepted without an answer, the other is answered', ['reset-after', null]],
		['one is accepted without an answer, the other never arrives', ['reset-after', 'reset-before']],
		['both are accepted without an answer', ['reset-after', 'reset-after']],
	];

	async function both(server: ProviderServer, provider: ProviderName): Promise<[IRun, IRun]> {
		const workflow = lumaWorkflow([{ text: 'a cat' }], generate(provider, { options: { timeout: 100_000 } }));
		const options = { credentials: credentialsOf(server), mode: 'trigger' as const, workflowId: 'twins' };
		const runs = await Promise.all([startWorkflow(workflow, options), startWorkflow(workflow, options)]);
		const ends = await Promise.all(runs.map(async (run) => {
			const end = await run.finished;
			// Whoever failed is retried, while the other's generation is there to be mistaken.
			return end.status === 'success' ? end : await (await retryExecution(run)).finished;
		}));
		return ends as [IRun, IRun];
	}

	it.each(CASES.flatMap(([name, kinds]) => BOTH_KINDS.map((provider) => [name, provider, kinds] as const)))(
		'%s (%s): none gets the video of the other',
		async (_, provider, kinds) => {
			const server = await startProviderServer({ settings: { [provider]: { jobMs: 20 }, media: { slowChunkMs: 30 } } });
			try {
				for (const [n, kind] of kinds.entries()) if (kind) server.fault({ kind, provider, route: 'create', nth: kinds[0] && n === 1 ? 1 : n + 1 });
				const ends = await both(server, provider);
				const ids = ends.flatMap((end) => jsonOf(end).map(({ generationId }) => generationId));
				const bought = server.jobs().map(({ id }) => id);
				expect(new Set(ids).size).toBe(ids.length);
				expect(bought).toHaveLength(kinds.filter((kind) => kind !== 'reset-before').length);
				for (const end of ends) {
					if (end.status !== 'success') expect(shownError(end)?.message).toContain('It is not known whether');
				}
				const answered = kinds.filter((kind) => kind === null || kind === 'slow').length;
				const canBeTold = LISTING.includes(provider) && !kinds.includes('reset-before');
				expect(ids).toHaveLength(canBeTold ? bought.length : answered);
				// What may be either's is named to both.
				const texts = ends.map(allTexts).join();
				if (LISTING.includes(provider)) for (const id of bought) expect(ids.includes(id) || texts.includes(id)).toBe(true);
			} finally {
				await server.close();
			}
		},
	);
});
