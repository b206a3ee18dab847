/**
 * What all operations that buy something share: everything is checked, for all items, before the first request is sent;
 * each is sent once (`generation/run.ts`).
 */
import type { IExecuteFunctions, INodeExecutionData, INodeProperties } from 'n8n-workflow';
import { systemClock } from '../generation/clock';
import { nodeError } from '../generation/failure';
import type { CreateStart, Prepared } from '../generation/job';
import { fingerprint } from '../generation/ledger';
import { outputJson } from '../generation/output';
import { readGeneration } from '../generation/read';
import { checkSpending } from '../generation/spending';
import type { GenerationRequest, Product, Provider } from '../providers/provider';
import { createCall } from '../providers/provider';
import { generationIdOf, stand } from '../providers/reference';
import { createProviderClient } from '../transport/providerClient';
import type { Completion } from './completion';
import { completionFields } from './completion';
import { canResume, canSuspend, missingToSuspend } from './engine';
import { dryRunHint, sentences, tellHint } from './hints';
import { PLACEHOLDER_NOTE, engineChanged, notSuspended, sourceHasNoFile } from './messages';
import type { Session } from './operation';
import { isTool } from './operation';
import type { ItemResult, Plan } from './plan';
import { invalid, planItems } from './plan';
import { toItems } from './report';
import { openLedger, runPlans } from './runPlans';
import type { Settings } from './settings';
import { defaultTimeoutMs, downloadFields, downloadSettings, optionsField, outputSettings, readSettings, readWantsFile, suspendedTimeoutMs } from './settings';
import { callbackAddress } from './suspend';

/** Parameters that do not affect what is bought: the request stays the same when they change. */
const NOT_PART_OF_REQUEST = ['binaryPropertyName', 'completion', 'downloadImage', 'downloadVideo', 'options'];

const OPTIONS = optionsField([
	'buyAgainAfterCrash',
	'cancelOnStop',
	'deleteOnStop',
	'dryRun',
	'fileName',
	'includeInputFields',
	'includeRaw',
	'maxConcurrent',
	'maxCost',
	'maxDownloadMb',
	'onTimeout',
	'requestTimeout',
	'resubmitFailed',
	'timeout',
]);

/** The fields after those that most requests need, of every operation that buys. */
export function commonFields(makes: Product, additional: INodeProperties, further: INodeProperties[] = []): INodeProperties[] {
	return [
		...completionFields(makes),
		...further,
		...downloadFields(makes, `Whether to download the ${makes} file too`, { completion: ['poll', 'suspend'] }),
		additional,
		OPTIONS,
	];
}

/** What is the same for all items of a run. */
export interface Run extends Session {
	completion: Completion;
	/** The address that the provider calls while this execution is suspended; `null`: none. */
	address: string | null;
}

/** The plan of an item whose request was checked. */
export function buyingPlan(
	{ context, provider, client, completion }: Run,
	itemIndex: number,
	{ request, model, prepare }: Pick<CreateStart, 'model' | 'prepare' | 'request'>,
	settings: Settings,
	estimatedCostUsd: number | null,
): Plan {
	const wantsFile = completion !== 'none' && readWantsFile(context, itemIndex, request.makes);
	// The callback does not change what is bought, nor does a value that only the estimate needs.
	const bought: GenerationRequest =
		request.makes === 'video' ? { ...request, callback: null, sourceLength: null } : { ...request, callback: null };
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
				(completion === 'suspend' ? suspendedTimeoutMs : defaultTimeoutMs(request.resolution)),
			start: {
				kind: 'create',
				request,
				model,
				key: {
					requestHash: fingerprint([provider.id, bought]),
					// An agent fills in fields for each call, so stored parameters do not tell its calls apart.
					parametersHash: isTool(context) ? null : fingerprint(stored),
				},
				prepare,
			},
		},
		settings,
		output: {
			...outputSettings(context, itemIndex, settings),
			model: modelOf(provider, request),
			prompt: request.prompt,
			estimatedCostUsd,
		},
		download: wantsFile ? downloadSettings(context, itemIndex, settings, client.isLocal) : null,
	};
}

/** The model that is requested in the end; `null` if the operation has no choice of models. */
function modelOf({ modelField }: Provider, request: GenerationRequest): string | null {
	const replaced = modelField === undefined ? undefined : request.additionalBodyFields[modelField];
	if (typeof replaced === 'string') return replaced;
	if (request.makes === 'video' && typeof request.modelId === 'string') return request.modelId;
	return request.model === '' ? null : request.model;
}

/** Whether the source is sent as a URL that has to be read from its generation first. */
function needsSourceAddress({ capabilities }: Provider, { operation, source }: GenerationRequest): boolean {
	return ['edit', 'modify', 'reframe'].includes(operation) && source?.kind === 'generation' && capabilities.sourceAs !== 'generationId';
}

