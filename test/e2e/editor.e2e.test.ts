import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { INode } from 'n8n-workflow';
import type { Locator } from 'playwright-core';
import type { ProviderServer } from '../provider-server';
import { startProviderServer } from '../provider-server';
import { byProvider, nameOf, PROVIDERS, samples, WITHOUT_LIST } from '../samples';
import type { Editor } from './harness';
import { operations } from '../../nodes/LumaVideo/operations';
import { manualTrigger, node, openEditor, sharedN8n, workflow } from './harness';
import type { CredentialRefs } from './support';
import { longVideo, createCredentials, generate, keysIn, prompts } from './support';

const luma = 'lumaDreamMachine';

let server: ProviderServer;
let credentials: CredentialRefs;
let editor: Editor;

beforeAll(async () => {
	const { client } = sharedN8n();
	server = await startProviderServer();
	credentials = await createCredentials(client, server);
	// High enough to show all fields at once.
	editor = await openEditor(client, { height: 1250 });
});
afterAll(async () => {
	await editor.close();
	await server.close();
});
beforeEach(() => {
	server.reset();
});

/** Stores a workflow in which nodes follow a trigger and items with these texts, and shows it on the canvas. */
async function open(texts: readonly string[], ...nodes: readonly INode[]): Promise<string> {
	const { client } = sharedN8n();
	const { id } = await client.createWorkflow(workflow('Editor', [manualTrigger(), prompts(...texts), ...nodes]));
	await editor.openWorkflow(id);
	return id;
}

/** What lists offer, those that are open. */
function listed(): Locator {
	return editor.page.locator('.el-select-dropdown__item:visible');
}

/** Goes back to the canvas from whatever is open. */
async function close(): Promise<void> {
	const panel = editor.byTestId('ndv').first();
	if (!(await panel.isVisible())) return;
	if (await listed().first().isVisible()) {
		await editor.page.keyboard.press('Escape');
		await listed().first().waitFor({ state: 'hidden' });
	}
	await editor.byTestId('ndv-close-button').first().click();
	await panel.waitFor({ state: 'hidden' });
}

/** Runs the opened workflow by its button and returns the execution's id. */
async function execute(workflowId: string): Promise<string> {
	await editor.executeWorkflow();
	const execution = await sharedN8n().client.waitForNewExecution(workflowId, {
		status: ['success', 'error', 'waiting'],
	});
	return execution.id;
}

/** Names of the fields that the panel of the opened node shows, in their order. */
async function fields(): Promise<string[]> {
	const labels = editor.byTestId('node-parameters').locator('[data-test-id="input-label"]:visible');
	return (await labels.allInnerTexts()).map((text) => text.split('\n')[0]?.trim() ?? '');
}

/** What a field with a list of options offers. The list stays open. */
async function offers(field: string): Promise<string[]> {
	await editor.byTestId(`parameter-input-${field}`).click();
	return await openList();
}

async function openList(): Promise<string[]> {
	await listed().first().waitFor();
	return (await listed().allInnerTexts()).map((text) => text.split('\n')[0]?.trim() ?? '');
}

async function chosen(field: string): Promise<string> {
	return await editor.byTestId(`parameter-input-${field}`).locator('input').inputValue();
}

/** How many fields of this name are marked in red. */
async function issuesOf(label: string): Promise<number> {
	const field = editor.byTestId('parameter-item').filter({ has: editor.page.getByText(label, { exact: true }) });
	return await field.locator('[data-test-id="parameter-issues"]').count();
}

/** Picks from a list, which may be open already. */
async function choose(field: string, option: string): Promise<void> {
	if (!(await listed().first().isVisible())) await offers(field);
	await listed().filter({ hasText: option }).first().click();
	await listed().first().waitFor({ state: 'hidden' });
}

const COMMON = ['Provider', 'Resource', 'Operation', 'Model', 'Prompt'];
const END = ['Download Video', 'Additional Fields', 'Options'];

const COMPLETIONS = ['Return Immediately', 'Suspend Until Finished', 'Wait Until Finished'];

