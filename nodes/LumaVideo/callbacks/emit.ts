/**
 * Second step, at the head of the execution: the generation is read from the provider with our key, and what was read is
 * emitted, once. What cannot be read just then stays with the trigger, which tries again.
 */
import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { NodeOperationError } from 'n8n-workflow';
import { systemClock } from '../generation/clock';
import type { Failure } from '../generation/failure';
import { nodeError } from '../generation/failure';
import { outputJson } from '../generation/output';
import type { ReadResult } from '../generation/read';
import { readGeneration } from '../generation/read';
import type { Generation, ProblemKind, Provider } from '../providers/provider';
import type { ProviderClient } from '../transport/providerClient';
import { createProviderClient } from '../transport/providerClient';
import type { Candidate } from './deduplicate';
import { claim } from './deduplicate';
import { listed } from './reconcile';
import { REQUEST_TIMEOUT_MS, emissionOf, isMeantFor, isTooOld, knownState, providerOf } from './trigger';
import type { TriggerEvent, TriggerState } from './triggerState';
import { isId } from './triggerState';

/** So many ids and more are looked for in the list first, where there is one. */
const MIN_LISTED = 4;
const MAX_LIST_PAGES = 3;
/** Reads under way at the same time. */
const MAX_REQUESTS = 4;
/** The provider does not know the id, or does not take it for one. */
const NOT_KNOWN: readonly ProblemKind[] = ['notFound', 'invalidRequest'];
/** Nothing of this passes by itself. */
const NEEDS_PERSON: readonly ProblemKind[] = ['credentials', 'permission', 'redirected', 'unreadable'];

interface HandedOver {
	generationId: string;
	/** The hand-over's own. */
	ticket: string | null;
	/** Index of the input item. */
	item: number;
}

function handedOver(items: readonly INodeExecutionData[]): HandedOver[] {
	const found = new Map<string, HandedOver>();
	for (const [item, { json }] of items.entries()) {
		const { generationId, ticket } = json;
		if (!isId(generationId) || found.has(generationId)) continue;
		found.set(generationId, { generationId, ticket: typeof ticket === 'string' ? ticket : null, item });
	}
	return [...found.values()];
}

async function* readAll(
	context: IExecuteFunctions,
	provider: Provider,
	client: ProviderClient,
	generationIds: readonly string[],
): AsyncGenerator<[string, ReadResult]> {
	const missing = new Set(generationIds);
	if (missing.size >= MIN_LISTED) {
		const warn = (text: string): void => {
			context.logger.warn(text);
		};
		for await (const generation of listed(provider, client, 0, MAX_LIST_PAGES, warn)) {
			if (missing.delete(generation.generationId)) yield [generation.generationId, { ok: true, generation }];
			if (missing.size === 0) return;
		}
	}
	const cancelSignal = context.getExecutionCancelSignal();
	const rest = [...missing];
	for (let first = 0; first < rest.length; first += MAX_REQUESTS) {
		const few = rest.slice(first, first + MAX_REQUESTS);
		yield* await Promise.all(
			few.map(async (generationId): Promise<[string, ReadResult]> => [
				generationId,
				await readGeneration(provider, client, generationId, systemClock, cancelSignal),
			]),
		);
	}
}

/**
 * Reads the announced generations and returns those to emit. An empty list ends the execution quietly.
 *
 * @throws NodeApiError or NodeOperationError when a generation cannot be read and nothing will try again by itself, or
 * when a person has to do something about it
 */
export async function emitRead(context: IExecuteFunctions): Promise<INodeExecutionData[]> {
	const node = context.getNode();
	const provider = providerOf(node);
	const isTest = context.getMode() === 'manual';
	const wanted = context.getNodeParameter('events', 0, []) as TriggerEvent[];
	const options = context.getNodeParameter('options', 0, {}) as { includeRaw?: boolean; reconcileMinutes?: number };
	const inputs = new Map(handedOver(context.getInputData()).map((input) => [input.generationId, input]));
	if (inputs.size === 0) return [];

	const state = knownState(context);
	const client = await createProviderClient(context, provider, REQUEST_TIMEOUT_MS);
	const unread: Failure[] = [];
	const candidates: Array<Candidate & { generation: Generation; event: TriggerEvent; input: HandedOver }> = [];
	for await (const [generationId, read] of readAll(context, provider, client, [...inputs.keys()])) {
		const now = Date.now();
		if (!read.ok) {
			const kind = read.failure.problem?.kind;
			const isKnown = kind === undefined || !NOT_KNOWN.includes(kind);
			if (isKnown) unread.push(read.failure);
			settle(state, isTest, generationId, isKnown ? 'unread' : 'refused', read.failure.problem?.retryAfterMs ?? null);
			continue;
		}
		const { generation } = read;
		if (!isMeantFor(provider, generation, node, isTest) || isTooOld(generation, now)) {
			settle(state, isTest, generationId, 'refused');
			continue;
		}
		const { event, key } = emissionOf(provider, generation);
		const input = inputs.get(generationId);
		if (input && wanted.includes(event)) candidates.push({ key, ticket: input.ticket, generation, event, input });
		else settle(state, isTest, generationId, event === 'progress' ? 'running' : 'over');
	}
	const fresh = isTest
		? new Set(candidates.map(({ key }) => key))
		: await claim(context, candidates, state.onDue !== null, systemClock);

	const items: INodeExecutionData[] = [];
	for (const { key, generation, event, input } of candidates) {
		if (!isTest) state.markEmitted(key);
		settle(state, isTest, input.generationId, event === 'progress' ? 'running' : 'over');
		// Two names of the same generation have the same key.
		if (!fresh.delete(key)) continue;
		state.trust();
		items.push({
			json: { ...outputJson(provider, generation, { includeRaw: options.includeRaw === true }), event },
			pairedItem: { item: input.item },
		});
	}
	// What was true makes room for more.
	if (!isTest) state.onDue?.();
	if (items.length === 0) reportUnread(context, unread, triesAgain(state, provider, options.reconcileMinutes));
	return items;
}

/** A test is none of the published trigger's business. */
function settle(state: TriggerState, isTest: boolean, ...rest: [string, Parameters<TriggerState['settle']>[1], (number | null)?]): void {
	const [generationId, finding, pauseMs = null] = rest;
	if (!isTest) state.settle(generationId, finding, Date.now(), pauseMs);
}

/** Whether the trigger, in this process or by its list, comes back to what could not be read. */
function triesAgain(state: TriggerState, provider: Provider, reconcileMinutes: number | undefined): boolean {
	return state.onDue !== null || (provider.capabilities.list && reconcileMinutes !== 0);
}

function reportUnread(context: IExecuteFunctions, unread: readonly Failure[], again: boolean): void {
	const [first] = unread;
	if (!first) return;
	const kind = first.problem?.kind;
	const isTest = context.getMode() === 'manual';
	if (kind !== undefined && NEEDS_PERSON.includes(kind)) {
		throw nodeError(context.getNode(), first, 0, again && !isTest ? ['It is kept and read again later.'] : []);
	}
	if (again && !isTest) {
		context.logger.warn(`${first.message}; it is read again later`);
		return;
	}
	throw new NodeOperationError(context.getNode(), `${first.message} [item 0]`, {
		description: isTest ? first.advice : 'Retry this execution to read it again.',
		itemIndex: 0,
	});
}
