/**
 * n8n killed and started again, whatever its executions were doing: those that slept go on by themselves, and a retry of
 * those that ran goes on with what was bought. One life and one death of n8n for all tests.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { INode } from 'n8n-workflow';
import type { Job, ProviderName, ProviderServer } from '../provider-server';
import { startProviderServer } from '../provider-server';
import { CALLING_WITHOUT_LIST, nameOf } from '../samples';
import type { Execution, N8n, StoredWorkflow } from './harness';
import { code, node, nodeError, nodeOutput, sharedN8n, startN8n, webhookTrigger, workflow } from './harness';
import type { CredentialRefs } from './support';
import { createCredentials, generate, jsonOf } from './support';
import { waitUntil } from './triggerSupport';

const luma = 'lumaDreamMachine';
const SUSPENDED = 20;
/** Of those, so many are called back while n8n is down. */
const IN_VAIN = 8;
/** Suspended executions of a provider that does not call. */
const UNCALLED = 5;
const SUSPEND = { completion: 'suspend' };

let n8n: N8n;
let server: ProviderServer;
let credentials: CredentialRefs;
/** The workflows, by the path that starts them. */
const workflows: Record<string, StoredWorkflow> = {};
/** What the suspended executions wait for. */
let calledInVain: Job[];
let calledLater: Job[];

/** What the node after Luma Video asks; it is answered when n8n has been started again. */
const next = { isOpen: false, calls: 0 };
const nextServer = createServer((_, response) => {
	next.calls++;
	if (next.isOpen) response.end('{}');
});

/** Stores and publishes a workflow that a call of its webhook starts. */
async function publish(path: string, nodes: readonly INode[]): Promise<void> {
	const stored = await n8n.client.createWorkflow(workflow(path, [webhookTrigger(path), ...nodes]));
	await n8n.client.publish(stored.id);
	workflows[path] = stored;
}

function idOf(path: string): string {
	return String(workflows[path]?.id);
}

/** Items with these texts, of which a video each is made. */
function videos(texts: readonly string[], provider: ProviderName, more: INode['parameters'] = {}): INode[] {
	const items = texts.map((text) => ({ json: { text } }));
	return [code(`return ${JSON.stringify(items)};`, 'Items'), generate(provider, credentials, more)];
}

/** Waits until all executions of a workflow have one of the statuses. */
async function untilAll(path: string, statuses: ReadonlyArray<Execution['status']>): Promise<readonly Execution[]> {
	const ids = (await n8n.client.listExecutions({ workflowId: idOf(path) })).map(({ id }) => id);
	const wait = async (id: string) => await n8n.client.waitForExecution(id, { status: statuses, timeout: 110_000 });
	return await Promise.all(ids.map(wait));
}

