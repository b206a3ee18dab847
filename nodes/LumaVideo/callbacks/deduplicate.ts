/**
 * One emission per generation and event. n8n's deduplication store is the authority: it is in the database and outlives
 * restarts. It reads, changes and writes without a lock, so within a process calls are lined up here; across processes a
 * record can be overwritten by another process's, so it is looked after until it stays.
 */
import type { IExecuteFunctions } from 'n8n-workflow';
import type { Clock } from '../generation/clock';
import { MAX_REMEMBERED } from './trigger';

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

async function record(context: IExecuteFunctions, keys: string[]): Promise<Set<string>> {
	for (let attempt = 1; ; attempt++) {
		try {
			const result = await context.helpers.checkProcessedAndRecord(keys, 'node', {
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

/**
 * The keys that were not emitted before; they count as emitted from now on.
 *
 * @param isAlone whether no other process emits for this trigger
 */
export async function claim(
	context: IExecuteFunctions,
	keys: string[],
	isAlone: boolean,
	clock: Clock,
): Promise<Set<string>> {
	if (keys.length === 0) return new Set();
	return await inLine(`${context.getWorkflow().id ?? ''} ${context.getNode().id}`, async () => {
		const fresh = await record(context, keys);
		if (isAlone || fresh.size === 0) return fresh;
		for (let turn = 0; turn < MAX_CONFIRMATIONS; turn++) {
			await clock.wait(CONFIRM_AFTER_MS, new Promise(() => undefined));
			const lost = await record(context, [...fresh]);
			if (lost.size === 0) break;
		}
		return fresh;
	});
}
