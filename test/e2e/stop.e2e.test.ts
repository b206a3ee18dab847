import { describe, expect, it } from '@jest/globals';
import { setTimeout as pause } from 'node:timers/promises';
import type { INode, IWorkflowSettings } from 'n8n-workflow';
import type { ProviderServer, SettingsChange } from '../provider-server';
import type { Execution } from './harness';
import { code, describe as describeExecution, manualTrigger, nodeError, nodeOutput, sharedN8n, workflow } from './harness';
import { startStandIn } from './standIn';
import { longVideo, generate, jsonOf, prompts } from './support';
import { waitUntil } from './triggerSupport';

const luma = 'lumaDreamMachine';
/** Milliseconds in which a node that went on all the same would read, buy or try again. */
const LONG_ENOUGH = 4000;

const { client } = sharedN8n();

/** A running execution, alone with its services. */
interface Running {
	readonly executionId: string;
	readonly server: ProviderServer;
}

interface Options {
	parameters?: INode['parameters'];
	/** Of the node. */
	extras?: Partial<INode>;
	/** Of the workflow. */
	settings?: IWorkflowSettings;
	standIn?: SettingsChange;
	/** How many creates are slow, or not answered. */
	fault?: { kind: 'slow' | 'timeout-after'; times: number };
	/** How many are bought; default: all. */
	bought?: number;
}

/** Starts a workflow that makes so many videos, and returns when they are bought. */
async function start(count: number, { parameters, extras, settings, standIn, fault, bought = count }: Options = {}): Promise<Running> {
	const { server, credentials } = await startStandIn(client, { [luma]: { jobMs: 600_000 }, ...standIn });
	if (fault) server.fault({ provider: luma, route: 'create', ...fault });
	const names = Array.from({ length: count }, (_, index) => `a bird, number ${index}`);
	const video = generate(luma, credentials, { options: { maxConcurrent: 30 }, ...parameters }, extras);
	const nodes = [manualTrigger(), prompts(...names), video, code('return $input.all();', 'Next')];
	const executionId = await client.runWorkflow((await client.createWorkflow(workflow('Stop', nodes, undefined, { settings }))).id);
	await server.until(({ purchases }) => purchases.length === bought, 30_000);
	return { executionId, server };
}

/** Starts one that makes five videos, three at a time, and returns when three are bought. */
async function startThree(options: INode['parameters'], more: Options = {}): Promise<Running> {
	return await start(5, { parameters: { options: { maxConcurrent: 3, ...options } }, bought: 3, ...more });
}

async function untilCanceled({ executionId }: Running): Promise<Execution> {
	return await client.waitForExecution(executionId, { status: ['canceled'] });
}

async function stop(running: Running): Promise<Execution> {
	await client.stopExecution(running.executionId);
	return await untilCanceled(running);
}

function boughtIds({ server }: Running): string[] {
	return server.ledger().purchases.map(({ id }) => id).sort();
}

function finishAll(running: Running): void {
	for (const id of boughtIds(running)) running.server.finish(id);
}

/** Waits until n8n's log names all generations that were bought. */
async function untilNamed(running: Running): Promise<void> {
	const missing = () => boughtIds(running).filter((id) => !sharedN8n().logs().includes(id));
	await waitUntil(() => missing().length === 0);
	expect(missing()).toEqual([]);
}

/** Ids in the custom data of an execution, over all its values. */
function keptIds({ customData }: Execution): string[] {
	const values = Object.entries(customData).flatMap(([key, value]) => (key.startsWith('lumaGenerations') ? [value] : []));
	return values.flatMap((value) => value.split(', ').map((each) => each.split(' ')[0] ?? '')).sort();
}

/** Waits until the custom data names all that was bought: n8n stores it after the execution's end. */
async function untilKept(running: Running): Promise<void> {
	const ids = boughtIds(running);
	await waitUntil(async () => keptIds(await untilCanceled(running)).length === ids.length);
	expect(keptIds(await untilCanceled(running))).toEqual(ids);
}

