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
import { byProvider, CALLING, CALLING_WITHOUT_LIST, EXPECTED_LATE, PROVIDERS, samples } from '../samples';
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
import type { CredentialRefs } from './support';
import { createCredentials, generate, jsonOf, keysIn, lumaVideo, prompts } from './support';
import { callAtOnce, note } from './triggerSupport';

const luma = 'lumaDreamMachine';
const SUSPEND = { completion: 'suspend' };
const ALL_AT_ONCE = { options: { maxConcurrent: 30 } };

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
	sleepers = await Sleepers.start();
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

/** Adds to each item what the item that it came from said: it depends on the items' links. */
function caption(): INode {
	const assignment = { id: 'caption', name: 'caption', value: "={{ $('Items').item.json.text }}", type: 'string' };
	const parameters = { assignments: { assignments: [assignment] }, includeOtherFields: true, options: {} };
	return node('Caption', 'n8n-nodes-base.set', parameters, { typeVersion: 3.4 });
}

const WIRES: readonly Wire[] = [
	{ from: 'Start', to: 'Items' },
	{ from: 'Items', to: 'Luma Video' },
	{ from: 'Luma Video', to: 'Caption' },
	{ from: 'Luma Video', to: 'Failed', output: 1 },
];

/** Start, Items, Luma Video, then `Caption` for what succeeds and `Failed` for what does not. */
function videoWorkflow(
	texts: readonly string[],
	more: INode['parameters'] = {},
	extras: Partial<INode> = {},
	provider: ProviderName = luma,
	refs = credentials,
): WorkflowDraft {
	return workflowWith(texts, generate(provider, refs, { ...SUSPEND, ...long(provider), ...more }, extras));
}

