/** What the node outputs, and what it reports: items, errors, and what a run has bought. */
import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { generationFailure } from '../generation/deliver';
import type { Failure } from '../generation/failure';
import { failedItem, nodeError } from '../generation/failure';
import type { Outcome } from '../generation/job';
import type { Ledger } from '../generation/ledger';
import { outputJson } from '../generation/output';
import type { Generation, Provider } from '../providers/provider';
import { sentences } from './hints';
import { GET_BY_ID, NOTHING_BOUGHT, itemsUnusable, notFinished, othersInDoubt, othersOfRun, stopped, stoppedUnanswered, unreadAtTimeout } from './messages';
import type { ItemResult, ReadyPlan } from './plan';

type Failed = Extract<ItemResult, { ok: false }>;

/** An error about several items lists this many different reasons. */
const MAX_REASONS = 10;

/** One failure for all items whose fields were refused, so that they can be corrected together; `null` for fewer than two. */
function together(failures: readonly Failed[], total: number, isAnySent: boolean): Failure | null {
	const refused = failures.filter(({ failure }) => failure.findings);
	const [first] = refused;
	if (!first || refused.length < 2) return null;
	const itemsOf = new Map<string, number[]>();
	for (const { itemIndex, failure } of refused) {
		const reason = (failure.findings ?? []).join('; ').replace(/\.?$/, '.');
		itemsOf.set(reason, [...(itemsOf.get(reason) ?? []), itemIndex]);
	}
	const listed = [...itemsOf].slice(0, MAX_REASONS);
	const reasons = listed.map(([reason, items]) => `${items.length === 1 ? 'Item' : 'Items'} ${items.join(', ')}: ${reason}`);
	const more = refused.length - listed.flatMap(([, items]) => items).length;
	const text = itemsUnusable({ count: refused.length, total, reasons: reasons.join(' '), hasMore: more > 0, more, isAnySent });
	return { ...text, details: first.failure.details };
}

/**
 * Turns results into output items.
 *
 * @throws NodeOperationError or NodeApiError for the first failure, or for all items with refused fields, when the node is
 * set to stop
 */
export function toItems(context: IExecuteFunctions, results: readonly ItemResult[], alsoKnown: string[] = []): INodeExecutionData[] {
	const failures = results.filter((result) => !result.ok);
	const [first] = failures;
	if (first && !context.continueOnFail()) {
		const all = together(failures, context.getInputData().length, failures.length < results.length || failures.some(({ failure }) => !failure.findings));
		throw nodeError(context.getNode(), all ?? first.failure, all ? null : first.itemIndex, alsoKnown);
	}
	return results.map((result) => (result.ok ? result.item : failedItem(result.failure, result.itemIndex)));
}

/** The result of an item; `null` if it has none, since the run ended before its turn. */
export function resultOf(provider: Provider, plan: ReadyPlan, outcome: Outcome, delivered: ItemResult | undefined): ItemResult | null {
	const { itemIndex } = plan;
	const failed = (failure: Failure): ItemResult => ({ itemIndex, ok: false, failure });
	switch (outcome.kind) {
		case 'failure':
			return failed(outcome.failure);
		case 'finished':
			if (outcome.generation.status === 'failed') return failed(generationFailure(provider, outcome.generation));
			return delivered ?? null;
		case 'open':
			if (outcome.reason === 'timeout' && plan.settings.onTimeout === 'error') {
				return failed(timedOut(provider, plan, outcome.generation, outcome.trouble));
			}
			return { itemIndex, ok: true, item: itemOf(provider, plan, outcome.generation) };
		case 'notSubmitted':
			return null;
	}
}

/** The item of a generation as it is now. */
export function itemOf(provider: Provider, plan: ReadyPlan, generation: Generation): INodeExecutionData {
	return { json: outputJson(provider, generation, plan.output), pairedItem: { item: plan.itemIndex } };
}

function timedOut(provider: Provider, plan: ReadyPlan, { generationId, status }: Generation, reason: string | undefined): Failure {
	const seconds = Math.round(plan.job.timeoutMs / 1000);
	const text = reason === undefined ? notFinished({ provider, generationId, seconds }) : unreadAtTimeout({ generationId, seconds, reason });
	return { ...text, details: { generationId, provider: provider.id, status } };
}

