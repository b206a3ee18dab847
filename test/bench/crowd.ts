/** A thousand suspended executions: what they cost while they wait, whether all go on, how soon and how fast. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Execution } from '../e2e/harness';
import { allExecutions, callMany, waitUntil } from '../e2e/triggerSupport';
import { Memory, isQuick, mebibytes, quantile, sum } from './measure';
import type { Line, RowResult } from './report';
import type { Stage } from './stage';
import { collectsGarbage, log, onStage, untilQuiet } from './stage';
import type { Suspender } from './suspended';
import { FOR_WARMING_UP, WAKE_AFTER_MS, ours, oursByTimer, waitNode } from './suspended';

const CROWD = isQuick ? 100 : 1000;
/** Those that are called are fewer, to save time; their figures are for each. */
const CALLED_CROWD = isQuick ? 50 : 150;
const CONNECTIONS = 16;
const WARM_UP = 50;
/** For n8n to suspend a crowd, and after the last is due by its timer. */
const PATIENCE_MS = 600_000;

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
	if (!(await waitUntil(areSuspended, PATIENCE_MS))) throw new Error(`${suspender.name}: not all were suspended`);
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

interface Timed {
	growth: number;
	/** Those that were suspended at the same moment: all, where n8n starts them within the time of a video. */
	atOnce: number;
	lost: number;
	/** From the moment that the node asked n8n for to its read of the video; of each, in milliseconds. */
	latenesses: number[];
	/** Executions, on average from the first to the last. */
	startedPerSecond: number;
}

/** Nobody calls: n8n wakes each by its timer. */
async function measureTimed(stage: Stage, memory: Memory): Promise<Timed> {
	const { client, server } = stage;
	const suspender = await oursByTimer(stage);
	await memory.rest();
	const before = memory.resident;
	await gather(stage, suspender, CROWD);
	await memory.rest();
	const growth = memory.resident - before;
	const atOnce = (await allExecutions(client, suspender.workflowId, ['waiting'])).length;
	const purchases = server.ledger().purchases.filter(({ provider }) => provider === 'lumaAgents');
	const times = purchases.map(({ at }) => at);
	const lastDueAt = Math.max(...times) + WAKE_AFTER_MS;
	log(`${suspender.name}: ${atOnce} suspended, the last due in ${((lastDueAt - Date.now()) / 1000).toFixed(0)} s`);
	const succeeded = async (): Promise<number> => (await allExecutions(client, suspender.workflowId, ['success'])).length;
	const filter = JSON.stringify({ workflowId: suspender.workflowId, status: ['new', 'running', 'waiting'] });
	const query = new URLSearchParams({ filter, limit: '1' });
	const areOver = async (): Promise<boolean> => {
		await pause(2000);
		const { results } = await client.request<{ results: unknown[] }>('GET', `/rest/executions?${query}`);
		return results.length === 0;
	};
	await waitUntil(areOver, Math.max(lastDueAt - Date.now(), 0) + PATIENCE_MS);
	const readAt = new Map<string, number>();
	for (const { party, route, path, at } of server.ledger().requests) {
		if (party === 'lumaAgents' && route === 'status') readAt.set(decodeURIComponent(path.split('/').at(-1) ?? ''), at);
	}
	const latenesses = purchases.flatMap(({ id, at }) => (readAt.get(id) ?? Number.NaN) - at - WAKE_AFTER_MS);
	const lost = CROWD - (await succeeded());
	log(`${suspender.name}: ${mebibytes(growth)}, ${atOnce} at once, ${lost} lost, ${(quantile(latenesses, 0.5) / 1000).toFixed(1)} s late`);
	const startedPerSecond = CROWD / ((Math.max(...times) - Math.min(...times)) / 1000);
	return { growth, atOnce, lost, latenesses, startedPerSecond };
}

async function warmUp(stage: Stage, suspender: Suspender): Promise<void> {
	await gather(stage, suspender, WARM_UP);
	await release(stage, suspender);
}

/** Each in an n8n of its own: what one left in memory would count for the other. */
export async function crowd(): Promise<RowResult> {
	const { timed, own } = await onStage(async (stage) => {
		const memory = new Memory(stage.n8n);
		await warmUp(stage, await ours(stage, FOR_WARMING_UP));
		const timed = await measureTimed(stage, memory);
		return { timed, own: await measure(stage, await ours(stage), memory, CALLED_CROWD) };
	}, collectsGarbage);
	const other = await onStage(async (stage) => {
		const suspender = await waitNode(stage);
		await warmUp(stage, suspender);
		return await measure(stage, suspender, new Memory(stage.n8n), CALLED_CROWD);
	}, collectsGarbage);
	const kibibytes = (bytes: number): string => `${(bytes / 1024).toFixed(0)} KiB`;
	const beside = (what: string, ourFigure: number, theirFigure: number, format: (value: number) => string): Line => ({
		what,
		ours: format(ourFigure),
		other: `Wait node ${format(theirFigure)}`,
		ratio: ourFigure / theirFigure,
		target: '–',
		isMet: null,
	});
	const late = `mean ${(sum(timed.latenesses) / CROWD / 1000).toFixed(1)} s, p95 ${(quantile(timed.latenesses, 0.95) / 1000).toFixed(1)} s`;
	return {
		how: `By timer: ${CROWD} executions at Luma Agents, ${timed.atOnce} of them suspended at the same moment, each woken by n8n ${(WAKE_AFTER_MS / 1000).toFixed(0)} s after its video was asked for, as many each second as were started (${timed.startedPerSecond.toFixed(1)}). By call, after that and in the same n8n: ${CALLED_CROWD} at Luma Dream Machine, then a call for each over ${CONNECTIONS} connections. Wait node: ${CALLED_CROWD}, by call, in an n8n of its own. One run each, after a warm-up of ${WARM_UP}; those by call are fewer than ${CROWD} to save time. Memory: what n8n's process has in RAM more than before, after its garbage was collected: ${mebibytes(timed.growth)} in all for the ${timed.atOnce}.`,
		lines: [
			{ ...beside('lost, by timer', timed.lost, other.lost, String), ratio: null, target: '0', isMet: timed.lost === 0 },
			{ ...beside('lost, by call', own.lost, other.lost, String), ratio: null, target: '0', isMet: own.lost === 0 },
			beside('memory for each', timed.growth / timed.atOnce, other.growthEach, kibibytes),
			beside('resumed per second, by call', own.rate, other.rate, (value) => value.toFixed(1)),
			{
				what: 'from the moment asked for to the read, by timer',
				ours: late,
				other: 'the moment itself',
				ratio: null,
				target: '–',
				isMet: null,
			},
		],
	};
}
