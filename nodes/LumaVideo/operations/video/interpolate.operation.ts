/** Video: Interpolate. Generates a transition from one generated video to another. */
import { FIRST_GENERATION_ID } from '../../generation/check';
import { generationIdFields } from '../generationId';
import { choiceFields, modelFields, promptFields } from '../requestFields';
import { createVideoOperation } from './createVideo';

export const interpolate = createVideoOperation({
	value: 'interpolate',
	name: 'Interpolate',
	action: 'Interpolate video',
	description: 'Generate a transition between two generated videos',
	toolDescription: 'Generates a transition from one finished video to another, each identified by its generationId.',
	fields: [
		...generationIdFields('generationId', 'The finished generation that comes first', FIRST_GENERATION_ID),
		...generationIdFields('targetGenerationId', 'The finished generation that comes second'),
		...modelFields('interpolate'),
		...promptFields('interpolate'),
		...choiceFields('interpolate', 'resolution'),
	],
});
