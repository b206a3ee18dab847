/** What all parts of the trigger share: its settings, its memory, and whether a generation is meant for it. */
import type { FunctionsBase, INode } from 'n8n-workflow';
import { NodeOperationError } from 'n8n-workflow';
import { findProvider } from '../providers';
import type { Generation, Provider } from '../providers/provider';
import { parseHttpUrl } from '../transport/address';
import type { StoredState, TriggerState } from './triggerState';
import { stateOf } from './triggerState';

/** Generations older than this are not emitted: what was emitted before is not remembered forever. */
export const MAX_AGE_MS = 7 * 24 * 3_600_000;
/** How many emissions n8n's deduplication store remembers per trigger. */
export const MAX_REMEMBERED = 5000;
/** How long a request of the trigger may take, in milliseconds. */
export const REQUEST_TIMEOUT_MS = 20_000;

type Context = Pick<FunctionsBase, 'getNode' | 'getWorkflow' | 'getWorkflowStaticData'>;

/** @throws NodeOperationError when the workflow names a provider that this version does not know */
export function providerOf(node: INode): Provider {
	const value = node.parameters.provider ?? 'lumaDreamMachine';
	const provider = typeof value === 'string' ? findProvider(value) : undefined;
	if (!provider) {
		throw new NodeOperationError(node, "'Provider' is not known", { description: "Choose 'Provider' anew." });
	}
	return provider;
}

/** The trigger's memory, with what is stored in the workflow's static data. */
export function knownState(context: Context): TriggerState {
	const state = stateOf(context.getWorkflow().id, context.getNode().id);
	const stored: StoredState = context.getWorkflowStaticData('node');
	state.learn(stored);
	return state;
}

/** Stores the memory; n8n saves it when the call, or the execution, is over. */
export function storeState(context: Context, state: TriggerState): void {
	Object.assign(context.getWorkflowStaticData('node'), state.toStore());
}

/**
 * Whether a generation was told to call this trigger; `true` also where that cannot be known. A generation that calls
 * the test URL belongs to a test, not to the published workflow.
 */
export function isMeantFor(provider: Provider, generation: Generation, node: INode, isTest: boolean): boolean {
	if (!provider.callbackUrlOf) return true;
	const address = provider.callbackUrlOf(generation);
	const url = address === null ? null : parseHttpUrl(address);
	if (!url || node.webhookId === undefined) return false;
	if (!url.pathname.split('/').includes(node.webhookId)) return false;
	return isTest || !url.pathname.includes('/webhook-test/');
}

/** Whether a generation is too old to be emitted; one that names no time is not. */
export function isTooOld(generation: Generation, now: number): boolean {
	const createdAt = Date.parse(generation.completedAt ?? generation.createdAt ?? '');
	return now - createdAt > MAX_AGE_MS;
}
