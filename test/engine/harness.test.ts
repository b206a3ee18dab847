/** The engine tests' stand-in for n8n's server: what it stores, resumes, loses in a crash and starts again. */
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type {
	IDataObject,
	IExecuteData,
	IExecuteFunctions,
	INode,
	INodeExecutionData,
	INodeParameters,
	INodeType,
	INodeTypeDescription,
	IRun,
	IRunExecutionData,
	IWebhookFunctions,
	IWebhookResponseData,
} from 'n8n-workflow';
import { NodeConnectionTypes } from 'n8n-workflow';
import { startProviderServer } from '../provider-server';
import type { EngineOptions, EngineRun, EngineWorkflow } from './harness/engine';
import { crash, deduplicationStore, freshNode, retryExecution, startWorkflow } from './harness/engine';
import { freezeClock } from './harness/fastClock';
import type { ByTimer, ByWebhook, Resumption } from './harness/resume';
import { ExecutionAlreadyResumingError, resumeExecution, resumeUrl } from './harness/resume';
import { generate, jsonOf, runItems } from './harness/service';
import { outputOf } from './harness/workflows';

jest.setTimeout(30_000);

/** A service that takes orders and answers when it is told to. */
class Shop {
	orders: string[] = [];
	private readonly open: ServerResponse[] = [];
	private readonly server: Server = createServer((request, response) => {
		this.orders.push(request.url ?? '');
		this.open.push(response);
	});

	get address(): string {
		return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
	}

	async start(): Promise<void> {
		await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
	}

	async until(count: number): Promise<void> {
		while (this.orders.length < count) await pause(5);
	}

	deliver(): void {
		for (const response of this.open.splice(0)) response.end('{}');
	}

	reset(): void {
		this.deliver();
		this.orders = [];
	}

	async stop(): Promise<void> {
		this.deliver();
		await new Promise((resolve) => this.server.close(resolve));
	}
}

const shop = new Shop();

const base: INodeTypeDescription = {
	displayName: 'Probe',
	name: 'probe',
	group: ['transform'],
	version: 1,
	description: 'Probe',
	defaults: { name: 'Probe' },
	inputs: [NodeConnectionTypes.Main],
	outputs: [NodeConnectionTypes.Main],
	properties: [],
};

type AtRunTime = IExecuteFunctions & { runIndex: number; runExecutionData: IRunExecutionData };

/** Suspends so often, and runs again each time it is woken. */
class Nap implements INodeType {
	description: INodeTypeDescription = {
		...base,
		webhooks: [
			{
				name: 'default',
				httpMethod: 'POST',
				path: 'callback',
				responseMode: 'onReceived',
				responseData: 'noData',
				restartWebhook: true,
			},
		],
		properties: [{ displayName: 'Naps', name: 'naps', type: 'number', default: 3 }],
	};

	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		const { runIndex, runExecutionData } = this as AtRunTime;
		const context = this.getContext('node');
		const naps = Number(context.naps ?? 0);
		const items = this.getInputData().map(({ json }, item) => ({ json: { ...json, naps }, pairedItem: { item } }));
		if (naps === this.getNodeParameter('naps', 0)) return [items];
		context.naps = naps + 1;
		const entry = this.getExecuteData();
		const again: IExecuteData = { ...entry, node: { ...entry.node }, data: { main: [...(entry.data.main ?? [])] }, runIndex };
		runExecutionData.executionData?.nodeExecutionStack.unshift(again);
		entry.node = { ...entry.node, alwaysOutputData: false };
		entry.data = { main: [[]] };
		await this.putExecutionToWait(new Date(Date.now() + 60_000));
		return [items];
	}

	async webhook(this: IWebhookFunctions): Promise<IWebhookResponseData> {
		const body = this.getBodyData();
		if (body.kind === 'junk') return { webhookResponse: { naps: this.evaluateExpression('{{ $node["Probe"].context.naps }}') } };
		if (body.kind === 'fail') throw new Error('webhook failed');
		if (body.kind === 'own answer') {
			this.getResponseObject().status(202).json({ accepted: true });
			return { noWebhookResponse: true };
		}
		return { workflowData: [[]] };
	}
}

