/** What leaves the node, and what is said about the rest: items, errors, and what a run has bought. */
import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { NodeOperationError } from 'n8n-workflow';
import { generationFailure } from '../generation/deliver';
import type { Failure } from '../generation/failure';
import { failedItem, fetchLater, nodeError } from '../generation/failure';
import type { Outcome } from '../generation/job';
import type { Ledger } from '../generation/ledger';
import { outputJson } from '../generation/output';
import type { Generation, Provider } from '../providers/provider';
import type { ItemResult, ReadyPlan } from './plan';

/** Turns results into output items, or throws for the first failure when the node is set to stop. */
export function toItems(context: IExecuteFunctions, results: readonly ItemResult[], alsoKnown: string[] = []): INodeExecutionData[] {
	if (!context.continueOnFail()) {
		const failed = results.find((result) => !result.ok);
		if (failed) throw nodeError(context.getNode(), failed.failure, failed.itemIndex, alsoKnown);
	}
	return results.map((result) => (result.ok ? result.item : failedItem(result.failure, result.itemIndex)));
}

/** What becomes of an item; `null` where nothing does, since the run ended before its turn. */
export function resultOf(
	provider: Provider,
	plan: ReadyPlan,
	outcome: Outcome,
	delivered: ItemResult | undefined,
): ItemResult | null {
	const { itemIndex } = plan;
	const failed = (failure: Failure): ItemResult => ({ itemIndex, ok: false, failure });
	switch (outcome.kind) {
		case 'failure':
			return failed(outcome.failure);
		case 'finished':
			if (outcome.generation.status === 'failed') return failed(generationFailure(provider, outcome.generation));
			return delivered ?? null;
		case 'open': {
			if (outcome.reason === 'timeout' && plan.settings.onTimeout === 'error') {
				return failed(notFinished(provider, plan, outcome.generation, outcome.trouble));
			}
			return { itemIndex, ok: true, item: itemOf(provider, plan, outcome.generation) };
		}
		case 'notSubmitted':
			return null;
	}
}

/** The item of a generation as it is now. */
export function itemOf(provider: Provider, plan: ReadyPlan, generation: Generation): INodeExecutionData {
	return { json: outputJson(provider, generation, plan.output), pairedItem: { item: plan.itemIndex } };
}

