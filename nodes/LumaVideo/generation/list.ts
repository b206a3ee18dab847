/** Reading the account's list of generations, page by page. */
import type { Generation, Problem, Provider } from '../providers/provider';
import type { ProviderClient } from '../transport/providerClient';

const PAGE = 100;
/** A list that never ends, by a mistake of the service, ends here. */
const MAX_PAGES = 1000;

export type ListResult = { ok: true; generations: Generation[] } | { ok: false; text: string; problem: Problem | null };

/**
 * The newest generations of the account.
 *
 * @param limit how many at most; `null` for all
 */
export async function listGenerations(
	provider: Provider,
	client: ProviderClient,
	limit: number | null,
): Promise<ListResult> {
	const generations: Generation[] = [];
	let offset: number | null = 0;
	for (let page = 0; page < MAX_PAGES && offset !== null; page++) {
		const wanted = limit === null ? PAGE : Math.min(PAGE, limit - generations.length);
		if (!provider.list || !provider.readList || wanted <= 0) break;
		const exchange = await client.send(provider.list({ limit: wanted, offset }));
		if (exchange.kind === 'fault') {
			return { ok: false, text: `${provider.displayName} cannot be reached: ${exchange.fault.text}`, problem: null };
		}
		const reading = provider.readList(exchange.answer);
		if (!reading.ok) return { ok: false, text: reading.problem.message, problem: reading.problem };
		generations.push(...reading.value.generations);
		offset = reading.value.nextOffset;
	}
	return { ok: true, generations: limit === null ? generations : generations.slice(0, limit) };
}
