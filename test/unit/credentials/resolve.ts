/** Does to credentials what n8n does when a node uses them, with n8n's own expressions. */
import {
	type ICredentialType,
	type ICredentialDataDecryptedObject,
	type INode,
	type INodeParameters,
	type INodeType,
	type INodeTypes,
	NodeHelpers,
	Workflow,
} from 'n8n-workflow';

export const node: INode = { id: '1', name: 'Node', type: 'node', typeVersion: 1, position: [0, 0], parameters: {} };
const nodeType = { description: { properties: [] } } as unknown as INodeType;
const nodeTypes = { getByName: () => nodeType, getByNameAndVersion: () => nodeType } as unknown as INodeTypes;

const { expression } = new Workflow({ nodes: [node], connections: {}, active: false, nodeTypes });

/** What `getCredentials()` hands to a node when these fields were filled in. */
export function filledIn(type: ICredentialType, fields: INodeParameters): ICredentialDataDecryptedObject {
	const withDefaults = NodeHelpers.getNodeParameters(type.properties, fields, true, false, null, null);
	return expression.getComplexParameterValue(
		node,
		withDefaults as INodeParameters,
		'internal',
		{},
		undefined,
		undefined,
		withDefaults as ICredentialDataDecryptedObject,
	) as unknown as ICredentialDataDecryptedObject;
}

/** A part of `authenticate` or `test` with its expressions worked out. */
export function resolved<T>(part: T, credentials: ICredentialDataDecryptedObject): T {
	return expression.getParameterValue(part as never, null, 0, 0, node.name, [], 'internal', {
		$credentials: credentials,
	}) as T;
}
