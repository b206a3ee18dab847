/** Lists of values that a service keeps; if such a list no longer exists, the documented one is used. */
import type { Catalog, Provider } from '../providers/provider';
import type { ProviderClient } from '../transport/providerClient';
import type { Unanswered } from './ask';
import { ask } from './ask';

export type CatalogResult = Unanswered | { ok: true; values: string[]; isDocumented: boolean };

/** The values of a catalog: the service's own or, after a 404, the documented ones. */
export async function readCatalog(provider: Provider, client: ProviderClient, catalog: Catalog): Promise<CatalogResult> {
	const answer = await ask(provider, client, catalog.call(), catalog.read);
	if (answer.ok) return { ok: true, values: answer.value, isDocumented: false };
	if (answer.problem?.kind === 'notFound') return { ok: true, values: [...catalog.known], isDocumented: true };
	return answer;
}
