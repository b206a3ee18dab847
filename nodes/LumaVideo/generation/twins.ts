/**
 * Identical requests in this process, from several items or from several executions at the same time. A search for a lost
 * generation must not adopt one that another of them bought.
 */

import type { GenerationRequest } from '../providers/provider';
import type { ProviderClient } from '../transport/providerClient';
import { fingerprint } from './ledger';

/** The same for identical requests of one account with the same callback URL. */
export function twinHash({ account }: ProviderClient, sent: GenerationRequest): string {
	return fingerprint([account, sent]);
}

/** Number of owned generations to remember. */
const MAX_OWNED = 20_000;
/** How long lost requests are remembered: the list is searched only briefly, but a generation may appear late. */
const REMEMBER_LOST_MS = 900_000;

/** Requests sent within this many milliseconds of each other may be confused. */
const SAME_TIME_MS = 5000;

interface Lost {
	hash: string;
	/** The ledger entry's. */
	name: string;
	/** When it was sent, and when it turned out to be lost; in milliseconds since 1970. */
	from: number;
	until: number;
}

export class Twins {
	/** The request from which a generation came, by the name of the ledger's entry. */
	private readonly owners = new Map<string, string>();
	private readonly underWay: Tasks = new Map();
	private readonly searches: Tasks = new Map();
	private lost: Lost[] = [];

	/**
	 * Call this for every generation as soon as its id is known.
	 *
	 * @param name of the ledger's entry
	 */
	own(generationId: string, name: string): void {
		this.owners.delete(generationId);
		this.owners.set(generationId, name);
		const [oldest] = this.owners.keys();
		if (this.owners.size > MAX_OWNED && oldest !== undefined) this.owners.delete(oldest);
	}

	isOwned(generationId: string): boolean {
		return this.owners.has(generationId);
	}

	/** The id from an answer that arrived after the execution had ended; `null` if there was none. */
	idOf(name: string): string | null {
		for (const [generationId, owner] of this.owners) if (owner === name) return generationId;
		return null;
	}

	/**
	 * Sends a request and registers it as pending. Waits while a search for an identical one is running, since the
	 * generations could be confused, and while the very same request of a stopped and now retried execution is pending.
	 *
	 * @param name of the ledger's entry
	 */
	async send<T>(hash: string, name: string, request: () => Promise<T>): Promise<T> {
		for (let searches; (searches = tasksOf(this.searches, hash)).length > 0; ) await Promise.allSettled(searches);
		for (let same; (same = this.underWay.get(hash)?.get(name)); ) await Promise.allSettled([same]);
		return await noted(this.underWay, hash, name, request());
	}

	/** Runs a search for a lost request. */
	async search<T>(hash: string, name: string, task: () => Promise<T>): Promise<T> {
		return await noted(this.searches, hash, name, task());
	}

	/** Waits for the answers to identical requests: then it is known which of the listed generations are theirs. */
	async settled(hash: string, name: string): Promise<void> {
		for (let others; (others = tasksOf(this.underWay, hash, name)).length > 0; ) await Promise.allSettled(others);
	}

	/** A request got no readable answer. */
	isLost(lost: Lost): void {
		this.lost = this.lost.filter(
			({ name, until }) => Math.abs(lost.until - until) < REMEMBER_LOST_MS && name !== lost.name,
		);
		this.lost.push(lost);
	}

	isFound(name: string): void {
		this.lost = this.lost.filter((other) => other.name !== name);
	}

	/**
	 * How many identical requests other runs in this process have lost at the same time.
	 *
	 * @param own names of the searching run's entries
	 */
	lostByOthers({ hash, from, until }: Omit<Lost, 'name'>, own: ReadonlySet<string>): number {
		return this.lost.filter(
			(other) =>
				other.hash === hash &&
				!own.has(other.name) &&
				other.from <= until + SAME_TIME_MS &&
				other.until >= from - SAME_TIME_MS,
		).length;
	}
}

/** Pending tasks by hash and name of the ledger's entry. */
type Tasks = Map<string, Map<string, Promise<unknown>>>;

function tasksOf(tasks: Tasks, hash: string, except?: string): Array<Promise<unknown>> {
	return [...(tasks.get(hash) ?? [])].flatMap(([name, task]) => (name === except ? [] : [task]));
}

async function noted<T>(tasks: Tasks, hash: string, name: string, task: Promise<T>): Promise<T> {
	const ofHash = tasks.get(hash) ?? new Map<string, Promise<unknown>>();
	tasks.set(hash, ofHash);
	ofHash.set(name, task);
	try {
		return await task;
	} finally {
		ofHash.delete(name);
		if (ofHash.size === 0) tasks.delete(hash);
	}
}

/** The ones of this process. */
export const twins = new Twins();
