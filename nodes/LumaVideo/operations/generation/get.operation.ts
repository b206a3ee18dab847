/** Generation: Get. Reads the current state; a failed generation is a result like any other. */
import { providerIds } from '../../providers';
import type { Operation } from '../operation';
import { optionsField } from '../settings';
import { generationIdFields } from '../generationId';
import { readEach } from './readEach';

export const get: Operation = {
	resource: 'generation',
	value: 'get',
	name: 'Get',
	action: 'Get generation',
	description: 'Retrieve the current state of a generation',
	toolDescription: "Checks the status of a generation, identified by its generationId, without waiting. Returns status (queued, processing, completed or failed) and, when it is 'completed', videoUrl, the video's URL; an image's URL is in media. Costs nothing.",
	providers: providerIds,
	properties: [...generationIdFields(), optionsField(['includeInputFields', 'includeRaw', 'requestTimeout'])],

	async execute(context, provider) {
		return await readEach(context, provider, () => null);
	},
};
