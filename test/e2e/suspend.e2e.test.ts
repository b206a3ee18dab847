/**
 * "Suspend Until Finished" in a real n8n: it is woken by the provider's calls and by n8n's timer, and ends as a node that
 * waits in the process does. What takes a minute is started before the tests and looked at after them.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { INode } from 'n8n-workflow';
import { providers } from '../../nodes/LumaVideo/providers';
import type { CallbackRecord, Job, ProviderName, ProviderServer } from '../provider-server';
import { startProviderServer } from '../provider-server';
import { CALLING, CALLING_WITHOUT_LIST, PROVIDERS, samples } from '../samples';
import type { Execution, N8n, N8nClient, Wire, WorkflowDraft } from './harness';
import {
	chain,
	code,
	connect,
	describe as describeExecution,
	items,
	manualTrigger,
	node,
	nodeError,
	nodeOutput,
	nodeRuns,
	sharedN8n,
	startN8n,
	webhookTrigger,
	workflow,
} from './harness';
import { ALL_AT_ONCE, caption, SUSPEND, Sleepers, suspending, TWENTY } from './sleepers';
import type { CredentialRefs } from './support';
import { createCredentials, generate, jsonOf, keysIn, lumaVideo, prompts } from './support';
import { callAtOnce, note } from './triggerSupport';

const luma = 'lumaDreamMachine';

/** Jobs of this length end when a test says so. */
const UNTIL_FINISHED = 3_600_000;

/** Of its own: how long videos take here, no other test is to learn. */
let n8n: N8n;
let client: N8nClient;
let server: ProviderServer;
let credentials: CredentialRefs;
let sleepers: Sleepers;

beforeAll(async () => {
	n8n = await startN8n({ tarball: sharedN8n().tarball.path });
	({ client } = n8n);
	server = await startProviderServer();
	credentials = await createCredentials(client, server);
	sleepers = await Sleepers.start(client);
}, 180_000);
afterAll(async () => {
	await n8n.stop();
	await server.close();
	await sleepers.server.close();
});
beforeEach(() => {
	server.reset();
	for (const provider of CALLING) server.configure({ [provider]: { jobMs: UNTIL_FINISHED } });
});

const kinds = new Map<ProviderName, number>();

/** Parameters of a video that takes long, of each of the provider's kinds in turn. */
function long(provider: ProviderName): INode['parameters'] {
	const { longVideos } = samples[provider];
	const kind = kinds.get(provider) ?? 0;
	kinds.set(provider, kind + 1);
	return longVideos[kind % Math.max(1, longVideos.length - 1)] ?? {};
}

/** Of a kind that n8n has not seen, so it sleeps for minutes: longer than a busy machine takes for many calls. */
function unseen(provider: ProviderName): INode['parameters'] {
	return samples[provider].longVideos.at(-1) ?? {};
}

function videoWorkflow(
	texts: readonly string[],
	more: INode['parameters'] = {},
	extras: Partial<INode> = {},
	provider: ProviderName = luma,
): WorkflowDraft {
	return suspending(texts, generate(provider, credentials, { ...SUSPEND, ...long(provider), ...more }, extras));
}

async function start(draft: WorkflowDraft): Promise<string> {
	return await client.runWorkflow((await client.createWorkflow(draft)).id);
}

/** Starts a workflow and returns when its execution is suspended. */
async function suspend(draft: WorkflowDraft): Promise<string> {
	const executionId = await start(draft);
	await untilSuspended(executionId);
	return executionId;
}

async function untilSuspended(executionId: string): Promise<Execution> {
	return await client.waitForExecution(executionId, { status: ['waiting'] });
}

async function end(executionId: string): Promise<Execution> {
	return await client.waitForExecution(executionId);
}

async function isSuspended(executionId: string): Promise<boolean> {
	return (await client.getExecution(executionId))?.status === 'waiting';
}

/** The stand-in's job for a prompt. */
function jobOf(prompt: string, from = server): Job {
	const job = from.jobs().find((candidate) => candidate.prompt === prompt);
	if (!job) throw new Error(`Nobody asked for "${prompt}"`);
	return job;
}

