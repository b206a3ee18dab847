/**
 * Whether a call was signed by the provider, where the provider signs its calls. A forged call is dropped before anything
 * is read for it; a call that cannot be checked, since the keys were never fetched, stays a hint like an unsigned one.
 */
import type { IWebhookFunctions } from 'n8n-workflow';
import type { IncomingCall, Provider } from '../providers/provider';
import { createProviderClient } from '../transport/providerClient';
import { ask } from './ask';
import { nodeKey } from './nodeKey';

/** The service that calls gives up after 5 to 15 s. */
const REQUEST_TIMEOUT_MS = 4000;

/** fal.ai lets its public keys be cached for a day at most. */
const KEPT_MS = 24 * 3_600_000;
/** Keys may have been rotated: after a signature that does not fit they are fetched again, but not more often than this. */
const REFETCH_MS = 60_000;

/** Keys as last fetched: those before, if that failed, or none. */
interface SignatureKeys {
	keys: readonly string[];
	fetchedAt: number;
}

/** For each node, since its credential says where the keys are fetched. */
const keysOfNodes = new Map<string, SignatureKeys>();

/** @param now in milliseconds since 1970 */
export async function isForged(context: IWebhookFunctions, provider: Provider, call: IncomingCall, now: number): Promise<boolean> {
	const signature = provider.callbacks?.signature;
	if (!signature) return false;
	const place = nodeKey(context);
	const known = keysOfNodes.get(place);
	if (known && now - known.fetchedAt < KEPT_MS) {
		if (known.keys.length > 0 && signature.isGenuine(call, known.keys, now)) return false;
		if (now - known.fetchedAt < REFETCH_MS) return known.keys.length > 0;
	}
	const kept = known?.keys ?? [];
	// Noted before the answer is here: calls that come together ask once.
	keysOfNodes.set(place, { keys: kept, fetchedAt: now });
	const client = await createProviderClient(context, provider, REQUEST_TIMEOUT_MS);
	const answer = await ask(provider, client, signature.keys.call(), signature.keys.read);
	const keys = answer.ok ? answer.value : kept;
	keysOfNodes.set(place, { keys, fetchedAt: now });
	return keys.length > 0 && !signature.isGenuine(call, keys, now);
}
