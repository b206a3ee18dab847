/**
 * Requests of this process that are alike: asked for by several items, or by several executions at the same moment.
 * Whoever looks for a lost generation must not take what another one of them bought.
 */

/** Generations remembered as somebody's. */
const MAX_OWNED = 20_000;
/** Lost requests remembered: the list is looked at for a moment only, but a generation may show up late. */
const REMEMBER_LOST_MS = 900_000;

interface Lost {
	hash: string;
	/** Of the ledger's entry. */
	name: string;
	at: number;
}

export class Twins {
	private readonly owned = new Set<string>();
	private readonly underWay = new Map<string, Set<Promise<unknown>>>();
	private readonly searches = new Map<string, Set<Promise<unknown>>>();
	private lost: Lost[] = [];

	/** To be told of every generation as soon as its id is known. */
	own(generationId: string): void {
		this.owned.add(generationId);
		const [oldest] = this.owned;
		if (this.owned.size > MAX_OWNED && oldest !== undefined) this.owned.delete(oldest);
	}

	isOwned(generationId: string): boolean {
		return this.owned.has(generationId);
	}

	/** Notes a request that is on its way; not while one like it is being looked for: its generation could be mistaken. */
	async send<T>(hash: string, request: () => Promise<T>): Promise<T> {
		for (let others; (others = this.searches.get(hash)); ) await Promise.allSettled([...others]);
		return await noted(this.underWay, hash, request());
	}

	/** Runs a search for a lost request. */
	async search<T>(hash: string, task: () => Promise<T>): Promise<T> {
		return await noted(this.searches, hash, task());
	}

	/** Waits for the answers to requests like this one: which of the listed generations are theirs is known then. */
	async settled(hash: string): Promise<void> {
		for (let others; (others = this.underWay.get(hash)); ) await Promise.allSettled([...others]);
	}

	/**
	 * A request got no readable answer.
	 *
	 * @param name of the ledger's entry
	 * @param now milliseconds since 1970
	 */
	isLost(hash: string, name: string, now: number): void {
		this.lost = this.lost.filter((other) => Math.abs(now - other.at) < REMEMBER_LOST_MS && other.name !== name);
		this.lost.push({ hash, name, at: now });
	}

	isFound(name: string): void {
		this.lost = this.lost.filter((other) => other.name !== name);
	}

	/** How many requests like this one others in this process have lost. */
	lostByOthers(hash: string, own: ReadonlySet<string>): number {
		return this.lost.filter((other) => other.hash === hash && !own.has(other.name)).length;
	}
}

async function noted<T>(map: Map<string, Set<Promise<unknown>>>, hash: string, task: Promise<T>): Promise<T> {
	const tasks = map.get(hash) ?? new Set();
	map.set(hash, tasks);
	tasks.add(task);
	try {
		return await task;
	} finally {
		tasks.delete(task);
		if (tasks.size === 0) map.delete(hash);
	}
}

/** Those of this process. */
export const twins = new Twins();
