/**
 * The stop matrix: an execution is stopped, or ended by n8n's time limit, at every step. Where the IDs of what it bought
 * are to be found then, and what a retry buys, is counted in the stand-in's ledger.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { INodeParameters, IRun } from 'n8n-workflow';
import type { ProviderName, ProviderServer } from '../provider-server';
import { startProviderServer } from '../provider-server';
import { LISTING } from '../samples';
import { CRASH_PROVIDERS, TIMES, itemsOf, linesOf, nodeTime, promptOf, recordOf, turn } from './crashMatrix';
import { itemsInDoubt, runCells } from './faultMatrix';
import { Block, between, drive } from './harness/driving';
import type { EngineOptions, EngineRun } from './harness/engine';
import { freshNode, isLogged, retryExecution, startWorkflow, timeOut } from './harness/engine';
import { allTexts, credentialsOf, generate } from './harness/service';
import { lumaWorkflow } from './harness/workflows';

export interface StopCell {
	provider: ProviderName;
	step: StopStep;
	by: 'Stop' | 'time limit';
	items: 1 | 30;
}

interface World {
	server: ProviderServer;
	cell: StopCell;
	workflowId: string;
	struck: readonly number[];
	block: Block;
	run: EngineRun;
}

export interface StopStep {
	name: string;
	completion?: 'suspend';
	/** Default: all. */
	providers?: readonly ProviderName[];
	/** n8n's time limit does not count while an execution waits. */
	by?: readonly StopCell['by'][];
	isLong?: boolean;
	blockAt?: 'Before';
	parameters?: INodeParameters;
	/** Which items a retry cannot know of. */
	doubt?: 'struck, unless listed';
	/** Where the IDs of the struck items are found: as those of the others in the custom data, or later in the log. */
	later?: 'log' | 'nobody is told';
	prepare?(server: ProviderServer, struck: readonly number[]): void;
	reached(world: World): Promise<void>;
}

function strike(server: ProviderServer, kind: 'slow' | 'timeout-after' | 'reset-after', struck: readonly number[]): void {
	for (const item of struck) server.fault({ kind, route: 'create', prompt: `${promptOf(item)},` });
}

async function untilBought({ server, cell }: World): Promise<void> {
	await server.until(({ purchases }) => purchases.length === cell.items, 30_000);
}

/** Waits until all that is answered is known to the node. */
async function untilAnswered(world: World): Promise<void> {
	await untilBought(world);
	const { server, cell, struck } = world;
	const isStruck = (prompt: string): boolean => cell.step.prepare !== undefined && struck.some((item) => startsWith(prompt, item));
	const answered = server.jobs().filter(({ prompt }) => cell.step.parameters !== undefined || !isStruck(prompt));
	// On a slow machine it ends by itself.
	await untilLogged(answered, () => world.run.stored().status !== 'running');
}

function startsWith(prompt: string, item: number): boolean {
	return itemOf(prompt) === item;
}

function itemOf(prompt: string): number {
	return Number(/number (\d+)/.exec(prompt)?.[1]);
}

const READS = ['status', 'list'] as const;

