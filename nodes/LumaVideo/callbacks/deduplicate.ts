/**
 * One emission per generation and event. n8n's deduplication store is the authority: it is in the database and outlives
 * restarts. It reads, changes and writes without a lock, so within a process calls are lined up here; processes take
 * turns by the number of their execution, and look after a record until it stays.
 */
import type { IExecuteFunctions } from 'n8n-workflow';
import type { Clock } from '../generation/clock';
import { pauseFor } from '../generation/read';

/** How many entries n8n's deduplication store keeps per trigger: two for each emission. */
export const MAX_REMEMBERED = 10_000;

/** Something that would be emitted. */
export interface Candidate {
	key: string;
	/** The hand-over's own, which a retry of its execution has again. */
	ticket: string | null;
}

const lines = new Map<string, Promise<unknown>>();

/** Runs tasks with the same key one after the other. */
export async function inLine<T>(key: string, task: () => Promise<T>): Promise<T> {
	const before = lines.get(key) ?? Promise.resolve();
	const mine = before.then(task, task);
	lines.set(key, mine);
	try {
		return await mine;
	} finally {
		if (lines.get(key) === mine) lines.delete(key);
	}
}

/** Two processes that make the first record at the same time: one of them fails and finds it there next time. */
const TRIES = 3;
const MAX_CONFIRMATIONS = 5;
const CONFIRM_AFTER_MS = 150;
/** Executions that start at the same moment have numbers next to each other. */
const TURNS = 8;
const TURN_MS = 300;

type Store = Pick<IExecuteFunctions['helpers'], 'checkProcessedAndRecord' | 'removeProcessed'>;

/** Records keys; returns those that were not there. */
async function record(store: Store, keys: readonly string[]): Promise<Set<string>> {
	if (keys.length === 0) return new Set();
	for (let attempt = 1; ; attempt++) {
		try {
			const result = await store.checkProcessedAndRecord([...keys], 'node', {
				mode: 'entries',
				maxEntries: MAX_REMEMBERED,
			});
			return new Set(result.new.map(String));
		} catch (error) {
			if (attempt >= TRIES) throw storeError(error);
		}
	}
}

function storeError(error: unknown): Error {
	return error instanceof Error ? error : new Error(String(error));
}

function ticketKey({ key, ticket }: Candidate): string {
	return `${key} by ${ticket ?? ''}`;
}

/**
 * Keys that this very hand-over claimed before: its execution broke off afterwards, and a person retries it.
 */
async function claimedBefore(store: Store, candidates: readonly Candidate[]): Promise<Set<string>> {
	const asked = candidates.filter(({ ticket }) => ticket !== null);
	const unknown = await record(store, asked.map(ticketKey));
	if (unknown.size > 0) await store.removeProcessed([...unknown], 'node', { mode: 'entries' });
	return new Set(asked.filter((candidate) => !unknown.has(ticketKey(candidate))).map(({ key }) => key));
}

/**
 * The keys that are to be emitted now; they count as emitted from now on.
 *
 * @param isAlone whether no other process emits for this trigger
 */
export async function claim(
	context: Pick<IExecuteFunctions, 'getExecutionId' | 'getMode' | 'getNode' | 'getWorkflow'> & { helpers: Store },
	candidates: readonly Candidate[],
	isAlone: boolean,
	clock: Clock,
): Promise<Set<string>> {
	if (candidates.length === 0) return new Set();
	const store = context.helpers;
	const line = `${context.getWorkflow().id ?? ''} ${context.getNode().id}`;
	if (!isAlone) await pauseFor(clock, ((Number(context.getExecutionId()) || 0) % TURNS) * TURN_MS, undefined);

	const fresh = await inLine(line, async () => await record(store, candidates.map(({ key }) => key)));
	const mine = candidates.filter(({ key, ticket }) => fresh.has(key) && ticket !== null).map(ticketKey);
	await inLine(line, async () => await record(store, mine));
	for (let turn = 0; turn < MAX_CONFIRMATIONS && !isAlone && fresh.size > 0; turn++) {
		await pauseFor(clock, CONFIRM_AFTER_MS, undefined);
		const lost = await inLine(line, async () => await record(store, [...fresh, ...mine]));
		if (lost.size === 0) break;
	}
	if (context.getMode() !== 'retry') return fresh;
	const others = candidates.filter(({ key }) => !fresh.has(key));
	return new Set([...fresh, ...(await inLine(line, async () => await claimedBefore(store, others)))]);
}
