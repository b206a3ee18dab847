/**
 * Last step, at the head of an execution: each generation that was handed over is emitted once. Generations handed over
 * without their state (if the trigger itself runs in another process, and in a test) are watched by the execution first,
 * suspended if possible.
 */
import type { IExecuteFunctions, INodeExecutionData, WorkflowExecuteMode } from 'n8n-workflow';
import { systemClock } from '../generation/clock';
import { deliver } from '../generation/deliver';
import { nodeError } from '../generation/failure';
import { Gate } from '../generation/gate';
import type { ReadResult } from '../generation/read';
import { pauseFor, readGeneration } from '../generation/read';
import { UNKNOWN_EXPECTED_MS, nextReadDelayMs, nextWakeDelayMs } from '../generation/schedule';
import { canSuspend, suspendUntil } from '../operations/engine';
import { downloadSettings, readSettings, readWantsFile } from '../operations/settings';
import type { Generation, Provider } from '../providers/provider';
import type { Reference } from '../transport/announce';
import { createProviderClient } from '../transport/providerClient';
import type { Candidate } from './claim';
import { claim } from './claim';
import { RETRY_DOWNLOAD } from './messages';
import type { TriggerEvent, Verdict } from './trigger';
import { REQUEST_TIMEOUT_MS, isId, judge, memoryOf, providerOf } from './trigger';
import { MAX_AGE_MS } from './watchList';

/** Concurrent reads. */
const MAX_READS = 4;

/** What an execution is told about a generation. */
export interface HandedOver {
	generationId: string;
	/** As read a moment ago; `null`: not read yet. */
	generation: Generation | null;
	reference: Reference | null;
	/** Bought by the Luma Video node. */
	isAnnounced: boolean;
	/** Milliseconds since 1970. */
	submittedAt: number;
	/** Milliseconds. */
	expectedMs: number;
	/** Unique to the hand-over: distinguishes a retry of an interrupted execution from a repeated call. */
	ticket: string | null;
}

/** An item for the trigger's own execution. */
export function handOver(generationId: string, about: Partial<HandedOver>): INodeExecutionData {
	const { generation = null, reference = null, isAnnounced = false, submittedAt = Date.now(), expectedMs = UNKNOWN_EXPECTED_MS } = about;
	const ticket = `${Date.now().toString(36)}-${Math.random().toString(36).slice(2, 10)}`;
	return { json: { generationId, generation, reference, isAnnounced, submittedAt, expectedMs, ticket } };
}

/** A generation to emit. */
interface Ready extends Candidate {
	generation: Generation;
	event: TriggerEvent;
	from: HandedOver;
}

/**
 * Emits what was handed over. An empty list ends the execution quietly.
 *
 * @throws NodeApiError or NodeOperationError when a generation cannot be read or its file cannot be downloaded
 */
