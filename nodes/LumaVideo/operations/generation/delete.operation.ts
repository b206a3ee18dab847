/** Generation: Delete. Deletes a generation and its video at the provider. */
import { createGenerationAction } from './generationAction';

export const deleteGeneration = createGenerationAction({
	value: 'delete',
	name: 'Delete',
	action: 'Delete generation',
	description: 'Delete a generation and its video at the provider',
	toolDescription: 'Deletes a generation and its video at the provider. This cannot be undone.',
	ability: 'deletion',
	done: { deleted: true },
});