/** The request with the URL of its source generation's file, where the provider needs that. */
export async function withSourceAddress({ context, provider, client }: Session, request: GenerationRequest): Promise<Prepared> {
	if (!needsSourceAddress(provider, request)) return { ok: true, request };
	const generationId = generationIdOf(request.source) ?? '';
	const { makes } = request;
	const source = await readGeneration(provider, client, generationId, systemClock, context.getExecutionCancelSignal());
	if (!source.ok) return source;
	const { media, status } = source.generation;
	const url = media.find(({ type }) => type === makes)?.url;
	if (url === undefined) {
		const isOver = status === 'completed' || status === 'failed';
		const details = { generationId: null, provider: provider.id, status: null };
		return { ok: false, failure: { ...sourceHasNoFile({ makes, generationId, status, isOver }), details } };
	}
	return { ok: true, request: { ...request, source: { kind: 'url', url } } };
}

/** The request for a person to read, with placeholders for URLs that are not known yet. */
function shown(provider: Provider, request: GenerationRequest): GenerationRequest {
	if (!needsSourceAddress(provider, request)) return request;
	const generationId = generationIdOf(request.source) ?? '';
	return { ...request, source: { kind: 'url', url: stand('address', `the ${request.makes} of generation ${generationId}`) } };
}

/** What would be sent for an item, and its estimated cost. */
function preview({ provider, client }: Session, each: Plan): ItemResult {
	if (!each.ok) return each;
	const { itemIndex, job, output } = each;
	if (job.start.kind !== 'create') return { itemIndex, ok: false, failure: invalid(provider, []) };
	const call = createCall(provider, shown(provider, job.start.request));
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

/** @throws NodeOperationError when what is still to be bought would exceed the limit */
function checkLimit({ context, provider }: Session, plans: readonly Plan[], maxCostUsd: number, makes: Product): void {
	const ledger = openLedger(context);
	const estimates = plans.flatMap((each) => {
		if (!each.ok || each.job.start.kind !== 'create') return [];
		const known = ledger.find(each.itemIndex, each.job.start.key);
		// With 'Buy Again on Retry', what an earlier attempt bought may turn out to have failed.
		const mayFail = each.settings.resubmitFailed && known?.asleep === undefined && known?.over?.status !== 'completed';
		return known && !mayFail ? [] : [each.output.estimatedCostUsd ?? null];
	});
	const check = checkSpending(estimates, maxCostUsd, provider.displayName, makes);
	if (!check.ok) throw nodeError(context.getNode(), check, null);
}

/**
 * If an execution cannot be suspended, the node waits all the same: the result is what the user wants most. If n8n has
 * changed so that none can be, that is said first, as long as nothing was bought.
 *
 * @throws NodeOperationError when n8n lacks what suspending needs, and this run has bought nothing yet
 */
function completionFor(context: IExecuteFunctions, chosen: Completion, makes: Product): Completion {
	if (chosen !== 'suspend' || canSuspend(context)) return chosen;
	if (canResume(context) && openLedger(context).ofRun().length === 0) {
		throw nodeError(context.getNode(), engineChanged({ missing: missingToSuspend(context).join(', ') }), null);
	}
	const message = sentences(notSuspended({ makes }));
	context.logger.warn(message);
	tellHint(context, message);
	return 'poll';
}

/** Runs an operation that buys, for all input items. */
export async function buy(
	context: IExecuteFunctions,
	provider: Provider,
	makes: Product,
	plan: (run: Run, itemIndex: number) => Plan,
): Promise<INodeExecutionData[]> {
	const common = readSettings(context, 0);
	const client = await createProviderClient(context, provider, common.requestTimeoutMs);
	const chosen = context.getNodeParameter('completion', 0, 'poll') as Completion;
	const completion = completionFor(context, chosen, makes);
	const address = completion === 'suspend' ? callbackAddress(context, provider, client.isLocal) : null;
	const run: Run = { context, provider, client, completion, address };
	const plans = planItems(context, provider, (itemIndex) => plan(run, itemIndex));
	// Expressions may set limits for some items only: the strictest applies to the run.
	const settings = [common, ...plans.flatMap((each) => (each.ok ? [each.settings] : []))];
	if (settings.some(({ dryRun }) => dryRun)) {
		const items = toItems(context, plans.map((each) => preview(run, each)));
		tellHint(context, dryRunHint(plans));
		return items;
	}
	const limits = settings.flatMap(({ maxCostUsd }) => maxCostUsd ?? []);
	if (limits.length > 0) checkLimit(run, plans, Math.min(...limits), makes);
	return await runPlans(run, plans, completion);
}
