/**
 * The crash matrix: n8n is killed at every step of a run, is started again, and the execution is retried. What is
 * bought, delivered, named and doubted then is counted in the stand-in's ledger.
 *
 * Each cell has a server and a workflow of its own, so cells can run side by side: as executions of one n8n that was
 * killed.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { INodeExecutionData, INodeParameters, INodeType, IRun } from 'n8n-workflow';
import type { ProviderName, ProviderServer } from '../provider-server';
import { startProviderServer } from '../provider-server';
import { CALLING, LISTING, PROVIDERS } from '../samples';
import { itemsInDoubt, runCells } from './faultMatrix';
import { Block, between, drive, untilDue, wakeUp } from './harness/driving';
import type { EngineOptions, EngineRun, EngineWorkflow } from './harness/engine';
import { crash, deduplicationStore, freshNode, isLogged, retryExecution, startWorkflow } from './harness/engine';
import { systemClock } from './harness/fastClock';
import { allTexts, credentialsOf, generate } from './harness/service';
import { NODE, lumaWorkflow } from './harness/workflows';

/** Those in whose lists a lost generation can be found, and those that tell the least: neither by a list nor by calls. */
export const CRASH_PROVIDERS: readonly ProviderName[] = PROVIDERS.filter(
	(provider) => LISTING.includes(provider) || !CALLING.includes(provider),
);

export const COMPLETIONS = ['poll', 'suspend', 'none'] as const;
export type Completion = (typeof COMPLETIONS)[number];

export interface CrashCell {
	provider: ProviderName;
	completion: Completion;
	step: Step;
	items: 1 | 5;
	/** What is retried with 'Buy Again After a Crash' where the retry says that it does not know: n8n offers both. */
	again: 'the execution that crashed' | 'its retry';
}

/** What a step needs to know of its run. */
interface World {
	server: ProviderServer;
	cell: CrashCell;
	workflowId: string;
	/** Items that something happens to; the others are answered as usual. */
	struck: readonly number[];
	block: Block;
	/** The run as it was started. */
	run: EngineRun;
}

export interface Step {
	name: string;
	completions: readonly Completion[];
	/** Of which struck items a retry cannot know whether they were bought; `open`: it depends on the moment. */
	doubt: 'none' | 'struck' | 'struck, unless listed' | 'all' | 'open';
	/** Which item's prompts are made to run long. */
	isLong?: boolean;
	blockAt?: 'Before' | 'After';
	parameters?: INodeParameters;
	/** Sets faults before the run starts. */
	prepare?(server: ProviderServer, struck: readonly number[]): void;
	/** Comes when the run is at this step. */
	reached(world: World): Promise<void>;
}

export function promptOf(item: number): string {
	return `a cat on chair number ${item}`;
}

/** The deduplication store of the cell's node, as it changes. */
export function recordOf({ workflowId }: { workflowId: string }): string[] {
	return deduplicationStore().entries({ nodeId: NODE, workflowId });
}

export async function turn(): Promise<void> {
	await new Promise((resolve) => setImmediate(resolve));
}

/** Waits until the ids of those that were answered are recorded. */
async function untilRecorded(world: World): Promise<void> {
	const { server, cell, struck } = world;
	const isHeld = (prompt: string): boolean => cell.step.prepare !== undefined && struck.some((item) => prompt.includes(promptOf(item)));
	const answered = server.jobs().filter(({ prompt }) => cell.step.doubt === 'none' || !isHeld(prompt));
	while (!answered.every(({ id }) => isLogged(`Generation ${id} was accepted`))) await pause(10);
	// A write of the store takes a few turns.
	let before = '';
	for (let still = 0; still < 20; still++) {
		await turn();
		const now = recordOf(world).join();
		if (now !== before) still = 0;
		before = now;
	}
}

async function untilBought({ server }: World, count: number): Promise<void> {
	await server.until(({ purchases }) => purchases.length >= count, 30_000);
}

