/** The workflows of examples/, as they are after a person followed their notes: with credentials and addresses. */
import type { INode } from 'n8n-workflow';
import { exampleFiles, readExample as readFile } from '../engine/harness/exampleWorkflow';
import type { ProviderName } from '../provider-server';
import type { N8nClient, StoredWorkflow, WorkflowDraft } from './harness';
import type { CredentialRefs } from './support';

export { exampleFiles };

/** What the notes of the examples ask a person to put in. */
export interface ExampleSetup {
	/** Of the providers. */
	readonly credentials: CredentialRefs;
	/** For the chat model of the agent. */
	readonly chatCredential?: NonNullable<INode['credentials']>;
	/** Production URL of the trigger that is told of finished videos. */
	readonly triggerUrl?: string;
	/** For the service that adds a voice and captions, and where it is. */
	readonly movieCredential?: NonNullable<INode['credentials']>;
	readonly movieUrl?: string;
	/** Where the photo of a product lies. */
	readonly photoUrl?: string;
	/** Any other change of a node. */
	readonly change?: (node: INode) => void;
}

/** An example as n8n takes it. */
export function readExample(fileName: string, setup: ExampleSetup): WorkflowDraft {
	const { credentials, chatCredential, movieCredential, movieUrl, triggerUrl, photoUrl, change } = setup;
	const { name, nodes, connections, settings } = readFile(fileName);
	for (const node of nodes) {
		if (node.type.startsWith('n8n-nodes-luma-video.')) {
			node.credentials = credentials[node.parameters.provider as ProviderName];
		} else if (node.type === '@n8n/n8n-nodes-langchain.lmChatOpenAi' && chatCredential) {
			node.credentials = chatCredential;
		} else if (node.parameters.genericAuthType === 'httpHeaderAuth' && movieCredential) {
			node.credentials = movieCredential;
			node.parameters.url = String(node.parameters.url).replace('https://api.json2video.com/v2', movieUrl ?? '');
		}
		if (triggerUrl !== undefined) setField(node, 'triggerUrl', () => triggerUrl);
		if (photoUrl !== undefined) setField(node, 'photo', () => photoUrl);
		change?.(node);
	}
	return { name, nodes, connections, ...(settings && { settings }) };
}

/** Changes a field of an Edit Fields node; of other nodes and fields nothing. */
export function setField(node: INode, name: string, change: (value: string) => string): void {
	if (node.type !== 'n8n-nodes-base.set' || node.parameters.assignments === undefined) return;
	const { assignments } = node.parameters.assignments as { assignments: Array<{ name: string; value: string }> };
	for (const each of assignments) if (each.name === name) each.value = change(each.value);
}

/** The production URL of a workflow's Luma Video Trigger; `undefined` without one. */
export function triggerUrlOf(client: N8nClient, { nodes }: Pick<StoredWorkflow, 'nodes'>): string | undefined {
	const trigger = nodes.find(({ type }) => type === 'n8n-nodes-luma-video.lumaVideoTrigger');
	return trigger?.webhookId && `${client.url}/webhook/${trigger.webhookId}/luma-video`;
}