function notFinished(provider: Provider, plan: ReadyPlan, generation: Generation, trouble: string | undefined): Failure {
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

/** A video that a run has bought or waits for. */
export interface Bought {
	itemIndex: number;
	/** `null`: its request got no answer. */
	generationId: string | null;
	state: 'completed' | 'failed' | 'running';
	/** When the request was sent, in milliseconds since 1970; `null` for what was bought before. */
	sentAt: number | null;
}

/** What this run of the node has bought or waits for, as far as is known at this moment. */
export function boughtSoFar(ledger: Ledger, plans: readonly ReadyPlan[]): Bought[] {
	const given = plans.flatMap(({ itemIndex, job: { start } }): Bought[] =>
		start.kind === 'existing' ? [{ itemIndex, generationId: start.generationId, state: 'running', sentAt: null }] : [],
	);
	const ofLedger = ledger.ofRun().map(({ itemIndex, generationId, over, submittedAt }): Bought => {
		const status = over?.status;
		const state = status === 'completed' || status === 'failed' ? status : 'running';
		return { itemIndex, generationId, state, sentAt: submittedAt };
	});
	return [...given, ...ofLedger].sort((a, b) => a.itemIndex - b.itemIndex);
}

/** `7c6f8527 (item 0, running)`, those that run first. */
function named(bought: readonly Bought[]): string[] {
	const isRunning = ({ state }: Bought): boolean => state === 'running';
	return [...bought.filter(isRunning), ...bought.filter((each) => !isRunning(each))].flatMap(
		({ generationId, itemIndex, state }) => (generationId === null ? [] : [`${generationId} (item ${itemIndex}, ${state})`]),
	);
}

const unansweredIn = (bought: readonly Bought[]): Bought[] => bought.filter(({ generationId }) => generationId === null);

/** Sentences about the items of a failing run besides the one that its error is about. */
export function alsoKnown(provider: Provider, bought: readonly Bought[], reported: number | undefined): string[] {
	const others = bought.filter(({ itemIndex }) => itemIndex !== reported);
	const ids = named(others);
	const doubtful = unansweredIn(others).map(({ itemIndex }) => `item ${itemIndex}`);
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

/**
 * What ends a stopped execution: it names what goes on at the provider.
 *
 * @param deleted ids that were deleted at the user's wish
 */
export function stoppedError(
	context: IExecuteFunctions,
	provider: Provider,
	bought: readonly Bought[],
	deleted: ReadonlySet<string> = new Set(),
): NodeOperationError {
	const left = bought.filter(({ generationId }) => generationId === null || !deleted.has(generationId));
	const running = left.filter(({ state }) => state === 'running');
	const ids = named(running);
	const over = named(left.filter(({ state }) => state !== 'running'));
	const unanswered = unansweredSince(left);
	const message =
		ids.length > 0 ? `The execution was stopped. Generations that go on at the provider: ${ids.join(', ')}` : 'The execution was stopped';
	const description = [
		...(deleted.size > 0 ? [`Deleted: ${[...deleted].join(', ')}.`] : []),
		...(unanswered === ''
			? []
			: [
					`${unanswered}. It is not known whether ${provider.displayName} accepted them: look at ${provider.dashboardUrl}. The IDs that came later are in n8n's log.`,
				]),
		...(over.length > 0 ? [`Already over: ${over.join(', ')}.`] : []),
		...(ids.length + over.length > 0 ? ["Operation 'Wait' of resource 'Generation' gets them by ID."] : []),
		...(ids.length + over.length + deleted.size === 0 && unanswered === '' ? ['Nothing was bought.'] : []),
	].join(' ');
	const error = new NodeOperationError(context.getNode(), message, { description });
	// n8n replaces a message in which it finds the name of a Node.js error code, even inside a word.
	error.message = message;
	return error;
}

/** `2 requests unanswered since 2026-11-20T14:46:03.809Z (items 3, 4)`; empty when there are none. */
function unansweredSince(bought: readonly Bought[]): string {
	const unanswered = unansweredIn(bought);
	if (unanswered.length === 0) return '';
	const since = new Date(Math.min(...unanswered.map(({ sentAt }) => sentAt ?? Infinity))).toISOString();
	const items = unanswered.map(({ itemIndex }) => itemIndex).join(', ');
	return `${unanswered.length} ${unanswered.length === 1 ? 'request' : 'requests'} unanswered since ${since} (${unanswered.length === 1 ? 'item' : 'items'} ${items})`;
}

/** Characters that n8n keeps of a value, and how many values of ours an execution may have: it has ten in all. */
const MAX_VALUE = 512;
const MAX_VALUES = 8;

/** Leaves with the execution what it has bought, where a person and n8n's API find it even after Stop. */
export function keepIds(context: IExecuteFunctions, bought: readonly Bought[]): void {
	const values: string[] = [''];
	for (const text of named(bought).map((each) => each.replace(/ \(item (\d+), (\w+)\)$/, ' ($2)'))) {
		const last = values.at(-1) ?? '';
		if (last !== '' && last.length + text.length + 2 > MAX_VALUE) values.push(text);
		else values[values.length - 1] = last === '' ? text : `${last}, ${text}`;
	}
	const unanswered = unansweredSince(bought).slice(0, MAX_VALUE);
	try {
		for (const [n, value] of values.slice(0, MAX_VALUES).entries()) {
			if (value !== '') context.customData.set(n === 0 ? 'lumaGenerations' : `lumaGenerations${n + 1}`, value);
		}
		if (unanswered !== '') context.customData.set('lumaUnanswered', unanswered);
	} catch (error) {
		context.logger.debug(`The IDs of generations were not kept: ${String(error)}`);
	}
}
