/**
 * One emission per generation and event. n8n's deduplication store is the authority: it is in the database and outlives
 * restarts. It reads, changes and writes without a lock. Within a process calls are lined up here. Where executions run
 * in several processes, a key is recorded in several rounds, each after a random pause: whoever is first in every round
 * emits. The first of a round always goes on, so somebody emits; two go on only when they meet at the same few
 * milliseconds in each round.
 */
import type { IExecuteFunctions } from 'n8n-workflow';
import type { Clock } from '../generation/clock';
import { inLine } from '../generation/inLine';
import { pauseFor } from '../generation/read';

/** How many records n8n keeps for a trigger, 27 bytes each, written as a whole: two for each emission, five in queue mode. */
export const MAX_RECORDS = 2000;

const ROUNDS = 4;
const ROUND_MS = 400;
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
	let mine = fresh;
	for (let round = 2; round <= ROUNDS && !isAlone && mine.length > 0; round++) {
		await pauseFor(clock, Math.random() * ROUND_MS, undefined);
		const inRound = (key: string): string => `${key} round ${round}`;
		const left = await inLine(line, async () => await record(store, mine.map(inRound)));
		mine = mine.filter((key) => left.has(inRound(key)));
	}
	return new Set(context.getMode() === 'retry' ? [...mine, ...again] : mine);
}
