/** Every workflow of examples/ in the real n8n, set up as its note says: what it makes and how much it buys. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import type { INode } from 'n8n-workflow';
import type { ProviderServer } from '../provider-server';
import { startProviderServer } from '../provider-server';
import { startChatServer, type ChatServer } from '../chat-server';
import { startMovieServer, type MovieServer } from '../movie-server';
import { exampleFiles, readExample, setField, triggerUrlOf, type ExampleSetup } from './examples';
import type { Execution, N8n, N8nClient } from './harness';
import { describe as describeExecution, nodeOutput, nodeRuns, sharedN8n, startN8n } from './harness';
import type { CredentialRefs } from './support';
import { createCredentials, jsonOf } from './support';

let client: N8nClient;
let server: ProviderServer;
let chat: ChatServer;
let movies: MovieServer;
let setup: ExampleSetup & { credentials: CredentialRefs };
/** The one that n8n's timer wakes after a minute and a half, begun before all others. */
let nightly: Promise<{ n8n: N8n; server: ProviderServer; executionId: string }>;

beforeAll(async () => {
	nightly = startNightly();
	({ client } = sharedN8n());
	server = await startProviderServer();
	chat = await startChatServer();
	movies = await startMovieServer(`${server.url}/media/samples/720p_16x9_sound.mp4`);
	const { id, name } = await client.createCredential('openAiApi', { apiKey: chat.apiKey, url: chat.baseUrl });
	const header = await client.createCredential('httpHeaderAuth', { name: 'x-api-key', value: movies.apiKey });
	setup = {
		credentials: await createCredentials(client, server),
		chatCredential: { openAiApi: { id, name } },
		movieCredential: { httpHeaderAuth: { id: header.id, name: header.name } },
		movieUrl: movies.baseUrl,
		photoUrl: `${server.url}/media/samples/start.jpg`,
	};
	await nightly;
});
afterAll(async () => {
	await server.close();
	await chat.close();
	await movies.close();
	const { n8n, server: own } = await nightly;
	await n8n.stop();
	await own.close();
});
beforeEach(() => {
	server.reset();
});

/** In an n8n of its own, which has not learnt from other tests that videos take less than a second. */
async function startNightly(): Promise<Awaited<typeof nightly>> {
	const own = await startProviderServer({ settings: { lumaAgents: { jobMs: 30_000 } } });
	const n8n = await startN8n({ tarball: sharedN8n().tarball.path });
	const draft = readExample('suspend-until-finished.json', {
		credentials: await createCredentials(n8n.client, own),
		change: (node) => {
			const { jsonOutput } = node.parameters;
			if (typeof jsonOutput === 'string') {
				node.parameters.jsonOutput = jsonOutput.replace('opens a window', 'opens a window [fails: too bright]');
			}
		},
	});
	const { id } = await n8n.client.createWorkflow(draft);
	const executionId = await n8n.client.runWorkflow(id, { trigger: 'Every Night' });
	await n8n.client.waitForExecution(executionId, { status: ['waiting'] });
	return { n8n, server: own, executionId };
}

/** Runs an example to its end. */
async function run(file: string, change?: (node: INode) => void): Promise<Execution> {
	const execution = await client.runToEnd(readExample(file, { ...setup, change }));
	expect(describeExecution(execution)).toContain('"success"');
	return execution;
}

/** What was bought, by provider and operation, in order. */
function purchases(from = server): string[] {
	return from.ledger().purchases.map(({ provider, operation }) => `${provider} ${operation}`);
}

