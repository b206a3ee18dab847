/**
 * Second step, while the workflow is published: generations that the trigger knows of are read when they are due, a few at
 * a time, and those found to have ended at the same time start one execution together. From time to time, the provider's
 * list, if it includes callback addresses, reveals generations whose callback was missed.
 */
import type { IRun, ITriggerFunctions, ITriggerResponse } from 'n8n-workflow';
import { NodeOperationError } from 'n8n-workflow';
import { systemClock } from '../generation/clock';
import { experience } from '../generation/experience';
import { listPages } from '../generation/list';
import type { ReadResult } from '../generation/read';
import { isOver, isTransient, readGeneration } from '../generation/read';
import type { Generation, Provider } from '../providers/provider';
import type { Text } from '../providers/text';
import { parseHttpUrl } from '../transport/address';
import type { Reference } from '../transport/announce';
import { referenceOf } from '../transport/announce';
import type { ProviderClient } from '../transport/providerClient';
import { createProviderClient } from '../transport/providerClient';
import { handOver } from './emit';
import { CHECK_CREDENTIAL, announcedButGone, foreignCall, readsBlocked, triggerAddress } from './messages';
import type { Callee, TriggerEvent, TriggerMemory, Verdict } from './trigger';
import { DEFAULT_RECONCILE_MINUTES, REQUEST_TIMEOUT_MS, judge, learn, memoryOf, paceOf, providerOf } from './trigger';

/** Concurrent reads. */
const MAX_READS = 4;
/** How long an execution waits for generations that are being read, to start for them too, in milliseconds. */
const SHARE_MS = 1000;
const MAX_SHARED = 50;
/** Pages of the list to read for missed videos: fewer generations than the deduplication remembers. */
const LIST_PAGE = 100;
const MAX_LIST_PAGES = 3;
/** The first read of the list: not before n8n has started, and not at the same moment for all triggers. */
const FIRST_LIST_MS = 1000;
const FIRST_LIST_SPREAD_MS = 2000;
/** Consecutive unreadable answers before the user is told. */
const MAX_UNREADABLE = 2;
const MIN_WAIT_MS = 10;
/** How long to use a credential before reading it again, since it may change. */
const CLIENT_MS = 60_000;
/** The shortest time between two reports of the same problem. */
const REPORT_MS = 3_600_000;

interface Found {
	id: string;
	generation: Generation;
	key: string;
	/** Number of the read that found it. */
	hold: number;
	reference: Reference | null;
}

/** Starts a published trigger; a test only listens. */
export function watch(context: ITriggerFunctions): ITriggerResponse {
	if (context.getMode() === 'manual') return {};
	const watcher = new Watcher(context, memoryOf(context));
	watcher.start();
	return {
		closeFunction: async () => {
			await Promise.resolve();
			watcher.stop();
		},
	};
}

class Watcher {
	private readonly provider: Provider;
	private readonly terms: Parameters<typeof judge>[0];
	private readonly missedMs: number | null;
	private isStopped = false;
	private readonly wake = (): void => {
		this.woken();
	};
	private woken: () => void = () => undefined;
	private reads = 0;
	private found: Found[] = [];
	private shareUntil = 0;
	private listAt = Infinity;
	private client: { readAt: number; client: Promise<ProviderClient> } | null = null;
	private readonly reported = new Map<string, number>();

	constructor(
		private readonly context: ITriggerFunctions,
		private readonly memory: TriggerMemory,
	) {
		this.provider = providerOf(context.getNode());
		const wanted = context.getNodeParameter('events', []) as TriggerEvent[];
		this.terms = { provider: this.provider, node: context.getNode(), wanted, isTest: false };
		const { reconcileMinutes = DEFAULT_RECONCILE_MINUTES } = context.getNodeParameter('options', {}) as { reconcileMinutes?: number };
		this.missedMs = reconcileMinutes > 0 ? reconcileMinutes * 60_000 : null;
	}

	start(): void {
		const { memory, provider, missedMs } = this;
		memory.wake = this.wake;
		memory.list.restart(paceOf(provider, missedMs));
		learn(this.context, memory, now());
		if (provider.callbacks?.urlOf && provider.listing && missedMs !== null) this.listAt = now() + FIRST_LIST_MS + Math.random() * FIRST_LIST_SPREAD_MS;
		void this.run();
	}

