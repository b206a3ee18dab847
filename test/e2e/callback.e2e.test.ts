import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { ProviderName, ProviderServer } from '../provider-server';
import { startProviderServer } from '../provider-server';
import { chain, describe as describeExecution, items, manualTrigger, nodeOutput, sharedN8n, workflow } from './harness';
import type { CredentialRefs } from './support';
import { createCredentials, generateParameters, lumaVideo } from './support';

let server: ProviderServer;
let credentials: CredentialRefs;

beforeAll(async () => {
	server = await startProviderServer({ settings: {} });
	credentials = await createCredentials(sharedN8n().client, server);
});
afterAll(async () => {
	await server.close();
});
beforeEach(() => {
	server.reset();
});

describe.each(['lumaDreamMachine', 'pixazo', 'crazyrouter'] as ProviderName[])('%s', (provider) => {
	it('suspends once for three items and resumes when the last is over', async () => {
		const { client } = sharedN8n();
		server.configure({ [provider]: { jobMs: 3000 } });
		const nodes = [
			manualTrigger(),
			items([{ text: 'a cat' }, { text: 'a dog [takes 5000ms]' }, { text: 'a fox' }]),
			lumaVideo('Luma Video', provider, credentials, {
				...generateParameters(provider, '={{ $json.text }}'),
				completion: 'callback',
			}),
		];
		const { id } = await client.createWorkflow(workflow('Callback', nodes, chain(...nodes)));
		const executionId = await client.runWorkflow(id);
		const execution = await client.waitForExecution(executionId, { timeout: 40_000 });
		expect(describeExecution(execution)).toContain('success');
		const output = nodeOutput(execution, 'Luma Video');
		expect(output.map(({ json }) => json.status)).toEqual(['completed', 'completed', 'completed']);
		expect(server.ledger().purchases).toHaveLength(3);
	});
});
