/** The two fields of every Get Many operation. */
import type { IExecuteFunctions, INodeProperties } from 'n8n-workflow';
import { numberOf } from '../providers/values';
import { mustBe } from './messages';
import { fieldError, readSwitch } from './settings';

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

/** The maximum number of results; `null` for all. @throws NodeOperationError when a field is not valid */
export function readLimit(context: IExecuteFunctions, itemIndex: number): number | null {
	if (readSwitch(context, itemIndex, 'returnAll', 'Return All')) return null;
	const limit = numberOf(context.getNodeParameter('limit', itemIndex, DEFAULT_LIMIT));
	if (limit === null) return DEFAULT_LIMIT;
	if (limit === undefined || limit < 1) throw fieldError(context, itemIndex, mustBe({ field: 'Limit', needed: 'a number of 1 or more' }));
	return Math.floor(limit);
}
