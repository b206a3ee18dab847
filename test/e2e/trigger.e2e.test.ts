import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { ProviderName, ProviderServer } from '../provider-server';
import { startProviderServer } from '../provider-server';
import { chain, items, manualTrigger, node, nodeOutput, sharedN8n, workflow } from './harness';
import type { CredentialRefs } from './support';
import { LUMA_VIDEO_TRIGGER, createCredentials, generateParameters, lumaVideo } from './support';

let server: ProviderServer;
let credentials: CredentialRefs;

beforeAll(async () => {
	server = await startProviderServer();
	credentials = await createCredentials(sharedN8n().client, server);
});
afterAll(async () => {
	await server.close();
});
beforeEach(() => {
	server.reset();
});

describe.each(['lumaDreamMachine', 'pixazo', 'crazyrouter'] as ProviderName[])('%s', (provider) => {
	it('starts the workflow once per finished video', async () => {
		const { client, url } = sharedN8n();
		const trigger = node('Luma Video Trigger', LUMA_VIDEO_TRIGGER, { provider }, {
			credentials: credentials[provider],
			webhookId: `trigger-${provider}-${Date.now()}`,
		});
		const published = await client.createWorkflow(workflow(`Trigger ${provider}`, [trigger], {}));
		await client.publish(published.id);
		const nodes = [
			manualTrigger(),
			items([{ text: 'a cat' }, { text: 'a dog' }]),
			lumaVideo('Luma Video', provider, credentials, {
				...generateParameters(provider, '={{ $json.text }}'),
				completion: 'none',
				additionalFields: { callbackUrl: `${url}/webhook/${trigger.webhookId}/luma-video` },
			}),
		];
		const { id } = await client.createWorkflow(workflow('Buy', nodes, chain(...nodes)));
		const bought = await client.waitForExecution(await client.runWorkflow(id));
		const ids = nodeOutput(bought, 'Luma Video').map(({ json }) => json.generationId);
		expect(ids).toHaveLength(2);
		await server.until((ledger) => ledger.callbacks.filter((c) => c.status === 'completed').length >= 2, 10_000);
		await new Promise((resolve) => setTimeout(resolve, 3000));
		const executions = await client.listExecutions({ workflowId: published.id });
		const emitted = [];
		for (const { id: executionId } of executions) {
			const execution = await client.waitForExecution(executionId);
			emitted.push(...nodeOutput(execution, 'Luma Video Trigger').map(({ json }) => json));
		}
		expect(emitted.map((json) => json.generationId).sort()).toEqual([...ids].sort());
		expect(emitted.map((json) => json.event)).toEqual(['completed', 'completed']);
	});
});
