/** The book of what happened: what was bought, refused, read, called back and leaked. Tests count in it. */
import type { FaultKind } from './faults';
import { bodyForRecord, keyHeadersIn, withoutKeys, type Answer, type ApiRequest } from './http';
import type { Job, JobStatus } from './jobs';
import { PROVIDER_NAMES, type ProviderName } from './settings';

/** What a request is for. Everything that costs money is `create`. */
export const ROUTES = [
	'create',
	'status',
	'list',
	'cancel',
	'delete',
	'account',
	'catalogue',
	'upload',
	'media',
	'unknown',
] as const;
export type Route = (typeof ROUTES)[number];
export type Party = ProviderName | 'media';

/** A create that was accepted, whether or not its answer arrived. */
export interface Purchase {
	provider: ProviderName;
	id: string;
	operation: string;
	path: string;
	body: unknown;
	/** Without the key. */
	headers: Record<string, string>;
	prompt: string;
	callbackUrl: string | null;
	price: number;
	/** Epoch milliseconds. */
	at: number;
}

export interface RefusedCreate {
	provider: ProviderName;
	path: string;
	body: unknown;
	/** HTTP status of the refusal, `null` when there was no answer at all. */
	status: number | null;
	answer: unknown;
	at: number;
}

export interface RequestRecord {
	party: Party;
	route: Route;
	method: string;
	/** With the query. */
	path: string;
	fault: FaultKind | null;
	at: number;
}

export interface MediaHit {
	path: string;
	/** Names of headers that carried a key. Must be empty. */
	keyHeaders: string[];
	at: number;
}

export interface CallbackRecord {
	provider: ProviderName;
	id: string;
	url: string;
	/** The job's status that it tells, in the server's own words. */
	status: JobStatus;
	body: unknown;
	forged: boolean;
	/** 1 for the first sending, 2 for the first retry. */
	attempt: number;
	outcome: 'answered' | 'failed' | 'dropped';
	/** HTTP status of the receiver. */
	answerStatus: number | null;
	/** First 2,000 characters of the receiver's answer. */
	answerText: string | null;
	at: number;
}

export interface Ledger {
	purchases: Purchase[];
	refusedCreates: RefusedCreate[];
	deletions: Array<{ provider: ProviderName; id: string; at: number }>;
	/** How many requests per party and route. */
	counts: Record<Party, Record<Route, number>>;
	requests: RequestRecord[];
	/** The most jobs that ran at once. */
	maxConcurrent: Record<ProviderName, number>;
	mediaHits: MediaHit[];
	/** Requests with a key that came where no key belongs: media, upload targets, redirect targets. */
	keyLeaks: Array<{ path: string; keyHeaders: string[]; at: number }>;
	/** Requests to paths that nobody here has, such as the target of an injected redirect. */
	strays: Array<{ method: string; path: string; keyHeaders: string[]; at: number }>;
	callbacks: CallbackRecord[];
}

export function emptyLedger(): Ledger {
	const noRoutes = (): Record<Route, number> =>
		Object.fromEntries(ROUTES.map((route) => [route, 0])) as Record<Route, number>;
	return {
		purchases: [],
		refusedCreates: [],
		deletions: [],
		counts: Object.fromEntries([...PROVIDER_NAMES, 'media'].map((party) => [party, noRoutes()])) as Ledger['counts'],
		requests: [],
		maxConcurrent: Object.fromEntries(PROVIDER_NAMES.map((name) => [name, 0])) as Ledger['maxConcurrent'],
		mediaHits: [],
		keyLeaks: [],
		strays: [],
		callbacks: [],
	};
}

/** Writes requests into a ledger; no key gets into it. */
export class Clerk {
	constructor(private readonly ledger: Ledger) {}

	noteRequest(party: Party, route: Route, request: ApiRequest, fault: FaultKind | null): void {
		const query = request.query.toString();
		const path = query === '' ? request.path : `${request.path}?${query}`;
		this.ledger.counts[party][route] += 1;
		this.ledger.requests.push({ party, route, method: request.method, path, fault, at: Date.now() });
	}

	notePurchase(job: Job, request: ApiRequest): void {
		const { provider, id, operation, prompt, callbackUrl, price, createdAt } = job;
		const { path } = request;
		const body = bodyForRecord(request.body);
		const headers = withoutKeys(request.headers);
		this.ledger.purchases.push({
			provider,
			id,
			operation,
			path,
			body,
			headers,
			prompt,
			callbackUrl,
			price,
			at: createdAt,
		});
	}

	/** A create that was not accepted; `null` when it got no answer at all. */
	noteRefusal(provider: ProviderName, request: ApiRequest, answer: Answer | null): void {
		const { path } = request;
		const body = bodyForRecord(request.body);
		const { status = null, body: text = null } = answer ?? {};
		this.ledger.refusedCreates.push({ provider, path, body, status, answer: text, at: Date.now() });
	}

	/** For places where no key belongs. */
	noteKeyLeak(path: string, request: ApiRequest): void {
		const keyHeaders = keyHeadersIn(request.headers);
		if (keyHeaders.length > 0) this.ledger.keyLeaks.push({ path, keyHeaders, at: Date.now() });
	}

	noteRunning(provider: ProviderName, running: number): void {
		const most = this.ledger.maxConcurrent;
		most[provider] = Math.max(most[provider], running);
	}
}
