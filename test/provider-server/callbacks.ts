/** Sends callbacks as the providers document them, or loses, doubles, delays and reorders them on demand. */
import { setMaxListeners } from 'node:events';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { hasEnded, type Job, type JobListener } from './jobs';
import type { CallbackRecord, Ledger } from './ledger';
import type { Provider } from './provider';
import type { CallbackMode, ProviderName, Settings } from './settings';

/** A callback that no provider sent: for tests of what a receiver lets in. */
export interface ForgedCallback {
	url: string;
	/** Sent as it is when text, else as JSON. */
	body: unknown;
	method?: string;
	headers?: Record<string, string>;
}

export interface ForgedAnswer {
	/** `null` when the receiver did not answer. */
	status: number | null;
	text: string;
}

type Draft = Pick<CallbackRecord, 'provider' | 'id' | 'url' | 'status' | 'body'>;

/** Each callback under way listens for the end: many at once are no leak. */
function stopper(): AbortController {
	const controller = new AbortController();
	setMaxListeners(0, controller.signal);
	return controller;
}

export class Callbacks implements JobListener {
	private stop = stopper();
	private readonly sync = new Map<string, NodeJS.Timeout>();
	private readonly held = new Map<string, Draft[]>();
	private readonly turns = new Map<string, Promise<void>>();
	private readonly ended = new Map<string, { promise: Promise<void>; resolve: () => void }>();

	constructor(
		private readonly settings: Settings,
		private readonly ledger: Ledger,
		private readonly providers: () => Record<ProviderName, Provider>,
	) {}

	/** The way this job's callbacks go. */
	modeOf(job: Job): CallbackMode {
		return job.markers.callbackMode ?? this.settings[job.provider].callbacks.mode;
	}

	/** Resolves when the callback about the job's end was sent (or given up); at once for a job without callbacks. */
	async whenEndSent(job: Job): Promise<void> {
		if (job.callbackUrl !== null) await this.endOf(job.id).promise;
	}

	changed(job: Job): void {
		if (job.callbackUrl === null) return;
		const ended = hasEnded(job);
		// No document lists a callback for being queued.
		if (job.status === 'queued') return;
		if (job.callbackWhen === 'sync') this.keepInSync(job);
		if (job.callbackWhen === 'terminal' && !ended) return;
		void this.dispatch(job, this.draft(job));
	}

	/** Ends all sending; what was under way is cut off. */
	clear(): void {
		this.stop.abort();
		this.stop = stopper();
		for (const timer of this.sync.values()) clearInterval(timer);
		for (const { resolve } of this.ended.values()) resolve();
		this.sync.clear();
		this.held.clear();
		this.turns.clear();
		this.ended.clear();
	}

	async forge(forged: ForgedCallback): Promise<ForgedAnswer> {
		const text = typeof forged.body === 'string' ? forged.body : JSON.stringify(forged.body);
		try {
			return await this.post(forged.url, text, forged.method ?? 'POST', forged.headers ?? {}, 5000, this.stop.signal);
		} catch {
			return { status: null, text: '' };
		}
	}

	private draft(job: Job): Draft {
		const body = structuredClone(this.providers()[job.provider].callbackBody(job));
		return { provider: job.provider, id: job.id, url: job.callbackUrl ?? '', status: job.status, body };
	}

	private async dispatch(job: Job, draft: Draft): Promise<void> {
		const { signal } = this.stop;
		const mode = this.modeOf(job);
		const ended = hasEnded(job);
		const turn = this.takeTurn(job.id);
		if (mode === 'drop') {
			this.record(draft, 1, { outcome: 'dropped', answerStatus: null, answerText: null });
		} else if (mode === 'reordered' && !ended) {
			this.held.set(job.id, [...(this.held.get(job.id) ?? []), draft]);
		} else {
			if (mode === 'late') await this.pause(this.settings[job.provider].callbacks.lateMs, signal);
			await turn.before;
			const drafts = [draft, ...(this.held.get(job.id) ?? [])];
			this.held.delete(job.id);
			const retries: Array<Promise<void>> = [];
			for (const each of drafts) retries.push(...(await this.deliver(each, signal)));
			turn.done();
			await Promise.all(retries);
		}
		turn.done();
		if (ended) this.endOf(job.id).resolve();
	}

	/** A job's callbacks start in the order of its changes, so that disorder happens only on demand. Retries do not hold up the next. */
	private takeTurn(id: string): { before: Promise<void>; done: () => void } {
		const before = this.turns.get(id) ?? Promise.resolve();
		let done = (): void => undefined;
		const own = new Promise<void>((resolve) => {
			done = resolve;
		});
		this.turns.set(
			id,
			before.then(async () => await own),
		);
		return { before, done };
	}

