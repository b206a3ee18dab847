/**
 * Finding a generation whose create got no readable answer. Pure.
 *
 * The decision: a listed generation is ours when its request equals ours field by field, it was created after we sent
 * the request and while that may have been on its way, and nobody else owns it. Where several are left, they are told
 * apart by counting: as many requests of this run like this one are unanswered, so many of the candidates are ours,
 * oldest first. More candidates than requests mean that somebody else asked for the very same at the very same time, and
 * so do other runs of this n8n that lost a request like it, unless there is a candidate for each. Then nothing is
 * decided, and all of them are named.
 */
import type { Generation } from '../providers/provider';

export interface Search {
	candidates: readonly Generation[];
	/** Whether a listed generation was asked for with the same request. */
	isSame(generation: Generation): boolean;
	/** When the request was sent, in milliseconds by our clock. */
	submittedAt: number;
	/** Milliseconds by our clock when the list was read. */
	now: number;
	/** The list answer's `date` header: tells the two clocks apart. */
	serverDate: string | undefined;
	/** Whether a generation belongs to another request. */
	isOwned(generationId: string): boolean;
	/** Unanswered requests of this run like this one, itself included. */
	unanswered: number;
	/** Unanswered requests like this one of other runs. */
	unansweredByOthers: number;
}

export type SearchResult =
	| { kind: 'found'; generation: Generation }
	| { kind: 'ambiguous'; generationIds: string[] }
	| { kind: 'none' };

/** The `date` header counts whole seconds, and the request is older than the answer. */
const TOLERANCE_MS = 2000;
/** Without the header: what clocks of servers may differ. */
const TOLERANCE_WITHOUT_DATE_MS = 30_000;
/** A request can be accepted as long as it is on its way: what 'Request Timeout' allows for. */
const MAX_ON_ITS_WAY_MS = 600_000;
const HOUR_MS = 3_600_000;

/** Milliseconds; a time without a zone is UTC, as services write it. */
export function utcTime(text: string | null): number {
	if (text === null) return Number.NaN;
	return Date.parse(/(z|[+-]\d{2}:?\d{2})$/i.test(text) ? text : `${text}Z`);
}

export function findLost(search: Search): SearchResult {
	const serverNow = Date.parse(search.serverDate ?? '');
	const skew = Number.isNaN(serverNow) ? 0 : serverNow - search.now;
	const tolerance = Number.isNaN(serverNow) ? TOLERANCE_WITHOUT_DATE_MS : TOLERANCE_MS;
	const earliest = search.submittedAt + skew - tolerance;
	const latest = search.submittedAt + skew + MAX_ON_ITS_WAY_MS + tolerance;
	const left = search.candidates
		.map((generation) => ({ generation, createdAt: utcTime(generation.createdAt) }))
		.filter(
			({ generation, createdAt }) =>
				createdAt >= earliest && createdAt <= latest && !search.isOwned(generation.generationId) && search.isSame(generation),
		)
		.sort((a, b) => a.createdAt - b.createdAt);
	const oldest = left[0];
	if (!oldest) return { kind: 'none' };
	const all = search.unanswered + search.unansweredByOthers;
	const isOurs = search.unansweredByOthers > 0 ? left.length === all : left.length <= all;
	if (isOurs) return { kind: 'found', generation: oldest.generation };
	return { kind: 'ambiguous', generationIds: left.map(({ generation }) => generation.generationId) };
}

/** Whether a generation is older than a moment whatever the clocks say: a list that reaches back to it is complete. */
export function isLongBefore(generation: Generation, time: number): boolean {
	return utcTime(generation.createdAt) < time - HOUR_MS;
}
