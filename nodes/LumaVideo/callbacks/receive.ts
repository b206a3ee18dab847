/**
 * First step: a callback arrives. It is recognised, dropped when it is junk or known, and answered at once; only an id
 * goes on. Nothing is asked of anybody, so a flood of calls costs next to nothing.
 */
import type { IWebhookFunctions, IWebhookResponseData } from 'n8n-workflow';
import type { JsonValue } from '../providers/provider';
import { knownState, providerOf, storeState } from './trigger';
import type { TriggerEvent } from './triggerState';
import { emissionKey } from './triggerState';

/** The little of Express that is needed here. */
interface HttpResponse {
	status(code: number): { json(body: unknown): unknown };
}

/** Answers a callback. Never throws for what a stranger can send. */
export function receive(context: IWebhookFunctions, now: number): IWebhookResponseData {
	const provider = providerOf(context.getNode());
	const hint = provider.readCallback?.(context.getBodyData() as JsonValue) ?? null;
	if (!hint) return { webhookResponse: { status: 'ignored' } };
	const item = { json: { generationId: hint.generationId } };
	// A test listens for one call: what it sends is shown whatever was seen before.
	if (context.getMode() === 'manual') return { workflowData: [[item]] };

	const state = knownState(context);
	const wanted = context.getNodeParameter('events', []) as TriggerEvent[];
	const admission = state.admit(provider.id, hint, wanted, provider.capabilities.list, now);
	switch (admission) {
		case 'pass':
			return { workflowData: [[item]] };
		case 'noted':
			storeState(context, state);
			return { webhookResponse: { status: 'noted' } };
		case 'repeat':
		case 'unwanted':
			return { webhookResponse: { status: 'ignored' } };
		case 'refused':
			context.logger.warn(`Too many callbacks at once: ${emissionKey(provider.id, hint)} was not taken`);
			(context.getResponseObject() as unknown as HttpResponse).status(429).json({ status: 'try again later' });
			return { noWebhookResponse: true };
	}
}
