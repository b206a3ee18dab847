/**
 * After Return Immediately: tells triggers which generations were bought with their URL. An announcement that does not
 * arrive is retried, first before the items are output, then in the background; a hint says so.
 */
import { pauseFor, systemClock } from '../generation/clock';
import { kindOf } from '../generation/experience';
import type { Outcome } from '../generation/job';
import { expectedMs } from '../generation/schedule';
import type { Product, Provider } from '../providers/provider';
import { parseHttpUrl } from '../transport/address';
import type { AnnouncedGeneration, Told } from '../transport/announce';
import { announce, referenceOf, webhookIdOf } from '../transport/announce';
import { counted, sentences } from './hints';
import { triggerNotTold } from './messages';
import type { Session } from './operation';
import type { ReadyPlan } from './plan';

/** Generations per call. */
const MAX_ANNOUNCED = 200;
/** Back-off before each attempt, in milliseconds: a quarter of an hour in all, for n8n or a tunnel to come back. */
const PAUSES_MS = [0, 500, 1500, 3000, 5000, 15_000, 30_000, 60_000, 120_000, 300_000, 300_000];
/** The longest that the items wait for it, in milliseconds. */
const GRACE_MS = 8000;

/** What was bought for one trigger. */
interface Bought {
	url: string;
	/** By ID, what the trigger does not know yet. */
	untold: Map<string, AnnouncedGeneration>;
	makes: Product;
	/** Why not; `null` before the first attempt. */
	trouble: string | null;
}

function boughtByTrigger(provider: Provider, plans: readonly ReadyPlan[], outcomes: readonly Outcome[]): Bought[] {
	const now = systemClock.wall();
	const bought = new Map<string, Bought>();
	for (const [index, { job: { start } }] of plans.entries()) {
		const outcome = outcomes[index];
		if (start.kind !== 'create' || outcome?.kind !== 'open') continue;
		const { request, model } = start;
		const url = request.callback?.url ?? '';
		if (webhookIdOf(url) === null) continue;
		const { generationId: id, estimatedSeconds } = outcome.generation;
		const of = bought.get(url) ?? { url, untold: new Map<string, AnnouncedGeneration>(), makes: request.makes, trouble: null };
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

/** Tells the trigger everything that it does not know yet, until it stops accepting. */
async function tell({ context, provider, client }: Session, bought: Bought): Promise<void> {
	const reference = referenceOf(parseHttpUrl(bought.url)?.searchParams ?? []);
	for (let told: Told = { noted: [''], trouble: null }; bought.untold.size > 0 && told.noted.length > 0; ) {
		const generations = [...bought.untold.values()].slice(0, MAX_ANNOUNCED);
		told = await announce(context, client, bought.url, { provider: provider.id, reference, generations });
		for (const id of told.noted) bought.untold.delete(id);
		bought.trouble = told.trouble ?? 'It has no room for more';
	}
}

/**
 * Announces what was bought. Continues in the background after the grace period.
 *
 * @returns messages about triggers that do not answer
 */
export async function announceSubmitted(session: Session, plans: readonly ReadyPlan[], outcomes: readonly Outcome[]): Promise<string[]> {
	const all = boughtByTrigger(session.provider, plans, outcomes);
	if (all.length === 0) return [];
	const tasks = all.map(async (bought) => {
		for (const pause of PAUSES_MS) {
			await pauseFor(systemClock, pause, undefined);
			await tell(session, bought);
			if (bought.untold.size === 0) return;
		}
		session.context.logger.error(`The Luma Video Trigger was not told about ${[...bought.untold.keys()].join(', ')}: ${bought.trouble ?? ''}`);
	});
	const done = new AbortController();
	void Promise.allSettled(tasks).then(() => {
		done.abort();
	});
	await pauseFor(systemClock, GRACE_MS, done.signal);
	return all.flatMap(({ untold, makes, trouble, url }) => {
		if (untold.size === 0) return [];
		return [sentences(triggerNotTold({ triggerUrl: url, generations: counted(untold.size, makes), reason: trouble ?? 'It did not answer' }))];
	});
}
