/** Turns a final generation into the output item: its JSON and, optionally, its file. */
import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import type { Generation, Provider } from '../providers/provider';
import { fileUrlOf } from '../providers/provider';
import type { DownloadOptions } from '../transport/media';
import { downloadMedia } from '../transport/media';
import type { Clock } from './clock';
import { pauseFor } from './clock';
import type { Failure } from './failure';
import { failureOf } from './failure';
import { fileNameOf } from './fileName';
import { NO_REASON, OTHER_INPUT, downloadFailed, generationFailed, noFile } from './messages';
import type { OutputOptions } from './output';
import { outputJson } from './output';
import { retryDelayMs } from './schedule';

/** `field`: the item's binary field. An empty file name: one is made up. */
export type DownloadSettings = Omit<DownloadOptions, 'kind'> & { field: string };

export type Delivery = { ok: true; item: INodeExecutionData } | { ok: false; failure: Failure };

const DOWNLOAD_TRIES = 3;
/** Concurrent downloads: each is a stream, and more would only share the same bandwidth. */
export const MAX_DOWNLOADS = 4;

/** How a failed generation is reported. */
export function generationFailure(provider: Provider, generation: Generation): Failure {
	const { generationId, makes = 'video', status, failureReason, failureAdvice: advice = OTHER_INPUT, chargedWhenFailed } = generation;
	const reason = failureReason?.trim().replace(/\.$/, '') || NO_REASON;
	const text = generationFailed({ provider, makes, generationId, reason, advice, isFree: chargedWhenFailed === 'no' });
	return failureOf(text, { generationId, provider: provider.id, status, failureReason });
}

/** Builds the item, and downloads the file if there are settings. A failed download names the id and the URL. */
export async function deliver(
	context: IExecuteFunctions,
	provider: Provider,
	generation: Generation,
	itemIndex: number,
	output: OutputOptions,
	download: DownloadSettings | null,
	clock: Clock,
): Promise<Delivery> {
	const item: INodeExecutionData = {
		json: outputJson(provider, generation, output),
		pairedItem: { item: itemIndex },
	};
	if (!download) return { ok: true, item };
	const { generationId, makes = 'video', status, videoUrl } = generation;
	const details: Failure['details'] = { generationId, provider: provider.id, status, videoUrl };
	if (status === 'failed') return { ok: false, failure: generationFailure(provider, generation) };
	const url = fileUrlOf(generation);
	if (url === null) return { ok: false, failure: failureOf(noFile({ provider, makes, generationId, status }), details) };
	for (let attempt = 1; ; attempt++) {
		const result = await downloadMedia(context, url, {
			...download,
			kind: makes,
			fileName: fileNameOf(download.fileName, output.prompt || generation.prompt, generationId),
		});
		if (result.ok) {
			return { ok: true, item: { ...item, binary: { [download.field]: result.binary } } };
		}
		const cancelled = context.getExecutionCancelSignal()?.aborted === true;
		if (!result.again || cancelled || attempt >= DOWNLOAD_TRIES) {
			return { ok: false, failure: failureOf(downloadFailed({ ...result, generationId }), details) };
		}
		await pauseFor(clock, retryDelayMs(attempt, null), context.getExecutionCancelSignal());
	}
}
