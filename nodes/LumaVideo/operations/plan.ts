/** What each input item will do, checked before anything is sent. */
import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import type { DownloadSettings } from '../generation/deliver';
import type { Failure } from '../generation/failure';
import type { Job } from '../generation/job';
import type { OutputOptions } from '../generation/output';
import type { Provider } from '../providers/provider';
import { NOTHING_SENT, itemUnusable } from './messages';
import type { Settings } from './settings';

/** What one item will do, or why it cannot. */
export type Plan = { itemIndex: number } & (
	| {
			ok: true;
			job: Job;
			settings: Settings;
			output: OutputOptions;
			/** `null`: no download. */
			download: DownloadSettings | null;
	  }
	| { ok: false; failure: Failure }
);

export type ReadyPlan = Extract<Plan, { ok: true }>;

export type ItemResult = { itemIndex: number } & (
	| { ok: true; item: INodeExecutionData }
	| { ok: false; failure: Failure }
);

/** Plans every item; what throws for one item is that item's failure. */
export function planItems(context: IExecuteFunctions, provider: Provider, plan: (itemIndex: number) => Plan): Plan[] {
	return context.getInputData().map((_, itemIndex) => {
		try {
			return plan(itemIndex);
		} catch (error) {
			return { itemIndex, ok: false, failure: unusable(provider, error) };
		}
	});
}

/** The failure of an item that throws, such as with an expression that cannot be evaluated. */
export function unusable(provider: Provider, error: unknown): Failure {
	return invalid(provider, [error instanceof Error ? error.message : String(error)]);
}

/** The failure of an item whose fields were refused before anything was sent. */
export function invalid(provider: Provider, findings: string[]): Failure {
	const [first = itemUnusable(), ...others] = findings;
	return {
		message: first,
		advice: [...others, NOTHING_SENT].map((sentence) => sentence.replace(/\.?$/, '.')).join(' '),
		details: { generationId: null, provider: provider.id, status: null },
		findings: [first, ...others],
	};
}
