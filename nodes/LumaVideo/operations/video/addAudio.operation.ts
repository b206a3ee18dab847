/** Video: Add Audio. Adds sound to a generated video. */
import { generationIdFields } from '../generationId';
import { promptFields } from '../requestFields';
import { createVideoOperation } from './createVideo';

export const addAudio = createVideoOperation({
	value: 'addAudio',
	name: 'Add Audio',
	action: 'Add audio to video',
	description: 'Add sound to a generated video',
	toolDescription: 'Adds sound to a finished video, identified by its generationId.',
	fields: [
		...generationIdFields('generationId', 'The finished generation to add sound to'),
		...promptFields('addAudio'),
	],
});