export const STOP_STEPS: readonly StopStep[] = [
	{
		name: 'before the node',
		blockAt: 'Before',
		reached: async ({ block }) => {
			await block.reached;
		},
	},
	{
		name: 'requests recorded, not sent',
		reached: async (world) => {
			while (recordOf(world).length === 0) await turn();
		},
	},
	{
		name: 'answers come after the stop',
		later: 'log',
		prepare: (server, struck) => {
			strike(server, 'slow', struck);
		},
		reached: untilAnswered,
	},
	{
		name: 'answers never come',
		doubt: 'struck, unless listed',
		later: 'nobody is told',
		prepare: (server, struck) => {
			strike(server, 'timeout-after', struck);
		},
		reached: untilAnswered,
	},
	{
		name: 'search for a lost one',
		providers: LISTING,
		later: 'nobody is told',
		prepare: (server, struck) => {
			strike(server, 'reset-after', struck);
			server.fault({ kind: 'timeout-after', route: 'list', times: 'always' });
		},
		reached: async (world) => {
			await untilAnswered(world);
			await world.server.until(({ requests }) => requests.some(({ route }) => route === 'list'), 30_000);
		},
	},
	{
		name: 'waiting',
		isLong: true,
		reached: untilAnswered,
	},
	{
		name: 'download',
		parameters: { downloadVideo: true },
		prepare: (server) => {
			server.fault({ kind: 'slow', route: 'media', times: 'always' });
		},
		reached: async (world) => {
			await untilAnswered(world);
			await world.server.until(({ mediaHits }) => mediaHits.length > 0, 30_000);
		},
	},
	{
		name: 'suspended',
		completion: 'suspend',
		by: ['Stop'],
		isLong: true,
		reached: async ({ run }) => {
			await run.finished;
		},
	},
	{
		name: 'woken, first read on its way',
		completion: 'suspend',
		isLong: true,
		reached: async ({ run, server }) => {
			await run.finished;
			for (const route of READS) server.fault({ kind: 'timeout-after', route, times: 'always' });
			const before = server.ledger().requests.length;
			void drive(run);
			await server.until(({ requests }) => requests.length > before, 30_000);
		},
	},
];

export interface StopRow extends StopCell {
	requested: number;
	/** When the execution was stopped, and what was on its way. */
	bought: number;
	/** IDs in the execution's custom data. */
	kept: number;
	/** IDs in n8n's log only: they came after the stop. */
	logged: number;
	/** Of neither: the custom data says that its request was not answered. */
	unanswered: number;
	/** In none of these. */
	nowhere: number;
	/** By the retry, beyond one for each item. */
	boughtTwice: number;
	/** After the retry neither delivered nor named nor in doubt. */
	lost: number;
	delivered: number;
	inDoubt: number;
	/** Whether n8n had nothing left to retry. */
	isIdle: boolean;
	findings: string[];
}

export function allStopCells(providers: readonly ProviderName[] = CRASH_PROVIDERS): StopCell[] {
	const cells: StopCell[] = [];
	for (const step of STOP_STEPS)
		for (const provider of step.providers ?? providers)
			for (const by of step.by ?? (['Stop', 'time limit'] as const)) {
				if (!providers.includes(provider)) continue;
				for (const items of [1, 30] as const) cells.push({ provider, step, by, items });
			}
	return cells;
}

let cells = 0;

async function runStopCell(cell: StopCell): Promise<StopRow> {
	const server = await startProviderServer({
		settings: { [cell.provider]: { jobMs: 20 }, media: { slowChunkMs: 400 } },
		now: nodeTime,
	});
	try {
		return await runOn(server, cell);
	} finally {
		await server.close();
	}
}

async function runOn(server: ProviderServer, cell: StopCell): Promise<StopRow> {
	const { provider, step, items: count, by } = cell;
	const items = Array.from({ length: count }, (_, item) => ({ text: promptOf(item) }));
	const prompt = `={{ $json.text }}, seen from above${step.isLong === true ? ' [takes 600000ms]' : ''}`;
	const parameters = generate(provider, {
		prompt,
		completion: step.completion ?? 'poll',
		...step.parameters,
		options: TIMES,
	});
	const struck = count === 1 ? [0] : [2, 3];
	step.prepare?.(server, struck);
	const block = new Block(step.blockAt ?? null);
	const workflowId = `stop-${++cells}`;
	const options: EngineOptions = {
		credentials: credentialsOf(server),
		mode: 'trigger',
		workflowId,
		nodeTypes: { ...(step.completion === 'suspend' ? freshNode() : {}), 'test.block': block },
	};
	const run = await startWorkflow(between(lumaWorkflow(items, parameters)), options);
	await step.reached({ server, cell, workflowId, struck, block, run });
	if (by === 'Stop') run.stop();
	else timeOut(run);
	while (['running', 'waiting'].includes(run.stored().status)) await pause(5);
	await run.finished;
	// What comes later, and what must not.
	await pause(100);
	if (step.later === 'log') await untilLogged(server.jobs());

	const row = judgeStop(server, cell, struck, run);
	server.clearFaults();
	// A retry waits for what is still on its way.
	server.hangUp();
	for (const { id } of server.jobs()) server.finish(id);
	if (run.stored().finished) return row;
	const retried = await retryExecution(run, { nodeTypes: { ...options.nodeTypes, 'test.block': new Block(null) } });
	const { end } = await drive(retried);
	return judgeRetry(server, row, struck, end);
}

