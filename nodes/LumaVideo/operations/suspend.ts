/**
 * Completion "Suspend Until Callback": submit all, remember all, suspend once; the execution then costs no memory and
 * no worker until the last generation is over. The address that providers call is the execution's own resume address.
 *
 * n8n runs a node that suspended never again: what it passes on is what `resume` returns or, at the time limit, what
 * was left in the execute data. So the items with status `processing` are left there.
 */
import type {
	IDataObject,
	IExecuteFunctions,
	INodeExecutionData,
	IRunExecutionData,
	IWebhookDescription,
	IWebhookFunctions,
	IWebhookResponseData,
	NodeApiError,
} from 'n8n-workflow';
import { NodeOperationError } from 'n8n-workflow';
import { failedItem, nodeError } from '../generation/failure';
import type { CallResult, Suspended, SuspendedEntry } from '../generation/suspended';
import { isOver, readMany } from '../generation/read';
import { onCall, settle } from '../generation/suspended';
import { findProvider } from '../providers';
import type { JsonValue, Provider } from '../providers/provider';
import { RESUME_PATH, callbackFinding, resumeAddress } from '../transport/callbackAddress';
import type { ProviderClient } from '../transport/providerClient';
import { createProviderClient } from '../transport/providerClient';
import type { ItemResult, Plan } from './batch';
import { runOutcomes, toItems } from './batch';

/** Name under which the node's context holds what must survive the suspension. */
const CONTEXT_KEY = 'suspended';
/** A provider gives up on a callback after 5 s (Luma, CrazyRouter); the answer must be out before. */
const CALLBACK_READ_TIMEOUT_MS = 3500;

/** Only reached while an execution is suspended at the node: n8n does not register it when a workflow is published. */
export const resumeWebhooks: IWebhookDescription[] = [
	{ name: 'default', httpMethod: 'POST', path: RESUME_PATH, responseMode: 'onReceived', responseData: 'noData', restartWebhook: true },
];

/** The little of Express that is needed here. */
interface HttpResponse {
	status(code: number): { json(body: unknown): unknown };
}

/**
 * The address on which the provider calls this execution.
 *
 * @throws NodeOperationError when the provider cannot reach it, or the workflow is not stored
 */
export function callbackAddress(context: IExecuteFunctions, provider: Provider, allowLocal: boolean): string {
	const resumeUrl = context.evaluateExpression('{{ $execution.resumeUrl }}', 0);
	const address = resumeAddress(typeof resumeUrl === 'string' ? resumeUrl : '');
	const finding = address === null ? 'is not known' : callbackFinding(provider, address, allowLocal);
	if (address === null || finding !== null) {
		throw new NodeOperationError(context.getNode(), `The address of this n8n ${finding ?? 'is not known'}`, {
			description: "Or choose 'Wait Until Finished' for 'Completion'. Nothing was sent.",
			itemIndex: 0,
		});
	}
	return address;
}

/** Submits all plans and suspends the execution; returns items only when everything was over at once. */
export async function suspendPlans(
	context: IExecuteFunctions,
	provider: Provider,
	client: ProviderClient,
	plans: readonly Plan[],
): Promise<INodeExecutionData[]> {
	const { results, openPlans, alsoKnown } = await runOutcomes(context, provider, client, plans, 'callback');
	const failed = results.filter((result) => !result.ok);
	if (openPlans.length === 0 || (failed.length > 0 && !context.continueOnFail())) {
		return toItems(context, results, alsoKnown);
	}

	// A generation that was over before the execution is stored calls nobody any more.
	const states = await readMany(
		provider,
		client,
		openPlans.map(({ generation }) => generation.generationId),
		false,
	);
	const latest = new Map(
		openPlans.map(({ generation }) => {
			const state = states.get(generation.generationId) ?? generation;
			return [state.generationId, isOver(state) ? state : { ...state, status: 'processing' as const }];
		}),
	);
	const entries = plans.map((plan): SuspendedEntry => {
		const { itemIndex } = plan;
		const open = openPlans.find((candidate) => candidate.plan.itemIndex === itemIndex);
		if (open) {
			return { itemIndex, state: 'open', generationId: open.generation.generationId, output: open.plan.output };
		}
		const result = results.find((candidate) => candidate.itemIndex === itemIndex);
		return { itemIndex, state: 'done', json: jsonOfResult(result, itemIndex) };
	});
	const suspended: Suspended = { provider: provider.id, entries };
	const { items, failures } = settle(provider, suspended, latest);
	const [first] = failures;
	if (first && !context.continueOnFail()) {
		throw nodeError(context.getNode(), first.failure, first.itemIndex, others(items, first.itemIndex));
	}
	if ([...latest.values()].every(isOver)) return items;

	context.getContext('node')[CONTEXT_KEY] = suspended;
	// What the next node gets if nobody calls in time.
	context.getExecuteData().data.main = [items];
	const limitMs = Math.max(...openPlans.map(({ plan }) => plan.job.timeoutMs));
	await context.putExecutionToWait(new Date(Date.now() + limitMs));
	// What the editor shows meanwhile. An item that failed, in the first place, would make Retry On Fail run the node again.
	return items.filter(({ json }) => !('error' in json));
}

