/**
 * All input items of one node run, from checked plans to output items: the only place that knows about pairing,
 * Continue On Fail and what a failing execution still has to say.
 */
import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { NodeOperationError } from 'n8n-workflow';
import { systemClock } from '../generation/clock';
import type { DownloadSettings } from '../generation/deliver';
import { Gate, deliver, generationFailure } from '../generation/deliver';
import { experience } from '../generation/experience';
import type { Failure } from '../generation/failure';
import { failedItem, fetchLater, nodeError } from '../generation/failure';
import { Ledger } from '../generation/ledger';
import type { OutputOptions } from '../generation/output';
import { outputJson } from '../generation/output';
import type { Job, Outcome } from '../generation/run';
import { runJobs } from '../generation/run';
import type { Generation, Provider } from '../providers/provider';
import { announce, isTriggerUrl } from '../transport/announce';
import type { ProviderClient } from '../transport/providerClient';
import { isTool } from './operation';
import type { Settings } from './settings';

/** What one item is going to do, or why it cannot. */
export type Plan = { itemIndex: number } & (
	| {
			ok: true;
			job: Job;
			settings: Settings;
			output: OutputOptions;
			/** `null`: the file is not wanted. */
			download: DownloadSettings | null;
	  }
	| { ok: false; failure: Failure }
);

export type ItemResult = { itemIndex: number } & (
	| { ok: true; item: INodeExecutionData }
	| { ok: false; failure: Failure }
);

/** Makes a plan for every item; what throws for one item, such as an expression, is that item's failure. */
export function planItems(
	context: IExecuteFunctions,
	provider: Provider,
	plan: (itemIndex: number) => Plan,
): Plan[] {
	return context.getInputData().map((_, itemIndex) => {
		try {
			return plan(itemIndex);
		} catch (error) {
			return { itemIndex, ok: false, failure: invalid(provider, [error instanceof Error ? error.message : String(error)]) };
		}
	});
}

/** The failure of an item whose fields were refused before anything was sent. */
export function invalid(provider: Provider, findings: string[]): Failure {
	const [first = 'The fields of this item cannot be used', ...others] = findings;
	return {
		message: first,
		advice: [...others, 'Correct this, then run the workflow again. Nothing was sent.'].map((sentence) => sentence.replace(/\.?$/, '.')).join(' '),
		details: { generationId: null, provider: provider.id, status: null },
	};
}

/** Turns results into output items, or throws for the first failure when the node is set to stop. */
export function toItems(context: IExecuteFunctions, results: readonly ItemResult[], alsoKnown: string[] = []): INodeExecutionData[] {
	if (!context.continueOnFail()) {
		const failed = results.find((result) => !result.ok);
		if (failed) throw nodeError(context.getNode(), failed.failure, failed.itemIndex, alsoKnown);
	}
	return results.map((result) => (result.ok ? result.item : failedItem(result.failure, result.itemIndex)));
}

/** The ledger of this run of the node. */
export function openLedger(context: IExecuteFunctions): Ledger {
	const { $runIndex: runIndex } = context.getWorkflowDataProxy(0) as unknown as { $runIndex: number };
	return new Ledger(context.getContext('node'), isTool(context) ? null : runIndex, context.getExecutionId());
}

export type ReadyPlan = Extract<Plan, { ok: true }>;

interface RunOutcomes {
	/** Items that are over, one way or another; with `callback` without those that are still to call back. */
	results: ItemResult[];
	/** With `callback`: what will call back. */
	openPlans: Array<{ plan: ReadyPlan; generation: Generation }>;
	/** Sentences naming every generation of the run, for the end of an error. */
	alsoKnown: string[];
}

/**
 * Runs all plans together.
 *
 * @throws NodeOperationError when the execution was stopped, naming what goes on at the provider
 */
