/** Every workflow of examples/ in the real n8n, set up as its note says: what it makes and how much it buys. */
import { afterAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import type { INode } from 'n8n-workflow';
import type { ProviderServer } from '../provider-server';
import { startMovieServer, type MovieServer } from '../movie-server';
import { exampleFiles, readExample, setField, triggerUrlOf, type ExampleSetup } from './examples';
import type { Execution } from './harness';
import { describe as describeExecution, nodeOutput, nodeRuns, sharedN8n } from './harness';
import { startStandIn } from './standIn';
import { jsonOf } from './support';

const { client } = sharedN8n();

/** The services that an example works with. */
interface Stage {
	readonly server: ProviderServer;
	readonly movies: MovieServer;
	readonly setup: ExampleSetup;
}

const movieServers: MovieServer[] = [];

afterAll(async () => {
	for (const movies of movieServers) await movies.close();
});

async function startStage(): Promise<Stage> {
	const { server, credentials } = await startStandIn(client);
	const movies = await startMovieServer(`${server.url}/media/samples/720p_16x9_sound.mp4`);
	movieServers.push(movies);
	const { id, name } = await client.createCredential('httpHeaderAuth', { name: 'x-api-key', value: movies.apiKey });
	const photoUrl = `${server.url}/media/samples/start.jpg`;
	const setup = { credentials, movieCredential: { httpHeaderAuth: { id, name } }, movieUrl: movies.baseUrl, photoUrl };
	return { server, movies, setup };
}

/** Runs an example to its end. */
async function run({ setup }: Stage, file: string, change?: (node: INode) => void): Promise<Execution> {
	const execution = await client.runToEnd(readExample(file, { ...setup, change }));
	expect(describeExecution(execution)).toContain('"success"');
	return execution;
}

/** What was bought, by provider and operation, in order. */
function purchases({ server }: Stage): string[] {
	return server.ledger().purchases.map(({ provider, operation }) => `${provider} ${operation}`);
}

const tests: Record<string, (stage: Stage) => Promise<void>> = {
	'text-to-video.json': async (stage) => {
		const [item] = nodeOutput(await run(stage, 'text-to-video.json'), 'Luma Video');
		expect(item?.json).toMatchObject({ status: 'completed', estimatedCostUsd: 0.15 });
		expect(item?.binary?.data?.mimeType).toBe('video/mp4');
		expect(purchases(stage)).toEqual(['lumaAgents generate']);
	},

	'product-photo-to-video.json': async (stage) => {
		const execution = await run(stage, 'product-photo-to-video.json');
		const [photo] = nodeOutput(execution, 'Download Photo');
		expect(photo?.binary?.data?.mimeType).toBe('image/jpeg');
		const [item] = nodeOutput(execution, 'Animate Photo');
		expect(item?.json).toMatchObject({ status: 'completed', prompt: expect.stringContaining('mug'), estimatedCostUsd: 0.15 });
		expect(item?.binary?.data?.mimeType).toBe('video/mp4');
		expect(purchases(stage)).toEqual(['lumaAgents generate']);
		expect(JSON.stringify(stage.server.jobs()[0]?.request)).toContain('image/jpeg');
	},

	'batch-from-table.json': async (stage) => {
		// The bag's video is bought and does not succeed; the cap has no prompt, so it is not bought.
		const execution = await run(stage, 'batch-from-table.json', (node) => {
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
		expect(purchases(stage)).toEqual(Array<string>(3).fill('lumaAgents generate'));
		expect(stage.server.ledger().maxConcurrent.lumaAgents).toBe(2);
	},

	'extend-twice.json': async (stage) => {
		const execution = await run(stage, 'extend-twice.json');
		const steps = ['First Clip', 'Extend Once', 'Extend Twice'].map((name) => nodeOutput(execution, name));
		expect(steps.map((items) => items.map(({ json }) => json.status))).toEqual(Array(3).fill(['completed']));
		expect(steps.map(([item]) => item?.json.estimatedCostUsd)).toEqual([0.15, 0.15, 0.15]);
		expect(steps.map(([item]) => item?.binary?.data?.mimeType)).toEqual(Array(3).fill('video/mp4'));
		expect(purchases(stage)).toEqual(['lumaAgents generate', 'lumaAgents extend', 'lumaAgents extend']);
		const [first, second, third] = stage.server.jobs();
		expect(JSON.stringify(second?.request)).toContain(first?.id);
		expect(JSON.stringify(third?.request)).toContain(second?.id);
	},

	'still-then-animate.json': async (stage) => {
		const execution = await run(stage, 'still-then-animate.json');
		const [still] = nodeOutput(execution, 'Generate Still');
		expect(still?.json).toMatchObject({ status: 'completed', videoUrl: null, media: [{ type: 'image' }], estimatedCostUsd: 0.0404 });
		const [item] = nodeOutput(execution, 'Animate Still');
		expect(item?.json).toMatchObject({ status: 'completed', estimatedCostUsd: 0.15 });
		expect(item?.binary?.data?.mimeType).toBe('video/mp4');
		expect(purchases(stage)).toEqual(['lumaAgents image', 'lumaAgents generate']);
		const [{ url }] = still?.json.media as [{ url: string }];
		expect(stage.server.jobs()[1]?.request).toMatchObject({ video: { start_frame: { url } } });
	},

	'voice-over-and-captions.json': async (stage) => {
		const execution = await run(stage, 'voice-over-and-captions.json', (node) => {
			if (node.type === 'n8n-nodes-base.wait') node.parameters.amount = 1;
		});
		const [clip] = nodeOutput(execution, 'Luma Video');
		expect(stage.movies.movies).toEqual([
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
		expect(purchases(stage)).toEqual(['lumaAgents generate']);
	},

	'schedule-generate-trigger-pair-1-generate.json': async (stage) => await runPair(stage, '', ['Use the Video']),
	'schedule-generate-trigger-pair-2-finished.json': async (stage) => await runPair(stage, ' [fails: too dark]', ['Handle Failure']),
};

/** Publishes both, lets the clock strike, and looks which nodes the finished video reaches. */
async function runPair(stage: Stage, marker: string, reached: readonly string[]): Promise<void> {
	const second = await client.createWorkflow(
		readExample('schedule-generate-trigger-pair-2-finished.json', {
			...stage.setup,
			change: (node) => {
				if (node.webhookId !== undefined) node.webhookId = randomUUID();
			},
		}),
	);
	await client.publish(second.id);
	const first = await client.createWorkflow(
		readExample('schedule-generate-trigger-pair-1-generate.json', {
			...stage.setup,
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
	expect(purchases(stage)).toEqual(['lumaAgents generate']);
}

/** Tested where the same is done for more: an n8n that sleeps for long, and an agent with all its settings. */
const ELSEWHERE: Readonly<Record<string, string>> = {
	'suspend-until-finished.json': 'suspend.e2e.test.ts',
	'ai-agent-with-luma-tool.json': 'agent.e2e.test.ts',
};

describe('the examples', () => {
	it.concurrent.each(exampleFiles().filter((file) => !(file in ELSEWHERE)))('%s', async (file) => {
		const test = tests[file];
		if (!test) throw new Error(`${file} has no test`);
		await test(await startStage());
	});
});
