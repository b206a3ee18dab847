/** The HTTP server: finds out whom a request is for, keeps the ledger, applies the faults, sends the answers. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import type { AddressInfo } from 'node:net';
import { Callbacks, type ForgedAnswer, type ForgedCallback } from './callbacks';
import { deliver, deliverFile } from './deliver';
import { Faults, isBeforeAcceptance, spoilContent, type FaultRule } from './faults';
import { keyHeadersIn, type Answer, type ApiRequest } from './http';
import { inventedJob, Jobs, type Job, type Order } from './jobs';
import { Clerk, emptyLedger, type Ledger, type Route } from './ledger';
import { readMarkers } from './markers';
import { findMedia, jobOfPath, type Uploads } from './media';
import type { Outcome, Provider, World } from './provider';
import { standIns } from './providers';
import {
	byProvider,
	changeSettings,
	defaultSettings,
	PROVIDER_NAMES,
	type ProviderName,
	type Settings,
	type SettingsChange,
} from './settings';

export interface ProviderServerOptions {
	/** Default: a free port. */
	port?: number;
	/** Address to listen on, and host of all URLs; default `127.0.0.1`. */
	host?: string;
	settings?: SettingsChange;
	/** The clock by which answers tell when jobs began and ended, and what time it is; in milliseconds since 1970. */
	now?: () => number;
}

export class ProviderServer {
	readonly keys: Record<ProviderName, string>;
	private readonly settingsNow: Settings;
	private readonly jobsNow: Jobs;
	private readonly book: Ledger = emptyLedger();
	private readonly clerk = new Clerk(this.book);
	private readonly faultQueue = new Faults();
	private readonly callbacks: Callbacks;
	private readonly uploads: Uploads = new Map();
	private readonly providers: Record<ProviderName, Provider>;
	private readonly server: Server;
	private readonly options: ProviderServerOptions;

	/** Use `startProviderServer`. */
	constructor(options: ProviderServerOptions) {
		this.options = options;
		this.keys = byProvider((name) => standIns[name].key);
		this.settingsNow = this.initialSettings();
		this.jobsNow = new Jobs(this.settingsNow, options.now);
		const world = this.world();
		this.providers = byProvider((name) => standIns[name].create(world));
		this.callbacks = new Callbacks(this.settingsNow, this.book, () => this.providers);
		this.jobsNow.listen({ changed: (job) => this.clerk.noteRunning(job.provider, this.jobsNow.running(job.provider)) });
		this.jobsNow.listen(this.callbacks);
		this.server = createServer((request, response) => {
			if (options.now) response.setHeader('date', new Date(options.now()).toUTCString());
			this.serve(request, response).catch((error: unknown) =>
				response.destroy(error instanceof Error ? error : undefined),
			);
		});
	}

	get port(): number {
		return (this.server.address() as AddressInfo).port;
	}

	/** `http://127.0.0.1:PORT` */
	get url(): string {
		return `http://${this.options.host ?? '127.0.0.1'}:${this.port}`;
	}

	/** What takes the place of each real service's base URL. */
	get baseUrls(): Record<ProviderName, string> {
		return byProvider((name) => `${this.url}/${name}${standIns[name].basePath}`);
	}

	/** Changes settings; applies to what starts afterwards. */
	configure(change: SettingsChange): Settings {
		changeSettings(this.settingsNow, change);
		return this.settings();
	}

	/** A copy of the settings, with the balances as they are now. */
	settings(): Settings {
		return structuredClone(this.settingsNow);
	}

	/** Queues faults. */
	fault(rules: FaultRule | FaultRule[]): void {
		this.faultQueue.add(rules);
	}

	/** Faults that still wait for their request. */
	faults(): FaultRule[] {
		return this.faultQueue.list();
	}

	clearFaults(): void {
		this.faultQueue.clear();
	}

	/** A copy of the ledger. */
	ledger(): Ledger {
		return structuredClone(this.book);
	}

	/** A copy of every accepted job, oldest first. */
	jobs(): Job[] {
		return structuredClone(this.jobsNow.all());
	}

	/** Ends a job now instead of at its planned time. */
	finish(
		id: string,
		status: 'completed' | 'failed' | 'errored' = 'completed',
		failureReason: string | null = null,
	): void {
		this.jobsNow.finish(id, status, failureReason);
	}

	/** Lets the planned time of all running jobs be over now: each ends as its prompt says. */
	elapse(): void {
		this.jobsNow.elapse();
	}

	/** Sends a callback that no provider sent. Forged ones are not in the ledger. */
	async sendCallback(forged: ForgedCallback): Promise<ForgedAnswer> {
		return await this.callbacks.forge(forged);
	}