describe('an execution that is stopped while videos are made', () => {
	it.concurrent('reads and buys nothing more, also where places become free, and names what it leaves behind', async () => {
		const running = await startThree({});
		await stop(running);
		await untilNamed(running);
		const requests = running.server.ledger().requests.length;
		finishAll(running);
		await pause(LONG_ENOUGH);
		expect(running.server.ledger().requests).toHaveLength(requests);
		expect(boughtIds(running)).toHaveLength(3);
	});

	it.concurrent('buys nothing more with Retry On Fail', async () => {
		const running = await startThree({}, { extras: { retryOnFail: true, maxTries: 5, waitBetweenTries: 100 } });
		await stop(running);
		await untilNamed(running);
		finishAll(running);
		await pause(LONG_ENOUGH);
		expect(boughtIds(running)).toHaveLength(3);
		expect(running.server.ledger().refusedCreates).toEqual([]);
	});

	it.concurrent('buys nothing more where the node continues on errors', async () => {
		const running = await startThree({}, { extras: { onError: 'continueRegularOutput' } });
		await stop(running);
		await pause(LONG_ENOUGH);
		expect(boughtIds(running)).toHaveLength(3);
		const execution = await untilCanceled(running);
		expect(Object.keys(execution.data.resultData.runData)).not.toContain('Next');
	});

	it.concurrent('deletes what it leaves behind where the user wants that', async () => {
		const running = await startThree({ deleteOnStop: true });
		await stop(running);
		await running.server.until(({ deletions }) => deletions.length === 3, 30_000);
		expect(running.server.ledger().deletions.map(({ id }) => id).sort()).toEqual(boughtIds(running));
	});

	it.concurrent('learns the IDs of creates that are under way', async () => {
		const running = await startThree({ deleteOnStop: true }, { standIn: { media: { slowChunkMs: 60 } }, fault: { kind: 'slow', times: 3 } });
		await stop(running);
		await running.server.until(({ deletions }) => deletions.length === 3, 30_000);
		expect(boughtIds(running)).toHaveLength(3);
	});
});

describe('what is left of many items', () => {
	it.each([1, 30])('after Stop: every ID of %d in the custom data and in the log', async (count) => {
		const running = await start(count);
		await untilNamed(running);
		const execution = await stop(running);
		await untilKept(running);
		const { customData } = await untilCanceled(running);
		expect(Object.keys(customData)).toHaveLength(count === 1 ? 1 : 3);
		expect(Object.values(customData).join()).toContain('(running)');
		expect(Object.keys(execution.data.resultData.runData)).not.toContain('Next');
	});

	it('after Stop while the creates are on their way: that they are unanswered, and when they were sent', async () => {
		const running = await start(30, { fault: { kind: 'timeout-after', times: 30 } });
		await stop(running);
		await waitUntil(async () => (await untilCanceled(running)).customData.lumaUnanswered !== undefined);
		const execution = await untilCanceled(running);
		const [, since = ''] = /^30 requests unanswered since (\S+) \(items 0, 1, .*, 29\)$/.exec(String(execution.customData.lumaUnanswered)) ?? [];
		expect(Math.abs(Date.parse(since) - Number(running.server.ledger().purchases[0]?.at))).toBeLessThan(10_000);
		expect(keptIds(execution)).toEqual([]);
	});

	it("after the workflow's own time limit: the error names every ID, and so does the custom data; a retry goes on with them", async () => {
		const running = await start(30, { settings: { executionTimeout: 4 } });
		const execution = await untilCanceled(running);
		await untilKept(running);
		const error = nodeError(execution, 'Luma Video');
		expect(error?.message).toContain('The execution was stopped. Generations still running at the provider: ');
		for (const id of boughtIds(running)) expect(error?.message).toContain(`${id} (item `);
		expect(error?.description).toContain("To get a generation by its ID, use resource 'Generation', operation 'Wait'.");
		expect(Object.keys(execution.data.resultData.runData)).toEqual(['Start', 'Items', 'Luma Video']);
		await untilNamed(running);

		finishAll(running);
		const retry = await client.retryExecution(running.executionId);
		expect(describeExecution(retry)).toContain('"success"');
		expect(jsonOf(nodeOutput(retry, 'Next')).map((json) => String(json.generationId)).sort()).toEqual(boughtIds(running));
		expect(boughtIds(running)).toHaveLength(30);
	});

	it('after Stop while it is suspended: what it showed, and later callbacks do not wake it', async () => {
		const running = await start(30, { parameters: { ...longVideo(luma), completion: 'suspend' } });
		await client.waitForExecution(running.executionId, { status: ['waiting'] });
		await stop(running);
		finishAll(running);
		await running.server.until(({ callbacks }) => new Set(callbacks.map(({ id }) => id)).size === 30, 30_000);
		const answers = running.server.ledger().callbacks.map(({ answerStatus }) => answerStatus);
		expect(answers).toEqual(answers.map(() => 409));
		const execution = await untilCanceled(running);
		const ids = boughtIds(running);
		expect(ids).toHaveLength(30);
		expect(jsonOf(nodeOutput(execution, 'Luma Video')).map((json) => String(json.generationId)).sort()).toEqual(ids);
		expect(keptIds(execution)).toEqual(ids);
		expect(Object.keys(execution.data.resultData.runData)).not.toContain('Next');
	});
});
