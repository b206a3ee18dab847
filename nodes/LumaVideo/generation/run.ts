/**
 * The life of many generations at once: submit with bounded concurrency, watch together, each to its end.
 *
 * A create is sent once. It is sent again only after an answer that says it was refused for now; after an unclear end
 * the generation is looked for, never bought again. Every outcome of something that was bought carries its id.
 */
import type {
	Generation,
	GenerationPage,
	ModelCapabilities,
	Problem,
	Provider,
	ProviderAnswer,
	ProviderCall,
	Reading,
	VideoRequest,
} from '../providers/provider';
import { quote } from '../providers/answers';
import { mayHaveBeenAccepted } from '../providers/provider';
import type { ProviderClient } from '../transport/providerClient';
import type { Clock } from './clock';
import type { Failure } from './failure';
import type { Experience } from './experience';
import { adviceForRead, fetchLater } from './failure';
import type { Ledger, LedgerEntry, RequestKey } from './ledger';
import { findLost, isLongBefore } from './lost';
import { isTransient, pauseFor } from './read';
import { UNKNOWN_EXPECTED_MS, expectedMs, nextReadDelayMs, retryDelayMs } from './schedule';

/** A video to be bought. */
export interface CreateStart {
	kind: 'create';
	request: VideoRequest;
	key: RequestKey;
	model: ModelCapabilities;
	/** What must be done just before the request is sent, and only then, such as bringing an image to the provider. */
	prepare?(request: VideoRequest): Promise<{ ok: true; request: VideoRequest } | { ok: false; failure: Failure }>;
}

/** One video to be had: by buying it, or by waiting for one that was bought. */
export interface Job {
	itemIndex: number;
	/** How long to wait for the end, in milliseconds, counted from the submit. */
	timeoutMs: number;
	start:
		| CreateStart
		| { kind: 'existing'; generationId: string };
}

export type Outcome =
	/** The provider says it is over, well or not. */
	| { kind: 'finished'; generation: Generation }
	/** Nothing to wait for any more: refused, not found, or in doubt. */
	| { kind: 'failure'; failure: Failure }
	/** Bought and, as far as is known, not over. */
	| {
			kind: 'open';
			generation: Generation;
			reason: 'accepted' | 'timeout' | 'stopped';
			/** Why the last read told nothing. */
			trouble?: string;
	  }
	/** Nothing was sent for it. */
	| { kind: 'notSubmitted' };

export interface RunOptions {
	provider: Provider;
	client: ProviderClient;
	clock: Clock;
	ledger: Ledger;
	/** Generations that run at once. */
	maxConcurrent: number;
	/**
	 * When a job is done: when its generation is over, when its create was accepted, or, for callbacks, when it was
	 * accepted and will call this execution back.
	 */
	until: 'finished' | 'submitted' | 'callback';
	/** Whether the first failure ends the run, as when the execution is going to fail anyway. */
	stopAtFirstFailure: boolean;
	/** Whether a generation that the ledger knows and that failed is bought anew. */
	resubmitFailed: boolean;
	/** Aborted when the execution is stopped or runs out of its own time. */
	cancelSignal: AbortSignal | undefined;
	/** How long the like of it took lately; when left out, the models' usual times count. */
	experience?: Experience;
	/** Called as soon as a generation is over, to start what can be done meanwhile. */
	onFinished?(job: Job, generation: Generation): void;
}

/** Looks into the list after an unclear create, in milliseconds after the previous look. */
const LOOK_DELAYS_MS = [1000, 3000, 8000];
/** Answers in a row that cannot be read, or lack the URL, before waiting is given up. */
const MAX_UNREADABLE = 4;
const LIST_PAGE = 100;
const MAX_LIST_PAGES = 5;
/** How long a stopped run waits for the answers to creates under way. */
const STOP_GRACE_MS = 800;
/** From this many on, one list read is cheaper than a read for each. */
const LIST_FROM = 2;

interface Running {
	index: number;
	job: Job;
	generation: Generation;
	submittedAt: number;
	deadline: number;
	expectedMs: number;
	nextReadAt: number;
	reading: boolean;
	transientReads: number;
	/** Why the last read told nothing; `null` when it came through. */
	trouble: string | null;
	unreadableReads: number;
	/** The read at the deadline was started. */
	lastLook: boolean;
	/** Not in the list: read on its own. */
	unlisted: boolean;
	/** From the ledger of an earlier try. */
	adopted: boolean;
	/** `null` for what this run did not buy. */
	entry: LedgerEntry | null;
}