/** Goes on by itself when its time has come, as often as it suspends. */
function goOn({ run, cell }: World): void {
	if (cell.completion === 'suspend') void drive(run);
}

const ALL = COMPLETIONS;
const READS = ['status', 'list'] as const;

export const STEPS: readonly Step[] = [
	{
		name: 'before the node',
		completions: ALL,
		doubt: 'none',
		blockAt: 'Before',
		reached: async ({ block }) => {
			await block.reached;
		},
	},
	{
		name: 'request recorded, not sent',
		completions: ALL,
		doubt: 'all',
		reached: async (world) => {
			while (recordOf(world).length === 0) await turn();
		},
	},
	{
		name: 'request on its way, never arrives',
		completions: ALL,
		doubt: 'struck',
		prepare: (server, struck) => {
			for (const item of struck) server.fault({ kind: 'timeout-before', route: 'create', prompt: promptOf(item) });
		},
		reached: async (world) => {
			await world.server.until(({ refusedCreates }) => refusedCreates.length === world.struck.length, 30_000);
			await untilBought(world, world.cell.items - world.struck.length);
			await untilRecorded(world);
		},
	},
	{
		name: 'accepted, answer on its way',
		completions: ALL,
		doubt: 'struck, unless listed',
		prepare: (server, struck) => {
			for (const item of struck) server.fault({ kind: 'timeout-after', route: 'create', prompt: promptOf(item) });
		},
		reached: async (world) => {
			await untilBought(world, world.cell.items);
			await untilRecorded(world);
		},
	},
	{
		name: 'just accepted',
		completions: ALL,
		doubt: 'open',
		reached: async (world) => {
			await untilBought(world, 1);
		},
	},
	{
		name: 'waiting',
		completions: ['poll'],
		doubt: 'none',
		isLong: true,
		reached: async (world) => {
			await untilBought(world, world.cell.items);
			await untilRecorded(world);
			await world.server.until(({ requests }) => requests.some(({ route }) => READS.some((read) => read === route)), 30_000);
		},
	},
	{
		name: 'suspended',
		completions: ['suspend'],
		doubt: 'none',
		isLong: true,
		reached: async ({ run }) => {
			await run.finished;
		},
	},
	{
		name: 'woken, first read on its way',
		completions: ['suspend'],
		doubt: 'none',
		isLong: true,
		reached: async (world) => {
			const { server, run } = world;
			await run.finished;
			for (const route of READS) server.fault({ kind: 'timeout-after', route, times: 'always' });
			const before = server.ledger().requests.length;
			goOn(world);
			await server.until(({ requests }) => requests.length > before, 30_000);
		},
	},
	{
		name: 'download',
		completions: ['poll', 'suspend'],
		doubt: 'none',
		parameters: { downloadVideo: true },
		prepare: (server) => {
			server.fault({ kind: 'slow', route: 'media', times: 'always' });
		},
		reached: async (world) => {
			goOn(world);
			await world.server.until(({ mediaHits }) => mediaHits.length > 0, 30_000);
			await untilRecorded(world);
		},
	},
	{
		name: 'the next node runs',
		completions: ALL,
		doubt: 'none',
		blockAt: 'After',
		reached: async (world) => {
			goOn(world);
			await world.block.reached;
		},
	},
];

export interface CrashRow extends CrashCell {
	requested: number;
	/** After the retry. */
	bought: number;
	delivered: number;
	/** Ids that a user finds in a message, and that were not delivered. */
	named: number;
	inDoubt: number;
	/** Beyond one for each item, without the user's wish. */
	boughtTwice: number;
	/** Bought, and neither delivered nor named nor in doubt. */
	lost: number;
	/** Bought anew since the user wished so; `null` where there was no doubt. */
	boughtOnWish: number | null;
	/** What is not as it must be; empty when all is well. */
	findings: string[];
}

