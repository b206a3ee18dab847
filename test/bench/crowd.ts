/** A thousand suspended executions: what they cost while they wait, how fast they go on, and whether all do. */
import type { Execution } from '../e2e/harness';
import { allExecutions, callMany, waitUntil } from '../e2e/triggerSupport';
import { Memory, isQuick, mebibytes } from './measure';
import type { Line, RowResult } from './report';
import type { Stage } from './stage';
import { collectsGarbage, log, onStage, untilQuiet } from './stage';
import type { Suspender } from './suspended';
import { ours, waitNode } from './suspended';

const CROWD = isQuick ? 100 : 1000;
/** The Wait node's are fewer, to save time; its figures are for each. */
const WAIT_CROWD = isQuick ? 50 : 250;
const CONNECTIONS = 16;
const WARM_UP = 50;

interface Figures {
	/** Bytes in RAM that the crowd added. */
	growth: number;
	/** The same for each of it. */
	growthEach: number;
	/** Executions resumed each second. */
	rate: number;
	lost: number;
}

async function gather({ client }: Stage, suspender: Suspender, count: number): Promise<void> {
	const bodies = Array.from({ length: count }, (_, number) => suspender.startBody(number));
	await callMany(suspender.startUrl, bodies, { connections: CONNECTIONS });
	const areSuspended = async (): Promise<boolean> => {
		const query = new URLSearchParams({
			filter: JSON.stringify({ workflowId: suspender.workflowId, status: ['new', 'running'] }),
			limit: '1',
		});
		const { results } = await client.request<{ results: unknown[] }>('GET', `/rest/executions?${query}`);
		return results.length === 0;
	};
	if (!(await waitUntil(areSuspended, 120_000))) throw new Error(`${suspender.name}: not all were suspended`);
}

/** Resumes all that are suspended; how many succeeded, and in what time. */
async function release({ client }: Stage, suspender: Suspender): Promise<{ succeeded: number; ms: number }> {
	const waiting = (await allExecutions(client, suspender.workflowId)).filter(({ status }) => status === 'waiting');
	const calls = await suspender.resumeCalls(async () => {
		const executions: Execution[] = [];
		for (const { id } of waiting) {
			const execution = await client.getExecution(id);
			if (execution) executions.push(execution);
		}
		return executions;
	});
	const startedAt = Date.now();
	const queue = [...calls];
	const caller = async (): Promise<void> => {
		for (let call = queue.shift(); call; call = queue.shift()) await callMany(call.url, [call.body], { connections: 1 });
	};
	await Promise.all(Array.from({ length: CONNECTIONS }, caller));
	await untilQuiet(client, suspender.workflowId);
	const resumed = new Set(waiting.map(({ id }) => id));
	const ended = (await allExecutions(client, suspender.workflowId)).filter(
		({ id, status }) => resumed.has(id) && status === 'success',
	);
	const endedAt = Math.max(...ended.map(({ stoppedAt }) => Date.parse(stoppedAt ?? '')));
	return { succeeded: ended.length, ms: endedAt - startedAt };
}

async function measure(stage: Stage, suspender: Suspender, memory: Memory, count: number): Promise<Figures> {
	await memory.rest();
	const before = memory.resident;
	await gather(stage, suspender, count);
	await memory.rest();
	const growth = memory.resident - before;
	const { succeeded, ms } = await release(stage, suspender);
	log(`${suspender.name}: ${mebibytes(growth)}, ${succeeded} of ${count} in ${ms} ms`);
	return { growth, growthEach: growth / count, rate: (succeeded / ms) * 1000, lost: count - succeeded };
}

/** Each in an n8n of its own: what one left in memory would count for the other. */
export async function crowd(): Promise<RowResult> {
	const side = async (make: (stage: Stage) => Promise<Suspender>, count: number): Promise<Figures> =>
		await onStage(async (stage) => {
			const suspender = await make(stage);
			const memory = new Memory(stage.n8n);
			await gather(stage, suspender, WARM_UP);
			await release(stage, suspender);
			return await measure(stage, suspender, memory, count);
		}, collectsGarbage);
	const own = await side(ours, CROWD);
	const other = await side(waitNode, WAIT_CROWD);
	const line = (what: string, pick: (figures: Figures) => number, format: (value: number) => string): Line => ({
		what,
		ours: format(pick(own)),
		other: `Wait node ${format(pick(other))}`,
		ratio: pick(own) / pick(other),
		target: '–',
		isMet: null,
	});
	return {
		how: `${CROWD} executions suspended at once (Wait node: ${WAIT_CROWD}), then a call for each over ${CONNECTIONS} connections; one run each, in an n8n of its own after a warm-up of ${WARM_UP}. Memory: what n8n's process has in RAM more than before, after its garbage was collected: ${mebibytes(own.growth)} in all.`,
		lines: [
			line('memory for each', ({ growthEach }) => growthEach, (bytes) => `${(bytes / 1024).toFixed(0)} KiB`),
			line('resumed per second', ({ rate }) => rate, (value) => value.toFixed(1)),
			{ ...line('lost', ({ lost }) => lost, String), ratio: null, target: '0', isMet: own.lost === 0 },
		],
	};
}
