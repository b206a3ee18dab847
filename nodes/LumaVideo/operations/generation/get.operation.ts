/** Generation: Get. Reads the current state; a failed generation is a result like any other. */
import { providerIds } from '../../providers';
import type { Operation } from '../operation';
import { forOperation } from '../operation';
import { optionsField } from '../settings';
import { generationIdFields } from '../generationId';
import { readEach } from './readEach';

export const get: Operation = {
	resource: 'generation',
	value: 'get',
	name: 'Get',
	action: 'Get generation',
	description: 'Retrieve the current state of a generation',
	toolDescription: "Reads how far a generation is, named by its generationId, without waiting. Returns its status (queued, processing, completed or failed) and, when it is completed, videoUrl, the web address of the video; that of an image is in media. Buys nothing.",
	providers: providerIds,
	properties: forOperation('generation', 'get', [
		...generationIdFields(),
		optionsField(['includeRaw', 'requestTimeout']),
	], providerIds),

	async execute(context, provider) {
		return await readEach(context, provider, () => null);
	},
};