interface Pending {
	index: number;
	job: Job;
	firstTriedAt: number | null;
	refusals: number;
}

function stub(generationId: string, submittedStatus: 'queued' | 'processing' = 'processing'): Generation {
	return {
		generationId,
		status: submittedStatus,
		model: null,
		prompt: null,
		videoUrl: null,
		media: [],
		createdAt: null,
		completedAt: null,
		failureReason: null,
		estimatedSeconds: null,
		chargedWhenFailed: 'unknown',
		raw: {},
	};
}

/** Runs all jobs; outcomes stand in the order of the jobs. Never throws for what a network or a provider can do. */
export async function runJobs(jobs: readonly Job[], options: RunOptions): Promise<Outcome[]> {
	const run = new Run(jobs, options);
	return await run.toEnd();
}

class Run {
	private readonly outcomes: Array<Outcome | undefined>;
	private readonly pending: Pending[];
	private readonly running = new Set<Running>();
	private readonly submits = new Set<Promise<void>>();
	/** Creates whose end is not known yet, by the job's index. */
	private readonly unanswered = new Map<number, LedgerEntry>();
	/** Creates on their way. */
	private readonly underWay = new Map<LedgerEntry, Promise<unknown>>();
	/** Requests of lost creates that are being looked for, by hash, as often as they are. */
	private readonly lookedFor: string[] = [];
	private submitsHeldUntil = 0;
	private listUsable: boolean;
	private failed = false;
	/** Answers that come later change nothing and are told to nobody. */
	private ended = false;
	private wake: () => void = () => undefined;
	private woken: Promise<void> = Promise.resolve();
	private readonly cancelled: Promise<void>;

	constructor(
		jobs: readonly Job[],
		private readonly options: RunOptions,
	) {
		this.outcomes = jobs.map(() => undefined);
		this.pending = jobs.map((job, index) => ({ index, job, firstTriedAt: null, refusals: 0 }));
		this.listUsable = options.provider.capabilities.list;
		const { cancelSignal } = options;
		this.cancelled = new Promise((resolve) => {
			cancelSignal?.addEventListener('abort', () => {
				resolve();
			});
		});
		this.rearm();
	}

	async toEnd(): Promise<Outcome[]> {
		while (!this.isStopped()) {
			const now = this.now;
			this.expire(now);
			this.startSubmits(now);
			this.startReads(now);
			if (this.pending.length === 0 && this.running.size === 0 && this.submits.size === 0) break;
			if (this.isStopped()) break;
			await this.pause(this.nextEventAt(now) - now);
		}
		await this.settleSubmits();
		this.ended = true;
		for (const item of this.running) {
			this.outcomes[item.index] = { kind: 'open', generation: item.generation, reason: 'stopped' };
		}
		for (const { index, job } of this.pending) this.outcomes[index] ??= this.leftBefore(job);
		return this.outcomes.map((outcome) => outcome ?? { kind: 'notSubmitted' });
	}

	/** What an earlier try left of a job that this run did not come to: it must be named all the same. */
	private leftBefore(job: Job): Outcome | undefined {
		const known = job.start.kind === 'create' ? this.options.ledger.find(job.itemIndex, job.start.key) : undefined;
		if (!known) return undefined;
		if (known.generationId !== null) {
			return { kind: 'open', generation: stub(known.generationId), reason: 'stopped' };
		}
		const nothing = { listWasRead: false, lookAlikes: [], problem: undefined };
		return { kind: 'failure', failure: this.doubt(known, known.doubt ?? 'an earlier try got no answer', nothing) };
	}

	/**
	 * What is on its way must be known: its id, or that there is none. Creates outlive a stop, which must not take longer
	 * than a second; what is not answered by then stays in doubt, and the ledger knows.
	 */
	private async settleSubmits(): Promise<void> {
		const settled = Promise.allSettled(this.submits);
		if (!this.isCancelled) {
			await settled;
			return;
		}
		const until = this.now + STOP_GRACE_MS;
		while (this.submits.size > 0 && this.now < until) await this.options.clock.wait(until - this.now, settled);
		for (const [index, entry] of this.unanswered) {
			const known = { listWasRead: false, lookAlikes: [], problem: undefined };
			this.outcomes[index] ??= {
				kind: 'failure',
				failure: this.doubt(entry, 'the execution was stopped before the answer came', known),
			};
		}
	}

