/** Suspend Until Finished: it gives what Wait Until Finished gives, and calls do no more than wake it. */
import type { IncomingHttpHeaders } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { IExecuteFunctions, INode, INodeExecutionData, INodeParameters, INodeType, IRun } from 'n8n-workflow';
import { providers } from '../../nodes/LumaVideo/providers';
import { readText, startLocalServer, type LocalServer } from '../localServer';
import type { ProviderName, ProviderServer } from '../provider-server';
import { startProviderServer } from '../provider-server';
import { BOTH_KINDS, CALLING, PROVIDERS, WITHOUT_LIST } from '../samples';
import type { Ended } from './harness/driving';
import { drive, untilDue } from './harness/driving';
import type { EngineOptions, EngineRun, EngineWorkflow } from './harness/engine';
import { freshNode, retryExecution, startWorkflow, storedBytes } from './harness/engine';
import { freezeClock } from './harness/fastClock';
import type { Resumption } from './harness/resume';
import { resumeExecution, resumeUrl } from './harness/resume';
import { useProviderServer } from './harness/providerServer';
import { allTexts, credentialsOf, generate, jsonOf, shownError } from './harness/service';
import { NODE, followedBy, loopWorkflow, lumaWorkflow, outputOf } from './harness/workflows';

jest.setTimeout(60_000);

const server = useProviderServer();
let thaw: () => void = () => undefined;
afterEach(() => {
	thaw();
});

/** Ends when the test says so. */
const LONG = '[takes 600000ms]';
/** Still runs when the node suspends, and is over when n8n's timer wakes it: `sleepThrough` says so. */
const NAP = '[takes 60000ms]';

function itemsOf(...texts: string[]): Array<{ text: string }> {
	return texts.map((text) => ({ text }));
}

/** Starts a workflow in an n8n that does not know yet how fast the stand-in is: so it suspends. */
async function start(workflow: EngineWorkflow, options: Partial<EngineOptions> = {}): Promise<EngineRun> {
	return await startWorkflow(workflow, { credentials: credentialsOf(server), mode: 'trigger', nodeTypes: freshNode(), ...options });
}

/**
 * As `start`, up to where it sleeps. The node's time stands still, so that a slow machine cannot make it too late for
 * that, until `thaw()`.
 */
async function startStill(workflow: EngineWorkflow, options: Partial<EngineOptions> = {}): Promise<EngineRun> {
	thaw = freezeClock();
	const run = await start(workflow, options);
	await run.finished;
	return run;
}

async function startAsleep(workflow: EngineWorkflow, options: Partial<EngineOptions> = {}): Promise<EngineRun> {
	const run = await startStill(workflow, options);
	thaw();
	return run;
}

/** Brings an execution to its end; what it sleeps for is over as soon as it sleeps. */
async function sleepThrough(run: EngineRun, own = server): Promise<Ended> {
	const asleep = (): void => {
		own.elapse();
	};
	return await drive(run, { asleep });
}

/** Items -> Luma Video -> Next. */
function workflowOf(texts: string[], parameters: INodeParameters, node: Partial<INode> = {}): EngineWorkflow {
	return followedBy(lumaWorkflow(itemsOf(...texts), parameters, node), 'Next', 'test.fail');
}

interface Settings {
	parameters?: INodeParameters;
	node?: Partial<INode>;
	options?: Partial<EngineOptions>;
}

interface InBothWays {
	/** What a user gets in either way of waiting. */
	polled: string;
	slept: string;
	/** How the suspended execution ended, and the service that it was alone with. */
	ended: Ended;
	own: ProviderServer;
}

type Way = 'poll' | 'suspend';

