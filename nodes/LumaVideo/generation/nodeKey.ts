import type { FunctionsBase } from 'n8n-workflow';

/** Distinguishes a node from all others of this n8n, also after it was renamed. */
export function nodeKey(context: Pick<FunctionsBase, 'getNode' | 'getWorkflow'>): string {
	return `${context.getWorkflow().id ?? ''} ${context.getNode().id}`;
}
