/**
 * The fault matrix: what is bought, delivered, named and doubted when the one request that costs money goes wrong.
 *
 * Each cell has a server of its own, so cells can run side by side and the server's ledger counts for one cell alone.
 */
import type { INode, IRun } from 'n8n-workflow';
import type { FaultRule, ProviderName, ProviderServer } from '../provider-server';
import { startProviderServer } from '../provider-server';
import { BOTH_KINDS, LISTING, PROVIDERS } from '../samples';
import type { EngineOptions } from './harness/engine';
import { retryExecution, startWorkflow } from './harness/engine';
import { allTexts, credentialsOf, failedItems, generate, jsonOf, keysIn, shownError } from './harness/service';
import { lumaWorkflow } from './harness/workflows';

export interface Fault {
	name: string;
	rule: Pick<FaultRule, 'kind' | 'retryAfter'>;
	/** What the service did with the request, whatever became of its answer. */
	service: 'accepted' | 'refused' | 'did not act';
}

export const FAULTS: readonly Fault[] = [
	{ name: 'timeout before arrival', rule: { kind: 'timeout-before' }, service: 'did not act' },
	{ name: 'timeout after acceptance', rule: { kind: 'timeout-after' }, service: 'accepted' },
	{ name: 'reset before arrival', rule: { kind: 'reset-before' }, service: 'did not act' },
	{ name: 'reset after acceptance', rule: { kind: 'reset-after' }, service: 'accepted' },
	{ name: '500 before acceptance', rule: { kind: '500' }, service: 'did not act' },
	{ name: '503 before acceptance', rule: { kind: '503', retryAfter: 1 }, service: 'did not act' },
	{ name: '500 after acceptance', rule: { kind: '500-after' }, service: 'accepted' },
	{ name: '504 after acceptance', rule: { kind: '504-after' }, service: 'accepted' },
	{ name: '429', rule: { kind: '429' }, service: 'refused' },
	{ name: '429 with Retry-After', rule: { kind: '429', retryAfter: 2 }, service: 'refused' },
	{ name: 'answer cut off', rule: { kind: 'truncated' }, service: 'accepted' },
	{ name: 'invalid JSON', rule: { kind: 'invalid-json' }, service: 'accepted' },
	{ name: 'web page', rule: { kind: 'html' }, service: 'accepted' },
	{ name: 'empty answer', rule: { kind: 'empty' }, service: 'accepted' },
	{ name: 'answer without ID', rule: { kind: 'no-id' }, service: 'accepted' },
];

export const RETRIES = ['no retry', 'Retry On Fail', 'Retry execution', 'both'] as const;
export type Retry = (typeof RETRIES)[number];

export const SIZES = ['1 item', '3rd of 5', 'all of 5'] as const;
export type Size = (typeof SIZES)[number];

export interface Cell {
	provider: ProviderName;
	fault: Fault;
	retry: Retry;
	size: Size;
	/** Whether the node goes on with the other items when one fails. */
	continueOnFail: boolean;
}

export interface Row extends Cell {
	requested: number;
	created: number;
	delivered: number;
	/** Ids that a user finds in a message, its description or an item's details, and that were not delivered. */
	named: number;
	/** Items of which it is said that it is not known whether they were bought. */
	inDoubt: number;
	/** What is not as it must be; empty when all is well. */
	findings: string[];
}

const JOB_MS = 20;

/** Seconds. Short where a timeout is what the cell is about; elsewhere a busy machine must not cause one. */
function requestTimeoutOf({ rule }: Fault): number {
	return rule.kind.startsWith('timeout') ? 4 : 60;
}

export function allCells(providers: readonly ProviderName[] = PROVIDERS): Cell[] {
	const cells: Cell[] = [];
	// Waiting cells of different faults side by side, so that the machine is never idle.
	for (const size of SIZES)
		for (const retry of RETRIES)
			for (const continueOnFail of [false, true])
				for (const provider of providers)
					for (const fault of FAULTS) {
						// With Continue On Fail the execution succeeds, and n8n retries failed ones only.
						if (continueOnFail && retriesExecution(retry)) continue;
						cells.push({ provider, fault, retry, size, continueOnFail });
					}
	return cells;
}

