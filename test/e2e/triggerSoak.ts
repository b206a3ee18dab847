/**
 * Hundreds of generations over all providers, with everything that goes wrong mixed by a seeded random: lost, late, doubled
 * and reordered callbacks, forged callbacks and announcements, floods of made-up ids, junk, a service that cannot be read,
 * an n8n that is restarted and one that is killed. Nobody helps at the end: the triggers must heal by themselves. What
 * counts: lost, emitted twice, forged accepted, executions that junk started.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { FaultKind, Job, ProviderName, ProviderServer } from '../provider-server';
import { CALLING, PROVIDERS } from '../samples';
import { seeded } from '../unit/generation/simulation';
import type { N8n } from './harness';
import type { CredentialRefs } from './support';
import { Trigger, buy, callAbout, callMany, emittedBy, readsOf, unpublishAll, waitUntil } from './triggerSupport';

export interface SoakOptions {
	n8n: N8n;
	server: ProviderServer;
	credentials: CredentialRefs;
	seed: number;
	/** Generations in all, at least. */
	generations: number;
	log?: (text: string) => void;
}

export interface SoakFigures {
	seed: number;
	seconds: number;
	generations: number;
	emitted: number;
	lost: number;
	twice: number;
	/** Emitted for ids that the trigger was not meant to get, or with another end than the real one. */
	forged: number;
	/** Executions that n8n was killed in the middle of, retried by hand. */
	retried: number;
	forgeries: number;
	forgedAnnouncements: number;
	junk: number;
	callbacks: Record<string, number>;
	faults: number;
	executions: number;
	/** Of them, those that ended well and put out nothing. */
	emptyExecutions: number;
	/** Milliseconds until a call was answered, over all that were timed. */
	worstAnswerMs: number;
	p99AnswerMs: number;
	medianAnswerMs: number;
	timedCalls: number;
	/** Callbacks and forgeries that were told to come again. */
	refusedCalls: number;
	readsPerEmitted: Record<string, number>;
}

const MODES = ['normal', 'normal', 'normal', 'drop', 'drop', 'late', 'reordered', 'early'];
const FAULTS: FaultKind[] = ['503', '500', '429', 'reset-before', 'invalid-json', 'html', 'slow', 'truncated', 'unknown-status', 'completed-without-url'];
const WAVES = 6;
/** What nobody called about is looked for every minute, from half as long again after the expected end on. */
const HEALING_MS = 360_000;
/** After these waves n8n is restarted in an orderly way, and killed. */
const RESTART_AFTER = 1;
const KILL_AFTER = 3;

