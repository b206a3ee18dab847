/**
 * The generations that one trigger watches, and what it has emitted, in the memory of one process. Pure: time is a
 * parameter, in milliseconds since 1970.
 *
 * A generation is known if it was announced, or was read with the credential's key. Any other is a stranger's claim:
 * these have a small room of their own and never take the place of known ones.
 */
import { fingerprint } from '../generation/ledger';
import type { AnnouncedGeneration, Reference } from '../transport/announce';

/** A generation that is watched. */
export interface Watched {
	/** When it was submitted, as far as is known. */
	since: number;
	/** See `AnnouncedGeneration`; both `null` if it was not announced. */
	kind: string | null;
	expectedMs: number | null;
	reference: Reference | null;
	/** The provider, or somebody in its name, said that it has ended. */
	isCalled: boolean;
	/** Consecutive reads without news. */
	vain: number;
	/** Ends the pause before the next read. */
	wake(): void;
}

/** What is stored with the workflow. */
export interface StoredList {
	watched: Array<[string, Pick<Watched, 'expectedMs' | 'kind' | 'reference' | 'since'> & { isKnown: boolean }]>;
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

export class WatchList {
	/** Starts to watch a generation, at once if it is due; set while the trigger itself runs in this process. */
	follow: ((id: string, watched: Watched, isDue: boolean) => void) | null = null;
	/** Called when the emission with that key is recorded. */
	readonly whenEmitted = new Map<string, (value: undefined) => void>();
	private readonly known = new Map<string, Watched>();
	private readonly strangers = new Map<string, Watched>();
	/** Fingerprints of recent emissions. */
	private readonly emitted = new Set<string>();

	get(id: string): Watched | undefined {
		return this.known.get(id) ?? this.strangers.get(id);
	}

	isKnown(id: string): boolean {
		return this.known.has(id);
	}

	all(): Array<[string, Watched]> {
		return [...this.known, ...this.strangers];
	}

	/** Whether strangers are few enough to be stored. */
	get isCalm(): boolean {
		return this.strangers.size <= MAX_STRANGERS_STORED;
	}

	/** Notes what the Luma Video node bought; `false` when there is no room. */
	announce({ id, submittedAt, kind, expectedMs }: AnnouncedGeneration, reference: Reference | null, now: number): boolean {
		const about = { since: Math.min(submittedAt, now), kind, expectedMs, reference };
		const known = this.known.get(id);
		if (!known && this.known.size >= MAX_KNOWN) return false;
		if (known) Object.assign(known, about);
		else this.add(id, about, true, this.strangers.get(id)?.isCalled);
		return true;
	}

	/**
	 * Notes a call about a generation, which is then read soon.
	 *
	 * @param isSaidOver whether the call says that it has ended
	 * @returns whether it is `new`, was `noted` before, or is `refused` because there is no room for strangers
	 */
	call(id: string, isSaidOver: boolean, reference: Reference | null, now: number): 'new' | 'noted' | 'refused' {
		const before = this.get(id);
		if (before) {
			// Further calls do not speed up the back-off.
			if (!before.isCalled) before.wake();
			before.isCalled ||= isSaidOver;
			return 'noted';
		}
		if (this.strangers.size >= MAX_STRANGERS) {
			// One that was read in vain makes room.
			const [dropped] = [...this.strangers].find(([, { vain }]) => vain > 0) ?? [];
			if (dropped === undefined) return 'refused';
			this.drop(dropped);
		}
		this.add(id, { since: now, kind: null, expectedMs: null, reference }, false, isSaidOver);
		return 'new';
	}

	/** Notes that a generation was read with our key, or is in the account's list. */
	makeKnown(id: string, now: number): void {
		const stranger = this.strangers.get(id);
		if (stranger) this.known.set(id, stranger);
		else if (!this.known.has(id)) this.add(id, { since: now, kind: null, expectedMs: null, reference: null }, true, true);
		this.strangers.delete(id);
	}

	drop(id: string): void {
		this.known.delete(id);
		this.strangers.delete(id);
	}

	isEmitted(key: string): boolean {
		return this.emitted.has(short(key));
	}

	markEmitted(key: string): void {
		this.emitted.add(short(key));
		const [oldest] = this.emitted;
		if (this.emitted.size > MAX_EMITTED && oldest !== undefined) this.emitted.delete(oldest);
		this.whenEmitted.get(key)?.(undefined);
	}

	/** Adds what is stored with the workflow. */
	learn({ watched, emitted }: StoredList, now: number): void {
		for (const each of emitted) this.emitted.add(each);
		for (const [id, { isKnown, ...about }] of watched) {
			if (!this.get(id) && now - about.since <= MAX_AGE_MS) this.add(id, about, isKnown, true);
		}
	}

	/** What to store with the workflow. */
	toStore(): StoredList {
		const stored = (list: Map<string, Watched>, isKnown: boolean): StoredList['watched'] =>
			[...list].map(([id, { since, kind, expectedMs, reference }]) => [id, { since, kind, expectedMs, reference, isKnown }]);
		return {
			watched: [...stored(this.known, true), ...(this.isCalm ? stored(this.strangers, false) : [])],
			emitted: [...this.emitted].slice(-MAX_EMITTED_STORED),
		};
	}

	private add(id: string, about: Pick<Watched, 'expectedMs' | 'kind' | 'reference' | 'since'>, isKnown: boolean, isCalled = false): void {
		const watched = { ...about, isCalled, vain: 0, wake: () => undefined };
		this.strangers.delete(id);
		(isKnown ? this.known : this.strangers).set(id, watched);
		this.follow?.(id, watched, isCalled || !isKnown);
	}
}

function short(key: string): string {
	return fingerprint(key).slice(0, FINGERPRINT_LENGTH);
}