	/**
	 * The body that the provider would call back with for a job, with anything changed: an unknown `id`, a status it has
	 * not, a foreign video. Without a `base` job of that id, an invented one is described.
	 */
	callbackBody(provider: ProviderName, change: Partial<Job> & { id: string }): unknown {
		const base = this.jobsNow.find(provider, change.id) ?? inventedJob(provider, change.id);
		return structuredClone(this.providers[provider].callbackBody({ ...base, ...change }));
	}

	/** Headers of a callback with this body: its signature, where the provider signs. */
	callbackHeaders(provider: ProviderName, id: string, body: unknown): Record<string, string> {
		return this.providers[provider].callbackHeaders?.(id, JSON.stringify(body)) ?? {};
	}

	/** Waits until the ledger satisfies a condition; throws after `timeoutMs` milliseconds. */
	async until(condition: (ledger: Ledger) => boolean, timeoutMs = 5000): Promise<Ledger> {
		const deadline = Date.now() + timeoutMs;
		while (!condition(this.book)) {
			if (Date.now() > deadline) throw new Error('the provider server did not see what was waited for');
			await pause(5);
		}
		return this.ledger();
	}

	/** Back to the state after the start: no jobs, an empty ledger, no faults, the first settings. */
	reset(): void {
		this.callbacks.clear();
		this.jobsNow.clear();
		this.faultQueue.clear();
		this.uploads.clear();
		Object.assign(this.book, emptyLedger());
		Object.assign(this.settingsNow, this.initialSettings());
	}

	async listen(): Promise<void> {
		await new Promise<void>((resolve, reject) => {
			this.server.once('error', reject);
			this.server.listen(this.options.port ?? 0, this.options.host ?? '127.0.0.1', resolve);
		});
	}

	/** Cuts every connection, also those that wait for an answer that never comes. */
	hangUp(): void {
		this.server.closeAllConnections();
	}

	/** Hangs up, and listens no more. */
	async close(): Promise<void> {
		this.callbacks.clear();
		this.jobsNow.clear();
		await new Promise<void>((resolve) => {
			this.server.close(() => resolve());
			this.hangUp();
		});
	}

	private initialSettings(): Settings {
		const settings = defaultSettings();
		changeSettings(settings, this.options.settings ?? {});
		return settings;
	}

	private world(): World {
		return {
			origin: () => this.url,
			mediaUrl: (job, file = 'output.mp4') =>
				`${this.settingsNow.media.origin ?? this.url}/media/${job.provider}/${job.id}/${file}`,
			keys: this.keys,
			settings: this.settingsNow,
			jobs: this.jobsNow,
			uploads: this.uploads,
		};
	}

	private async serve(message: IncomingMessage, response: ServerResponse): Promise<void> {
		const { pathname, searchParams } = new URL(message.url ?? '/', 'http://server');
		const first = pathname.split('/')[1] ?? '';
		const request: ApiRequest = {
			method: message.method ?? 'GET',
			path: pathname.slice(first.length + 1),
			query: searchParams,
			headers: message.headers,
			body: await readBody(message),
		};
		const name = PROVIDER_NAMES.find((known) => known === first);
		if (name !== undefined) return await this.serveProvider(this.providers[name], request, response);
		if (first === 'media') return await this.serveMedia(request, response);
		if (pathname === '/_control/ledger') return await deliver(response, { status: 200, body: this.ledger() }, undefined, 0);
		this.book.strays.push({
			method: request.method,
			path: pathname,
			keyHeaders: keyHeadersIn(request.headers),
			at: Date.now(),
		});
		this.clerk.noteKeyLeak(pathname, request);
		return await deliver(response, { status: 404, body: {} }, undefined, 0);
	}

	private async serveProvider(provider: Provider, request: ApiRequest, response: ServerResponse): Promise<void> {
		const route = provider.routeOf(request);
		const job = this.jobsNow.find(provider.name, provider.jobIdOf(request) ?? '');
		const fault = this.faultQueue.take({
			provider: provider.name,
			route,
			text: `${request.body.toString('utf8')}\n${job?.prompt ?? ''}`,
		});
		this.clerk.noteRequest(provider.name, route, request, fault?.kind ?? null);
		if (route === 'upload' && !provider.uploadsTakeKey) this.clerk.noteKeyLeak(`/${provider.name}${request.path}`, request);

		if (fault && isBeforeAcceptance(fault.kind)) {
			const answer = this.errorOf(fault, (status) => provider.error(status));
			const answered = !/reset|timeout/.test(fault.kind);
			if (route === 'create') this.clerk.noteRefusal(provider.name, request, answered ? answer : null);
			return await deliver(response, answer, fault, 0);
		}
		let answer = await this.settle(provider, request, route, provider.handle(request));
		if (fault && /^\d+-after$/.test(fault.kind)) answer = this.errorOf(fault, (status) => provider.error(status));
		if (fault) answer = spoilContent(answer, fault.kind, provider.places());
		await deliver(response, answer, fault, this.settingsNow.media.slowChunkMs);
	}

