/**
 * n8n's deduplication store without its database, step by step as `DeduplicationHelper` of n8n 2.41: it reads, changes
 * and writes without a lock, so whoever writes last wins; the first record of a node is inserted, which the database
 * does for one only. It has what the nodes use: mode `entries`.
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
import { UnexpectedError } from 'n8n-workflow';
import assert from 'node:assert/strict';
import { lifeOf } from './life';

/** Whose record: of a node by its id, or of the workflow. */
export interface StorePlace {
	nodeId?: string;
	/** Default: that of workflows without another `workflowId`. */
	workflowId?: string;
}

class DeduplicationError extends UnexpectedError {
	constructor(message: string) {
		super(`Deduplication Failed: ${message}`);
	}
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

/** So many are looked up one by one faster than in an index that is made for them. */
const FEW = 4;
const DEFAULT_WORKFLOW_ID = 'engine-test';

export class DeduplicationStore implements IDataDeduplicator {
	/** How often n8n was asked. */
	calls = 0;
	private readonly rows = new Map<string, readonly string[]>();
	private held: Promise<void> = Promise.resolve();

	/** Hashes that are remembered, oldest first. */
	entries({ nodeId, workflowId = DEFAULT_WORKFLOW_ID }: StorePlace): string[] {
		return [...(this.rows.get(keyOf(workflowId, nodeId === undefined ? '' : `n:${nodeId}`)) ?? [])];
	}

	/** Whether a value is remembered. */
	has(value: DeduplicationItemTypes, place: StorePlace): boolean {
		return this.entries(place).includes(hashOf(value));
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
		this.calls = 0;
		this.held = Promise.resolve();
	}

	async checkProcessedAndRecord(
		items: DeduplicationItemTypes[],
		scope: DeduplicationScope,
		contextData: ICheckProcessedContextData,
		{ mode, maxEntries }: ICheckProcessedOptions,
	): Promise<IDeduplicationOutput> {
		const [context, data] = await this.read(scope, contextData, mode);
		const hashes = items.map(hashOf);
		if (!data) {
			if (maxEntries) hashes.splice(0, hashes.length - maxEntries);
			await this.write('insert', context, contextData, hashes);
			return { new: items, processed: [] };
		}
		const result: IDeduplicationOutput = { new: [], processed: [] };
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
		await this.write('update', context, contextData, data);
		return result;
	}

	async removeProcessed(
		items: DeduplicationItemTypes[],
		scope: DeduplicationScope,
		contextData: ICheckProcessedContextData,
		{ mode }: ICheckProcessedOptions,
	): Promise<void> {
		const [context, data] = await this.read(scope, contextData, mode);
		if (!data) return;
		// The first of each that is asked for.
		const asked = items.map(hashOf);
		const left = data.filter((hash) => {
			const index = asked.indexOf(hash);
			if (index !== -1) asked.splice(index, 1);
			return index === -1;
		});
		await this.write('update', context, contextData, left);
	}

	async clearAllProcessedItems(): Promise<never> {
		throw new Error('no node uses this');
	}

	async getProcessedDataCount(): Promise<never> {
		throw new Error('no node uses this');
	}

	/** A copy, as the database gives it. */
	private async read(
		scope: DeduplicationScope,
		contextData: ICheckProcessedContextData,
		mode: ICheckProcessedOptions['mode'],
	): Promise<[context: string, data: string[] | undefined]> {
		this.calls++;
		assert.equal(mode, 'entries', 'no node uses another mode');
		const { workflow } = contextData;
		const context = contextOf(scope, contextData);
		assert.ok(workflow.id);
		const life = lifeOf(workflow);
		await life?.check();
		await turn();
		const data = this.rows.get(keyOf(workflow.id, context));
		await life?.check();
		return [context, data && [...data]];
	}

	private async write(
		how: 'insert' | 'update',
		context: string,
		{ workflow }: ICheckProcessedContextData,
		data: readonly string[],
	): Promise<void> {
		const life = lifeOf(workflow);
		await turn();
		await this.held;
		await life?.check();
		const key = keyOf(workflow.id, context);
		if (how === 'insert' && this.rows.has(key)) {
			throw Object.assign(
				new Error('SQLITE_CONSTRAINT: UNIQUE constraint failed: processed_data.context, processed_data.workflowId'),
				{ name: 'QueryFailedError' },
			);
		}
		if (how === 'insert' || this.rows.has(key)) this.rows.set(key, data);
		await turn();
		await life?.check();
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
