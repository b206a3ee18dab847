/** What all parts of the trigger share: its settings, its memory, and whether a generation is meant for it. */
import type { FunctionsBase, INode } from 'n8n-workflow';
import { NodeOperationError } from 'n8n-workflow';
import { isOver } from '../generation/read';
import { findProvider } from '../providers';
import type { Generation, Provider } from '../providers/provider';
import { parseHttpUrl } from '../transport/address';
import type { TriggerEvent, TriggerState } from './triggerState';
import { MAX_AGE_MS, emissionKey, eventOf, stateOf } from './triggerState';

/** How long a request of the trigger may take, in milliseconds. */
export const REQUEST_TIMEOUT_MS = 20_000;

/** @throws NodeOperationError when the workflow names a provider that this version does not know */
export function providerOf(node: INode): Provider {
	const value = node.parameters.provider ?? 'lumaDreamMachine';
	const provider = typeof value === 'string' ? findProvider(value) : undefined;
	if (!provider) {
		throw new NodeOperationError(node, "'Provider' is not known", { description: "Choose 'Provider' anew." });
	}
	return provider;
}

/** The trigger's memory in this process. */
export function knownState(context: Pick<FunctionsBase, 'getNode' | 'getWorkflow'>): TriggerState {
	return stateOf(context.getWorkflow().id, context.getNode().id);
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
	const endedAt = Date.parse(generation.completedAt ?? generation.createdAt ?? '');
	return now - endedAt > MAX_AGE_MS;
}

/** What a generation, as it was read, is to be emitted as. One that is completed and has no video yet is under way. */
export function emissionOf(provider: Provider, generation: Generation): { event: TriggerEvent; key: string } {
	const { generationId } = generation;
	const status = generation.status !== 'queued' && !isOver(generation) ? 'processing' : generation.status;
	return { event: eventOf(status), key: emissionKey(provider.id, { generationId, status }) };
}
