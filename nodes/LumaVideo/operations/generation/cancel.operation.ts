/** Generation: Cancel. Asks the provider to stop a generation that is not finished. */
import { createGenerationAction } from './generationAction';

export const cancelGeneration = createGenerationAction({
	value: 'cancel',
	name: 'Cancel',
	action: 'Cancel generation',
	description: 'Ask the provider to stop a generation; one that runs may finish, and be charged, all the same',
	toolDescription:
		'Asks the provider to stop a generation, named by its generationId, that is not finished. It may finish, and be charged, all the same.',
	ability: 'cancellation',
	// Not that it was: a generation that runs may finish.
	done: { cancelRequested: true },
});
