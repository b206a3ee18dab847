/** The published trigger: starts executions for what callbacks announce, and by a timer for what they do not. */
import type { ITriggerFunctions, ITriggerResponse } from 'n8n-workflow';
import { systemClock } from '../generation/clock';
import { pauseFor } from '../generation/read';
import { HandOver } from './handOver';
import { knownState, providerOf } from './trigger';
import type { StoredState, TriggerEvent } from './triggerState';

export const DEFAULT_RECONCILE_MINUTES = 5;
const MAX_MINUTES = 59;
/** The first look after the start: what was missed meanwhile does not wait for the timer. */
const FIRST_LOOK_MS = 1000;
const FIRST_LOOK_SPREAD_MS = 2000;

/** A number from 0 to `limit`, the same for the same node: many triggers do not ask at the same moment. */
function spread(nodeId: string, limit: number): number {
	return Array.from(nodeId).reduce((sum, character) => (sum * 31 + character.charCodeAt(0)) % limit, 7 % limit);
}

/** The cron expression, with seconds. */
export function cronExpression(minutes: number, nodeId: string): string {
	const every = Math.min(Math.max(Math.round(minutes), 1), MAX_MINUTES);
	return `${spread(nodeId, 60)} */${every} * * * *`;
}

/** Starts a published trigger. A test only listens for a callback. */
export function startTrigger(context: ITriggerFunctions): ITriggerResponse {
	if (context.getMode() === 'manual') return {};
	const node = context.getNode();
	const provider = providerOf(node);
	const state = knownState(context);
	const stored: StoredState = context.getWorkflowStaticData('node');
	state.learn(provider.id, stored, Date.now());
	const handOver = new HandOver(context, provider, state, context.getNodeParameter('events', []) as TriggerEvent[]);
	const { onDue } = handOver;
	state.onDue = onDue;

	const options = context.getNodeParameter('options', {}) as { reconcileMinutes?: number };
	const minutes = options.reconcileMinutes ?? DEFAULT_RECONCILE_MINUTES;
	if (minutes > 0) {
		context.helpers.registerCron({ expression: cronExpression(minutes, node.id) as never }, () => {
			void handOver.reconcile();
		});
	}
	void pauseFor(systemClock, FIRST_LOOK_MS + spread(node.id, FIRST_LOOK_SPREAD_MS), undefined).then(async () => {
		if (minutes > 0) await handOver.reconcile();
		else onDue();
	});
	return {
		closeFunction: async () => {
			handOver.stop();
			// A newer version of the workflow may have taken over already.
			if (state.onDue === onDue) state.onDue = null;
			await Promise.resolve();
		},
	};
}
