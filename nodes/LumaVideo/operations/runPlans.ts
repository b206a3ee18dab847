/** All input items of one node run, from checked plans to output items, for each 'Completion'. */
import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { ask } from '../generation/ask';
import { systemClock } from '../generation/clock';
import { CrashRecord } from '../generation/crashRecord';
import type { Entries } from '../generation/crashRecord';
import { MAX_DOWNLOADS, deliver } from '../generation/deliver';
import { experience } from '../generation/experience';
import { Gate } from '../generation/gate';
import type { Job, Outcome } from '../generation/job';
import { Ledger } from '../generation/ledger';
import { runJobs } from '../generation/run';
import { CONCURRENCY } from '../providers/provider';
import type { Generation, GenerationAction, Provider } from '../providers/provider';
import type { ProviderClient } from '../transport/providerClient';
import { announceSubmitted } from './announceSubmitted';
import type { Completion } from './completion';
import { forgetEarlierError, hasFailed, leaveError, runIndexOf, suspendUntil, tokenOf } from './engine';
import { runHint, suspendedHint, tellHint, tellProgress } from './hints';
import { isTool } from './operation';
import type { ItemResult, Plan, ReadyPlan } from './plan';
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
export async function runPlans(
	context: IExecuteFunctions,
	provider: Provider,
	client: ProviderClient,
	plans: readonly Plan[],
	completion: Completion,
): Promise<INodeExecutionData[]> {
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
	const deliveries = new Deliveries(context, provider, ready);
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
			onFinished: (job, generation) => {
				// A download now would be lost when the execution is suspended.
				if (completion !== 'suspend') deliveries.start(job, generation);
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
	if (!cancelSignal?.aborted) deliveries.startRest(outcomes);
	const delivered = await deliveries.all();
	if (cancelSignal?.aborted) {
		const { cancelOnStop, deleteOnStop } = first.settings;
		const deleted = await actOnOpen(provider, client, outcomes, deleteOnStop ? provider.deletion : undefined);
		// What was asked to stop may finish: it is still a generation of this run.
		const cancelled = await actOnOpen(provider, client, outcomes, cancelOnStop ? provider.cancellation : undefined);
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
	const warnings = completion === 'none' ? await announceSubmitted(context, provider, client, ready, outcomes) : [];
	const reported = results.find((result) => !result.ok)?.itemIndex;
	const items = toItems(context, results, alsoKnown(provider, bought(), reported));
	ledger.markDelivered();
	tellHint(context, runHint(provider, ready, outcomes));
	for (const warning of warnings) tellHint(context, warning, 'warning');
	return items;
}

/** Finished generations being delivered: with Download Video, that takes a while. */
class Deliveries {
	private readonly gate = new Gate(MAX_DOWNLOADS);
	private readonly started = new Map<number, Promise<ItemResult>>();
	private readonly planOf: ReadonlyMap<number, ReadyPlan>;

	constructor(
		private readonly context: IExecuteFunctions,
		private readonly provider: Provider,
		private readonly plans: readonly ReadyPlan[],
	) {
		this.planOf = new Map(plans.map((plan) => [plan.itemIndex, plan]));
	}

	start({ itemIndex }: Pick<Job, 'itemIndex'>, generation: Generation): void {
		const plan = this.planOf.get(itemIndex);
		if (!plan || this.started.has(itemIndex)) return;
		const { context, provider } = this;
		const delivery = this.gate.run(
			async () => await deliver(context, provider, generation, itemIndex, plan.output, plan.download, systemClock),
		);
		this.started.set(
			itemIndex,
			delivery.then((result) => ({ itemIndex, ...result })),
		);
	}

	startRest(outcomes: readonly Outcome[]): void {
		for (const [index, plan] of this.plans.entries()) {
			const outcome = outcomes[index];
			if (outcome?.kind === 'finished' && outcome.generation.status === 'completed') this.start(plan, outcome.generation);
		}
	}

	async all(): Promise<Map<number, ItemResult>> {
		return new Map((await Promise.all(this.started.values())).map((result) => [result.itemIndex, result]));
	}
}

/** A stop must finish within a second; what takes longer continues in the background. */
const ACTION_GRACE_MS = 700;

/** Deletes or cancels what is still running; returns the IDs for which that is confirmed. */
async function actOnOpen(
	provider: Provider,
	client: ProviderClient,
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
