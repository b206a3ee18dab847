/** The two fields of every operation that gets many. */
import type { IExecuteFunctions, INodeProperties } from 'n8n-workflow';
import { booleanOf, numberOf } from './values';

const DEFAULT_LIMIT = 50;

export const manyFields: INodeProperties[] = [
	{
		displayName: 'Return All',
		name: 'returnAll',
		type: 'boolean',
		default: false,
		description: 'Whether to return all results or only up to a given limit',
	},
	{
		displayName: 'Limit',
		name: 'limit',
		type: 'number',
		typeOptions: { minValue: 1 },
		default: 50,
		description: 'Max number of results to return',
		displayOptions: { show: { returnAll: [false] } },
	},
];

/** How many results are wanted; `null` for all. */
export function readLimit(context: IExecuteFunctions, itemIndex: number): number | null {
	if (booleanOf(context.getNodeParameter('returnAll', itemIndex, false)) === true) return null;
	const limit = numberOf(context.getNodeParameter('limit', itemIndex, DEFAULT_LIMIT));
	return typeof limit === 'number' && limit >= 1 ? Math.floor(limit) : DEFAULT_LIMIT;
}
