/**
 * Example workflows for the engine harness: what stands before the first node of this package (a Manual Trigger, Edit
 * Fields, Split Out) becomes one start node with the items that it would hand over.
 */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { IConnections, IDataObject, INode, IWorkflowSettings } from 'n8n-workflow';
import { testCredential } from './workflows';
import type { EngineWorkflow } from './engine';

export const examplesFolder = join(__dirname, '..', '..', '..', 'examples');

/** What n8n's editor exports and imports. */
export interface ExampleWorkflow {
	name: string;
	nodes: INode[];
	connections: IConnections;
	settings?: IWorkflowSettings;
}

/** File names of all examples. */
export function exampleFiles(): string[] {
	return readdirSync(examplesFolder).filter((name) => name.endsWith('.json')).sort();
}

export function readExample(fileName: string): ExampleWorkflow {
	return JSON.parse(readFileSync(join(examplesFolder, fileName), 'utf8')) as ExampleWorkflow;
}

/** Whether a node comes from this package. */
export function isOurs(node: INode): boolean {
	return node.type.startsWith('n8n-nodes-luma-video.');
}

/** The example's nodes of this package, behind the items of the nodes before them; other nodes are left out. */
export function engineWorkflowOf(example: ExampleWorkflow): EngineWorkflow {
	const { start, items } = inputOf(example);
	const nodes: INode[] = [
		{ ...start, type: 'test.items', typeVersion: 1, parameters: { items: JSON.stringify(items) } },
		...example.nodes.filter(isOurs).map((node) => ({ ...node, credentials: credentialsOf(node) })),
	];
	const kept = new Set(nodes.map(({ name }) => name));
	const connections = Object.entries(example.connections)
		.filter(([from]) => kept.has(from))
		.map(([from, { main = [] }]) => [
			from,
			{ main: main.map((targets) => (targets ?? []).filter(({ node }) => kept.has(node))) },
		]);
	return { nodes, connections: Object.fromEntries(connections) as IConnections };
}

/** The last node before those of this package, and what it outputs. */
function inputOf(example: ExampleWorkflow): { start: INode; items: IDataObject[] } {
	let node = example.nodes.find(({ type }) => type === 'n8n-nodes-base.manualTrigger');
	let items: IDataObject[] = [{}];
	while (node) {
		items = outputOf(node, items);
		const [target] = example.connections[node.name]?.main?.[0] ?? [];
		const next = example.nodes.find(({ name }) => name === target?.node);
		if (next && isOurs(next)) return { start: node, items };
		node = next;
	}
	throw new Error(`'${example.name}' has no way from a Manual Trigger to a node of this package`);
}

function outputOf(node: INode, items: IDataObject[]): IDataObject[] {
	const { assignments, fieldToSplitOut, jsonOutput, mode } = node.parameters;
	switch (node.type) {
		case 'n8n-nodes-base.manualTrigger':
			return items;
		case 'n8n-nodes-base.set': {
			const fields = mode === 'raw' ? (JSON.parse(literal(jsonOutput, node)) as IDataObject) : assigned(assignments, node);
			return items.map(() => fields);
		}
		case 'n8n-nodes-base.splitOut':
			return items.flatMap((item) => item[literal(fieldToSplitOut, node)] as IDataObject[]);
		default:
			throw new Error(`The harness has no stand-in for ${node.type}`);
	}
}

function assigned(assignments: unknown, node: INode): IDataObject {
	const list = (assignments as { assignments: Array<{ name: string; value: unknown }> }).assignments;
	return Object.fromEntries(list.map(({ name, value }) => [name, literal(value, node)]));
}

function literal(value: unknown, node: INode): string {
	if (typeof value === 'string' && !value.startsWith('=')) return value;
	throw new Error(`'${node.name}' must hold plain text to run without n8n`);
}

function credentialsOf(node: INode): INode['credentials'] {
	const { provider } = node.parameters;
	return typeof provider === 'string' ? testCredential(provider) : undefined;
}