function jsonOfResult(result: ItemResult | undefined, itemIndex: number): IDataObject {
	if (!result) return {};
	return result.ok ? result.item.json : failedItem(result.failure, itemIndex).json;
}

/** Names the generations of a failing execution besides the one that its error is about. */
function others(items: readonly INodeExecutionData[], reported: number): string[] {
	const ids = items.flatMap(({ json }, index) => {
		const { generationId, status } = { ...(json.details as IDataObject | undefined), ...json };
		if (index === reported || typeof generationId !== 'string' || typeof status !== 'string') return [];
		return [`${generationId} (item ${index}, ${status === 'processing' ? 'running' : status})`];
	});
	if (ids.length === 0) return [];
	return [
		`Other generations of this run: ${ids.join(', ')}. A retry of this execution continues them and buys none of them again; operation 'Wait' of resource 'Generation' gets them by ID.`,
	];
}

/** What the suspended execution left for us, or `null` when it waits for something else. */
function suspendedState(context: IWebhookFunctions): Suspended | null {
	// A brace in the name would end the expression.
	const name = JSON.stringify(context.getNode().name).replaceAll('}', '\\u007d');
	const stored = context.evaluateExpression(`{{ JSON.stringify($node[${name}].context.${CONTEXT_KEY} ?? null) }}`);
	if (typeof stored !== 'string') return null;
	const state = JSON.parse(stored) as Suspended | null;
	return Array.isArray(state?.entries) ? state : null;
}

/**
 * Resumes the execution so that it fails at this node.
 *
 * Throwing here would do more harm than good: n8n notes the error, forgets what ran before, and goes on to the next node
 * with an empty item. So the node is put back as it was before it suspended, together with the error: n8n throws that
 * when it comes to the node. A retry of the execution then runs the node again, which finds its ledger.
 *
 * @throws the error where n8n does not hand out the execution that is being resumed
 */
function failSuspended(context: IWebhookFunctions, error: NodeApiError | NodeOperationError): IWebhookResponseData {
	// Every context of n8n-core has it; the interface for nodes leaves it out.
	const { runExecutionData } = context as { runExecutionData?: IRunExecutionData | null };
	const entry = runExecutionData?.executionData?.nodeExecutionStack[0];
	const source = entry?.source?.main?.[0];
	const run = source && runExecutionData?.resultData.runData[source.previousNode]?.[source.previousNodeRun ?? 0];
	const input = run?.data?.main?.[source?.previousNodeOutput ?? 0];
	if (!runExecutionData || !entry || !input) throw error;
	entry.node.disabled = false;
	runExecutionData.resultData.error = error;
	return { workflowData: [input] };
}

/**
 * Answers a call to the suspended execution. Junk, repeated and foreign calls are answered and change nothing; what
 * goes wrong here changes nothing either, since n8n would end the execution over an error.
 */
export async function resume(context: IWebhookFunctions): Promise<IWebhookResponseData> {
	const called = await readCall(context).catch((): CallResult => ({ kind: 'unreadable' }));
	switch (called.kind) {
		case 'ignored':
		case 'noted':
			return { webhookResponse: { status: called.kind } };
		case 'unreadable':
			// Providers repeat a callback that was not taken.
			(context.getResponseObject() as unknown as HttpResponse).status(503).json({ status: 'try again' });
			return { noWebhookResponse: true };
		case 'over': {
			const node = context.getNode();
			const [first] = called.failures;
			const continues = node.onError === 'continueErrorOutput' || node.onError === 'continueRegularOutput';
			if (first && !continues && node.continueOnFail !== true) {
				const known = others(called.items, first.itemIndex);
				return failSuspended(context, nodeError(node, first.failure, first.itemIndex, known));
			}
			return { workflowData: [called.items] };
		}
	}
}

async function readCall(context: IWebhookFunctions): Promise<CallResult> {
	const suspended = suspendedState(context);
	const provider = suspended ? findProvider(suspended.provider) : undefined;
	if (!suspended || !provider) return { kind: 'ignored' };
	const client = await createProviderClient(context, provider, CALLBACK_READ_TIMEOUT_MS);
	const body = context.getBodyData() as JsonValue;
	return await onCall(provider, client, context.getExecutionId(), suspended, body);
}
