/**
 * After Return at Once: tells triggers which generations were bought with their URL. An announcement that does not
 * arrive is repeated, first before the items go on, then in the background; the output says so.
 */
import type { IExecuteFunctions } from 'n8n-workflow';
import { systemClock } from '../generation/clock';
import { kindOf } from '../generation/experience';
import type { Outcome } from '../generation/job';
import { pauseFor } from '../generation/read';
import { expectedMs } from '../generation/schedule';
import type { Provider } from '../providers/provider';
import { parseHttpUrl } from '../transport/address';
import type { AnnouncedGeneration, Told } from '../transport/announce';
import { announce, referenceOf, webhookIdOf } from '../transport/announce';
import type { ProviderClient } from '../transport/providerClient';
import type { ReadyPlan } from './plan';

/** How many fit into one call. */
const MAX_ANNOUNCED = 200;
/** Before each try, in milliseconds: a quarter of an hour in all, while n8n or a tunnel comes back. */
const PAUSES_MS = [0, 500, 1500, 3000, 5000, 15_000, 30_000, 60_000, 120_000, 300_000, 300_000];
/** The items wait so long for it at most, in milliseconds. */
const GRACE_MS = 8000;

/** What was bought for one trigger. */
interface Bought {
	url: string;
	/** By id, what the trigger does not know of yet. */
	untold: Map<string, AnnouncedGeneration>;
	/** Why not; `null` while it was not tried. */
	trouble: string | null;
}

function boughtByTrigger(provider: Provider, plans: readonly ReadyPlan[], outcomes: readonly Outcome[]): Bought[] {
	const now = systemClock.wall();
	const bought = new Map<string, Bought>();
	for (const [index, { job }] of plans.entries()) {
		const outcome = outcomes[index];
		const url = job.start.kind === 'create' ? job.start.request.callback?.url : undefined;
		if (job.start.kind !== 'create' || outcome?.kind !== 'open' || url === undefined || webhookIdOf(url) === null) continue;
		const { generationId: id, estimatedSeconds } = outcome.generation;
		const { request, model } = job.start;
		const of = bought.get(url) ?? { url, untold: new Map<string, AnnouncedGeneration>(), trouble: null };
		bought.set(url, of);
		of.untold.set(id, {
			id,
			submittedAt: now,
			kind: kindOf(provider.id, request),
			expectedMs: expectedMs(model, request, estimatedSeconds),
		});
	}
	return [...bought.values()];
}

/** Tells the trigger all that it does not know of yet, as far as it answers. */
async function tell(context: IExecuteFunctions, provider: Provider, client: ProviderClient, bought: Bought): Promise<void> {
	const reference = referenceOf(parseHttpUrl(bought.url)?.searchParams ?? []);
	for (let told: Told = { noted: [''], trouble: null }; bought.untold.size > 0 && told.noted.length > 0; ) {
		const generations = [...bought.untold.values()].slice(0, MAX_ANNOUNCED);
		told = await announce(context, client, bought.url, { provider: provider.id, reference, generations });
		for (const id of told.noted) bought.untold.delete(id);
		bought.trouble = told.trouble ?? 'It has no room for more';
	}
}

/**
 * Announces what was bought. Goes on in the background when the grace is over.
 *
 * @returns what the user must know about triggers that do not answer, as sentences
 */
export async function announceSubmitted(
	context: IExecuteFunctions,
	provider: Provider,
	client: ProviderClient,
	plans: readonly ReadyPlan[],
	outcomes: readonly Outcome[],
): Promise<string[]> {
	const all = boughtByTrigger(provider, plans, outcomes);
	if (all.length === 0) return [];
	const tasks = all.map(async (bought) => {
		for (const pause of PAUSES_MS) {
			await pauseFor(systemClock, pause, undefined);
			await tell(context, provider, client, bought);
			if (bought.untold.size === 0) return;
		}
		context.logger.error(`The Luma Video Trigger was not told of ${[...bought.untold.keys()].join(', ')}: ${bought.trouble ?? ''}`);
	});
	let isDone = false;
	const done = Promise.all(tasks).then(() => {
		isDone = true;
	});
	const until = systemClock.now() + GRACE_MS;
	// A function, since the value changes while it is waited for.
	const isOver = (): boolean => isDone || systemClock.now() >= until;
	while (!isOver()) await systemClock.wait(until - systemClock.now(), done);
	return all.flatMap(({ untold, trouble, url }) => {
		if (untold.size === 0) return [];
		const videos = untold.size === 1 ? 'of 1 video' : `of ${untold.size} videos`;
		const why = trouble ?? 'It did not answer';
		return [
			`The Luma Video Trigger at ${url} could not be told ${videos}: ${why}. Check that its workflow is published and that both nodes use the same credential. The node keeps trying for 15 minutes; 'Generation: Wait' gets the videos in any case.`,
		];
	});
}
