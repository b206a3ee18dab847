import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { INode } from 'n8n-workflow';
import type { ProviderServer } from '../provider-server';
import { startProviderServer } from '../provider-server';
import type { Execution } from './harness';
import { code, manualTrigger, nodeOutput, sharedN8n, workflow } from './harness';
import type { CredentialRefs } from './support';
import { createCredentials, generate, jsonOf, prompts } from './support';

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

async function pause(ms: number): Promise<void> {
	await new Promise((resolve) => setTimeout(resolve, ms));
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

describe('an execution that is stopped while it is suspended', () => {
	it('still shows the IDs, and later callbacks do not wake it', async () => {
		const { client } = sharedN8n();
		const node = generate(luma, credentials, { completion: 'callback' });
		const nodes = [manualTrigger(), prompts('a cat', 'a dog'), node, code('return $input.all();', 'Next')];
		const executionId = await client.runWorkflow((await client.createWorkflow(workflow('Stop', nodes))).id);
		await client.waitForExecution(executionId, { status: ['waiting'] });
		await stop(executionId);

		const ids = server.jobs().map(({ id }) => id);
		for (const id of ids) server.finish(id);
		await server.until(({ callbacks }) => new Set(callbacks.map(({ id }) => id)).size === 2);
		const answers = server.ledger().callbacks.map(({ answerStatus }) => answerStatus);
		expect(answers).toEqual(answers.map(() => 409));
		const execution = await client.waitForExecution(executionId, { status: ['canceled'] });
		const shown = jsonOf(nodeOutput(execution, 'Luma Video')).map((json) => json.generationId);
		expect(shown.sort()).toEqual(ids.sort());
		expect(Object.keys(execution.data.resultData.runData)).not.toContain('Next');
		expect(server.ledger().purchases).toHaveLength(2);
	});
});
