/**
 * What one trigger in one process knows about callbacks: what it has emitted, what it still has to look after, and
 * when. Pure: time is a parameter, in milliseconds.
 *
 * Nothing here decides what is emitted: that is n8n's deduplication store. This memory saves executions and requests,
 * and it keeps what callbacks announced until it is known how that ended.
 */
import { fingerprint } from '../generation/ledger';
import type { CallbackHint } from '../providers/provider';
import { TokenBucket } from './tokenBucket';

export type TriggerEvent = 'completed' | 'failed' | 'progress';

/** What is stored in the workflow's static data. */
export interface StoredState {
	/** Fingerprints of what was emitted last, oldest first. */
	emitted?: unknown;
	/** Ids to look after, with the time when they were first heard of. */
	open?: unknown;
}

export type Admission =
	/** New, and to be stored. */
	| 'noted'
	/** Stored before; another look is due. */
	| 'known'
	/** Nothing new: emitted, being read, or refused a moment ago. */
	| 'repeat'
	/** Nobody asked for this event. */
	| 'unwanted'
	/** Too many at once, and no room to note it. */
	| 'refused';

/** What a look at a generation led to. */
export type Finding =
	/** It is over, and was emitted now or before, or nobody wants it. */
	| 'over'
	/** It is neither. */
	| 'running'
	/** The provider could not be asked, or the execution that should have asked did not come so far. */
	| 'unread'
	/** The provider does not know it, or it was not meant for this trigger. */
	| 'refused';

/** An id whose time has come. */
export interface Due {
	generationId: string;
	/** An execution may be started for it without looking first. */
	isBlind: boolean;
}

interface Open {
	/** When it was first heard of. */
	since: number;
	/** When to look at it; `null`: when the timer comes round. */
	dueAt: number | null;
	/** Not before this, whoever calls. */
	notBefore: number;
	/** How often it was looked at so far. */
	looks: number;
	/** How often an execution was started for it that ended well and did not emit it. */
	vain: number;
	/** The Luma Video node said that it bought this. */
	isAnnounced: boolean;
	/** A callback said that there is something to emit, and nobody has looked since. */
	isFresh: boolean;
	/** A callback said that it is over. */
	isSaidOver: boolean;
	/** Number of the look that is under way. */
	hold: number | null;
	/** A callback said that it is over while it was being looked at. */
	isSaidAgain: boolean;
}

/** Generations older than this are neither looked after nor emitted: what was emitted is not remembered forever. */
export const MAX_AGE_MS = 7 * 24 * 3_600_000;

const MAX_EMITTED = 3000;
const MAX_EMITTED_STORED = 500;
const MAX_OPEN = 1000;
/** Room beyond it for what was announced, so that a flood of made-up callbacks keeps nobody out. */
const MAX_ANNOUNCED = 1000;
const MAX_REFUSED = 5000;
/**
 * Looks that the word of strangers may cause: so many at once, and so many a second in the long run; those that lead to
 * an emission do not count.
 */
const LOOK_BURST = 100;
const LOOKS_PER_SECOND = 5;
/** Looks under way at the same time. */
const MAX_IN_HAND = 200;
/** Executions started on the word of strangers, as above; those that emit something do not count. */
const BLIND_BURST = 30;
const BLIND_PER_SECOND = 0.1;
/** Said to be over and not so: looked at again after these pauses, then when the timer comes round. */
const RUNNING_PAUSES_MS = [5000, 15_000, 45_000];
/** Not readable: tried again after these pauses, the last one again and again. */
const UNREAD_PAUSES_MS = [5000, 15_000, 45_000, 120_000, 300_000, 600_000];
/** Calls about what was refused are not followed for this long, doubling every time. */
const REFUSED_MS = 60_000;
const MAX_REFUSED_MS = 600_000;
/** Executions for one generation that end well without emitting it: it was emitted by somebody else. */
const MAX_VAIN = 3;
const FINGERPRINT_LENGTH = 12;

