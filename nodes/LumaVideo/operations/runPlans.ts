/** All input items of one node run, from checked plans to output items, for each 'Completion'. */
import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { ask } from '../generation/ask';
import { systemClock } from '../generation/clock';
import { CrashRecord } from '../generation/crashRecord';
import type { Entries } from '../generation/crashRecord';
import { MAX_DOWNLOADS, deliver } from '../generation/deliver';
import { experience } from '../generation/experience';
import { Gate } from '../generation/gate';
import type { Outcome } from '../generation/job';
import { Ledger } from '../generation/ledger';
import { runJobs } from '../generation/run';
import { CONCURRENCY } from '../providers/provider';
import type { Generation, GenerationAction } from '../providers/provider';
import { announceSubmitted } from './announceSubmitted';
import type { Completion } from './completion';
import { forgetEarlierError, hasFailed, leaveError, runIndexOf, suspendUntil, tokenOf } from './engine';
import { runHint, suspendedHint, tellHint, tellProgress } from './hints';
import type { Session } from './operation';
import { isTool } from './operation';
import type { ItemResult, Plan } from './plan';
import { alsoKnown, boughtSoFar, itemOf, keepIds, resultOf, stoppedError, toItems } from './report';

/** The ledger of this run of the node. */
export function openLedger(context: IExecuteFunctions): Ledger {
	return new Ledger(context.getContext('node'), isTool(context) ? null : runIndexOf(context));
}

/** The record of this run's purchases that survives a crash of n8n; none if the execution has no ID of its own. */
function openCrashRecord(context: IExecuteFunctions): CrashRecord | undefined {
	const token = tokenOf(context);
	const { id } = context.getWorkflow();
	// On a retry, an agent decides again what to request, so there is no request to recognize.
	if (token === null || id === undefined || id === '' || isTool(context)) return undefined;
	const kept = context.getContext('node');
	kept.recorded ??= {};
	const record = new CrashRecord({
		store: context.helpers,
		place: `${id} ${context.getNode().id}`,
		execution: token,
		mine: kept.recorded as Entries,
		onTrouble: (error) => {
			context.logger.debug(`Purchases cannot be recorded for the case that n8n crashes: ${String(error)}`);
		},
	});
	context.onExecutionFinish?.(async () => {
		// n8n forgets what ran in a stopped execution. A failed one can be retried repeatedly from where it first failed:
		// only the record tells the next retry what an earlier one bought.
		if (context.getExecutionCancelSignal()?.aborted !== true && !hasFailed(context)) await record.clear();
	});
	return record;
}

/**
 * Runs all plans together and turns them into output items.
 *
 * @throws NodeOperationError or NodeApiError for the first failure, unless the node continues on fail, or when the
 * execution was stopped. The error lists every generation that this run bought and that was not output.
 */
