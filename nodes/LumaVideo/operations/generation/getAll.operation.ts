/** Generation: Get Many. Lists the account's generations, newest first. */
import { listGenerations } from '../../generation/list';
import { outputJson } from '../../generation/output';
import { providerIds, providers } from '../../providers';
import { eachItem, requestFailure } from '../eachItem';
import { manyFields, readLimit } from '../manyFields';
import type { Operation } from '../operation';
import { optionsField } from '../settings';

export const getAll: Operation = {
	resource: 'generation',
	value: 'getAll',
	name: 'Get Many',
	action: 'Get many generations',
	description: "Retrieve many of the account's generations, newest first",
	toolDescription: "Lists the account's latest generations with their generationId, status, prompt and videoUrl. Costs nothing.",
	providers: providerIds.filter((id) => providers[id].listing),
	properties: [...manyFields, optionsField(['includeRaw', 'requestTimeout'])],

	async execute(context, provider) {
		return await eachItem(context, provider, async (itemIndex, client, { includeRaw }) => {
			const result = await listGenerations(provider, client, readLimit(context, itemIndex));
			if (!result.ok) return requestFailure(provider, result);
			return { ok: true, items: result.generations.map((generation) => ({ json: outputJson(provider, generation, { includeRaw }) })) };
		});
	},
};
