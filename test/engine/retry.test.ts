/** Retry On Fail, "Retry execution", loops and Stop: what was bought is continued, and nothing is bought again. */
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import type { IDataObject, INode, INodeParameters, IRun } from 'n8n-workflow';
import type { ProviderName, ProviderServer } from '../provider-server';
import { BOTH_KINDS, forAll, LISTING, PROVIDERS, WITHOUT_LIST } from '../samples';
import type { EngineRun, EngineWorkflow } from './harness/engine';
import { forRetry, retryExecution, startWorkflow, storedBytes } from './harness/engine';
import { freezeClock } from './harness/fastClock';
import { useProviderServer } from './harness/providerServer';
import { allTexts, credentialsOf, generate, jsonOf, keysIn, runItems, shownError } from './harness/service';
import { NODE, followedBy, loopWorkflow, lumaWorkflow, outputOf } from './harness/workflows';

jest.setTimeout(60_000);

const RETRY_ON_FAIL: Partial<INode> = { retryOnFail: true, maxTries: 3, waitBetweenTries: 1 };
const LONG = '[takes 60000ms]';

const server = useProviderServer(forAll({ jobMs: 20 }));
let thaw: () => void = () => undefined;
afterEach(() => {
	thaw();
});

function itemsOf(...texts: string[]): Array<{ text: string }> {
	return texts.map((text) => ({ text }));
}

const THREE = itemsOf('number 0', 'number 1', 'number 2');

async function start(workflow: EngineWorkflow): Promise<EngineRun> {
	return await startWorkflow(workflow, { credentials: credentialsOf(server) });
}

async function run(workflow: EngineWorkflow): Promise<IRun> {
	return await (await start(workflow)).finished;
}

/** "Retry execution"; with `current`, "Retry with currently saved workflow". */
async function retry(failed: IRun, workflow: EngineWorkflow, current?: EngineWorkflow): Promise<IRun> {
	return await (await retryExecution(failed, workflow, { credentials: credentialsOf(server) }, current)).finished;
}

/** Prompts of what was bought, sorted. */
function bought(): string[] {
	return server
		.ledger()
		.purchases.map(({ prompt }) => prompt)
		.sort();
}

/** That each item got what was bought for it, and nothing was bought besides. */
function expectEachOnce(last: IRun, items: ReadonlyArray<{ text: string }>): void {
	expect(shownError(last)).toBeNull();
	const ids = new Map(server.ledger().purchases.map(({ id, prompt }) => [prompt, id]));
	expect(bought()).toEqual(items.map(({ text }) => text).sort());
	expect(jsonOf(last).map((json) => json.generationId)).toEqual(items.map(({ text }) => ids.get(text)));
	for (const json of jsonOf(last)) expect(json.status).toBe('completed');
}

