/** Video: Generate. Generates a video from text and images. */
import { choiceFields, imageFields, loopFields, modelFields, promptFields } from '../requestFields';
import { createVideoOperation } from './createVideo';

export const generate = createVideoOperation({
	value: 'generate',
	name: 'Generate',
	action: 'Generate video',
	description: 'Generate a video from text and images',
	toolDescription: 'Makes a new video of a few seconds from a text that describes it and, if given, from images.',
	fields: [
		...modelFields('generate'),
		...promptFields('generate'),
		...imageFields('generate'),
		...choiceFields('generate', 'aspectRatio'),
		...choiceFields('generate', 'resolution'),
		...choiceFields('generate', 'duration'),
		...loopFields('generate'),
	],
});
