/**
 * One emission per generation and event. n8n's deduplication store is the authority: it is in the database and outlives
 * restarts. It reads, changes and writes without a lock, so that of two processes that write at the same moment one
 * undoes what the other recorded.
 *
 * Where executions run in several processes, a key is therefore recorded in several rounds, and whoever is first in every
 * round emits. The first of a round always goes on, so somebody emits. Each process records all its keys of a round in
 * one call and then waits many times as long as that took: calls seldom meet, and to emit twice they must in each round.
 */
import type { IExecuteFunctions } from 'n8n-workflow';
import type { Clock } from '../generation/clock';
import { inLine } from '../generation/inLine';
import { pauseFor } from '../generation/read';

/** How many records n8n keeps for a trigger, 27 bytes each, written as a whole: two for each emission, seven in queue mode. */
export const MAX_RECORDS = 2000;

const ROUNDS = 6;
/** The pause before a round is at most so many times what a call takes, and this in milliseconds at least. */
const PAUSE_FACTOR = 40;
const MIN_PAUSE_MS = 300;
/** Two processes that make the first record at the same time: one of them fails and finds it there next time. */
const TRIES = 3;

/** Something that would be emitted. */
export interface Candidate {
	key: string;
	/** The hand-over's own, which a retry of its execution has again. */
	ticket: string | null;
}

type Store = Pick<IExecuteFunctions['helpers'], 'checkProcessedAndRecord' | 'removeProcessed'>;
type Context = Pick<IExecuteFunctions, 'getMode' | 'getNode' | 'getWorkflow'> & { helpers: Store };

/** Records keys; returns those that were not there. */
async function record(store: Store, keys: readonly string[]): Promise<Set<string>> {
	if (keys.length === 0) return new Set();
	for (let attempt = 1; ; attempt++) {
		try {
			const result = await store.checkProcessedAndRecord([...keys], 'node', { mode: 'entries', maxEntries: MAX_RECORDS });
			return new Set(result.new.map(String));
		} catch (error) {
			if (attempt >= TRIES) throw error instanceof Error ? error : new Error(String(error));
		}
	}
}

function ticketKey({ key, ticket }: Candidate): string {
	return `${key} by ${ticket ?? ''}`;
}

/**
 * The keys that are to be emitted now; they count as emitted from now on. A retry of an execution that claimed and broke
 * off afterwards is told by its tickets, and emits again.
 *
 * @param isAlone whether no other process emits for this trigger
 */
export async function claim(context: Context, candidates: readonly Candidate[], isAlone: boolean, clock: Clock): Promise<Set<string>> {
	const store = context.helpers;
	const line = `${context.getWorkflow().id ?? ''} ${context.getNode().id}`;
	const { fresh, again } = await inLine(line, async () => {
		const added = await record(store, candidates.flatMap((each) => [each.key, ...(each.ticket === null ? [] : [ticketKey(each)])]));
		const others = candidates.filter(({ key, ticket }) => ticket !== null && !added.has(key));
		const vain = others.map(ticketKey).filter((ticket) => added.has(ticket));
		if (vain.length > 0) await store.removeProcessed(vain, 'node', { mode: 'entries' });
		return {
			fresh: candidates.map(({ key }) => key).filter((key) => added.has(key)),
			again: others.filter((each) => !added.has(ticketKey(each))).map(({ key }) => key),
		};
	});
	const mine = isAlone ? fresh : await winnersOf(line, store, fresh, clock);
	return new Set(context.getMode() === 'retry' ? [...mine, ...again] : mine);
}

/** Keys that wait for their next round, by trigger, and who waits. */
const waiting = new Map<string, Array<{ key: string; round: number; resolve(isWinner: boolean): void; reject(error: unknown): void }>>();

/** Those of the keys that are first in all further rounds. */
async function winnersOf(line: string, store: Store, keys: readonly string[], clock: Clock): Promise<string[]> {
	const results = await Promise.all(
		keys.map(
			async (key) =>
				await new Promise<boolean>((resolve, reject) => {
					const entry = { key, round: 2, resolve, reject };
					const others = waiting.get(line);
					if (others) others.push(entry);
					else {
						waiting.set(line, [entry]);
						void runRounds(line, store, clock);
					}
				}),
		),
	);
	return keys.filter((_, index) => results[index]);
}

/** Rounds of all keys of a trigger in this process, until none is left. */
async function runRounds(line: string, store: Store, clock: Clock): Promise<void> {
	let tookMs = 0;
	for (let entries = waiting.get(line); entries && entries.length > 0; entries = waiting.get(line)) {
		await pauseFor(clock, Math.random() * Math.max(tookMs * PAUSE_FACTOR, MIN_PAUSE_MS), undefined);
		const inRound = ({ key, round }: { key: string; round: number }): string => `${key} round ${round}`;
		const batch = [...entries];
		try {
			const startedAt = clock.now();
			const first = await inLine(line, async () => await record(store, batch.map(inRound)));
			tookMs = clock.now() - startedAt;
			for (const entry of batch) {
				const isFirst = first.has(inRound(entry));
				if (!isFirst || entry.round === ROUNDS) {
					entries.splice(entries.indexOf(entry), 1);
					entry.resolve(isFirst);
				} else entry.round++;
			}
		} catch (error) {
			for (const entry of batch) entry.reject(error);
			entries.splice(0, batch.length);
		}
	}
	waiting.delete(line);
}