export function allCrashCells(providers: readonly ProviderName[] = CRASH_PROVIDERS): CrashCell[] {
	const cells: CrashCell[] = [];
	for (const step of STEPS)
		for (const completion of step.completions)
			for (const provider of providers)
				for (const items of [1, 5] as const) {
					cells.push({ provider, completion, step, items, again: items === 1 ? 'its retry' : 'the execution that crashed' });
				}
	return cells;
}

/** An n8n that was started anew: all executions that it retries share its modules. */
class Starts {
	private readonly nodes: Array<Record<string, INodeType>> = [];

	node(number: number): Record<string, INodeType> {
		for (; this.nodes.length <= number; ) this.nodes.push(freshNode());
		return this.nodes[number] ?? {};
	}
}

const starts = new Starts();
let cells = 0;

const JOB_MS = 20;
const LONG = '[takes 600000ms]';

/** Seconds by the node's clock, which is fast: what is held back on purpose must not run into them. */
export const TIMES = { timeout: 100_000, requestTimeout: 600, maxConcurrent: 30 };

/**
 * The services tell the time of the node: by two clocks, one of which is fast, what was made at a request would seem made
 * long after it, the longer a slow machine takes to come to the retry.
 */
export const nodeTime = (): number => systemClock.wall();

async function runCrashCell(cell: CrashCell): Promise<CrashRow> {
	const server = await startProviderServer({
		settings: { [cell.provider]: { jobMs: JOB_MS }, media: { slowChunkMs: 2000 } },
		now: nodeTime,
	});
	try {
		return await runOn(server, cell);
	} finally {
		await server.close();
	}
}

async function runOn(server: ProviderServer, cell: CrashCell): Promise<CrashRow> {
	const { provider, completion, step, items: count } = cell;
	const items = Array.from({ length: count }, (_, item) => ({ text: promptOf(item) }));
	const prompt = `={{ $json.text }}${step.isLong === true ? ` ${LONG}` : ''}`;
	// A download that was killed is watched for so long, and this process stays for it.
	const times = step.parameters?.downloadVideo === true ? { ...TIMES, requestTimeout: 15 } : TIMES;
	const parametersWith = (options: INodeParameters): INodeParameters =>
		generate(provider, { prompt, completion, ...step.parameters, options: { ...times, ...options } });
	const workflowWith = (options: INodeParameters): EngineWorkflow => between(lumaWorkflow(items, parametersWith(options)));
	const struck = count === 1 ? [0] : [2, 3];
	step.prepare?.(server, struck);

	const block = new Block(step.blockAt ?? null);
	const workflowId = `crash-${++cells}`;
	const options: EngineOptions = {
		credentials: credentialsOf(server),
		mode: 'trigger',
		workflowId,
		// Of a process that has seen how fast the stand-in is, nothing would suspend.
		nodeTypes: { ...(completion === 'suspend' ? freshNode() : starts.node(0)), 'test.block': block },
	};
	const run = await startWorkflow(workflowWith({}), options);
	await step.reached({ server, cell, workflowId, struck, block, run });
	crash(run);

	server.clearFaults();
	for (const { id } of server.jobs()) server.finish(id);
	const nodeTypes = (start: number): Record<string, INodeType> => ({ ...starts.node(start), 'test.block': new Block(null) });
	// A suspended execution needs no retry: the new n8n wakes it.
	const isSuspended = run.stored().status === 'waiting';
	if (isSuspended) await untilDue(run);
	const second = isSuspended
		? await wakeUp(run, nodeTypes(1))
		: await retryExecution(run, { nodeTypes: nodeTypes(1) });
	const retried = await drive(second, { nodeTypes: nodeTypes(1) });
	const row = judge(server, cell, struck, retried.end, retried.run.stored().customData);
	if (row.inDoubt === 0) return row;

	const bought = server.jobs().length;
	const from = cell.again === 'its retry' ? retried.run : run;
	const third = await retryExecution(from, { nodeTypes: nodeTypes(2) }, workflowWith({ buyAgainAfterCrash: true }));
	const last = await drive(third, { nodeTypes: nodeTypes(2) });
	return judgeWish(server, row, bought, last.end);
}