describe.each(BOTH_KINDS)('%s: Retry On Fail', (provider) => {
	it('buys what was refused, and continues the others', async () => {
		server.fault({ kind: '402', provider, route: 'create', prompt: 'number 1' });
		expectEachOnce(await runItems(server, THREE, generate(provider), { node: RETRY_ON_FAIL }), THREE);
	});

	it('continues a generation that took longer than the time limit', async () => {
		const parameters = generate(provider, { options: { timeout: 30 } });
		const running = runItems(server, itemsOf(`a cat ${LONG}`), parameters, {
			node: { ...RETRY_ON_FAIL, maxTries: 5 },
		});
		// Reads of the second try at the earliest.
		await server.until(({ counts }) => counts[provider].status > 5, 30_000);
		server.finish(server.ledger().purchases[0]?.id ?? '');
		const last = await running;
		expect(bought()).toHaveLength(1);
		expect(jsonOf(last)).toMatchObject([{ status: 'completed' }]);
	});

	it('does not buy anew what failed, and says so each time', async () => {
		const last = await runItems(server, itemsOf('a cat [fails: No]'), generate(provider), { node: RETRY_ON_FAIL });
		expect(bought()).toHaveLength(1);
		expect(shownError(last)?.message).toContain(server.ledger().purchases[0]?.id);
	});

	it('buys anew what failed, on wish, and nothing else', async () => {
		const items = itemsOf('number 0', 'number 1 [fails: No]', 'number 2');
		const parameters = generate(provider, { options: { resubmitFailed: true } });
		const last = await runItems(server, items, parameters, { node: RETRY_ON_FAIL });
		expect(shownError(last)?.message).toContain('(generation ');
		expect(bought()).toEqual([
			'number 0',
			'number 1 [fails: No]',
			'number 1 [fails: No]',
			'number 1 [fails: No]',
			'number 2',
		]);
	});

	it('does not buy twice what an expression asks for in other words each time', async () => {
		server.fault({ kind: '402', provider, route: 'create', prompt: 'number 1' });
		const prompt = '={{ $json.text }} at {{ $now.toMillis() }} {{ Math.random() }}';
		const last = await runItems(server, THREE, generate(provider, { prompt }), { node: RETRY_ON_FAIL });
		expect(shownError(last)).toBeNull();
		expect(bought()).toHaveLength(3);
		expect(jsonOf(last).map((json) => json.generationId).sort()).toEqual(
			server
				.ledger()
				.purchases.map(({ id }) => id)
				.sort(),
		);
	});

	// n8n runs the node again when the first item of what it passes on has a field 'error'.
	it.each([
		['is refused', { kind: '402', times: 'always' } as const, 'number 0', 2],
		['is in doubt', { kind: 'reset-before', times: 1 } as const, 'number 0', 2],
		['fails', null, 'number 0 [fails: No]', 3],
	])('with Continue On Fail buys nothing again when the first item %s', async (_, fault, first, count) => {
		if (fault) server.fault({ ...fault, provider, route: 'create', prompt: 'number 0' });
		const items = itemsOf(first, 'number 1', 'number 2');
		const last = await runItems(server, items, generate(provider), {
			node: { ...RETRY_ON_FAIL, onError: 'continueRegularOutput' },
		});
		expect(bought()).toHaveLength(count);
		expect(new Set(bought()).size).toBe(count);
		expect(jsonOf(last).map((json) => json.error === undefined)).toEqual([false, true, true]);
		expect(jsonOf(last).slice(1)).toMatchObject([
			{ status: 'completed', prompt: 'number 1' },
			{ status: 'completed', prompt: 'number 2' },
		]);
	});

	it('buys nothing again when only a download failed', async () => {
		server.fault({ kind: '404', route: 'media', prompt: 'number 1' });
		const last = await runItems(server, THREE, generate(provider, { downloadVideo: true }), { node: RETRY_ON_FAIL });
		expectEachOnce(last, THREE);
		for (const item of outputOf(last)) {
			if (!item.binary?.data) throw new Error('no file');
			expect((await storedBytes(item.binary.data)).length).toBe(item.binary.data.bytes);
		}
	});

	it('with Return Immediately buys once, and passes on all IDs', async () => {
		server.fault({ kind: '402', provider, route: 'create', prompt: 'number 1' });
		const last = await runItems(server, THREE, generate(provider, { completion: 'none' }), { node: RETRY_ON_FAIL });
		expect(shownError(last)).toBeNull();
		const ids = new Map(server.ledger().purchases.map(({ id, prompt }) => [prompt, id]));
		expect(bought()).toHaveLength(3);
		expect(jsonOf(last).map((json) => json.generationId)).toEqual(THREE.map(({ text }) => ids.get(text)));
	});

	it('does not try again what succeeded', async () => {
		await runItems(server, THREE, generate(provider), { node: RETRY_ON_FAIL });
		expect(server.ledger().counts[provider].create).toBe(3);
	});
});

