/** Video: Upscale. Increases the resolution of a generated video. */
import { generationIdFields } from '../generationId';
import { choiceFields } from '../requestFields';
import { createVideoOperation } from './createVideo';

export const upscale = createVideoOperation({
	value: 'upscale',
	name: 'Upscale',
	action: 'Upscale video',
	description: 'Increase the resolution of a generated video',
	toolDescription: 'Increases the resolution of a finished video, identified by its generationId.',
	fields: [
		...generationIdFields('generationId', 'The finished generation to upscale'),
		...choiceFields('upscale', 'resolution'),
	],
});