	/** Carries out what the provider's file decided. */
	private async settle(provider: Provider, request: ApiRequest, route: Route, outcome: Outcome): Promise<Answer> {
		if (outcome.kind === 'deletion') {
			outcome.job.deleted = true;
			this.book.deletions.push({ provider: provider.name, id: outcome.job.id, at: Date.now() });
			return outcome.answer;
		}
		const withoutJob = (answer: Answer): Answer => {
			if (route === 'create') {
				this.clerk.noteRefusal(provider.name, request, answer);
				this.settingsNow[provider.name].balance -= this.settingsNow[provider.name].refusalPrice;
			}
			return answer;
		};
		if (outcome.kind === 'answer') return withoutJob(outcome.answer);
		const refusal = this.refusalOf(provider, outcome.order);
		if (refusal) return withoutJob(refusal);
		const job = this.jobsNow.start(provider.name, outcome.order);
		this.clerk.notePurchase(job, request);
		// The answer is written first, so that an early callback does not make it say "completed".
		const answer = structuredClone(outcome.accepted(job));
		if (this.callbacks.modeOf(job) === 'early') await this.callbacks.whenEndSent(job);
		return answer;
	}

	private refusalOf(provider: Provider, order: Order): Answer | undefined {
		const { balance, price, maxConcurrent, createsPerMinute } = this.settingsNow[provider.name];
		const { refused } = readMarkers(order.prompt);
		if (refused !== null) return provider.error(400, refused);
		if (balance < price) return provider.refuse('no credits');
		if (maxConcurrent !== null && this.jobsNow.running(provider.name) >= maxConcurrent)
			return provider.refuse('too many');
		const lastMinute = this.book.purchases.filter(
			({ provider: name, at }) => name === provider.name && at > Date.now() - 60_000,
		);
		if (createsPerMinute !== null && lastMinute.length >= createsPerMinute) return provider.refuse('too many');
		return undefined;
	}

	private async serveMedia(request: ApiRequest, response: ServerResponse): Promise<void> {
		const named = jobOfPath(request.path);
		const job = named ? this.jobsNow.find(named.provider, named.id) : undefined;
		const fault = this.faultQueue.take({ provider: named?.provider, route: 'media', text: job?.prompt ?? '' });
		const path = `/media${request.path}`;
		this.clerk.noteRequest('media', 'media', request, fault?.kind ?? null);
		this.book.mediaHits.push({ path, keyHeaders: keyHeadersIn(request.headers), at: Date.now() });
		this.clerk.noteKeyLeak(path, request);

		const { slowChunkMs } = this.settingsNow.media;
		if (fault && (isBeforeAcceptance(fault.kind) || /^\d+-after$/.test(fault.kind))) {
			return await deliver(
				response,
				this.errorOf(fault, (status) => ({ status })),
				fault,
				slowChunkMs,
			);
		}
		if (request.method !== 'GET' && request.method !== 'HEAD')
			return await deliver(response, { status: 405 }, undefined, 0);
		const file = findMedia(request.path, request.query, this.jobsNow, this.uploads);
		if ('status' in file) return await deliver(response, file, fault, slowChunkMs);
		if (fault?.kind === 'wrong-type') return await deliver(response, { status: 200 }, { ...fault, kind: 'html' }, 0);
		if (fault && /^(html|empty|reset-after|timeout-after)$/.test(fault.kind))
			return await deliver(response, { status: 200 }, fault, 0);
		await deliverFile(response, file, request.method, fault, slowChunkMs);
	}

	/** The answer of a fault that is a status or a redirect; for resets and timeouts it is never sent. */
	private errorOf(fault: FaultRule, error: (status: number) => Answer): Answer {
		if (fault.kind === 'redirect') {
			// Another name of this machine is another host to a client that guards its keys.
			return {
				status: fault.status ?? 302,
				headers: { location: fault.location ?? `http://localhost:${this.port}/elsewhere` },
			};
		}
		const answer = error(Number.parseInt(fault.kind, 10) || 500);
		if (fault.retryAfter === undefined) return answer;
		return { ...answer, headers: { ...answer.headers, 'retry-after': String(fault.retryAfter) } };
	}
}

async function readBody(message: IncomingMessage): Promise<Buffer> {
	const pieces: Buffer[] = [];
	for await (const piece of message as AsyncIterable<Buffer>) pieces.push(piece);
	return Buffer.concat(pieces);
}