/** A generation that a run has bought or is waiting for. */
export interface Bought {
	itemIndex: number;
	/** `null`: its request got no answer. */
	generationId: string | null;
	state: 'completed' | 'failed' | 'running';
	/** When the request was sent, in milliseconds since 1970; `null` if it was bought earlier. */
	sentAt: number | null;
}

/** What this run of the node has bought or is waiting for, as far as is known now. */
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

/** `7c6f8527 (item 0, running)`, or with other notes; running ones first. */
function named(bought: readonly Bought[], note = ({ itemIndex, state }: Bought): string => `item ${itemIndex}, ${state}`): string[] {
	const isRunning = ({ state }: Bought): boolean => state === 'running';
	return [...bought.filter(isRunning), ...bought.filter((each) => !isRunning(each))].flatMap((each) =>
		each.generationId === null ? [] : [`${each.generationId} (${note(each)})`],
	);
}

const unansweredIn = (bought: readonly Bought[]): Bought[] => bought.filter(({ generationId }) => generationId === null);

/** Messages about the other items of a failing run than the one that its error is about. */
export function alsoKnown(provider: Provider, bought: readonly Bought[], reported: number | undefined): string[] {
	const others = bought.filter(({ itemIndex }) => itemIndex !== reported);
	const generations = named(others).join(', ');
	const items = unansweredIn(others).map(({ itemIndex }) => `item ${itemIndex}`).join(', ');
	return [...(items ? [othersInDoubt({ provider, items })] : []), ...(generations ? [othersOfRun({ generations })] : [])].map(sentences);
}

/**
 * The error of a stopped execution: it lists what is still running at the provider.
 *
 * @param deleted IDs of generations that were deleted because of 'Delete on Stop'
 * @param cancelled IDs of generations that were asked to stop because of 'Cancel on Stop'
 */
export function stoppedError(
	context: IExecuteFunctions,
	provider: Provider,
	bought: readonly Bought[],
	{ deleted, cancelled }: { deleted: ReadonlySet<string>; cancelled: ReadonlySet<string> } = { deleted: new Set(), cancelled: new Set() },
): ReturnType<typeof nodeError> {
	const left = bought.filter(({ generationId }) => generationId === null || !deleted.has(generationId));
	const running = named(left.filter(({ state }) => state === 'running')).join(', ');
	const over = named(left.filter(({ state }) => state !== 'running')).join(', ');
	const requests = unansweredSince(left);
	const known = [
		...(deleted.size > 0 ? [`Deleted: ${[...deleted].join(', ')}.`] : []),
		...(cancelled.size > 0 ? [`Asked to cancel, but may still finish: ${[...cancelled].join(', ')}.`] : []),
		...(requests ? [sentences(stoppedUnanswered({ provider, requests }))] : []),
		...(over ? [`Already over: ${over}.`] : []),
		...(running || over ? [GET_BY_ID] : []),
	];
	const advice = known.length > 0 ? known.join(' ') : NOTHING_BOUGHT;
	return nodeError(context.getNode(), stopped({ hasRunning: running !== '', generations: running, advice }), null);
}

/** `2 requests unanswered since 2026-11-20T14:46:03.809Z (items 3, 4)`; empty if there are none. */
function unansweredSince(bought: readonly Bought[]): string {
	const unanswered = unansweredIn(bought);
	if (unanswered.length === 0) return '';
	const since = new Date(Math.min(...unanswered.map(({ sentAt }) => sentAt ?? Infinity))).toISOString();
	const items = unanswered.map(({ itemIndex }) => itemIndex).join(', ');
	return `${unanswered.length} ${unanswered.length === 1 ? 'request' : 'requests'} unanswered since ${since} (${unanswered.length === 1 ? 'item' : 'items'} ${items})`;
}

/** How many characters n8n keeps of a value, and how many of an execution's ten values this package may use. */
const MAX_VALUE = 512;
const MAX_VALUES = 8;

/** Stores with the execution what it has bought, where users and n8n's API find it even after a stop. */
export function keepIds(context: IExecuteFunctions, bought: readonly Bought[]): void {
	const values: string[] = [''];
	for (const text of named(bought, ({ state }) => state)) {
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