export async function runOutcomes(
	context: IExecuteFunctions,
	provider: Provider,
	client: ProviderClient,
	plans: readonly Plan[],
	until: 'finished' | 'submitted' | 'callback',
): Promise<RunOutcomes> {
	const stopAtFirstFailure = !context.continueOnFail();
	const refused = plans.flatMap((plan): ItemResult[] => (plan.ok ? [] : [plan]));
	const ready = plans.filter((plan) => plan.ok);
	const first = ready[0];
	if (!first || (stopAtFirstFailure && refused.length > 0)) return { results: refused, openPlans: [], alsoKnown: [] };

	const downloads = new Gate();
	const deliveries = new Map<number, Promise<ItemResult>>();
	const planOf = new Map(ready.map((plan) => [plan.itemIndex, plan]));
	const finish = async (plan: ReadyPlan, generation: Generation): Promise<ItemResult> => {
		const delivery = await downloads.run(
			async () =>
				await deliver(context, provider, generation, plan.itemIndex, plan.output, plan.download, systemClock),
		);
		return { itemIndex: plan.itemIndex, ...delivery };
	};

	const cancelSignal = context.getExecutionCancelSignal();
	const ledger = openLedger(context);
	// Of a stopped node n8n stores nothing but this.
	cancelSignal?.addEventListener('abort', () => {
		keepIds(context, ledger);
	});
	const outcomes = await runJobs(
		ready.map((plan) => plan.job),
		{
			provider,
			client,
			clock: systemClock,
			ledger,
			maxConcurrent: first.settings.maxConcurrent ?? provider.capabilities.concurrency,
			until,
			stopAtFirstFailure,
			resubmitFailed: first.settings.resubmitFailed,
			experience,
			cancelSignal,
			onFinished: (job, generation) => {
				const plan = planOf.get(job.itemIndex);
				if (plan) deliveries.set(job.itemIndex, finish(plan, generation));
			},
		},
	);

	const delivered = new Map(
		(await Promise.all(deliveries.values())).map((result) => [result.itemIndex, result] as const),
	);
	if (cancelSignal?.aborted) {
		const deleted = first.settings.deleteOnStop ? await deleteOpen(provider, client, outcomes) : new Set<string>();
		for (const generationId of deleted) openLedger(context).deleted(generationId);
		throw stoppedError(context, ready, outcomes, deleted);
	}

	const outcomeOf = new Map(ready.map((plan, index) => [plan.itemIndex, outcomes[index]]));
	const openPlans: RunOutcomes['openPlans'] = [];
	const results = plans.flatMap((plan): ItemResult[] => {
		if (!plan.ok) return [plan];
		const outcome = outcomeOf.get(plan.itemIndex);
		if (until === 'callback' && outcome?.kind === 'open' && outcome.reason === 'accepted') {
			openPlans.push({ plan, generation: outcome.generation });
			return [];
		}
		return outcome ? resultOf(provider, plan, outcome, delivered.get(plan.itemIndex)) : [];
	});
	const reported = results.find((result) => !result.ok)?.itemIndex;
	return { results, openPlans, alsoKnown: alsoKnown(provider, ready, outcomes, reported) };
}

/**
 * Runs all plans together and turns them into output items.
 *
 * @throws NodeOperationError or NodeApiError for the first failure, unless the node continues on fail. The error names
 * every generation that this run bought and that did not leave the node.
 */
export async function runPlans(
	context: IExecuteFunctions,
	provider: Provider,
	client: ProviderClient,
	plans: readonly Plan[],
	until: 'finished' | 'submitted',
): Promise<INodeExecutionData[]> {
	const run = await runOutcomes(context, provider, client, plans, until);
	if (until === 'submitted') await announceSubmitted(context, provider, plans, run.results);
	const items = toItems(context, run.results, run.alsoKnown);
	openLedger(context).markDelivered();
	return items;
}

/** The items go on at once: an announcement that takes longer goes on without them. */
const ANNOUNCE_GRACE_MS = 1000;

/** Tells triggers which generations are going to call them, where they could not find that out by a list. */
async function announceSubmitted(
	context: IExecuteFunctions,
	provider: Provider,
	plans: readonly Plan[],
	results: readonly ItemResult[],
): Promise<void> {
	if (provider.capabilities.list) return;
	const idsOf = new Map<string, string[]>();
	for (const plan of plans) {
		const url = plan.ok && plan.job.start.kind === 'create' ? plan.job.start.request.callback?.url : undefined;
		const result = results.find(({ itemIndex }) => itemIndex === plan.itemIndex);
		const generationId = result?.ok ? result.item.json.generationId : undefined;
		if (url === undefined || !isTriggerUrl(url) || typeof generationId !== 'string') continue;
		idsOf.set(url, [...(idsOf.get(url) ?? []), generationId]);
	}
	const calls = [...idsOf].map(async ([url, ids]) => {
		await announce(context, url, provider, ids);
	});
	if (calls.length > 0) await systemClock.wait(ANNOUNCE_GRACE_MS, Promise.all(calls));
}

function resultOf(
	provider: Provider,
	plan: ReadyPlan,
	outcome: Outcome,
	delivered: ItemResult | undefined,
): ItemResult[] {
	const { itemIndex } = plan;
	switch (outcome.kind) {
		case 'failure':
			return [{ itemIndex, ok: false, failure: outcome.failure }];
		case 'finished':
			if (outcome.generation.status === 'failed') {
				return [{ itemIndex, ok: false, failure: generationFailure(provider, outcome.generation) }];
			}
			return delivered ? [delivered] : [];
		case 'open': {
			if (outcome.reason === 'timeout' && plan.settings.onTimeout === 'error') {
				return [{ itemIndex, ok: false, failure: timeoutFailure(provider, plan, outcome.generation, outcome.trouble) }];
			}
			const json = outputJson(provider, outcome.generation, plan.output);
			return [{ itemIndex, ok: true, item: { json, pairedItem: { item: itemIndex } } }];
		}
		case 'notSubmitted':
			return [];
	}
}

