/** Video: Reframe. Changes the aspect ratio of a video and fills the new parts of the picture. */
import { choiceFields, endImageFields, imageSourceFields, modelFields, promptFields, startImageFields } from '../requestFields';
import { sourceFields } from '../sourceFields';
import { createVideoOperation } from './createVideo';

export const reframe = createVideoOperation({
	value: 'reframe',
	name: 'Reframe',
	action: 'Reframe video',
	description: 'Change the aspect ratio of a video and fill the new parts of the picture',
	toolDescription: 'Changes the aspect ratio of a finished video and fills the new parts of the picture.',
	fields: [
		...sourceFields('reframe'),
		...modelFields('reframe'),
		...choiceFields('reframe', 'aspectRatio'),
		...choiceFields('reframe', 'resolution'),
		...promptFields('reframe'),
		...startImageFields('reframe'),
	],
	furtherFields: [...endImageFields('reframe'), ...imageSourceFields('reframe')],
});