/** Notes what it is about to buy, buys it, and asks how it went. */
class Buy implements INodeType {
	description: INodeTypeDescription = { ...base, properties: [] };

	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		const { resumeToken } = (this as AtRunTime).runExecutionData;
		const { new: fresh } = await this.helpers.checkProcessedAndRecord([`${resumeToken} 0`], 'node', { mode: 'entries' });
		const isNew = fresh.length > 0;
		if (isNew) {
			await this.helpers.httpRequest({ url: `${shop.address}/buy` });
			await this.helpers.httpRequest({ url: `${shop.address}/status` });
		}
		return [[{ json: { isNew, resumeToken } }]];
	}
}

/** Works until it is stopped, and then says what it leaves behind. */
class Work implements INodeType {
	description: INodeTypeDescription = { ...base };
	begun = 0;

	/** Waits until one more has begun than had before. */
	async until(count: number): Promise<void> {
		while (this.begun < count) await pause(5);
	}

	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		this.getContext('node').isKnown = true;
		const { customData } = (this as unknown as { customData: { set(key: string, value: string): void } });
		await new Promise<void>((resolve) => {
			this.getExecutionCancelSignal()?.addEventListener('abort', () => {
				customData.set('left_behind', 'generation-1');
				this.getContext('node').leftBehind = 'generation-1';
				resolve();
			});
			work.begun++;
		});
		return [this.getInputData()];
	}
}

const work = new Work();
const nodeTypes = { 'test.nap': new Nap(), 'test.buy': new Buy(), 'test.work': work };

function node(name: string, type: string, parameters: INodeParameters = {}): INode {
	return { id: `id of ${name}`, name, type, typeVersion: 1, position: [0, 0], parameters };
}

/** Items -> the node under test -> Next. */
function around(type: string, parameters: INodeParameters = {}): EngineWorkflow {
	return {
		nodes: [
			node('Items', 'test.items', { items: '[{"text":"a"},{"text":"b"}]' }),
			node('Probe', type, parameters),
			node('Next', 'test.fail'),
		],
		connections: {
			Items: { main: [[{ node: 'Probe', type: 'main', index: 0 }]] },
			Probe: { main: [[{ node: 'Next', type: 'main', index: 0 }]] },
		},
	};
}

async function start(workflow: EngineWorkflow, more: Partial<EngineOptions> = {}): Promise<EngineRun> {
	return await startWorkflow(workflow, { credentials: {}, mode: 'trigger', nodeTypes, ...more });
}

async function waiting(more: Partial<EngineOptions> = {}, naps = 3): Promise<EngineRun> {
	const run = await start(around('test.nap', { naps }), more);
	expect((await run.finished).status).toBe('waiting');
	return run;
}

function resumed({ run, error }: Resumption): EngineRun {
	if (!run) throw error ?? new Error('nothing resumed');
	return run;
}

function runsOf(run: IRun, name: string): INodeExecutionData[][] {
	return (run.data.resultData.runData[name] ?? []).map((task) => task.data?.main?.[0] ?? []);
}

/** Whether it happens at all, with time enough for it. */
async function happens(event: Promise<unknown>): Promise<boolean> {
	return await Promise.race([event.then(() => true), pause(300).then(() => false)]);
}

beforeAll(async () => {
	await shop.start();
});
afterAll(async () => {
	await shop.stop();
});
beforeEach(() => {
	deduplicationStore().reset();
});
afterEach(() => {
	shop.reset();
});

