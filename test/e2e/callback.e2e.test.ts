import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { INode } from 'n8n-workflow';
import type { CallbackRecord, Job, ProviderName, ProviderServer } from '../provider-server';
import { startProviderServer } from '../provider-server';
import type { Execution } from './harness';
import {
	chain,
	code,
	connect,
	describe as describeExecution,
	manualTrigger,
	node,
	nodeError,
	nodeOutput,
	nodeRuns,
	sharedN8n,
	workflow,
} from './harness';
import type { CredentialRefs } from './support';
import { createCredentials, generate, jsonOf, keysIn, prompts, waitFor } from './support';

type CallingBack = Exclude<ProviderName, 'lumaAgents' | 'pixwith'>;
const callingBack: readonly CallingBack[] = ['lumaDreamMachine', 'pixazo', 'crazyrouter'];
const luma = 'lumaDreamMachine';

/** Jobs of this length end when a test says so. */
const UNTIL_FINISHED = 600_000;
const CALLBACK = { completion: 'callback' };

let server: ProviderServer;
let credentials: CredentialRefs;
/** Executions whose callbacks are lost; n8n looks for those that are over their time only once a minute. */
let forgotten: { server: ProviderServer; executions: Record<CallingBack, string> };

beforeAll(async () => {
	server = await startProviderServer();
	credentials = await createCredentials(sharedN8n().client, server);
	forgotten = await suspendWithoutCallbacks();
});
afterAll(async () => {
	await server.close();
	await forgotten.server.close();
});
beforeEach(() => {
	server.reset();
	for (const provider of callingBack) server.configure({ [provider]: { jobMs: UNTIL_FINISHED } });
});

/** Adds to each item what the item that it came from said: it depends on the items' links. */
function caption(): INode {
	const assignment = { id: 'caption', name: 'caption', value: "={{ $('Items').item.json.text }}", type: 'string' };
	const parameters = { assignments: { assignments: [assignment] }, includeOtherFields: true, options: {} };
	return node('Caption', 'n8n-nodes-base.set', parameters, { typeVersion: 3.4 });
}

/** Start, Items, Luma Video, then `Caption` for what succeeds and `Failed` for what does not. */
function videoWorkflow(
	texts: readonly string[],
	more: INode['parameters'] = {},
	extras: Partial<INode> = {},
	provider: CallingBack = luma,
): ReturnType<typeof workflow> {
	const nodes = [
		manualTrigger(),
		prompts(...texts),
		generate(provider, credentials, { ...CALLBACK, ...more }, extras),
		caption(),
		code('return $input.all();', 'Failed'),
	];
	const connections = connect(
		{ from: 'Start', to: 'Items' },
		{ from: 'Items', to: 'Luma Video' },
		{ from: 'Luma Video', to: 'Caption' },
		{ from: 'Luma Video', to: 'Failed', output: 1 },
	);
	return workflow('Callback', nodes, connections);
}

async function start(draft: ReturnType<typeof workflow>): Promise<string> {
	const { client } = sharedN8n();
	return await client.runWorkflow((await client.createWorkflow(draft)).id);
}

/** Starts a workflow and returns when its execution is suspended. */
async function suspend(draft: ReturnType<typeof workflow>): Promise<string> {
	const executionId = await start(draft);
	await untilSuspended(executionId);
	return executionId;
}

async function untilSuspended(executionId: string): Promise<Execution> {
	return await sharedN8n().client.waitForExecution(executionId, { status: ['waiting'] });
}

async function end(executionId: string): Promise<Execution> {
	return await sharedN8n().client.waitForExecution(executionId);
}

