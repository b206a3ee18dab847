/** Video: Upscale. Makes a generated video larger. */
import { generationIdFields } from '../generationId';
import { choiceFields } from '../requestFields';
import { createVideoOperation } from './createVideo';

export const upscale = createVideoOperation({
	value: 'upscale',
	name: 'Upscale',
	action: 'Upscale video',
	description: "Increase a generated video's resolution",
	toolDescription: 'Makes a finished video larger; it is named by its generationId.',
	fields: [
		...generationIdFields('generationId', 'The finished generation that is upscaled'),
		...choiceFields('upscale', 'resolution'),
	],
});