/** What left a node, in all its runs, without what n8n puts there from its log of the crashed one. */
export function itemsOf(end: IRun, name = NODE): INodeExecutionData[] {
	const runs = (end.data.resultData.runData[name] ?? []).flatMap((task) => task.data?.main?.[0] ?? []);
	return runs.filter(({ json }) => json.isArtificialRecoveredEventItem !== true);
}

function idsOf(end: IRun): string[] {
	return itemsOf(end).map(({ json }) => String(json.generationId));
}

function judge(
	server: ProviderServer,
	cell: CrashCell,
	struck: readonly number[],
	end: IRun,
	customData: Record<string, string>,
): CrashRow {
	const { provider, completion, step, items } = cell;
	const { purchases } = server.ledger();
	const findings: string[] = [];
	const check = (holds: boolean, finding: string): void => {
		if (!holds) findings.push(finding);
	};
	const deliveredIds = new Set(idsOf(end));
	const texts = [allTexts(end), ...Object.values(customData)].join('\n');
	const doubted = itemsInDoubt(end);
	const itemOf = (text: string): number => Number(/number (\d+)/.exec(text)?.[1]);
	const named = purchases.filter(({ id }) => !deliveredIds.has(id) && texts.includes(id));
	const lost = purchases.filter(
		({ id, prompt }) => !deliveredIds.has(id) && !texts.includes(id) && !doubted.has(itemOf(prompt)),
	);
	const boughtTwice = purchases.length - new Set(purchases.map(({ prompt }) => itemOf(prompt))).size;
	check(boughtTwice === 0, `${boughtTwice} bought twice`);
	for (const { id, prompt } of lost) findings.push(`${id} of item ${itemOf(prompt)} is not delivered, named or doubted`);

	const all = Array.from({ length: items }, (_, item) => item);
	const expected: Record<Exclude<Step['doubt'], 'open'>, readonly number[]> = {
		none: [],
		all,
		struck,
		'struck, unless listed': LISTING.includes(provider) ? [] : struck,
	};
	if (step.doubt !== 'open') {
		const found = [...doubted].sort().join();
		check(found === expected[step.doubt].join(), `in doubt are the items ${[...doubted].join() || 'none'}`);
	}
	check((end.status === 'success') === (doubted.size === 0), `the retry ended as ${end.status}: ${allTexts(end)}`);
	check(deliveredIds.size === (doubted.size === 0 ? items : 0), `${deliveredIds.size} delivered`);
	checkItems(server, cell, end, check);
	if (doubted.size === 0 && completion !== 'none') {
		check(itemsOf(end).every(({ json }) => json.status === 'completed'), 'something was passed on unfinished');
	}
	return {
		...cell,
		requested: items,
		bought: purchases.length,
		delivered: deliveredIds.size,
		named: named.length,
		inDoubt: doubted.size,
		boughtTwice,
		lost: lost.length,
		boughtOnWish: null,
		findings,
	};
}

/** That each item has what was bought for it, with its file where one was wanted, and the next node got all. */
function checkItems(server: ProviderServer, cell: CrashCell, end: IRun, check: (holds: boolean, finding: string) => void): void {
	const promptsOf = new Map(server.ledger().purchases.map(({ id, prompt }) => [id, prompt]));
	for (const [item, { json, binary }] of itemsOf(end).entries()) {
		const prompt = promptsOf.get(String(json.generationId)) ?? '';
		check(prompt.startsWith(promptOf(item)), `item ${item} has the generation of '${prompt}'`);
		if (cell.step.parameters?.downloadVideo === true) check(binary?.data !== undefined, `item ${item} has no file`);
	}
	check(itemsOf(end, 'After').length === itemsOf(end).length, 'the next node did not get all');
}