/** Runs cases side by side: what they do is wait. */
async function allInBothWays(
	provider: ProviderName,
	cases: readonly Case[],
): Promise<Map<string, InBothWays>> {
	const started = async ([, texts, { parameters, node, options }]: Case, completion: Way) => {
		const own = await startProviderServer();
		const workflow = workflowOf(texts, generate(provider, { ...parameters, completion }), node);
		const asTrigger: EngineOptions = { credentials: credentialsOf(own), mode: 'trigger', ...options };
		// Who waits in the process need not forget how fast the stand-in is.
		const run = await (completion === 'poll' ? startWorkflow(workflow, asTrigger) : start(workflow, asTrigger));
		return { own, run };
	};
	// Time goes on when all are asleep.
	thaw = freezeClock();
	const sleeping = await Promise.all(cases.map(async (one) => await started(one, 'suspend')));
	await Promise.all(sleeping.map(async ({ run }) => await run.finished));
	thaw();
	const results = cases.map(async (one, number): Promise<[string, InBothWays]> => {
		const [name, texts] = one;
		const slept = sleeping[number];
		if (!slept) throw new Error('unreachable');
		const ended = await (isLong(texts) ? drive(slept.run) : sleepThrough(slept.run, slept.own));
		const { own, run } = await started(one, 'poll');
		if (!isLong(texts)) {
			await own.until(({ purchases }) => purchases.length === texts.length, 30_000);
			own.elapse();
		}
		const polled = tellOf(await run.finished, own);
		await own.close();
		return [name, { polled, slept: tellOf(ended.end, slept.own), ended, own: slept.own }];
	});
	return new Map(await Promise.all(results));
}

function isLong(texts: readonly string[]): boolean {
	return texts.some((text) => text.includes(LONG));
}

/** All that a user gets of a run, without what differs from one generation to the next. */
function tellOf(run: IRun, own: ProviderServer): string {
	const runs = [NODE, 'Next'].map((name) =>
		(run.data.resultData.runData[name] ?? []).map((task) =>
			// A run that ended with an error has no outputs, or an empty one.
			(task.data?.main ?? []).map((items) => items?.map(plain)).filter((items) => items !== undefined && items.length > 0),
		),
	);
	const text = JSON.stringify({ status: run.status, error: shownError(run), runs }, null, 1);
	return own
		.jobs()
		.reduce((told, { id, prompt }) => told.replaceAll(id, `id of ${prompt}`), text)
		.replace(/\d{4}-\d\d-\d\d[T ][\d:.]+Z?/g, 'time')
		.replace(/[?&][\w-]+=[\w%.:-]+/g, '')
		.replaceAll(own.url, 'service');
}

function plain({ json, binary, pairedItem }: INodeExecutionData): unknown {
	return { json, pairedItem, binary: Object.keys(binary ?? {}) };
}

function bought(own = server): string[] {
	return own
		.jobs()
		.map(({ prompt }) => prompt)
		.sort();
}

type Case = readonly [string, string[], Settings];
const TWO = [`a ${NAP}`, `b ${NAP}`];
const ONE_FAILS = [`a ${NAP}`, `b ${NAP} [fails: Too dark]`, `c ${NAP}`];
const OF_EACH_PROVIDER: readonly Case[] = [
	['when all goes well', [`a ${NAP}`, `b ${NAP}`, `c ${NAP}`], {}],
	['with Download Video', TWO, { parameters: { downloadVideo: true } }],
];
const OF_BOTH_KINDS: readonly Case[] = [
	['in the old execution order', TWO, { options: { executionOrder: 'v0' } }],
	['when a generation fails, whose message ends the execution', [`a ${NAP} [fails: Too dark]`], {}],
	['with Continue', ONE_FAILS, { node: { onError: 'continueRegularOutput' } }],
	['with an error output', ONE_FAILS, { node: { onError: 'continueErrorOutput' } }],
	['at the timeout, which ends the execution', [`a ${LONG}`], { parameters: { options: { timeout: 60 } } }],
	['at the timeout, when the item goes on', [`a ${LONG}`], { parameters: { options: { timeout: 60, onTimeout: 'continue' } } }],
	['with Include Input Fields', TWO, { parameters: { options: { includeInputFields: true } } }],
];

