/** Small workflows for engine tests: items in, one Luma Video node, results out. */
import type { IDataObject, INode, INodeExecutionData, INodeParameters, IRun } from 'n8n-workflow';
import { findProvider } from '../../../nodes/LumaVideo/providers';
import type { EngineWorkflow } from './engine';

export const NODE = 'Luma Video';

function node(name: string, type: string, parameters: INodeParameters, more: Partial<INode> = {}): INode {
	return { id: name, name, type, typeVersion: 1, position: [0, 0], parameters, ...more };
}

/** The `credentials` of a node that is set to this provider. */
export function testCredential(provider: string): NonNullable<INode['credentials']> {
	const found = findProvider(provider);
	if (!found) throw new Error(`${provider} is no provider`);
	return { [found.credentialType]: { id: '1', name: 'Test' } };
}

/** Items -> Luma Video. */
export function lumaWorkflow(items: IDataObject[], parameters: INodeParameters, more: Partial<INode> = {}): EngineWorkflow {
	return {
		nodes: [
			node('Items', 'test.items', { items: JSON.stringify(items) }),
			node(NODE, 'n8n-nodes-luma-video.lumaVideo', parameters, {
				credentials: testCredential(String(parameters.provider)),
				...more,
			}),
		],
		connections: { Items: { main: [[{ node: NODE, type: 'main', index: 0 }]] } },
	};
}

/** A workflow with one more node after the Luma Video node. */
export function followedBy(
	workflow: EngineWorkflow,
	name: string,
	type: string,
	parameters: INodeParameters = {},
): EngineWorkflow {
	return {
		nodes: [...workflow.nodes, node(name, type, parameters)],
		connections: { ...workflow.connections, [NODE]: { main: [[{ node: name, type: 'main', index: 0 }]] } },
	};
}

/** Items -> Loop -> Luma Video -> Loop, so many rounds. */
export function loopWorkflow(
	items: IDataObject[],
	rounds: number,
	parameters: INodeParameters,
	more: Partial<INode> = {},
): EngineWorkflow {
	const { nodes } = lumaWorkflow(items, parameters, more);
	const [start, luma] = nodes;
	if (!start || !luma) throw new Error('unreachable');
	return {
		nodes: [start, node('Loop', 'test.loop', { rounds }), luma],
		connections: {
			Items: { main: [[{ node: 'Loop', type: 'main', index: 0 }]] },
			Loop: { main: [[], [{ node: NODE, type: 'main', index: 0 }]] },
			[NODE]: { main: [[{ node: 'Loop', type: 'main', index: 0 }]] },
		},
	};
}

/** Items of one output of the Luma Video node's last run. */
export function outputOf(run: IRun, output = 0, nodeName = NODE): INodeExecutionData[] {
	return run.data.resultData.runData[nodeName]?.at(-1)?.data?.main?.[output] ?? [];
}

/** Message and description of what ended the execution. */
export function errorOf(run: IRun): { message: string; description: string } | null {
	const { error } = run.data.resultData;
	return error ? { message: error.message, description: error.description ?? '' } : null;
}
