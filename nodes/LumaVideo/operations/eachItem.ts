/** Operations that send one request per item and wait for nothing else. */
import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import type { Unanswered } from '../generation/ask';
import type { Failure } from '../generation/failure';
import { failureOf } from '../generation/failure';
import { Gate } from '../generation/gate';
import type { Provider } from '../providers/provider';
import type { ProviderClient } from '../transport/providerClient';
import { createProviderClient } from '../transport/providerClient';
import type { ItemResult } from './plan';
import { invalid, unusable } from './plan';
import { toItems } from './report';
import type { Settings } from './settings';
import { readSettings } from './settings';

/** Concurrent requests. */
const CONCURRENT = 5;

export type Answer = { ok: true; items: INodeExecutionData[] } | { ok: false; failure: Failure };

/** The failure of a request that buys nothing. */
export function requestFailure(provider: Provider, unanswered: Omit<Unanswered, 'ok' | 'reason'>, generationId: string | null = null): Answer {
	return { ok: false, failure: failureOf(unanswered, { generationId, provider: provider.id, status: null }, unanswered.problem) };
}

/**
 * Runs `ask` for every item; each may return any number of output items, all linked to it.
 *
 * @throws NodeOperationError or NodeApiError for the first failure, unless the node continues on fail
 */
export async function eachItem(
	context: IExecuteFunctions,
	provider: Provider,
	ask: (itemIndex: number, client: ProviderClient, settings: Settings) => Promise<Answer>,
): Promise<INodeExecutionData[]> {
	const client = await createProviderClient(context, provider, readSettings(context, 0).requestTimeoutMs);
	const gate = new Gate(CONCURRENT);
	const results = await Promise.all(
		context.getInputData().map(async (_, itemIndex): Promise<ItemResult[]> => {
			try {
				const settings = readSettings(context, itemIndex);
				if (settings.findings.length > 0) return [{ itemIndex, ok: false, failure: invalid(provider, settings.findings) }];
				const answer = await gate.run(async () => await ask(itemIndex, client, settings));
				if (!answer.ok) return [{ itemIndex, ...answer }];
				return answer.items.map((item) => ({ itemIndex, ok: true, item: { ...item, pairedItem: { item: itemIndex } } }));
			} catch (error) {
				return [{ itemIndex, ok: false, failure: unusable(provider, error) }];
			}
		}),
	);
	return toItems(context, results.flat());
}