/** Ids longer than any provider's, or with characters that none uses, are junk. */
const ID = /^(?!\.+$)[\w.:~-]{1,200}$/;

export function isId(value: unknown): value is string {
	return typeof value === 'string' && ID.test(value);
}

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

function pauseOf(pauses: readonly number[], turn: number): number {
	return pauses[Math.min(turn, pauses.length) - 1] ?? 0;
}

function dropOldest(map: { size: number; keys(): Iterator<string>; delete(key: string): unknown }, max: number): void {
	if (map.size < max) return;
	const oldest = map.keys().next();
	if (oldest.done !== true) map.delete(oldest.value);
}

export class TriggerState {
	/** Set while the trigger itself runs in this process: what is due is then looked at at once. */
	onDue: (() => void) | null = null;
	/** The trigger's address was found to be out of the provider's reach: nothing is asked meanwhile. */
	isAddressRefused = false;
	/** What is stored with the workflow was read once. */
	hasLearnt = false;

	private readonly emitted = new Set<string>();
	private readonly open = new Map<string, Open>();
	private readonly refused = new Map<string, { until: number; times: number }>();
	private readonly passed = new Map<string, { until: number; times: number }>();
	private readonly looks = new TokenBucket(LOOK_BURST, LOOKS_PER_SECOND);
	private readonly passes = new TokenBucket(LOOK_BURST, LOOKS_PER_SECOND);
	private readonly blind = new TokenBucket(BLIND_BURST, BLIND_PER_SECOND);
	private holds = 0;

	/** Takes note of a callback, without asking anybody. */
	hear(provider: string, hint: CallbackHint, wanted: readonly TriggerEvent[], hasList: boolean, now: number): Admission {
		const { generationId } = hint;
		if (this.isEmitted(emissionKey(provider, { generationId, status: 'completed' }))) return 'repeat';
		if (this.isRefused(generationId, now)) return 'repeat';
		const event = eventOf(hint.status);
		const isWanted = wanted.includes(event);
		// What runs is noted: if its end is not announced, the timer finds it. A list finds it anyway.
		if (!isWanted && (event !== 'progress' || hasList)) return 'unwanted';
		if (isWanted && event === 'progress' && this.isEmitted(emissionKey(provider, hint))) return 'repeat';

		const known = this.open.get(generationId);
		const isSaidOver = isWanted && event !== 'progress';
		if (!known) {
			if (this.open.size >= MAX_OPEN) this.giveUpOld(now);
			if (this.open.size >= MAX_OPEN) return 'refused';
			this.add(generationId, now, { dueAt: isWanted ? now : null, isFresh: isWanted, isSaidOver });
			return 'noted';
		}
		if (!isWanted) return 'repeat';
		const isNews = isSaidOver && !known.isSaidOver;
		known.isSaidOver ||= isSaidOver;
		if (known.hold !== null) {
			known.isSaidAgain ||= isSaidOver;
			return 'repeat';
		}
		if (known.dueAt !== null && !isNews) return 'repeat';
		known.dueAt = isNews ? now : Math.max(now, known.notBefore);
		if (known.looks === 0) known.isFresh = true;
		return 'known';
	}

	/**
	 * For a process in which the trigger itself does not run: whether a call may start an execution. Repeats are held off
	 * for `windowMs`, doubling, and no longer than a minute.
	 */
	mayPass(key: string, now: number, windowMs: number): 'pass' | 'repeat' | 'refused' {
		if (this.isEmitted(key)) return 'repeat';
		const before = this.passed.get(key);
		if (before && now < before.until) return 'repeat';
		if (!this.passes.take(now)) return 'refused';
		const times = (before?.times ?? 0) + 1;
		this.passed.delete(key);
		dropOldest(this.passed, MAX_REFUSED);
		this.passed.set(key, { until: now + Math.min(windowMs * 2 ** (times - 1), 60_000), times });
		return 'pass';
	}

