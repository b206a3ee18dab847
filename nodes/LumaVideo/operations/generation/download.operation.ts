/** Generation: Download. Reads the generation, so that the URL is fresh, and streams its file into the item. */
import { providerIds } from '../../providers';
import type { Operation } from '../operation';
import { binaryField, downloadSettings, optionsField } from '../settings';
import { generationIdFields } from '../generationId';
import { readEach } from './readEach';

export const download: Operation = {
	resource: 'generation',
	value: 'download',
	name: 'Download',
	action: 'Download generation',
	description: 'Download the video or image of a finished generation',
	toolDescription: null,
	providers: providerIds,
	properties: [
		...generationIdFields(),
		binaryField,
		optionsField(['fileName', 'includeInputFields', 'includeRaw', 'maxDownloadMb', 'requestTimeout']),
	],

	async execute(context, provider) {
		return await readEach(context, provider, (itemIndex, settings, client) =>
			downloadSettings(context, itemIndex, settings, client.isLocal),
		);
	},
};