	private get now(): number {
		return this.options.clock.now();
	}

	private get isCancelled(): boolean {
		return this.options.cancelSignal?.aborted === true;
	}

	private isStopped(): boolean {
		return this.isCancelled || (this.failed && this.options.stopAtFirstFailure);
	}

	private rearm(): void {
		this.woken = new Promise((resolve) => {
			this.wake = resolve;
		});
	}

	/** Waits until something happens or the time is over. */
	private async pause(ms: number): Promise<void> {
		await this.options.clock.wait(ms, Promise.race([this.woken, this.cancelled]));
		this.rearm();
	}

	private nextEventAt(now: number): number {
		const times = [now + 60_000];
		for (const item of this.running) {
			if (!item.reading) times.push(item.nextReadAt, item.deadline);
		}
		if (this.hasFreeSlot && this.pending.some((item) => !this.waitsForTwin(item))) times.push(this.submitsHeldUntil);
		return Math.min(...times);
	}

	private finish(index: number, outcome: Outcome): void {
		this.outcomes[index] = outcome;
		if (outcome.kind === 'failure') this.failed = true;
		if (outcome.kind === 'finished' && outcome.generation.status === 'failed') this.failed = true;
		this.wake();
	}

	private fail(index: number, failure: Failure): void {
		this.finish(index, { kind: 'failure', failure });
	}

	// ---------------------------------------------------------------------------------------------------------
	// Submitting

	private get hasFreeSlot(): boolean {
		const busy = this.submits.size + (this.options.until === 'finished' ? this.running.size : 0);
		return busy < this.options.maxConcurrent;
	}

	private startSubmits(now: number): void {
		while (this.hasFreeSlot && now >= this.submitsHeldUntil) {
			const place = this.pending.findIndex((item) => !this.waitsForTwin(item));
			const [next] = place < 0 ? [] : this.pending.splice(place, 1);
			if (!next) return;
			const task = this.start(next)
				.catch((error: unknown) => {
					this.fail(next.index, this.unexpected(error, null, this.unanswered.get(next.index)));
				})
				.finally(() => {
					this.submits.delete(task);
					this.unanswered.delete(next.index);
					this.wake();
				});
			this.submits.add(task);
		}
	}

	private async start(item: Pending): Promise<void> {
		const { job } = item;
		item.firstTriedAt ??= this.now;
		if (job.start.kind === 'existing') {
			// When it was submitted is not known; the middle of the usual time is a fair guess.
			const at = this.now - UNKNOWN_EXPECTED_MS / 2;
			this.watch(item, stub(job.start.generationId), { at, readNow: true, adopted: false }, null);
			return;
		}
		const { ledger } = this.options;
		const known = ledger.find(job.itemIndex, job.start.key);
		if (known?.state === 'accepted' && known.generationId) {
			const generation = { ...stub(known.generationId), estimatedSeconds: known.estimatedSeconds };
			this.accept(item, generation, { at: known.submittedAt, readNow: true, adopted: true }, known);
			return;
		}
		if (known) {
			await this.lookForLost(item, job.start, known, known.doubt ?? 'an earlier try got no answer');
			return;
		}
		await this.create(item, job.start);
	}

