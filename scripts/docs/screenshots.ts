/**
 * Pictures of the nodes in n8n's editor, for looking at: every provider and operation, light and dark, and what a
 * finished, a waiting and a failed execution look like, and the canvas of every example. They go to output/screenshots/.
 * The README's pictures, in docs/, are made only when they are asked for.
 *
 *     npm run docs:screenshots [-- --theme dark --only panels|executions|examples|readme]
 */
import type { INode } from 'n8n-workflow';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { operations } from '../../nodes/LumaVideo/operations';
import { chain, manualTrigger, node, openEditor, packTarball, startN8n, workflow } from '../../test/e2e/harness';
import { exampleFiles, readExample } from '../../test/e2e/examples';
import { projectRoot } from '../../test/e2e/harness/paths';
import type { Editor, N8n } from '../../test/e2e/harness';
import type { CredentialRefs } from '../../test/e2e/support';
import { longVideo, LUMA_VIDEO_TRIGGER, createCredentials, generate, lumaVideo, prompts } from '../../test/e2e/support';
import type { ProviderServer } from '../../test/provider-server';
import { startProviderServer } from '../../test/provider-server';
import { PROVIDERS } from '../../test/samples';

const { values: options } = parseArgs({ options: { theme: { type: 'string' }, only: { type: 'string' } } });

interface Studio {
	n8n: N8n;
	server: ProviderServer;
	credentials: CredentialRefs;
	editor: Editor;
	theme: string;
}

async function show({ n8n, editor }: Studio, ...nodes: INode[]): Promise<string> {
	const { id } = await n8n.client.createWorkflow(workflow('Product videos', nodes, chain(...nodes)));
	await editor.openWorkflow(id);
	return id;
}

/** A picture of a node's panel, with its collections open as far as a click opens them. */
async function panels(studio: Studio): Promise<void> {
	const { credentials, editor, theme } = studio;
	for (const provider of PROVIDERS) {
		for (const { resource, value, providers } of operations) {
			// What makes nothing looks the same everywhere.
			if (!providers.includes(provider) || (resource !== 'video' && provider !== providers[0])) continue;
			await show(studio, manualTrigger(), lumaVideo('Luma Video', provider, credentials, { resource, operation: value }));
			await editor.openNode('Luma Video');
			await editor.page.waitForTimeout(300);
			await editor.screenshot(`${theme}-${provider}-${resource}-${value}`);
		}
	}
	const trigger = node('Luma Video Trigger', LUMA_VIDEO_TRIGGER, {}, { credentials: credentials.lumaDreamMachine });
	await show(studio, trigger);
	await editor.openNode('Luma Video Trigger');
	await editor.page.waitForTimeout(300);
	await editor.screenshot(`${theme}-trigger`);
}

/** Runs a workflow in the editor and takes pictures of its canvas and of the node's panel. */
async function execution(studio: Studio, name: string, statuses: string[], more: INode['parameters'], texts: string[]): Promise<void> {
	const { n8n, credentials, editor, theme } = studio;
	const id = await show(studio, manualTrigger(), prompts(...texts), generate('lumaAgents', credentials, more));
	await editor.executeWorkflow();
	await n8n.client.waitForNewExecution(id, { status: statuses as never });
	await editor.page.waitForTimeout(1500);
	await editor.screenshot(`${theme}-${name}-canvas`);
	await editor.openNode('Luma Video');
	await editor.page.waitForTimeout(500);
	await editor.screenshot(`${theme}-${name}`);
}

/** A picture of the canvas of every example, as a person sees it after importing it. */
async function examples({ n8n, credentials, editor, theme }: Studio): Promise<void> {
	for (const file of exampleFiles()) {
		const { id } = await n8n.client.createWorkflow(readExample(file, { credentials }));
		await editor.openWorkflow(id);
		await editor.page.waitForTimeout(1500);
		await editor.screenshot(`${theme}-example-${file.replace(/\.json$/, '')}`);
	}
}

/** Pixels of the window. */
const README_PICTURES = {
	workflow: { x: 200, y: 270, width: 1160, height: 800 },
	node: { x: 24, y: 24, width: 1392, height: 1110 },
};

/** The batch example after a run, and the node's panel after another. */
async function readme(studio: Studio): Promise<void> {
	const { n8n, credentials, editor } = studio;
	const take = async (name: keyof typeof README_PICTURES): Promise<void> => {
		// Without n8n's message that the run succeeded.
		await editor.page.waitForTimeout(8000);
		await editor.page.screenshot({ path: join(projectRoot, 'docs', `${name}.png`), clip: README_PICTURES[name], animations: 'disabled' });
	};
	const { id } = await n8n.client.createWorkflow(readExample('batch-from-table.json', { credentials }));
	await editor.openWorkflow(id);
	await editor.executeWorkflow();
	await n8n.client.waitForNewExecution(id);
	await take('workflow');
	await execution(studio, 'readme', ['success'], {}, ['A red kite over a beach', 'A dog in the surf']);
	await take('node');
}

async function main(): Promise<void> {
	const wants = (part: string): boolean => (options.only ?? part) === part;
	const server = await startProviderServer();
	const n8n = await startN8n({ tarball: (await packTarball()).path });
	try {
		const credentials = await createCredentials(n8n.client, server, server.keys, options.only === 'readme' ? 'My account at ' : undefined);
		for (const theme of ['light', 'dark'] as const) {
			if ((options.theme ?? (options.only === 'readme' ? 'light' : theme)) !== theme) continue;
			const editor = await openEditor(n8n.client, { height: 1250, theme });
			const studio = { n8n, server, credentials, editor, theme };
			try {
				if (options.only === 'readme') await readme(studio);
				if (wants('panels')) await panels(studio);
				if (wants('examples')) await examples(studio);
				if (wants('executions')) {
					await execution(studio, 'finished', ['success'], {}, ['A red kite over a beach', 'A dog in the surf']);
					await execution(studio, 'failed', ['error'], {}, ['A red kite [takes 500ms] [fails: the prompt was refused]']);
					await execution(studio, 'waiting', ['waiting'], { ...longVideo('lumaAgents'), completion: 'suspend' }, ['A red kite [takes 60000ms]']);
				}
			} finally {
				await editor.close();
			}
		}
	} finally {
		await n8n.stop();
		await server.close();
	}
}

void main();
