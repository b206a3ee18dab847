/** Suspended executions: ours, which wait for a video, and n8n's own Wait node, which waits for any call. */
import { randomUUID } from 'node:crypto';
import type { INode } from 'n8n-workflow';
import type { Execution, N8nClient } from '../e2e/harness';
import { chain, node, nodeOutput, webhookTrigger, workflow } from '../e2e/harness';
import { generate } from '../e2e/support';
import type { Stage } from './stage';

export const NEXT = 'Next';

/** A published workflow that suspends its execution on every call. */
export interface Suspender {
	name: string;
	workflowId: string;
	/** Starts an execution that is going to be suspended. */
	startUrl: string;
	/** What to send to `startUrl`. */
	startBody(number: number): object;
	/** Where and with what to call once the video is finished, by the number of the execution. */
	resumeCalls(executions: () => Promise<Execution[]>): Promise<Array<{ url: string; body: unknown }>>;
}

function next(): INode {
	return node(NEXT, 'n8n-nodes-base.noOp');
}

async function publish(client: N8nClient, name: string, nodes: INode[]): Promise<string> {
	const { id } = await client.createWorkflow(workflow(name, nodes, chain(...nodes)));
	await client.publish(id);
	return id;
}

/** Luma Video with "Suspend Until Callback". The stand-in sends no callback of its own. */
export async function ours({ client, server, credentials, n8n }: Stage): Promise<Suspender> {
	server.configure({ lumaDreamMachine: { jobMs: 3_600_000, callbacks: { mode: 'drop' } } });
	const path = randomUUID();
	const video = generate('lumaDreamMachine', credentials, { prompt: '={{ $json.body.text }}', completion: 'callback' });
	const workflowId = await publish(client, 'Suspended by Luma Video', [webhookTrigger(path), video, next()]);
	return {
		name: 'Luma Video',
		workflowId,
		startUrl: `${n8n.url}/webhook/${path}`,
		startBody: (number) => ({ text: `A kite, ${number}` }),
		resumeCalls: async () =>
			await Promise.resolve(
				server
					.jobs()
					.filter(({ status }) => status !== 'completed')
					.map(({ id, callbackUrl, provider }) => {
						server.finish(id);
						return { url: callbackUrl ?? '', body: server.callbackBody(provider, { id }) };
					}),
			),
	};
}

/** n8n's Wait node with "On Webhook Call", which answers at once and asks nobody. */
export async function waitNode({ client, n8n }: Stage): Promise<Suspender> {
	const path = randomUUID();
	const address = { id: 'url', name: 'url', value: '={{ $execution.resumeUrl }}', type: 'string' };
	const tell = node('Address', 'n8n-nodes-base.set', { assignments: { assignments: [address] }, options: {} }, { typeVersion: 3.4 });
	const wait = node(
		'Wait',
		'n8n-nodes-base.wait',
		{ resume: 'webhook', httpMethod: 'POST', responseMode: 'onReceived', options: {} },
		{ typeVersion: 1.1, webhookId: randomUUID() },
	);
	const workflowId = await publish(client, 'Suspended by Wait', [webhookTrigger(path), tell, wait, next()]);
	return {
		name: 'Wait node',
		workflowId,
		startUrl: `${n8n.url}/webhook/${path}`,
		startBody: (number) => ({ text: `A kite, ${number}` }),
		resumeCalls: async (executions) =>
			(await executions()).map((execution) => ({
				url: String(nodeOutput(execution, 'Address')[0]?.json.url),
				body: { id: randomUUID(), state: 'completed' },
			})),
	};
}
