/**
 * Video: Generate. Buys a video from text and images.
 *
 * All items are checked before the first is submitted. A create is sent once per item; see `generation/run.ts`.
 */
import type { IExecuteFunctions, INodeProperties } from 'n8n-workflow';
import { FIELD_NAMES, checkRequest } from '../../generation/checkRequest';
import { fingerprint } from '../../generation/ledger';
import { findModel, providerIds, providers } from '../../providers';
import type { Provider } from '../../providers/provider';
import type { ProviderClient } from '../../transport/providerClient';
import { createProviderClient } from '../../transport/providerClient';
import type { Plan } from '../batch';
import { invalid, isTool, planItems, runPlans } from '../batch';
import type { Operation } from '../operation';
import { forOperation } from '../operation';
import { additionalFields, choiceFields, imageFields, loopFields, modelFields, promptFields } from '../requestFields';
import { binaryField, defaultTimeoutMs, downloadSettings, optionsField, readSettings } from '../settings';

/** Fields that shape the request, as they lie on the top level. */
const REQUEST_FIELDS = [
	'model',
	'prompt',
	'startImage',
	'endImage',
	'aspectRatio',
	'resolution',
	'duration',
	'loop',
] as const;

/** Parameters that say how the node works, not what is bought: changing them makes no other request. */
const NOT_PART_OF_REQUEST = ['binaryPropertyName', 'completion', 'downloadVideo', 'options'];

const withCallbacks = providerIds.filter((id) => providers[id].capabilities.callbacks !== 'none');

const properties: INodeProperties[] = [
	...modelFields(),
	...promptFields(),
	...imageFields(),
	...choiceFields('aspectRatio'),
	...choiceFields('resolution'),
	...choiceFields('duration'),
	...loopFields(),
	{
		displayName: 'Completion',
		name: 'completion',
		type: 'options',
		noDataExpression: true,
		options: [
			{
				name: 'Return at Once',
				value: 'none',
				description: 'Pass on the generation ID as soon as the provider has accepted the request',
			},
			{
				name: 'Wait Until Finished',
				value: 'poll',
				description: 'Pass on the video when it is finished. All items are made at the same time.',
			},
		],
		default: 'poll',
		description: 'When the items go on to the next node',
	},
	{
		displayName: 'Download Video',
		name: 'downloadVideo',
		type: 'boolean',
		default: false,
		description:
			"Whether to download the video file too. Providers do not keep videos forever; the output always has the video's URL.",
		displayOptions: { show: { completion: ['poll'] } },
	},
	{ ...binaryField, displayOptions: { show: { completion: ['poll'], downloadVideo: [true] } } },
	additionalFields([
		{
			displayName: FIELD_NAMES.callbackUrl,
			name: 'callbackUrl',
			type: 'string',
			default: '',
			placeholder: 'e.g. https://n8n.example.com/webhook/luma-video',
			description: 'Public web address that the provider calls when the video is finished',
			displayOptions: { show: { '/completion': ['none'], '/provider': withCallbacks } },
		},
	]),
	optionsField([
		'includeRaw',
		'maxConcurrent',
		'maxDownloadMb',
		'onTimeout',
		'requestTimeout',
		'resubmitFailed',
		'timeout',
	]),
];

function readInput(context: IExecuteFunctions, itemIndex: number): Record<string, unknown> {
	const fields = REQUEST_FIELDS.map((name) => [name, context.getNodeParameter(name, itemIndex, null)] as const);
	const more = context.getNodeParameter('additionalFields', itemIndex, {}) as Record<string, unknown>;
	return { ...more, ...Object.fromEntries(fields) };
}

function plan(
	context: IExecuteFunctions,
	provider: Provider,
	client: ProviderClient,
	completion: string,
	itemIndex: number,
): Plan {
	const checked = checkRequest(provider, readInput(context, itemIndex), { allowLocalAddresses: client.isLocal });
	if (!checked.ok) return { itemIndex, ok: false, failure: invalid(provider, checked.findings) };
	const { request } = checked;
	const model = findModel(provider, request.model);
	if (!model) return { itemIndex, ok: false, failure: invalid(provider, []) };
	const settings = readSettings(context, itemIndex);
	const wantsFile = completion === 'poll' && context.getNodeParameter('downloadVideo', itemIndex, false) === true;
	// Where the answer goes does not change what is bought.
	const bought = { ...request, callback: null };
	const stored = Object.fromEntries(
		Object.entries(context.getNode().parameters).filter(([name]) => !NOT_PART_OF_REQUEST.includes(name)),
	);
	return {
		itemIndex,
		ok: true,
		job: {
			itemIndex,
			timeoutMs: settings.timeoutMs ?? defaultTimeoutMs(request.resolution),
			start: {
				kind: 'create',
				request,
				model,
				key: {
					requestHash: fingerprint([provider.id, bought]),
					// An agent fills in fields per call, so its stored parameters do not tell its calls apart.
					parametersHash: isTool(context) ? null : fingerprint(stored),
				},
			},
		},
		settings,
		output: {
			includeRaw: settings.includeRaw,
			model: request.model,
			prompt: request.prompt,
			estimatedCostUsd: provider.estimateUsd(request),
		},
		download: wantsFile ? downloadSettings(context, itemIndex, settings, client.isLocal) : null,
	};
}

export const generate: Operation = {
	resource: 'video',
	value: 'generate',
	name: 'Generate',
	action: 'Generate video',
	description: 'Make a video from text and images',
	providers: providerIds,
	properties: forOperation('video', ['generate'], properties),

	async execute(context, provider) {
		const client = await createProviderClient(context, provider, readSettings(context, 0).requestTimeoutMs);
		const completion = context.getNodeParameter('completion', 0, 'poll') as string;
		const plans = planItems(context, provider, (itemIndex) =>
			plan(context, provider, client, completion, itemIndex),
		);
		return await runPlans(context, provider, client, plans, completion === 'none' ? 'submitted' : 'finished');
	},
};
