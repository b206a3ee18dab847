/** Generation: Delete. Deletes a generation and its video at the provider. */
import { ask } from '../../generation/ask';
import { providerIds, providers } from '../../providers';
import { invalid } from '../plan';
import { eachItem, requestFailure } from '../eachItem';
import { generationIdFields, readGenerationId } from '../generationId';
import { notDeleted } from '../messages';
import type { Operation } from '../operation';
import { forOperation } from '../operation';
import { optionsField } from '../settings';

const supporting = providerIds.filter((id) => providers[id].deletion);

export const deleteGeneration: Operation = {
	resource: 'generation',
	value: 'delete',
	name: 'Delete',
	action: 'Delete generation',
	description: 'Delete a generation and its video at the provider',
	toolDescription: 'Deletes a generation and its video at the provider. This cannot be undone.',
	providers: supporting,
	properties: forOperation('generation', 'delete', [...generationIdFields(), optionsField(['requestTimeout'])], supporting),

	async execute(context, provider) {
		return await eachItem(context, provider, async (itemIndex, client) => {
			const id = readGenerationId(context, itemIndex);
			if (!id.ok) return { ok: false, failure: invalid(provider, [id.finding]) };
			const { generationId } = id;
			const { deletion } = provider;
			if (!deletion) return { ok: false, failure: invalid(provider, []) };
			const answer = await ask(provider, client, deletion.call(generationId), deletion.read);
			if (answer.ok) return { ok: true, rows: [{ deleted: true, generationId }] };
			const { problem, reason, advice } = answer;
			return requestFailure(provider, { problem, ...notDeleted({ generationId, isRefused: problem !== null, reason, advice }) }, generationId);
		});
	},
};
