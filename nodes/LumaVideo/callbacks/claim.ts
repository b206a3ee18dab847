/**
 * One emission per generation and event. n8n's deduplication store is the authority: it is in the database and survives
 * restarts. It reads, changes and writes without a lock, so if two processes write at the same moment, one undoes what
 * the other recorded.
 *
 * If executions run in several processes, a key is therefore recorded in several rounds, and whoever is first in every
 * round emits. The first of a round always continues, so somebody emits. Each process records all its keys of a round in
 * one call and then waits many times as long as that took: calls rarely collide, and a double emission would need a
 * collision in each round. The winner then records again what was undone, for those who come later.
 */
import type { IExecuteFunctions } from 'n8n-workflow';
import type { Clock } from '../generation/clock';
import { inLine } from '../generation/inLine';
import { pauseFor } from '../generation/read';

/** How many records n8n keeps for a trigger, 27 bytes each, written together: two for each of 1,000 emissions. */
export const MAX_RECORDS = 2000;
/** The same if executions run in several processes: seven for each of 800 emissions. */
const MAX_RECORDS_APART = 5600;

const ROUNDS = 6;
/** Including those in which a winner records again what others undid. */
const MAX_ROUNDS = 12;
/** The pause before a round is at most this multiple of a call's duration, within these limits in milliseconds. */
const PAUSE_FACTOR = 40;
const MIN_PAUSE_MS = 300;
const MAX_PAUSE_MS = 3000;
/** If two processes create the first record at the same time, one of them fails and finds it there on its next attempt. */
const TRIES = 3;

/** Something to emit, unless it was emitted before. */
export interface Candidate {
	key: string;
	/** Unique to the hand-over; a retry of its execution has the same. */
	ticket: string | null;
}

type Store = Pick<IExecuteFunctions['helpers'], 'checkProcessedAndRecord' | 'removeProcessed'>;
type Context = Pick<IExecuteFunctions, 'getMode' | 'getNode' | 'getWorkflow'> & { helpers: Store };

/** Records keys; returns those that are new. */
async function record(store: Store, keys: readonly string[], maxEntries: number): Promise<Set<string>> {
	if (keys.length === 0) return new Set();
	for (let attempt = 1; ; attempt++) {
		try {
			const result = await store.checkProcessedAndRecord([...keys], 'node', { mode: 'entries', maxEntries });
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
 * The keys to emit now; they count as emitted from now on. A retry of an execution that was interrupted after its claim
 * is recognized by its tickets, and emits again.
 *
 * @param isAlone whether no other process emits for this trigger
 */
export async function claim(context: Context, candidates: readonly Candidate[], isAlone: boolean, clock: Clock): Promise<Set<string>> {
	const store = context.helpers;
	const line = `${context.getWorkflow().id ?? ''} ${context.getNode().id}`;
	const isRetry = context.getMode() === 'retry';
	// Retries are done by hand, one at a time.
	if (!isAlone && !isRetry) return await winnersOf(line, store, candidates, clock);
	return await inLine(line, async () => {
		const maxRecords = isAlone ? MAX_RECORDS : MAX_RECORDS_APART;
		const added = await record(store, candidates.flatMap((each) => [each.key, ...(each.ticket === null ? [] : [ticketKey(each)])]), maxRecords);
		const others = candidates.filter(({ key, ticket }) => ticket !== null && !added.has(key));
		const vain = others.map(ticketKey).filter((ticket) => added.has(ticket));
		if (vain.length > 0) await store.removeProcessed(vain, 'node', { mode: 'entries' });
		const again = isRetry ? others.filter((each) => !added.has(ticketKey(each))) : [];
		return new Set([...candidates.filter(({ key }) => added.has(key)), ...again].map(({ key }) => key));
	});
}

/** A candidate in its rounds. */
interface Runner extends Candidate {
	/** Beyond the last one, it has won and makes sure that its records stay. */
	round: number;
	resolve(isWinner: boolean): void;
	reject(error: unknown): void;
}

/** Runners by trigger. */
const running = new Map<string, Runner[]>();

/** The keys that are first in all rounds. */
async function winnersOf(line: string, store: Store, candidates: readonly Candidate[], clock: Clock): Promise<Set<string>> {
	const results = await Promise.all(
		candidates.map(async (candidate) => {
			const isWinner = await new Promise<boolean>((resolve, reject) => {
				const runner = { ...candidate, round: 1, resolve, reject };
				const others = running.get(line);
				if (others) others.push(runner);
				else {
					running.set(line, [runner]);
					void runRounds(line, store, clock);
				}
			});
			return isWinner ? [candidate.key] : [];
		}),
	);
	return new Set(results.flat());
}

function roundKey(key: string, round: number): string {
	return round === 1 ? key : `${key} round ${round}`;
}

/** What a runner records next: its key of the round or, once it has won, everything that must stay. */
function recordsOf(runner: Runner): string[] {
	if (runner.round <= ROUNDS) return [roundKey(runner.key, runner.round)];
	return [ticketKey(runner), ...Array.from({ length: ROUNDS }, (_, index) => roundKey(runner.key, index + 1))];
}

/** Runs the rounds of all runners of a trigger in this process, until none is left. */
async function runRounds(line: string, store: Store, clock: Clock): Promise<void> {
	let tookMs = 0;
	for (let runners = running.get(line); runners && runners.length > 0; runners = running.get(line)) {
		await pauseFor(clock, Math.random() * Math.min(Math.max(tookMs * PAUSE_FACTOR, MIN_PAUSE_MS), MAX_PAUSE_MS), undefined);
		const current = runners;
		const batch = [...current];
		const leave = (runner: Runner): void => {
			current.splice(current.indexOf(runner), 1);
		};
		try {
			const startedAt = clock.now();
			const added = await record(store, batch.flatMap(recordsOf), MAX_RECORDS_APART);
			tookMs = clock.now() - startedAt;
			for (const runner of batch) {
				// Of two runners with the same key in one process, the first takes it.
				const isAdded = recordsOf(runner).filter((each) => added.delete(each)).length > 0;
				const isLost = runner.round <= ROUNDS && !isAdded;
				// Done once nothing had to be added again, or after enough attempts.
				const isOver = isLost || (runner.round > ROUNDS + 1 && (!isAdded || runner.round >= MAX_ROUNDS));
				runner.round++;
				if (!isOver) continue;
				leave(runner);
				runner.resolve(!isLost);
			}
		} catch (error) {
			for (const runner of batch) {
				leave(runner);
				runner.reject(error);
			}
		}
	}
	running.delete(line);
}
