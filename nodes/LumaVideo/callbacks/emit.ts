/**
 * Second step, at the head of the execution: the generation is read from the provider with our key, and what was read is
 * emitted, once. What cannot be read just then is kept for the timer.
 */
import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { NodeOperationError } from 'n8n-workflow';
import { systemClock } from '../generation/clock';
import type { Failure } from '../generation/failure';
import { nodeError } from '../generation/failure';
import { outputJson } from '../generation/output';
import { isOver, readGeneration, readMany } from '../generation/read';
import type { Generation, Provider } from '../providers/provider';
import type { ProviderClient } from '../transport/providerClient';
import { createProviderClient } from '../transport/providerClient';
import { claim } from './deduplicate';
import { REQUEST_TIMEOUT_MS, isMeantFor, isTooOld, knownState, providerOf, storeState } from './trigger';
import type { TriggerEvent } from './triggerState';
import { emissionKey, eventOf } from './triggerState';

interface Read {
	generations: Generation[];
	/** Not readable just now. */
	unread: Array<{ generationId: string; failure: Failure }>;
	/** The provider does not know them. */
	unknown: string[];
}

async function readAll(
	context: IExecuteFunctions,
	provider: Provider,
	client: ProviderClient,
	generationIds: readonly string[],
): Promise<Read> {
	const found = generationIds.length > 1 ? await readMany(provider, client, generationIds, false) : new Map<string, Generation>();
	const result: Read = { generations: [...found.values()], unread: [], unknown: [] };
	for (const generationId of generationIds) {
		if (found.has(generationId)) continue;
		const read = await readGeneration(
			provider,
			client,
			generationId,
			systemClock,
			context.getExecutionCancelSignal(),
		);
		if (read.ok) result.generations.push(read.generation);
		else if (read.failure.problem?.kind === 'notFound' || read.failure.problem?.kind === 'invalidRequest') {
			result.unknown.push(generationId);
		} else result.unread.push({ generationId, failure: read.failure });
	}
	return result;
}

function idsOf(items: readonly INodeExecutionData[]): string[] {
	const ids = items.map(({ json }) => json.generationId).filter((id) => typeof id === 'string' && /^[^\s/?#]+$/.test(id));
	return [...new Set(ids as string[])];
}

/**
 * Reads the announced generations and returns those to emit. An empty list ends the execution quietly.
 *
 * @throws NodeApiError or NodeOperationError when a generation cannot be read and nothing will try again by itself, or
 * when the credential is refused
 */
export async function emitRead(context: IExecuteFunctions): Promise<INodeExecutionData[]> {
	const node = context.getNode();
	const provider = providerOf(node);
	const isTest = context.getMode() === 'manual';
	const wanted = context.getNodeParameter('events', 0, []) as TriggerEvent[];
	const options = context.getNodeParameter('options', 0, {}) as { includeRaw?: boolean; reconcileMinutes?: number };
	const generationIds = idsOf(context.getInputData());
	if (generationIds.length === 0) return [];

	const state = knownState(context);
	const client = await createProviderClient(context, provider, REQUEST_TIMEOUT_MS);
	const { generations, unread, unknown } = await readAll(context, provider, client, generationIds);
	const now = Date.now();

	for (const generationId of unknown) state.forget(generationId);
	const candidates = generations.filter((generation) => {
		const isOurs = isMeantFor(provider, generation, node, isTest) && !isTooOld(generation, now);
		if (!isOurs) state.forget(generation.generationId);
		// Said to be over and is not: somebody else's word, or early. The timer looks again; a list does anyway.
		else if (!isOver(generation) && !provider.capabilities.list) state.keep(generation.generationId, now);
		return isOurs && wanted.includes(eventOf(isOver(generation) ? generation.status : 'processing'));
	});
	const keys = new Map(candidates.map((generation) => [emissionKey(provider.id, generation), generation]));
	const fresh = isTest
		? new Set(keys.keys())
		: await claim(context, [...keys.keys()], state.isActiveHere, systemClock);

	const items: INodeExecutionData[] = [];
	for (const [key, generation] of keys) {
		state.markEmitted(key, generation.generationId);
		if (!fresh.has(key)) continue;
		items.push({
			json: {
				...outputJson(provider, generation, { includeRaw: options.includeRaw === true }),
				event: eventOf(generation.status),
			},
			pairedItem: { item: 0 },
		});
	}
	for (const { generationId } of unread) state.keep(generationId, now);
	if (!isTest) storeState(context, state);
	reportUnread(context, unread, items.length, options.reconcileMinutes !== 0);
	return items;
}

function reportUnread(context: IExecuteFunctions, unread: Read['unread'], emitted: number, hasTimer: boolean): void {
	const [first] = unread;
	if (!first) return;
	const kind = first.failure.problem?.kind;
	const needsPerson = kind === 'credentials' || kind === 'permission';
	if (emitted > 0 || (hasTimer && !needsPerson)) {
		context.logger.warn(`${first.failure.message}; it is tried again later`);
		return;
	}
	if (needsPerson) throw nodeError(context.getNode(), first.failure, 0, hasTimer ? ['It is kept and tried again.'] : []);
	throw new NodeOperationError(context.getNode(), `${first.failure.message} [item 0]`, {
		description: "Retry this execution to read it again. With 'Look for Missed Videos' switched on, this happens by itself.",
		itemIndex: 0,
	});
}
