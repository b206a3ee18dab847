/** What all parts of the trigger share: its settings, its memory, and whether a generation belongs to it. */
import type { FunctionsBase, INode, IDataObject } from 'n8n-workflow';
import type { Failure } from '../generation/failure';
import { nodeError } from '../generation/failure';
import { nodeKey } from '../generation/nodeKey';
import type { ReadResult } from '../generation/read';
import { isOver } from '../generation/read';
import { unknownProvider } from '../operations/messages';
import { findProvider } from '../providers';
import type { CallbackHint, Generation, Provider } from '../providers/provider';
import { parseHttpUrl } from '../transport/address';
import { webhookIdOf } from '../transport/announce';
import type { ProviderClient } from '../transport/providerClient';
import type { StoredList } from './watchList';
import { MAX_AGE_MS, WatchList } from './watchList';

export type TriggerEvent = 'completed' | 'failed' | 'progress';

/** Timeout of the trigger's requests, in milliseconds. */
export const REQUEST_TIMEOUT_MS = 20_000;

/** How often to look for missed calls by default, in minutes. */
export const DEFAULT_RECONCILE_MINUTES = 5;

/** IDs that are longer than any provider's, or have characters that none uses, are junk. */
const ID = /^(?!\.+$)[\w.:~-]{1,200}$/;

export function isId(value: unknown): value is string {
	return typeof value === 'string' && ID.test(value);
}

export function eventOf(status: CallbackHint['status']): TriggerEvent {
	return status === 'completed' || status === 'failed' ? status : 'progress';
}

/** The end of a generation is emitted once, progress once for each status. */
export function emissionKey(provider: string, { generationId, status }: CallbackHint): string {
	return [provider, generationId, eventOf(status) === 'progress' ? `progress ${status}` : 'over'].join(' ');
}

/** @throws NodeOperationError when the workflow has a provider that this version does not know */
export function providerOf(node: INode): Provider {
	const value = node.parameters.provider ?? 'lumaAgents';
	const provider = typeof value === 'string' ? findProvider(value) : undefined;
	if (provider) return provider;
	throw nodeError(node, unknownProvider(), null);
}

/** Where the callback of a generation goes, as far as its provider tells. */
export type Callee = 'anotherTrigger' | 'nobody' | 'somebodyElse' | 'thisTrigger' | 'unknown';

/** A generation with the test URL as its callback belongs to a test, not to the published workflow. */
function calleeOf(provider: Provider, generation: Generation, node: INode, isTest: boolean): Callee {
	const address = provider.callbacks?.urlOf?.(generation);
	if (address === undefined) return 'unknown';
	const url = address === null ? null : parseHttpUrl(address);
	if (!url) return 'nobody';
	const parts = url.pathname.split('/');
	const isMine = node.webhookId !== undefined && parts.includes(node.webhookId);
	if (isMine) return isTest || !parts.includes('webhook-test') ? 'thisTrigger' : 'anotherTrigger';
	return webhookIdOf(url.href) === null ? 'somebodyElse' : 'anotherTrigger';
}

/** What to do about a generation as read. */
export type Verdict =
	| { finding: 'emit'; event: TriggerEvent; key: string; generation: Generation; callee: Callee }
	| { finding: 'foreign' | 'over' | 'running'; generation: Generation; callee: Callee }
	| { finding: 'notFound' | 'unread'; failure: Failure };

/**
 * @param isAnnounced whether the Luma Video node bought it for this trigger
 */
export function judge(
	{ provider, node, wanted, isTest }: { provider: Provider; node: INode; wanted: readonly TriggerEvent[]; isTest: boolean },
	read: ReadResult,
	isAnnounced: boolean,
	now: number,
): Verdict {
	if (!read.ok) {
		const kind = read.failure.problem?.kind;
		return { finding: kind === 'notFound' || kind === 'invalidRequest' ? 'notFound' : 'unread', failure: read.failure };
	}
	const { generation } = read;
	const callee = calleeOf(provider, generation, node, isTest);
	if (!isAnnounced && callee !== 'thisTrigger' && callee !== 'unknown') return { finding: 'foreign', generation, callee };
	const { generationId } = generation;
	// One that is completed but has no file yet counts as in progress.
	const status = generation.status !== 'queued' && !isOver(generation) ? 'processing' : generation.status;
	const event = eventOf(status);
	const key = emissionKey(provider.id, { generationId, status });
	const isTooOld = now - Date.parse(generation.completedAt ?? generation.createdAt ?? '') > MAX_AGE_MS;
	if (wanted.includes(event) && !isTooOld) return { finding: 'emit', event, key, generation, callee };
	return { finding: event === 'progress' && !isTooOld ? 'running' : 'over', generation, callee };
}

/** What one trigger node knows in this process. */
export interface TriggerMemory {
	list: WatchList;
	/** Signs with the key as last read, to check announcements. */
	signer: (Pick<ProviderClient, 'sign'> & { readAt: number }) | null;
	/** If the trigger itself runs in another process: the calls of the present minute. */
	recent: { since: number; keys: Set<string> };
	/** Why the provider cannot call the trigger's address, as found when publishing. */
	addressFinding: string | null;
	/** Whether the list stored with the workflow was read. */
	hasLearnt: boolean;
}

const memories = new Map<string, TriggerMemory>();

type Place = Pick<FunctionsBase, 'getNode' | 'getWorkflow'>;

export function memoryOf(context: Place): TriggerMemory {
	const key = nodeKey(context);
	const memory = memories.get(key) ?? { list: new WatchList(), signer: null, recent: { since: 0, keys: new Set() }, addressFinding: null, hasLearnt: false };
	memories.set(key, memory);
	return memory;
}

type Storing = Place & Pick<FunctionsBase, 'getWorkflowStaticData'>;

/** Where the trigger's list is stored: with the workflow, not with the node, whose data n8n loses when it is renamed. */
function placeOf(context: Storing): [data: IDataObject, key: string] {
	return [context.getWorkflowStaticData('global'), `lumaVideoTrigger ${context.getNode().id}`];
}

/** Stores the list. Only `webhook()` may do so: anyone else would overwrite what was stored in the meantime. */
export function store(context: Storing, list: WatchList): void {
	const [data, key] = placeOf(context);
	data[key] = { ...list.toStore() };
}

/** Reads the stored list, once per process. */
export function learn(context: Storing, memory: TriggerMemory, now: number): void {
	if (memory.hasLearnt) return;
	memory.hasLearnt = true;
	const [data, key] = placeOf(context);
	const { watched, emitted } = (data[key] ?? {}) as Partial<StoredList>;
	memory.list.learn({ watched: Array.isArray(watched) ? watched : [], emitted: Array.isArray(emitted) ? emitted : [] }, now);
}
