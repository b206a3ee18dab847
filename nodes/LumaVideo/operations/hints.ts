/** What a finished run reports in addition to its items: n8n shows it above the output. */
import type { IExecuteFunctions } from 'n8n-workflow';
import type { Outcome } from '../generation/job';
import type { Progress } from '../generation/progress';
import { usd } from '../generation/spending';
import type { Product, Provider } from '../providers/provider';
import type { Text } from '../providers/text';
import { dryRun, urlsExpire } from './messages';
import { isTool } from './operation';
import type { Plan, ReadyPlan } from './plan';

/** A message where n8n shows one text only. */
export const sentences = ({ message, advice }: Text): string => `${message}. ${advice}`;

/** `2 of 5 finished, the rest expected in about 40 s`. */
export function progressText({ finished, total, expectedInMs }: Progress): string {
	const seconds = expectedInMs === null ? 0 : Math.ceil(expectedInMs / 1000);
	const time = seconds > 120 ? `${Math.round(seconds / 60)} min` : `${seconds} s`;
	return `${finished} of ${total} finished${expectedInMs === null ? '' : `, ${finished === 0 ? '' : 'the rest '}expected in about ${time}`}`;
}

/**
 * `1 of 2 finished. Next check: 14:05:10 CET.`: what the editor shows while the execution is suspended.
 *
 * @param wakeAt in milliseconds since 1970
 */
export function suspendedHint(outcomes: readonly Outcome[], wakeAt: number, timeZone: string): string {
	const finished = outcomes.filter(({ kind }) => kind === 'finished' || kind === 'failure').length;
	const time = new Date(wakeAt).toLocaleTimeString('en-GB', { timeZone, timeStyle: 'long' });
	return `${progressText({ finished, total: outcomes.length, expectedInMs: null })}. Next check: ${time}.`;
}

/** For how long URLs work that are output without a file; `null` where no expiry is documented. */
export function urlHint(provider: Provider, about: { isRead: boolean; makes: Product }): string | null {
	const { urlMinutes: minutes } = provider.capabilities;
	return minutes === undefined ? null : sentences(urlsExpire({ provider, minutes, ...about }));
}

/** `1 video`, `3 images`. */
export const counted = (count: number, makes: Product): string => (count === 1 ? `1 ${makes}` : `${count} ${makes}s`);

/** `3 videos` and `$0.42`; the cost is `null` if one is not known, all of it if there are no plans. */
function countAndCost(plans: readonly ReadyPlan[]): { count: string; cost: string | null } | null {
	const [first] = plans;
	if (!first) return null;
	const costs = plans.map(({ output }) => output.estimatedCostUsd ?? null);
	const total = costs.reduce<number | null>((sum, cost) => (sum === null || cost === null ? null : sum + cost), 0);
	const product = first.job.start.kind === 'create' ? first.job.start.request.makes : 'video';
	return { count: counted(plans.length, product), cost: total === null ? null : usd(total) };
}

/** `3 videos, about $0.42.`: what was generated, without what failed; `null` if nothing was. */
function madeHint(made: readonly ReadyPlan[]): string | null {
	const all = countAndCost(made);
	return all && `${all.count}${all.cost === null ? '' : `, about ${all.cost}`}.`;
}

/** What a Dry Run would have generated; `null` if no item could be used. */
export function dryRunHint(plans: readonly Plan[]): string | null {
	const ready = plans.filter((plan) => plan.ok);
	const all = countAndCost(ready);
	return all && sentences(dryRun({ videos: all.count, cost: all.cost ?? '', isOne: ready.length === 1, hasCost: all.cost !== null }));
}

/** What a run generated and its estimated cost, and how long the URLs in its output work. */
export function runHint(provider: Provider, plans: readonly ReadyPlan[], outcomes: readonly Outcome[]): string | null {
	const ended = plans.flatMap((plan, index) => {
		const outcome = outcomes[index];
		if (outcome?.kind !== 'open' && outcome?.kind !== 'finished') return [];
		return outcome.generation.status === 'failed' ? [] : [{ plan, generation: outcome.generation }];
	});
	const made = ended.filter(({ plan }) => plan.job.start.kind === 'create').map(({ plan }) => plan);
	const passedOn = ended.find(({ plan, generation }) => plan.download === null && generation.media.length > 0);
	const isImage = passedOn?.plan.job.start.kind === 'create' && passedOn.generation.makes === 'image';
	const urls = passedOn ? urlHint(provider, { isRead: false, makes: isImage ? 'image' : 'video' }) : null;
	const hint = [madeHint(made), urls].filter((part) => part !== null).join(' ');
	return hint === '' ? null : hint;
}

/**
 * Says how far the run is: in n8n's log and, while somebody runs the workflow in the editor, in the browser's console. A
 * running node cannot show anything on the canvas or in its panel: the editor (n8n 2.41) has no message for that.
 */
export function tellProgress(context: IExecuteFunctions, progress: Progress): void {
	const text = progressText(progress);
	context.logger.info(text);
	context.sendMessageToUI(text);
}

export function tellHint(context: IExecuteFunctions, message: string | null, type: 'info' | 'warning' = 'info'): void {
	if (message === null || isTool(context)) return;
	context.addExecutionHints({ message, type, location: 'outputPane' });
}