	stop(): void {
		this.isStopped = true;
		// A newer version of the workflow may have taken over already.
		if (this.memory.wake === this.wake) this.memory.wake = null;
		this.woken();
	}

	private async run(): Promise<void> {
		const { memory } = this;
		while (!this.isStopped) {
			const woken = new Promise<void>((resolve) => {
				this.woken = resolve;
			});
			if (memory.addressFinding !== null) this.report('address', triggerAddress({ finding: memory.addressFinding }));
			// If the provider cannot call this trigger, nothing in its list can be for it.
			const listAt = memory.addressFinding === null ? this.listAt : Infinity;
			if (now() >= listAt) void this.readList();
			for (const id of memory.list.takeDue(now(), MAX_READS - this.reads)) void this.look(id);
			this.emitFound();
			const next = Math.min(
				memory.addressFinding === null ? this.listAt : Infinity,
				this.reads < MAX_READS ? memory.list.nextDueAt() : Infinity,
				this.found.length > 0 ? this.shareUntil : Infinity,
			);
			if (next === Infinity) await woken;
			else await systemClock.wait(Math.max(next - now(), MIN_WAIT_MS), woken);
		}
	}

	/** Reads one generation. Never throws. */
	private async look(id: string): Promise<void> {
		const { provider, memory } = this;
		this.reads++;
		try {
			this.consider(id, await readGeneration(provider, await this.currentClient(), id, systemClock, undefined));
		} catch (error) {
			// The credential is not available.
			memory.list.settle(id, 'unread', now());
			this.noClient(error);
		}
		this.reads--;
		this.wake();
	}

	/** Acts on a read of a generation: emit it, keep watching it, or drop it as foreign. */
	private consider(id: string, read: ReadResult): void {
		const { list } = this.memory;
		const entry = list.get(id);
		if (!entry || entry.hold === null || this.isStopped) return;
		const verdict = judge(this.terms, read, entry.isKnown, now());
		if ('failure' in verdict) {
			this.notRead(id, entry, verdict);
			return;
		}
		const { generation, finding, callee } = verdict;
		if (finding === 'emit' && !list.isEmitted(verdict.key)) {
			if (this.found.length === 0) this.shareUntil = now() + SHARE_MS;
			this.found.push({ id, generation, key: verdict.key, hold: entry.hold, reference: this.referenceOf(generation, callee, entry.reference) });
		} else if (finding === 'emit') list.settle(id, isOver(generation) ? 'over' : 'running', now());
		else list.settle(id, finding === 'running' ? 'running' : 'over', now());
		if (finding !== 'running' && generation.status === 'completed' && entry.kind !== null) {
			const told = Date.parse(generation.completedAt ?? '') - Date.parse(generation.createdAt ?? '');
			experience.note(entry.kind, told > 0 ? told : now() - entry.since);
		}
		if (finding !== 'foreign') return;
		const text = foreignCall({ generationId: id });
		// A call for one trigger that reaches another is not the user's mistake.
		if (callee === 'somebodyElse') this.report('callee', text);
		else this.context.logger.warn(text.message);
	}

	private notRead(id: string, { isKnown, vain }: { isKnown: boolean; vain: number }, { finding, failure }: Extract<Verdict, { failure: unknown }>): void {
		const { problem } = failure;
		const isKept = this.memory.list.settle(id, finding, now(), problem?.retryAfterMs ?? 0);
		if (finding === 'notFound') {
			if (!isKept && isKnown) this.report(`gone ${id}`, announcedButGone({ provider: this.provider, generationId: id }));
		} else if (problem === undefined || isTransient(problem) || (problem.kind === 'unreadable' && vain < MAX_UNREADABLE)) this.context.logger.warn(`Luma Video Trigger will try again later: ${failure.message}`);
		else {
			this.client = null;
			this.report(problem.kind, readsBlocked(failure));
		}
	}

