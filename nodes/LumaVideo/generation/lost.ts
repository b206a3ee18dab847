/**
 * Finding a generation whose create got no readable answer. Pure.
 *
 * A listed generation is ours if its request equals ours field by field, it was created while our request may have been
 * under way, and nobody else owns it. If several are left, they are matched by counting: the number of unanswered
 * requests like this one in this run is the number of candidates that are ours, oldest first. More candidates than
 * requests mean that somebody else sent the same request at the same time; so do other runs of this n8n that lost a
 * request like it, unless there is a candidate for each. Then all candidates are reported and none is adopted.
 */
import type { Generation } from '../providers/provider';

export interface Search {
	candidates: readonly Generation[];
	/** Whether a listed generation comes from the same request. */
	isSame(generation: Generation): boolean;
	/** When the request was sent, in milliseconds by our clock. */
	submittedAt: number;
	/** Milliseconds by our clock when the list was read. */
	now: number;
	/** The `date` header of the list's answer, to compensate for clock skew. */
	serverDate: string | undefined;
	/** Whether a generation belongs to another request. */
	isOwned(generationId: string): boolean;
	/** Unanswered requests like this one in this run, including itself. */
	unanswered: number;
	/** Unanswered requests like this one in other runs. */
	unansweredByOthers: number;
}

export type SearchResult =
	| { kind: 'found'; generation: Generation }
	| { kind: 'ambiguous'; generationIds: string[] }
	| { kind: 'none' };

/** The `date` header has whole seconds, and the request is older than the answer. */
const TOLERANCE_MS = 2000;
/** Without the header: plausible clock skew. */
const TOLERANCE_WITHOUT_DATE_MS = 30_000;
/** A request can be accepted while it is under way, which is limited by 'Request Timeout'. */
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

/** Whether a generation is older than a moment despite any clock skew: a list that goes back to it is complete. */
export function isLongBefore(generation: Generation, time: number): boolean {
	return utcTime(generation.createdAt) < time - HOUR_MS;
}
