/**
 * Completion 'Suspend Until Finished': the same run as 'Wait Until Finished', with interruptions. n8n stores the execution
 * and runs the node again when the next read is due; a callback only makes that happen sooner.
 */
import type { IExecuteFunctions, IWebhookDescription, IWebhookFunctions, IWebhookResponseData } from 'n8n-workflow';
import { entriesIn } from '../generation/ledger';
import { isForged } from '../generation/signature';
import { findProvider } from '../providers';
import type { Provider } from '../providers/provider';
import { RESUME_PATH, callbackFinding, resumeAddress } from '../transport/callbackAddress';
import { incomingCall } from '../transport/incomingCall';
import { NOTHING, nodeContextOf } from './engine';

/** Only reachable while an execution is suspended at the node: n8n does not register it when a workflow is published. */
export const resumeWebhooks: IWebhookDescription[] = [
	{ name: 'default', httpMethod: 'POST', path: RESUME_PATH, responseMode: 'onReceived', responseData: 'noData', restartWebhook: true },
];

/** The address where the provider can call this execution back; `null` if it cannot. */
export function callbackAddress(context: IExecuteFunctions, provider: Provider, allowLocal: boolean): string | null {
	const resumeUrl = context.evaluateExpression('{{ $execution.resumeUrl }}', 0);
	const address = resumeAddress(typeof resumeUrl === 'string' ? resumeUrl : '');
	return address === null || callbackFinding(provider, address, allowLocal) !== null ? null : address;
}

/**
 * Wakes the suspended execution when the provider says that one of its generations has ended. The call itself is not
 * trusted: the node reads the state from the provider. Junk, repeated and foreign calls change nothing.
 */
export async function wake(context: IWebhookFunctions, now: number): Promise<IWebhookResponseData> {
	const provider = findProvider(context.getNodeParameter('provider', '') as string);
	const call = incomingCall(context);
	const hint = provider?.callbacks?.read(call);
	const isOver = hint?.status === 'completed' || hint?.status === 'failed';
	const nodeContext = nodeContextOf(context);
	const entry = Object.values(entriesIn(nodeContext ?? {})).find(({ generationId }) => generationId === hint?.generationId);
	const isIgnored = !provider || !isOver || (nodeContext !== null && !entry?.asleep);
	if (isIgnored || (await isForged(context, provider, call, now))) return { webhookResponse: { status: 'ignored' } };
	if (entry) entry.called = true;
	return { webhookResponse: { status: 'noted' }, workflowData: NOTHING };
}