describe.each(BOTH_KINDS)('%s: Retry execution', (provider) => {
	it('buys what was refused, and continues the others', async () => {
		server.fault({ kind: '402', provider, route: 'create', prompt: 'number 1' });
		const workflow = lumaWorkflow(THREE, generate(provider));
		const failed = await run(workflow);
		expect(failed.status).toBe('error');
		expectEachOnce(await retry(failed, workflow), THREE);
	});

	it('continues what ran longer than the time limit, as often as it is pressed', async () => {
		const items = itemsOf(`number 0 ${LONG}`, `number 1 ${LONG}`);
		const workflow = lumaWorkflow(items, generate(provider, { options: { timeout: 10 } }));
		let last = await run(workflow);
		for (let press = 0; press < 2; press++) {
			expect(shownError(last)?.message).toContain('is not finished after 10 seconds');
			last = await retry(last, workflow);
		}
		for (const { id } of server.ledger().purchases) server.finish(id);
		expectEachOnce(await retry(last, workflow), items);
	});

	it('does not buy anew what was finished when the execution failed', async () => {
		const items = itemsOf('number 0', 'number 1', 'number 2 [fails: No] [takes 150ms]');
		const workflow = lumaWorkflow(items, generate(provider));
		const failed = await run(workflow);
		const again = await retry(failed, workflow);
		expect(bought()).toHaveLength(3);
		for (const each of [failed, again]) {
			for (const { id } of server.ledger().purchases) expect(allTexts(each)).toContain(id);
		}
	});

	it('does not buy twice what an expression asks for in other words each time', async () => {
		server.fault({ kind: '402', provider, route: 'create', prompt: 'number 1' });
		const prompt = '={{ $json.text }} at {{ $now.toMillis() }} {{ Math.random() }}';
		const workflow = lumaWorkflow(THREE, generate(provider, { prompt }));
		const last = await retry(await run(workflow), workflow);
		expect(shownError(last)).toBeNull();
		expect(bought()).toHaveLength(3);
	});

	it('does not run the node again when a later one failed', async () => {
		const workflow = followedBy(lumaWorkflow(THREE, generate(provider)), 'Fail', 'test.fail', { message: 'Broken' });
		const failed = await run(workflow);
		expect(shownError(failed)?.message).toBe('Broken');
		const requests = server.ledger().requests.length;
		await retry(failed, workflow);
		expect(server.ledger().requests).toHaveLength(requests);
	});

	it('buys only the item whose request was changed meanwhile', async () => {
		server.fault({ kind: '404', provider, route: 'status', prompt: 'number 1' });
		if (LISTING.includes(provider)) server.fault({ kind: '404', provider, route: 'list', times: 'always' });
		const workflow = lumaWorkflow(THREE, generate(provider));
		const failed = await run(workflow);
		expect(failed.status).toBe('error');
		const changed = lumaWorkflow(
			THREE,
			generate(provider, { prompt: "={{ $json.text === 'number 1' ? 'something else' : $json.text }}" }),
		);
		const last = await retry(failed, workflow, changed);
		expect(shownError(last)).toBeNull();
		expect(bought()).toEqual(['number 0', 'number 1', 'number 2', 'something else']);
		expect(jsonOf(last).map((json) => json.prompt)).toEqual(['number 0', 'something else', 'number 2']);
	});

	it.each<[string, INodeParameters]>([
		['how to wait', { options: { timeout: 600, maxConcurrent: 2, includeRaw: true } }],
		['what to download', { downloadVideo: true, binaryPropertyName: 'clip' }],
	])('buys nothing again when only %s was changed', async (_, change) => {
		server.fault({ kind: '402', provider, route: 'create', prompt: 'number 1' });
		const workflow = lumaWorkflow(THREE, generate(provider));
		expectEachOnce(await retry(await run(workflow), workflow, lumaWorkflow(THREE, generate(provider, change))), THREE);
	});
});

it.each(PROVIDERS)('%s: Retry execution has no key in what n8n stores', async (provider) => {
	server.fault({ kind: 'reset-after', provider, route: 'create', prompt: 'number 1' });
	const workflow = lumaWorkflow(THREE, generate(provider));
	const first = await run(workflow);
	const runs = first.status === 'error' ? [first, await retry(first, workflow)] : [first];
	for (const each of runs) expect(keysIn(each, Object.values(server.keys))).toEqual([]);
});

describe('Retry execution, as n8n does it', () => {
	it('is refused for an execution that succeeded', async () => {
		const done = await runItems(server, THREE, generate(WITHOUT_LIST));
		expect(() => forRetry(done)).toThrow('The execution succeeded');
	});

	it('starts at the node that failed, with the items that went into it', async () => {
		const failed = await runItems(server, itemsOf('a cat [refused: No]'), generate(WITHOUT_LIST));
		const data = forRetry(failed);
		expect(data.executionData?.nodeExecutionStack.map(({ node }) => node.name)).toEqual([NODE]);
		expect(data.resultData.runData[NODE]).toEqual([]);
		expect(data.resultData.error).toBeUndefined();
	});
});