	private async create(item: Pending, start: CreateStart): Promise<void> {
		const { ledger, provider } = this.options;
		const prepared = await start.prepare?.(start.request);
		if (prepared && !prepared.ok) {
			this.fail(item.index, prepared.failure);
			return;
		}
		// A stop may have come meanwhile.
		if (this.isStopped()) {
			this.pending.unshift(item);
			return;
		}
		start = prepared ? { ...start, request: prepared.request } : start;
		const call = provider.create(start.request);
		const entry = ledger.submitting(item.job.itemIndex, start.key, this.now, start.request.callback);
		this.unanswered.set(item.index, entry);
		const sending = this.options.client.send(call, { outlivesStop: true });
		this.underWay.set(entry, sending);
		const exchange = await sending.finally(() => this.underWay.delete(entry));
		if (exchange.kind === 'fault') {
			if (exchange.fault.outcome === 'notSent') {
				ledger.refused(entry);
				this.fail(item.index, {
					message: `${provider.displayName} cannot be reached: ${exchange.fault.text}`,
					advice: "Nothing was bought. Check 'Base URL' in the credential and the network of n8n.",
					details: { generationId: null, provider: provider.id, status: null },
				});
				return;
			}
			await this.lookForLost(item, start, entry, exchange.fault.text);
			return;
		}
		const reading = provider.readCreated(exchange.answer, start.request);
		if (reading.ok) {
			ledger.accepted(entry, reading.value.generationId, reading.value.estimatedSeconds);
			this.accept(item, reading.value, { at: entry.submittedAt, readNow: false, adopted: false }, entry);
			return;
		}
		if (mayHaveBeenAccepted(reading.problem)) {
			await this.lookForLost(item, start, entry, reasonOf(reading.problem, exchange.answer.text), reading.problem);
			return;
		}
		ledger.refused(entry);
		if (reading.problem.kind === 'rateLimited' && this.holdSubmits(item, reading.problem)) return;
		this.fail(item.index, {
			message: reading.problem.message,
			advice: `Nothing was bought. ${reading.problem.advice}`,
			details: { generationId: null, provider: provider.id, status: null },
			problem: reading.problem,
		});
	}

	/** Refused for now: the item goes back to its place in the line, and all wait. `false` when its time is over. */
	private holdSubmits(item: Pending, problem: Problem): boolean {
		item.refusals++;
		const until = this.now + retryDelayMs(item.refusals, problem.retryAfterMs);
		if (until > (item.firstTriedAt ?? this.now) + item.job.timeoutMs) return false;
		this.submitsHeldUntil = Math.max(this.submitsHeldUntil, until);
		const place = this.pending.findIndex((other) => other.index > item.index);
		this.pending.splice(place < 0 ? this.pending.length : place, 0, item);
		return true;
	}

	/** A request like one that is being looked for is not sent meanwhile: what comes of it could be mistaken for the lost one. */
	private waitsForTwin(item: Pending): boolean {
		const { start } = item.job;
		return start.kind === 'create' && this.lookedFor.includes(start.key.requestHash);
	}

	/** Waits for the answers to creates like this one: which of the listed generations are theirs is known then. */
	private async settleTwins({ requestHash }: LedgerEntry): Promise<void> {
		for (;;) {
			const twins = [...this.underWay].filter(([entry]) => entry.requestHash === requestHash);
			if (twins.length === 0) return;
			await Promise.allSettled(twins.map(([, sending]) => sending));
		}
	}

	private async lookForLost(
		item: Pending,
		start: CreateStart,
		entry: LedgerEntry,
		reason: string,
		problem?: Problem,
	): Promise<void> {
		entry.doubt = reason;
		this.lookedFor.push(entry.requestHash);
		try {
			await this.look(item, start, entry, reason, problem);
		} finally {
			this.lookedFor.splice(this.lookedFor.indexOf(entry.requestHash), 1);
		}
	}

	private async look(
		item: Pending,
		start: CreateStart,
		entry: LedgerEntry,
		reason: string,
		problem?: Problem,
	): Promise<void> {
		const { provider, ledger } = this.options;
		this.unanswered.set(item.index, entry);
		let listWasRead = false;
		let lookAlikes: string[] = [];
		// An earlier try may have sent another request, by an expression that changes; that one cannot be recognised.
		const isKnown = entry.requestHash === start.key.requestHash;
		const request: VideoRequest = { ...start.request, callback: entry.callback };
		if (isKnown && provider.list && provider.readList && provider.sameRequest) {
			for (const delay of LOOK_DELAYS_MS) {
				if (this.isCancelled) break;
				await pauseFor(this.options.clock, delay, this.options.cancelSignal);
				await this.settleTwins(entry);
				const list = await this.listBackTo(entry.submittedAt);
				if (!list) continue;
				listWasRead = list.isComplete;
				const result = findLost({
					candidates: list.generations,
					isSame: (generation) => provider.sameRequest?.(generation, request) === true,
					submittedAt: entry.submittedAt,
					now: this.now,
					serverDate: list.serverDate,
					knownIds: ledger.knownIds(),
					twins: ledger.unresolved(entry.requestHash),
				});
				if (result.kind === 'found') {
					ledger.accepted(entry, result.generation.generationId, null);
					const adopted = entry.submittedAt < (item.firstTriedAt ?? this.now);
					this.accept(item, result.generation, { at: entry.submittedAt, readNow: true, adopted }, entry);
					return;
				}
				if (result.kind === 'ambiguous') lookAlikes = result.generationIds;
			}
		}
		this.fail(item.index, this.doubt(entry, reason, { listWasRead, lookAlikes, problem }));
	}

