/**
 * What all operations that make a video have in common: everything is checked, for all items, before the first request
 * is sent; each is sent once (`generation/run.ts`).
 */
import type { IExecuteFunctions, INodeProperties } from 'n8n-workflow';
import { NodeOperationError } from 'n8n-workflow';
import { FIELD_NAMES, InputFile, checkRequest } from '../../generation/checkRequest';
import { systemClock } from '../../generation/clock';
import type { Failure } from '../../generation/failure';
import { fingerprint } from '../../generation/ledger';
import { outputJson } from '../../generation/output';
import { readGeneration } from '../../generation/read';
import { checkSpending } from '../../generation/spending';
import { findModel, providerIds, providers } from '../../providers';
import type { Provider, VideoOperation, VideoRequest } from '../../providers/provider';
import { operationCapabilities } from '../../providers/provider';
import { generationIdOf, stand } from '../../providers/reference';
import type { ProviderClient } from '../../transport/providerClient';
import { createProviderClient } from '../../transport/providerClient';
import type { Completion } from '../completion';
import { completionFields } from '../completion';
import { canSuspend } from '../engine';
import { generationIdValue } from '../generationId';
import type { ImageFieldName, ImagesInItem, InputReading } from '../inputImages';
import { bringImages, placeholder, readInputImage, readInputVideo } from '../inputImages';
import type { Operation } from '../operation';
import { forOperation, isTool } from '../operation';
import type { ItemResult, Plan } from '../plan';
import { invalid, planItems } from '../plan';
import { toItems } from '../report';
import { additionalFields, providersFor, providersWith } from '../requestFields';
import { openLedger, runPlans } from '../runPlans';
import {
	NO_FILES,
	binaryField,
	defaultTimeoutMs,
	downloadSettings,
	optionsField,
	readSettings,
	readWantsFile,
	suspendedTimeoutMs,
} from '../settings';
import { callbackAddress } from '../suspend';

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
	'direction',
	'mode',
	'sourceVideo',
] as const;

/** Parameters that say how the node works, not what is bought: changing them makes no other request. */
const NOT_PART_OF_REQUEST = ['binaryPropertyName', 'completion', 'downloadVideo', 'options'];

/** What an agent must know of every operation that makes a video. */
const TOOL_TERMS =
	"Costs money and can take minutes: use it once for each video that is wanted. Returns generationId, status and, when status is 'completed', videoUrl, the web address of the video.";

const withCallbacks = providerIds.filter((id) => providers[id].capabilities.callbacks !== 'none');

