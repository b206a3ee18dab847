/** Addresses that providers call: whether they are reachable, and this execution's own. Pure. */
import type { Provider } from '../providers/provider';
import { isLocalHost, parseHttpUrl } from './address';
import { webhookIdOf } from './announce';
import { httpsNeeded, notAWebAddress, notReachable, onlyATrigger, testUrl } from './messages';

/**
 * Why a provider cannot call this address, as the end of a sentence that begins with the address's name; `null` when it
 * can. If a provider never calls back, the address must be a trigger's, which the node notifies itself.
 *
 * @param allowLocal whether the provider itself is in a private network, so that it may reach private addresses
 */
export function callbackFinding(provider: Provider, address: string, allowLocal: boolean): string | null {
	const { callbacks } = provider;
	const url = parseHttpUrl(address);
	if (!url) return notAWebAddress();
	const isTrigger = webhookIdOf(address) !== null;
	if (!callbacks && isTrigger) return null;
	if (!callbacks) return onlyATrigger({ provider });
	if (allowLocal) return null;
	if (isLocalHost(url.hostname)) return notReachable({ host: url.hostname, provider });
	if (url.pathname.includes('/webhook-test/')) return testUrl();
	return callbacks.httpsOnly && url.protocol !== 'https:' ? httpsNeeded({ provider }) : null;
}

/** Last segment of the URL at which a suspended node is called. */
export const RESUME_PATH = 'callback';

/** The address without the execution's ID, which a retry changes; the token stays the same. */
function family(address: string): string | null {
	const [, before, after] = new RegExp(`^(.*)/[^/]+/${RESUME_PATH}(\\?.+)$`).exec(address) ?? [];
	return before === undefined || after === undefined ? null : before + after;
}

/** Whether two addresses belong to one suspended execution and its retries. */
export function isOfSameExecution(one: string, other: string): boolean {
	return family(one) !== null && family(one) === family(other);
}

/**
 * The URL at which a suspended execution is called back.
 *
 * @param resumeUrl `$execution.resumeUrl`: with a signature in the query since n8n 2.14
 */
export function resumeAddress(resumeUrl: string): string | null {
	const url = parseHttpUrl(resumeUrl);
	if (!url) return null;
	url.pathname = `${url.pathname.replace(/\/+$/, '')}/${RESUME_PATH}`;
	return url.href;
}