	/** What the account made since a moment, as far as the list tells; `null` when it cannot be read. */
	private async listBackTo(
		time: number,
	): Promise<{ generations: Generation[]; serverDate: string | undefined; isComplete: boolean } | null> {
		const { provider } = this.options;
		const generations = new Map<string, Generation>();
		let serverDate: string | undefined;
		let offset: number | null = 0;
		for (let page = 0; page < MAX_LIST_PAGES && offset !== null; page++) {
			const call: ProviderCall | undefined = provider.list?.({ limit: LIST_PAGE, offset });
			const answer: ProviderAnswer | null = call ? await this.ask(call) : null;
			const reading: Reading<GenerationPage> | undefined = answer ? provider.readList?.(answer) : undefined;
			if (!answer || !reading?.ok) return null;
			for (const generation of reading.value.generations) generations.set(generation.generationId, generation);
			serverDate ??= answer.headers.date;
			offset = reading.value.generations.some((generation) => isLongBefore(generation, time))
				? null
				: reading.value.nextOffset;
		}
		return { generations: [...generations.values()], serverDate, isComplete: offset === null };
	}

	private doubt(
		entry: LedgerEntry,
		reason: string,
		known: { listWasRead: boolean; lookAlikes: string[]; problem: Problem | undefined },
	): Failure {
		const { provider } = this.options;
		const time = new Date(entry.submittedAt).toISOString();
		const found =
			known.lookAlikes.length > 0
				? ` Several generations look like it, one of them may be it: ${known.lookAlikes.join(', ')}.`
				: known.listWasRead
					? ' It is not in the list of generations, so it was probably not bought.'
					: '';
		return {
			message: `It is not known whether ${provider.displayName} accepted the request: ${reason}`,
			advice: `A video may have been bought.${found} Look at ${provider.dashboardUrl} for a generation started at ${time}. A retry of this execution does not send the request again; to buy the video anew, start a new execution.`,
			details: { generationId: null, provider: provider.id, status: 'unknown' },
			...(known.problem ? { problem: known.problem } : {}),
		};
	}

	private accept(
		item: Pending,
		generation: Generation,
		since: { at: number; readNow: boolean; adopted: boolean },
		entry: LedgerEntry,
	): void {
		const { until, ledger } = this.options;
		if (until === 'submitted' || (until === 'callback' && ledger.callsBackHere(entry))) {
			this.finish(item.index, { kind: 'open', generation, reason: 'accepted' });
			return;
		}
		this.watch(item, generation, since, entry);
	}

	// ---------------------------------------------------------------------------------------------------------
	// Watching

	private watch(
		item: Pending,
		generation: Generation,
		since: { at: number; readNow: boolean; adopted: boolean },
		entry: LedgerEntry | null,
	): void {
		const { job, index } = item;
		const now = this.now;
		const start = job.start.kind === 'create' ? job.start : null;
		const { experience, provider } = this.options;
		const guess = expectedMs(start?.model, start?.request ?? null, generation.estimatedSeconds);
		const isTold = generation.estimatedSeconds !== null || !start;
		const expected = isTold || !experience ? guess : experience.expectedMs(provider.id, start.request, guess);
		this.running.add({
			index,
			job,
			generation,
			submittedAt: since.at,
			deadline: now + job.timeoutMs,
			expectedMs: expected,
			nextReadAt: since.readNow ? now : now + nextReadDelayMs(now - since.at, expected),
			reading: false,
			transientReads: 0,
			trouble: null,
			unreadableReads: 0,
			lastLook: false,
			unlisted: false,
			adopted: since.adopted,
			entry,
		});
	}

