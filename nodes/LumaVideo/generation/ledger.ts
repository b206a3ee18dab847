/**
 * What this execution has bought: the memory that keeps a retry from buying it again.
 *
 * Entries are stored in the node's context, which n8n keeps across the tries of Retry On Fail, across "Retry execution"
 * and while an execution is suspended. They are written before a request is sent and contain no key.
 *
 * An entry belongs to a run of the node (the next round of a loop is a new run and buys again), an item and a request. A
 * request is identified by its content, or by the node's parameters as stored: an expression such as `{{ $now }}`
 * yields a different text on every try and is still the same request.
 */
import { createHash, randomUUID } from 'node:crypto';
import type { Generation, GenerationRequest } from '../providers/provider';
import type { Failure } from './failure';

export interface LedgerEntry {
	/** Unique among all executions, except for retries. */
	name: string;
	/** `submitting`: a request was sent without a readable answer so far, so it is not known whether it was bought. */
	state: 'submitting' | 'accepted';
	generationId: string | null;
	/** Milliseconds since 1970, by n8n's clock. */
	submittedAt: number;
	estimatedSeconds: number | null;
	requestHash: string;
	parametersHash: string | null;
	/** The input item, for messages. */
	itemIndex: number;
	/** What was actually sent, with images and sources as the provider got them; kept until the outcome is known, if the
	 * provider can list. */
	sent: GenerationRequest | null;
	/** Why it is not known whether it was bought, for every try to report, and since when; milliseconds since 1970. */
	doubt?: string;
	lostAt?: number;
	/** While the execution is suspended: when to read the generation next, and when the wait ends; since 1970. */
	asleep?: { lookAt: number; deadline: number };
	/** The provider called back while the execution was suspended. */
	called?: boolean;
	/** How it ended, and when that was seen. The generation itself is kept if the execution may be suspended again. */
	over?: { status: Generation['status']; at: number; generation?: Generation };
	/** Whether the item has left the node; only used for an agent's tool calls. */
	delivered?: boolean;
}

/** This package's part of n8n's context object. */
export type Store = Record<string, unknown>;

export interface RequestKey {
	requestHash: string;
	/** `null` if the stored parameters do not determine the request, as in an agent's tool calls. */
	parametersHash: string | null;
}

/** A request that was refused before the execution was suspended, and the failure to report at the end. */
interface Refusal extends Pick<RequestKey, 'requestHash'> {
	place: string;
	failure: Failure;
}

const PROPERTY = 'generations';
const REFUSALS = 'refusals';

function stable(value: unknown): unknown {
	if (Array.isArray(value)) return value.map(stable);
	if (typeof value !== 'object' || value === null) return value;
	return Object.fromEntries(
		Object.entries(value)
			.sort(([a], [b]) => (a < b ? -1 : 1))
			.map(([key, inner]) => [key, stable(inner)]),
	);
}

/** A short fingerprint of any JSON value, independent of the order of its keys. */
export function fingerprint(value: unknown): string {
	return createHash('sha256')
		.update(JSON.stringify({ value: stable(value) }))
		.digest('hex')
		.slice(0, 24);
}

/** A unique name for a request. */
export function newName(): string {
	return randomUUID().slice(0, 8);
}

/** The entries in a node's context. */
export function entriesIn(context: Store): Record<string, LedgerEntry> {
	const existing = context[PROPERTY];
	return typeof existing === 'object' && existing !== null ? (existing as Record<string, LedgerEntry>) : {};
}

export class Ledger {
	private readonly entries: Record<string, LedgerEntry>;
	/** Entries that belong to a job of the current try. */
	private readonly claimed = new Set<LedgerEntry>();

	/**
	 * @param context `getContext('node')` of the running node
	 * @param scope the node's run index; `null` for an agent's tool, for which every try counts as a new run
	 */
	constructor(
		private readonly context: Store,
		private readonly scope: number | null,
	) {
		this.entries = entriesIn(context);
		context[PROPERTY] = this.entries;
	}

	/** Remembers why a request bought nothing, so that it is not sent again when the execution resumes. */
	keepRefusal(itemIndex: number, { requestHash }: RequestKey, failure: Failure): void {
		this.context[REFUSALS] = [...this.refusals, { place: this.prefix(itemIndex), requestHash, failure }];
	}

