/** What a finished run reports in addition to its items: n8n shows it above the output. */
import type { IExecuteFunctions } from 'n8n-workflow';
import type { Outcome } from '../generation/job';
import { usd } from '../generation/spending';
import type { Product, Provider } from '../providers/provider';
import type { Text } from '../providers/text';
import { urlsExpire } from './messages';
import { isTool } from './operation';
import type { ReadyPlan } from './plan';

/** A message where n8n shows one text only. */
export const sentences = ({ message, advice }: Text): string => `${message}. ${advice}`;

/** For how long URLs work that are output without a file; `null` where no expiry is documented. */
export function urlHint(provider: Provider, about: { isRead: boolean; makes: Product }): string | null {
	const { urlMinutes: minutes } = provider.capabilities;
	return minutes === null ? null : sentences(urlsExpire({ provider, minutes, ...about }));
}

/** `3 videos, about $0.42.`: what was generated, without what failed; `null` if nothing was. */
function madeHint(made: readonly ReadyPlan[]): string | null {
	const [first] = made;
	if (!first) return null;
	const costs = made.map(({ output }) => output.estimatedCostUsd ?? null);
	const total = costs.reduce<number | null>((sum, cost) => (sum === null || cost === null ? null : sum + cost), 0);
	const product = first.job.start.kind === 'create' ? first.job.start.request.makes : 'video';
	const count = made.length === 1 ? `1 ${product}` : `${made.length} ${product}s`;
	return `${count}${total === null ? '' : `, about ${usd(total)}`}.`;
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

export function tellHint(context: IExecuteFunctions, message: string | null, type: 'info' | 'warning' = 'info'): void {
	if (message === null || isTool(context)) return;
	context.addExecutionHints({ message, type, location: 'outputPane' });
}
