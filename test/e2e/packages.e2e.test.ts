/** The package with Luma's own services in a real n8n: beside the whole package, then in its place. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { name as wholeName } from '../../package.json';
import { name as lumaName, n8n as declared } from '../../packages/n8n-nodes-luma-ai/package.json';
import type { ProviderServer } from '../provider-server';
import { startProviderServer } from '../provider-server';
import { credentialTypes, samples } from '../samples';
import { readExample } from './examples';
import type { N8n, WorkflowDraft } from './harness';
import { manualTrigger, node, nodeOutput, packTarball, sharedN8n, startN8n, workflow } from './harness';
import { projectRoot } from './harness/paths';
import type { CredentialRefs } from './support';
import { createCredentials, generate, prompts } from './support';

const PACKAGES = [wholeName, lumaName];
const OTHERS = Object.values(samples).map(({ credential }) => credential.name).filter((name) => !name.startsWith('luma'));

let n8n: N8n;
let server: ProviderServer;
let credentials: CredentialRefs;

beforeAll(async () => {
	server = await startProviderServer({ settings: { lumaAgents: { jobMs: 300 } } });
	const luma = await packTarball(join(projectRoot, 'packages', lumaName));
	n8n = await startN8n({ tarball: sharedN8n().tarball.path, moreTarballs: { [lumaName]: luma.path } });
	credentials = await createCredentials(n8n.client, server);
});
afterAll(async () => {
	await n8n.stop();
	await server.close();
});

/** All that a user does to move a workflow: the type of its nodes is that of the other package. */
function movedTo<T>(packageName: string, draft: T): T {
	const text = PACKAGES.reduce((all, from) => all.replaceAll(`"type":"${from}.`, `"type":"${packageName}.`), JSON.stringify(draft));
	return JSON.parse(text) as T;
}

async function offered(): Promise<{ nodes: string[]; credentials: string[] }> {
	const types = await n8n.client.nodeTypes();
	const credentialTypes = await n8n.client.credentialTypes();
	return {
		nodes: types.map(({ name }) => name).filter((name) => PACKAGES.some((each) => name.startsWith(`${each}.`))).sort(),
		credentials: [...new Set(credentialTypes.map(({ name }) => name))],
	};
}

async function run(draft: WorkflowDraft, name: string): Promise<unknown> {
	const execution = await n8n.client.runToEnd(draft);
	return nodeOutput(execution, name)[0]?.json;
}

const typesOf = (name: string): string[] => [`${name}.lumaVideo`, `${name}.lumaVideoTool`, `${name}.lumaVideoTrigger`];

describe('beside the whole package', () => {
	it('both have their nodes, each under its own name, and every credential is there', async () => {
		const { nodes, credentials: types } = await offered();
		expect(nodes).toEqual([...typesOf(lumaName), ...typesOf(wholeName)].sort());
		expect(types).toEqual(expect.arrayContaining(credentialTypes.map(({ name }) => name)));
	});

	it.concurrent.each(PACKAGES)('a node of %s makes a video with the credential that both share', async (name) => {
		const draft = workflow('Shared', [manualTrigger(), prompts('a cat'), generate('lumaAgents', credentials)]);
		expect(await run(movedTo(name, draft), 'Luma Video')).toMatchObject({ provider: 'lumaAgents', status: 'completed' });
	});

	it('the test of a shared credential passes', async () => {
		const fields = samples.lumaAgents.credentialFields(server.keys.lumaAgents, server.baseUrls.lumaAgents);
		const credential = await n8n.client.createCredential('lumaAgentsApi', fields);
		expect(await n8n.client.testCredential(credential)).toMatchObject({ status: 'OK' });
	});
});

describe('in place of the whole package', () => {
	let example: WorkflowDraft;
	let id: string;

	beforeAll(async () => {
		example = readExample('text-to-video.json', { credentials });
		({ id } = await n8n.client.createWorkflow(example));
		await n8n.stop({ keepFolder: true });
		await rm(n8n.packageFolder, { recursive: true });
		await n8n.start();
	});

	it('has its own nodes and credentials, and none of the other services', async () => {
		const { nodes, credentials: types } = await offered();
		expect(nodes).toEqual(typesOf(lumaName));
		expect(types).toEqual(expect.arrayContaining(['lumaAgentsApi', 'lumaDreamMachineApi']));
		expect(types.filter((type) => OTHERS.includes(type))).toEqual([]);
		expect(declared.credentials).toHaveLength(2);
	});

	it('runs a stored workflow of the whole package once its nodes have the other type', async () => {
		const stored = await n8n.client.getWorkflow(id);
		const { nodes } = movedTo(lumaName, { nodes: stored.nodes });
		await n8n.client.updateWorkflow(id, { nodes });
		const execution = await n8n.client.waitForExecution(await n8n.client.runWorkflow(id, { trigger: nodes[0]?.name }));
		expect(execution.status).toBe('success');
		expect(server.ledger().purchases).toHaveLength(3);
	});

	it('has a trigger that starts its workflow when a video is finished', async () => {
		const webhookId = randomUUID();
		const trigger = node('Finished', `${lumaName}.lumaVideoTrigger`, { provider: 'lumaAgents' }, { webhookId, credentials: credentials.lumaAgents });
		const listening = await n8n.client.createWorkflow(workflow('Listens', [trigger]));
		await n8n.client.publish(listening.id);
		const triggerUrl = `${n8n.url}/webhook/${webhookId}/luma-video`;
		const buying = generate('lumaAgents', credentials, { completion: 'none', triggerUrl });
		const bought = await run(movedTo(lumaName, workflow('Buys', [manualTrigger(), prompts('a fox'), buying])), 'Luma Video');
		const execution = await n8n.client.waitForNewExecution(listening.id);
		expect(nodeOutput(execution, 'Finished')[0]?.json).toMatchObject({
			event: 'completed',
			generationId: (bought as { generationId: string }).generationId,
		});
	});
});
