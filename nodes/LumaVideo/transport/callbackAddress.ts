/** Addresses that providers call: whether they can be reached, and this execution's own. Pure. */
import type { Provider } from '../providers/provider';
import { isLocalHost, parseHttpUrl } from './address';
import { webhookIdOf } from './announce';

const SETTING = 'Set N8N_WEBHOOK_URL (in older n8n WEBHOOK_URL) to the public address of n8n';

/**
 * Why a provider cannot call this address, as the end of a sentence that begins with the address's name; `null` when it
 * can. Where a provider never calls, only a trigger can be meant, which the node tells itself.
 *
 * @param allowLocal whether the provider itself is in a private network, so that it may reach private addresses
 */
export function callbackFinding(provider: Provider, address: string, allowLocal: boolean): string | null {
	const { callbacks } = provider;
	const url = parseHttpUrl(address);
	if (!url) return 'must be a web address beginning with https:// or http://';
	const isTrigger = webhookIdOf(address) !== null;
	if (!callbacks && isTrigger) return null;
	if (!callbacks) return `must be the URL of a Luma Video Trigger: ${provider.displayName} calls no other address`;
	if (allowLocal) return null;
	if (isLocalHost(url.hostname)) {
		return `is at ${url.hostname}, which ${provider.displayName} cannot reach. ${SETTING}`;
	}
	if (url.pathname.includes('/webhook-test/')) {
		return 'is a test URL, which stops listening before the video is finished; use the production URL';
	}
	if (callbacks.httpsOnly && url.protocol !== 'https:') {
		return `must begin with https:// for ${provider.displayName}. ${SETTING}`;
	}
	return null;
}

/** Last part of the address on which a suspended node is called. */
export const RESUME_PATH = 'callback';

/** The address without the number of the execution, which a retry changes; its token stays. */
function family(address: string): string | null {
	const [, before, after] = new RegExp(`^(.*)/[^/]+/${RESUME_PATH}(\\?.+)$`).exec(address) ?? [];
	return before === undefined || after === undefined ? null : before + after;
}

/** Whether two addresses are those of one suspended execution and its retries. */
export function isOfSameExecution(one: string, other: string): boolean {
	return family(one) !== null && family(one) === family(other);
}

/**
 * The address on which a suspended execution is called back.
 *
 * @param resumeUrl `$execution.resumeUrl`: with a signature in the query since n8n 2.14
 */
export function resumeAddress(resumeUrl: string): string | null {
	const url = parseHttpUrl(resumeUrl);
	if (!url) return null;
	url.pathname = `${url.pathname.replace(/\/+$/, '')}/${RESUME_PATH}`;
	return url.href;
}
