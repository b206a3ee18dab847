/** Operations that send one request per item and wait for nothing else. */
import type { IDataObject, IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import type { Unanswered } from '../generation/ask';
import { Gate } from '../generation/gate';
import type { Failure } from '../generation/failure';
import type { Provider } from '../providers/provider';
import type { ProviderClient } from '../transport/providerClient';
import { createProviderClient } from '../transport/providerClient';
import type { ItemResult } from './plan';
import { invalid } from './plan';
import { toItems } from './report';
import { readSettings } from './settings';

/** Concurrent requests. */
const CONCURRENT = 5;

export type Answer = { ok: true; rows: IDataObject[] } | { ok: false; failure: Failure };

/** The failure of a request that buys nothing. */
export function requestFailure(
	provider: Provider,
	{ message, advice, problem }: Omit<Unanswered, 'ok' | 'reason'>,
	generationId: string | null = null,
): Answer {
	const failure: Failure = {
		message,
		advice,
		details: { generationId, provider: provider.id, status: null },
		...(problem ? { problem } : {}),
	};
	return { ok: false, failure };
}

/**
 * Runs `ask` for every item; each may return any number of output items, all linked to it.
 *
 * @throws NodeOperationError or NodeApiError for the first failure, unless the node continues on fail
 */
export async function eachItem(
	context: IExecuteFunctions,
	provider: Provider,
	ask: (itemIndex: number, client: ProviderClient) => Promise<Answer>,
): Promise<INodeExecutionData[]> {
	const client = await createProviderClient(context, provider, readSettings(context, 0).requestTimeoutMs);
	const gate = new Gate(CONCURRENT);
	const results = await Promise.all(
		context.getInputData().map(async (_, itemIndex): Promise<ItemResult[]> => {
			try {
				const { findings } = readSettings(context, itemIndex);
				if (findings.length > 0) return [{ itemIndex, ok: false, failure: invalid(provider, findings) }];
				const answer = await gate.run(async () => await ask(itemIndex, client));
				if (!answer.ok) return [{ itemIndex, ok: false, failure: answer.failure }];
				return answer.rows.map((json) => ({
					itemIndex,
					ok: true,
					item: { json, pairedItem: { item: itemIndex } },
				}));
			} catch (error) {
				// An expression that cannot be evaluated is its item's failure.
				const text = error instanceof Error ? error.message : String(error);
				return [{ itemIndex, ok: false, failure: invalid(provider, [text]) }];
			}
		}),
	);
	return toItems(context, results.flat());
}
