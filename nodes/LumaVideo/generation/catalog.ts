/** Lists that a service keeps of what can be chosen; where such a list is gone, the documented one stands in. */
import type { CatalogName, Problem, Provider } from '../providers/provider';
import type { ProviderClient } from '../transport/providerClient';

export type CatalogResult =
	| { ok: true; values: string[]; isDocumented: boolean }
	| { ok: false; text: string; problem: Problem | null };

/** The values of a catalog, the service's own or, after a 404, the documented ones. */
export async function readCatalog(
	provider: Provider,
	client: ProviderClient,
	name: CatalogName,
): Promise<CatalogResult> {
	const catalog = provider.catalogs?.[name];
	if (!catalog) return { ok: false, text: `${provider.displayName} has no such list`, problem: null };
	const exchange = await client.send(catalog.call());
	if (exchange.kind === 'fault') {
		return { ok: false, text: `${provider.displayName} cannot be reached: ${exchange.fault.text}`, problem: null };
	}
	const reading = catalog.read(exchange.answer);
	if (reading.ok) return { ok: true, values: reading.value, isDocumented: false };
	if (reading.problem.kind === 'notFound') return { ok: true, values: [...catalog.known], isDocumented: true };
	return { ok: false, text: reading.problem.message, problem: reading.problem };
}
