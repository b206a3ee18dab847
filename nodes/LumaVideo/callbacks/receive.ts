/**
 * First step: a callback arrives. It is recognised, dropped when it is junk or known, noted in the database, and
 * answered; nobody is asked for anything meanwhile, so a flood of calls costs next to nothing.
 *
 * The call itself starts no execution where the trigger runs in the same process: n8n would answer it only when there
 * is room for the execution, and would not store what is noted here. The trigger starts it a moment later.
 */
import type { IWebhookFunctions, IWebhookResponseData } from 'n8n-workflow';
import type { JsonValue, Provider } from '../providers/provider';
import { announcedIds } from '../transport/announce';
import { handOverItem } from './handOver';
import { knownState, providerOf } from './trigger';
import type { StoredState, TriggerEvent, TriggerState } from './triggerState';
import { emissionKey, eventOf, isId, withOpen } from './triggerState';

/** Where the trigger runs in another process, repeats of a call are dropped for this long. */
const PASS_WINDOW_MS = 5000;

/** The little of Express that is needed here. */
interface HttpResponse {
	status(code: number): { json(body: unknown): unknown };
}

function answer(status: 'ignored' | 'noted'): IWebhookResponseData {
	return { webhookResponse: { status } };
}

/** The provider is told to call again. */
function refuse(context: IWebhookFunctions, generationId: string): IWebhookResponseData {
	context.logger.warn(`Too many callbacks at once: the one about generation ${generationId} was not taken`);
	(context.getResponseObject() as unknown as HttpResponse).status(429).json({ status: 'try again later' });
	return { noWebhookResponse: true };
}

/** The Luma Video node says what it bought: that is no event, and nothing is asked. */
function receiveAnnouncement(context: IWebhookFunctions, provider: Provider, ids: string[], now: number): IWebhookResponseData {
	// Where there is a list, all that is needed is found there.
	if (context.getMode() === 'manual' || provider.capabilities.list) return answer('ignored');
	const { state, stored } = memory(context, provider, now);
	const noted = ids.filter((id) => isId(id) && state.announce(provider.id, id, now) === 'noted');
	if (noted.length === 0) return answer('ignored');
	Object.assign(stored, state.onDue === null ? withOpen(stored, noted, now) : state.toStore());
	return answer('noted');
}

function memory(context: IWebhookFunctions, provider: Provider, now: number): { state: TriggerState; stored: StoredState } {
	const state = knownState(context);
	const stored: StoredState = context.getWorkflowStaticData('node');
	if (!state.hasLearnt) state.learn(provider.id, stored, now);
	return { state, stored };
}

/** Answers a callback. Never throws for what a stranger can send. */
export function receive(context: IWebhookFunctions, now: number): IWebhookResponseData {
	const provider = providerOf(context.getNode());
	const body = context.getBodyData() as JsonValue;
	const announced = announcedIds(body, provider);
	if (announced) return receiveAnnouncement(context, provider, announced, now);
	const hint = provider.readCallback?.(body) ?? null;
	if (!hint || !isId(hint.generationId)) return answer('ignored');
	const { generationId } = hint;
	const wanted = context.getNodeParameter('events', []) as TriggerEvent[];
	const isWanted = wanted.includes(eventOf(hint.status));

	if (context.getMode() === 'manual') {
		// A test listens for one call: what it names is read whatever was seen before. It listens on after any other.
		return isWanted ? { workflowData: [[handOverItem(generationId)]] } : answer('ignored');
	}
	const { state, stored } = memory(context, provider, now);
	const isHere = state.onDue !== null;
	if (isWanted && !isHere) {
		const pass = state.mayPass(emissionKey(provider.id, hint), now, PASS_WINDOW_MS);
		if (pass === 'refused') return refuse(context, generationId);
		return pass === 'pass' ? { workflowData: [[handOverItem(generationId)]] } : answer('ignored');
	}
	switch (state.hear(provider.id, hint, wanted, provider.capabilities.list, now)) {
		case 'noted':
			Object.assign(stored, isHere ? state.toStore() : withOpen(stored, [generationId], now));
			state.onDue?.();
			return answer('noted');
		case 'known':
			state.onDue?.();
			return answer('noted');
		case 'repeat':
		case 'unwanted':
			return answer('ignored');
		case 'refused':
			return isHere ? refuse(context, generationId) : answer('ignored');
	}
}