const tests: Record<string, () => Promise<void>> = {
	'text-to-video.json': async () => {
		const [item] = nodeOutput(await run('text-to-video.json'), 'Luma Video');
		expect(item?.json).toMatchObject({ status: 'completed', estimatedCostUsd: 0.15 });
		expect(item?.binary?.data?.mimeType).toBe('video/mp4');
		expect(purchases()).toEqual(['lumaAgents generate']);
	},

	'product-photo-to-video.json': async () => {
		const execution = await run('product-photo-to-video.json');
		const [photo] = nodeOutput(execution, 'Download Photo');
		expect(photo?.binary?.data?.mimeType).toBe('image/jpeg');
		const [item] = nodeOutput(execution, 'Animate Photo');
		expect(item?.json).toMatchObject({ status: 'completed', prompt: expect.stringContaining('mug'), estimatedCostUsd: 0.15 });
		expect(item?.binary?.data?.mimeType).toBe('video/mp4');
		expect(purchases()).toEqual(['lumaAgents generate']);
		expect(JSON.stringify(server.jobs()[0]?.request)).toContain('image/jpeg');
	},

	'batch-from-table.json': async () => {
		// The bag's video is bought and does not succeed; the cap has no prompt, so it is not bought.
		const execution = await run('batch-from-table.json', (node) => {
			const { jsonOutput } = node.parameters;
			if (typeof jsonOutput === 'string') {
				node.parameters.jsonOutput = jsonOutput.replace('The bag turns', 'The bag turns [fails: too shiny]');
			}
		});
		expect(nodeOutput(execution, 'Finished Videos').map(({ json, binary }) => [json.sku, json.estimatedCostUsd, binary?.data?.mimeType])).toEqual([
			['MUG-01', 0.15, 'video/mp4'],
			['SHOE-12', 0.15, 'video/mp4'],
		]);
		expect(jsonOf(nodeOutput(execution, 'Failed Rows'))).toEqual([
			{ sku: 'BAG-07', reason: expect.stringContaining('too shiny'), nextStep: expect.stringContaining('Change the prompt') },
			{ sku: 'CAP-03', reason: expect.stringContaining("'Prompt' is empty"), nextStep: 'Nothing was sent for this item. Correct it and run this item again.' },
		]);
		expect(purchases()).toEqual(Array<string>(3).fill('lumaAgents generate'));
		expect(server.ledger().maxConcurrent.lumaAgents).toBe(2);
	},

	'suspend-until-finished.json': async () => {
		const { executionId, server: own, n8n } = await nightly;
		const execution = await n8n.client.waitForExecution(executionId, { timeout: 150_000 });
		expect(describeExecution(execution)).toContain('"success"');
		const videos = nodeOutput(execution, 'Use the Videos');
		expect(videos.map(({ json, binary }) => [json.status, json.estimatedCostUsd, binary?.data?.mimeType])).toEqual([
			['completed', 0.15, 'video/mp4'],
			['completed', 0.15, 'video/mp4'],
		]);
		expect(jsonOf(nodeOutput(execution, 'Failed Scenes'))).toEqual([
			{ scene: '3', reason: expect.stringContaining('too bright'), nextStep: expect.any(String) },
		]);
		expect(purchases(own)).toEqual(Array<string>(3).fill('lumaAgents generate'));
	},

	'extend-twice.json': async () => {
		const execution = await run('extend-twice.json');
		const steps = ['First Clip', 'Extend Once', 'Extend Twice'].map((name) => nodeOutput(execution, name));
		expect(steps.map((items) => items.map(({ json }) => json.status))).toEqual(Array(3).fill(['completed']));
		expect(steps.map(([item]) => item?.json.estimatedCostUsd)).toEqual([0.15, 0.15, 0.15]);
		expect(steps.map(([item]) => item?.binary?.data?.mimeType)).toEqual(Array(3).fill('video/mp4'));
		expect(purchases()).toEqual(['lumaAgents generate', 'lumaAgents extend', 'lumaAgents extend']);
		const [first, second, third] = server.jobs();
		expect(JSON.stringify(second?.request)).toContain(first?.id);
		expect(JSON.stringify(third?.request)).toContain(second?.id);
	},

	'still-then-animate.json': async () => {
		const execution = await run('still-then-animate.json');
		const [still] = nodeOutput(execution, 'Generate Still');
		expect(still?.json).toMatchObject({ status: 'completed', videoUrl: null, media: [{ type: 'image' }], estimatedCostUsd: 0.0404 });
		const [item] = nodeOutput(execution, 'Animate Still');
		expect(item?.json).toMatchObject({ status: 'completed', estimatedCostUsd: 0.15 });
		expect(item?.binary?.data?.mimeType).toBe('video/mp4');
		expect(purchases()).toEqual(['lumaAgents image', 'lumaAgents generate']);
		const [{ url }] = still?.json.media as [{ url: string }];
		expect(server.jobs()[1]?.request).toMatchObject({ video: { start_frame: { url } } });
	},

	'voice-over-and-captions.json': async () => {
		const execution = await run('voice-over-and-captions.json', (node) => {
			if (node.type === 'n8n-nodes-base.wait') node.parameters.amount = 1;
		});
		const [clip] = nodeOutput(execution, 'Luma Video');
		expect(movies.movies).toEqual([
			{
				resolution: 'hd',
				elements: [{ type: 'subtitles', language: 'en' }],
				scenes: [{ elements: [
					{ type: 'video', src: clip?.json.videoUrl, resize: 'cover' },
					{ type: 'voice', text: 'Every morning, the wind writes a new line in the sky.' },
				] }],
			},
		]);
		expect(nodeRuns(execution, 'Get Movie')).toHaveLength(2);
		expect(nodeOutput(execution, 'Download Film')[0]?.binary?.data?.mimeType).toBe('video/mp4');
		expect(purchases()).toEqual(['lumaAgents generate']);
	},

	'ai-agent-with-luma-tool.json': async () => {
		const execution = await run('ai-agent-with-luma-tool.json');
		const [job] = server.jobs();
		expect(job?.prompt).toContain('red kite');
		expect(String(nodeOutput(execution, 'AI Agent')[0]?.json.output)).toContain(`/media/lumaAgents/${job?.id}/output.mp4`);
		expect(purchases()).toEqual(['lumaAgents generate']);
	},

	'schedule-generate-trigger-pair-1-generate.json': async () => await runPair('', ['Use the Video']),
	'schedule-generate-trigger-pair-2-finished.json': async () => await runPair(' [fails: too dark]', ['Handle Failure']),
};

