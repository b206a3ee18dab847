/**
 * Last step, at the head of an execution: each generation that was handed over is emitted once. One that was handed over
 * without its state (if the trigger itself runs in another process, and in a test) is watched by the execution first,
 * suspended if possible; outside of a test it is the only one of its execution.
 */
import type { IExecuteFunctions, INodeExecutionData, WorkflowExecuteMode } from 'n8n-workflow';
import { pauseFor, systemClock } from '../generation/clock';
import { deliver } from '../generation/deliver';
import { nodeError } from '../generation/failure';
import { Gate } from '../generation/gate';
import { readGeneration } from '../generation/read';
import { UNKNOWN_EXPECTED_MS, nextReadDelayMs, nextWakeDelayMs } from '../generation/schedule';
import { canSuspend, suspendUntil } from '../operations/engine';
import { downloadSettings, readSettings, readWantsFile } from '../operations/settings';
import type { Generation } from '../providers/provider';
import type { Reference } from '../transport/announce';
import type { ProviderClient } from '../transport/providerClient';
import { createProviderClient } from '../transport/providerClient';
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
	ticket: string;
}

/** An item for the trigger's own execution. */
export function handOver(generationId: string, about: Partial<HandedOver>): INodeExecutionData {
	const { generation = null, reference = null, isAnnounced = false, submittedAt = Date.now(), expectedMs = UNKNOWN_EXPECTED_MS } = about;
	const ticket = `${Date.now().toString(36)}-${Math.random().toString(36).slice(2, 10)}`;
	return { json: { generationId, generation, reference, isAnnounced, submittedAt, expectedMs, ticket } };
}

/**
 * Emits what was handed over. An empty list ends the execution quietly.
 *
 * @throws NodeApiError or NodeOperationError when a generation cannot be read or its file cannot be downloaded
 */
export async function emit(context: IExecuteFunctions): Promise<INodeExecutionData[]> {
	const handed = context.getInputData().map(({ json }) => json as unknown as HandedOver).filter(({ generationId }) => isId(generationId));
	if (handed.length === 0) return [];
	const client = await createProviderClient(context, providerOf(context.getNode()), REQUEST_TIMEOUT_MS);
	const gate = new Gate(MAX_READS);
	return (await Promise.all(handed.map(async (each, index) => await emitOne(context, client, gate, each, index)))).flat();
}

async function emitOne(context: IExecuteFunctions, client: ProviderClient, gate: Gate, handed: HandedOver, index: number): Promise<INodeExecutionData[]> {
	const node = context.getNode();
	const provider = providerOf(node);
	const mode = context.getMode();
	const isTest = mode === 'manual';
	const terms = { provider, node, wanted: context.getNodeParameter('events', 0, []) as TriggerEvent[], isTest };
	const cancelSignal = context.getExecutionCancelSignal();
	const { generationId, generation } = handed;
	for (;;) {
		const read =
			generation !== null && mode !== 'retry'
				? { ok: true as const, generation }
				: await gate.run(async () => await readGeneration(provider, client, generationId, systemClock, cancelSignal));
		// The trigger has already judged what comes with its state.
		const verdict = judge(terms, read, handed.isAnnounced || generation !== null, Date.now());
		if (verdict.finding === 'emit') {
			if (!isTest && !(await isFirst(context, handed, verdict.key))) return [];
			const settings = readSettings(context, 0);
			const download = verdict.event === 'completed' && readWantsFile(context, 0) ? downloadSettings(context, 0, settings, client.isLocal) : null;
			const delivery = await deliver(context, provider, verdict.generation, index, { includeRaw: settings.includeRaw }, download, systemClock);
			if (!delivery.ok) throw nodeError(node, delivery.failure, index, [RETRY_DOWNLOAD]);
			const { event } = verdict;
			return [{ ...delivery.item, json: { ...delivery.item.json, event, reference: handed.reference } }];
		}
		if (!isOpen(verdict, handed, mode)) {
			// For a made-up ID an execution ends quietly, unless a person is watching it.
			if ('failure' in verdict && (verdict.finding !== 'notFound' || mode !== 'webhook')) throw nodeError(node, verdict.failure, index);
			return [];
		}
		const elapsed = Date.now() - handed.submittedAt;
		if (!isTest && canSuspend(context)) {
			await suspendUntil(context, new Date(Date.now() + nextWakeDelayMs(elapsed, handed.expectedMs)));
			return [];
		}
		await pauseFor(systemClock, nextReadDelayMs(elapsed, { ms: handed.expectedMs, isKnown: false }), cancelSignal);
		if (cancelSignal?.aborted === true) return [];
	}
}

/** Whether nobody emitted it before; it counts as emitted from now on. */
async function isFirst(context: IExecuteFunctions, { ticket }: HandedOver, key: string): Promise<boolean> {
	const { list } = memoryOf(context);
	const isClaimed = await claim(context, key, ticket, list.follow !== null, systemClock);
	list.markEmitted(key);
	return isClaimed;
}

/** Whether to read again: it is running, or the failure is temporary. What came with its state has been watched already. */
function isOpen(verdict: Verdict, { generation, isAnnounced, submittedAt }: HandedOver, mode: WorkflowExecuteMode): boolean {
	if (generation !== null || mode === 'retry' || Date.now() - submittedAt > MAX_AGE_MS) return false;
	if (verdict.finding === 'notFound') return isAnnounced;
	const kind = 'failure' in verdict ? verdict.failure.problem?.kind : undefined;
	return verdict.finding === 'running' || (verdict.finding === 'unread' && (kind === undefined || kind === 'unavailable' || kind === 'rateLimited'));
}
