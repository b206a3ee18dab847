/**
 * Polls generations for many jobs at once: one read of the provider's list serves all of them. Without a list, or for
 * generations missing from it, there is a limited number of concurrent single reads.
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

/** From this number on, one read of the list is cheaper than single reads. */
const LIST_FROM = 2;
const MAX_LIST_PAGES = 5;
const MAX_PAGE = 100;
const MIN_PAGE = 20;
/** Concurrent single reads. */
const CONCURRENT_READS = 8;

/** A task that waits for the state of a generation. */
interface Watcher {
	generationId: string;
	/** Ends the pause early, because the state is already known. */
	tell(look: Look): void;
}

export class Reader {
	private readonly watchers = new Set<Watcher>();
	private readonly gate = new Gate(CONCURRENT_READS);
	/** Missing from the list, so read individually. */
	private readonly unlisted = new Set<string>();
	private isListUsable = true;
	private listing: Promise<void> | null = null;

	constructor(
		private readonly provider: Provider,
		private readonly client: ProviderClient,
		private readonly pauses: Pauses,
	) {}

	/** How many generations the next read of this one will serve, if nobody waits for it yet. */
	served(generationId: string): number {
		return this.isListed(generationId) ? this.listed().length + 1 : 1;
	}

	/**
	 * The state of a generation at a moment, in milliseconds since 1970, or sooner if a read for others includes it.
	 *
	 * @throws RunEnded when the run ends first
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
			// A task that joins a list read in progress gets nothing from it.
			while (answer() === null && this.isListed(generationId) && this.listed().length >= LIST_FROM) {
				this.listing ??= this.readList()
					// Whatever is wrong with the list, each generation can be read individually.
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

	/** Those that one read of the list can serve. */
	private listed(): Watcher[] {
		return [...this.watchers].filter(({ generationId }) => this.isListed(generationId));
	}

	/** Whether the list can be expected to have it. */
	private isListed(generationId: string): boolean {
		const { listing } = this.provider;
		return listing !== undefined && listing.endedOnly !== true && this.isListUsable && !this.unlisted.has(generationId);
	}

	private async readOne(generationId: string): Promise<Look> {
		if (this.pauses.ended !== null) throw new RunEnded();
		return await askForGeneration(this.provider, this.client, generationId);
	}

	/** Tells every watcher the state of its generation; those missing from the list are told nothing. */
	private async readList(): Promise<void> {
		const missing = new Set(this.listed());
		const tell = (watchers: Iterable<Watcher>, look: Look): void => {
			for (const watcher of watchers) watcher.tell(look);
		};
		const pageSize = Math.min(MAX_PAGE, Math.max(MIN_PAGE, missing.size * 2));
		for await (const page of listPages(this.provider, this.client, pageSize, MAX_LIST_PAGES)) {
			if (!page.ok) {
				if (page.problem === null || isTransient(page.problem)) tell(missing, page);
				// The list is unusable: each generation is read individually, which also gives each its own message.
				else this.isListUsable = false;
				return;
			}
			const rows = new Map(page.generations.map((generation) => [generation.generationId, generation]));
			for (const watcher of missing) {
				const generation = rows.get(watcher.generationId);
				// What is finished without a file is read by itself, which says why.
				if (!generation || (generation.status === 'completed' && generation.media.length === 0)) continue;
				missing.delete(watcher);
				watcher.tell({ ok: true, value: generation });
			}
			if (missing.size === 0) return;
		}
		for (const { generationId } of missing) this.unlisted.add(generationId);
	}
}