	private expire(now: number): void {
		for (const item of this.running) {
			if (item.reading || now < item.deadline) continue;
			if (!item.lastLook) {
				// What was finished in time is delivered.
				item.lastLook = true;
				item.nextReadAt = now;
				continue;
			}
			this.running.delete(item);
			this.finish(item.index, {
				kind: 'open',
				generation: item.generation,
				reason: 'timeout',
				...(item.trouble === null ? {} : { trouble: item.trouble }),
			});
		}
	}

	private startReads(now: number): void {
		const due = [...this.running].filter((item) => !item.reading && item.nextReadAt <= now);
		if (due.length === 0) return;
		const { provider } = this.options;
		const listed = [...this.running].filter((item) => !item.reading && !item.unlisted);
		if (this.listUsable && provider.list && due.some((item) => !item.unlisted) && listed.length >= LIST_FROM) {
			this.spawn(listed, this.readByList(listed));
			for (const item of due) if (item.unlisted) this.spawn([item], this.readOne(item));
			return;
		}
		for (const item of due) this.spawn([item], this.readOne(item));
	}

	private spawn(items: Running[], task: Promise<void>): void {
		for (const item of items) item.reading = true;
		void task
			.catch((error: unknown) => {
				for (const item of items) {
					if (!this.running.delete(item)) continue;
					this.fail(item.index, this.unexpected(error, item));
				}
			})
			.finally(() => {
				for (const item of items) item.reading = false;
				this.wake();
			});
	}

	/** A defect of this package: said as such, with what is known. */
	private unexpected(error: unknown, item: Running | null, entry?: LedgerEntry): Failure {
		const { provider } = this.options;
		const generationId = item?.generation.generationId ?? entry?.generationId ?? null;
		const known =
			generationId !== null
				? fetchLater(generationId)
				: entry
					? `A video may have been bought: look at ${provider.dashboardUrl}.`
					: 'Nothing was bought.';
		return {
			message: `Something unexpected happened: ${error instanceof Error ? error.message : String(error)}`,
			advice: `Please report this to the makers of n8n-nodes-luma-video. ${known}`,
			details: item
				? this.details(item)
				: { generationId, provider: provider.id, status: entry ? 'unknown' : null },
		};
	}

	private async readOne(item: Running): Promise<void> {
		const { provider } = this.options;
		const exchange = await this.send(provider.status(item.generation.generationId));
		if (exchange.kind === 'fault') {
			this.readLater(item, null, exchange.fault.text);
			return;
		}
		const reading = provider.readStatus(exchange.answer, item.generation.generationId);
		if (reading.ok) this.update(item, reading.value);
		else this.readFailed(item, reading.problem);
	}

	private async readByList(items: Running[]): Promise<void> {
		const { provider } = this.options;
		if (!provider.list || !provider.readList) return;
		const missing = new Map(items.map((item) => [item.generation.generationId, item]));
		let offset: number | null = 0;
		for (let page = 0; page < MAX_LIST_PAGES && offset !== null && missing.size > 0; page++) {
			const limit = Math.min(LIST_PAGE, Math.max(20, items.length * 2));
			const exchange = await this.send(provider.list({ limit, offset }));
			if (exchange.kind === 'fault') {
				for (const item of missing.values()) this.readLater(item, null, exchange.fault.text);
				return;
			}
			const reading = provider.readList(exchange.answer);
			if (!reading.ok) {
				const { problem } = reading;
				if (isTransient(problem)) {
					for (const item of missing.values()) this.readLater(item, problem.retryAfterMs, problem.message);
				} else {
					// The list is of no use here: each is read on its own, which also words the problem per generation.
					this.listUsable = false;
					for (const item of missing.values()) item.nextReadAt = this.now;
				}
				return;
			}
			for (const generation of reading.value.generations) {
				const item = missing.get(generation.generationId);
				if (!item) continue;
				missing.delete(generation.generationId);
				this.update(item, generation);
			}
			offset = reading.value.nextOffset;
		}
		for (const item of missing.values()) {
			item.unlisted = true;
			item.nextReadAt = this.now;
		}
	}

