/**
 * n8n's deduplication store without its database, step by step as `DeduplicationHelper` of n8n 2.41: it reads, changes
 * and writes without a lock, so whoever writes last wins; the first record of a node is inserted, which the database
 * does for one only.
 */
import { createHash } from 'node:crypto';
import type {
	DeduplicationItemTypes,
	DeduplicationScope,
	ICheckProcessedContextData,
	ICheckProcessedOptions,
	IDataDeduplicator,
	IDeduplicationOutput,
} from 'n8n-workflow';
import { UnexpectedError, tryToParseDateTime } from 'n8n-workflow';
import assert from 'node:assert/strict';
import { lifeOf } from './life';

interface Value {
	mode: ICheckProcessedOptions['mode'];
	data: string[] | DeduplicationItemTypes | undefined;
}

export interface StoreCall {
	method: 'checkProcessedAndRecord' | 'removeProcessed' | 'clearAllProcessedItems' | 'getProcessedDataCount';
	workflowId: string;
	/** Of the node; `undefined` with scope `workflow`. */
	nodeId: string | undefined;
	items: DeduplicationItemTypes[];
	options: ICheckProcessedOptions;
}

/** Whose record: of a node by its id, or of the workflow. */
export interface StorePlace {
	nodeId?: string;
	/** Default: that of workflows without another `workflowId`. */
	workflowId?: string;
}

export interface StoreFailure {
	/** `after write`: recorded, but the caller does not learn of it. */
	at: 'read' | 'write' | 'after write';
	/** How often; default: once. */
	times?: number;
	error?: Error;
}

/** A row as the database gives and takes it: nobody holds what is stored. */
function copyOf<Row extends Value | undefined>(row: Row): Row {
	return row && { ...row, data: Array.isArray(row.data) ? [...row.data] : row.data };
}

class DeduplicationError extends UnexpectedError {
	constructor(message: string) {
		super(`Deduplication Failed: ${message}`);
	}
}

function databaseError(message: string): Error {
	return Object.assign(new Error(message), { name: 'QueryFailedError' });
}

const hashes = new Map<string, string>();

function hashOf(value: DeduplicationItemTypes): string {
	const text = value.toString();
	const hash = hashes.get(text) ?? createHash('md5').update(text).digest('base64');
	hashes.set(text, hash);
	return hash;
}

function contextOf(scope: DeduplicationScope, { node }: ICheckProcessedContextData): string {
	if (scope !== 'node') return '';
	if (!node) throw new DeduplicationError("No node information has been provided and so cannot use scope 'node'");
	return `n:${node.id}`;
}

function compare(mode: ICheckProcessedOptions['mode'], a: DeduplicationItemTypes, b: DeduplicationItemTypes): number {
	if (mode === 'latestIncrementalKey') {
		const [first, second] = [Number(a), Number(b)];
		if (Number.isNaN(first) || Number.isNaN(second)) {
			throw new DeduplicationError('Invalid value. Only numbers are supported in mode "latestIncrementalKey"');
		}
		return Math.sign(first - second);
	}
	try {
		return tryToParseDateTime(a) > tryToParseDateTime(b) ? 1 : -1;
	} catch {
		throw new DeduplicationError('Invalid value. Only valid dates are supported in mode "latestDate"');
	}
}

/** So many are looked up one by one faster than in an index that is made for them. */
const FEW = 4;
const DEFAULT_WORKFLOW_ID = 'engine-test';

export class DeduplicationStore implements IDataDeduplicator {
	/** What n8n was asked, oldest first; also what failed. */
	readonly calls: StoreCall[] = [];
	private readonly rows = new Map<string, Readonly<Value>>();
	private failures: Array<Required<StoreFailure>> = [];
	private held: Promise<void> = Promise.resolve();

	/** The record of a node: mode and what n8n remembers, hashed in mode `entries`. */
	record({ nodeId, workflowId = DEFAULT_WORKFLOW_ID }: StorePlace): Value | undefined {
		return copyOf(this.rows.get(keyOf(workflowId, nodeId === undefined ? '' : `n:${nodeId}`)));
	}

