/** Video: Modify. Generates a video from another with a different style, setting or content. */
import { choiceFields, endImageFields, imageSourceFields, modeFields, modelFields, promptFields, startImageFields } from '../requestFields';
import { sourceFields } from '../sourceFields';
import { createVideoOperation } from './createVideo';

export const modify = createVideoOperation({
	value: 'modify',
	name: 'Modify',
	action: 'Modify video',
	description: 'Change the style, the setting or the content of a video',
	toolDescription: 'Changes the style, setting or content of a finished video.',
	fields: [
		...sourceFields('modify'),
		...modelFields('modify'),
		...modeFields(),
		...promptFields('modify'),
		...startImageFields('modify'),
		...choiceFields('modify', 'aspectRatio'),
		...choiceFields('modify', 'resolution'),
		...choiceFields('modify', 'duration'),
	],
	furtherFields: [...endImageFields('modify'), ...imageSourceFields('modify')],
});
