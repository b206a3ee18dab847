/**
 * Requests of this process that are alike: asked for by several items, or by several executions at the same moment.
 * Whoever looks for a lost generation must not take what another one of them bought.
 */

import type { GenerationRequest } from '../providers/provider';
import type { ProviderClient } from '../transport/providerClient';
import { fingerprint } from './ledger';

/** The same for requests that are alike: of one account, and with the same address that is called back. */
export function twinHash({ account }: ProviderClient, sent: GenerationRequest): string {
	return fingerprint([account, sent]);
}

/** Generations remembered as somebody's. */
const MAX_OWNED = 20_000;
/** Lost requests remembered: the list is looked at for a moment only, but a generation may show up late. */
const REMEMBER_LOST_MS = 900_000;

/** Requests that were on their way within so many milliseconds of one another may be taken for one another. */
const SAME_TIME_MS = 5000;

interface Lost {
	hash: string;
	/** Of the ledger's entry. */
	name: string;
	/** When it was sent, and when it was known to be lost; in milliseconds since 1970. */
	from: number;
	until: number;
}

export class Twins {
	/** Which request a generation came of, by the name of the ledger's entry. */
	private readonly owners = new Map<string, string>();
	private readonly underWay: Tasks = new Map();
	private readonly searches: Tasks = new Map();
	private lost: Lost[] = [];

	/**
	 * To be told of every generation as soon as its id is known.
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

	/** What came of a request whose answer came after its execution had ended; `null` where that is not known. */
	idOf(name: string): string | null {
		for (const [generationId, owner] of this.owners) if (owner === name) return generationId;
		return null;
	}

	/**
	 * Notes a request that is on its way; not while one like it is being looked for: its generation could be mistaken. And
	 * not while the very same still is, of an execution that was stopped and is now retried.
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

	/** Waits for the answers to other requests like this one: which of the listed generations are theirs is known then. */
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
	 * How many requests like one that was lost others in this process have lost at the same time.
	 *
	 * @param own names of the entries of the run that looks for it
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

/** What is going on for a hash, by the name of the ledger's entry. */
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

/** Those of this process. */
export const twins = new Twins();
