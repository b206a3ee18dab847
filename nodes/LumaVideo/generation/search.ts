/** Searches the provider's list for the generation of a request that got no readable answer. */
import { blankGeneration } from '../providers/answers';
import type { Generation, GenerationRequest, Provider } from '../providers/provider';
import { isSameRequest } from '../providers/provider';
import { isOfSameExecution } from '../transport/callbackAddress';
import type { JobServices } from './job';
import type { LedgerEntry } from './ledger';
import { listPages } from './list';
import { findLost, isLongBefore } from './lost';
import { twinHash } from './twins';

export type Found = { ok: true; generation: Generation } | NotFound;

export interface NotFound {
	ok: false;
	/** IDs of generations that may have come from the request. */
	lookAlikes: string[];
	/** Whether the list goes back far enough and has nothing like it. */
	isNotListed: boolean;
}

/** When to read the list, in milliseconds after the previous read: a list may lag behind. */
const LOOK_DELAYS_MS = [1000, 3000, 8000];
const PAGE = 100;
const MAX_PAGES = 5;

/** @throws RunEnded when the execution is stopped in the meantime */
export async function searchLost(entry: LedgerEntry, { options, pauses, twins }: JobServices): Promise<Found> {
	const { provider, ledger, clock } = options;
	const { sent } = entry;
	let found: Found = { ok: false, lookAlikes: [], isNotListed: false };
	if (!provider.listing || !sent) return found;
	const { endedOnly = false } = provider.listing;
	const hash = twinHash(options.client, sent);
	entry.lostAt ??= clock.wall();
	const lost = { hash, name: entry.name, from: entry.submittedAt, until: entry.lostAt };
	twins.isLost(lost);
	return await twins.search(hash, entry.name, async () => {
		// A generation that has only just begun cannot have ended in the next seconds.
		for (const delay of endedOnly ? LOOK_DELAYS_MS.slice(0, 1) : LOOK_DELAYS_MS) {
			await pauses.pause(pauses.now + delay, true).over;
			await pauses.unlessEnded(twins.settled(hash, entry.name), true);
			const generationId = twins.idOf(entry.name);
			if (generationId !== null) return { ok: true, generation: blankGeneration(generationId) };
			const list = await listBackTo(options, entry.submittedAt);
			if (!list) continue;
			const unanswered = ledger.unresolved(entry.requestHash);
			const result = findLost({
				candidates: list.generations,
				isSame: (generation) => isSame(provider, generation, sent),
				submittedAt: entry.submittedAt,
				now: clock.wall(),
				serverDate: list.date,
				isOwned: (id) => twins.isOwned(id) || ledger.knownIds().has(id),
				unanswered: unanswered.length,
				unansweredByOthers: twins.lostByOthers(lost, new Set(unanswered.map(({ name }) => name))),
			});
			if (result.kind === 'found') {
				twins.own(result.generation.generationId, entry.name);
				twins.isFound(entry.name);
				return { ok: true, generation: result.generation };
			}
			const lookAlikes = result.kind === 'ambiguous' ? result.generationIds : [];
			found = { ok: false, lookAlikes, isNotListed: !endedOnly && list.isComplete && lookAlikes.length === 0 };
		}
		return found;
	});
}

function isSame(provider: Provider, generation: Generation, sent: GenerationRequest): boolean {
	const { callback } = sent;
	const listed = callback ? provider.callbacks?.urlOf?.(generation) : null;
	// The retry of a crashed execution has a different address.
	const isOurs = callback !== null && listed != null && isOfSameExecution(callback.url, listed);
	return isSameRequest(provider, generation, isOurs ? { ...sent, callback: { ...callback, url: listed } } : sent);
}

/** What the account has generated since a moment, as far as the list goes; `null` when it cannot be read. */
async function listBackTo(
	{ provider, client }: JobServices['options'],
	time: number,
): Promise<{ generations: Generation[]; date: string | undefined; isComplete: boolean } | null> {
	const generations = new Map<string, Generation>();
	let date: string | undefined;
	for await (const page of listPages(provider, client, PAGE, MAX_PAGES)) {
		if (!page.ok) return null;
		for (const generation of page.generations) generations.set(generation.generationId, generation);
		date ??= page.date;
		const isComplete = page.isLast || page.generations.some((generation) => isLongBefore(generation, time));
		if (isComplete) return { generations: [...generations.values()], date, isComplete };
	}
	return { generations: [...generations.values()], date, isComplete: false };
}
