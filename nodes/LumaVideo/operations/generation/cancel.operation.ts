/** Generation: Cancel. Asks the provider to stop a generation that is not finished. */
import { createGenerationAction } from './generationAction';

export const cancelGeneration = createGenerationAction({
	value: 'cancel',
	name: 'Cancel',
	action: 'Cancel generation',
	description: 'Ask the provider to cancel a generation, which may still finish and be charged',
	toolDescription:
		'Asks the provider to cancel a generation that is not finished, identified by its generationId. It may still finish and be charged.',
	ability: 'cancellation',
	// Not that it was: a generation that runs may finish.
	done: { cancelRequested: true },
});
