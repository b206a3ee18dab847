/** What every row plays on: a real n8n with the packed tarball, and the stand-ins for our and for other services. */
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { INode } from 'n8n-workflow';
import type { Execution, N8n, N8nClient, WorkflowDraft } from '../e2e/harness';
import { nodeRuns, packTarball, startN8n } from '../e2e/harness';
import type { CredentialRefs } from '../e2e/support';
import { createCredentials } from '../e2e/support';
import { allExecutions } from '../e2e/triggerSupport';
import type { ProviderServer } from '../provider-server';
import { startProviderServer } from '../provider-server';
import type { Rivals } from './rivals';
import { startRivals } from './rivals';

export interface Stage {
	n8n: N8n;
	client: N8nClient;
	server: ProviderServer;
	credentials: CredentialRefs;
	rivals: Rivals;
	rivalCredentials: Record<'openAi' | 'miniMax', NonNullable<INode['credentials']>>;
}

/** Environment of an n8n whose garbage `Memory.rest()` collects. */
export const collectsGarbage = { NODE_OPTIONS: `--require ${join(__dirname, 'collectGarbage.cjs')}` };

/** Says what goes on, beside the figures. */
export function log(text: string): void {
	process.stderr.write(`${text}\n`);
}

/** Starts everything, does the task, ends everything. */
export async function onStage<T>(task: (stage: Stage) => Promise<T>, env: Record<string, string> = {}): Promise<T> {
	const tarball = await packTarball();
	const server = await startProviderServer();
	const rivals = await startRivals();
	try {
		const n8n = await startN8n({ tarball: tarball.path, env });
		try {
			const { client } = n8n;
			const openAi = await client.createCredential('openAiApi', { apiKey: rivals.key, url: rivals.openAiUrl });
			const miniMax = await client.createCredential('minimaxApi', { apiKey: rivals.key, url: rivals.miniMaxUrl });
			return await task({
				n8n,
				client,
				server,
				credentials: await createCredentials(client, server),
				rivals,
				rivalCredentials: { openAi: { openAiApi: openAi }, miniMax: { minimaxApi: miniMax } },
			});
		} finally {
			await n8n.stop();
		}
	} finally {
		await rivals.close();
		await server.close();
	}
}

/**
 * Runs a workflow by hand and returns how long one of its nodes took, in milliseconds.
 *
 * @throws {Error} when it does not succeed
 */
export async function timeOfNode(client: N8nClient, draft: WorkflowDraft, nodeName: string, timeout: number): Promise<number> {
	const execution = await client.runToEnd(draft, { timeout, status: ['success'] });
	return lastRun(execution, nodeName).executionTime;
}

/** When a node had run, in milliseconds since 1970. */
export function endOfNode(execution: Execution, nodeName: string): number {
	const { startTime, executionTime } = lastRun(execution, nodeName);
	return startTime + executionTime;
}

function lastRun(execution: Execution, nodeName: string): { startTime: number; executionTime: number } {
	const run = nodeRuns(execution, nodeName).at(-1);
	if (!run) throw new Error(`"${nodeName}" was not reached in execution ${execution.id}`);
	return run;
}

/** Waits until no execution of a workflow runs or is added for a while; cheap, so as not to disturb what is measured. */
export async function untilQuiet(client: N8nClient, workflowId: string, quietMs = 2500): Promise<void> {
	let before = '';
	for (let since = Date.now(); Date.now() - since < quietMs; await pause(500)) {
		const query = new URLSearchParams({ filter: JSON.stringify({ workflowId }), limit: '1' });
		const running = new URLSearchParams({ filter: JSON.stringify({ workflowId, status: ['new', 'running'] }), limit: '1' });
		const newest = await client.request<{ results: Array<{ id: string }> }>('GET', `/rest/executions?${query}`);
		const busy = await client.request<{ results: unknown[] }>('GET', `/rest/executions?${running}`);
		const now = `${newest.results[0]?.id ?? ''}`;
		if (busy.results.length > 0 || now !== before) since = Date.now();
		before = now;
	}
}

/** When the last of these executions ended, in milliseconds since 1970, and how many succeeded. */
export async function endOfAll(
	client: N8nClient,
	workflowId: string,
	known: ReadonlySet<string> = new Set(),
): Promise<{ endedAt: number; succeeded: number; ids: string[] }> {
	const executions = (await allExecutions(client, workflowId)).filter(({ id }) => !known.has(id));
	const ends = executions.map(({ stoppedAt }) => Date.parse(stoppedAt ?? ''));
	return {
		endedAt: ends.reduce((latest, end) => Math.max(latest, end), 0),
		succeeded: executions.filter(({ status }) => status === 'success').length,
		ids: executions.map(({ id }) => id),
	};
}
