/** Operations that do something to the generation of each item, and read nothing of it. */
import type { IDataObject } from 'n8n-workflow';
import { ask } from '../../generation/ask';
import { providerIds, providers } from '../../providers';
import { eachItem, requestFailure } from '../eachItem';
import { generationIdFields, readGenerationId } from '../generationId';
import { actionFailed } from '../messages';
import type { Operation } from '../operation';
import { invalid } from '../plan';
import { optionsField } from '../settings';

export function createGenerationAction(
	definition: Pick<Operation, 'action' | 'description' | 'name' | 'toolDescription' | 'value'> & {
		ability: 'cancellation' | 'deletion';
		/** What the output says of it. */
		done: IDataObject;
	},
): Operation {
	const { ability, done, ...texts } = definition;
	return {
		...texts,
		resource: 'generation',
		providers: providerIds.filter((id) => providers[id][ability]),
		properties: [...generationIdFields(), optionsField(['requestTimeout'])],

		async execute(context, provider) {
			return await eachItem(context, provider, async (itemIndex, client) => {
				const generationId = readGenerationId(context, itemIndex);
				const able = provider[ability];
				if (!able) return { ok: false, failure: invalid(provider, []) };
				const answer = await ask(provider, client, able.call(generationId), able.read);
				if (answer.ok) return { ok: true, items: [{ json: { ...done, generationId } }] };
				const { problem, reason, advice } = answer;
				const text = actionFailed({ generationId, isDeletion: ability === 'deletion', isRefused: problem !== null, reason, advice });
				return requestFailure(provider, { problem, ...text }, generationId);
			});
		},
	};
}