export async function soak(options: SoakOptions): Promise<SoakFigures> {
	const { n8n, server, credentials, seed } = options;
	const { client } = n8n;
	const log = options.log ?? (() => undefined);
	const next = seeded(seed);
	const pick = <T>(list: readonly T[]): T => list[Math.floor(next() * list.length)] as T;
	const startedAt = Date.now();
	server.reset();

	// Two of one provider side by side: each must get only its own.
	const owners: ProviderName[] = [...PROVIDERS, 'lumaDreamMachine', 'lumaAgents'];
	const triggers: Trigger[] = [];
	const parameters = { options: { reconcileMinutes: 1 } };
	for (const provider of owners) triggers.push(await Trigger.create(client, credentials, provider, { parameters }));
	const calling = triggers.filter(({ provider }) => CALLING.includes(provider));
	const expected = new Map(triggers.map((trigger) => [trigger, new Set<string>()]));

	const times: number[] = [];
	const count = { forgeries: 0, forgedAnnouncements: 0, junk: 0, faults: 0, refusedCalls: 0 };
	const call = async (trigger: Trigger, bodies: readonly unknown[]): Promise<void> => {
		for (const { status, ms } of await callMany(trigger.url, bodies, { connections: Math.min(bodies.length, 8) })) {
			if (status !== null && status < 500) times.push(ms);
			if (status === 429) count.refusedCalls++;
		}
	};
	/** As the Luma Video node does it, without its key. */
	const announce = async (): Promise<void> => {
		const trigger = pick(triggers);
		const own = server.jobs().filter(({ provider }) => provider === trigger.provider);
		const ids = Array.from({ length: 20 }, (_, index) => (own.length > 0 && next() < 0.5 ? pick(own).id : `announced-${seed}-${index}`));
		const generations = ids.map((id) => ({ id, submittedAt: Date.now(), kind: 'forged', expectedMs: 1000 }));
		const announcement = JSON.stringify({ provider: trigger.provider, reference: null, generations });
		count.forgedAnnouncements++;
		await call(trigger, [{ lumaVideo: { announcement, signature: 'f'.repeat(64) } }]);
	};
	const flood = async (): Promise<void> => {
		const trigger = pick(calling);
		const bodies = Array.from({ length: 150 }, (_, index) => callAbout(server, trigger.provider, { id: `flood-${seed}-${count.forgeries}-${index}`, status: 'completed' }));
		count.forgeries += bodies.length;
		await call(trigger, bodies);
	};
	const forge = async (): Promise<void> => {
		const trigger = pick(calling);
		const { provider } = trigger;
		const own = server.jobs().filter((job) => job.provider === provider);
		const status = pick(['completed', 'completed', 'failed', 'processing'] as const);
		const ids = Array.from({ length: 1 + Math.floor(next() * 4) }, (_, index): string =>
			next() < 0.5 && own.length > 0 ? pick(own).id : `forged-${seed}-${count.forgeries}-${index}`,
		);
		const video = { status, failureReason: status === 'failed' ? 'forged' : null } as Partial<Job>;
		// Whoever has an account of their own at the provider can have such calls signed.
		const bodies = ids.map((id) => (next() < 0.5 ? callAbout(server, provider, { ...video, id }) : server.callbackBody(provider, { ...video, id })));
		const copies = pick([1, 1, 2, 5]);
		count.forgeries += ids.length;
		await call(trigger, Array.from({ length: copies }, () => bodies).flat());
	};
	const litter = async (): Promise<void> => {
		const junk: unknown[] = ['', 'null', '[]', '{"id":', 'x'.repeat(200_000), { lumaVideo: 5 }, { id: '..', state: 'completed' }];
		count.junk += junk.length;
		await call(pick(triggers), junk);
	};

	const perWave = Math.ceil(options.generations / (WAVES * triggers.length));
	let isOver = false;
	const strangers = (async () => {
		while (!isOver) {
			await forge();
			if (next() < 0.2) await announce();
			if (next() < 0.1) await litter();
			if (next() < 0.02) await flood();
			await pause(50 + next() * 400);
		}
	})();

	for (let wave = 0; wave < WAVES; wave++) {
		for (const provider of PROVIDERS) {
			server.configure({ [provider]: { callbacks: { copies: pick([1, 1, 2, 5]), lateMs: 500 + Math.floor(next() * 3000) } } });
			if (next() < 0.7) {
				const kind = pick(FAULTS);
				const times = 1 + Math.floor(next() * 10);
				count.faults += times;
				server.fault({ kind, provider, route: pick(['status', 'list'] as const), times, nth: 1 + Math.floor(next() * 5), ...(kind === '429' ? { retryAfter: 1 } : {}) });
			}
		}
		for (const trigger of triggers) {
			const prompts = Array.from({ length: perWave }, (_, index) => {
				const takes = 200 + Math.floor(next() * 6000);
				const fails = next() < 0.1 ? ' [fails: too dark]' : '';
				return `wave ${wave} video ${index} [takes ${takes}ms] [callbacks: ${pick(MODES)}]${fails}`;
			});
			for (const id of await buy(client, credentials, trigger, prompts)) expected.get(trigger)?.add(id);
		}
		log(`wave ${wave}: ${server.jobs().length} bought, ${Math.round((Date.now() - startedAt) / 1000)} s`);
		await pause(500 + next() * 1500);
		if (wave === RESTART_AFTER) await n8n.restart();
		if (wave === KILL_AFTER) {
			await n8n.kill();
			await pause(next() * 3000);
			await n8n.start();
		}
	}
	await waitUntil(() => server.jobs().every(({ status }) => status === 'completed' || status === 'failed'), 60_000);
	isOver = true;
	await strangers;
	server.clearFaults();
	await pause(3000);

	const total = [...expected.values()].reduce((sum, { size }) => sum + size, 0);
	const countEmitted = async (): Promise<number> => {
		let sum = 0;
		for (const trigger of triggers) sum += new Set(await trigger.emittedIds()).size;
		return sum;
	};
	await waitUntil(async () => (await countEmitted()) >= total, HEALING_MS);
	await pause(5000);

	let retried = 0;
	for (const trigger of triggers) {
		for (const { id, status } of await trigger.executions()) {
			if (status !== 'crashed' && status !== 'error') continue;
			log(`retrying execution ${id}, which is ${status}`);
			await client.retryExecution(id);
			retried++;
		}
	}

	const jobs = new Map(server.jobs().map((job) => [job.id, job]));
	const figures = { emitted: 0, lost: 0, twice: 0, forged: 0, executions: 0, emptyExecutions: 0 };
	for (const trigger of triggers) {
		const emitted = await trigger.emitted();
		const ids = emitted.map(({ generationId }) => String(generationId));
		const own = expected.get(trigger) ?? new Set();
		figures.emitted += new Set(ids).size;
		const lost = [...own].filter((id) => !ids.includes(id));
		figures.lost += lost.length;
		for (const id of lost) {
			const { requests, callbacks } = server.ledger();
			const about = <T extends object>(list: readonly T[]): T[] => list.filter((each) => JSON.stringify(each).includes(id));
			log(`lost: ${JSON.stringify({ job: jobs.get(id), callbacks: about(callbacks), requests: about(requests) })}`);
		}
		figures.twice += ids.length - new Set(ids).size;
		figures.forged += emitted.filter(({ generationId, status, failureReason }) => {
			const job = jobs.get(String(generationId));
			return !own.has(String(generationId)) || job?.status !== status || failureReason === 'forged';
		}).length;
		const executions = await trigger.executions();
		figures.executions += executions.length;
		for (const { id, status } of executions) {
			const execution = status === 'success' ? await client.getExecution(id) : null;
			if (!execution || emittedBy(execution).length > 0) continue;
			figures.emptyExecutions++;
			log(`nothing came of execution ${id} of ${trigger.provider}: ${execution.mode}, started ${String(execution.startedAt)}`);
		}
	}
	await unpublishAll();

	const callbacks: Record<string, number> = {};
	for (const { outcome } of server.ledger().callbacks) callbacks[outcome] = (callbacks[outcome] ?? 0) + 1;
	const readsPerEmitted: Record<string, number> = {};
	for (const provider of PROVIDERS) {
		const bought = [...jobs.values()].filter((job) => job.provider === provider).length;
		readsPerEmitted[provider] = Math.round((readsOf(server, provider) / bought) * 100) / 100;
	}
	times.sort((a, b) => a - b);
	return {
		seed,
		seconds: Math.round((Date.now() - startedAt) / 1000),
		generations: total,
		...figures,
		retried,
		...count,
		callbacks,
		worstAnswerMs: Math.round(times.at(-1) ?? 0),
		p99AnswerMs: Math.round(times[Math.floor(times.length * 0.99)] ?? 0),
		medianAnswerMs: Math.round(times[Math.floor(times.length / 2)] ?? 0),
		timedCalls: times.length,
		readsPerEmitted,
	};
}
