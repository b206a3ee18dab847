import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { setTimeout as pause } from 'node:timers/promises';
import type { INode, IWorkflowSettings } from 'n8n-workflow';
import type { ProviderServer } from '../provider-server';
import { startProviderServer } from '../provider-server';
import type { Execution } from './harness';
import { code, describe as describeExecution, manualTrigger, nodeError, nodeOutput, sharedN8n, workflow } from './harness';
import type { CredentialRefs } from './support';
import { longVideo, createCredentials, generate, jsonOf, prompts } from './support';
import { waitUntil } from './triggerSupport';

const luma = 'lumaDreamMachine';
const texts = ['a cat', 'a dog', 'a fox', 'an owl', 'a hen'];
/** Milliseconds in which a node that went on all the same would read, buy or try again. */
const LONG_ENOUGH = 4000;

let server: ProviderServer;
let credentials: CredentialRefs;

beforeAll(async () => {
	server = await startProviderServer();
	credentials = await createCredentials(sharedN8n().client, server);
});
afterAll(async () => {
	await server.close();
});
beforeEach(() => {
	server.reset();
	server.configure({ [luma]: { jobMs: 600_000 } });
});

/** Starts a workflow that makes five videos, three at a time, and returns when three are paid for. */
async function startThree(options: INode['parameters'], extras: Partial<INode> = {}): Promise<string> {
	const { client } = sharedN8n();
	const node = generate(luma, credentials, { options: { maxConcurrent: 3, ...options } }, extras);
	const nodes = [manualTrigger(), prompts(...texts), node, code('return $input.all();', 'Next')];
	const executionId = await client.runWorkflow((await client.createWorkflow(workflow('Stop', nodes))).id);
	await server.until(({ purchases }) => purchases.length === 3, 30_000);
	return executionId;
}

async function stop(executionId: string): Promise<Execution> {
	const { client } = sharedN8n();
	await client.stopExecution(executionId);
	return await client.waitForExecution(executionId, { status: ['canceled'] });
}

/** Waits until n8n's log names all generations that were bought. */
async function untilNamed(): Promise<void> {
	const deadline = Date.now() + 30_000;
	const missing = () => server.ledger().purchases.filter(({ id }) => !sharedN8n().logs().includes(id));
	while (missing().length > 0 && Date.now() < deadline) await pause(100);
	expect(missing()).toEqual([]);
}


describe('an execution that is stopped while videos are made', () => {
	it('reads and buys nothing more, also where places become free, and names what it leaves behind', async () => {
		const executionId = await startThree({});
		await stop(executionId);
		await untilNamed();
		const requests = server.ledger().requests.length;
		for (const { id } of server.ledger().purchases) server.finish(id);
		await pause(LONG_ENOUGH);
		expect(server.ledger().requests).toHaveLength(requests);
		expect(server.ledger().purchases).toHaveLength(3);
	});

	it('buys nothing more with Retry On Fail', async () => {
		const executionId = await startThree({}, { retryOnFail: true, maxTries: 5, waitBetweenTries: 100 });
		await stop(executionId);
		await untilNamed();
		for (const { id } of server.ledger().purchases) server.finish(id);
		await pause(LONG_ENOUGH);
		expect(server.ledger().purchases).toHaveLength(3);
		expect(server.ledger().refusedCreates).toEqual([]);
	});

	it('buys nothing more where the node continues on errors', async () => {
		const executionId = await startThree({}, { onError: 'continueRegularOutput' });
		await stop(executionId);
		await pause(LONG_ENOUGH);
		expect(server.ledger().purchases).toHaveLength(3);
		const execution = await sharedN8n().client.getExecution(executionId);
		expect(execution?.status).toBe('canceled');
		expect(Object.keys(execution?.data.resultData.runData ?? {})).not.toContain('Next');
	});

	it('deletes what it leaves behind where the user wants that', async () => {
		const executionId = await startThree({ deleteOnStop: true });
		await stop(executionId);
		await server.until(({ deletions }) => deletions.length === 3, 30_000);
		const { deletions, purchases } = server.ledger();
		expect(deletions.map(({ id }) => id).sort()).toEqual(purchases.map(({ id }) => id).sort());
	});

	it('learns the IDs of creates that are under way', async () => {
		server.configure({ media: { slowChunkMs: 60 } });
		server.fault({ provider: luma, route: 'create', kind: 'slow', times: 3 });
		const executionId = await startThree({ deleteOnStop: true });
		await stop(executionId);
		await server.until(({ deletions }) => deletions.length === 3, 30_000);
		expect(server.ledger().purchases).toHaveLength(3);
	});
});

/** Ids in the custom data of an execution, over all its values. */
function keptIds({ customData }: Execution): string[] {
	const values = Object.entries(customData).flatMap(([key, value]) => (key.startsWith('lumaGenerations') ? [value] : []));
	return values.flatMap((value) => value.split(', ').map((each) => each.split(' ')[0] ?? '')).sort();
}

function boughtIds(): string[] {
	return server.ledger().purchases.map(({ id }) => id).sort();
}