describe('resuming', () => {
	const ways: ReadonlyArray<[string, ByTimer | ByWebhook]> = [
		['by timer', { by: 'timer' }],
		['by webhook', { by: 'webhook', body: { id: '1' } }],
	];
	it.each(ways.flatMap(([name, how]) => [[name, 'v1', how] as const, [name, 'v0', how] as const]))(
		'%s, three times in a row, order %s: the next node runs once, with the final items',
		async (_, executionOrder, how) => {
			let run = await waiting({ executionOrder });
			const token = run.data.resumeToken;
			for (let nap = 1; nap <= 3; nap++) {
				expect(run.stored()).toMatchObject({ status: 'waiting', data: { resumeToken: token } });
				expect(run.stored().waitTill).toBeInstanceOf(Date);
				const resumption = await resumeExecution(run, how);
				expect(resumption.answer).toEqual(how.by === 'timer' ? null : { status: 200, body: undefined, headers: {} });
				run = resumed(resumption);
				const { status } = await run.finished;
				expect(status).toBe(nap < 3 ? 'waiting' : 'success');
			}
			const end = await run.finished;
			expect(runsOf(end, 'Probe')).toHaveLength(1);
			expect(runsOf(end, 'Next')).toHaveLength(1);
			expect(itemsOf(end, 'Next')).toEqual([
				{ text: 'a', naps: 3 },
				{ text: 'b', naps: 3 },
			]);
			expect(outputOf(end, 0, 'Probe').map(({ pairedItem }) => pairedItem)).toEqual([{ item: 0 }, { item: 1 }]);
			expect(run.stored()).toMatchObject({ status: 'success', finished: true, mode: 'trigger' });
		},
	);

	it('answers for the node, and resumes nothing, where its webhook returns no items', async () => {
		const run = await waiting();
		const junk = await resumeExecution(run, { by: 'webhook', body: { kind: 'junk' } });
		expect(junk).toEqual({ run: null, error: null, answer: { status: 200, body: { naps: 1 }, headers: {} } });
		const own = await resumeExecution(run, { by: 'webhook', body: { kind: 'own answer' } });
		expect(own).toEqual({ run: null, error: null, answer: { status: 202, body: { accepted: true }, headers: {} } });
		expect(run.stored().status).toBe('waiting');
	});

	it('refuses a wrong token, path, method or execution', async () => {
		const run = await waiting();
		const url = resumeUrl(run);
		const statusOf = async (address: string, method: 'POST' | 'GET' = 'POST') =>
			(await resumeExecution(run, { by: 'webhook', url: address, method })).answer?.status;
		expect(await statusOf(url.replace(/signature=./, 'signature='))).toBe(401);
		expect(await statusOf(url.replace(/\?.*/, ''))).toBe(401);
		expect(await statusOf(url.replace('/callback', '/other'))).toBe(404);
		expect(await statusOf(url, 'GET')).toBe(404);
		expect(await statusOf(url.replace(/\d+\/callback/, '999999/callback'))).toBe(404);
		expect(run.stored().status).toBe('waiting');
		// The path may also come behind the token.
		expect(await statusOf(`${url.replace('/callback', '')}/callback`)).toBe(200);
	});

	it('resumes once where two try at the same moment, and then no more', async () => {
		const run = await waiting({}, 1);
		const both = await Promise.all([
			resumeExecution(run, { by: 'timer' }),
			resumeExecution(run, { by: 'timer' }),
			resumeExecution(run, { by: 'webhook' }),
		]);
		const winners = both.filter((one) => one.run !== null);
		expect(winners).toHaveLength(1);
		for (const { error } of both.filter((one) => one.run === null)) {
			expect(error).toBeInstanceOf(ExecutionAlreadyResumingError);
		}
		expect(both[2]?.answer?.status).toBe(500);
		expect((await resumeExecution(run, { by: 'webhook' })).answer?.status).toBe(409);
		await resumed(winners[0] as Resumption).finished;
		expect((await resumeExecution(run, { by: 'webhook' })).answer?.status).toBe(409);
		expect((await resumeExecution(run, { by: 'timer' })).run).toBeNull();
	});

	it('answers 500 where the webhook throws, and goes on with an empty item and the error, as n8n does', async () => {
		const resumption = await resumeExecution(await waiting({}, 1), { by: 'webhook', body: { kind: 'fail' } });
		expect(resumption.answer?.status).toBe(500);
		const run = await resumed(resumption).finished;
		expect(run.status).toBe('error');
		expect(run.data.resultData.error?.message).toBe('webhook failed');
		expect(runsOf(run, 'Next')[0]?.map(({ json }) => json)).toEqual([{}]);
	});

	it('resumes no workflow that was never saved', async () => {
		const run = await waiting({ saved: false, mode: 'manual' });
		expect((await resumeExecution(run, { by: 'timer' })).error?.message).toBe('Only saved workflows can be resumed.');
		expect((await resumeExecution(run, { by: 'webhook' })).answer?.status).toBe(404);
	});

	it('uses the address that the test gives n8n', async () => {
		const run = await waiting({ webhookWaitingBaseUrl: 'https://n8n.example.com/sub/webhook-waiting' }, 1);
		expect(resumeUrl(run)).toMatch(/^https:\/\/n8n\.example\.com\/sub\/webhook-waiting\/\d+\/callback\?signature=/);
		expect((await resumed(await resumeExecution(run, { by: 'webhook' })).finished).status).toBe('success');
	});
});

