/** Video: Reframe. Changes the aspect ratio of a video; what is missing in the picture is made. */
import { generationIdFields } from '../generationId';
import { choiceFields, imageFields, modelFields, promptFields } from '../requestFields';
import { sourceFields } from '../sourceFields';
import { createVideoOperation } from './createVideo';

export const reframe = createVideoOperation({
	value: 'reframe',
	name: 'Reframe',
	action: 'Reframe video',
	description: 'Change the aspect ratio of a video and fill what is missing in the picture',
	toolDescription: 'Changes the aspect ratio of a finished video and fills what is missing in the picture.',
	fields: [
		...sourceFields('reframe', generationIdFields('generationId', 'The finished generation that is reframed')),
		...modelFields('reframe'),
		...choiceFields('reframe', 'aspectRatio'),
		...choiceFields('reframe', 'resolution'),
		...promptFields('reframe'),
		...imageFields('reframe'),
	],
});