export async function emit(context: IExecuteFunctions): Promise<INodeExecutionData[]> {
	const node = context.getNode();
	const provider = providerOf(node);
	const memory = memoryOf(context);
	const mode = context.getMode();
	const isTest = mode === 'manual';
	const handed = context.getInputData().map(({ json }) => json as unknown as HandedOver).filter(({ generationId }) => isId(generationId));
	if (handed.length === 0) return [];

	const client = await createProviderClient(context, provider, REQUEST_TIMEOUT_MS);
	const terms = { provider, node, wanted: context.getNodeParameter('events', 0, []) as TriggerEvent[], isTest };
	const gate = new Gate(MAX_READS);
	const cancelSignal = context.getExecutionCancelSignal();
	const look = async (from: HandedOver): Promise<{ from: HandedOver; verdict: Verdict }> => {
		const { generationId, generation } = from;
		const read: ReadResult =
			generation !== null && mode !== 'retry'
				? { ok: true, generation }
				: await gate.run(async () => await readGeneration(provider, client, generationId, systemClock, cancelSignal));
		// The trigger has already judged what comes with its state.
		return { from, verdict: judge(terms, read, from.isAnnounced || generation !== null, Date.now()) };
	};
	const ready: Ready[] = [];
	for (let left = handed; left.length > 0 && cancelSignal?.aborted !== true; ) {
		const looks = await Promise.all(left.map(look));
		ready.push(...looks.flatMap(({ from, verdict }) => (verdict.finding === 'emit' ? [{ ...verdict, ticket: from.ticket, from }] : [])));
		const failure = looks.flatMap(({ from, verdict }) => ('failure' in verdict && isFinal(verdict, from, mode) ? [verdict.failure] : []))[0];
		if (failure && ready.length === 0) throw nodeError(node, failure, 0);
		left = looks.filter(({ from, verdict }) => isOpen(verdict, from, mode)).map(({ from }) => from);
		if (left.length === 0) break;
		const pauseMs = Math.min(...left.map((each) => pauseOf(each, !isTest)));
		if (!isTest && canSuspend(context)) {
			await suspendUntil(context, new Date(Date.now() + pauseMs));
			return [];
		}
		await pauseFor(systemClock, pauseMs, cancelSignal);
	}
	const fresh = isTest ? new Set(ready.map(({ key }) => key)) : await claim(context, ready, memory.wake !== null, systemClock);
	for (const { key, event, from } of isTest ? [] : ready) {
		memory.list.markEmitted(key);
		memory.list.settle(from.generationId, event === 'progress' ? 'running' : 'over', Date.now());
	}
	memory.wake?.();
	// Two IDs of the same generation have the same key.
	const emitted = ready.filter(({ key }) => fresh.delete(key));
	return await deliverAll(context, provider, emitted, client.isLocal);
}

/** Whether to read again: it is running, or the failure is temporary. What came with its state has been watched already. */
function isOpen(verdict: Verdict, { generation, isAnnounced, submittedAt }: HandedOver, mode: WorkflowExecuteMode): boolean {
	if (generation !== null || mode === 'retry' || Date.now() - submittedAt > MAX_AGE_MS) return false;
	if (verdict.finding === 'notFound') return isAnnounced;
	const kind = 'failure' in verdict ? verdict.failure.problem?.kind : undefined;
	return verdict.finding === 'running' || (verdict.finding === 'unread' && (kind === undefined || kind === 'unavailable' || kind === 'rateLimited'));
}

/** Whether to show a failure: for a made-up ID an execution ends quietly, unless a person is watching it. */
function isFinal(verdict: Verdict, from: HandedOver, mode: WorkflowExecuteMode): boolean {
	return !isOpen(verdict, from, mode) && (verdict.finding !== 'notFound' || mode !== 'webhook');
}

/** Milliseconds until the next read of a running generation. */
function pauseOf({ submittedAt, expectedMs }: HandedOver, isSuspended: boolean): number {
	const elapsed = Date.now() - submittedAt;
	return isSuspended ? nextWakeDelayMs(elapsed, expectedMs) : nextReadDelayMs(elapsed, { ms: expectedMs, isKnown: false });
}

/** The items, with their files if 'Download Video' is on. */
async function deliverAll(
	context: IExecuteFunctions,
	provider: Provider,
	emitted: readonly Ready[],
	allowLocal: boolean,
): Promise<INodeExecutionData[]> {
	const settings = readSettings(context, 0);
	const { includeRaw } = settings;
	const download = readWantsFile(context, 0) ? downloadSettings(context, 0, settings, allowLocal) : null;
	const items: INodeExecutionData[] = [];
	for (const [index, { generation, event, from }] of emitted.entries()) {
		const wantsFile = event === 'completed' ? download : null;
		const delivery = await deliver(context, provider, generation, index, { includeRaw }, wantsFile, systemClock);
		if (!delivery.ok) throw nodeError(context.getNode(), delivery.failure, index, [RETRY_DOWNLOAD]);
		items.push({ ...delivery.item, json: { ...delivery.item.json, event, reference: from.reference } });
	}
	return items;
}
