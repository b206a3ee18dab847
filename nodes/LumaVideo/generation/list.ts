/** Reading the account's list of generations, page by page. */
import type { Generation, GenerationPage, Provider } from '../providers/provider';
import type { ProviderClient } from '../transport/providerClient';
import type { Answered, Unanswered } from './ask';
import { ask } from './ask';

const PAGE = 100;
/** Limit for a list that never ends because of a server error. */
const MAX_PAGES = 1000;

export type Page = Unanswered | { ok: true; generations: Generation[]; /** The answer's `date` header. */ date: string | undefined; isLast: boolean };

/** The pages of the list, newest generations first; ends after one that cannot be read. */
export async function* listPages(
	provider: Provider,
	client: ProviderClient,
	pageSize: number,
	maxPages: number,
): AsyncGenerator<Page, void, undefined> {
	const { listing } = provider;
	let cursor: string | null = null;
	for (let page = 0; listing && page < maxPages; page++) {
		const answer: Answered<GenerationPage> = await ask(provider, client, listing.call({ limit: pageSize, cursor }), listing.read);
		if (!answer.ok) {
			yield answer;
			return;
		}
		const { generations, next }: GenerationPage = answer.value;
		yield { ok: true, generations, date: answer.date, isLast: next === null };
		if (next === null) return;
		cursor = next;
	}
}

export type ListResult = Unanswered | { ok: true; generations: Generation[] };

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
	// A new generation shifts the others, so the last one of a page may reappear on the next.
	const found = new Map<string, Generation>();
	if (limit !== null && limit <= 0) return { ok: true, generations: [] };
	for await (const page of listPages(provider, client, Math.min(PAGE, limit ?? PAGE), MAX_PAGES)) {
		if (!page.ok) return page;
		for (const generation of page.generations) found.set(generation.generationId, generation);
		if (limit !== null && found.size >= limit) break;
	}
	return { ok: true, generations: [...found.values()].slice(0, limit ?? Infinity) };
}
