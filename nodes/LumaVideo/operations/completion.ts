/** The field that says when items go on: what it offers depends on the provider and on who runs the node. */
import type { INodeProperties, INodePropertyOptions } from 'n8n-workflow';
import { providerIds, providers } from '../providers';

export type Completion = 'callback' | 'none' | 'poll';

const OPTIONS: Readonly<Record<Completion, INodePropertyOptions>> = {
	none: {
		name: 'Return at Once',
		value: 'none',
		description: 'Pass on the generation ID as soon as the provider has accepted the request',
	},
	callback: {
		name: 'Suspend Until Callback',
		value: 'callback',
		description:
			'Store the execution until the provider calls back: nothing runs meanwhile. n8n must be reachable from the internet.',
	},
	poll: {
		name: 'Wait Until Finished',
		value: 'poll',
		description: 'Pass on the video when it is finished. All items are made at the same time.',
	},
};

const withCallbacks = providerIds.filter((id) => providers[id].capabilities.callbacks !== 'none');
const withoutCallbacks = providerIds.filter((id) => providers[id].capabilities.callbacks === 'none');

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

/** An agent's tool must answer in one go, so it cannot suspend. */
export const completionFields: INodeProperties[] = [
	field(['none', 'callback', 'poll'], { show: { provider: withCallbacks }, hide: { '@tool': [true] } }),
	field(['none', 'poll'], { show: { provider: withCallbacks, '@tool': [true] } }),
	field(['none', 'poll'], { show: { provider: withoutCallbacks } }),
];
