/** Concept: Get Many and Camera Motion: Get Many. The options for a video. */
import { readCatalog } from '../../generation/catalog';
import { providerIds, providers } from '../../providers';
import type { CatalogName } from '../../providers/provider';
import { eachItem, requestFailure } from '../eachItem';
import { manyFields, readLimit } from '../manyFields';
import type { Operation, ResourceName } from '../operation';
import { invalid } from '../plan';
import { optionsField } from '../settings';

function catalogOperation(resource: ResourceName, name: CatalogName, plural: string): Operation {
	return {
		resource,
		value: 'getAll',
		name: 'Get Many',
		action: `Get many ${plural}`,
		description: `Retrieve many ${plural}`,
		toolDescription: `Lists the ${plural} that can be used in a request for a video. Costs nothing.`,
		providers: providerIds.filter((id) => providers[id].catalogs?.[name]),
		properties: [...manyFields, optionsField(['requestTimeout'])],

		async execute(context, provider) {
			return await eachItem(context, provider, async (itemIndex, client) => {
				const catalog = provider.catalogs?.[name];
				if (!catalog) return { ok: false, failure: invalid(provider, []) };
				const result = await readCatalog(provider, client, catalog);
				if (!result.ok) return requestFailure(provider, result);
				const source = result.isDocumented ? 'documentation' : 'provider';
				const values = result.values.slice(0, readLimit(context, itemIndex) ?? undefined);
				return { ok: true, items: values.map((value) => ({ json: { value, source } })) };
			});
		},
	};
}

export const getAllConcepts = catalogOperation('concept', 'concepts', 'concepts');
export const getAllCameraMotions = catalogOperation('cameraMotion', 'cameraMotions', 'camera motions');