async function untilLogged(jobs: ReadonlyArray<{ id: string }>, isOver = (): boolean => false): Promise<void> {
	while (!isOver() && !jobs.every(({ id }) => isLogged(`Generation ${id} was accepted`))) await pause(10);
}

/** The IDs in custom data, in order, each with its state. */
function keptIn(customData: Record<string, string>, findings: string[]): Map<string, string> {
	const names = Object.keys(customData).filter((name) => name.startsWith('lumaGenerations'));
	const expected = names.map((_, n) => (n === 0 ? 'lumaGenerations' : `lumaGenerations${n + 1}`));
	if (names.join() !== expected.join()) findings.push(`custom data has the keys ${names.join()}`);
	if (Object.keys(customData).length > 10) findings.push('more than ten values');
	for (const [name, value] of Object.entries(customData)) {
		if (value.length > 512) findings.push(`${name} has ${value.length} characters`);
	}
	const kept = new Map<string, string>();
	for (const text of names.flatMap((name) => (customData[name] ?? '').split(', '))) {
		const [, id, state] = /^(\S+) \((running|completed|failed)\)$/.exec(text) ?? [];
		if (id === undefined || state === undefined) findings.push(`custom data has '${text}'`);
		else kept.set(id, state);
	}
	const states = [...kept.values()];
	if (states.lastIndexOf('running') > states.findIndex((state) => state !== 'running') && states.some((state) => state !== 'running')) {
		findings.push('running ones are not first');
	}
	return kept;
}

function unansweredIn({ lumaUnanswered = '' }: Record<string, string>): number[] {
	return (/\(items? ([\d, ]+)\)/.exec(lumaUnanswered)?.[1] ?? '').split(', ').filter((item) => item !== '').map(Number);
}

function judgeStop(server: ProviderServer, cell: StopCell, struck: readonly number[], run: EngineRun): StopRow {
	const findings: string[] = [];
	const { customData, status } = run.stored();
	if (status !== 'canceled') findings.push('it ended before it was stopped');
	const kept = keptIn(customData, findings);
	const unanswered = unansweredIn(customData);
	const purchases = server.jobs();
	const ids = new Set(purchases.map(({ id }) => id));
	for (const id of kept.keys()) if (!ids.has(id)) findings.push(`custom data has ${id}, which nobody bought`);
	const others = purchases.filter(({ id }) => !kept.has(id));
	const logged = others.filter(({ id }) => isLogged(id));
	const untold = others.filter(({ id, prompt }) => !isLogged(id) && unanswered.includes(itemOf(prompt)));
	const nowhere = others.filter(({ id, prompt }) => !isLogged(id) && !unanswered.includes(itemOf(prompt)));
	for (const { id, prompt } of nowhere) findings.push(`${id} of item ${itemOf(prompt)} is nowhere`);

	// On a slow machine an answer may have come before the stop.
	const late = cell.step.later === undefined ? [] : struck.filter((item) => others.some(({ prompt }) => itemOf(prompt) === item));
	if (late.join() !== unanswered.join() && cell.step.name !== 'requests recorded, not sent') {
		findings.push(`'lumaUnanswered' names the items ${unanswered.join()}`);
	}
	if (cell.step.later === 'log' && logged.length !== late.length) findings.push(`${logged.length} late answers are in the log`);
	if (cell.step.name === 'before the node' && purchases.length > 0) findings.push('something was bought after the stop');
	return {
		...cell,
		requested: cell.items,
		bought: purchases.length,
		kept: kept.size,
		logged: logged.length,
		unanswered: untold.length,
		nowhere: nowhere.length,
		boughtTwice: 0,
		lost: 0,
		delivered: 0,
		inDoubt: 0,
		isIdle: false,
		findings,
	};
}

