/**
 * What survives a crash of n8n.
 *
 * n8n stores a node's context when the execution ends, fails, is stopped or is suspended, and loses it when n8n is
 * killed. A retry of the execution then starts from the beginning and would buy everything again. The only place to
 * which a node can write immediately is n8n's deduplication store. So each request is recorded there before it is sent,
 * with its time, and afterwards with the id of its generation: a retry continues with that generation.
 *
 * The store holds hashes and only answers whether it has a value. So text is recorded as one value per character, and
 * read by asking for every possible character. The store is read, changed and written as a whole: within this process,
 * calls are queued and batched; concurrent writes by several processes may be lost, and then the retry reports the
 * request as in doubt.
 */
import type { IExecuteFunctions } from 'n8n-workflow';
import type { RequestKey } from './ledger';
import { fingerprint } from './ledger';

export type DeduplicationStore = Pick<IExecuteFunctions['helpers'], 'checkProcessedAndRecord' | 'removeProcessed'>;

/** What an earlier run of the same execution recorded, before n8n crashed. */
export interface Recorded {
	/** When the request was sent, in milliseconds since 1970. */
	sentAt: number;
	/** `null` if the answer had not arrived, or can no longer be reconstructed. */
	generationId: string | null;
}

/** The same, with what identifies the request. */
interface Entry extends Recorded {
	hashes: string[];
}

/** What an execution recorded, as stored in the node's context. */
export type Entries = Record<string, Entry>;

export interface CrashRecordOptions {
	store: DeduplicationStore;
	/** Identifies the place in the store: workflow and node. */
	place: string;
	/** Identifies the execution, including its retries. */
	execution: string;
	/** In the node's context: what this execution recorded and n8n still has. */
	mine: Entries;
	onTrouble: (error: unknown) => void;
}

/** Values that n8n keeps per node, oldest dropped first. A generation needs about fifty while its execution runs. */
const MAX_VALUES = 20_000;
/** Only while a crashed execution is retried: queries must not evict what they ask for. */
const MAX_VALUES_ASKED = 200_000;
/** Values in one call of the store. */
const MAX_BATCH = 20_000;
/** Characters of ids, by name of the set: those of a UUID, and all printable ones except the space. */
const ALPHABETS: ReadonlyArray<readonly [string, readonly string[]]> = [
	// Most ids are UUIDs, and each position is queried for every character of the set.
	['uuid', Array.from('0123456789abcdef-')],
	['text', Array.from({ length: 94 }, (_, n) => String.fromCharCode(33 + n))],
];
const MAX_LENGTH = 80;
const DIGITS = Array.from('0123456789');
const TIME_LENGTH = 13;

/** Values to add, to remove, or only to query, which also adds them. */
interface Change {
	kind: 'add' | 'ask' | 'remove';
	values: readonly string[];
	done: (known: ReadonlySet<string>) => void;
}

/** Changes queued for the store, by place: those of all executions, in order. */
const queues = new Map<string, Change[]>();

export class CrashRecord {
	private latest: Promise<unknown> = Promise.resolve();

	constructor(private readonly options: CrashRecordOptions) {}

	/**
	 * Records that an item's request is about to be sent.
	 *
	 * @param now milliseconds since 1970
	 * @returns what an earlier, lost run of this execution recorded for it; then nothing must be sent
	 */
	async begin(itemIndex: number, now: number, { requestHash, parametersHash }: RequestKey): Promise<Recorded | null> {
		const { mine } = this.options;
		const key = this.nextKey(itemIndex);
		const hashes = [requestHash, ...(parametersHash === null ? [] : [parametersHash])];
		const fresh: Entry = { sentAt: now, generationId: null, hashes };
		mine[key] = fresh;
		const values = valuesOf(key, fresh);
		const known = await this.change('add', values);
		if (!known.has(key)) return null;
		// This run's time must not be mixed with the earlier one.
		await this.change('remove', values.filter((value) => !known.has(value)));
		const recorded = await this.read(key);
		mine[key] = { ...recorded, hashes };
		if (hashes.some((hash) => known.has(hashValue(key, hash)))) return recorded;
		// The workflow has changed and requests something else: that gets the next number.
		return await this.begin(itemIndex, now, { requestHash, parametersHash });
	}

	/** A name for the item's next request, the same in a retry of the execution. */
	nameOf(itemIndex: number, requestHash: string): string {
		return fingerprint([this.nextKey(itemIndex), requestHash]).slice(0, 12);
	}

	/** The provider accepted the item's latest request. */
	accepted(itemIndex: number, generationId: string): void {
		const key = this.lastKey(itemIndex);
		const recorded = this.options.mine[key];
		if (!recorded || recorded.generationId !== null) return;
		recorded.generationId = generationId;
		this.latest = this.change('add', idValues(key, generationId));
	}

	/** Waits until all known ids are recorded. */
	async settled(): Promise<void> {
		await this.latest;
	}

	/** The request was refused, or not sent after all. */
	withdraw(itemIndex: number): void {
		const { mine } = this.options;
		const key = this.lastKey(itemIndex);
		const recorded = mine[key];
		Reflect.deleteProperty(mine, key);
		if (recorded) void this.change('remove', valuesOf(key, recorded));
	}

	/** The execution succeeded: it will not be retried. */
	async clear(): Promise<void> {
		const { mine } = this.options;
		await this.change('remove', Object.entries(mine).flatMap(([key, recorded]) => valuesOf(key, recorded)));
		for (const key of Object.keys(mine)) Reflect.deleteProperty(mine, key);
	}