describe('the node panel', () => {
	const wanted = byProvider((provider) => [...COMMON, ...samples[provider].panel.fields, ...END]);

	beforeAll(async () => {
		const own = PROVIDERS.map((name) => generate(name, credentials, { startImage: '' }, {}, nameOf(name)));
		const changing = ['Provider changes', 'Resource changes', 'Model changes', 'Completion changes'].map((name) =>
			generate(luma, credentials, {}, {}, name),
		);
		await open(['a cat'], ...own, ...changing);
	});
	afterEach(close);

	it('is found by what the node is for', async () => {
		for (const words of ['image to video', 'upscale', 'animate', 'luma ai']) {
			expect(await editor.searchNodes(words, 'Luma Video')).toContain('Luma Video');
		}
		await editor.page.keyboard.press('Escape');
	});

	it('is listed once, with its trigger and with every operation as an action', async () => {
		expect((await editor.searchNodes('Luma Video')).filter((name) => name.startsWith('Luma'))).toEqual(['Luma Video']);
		const { description, actions } = await editor.nodeActions('Luma Video');
		expect(description).toContain('Generate and edit videos and images');
		expect(actions).toEqual(expect.arrayContaining([...operations.map(({ action }) => action), 'On completed', 'On failed']));
		expect(new Set(actions).size).toBe(actions.length);
		await editor.byTestId('node-creator-item-name').filter({ hasText: 'Upscale video' }).click();
		await editor.byTestId('node-parameters').first().waitFor();
		expect([await chosen('provider'), await chosen('operation')]).toEqual(['Luma Dream Machine', 'Upscale']);
	});

	it("is among an agent's tools", async () => {
		const { client } = sharedN8n();
		const { id } = await client.createWorkflow(workflow('Agent', [node('AI Agent', '@n8n/n8n-nodes-langchain.agent', {}, { typeVersion: 2 })]));
		const workflowUrl = editor.page.url();
		await editor.openWorkflow(id);
		await editor.byTestId('canvas-handle-plus').last().click();
		expect(await editor.searchNodes('Luma Video')).toContain('Luma Video Tool');
		await editor.page.goto(workflowUrl);
		await editor.canvasNodes.first().waitFor();
	});

	it.each(PROVIDERS)('%s: shows the fields that the provider has', async (provider) => {
		const panel = await editor.openNode(nameOf(provider));
		expect(await fields()).toEqual(wanted[provider]);
		expect(await chosen('provider')).toBe(nameOf(provider));
		const image = editor.byTestId('parameter-item').filter({ hasText: 'Start Image' });
		expect(await image.locator('[data-test-id="parameter-issues"]').count()).toBe('startImage' in samples[provider].parameters ? 1 : 0);
		expect(await offers('completion')).toEqual(COMPLETIONS);
		await choose('completion', 'Wait Until Finished');
		await panel.getByPlaceholder('Add Field').click();
		expect(await openList()).toEqual(samples[provider].panel.additionalFields);
	});

	it('shows what most requests need without scrolling in a window of 1440 x 900', async () => {
		await editor.page.setViewportSize({ width: 1440, height: 900 });
		const panel = await editor.openNode(nameOf('lumaAgents'));
		const field = await editor.byTestId('parameter-input-completion').boundingBox();
		const window = await panel.boundingBox();
		// All of its text: the frame around it may end below.
		expect(field && window && field.y + field.height / 2 < window.y + window.height).toBe(true);
		await editor.page.setViewportSize({ width: 1440, height: 1250 });
	});

	it('follows the provider, and is whole after a switch away from a model that only the first one has', async () => {
		await editor.openNode('Provider changes');
		await choose('model', 'Ray 2 Flash');
		await choose('provider', 'Pixazo');
		expect(await fields()).toEqual(wanted.pixazo);
		expect(await chosen('model')).toBe('Ray 2 Flash');
		expect(await issuesOf('Model')).toBe(0);
		for (const provider of PROVIDERS) {
			await choose('provider', nameOf(provider));
			expect(await fields()).toEqual(wanted[provider]);
			expect(await issuesOf('Model')).toBe(0);
		}
		await choose('provider', nameOf(luma));
		await choose('operation', 'Upscale');
		// It has no such operation.
		await choose('provider', nameOf(WITHOUT_LIST));
		expect(await fields()).toEqual(wanted[WITHOUT_LIST]);
		await choose('provider', 'Pixazo');
		expect(await offers('model')).toEqual(['Ray 2 Flash', 'Ray 3.2']);
	});

	it('is whole after a switch away from a resource that the new provider lacks', async () => {
		await editor.openNode('Resource changes');
		await choose('provider', nameOf('lumaAgents'));
		// By its description: others speak of images too.
		await choose('resource', 'Generate and edit images');
		await choose('operation', 'Edit');
		await choose('provider', 'Pixazo');
		expect(await fields()).toEqual(wanted.pixazo);
		expect(await chosen('resource')).toBe('Video');
		expect(await issuesOf('Resource')).toBe(0);
	});

	it('follows the model', async () => {
		await editor.openNode('Model changes');
		await choose('model', 'Ray 1.6');
		expect(await fields()).toEqual([...COMMON, 'Start Image', 'Aspect Ratio', 'Completion', 'End Image', 'Images From', 'Loop', ...END]);
	});

	it('follows the way to completion, and the resource', async () => {
		await editor.openNode('Completion changes');
		await choose('completion', 'Return Immediately');
		expect(await fields()).not.toContain('Download Video');
		await choose('completion', 'Suspend Until Finished');
		expect(await fields()).toContain('Download Video');
		await choose('resource', 'Generation');
		expect(await fields()).toEqual(['Provider', 'Resource', 'Operation', 'Generation ID', 'Options']);
	});
});

