/** Image: Edit. Generates a changed version of an image. */
import { createImageOperation } from './createImage';
import { promptField, sourceFields } from './imageFields';

export const edit = createImageOperation({
	value: 'edit',
	name: 'Edit',
	action: 'Edit image',
	description: 'Change what is in an image, or how it looks',
	toolDescription: 'Changes an image as described in a text. The image is identified by the generationId that generated it, or by its URL.',
	fields: sourceFields(),
	prompt: promptField('e.g. Make it a rainy evening with lit windows', 'What to change in the image'),
});
