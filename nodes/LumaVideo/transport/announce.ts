/**
 * Telling a Luma Video Trigger which generations are going to call it. Where a provider cannot list, a lost callback
 * could never be found again: nobody would know what to ask for. The trigger takes it as a hint, like any call.
 */
import type { IExecuteFunctions } from 'n8n-workflow';
import type { JsonValue, Provider } from '../providers/provider';
import { isObject, valueAt } from '../providers/answers';
import { parseHttpUrl } from './address';

/** Last part of the trigger's address. */
export const TRIGGER_PATH = 'luma-video';

const MAX_IDS = 100;
const TIMEOUT_MS = 5000;

/** Whether an address is a trigger's production URL, as far as it can be seen. */
export function isTriggerUrl(address: string): boolean {
	const parts = parseHttpUrl(address)?.pathname.split('/') ?? [];
	return parts.at(-1) === TRIGGER_PATH && !parts.includes('webhook-test');
}

/** The ids that a body announces for a provider; `null` when it is no announcement. */
export function announcedIds(body: JsonValue | undefined, provider: Provider): string[] | null {
	const announcement = isObject(body) ? valueAt(body, 'lumaVideo') : undefined;
	if (!isObject(announcement)) return null;
	const ids = announcement.generationIds;
	if (announcement.provider !== provider.id || !Array.isArray(ids)) return [];
	return ids.slice(0, MAX_IDS).filter((id) => typeof id === 'string');
}

/** Announces generations. What does not arrive is not missed unless a callback is lost too, so nothing is said. */
export async function announce(
	context: IExecuteFunctions,
	address: string,
	provider: Provider,
	generationIds: readonly string[],
): Promise<void> {
	for (let first = 0; first < generationIds.length; first += MAX_IDS) {
		const ids = generationIds.slice(first, first + MAX_IDS);
		try {
			await context.helpers.httpRequest({
				method: 'POST',
				url: address,
				body: { lumaVideo: { provider: provider.id, generationIds: ids } },
				json: true,
				timeout: TIMEOUT_MS,
				disableFollowRedirect: true,
				ignoreHttpStatusErrors: true,
			});
		} catch (error) {
			context.logger.debug(`The trigger was not told of ${ids.length} generations: ${String(error)}`);
		}
	}
}