describe('an execution', () => {
	afterEach(close);

	it('that is finished shows its items and files', async () => {
		const id = await open(['a cat', 'a dog'], generate(luma, credentials, { downloadVideo: true }));
		await execute(id);
		const panel = await editor.openNode('Luma Video');
		await panel.getByText('video/mp4').first().waitFor();
		await panel.getByText('JSON', { exact: true }).last().click();
		await panel.getByText('completed').first().waitFor();
		await close();
	});

	it('that fails shows what happened and what to do', async () => {
		const id = await open(['a cat [fails: The scene is too dark.]'], generate(luma, credentials));
		await execute(id);
		const panel = await editor.openNode('Luma Video');
		await panel.getByText(`(generation ${server.jobs()[0]?.id}) [item 0]`).first().waitFor();
		const text = await panel.innerText();
		expect(text).toContain('Luma Dream Machine could not generate the video: The scene is too dark');
		expect(text).toContain('Change the prompt or the images, then run this item again.');
		expect(keysIn(text, server.keys)).toEqual([]);
	});

	it('that ran out of its time shows what goes on at the provider', async () => {
		server.configure({ [luma]: { jobMs: 600_000 } });
		const { client } = sharedN8n();
		const nodes = [manualTrigger(), prompts('a cat', 'a dog'), generate(luma, credentials)];
		const { id } = await client.createWorkflow(workflow('Editor', nodes, undefined, { settings: { executionTimeout: 3 } }));
		await editor.openWorkflow(id);
		await editor.executeWorkflow();
		await client.waitForNewExecution(id, { status: ['canceled'] });
		const panel = await editor.openNode('Luma Video');
		const told = panel.getByText('Generations still running at the provider').first();
		await told.waitFor();
		for (const job of server.jobs()) expect(await told.innerText()).toContain(job.id);
	});

	it('that is suspended says so, and shows its items when it is resumed', async () => {
		server.configure({ [luma]: { jobMs: 600_000 } });
		const id = await open(['a cat', 'a dog'], generate(luma, credentials, { ...longVideo('lumaDreamMachine'), completion: 'suspend' }));
		await execute(id);
		const panel = await editor.openNode('Luma Video');
		await panel.getByText('The workflow continues by itself when the generations are finished.').waitFor();
		await panel.getByText(/^0 of 2 finished\. Next check: \d\d:\d\d:\d\d /).waitFor();
		for (const job of server.jobs()) server.finish(job.id);
		await panel.getByText('JSON', { exact: true }).last().click();
		await panel.getByText('completed').first().waitFor();
	});
});
