/**
 * Video: Generate. Buys a video from text and images.
 *
 * All items are checked before the first is submitted. A create is sent once per item; see `generation/run.ts`.
 */
import type { IExecuteFunctions, INodeProperties } from 'n8n-workflow';
import { NodeOperationError } from 'n8n-workflow';
import { FIELD_NAMES, checkRequest } from '../../generation/checkRequest';
import { fingerprint } from '../../generation/ledger';
import { outputJson } from '../../generation/output';
import { checkSpending } from '../../generation/spending';
import { findModel, providerIds, providers } from '../../providers';
import type { Callback, Provider } from '../../providers/provider';
import type { ProviderClient } from '../../transport/providerClient';
import { createProviderClient } from '../../transport/providerClient';
import type { ItemResult, Plan } from '../batch';
import { invalid, isTool, openLedger, planItems, runPlans, toItems } from '../batch';
import type { Completion } from '../completion';
import { completionFields } from '../completion';
import type { Operation } from '../operation';
import { forOperation } from '../operation';
import { additionalFields, choiceFields, imageFields, loopFields, modelFields, promptFields, providersWith } from '../requestFields';
import { callbackAddress, suspendPlans } from '../suspend';
import { binaryField, callbackTimeoutMs, defaultTimeoutMs, downloadSettings, optionsField, readSettings } from '../settings';

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
	...completionFields,
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
			displayName: FIELD_NAMES.callbackMode,
			name: 'callbackMode',
			type: 'options',
			options: [
				{ name: 'At the End', value: 'terminal', description: 'One call when the video is finished or failed' },
				{ name: 'On Progress Too', value: 'progress', description: 'Also about every 15 seconds until then' },
			],
			default: 'terminal',
			description: 'When the provider calls back',
			// The others call at every change of status anyway.
			displayOptions: { show: { '/completion': ['none'], '/provider': providersWith('callbackMode') } },
		},
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
		'deleteOnStop',
		'dryRun',
		'includeRaw',
		'maxConcurrent',
		'maxCost',
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

function callbackTo(url: string): Callback {
	return { url, mode: 'terminal' };
}

function plan(
	context: IExecuteFunctions,
	provider: Provider,
	client: ProviderClient,
	completion: Completion,
	address: string | null,
	itemIndex: number,
): Plan {
	const checked = checkRequest(provider, readInput(context, itemIndex), { allowLocalAddresses: client.isLocal });
	if (!checked.ok) return { itemIndex, ok: false, failure: invalid(provider, checked.findings) };
	const request = address === null ? checked.request : { ...checked.request, callback: callbackTo(address) };
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
			timeoutMs:
				settings.timeoutMs ??
				(completion === 'callback' ? callbackTimeoutMs : defaultTimeoutMs(request.resolution)),
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
		const common = readSettings(context, 0);
		const client = await createProviderClient(context, provider, common.requestTimeoutMs);
		const completion = context.getNodeParameter('completion', 0, 'poll') as Completion;
		if (completion === 'callback' && isTool(context)) {
			throw new NodeOperationError(context.getNode(), "'Completion' cannot be 'Suspend Until Callback' in a tool", {
				description: "Choose 'Wait Until Finished'.",
				itemIndex: 0,
			});
		}
		const address = completion === 'callback' ? callbackAddress(context, provider, client.isLocal) : null;
		const plans = planItems(context, provider, (itemIndex) =>
			plan(context, provider, client, completion, address, itemIndex),
		);
		if (common.dryRun) return toItems(context, plans.map((each) => preview(provider, client, each)));
		if (common.maxCostUsd !== null) checkLimit(context, provider, plans, common.maxCostUsd);
		if (completion === 'callback') return await suspendPlans(context, provider, client, plans);
		return await runPlans(context, provider, client, plans, completion === 'none' ? 'submitted' : 'finished');
	},
};

/** What would be sent for an item, and about what it would cost. */
function preview(provider: Provider, client: ProviderClient, each: Plan): ItemResult {
	if (!each.ok) return each;
	const { itemIndex, job, output } = each;
	if (job.start.kind !== 'create') return { itemIndex, ok: false, failure: invalid(provider, []) };
	const call = provider.create(job.start.request);
	return {
		itemIndex,
		ok: true,
		item: {
			json: {
				...outputJson(provider, null, output),
				dryRun: true,
				request: {
					method: call.method,
					url: client.addressOf(call),
					headers: call.headers ?? {},
					body: call.body ?? null,
				},
			},
			pairedItem: { item: itemIndex },
		},
	};
}

/** @throws NodeOperationError when the videos that are still to be bought would cost more than the limit */
function checkLimit(context: IExecuteFunctions, provider: Provider, plans: readonly Plan[], maxCostUsd: number): void {
	const ledger = openLedger(context);
	const estimates = plans.flatMap((each) => {
		if (!each.ok || each.job.start.kind !== 'create') return [];
		return ledger.find(each.itemIndex, each.job.start.key) ? [] : [each.output.estimatedCostUsd ?? null];
	});
	const check = checkSpending(estimates, maxCostUsd, provider.displayName);
	if (!check.ok) throw new NodeOperationError(context.getNode(), check.message, { description: check.advice });
}
