/** What a finished run has to say besides its items: n8n shows it above the output. */
import type { IExecuteFunctions } from 'n8n-workflow';
import type { Outcome } from '../generation/job';
import { usd } from '../generation/spending';
import type { Provider } from '../providers/provider';
import { isTool } from './operation';
import type { ReadyPlan } from './plan';

/**
 * For how long URLs that are passed on without a file work; `null` where no end is documented.
 *
 * @param keep how the file is kept: the middle of a sentence
 */
export function urlHint({ displayName, capabilities: { urlMinutes } }: Provider, keep: string): string | null {
	if (urlMinutes === null) return null;
	return `URLs of ${displayName} work for ${urlMinutes} minutes: to keep a file, ${keep}. 'Generation: Get' makes a fresh URL.`;
}

/** `3 videos, about $0.42.`: what was made, without what failed; `null` where nothing was. */
function madeHint(made: readonly ReadyPlan[]): string | null {
	const [first] = made;
	if (!first) return null;
	const costs = made.map(({ output }) => output.estimatedCostUsd ?? null);
	const total = costs.reduce<number | null>((sum, cost) => (sum === null || cost === null ? null : sum + cost), 0);
	const product = first.job.start.kind === 'create' ? first.job.start.request.makes : 'video';
	const count = made.length === 1 ? `1 ${product}` : `${made.length} ${product}s`;
	return `${count}${total === null ? '' : `, about ${usd(total)}`}.`;
}

/** What a run made and about what it cost, and how long the URLs work that it passes on. */
export function runHint(provider: Provider, plans: readonly ReadyPlan[], outcomes: readonly Outcome[]): string | null {
	const ended = plans.flatMap((plan, index) => {
		const outcome = outcomes[index];
		if (outcome?.kind !== 'open' && outcome?.kind !== 'finished') return [];
		return outcome.generation.status === 'failed' ? [] : [{ plan, generation: outcome.generation }];
	});
	const made = ended.filter(({ plan }) => plan.job.start.kind === 'create').map(({ plan }) => plan);
	const passedOn = ended.find(({ plan, generation }) => plan.download === null && generation.media.length > 0);
	const isImage = passedOn?.plan.job.start.kind === 'create' && passedOn.generation.makes === 'image';
	const urls = passedOn ? urlHint(provider, `switch on '${isImage ? 'Download Image' : 'Download Video'}'`) : null;
	const hint = [madeHint(made), urls].filter((part) => part !== null).join(' ');
	return hint === '' ? null : hint;
}

export function tellHint(context: IExecuteFunctions, message: string | null, type: 'info' | 'warning' = 'info'): void {
	if (message === null || isTool(context)) return;
	context.addExecutionHints({ message, type, location: 'outputPane' });
}