describe('stopping', () => {
	it('stores custom data that was set in the abort listener, and otherwise what was known before', async () => {
		const { begun } = work;
		const run = await start(around('test.work'));
		await work.until(begun + 1);
		run.stop();
		expect((await run.finished).status).toBe('canceled');
		const { status, customData, data } = run.stored();
		expect({ status, customData }).toEqual({ status: 'canceled', customData: { left_behind: 'generation-1' } });
		expect(data?.resultData.runData).toEqual({});
		expect(data?.executionData?.contextData).toEqual({});
		expect(data?.executionData?.nodeExecutionStack.map((entry) => entry.node.name)).toEqual(['Items']);
	});

	it('stores all where the time limit ends the execution', async () => {
		const run = await start(around('test.work'), { executionTimeoutMs: 1500 });
		expect((await run.finished).status).toBe('canceled');
		const { status, customData, data } = run.stored();
		expect({ status, customData }).toEqual({ status: 'canceled', customData: { left_behind: 'generation-1' } });
		expect(data?.executionData?.contextData['node:Probe']).toEqual({ isKnown: true, leftBehind: 'generation-1' });
	});

	it('ends an execution that waits, which nobody then resumes', async () => {
		const run = await waiting();
		run.stop();
		while (run.stored().status === 'waiting') await pause(5);
		expect(run.stored().status).toBe('canceled');
		expect((await resumeExecution(run, { by: 'timer' })).error).toBeInstanceOf(ExecutionAlreadyResumingError);
		expect((await resumeExecution(run, { by: 'webhook' })).answer?.status).toBe(409);
	});

	it('leaves its error in the data, so that a retry which suspends fails when it is woken', async () => {
		const { begun } = work;
		const stopped = await start(around('test.work'));
		await work.until(begun + 1);
		stopped.stop();
		await stopped.finished;
		const retried = await retryExecution(stopped, { nodeTypes: { ...nodeTypes, 'test.work': new Nap() } });
		expect((await retried.finished).status).toBe('waiting');
		expect((await resumeExecution(retried, { by: 'webhook' })).answer?.status).toBe(409);
		const woken = await resumed(await resumeExecution(retried, { by: 'timer' })).finished;
		expect(woken.data.resultData.error?.message).toBe('The execution was cancelled manually');
	});
});