	/**
	 * An item's requests are numbered in the order in which the execution sends them, such as in the rounds of a loop: after
	 * a crash, n8n may count the node's runs differently.
	 */
	private nextKey(itemIndex: number): string {
		return this.keyOf(itemIndex, this.countOf(itemIndex));
	}

	private lastKey(itemIndex: number): string {
		return this.keyOf(itemIndex, this.countOf(itemIndex) - 1);
	}

	private countOf(itemIndex: number): number {
		let count = 0;
		while (this.options.mine[this.keyOf(itemIndex, count)] !== undefined) count++;
		return count;
	}

	private keyOf(itemIndex: number, number: number): string {
		return `${this.options.execution} ${itemIndex} ${number}`;
	}

	/** Consecutive changes of the same kind are batched into one call. Never throws. */
	private async change(kind: Change['kind'], values: readonly string[]): Promise<ReadonlySet<string>> {
		if (values.length === 0) return new Set();
		const { place } = this.options;
		return await new Promise((done) => {
			const queue = queues.get(place);
			if (queue) queue.push({ kind, values, done });
			else {
				queues.set(place, [{ kind, values, done }]);
				void this.writeAll();
			}
		});
	}

	private async writeAll(): Promise<void> {
		const { place } = this.options;
		// Collects everything queued in the same tick.
		await Promise.resolve();
		for (const queue = queues.get(place) ?? []; queue.length > 0; ) {
			const kind = queue[0]?.kind ?? 'add';
			let size = 0;
			const end = queue.findIndex((change, n) => {
				size += change.values.length;
				return change.kind !== kind || (n > 0 && size > MAX_BATCH);
			});
			const changes = queue.splice(0, end < 0 ? queue.length : end);
			const known = await this.write(kind, changes.flatMap(({ values }) => values));
			for (const { done } of changes) done(known);
		}
		queues.delete(place);
	}

	/** @returns the values that the store already had; none if it fails */
	private async write(kind: Change['kind'], values: string[]): Promise<Set<string>> {
		const { store, onTrouble } = this.options;
		const once = async (): Promise<Set<string>> => {
			if (kind === 'remove') {
				await store.removeProcessed(values, 'node', { mode: 'entries' });
				return new Set();
			}
			const maxEntries = kind === 'ask' ? MAX_VALUES_ASKED : MAX_VALUES;
			const result = await store.checkProcessedAndRecord(values, 'node', { mode: 'entries', maxEntries });
			return new Set(result.processed.map(String));
		};
		try {
			// If two processes create the first record at the same time, one fails and finds it on its second try.
			return await once().catch(once);
		} catch (error) {
			onTrouble(error);
			return new Set();
		}
	}

	/** What an earlier run recorded under a key. */
	private async read(key: string): Promise<Recorded> {
		const time = await this.readText(`${key} at`, TIME_LENGTH, DIGITS);
		const forms = ALPHABETS.flatMap(([name, characters]) =>
			Array.from({ length: MAX_LENGTH }, (_, n) => ({ value: formOf(key, name, n + 1), length: n + 1, characters })),
		);
		const known = await this.having(forms.map(({ value }) => value));
		const form = forms.find(({ value }) => known.has(value));
		const id = form ? await this.readText(`${key} id`, form.length, form.characters) : null;
		return { sentAt: time === null ? 0 : Number(time), generationId: id };
	}

	private async readText(name: string, length: number, characters: readonly string[]): Promise<string | null> {
		const positions = Array.from({ length }, (_, n) => n);
		const known = await this.having(
			positions.flatMap((position) => characters.map((character) => valueOf(name, position, character))),
		);
		const text = positions.map((position) => characters.filter((character) => known.has(valueOf(name, position, character))));
		// A lost character, or two at the same position, make the text unreadable.
		return text.every(({ length: found }) => found === 1) ? text.flat().join('') : null;
	}

	/** The values that the store has. Asking records them, so the others are removed again. */
	private async having(values: readonly string[]): Promise<ReadonlySet<string>> {
		const known = await this.change('ask', values);
		await this.change('remove', values.filter((value) => !known.has(value)));
		return known;
	}
}

function valueOf(name: string, position: number, character: string): string {
	return `${name} ${position} ${character}`;
}

function spelled(name: string, text: string): string[] {
	return Array.from(text, (character, position) => valueOf(name, position, character));
}

function hashValue(key: string, hash: string): string {
	return `${key} for ${hash}`;
}

function valuesOf(key: string, { sentAt, generationId, hashes }: Entry): string[] {
	const time = String(sentAt).padStart(TIME_LENGTH, '0');
	return [
		key,
		...hashes.map((hash) => hashValue(key, hash)),
		...spelled(`${key} at`, time),
		...(generationId === null ? [] : idValues(key, generationId)),
	];
}

function formOf(key: string, alphabet: string, length: number): string {
	return `${key} id ${alphabet} ${length}`;
}

/** Values that spell an id; none if it has other characters. */
function idValues(key: string, generationId: string): string[] {
	const alphabet = ALPHABETS.find(([, characters]) => Array.from(generationId).every((each) => characters.includes(each)));
	if (!alphabet || generationId.length > MAX_LENGTH || generationId === '') return [];
	return [formOf(key, alphabet[0], generationId.length), ...spelled(`${key} id`, generationId)];
}