	private update(item: Running, generation: Generation): void {
		if (this.ended) return;
		item.transientReads = 0;
		item.trouble = null;
		item.generation = generation;
		const isOver = generation.status === 'failed' || generation.status === 'completed';
		if (generation.status === 'completed' && generation.videoUrl === null && generation.media.length === 0) {
			// Said to be finished, and nothing there: it may follow in a moment.
			this.readAgainOrGiveUp(item, {
				message: `${this.options.provider.displayName} says that generation ${generation.generationId} is completed, but names no video`,
				advice: `Look at ${this.options.provider.dashboardUrl}. ${fetchLater(generation.generationId)}`,
				details: this.details(item),
			});
			return;
		}
		item.unreadableReads = 0;
		if (!isOver) {
			this.scheduleNext(item);
			return;
		}
		this.running.delete(item);
		if (generation.status === 'failed' && item.adopted && this.resubmit(item)) return;
		this.finish(item.index, { kind: 'finished', generation });
		if (generation.status !== 'completed') return;
		this.options.onFinished?.(item.job, generation);
		// What an earlier try submitted may have been finished for long.
		if (item.adopted || item.job.start.kind !== 'create') return;
		this.options.experience?.note(this.options.provider.id, item.job.start.request, this.now - item.submittedAt);
	}

	/** Buys a failed generation of an earlier try anew, where the user wants that. */
	private resubmit(item: Running): boolean {
		if (!this.options.resubmitFailed || !item.entry) return false;
		this.options.ledger.refused(item.entry);
		this.pending.push({ index: item.index, job: item.job, firstTriedAt: null, refusals: 0 });
		return true;
	}

	private details(item: Running): Failure['details'] {
		return {
			generationId: item.generation.generationId,
			provider: this.options.provider.id,
			status: item.generation.status,
		};
	}

	private scheduleNext(item: Running): void {
		const now = this.now;
		const served = this.isListed(item) ? [...this.running].filter((other) => this.isListed(other)).length : 1;
		item.nextReadAt = now + nextReadDelayMs(now - item.submittedAt, item.expectedMs, served);
	}

	/** Whether one read of the list can serve it together with others. */
	private isListed(item: Running): boolean {
		return this.listUsable && this.options.provider.list !== undefined && !item.unlisted;
	}

	private readLater(item: Running, retryAfterMs: number | null, trouble: string): void {
		item.transientReads++;
		item.trouble = trouble;
		item.nextReadAt = this.now + retryDelayMs(item.transientReads, retryAfterMs);
	}

	private readAgainOrGiveUp(item: Running, failure: Failure): void {
		item.unreadableReads++;
		if (item.unreadableReads < MAX_UNREADABLE) {
			item.nextReadAt = this.now + retryDelayMs(item.unreadableReads, null);
			return;
		}
		this.running.delete(item);
		this.fail(item.index, failure);
	}

	private readFailed(item: Running, problem: Problem): void {
		if (isTransient(problem)) {
			this.readLater(item, problem.retryAfterMs, problem.message);
			return;
		}
		const id = item.generation.generationId;
		const isKnown = problem.kind !== 'notFound' || item.job.start.kind === 'create';
		const failure: Failure = {
			message: `Generation ${id} cannot be read: ${problem.message}`,
			advice: isKnown ? `${adviceForRead(problem)} It may still be running. ${fetchLater(id)}` : problem.advice,
			details: this.details(item),
			problem,
		};
		if (problem.kind === 'unreadable') {
			this.readAgainOrGiveUp(item, failure);
			return;
		}
		this.running.delete(item);
		this.fail(item.index, failure);
	}

	// ---------------------------------------------------------------------------------------------------------

	private async send(call: ProviderCall): ReturnType<ProviderClient['send']> {
		return await this.options.client.send(call);
	}

	/** The answer to a read, or `null` when none came. */
	private async ask(call: ProviderCall): Promise<ProviderAnswer | null> {
		const exchange = await this.send(call);
		return exchange.kind === 'answer' ? exchange.answer : null;
	}
}

/** Why a create is in doubt. What came as its answer is quoted, for it may hold the id: all that is left of it. */
function reasonOf(problem: Problem, answerText: string): string {
	const said = problem.kind === 'unreadable' && !/^\s*</.test(answerText) ? quote(answerText) : '';
	return said === '' ? problem.message : `${problem.message}: ${said}`;
}