	/** The query that the user added to the URL, preferably as the provider returns it. */
	private referenceOf(generation: Generation, callee: Callee, heard: Reference | null): Reference | null {
		const url = callee === 'thisTrigger' ? parseHttpUrl(this.provider.callbacks?.urlOf?.(generation) ?? '') : null;
		return url ? referenceOf(url.searchParams) : heard;
	}

	/** Searches the provider's list for generations of this trigger that ended and whose callback was missed. */
	private async readList(): Promise<void> {
		this.listAt = now() + (this.missedMs ?? Infinity);
		const { provider, memory } = this;
		try {
			for await (const page of listPages(provider, await this.currentClient(), LIST_PAGE, MAX_LIST_PAGES)) {
				if (!page.ok) {
					this.context.logger.warn(`Luma Video Trigger cannot read the list of ${provider.displayName}: ${page.message}`);
					return;
				}
				for (const generation of page.generations) {
					const verdict = judge(this.terms, { ok: true, generation }, false, now());
					const isMissed = verdict.finding === 'emit' && verdict.callee === 'thisTrigger' && isOver(generation) && !memory.list.isEmitted(verdict.key);
					if (isMissed && memory.list.hold(generation.generationId, now())) this.consider(generation.generationId, { ok: true, generation });
				}
			}
		} catch (error) {
			this.noClient(error);
		} finally {
			this.wake();
		}
	}

	private async currentClient(): Promise<ProviderClient> {
		if (!this.client || now() - this.client.readAt > CLIENT_MS) {
			this.client = { readAt: now(), client: createProviderClient(this.context, this.provider, REQUEST_TIMEOUT_MS) };
		}
		return await this.client.client;
	}

	private noClient(error: unknown): void {
		this.client = null;
		this.report('credential', readsBlocked({ message: error instanceof Error ? error.message : String(error), advice: CHECK_CREDENTIAL }));
	}

	/** Tells the user: in the log, and with a failed execution, which also runs the error workflow. */
	private report(cause: string, { message, advice }: Text): void {
		if (now() - (this.reported.get(cause) ?? -Infinity) < REPORT_MS) return;
		this.reported.set(cause, now());
		this.context.logger.error(`Luma Video Trigger: ${message}`);
		// Older versions of n8n have only the log.
		const { saveFailedExecution } = this.context as Partial<ITriggerFunctions>;
		saveFailedExecution?.(new NodeOperationError(this.context.getNode(), message, { description: advice }));
	}

	/** Starts an execution for what was found, unless more will be found in a moment. */
	private emitFound(): void {
		if (this.found.length === 0) return;
		const isWaiting = this.reads > 0 && now() < this.shareUntil && this.found.length < MAX_SHARED;
		if (isWaiting) return;
		// One failed download must not hold up other videos.
		const isAlone = this.context.getNodeParameter('downloadVideo', false) === true;
		const { found } = this;
		this.found = [];
		const size = isAlone ? 1 : MAX_SHARED;
		for (let first = 0; first < found.length; first += size) this.emit(found.slice(first, first + size));
	}

	/** The outcome is known from the shared memory or, in another process, from how the execution ended. */
	private emit(found: readonly Found[]): void {
		const { context, memory } = this;
		const { list } = memory;
		const settle = (run: IRun | undefined): void => {
			const node = run?.data.resultData.runData[context.getNode().name]?.at(-1);
			const isDone = run?.status === 'success' || node?.executionStatus === 'success';
			for (const { id, generation, key, hold } of found) {
				if (list.get(id)?.hold !== hold) continue;
				if (isDone) list.markEmitted(key);
				list.settle(id, isDone ? (isOver(generation) ? 'over' : 'running') : 'unread', now());
			}
			this.wake();
		};
		const done = context.helpers.createDeferredPromise<IRun>();
		done.promise.then(settle, () => {
			settle(undefined);
		});
		const items = found.map(({ id, generation, reference }) => handOver(id, { generation, reference }));
		try {
			context.emit([items], undefined, done);
		} catch (error) {
			context.logger.warn(`Luma Video Trigger could not start an execution: ${String(error)}`);
			settle(undefined);
		}
	}
}

function now(): number {
	return systemClock.wall();
}