/** What the user and n8n do about failures. */
export function wayOf({ retry, continueOnFail }: Pick<Cell, 'retry' | 'continueOnFail'>): number {
	return RETRIES.indexOf(retry) + (continueOnFail ? RETRIES.length : 0);
}

/**
 * Fewer cells that prove the same. What follows from a fault, for so many items, with such retries, is the same code for
 * all providers; two go through all of it. The others differ in how a request is written and its answer read: for them each
 * fault comes with each size, each fault with each way of retrying, and each size with each way.
 */
export function provingCells(providers: readonly ProviderName[] = PROVIDERS): Cell[] {
	return allCells(providers).filter(
		(cell) =>
			BOTH_KINDS.includes(cell.provider) ||
			(FAULTS.indexOf(cell.fault) + wayOf(cell)) % SIZES.length === SIZES.indexOf(cell.size),
	);
}

/** Whether a failed execution is retried. */
export function retriesExecution(retry: Retry): boolean {
	return retry === 'Retry execution' || retry === 'both';
}

const isStruck = (size: Size, item: number): boolean => size !== '3rd of 5' || item === 2;

function promptOf(item: number): string {
	return `a cat on chair number ${item}`;
}

const STILLNESS_EVERY_MS = 100;

/** Times in milliseconds that this process, and so both sides of the wire, stood still for. */
class Stillness {
	longest = 0;
	private last = Date.now();
	private readonly timer = setInterval(() => {
		this.longest = Math.max(this.longest, Date.now() - this.last - STILLNESS_EVERY_MS);
		this.last = Date.now();
	}, STILLNESS_EVERY_MS);

	end(): number {
		clearInterval(this.timer);
		return Math.max(this.longest, Date.now() - this.last - STILLNESS_EVERY_MS);
	}
}

const MAX_REPEATS = 5;
/** On a machine with time for this, it is a few milliseconds. */
const LONG_STILLNESS_MS = 250;

/** Runs one cell; once more where a machine that stood still let requests time out that nobody held up. */
export async function runCell(cell: Cell): Promise<Row> {
	for (let repeat = 0; ; repeat++) {
		const stillness = new Stillness();
		const row = await runOnce(cell);
		const stoodStill = stillness.end() > LONG_STILLNESS_MS;
		if (row.findings.length === 0 || !stoodStill || repeat === MAX_REPEATS) return row;
	}
}

/** Each cell is an execution of a workflow of its own, which remembers nothing of the others. */
let workflows = 0;

async function runOnce(cell: Cell): Promise<Row> {
	const server = await startProviderServer({ settings: { [cell.provider]: { jobMs: JOB_MS } } });
	try {
		return await runOn(server, cell);
	} finally {
		await server.close();
	}
}

async function runOn(server: ProviderServer, cell: Cell): Promise<Row> {
	const { provider, fault, retry, size, continueOnFail } = cell;
	const items = Array.from({ length: size === '1 item' ? 1 : 5 }, (_, item) => ({ text: promptOf(item) }));
	for (const [item, { text }] of items.entries()) {
		if (isStruck(size, item)) server.fault({ ...fault.rule, provider, route: 'create', prompt: text });
	}
	const node: Partial<INode> = {
		...(continueOnFail ? { onError: 'continueRegularOutput' } : {}),
		...(retry === 'Retry On Fail' || retry === 'both' ? { retryOnFail: true, maxTries: 3, waitBetweenTries: 1 } : {}),
	};
	const parameters = generate(provider, { options: { requestTimeout: requestTimeoutOf(fault), timeout: 5000 } });
	const workflow = lumaWorkflow(items, parameters, node);
	const options: EngineOptions = { credentials: credentialsOf(server), mode: 'trigger', workflowId: `faults-${++workflows}` };
	const runs = [await (await startWorkflow(workflow, options)).finished];
	const [first] = runs;
	if (retriesExecution(retry) && first && first.status !== 'success') {
		runs.push(await (await retryExecution(first, workflow, options)).finished);
	}
	return judge(server, cell, items, runs);
}

