/** Generation: Delete. Removes a generation and its video at the provider. */
import { providerIds, providers } from '../../providers';
import { invalid } from '../plan';
import { eachItem, requestFailure } from '../eachItem';
import { generationIdFields, readGenerationId } from '../generationId';
import type { Operation } from '../operation';
import { forOperation } from '../operation';
import { optionsField } from '../settings';

const supporting = providerIds.filter((id) => providers[id].capabilities.delete);

export const deleteGeneration: Operation = {
	resource: 'generation',
	value: 'delete',
	name: 'Delete',
	action: 'Delete generation',
	description: 'Remove a generation and its video at the provider',
	toolDescription: 'Deletes a generation at the provider, its video too. This cannot be undone.',
	providers: supporting,
	properties: forOperation('generation', 'delete', [...generationIdFields(), optionsField(['requestTimeout'])], supporting),

	async execute(context, provider) {
		return await eachItem(context, provider, async (itemIndex, client) => {
			const id = readGenerationId(context, itemIndex);
			if (!id.ok) return { ok: false, failure: invalid(provider, [id.finding]) };
			const { generationId } = id;
			if (!provider.delete || !provider.readDeleted) return { ok: false, failure: invalid(provider, []) };
			const exchange = await client.send(provider.delete(generationId));
			if (exchange.kind === 'fault') {
				const text = `It is not known whether generation ${generationId} was deleted: ${exchange.fault.text}`;
				return { ok: false, failure: requestFailure(provider, text, null, generationId) };
			}
			const reading = provider.readDeleted(exchange.answer);
			if (reading.ok) return { ok: true, rows: [{ deleted: true, generationId }] };
			const text = `Generation ${generationId} was not deleted: ${reading.problem.message}`;
			return { ok: false, failure: requestFailure(provider, text, reading.problem, generationId) };
		});
	},
};
