/** The output format, for every provider, operation and completion. */
import type { IDataObject } from 'n8n-workflow';
import type { Generation, Provider } from '../providers/provider';

export interface OutputOptions {
	/** Whether the provider's own answer is added as `raw`. */
	includeRaw: boolean;
	/** Fields of the input item that are passed on; those of the node's own take precedence. */
	inputFields?: IDataObject;
	/** From the request, if the provider's answer does not repeat it. */
	model?: string | null;
	prompt?: string | null;
	estimatedCostUsd?: number | null;
}

/**
 * An item's JSON; without a generation, that of a request that was not sent. Unknown values are `null`, never absent. No
 * key is called `error`: n8n would treat the item as failed and, with Retry On Fail, run the node again.
 */
export function outputJson(provider: Provider, generation: Generation | null, options: OutputOptions): IDataObject {
	const inputFields = { ...options.inputFields };
	delete inputFields.error;
	return {
		...inputFields,
		generationId: generation?.generationId ?? null,
		provider: provider.id,
		model: options.model ?? generation?.model ?? null,
		status: generation?.status ?? null,
		videoUrl: generation?.videoUrl ?? null,
		media: (generation?.media ?? []).map(({ url, type }) => ({ url, type })),
		prompt: options.prompt || (generation?.prompt ?? null),
		createdAt: generation?.createdAt ?? null,
		completedAt: generation?.completedAt ?? null,
		failureReason: generation?.failureReason ?? null,
		estimatedCostUsd: options.estimatedCostUsd ?? null,
		...(options.includeRaw && generation ? { raw: generation.raw } : {}),
	};
}