/** Items of which a run says that it is not known whether they were bought. */
export function itemsInDoubt(run: IRun): Set<number> {
	const doubtful = /not known whether/i;
	const found = new Set<number>();
	for (const { json, pairedItem } of failedItems(run)) {
		if (doubtful.test(String(json.error)) && typeof pairedItem === 'object' && !Array.isArray(pairedItem)) {
			found.add(pairedItem.item);
		}
	}
	const shown = shownError(run);
	for (const text of [shown?.message ?? '', ...(shown?.description ?? '').split(/(?<=\.) /)]) {
		if (!doubtful.test(text)) continue;
		for (const [, item] of text.matchAll(/\bitem (\d+)/g)) found.add(Number(item));
	}
	return found;
}

function judge(server: ProviderServer, cell: Cell, items: Array<{ text: string }>, runs: IRun[]): Row {
	const { provider, fault, size, continueOnFail } = cell;
	const { purchases, requests } = server.ledger();
	const last = runs.at(-1);
	if (!last) throw new Error('nothing ran');
	const findings: string[] = [];
	const check = (holds: boolean, finding: string): void => {
		if (!holds) findings.push(finding);
	};

	const outputs = jsonOf(last).filter((json) => json.status === 'completed');
	const deliveredIds = new Set(outputs.map((json) => String(json.generationId)));
	const texts = runs.map(allTexts).join('\n');
	const doubted = new Set(runs.flatMap((run) => [...itemsInDoubt(run)]));
	const named = purchases.filter(({ id }) => !deliveredIds.has(id) && texts.includes(id));
	const itemOf = (prompt: string): number => items.findIndex(({ text }) => text === prompt);

	// Law 1, and what follows for the count when nothing is bought that need not be.
	const struck = items.filter((_, item) => isStruck(size, item)).length;
	check(purchases.length <= items.length, `${purchases.length} bought for ${items.length} requested`);
	const expected = fault.service === 'did not act' ? items.length - struck : items.length;
	check(purchases.length === expected, `${purchases.length} bought where ${expected} should have been`);
	check(
		requests.filter((request) => request.fault === fault.rule.kind).length === struck,
		'the fault did not strike as often as planned',
	);

	// Law 2.
	for (const { id, prompt } of purchases) {
		const item = itemOf(prompt);
		const isKnown = deliveredIds.has(id) || texts.includes(id);
		if (LISTING.includes(provider)) check(isKnown, `${id} of item ${item} is neither delivered nor named`);
		else check(isKnown || doubted.has(item), `${id} of item ${item} is not delivered, named or doubted`);
	}
	for (const [item] of items.entries()) {
		const isDoubtful =
			isStruck(size, item) &&
			fault.service !== 'refused' &&
			!(LISTING.includes(provider) && fault.service === 'accepted');
		check(doubted.has(item) === isDoubtful, `item ${item} is ${isDoubtful ? 'not said to be in' : 'wrongly in'} doubt`);
	}

	// What can be delivered is.
	const isClear = doubted.size === 0;
	check((last.status === 'success') === (isClear || continueOnFail), `the execution ended as ${last.status}`);
	const deliverable = isClear || continueOnFail ? items.length - doubted.size : 0;
	check(outputs.length === deliverable, `${outputs.length} delivered where ${deliverable} should have been`);
	check(deliveredIds.size === outputs.length, 'one generation is delivered twice');
	for (const json of outputs) {
		const purchase = purchases.find(({ id }) => id === json.generationId);
		check(purchase?.prompt === json.prompt, `${String(json.generationId)} was delivered for another item`);
	}

	for (const run of runs) {
		const keys = keysIn(run, Object.values(server.keys));
		check(keys.length === 0, `the data of the execution holds ${keys.length} keys`);
	}
	return {
		...cell,
		requested: items.length,
		created: purchases.length,
		delivered: outputs.length,
		named: named.length,
		inDoubt: doubted.size,
		findings,
	};
}