function timeoutFailure(
	provider: Provider,
	plan: ReadyPlan,
	generation: Generation,
	trouble: string | undefined,
): Failure {
	const seconds = Math.round(plan.job.timeoutMs / 1000);
	const { generationId } = generation;
	const details = { generationId, provider: provider.id, status: generation.status };
	if (trouble !== undefined) {
		return {
			message: `Generation ${generationId} could not be read when its ${seconds} seconds were over: ${trouble}`,
			advice: `It may be finished or still running; nothing is lost. ${fetchLater(generationId)}`,
			details,
		};
	}
	return {
		message: `Generation ${generationId} is not finished after ${seconds} seconds`,
		advice: `${provider.displayName} still works on it, and nothing is lost. ${fetchLater(generationId)} Or raise 'Timeout'.`,
		details,
	};
}

/** Ids bought in this run, in words, for the end of a message. */
function bought(plans: readonly ReadyPlan[], outcomes: readonly Outcome[]): string[] {
	return plans.flatMap((plan, index) => {
		const outcome = outcomes[index];
		if (outcome?.kind === 'finished') {
			return [`${outcome.generation.generationId} (item ${plan.itemIndex}, ${outcome.generation.status})`];
		}
		if (outcome?.kind === 'open') {
			return [`${outcome.generation.generationId} (item ${plan.itemIndex}, running)`];
		}
		if (outcome?.kind === 'failure' && outcome.failure.details.generationId !== null) {
			return [`${outcome.failure.details.generationId} (item ${plan.itemIndex}, state not known)`];
		}
		return [];
	});
}

/** Sentences about the items of a failing run besides the one that its error is about. */
function alsoKnown(
	provider: Provider,
	plans: readonly ReadyPlan[],
	outcomes: readonly Outcome[],
	reported: number | undefined,
): string[] {
	const others = outcomes.map((outcome, index): Outcome =>
		plans[index]?.itemIndex === reported ? { kind: 'notSubmitted' } : outcome,
	);
	const ids = bought(plans, others);
	const doubtful = plans.flatMap((plan, index) => {
		const outcome = others[index];
		const isDoubtful = outcome?.kind === 'failure' && outcome.failure.details.status === 'unknown';
		return isDoubtful && outcome.failure.details.generationId === null ? [`item ${plan.itemIndex}`] : [];
	});
	return [
		...(doubtful.length > 0
			? [`It is also not known whether ${provider.displayName} accepted the requests of ${doubtful.join(', ')}.`]
			: []),
		...(ids.length > 0
			? [
					`Other generations of this run: ${ids.join(', ')}. A retry of this execution continues them and buys none of them again; operation 'Wait' of resource 'Generation' gets them by ID.`,
				]
			: []),
	];
}

/** Leaves the ids of what was bought with the execution, where they are found in its details and by n8n's API. */
function keepIds(context: IExecuteFunctions, ledger: Ledger): void {
	const ids = [...ledger.knownIds()].join(', ');
	if (ids === '') return;
	try {
		context.customData.set('lumaGenerations', ids.slice(0, MAX_CUSTOM_DATA));
	} catch (error) {
		context.logger.debug(`The IDs of generations were not kept: ${String(error)}`);
	}
}

/** Characters that n8n keeps of a value. */
const MAX_CUSTOM_DATA = 512;

/** A stop must be over within a second; a deletion that takes longer goes on without us. */
const DELETE_GRACE_MS = 700;

/** Deletes what still runs; returns the ids that are confirmed to be deleted. */
async function deleteOpen(
	provider: Provider,
	client: ProviderClient,
	outcomes: readonly Outcome[],
): Promise<Set<string>> {
	const deleted = new Set<string>();
	const requests = outcomes.map(async (outcome) => {
		if (outcome.kind !== 'open' || !provider.delete || !provider.readDeleted) return;
		const { generationId } = outcome.generation;
		const exchange = await client.send(provider.delete(generationId), { outlivesStop: true });
		if (exchange.kind === 'answer' && provider.readDeleted(exchange.answer).ok) deleted.add(generationId);
	});
	await systemClock.wait(DELETE_GRACE_MS, Promise.all(requests));
	return new Set(deleted);
}

function stoppedError(
	context: IExecuteFunctions,
	plans: readonly ReadyPlan[],
	outcomes: readonly Outcome[],
	deleted: ReadonlySet<string>,
): NodeOperationError {
	const isDeleted = (outcome: Outcome) => outcome.kind === 'open' && deleted.has(outcome.generation.generationId);
	const ids = bought(
		plans,
		outcomes.map((outcome) => (isDeleted(outcome) ? { kind: 'notSubmitted' } : outcome)),
	);
	const doubts = outcomes.flatMap((outcome) => (outcome.kind === 'failure' ? [outcome.failure.message] : []));
	const isNothingBought = ids.length + deleted.size + doubts.length === 0;
	return new NodeOperationError(
		context.getNode(),
		ids.length > 0
			? `The execution was stopped. Generations that go on at the provider: ${ids.join(', ')}`
			: 'The execution was stopped',
		{
			description: [
				...(deleted.size > 0 ? [`Deleted: ${[...deleted].join(', ')}.`] : []),
				...doubts.map((doubt) => `${doubt}.`),
				...(ids.length > 0 ? ["Operation 'Wait' of resource 'Generation' gets them by ID."] : []),
				...(isNothingBought ? ['Nothing was bought.'] : []),
			].join(' '),
		},
	);
}
