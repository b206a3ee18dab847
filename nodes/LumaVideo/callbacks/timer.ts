/** The timer of the trigger: looks for what callbacks did not announce, and starts an execution only when it finds it. */
import type { ITriggerFunctions, ITriggerResponse } from 'n8n-workflow';
import { createProviderClient } from '../transport/providerClient';
import { findMissed } from './reconcile';
import { REQUEST_TIMEOUT_MS, knownState, providerOf } from './trigger';
import type { TriggerEvent } from './triggerState';

export const DEFAULT_RECONCILE_MINUTES = 5;
const MAX_MINUTES = 59;
/** Items per execution. */
const BATCH = 100;

/** The cron expression with seconds, spread by the node's id so that many triggers do not ask at the same second. */
export function cronExpression(minutes: number, nodeId: string): string {
	const second = Array.from(nodeId).reduce((sum, character) => (sum * 31 + character.charCodeAt(0)) % 60, 7);
	const every = Math.min(Math.max(Math.round(minutes), 1), MAX_MINUTES);
	return `${second} */${every} * * * *`;
}

/** Starts the timer of a published workflow. A test only listens for a callback. */
export function startTimer(context: ITriggerFunctions): ITriggerResponse {
	if (context.getMode() === 'manual') return {};
	const node = context.getNode();
	const state = knownState(context);
	state.isActiveHere = true;
	const stop = {
		closeFunction: async () => {
			state.isActiveHere = false;
			await Promise.resolve();
		},
	};
	const options = context.getNodeParameter('options', {}) as { reconcileMinutes?: number };
	const minutes = options.reconcileMinutes ?? DEFAULT_RECONCILE_MINUTES;
	if (!(minutes > 0)) return stop;

	let tick = 0;
	let isRunning = false;
	const look = async (): Promise<void> => {
		if (isRunning || !state.isActiveHere) return;
		isRunning = true;
		try {
			const provider = providerOf(node);
			const ids = await findMissed({
				provider,
				client: await createProviderClient(context, provider, REQUEST_TIMEOUT_MS),
				state,
				node,
				wanted: context.getNodeParameter('events', []) as TriggerEvent[],
				tick: tick++,
				now: Date.now(),
			});
			for (let start = 0; start < ids.length; start += BATCH) {
				context.emit([ids.slice(start, start + BATCH).map((generationId) => ({ json: { generationId } }))]);
			}
		} catch (error) {
			// The next tick tries again; a timer has nobody to throw to.
			context.logger.warn(`Looking for missed videos: ${error instanceof Error ? error.message : String(error)}`);
		} finally {
			isRunning = false;
		}
	};
	context.helpers.registerCron({ expression: cronExpression(minutes, node.id) as never }, () => void look());
	// What was missed while n8n was down need not wait for the first tick.
	void look();
	return stop;
}
