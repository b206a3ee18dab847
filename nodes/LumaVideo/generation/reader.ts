/**
 * Reads what runs, for many jobs at once: one read of the provider's list serves all that wait, and where there is no
 * list, or it leaves a generation out, a bounded number of single reads.
 */
import type { Generation, Provider } from '../providers/provider';
import type { ProviderClient } from '../transport/providerClient';
import type { Unanswered } from './ask';
import { askForGeneration } from './ask';
import { Gate } from './gate';
import { listPages } from './list';
import type { Pauses } from './pauses';
import { RunEnded } from './pauses';
import { isTransient } from './read';

/** The state of a generation, or why it is not known. */
export type Look = Unanswered | { ok: true; value: Generation };

/** From this many on, one list read is cheaper than a read for each. */
const LIST_FROM = 2;
const MAX_LIST_PAGES = 5;
const MAX_PAGE = 100;
const MIN_PAGE = 20;
/** Single reads at once. */
const CONCURRENT_READS = 8;

/** Somebody who waits for the state of a generation. */
interface Watcher {
	generationId: string;
	/** Ends the pause before the look: there is one already. */
	tell(look: Look): void;
}

export class Reader {
	private readonly watchers = new Set<Watcher>();
	private readonly gate = new Gate(CONCURRENT_READS);
	/** Not in the list: read on their own. */
	private readonly unlisted = new Set<string>();
	private isListUsable = true;
	private listing: Promise<void> | null = null;

	constructor(
		private readonly provider: Provider,
		private readonly client: ProviderClient,
		private readonly pauses: Pauses,
	) {}

	/** How many generations the next read of one that nobody waits for yet is going to serve. */
	served(generationId: string): number {
		return this.isListed(generationId) ? this.listed().length + 1 : 1;
	}

	/**
	 * The state of a generation at a moment, in milliseconds since 1970, or sooner where a read for others tells it.
	 *
	 * @throws RunEnded when the run ends before
	 */
	async look(generationId: string, at: number): Promise<Look> {
		const pause = this.pauses.pause(at);
		let told: Look | null = null;
		const watcher: Watcher = {
			generationId,
			tell: (look) => {
				told = look;
				pause.end();
			},
		};
		const answer = (): Look | null => told;
		this.watchers.add(watcher);
		try {
			await pause.over;
			// One that joins a list read that is under way is not told by it.
			while (answer() === null && this.isListed(generationId) && this.listed().length >= LIST_FROM) {
				this.listing ??= this.readList()
					// Whatever is wrong with the list, each can be read on its own.
					.catch(() => {
						this.isListUsable = false;
					})
					.finally(() => {
						this.listing = null;
					});
				await this.pauses.unlessEnded(this.listing);
			}
			return answer() ?? (await this.pauses.unlessEnded(this.gate.run(async () => await this.readOne(generationId))));
		} finally {
			this.watchers.delete(watcher);
		}
	}

	/** Those whom one read of the list can serve together. */
	private listed(): Watcher[] {
		return [...this.watchers].filter(({ generationId }) => this.isListed(generationId));
	}

	/** Whether a read of the list can tell its state. */
	private isListed(generationId: string): boolean {
		return this.provider.listing !== undefined && this.isListUsable && !this.unlisted.has(generationId);
	}

	private async readOne(generationId: string): Promise<Look> {
		if (this.pauses.ended !== null) throw new RunEnded();
		return await askForGeneration(this.provider, this.client, generationId);
	}

	/** Tells every watcher what the list says of its generation; says nothing to those it does not name. */
	private async readList(): Promise<void> {
		const missing = new Set(this.listed());
		const tell = (watchers: Iterable<Watcher>, look: Look): void => {
			for (const watcher of watchers) watcher.tell(look);
		};
		const pageSize = Math.min(MAX_PAGE, Math.max(MIN_PAGE, missing.size * 2));
		for await (const page of listPages(this.provider, this.client, pageSize, MAX_LIST_PAGES)) {
			if (!page.ok) {
				if (page.problem === null || isTransient(page.problem)) tell(missing, page);
				// The list is of no use here: each is read on its own, which also words the problem per generation.
				else this.isListUsable = false;
				return;
			}
			const rows = new Map(page.generations.map((generation) => [generation.generationId, generation]));
			for (const watcher of missing) {
				const generation = rows.get(watcher.generationId);
				if (!generation) continue;
				missing.delete(watcher);
				watcher.tell({ ok: true, value: generation });
			}
			if (missing.size === 0) return;
		}
		for (const { generationId } of missing) this.unlisted.add(generationId);
	}
}
