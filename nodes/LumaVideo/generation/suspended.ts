/**
 * Waiting for callbacks without running: what a suspended execution remembers, and what a call to it leads to.
 *
 * A callback is a hint. What goes on is what the provider says when it is asked with our key; anything else is
 * answered and forgotten. The execution resumes once, when every item is over.
 */
import type { IDataObject, INodeExecutionData } from 'n8n-workflow';
import type { Generation, JsonValue, Provider } from '../providers/provider';
import type { ProviderClient } from '../transport/providerClient';
import { generationFailure } from './deliver';
import type { Failure } from './failure';
import { failedItem } from './failure';
import type { OutputOptions } from './output';
import { outputJson } from './output';
import { isOver, readMany } from './read';

/** One item of a suspended execution. JSON: it is stored with the execution. */
export type SuspendedEntry = { itemIndex: number } & (
	| { state: 'open'; generationId: string; output: OutputOptions }
	/** Over before the execution was suspended. */
	| { state: 'done'; json: IDataObject }
);

export interface Suspended {
	provider: Provider['id'];
	entries: SuspendedEntry[];
}

export type CallResult =
	/** Nobody needs to do anything. */
	| { kind: 'ignored' }
	/** Noted; more items are open. */
	| { kind: 'noted' }
	/** The provider could not be asked; the caller may call again. */
	| { kind: 'unreadable' }
	/** All items are over. */
	| { kind: 'over'; items: INodeExecutionData[]; failures: Array<{ itemIndex: number; failure: Failure }> };

/**
 * Generations that were read as over, by execution and id. What is over stays over, so a second look is never needed;
 * where this memory is missing (another process, a restart) the provider is asked again.
 */
const overBefore = new Map<string, Generation>();
const MAX_REMEMBERED = 5000;

function remember(executionId: string, generation: Generation): void {
	const oldest = overBefore.size >= MAX_REMEMBERED ? overBefore.keys().next().value : undefined;
	if (oldest !== undefined) overBefore.delete(oldest);
	overBefore.set(`${executionId} ${generation.generationId}`, generation);
}

/** What a call to a suspended execution leads to. Reads from the provider at most what decides. */
export async function onCall(
	provider: Provider,
	client: ProviderClient,
	executionId: string,
	suspended: Suspended,
	body: JsonValue,
): Promise<CallResult> {
	const calledId = provider.readCallback?.(body)?.generationId ?? null;
	const open = suspended.entries.flatMap((entry) => (entry.state === 'open' ? [entry] : []));
	if (calledId === null || !open.some((entry) => entry.generationId === calledId)) return { kind: 'ignored' };

	const over = new Map<string, Generation>();
	for (const { generationId } of open) {
		const known = overBefore.get(`${executionId} ${generationId}`);
		if (known) over.set(generationId, known);
	}
	if (!over.has(calledId)) {
		const generation = (await readMany(provider, client, [calledId], false)).get(calledId);
		if (!generation) return { kind: 'unreadable' };
		if (!isOver(generation)) return { kind: 'noted' };
		remember(executionId, generation);
		over.set(calledId, generation);
	}
	const unknown = open.map((entry) => entry.generationId).filter((id) => !over.has(id));
	let someRuns = false;
	if (unknown.length > 0) {
		for (const [id, generation] of await readMany(provider, client, unknown, true)) {
			if (!isOver(generation)) {
				someRuns = true;
				continue;
			}
			remember(executionId, generation);
			over.set(id, generation);
		}
	}
	if (someRuns) return { kind: 'noted' };
	// Perhaps this was the last call, and only the state of another generation is missing.
	if (open.some((entry) => !over.has(entry.generationId))) return { kind: 'unreadable' };
	for (const { generationId } of open) overBefore.delete(`${executionId} ${generationId}`);
	return { kind: 'over', ...settle(provider, suspended, over) };
}

/** Output items of a suspended execution, in input order, from what is known to be over. */
export function settle(
	provider: Provider,
	suspended: Suspended,
	over: ReadonlyMap<string, Generation>,
): { items: INodeExecutionData[]; failures: Array<{ itemIndex: number; failure: Failure }> } {
	const failures: Array<{ itemIndex: number; failure: Failure }> = [];
	const items = suspended.entries.flatMap((entry): INodeExecutionData[] => {
		const { itemIndex } = entry;
		if (entry.state === 'done') return [{ json: entry.json, pairedItem: { item: itemIndex } }];
		const generation = over.get(entry.generationId);
		if (!generation) return [];
		if (generation.status === 'failed') {
			const failure = generationFailure(provider, generation);
			failures.push({ itemIndex, failure });
			return [failedItem(failure, itemIndex)];
		}
		return [{ json: outputJson(provider, generation, entry.output), pairedItem: { item: itemIndex } }];
	});
	return { items, failures };
}
