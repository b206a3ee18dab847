/** Reads the generation of each item, several at a time. */
import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { systemClock } from '../../generation/clock';
import type { DownloadSettings } from '../../generation/deliver';
import { deliver } from '../../generation/deliver';
import { Gate } from '../../generation/gate';
import { readGeneration } from '../../generation/read';
import type { Provider } from '../../providers/provider';
import type { ProviderClient } from '../../transport/providerClient';
import { createProviderClient } from '../../transport/providerClient';
import { tellHint, urlHint } from '../hints';
import type { ItemResult } from '../plan';
import { invalid } from '../plan';
import { toItems } from '../report';
import type { Settings } from '../settings';
import { outputSettings, readSettings } from '../settings';
import { readGenerationId } from '../generationId';

/** Concurrent reads. */
const CONCURRENT_READS = 5;

/**
 * @param download what to download for an item; `null`: nothing
 * @throws NodeOperationError or NodeApiError for the first failure, unless the node continues on fail
 */
export async function readEach(
	context: IExecuteFunctions,
	provider: Provider,
	download: (itemIndex: number, settings: Settings, client: ProviderClient) => DownloadSettings | null,
): Promise<INodeExecutionData[]> {
	const client = await createProviderClient(context, provider, readSettings(context, 0).requestTimeoutMs);
	const gate = new Gate(CONCURRENT_READS);
	/** Items that have a URL and no file. */
	const urlsOnly = new Set<number>();
	const readItem = async (itemIndex: number): Promise<ItemResult> => {
		const id = readGenerationId(context, itemIndex);
		if (!id.ok) return { itemIndex, ok: false, failure: invalid(provider, [id.finding]) };
		const settings = readSettings(context, itemIndex);
		if (settings.findings.length > 0) return { itemIndex, ok: false, failure: invalid(provider, settings.findings) };
		const read = await readGeneration(
			provider,
			client,
			id.generationId,
			systemClock,
			context.getExecutionCancelSignal(),
		);
		if (!read.ok) return { itemIndex, ok: false, failure: read.failure };
		const wanted = download(itemIndex, settings, client);
		if (wanted === null && read.generation.media.length > 0) urlsOnly.add(itemIndex);
		const output = outputSettings(context, itemIndex, settings);
		const delivery = await deliver(context, provider, read.generation, itemIndex, output, wanted, systemClock);
		return { itemIndex, ...delivery };
	};
	const results = await Promise.all(
		context.getInputData().map(async (_, itemIndex) => {
			try {
				return await gate.run(async () => await readItem(itemIndex));
			} catch (error) {
				// An expression that cannot be evaluated is its item's failure.
				const text = error instanceof Error ? error.message : String(error);
				return { itemIndex, ok: false, failure: invalid(provider, [text]) } satisfies ItemResult;
			}
		}),
	);
	const items = toItems(context, results);
	if (urlsOnly.size > 0) tellHint(context, urlHint(provider, { isRead: true, makes: 'video' }));
	return items;
}
