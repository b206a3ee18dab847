/**
 * Whether a call was signed by the provider, where the provider signs its calls. A forged call is dropped before anything
 * is read for it; a call that cannot be checked, since the keys cannot be fetched, stays a hint like an unsigned one.
 */
import type { IWebhookFunctions } from 'n8n-workflow';
import { ask } from '../generation/ask';
import type { IncomingCall, Provider } from '../providers/provider';
import { createProviderClient } from '../transport/providerClient';
import type { TriggerMemory } from './trigger';
import { REQUEST_TIMEOUT_MS } from './trigger';

/** fal.ai lets its public keys be cached for a day at most. */
const KEPT_MS = 24 * 3_600_000;
/** Keys may have been rotated: after a signature that does not fit they are fetched again, but not more often than this. */
const REFETCH_MS = 60_000;

/** Keys as they were fetched last; none where that failed. */
export interface SignatureKeys {
	keys: readonly string[];
	fetchedAt: number;
}

/** @param now in milliseconds since 1970 */
export async function isForged(
	context: IWebhookFunctions,
	provider: Provider,
	memory: TriggerMemory,
	call: IncomingCall,
	now: number,
): Promise<boolean> {
	const signature = provider.callbacks?.signature;
	if (!signature) return false;
	const known = memory.signatureKeys;
	if (known && now - known.fetchedAt < KEPT_MS) {
		if (known.keys.length > 0 && signature.isGenuine(call, known.keys, now)) return false;
		if (now - known.fetchedAt < REFETCH_MS) return known.keys.length > 0;
	}
	// Noted before the answer is here: calls that come together ask once.
	memory.signatureKeys = { keys: known?.keys ?? [], fetchedAt: now };
	const client = await createProviderClient(context, provider, REQUEST_TIMEOUT_MS);
	const answer = await ask(provider, client, signature.keys.call(), signature.keys.read);
	const keys = answer.ok ? answer.value : [];
	memory.signatureKeys = { keys, fetchedAt: now };
	return keys.length > 0 && !signature.isGenuine(call, keys, now);
}
