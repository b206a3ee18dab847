/** Video: Extend. Adds a part to the end or the beginning of a generated video. */
import { generationIdFields } from '../generationId';
import { choiceFields, directionFields, endImageFields, imageSourceFields, loopFields, modelFields, promptFields, startImageFields } from '../requestFields';
import { createVideoOperation } from './createVideo';

export const extend = createVideoOperation({
	value: 'extend',
	name: 'Extend',
	action: 'Extend video',
	description: 'Add a part to the end or the beginning of a generated video',
	toolDescription: 'Makes a finished video longer, at its end or its beginning. The video is identified by its generationId.',
	fields: [
		...generationIdFields('generationId', 'The finished generation to extend'),
		...directionFields(),
		...modelFields('extend'),
		...promptFields('extend'),
		...startImageFields('extend'),
		...endImageFields('extend'),
		...choiceFields('extend', 'aspectRatio'),
		...choiceFields('extend', 'resolution'),
		...choiceFields('extend', 'duration'),
	],
	furtherFields: [...imageSourceFields('extend'), ...loopFields('extend')],
});