function judgeWish(server: ProviderServer, row: CrashRow, before: number, end: IRun): CrashRow {
	const findings = [...row.findings];
	const check = (holds: boolean, finding: string): void => {
		if (!holds) findings.push(`on wish: ${finding}`);
	};
	const boughtOnWish = server.jobs().length - before;
	check(boughtOnWish === row.inDoubt, `${boughtOnWish} bought anew where ${row.inDoubt} were in doubt`);
	check(end.status === 'success', `it ended as ${end.status}: ${allTexts(end)}`);
	check(idsOf(end).length === row.requested, `${idsOf(end).length} delivered`);
	checkItems(server, row, end, check);
	// One that was in doubt may have been bought before: that is what the user decided on.
	const boughtTwice = row.boughtTwice + Math.max(0, boughtOnWish - row.inDoubt);
	return { ...row, boughtTwice, boughtOnWish, findings };
}

export async function runCrashMatrix(all: readonly CrashCell[], parallel = 12): Promise<CrashRow[]> {
	return await runCells(all, runCrashCell, parallel);
}

const COUNTS = ['requested', 'bought', 'delivered', 'named', 'inDoubt', 'boughtTwice', 'lost'] as const;

export function crashTotals(rows: readonly CrashRow[]): Record<(typeof COUNTS)[number] | 'boughtOnWish' | 'cells' | 'violations', number> {
	const sum = (count: (typeof COUNTS)[number] | 'boughtOnWish'): number => rows.reduce((total, row) => total + (row[count] ?? 0), 0);
	return {
		cells: rows.length,
		requested: sum('requested'),
		bought: sum('bought'),
		delivered: sum('delivered'),
		named: sum('named'),
		inDoubt: sum('inDoubt'),
		boughtTwice: sum('boughtTwice'),
		lost: sum('lost'),
		boughtOnWish: sum('boughtOnWish'),
		violations: rows.filter(({ findings }) => findings.length > 0).length,
	};
}

export function crashName({ provider, completion, step, items, again }: CrashCell): string {
	return [provider, completion, step.name, `${items} items`, `again: ${again}`].join(' | ');
}

/** One line per label, one group of figures per provider. */
export function linesOf<Name extends string, Row extends { provider: ProviderName; findings: string[] } & Record<Name, number | null>>(
	rows: readonly Row[],
	labelOf: (row: Row) => string,
	counts: readonly Name[],
): string[] {
	const providers = [...new Set(rows.map(({ provider }) => provider))];
	const lines = new Map<string, Map<ProviderName, Row>>();
	for (const row of rows) {
		const label = labelOf(row);
		const line = lines.get(label) ?? new Map<ProviderName, Row>();
		lines.set(label, line.set(row.provider, row));
	}
	const width = counts.length * 4 + 2;
	const figures = (row: Row | undefined): string =>
		row ? `${counts.map((count) => String(row[count] ?? '-').padStart(3)).join(' ')}${row.findings.length > 0 ? ' !' : ''}` : '';
	const labels = [...lines.keys()].map(({ length }) => length);
	return [
		`${' '.repeat(Math.max(0, ...labels))} ${providers.map((name) => name.padEnd(width)).join(' ')}`,
		...[...lines].map(([label, line]) => `${label} ${providers.map((name) => figures(line.get(name)).padEnd(width)).join(' ')}`),
	];
}

/** The matrix as text. */
export function crashTable(rows: readonly CrashRow[]): string {
	const { cells: count, violations, ...sums } = crashTotals(rows);
	const label = ({ step, completion, items }: CrashRow): string =>
		[step.name.padEnd(33), completion.padEnd(8), `${items} items`].join(' ');
	return [
		'n8n is killed, and the execution retried. Per provider: videos requested, bought, delivered, named, in doubt, bought twice,',
		'lost; and bought anew where the user wished so',
		...linesOf(rows, label, [...COUNTS, 'boughtOnWish']),
		'',
		`${count} cells: ${Object.entries(sums).map(([name, sum]) => `${name} ${sum}`).join(', ')}; cells with findings ${violations}`,
		...rows.flatMap((row) => row.findings.map((finding) => `! ${crashName(row)}: ${finding}`)),
	].join('\n');
}
