/** The example pair: one workflow orders a video by the clock, the other one does something with it when it is finished. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import type { INode } from 'n8n-workflow';
import type { ProviderServer } from '../provider-server';
import { startProviderServer } from '../provider-server';
import type { N8nClient, WorkflowDraft } from './harness';
import { describe as describeExecution, nodeOutput, nodeRuns, sharedN8n } from './harness';
import { projectRoot } from './harness/paths';
import type { CredentialRefs } from './support';
import { createCredentials } from './support';

const NAMES = ['schedule-generate-trigger-pair-1-generate.json', 'schedule-generate-trigger-pair-2-finished.json'];

let client: N8nClient;
let server: ProviderServer;
let credentials: CredentialRefs;

beforeAll(async () => {
	({ client } = sharedN8n());
	server = await startProviderServer();
	credentials = await createCredentials(client, server);
});
afterAll(async () => {
	await server.close();
});

/** An example as it is after a person followed its note. */
function example(name: string, change: (node: INode) => void): WorkflowDraft {
	const { nodes, connections, settings, name: title } = JSON.parse(readFileSync(join(projectRoot, 'examples', name), 'utf8')) as WorkflowDraft;
	for (const node of nodes) {
		if (node.type.startsWith('n8n-nodes-luma-video.')) node.credentials = credentials.lumaDreamMachine;
		change(node);
	}
	return { name: title, nodes, connections, ...(settings && { settings }) };
}

describe('the example pair', () => {
	it.each([
		['a finished video is downloaded for the next step', '', ['Download Video', 'Use the Video']],
		['somebody is told of a failed one', ' [fails: too dark]', ['Tell Somebody']],
	])('%s', async (_, marker, reached) => {
		server.reset();
		const [generate = '', finished = ''] = NAMES;
		const webhookId = randomUUID();
		const second = await client.createWorkflow(
			example(finished, (node) => {
				if (node.webhookId !== undefined) node.webhookId = webhookId;
			}),
		);
		await client.publish(second.id);
		const first = await client.createWorkflow(
			example(generate, (node) => {
				if (node.name !== 'What to Show') return;
				const { assignments } = node.parameters.assignments as { assignments: Array<{ name: string; value: string }> };
				for (const each of assignments) {
					if (each.name === 'callbackUrl') each.value = `${client.url}/webhook/${webhookId}/luma-video`;
					if (each.name === 'prompt') each.value += marker;
				}
			}),
		);
		await client.publish(first.id);
		const ordered = await client.waitForExecution(await client.runWorkflow(first.id, { trigger: 'Every Morning' }));
		const [item] = nodeOutput(ordered, 'Luma Video');
		expect(item?.json.status).toBe('queued');

		const execution = await client.waitForNewExecution(second.id);
		expect(describeExecution(execution)).toContain('success');
		for (const name of ['Download Video', 'Use the Video', 'Tell Somebody']) {
			expect([name, nodeRuns(execution, name).length]).toEqual([name, reached.includes(name) ? 1 : 0]);
		}
		const [last] = nodeOutput(execution, reached.at(-1) ?? '');
		expect(last?.json.generationId).toBe(item?.json.generationId);
		if (reached.includes('Use the Video')) {
			expect(last?.binary?.data?.mimeType).toBe('video/mp4');
		} else expect(last?.json.failureReason).toBe('too dark');
		await client.unpublish(first.id);
		await client.unpublish(second.id);
	});
});