function finish(...texts: readonly string[]): void {
	for (const text of texts) server.finish(jobOf(text).id);
}

/** How often the provider was asked how a generation is. */
function reads(provider: ProviderName): number {
	const { list, status } = server.ledger().counts[provider];
	return list + status;
}

/** Waits until the node was woken, has read, and sleeps again. */
async function untilAsleepAgain(executionId: string, provider: ProviderName, readsBefore: number): Promise<void> {
	await server.until(() => reads(provider) > readsBefore, 30_000);
	await untilSuspended(executionId);
}

/** Sends what the provider would send about a job, with anything changed. */
async function call(job: Job, change: Partial<Job> = {}): Promise<{ status: number | null; text: string }> {
	const body = server.callbackBody(job.provider, { id: job.id, ...change });
	return await server.sendCallback({ url: String(job.callbackUrl), body });
}

/** What became of the callbacks, those that the provider sends again included. */
function callbacksAbout(job: Job): CallbackRecord[] {
	return server.ledger().callbacks.filter(({ id }) => id === job.id);
}

/** How often each text is there. */
function tally(texts: readonly string[]): Record<string, number> {
	const counts: Record<string, number> = {};
	for (const text of texts) counts[text] = (counts[text] ?? 0) + 1;
	return counts;
}

/** What n8n answers to a call that wakes a node. */
const WOKEN = { status: 200, text: '' };
const IGNORED = { status: 200, text: '{"status":"ignored"}' };

function expectCompleted(execution: Execution, texts: readonly string[], from = server): void {
	expect(describeExecution(execution)).toContain('"success"');
	const output = jsonOf(nodeOutput(execution, 'Caption'));
	expect(output.map((json) => json.caption)).toEqual(texts);
	expect(output).toEqual(
		texts.map((text): unknown =>
			expect.objectContaining({
				generationId: jobOf(text, from).id,
				status: 'completed',
				videoUrl: expect.stringContaining(jobOf(text, from).id),
				prompt: text,
			}),
		),
	);
	expect(nodeRuns(execution, 'Luma Video')).toHaveLength(1);
	expect(nodeRuns(execution, 'Caption')).toHaveLength(1);
}

const STOLEN = 'http://127.0.0.1:9/stolen.mp4';

