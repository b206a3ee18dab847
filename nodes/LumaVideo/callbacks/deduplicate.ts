/**
 * One emission per generation and event. n8n's deduplication store is the authority: it is in the database and outlives
 * restarts. It reads, changes and writes without a lock, so within a process calls are lined up here, and processes lock
 * each other out by a second record of the same store: to make one that is not there is the only thing that it does in
 * one step. That record belongs to the whole workflow. Where another node keeps its own data in it, processes take turns
 * by the number of their execution instead, and look after what they recorded until it stays.
 */
import type { IExecuteFunctions } from 'n8n-workflow';
import type { Clock } from '../generation/clock';
import { inLine } from '../generation/inLine';
import { pauseFor } from '../generation/read';

/** How many entries n8n's deduplication store keeps per trigger: two for each emission. */
export const MAX_REMEMBERED = 10_000;

/** Something that would be emitted. */
export interface Candidate {
	key: string;
	/** The hand-over's own, which a retry of its execution has again. */
	ticket: string | null;
}

/** Two processes that make the first record at the same time: one of them fails and finds it there next time. */
const TRIES = 3;
const MAX_CONFIRMATIONS = 5;
const CONFIRM_AFTER_MS = 150;
/** Executions that start at the same moment have numbers next to each other. */
const TURNS = 8;
const TURN_MS = 300;

/** What is in the lock, and a little more to find out whether that is in it. Nobody else has numbers that low. */
const HELD = -9e15;
const ASKED = -8e15;
/** A lock is held for some calls of the database. After this time whoever held it is gone. */
const MAX_HELD_MS = 10_000;
const LOOK_MS = 10;
const LOOK_SPREAD_MS = 30;

type Store = Pick<
	IExecuteFunctions['helpers'],
	'checkProcessedAndRecord' | 'clearAllProcessedItems' | 'getProcessedDataCount' | 'removeProcessed'
>;

/** Triggers of this process in whose workflow another node has the lock's place. */
const withoutLock = new Set<string>();

/**
 * Waits until no other process is at work for this trigger.
 *
 * @returns what lets the next one in; `null` when there can be no lock
 */
async function lock(store: Store, clock: Clock): Promise<(() => Promise<void>) | null> {
	const mode = { mode: 'latestIncrementalKey' } as const;
	// Two at the same moment: the database refuses the second. An unlike record: n8n refuses.
	const isNew = async (value: number): Promise<boolean> =>
		await store.checkProcessedAndRecord([value], 'workflow', mode).then(
			(result) => result.new.length > 0,
			() => false,
		);
	const unlock = async (): Promise<void> => {
		await store.clearAllProcessedItems('workflow', mode).catch(() => undefined);
	};
	let since = clock.now();
	for (let isFreed = false; !(await isNew(HELD)); ) {
		if ((await store.getProcessedDataCount('workflow', { mode: 'entries' }).catch(() => 0)) > 0) return null;
		if (clock.now() - since > MAX_HELD_MS) {
			if (isFreed || !(await isNew(ASKED))) return null;
			await unlock();
			isFreed = true;
			since = clock.now();
		}
		await pauseFor(clock, LOOK_MS + Math.random() * LOOK_SPREAD_MS, undefined);
	}
	return unlock;
}

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

/** Records keys with their tickets, in one call: n8n writes all that it remembers each time. */
async function recordClaims(
	store: Store,
	candidates: readonly Candidate[],
): Promise<{
	/** Keys that were not there. */
	fresh: Set<string>;
	/** Keys that this very hand-over claimed before: its execution broke off afterwards, and a person retries it. */
	again: Set<string>;
	recorded: string[];
}> {
	const withTicket = candidates.filter(({ ticket }) => ticket !== null);
	const added = await record(store, [...candidates.map(({ key }) => key), ...withTicket.map(ticketKey)]);
	const fresh = new Set(candidates.map(({ key }) => key).filter((key) => added.has(key)));
	const others = withTicket.filter(({ key }) => !fresh.has(key));
	const vain = others.map(ticketKey).filter((ticket) => added.has(ticket));
	if (vain.length > 0) await store.removeProcessed(vain, 'node', { mode: 'entries' });
	return {
		fresh,
		again: new Set(others.filter((candidate) => !added.has(ticketKey(candidate))).map(({ key }) => key)),
		recorded: [...added].filter((entry) => !vain.includes(entry)),
	};
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
	const wantsLock = !isAlone && !withoutLock.has(line);
	if (!isAlone && !wantsLock) await pauseFor(clock, ((Number(context.getExecutionId()) || 0) % TURNS) * TURN_MS, undefined);

	const { fresh, again, recorded, isSafe } = await inLine(line, async () => {
		const unlock = wantsLock ? await lock(store, clock) : null;
		if (wantsLock && !unlock) withoutLock.add(line);
		try {
			return { ...(await recordClaims(store, candidates)), isSafe: isAlone || unlock !== null };
		} finally {
			await unlock?.();
		}
	});
	for (let turn = 0; turn < MAX_CONFIRMATIONS && !isSafe && fresh.size > 0; turn++) {
		await pauseFor(clock, CONFIRM_AFTER_MS, undefined);
		const lost = await inLine(line, async () => await record(store, recorded));
		if (lost.size === 0) break;
	}
	return context.getMode() === 'retry' ? new Set([...fresh, ...again]) : fresh;
}