describe.each(BOTH_KINDS)('%s: a loop', (provider) => {
	const items = itemsOf('number 0', 'number 1');
	const rounds = (count: number): string[] => items.flatMap(({ text }) => Array<string>(count).fill(text));

	it('buys again each time it comes round', async () => {
		const last = await run(loopWorkflow(items, 3, generate(provider, { prompt: promptOf(items) })));
		expect(shownError(last)).toBeNull();
		expect(bought()).toEqual(rounds(3));
		const ids = (last.data.resultData.runData[NODE] ?? []).flatMap(
			(task) => task.data?.main?.[0]?.map((item) => item.json.generationId) ?? [],
		);
		expect(new Set(ids).size).toBe(6);
	});

	it('with Retry On Fail buys once in each round', async () => {
		server.fault({ kind: '402', provider, route: 'create', prompt: 'number 1', nth: 2 });
		const workflow = loopWorkflow(items, 3, generate(provider, { prompt: promptOf(items) }), RETRY_ON_FAIL);
		expect(shownError(await run(workflow))).toBeNull();
		expect(bought()).toEqual(rounds(3));
	});

	it('that failed in its second round goes on there when the execution is retried', async () => {
		server.fault({ kind: '402', provider, route: 'create', prompt: 'number 1', nth: 2 });
		const workflow = loopWorkflow(items, 3, generate(provider, { prompt: promptOf(items) }));
		const failed = await run(workflow);
		expect(failed.status).toBe('error');
		expect(shownError(await retry(failed, workflow))).toBeNull();
		expect(bought()).toEqual(rounds(3));
	});
});

/** A prompt by the item's place: what the node passes on has other fields than what came in. */
function promptOf(items: ReadonlyArray<{ text: string }>): string {
	return `={{ ${JSON.stringify(items.map(({ text }) => text))}[$itemIndex] }}`;
}

/** Starts items, stops when `ready` says so with the node's time standing still, and ends the execution. */
async function stopWhen(
	provider: ProviderName,
	items: IDataObject[],
	ready: (ledger: ReturnType<ProviderServer['ledger']>) => boolean,
	settings: { parameters?: INodeParameters; node?: Partial<INode>; freeze?: boolean } = {},
): Promise<{ run: IRun; requestsAtStop: number; workflow: EngineWorkflow }> {
	const workflow = lumaWorkflow(items, generate(provider, settings.parameters), settings.node);
	const running = await start(workflow);
	await server.until(ready, 30_000);
	// From here on no planned read comes and no wait ends by itself: only the stop can end the execution.
	if (settings.freeze !== false) thaw = freezeClock();
	await settled();
	const requestsAtStop = server.ledger().requests.length;
	running.stop();
	return { run: await running.finished, requestsAtStop, workflow };
}

/** Lets answers that are on their way arrive. */
async function settled(): Promise<void> {
	let before = -1;
	while (before !== server.ledger().requests.length) {
		before = server.ledger().requests.length;
		await pause(50);
	}
}

/** Requests that bought, or could have bought, since there were so many. */
function createsSince(requests: number): number {
	return server
		.ledger()
		.requests.slice(requests)
		.filter(({ route }) => route === 'create').length;
}

describe.each(BOTH_KINDS)('%s: Stop', (provider) => {
	const three = itemsOf(`number 0 ${LONG}`, `number 1 ${LONG}`, `number 2 ${LONG}`);
	const allBought = (ledger: ReturnType<ProviderServer['ledger']>): boolean => ledger.purchases.length === 3;

	it('ends the waiting without waiting for the next read, and names every generation', async () => {
		const { run: stopped, requestsAtStop } = await stopWhen(provider, three, allBought);
		expect(stopped.status).not.toBe('success');
		const text = allTexts(stopped);
		for (const { id, prompt } of server.ledger().purchases) {
			expect(text).toContain(`${id} (item ${three.findIndex((item) => item.text === prompt)}, running)`);
		}
		expect(text).toContain("To get a generation by its ID, use resource 'Generation', operation 'Wait'.");
		thaw();
		await settled();
		expect(server.ledger().requests).toHaveLength(requestsAtStop);
	});

	it('submits nothing that still waited for its turn', async () => {
		const { requestsAtStop } = await stopWhen(provider, three, (ledger) => ledger.purchases.length === 1, {
			parameters: { options: { maxConcurrent: 1 } },
		});
		for (const { id } of server.ledger().purchases) server.finish(id);
		thaw();
		await settled();
		expect(createsSince(requestsAtStop)).toBe(0);
		expect(bought()).toHaveLength(1);
	});

	it('with Retry On Fail submits nothing in the tries that n8n still makes, and names all in the last', async () => {
		const { run: stopped, requestsAtStop } = await stopWhen(
			provider,
			[...three, { text: 'number 3' }],
			allBought,
			{ parameters: { options: { maxConcurrent: 3 } }, node: { ...RETRY_ON_FAIL, maxTries: 5 } },
		);
		for (const { id } of server.ledger().purchases) expect(allTexts(stopped)).toContain(id);
		expect(createsSince(requestsAtStop)).toBe(0);
		expect(bought()).toHaveLength(3);
	});

	it('can be followed by Retry execution, which continues what was bought', async () => {
		const { run: stopped, workflow } = await stopWhen(provider, three, allBought);
		thaw();
		for (const { id } of server.ledger().purchases) server.finish(id);
		expectEachOnce(await retry(stopped, workflow), three);
	});

	it('names the doubt when a create has no answer yet, and a retry does not send it again', async () => {
		server.fault({ kind: 'timeout-after', provider, route: 'create', prompt: 'number 1' });
		const { run: stopped, workflow } = await stopWhen(provider, three, allBought, { freeze: false });
		const text = allTexts(stopped);
		for (const { id, prompt } of server.ledger().purchases) {
			if (prompt !== three[1]?.text) expect(text).toContain(id);
		}
		expect(text).toContain('It is not known whether');
		for (const { id } of server.ledger().purchases) server.finish(id);
		const again = await retry(stopped, workflow);
		expect(bought()).toHaveLength(3);
		if (LISTING.includes(provider)) expectEachOnce(again, three);
		else expect(shownError(again)?.message).toMatch(/not known whether .*\[item 1\]$/);
	});

	it('ends a download', async () => {
		server.configure({ media: { slowChunkMs: 3000 } });
		server.fault({ kind: 'slow', route: 'media', times: 'always' });
		const { run: stopped } = await stopWhen(provider, itemsOf('a cat'), (ledger) => ledger.mediaHits.length === 1, {
			parameters: { downloadVideo: true },
		});
		expect(allTexts(stopped)).toContain(server.ledger().purchases[0]?.id);
		expect(server.ledger().mediaHits).toHaveLength(1);
	});

	it('ends the wait for a service that is busy', async () => {
		server.fault({ kind: '429', provider, route: 'create', times: 'always', retryAfter: 600 });
		const { run: stopped, requestsAtStop } = await stopWhen(
			provider,
			itemsOf('a cat'),
			(ledger) => ledger.refusedCreates.length === 1,
		);
		expect(shownError(stopped)).not.toBeNull();
		expect(createsSince(requestsAtStop)).toBe(0);
		expect(bought()).toEqual([]);
	});
});