/** Suspends an execution that waits for `a cat`; `altered` is what would be said of its end, with another file. */
async function suspendOne(
	provider: ProviderName,
	kind = unseen(provider),
): Promise<{ executionId: string; job: Job; url: URL; completed: unknown; altered: unknown }> {
	const executionId = await suspend(videoWorkflow(['a cat'], kind, {}, provider));
	const job = jobOf('a cat');
	const completed = server.callbackBody(provider, { id: job.id, status: 'completed' });
	const altered = JSON.parse(JSON.stringify(completed).replaceAll(/http:[^"]+/g, STOLEN)) as unknown;
	return { executionId, job, url: new URL(String(job.callbackUrl)), completed, altered };
}

/**
 * Whose videos are expected to take more than three minutes: when one has ended within seconds, the next is expected within a
 * sixth of that, which is still long enough to sleep.
 */
const SLEEPING_AGAIN: readonly ProviderName[] = ['lumaDreamMachine', 'pixazo', 'fal'];

describe.each(CALLING)('%s', (provider) => {
	const texts = ['a cat', 'a dog', 'a fox'];

	it('sleeps until all are over, in whatever order they end, and is woken by calls', async () => {
		const executionId = await suspend(videoWorkflow(texts, {}, {}, provider));
		expect(server.ledger().purchases).toHaveLength(3);
		expect(new Set(server.jobs().map(({ callbackUrl }) => callbackUrl)).size).toBe(1);
		expect(reads(provider)).toBe(0);
		const sleepsAgain = SLEEPING_AGAIN.includes(provider);
		const waking = sleepsAgain ? ['a fox', 'a cat'] : ['a fox'];
		for (const text of waking) {
			const before = reads(provider);
			finish(text);
			await server.until(() => reads(provider) > before, 30_000);
			if (sleepsAgain) await untilSuspended(executionId);
		}
		finish(...texts.filter((text) => !waking.includes(text)));
		const execution = await end(executionId);
		for (const text of waking) expect(callbacksAbout(jobOf(text))).toMatchObject([{ answerStatus: 200, answerText: WOKEN.text }]);
		expectCompleted(execution, texts);
		expect(server.ledger().purchases).toHaveLength(3);
		expect(keysIn(execution, server.keys)).toEqual([]);
	});

	const ifCalledMeanwhile = samples[provider].callback?.onlyAtEnd === true ? it.skip : it;
	ifCalledMeanwhile('sleeps on when it is called about what still runs', async () => {
		const executionId = await suspend(videoWorkflow(['a cat'], {}, {}, provider));
		const job = jobOf('a cat');
		// as Pixazo's mode "sync" does all the time, and the others at each change
		for (const status of ['queued', 'processing', 'processing'] as const) {
			expect(await call(job, { status })).toEqual(IGNORED);
		}
		expect(await isSuspended(executionId)).toBe(true);
		expect(reads(provider)).toBe(0);
		finish('a cat');
		expectCompleted(await end(executionId), ['a cat']);
	});

	it('is not shaken by what is forged: the provider says otherwise', async () => {
		const isSigned = providers[provider].callbacks?.signature !== undefined;
		const { executionId, job, altered, url } = await suspendOne(provider);
		const { waitTill } = await untilSuspended(executionId);
		for (const forged of [altered, server.callbackBody(provider, { id: job.id, status: 'failed', failureReason: 'forged' })]) {
			const before = reads(provider);
			// Without a signature nobody is woken where the provider signs.
			expect(await client.callWebhook(url.href, { body: forged })).toEqual(isSigned ? IGNORED : WOKEN);
			if (!isSigned) await untilAsleepAgain(executionId, provider, before);
		}
		// It sleeps again until when it would have.
		const again = await untilSuspended(executionId);
		expect(Math.abs(Date.parse(String(again.waitTill)) - Date.parse(String(waitTill)))).toBeLessThan(1000);
		finish('a cat');
		const execution = await end(executionId);
		expectCompleted(execution, ['a cat']);
		expect(JSON.stringify(execution)).not.toContain(STOLEN);
	});
});

describe('calls that come', () => {
	it('from strangers, malformed or to the wrong address, are answered and wake nobody', async () => {
		const { executionId, job, url, completed, altered } = await suspendOne(luma, { resolution: '4k', duration: '5s' });
		const post = async (body: unknown, headers: Record<string, string> = {}) => await client.callWebhook(url.href, { body, headers });
		expect(await call({ ...job, id: '00000000-0000-4000-8000-000000000000' })).toEqual(IGNORED);
		const json = { 'content-type': 'application/json' };
		for (const body of [[], [altered], {}, '', 'hello', { padding: 'x'.repeat(1_000_000) }, { id: job.id, status: { nested: [] }, state: 7, request_id: job.id }]) {
			expect(await post(body)).toEqual(IGNORED);
		}
		expect(await post('null', json)).toEqual(IGNORED);
		expect(await post('{"id": "', json)).toMatchObject({ status: 422 });

		const token = url.searchParams.get('signature') ?? '';
		const otherToken = token.replace(/^./, (first) => (first === 'a' ? 'b' : 'a'));
		for (const [address, method, status] of [
			[url.href, 'GET', 404],
			[url.href, 'PUT', 404],
			[url.href.replace('/callback', ''), 'POST', 404],
			[url.href.replace('/callback', '/other'), 'POST', 404],
			[url.href.replace(token, otherToken), 'POST', 401],
			[url.href.replace(url.search, ''), 'POST', 401],
		] as const) {
			const { status: answered } = await client.callWebhook(address, { method, ...(method !== 'GET' && { body: completed }) });
			expect([address, method, answered]).toEqual([address, method, status]);
		}
		expect(reads(luma)).toBe(0);
		expect(await isSuspended(executionId)).toBe(true);
		finish('a cat');
		expectCompleted(await end(executionId), ['a cat']);
	});

	it('in a burst, 20 items three times each at once: the execution succeeds, and each video leaves it once', async () => {
		const parameters = {
			method: 'POST',
			url: `=${server.url}/emitted/{{ $json.generationId }}`,
			options: { response: { response: { neverError: true } } },
		};
		const emit = node('Emit', 'n8n-nodes-base.httpRequest', parameters, { typeVersion: 4.2 });
		const nodes = [manualTrigger(), prompts(...TWENTY), generate(luma, credentials, { ...SUSPEND, ...long(luma), ...ALL_AT_ONCE }), caption(), emit];
		server.configure({ lumaDreamMachine: { callbacks: { mode: 'drop' } } });
		const executionId = await suspend(workflow('Burst', nodes));
		finish(...TWENTY);
		const bodies = server.jobs().map(({ id }) => server.callbackBody(luma, { id }));
		const answers = await callAtOnce(String(server.jobs()[0]?.callbackUrl), [...bodies, ...bodies, ...bodies]);
		const execution = await end(executionId);
		expectCompleted(execution, TWENTY);
		const { strays, purchases } = server.ledger();
		expect(strays.map(({ path }) => path.split('/').at(-1)).sort()).toEqual(purchases.map(({ id }) => id).sort());
		await note('suspended-burst-answers', tally(answers.map(({ status, text }) => `${String(status)} ${text}`)));
		expect(purchases).toHaveLength(20);
	});

	it('while the provider cannot be read for a moment, are not in vain: the node reads again', async () => {
		const executionId = await suspend(videoWorkflow(['a cat']));
		server.fault({ provider: luma, route: 'status', kind: '503', times: 2 });
		finish('a cat');
		expectCompleted(await end(executionId), ['a cat']);
		expect(callbacksAbout(jobOf('a cat'))).toMatchObject([{ answerStatus: 200, answerText: WOKEN.text }]);
	});

	it('while the credential is missing, end the execution; a retry with another one goes on with what was bought', async () => {
		const own = await createCredentials(client, server, server.keys, 'Lost: ');
		const draft = (refs: CredentialRefs): WorkflowDraft =>
			workflow('Lost credential', [manualTrigger(), prompts('a cat'), generate(luma, refs, { ...SUSPEND, ...long(luma) }), caption()]);
		const stored = await client.createWorkflow(draft(own));
		const executionId = await client.runWorkflow(stored.id);
		await untilSuspended(executionId);
		await client.request('DELETE', `/rest/credentials/${String(own.lumaDreamMachine.lumaDreamMachineApi?.id)}`);
		finish('a cat');
		const failed = await end(executionId);
		expect(failed.status).toBe('error');
		await client.updateWorkflow(stored.id, { nodes: draft(credentials).nodes.map((each, index) => ({ ...each, id: String(stored.nodes[index]?.id) })) });
		expectCompleted(await client.retryExecution(executionId, { useStoredWorkflow: true }), ['a cat']);
		expect(server.ledger().purchases).toHaveLength(1);
	});

	it('to a node whose name is a puzzle, wake it up', async () => {
		const name = `"Luma" }} 'Video' \\ {{ 1`;
		const nodes = [manualTrigger(), prompts('a cat'), generate(luma, credentials, { ...SUSPEND, ...long(luma) }, {}, name), caption()];
		const executionId = await suspend(workflow('Puzzle', nodes));
		finish('a cat');
		const execution = await end(executionId);
		expect(describeExecution(execution)).toContain('"success"');
		expect(nodeOutput(execution, 'Caption')).toMatchObject([{ json: { status: 'completed', caption: 'a cat' } }]);
	});

	it('about an earlier node, do not disturb the one that sleeps', async () => {
		const parameters = { ...SUSPEND, ...long(luma) };
		const second = generate(luma, credentials, { ...parameters, prompt: "={{ $('Items').item.json.text }}, again" });
		const nodes = [
			manualTrigger(),
			prompts('a cat', 'a dog'),
			generate(luma, credentials, parameters, {}, 'First'),
			second,
			caption(),
		];
		const executionId = await suspend(workflow('Two in a row', nodes, chain(...nodes)));
		finish('a cat', 'a dog');
		await server.until(({ purchases }) => purchases.length === 4, 30_000);
		await untilSuspended(executionId);
		const before = reads(luma);
		for (const text of ['a cat', 'a dog']) expect(await call(jobOf(text))).toEqual(IGNORED);
		expect(reads(luma)).toBe(before);
		finish('a dog, again', 'a cat, again');
		const execution = await end(executionId);
		expect(describeExecution(execution)).toContain('"success"');
		expect(jsonOf(nodeOutput(execution, 'First')).map((json) => json.prompt)).toEqual(['a cat', 'a dog']);
		expect(jsonOf(nodeOutput(execution, 'Caption')).map(({ prompt, caption: text }) => [prompt, text])).toEqual([
			['a cat, again', 'a cat'],
			['a dog, again', 'a dog'],
		]);
		expect(server.ledger().purchases).toHaveLength(4);
	});

	it('after the end, change nothing', async () => {
		const executionId = await suspend(videoWorkflow(['a cat']));
		const job = jobOf('a cat');
		finish('a cat');
		expectCompleted(await end(executionId), ['a cat']);
		const before = reads(luma);
		expect((await call(job)).status).toBe(409);
		expect((await call(job, { status: 'failed' })).status).toBe(409);
		expectCompleted(await end(executionId), ['a cat']);
		expect(reads(luma)).toBe(before);
	});
});

describe('a generation that fails', () => {
	const texts = ['a cat', 'a dog', 'a fox'];
	const message = () => `Luma Dream Machine could not generate the video: Too dark (generation ${jobOf('a dog').id}) [item 1]`;

	async function failSecond(more: INode['parameters'], extras: Partial<INode>): Promise<Execution> {
		const executionId = await suspend(videoWorkflow(texts, more, extras));
		finish('a cat', 'a fox');
		server.finish(jobOf('a dog').id, 'failed', 'Too dark');
		return await end(executionId);
	}

	it('ends the execution with its ID, nothing after the node runs, and a retry does not buy it again', async () => {
		const execution = await failSecond({}, {});
		expect(execution.status).toBe('error');
		for (const error of [nodeError(execution), nodeError(execution, 'Luma Video')]) {
			expect(error?.message).toBe(message());
			for (const text of ['a cat', 'a fox']) expect(error?.description).toContain(jobOf(text).id);
		}
		expect(Object.keys(execution.data.resultData.runData)).toEqual(['Start', 'Items', 'Luma Video']);
		expect(keysIn(execution, server.keys)).toEqual([]);

		const retry = await client.retryExecution(execution.id);
		expect(retry.status).toBe('error');
		expect(nodeError(retry)?.message).toBe(message());
		for (const text of ['a cat', 'a fox']) expect(nodeError(retry)?.description).toContain(jobOf(text).id);
		expect(server.ledger().purchases).toHaveLength(3);
	});

	it('is bought again by a retry where the user wants that, and nothing else is', async () => {
		const execution = await failSecond({ options: { resubmitFailed: true } }, {});
		const failed = jobOf('a dog').id;
		const retry = await client.retryExecution(execution.id);
		expect(retry.status).toBe('waiting');
		const bought = server.jobs().filter(({ prompt, id }) => prompt === 'a dog' && id !== failed);
		expect(bought).toHaveLength(1);
		for (const { id } of bought) server.finish(id);
		const over = await end(retry.id);
		expect(describeExecution(over)).toContain('"success"');
		expect(jsonOf(nodeOutput(over, 'Caption')).map((json) => [json.caption, json.generationId])).toEqual([
			['a cat', jobOf('a cat').id],
			['a dog', bought[0]?.id],
			['a fox', jobOf('a fox').id],
		]);
		expect(server.ledger().purchases).toHaveLength(4);
	});

	it('goes on among the others where the node continues, and Retry On Fail does not buy it again', async () => {
		const execution = await failSecond({}, { onError: 'continueRegularOutput', retryOnFail: true, maxTries: 3, waitBetweenTries: 1 });
		expect(describeExecution(execution)).toContain('"success"');
		const output = jsonOf(nodeOutput(execution, 'Caption'));
		expect(output.map((json) => json.caption)).toEqual(texts);
		expect(output[1]).toMatchObject({
			error: message(),
			details: { generationId: jobOf('a dog').id, provider: luma, status: 'failed', failureReason: 'Too dark' },
		});
		expect(output[2]).toMatchObject({ generationId: jobOf('a fox').id, status: 'completed' });
		expect(server.ledger().purchases).toHaveLength(3);
	});
});

describe('a refused create', () => {
	it('ends an execution that is to stop, which names what was bought; a retry continues that', async () => {
		const execution = await end(await start(videoWorkflow(['a cat', 'a fox [refused: No foxes, please.]', 'a dog'])));
		expect(execution.status).toBe('error');
		const { purchases } = server.ledger();
		for (const { id } of purchases) expect(nodeError(execution)?.description).toContain(id);
		for (const { id } of purchases) server.finish(id);
		const retry = await client.retryExecution(execution.id);
		expect(retry.status).toBe('error');
		const { purchases: later } = server.ledger();
		expect(new Set(later.map(({ prompt }) => prompt)).size).toBe(later.length);
	});
});

describe('a suspended execution', () => {
	it('shows what it waits for, and names it in its custom data', async () => {
		const execution = await untilSuspended(await start(videoWorkflow(['a cat', 'a dog'])));
		expect(jsonOf(nodeOutput(execution, 'Luma Video'))).toMatchObject([
			{ generationId: jobOf('a cat').id, status: expect.stringMatching(/queued|processing/), prompt: 'a cat', videoUrl: null },
			{ generationId: jobOf('a dog').id, status: expect.stringMatching(/queued|processing/), prompt: 'a dog', videoUrl: null },
		]);
		const ids = execution.customData.lumaGenerations;
		for (const text of ['a cat', 'a dog']) expect(ids).toContain(jobOf(text).id);
	});

	it('of a published workflow ends as one that was started by hand', async () => {
		const path = randomUUID();
		const nodes = [webhookTrigger(path), prompts('a cat'), generate(luma, credentials, { ...SUSPEND, ...long(luma) }), caption()];
		const { id } = await client.createWorkflow(workflow('Published', nodes));
		await client.publish(id);
		await client.callWebhook(path, { body: {} });
		const { id: executionId } = await client.waitForNewExecution(id, { status: ['waiting'] });
		finish('a cat');
		expectCompleted(await end(executionId), ['a cat']);
		await client.unpublish(id);
	});

	it('downloads the files when the videos are finished', async () => {
		const executionId = await suspend(videoWorkflow(['a cat', 'a dog'], { downloadVideo: true }));
		finish('a cat', 'a dog');
		const execution = await end(executionId);
		expectCompleted(execution, ['a cat', 'a dog']);
		for (const { json, binary } of nodeOutput(execution, 'Luma Video')) {
			const file = binary?.data;
			if (!file) throw new Error('No file');
			const { bytes, mimeType } = await client.download(file);
			expect(mimeType).toBe('video/mp4');
			expect(bytes.equals(Buffer.from(await (await fetch(String(json.videoUrl))).arrayBuffer()))).toBe(true);
		}
	});

	it('goes on with its loop: each round buys and sleeps on its own', async () => {
		const texts = ['a cat', 'a dog', 'a fox'];
		const nodes = [
			manualTrigger(),
			prompts(...texts),
			node('Loop', 'n8n-nodes-base.splitInBatches', { batchSize: 1, options: {} }, { typeVersion: 3 }),
			generate(luma, credentials, { ...SUSPEND, ...long(luma) }),
			code('return $input.all();', 'Done'),
		];
		const wires: Wire[] = [
			{ from: 'Start', to: 'Items' },
			{ from: 'Items', to: 'Loop' },
			{ from: 'Loop', to: 'Done' },
			{ from: 'Loop', to: 'Luma Video', output: 1 },
			{ from: 'Luma Video', to: 'Loop' },
		];
		const executionId = await start(workflow('Loop', nodes, connect(...wires)));
		for (const [index, text] of texts.entries()) {
			await server.until(({ purchases }) => purchases.length === index + 1, 30_000);
			await untilSuspended(executionId);
			finish(text);
		}
		const execution = await end(executionId);
		expect(describeExecution(execution)).toContain('"success"');
		const done = jsonOf(nodeOutput(execution, 'Done'));
		expect(done.map(({ prompt, status }) => [prompt, status])).toEqual(texts.map((text) => [text, 'completed']));
		expect(nodeRuns(execution, 'Luma Video').map(({ data }) => data?.main?.[0]?.length)).toEqual([1, 1, 1]);
		expect(server.ledger().purchases).toHaveLength(3);
	});

	it('of a sub-workflow hands its videos to the waiting parent', async () => {
		const input = { inputSource: 'passthrough' };
		const childNodes = [
			node('When Called', 'n8n-nodes-base.executeWorkflowTrigger', input, { typeVersion: 1.1 }),
			generate(luma, credentials, { ...SUSPEND, ...long(luma) }),
		];
		const child = await client.createWorkflow(workflow('Child', childNodes));
		await client.publish(child.id);
		const callChild = node(
			'Call Child',
			'n8n-nodes-base.executeWorkflow',
			{ source: 'database', workflowId: { __rl: true, mode: 'id', value: child.id }, options: {} },
			{ typeVersion: 1.2 },
		);
		const executionId = await suspend(workflow('Parent', [manualTrigger(), prompts('a cat', 'a dog'), callChild, code('return $input.all();', 'After')]));
		await client.waitForNewExecution(child.id, { status: ['waiting'] });
		finish('a cat', 'a dog');
		const execution = await end(executionId);
		expect(describeExecution(execution)).toContain('"success"');
		expect(jsonOf(nodeOutput(execution, 'After')).map(({ prompt, status }) => [prompt, status])).toEqual([
			['a cat', 'completed'],
			['a dog', 'completed'],
		]);
		expect(server.ledger().purchases).toHaveLength(2);
	});

	it.each(['extend', 'upscale'] as const)('is possible with operation %s too', async (operation) => {
		const source = { __rl: true, mode: 'id', value: '={{ $json.generationId }}' };
		const more = operation === 'extend' ? { model: 'ray-2', prompt: 'and on', resolution: '4k', duration: '9s' } : { resolution: '4k' };
		const buying = generate(luma, credentials, { resolution: '540p', completion: 'none' });
		await client.runToEnd(workflow('Clip', [manualTrigger(), prompts('a clip'), buying]));
		finish('a clip');
		const clip = jobOf('a clip').id;
		const again = lumaVideo('Again', luma, credentials, { resource: 'video', operation, generationId: source, ...SUSPEND, ...more });
		const executionId = await suspend(workflow('Again', [manualTrigger(), items([{ generationId: clip }]), again]));
		const job = server.jobs().at(-1);
		server.finish(String(job?.id));
		const execution = await end(executionId);
		expect(nodeOutput(execution, 'Again')).toMatchObject([{ json: { generationId: job?.id, status: 'completed' } }]);
		expect(server.ledger().purchases).toHaveLength(2);
	});
});

describe("n8n's timer", () => {
	const pair = (provider: string): string[] => [`a cat by ${provider}`, `a dog by ${provider}`];

	it.each(PROVIDERS.filter((provider) => !CALLING.includes(provider)))('wakes a node of %s, which never calls', async (provider) => {
		const execution = await sleepers.end(provider);
		expectCompleted(execution, pair(provider), sleepers.server);
		expect(sleepers.server.jobs().filter(({ prompt }) => pair(provider).includes(prompt))).toHaveLength(2);
		expect(keysIn(execution, sleepers.server.keys)).toEqual([]);
	});

	it.each(CALLING.filter((provider) => provider !== CALLING_WITHOUT_LIST))('wakes a node of %s whose calls are lost', async (provider) => {
		expectCompleted(await sleepers.end(provider), pair(provider), sleepers.server);
		const lost = sleepers.server.ledger().callbacks.filter((record) => record.provider === provider && record.outcome === 'dropped');
		expect(lost.length).toBeGreaterThanOrEqual(2);
	});

	it('is not needed where 20 that end together call three times each, and are read one by one', async () => {
		expectCompleted(await sleepers.end('one-by-one'), TWENTY, sleepers.server);
		const called = sleepers.server.ledger().callbacks.filter(({ provider }) => provider === CALLING_WITHOUT_LIST);
		await note('suspended-one-by-one-answers', tally(called.map(({ answerStatus, answerText }) => `${String(answerStatus)} ${String(answerText)}`)));
		expect(sleepers.server.jobs().filter(({ provider }) => provider === CALLING_WITHOUT_LIST)).toHaveLength(20);
	});

	it.each([
		['before the answer to the create', 'early', ['a hen [callbacks: early] [takes 300ms]', 'a fox']],
		['before n8n has stored the execution', 'unstored', ['an owl [callbacks: normal] [takes 1ms]', 'an emu [callbacks: normal] [takes 1ms]']],
	])('wakes a node that was called %s', async (_, name, texts) => {
		expectCompleted(await sleepers.end(name), texts, sleepers.server);
		const first = jobOf(texts[0] ?? '', sleepers.server);
		const answers = sleepers.server.ledger().callbacks.filter(({ id }) => id === first.id).map(({ answerStatus }) => answerStatus);
		expect(answers.length).toBeGreaterThan(0);
		// The provider calls again after a refusal: by then the execution may be stored.
		expect(answers[0]).not.toBe(200);
	});

	it('brings what failed and what was refused to the error output', async () => {
		const execution = await sleepers.end('failing');
		expectCompleted(execution, ['a bee'], sleepers.server);
		const failed = jsonOf(nodeOutput(execution, 'Failed'));
		expect(failed).toMatchObject([
			{ text: 'a wasp [fails: Too dark]', details: { generationId: jobOf('a wasp [fails: Too dark]', sleepers.server).id, status: 'failed' } },
			{ text: 'an ant [refused: No ants]', details: { generationId: null } },
		]);
	});

	it("wakes the example 'suspend until finished'", async () => {
		const execution = await sleepers.end('example');
		expect(describeExecution(execution)).toContain('"success"');
		expect(nodeOutput(execution, 'Use the Videos').map(({ json, binary }) => [json.status, json.estimatedCostUsd, binary?.data?.mimeType])).toEqual([
			['completed', 0.15, 'video/mp4'],
			['completed', 0.15, 'video/mp4'],
		]);
		expect(jsonOf(nodeOutput(execution, 'Failed Scenes'))).toEqual([
			{ scene: '3', reason: expect.stringContaining('too bright'), nextStep: expect.any(String) },
		]);
		const bought = sleepers.server.ledger().purchases.filter(({ prompt }) => prompt.includes('lighthouse'));
		expect(bought.map(({ provider, operation }) => `${provider} ${operation}`)).toEqual(Array(3).fill('lumaAgents generate'));
	});

	it("wakes it at the deadline: items pass on where 'On Timeout' says so", async () => {
		const execution = await sleepers.end('overdue');
		expect(describeExecution(execution)).toContain('"success"');
		expect(jsonOf(nodeOutput(execution, 'Caption')).map(({ caption: text, status }) => [text, status])).toEqual([
			['a snail [takes 3600000ms]', expect.stringMatching(/^(queued|processing)$/)],
			['a slug [takes 20000ms]', 'completed'],
		]);
	});

	it('wakes it at the deadline: else the execution ends with the ID', async () => {
		const execution = await sleepers.end('too late');
		expect(execution.status).toBe('error');
		expect(nodeError(execution)?.message).toBe(
			`Generation ${jobOf('a tortoise [takes 3600000ms]', sleepers.server).id} is not finished after 70 seconds [item 0]`,
		);
		expect(nodeError(execution)?.description).toContain('nothing is lost');
	});
});

describe('all that n8n has stored', () => {
	it('holds no key in plain text', () => {
		const folder = join(n8n.userFolder, '.n8n');
		const files = readdirSync(folder).filter((name) => name.startsWith('database.sqlite'));
		expect(files.length).toBeGreaterThan(0);
		const texts = [n8n.logs(), ...files.map((name) => readFileSync(join(folder, name), 'latin1'))];
		const keys = [...Object.values(server.keys), ...Object.values(sleepers.server.keys)];
		for (const text of texts) expect(keys.filter((key) => text.includes(key))).toEqual([]);
	});
});
