/**
 * Third step, by a timer: finding generations that ended without our noticing, where the provider lists them. Its list
 * tells which generations were to call this trigger. What is found goes the same way as a callback: as an id, into an
 * execution that reads it.
 */
import type { INode } from 'n8n-workflow';
import { isOver } from '../generation/read';
import type { Generation, GenerationPage, Provider } from '../providers/provider';
import type { ProviderClient } from '../transport/providerClient';
import { isMeantFor, isTooOld } from './trigger';
import type { TriggerEvent, TriggerState } from './triggerState';
import { MAX_AGE_MS, emissionKey, eventOf } from './triggerState';

const LIST_PAGE = 100;
/** 2,000 generations of the account, the newest: how far a downtime is looked back. */
const MAX_PAGES = 20;
/** Every so many ticks the look is a deep one, as after the start. */
const DEEP_EVERY = 12;
/** Between deep looks only what was started lately can have ended. */
const SHALLOW_AGE_MS = 2 * 3_600_000;

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
	/** Is told why the list cannot be read. */
	warn: (text: string) => void;
}

/** The ids to hand over, taken in hand. What the list tells about other ids that are looked after is settled. */
export async function findMissed(input: ReconcileInput): Promise<string[]> {
	const { provider, client, state, node, wanted, tick, now, warn } = input;
	const missed: string[] = [];
	const maxAgeMs = tick % DEEP_EVERY === 0 ? MAX_AGE_MS : SHALLOW_AGE_MS;
	for await (const generation of listed(provider, client, now - maxAgeMs, MAX_PAGES, warn)) {
		const { generationId, status } = generation;
		if (!isOver(generation) || !wanted.includes(eventOf(status))) continue;
		if (!isMeantFor(provider, generation, node, false) || isTooOld(generation, now)) continue;
		if (state.hold(emissionKey(provider.id, generation), generationId, now)) missed.push(generationId);
	}
	return missed;
}

/** The account's generations, newest first, as far back as `since` and `maxPages` allow. */
export async function* listed(
	provider: Provider,
	client: ProviderClient,
	since: number,
	maxPages: number,
	warn: (text: string) => void,
): AsyncGenerator<Generation> {
	let offset: number | null = 0;
	for (let page = 0; page < maxPages && offset !== null; page++) {
		const reading = await readPage(provider, client, offset, warn);
		if (!reading) return;
		yield* reading.generations;
		if (Date.parse(reading.generations.at(-1)?.createdAt ?? '') < since) return;
		offset = reading.nextOffset;
	}
}

async function readPage(
	provider: Provider,
	client: ProviderClient,
	offset: number,
	warn: (text: string) => void,
): Promise<GenerationPage | null> {
	if (!provider.list || !provider.readList) return null;
	const exchange = await client.send(provider.list({ limit: LIST_PAGE, offset }));
	const reading = exchange.kind === 'answer' ? provider.readList(exchange.answer) : null;
	if (reading?.ok) return reading.value;
	warn(exchange.kind === 'fault' ? `${provider.displayName} cannot be reached: ${exchange.fault.text}` : (reading?.problem.message ?? ''));
	return null;
}
