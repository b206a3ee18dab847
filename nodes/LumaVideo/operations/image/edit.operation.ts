/** Image: Edit. Generates a changed version of an image. */
import { createImageOperation } from './createImage';
import { promptField, sourceFields } from './imageFields';

export const edit = createImageOperation({
	value: 'edit',
	name: 'Edit',
	action: 'Edit image',
	description: 'Change what is in an image, or how it looks',
	toolDescription: 'Changes an image, given by the generationId that made it or by its web address, as a text describes.',
	fields: sourceFields(),
	prompt: promptField('e.g. Make it a rainy evening with lit windows', 'What to change in the image'),
});
