/** What a finished run has to say besides its items: n8n shows it above the output. */
import type { IExecuteFunctions } from 'n8n-workflow';
import type { Outcome } from '../generation/job';
import { usd } from '../generation/spending';
import type { Provider } from '../providers/provider';
import { isTool } from './operation';
import type { ReadyPlan } from './plan';

/** `3 videos, about $0.42`, and for how long their URLs work where no file was downloaded. */
export function runHint(provider: Provider, plans: readonly ReadyPlan[], outcomes: readonly Outcome[]): string | null {
	const made = plans.flatMap((plan, index) => {
		const kind = outcomes[index]?.kind;
		return plan.job.start.kind === 'create' && (kind === 'open' || kind === 'finished') ? [{ plan, kind }] : [];
	});
	if (made.length === 0) return null;
	const costs = made.map(({ plan }) => plan.output.estimatedCostUsd ?? null);
	const total = costs.reduce<number | null>((sum, cost) => (sum === null || cost === null ? null : sum + cost), 0);
	const count = made.length === 1 ? '1 video' : `${made.length} videos`;
	const { urlMinutes } = provider.capabilities;
	const isPassedOn = made.some(({ plan, kind }) => plan.download === null && kind === 'finished');
	return [
		`${count}${total === null ? '' : `, about ${usd(total)}`}.`,
		...(urlMinutes !== null && isPassedOn
			? [`${provider.displayName}'s URLs work for ${urlMinutes} minutes: to keep the files, switch on 'Download Video'. 'Generation: Get' makes a fresh URL.`]
			: []),
	].join(' ');
}

export function tellHint(context: IExecuteFunctions, message: string | null, type: 'info' | 'warning' = 'info'): void {
	if (message === null || isTool(context)) return;
	context.addExecutionHints({ message, type, location: 'outputPane' });
}