describe.each(PROVIDERS)('%s gives what Wait Until Finished gives', (provider) => {
	const cases = [...OF_EACH_PROVIDER, ...(BOTH_KINDS.includes(provider) ? OF_BOTH_KINDS : [])];
	let results = new Map<string, InBothWays>();

	beforeAll(async () => {
		results = await allInBothWays(provider, cases);
	}, 60_000);
	afterAll(async () => {
		for (const { own } of results.values()) await own.close();
	});

	it.each(cases)('%s', async (name, prompts, settings) => {
		const result = results.get(name);
		if (!result) throw new Error('did not run');
		const { polled, slept, ended, own } = result;
		expect(ended.naps).toBeGreaterThan(0);
		expect(slept).toBe(polled);
		expect(bought(own)).toEqual([...prompts].sort());
		const wantsFile = settings.parameters?.downloadVideo === true;
		expect(own.ledger().mediaHits).toHaveLength(wantsFile ? prompts.length : 0);
		for (const { binary } of wantsFile ? outputOf(ended.end) : []) {
			if (!binary?.data) throw new Error('no file');
			expect((await storedBytes(binary.data)).length).toBe(binary.data.bytes);
		}
	});
});

describe.each(BOTH_KINDS)("%s: n8n's settings of the node", (provider) => {
	const RETRY_ON_FAIL: Partial<INode> = { retryOnFail: true, maxTries: 3, waitBetweenTries: 1 };
	const suspend = (more: INodeParameters = {}): INodeParameters => generate(provider, { completion: 'suspend', ...more });

	it('Retry On Fail buys only what was refused, and sleeps on', async () => {
		server.fault({ kind: '402', provider, route: 'create', prompt: 'number 1' });
		const texts = [`number 0 ${NAP}`, `number 1 ${NAP}`, `number 2 ${NAP}`];
		const { end, naps } = await sleepThrough(await startAsleep(workflowOf(texts, suspend(), RETRY_ON_FAIL)));
		expect(naps).toBeGreaterThan(0);
		expect(shownError(end)).toBeNull();
		expect(bought()).toEqual(texts);
		expect(outputOf(end, 0, 'Next')).toHaveLength(3);
	});

	it('Retry On Fail buys nothing again that failed', async () => {
		const { end } = await sleepThrough(await startAsleep(workflowOf([`a ${NAP} [fails: No]`], suspend(), RETRY_ON_FAIL)));
		expect(shownError(end)?.message).toContain(server.jobs()[0]?.id);
		expect(bought()).toHaveLength(1);
	});

	it('Always Output Data starts the next node once, with the videos', async () => {
		const { end, naps } = await sleepThrough(await startAsleep(workflowOf([`a ${NAP}`], suspend(), { alwaysOutputData: true })));
		expect(naps).toBeGreaterThan(0);
		expect(end.data.resultData.runData.Next).toHaveLength(1);
		expect(outputOf(end, 0, 'Next')).toMatchObject([{ json: { status: 'completed' } }]);
	});

	it('Execute Once makes one video', async () => {
		const { end, naps } = await sleepThrough(await startAsleep(workflowOf([`a ${NAP}`, `b ${NAP}`], suspend(), { executeOnce: true })));
		expect(naps).toBeGreaterThan(0);
		expect(bought()).toEqual([`a ${NAP}`]);
		expect(outputOf(end, 0, 'Next')).toHaveLength(1);
	});

	it('in a loop each round buys and sleeps on its own, and has its own videos', async () => {
		const prompt = `={{ ['a ${NAP}', 'b ${NAP}'][$itemIndex] }}`;
		const { end } = await sleepThrough(await startAsleep(loopWorkflow(itemsOf('a', 'b'), 2, suspend({ prompt }))));
		expect(shownError(end)).toBeNull();
		expect(bought()).toHaveLength(4);
		const ids = (end.data.resultData.runData[NODE] ?? []).map((task) =>
			(task.data?.main?.[0] ?? []).map(({ json }) => json.generationId),
		);
		expect(ids.map(({ length }) => length)).toEqual([2, 2]);
		expect(new Set(ids.flat()).size).toBe(4);
	});
});