/** Publishes both, lets the clock strike, and looks which nodes the finished video reaches. */
async function runPair(marker: string, reached: readonly string[]): Promise<void> {
	const second = await client.createWorkflow(
		readExample('schedule-generate-trigger-pair-2-finished.json', {
			...setup,
			change: (node) => {
				if (node.webhookId !== undefined) node.webhookId = randomUUID();
			},
		}),
	);
	await client.publish(second.id);
	const first = await client.createWorkflow(
		readExample('schedule-generate-trigger-pair-1-generate.json', {
			...setup,
			triggerUrl: triggerUrlOf(client, second),
			change: (node) => setField(node, 'prompt', (prompt) => prompt + marker),
		}),
	);
	await client.publish(first.id);
	const ordered = await client.waitForExecution(await client.runWorkflow(first.id, { trigger: 'Every Morning' }));
	const [item] = nodeOutput(ordered, 'Luma Video');
	expect(item?.json.status).toBe('queued');

	const execution = await client.waitForNewExecution(second.id);
	expect(describeExecution(execution)).toContain('"success"');
	for (const name of ['Use the Video', 'Handle Failure']) {
		expect([name, nodeRuns(execution, name).length]).toEqual([name, reached.includes(name) ? 1 : 0]);
	}
	const [last] = nodeOutput(execution, reached.at(-1) ?? '');
	expect(last?.json.generationId).toBe(item?.json.generationId);
	expect(last?.json.reference).toEqual({ series: 'mornings' });
	if (marker === '') expect(last?.binary?.data?.mimeType).toBe('video/mp4');
	else expect(last?.json.failureReason).toContain('too dark');
	await client.unpublish(first.id);
	await client.unpublish(second.id);
	expect(purchases()).toEqual(['lumaAgents generate']);
}

describe('the examples', () => {
	it.each(exampleFiles())('%s', async (file) => {
		const test = tests[file];
		if (!test) throw new Error(`${file} has no test`);
		await test();
	}, 180_000);
});