function judgeRetry(server: ProviderServer, row: StopRow, struck: readonly number[], end: IRun): StopRow {
	const findings = [...row.findings];
	const check = (holds: boolean, finding: string): void => {
		if (!holds) findings.push(`retry: ${finding}`);
	};
	const { purchases } = server.ledger();
	const delivered = new Map(itemsOf(end).map(({ json }, item) => [String(json.generationId), item]));
	const texts = allTexts(end);
	const doubted = itemsInDoubt(end);
	const boughtTwice = purchases.length - new Set(purchases.map(({ prompt }) => itemOf(prompt))).size;
	// n8n stores an execution at the moment its time is over, without the node that still waits for an answer: there is
	// nothing to retry. What is known stands with the execution itself.
	const isIdle = row.by === 'time limit' && row.step.later !== undefined && end.data.resultData.runData.After === undefined && end.status === 'success';
	if (isIdle) return { ...row, isIdle, findings };
	const lost = purchases.filter(
		({ id, prompt }) => !delivered.has(id) && !texts.includes(id) && !doubted.has(itemOf(prompt)),
	).length;
	check(boughtTwice === 0, `${boughtTwice} bought twice`);
	check(lost === 0, `${lost} lost`);
	const expected = row.step.doubt === undefined || LISTING.includes(row.provider) ? [] : struck;
	const found = [...doubted].sort().join();
	check(found === expected.join(), `in doubt are the items ${[...doubted].join() || 'none'}`);
	check((end.status === 'success') === (doubted.size === 0), `it ended as ${end.status}: ${texts}`);
	check(delivered.size === (doubted.size === 0 ? row.requested : 0), `${delivered.size} delivered`);
	for (const { id, prompt } of purchases) {
		const item = delivered.get(id);
		check(item === undefined || item === itemOf(prompt), `item ${item} has the generation of item ${itemOf(prompt)}`);
	}
	return { ...row, boughtTwice, lost, delivered: delivered.size, inDoubt: doubted.size, findings };
}

export async function runStopMatrix(all: readonly StopCell[], parallel = 12): Promise<StopRow[]> {
	return await runCells(all, runStopCell, parallel);
}

const COUNTS = ['requested', 'bought', 'kept', 'logged', 'unanswered', 'nowhere', 'delivered', 'inDoubt', 'boughtTwice', 'lost'] as const;

export function stopTotals(rows: readonly StopRow[]): Record<(typeof COUNTS)[number] | 'cells' | 'idle' | 'violations', number> {
	const sums = COUNTS.map((count) => [count, rows.reduce((total, row) => total + row[count], 0)]);
	return {
		...(Object.fromEntries(sums) as Record<(typeof COUNTS)[number], number>),
		cells: rows.length,
		idle: rows.filter(({ isIdle }) => isIdle).length,
		violations: rows.filter(({ findings }) => findings.length > 0).length,
	};
}

export function stopName({ provider, step, by, items }: StopCell): string {
	return [provider, step.name, by, `${items} items`].join(' | ');
}

/** The matrix as text: one line per step, way to stop and number of items, one group of figures per provider. */
export function stopTable(rows: readonly StopRow[]): string {
	const { cells: count, idle, violations, ...sums } = stopTotals(rows);
	return [
		'n8n stops the execution. Per provider: videos requested, bought, IDs in the custom data, in the log, unanswered, nowhere,',
		'and after the retry: delivered, in doubt, bought twice, lost',
		...linesOf(rows, ({ step, by, items }) => [step.name.padEnd(28), by.padEnd(10), `${items} items`.padEnd(8)].join(' '), COUNTS),
		'',
		`${count} cells: ${Object.entries(sums).map(([name, sum]) => `${name} ${sum}`).join(', ')}; nothing left to retry ${idle}, cells with findings ${violations}`,
		...rows.flatMap((row) => row.findings.map((finding) => `! ${stopName(row)}: ${finding}`)),
	].join('\n');
}
