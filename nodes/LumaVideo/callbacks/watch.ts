/**
 * Second step, while the workflow is published: what was heard of is looked at when its time comes, a few at once, and
 * whatever is found to be over at the same time goes into one execution together. Once in a while the provider's list,
 * where it names the trigger, tells of what nobody called about.
 */
import type { IRun, ITriggerFunctions, ITriggerResponse } from 'n8n-workflow';
import { NodeOperationError } from 'n8n-workflow';
import { systemClock } from '../generation/clock';
import { experience } from '../generation/experience';
import type { Failure } from '../generation/failure';
import { listPages } from '../generation/list';
import type { ReadResult } from '../generation/read';
import { isOver, isTransient, readGeneration } from '../generation/read';
import type { Generation, Provider } from '../providers/provider';
import { parseHttpUrl } from '../transport/address';
import type { Reference } from '../transport/announce';
import { referenceOf } from '../transport/announce';
import type { ProviderClient } from '../transport/providerClient';
import { createProviderClient } from '../transport/providerClient';
import { handOver } from './emit';
import { addressFailure } from './publish';
import type { Callee, TriggerEvent, TriggerMemory, Verdict } from './trigger';
import { DEFAULT_RECONCILE_MINUTES, REQUEST_TIMEOUT_MS, judge, learn, memoryOf, paceOf, providerOf } from './trigger';

/** Reads under way at the same time. */
const MAX_READS = 4;
/** An execution waits so long for others that are being looked at, in milliseconds. */
const SHARE_MS = 1000;
const MAX_SHARED = 50;
/** Pages of the list that a look for missed videos reads: fewer generations than the deduplication remembers. */
const LIST_PAGE = 100;
const MAX_LIST_PAGES = 3;
/** The first look at the list: not before n8n has started, and not at the same moment for all triggers. */
const FIRST_LIST_MS = 1000;
const FIRST_LIST_SPREAD_MS = 2000;
/** Answers in a row that cannot be read before the user is told. */
const MAX_UNREADABLE = 2;
const MIN_WAIT_MS = 10;
/** A credential is read anew after this time, since it may be changed. */
const CLIENT_MS = 60_000;
/** The user is told of the same trouble no more often than this. */
const REPORT_MS = 3_600_000;

const LATER = 'Until then no video starts this workflow; none is lost.';

/** What is known is not this trigger's. */
function isForeign(generationId: string): Pick<Failure, 'advice' | 'message'> {
	return {
		message: `Generation ${generationId} did not start the workflow: it was not made with this trigger's URL`,
		advice:
			"A call about it came here, but its callback address is another. If a service in between passes calls on, use this trigger's URL as 'Trigger URL' in the Luma Video node.",
	};
}

interface Found {
	id: string;
	generation: Generation;
	key: string;
	/** Number of the look that found it. */
	hold: number;
	reference: Reference | null;
}

/** Starts a published trigger. A test only listens. */
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
			if (memory.addressFinding !== null) this.report('address', addressFailure(memory.addressFinding));
			// Where the provider cannot call, nothing in its list can be meant for this trigger.
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

	/** Looks at one generation. Never throws. */
	private async look(id: string): Promise<void> {
		const { provider, memory } = this;
		this.reads++;
		try {
			this.consider(id, await readGeneration(provider, await this.currentClient(), id, systemClock, undefined));
		} catch (error) {
			// The credential cannot be had.
			memory.list.settle(id, 'unread', now());
			this.noClient(error);
		}
		this.reads--;
		this.wake();
	}

	/** What was read of a generation in hand: it is emitted, watched on, or none of ours. */
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
		const failure = isForeign(id);
		// Calls of one trigger that reach another are no mistake of the user's.
		if (callee === 'somebodyElse') this.report('callee', failure);
		else this.context.logger.warn(failure.message);
	}

	private notRead(id: string, { isKnown, vain }: { isKnown: boolean; vain: number }, { finding, failure }: Extract<Verdict, { failure: unknown }>): void {
		const { problem } = failure;
		const isKept = this.memory.list.settle(id, finding, now(), problem?.retryAfterMs ?? 0);
		if (finding === 'notFound') {
			const gone = 'It was announced to this trigger. It was deleted, or belongs to another account.';
			if (!isKept && isKnown) this.report(`gone ${id}`, { message: failure.message, advice: gone });
		} else if (problem === undefined || isTransient(problem) || (problem.kind === 'unreadable' && vain < MAX_UNREADABLE)) this.context.logger.warn(`Luma Video Trigger looks again later: ${failure.message}`);
		else {
			this.client = null;
			this.report(problem.kind, { message: failure.message, advice: `${failure.advice} ${LATER}` });
		}
	}

	/** What the user wrote into the query of the URL: best as the provider repeats it. */
	private referenceOf(generation: Generation, callee: Callee, heard: Reference | null): Reference | null {
		const url = callee === 'thisTrigger' ? parseHttpUrl(this.provider.callbacks?.urlOf?.(generation) ?? '') : null;
		return url ? referenceOf(url.searchParams) : heard;
	}

	/** Looks in the provider's list for generations of this trigger that are over and were not heard of. */
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
		this.report('credential', { message: error instanceof Error ? error.message : String(error), advice: LATER });
	}

	/** Tells the user: in the log, and as a failed execution, which also runs the error workflow. */
	private report(cause: string, failure: Pick<Failure, 'advice' | 'message'>): void {
		if (now() - (this.reported.get(cause) ?? -Infinity) < REPORT_MS) return;
		this.reported.set(cause, now());
		this.context.logger.error(`Luma Video Trigger: ${failure.message}`);
		// Older versions of n8n have only the log.
		const { saveFailedExecution } = this.context as Partial<ITriggerFunctions>;
		saveFailedExecution?.(new NodeOperationError(this.context.getNode(), failure.message, { description: failure.advice }));
	}

	/** Starts an execution for what was found, unless more is going to be found in a moment. */
	private emitFound(): void {
		if (this.found.length === 0) return;
		const isWaiting = this.reads > 0 && now() < this.shareUntil && this.found.length < MAX_SHARED;
		if (isWaiting) return;
		// A file that cannot be downloaded holds up no other video.
		const isAlone = this.context.getNodeParameter('downloadVideo', false) === true;
		const { found } = this;
		this.found = [];
		const size = isAlone ? 1 : MAX_SHARED;
		for (let first = 0; first < found.length; first += size) this.emit(found.slice(first, first + size));
	}

	/** The execution tells by the shared memory what came of it or, in another process, by how it ended. */
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