it('a workflow that was never saved waits in the process, and says so', async () => {
	const workflow = workflowOf(['a [takes 100ms]'], generate(WITHOUT_LIST, { completion: 'suspend' }));
	const end = await (await start(workflow, { saved: false, mode: 'manual' })).finished;
	expect(jsonOf(end)).toMatchObject([{ status: 'completed', generationId: server.jobs()[0]?.id }]);
	expect(allTexts(end)).toContain('This execution could not be suspended');
	expect(bought()).toHaveLength(1);
});

describe('in an n8n that has changed', () => {
	/** The node as it meets an n8n without one of the things that it suspends with. */
	function without(name: 'getExecuteData' | 'putExecutionToWait' | 'runExecutionData'): NonNullable<EngineOptions['nodeTypes']> {
		const [[type = '', node] = []] = Object.entries(freshNode());
		if (!node?.execute) throw new Error('no node');
		const { execute } = node;
		const changed = async function (this: IExecuteFunctions): Promise<unknown> {
			const get = (target: IExecuteFunctions, key: PropertyKey): unknown => {
				const value: unknown = Reflect.get(target, key, target);
				if (key === name) return undefined;
				return typeof value === 'function' ? value.bind(target) : value;
			};
			return await execute.call(new Proxy<IExecuteFunctions>(this, { get }));
		};
		return { [type]: Object.create(node, { execute: { value: changed } }) as INodeType };
	}

	it.each([
		['runExecutionData', 'nodeExecutionStack'],
		['getExecuteData', 'getExecuteData'],
		['putExecutionToWait', 'putExecutionToWait'],
	] as const)('and lost %s, it says what to do instead, and buys nothing', async (lost, named) => {
		const workflow = workflowOf(['a [takes 100ms]'], generate(WITHOUT_LIST, { completion: 'suspend' }));
		const error = shownError(await (await start(workflow, { nodeTypes: without(lost) })).finished);
		expect(error?.message).toBe(`This version of n8n does not let the node suspend an execution (it lacks ${named})`);
		expect(error?.description).toMatch(/^Nothing was bought\. Set 'Completion' to 'Wait Until Finished'/);
		expect(bought()).toEqual([]);
	});

	it('while the execution was suspended, it goes on with its videos by waiting for them', async () => {
		const asleep = await startAsleep(workflowOf([`a ${NAP}`], generate(WITHOUT_LIST, { completion: 'suspend' })));
		server.elapse();
		const { run } = await resumeExecution(asleep, { by: 'timer', options: { nodeTypes: without('putExecutionToWait') } });
		const end = await run?.finished;
		if (!end) throw new Error('not resumed');
		expect(jsonOf(end)).toMatchObject([{ status: 'completed', generationId: server.jobs()[0]?.id }]);
		expect(bought()).toHaveLength(1);
	});
});

/**
 * A limit, known: n8n puts one and the same node into both places of the stack, and disables it to hand the first one's
 * input through. "Retry with original workflow" is not touched by this.
 */
it('after a stop while it was suspended, Retry with currently saved workflow hands the input through; nothing is bought', async () => {
	const workflow = workflowOf([`a ${LONG}`], generate(WITHOUT_LIST, { completion: 'suspend' }));
	const stop = async (): Promise<EngineRun> => {
		const run = await startAsleep(workflow);
		run.stop();
		while (run.stored().status !== 'canceled') await pause(5);
		return run;
	};
	const { end } = await drive(await retryExecution(await stop(), {}, workflow));
	expect(outputOf(end, 0, 'Next')).toMatchObject([{ json: { text: `a ${LONG}` } }]);
	expect(bought()).toHaveLength(1);
	const run = await stop();
	for (const { id } of server.jobs()) server.finish(id);
	const original = await drive(await retryExecution(run));
	expect(jsonOf(original.end)).toMatchObject([{ status: 'completed', generationId: server.jobs()[1]?.id }]);
	expect(Object.values(run.stored().customData).join()).toContain(server.jobs()[1]?.id);
	expect(bought()).toHaveLength(2);
});

/** n8n's address for calls: each wakes the execution that waits, or does not. */
class Doorbell {
	/** What came of each call. */
	calls: Resumption[] = [];
	private run: EngineRun | undefined;
	private server: LocalServer | undefined;

