/** Video: Generate. Generates a video from text and images. */
import { choiceFields, endImageFields, imageSourceFields, loopFields, modelFields, promptFields, startImageFields } from '../requestFields';
import { createVideoOperation } from './createVideo';

export const generate = createVideoOperation({
	value: 'generate',
	name: 'Generate',
	action: 'Generate video',
	description: 'Generate a video from text and images',
	toolDescription: 'Generates a new video of a few seconds from a text that describes it and, optionally, from images.',
	fields: [
		...modelFields('generate'),
		...promptFields('generate'),
		...startImageFields('generate'),
		...choiceFields('generate', 'aspectRatio'),
		...choiceFields('generate', 'resolution'),
		...choiceFields('generate', 'duration'),
	],
	furtherFields: [...endImageFields('generate'), ...imageSourceFields('generate'), ...loopFields('generate')],
});
