/** The fields that say when items go on to the next node, and which trigger learns of the generation. */
import type { INodeProperties, INodePropertyOptions } from 'n8n-workflow';
import { FIELD_NAMES } from '../generation/check';
import type { Product } from '../providers/provider';
import { IN_TOOL, NOT_IN_TOOL } from './operation';

export type Completion = 'none' | 'poll' | 'suspend';

const OPTIONS: Readonly<Record<Completion, INodePropertyOptions>> = {
	none: {
		name: 'Return Immediately',
		value: 'none',
		description: 'Output the generation ID as soon as the provider has accepted the request',
	},
	suspend: {
		name: 'Suspend Until Finished',
		value: 'suspend',
		description:
			'Store the execution and resume it when the generation is finished: nothing runs in the meantime, and n8n may restart. Adds a few seconds.',
	},
	poll: {
		name: 'Wait Until Finished',
		value: 'poll',
		description: 'Keep the execution running until the generation is finished. All items are generated at the same time.',
	},
};

function field(completions: readonly Completion[], displayOptions: INodeProperties['displayOptions']): INodeProperties {
	return {
		displayName: 'Completion',
		name: 'completion',
		type: 'options',
		noDataExpression: true,
		options: completions.map((completion) => OPTIONS[completion]),
		default: 'poll',
		description: 'When the items go on to the next node',
		displayOptions,
	};
}

/** An agent's tool must return in one call, so it cannot suspend. */
export function completionFields(makes: Product): INodeProperties[] {
	return [
		field(['none', 'suspend', 'poll'], NOT_IN_TOOL),
		field(['none', 'poll'], IN_TOOL),
		{
			displayName: FIELD_NAMES.triggerUrl,
			name: 'triggerUrl',
			type: 'string',
			default: '',
			placeholder: 'e.g. https://n8n.example.com/webhook/…/luma-video?sku=MUG',
			description: `Production URL of a Luma Video Trigger with the same credential: the trigger starts its own workflow when the ${makes} is finished. A query that you add to the URL, such as <code>?sku=MUG</code>, is in its output as 'reference'.`,
			displayOptions: { show: { completion: ['none'] } },
		},
	];
}
