/** Video: Extend. Adds a part to the end or the beginning of a generated video. */
import { generationIdFields } from '../generationId';
import { choiceFields, directionFields, imageFields, loopFields, modelFields, promptFields } from '../requestFields';
import { createVideoOperation } from './createVideo';

export const extend = createVideoOperation({
	value: 'extend',
	name: 'Extend',
	action: 'Extend video',
	description: 'Add a part to the end or the beginning of a generated video',
	toolDescription: 'Adds a part to a finished video, which is named by its generationId.',
	fields: [
		...generationIdFields('generationId', 'The finished generation to extend'),
		...directionFields(),
		...modelFields('extend'),
		...promptFields('extend'),
		...imageFields('extend'),
		...choiceFields('extend', 'aspectRatio'),
		...choiceFields('extend', 'resolution'),
		...choiceFields('extend', 'duration'),
		...loopFields('extend'),
	],
});