	/** pixazo.ai, Delivery semantics, sync: one more on every poll of the queue. */
	private keepInSync(job: Job): void {
		clearInterval(this.sync.get(job.id));
		this.sync.delete(job.id);
		if (hasEnded(job)) return;
		const everyMs = this.providers()[job.provider].syncEveryMs?.();
		if (everyMs === undefined) throw new Error(`${job.provider} has no callbacks in step with its queue`);
		this.sync.set(
			job.id,
			setInterval(() => void this.dispatch(job, this.draft(job)), everyMs),
		);
	}

	/** Sends every copy once, and returns the retries of those that failed, under way. */
	private async deliver(draft: Draft, signal: AbortSignal): Promise<Array<Promise<void>>> {
		const retries: Array<Promise<void>> = [];
		for (let copy = 0; copy < this.settings[draft.provider].callbacks.copies && !signal.aborted; copy += 1) {
			if (!(await this.attempt(draft, 1, signal))) retries.push(this.retry(draft, signal));
		}
		return retries;
	}

	private async retry(draft: Draft, signal: AbortSignal): Promise<void> {
		const { retryDelaysMs } = this.settings[draft.provider].callbacks;
		for (const [index, delay] of retryDelaysMs.entries()) {
			await this.pause(delay, signal);
			if (signal.aborted || (await this.attempt(draft, index + 2, signal))) return;
		}
	}

	/** Whether the receiver took it. */
	private async attempt(draft: Draft, attempt: number, signal: AbortSignal): Promise<boolean> {
		let answer: ForgedAnswer = { status: null, text: '' };
		try {
			const text = JSON.stringify(draft.body);
			answer = await this.post(
				draft.url,
				text,
				'POST',
				this.providers()[draft.provider].callbackHeaders?.(draft.id, text) ?? {},
				this.settings[draft.provider].callbacks.timeoutMs,
				signal,
			);
		} catch {
			// No answer: recorded as failed below.
		}
		if (signal.aborted) return false;
		const received = answer.status !== null && this.providers()[draft.provider].isReceived(answer.status);
		this.record(draft, attempt, {
			outcome: received ? 'answered' : 'failed',
			answerStatus: answer.status,
			answerText: answer.status === null ? null : answer.text,
		});
		return received;
	}

	private record(
		draft: Draft,
		attempt: number,
		result: Pick<CallbackRecord, 'outcome' | 'answerStatus' | 'answerText'>,
	): void {
		this.ledger.callbacks.push({ ...draft, ...result, attempt, forged: false, at: Date.now() });
	}

	private endOf(id: string): { promise: Promise<void>; resolve: () => void } {
		let end = this.ended.get(id);
		if (!end) {
			let resolve = (): void => undefined;
			const promise = new Promise<void>((settle) => {
				resolve = settle;
			});
			end = { promise, resolve };
			this.ended.set(id, end);
		}
		return end;
	}

	private async pause(ms: number, signal: AbortSignal): Promise<void> {
		if (signal.aborted) return;
		await new Promise<void>((resolve) => {
			const timer = setTimeout(done, ms);
			function done(): void {
				clearTimeout(timer);
				signal.removeEventListener('abort', done);
				resolve();
			}
			signal.addEventListener('abort', done);
		});
	}

	/** One request on a connection of its own, so that no idle connection outlives the server. Redirects are not followed. */
	private async post(
		url: string,
		text: string,
		method: string,
		headers: Record<string, string>,
		timeoutMs: number,
		signal: AbortSignal,
	): Promise<ForgedAnswer> {
		return await new Promise((resolve, reject) => {
			const send = url.startsWith('https:') ? httpsRequest : httpRequest;
			const length = String(Buffer.byteLength(text));
			const request = send(
				url,
				{
					method,
					agent: false,
					signal,
					headers: { 'content-type': 'application/json', 'content-length': length, ...headers },
				},
				(response) => {
					let answer = '';
					response.setEncoding('utf8');
					response.on('data', (piece: string) => {
						if (answer.length < 2000) answer += piece.slice(0, 2000 - answer.length);
					});
					response.on('end', () => resolve({ status: response.statusCode ?? null, text: answer }));
					response.on('error', reject);
				},
			);
			const timer = setTimeout(() => request.destroy(new Error('no answer in time')), timeoutMs);
			request.on('close', () => clearTimeout(timer));
			request.on('error', reject);
			request.end(text);
		});
	}
}