	/** Takes note of a generation that is going to call, so that the timer knows of it; the callback then is no news. */
	announce(provider: string, generationId: string, now: number): Admission {
		if (this.isEmitted(emissionKey(provider, { generationId, status: 'completed' }))) return 'repeat';
		if (this.open.has(generationId)) return 'repeat';
		if (this.open.size >= MAX_OPEN + MAX_ANNOUNCED) return 'refused';
		this.add(generationId, now, { isAnnounced: true });
		return 'noted';
	}

	/** Whether some are being looked at, here or in executions. */
	get hasInHand(): boolean {
		return [...this.open.values()].some(({ hold }) => hold !== null);
	}

	/** How many are being looked at, here or in executions, or are due. */
	busyWith(now: number): number {
		let count = 0;
		for (const { hold, dueAt } of this.open.values()) if (hold !== null || (dueAt !== null && dueAt <= now)) count++;
		return count;
	}

	/**
	 * What is to be looked at now, as far as the pace allows; it is in hand until it is settled.
	 *
	 * @param isShared one execution is started for all that need no look before
	 */
	takeDue(now: number, isShared = false): Due[] {
		const due: Due[] = [];
		let room = MAX_IN_HAND;
		for (const entry of this.open.values()) if (entry.hold !== null) room--;
		const waiting = [...this.open].filter(([, { hold, dueAt }]) => hold === null && dueAt !== null && dueAt <= now);
		waiting.sort(([, a], [, b]) => Number(b.isAnnounced) - Number(a.isAnnounced));
		for (const [generationId, entry] of waiting) {
			if (room-- <= 0 || !this.looks.take(now)) break;
			const isCovered = isShared && due.some(({ isBlind }) => isBlind);
			due.push({ generationId, isBlind: entry.isFresh && (isCovered || this.blind.take(now)) });
			this.take(entry);
		}
		return due;
	}

	/** Takes in hand what somebody found; `false` when it is in hand, emitted or refused already. */
	hold(key: string, generationId: string, now: number): boolean {
		if (this.isEmitted(key) || this.isRefused(generationId, now)) return false;
		const entry = this.open.get(generationId) ?? this.add(generationId, now, {});
		if (entry.hold !== null) return false;
		this.take(entry);
		return true;
	}

	/** Number of the look that is under way; `null` when there is none. */
	holdOf(generationId: string): number | null {
		return this.open.get(generationId)?.hold ?? null;
	}

	/** When to look next, in milliseconds since 1970; `null` when nothing waits for a time. */
	nextLookAt(now: number): number | null {
		let next: number | null = null;
		for (const { hold, dueAt } of this.open.values()) {
			if (hold === null && dueAt !== null && (next === null || dueAt < next)) next = dueAt;
		}
		return next === null ? null : Math.max(next, now + this.looks.waitMs(now));
	}

	/** The timer came round: everything that waits for it is due. What is too old is given up. */
	makeDue(now: number): void {
		this.giveUpOld(now);
		for (const entry of this.open.values()) if (entry.hold === null) entry.dueAt ??= now;
	}

	/** What came of looking at an id. One that is not open, as in another process, is only remembered as refused. */
	settle(generationId: string, finding: Finding, now: number, pauseMs: number | null = null): void {
		const entry = this.open.get(generationId);
		if (finding === 'refused') {
			const times = (this.refused.get(generationId)?.times ?? 0) + 1;
			this.refused.delete(generationId);
			dropOldest(this.refused, MAX_REFUSED);
			const until = now + Math.min(REFUSED_MS * 2 ** (times - 1), MAX_REFUSED_MS);
			this.refused.set(generationId, { until, times });
		}
		if (finding === 'over' || finding === 'refused') this.open.delete(generationId);
		if (!entry || finding === 'over' || finding === 'refused') return;
		entry.hold = null;
		entry.looks++;
		if (finding === 'unread') {
			entry.dueAt = now + Math.max(pauseOf(UNREAD_PAUSES_MS, entry.looks), pauseMs ?? 0);
			entry.notBefore = entry.dueAt;
			return;
		}
		entry.notBefore = now + pauseOf(RUNNING_PAUSES_MS, entry.looks);
		const isExpected = entry.isSaidOver && entry.looks <= RUNNING_PAUSES_MS.length;
		entry.dueAt = isExpected || entry.isSaidAgain ? entry.notBefore : null;
	}