describe('a crash', () => {
	/** Killed while the order is on the wire; the answer comes all the same. */
	async function killed(options: Partial<EngineOptions> = {}): Promise<EngineRun> {
		const run = await start(around('test.buy'), options);
		await shop.until(1);
		crash(run);
		shop.deliver();
		return run;
	}

	it('lets nothing more through, and a retry starts from the beginning with the same token', async () => {
		const run = await killed();
		expect(await happens(run.finished)).toBe(false);
		expect(shop.orders).toEqual(['/buy']);
		const stored = run.stored();
		expect(stored.status).toBe('crashed');
		expect(stored.data?.resultData.lastNodeExecuted).toBe('Probe');
		expect(deduplicationStore().has(`${run.data.resumeToken} 0`, { nodeId: 'id of Probe' })).toBe(true);

		const retried = await retryExecution(run);
		expect(retried.stored()).toMatchObject({ mode: 'retry', retryOf: run.executionId });
		const end = await retried.finished;
		expect(end.status).toBe('success');
		expect(itemsOf(end, 'Next')).toEqual([{ isNew: false, resumeToken: run.data.resumeToken }]);
		// What n8n put into its place from its log is the run before.
		expect(runsOf(end, 'Items')).toHaveLength(2);
		expect(shop.orders).toEqual(['/buy']);
	});

	it('drops a record that was not yet written', async () => {
		const write = deduplicationStore().hold();
		const run = await start(around('test.buy'));
		while (deduplicationStore().calls === 0) await pause(1);
		await pause(20);
		crash(run);
		write();
		await pause(50);
		expect(deduplicationStore().entries({ nodeId: 'id of Probe' })).toEqual([]);
		expect(shop.orders).toEqual([]);
	});

	it('leaves nothing to retry of a manual execution', async () => {
		const run = await killed({ mode: 'manual' });
		await expect(retryExecution(run)).rejects.toThrow('aborted before starting');
	});

	it('does not touch an execution that waits', async () => {
		const run = await waiting({}, 1);
		crash(run);
		expect(run.stored().status).toBe('waiting');
		expect((await resumed(await resumeExecution(run, { by: 'timer' })).finished).status).toBe('success');
	});

	it('keeps what was done before the last wait', async () => {
		const suspended = await waiting({}, 2);
		const second = resumed(await resumeExecution(suspended, { by: 'timer' }));
		crash(second);
		expect(second.stored().status).toBe('crashed');
		const retried = await retryExecution(second);
		expect((await retried.finished).status).toBe('waiting');
		const end = await resumed(await resumeExecution(retried, { by: 'timer' })).finished;
		expect(itemsOf(end, 'Next')).toEqual([
			{ text: 'a', naps: 2 },
			{ text: 'b', naps: 2 },
		]);
	});

	it('is followed by a node that remembers nothing, with the clock and the classes of before', async () => {
		const server = await startProviderServer({ settings: { lumaDreamMachine: { jobMs: 20 } } });
		try {
			const fresh = freshNode();
			const name = 'n8n-nodes-luma-video.lumaVideo';
			expect(fresh[name]?.constructor).not.toBe(freshNode()[name]?.constructor);
			const make = () => runItems(server, [{ text: 'a cat' }], generate('lumaDreamMachine'), { nodeTypes: fresh });
			expect(jsonOf(await make())).toHaveLength(1);
			const thaw = freezeClock();
			const frozen = make();
			expect(await happens(frozen)).toBe(false);
			thaw();
			expect((await frozen).status).toBe('success');
			server.fault({ provider: 'lumaDreamMachine', route: 'create', kind: '429' });
			const failed = await runItems(server, [{ text: '' }], generate('lumaDreamMachine'), { nodeTypes: fresh });
			expect(failed.data.resultData.error?.name).toMatch(/^Node(Api|Operation)Error$/);
		} finally {
			await server.close();
		}
	});
});

describe('the deduplication store', () => {
	const store = deduplicationStore();
	const place = { nodeId: 'id of Probe' };
	const where = (id = 'engine-test') => ({
		node: node('Probe', 'test.buy'),
		workflow: { id, active: false },
	});
	const record = async (items: string[], maxEntries?: number) =>
		await store.checkProcessedAndRecord(items, 'node', where(), { mode: 'entries', maxEntries });

	it('remembers per workflow and node, hashed, so many at most', async () => {
		expect(await record(['a', 'b'])).toEqual({ new: ['a', 'b'], processed: [] });
		expect(await record(['b', 'c'])).toEqual({ new: ['c'], processed: ['b'] });
		expect(store.entries(place)).toHaveLength(3);
		expect(store.has('a', { ...place, workflowId: 'other' })).toBe(false);
		await record(['d'], 2);
		expect(['a', 'b', 'c', 'd'].filter((value) => store.has(value, place))).toEqual(['c', 'd']);
		await store.removeProcessed(['c'], 'node', where(), { mode: 'entries' });
		expect(store.has('c', place)).toBe(false);
	});

	it('refuses a workflow without an id', async () => {
		await expect(store.checkProcessedAndRecord(['a'], 'node', where(''), { mode: 'entries' })).rejects.toThrow();
	});

	it('loses a record when two write at the same moment', async () => {
		await record(['before']);
		const both = await Promise.all([record(['a']), record(['b'])]);
		expect(both.map((one) => one.new)).toEqual([['a'], ['b']]);
		expect(['a', 'b'].filter((value) => store.has(value, place))).toHaveLength(1);
	});

	it('loses one also between executions', async () => {
		await record(['before']);
		const runs = await Promise.all([start(around('test.buy')), start(around('test.buy'))]);
		await shop.until(2);
		expect(store.entries(place)).toHaveLength(2);
		for (const run of runs) crash(run);
	});

	it('refuses the second of two first records', async () => {
		const both = await Promise.allSettled([record(['a']), record(['b'])]);
		expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
	});
});

function itemsOf(run: IRun, name: string): IDataObject[] {
	return outputOf(run, 0, name).map(({ json }) => json);
}
