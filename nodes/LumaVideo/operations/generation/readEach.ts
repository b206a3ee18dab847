/** Reads the generation of each item. */
import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { systemClock } from '../../generation/clock';
import type { DownloadSettings } from '../../generation/deliver';
import { deliver } from '../../generation/deliver';
import { readGeneration } from '../../generation/read';
import type { Provider } from '../../providers/provider';
import type { ProviderClient } from '../../transport/providerClient';
import { eachItem } from '../eachItem';
import { readGenerationId } from '../generationId';
import { tellHint, urlHint } from '../hints';
import type { Settings } from '../settings';
import { outputSettings } from '../settings';

/**
 * @param download what to download for an item; `null`: nothing
 * @throws NodeOperationError or NodeApiError for the first failure, unless the node continues on fail
 */
export async function readEach(
	context: IExecuteFunctions,
	provider: Provider,
	download: (itemIndex: number, settings: Settings, client: ProviderClient) => DownloadSettings | null,
): Promise<INodeExecutionData[]> {
	/** Items that have a URL and no file. */
	const urlsOnly = new Set<number>();
	const items = await eachItem(context, provider, async (itemIndex, client, settings) => {
		const generationId = readGenerationId(context, itemIndex);
		const read = await readGeneration(provider, client, generationId, systemClock, context.getExecutionCancelSignal());
		if (!read.ok) return read;
		const wanted = download(itemIndex, settings, client);
		if (wanted === null && read.generation.media.length > 0) urlsOnly.add(itemIndex);
		const output = outputSettings(context, itemIndex, settings);
		const delivery = await deliver(context, provider, read.generation, itemIndex, output, wanted, systemClock);
		return delivery.ok ? { ok: true, items: [delivery.item] } : delivery;
	});
	if (urlsOnly.size > 0) tellHint(context, urlHint(provider, { isRead: true, makes: 'video' }));
	return items;
}
