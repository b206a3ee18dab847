/** Brings an execution to its end: whenever it waits it is woken when its time has come, as n8n's timer does. */
import { setTimeout as pause } from 'node:timers/promises';
import type { IExecuteFunctions, INodeExecutionData, INodeType, INodeTypeDescription, IRun } from 'n8n-workflow';
import { NodeConnectionTypes } from 'n8n-workflow';
import type { EngineOptions, EngineRun, EngineWorkflow } from './engine';
import { systemClock } from './fastClock';
import { resumeExecution } from './resume';
import { NODE } from './workflows';

export interface Ended {
	/** The last run that worked on the execution. */
	run: EngineRun;
	end: IRun;
	/** How often it was suspended. */
	naps: number;
}

/** Waits until n8n's timer would wake the execution. */
export async function untilDue(run: EngineRun): Promise<void> {
	const { waitTill } = run.stored();
	while (waitTill && systemClock.wall() < waitTill.getTime()) await pause(5);
}

/** Wakes a suspended execution, by timer. */
export async function wakeUp(run: EngineRun, nodeTypes?: EngineOptions['nodeTypes']): Promise<EngineRun> {
	const { run: woken, error } = await resumeExecution(run, { by: 'timer', ...(nodeTypes ? { options: { nodeTypes } } : {}) });
	if (!woken) throw error ?? new Error('nothing resumed');
	return woken;
}

/**
 * @param nodeTypes for the runs after a suspension, when n8n was started anew meanwhile
 * @param asleep called whenever the execution is suspended
 */
export async function drive(
	run: EngineRun,
	{ nodeTypes, asleep }: { nodeTypes?: EngineOptions['nodeTypes']; asleep?: () => void } = {},
): Promise<Ended> {
	let current = run;
	for (let naps = 0; ; naps++) {
		const end = await current.finished;
		if (end.status !== 'waiting') return { run: current, end, naps };
		asleep?.();
		await untilDue(current);
		current = await wakeUp(current, nodeTypes);
	}
}

/** Waits in the one of its nodes that has the name, until n8n is killed or the execution is stopped; the others hand their items through. */
export class Block implements INodeType {
	description: INodeTypeDescription = {
		displayName: 'Block',
		name: 'block',
		group: ['transform'],
		version: 1,
		description: 'Waits',
		defaults: { name: 'Block' },
		inputs: [NodeConnectionTypes.Main],
		outputs: [NodeConnectionTypes.Main],
		properties: [],
	};

	readonly reached: Promise<void>;
	readonly execute: (this: IExecuteFunctions) => Promise<INodeExecutionData[][]>;

	constructor(at: 'Before' | 'After' | null) {
		let reach: () => void = () => undefined;
		this.reached = new Promise((resolve) => {
			reach = resolve;
		});
		this.execute = async function (this: IExecuteFunctions) {
			if (this.getNode().name === at) {
				reach();
				await new Promise<void>((resolve) => {
					this.getExecutionCancelSignal()?.addEventListener('abort', () => {
						resolve();
					});
				});
			}
			return [this.getInputData()];
		};
	}
}

/** The workflow with a node before and one after the Luma Video node, both of type `test.block`. */
export function between({ nodes, connections }: EngineWorkflow): EngineWorkflow {
	const block = (name: string) => ({
		id: name,
		name,
		type: 'test.block',
		typeVersion: 1,
		position: [0, 0] as [number, number],
		parameters: {},
	});
	const to = (name: string) => ({ main: [[{ node: name, type: 'main' as const, index: 0 }]] });
	return {
		nodes: [...nodes, block('Before'), block('After')],
		connections: { ...connections, Items: to('Before'), Before: to(NODE), [NODE]: to('After') },
	};
}