function workflowWith(texts: readonly string[], video: INode): WorkflowDraft {
	const nodes = [manualTrigger(), prompts(...texts), video, caption(), code('return $input.all();', 'Failed')];
	return workflow('Suspend', nodes, connect(...WIRES));
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

async function end(executionId: string, timeout?: number): Promise<Execution> {
	return await client.waitForExecution(executionId, { timeout });
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

/** Executions that nobody calls, or in vain, at providers of their own. */
class Sleepers {
	private readonly executions = new Map<string, { id: string; startedAt: number }>();

	private constructor(
		readonly server: ProviderServer,
		private readonly credentials: CredentialRefs,
	) {}

	static async start(): Promise<Sleepers> {
		const lost = { jobMs: 30_000, callbacks: { mode: 'drop' as const, retryDelaysMs: [] } };
		const common = { jobMs: 30_000 };
		const settings = {
			...byProvider((provider) => (CALLING.includes(provider) ? lost : common)),
			// Each call three times, whatever is answered.
			[CALLING_WITHOUT_LIST]: { jobMs: 36_000, callbacks: { copies: 3 } },
		};
		const silent = await startProviderServer({ settings });
		silent.configure(EXPECTED_LATE);
		const all = new Sleepers(silent, await createCredentials(client, silent, silent.keys, 'Sleepers: '));
		await all.startAll();
		return all;
	}

	private async startAll(): Promise<void> {
		const texts = (provider: string): string[] => [`a cat by ${provider}`, `a dog by ${provider}`];
		await Promise.all([
			...PROVIDERS.filter((provider) => provider !== CALLING_WITHOUT_LIST).map(async (provider) => {
				await this.add(provider, this.workflow(provider, texts(provider)));
			}),
			this.add('one-by-one', this.workflow(CALLING_WITHOUT_LIST, texts20, ALL_AT_ONCE)),
			this.add(
				'early',
				this.workflow(luma, ['a hen [callbacks: early] [takes 300ms]', 'a fox'], { resolution: '540p', duration: '5s' }),
			),
			this.add(
				'unstored',
				this.workflow(luma, ['an owl [callbacks: normal] [takes 1ms]', 'an emu [callbacks: normal] [takes 1ms]'], {
					resolution: '1080p',
					duration: '5s',
				}),
			),
			this.add(
				'failing',
				this.workflow('lumaAgents', ['a bee', 'a wasp [fails: Too dark]', 'an ant [refused: No ants]'], { resolution: '540p', duration: '5s' }, {
					onError: 'continueErrorOutput',
				}),
			),
			this.add(
				'overdue',
				this.workflow('lumaAgents', ['a snail [takes 3600000ms]', 'a slug [takes 20000ms]'], {
					resolution: '360p',
					duration: '10s',
					options: { timeout: 70, onTimeout: 'continue' },
				}),
			),
			this.add(
				'too late',
				this.workflow('lumaAgents', ['a tortoise [takes 3600000ms]'], { resolution: '360p', duration: '10s', options: { timeout: 70 } }),
			),
		]);
	}

	private workflow(
		provider: ProviderName,
		texts: readonly string[],
		more: INode['parameters'] = {},
		extras: Partial<INode> = {},
	): WorkflowDraft {
		return workflowWith(texts, generate(provider, this.credentials, { ...SUSPEND, ...more }, extras));
	}

	private async add(name: string, draft: WorkflowDraft): Promise<void> {
		this.executions.set(name, { id: await start(draft), startedAt: Date.now() });
	}

	/** Waits for the end of one. */
	async end(name: string): Promise<Execution> {
		const { id = '', startedAt = 0 } = this.executions.get(name) ?? {};
		const execution = await end(id, 200_000);
		const seconds = (Date.parse(String(execution.stoppedAt)) - startedAt) / 1000;
		await note(`suspended-${name.replace(' ', '-')}-time`, { seconds, status: execution.status });
		return execution;
	}
}

const texts20 = Array.from({ length: 20 }, (_, index) => `a bird, number ${index}`);

describe.each(CALLING)('%s', (provider) => {
	const texts = ['a cat', 'a dog', 'a fox'];

	it('sleeps until all are over, in whatever order they end, and is woken by each call', async () => {
		const executionId = await suspend(videoWorkflow(texts, {}, {}, provider));
		expect(server.ledger().purchases).toHaveLength(3);
		expect(new Set(server.jobs().map(({ callbackUrl }) => callbackUrl)).size).toBe(1);
		expect(reads(provider)).toBe(0);
		for (const text of ['a fox', 'a cat']) {
			const before = reads(provider);
			finish(text);
			await untilAsleepAgain(executionId, provider, before);
			expect(callbacksAbout(jobOf(text))).toMatchObject([{ answerStatus: 200, answerText: WOKEN.text }]);
		}
		finish('a dog');
		const execution = await end(executionId);
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

	it('answers what is foreign, forged or malformed, and is not shaken by it', async () => {
		const isSigned = providers[provider].callbacks?.signature !== undefined;
		const executionId = await suspend(videoWorkflow(['a cat'], unseen(provider), {}, provider));
		const job = jobOf('a cat');
		const url = new URL(String(job.callbackUrl));
		const post = async (body: unknown, headers: Record<string, string> = {}, to: string | URL = url) =>
			await client.callWebhook(String(to), { body, headers });

		// foreign: about a generation of somebody else
		expect(await call({ ...job, id: '00000000-0000-4000-8000-000000000000' })).toEqual(IGNORED);
		// malformed
		const json = { 'content-type': 'application/json' };
		const stolen = 'http://127.0.0.1:9/stolen.mp4';
		const completed = server.callbackBody(provider, { id: job.id, status: 'completed' });
		const altered = JSON.parse(JSON.stringify(completed).replaceAll(/http:[^"]+/g, stolen)) as unknown;
		expect(await post([])).toMatchObject(IGNORED);
		expect(await post([altered])).toMatchObject(IGNORED);
		expect(await post({})).toMatchObject(IGNORED);
		expect(await post('')).toMatchObject(IGNORED);
		expect(await post('hello')).toMatchObject(IGNORED);
		expect(await post('null', json)).toMatchObject(IGNORED);
		expect(await post('{"id": "', json)).toMatchObject({ status: 422 });
		expect(await post({ padding: 'x'.repeat(1_000_000) })).toMatchObject(IGNORED);
		expect(await post({ id: job.id, status: { nested: [] }, state: 7, request_id: job.id })).toMatchObject(IGNORED);
		// to the wrong address
		expect((await client.callWebhook(url.href, { method: 'GET' })).status).toBe(404);
		expect((await client.callWebhook(url.href, { method: 'PUT', body: completed })).status).toBe(404);
		expect((await post(completed, {}, url.href.replace('/callback', ''))).status).toBe(404);
		expect((await post(completed, {}, url.href.replace('/callback', '/other'))).status).toBe(404);
		const token = url.searchParams.get('signature') ?? '';
		const otherToken = token.replace(/^./, (first) => (first === 'a' ? 'b' : 'a'));
		expect((await post(completed, {}, url.href.replace(token, otherToken))).status).toBe(401);
		expect((await post(completed, {}, url.href.replace(url.search, ''))).status).toBe(401);
		expect(reads(provider)).toBe(0);
		expect(await isSuspended(executionId)).toBe(true);

		// forged: the provider says otherwise, and the node sleeps again until when it would have
		const { waitTill } = await untilSuspended(executionId);
		for (const forged of [altered, server.callbackBody(provider, { id: job.id, status: 'failed', failureReason: 'forged' })]) {
			const before = reads(provider);
			// Without a signature nobody is woken where the provider signs.
			expect(await post(forged)).toMatchObject(isSigned ? IGNORED : WOKEN);
			if (!isSigned) await untilAsleepAgain(executionId, provider, before);
		}
		const again = await untilSuspended(executionId);
		expect(Math.abs(Date.parse(String(again.waitTill)) - Date.parse(String(waitTill)))).toBeLessThan(1000);
		finish('a cat');
		const execution = await end(executionId);
		expectCompleted(execution, ['a cat']);
		expect(JSON.stringify(execution)).not.toContain(stolen);
	});
});

describe('calls that come', () => {
	it.each([
		['five times each', { copies: 5 }],
		['late', { mode: 'late', lateMs: 1500 }],
	] as const)('%s, wake it up', async (_, callbacks) => {
		server.configure({ lumaDreamMachine: { callbacks } });
		const executionId = await suspend(videoWorkflow(['a cat', 'a dog']));
		finish('a cat', 'a dog');
		expectCompleted(await end(executionId), ['a cat', 'a dog']);
		expect(server.ledger().purchases).toHaveLength(2);
	});

	it('out of order, wake it up', async () => {
		server.configure({ lumaDreamMachine: { callbacks: { mode: 'reordered' } } });
		const executionId = await suspend(videoWorkflow(['a cat', 'a dog']));
		finish('a cat', 'a dog');
		expectCompleted(await end(executionId), ['a cat', 'a dog']);
	});

	it('in a burst, 20 items three times each at once: the execution succeeds, and each video leaves it once', async () => {
		const parameters = {
			method: 'POST',
			url: `=${server.url}/emitted/{{ $json.generationId }}`,
			options: { response: { response: { neverError: true } } },
		};
		const emit = node('Emit', 'n8n-nodes-base.httpRequest', parameters, { typeVersion: 4.2 });
		const nodes = [manualTrigger(), prompts(...texts20), generate(luma, credentials, { ...SUSPEND, ...long(luma), ...ALL_AT_ONCE }), caption(), emit];
		server.configure({ lumaDreamMachine: { callbacks: { mode: 'drop' } } });
		const executionId = await suspend(workflow('Burst', nodes));
		finish(...texts20);
		const bodies = server.jobs().map(({ id }) => server.callbackBody(luma, { id }));
		const answers = await callAtOnce(String(server.jobs()[0]?.callbackUrl), [...bodies, ...bodies, ...bodies]);
		const execution = await end(executionId);
		expectCompleted(execution, texts20);
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

	it('ends the execution with its ID, and nothing after the node runs', async () => {
		const execution = await failSecond({}, {});
		expect(execution.status).toBe('error');
		for (const error of [nodeError(execution), nodeError(execution, 'Luma Video')]) {
			expect(error?.message).toBe(message());
			for (const text of ['a cat', 'a fox']) expect(error?.description).toContain(jobOf(text).id);
		}
		expect(Object.keys(execution.data.resultData.runData)).toEqual(['Start', 'Items', 'Luma Video']);
		expect(keysIn(execution, server.keys)).toEqual([]);
	});

	it('is not bought again by a retry of the execution', async () => {
		const execution = await failSecond({}, {});
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

	it('goes on among the others where the node continues', async () => {
		const execution = await failSecond({}, { onError: 'continueRegularOutput' });
		expect(describeExecution(execution)).toContain('"success"');
		const output = jsonOf(nodeOutput(execution, 'Caption'));
		expect(output.map((json) => json.caption)).toEqual(texts);
		expect(output[1]).toMatchObject({
			error: message(),
			details: { generationId: jobOf('a dog').id, provider: luma, status: 'failed', failureReason: 'Too dark' },
		});
		expect(output[2]).toMatchObject({ generationId: jobOf('a fox').id, status: 'completed' });
	});

	it('goes to the error output where there is one', async () => {
		const execution = await failSecond({}, { onError: 'continueErrorOutput' });
		expectCompleted(execution, ['a cat', 'a fox']);
		expect(jsonOf(nodeOutput(execution, 'Failed'))).toMatchObject([
			{ text: 'a dog', error: message(), details: { generationId: jobOf('a dog').id, status: 'failed' } },
		]);
	});

	it.each(['stopWorkflow', 'continueRegularOutput'] as const)(
		'is not bought again by Retry On Fail (%s)',
		async (onError) => {
			const executionId = await suspend(
				videoWorkflow(texts, {}, { onError, retryOnFail: true, maxTries: 3, waitBetweenTries: 1 }),
			);
			server.finish(jobOf('a cat').id, 'failed', 'Too dark');
			finish('a dog', 'a fox');
			const execution = await end(executionId);
			expect(execution.status).toBe(onError === 'stopWorkflow' ? 'error' : 'success');
			expect(server.ledger().purchases).toHaveLength(3);
		},
	);
});

describe('a refused create', () => {
	const texts = ['a cat', 'a fox [refused: No foxes, please.]', 'a dog'];

	it('goes to the error output after the others are over', async () => {
		const executionId = await suspend(videoWorkflow(texts, {}, { onError: 'continueErrorOutput' }));
		finish('a dog', 'a cat');
		const execution = await end(executionId);
		expectCompleted(execution, ['a cat', 'a dog']);
		expect(jsonOf(nodeOutput(execution, 'Failed'))).toMatchObject([
			{
				text: texts[1],
				error: 'Luma Dream Machine refused the request: No foxes, please [item 1]',
				details: { generationId: null, status: null },
			},
		]);
		expect(server.ledger().purchases).toHaveLength(2);
		expect(server.ledger().refusedCreates).toHaveLength(1);
	});

	it('ends an execution that is to stop, which names what was bought; a retry continues that', async () => {
		const execution = await end(await start(videoWorkflow(texts)));
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
		const bought = await client.runToEnd(
			workflow('Clip', [manualTrigger(), prompts('a clip [takes 300ms]'), generate(luma, credentials, { resolution: '540p' })]),
		);
		const clip = String(nodeOutput(bought, 'Luma Video')[0]?.json.generationId);
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
		expectCompleted(await sleepers.end('one-by-one'), texts20, sleepers.server);
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