	/** Hashes that are remembered, oldest first. */
	entries(place: StorePlace): string[] {
		const data = this.record(place)?.data;
		return Array.isArray(data) ? data : [];
	}

	/** Whether a value is remembered. */
	has(value: DeduplicationItemTypes, place: StorePlace): boolean {
		return this.entries(place).includes(hashOf(value));
	}

	/** Puts values in, as if they had been recorded before. */
	plant(values: readonly DeduplicationItemTypes[], { nodeId, workflowId = DEFAULT_WORKFLOW_ID }: StorePlace): void {
		const data = [...this.entries({ nodeId, workflowId }), ...values.map(hashOf)];
		this.set(keyOf(workflowId, nodeId === undefined ? '' : `n:${nodeId}`), { mode: 'entries', data });
	}

	/** Lets the database fail at its next reads or writes. */
	fail({ at, times = 1, error = databaseError('SQLITE_BUSY: database is locked') }: StoreFailure): void {
		this.failures.push({ at, times, error });
	}

	/** Holds all writes back until the returned function is called; reads go on. */
	hold(): () => void {
		let release: () => void = () => undefined;
		this.held = new Promise((resolve) => {
			release = resolve;
		});
		return release;
	}

	/** Forgets everything; who holds writes back must still let go. */
	reset(): void {
		this.rows.clear();
		this.failures = [];
		this.calls.length = 0;
		this.held = Promise.resolve();
	}

	async checkProcessedAndRecord(
		items: DeduplicationItemTypes[],
		scope: DeduplicationScope,
		contextData: ICheckProcessedContextData,
		options: ICheckProcessedOptions,
	): Promise<IDeduplicationOutput> {
		this.note('checkProcessedAndRecord', scope, contextData, options, items);
		const context = contextOf(scope, contextData);
		assert.ok(contextData.workflow.id);
		const stored = await this.read(context, contextData);
		if (stored && stored.mode !== options.mode) {
			throw new DeduplicationError(
				'Deduplication data was originally saved with an incompatible setting of the ‘Keep Items Where’ parameter. Try ’Clean Database’ operation to reset.',
			);
		}
		return options.mode === 'entries'
			? await this.recordHashes(items, context, contextData, options, stored)
			: await this.recordLatest(items, context, contextData, options, stored);
	}

	private async recordHashes(
		items: DeduplicationItemTypes[],
		context: string,
		contextData: ICheckProcessedContextData,
		{ mode, maxEntries }: ICheckProcessedOptions,
		stored: Value | undefined,
	): Promise<IDeduplicationOutput> {
		const hashes = items.map(hashOf);
		if (!stored) {
			if (maxEntries) hashes.splice(0, hashes.length - maxEntries);
			await this.write('insert', context, contextData, { mode, data: hashes });
			return { new: items, processed: [] };
		}
		const result: IDeduplicationOutput = { new: [], processed: [] };
		if (!Array.isArray(stored.data)) return result;
		const { data } = stored;
		// As it was: a value that comes twice in one call is new twice.
		const before = data.slice();
		const known = hashes.length > FEW ? new Set(before) : { has: (hash: string) => before.includes(hash) };
		for (const [index, hash] of hashes.entries()) {
			const item = items[index] as DeduplicationItemTypes;
			if (known.has(hash)) {
				result.processed.push(item);
			} else {
				result.new.push(item);
				data.push(hash);
			}
		}
		if (maxEntries) data.splice(0, data.length - maxEntries);
		await this.write('update', context, contextData, stored);
		return result;
	}

	private async recordLatest(
		items: DeduplicationItemTypes[],
		context: string,
		contextData: ICheckProcessedContextData,
		{ mode }: ICheckProcessedOptions,
		stored: Value | undefined,
	): Promise<IDeduplicationOutput> {
		const incoming = items.slice().sort((a, b) => compare(mode, a, b));
		if (!stored) {
			await this.write('insert', context, contextData, { mode, data: incoming.pop() });
			return { new: items, processed: [] };
		}
		const result: IDeduplicationOutput = { new: [], processed: [] };
		if (!stored.data || Array.isArray(stored.data)) return result;
		let largest = stored.data;
		for (const item of incoming) {
			if (compare(mode, item, stored.data) !== 1) {
				result.processed.push(item);
				continue;
			}
			result.new.push(item);
			if (compare(mode, item, largest) === 1) largest = item;
		}
		await this.write('update', context, contextData, { mode, data: largest });
		return result;
	}