/** Starts a workflow that makes so many videos, all at the same time. */
async function startMany(count: number, more: INode['parameters'] = {}, settings: IWorkflowSettings = {}): Promise<string> {
	const { client } = sharedN8n();
	const video = generate(luma, credentials, { options: { maxConcurrent: 30 }, ...more });
	const names = Array.from({ length: count }, (_, index) => `a bird, number ${index}`);
	const nodes = [manualTrigger(), prompts(...names), video, code('return $input.all();', 'Next')];
	const draft = workflow('Stop', nodes, undefined, { settings });
	return await client.runWorkflow((await client.createWorkflow(draft)).id);
}

describe.each([1, 30])('what is left of %d items', (count) => {
	it('after Stop: every ID in the custom data and in the log', async () => {
		const executionId = await startMany(count);
		await server.until(({ purchases }) => purchases.length === count, 30_000);
		await untilNamed();
		const execution = await stop(executionId);
		await untilKept(executionId, count);
		const { customData } = await sharedN8n().client.waitForExecution(executionId, { status: ['canceled'] });
		expect(Object.keys(customData)).toHaveLength(count === 1 ? 1 : 3);
		expect(Object.values(customData).join()).toContain('(running)');
		expect(Object.keys(execution.data.resultData.runData)).not.toContain('Next');
	});

	it('after Stop while the creates are on their way: that they are unanswered, and when they were sent', async () => {
		server.fault({ provider: luma, route: 'create', kind: 'timeout-after', times: count });
		const executionId = await startMany(count);
		await server.until(({ purchases }) => purchases.length === count, 30_000);
		await stop(executionId);
		await waitUntil(async () => (await sharedN8n().client.getExecution(executionId))?.customData.lumaUnanswered !== undefined);
		const { customData } = await sharedN8n().client.waitForExecution(executionId, { status: ['canceled'] });
		const words = count === 1 ? /^1 request unanswered since (\S+) \(item 0\)$/ : /^30 requests unanswered since (\S+) \(items 0, 1, .*, 29\)$/;
		const [, since = ''] = words.exec(String(customData.lumaUnanswered)) ?? [];
		expect(Math.abs(Date.parse(since) - Number(server.ledger().purchases[0]?.at))).toBeLessThan(10_000);
		expect(keptIds({ customData } as Execution)).toEqual([]);
	});

	it("after the workflow's own time limit: the error names every ID, and so does the custom data", async () => {
		const executionId = await startMany(count, {}, { executionTimeout: 4 });
		await server.until(({ purchases }) => purchases.length === count, 30_000);
		const execution = await sharedN8n().client.waitForExecution(executionId, { status: ['canceled'] });
		await untilKept(executionId, count);
		const error = nodeError(execution, 'Luma Video');
		expect(error?.message).toContain('The execution was stopped. Generations still running at the provider: ');
		for (const id of boughtIds()) expect(error?.message).toContain(`${id} (item `);
		expect(error?.description).toContain("To get a generation by its ID, use resource 'Generation', operation 'Wait'.");
		expect(Object.keys(execution.data.resultData.runData)).toEqual(['Start', 'Items', 'Luma Video']);
		await untilNamed();
		expect(server.ledger().purchases).toHaveLength(count);
	});

	it("after the workflow's own time limit, a retry goes on with it", async () => {
		const executionId = await startMany(count, {}, { executionTimeout: 4 });
		await server.until(({ purchases }) => purchases.length === count, 30_000);
		await sharedN8n().client.waitForExecution(executionId, { status: ['canceled'] });
		for (const { id } of server.ledger().purchases) server.finish(id);
		const retry = await sharedN8n().client.retryExecution(executionId);
		expect(describeExecution(retry)).toContain('"success"');
		expect(jsonOf(nodeOutput(retry, 'Next')).map((json) => String(json.generationId)).sort()).toEqual(boughtIds());
		expect(server.ledger().purchases).toHaveLength(count);
	});

	it('after Stop while it is suspended: what it showed, and later callbacks do not wake it', async () => {
		const executionId = await startMany(count, { ...longVideo('lumaDreamMachine'), completion: 'suspend' });
		await sharedN8n().client.waitForExecution(executionId, { status: ['waiting'] });
		await stop(executionId);
		for (const id of boughtIds()) server.finish(id);
		await server.until(({ callbacks }) => new Set(callbacks.map(({ id }) => id)).size === count, 30_000);
		const answers = server.ledger().callbacks.map(({ answerStatus }) => answerStatus);
		expect(answers).toEqual(answers.map(() => 409));
		const execution = await sharedN8n().client.waitForExecution(executionId, { status: ['canceled'] });
		expect(jsonOf(nodeOutput(execution, 'Luma Video')).map((json) => String(json.generationId)).sort()).toEqual(boughtIds());
		expect(keptIds(execution)).toEqual(boughtIds());
		expect(Object.keys(execution.data.resultData.runData)).not.toContain('Next');
		expect(server.ledger().purchases).toHaveLength(count);
	});
});

/** Waits until the custom data names all that was bought: n8n stores it after the execution's end. */
async function untilKept(executionId: string, count: number): Promise<void> {
	const { client } = sharedN8n();
	const read = async (): Promise<string[]> => {
		const execution = await client.getExecution(executionId);
		return execution ? keptIds(execution) : [];
	};
	await waitUntil(async () => (await read()).length === count);
	expect(await read()).toEqual(boughtIds());
}
