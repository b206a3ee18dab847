/** What all parts of the trigger share: its settings, its memory, and whether a generation is meant for it. */
import type { FunctionsBase, INode, IDataObject } from 'n8n-workflow';
import { NodeOperationError } from 'n8n-workflow';
import { experience } from '../generation/experience';
import type { Failure } from '../generation/failure';
import type { ReadResult } from '../generation/read';
import { isOver } from '../generation/read';
import { findProvider } from '../providers';
import type { CallbackHint, Generation, Provider } from '../providers/provider';
import { parseHttpUrl } from '../transport/address';
import { webhookIdOf } from '../transport/announce';
import type { ProviderClient } from '../transport/providerClient';
import type { SignatureKeys } from './signature';
import type { Pace, StoredList } from './watchList';
import { MAX_AGE_MS, WatchList } from './watchList';

export type TriggerEvent = 'completed' | 'failed' | 'progress';

/** How long a request of the trigger may take, in milliseconds. */
export const REQUEST_TIMEOUT_MS = 20_000;

/** How often missed calls are looked for unless the user says otherwise, in minutes. */
export const DEFAULT_RECONCILE_MINUTES = 5;

/** Ids longer than any provider's, or with characters that none uses, are junk. */
const ID = /^(?!\.+$)[\w.:~-]{1,200}$/;

export function isId(value: unknown): value is string {
	return typeof value === 'string' && ID.test(value);
}

export function eventOf(status: CallbackHint['status']): TriggerEvent {
	return status === 'completed' || status === 'failed' ? status : 'progress';
}

/** What is over is emitted once; progress once for each status. */
export function emissionKey(provider: string, { generationId, status }: CallbackHint): string {
	return [provider, generationId, eventOf(status) === 'progress' ? `progress ${status}` : 'over'].join(' ');
}

/** What a generation, as it was read, is to be emitted as. One that is completed and has no video yet is under way. */
export function emissionOf(provider: Provider, generation: Generation): { event: TriggerEvent; key: string } {
	const { generationId } = generation;
	const status = generation.status !== 'queued' && !isOver(generation) ? 'processing' : generation.status;
	return { event: eventOf(status), key: emissionKey(provider.id, { generationId, status }) };
}

/** @throws NodeOperationError when the workflow names a provider that this version does not know */
export function providerOf(node: INode): Provider {
	const value = node.parameters.provider ?? 'lumaAgents';
	const provider = typeof value === 'string' ? findProvider(value) : undefined;
	if (!provider) {
		throw new NodeOperationError(node, "'Provider' is not known", { description: "Select 'Provider' again." });
	}
	return provider;
}

/** Whom a generation calls when it is over, as far as its provider tells. */
export type Callee = 'anotherTrigger' | 'nobody' | 'somebodyElse' | 'thisTrigger' | 'unknown';

/** A generation that calls the test URL belongs to a test, not to the published workflow. */
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

/** What is to be done about a generation, as it was read. */
export type Verdict =
	| { finding: 'emit'; event: TriggerEvent; key: string; generation: Generation; callee: Callee }
	| { finding: 'foreign' | 'over' | 'running'; generation: Generation; callee: Callee }
	| { finding: 'notFound' | 'unread'; failure: Failure };

/**
 * @param isAnnounced whether our own node bought it for this trigger
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
	const { event, key } = emissionOf(provider, generation);
	const isTooOld = now - Date.parse(generation.completedAt ?? generation.createdAt ?? '') > MAX_AGE_MS;
	if (wanted.includes(event) && !isTooOld) return { finding: 'emit', event, key, generation, callee };
	return { finding: event === 'progress' && !isTooOld ? 'running' : 'over', generation, callee };
}

/** What one trigger node knows in this process. */
export interface TriggerMemory {
	list: WatchList;
	/** Set while the trigger itself runs in this process: looks at what is due. */
	wake: (() => void) | null;
	/** Signs with the key as it was read last, to check announcements. */
	signer: (Pick<ProviderClient, 'sign'> & { readAt: number }) | null;
	/** What the signatures of the provider's calls are checked with, where it signs them. */
	signatureKeys: SignatureKeys | null;
	/** Why the provider cannot call the trigger's address, as found when it was published. */
	addressFinding: string | null;
	/** Whether what is stored with the workflow was read. */
	hasLearnt: boolean;
}

/** @param missedMs how often missed calls are looked for, in milliseconds; `null`: never */
export function paceOf({ callbacks }: Provider, missedMs: number | null): Pace {
	return {
		calls: callbacks !== undefined,
		missedMs,
		expectation: (kind, guessMs) => experience.expectation(kind, guessMs),
	};
}

const memories = new Map<string, TriggerMemory>();

type Place = Pick<FunctionsBase, 'getNode' | 'getWorkflow'>;

export function memoryOf(context: Place): TriggerMemory {
	const node = context.getNode();
	const key = `${context.getWorkflow().id ?? ''} ${node.id}`;
	const known = memories.get(key);
	if (known) return known;
	const list = new WatchList(paceOf(providerOf(node), DEFAULT_RECONCILE_MINUTES * 60_000));
	const memory: TriggerMemory = { list, wake: null, signer: null, signatureKeys: null, addressFinding: null, hasLearnt: false };
	memories.set(key, memory);
	return memory;
}

type Storing = Place & Pick<FunctionsBase, 'getWorkflowStaticData'>;

/** Where the trigger's list is stored: with the workflow, not with the node, whose data n8n forgets when it gets a new name. */
function placeOf(context: Storing): [data: IDataObject, key: string] {
	return [context.getWorkflowStaticData('global'), `lumaVideoTrigger ${context.getNode().id}`];
}

/** Stores the list. Only `webhook()` may: whoever else does overwrites what was stored meanwhile. */
export function store(context: Storing, list: WatchList): void {
	const [data, key] = placeOf(context);
	data[key] = { ...list.toStore() };
}

/** Reads once per process what is stored. */
export function learn(context: Storing, memory: TriggerMemory, now: number): void {
	if (memory.hasLearnt) return;
	memory.hasLearnt = true;
	const [data, key] = placeOf(context);
	const { watched, emitted } = (data[key] ?? {}) as Partial<StoredList>;
	memory.list.learn({ watched: Array.isArray(watched) ? watched : [], emitted: Array.isArray(emitted) ? emitted : [] }, now);
}
