/**
 * One emission per generation and event. n8n's deduplication store is the authority: it is in the database and survives
 * restarts. It reads, changes and writes without a lock, so if two processes write at the same moment, one undoes what
 * the other recorded.
 *
 * If executions run in several processes, a key is therefore recorded in several rounds, and whoever is first in every
 * round emits. The first of a round always continues, so somebody emits. Each process records all its keys of a moment in
 * one call and then waits many times as long as that took: calls rarely collide, and a double emission would need a
 * collision in each round. The winner then records again what was undone, for those who come later.
 */
import type { IExecuteFunctions } from 'n8n-workflow';
import type { Clock } from '../generation/clock';
import { pauseFor } from '../generation/clock';
import { nodeKey } from '../generation/nodeKey';
import { inLine } from './inLine';

/** How many records n8n keeps for a trigger, 27 bytes each, written together: two for each of 1,000 emissions. */
export const MAX_RECORDS = 2000;
/** The same if executions run in several processes: seven for each of 800 emissions. */
const MAX_RECORDS_APART = 5600;

const ROUNDS = 6;
/** How often a winner records again what others undid, at most. */
const MAX_REPAIRS = 6;
/** The pause before a call of the store is at most this multiple of its duration, within these limits in milliseconds. */
const PAUSE_FACTOR = 40;
const MIN_PAUSE_MS = 300;
const MAX_PAUSE_MS = 3000;
/** If two processes create the first record at the same time, one of them fails and finds it there on its next attempt. */
const TRIES = 3;

type Store = Pick<IExecuteFunctions['helpers'], 'checkProcessedAndRecord' | 'removeProcessed'>;
type Context = Pick<IExecuteFunctions, 'getMode' | 'getNode' | 'getWorkflow'> & { helpers: Store };

/**
 * Whether to emit now; if so, the key counts as emitted from now on. A retry of an execution that was interrupted after
 * its claim is recognized by its ticket, and emits again.
 *
 * @param ticket unique to the hand-over; a retry of its execution has the same
 * @param isAlone whether no other process emits for this trigger
 */
export async function claim(context: Context, key: string, ticket: string, isAlone: boolean, clock: Clock): Promise<boolean> {
	const record = async (...keys: string[]): Promise<Set<string>> => await recordTogether(context, keys, isAlone, clock);
	const ticketKey = `${key} by ${ticket}`;
	const isRetry = context.getMode() === 'retry';
	// Retries are done by hand, one at a time.
	if (isAlone || isRetry) {
		const added = await record(key, ticketKey);
		if (added.has(key)) return true;
		if (!added.has(ticketKey)) return isRetry;
		await inLine(nodeKey(context), async () => {
			await context.helpers.removeProcessed([ticketKey], 'node', { mode: 'entries' });
		});
		return false;
	}
	const rounds = Array.from({ length: ROUNDS }, (_, index) => (index === 0 ? key : `${key} round ${index + 1}`));
	for (const round of rounds) if ((await record(round)).size === 0) return false;
	for (let repair = 0; repair < MAX_REPAIRS; repair++) if ((await record(ticketKey, ...rounds)).size === 0) break;
	return true;
}

interface Batch {
	keys: string[];
	added: Promise<Set<string>>;
}

/** What each trigger records next, and how long that took last time, in milliseconds. */
const batches = new Map<string, Batch>();
const durations = new Map<string, number>();

/** Records keys, together with all that this process records in the meantime; returns those that are new. */
async function recordTogether(context: Context, keys: readonly string[], isAlone: boolean, clock: Clock): Promise<Set<string>> {
	// The store's calls for one trigger wait for each other: within a process, none undoes what another wrote.
	const line = nodeKey(context);
	let batch = batches.get(line);
	if (!batch) {
		const collected: string[] = [];
		const run = async (): Promise<Set<string>> => {
			const limit = Math.min(Math.max((durations.get(line) ?? 0) * PAUSE_FACTOR, MIN_PAUSE_MS), MAX_PAUSE_MS);
			if (!isAlone) await pauseFor(clock, Math.random() * limit, undefined);
			return await inLine(line, async () => {
				batches.delete(line);
				const startedAt = clock.now();
				const added = await recordNow(context.helpers, collected, isAlone ? MAX_RECORDS : MAX_RECORDS_APART);
				durations.set(line, clock.now() - startedAt);
				return added;
			});
		};
		batch = { keys: collected, added: run() };
		batches.set(line, batch);
	}
	batch.keys.push(...keys);
	const added = await batch.added;
	// Of two with the same key, the first takes it.
	return new Set(keys.filter((key) => added.delete(key)));
}

async function recordNow(store: Store, keys: readonly string[], maxEntries: number): Promise<Set<string>> {
	for (let attempt = 1; ; attempt++) {
		try {
			const result = await store.checkProcessedAndRecord([...new Set(keys)], 'node', { mode: 'entries', maxEntries });
			return new Set(result.new.map(String));
		} catch (error) {
			if (attempt >= TRIES) throw error instanceof Error ? error : new Error(String(error));
		}
	}
}
