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

/** What the execution asks for: it decides how long it is expected to take. */
export type Kind = Record<'resolution' | 'duration', string>;

/** Far from its end for four minutes: what is learned from those that a call ends at once shortens it to 42 s. */
const LONG: Kind = { resolution: '4k', duration: '9s' };
/** Another kind, whose end teaches nothing about the one above. */
export const FOR_WARMING_UP: Kind = { resolution: '1080p', duration: '9s' };

async function video(
	{ client, credentials }: Stage,
	provider: 'lumaDreamMachine' | 'lumaAgents',
	kind: Kind,
): Promise<{ workflowId: string; path: string }> {
	const path = randomUUID();
	const node = generate(provider, credentials, { prompt: '={{ $json.body.text }}', completion: 'suspend', ...kind });
	return { path, workflowId: await publish(client, `Suspended by Luma Video ${path}`, [webhookTrigger(path), node, next()]) };
}

/** Luma Video with "Suspend Until Finished", called by a test. The stand-in sends no callback of its own. */
export async function ours(stage: Stage, kind: Kind = LONG): Promise<Suspender> {
	const { server, n8n } = stage;
	server.configure({ lumaDreamMachine: { jobMs: 3_600_000, callbacks: { mode: 'drop' } } });
	const { workflowId, path } = await video(stage, 'lumaDreamMachine', kind);
	return {
		name: 'Luma Video',
		workflowId,
		startUrl: `${n8n.url}/webhook/${path}`,
		startBody: (number) => ({ text: `A kite, ${number}` }),
		resumeCalls: async () =>
			await Promise.resolve(
				server
					.jobs()
					.filter(({ status, provider }) => status !== 'completed' && provider === 'lumaDreamMachine')
					.map(({ id, callbackUrl, provider }) => {
						server.finish(id);
						return { url: callbackUrl ?? '', body: server.callbackBody(provider, { id }) };
					}),
			),
	};
}

/** How long 10 s at 1080p are expected to take at Luma Agents, in milliseconds, and when n8n is to wake who waits. */
const TIMED_MS = 90_000 * 1.8 * 1.5;
export const WAKE_AFTER_MS = TIMED_MS * 0.99;

/** Luma Video with "Suspend Until Finished" at a provider that never calls: n8n's timer wakes it, and the video is there. */
export async function oursByTimer(stage: Stage): Promise<Suspender> {
	stage.server.configure({ lumaAgents: { jobMs: 180_000 } });
	const { workflowId, path } = await video(stage, 'lumaAgents', { resolution: '1080p', duration: '10s' });
	return {
		name: 'Luma Video by timer',
		workflowId,
		startUrl: `${stage.n8n.url}/webhook/${path}`,
		startBody: (number) => ({ text: `A kite, ${number}` }),
		resumeCalls: async () => await Promise.resolve([]),
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
