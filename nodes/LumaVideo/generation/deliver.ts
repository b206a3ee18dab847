/** From a generation that is over to what leaves the node: its JSON and, on wish, its file. */
import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import type { Generation, Provider } from '../providers/provider';
import { fileUrlOf } from '../providers/provider';
import { downloadMedia } from '../transport/media';
import type { Clock } from './clock';
import type { Failure } from './failure';
import { fetchLater } from './failure';
import type { OutputOptions } from './output';
import { outputJson } from './output';
import { pauseFor } from './read';
import { retryDelayMs } from './schedule';

export interface DownloadSettings {
	/** Name of the item's binary field. */
	field: string;
	/** Bytes. */
	maxBytes: number;
	/** Milliseconds until the first byte. */
	timeoutMs: number;
	/** Whether media in private networks are allowed. */
	allowLocal: boolean;
}

export type Delivery = { ok: true; item: INodeExecutionData } | { ok: false; failure: Failure };

const DOWNLOAD_TRIES = 3;
/** Downloads at once: each is a stream, more would only share the same line. */
export const MAX_DOWNLOADS = 4;

/** What a failed generation is reported as. */
export function generationFailure(provider: Provider, generation: Generation): Failure {
	const { makes = 'video' } = generation;
	const reason = generation.failureReason?.trim().replace(/\.$/, '');
	const charged =
		generation.chargedWhenFailed === 'no' ? ` ${provider.displayName} does not charge for it.` : '';
	return {
		message: `${provider.displayName} could not make the ${makes}: ${reason || 'no reason given'} (generation ${generation.generationId})`,
		advice: `${generation.failureAdvice ?? 'Change the prompt or the images, then run the workflow again.'}${charged}`,
		details: {
			generationId: generation.generationId,
			provider: provider.id,
			status: generation.status,
			failureReason: generation.failureReason,
		},
	};
}

/** Builds the item; downloads the file when settings are given. A download that fails names id and URL. */
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
	const details: Failure['details'] = {
		generationId: generation.generationId,
		provider: provider.id,
		status: generation.status,
		videoUrl: generation.videoUrl,
	};
	if (generation.status === 'failed') return { ok: false, failure: generationFailure(provider, generation) };
	const { makes = 'video' } = generation;
	const url = fileUrlOf(generation);
	if (url === null) {
		return {
			ok: false,
			failure: {
				message: `Generation ${generation.generationId} has no ${makes} to download (status: ${generation.status})`,
				advice: fetchLater(generation.generationId),
				details,
			},
		};
	}
	for (let attempt = 1; ; attempt++) {
		const result = await downloadMedia(context, url, {
			...download,
			kind: makes,
			fileName: `luma-${generation.generationId}`.slice(0, 100),
		});
		if (result.ok) {
			return { ok: true, item: { ...item, binary: { [download.field]: result.binary } } };
		}
		const cancelled = context.getExecutionCancelSignal()?.aborted === true;
		if (!result.again || cancelled || attempt >= DOWNLOAD_TRIES) {
			return {
				ok: false,
				failure: {
					message: `${result.message} (generation ${generation.generationId})`,
					advice: `${result.advice} Resource 'Generation' has it under the ID ${generation.generationId}: operation 'Get' reads a fresh URL, 'Download' gets the file.`,
					details,
				},
			};
		}
		await pauseFor(clock, retryDelayMs(attempt, null), context.getExecutionCancelSignal());
	}
}