async function isSuspended(executionId: string): Promise<boolean> {
	return (await sharedN8n().client.getExecution(executionId))?.status === 'waiting';
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

/** Sends what the provider would send about a job, with anything changed. */
async function call(job: Job, change: Partial<Job> = {}): Promise<{ status: number | null; text: string }> {
	const body = server.callbackBody(job.provider, { id: job.id, ...change });
	return await server.sendCallback({ url: String(job.callbackUrl), body });
}

/** What became of the callbacks, without those that the provider sends again. */
function callbacksAbout(job: Job): CallbackRecord[] {
	return server.ledger().callbacks.filter(({ id }) => id === job.id);
}

function expectCompleted(execution: Execution, texts: readonly string[]): void {
	expect(describeExecution(execution)).toContain('"success"');
	const output = jsonOf(nodeOutput(execution, 'Caption'));
	expect(output.map((json) => json.caption)).toEqual(texts);
	expect(output).toEqual(
		texts.map((text): unknown =>
			expect.objectContaining({
				generationId: jobOf(text).id,
				status: 'completed',
				videoUrl: expect.stringContaining(jobOf(text).id),
				prompt: text,
			}),
		),
	);
	expect(nodeRuns(execution, 'Luma Video')).toHaveLength(1);
	expect(nodeRuns(execution, 'Caption')).toHaveLength(1);
}

async function suspendWithoutCallbacks(): Promise<typeof forgotten> {
	const { client } = sharedN8n();
	const lost = { jobMs: 20_000, callbacks: { mode: 'drop' as const } };
	const silent = await startProviderServer({ settings: { lumaDreamMachine: lost, pixazo: lost, crazyrouter: lost } });
	const refs = await createCredentials(client, silent);
	const ids = await Promise.all(
		callingBack.map(async (provider) => {
			const nodes = [
				manualTrigger(),
				prompts('a cat [takes 15000ms]', 'a dog'),
				generate(provider, refs, { ...CALLBACK, options: { timeout: 3 } }),
				waitFor(provider, refs),
				caption(),
			];
			return [provider, await start(workflow('No callbacks', nodes))] as const;
		}),
	);
	return { server: silent, executions: Object.fromEntries(ids) as Record<CallingBack, string> };
}

describe.each(callingBack)('%s', (provider) => {
	const texts = ['a cat', 'a dog', 'a fox'];

	it('suspends once for three items and resumes when the last is over, whatever the order', async () => {
		const executionId = await suspend(videoWorkflow(texts, {}, {}, provider));
		expect(server.ledger().purchases).toHaveLength(3);
		expect(new Set(server.jobs().map(({ callbackUrl }) => callbackUrl)).size).toBe(1);
		for (const text of ['a fox', 'a cat']) {
			finish(text);
			await server.until(({ callbacks }) => callbacks.some(({ id }) => id === jobOf(text).id));
			expect(callbacksAbout(jobOf(text))).toMatchObject([{ answerStatus: 200, answerText: '{"status":"noted"}' }]);
		}
		expect(await isSuspended(executionId)).toBe(true);
		finish('a dog');
		const execution = await end(executionId);
		expectCompleted(execution, texts);
		expect(callbacksAbout(jobOf('a dog'))).toMatchObject([{ status: 'completed', answerStatus: 200 }]);
		expect(server.ledger().purchases).toHaveLength(3);
		expect(keysIn(execution, server.keys)).toEqual([]);
	});

	it('acknowledges calls about what is still running, and waits on', async () => {
		const executionId = await suspend(videoWorkflow(['a cat'], {}, {}, provider));
		const job = jobOf('a cat');
		// as Pixazo's mode "sync" does all the time, and the others at each change
		for (const status of ['queued', 'processing', 'processing'] as const) {
			expect(await call(job, { status })).toEqual({ status: 200, text: '{"status":"noted"}' });
		}
		expect(await isSuspended(executionId)).toBe(true);
		finish('a cat');
		expectCompleted(await end(executionId), ['a cat']);
	});

	it('answers what is foreign, forged or malformed, and is not shaken by it', async () => {
		const executionId = await suspend(videoWorkflow(['a cat'], {}, {}, provider));
		const { client } = sharedN8n();
		const job = jobOf('a cat');
		const url = new URL(String(job.callbackUrl));
		const post = async (body: unknown, headers: Record<string, string> = {}, to: string | URL = url) =>
			await client.callWebhook(String(to), { body, headers });
		const ignored = { status: 200, text: '{"status":"ignored"}' };

		// foreign: about a generation of somebody else
		expect(await call({ ...job, id: '00000000-0000-4000-8000-000000000000' })).toEqual(ignored);
		// forged: the provider says otherwise
		const stolen = 'http://127.0.0.1:9/stolen.mp4';
		const completed = server.callbackBody(provider, { id: job.id, status: 'completed' });
		const altered = JSON.parse(JSON.stringify(completed).replaceAll(/http:[^"]+/g, stolen)) as unknown;
		expect(await post(altered)).toMatchObject({ status: 200, text: '{"status":"noted"}' });
		expect(await call(job, { status: 'failed', failureReason: 'forged' })).toMatchObject({ status: 200 });
		// malformed
		const json = { 'content-type': 'application/json' };
		expect(await post([])).toMatchObject(ignored);
		expect(await post([altered])).toMatchObject(ignored);
		expect(await post({})).toMatchObject(ignored);
		expect(await post('')).toMatchObject(ignored);
		expect(await post('hello')).toMatchObject(ignored);
		expect(await post('null', json)).toMatchObject(ignored);
		expect(await post('{"id": "', json)).toMatchObject({ status: 422 });
		expect(await post({ padding: 'x'.repeat(1_000_000) })).toMatchObject(ignored);
		expect(await post({ id: job.id, status: { nested: [] }, state: 7, request_id: job.id })).toMatchObject(ignored);
		// to the wrong address
		expect((await client.callWebhook(url.href, { method: 'GET' })).status).toBe(404);
		expect((await client.callWebhook(url.href, { method: 'PUT', body: completed })).status).toBe(404);
		expect((await post(completed, {}, url.href.replace('/callback', ''))).status).toBe(404);
		expect((await post(completed, {}, url.href.replace('/callback', '/other'))).status).toBe(404);
		const token = url.searchParams.get('signature') ?? '';
		const otherToken = token.replace(/^./, (first) => (first === 'a' ? 'b' : 'a'));
		expect((await post(completed, {}, url.href.replace(token, otherToken))).status).toBe(401);
		expect((await post(completed, {}, url.href.replace(url.search, ''))).status).toBe(401);

		expect(await isSuspended(executionId)).toBe(true);
		finish('a cat');
		const execution = await end(executionId);
		expectCompleted(execution, ['a cat']);
		expect(JSON.stringify(execution)).not.toContain(stolen);
	});
});

describe('callbacks that come', () => {
	it.each([
		['five times each', { copies: 5 }],
		['late', { mode: 'late', lateMs: 1500 }],
	] as const)('%s, resume once', async (_, callbacks) => {
		server.configure({ lumaDreamMachine: { callbacks } });
		const executionId = await suspend(videoWorkflow(['a cat', 'a dog']));
		finish('a cat', 'a dog');
		expectCompleted(await end(executionId), ['a cat', 'a dog']);
		expect(server.ledger().purchases).toHaveLength(2);
	});

	it('about progress too, resume at the end', async () => {
		server.configure({ lumaDreamMachine: { jobMs: 3000, queuedShare: 0.5 } });
		const executionId = await start(videoWorkflow(['a cat', 'a dog']));
		expectCompleted(await end(executionId), ['a cat', 'a dog']);
		const answers = server.ledger().callbacks.filter(({ status }) => status === 'processing');
		expect(answers.map(({ answerText }) => answerText)).toEqual(Array(2).fill('{"status":"noted"}'));
	});

	it('out of order, resume once', async () => {
		server.configure({ lumaDreamMachine: { jobMs: 3000, queuedShare: 0.5, callbacks: { mode: 'reordered' } } });
		const executionId = await start(videoWorkflow(['a cat', 'a dog']));
		expectCompleted(await end(executionId), ['a cat', 'a dog']);
	});

	it('all at the same time, resume once', async () => {
		server.configure({ lumaDreamMachine: { callbacks: { mode: 'drop' } } });
		const executionId = await suspend(videoWorkflow(['a cat', 'a dog']));
		finish('a cat', 'a dog');
		await Promise.all([...server.jobs(), ...server.jobs(), ...server.jobs()].map(async (job) => await call(job)));
		expectCompleted(await end(executionId), ['a cat', 'a dog']);
	});

	it('before the answer to the create, are not needed', async () => {
		server.configure({ lumaDreamMachine: { jobMs: 300 } });
		const texts = ['a cat [callbacks: early]', 'a dog [callbacks: early]'];
		const execution = await end(await start(videoWorkflow(texts)));
		expectCompleted(execution, texts);
		expect(callbacksAbout(jobOf('a cat [callbacks: early]')).map(({ answerStatus }) => answerStatus)).not.toContain(200);
	});

	it('before the answer to one create, are not needed for that one', async () => {
		const texts = ['a cat [callbacks: early] [takes 300ms]', 'a dog'];
		const executionId = await suspend(videoWorkflow(texts));
		finish('a dog');
		expectCompleted(await end(executionId), texts);
	});

	it('before the execution is stored, are not needed', async () => {
		const texts = ['a cat [takes 1ms]', 'a dog [takes 1ms]'];
		expectCompleted(await end(await start(videoWorkflow(texts))), texts);
	});

	it('while the provider cannot be read, are asked for again', async () => {
		const executionId = await suspend(videoWorkflow(['a cat']));
		server.fault({ provider: luma, route: 'status', kind: '503' });
		finish('a cat');
		expectCompleted(await end(executionId), ['a cat']);
		expect(callbacksAbout(jobOf('a cat')).map(({ attempt, answerStatus }) => [attempt, answerStatus])).toEqual([
			[1, 503],
			[2, 200],
		]);
	});

	it('while another generation cannot be read, are asked for again', async () => {
		const executionId = await suspend(videoWorkflow(['a cat', 'a dog']));
		// All four calls about the cat are in vain, and then the first about the dog, for the cat's sake.
		server.fault({ provider: luma, route: 'status', kind: '503', prompt: 'a cat', times: 5 });
		finish('a cat');
		await server.until(({ callbacks }) => callbacks.filter(({ id }) => id === jobOf('a cat').id).length === 4);
		finish('a dog');
		expectCompleted(await end(executionId), ['a cat', 'a dog']);
		expect(callbacksAbout(jobOf('a cat')).map(({ answerStatus }) => answerStatus)).toEqual([503, 503, 503, 503]);
		expect(callbacksAbout(jobOf('a dog')).map(({ answerStatus }) => answerStatus)).toEqual([503, 200]);
	});

	it('while the credential is missing, leave the execution as it is', async () => {
		const { client } = sharedN8n();
		const own = await createCredentials(client, server);
		const id = String(own.lumaDreamMachine.lumaDreamMachineApi?.id);
		const nodes = [manualTrigger(), prompts('a cat'), generate(luma, own, CALLBACK), caption()];
		const executionId = await suspend(workflow('Lost credential', nodes));
		await client.request('DELETE', `/rest/credentials/${id}`);
		expect((await call(jobOf('a cat'))).status).toBe(503);
		expect(await isSuspended(executionId)).toBe(true);
		await client.stopExecution(executionId);
	});

	it('to a node whose name is a puzzle, resume it', async () => {
		const name = `"Luma" }} 'Video' \\ {{ 1`;
		const nodes = [manualTrigger(), prompts('a cat'), generate(luma, credentials, CALLBACK, {}, name), caption()];
		const executionId = await suspend(workflow('Puzzle', nodes));
		finish('a cat');
		const execution = await end(executionId);
		expect(describeExecution(execution)).toContain('"success"');
		expect(nodeOutput(execution, 'Caption')).toMatchObject([{ json: { status: 'completed', caption: 'a cat' } }]);
	});

	it('about an earlier node, do not disturb the one that waits', async () => {
		const second = generate(luma, credentials, { ...CALLBACK, prompt: "={{ $('Items').item.json.text }}, again" });
		const nodes = [
			manualTrigger(),
			prompts('a cat', 'a dog'),
			generate(luma, credentials, CALLBACK, {}, 'First'),
			second,
			caption(),
		];
		const executionId = await suspend(workflow('Two in a row', nodes, chain(...nodes)));
		finish('a cat', 'a dog');
		await server.until(({ purchases }) => purchases.length === 4, 30_000);
		await untilSuspended(executionId);
		for (const text of ['a cat', 'a dog']) {
			expect(await call(jobOf(text))).toEqual({ status: 200, text: '{"status":"ignored"}' });
		}
		finish('a dog, again');
		await server.until(({ callbacks }) => callbacks.some(({ id }) => id === jobOf('a dog, again').id));
		expect(await isSuspended(executionId)).toBe(true);
		finish('a cat, again');
		const execution = await end(executionId);
		expect(describeExecution(execution)).toContain('"success"');
		expect(jsonOf(nodeOutput(execution, 'First')).map((json) => json.prompt)).toEqual(['a cat', 'a dog']);
		expect(jsonOf(nodeOutput(execution, 'Caption')).map(({ prompt, caption: text }) => [prompt, text])).toEqual([
			['a cat, again', 'a cat'],
			['a dog, again', 'a dog'],
		]);
		expect(server.ledger().purchases).toHaveLength(4);
	});
});

describe('a generation that fails', () => {
	const texts = ['a cat', 'a dog', 'a fox'];
	const message = () => `Luma Dream Machine could not make the video: Too dark (generation ${jobOf('a dog').id}) [item 1]`;

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
		const retry = await sharedN8n().client.retryExecution(execution.id);
		expect(retry.status).toBe('error');
		expect(nodeError(retry)?.message).toBe(message());
		for (const text of ['a cat', 'a fox']) expect(nodeError(retry)?.description).toContain(jobOf(text).id);
		expect(server.ledger().purchases).toHaveLength(3);
	});

	it('is bought again by a retry where the user wants that, and nothing else is', async () => {
		const execution = await failSecond({ options: { resubmitFailed: true } }, {});
		const failed = jobOf('a dog').id;
		const retry = await sharedN8n().client.retryExecution(execution.id);
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

describe('a generation that failed before the execution is stored', () => {
	const texts = ['a cat', 'a dog [takes 1ms] [fails: Too dark]'];

	it('ends an execution that is to stop at once, with all that runs named', async () => {
		const execution = await end(await start(videoWorkflow(texts)));
		expect(execution.status).toBe('error');
		expect(nodeError(execution)?.message).toContain(jobOf(texts[1] ?? '').id);
		expect(nodeError(execution)?.description).toContain(`${jobOf('a cat').id} (item 0, running)`);
	});

	it('waits for the others where the node continues', async () => {
		const executionId = await suspend(videoWorkflow(texts, {}, { onError: 'continueErrorOutput' }));
		finish('a cat');
		const execution = await end(executionId);
		expectCompleted(execution, ['a cat']);
		expect(jsonOf(nodeOutput(execution, 'Failed'))).toMatchObject([{ text: texts[1], details: { status: 'failed' } }]);
	});
});

describe('a suspended execution', () => {
	it('shows what it waits for', async () => {
		const execution = await untilSuspended(await start(videoWorkflow(['a cat', 'a dog'])));
		expect(jsonOf(nodeOutput(execution, 'Luma Video'))).toMatchObject([
			{ generationId: jobOf('a cat').id, status: 'processing', prompt: 'a cat', videoUrl: null },
			{ generationId: jobOf('a dog').id, status: 'processing', prompt: 'a dog', videoUrl: null },
		]);
	});
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
	});

	it('ends an execution that is to stop, which names what was bought; a retry continues that', async () => {
		const { client } = sharedN8n();
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

describe('no callback within the time limit', () => {
	it.each(callingBack)('%s: the items go on and can be waited for', async (provider) => {
		const { client } = sharedN8n();
		const execution = await client.waitForExecution(forgotten.executions[provider], { timeout: 110_000 });
		expect(describeExecution(execution)).toContain('"success"');
		const jobs = forgotten.server.jobs().filter((job) => job.provider === provider);
		const ids = ['a cat [takes 15000ms]', 'a dog'].map((text) => jobs.find(({ prompt }) => prompt === text)?.id);
		const passedOn = jsonOf(nodeOutput(execution, 'Luma Video'));
		expect(passedOn).toMatchObject(ids.map((id) => ({ generationId: id, status: 'processing', videoUrl: null })));
		const finished = jsonOf(nodeOutput(execution, 'Caption'));
		expect(finished.map(({ generationId, status }) => [generationId, status])).toEqual(
			ids.map((id) => [id, 'completed']),
		);
		expect(finished.map((json) => json.caption)).toEqual(['a cat [takes 15000ms]', 'a dog']);
		expect(jobs).toHaveLength(2);
	});
});
