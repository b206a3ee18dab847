/** The jobs that the played providers accepted, and their lives in real time: queued, processing, ended. */
import { readMarkers, type Markers } from './markers';
import { standIns } from './providers';
import type { ProviderName, Settings } from './settings';

/** Node's timers fire at once when asked to wait longer. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export type JobStatus = 'queued' | 'processing' | 'completed' | 'failed' | 'errored';

/** What a provider's file hands over when it accepts a create. */
export interface Order {
	id: string;
	/** Word of the ledger: `generate`, `extend`, `upscale` and so on. */
	operation: string;
	model: string;
	prompt: string;
	/** The accepted body. */
	request: Record<string, unknown>;
	callbackUrl: string | null;
	/** What is called back: every change, the end alone, or every look into the queue. */
	callbackWhen: 'changes' | 'terminal' | 'sync';
	resolution: string;
	aspectRatio: string;
	durationSeconds: number;
	sound: boolean;
	/** Failure text of a `[moderated]` prompt. */
	moderationText: string;
}

export interface Job extends Order {
	provider: ProviderName;
	status: JobStatus;
	failureReason: string | null;
	/** Epoch milliseconds. */
	createdAt: number;
	updatedAt: number;
	completedAt: number | null;
	/** Milliseconds from acceptance to the end, as planned. */
	takesMs: number;
	price: number;
	deleted: boolean;
	markers: Markers;
}

export function hasEnded(job: Job): boolean {
	return job.status !== 'queued' && job.status !== 'processing';
}

export interface JobListener {
	/** Called at every change of status, the acceptance included. */
	changed(job: Job): void;
}

export class Jobs {
	private readonly byId = new Map<string, Job>();
	private readonly timers = new Map<string, NodeJS.Timeout[]>();
	private readonly listeners: JobListener[] = [];

	/** @param now milliseconds since 1970, by the clock of the services */
	constructor(
		private readonly settings: Settings,
		private readonly now: () => number = Date.now,
	) {}

	listen(listener: JobListener): void {
		this.listeners.push(listener);
	}

	/** Accepts an order: charges it and starts its life. */
	start(provider: ProviderName, order: Order): Job {
		const { jobMs, queuedShare, price } = this.settings[provider];
		const markers = readMarkers(order.prompt);
		const now = this.now();
		const job: Job = {
			...order,
			provider,
			status: 'queued',
			failureReason: null,
			createdAt: now,
			updatedAt: now,
			completedAt: null,
			takesMs: Math.min(markers.takesMs ?? jobMs, LONGEST_TIMER_MS),
			price,
			deleted: false,
			markers,
		};
		this.settings[provider].balance -= price;
		this.byId.set(job.id, job);
		this.timers.set(job.id, [
			setTimeout(() => this.change(job, 'processing'), job.takesMs * queuedShare),
			setTimeout(() => this.end(job), job.takesMs),
		]);
		this.announce(job);
		return job;
	}

	/** A job that was not deleted. */
	find(provider: ProviderName, id: string): Job | undefined {
		const job = this.byId.get(id);
		return job?.provider === provider && !job.deleted ? job : undefined;
	}

	/** A provider's jobs that were not deleted, newest first. */
	list(provider: ProviderName): Job[] {
		return this.all()
			.filter((job) => job.provider === provider && !job.deleted)
			.reverse();
	}

	/** Every job, oldest first. */
	all(): Job[] {
		return [...this.byId.values()];
	}

	running(provider: ProviderName): number {
		return this.all().filter((job) => job.provider === provider && !hasEnded(job)).length;
	}

	/** Ends a job now instead of at its planned time. */
	finish(
		id: string,
		status: 'completed' | 'failed' | 'errored' = 'completed',
		failureReason: string | null = null,
	): void {
		const job = this.byId.get(id);
		if (!job) throw new Error(`no job ${id}`);
		if (!hasEnded(job)) this.change(job, status, failureReason);
	}

	/** Lets the planned time of all running jobs be over now: each ends as its prompt says. */
	elapse(): void {
		for (const job of this.byId.values()) if (!hasEnded(job)) this.end(job);
	}

	clear(): void {
		for (const id of this.timers.keys()) this.stopTimers(id);
		this.byId.clear();
	}

	private end(job: Job): void {
		const { fails, errors, moderated } = job.markers;
		if (errors !== null) this.change(job, 'errored', errors);
		else if (fails !== null) this.change(job, 'failed', fails);
		else if (moderated) this.change(job, 'failed', job.moderationText);
		else this.change(job, 'completed');
	}

	private change(job: Job, status: JobStatus, failureReason: string | null = null): void {
		job.status = status;
		job.failureReason = failureReason;
		job.updatedAt = this.now();
		if (hasEnded(job)) {
			job.completedAt = job.updatedAt;
			this.stopTimers(job.id);
			if (standIns[job.provider].isRefunded(job)) this.settings[job.provider].balance += job.price;
		}
		this.announce(job);
	}

	private stopTimers(id: string): void {
		for (const timer of this.timers.get(id) ?? []) clearTimeout(timer);
		this.timers.delete(id);
	}

	private announce(job: Job): void {
		for (const listener of this.listeners) listener.changed(job);
	}
}

/** A completed job that nobody bought, for forged callbacks. */
export function inventedJob(provider: ProviderName, id: string): Job {
	const now = Date.now();
	return {
		provider,
		id,
		operation: 'generate',
		model: 'ray-2',
		prompt: 'invented',
		request: {},
		callbackUrl: null,
		callbackWhen: 'changes',
		resolution: '720p',
		aspectRatio: '16:9',
		durationSeconds: 5,
		sound: false,
		moderationText: '',
		status: 'completed',
		failureReason: null,
		createdAt: now,
		updatedAt: now,
		completedAt: now,
		takesMs: 0,
		price: 0,
		deleted: false,
		markers: {
			takesMs: null,
			fails: null,
			errors: null,
			moderated: false,
			refused: null,
			videoBytes: null,
			callbackMode: null,
		},
	};
}
