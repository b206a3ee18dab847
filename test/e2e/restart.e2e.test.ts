import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { INode } from 'n8n-workflow';
import type { Job, ProviderServer } from '../provider-server';
import { startProviderServer } from '../provider-server';
import type { Execution, N8n } from './harness';
import { code, node, nodeError, nodeOutput, sharedN8n, startN8n, webhookTrigger, workflow } from './harness';
import { createCredentials, generate, jsonOf, waitFor } from './support';

const luma = 'lumaDreamMachine';
const SUSPENDED = 20;
/** Of those, with a short time limit: what is called back in vain. */
const SHORT = 8;

let n8n: N8n;
let server: ProviderServer;
/** Ids of the workflows. */
let suspending: string;
let polling: string;
/** What the suspended executions wait for. */
let calledInVain: Job[];
let calledLater: Job[];

/** Stores and publishes a workflow that a call of its webhook starts; returns its id. */
async function publish(path: string, nodes: readonly INode[]): Promise<string> {
	const { id } = await n8n.client.createWorkflow(workflow(path, [webhookTrigger(path), ...nodes]));
	await n8n.client.publish(id);
	return id;
}

/** Waits until all executions of a workflow have one of the statuses. */
async function untilAll(workflowId: string, statuses: ReadonlyArray<Execution['status']>): Promise<readonly Execution[]> {
	const ids = (await n8n.client.listExecutions({ workflowId })).map(({ id }) => id);
	const wait = async (id: string) => await n8n.client.waitForExecution(id, { status: statuses, timeout: 90_000 });
	return await Promise.all(ids.map(wait));
}

/** Hands each video to the outside world; the stand-in notes every call to an address that nobody has. */
function emit(): INode {
	const parameters = {
		method: 'POST',
		url: `=${server.url}/emitted/{{ $json.status }}/{{ $json.generationId }}`,
		options: { response: { response: { neverError: true } } },
	};
	return node('Emit', 'n8n-nodes-base.httpRequest', parameters, { typeVersion: 4.2 });
}

/** Ids of the videos that left the workflow, each as often as it left. */
function emitted(): string[] {
	return server.ledger().strays.flatMap(({ path }) => /^\/emitted\/completed\/(.+)$/.exec(path)?.[1] ?? []);
}

const idsOf = (jobs: readonly Job[]): string[] => jobs.map(({ id }) => id).sort();

// One life and one death of n8n for all tests.
beforeAll(async () => {
	server = await startProviderServer({ settings: { [luma]: { jobMs: 600_000 } } });
	n8n = await startN8n({ tarball: sharedN8n().tarball.path });
	const credentials = await createCredentials(n8n.client, server);
	suspending = await publish('suspending', [
		generate(luma, credentials, {
			prompt: '={{ "video " + $json.body.index }}',
			completion: 'callback',
			// No execution wakes up before n8n is killed: it looks for the first ones after a minute.
			options: { timeout: `={{ $json.body.index < ${SHORT} ? 5 : 3600 }}` },
		}),
		waitFor(luma, credentials),
		emit(),
	]);
	polling = await publish('polling', [
		code("return ['a cat', 'a dog', 'a fox'].map((text) => ({ json: { text } }));", 'Items'),
		generate(luma, credentials),
	]);
	const calls = [...Array(SUSPENDED).keys()].map((index) => n8n.client.callWebhook('suspending', { body: { index } }));
	await Promise.all([...calls, n8n.client.callWebhook('polling', { body: {} })]);
	await server.until(({ purchases }) => purchases.length === SUSPENDED + 3, 60_000);
	await untilAll(suspending, ['waiting']);

	await n8n.kill();
	const indexOf = ({ prompt }: Job) => Number(/^video (\d+)$/.exec(prompt)?.[1] ?? -1);
	calledInVain = server.jobs().filter((job) => indexOf(job) >= 0 && indexOf(job) < SHORT);
	calledLater = server.jobs().filter((job) => indexOf(job) >= SHORT);
	for (const { id } of calledInVain) server.finish(id);
	await server.until(({ callbacks }) => callbacks.filter(({ attempt }) => attempt === 4).length === SHORT, 30_000);
	await n8n.start();
	for (const { id } of calledLater) server.finish(id);
}, 240_000);
afterAll(async () => {
	await n8n.stop();
	await server.close();
});

describe('when n8n is killed and started again', () => {
	it('every suspended execution goes on, and every video leaves it once', async () => {
		await server.until(() => emitted().length >= SUSPENDED, 90_000);
		await untilAll(suspending, ['success', 'crashed']);
		expect(emitted().sort()).toEqual(idsOf([...calledInVain, ...calledLater]));
		expect(server.ledger().strays).toHaveLength(SUSPENDED);
		expect(server.ledger().purchases).toHaveLength(SUSPENDED + 3);
	});

	it('callbacks that come afterwards wake them up', async () => {
		const { callbacks } = server.ledger();
		for (const { id } of calledLater) {
			expect(callbacks.filter((callback) => callback.id === id)).toMatchObject([{ status: 'completed', answerStatus: 200 }]);
		}
		const executions = await untilAll(suspending, ['success', 'crashed']);
		const passedOn = executions.flatMap((execution) => jsonOf(nodeOutput(execution, 'Luma Video')));
		const called = passedOn.filter((json) => calledLater.some(({ id }) => id === json.generationId));
		expect(called.map((json) => json.status)).toEqual(calledLater.map(() => 'completed'));
	});

	it('those that were called in vain wake up at their time limit and wait for the video', async () => {
		const vain = server.ledger().callbacks.filter(({ id }) => calledInVain.some((job) => job.id === id));
		expect(new Set(vain.map(({ answerStatus }) => answerStatus))).toEqual(new Set([null]));
		// n8n may write down as crashed what it wakes up while it is still starting, though that goes on all the same.
		const executions = await untilAll(suspending, ['success', 'crashed']);
		const passedOn = executions.flatMap((execution) => jsonOf(nodeOutput(execution, 'Luma Video')));
		const overdue = passedOn.filter((json) => calledInVain.some(({ id }) => id === json.generationId));
		expect(overdue.map((json) => json.status)).toEqual(calledInVain.map(() => 'processing'));
	});

	it('what waited in the process is crashed, and nothing is bought again', async () => {
		const [crashed, ...others] = await untilAll(polling, ['crashed']);
		expect(others).toEqual([]);
		expect(crashed && nodeError(crashed)?.message).toBe('Workflow did not finish, possible out-of-memory issue');
		expect(server.jobs().filter(({ prompt }) => /^a (cat|dog|fox)$/.test(prompt))).toHaveLength(3);
		// n8n stored the execution when it began and never since: a retry begins anew, and buys anew.
		expect(crashed?.data.executionData?.contextData).toEqual({});
		expect(crashed?.data.executionData?.nodeExecutionStack.map((entry) => entry.node.name)).toEqual(['Webhook']);
	});
});
