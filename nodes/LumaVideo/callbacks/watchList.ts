/**
 * The generations that one trigger watches, in the memory of one process, and when each is read next. Pure: time is a
 * parameter, in milliseconds.
 *
 * A generation is known if it was announced, or was read with the credential's key. Any other is a stranger's claim:
 * these have a small quota of their own and never take the place of known ones.
 */
import { fingerprint } from '../generation/ledger';
import type { Expectation } from '../generation/schedule';
import { UNKNOWN_EXPECTED_MS, nextReadDelayMs } from '../generation/schedule';
import type { AnnouncedGeneration, Reference } from '../transport/announce';

/** The result of reading a generation. */
export type Finding =
	/** Nothing more to emit for it. */
	| 'over'
	| 'running'
	/** The provider does not know it, which may change shortly after it was created. */
	| 'notFound'
	/** The read failed, or the execution that should have emitted it did not get that far. */
	| 'unread';

/** How often to read. */
export interface Pace {
	/** Whether the provider calls back when a generation ends. */
	calls: boolean;
	/** How often to look for missed calls, in milliseconds; `null`: never. */
	missedMs: number | null;
	expectation(kind: string, guessMs: number): Expectation;
}

interface Watched {
	/** When it was submitted, as far as is known. */
	since: number;
	/** See `AnnouncedGeneration`; both `null` if it was not announced. */
	kind: string | null;
	expectedMs: number | null;
	reference: Reference | null;
	isKnown: boolean;
	/** The provider, or somebody in its name, said that it has ended. */
	isCalled: boolean;
	lookedAt: number;
	dueAt: number;
	/** Consecutive reads without news. */
	vain: number;
	/** Number of the read in progress. */
	hold: number | null;
}

/** What is stored with the workflow. */
export interface StoredList {
	watched: Array<[string, Pick<Watched, 'since' | 'kind' | 'expectedMs' | 'reference' | 'isKnown'>]>;
	/** Fingerprints of the latest emissions, so that repeated calls cost nothing after a restart. */
	emitted: string[];
}

/** Generations older than this are neither watched nor emitted. */
export const MAX_AGE_MS = 7 * 24 * 3_600_000;

const MAX_KNOWN = 5000;
const MAX_STRANGERS = 100;
/** How many strangers are stored: enough for normal use, and a flood does not write to the database. */
const MAX_STRANGERS_STORED = 10;
const MAX_EMITTED = 3000;
const MAX_EMITTED_STORED = 500;
const FINGERPRINT_LENGTH = 12;
/** Back-off after reads without news; the last one repeats. */
const PAUSES_MS = [5000, 15_000, 45_000, 120_000, 300_000, 600_000];
/** After a call, this many reads that find it still running mean that the call was wrong. */
const MAX_LOOKS_CALLED = 3;
/** Not found this many times: it does not exist, or no longer exists. */
const MAX_NOT_FOUND = { known: 10, stranger: 5 };
/** The pause after a stranger's false claim before the next stranger is read. */
const STRANGER_MS = 500;
/** A call counts as missed after this multiple of the expected time. */
const MISSED_AFTER = 1.5;
/** The shortest time between two reads because of calls. */
const AGAIN_MS = 2000;
/** The shortest interval between reads without callbacks, as a fraction of the elapsed time. */
const OLD_INTERVAL = 0.02;

export class WatchList {
	/** Fingerprints of recent emissions. */
	private readonly emitted = new Set<string>();
	private readonly watched = new Map<string, Watched>();
	private strangers = 0;
	private strangerAt = 0;
	private holds = 0;

	constructor(private pace: Pace) {}

	/** Starts over for a newer version of the workflow: reads that an earlier one had in progress are repeated. */
	restart(pace: Pace): void {
		this.pace = pace;
		for (const entry of this.watched.values()) entry.hold = null;
	}

	get(id: string): Readonly<Watched> | undefined {
		return this.watched.get(id);
	}

	/** Whether strangers are few enough to be stored. */
	get isCalm(): boolean {
		return this.strangers <= MAX_STRANGERS_STORED;
	}

	/** Notes what the Luma Video node bought; `false` when there is no room. */
	announce({ id, submittedAt, kind, expectedMs }: AnnouncedGeneration, reference: Reference | null, now: number): boolean {
		const before = this.watched.get(id);
		if (!before && this.watched.size - this.strangers >= MAX_KNOWN) return false;
		const entry = before ?? this.add(id, now, true);
		this.makeKnown(entry);
		Object.assign(entry, { since: Math.min(submittedAt, now), kind, expectedMs, reference });
		if (!entry.isCalled && entry.hold === null) entry.dueAt = this.nextLookAt(entry, now);
		return true;
	}

	/**
	 * Notes a call about a generation, which is then read soon.
	 *
	 * @param isSaidOver whether the call says that it has ended
	 * @returns whether it is `new`, was `known`, or is `refused` because there is no room for strangers
	 */
	call(id: string, isSaidOver: boolean, reference: Reference | null, now: number): 'known' | 'new' | 'refused' {
		const before = this.watched.get(id);
		if (before) {
			// Further calls do not speed up the back-off.
			if (!before.isCalled) before.dueAt = Math.max(now, before.lookedAt + AGAIN_MS);
			before.isCalled ||= isSaidOver;
			return 'known';
		}
		if (this.strangers >= MAX_STRANGERS && !this.dropStranger()) return 'refused';
		Object.assign(this.add(id, now, false), { reference, isCalled: isSaidOver });
		return 'new';
	}