	/** Why a request bought nothing before the execution was suspended; `null` if it was not refused. */
	refusal(itemIndex: number, { requestHash }: RequestKey): Failure | null {
		const place = this.prefix(itemIndex);
		return this.refusals.find((each) => each.place === place && each.requestHash === requestHash)?.failure ?? null;
	}

	/** What was bought, or may have been, for this item and request in this run. */
	find(itemIndex: number, key: RequestKey): LedgerEntry | undefined {
		const prefix = this.prefix(itemIndex);
		return Object.entries(this.entries).find(
			([name, entry]) =>
				name.startsWith(prefix) &&
				(entry.requestHash === key.requestHash ||
					(key.parametersHash !== null && entry.parametersHash === key.parametersHash)) &&
				!this.claimed.has(entry) &&
				!(this.scope === null && entry.delivered === true),
		)?.[1];
	}

	/** The same, for the job that continues with it: if a tool is called twice with the same request, the next job gets
	 * another entry. */
	claim(itemIndex: number, key: RequestKey): LedgerEntry | undefined {
		const found = this.find(itemIndex, key);
		if (found) this.claimed.add(found);
		return found;
	}

	/** Call this before sending the request. */
	submitting(itemIndex: number, key: RequestKey, now: number, sent: GenerationRequest | null, name = newName()): LedgerEntry {
		const entry: LedgerEntry = {
			name,
			state: 'submitting',
			generationId: null,
			submittedAt: now,
			estimatedSeconds: null,
			itemIndex,
			sent,
			...key,
		};
		this.claimed.add(entry);
		const base = `${this.prefix(itemIndex)}${key.requestHash}`;
		let place = base;
		for (let copy = 2; this.entries[place]; copy++) place = `${base}:${copy}`;
		this.entries[place] = entry;
		return entry;
	}

	accepted(entry: LedgerEntry, generationId: string, estimatedSeconds: number | null): void {
		entry.state = 'accepted';
		entry.generationId = generationId;
		entry.estimatedSeconds = estimatedSeconds;
		entry.sent = null;
		delete entry.doubt;
		delete entry.lostAt;
	}

	/** The provider refused: nothing was bought, so the entry is removed. */
	refused(entry: LedgerEntry): void {
		for (const [name, candidate] of Object.entries(this.entries)) {
			if (candidate === entry) Reflect.deleteProperty(this.entries, name);
		}
	}

	/** The user deleted the generation: there is nothing to continue, and a retry buys it again. */
	deleted(generationId: string): void {
		for (const entry of this.all()) if (entry.generationId === generationId) this.refused(entry);
	}

	/** The entries of this execution, including other runs of the node. */
	all(): LedgerEntry[] {
		return Object.values(this.entries);
	}

	/** The entries of this run of the node; for a tool, those not delivered yet. */
	ofRun(): LedgerEntry[] {
		const prefix = this.scope === null ? 'tool:' : `${this.scope}:`;
		return Object.entries(this.entries).flatMap(([name, entry]) =>
			name.startsWith(prefix) && !(this.scope === null && entry.delivered === true) ? [entry] : [],
		);
	}

	/** The ids of all generations bought in this execution. */
	knownIds(): Set<string> {
		return new Set(this.all().flatMap((entry) => entry.generationId ?? []));
	}

	/** Requests like this one whose generation has not been found yet. */
	unresolved(requestHash: string): LedgerEntry[] {
		return this.all().filter((entry) => entry.state === 'submitting' && entry.requestHash === requestHash);
	}

	/** The node ends in this run, so nothing is suspended any longer. */
	awake(): void {
		for (const entry of this.all()) {
			delete entry.asleep;
			delete entry.called;
		}
		Reflect.deleteProperty(this.context, REFUSALS);
	}

	/** Everything that was bought has left the node. */
	markDelivered(): void {
		for (const entry of this.all()) if (entry.state === 'accepted') entry.delivered = true;
	}

	private get refusals(): readonly Refusal[] {
		const existing = this.context[REFUSALS];
		return Array.isArray(existing) ? (existing as Refusal[]) : [];
	}

	private prefix(itemIndex: number): string {
		return this.scope === null ? 'tool:' : `${this.scope}:${itemIndex}:`;
	}
}
