/** Image: Generate. Generates an image from text and, optionally, images. */
import { createImageOperation } from './createImage';
import { promptField } from './imageFields';

export const generate = createImageOperation({
	value: 'generate',
	name: 'Generate',
	action: 'Generate image',
	description: 'Generate an image from text and images',
	toolDescription: 'Generates a new image from a text that describes it and, optionally, from reference images.',
	fields: [],
	prompt: promptField(
		'e.g. A red kite over a quiet beach at sunrise, wide shot, soft light',
		'What the image shows: subject, setting, light, mood and style',
	),
});