describe("n8n's own time limit for executions", () => {
	it('ends the waiting as a stop does', async () => {
		const items = itemsOf(`number 0 ${LONG}`, `number 1 ${LONG}`);
		const ended = await Promise.all(
			BOTH_KINDS.map(async (provider) => {
				const { finished } = await startWorkflow(lumaWorkflow(items, generate(provider)), {
					credentials: credentialsOf(server),
					executionTimeoutMs: 3000,
				});
				return await finished;
			}),
		);
		const { purchases } = server.ledger();
		expect(purchases).toHaveLength(2 * BOTH_KINDS.length);
		for (const { id, provider } of purchases) {
			const own = ended[BOTH_KINDS.indexOf(provider)];
			expect(own && allTexts(own)).toContain(id);
		}
	});
});

describe('Delete on Stop', () => {
	const provider = 'lumaDreamMachine';
	const three = itemsOf(`number 0 ${LONG}`, `number 1 ${LONG}`, `number 2 ${LONG}`);
	const stopAll = async (node: Partial<INode> = {}): ReturnType<typeof stopWhen> =>
		await stopWhen(provider, three, (ledger) => ledger.purchases.length === 3, {
			parameters: { options: { deleteOnStop: true } },
			node,
		});
	const ids = (list: ReadonlyArray<{ id: string }>): string[] => list.map(({ id }) => id).sort();

	it('deletes what runs, where the provider can, and says so', async () => {
		const { run: stopped } = await stopAll();
		const { deletions, purchases } = server.ledger();
		expect(ids(deletions)).toEqual(ids(purchases));
		const [, deleted = ''] = /Deleted: (.*)\./.exec(allTexts(stopped)) ?? [];
		expect(deleted.split(', ').sort()).toEqual(ids(purchases));
	});

	it('with Retry On Fail deletes once, and does not say that what was deleted goes on', async () => {
		const { run: stopped } = await stopAll(RETRY_ON_FAIL);
		expect(server.ledger().counts[provider].delete).toBe(3);
		expect(allTexts(stopped)).not.toContain('still running at the provider');
	});

	it('is the end of what was deleted: Retry execution buys anew', async () => {
		const { run: stopped, workflow } = await stopAll();
		thaw();
		const before = server.ledger().purchases.length;
		const retrying = retry(stopped, workflow);
		await server.until(({ purchases }) => purchases.length === before + 3, 30_000);
		for (const { id } of server.ledger().purchases.slice(before)) server.finish(id);
		expect(shownError(await retrying)).toBeNull();
	});
});