/** The execution that n8n's death ended. */
async function crashed(path: string): Promise<Execution> {
	const [execution, ...others] = await untilAll(path, ['crashed']);
	expect(others).toEqual([]);
	if (!execution) throw new Error(`Nothing of "${path}" crashed`);
	// n8n stored it when it began and never since: a retry begins anew.
	expect(execution.data.executionData?.contextData).toEqual({});
	expect(execution.data.executionData?.nodeExecutionStack.map((entry) => entry.node.name)).toEqual(['Webhook']);
	return execution;
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

function idsOf(jobs: readonly Job[]): string[] {
	return jobs.map(({ id }) => id).sort();
}

/** The stand-in's jobs for a prompt, or for prompts with the same begin. */
function jobsOf(prompt: string): Job[] {
	return server.jobs().filter((job) => job.prompt.startsWith(prompt));
}

function outputIds(execution: Execution): string[] {
	return jsonOf(nodeOutput(execution, 'Luma Video')).map(({ generationId }) => String(generationId)).sort();
}

beforeAll(async () => {
	server = await startProviderServer({ settings: { [luma]: { jobMs: 600_000, callbacks: { timeoutMs: 60_000 } }, [CALLING_WITHOUT_LIST]: { jobMs: 600_000 } } });
	n8n = await startN8n({ tarball: sharedN8n().tarball.path });
	credentials = await createCredentials(n8n.client, server);
	const prompt = '={{ $json.body.prompt }}';
	await publish('suspending', [generate(luma, credentials, { ...SUSPEND, prompt }), emit()]);
	server.configure({ lumaAgents: { jobMs: 45_000 } });
	await publish('uncalled', [generate('lumaAgents', credentials, { ...SUSPEND, prompt }), emit()]);
	await publish('polling', videos(['a cat', 'a dog', 'a fox'], luma));
	// Accepted, but the answers never come: where the provider lists its generations, and where it does not.
	await publish('listed', videos(['an owl'], luma));
	await publish('unlisted', videos(['a bat'], CALLING_WITHOUT_LIST));
	await publish('unlisted-anew', videos(['a moth'], CALLING_WITHOUT_LIST));
	for (const text of ['an owl', 'a bat', 'a moth']) server.fault({ route: 'create', kind: 'timeout-after', prompt: text });
	await new Promise<void>((resolve) => nextServer.listen(0, '127.0.0.1', resolve));
	const url = `http://127.0.0.1:${(nextServer.address() as AddressInfo).port}`;
	const ask = node('Ask', 'n8n-nodes-base.httpRequest', { url, options: {} }, { typeVersion: 4.2 });
	await publish('following', [...videos(['a bee [takes 300ms]', 'a wasp [takes 300ms]'], luma), ask]);

	const start = async (path: string, body: object = {}) => await n8n.client.callWebhook(path, { body });
	await Promise.all([
		...Array.from({ length: SUSPENDED }, async (_, index) => await start('suspending', { prompt: `video ${index}.` })),
		...Array.from({ length: UNCALLED }, async (_, index) => await start('uncalled', { prompt: `uncalled ${index}.` })),
		...['polling', 'listed', 'unlisted', 'unlisted-anew', 'following'].map(async (path) => await start(path)),
	]);
	await server.until(({ purchases }) => purchases.length === SUSPENDED + UNCALLED + 3 + 3 + 2, 60_000);
	await untilAll('suspending', ['waiting']);
	await untilAll('uncalled', ['waiting']);
	expect(await waitUntil(() => next.calls > 0)).toBe(true);

	await n8n.kill();
	next.isOpen = true;
	const suspended = jobsOf('video ');
	calledInVain = suspended.slice(0, IN_VAIN);
	calledLater = suspended.slice(IN_VAIN);
	for (const { id } of calledInVain) server.finish(id);
	await server.until(({ callbacks }) => callbacks.filter(({ attempt }) => attempt === 4).length === IN_VAIN, 30_000);
	await n8n.start();
	for (const { id } of calledLater) server.finish(id);
}, 240_000);
afterAll(async () => {
	await n8n.stop();
	await server.close();
	nextServer.closeAllConnections();
	nextServer.close();
});

let lastDoubt: Execution;

describe('a retry of an execution that ran when n8n was killed', () => {
	it('goes on with what it waited for', async () => {
		const execution = await crashed('polling');
		expect(nodeError(execution)?.message).toBe('Workflow did not finish, possible out-of-memory issue');
		const jobs = ['a cat', 'a dog', 'a fox'].flatMap(jobsOf);
		for (const { id } of jobs) server.finish(id);
		const retry = await n8n.client.retryExecution(execution.id);
		expect(retry.status).toBe('success');
		expect(outputIds(retry)).toEqual(idsOf(jobs));
		expect(jsonOf(nodeOutput(retry, 'Luma Video')).map(({ prompt, status }) => [prompt, status])).toEqual(
			['a cat', 'a dog', 'a fox'].map((text) => [text, 'completed']),
		);
		expect(['a cat', 'a dog', 'a fox'].flatMap(jobsOf)).toHaveLength(3);
	});

	it('delivers what was finished already while the next node ran', async () => {
		const execution = await crashed('following');
		const jobs = [...jobsOf('a bee'), ...jobsOf('a wasp')];
		const retry = await n8n.client.retryExecution(execution.id);
		expect(retry.status).toBe('success');
		expect(outputIds(retry)).toEqual(idsOf(jobs));
		expect([...jobsOf('a bee'), ...jobsOf('a wasp')]).toHaveLength(2);
	});

	it('finds what a create on its way bought, where the provider lists it', async () => {
		const execution = await crashed('listed');
		const [job, ...others] = jobsOf('an owl');
		expect(others).toEqual([]);
		server.finish(String(job?.id));
		const retry = await n8n.client.retryExecution(execution.id);
		expect(retry.status).toBe('success');
		expect(outputIds(retry)).toEqual([job?.id]);
		expect(jobsOf('an owl')).toHaveLength(1);
	});

	it('says that it is not known what a create on its way bought, where nothing tells, and buys nothing', async () => {
		const execution = await crashed('unlisted');
		const [job] = jobsOf('a bat');
		const retry = await n8n.client.retryExecution(execution.id);
		expect(retry.status).toBe('error');
		const error = nodeError(retry);
		expect(error?.message).toBe(
			`It is not known whether ${nameOf(CALLING_WITHOUT_LIST)} accepted the request: n8n was interrupted while the request may have been under way [item 0]`,
		);
		const [, sentAt = ''] = /started at (\S+)\. /.exec(String(error?.description)) ?? [];
		expect(Math.abs(Date.parse(sentAt) - Number(job?.createdAt))).toBeLessThan(10_000);
		expect(error?.description).toContain("switch on 'Buy Again After a Crash'");
		expect(jobsOf('a bat')).toHaveLength(1);
		// Nor does a retry of the retry.
		const again = await n8n.client.retryExecution(retry.id);
		expect(nodeError(again)?.message).toBe(error?.message);
		lastDoubt = again;
		expect(jobsOf('a bat')).toHaveLength(1);
	});

	it.each([
		['at once', false],
		['after a retry that said what is not known', true],
	])('buys it once more where the user wants that, %s', async (_, isToldFirst) => {
		const path = isToldFirst ? 'unlisted' : 'unlisted-anew';
		const execution = isToldFirst ? lastDoubt : await crashed(path);
		server.configure({ [CALLING_WITHOUT_LIST]: { jobMs: 300 } });
		const { id, nodes } = workflows[path] as StoredWorkflow;
		const changed = nodes.map((each) =>
			each.name === 'Luma Video' ? { ...each, parameters: { ...each.parameters, options: { buyAgainAfterCrash: true } } } : each,
		);
		await n8n.client.updateWorkflow(id, { nodes: changed });
		const retry = await n8n.client.retryExecution(execution.id, { useStoredWorkflow: true });
		expect(retry.status).toBe('success');
		const [lost, bought, ...others] = jobsOf(isToldFirst ? 'a bat' : 'a moth');
		expect(others).toEqual([]);
		expect(outputIds(retry)).toEqual([bought?.id]);
		expect(bought?.id).not.toBe(lost?.id);
	});
});

// After the retries: the uncalled ones sleep meanwhile.
describe('an execution that was suspended when n8n was killed', () => {
	it('goes on by itself, and every video leaves it once', async () => {
		const all = [...calledInVain, ...calledLater, ...jobsOf('uncalled ')];
		await server.until(() => emitted().length >= all.length, 110_000);
		await untilAll('suspending', ['success', 'crashed']);
		await untilAll('uncalled', ['success', 'crashed']);
		expect(emitted().sort()).toEqual(idsOf(all));
		expect(server.ledger().strays).toHaveLength(SUSPENDED + UNCALLED);
		expect(jobsOf('video ')).toHaveLength(SUSPENDED);
		expect(jobsOf('uncalled ')).toHaveLength(UNCALLED);
	});

	it('ends well, also where the provider called in vain while n8n was down', async () => {
		const { callbacks } = server.ledger();
		const vain = callbacks.filter(({ id }) => calledInVain.some((job) => job.id === id));
		expect(new Set(vain.map(({ answerStatus }) => answerStatus))).toEqual(new Set([null]));
		// n8n may write down as crashed what it wakes up while it is still starting, though that goes on all the same.
		const executions = (await untilAll('suspending', ['success', 'crashed'])).filter(({ status }) => status === 'success');
		const passedOn = executions.flatMap((execution) => jsonOf(nodeOutput(execution, 'Luma Video')));
		expect(passedOn.map(({ status }) => status)).toEqual(executions.map(() => 'completed'));
	});
});