	async removeProcessed(
		items: DeduplicationItemTypes[],
		scope: DeduplicationScope,
		contextData: ICheckProcessedContextData,
		options: ICheckProcessedOptions,
	): Promise<void> {
		this.note('removeProcessed', scope, contextData, options, items);
		if (options.mode !== 'entries') {
			throw new DeduplicationError('Removing processed data is not possible in mode "latest"');
		}
		assert.ok(contextData.workflow.id);
		const context = contextOf(scope, contextData);
		const stored = await this.read(context, contextData);
		if (!stored || !Array.isArray(stored.data)) return;
		// The first of each that is asked for.
		const asked = items.map(hashOf);
		stored.data = stored.data.filter((hash) => {
			const index = asked.indexOf(hash);
			if (index !== -1) asked.splice(index, 1);
			return index === -1;
		});
		await this.write('update', context, contextData, stored);
	}

	async clearAllProcessedItems(
		scope: DeduplicationScope,
		contextData: ICheckProcessedContextData,
		options: ICheckProcessedOptions,
	): Promise<void> {
		this.note('clearAllProcessedItems', scope, contextData, options);
		await this.write('delete', contextOf(scope, contextData), contextData);
	}

	async getProcessedDataCount(
		scope: DeduplicationScope,
		contextData: ICheckProcessedContextData,
		options: ICheckProcessedOptions,
	): Promise<number> {
		this.note('getProcessedDataCount', scope, contextData, options);
		const stored = await this.read(contextOf(scope, contextData), contextData);
		return options.mode === 'entries' && Array.isArray(stored?.data) ? stored.data.length : 0;
	}

	private note(
		method: StoreCall['method'],
		scope: DeduplicationScope,
		{ node, workflow }: ICheckProcessedContextData,
		options: ICheckProcessedOptions,
		items: DeduplicationItemTypes[] = [],
	): void {
		const nodeId = scope === 'node' ? node?.id : undefined;
		this.calls.push({ method, workflowId: workflow.id, nodeId, items: [...items], options: { ...options } });
	}

	private set(key: string, value: Value): void {
		this.rows.set(key, copyOf(value));
	}

	private async read(context: string, { workflow }: ICheckProcessedContextData): Promise<Value | undefined> {
		const life = lifeOf(workflow);
		await life?.check();
		await turn();
		this.failIfAsked('read');
		const value = copyOf(this.rows.get(keyOf(workflow.id, context)));
		await life?.check();
		return value;
	}

	private async write(
		how: 'insert' | 'update' | 'delete',
		context: string,
		{ workflow }: ICheckProcessedContextData,
		value?: Value,
	): Promise<void> {
		const life = lifeOf(workflow);
		await turn();
		await this.held;
		await life?.check();
		this.failIfAsked('write');
		const key = keyOf(workflow.id, context);
		if (how === 'delete') {
			this.rows.delete(key);
		} else if (how === 'insert' && this.rows.has(key)) {
			throw databaseError(
				'SQLITE_CONSTRAINT: UNIQUE constraint failed: processed_data.context, processed_data.workflowId',
			);
		} else if (value && (how === 'insert' || this.rows.has(key))) {
			this.set(key, value);
		}
		this.failIfAsked('after write');
		await turn();
		await life?.check();
	}

	private failIfAsked(at: StoreFailure['at']): void {
		const failure = this.failures.find((one) => one.at === at && one.times > 0);
		if (!failure) return;
		failure.times--;
		throw failure.error;
	}
}

function keyOf(workflowId: string, context: string): string {
	return JSON.stringify([workflowId, context]);
}

/** What a call of the database takes at least: others get their turn. */
export async function turn(): Promise<void> {
	await new Promise((resolve) => setImmediate(resolve));
}

const store = new DeduplicationStore();

/** The one store of this process, which all runs share. */
export function deduplicationStore(): DeduplicationStore {
	return store;
}