	get base(): string {
		return `${this.server?.url}/webhook-waiting`;
	}

	async open(): Promise<void> {
		this.server = await startLocalServer(async (message, response) => {
			response.writeHead(await this.ring(message.url ?? '', await readText(message), message.headers)).end();
		});
	}

	async close(): Promise<void> {
		await this.server?.close();
	}

	/** Calls are for this execution from now on. */
	belongsTo(run: EngineRun): void {
		this.run = run;
		this.calls = [];
	}

	private async ring(path: string, text: string, headers: IncomingHttpHeaders): Promise<number> {
		if (!this.run) return 404;
		const { calls } = this;
		const body = JSON.parse(text) as unknown;
		const resumption = await resumeExecution(this.run, { by: 'webhook', url: `${this.server?.url}${path}`, body, headers });
		calls.push(resumption);
		return resumption.answer?.status ?? 500;
	}

	private woken(): EngineRun[] {
		return this.calls.flatMap(({ run }) => run ?? []);
	}

	/** The end of the execution: woken by calls, and by the timer where none comes. */
	async end(): Promise<Ended & { byCall: number }> {
		let { run } = this;
		if (!run) throw new Error('nobody waits');
		for (let naps = 0, byCall = 0; ; naps++) {
			const end = await run.finished;
			if (end.status !== 'waiting') return { run, end, naps, byCall };
			const { isDue } = dueOf(run);
			while (this.woken().length === byCall && !isDue()) await pause(5);
			const byTimer: EngineRun | null = this.woken().length === byCall ? (await resumeExecution(run, { by: 'timer' })).run : null;
			if (byTimer) {
				run = byTimer;
				continue;
			}
			// A call was faster than the timer.
			while (this.woken().length === byCall) await pause(5);
			run = this.woken()[byCall++] ?? run;
		}
	}
}

function dueOf(run: EngineRun): { isDue(): boolean } {
	let isDue = false;
	void untilDue(run).then(() => {
		isDue = true;
	});
	return { isDue: () => isDue };
}

const signs = (provider: ProviderName): boolean => providers[provider].callbacks?.signature !== undefined;
const SIGNING = CALLING.find(signs);
const NOT_SIGNING = CALLING.find((provider) => !signs(provider));

