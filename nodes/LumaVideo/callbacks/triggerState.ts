/**
 * What one trigger in one process knows about callbacks: what it has emitted, what it has just handed over, what it
 * still has to look after. Pure: time is a parameter, in milliseconds.
 *
 * Nothing here decides what is emitted: that is n8n's deduplication store. This memory only saves executions and
 * requests, so losing it (a restart, another process) costs a few of them and no video.
 */
import { fingerprint } from '../generation/ledger';
import type { CallbackHint } from '../providers/provider';

export type TriggerEvent = 'completed' | 'failed' | 'progress';

/** What is stored in the workflow's static data. */
export interface StoredState {
	/** Fingerprints of what was emitted last, oldest first. */
	emitted?: string[];
	/** Ids still to look after, with the time they were first heard of. */
	pending?: Record<string, number>;
}

export type Admission =
	/** Start an execution that reads it. */
	| 'pass'
	/** Emitted before, or handed over a moment ago. */
	| 'repeat'
	/** Nobody asked for this event. */
	| 'unwanted'
	/** Noted, to be read by the timer. */
	| 'noted'
	/** Too many at once, and no room to note it. */
	| 'refused';

const MAX_EMITTED = 3000;
const MAX_STORED = 500;
const MAX_PENDING = 500;
const MAX_HANDED = 5000;
/** Repeats of a callback are dropped for this long after it was handed over, doubling with every time. */
const REPEAT_WINDOW_MS = 5000;
const MAX_REPEAT_WINDOW_MS = 600_000;
/** Executions that callbacks may start: so many at once, and so many a second in the long run. */
const BURST = 300;
const PER_SECOND = 5;
const FINGERPRINT_LENGTH = 12;

export function eventOf(status: CallbackHint['status']): TriggerEvent {
	return status === 'completed' || status === 'failed' ? status : 'progress';
}

/** The deduplication key: what is over is emitted once; progress once for each status. */
export function emissionKey(provider: string, hint: CallbackHint): string {
	const event = eventOf(hint.status);
	return [provider, hint.generationId, event === 'progress' ? `progress ${hint.status}` : 'over'].join(' ');
}

function short(key: string): string {
	return fingerprint(key).slice(0, FINGERPRINT_LENGTH);
}

export class TriggerState {
	/** Whether the trigger itself, and so everything that emits, runs in this process. */
	isActiveHere = false;

	private readonly emitted = new Set<string>();
	private readonly handed = new Map<string, { until: number; times: number }>();
	private readonly pending = new Map<string, number>();
	private tokens = BURST;
	private refilledAt = 0;

	/** Decides about a callback without asking anybody. */
	admit(provider: string, hint: CallbackHint, wanted: readonly TriggerEvent[], hasList: boolean, now: number): Admission {
		const event = eventOf(hint.status);
		if (this.isEmitted(emissionKey(provider, { ...hint, status: 'completed' }))) return 'repeat';
		if (!wanted.includes(event)) {
			if (event !== 'progress') return 'unwanted';
			// Announced and running: if its end is lost, the timer finds it. A list finds it anyway.
			if (!hasList) this.keep(hint.generationId, now);
			return hasList ? 'unwanted' : 'noted';
		}
		const key = emissionKey(provider, hint);
		if (this.isEmitted(key) || !this.handOver(key, now, REPEAT_WINDOW_MS)) return 'repeat';
		if (this.takeToken(now)) return 'pass';
		return this.keep(hint.generationId, now) ? 'noted' : 'refused';
	}

	/** Whether this may be handed over now; if so, repeats are held off for a while. */
	handOver(key: string, now: number, windowMs: number): boolean {
		const before = this.handed.get(key);
		if (before && now < before.until) return false;
		const times = (before?.times ?? 0) + 1;
		this.handed.delete(key);
		const oldest = this.handed.size >= MAX_HANDED ? this.handed.keys().next().value : undefined;
		if (oldest !== undefined) this.handed.delete(oldest);
		this.handed.set(key, { until: now + Math.min(windowMs * 2 ** (times - 1), MAX_REPEAT_WINDOW_MS), times });
		return true;
	}

	isEmitted(key: string): boolean {
		return this.emitted.has(short(key));
	}

	markEmitted(key: string, generationId: string): void {
		this.addEmitted(short(key));
		if (key.endsWith(' over')) this.pending.delete(generationId);
	}

	/** Remembers an id for the timer; `false` when there is no room. */
	keep(generationId: string, now: number): boolean {
		if (!this.pending.has(generationId) && this.pending.size >= MAX_PENDING) return false;
		this.pending.set(generationId, this.pending.get(generationId) ?? now);
		return true;
	}

	forget(generationId: string): void {
		this.pending.delete(generationId);
	}

	/** Ids still to look after, oldest first; those older than `maxAgeMs` are given up. */
	pendingIds(now: number, maxAgeMs: number): string[] {
		for (const [id, since] of this.pending) if (now - since > maxAgeMs) this.pending.delete(id);
		return [...this.pending.keys()];
	}

	/** Adds what is stored with the workflow. */
	learn(stored: StoredState): void {
		for (const key of stored.emitted ?? []) if (!this.emitted.has(key)) this.addEmitted(key);
		for (const [id, since] of Object.entries(stored.pending ?? {})) {
			if (this.pending.size < MAX_PENDING && !this.pending.has(id)) this.pending.set(id, since);
		}
	}

	/** What is to be stored with the workflow. */
	toStore(): Required<StoredState> {
		return { emitted: [...this.emitted].slice(-MAX_STORED), pending: Object.fromEntries(this.pending) };
	}

	private addEmitted(key: string): void {
		this.emitted.delete(key);
		const oldest = this.emitted.size >= MAX_EMITTED ? this.emitted.values().next().value : undefined;
		if (oldest !== undefined) this.emitted.delete(oldest);
		this.emitted.add(key);
	}

	private takeToken(now: number): boolean {
		const elapsed = Math.max(0, now - this.refilledAt);
		this.tokens = Math.min(BURST, this.tokens + (elapsed / 1000) * PER_SECOND);
		this.refilledAt = now;
		if (this.tokens < 1) return false;
		this.tokens--;
		return true;
	}
}

const states = new Map<string, TriggerState>();

/** The memory of one trigger node in this process. */
export function stateOf(workflowId: string | undefined, nodeId: string): TriggerState {
	const key = `${workflowId ?? ''} ${nodeId}`;
	let state = states.get(key);
	if (!state) {
		state = new TriggerState();
		states.set(key, state);
	}
	return state;
}
