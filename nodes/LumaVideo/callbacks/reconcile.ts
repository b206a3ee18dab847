/**
 * Third step, by a timer: finding generations that ended without our noticing. Where the provider lists, its list tells
 * which generations were to call this trigger; elsewhere the ids that an earlier callback announced are read again. What
 * is found goes the same way as a callback: as an id, into an execution that reads it.
 */
import type { INode } from 'n8n-workflow';
import { isOver } from '../generation/read';
import type { Generation, Provider } from '../providers/provider';
import type { ProviderClient } from '../transport/providerClient';
import { MAX_AGE_MS, isMeantFor, isTooOld } from './trigger';
import type { TriggerEvent, TriggerState } from './triggerState';
import { emissionKey, eventOf } from './triggerState';

const LIST_PAGE = 100;
/** 500 generations of the account, the newest: how far a downtime is looked back. */
const DEEP_PAGES = 5;
/** Every so many ticks the look is a deep one, as after the start. */
const DEEP_EVERY = 12;
/** Between deep looks only what was started lately can have ended. */
const SHALLOW_AGE_MS = 2 * 3_600_000;
/** An id that was handed over and did not come back as emitted is handed over again after this, doubling. */
const HAND_OVER_WINDOW_MS = 120_000;
/** Ids read one by one in a tick. */
const MAX_READS = 50;

export interface ReconcileInput {
	provider: Provider;
	client: ProviderClient;
	state: TriggerState;
	node: INode;
	wanted: readonly TriggerEvent[];
	/** Counts from 0 since the trigger was started. */
	tick: number;
	/** Milliseconds since 1970. */
	now: number;
}

/** The ids to hand over. Sends nothing where there is neither a list nor an announced id. */
export async function findMissed(input: ReconcileInput): Promise<string[]> {
	const listed = await listRecent(input);
	const missed = [...listed.values()].filter((generation) => isMissed(input, generation));
	const { provider, client, state, now } = input;
	const pending = state.pendingIds(now, MAX_AGE_MS).filter((id) => !listed.has(id));
	for (const generationId of pending.slice(0, MAX_READS)) {
		const exchange = await client.send(provider.status(generationId));
		if (exchange.kind !== 'answer') continue;
		const reading = provider.readStatus(exchange.answer, generationId);
		if (reading.ok) {
			if (!isMeantFor(provider, reading.value, input.node, false)) state.forget(generationId);
			else if (isMissed(input, reading.value)) missed.push(reading.value);
			else if (isOver(reading.value)) state.forget(generationId);
		} else if (reading.problem.kind === 'notFound' || reading.problem.kind === 'invalidRequest') {
			// Nobody knows it: made up, or deleted.
			state.forget(generationId);
		}
	}
	return missed.map((generation) => generation.generationId);
}

async function listRecent({ provider, client, tick, now }: ReconcileInput): Promise<Map<string, Generation>> {
	const found = new Map<string, Generation>();
	if (!provider.list || !provider.readList) return found;
	const isDeep = tick % DEEP_EVERY === 0;
	let offset: number | null = 0;
	for (let page = 0; page < DEEP_PAGES && offset !== null; page++) {
		const exchange = await client.send(provider.list({ limit: LIST_PAGE, offset }));
		const reading = exchange.kind === 'answer' ? provider.readList(exchange.answer) : null;
		if (!reading?.ok) break;
		for (const generation of reading.value.generations) found.set(generation.generationId, generation);
		const oldest = Date.parse(reading.value.generations.at(-1)?.createdAt ?? '');
		if (now - oldest > (isDeep ? MAX_AGE_MS : SHALLOW_AGE_MS)) break;
		offset = reading.value.nextOffset;
	}
	return found;
}

function isMissed({ provider, state, node, wanted, now }: ReconcileInput, generation: Generation): boolean {
	if (!isOver(generation) || !wanted.includes(eventOf(generation.status))) return false;
	if (!isMeantFor(provider, generation, node, false) || isTooOld(generation, now)) return false;
	const key = emissionKey(provider.id, generation);
	return !state.isEmitted(key) && state.handOver(`timer ${key}`, now, HAND_OVER_WINDOW_MS);
}
