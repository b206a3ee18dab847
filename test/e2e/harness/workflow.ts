import { randomUUID } from 'node:crypto';
import type { IConnections, IDataObject, INode, INodeParameters, IPinData, IWorkflowSettings } from 'n8n-workflow';

/** A workflow as `N8nClient.createWorkflow` takes it and as n8n exports it. */
export interface WorkflowDraft {
	readonly name: string;
	readonly nodes: INode[];
	readonly connections: IConnections;
	readonly settings?: IWorkflowSettings;
	readonly pinData?: IPinData;
}

/** What is not said about a node: its settings (`retryOnFail`, `onError`, …), credentials and version. */
export type NodeExtras = Partial<Omit<INode, 'name' | 'type' | 'parameters'>>;

/**
 * A node at the origin; `workflow()` lays nodes out.
 *
 * @param type full name, package included: `n8n-nodes-base.set`
 */
export function node(
	name: string,
	type: string,
	parameters: INodeParameters = {},
	extras: NodeExtras = {},
): INode {
	return { id: randomUUID(), typeVersion: 1, position: [0, 0], ...extras, name, type, parameters };
}

/** The trigger behind the editor's execute button. */
export function manualTrigger(name = 'Start'): INode {
	return node(name, 'n8n-nodes-base.manualTrigger');
}

/**
 * A Webhook node, to start a published workflow in production mode with `N8nClient.callWebhook(path)`, which returns at once.
 *
 * @param path last part of its address; unique in the n8n instance
 */
export function webhookTrigger(path: string): INode {
	const parameters = { httpMethod: 'POST', path, responseMode: 'onReceived', options: {} };
	return node('Webhook', 'n8n-nodes-base.webhook', parameters, { typeVersion: 2, webhookId: randomUUID() });
}

/**
 * A Code node, run once for all items.
 *
 * @param jsCode must return an array of items
 */
export function code(jsCode: string, name = 'Code'): INode {
	return node(name, 'n8n-nodes-base.code', { jsCode }, { typeVersion: 2 });
}

/** A node that outputs these items, whatever comes in. */
export function items(json: readonly IDataObject[], name = 'Items'): INode {
	return code(`return ${JSON.stringify(json.map((item) => ({ json: item })))};`, name);
}

/** One wire between the main outputs and inputs of two nodes. */
export interface Wire {
	readonly from: INode | string;
	readonly to: INode | string;
	/** Index of the output of `from`; default 0. The error output of a node with one output is 1. */
	readonly output?: number;
	/** Index of the input of `to`; default 0. */
	readonly input?: number;
}

/** n8n's connections from a list of wires. */
export function connect(...wires: readonly Wire[]): IConnections {
	const connections: IConnections = {};
	for (const { from, to, output = 0, input = 0 } of wires) {
		const outputs = ((connections[nameOf(from)] ??= {}).main ??= []);
		while (outputs.length <= output) outputs.push([]);
		(outputs[output] ??= []).push({ node: nameOf(to), type: 'main', index: input });
	}
	return connections;
}

/** Connects each node to the next. */
export function chain(...nodes: readonly INode[]): IConnections {
	const wires: Wire[] = [];
	let previous: INode | undefined;
	for (const next of nodes) {
		if (previous) wires.push({ from: previous, to: next });
		previous = next;
	}
	return connect(...wires);
}

/**
 * A workflow with its nodes laid out from left to right.
 *
 * @param connections default: each node to the next
 */
export function workflow(
	name: string,
	nodes: readonly INode[],
	connections: IConnections = chain(...nodes),
	extras: Pick<WorkflowDraft, 'settings' | 'pinData'> = {},
): WorkflowDraft {
	return {
		name,
		nodes: nodes.map((one, index) => ({ ...one, position: [index * 260, 0] })),
		connections,
		...extras,
		settings: { executionOrder: 'v1', ...extras.settings },
	};
}

function nameOf(nodeOrName: INode | string): string {
	return typeof nodeOrName === 'string' ? nodeOrName : nodeOrName.name;
}
