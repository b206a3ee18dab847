/** Whether an address that a service named, or redirects to, is public: by its name, and by what that resolves to. */
import type { RequestHelperFunctions } from 'n8n-workflow';
import { isLocalHost, parseHttpUrl } from './address';
import { isBlocked } from './exchange';

/**
 * Asks n8n's own filter of private networks, whether or not the operator switched it on: it resolves names, so that
 * `169.254.169.254.nip.io` is not public. Versions of n8n without that filter judge by name only. A name that cannot be
 * resolved counts as public: behind a proxy, n8n need not be able to resolve any, and the request itself fails otherwise.
 */
export async function isPublicAddress(helpers: Partial<Pick<RequestHelperFunctions, 'getSecureEgressFilter'>>, address: string): Promise<boolean> {
	const url = parseHttpUrl(address);
	if (!url || isLocalHost(url.hostname)) return false;
	try {
		const verdict = await helpers.getSecureEgressFilter?.('enforced').validateUrl(url);
		return verdict?.ok !== false || !isBlocked(verdict.error);
	} catch {
		return true;
	}
}
