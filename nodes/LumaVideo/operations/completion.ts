/** The field that says when items go on to the next node. */
import type { INodeProperties, INodePropertyOptions } from 'n8n-workflow';

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
export const completionFields: INodeProperties[] = [
	field(['none', 'suspend', 'poll'], { hide: { '@tool': [true] } }),
	field(['none', 'poll'], { show: { '@tool': [true] } }),
];