export async function runPlans(session: Session, plans: readonly Plan[], completion: Completion): Promise<INodeExecutionData[]> {
	const { context, provider, client } = session;
	forgetEarlierError(context);
	const ledger = openLedger(context);
	const ready = plans.filter((plan) => plan.ok);
	const refused = plans.filter((plan) => !plan.ok);
	const [first] = ready;
	const stopAtFirstFailure = !context.continueOnFail();
	if (!first || (stopAtFirstFailure && refused.length > 0)) {
		return toItems(context, refused, alsoKnown(provider, boughtSoFar(ledger, []), undefined));
	}
	const bought = (): ReturnType<typeof boughtSoFar> => boughtSoFar(ledger, ready);
	const startedAt = Date.now();
	const cancelSignal = context.getExecutionCancelSignal();
	cancelSignal?.addEventListener('abort', () => {
		keepIds(context, bought());
		leaveError(context, stoppedError(context, provider, bought()), startedAt);
	});

	const crashRecord = openCrashRecord(context);
	const planOf = new Map(ready.map((plan) => [plan.itemIndex, plan]));
	const gate = new Gate(MAX_DOWNLOADS);
	/** Finished generations being delivered, by item: with Download Video, that takes a while. */
	const deliveries = new Map<number, Promise<ItemResult>>();
	const startDelivery = (itemIndex: number, generation: Generation): void => {
		const plan = planOf.get(itemIndex);
		if (!plan || deliveries.has(itemIndex)) return;
		deliveries.set(
			itemIndex,
			gate.run(async () => ({ itemIndex, ...(await deliver(context, provider, generation, itemIndex, plan.output, plan.download, systemClock)) })),
		);
	};
	const { outcomes, wakeAt } = await runJobs(
		ready.map((plan) => plan.job),
		{
			provider,
			client,
			clock: systemClock,
			ledger,
			maxConcurrent: first.settings.maxConcurrent ?? provider.capabilities.concurrency ?? CONCURRENCY,
			until: completion === 'none' ? 'submitted' : 'finished',
			canSuspend: completion === 'suspend',
			isCalled: ledger.all().some(({ called }) => called === true),
			stopAtFirstFailure,
			resubmitFailed: first.settings.resubmitFailed,
			cancelSignal,
			buyAgainAfterCrash: first.settings.buyAgainAfterCrash,
			crashRecord,
			experience,
			onAccepted: ({ itemIndex }, generationId) => {
				context.logger.info(`Generation ${generationId} was accepted by ${provider.displayName} (item ${itemIndex})`);
			},
			onFinished: ({ itemIndex }, generation) => {
				// A download now would be lost when the execution is suspended.
				if (completion !== 'suspend') startDelivery(itemIndex, generation);
			},
			onProgress: (progress) => {
				tellProgress(context, progress);
			},
		},
	);

	// With Return Immediately, the next node would run before that.
	if (!cancelSignal?.aborted) await crashRecord?.settled();
	if (wakeAt !== null) {
		keepIds(context, bought());
		await suspendUntil(context, new Date(wakeAt));
		tellHint(context, suspendedHint(outcomes, wakeAt, context.getTimezone()));
		// What the editor shows in the meantime. If the first item had failed, Retry On Fail would run the node again.
		return ready.flatMap((plan, index) => {
			const outcome = outcomes[index];
			return outcome?.kind === 'open' || outcome?.kind === 'finished' ? [itemOf(provider, plan, outcome.generation)] : [];
		});
	}
	ledger.awake();
	for (const [index, { itemIndex }] of ready.entries()) {
		const outcome = outcomes[index];
		const isCompleted = outcome?.kind === 'finished' && outcome.generation.status === 'completed';
		if (isCompleted && !cancelSignal?.aborted) startDelivery(itemIndex, outcome.generation);
	}
	const delivered = new Map((await Promise.all(deliveries.values())).map((result) => [result.itemIndex, result]));
	if (cancelSignal?.aborted) {
		const { cancelOnStop, deleteOnStop } = first.settings;
		const deleted = await actOnOpen(session, outcomes, deleteOnStop ? provider.deletion : undefined);
		// What was asked to stop may finish: it is still a generation of this run.
		const cancelled = await actOnOpen(session, outcomes, cancelOnStop ? provider.cancellation : undefined);
		const error = stoppedError(context, provider, bought(), { deleted, cancelled });
		for (const generationId of deleted) ledger.deleted(generationId);
		throw error;
	}

	const outcomeOf = new Map(ready.map((plan, index) => [plan.itemIndex, outcomes[index]]));
	const results = plans.flatMap((plan): ItemResult[] => {
		if (!plan.ok) return [plan];
		const outcome = outcomeOf.get(plan.itemIndex);
		const result = outcome && resultOf(provider, plan, outcome, delivered.get(plan.itemIndex));
		return result ? [result] : [];
	});
	keepIds(context, bought());
	const warnings = completion === 'none' ? await announceSubmitted(session, ready, outcomes) : [];
	const reported = results.find((result) => !result.ok)?.itemIndex;
	const items = toItems(context, results, alsoKnown(provider, bought(), reported));
	ledger.markDelivered();
	tellHint(context, runHint(provider, ready, outcomes));
	for (const warning of warnings) tellHint(context, warning, 'warning');
	return items;
}

/** A stop must finish within a second; what takes longer continues in the background. */
const ACTION_GRACE_MS = 700;

/** Deletes or cancels what is still running; returns the IDs for which that is confirmed. */
async function actOnOpen(
	{ provider, client }: Session,
	outcomes: readonly Outcome[],
	action: GenerationAction | undefined,
): Promise<Set<string>> {
	const done = new Set<string>();
	if (!action) return done;
	const requests = outcomes.map(async (outcome) => {
		if (outcome.kind !== 'open') return;
		const { generationId } = outcome.generation;
		const answer = await ask(provider, client, action.call(generationId), action.read, { outlivesStop: true });
		if (answer.ok) done.add(generationId);
	});
	await systemClock.wait(ACTION_GRACE_MS, Promise.all(requests));
	return new Set(done);
}