/** Runs cells side by side; rows in the order of the cells. */
export async function runCells<Cell, Row>(all: readonly Cell[], runCell: (cell: Cell) => Promise<Row>, parallel: number): Promise<Row[]> {
	const rows: Row[] = [];
	const queue = [...all.entries()];
	const work = async (): Promise<void> => {
		for (let next = queue.shift(); next; next = queue.shift()) rows[next[0]] = await runCell(next[1]);
	};
	await Promise.all(Array.from({ length: parallel }, work));
	return rows;
}

export async function runMatrix(cells: readonly Cell[], parallel = 20): Promise<Row[]> {
	return await runCells(cells, runCell, parallel);
}

const COUNTS = ['requested', 'created', 'delivered', 'named', 'inDoubt'] as const;

export interface Totals extends Record<(typeof COUNTS)[number], number> {
	cells: number;
	/** Cells with more bought than requested. */
	doublePurchases: number;
	/** Cells with a finding of any kind. */
	violations: number;
}

export function totalsOf(rows: readonly Row[]): Totals {
	const sum = (count: (typeof COUNTS)[number]): number => rows.reduce((total, row) => total + row[count], 0);
	return {
		cells: rows.length,
		requested: sum('requested'),
		created: sum('created'),
		delivered: sum('delivered'),
		named: sum('named'),
		inDoubt: sum('inDoubt'),
		doublePurchases: rows.filter((row) => row.created > row.requested).length,
		violations: rows.filter((row) => row.findings.length > 0).length,
	};
}

export function nameOf(cell: Cell): string {
	const onError = cell.continueOnFail ? 'Continue On Fail' : 'stop on fail';
	return [cell.provider, cell.fault.name, cell.size, cell.retry, onError].join(' | ');
}

/** The matrix as text: one line per fault, retry and number of items, one group of figures per provider. */
export function tableOf(rows: readonly Row[]): string {
	const lines = new Map<string, Map<ProviderName, Row>>();
	for (const row of rows) {
		const label = [
			row.fault.name.padEnd(24),
			row.size.padEnd(8),
			`${row.retry}${row.continueOnFail ? ', Continue On Fail' : ''}`.padEnd(31),
		].join(' ');
		const line = lines.get(label) ?? new Map<ProviderName, Row>();
		line.set(row.provider, row);
		lines.set(label, line);
	}
	const figures = (row: Row | undefined): string =>
		row ? `${COUNTS.map((count) => row[count]).join('  ')}${row.findings.length > 0 ? ' !' : '  '}` : '';
	const body = [...lines.entries()]
		.sort(([a], [b]) => (orderOf(a) < orderOf(b) ? -1 : 1))
		.map(([label, line]) => `${label} ${PROVIDERS.map((name) => figures(line.get(name)).padEnd(18)).join(' ')}`);
	const head = `${'fault'.padEnd(24)} ${'items'.padEnd(8)} ${'retry'.padEnd(31)} ${PROVIDERS.map((name) => name.padEnd(18)).join(' ')}`;
	const { cells, doublePurchases, violations, ...counts } = totalsOf(rows);
	const totals = COUNTS.map((count) => `${count === 'inDoubt' ? 'in doubt' : count} ${counts[count]}`).join(', ');
	return [
		'Per provider: videos requested, created in the ledger, delivered, named in errors, in doubt',
		head,
		...body,
		'',
		`${cells} cells: ${totals}; double purchases ${doublePurchases}, cells with findings ${violations}`,
		...rows.flatMap((row) => row.findings.map((finding) => `! ${nameOf(row)}: ${finding}`)),
	].join('\n');
}

/** Lines in the order of the faults above. */
function orderOf(label: string): string {
	const position = FAULTS.findIndex(({ name }) => label.startsWith(name.padEnd(24)));
	return `${String(position).padStart(2, '0')} ${label}`;
}