/** Fields that follow those of the request itself. */
function commonFields(operation: VideoOperation): INodeProperties[] {
	return [
		...completionFields,
		{
			displayName: 'Download Video',
			name: 'downloadVideo',
			type: 'boolean',
			default: false,
			description:
				"Whether to download the video file too. Providers do not keep videos forever; the output always has the video's URL.",
			displayOptions: { show: { completion: ['poll', 'suspend'] }, hide: NO_FILES },
		},
		{ ...binaryField, displayOptions: { show: { completion: ['poll', 'suspend'], downloadVideo: [true] }, hide: NO_FILES } },
		additionalFields(operation, [
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
				displayOptions: {
					show: { '/completion': ['none'], '/provider': providersWith(operation, 'callbackMode') },
				},
			},
			{
				displayName: FIELD_NAMES.callbackUrl,
				name: 'callbackUrl',
				type: 'string',
				default: '',
				placeholder: 'e.g. https://n8n.example.com/webhook/luma-video',
				description:
					"Public web address that the provider calls when the video is finished, such as a Luma Video Trigger's production URL",
				displayOptions: { show: { '/completion': ['none'], '/provider': withCallbacks } },
			},
		]),
		optionsField([
			'buyAgainAfterCrash',
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
}

/** What is the same for all items of a run. */
interface Run {
	context: IExecuteFunctions;
	provider: Provider;
	client: ProviderClient;
	operation: VideoOperation;
	completion: Completion;
	/** Where this execution is called back while it is suspended; `null` where it is not. */
	address: string | null;
}

/** In the place of a file that is refused anyway, so that it is not said to be missing too. */
const REFUSED_FILE = new InputFile('', { name: '', mimeType: '', size: 0 });

/** The values of all fields of one item; images and videos in n8n stand in them as files. */
function readInput(
	{ context, provider, client, operation }: Run,
	itemIndex: number,
): { input: Record<string, unknown>; images: ImagesInItem; findings: string[] } {
	const input: Record<string, unknown> = {
		...context.getNodeParameter('additionalFields', itemIndex, {}),
		...Object.fromEntries(REQUEST_FIELDS.map((name) => [name, context.getNodeParameter(name, itemIndex, null)])),
	};
	// An operation without a choice of models has no such field.
	if (operationCapabilities(provider, operation)?.models[0]?.value === '') input.model = '';
	const videoSource: unknown = operation === 'generate' ? null : context.getNodeParameter('videoSource', itemIndex, null);
	// n8n refuses to read a field that the operation does not have.
	if (operation !== 'generate' && videoSource !== 'url' && videoSource !== 'binary') {
		input.generationId = generationIdValue(context, itemIndex);
		input.sourceVideo = null;
	}
	if (operation === 'interpolate') {
		input.targetGenerationId = generationIdValue(context, itemIndex, 'targetGenerationId');
	}

	const images: ImagesInItem = {};
	const findings: string[] = [];
	if (videoSource === 'binary') {
		const dataField: unknown = context.getNodeParameter('sourceVideoField', itemIndex, '');
		const result = readVideo(context, provider, operation, itemIndex, typeof dataField === 'string' ? dataField.trim() : '');
		if (result.ok) images.source = result.image;
		else findings.push(result.finding);
		input.sourceVideo = result.ok ? placeholder(result.image) : REFUSED_FILE;
	}
	if (context.getNodeParameter('imageSource', itemIndex, 'url') === 'binary') {
		for (const field of ['startImage', 'endImage'] satisfies ImageFieldName[]) {
			const dataField: unknown = context.getNodeParameter(`${field}Field`, itemIndex, '');
			input[field] = null;
			if (typeof dataField !== 'string' || dataField.trim() === '') continue;
			const result = readInputImage(context, provider, client, itemIndex, dataField.trim());
			if (result.ok) {
				images[field] = result.image;
				input[field] = placeholder(result.image);
			} else findings.push(`'${FIELD_NAMES[field]}' ${result.finding}`);
		}
	}
	return { input, images, findings };
}

/** The video file in a field of the item's input data; what stands in the way is a whole sentence. */
function readVideo(
	context: IExecuteFunctions,
	provider: Provider,
	operation: VideoOperation,
	itemIndex: number,
	dataField: string,
): InputReading {
	const takesFiles = operationCapabilities(provider, operation)?.models.some(({ sources }) => sources?.includes('file') === true);
	if (takesFiles !== true) {
		return { ok: false, finding: `'${FIELD_NAMES.videoSource}' cannot be Input Data at ${provider.displayName}; use a URL` };
	}
	if (dataField === '') return { ok: false, finding: `'${FIELD_NAMES.sourceVideoField}' is empty` };
	const result = readInputVideo(context, provider, itemIndex, dataField);
	return result.ok ? result : { ok: false, finding: `'${FIELD_NAMES.sourceVideoField}' ${result.finding}` };
}

/** The request as the provider needs it: images where it finds them, a generation's video by its address. */
async function prepare(
	{ context, provider, client }: Run,
	images: ImagesInItem,
	request: VideoRequest,
): Promise<{ ok: true; request: VideoRequest } | { ok: false; failure: Failure }> {
	const brought = await bringImages(context, provider, client, images, request);
	if (!brought.ok || !needsSourceAddress(provider, request)) return brought;
	const generationId = generationIdOf(request.source) ?? '';
	const source = await readGeneration(
		provider,
		client,
		generationId,
		systemClock,
		context.getExecutionCancelSignal(),
	);
	if (!source.ok) return source;
	const { videoUrl, status } = source.generation;
	if (videoUrl === null) {
		return {
			ok: false,
			failure: {
				message: `Generation ${generationId} has no video yet (status: ${status})`,
				advice: 'Nothing was bought. Wait until it is completed.',
				details: { generationId: null, provider: provider.id, status: null },
			},
		};
	}
	return { ok: true, request: { ...brought.request, source: { kind: 'url', url: videoUrl } } };
}

function needsSourceAddress(provider: Provider, { operation, source }: VideoRequest): boolean {
	const takesVideo = operation === 'modify' || operation === 'reframe';
	return takesVideo && source?.kind === 'generation' && provider.capabilities.sourceAs === 'url';
}

function plan(run: Run, itemIndex: number): Plan {
	const { context, provider, client, operation, completion, address } = run;
	const { input, images, findings } = readInput(run, itemIndex);
	const checked = checkRequest(provider, input, { allowLocalAddresses: client.isLocal }, operation);
	if (findings.length > 0 || !checked.ok) {
		return { itemIndex, ok: false, failure: invalid(provider, [...findings, ...(checked.ok ? [] : checked.findings)]) };
	}
	const request: VideoRequest =
		address === null ? checked.request : { ...checked.request, callback: { url: address, mode: 'terminal' } };
	const model = findModel(provider, operation, request.model);
	if (!model) return { itemIndex, ok: false, failure: invalid(provider, []) };
	const settings = readSettings(context, itemIndex);
	const wantsFile = completion !== 'none' && readWantsFile(context, itemIndex);
	// Where the answer goes does not change what is bought, nor does what only the estimate needs.
	const bought = { ...request, callback: null, sourceLength: null };
	const stored = Object.fromEntries(
		Object.entries(context.getNode().parameters).filter(([name]) => !NOT_PART_OF_REQUEST.includes(name)),
	);
	const needsPreparing = Object.keys(images).length > 0 || needsSourceAddress(provider, request);
	return {
		itemIndex,
		ok: true,
		job: {
			itemIndex,
			timeoutMs:
				settings.timeoutMs ??
				(completion === 'suspend' ? suspendedTimeoutMs : defaultTimeoutMs(request.resolution)),
			start: {
				kind: 'create',
				request,
				model,
				key: {
					requestHash: fingerprint([provider.id, bought]),
					// An agent fills in fields per call, so its stored parameters do not tell its calls apart.
					parametersHash: isTool(context) ? null : fingerprint(stored),
				},
				...(needsPreparing ? { prepare: async (planned) => await prepare(run, images, planned) } : {}),
			},
		},
		settings,
		output: {
			includeRaw: settings.includeRaw,
			model: request.model === '' ? null : request.model,
			prompt: request.prompt,
			estimatedCostUsd: provider.estimateUsd(request),
		},
		download: wantsFile ? downloadSettings(context, itemIndex, settings, client.isLocal) : null,
	};
}

const PLACEHOLDER_NOTE =
	'Texts in angle brackets stand for what is made when the request is sent: a Dry Run reads no generation and sends no file.';

/** A request whose addresses are not all known yet, for a person to read. */
function shown(provider: Provider, request: VideoRequest): VideoRequest {
	if (!needsSourceAddress(provider, request)) return request;
	const generationId = generationIdOf(request.source) ?? '';
	return { ...request, source: { kind: 'url', url: stand('address', `the video of generation ${generationId}`) } };
}

/** What would be sent for an item, and about what it would cost. */
function preview(provider: Provider, client: ProviderClient, each: Plan): ItemResult {
	if (!each.ok) return each;
	const { itemIndex, job, output } = each;
	if (job.start.kind !== 'create') return { itemIndex, ok: false, failure: invalid(provider, []) };
	const call = provider.create(shown(provider, job.start.request));
	const body = call.body ?? null;
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
					body,
				},
				...(/"<[^"]+ of [^"]+>"/.test(JSON.stringify(body)) ? { note: PLACEHOLDER_NOTE } : {}),
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
		const known = ledger.find(each.itemIndex, each.job.start.key);
		// With 'Buy Again on Retry', whatever an earlier try bought may turn out to have failed.
		const mayFail = each.settings.resubmitFailed && known?.asleep === undefined && known?.over?.status !== 'completed';
		return known && !mayFail ? [] : [each.output.estimatedCostUsd ?? null];
	});
	const check = checkSpending(estimates, maxCostUsd, provider.displayName);
	if (!check.ok) throw new NodeOperationError(context.getNode(), check.message, { description: check.advice });
}