describe.each(CALLING)('%s calls', (provider) => {
	const doorbell = new Doorbell();

	beforeAll(async () => {
		await doorbell.open();
	});
	afterAll(async () => {
		await doorbell.close();
	});
	afterEach(() => {
		// No call of one test comes in another.
		server.reset();
	});

	const workflowFor = (texts: string[]): EngineWorkflow =>
		workflowOf(texts, generate(provider, { completion: 'suspend', options: { maxConcurrent: 30 } }));

	async function started(texts: string[]): Promise<EngineRun> {
		const run = await start(workflowFor(texts), { webhookWaitingBaseUrl: doorbell.base });
		doorbell.belongsTo(run);
		return run;
	}

	async function asleep(texts: string[], begin = startAsleep): Promise<EngineRun> {
		const run = await begin(workflowFor(texts), { webhookWaitingBaseUrl: doorbell.base });
		doorbell.belongsTo(run);
		expect((await run.finished).status).toBe('waiting');
		return run;
	}

	const over = (id: string): unknown => server.callbackBody(provider, { id, status: 'completed' });
	/** As the provider calls: signed, if it signs. */
	const callAbout = (id: string) => ({ by: 'webhook' as const, body: over(id), headers: server.callbackHeaders(provider, id, over(id)) });

	function expectAll(end: IRun, texts: string[]): void {
		expect(shownError(end)).toBeNull();
		expect(bought()).toEqual([...texts].sort());
		const promptOf = new Map(server.jobs().map(({ id, prompt }) => [id, prompt]));
		expect(jsonOf(end).map(({ generationId }) => promptOf.get(String(generationId)))).toEqual(texts);
		expect(jsonOf(end).map(({ status }) => status)).toEqual(texts.map(() => 'completed'));
		expect(end.data.resultData.runData.Next).toHaveLength(1);
	}

	it('when the video is finished: the execution goes on at once', async () => {
		const texts = [`a ${LONG}`];
		// The timer has no chance.
		await asleep(texts, startStill);
		server.finish(server.jobs()[0]?.id ?? '');
		const { end, byCall } = await doorbell.end();
		expectAll(end, texts);
		expect(byCall).toBe(1);
	});

	// From here on only signatures make a difference.
	if (provider !== SIGNING && provider !== NOT_SIGNING) return;

	it('while the execution still runs, and n8n refuses: the timer wakes it', async () => {
		const texts = ['a [takes 1ms] [callbacks: early]'];
		await started(texts);
		const { end } = await doorbell.end();
		expectAll(end, texts);
		expect(doorbell.calls.map(({ answer }) => answer?.status)).toContain(409);
	});

	it('and every call is lost: the timer wakes it', async () => {
		const texts = [`a ${NAP} [callbacks: drop]`, `b ${NAP} [callbacks: drop]`];
		await asleep(texts);
		server.elapse();
		const { end, byCall } = await doorbell.end();
		expectAll(end, texts);
		expect(byCall).toBe(0);
	});

	it('three times at once: one call wakes it, and none harms it', async () => {
		const texts = [`a ${LONG} [callbacks: drop]`];
		const run = await asleep(texts);
		const id = server.jobs()[0]?.id ?? '';
		server.finish(id);
		const call = async (): Promise<Resumption> => await resumeExecution(run, callAbout(id));
		const calls = await Promise.all([call(), call(), call()]);
		const woken = calls.flatMap((one) => one.run ?? []);
		expect(woken).toHaveLength(1);
		expectAll((await drive(woken[0] ?? run)).end, texts);
	});

	it('and what is foreign, forged or junk wakes nobody', async () => {
		const other = await asleep([`of another ${LONG} [callbacks: drop]`]);
		const run = await asleep([`a ${LONG} [callbacks: drop]`]);
		const [foreign = '', own = ''] = server.jobs().map(({ id }) => id);
		const bodies: unknown[] = [over('00000000-0000-4000-8000-000000000000'), over(foreign), {}, [], null, 'junk', { id: own }, { id: { toString: 1 } }];
		for (const body of bodies) {
			const { run: woken, answer } = await resumeExecution(run, { by: 'webhook', body });
			expect({ body, woken, status: answer?.status }).toEqual({ body, woken: null, status: 200 });
		}
		const url = resumeUrl(run).replace(/signature=./, 'signature=');
		expect((await resumeExecution(run, { by: 'webhook', body: over(own), url })).answer?.status).toBe(401);
		expect([run.stored().status, other.stored().status]).toEqual(['waiting', 'waiting']);
		server.finish(own);
		const right = await resumeExecution(run, callAbout(own));
		if (!right.run) throw new Error('not woken');
		expect(jsonOf((await drive(right.run)).end)).toMatchObject([{ generationId: own, status: 'completed' }]);
	});

	it('about what still runs: it looks, believes the service, and sleeps on', async () => {
		const texts = [`a ${LONG} [callbacks: drop]`];
		const run = await asleep(texts, startStill);
		const id = server.jobs()[0]?.id ?? '';
		const { run: woken } = await resumeExecution(run, callAbout(id));
		if (!woken) throw new Error('not woken');
		expect((await woken.finished).status).toBe('waiting');
		thaw();
		expect(server.ledger().counts[provider].status).toBe(1);
		server.finish(id);
		expectAll((await drive(woken)).end, texts);
	});

	it('for 20 items that end together, three times each: all go on, once', async () => {
		server.configure({ [provider]: { callbacks: { copies: 3 } } });
		const texts = Array.from({ length: 20 }, (_, item) => `number ${String(item).padStart(2, '0')} ${LONG}`);
		await asleep(texts);
		for (const { id } of server.jobs()) server.finish(id);
		expectAll((await doorbell.end()).end, texts);
	});
});
