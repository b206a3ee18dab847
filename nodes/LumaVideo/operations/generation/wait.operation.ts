/** Generation: Wait. Waits for generations that were bought earlier, all items together. */
import { providerIds } from '../../providers';
import { createProviderClient } from '../../transport/providerClient';
import { invalid, planItems } from '../plan';
import { runPlans } from '../runPlans';
import type { Operation } from '../operation';
import { defaultTimeoutMs, downloadFields, downloadSettings, optionsField, outputSettings, readSettings, readWantsFile } from '../settings';
import { generationIdFields, readGenerationId } from '../generationId';

/** All are read together: the provider's limit on concurrent generations applied when they were bought. */
const NO_LIMIT = 1000;

export const wait: Operation = {
	resource: 'generation',
	value: 'wait',
	name: 'Wait',
	action: 'Wait for generation',
	description: 'Wait until a generation is finished',
	toolDescription:
		"Waits until a generation, identified by its generationId, is finished, which can take minutes. Returns videoUrl, the video's URL; an image's URL is in media. Costs nothing.",
	providers: providerIds,
	properties: [
		...generationIdFields(),
		...downloadFields('video', 'Whether to download the file too: the image, if the generation made one'),
		optionsField(['fileName', 'includeInputFields', 'includeRaw', 'maxDownloadMb', 'onTimeout', 'requestTimeout', 'timeout']),
	],

	async execute(context, provider) {
		const client = await createProviderClient(context, provider, readSettings(context, 0).requestTimeoutMs);
		const plans = planItems(context, provider, (itemIndex) => {
			const generationId = readGenerationId(context, itemIndex);
			const settings = { ...readSettings(context, itemIndex), maxConcurrent: NO_LIMIT };
			if (settings.findings.length > 0) return { itemIndex, ok: false, failure: invalid(provider, settings.findings) };
			const wantsFile = readWantsFile(context, itemIndex);
			return {
				itemIndex,
				ok: true,
				job: {
					itemIndex,
					timeoutMs: settings.timeoutMs ?? defaultTimeoutMs(null),
					start: { kind: 'existing', generationId },
				},
				settings,
				output: outputSettings(context, itemIndex, settings),
				download: wantsFile ? downloadSettings(context, itemIndex, settings, client.isLocal) : null,
			};
		});
		return await runPlans({ context, provider, client }, plans, 'poll');
	},
};
