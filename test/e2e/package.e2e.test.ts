import { describe, expect, it } from '@jest/globals';
import { basename } from 'node:path';
import { n8n as declared, name as packageName } from '../../package.json';
import { manualTrigger, openEditor, sharedN8n, workflow } from './harness';

const namesIn = (paths: readonly string[]) => paths.map((path) => basename(path).split('.')[0]?.toLowerCase()).sort();

describe('the packed package in a running n8n', () => {
	it('brings every node it declares', async () => {
		const prefix = `${packageName}.`;
		const types = await sharedN8n().client.nodeTypes();
		// As an AI tool, a node is listed a second time.
		const ours = types.filter(({ name }) => name.startsWith(prefix) && !name.endsWith('Tool'));
		expect(ours.map(({ name }) => name.slice(prefix.length).toLowerCase()).sort()).toEqual(namesIn(declared.nodes));
	});

	it('brings every credential it declares', async () => {
		const wanted = namesIn(declared.credentials);
		const types = await sharedN8n().client.credentialTypes();
		const ours = types.map(({ name }) => name.toLowerCase()).filter((name) => wanted.includes(name));
		expect(ours.sort()).toEqual(wanted);
	});

	it('is found by its name in the editor', async () => {
		const { client } = sharedN8n();
		const { id } = await client.createWorkflow(workflow('Start only', [manualTrigger()]));
		const editor = await openEditor(client);
		try {
			await editor.openWorkflow(id);
			expect(await editor.searchNodes('Luma Video')).toContain('Luma Video');
			await editor.screenshot('node-creator');
		} finally {
			await editor.close();
		}
	});
});
