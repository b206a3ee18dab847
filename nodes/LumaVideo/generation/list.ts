/** Reading the account's list of generations, page by page. */
import type { Generation, Problem, Provider } from '../providers/provider';
import type { ProviderClient } from '../transport/providerClient';

const PAGE = 100;
/** A list that never ends, by a mistake of the service, ends here. */
const MAX_PAGES = 1000;

export type Page =
	| { ok: true; generations: Generation[]; /** The answer's `date` header. */ date: string | undefined; isLast: boolean }
	/** `text` says why there was no answer where `problem` is `null`. */
	| { ok: false; text: string; problem: Problem | null };

/** The pages of the list, newest generations first; nothing after one that cannot be read. */
export async function* listPages(
	provider: Provider,
	client: ProviderClient,
	pageSize: number,
	maxPages: number,
): AsyncGenerator<Page, void, undefined> {
	let offset: number | null = 0;
	for (let page = 0; page < maxPages && offset !== null; page++) {
		if (!provider.list || !provider.readList) return;
		const exchange = await client.send(provider.list({ limit: pageSize, offset }));
		if (exchange.kind === 'fault') {
			yield { ok: false, text: exchange.fault.text, problem: null };
			return;
		}
		const reading = provider.readList(exchange.answer);
		if (!reading.ok) {
			yield { ok: false, text: reading.problem.message, problem: reading.problem };
			return;
		}
		offset = reading.value.nextOffset;
		yield { ok: true, generations: reading.value.generations, date: exchange.answer.headers.date, isLast: offset === null };
	}
}

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
	// One that is made meanwhile moves the others on, and the last of a page comes again on the next.
	const found = new Map<string, Generation>();
	if (limit !== null && limit <= 0) return { ok: true, generations: [] };
	for await (const page of listPages(provider, client, Math.min(PAGE, limit ?? PAGE), MAX_PAGES)) {
		if (!page.ok) {
			const { problem } = page;
			const text = problem === null ? `${provider.displayName} cannot be reached: ${page.text}` : page.text;
			return { ok: false, text, problem };
		}
		for (const generation of page.generations) found.set(generation.generationId, generation);
		if (limit !== null && found.size >= limit) break;
	}
	return { ok: true, generations: [...found.values()].slice(0, limit ?? Infinity) };
}