/** Where an execution cannot be suspended, the video is waited for all the same: it is what the user wants most. */
function tellWaiting(context: IExecuteFunctions): void {
	const message =
		"This execution could not be suspended, so the node waited for the video. 'Suspend Until Finished' needs a saved workflow, and n8n 2.41 or a version that works like it.";
	context.logger.warn(message);
	context.addExecutionHints({ message, location: 'outputPane' });
}

/** An operation of the resource Video. */
export function createVideoOperation(definition: {
	value: VideoOperation;
	name: string;
	action: string;
	description: string;
	/** What an AI agent is told that the operation does; what every one costs and returns is added. */
	toolDescription: string;
	/** The fields of the request itself. */
	fields: INodeProperties[];
}): Operation {
	const { value, fields, toolDescription, ...texts } = definition;
	return {
		...texts,
		toolDescription: `${toolDescription} ${TOOL_TERMS}`,
		resource: 'video',
		value,
		providers: providersFor(value),
		properties: forOperation('video', [value], [...fields, ...commonFields(value)], providersFor(value)),

		async execute(context, provider) {
			const common = readSettings(context, 0);
			const client = await createProviderClient(context, provider, common.requestTimeoutMs);
			const chosen = context.getNodeParameter('completion', 0, 'poll') as Completion;
			const isImpossible = chosen === 'suspend' && !canSuspend(context);
			if (isImpossible) tellWaiting(context);
			const completion = isImpossible ? 'poll' : chosen;
			const address = completion === 'suspend' ? callbackAddress(context, provider, client.isLocal) : null;
			const run: Run = { context, provider, client, operation: value, completion, address };
			const plans = planItems(context, provider, (itemIndex) => plan(run, itemIndex));
			if (common.dryRun) return toItems(context, plans.map((each) => preview(provider, client, each)));
			if (common.maxCostUsd !== null) checkLimit(context, provider, plans, common.maxCostUsd);
			return await runPlans(context, provider, client, plans, completion);
		},
	};
}