	/** What to read now, strangers last and one at a time; each is on hold until it is settled. */
	takeDue(now: number, room: number): string[] {
		const due = [...this.watched].filter(([, { hold, dueAt }]) => hold === null && dueAt <= now).sort(([, a], [, b]) => a.dueAt - b.dueAt);
		const stranger = this.strangersFrom <= now ? due.filter(([, { isKnown }]) => !isKnown).slice(0, 1) : [];
		const taken = [...due.filter(([, { isKnown }]) => isKnown), ...stranger].slice(0, Math.max(room, 0));
		for (const [, entry] of taken) entry.hold = ++this.holds;
		return taken.map(([id]) => id);
	}

	/** Puts on hold what was found in another way; `false` when it is on hold already. */
	hold(id: string, now: number): boolean {
		const entry = this.watched.get(id) ?? this.add(id, now, true);
		if (entry.hold !== null) return false;
		entry.hold = ++this.holds;
		return true;
	}

	/** When the next read is due, in milliseconds since 1970; `Infinity` when none is. */
	nextDueAt(): number {
		let next = Infinity;
		for (const { hold, dueAt, isKnown } of this.watched.values()) {
			if (hold === null) next = Math.min(next, isKnown ? dueAt : Math.max(dueAt, this.strangersFrom));
		}
		return next;
	}

	/** Records the result of a read; `false` when the generation is dropped because the provider does not know it. */
	settle(id: string, finding: Finding, now: number, pauseMs = 0): boolean {
		const entry = this.watched.get(id);
		if (!entry) return true;
		Object.assign(entry, { hold: null, lookedAt: now });
		if (!entry.isKnown && finding === 'notFound') this.strangerAt = now + STRANGER_MS;
		const isGivenUp = finding === 'notFound' && entry.vain + 1 >= (entry.isKnown ? MAX_NOT_FOUND.known : MAX_NOT_FOUND.stranger);
		if (finding === 'over' || isGivenUp || now - entry.since > MAX_AGE_MS) {
			this.drop(id);
			return !isGivenUp;
		}
		if (finding === 'running') {
			this.makeKnown(entry);
			if (!entry.isCalled || entry.vain >= MAX_LOOKS_CALLED) {
				Object.assign(entry, { isCalled: false, vain: 0 });
				entry.dueAt = this.nextLookAt(entry, now);
				return true;
			}
		}
		entry.dueAt = now + Math.max(PAUSES_MS[Math.min(entry.vain++, PAUSES_MS.length - 1)] ?? 0, pauseMs);
		return true;
	}

	isEmitted(key: string): boolean {
		return this.emitted.has(short(key));
	}

	markEmitted(key: string): void {
		this.emitted.add(short(key));
		const [oldest] = this.emitted;
		if (this.emitted.size > MAX_EMITTED && oldest !== undefined) this.emitted.delete(oldest);
	}

	/** Adds what is stored with the workflow. It may have ended in the meantime, so it is read. */
	learn({ watched, emitted }: StoredList, now: number): void {
		for (const each of emitted) this.emitted.add(each);
		for (const [id, about] of watched) {
			if (this.watched.has(id) || now - about.since > MAX_AGE_MS) continue;
			const entry = Object.assign(this.add(id, now, about.isKnown), about);
			// A call may have been missed. Without callbacks, one that has barely started is not read yet.
			if (!this.pace.calls && now - about.since < (about.expectedMs ?? 0) / 2) entry.dueAt = this.nextLookAt(entry, now);
		}
	}

	/** What to store with the workflow. */
	toStore(): StoredList {
		return {
			watched: [...this.watched]
				.filter(([, { isKnown }]) => isKnown || this.isCalm)
				.map(([id, { since, kind, expectedMs, reference, isKnown }]) => [id, { since, kind, expectedMs, reference, isKnown }]),
			emitted: [...this.emitted].slice(-MAX_EMITTED_STORED),
		};
	}

	/** When the next stranger may be read; one at a time. */
	private get strangersFrom(): number {
		for (const { hold, isKnown } of this.watched.values()) if (hold !== null && !isKnown) return Infinity;
		return this.strangerAt;
	}

	private nextLookAt({ since, kind, expectedMs }: Watched, now: number): number {
		const { calls, missedMs } = this.pace;
		const elapsed = now - since;
		const expected = this.pace.expectation(kind ?? '', expectedMs ?? UNKNOWN_EXPECTED_MS);
		if (!calls) return now + Math.max(nextReadDelayMs(elapsed, expected), elapsed * OLD_INTERVAL);
		if (missedMs === null) return Infinity;
		const missedAt = since + expected.ms * MISSED_AFTER;
		return now < missedAt ? missedAt : now + missedMs;
	}

	private add(id: string, now: number, isKnown: boolean): Watched {
		const entry: Watched = { since: now, kind: null, expectedMs: null, reference: null, isKnown, isCalled: false, lookedAt: 0, dueAt: now, vain: 0, hold: null };
		this.watched.set(id, entry);
		if (!isKnown) this.strangers++;
		return entry;
	}

	private drop(id: string): void {
		if (this.watched.get(id)?.isKnown === false) this.strangers--;
		this.watched.delete(id);
	}

	private makeKnown(entry: Watched): void {
		if (!entry.isKnown) this.strangers--;
		entry.isKnown = true;
	}

	/** Makes room for a stranger by dropping the one with the most reads without news. */
	private dropStranger(): boolean {
		let worst: { id: string | null; vain: number } = { id: null, vain: 0 };
		for (const [id, { isKnown, hold, vain }] of this.watched) if (!isKnown && hold === null && vain > worst.vain) worst = { id, vain };
		if (worst.id !== null) this.drop(worst.id);
		return worst.id !== null;
	}
}

function short(key: string): string {
	return fingerprint(key).slice(0, FINGERPRINT_LENGTH);
}