	/**
	 * An execution ended without telling what came of an id: it ran in another process, or broke off. Looked at again,
	 * unless executions ended well for it again and again: then it was emitted before.
	 */
	settleUntold(key: string, generationId: string, endedWell: boolean, now: number): void {
		const entry = this.open.get(generationId);
		if (!entry) return;
		if (endedWell) entry.vain++;
		if (entry.vain < MAX_VAIN) {
			this.settle(generationId, 'unread', now);
			return;
		}
		this.markEmitted(key);
		this.settle(generationId, 'over', now);
	}

	isEmitted(key: string): boolean {
		return this.emitted.has(short(key));
	}

	markEmitted(key: string): void {
		this.addEmitted(short(key));
	}

	/** The word of a stranger was true. */
	trust(): void {
		this.blind.give();
		this.looks.give();
	}

	/** Adds what is stored with the workflow. */
	learn(provider: string, stored: StoredState, now: number): void {
		this.hasLearnt = true;
		for (const key of toArray(stored.emitted)) {
			if (typeof key === 'string' && !this.emitted.has(key)) this.addEmitted(key);
		}
		for (const [generationId, since] of openOf(stored)) {
			const isDone =
				this.isEmitted(emissionKey(provider, { generationId, status: 'completed' })) || this.isRefused(generationId, now);
			if (isDone || this.open.size >= MAX_OPEN + MAX_ANNOUNCED || this.open.has(generationId)) continue;
			this.add(generationId, since, { dueAt: now });
		}
	}

	/** What is to be stored with the workflow, in place of what was. */
	toStore(): StoredState {
		return {
			emitted: [...this.emitted].slice(-MAX_EMITTED_STORED),
			open: [...this.open].map(([generationId, { since }]) => [generationId, since]),
		};
	}

	private isRefused(generationId: string, now: number): boolean {
		return now < (this.refused.get(generationId)?.until ?? 0);
	}

	private giveUpOld(now: number): void {
		for (const [generationId, { hold, since }] of this.open) {
			if (hold === null && now - since > MAX_AGE_MS) this.open.delete(generationId);
		}
	}

	private add(generationId: string, since: number, set: Partial<Open>): Open {
		const entry: Open = {
			since,
			dueAt: null,
			notBefore: 0,
			looks: 0,
			vain: 0,
			isAnnounced: false,
			isFresh: false,
			isSaidOver: false,
			hold: null,
			isSaidAgain: false,
			...set,
		};
		this.open.set(generationId, entry);
		return entry;
	}

	private take(entry: Open): void {
		entry.hold = ++this.holds;
		entry.isFresh = false;
		entry.isSaidAgain = false;
		entry.dueAt = null;
	}

	private addEmitted(key: string): void {
		this.emitted.delete(key);
		dropOldest(this.emitted, MAX_EMITTED);
		this.emitted.add(key);
	}
}

/**
 * What to store where the trigger itself does not run: what is stored already, and more ids. Its own memory is not the
 * whole truth there.
 */
export function withOpen(stored: StoredState, generationIds: readonly string[], now: number): StoredState {
	const open = openOf(stored).filter(([id]) => !generationIds.includes(id));
	const added = generationIds.map((id): [string, number] => [id, now]);
	return { emitted: toArray(stored.emitted), open: [...open, ...added].slice(-MAX_OPEN - MAX_ANNOUNCED) };
}

function toArray(value: unknown): unknown[] {
	return Array.isArray(value) ? [...(value as unknown[])] : [];
}

function openOf(stored: StoredState): Array<[string, number]> {
	return toArray(stored.open).flatMap((pair): Array<[string, number]> => {
		const [generationId, since] = toArray(pair);
		return isId(generationId) && typeof since === 'number' ? [[generationId, since]] : [];
	});
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
