/** The node as the tool of n8n's AI Agent: what the agent is told, what it gets, and what it costs. */
import { describe, expect, it } from '@jest/globals';
import type { INode } from 'n8n-workflow';
import { startChatServer, type ChatRequest } from '../chat-server';
import type { ProviderServer, SettingsChange } from '../provider-server';
import { readExample, setField } from './examples';
import type { Execution } from './harness';
import { nodeOutput, nodeRuns, sharedN8n } from './harness';
import { startStandIn } from './standIn';
import { keysIn } from './support';

const EXAMPLE = 'ai-agent-with-luma-tool.json';
const AGENT = 'AI Agent';
const TOOL = 'Generate a Video';

interface Asked {
	readonly execution: Execution;
	readonly server: ProviderServer;
	/** What the model was asked. */
	readonly requests: readonly ChatRequest[];
}

interface Wish {
	/** Default: the example's own. */
	text?: string;
	/** Changes the tool. */
	change?: (tool: INode) => void;
	settings?: SettingsChange;
	/** How often the model calls the tool; default 1. */
	toolCalls?: number;
}

/** Asks the agent of the example for something, with a model and services of its own. */
async function ask({ text, change, settings, toolCalls = 1 }: Wish): Promise<Asked> {
	const { client } = sharedN8n();
	const { server, credentials } = await startStandIn(client, settings);
	const chat = await startChatServer();
	chat.toolCalls = toolCalls;
	const { id, name } = await client.createCredential('openAiApi', { apiKey: chat.apiKey, url: chat.baseUrl });
	const draft = readExample(EXAMPLE, {
		credentials,
		chatCredential: { openAiApi: { id, name } },
		change: (node) => {
			if (text !== undefined) setField(node, 'chatInput', () => text);
			if (node.name === TOOL) change?.(node);
		},
	});
	const execution = await client.runToEnd(draft);
	await chat.close();
	return { execution, server, requests: chat.requests };
}

function answerOf({ execution }: Asked): string {
	return String(nodeOutput(execution, AGENT)[0]?.json.output);
}

/** What the model was told that its tool said, at its last turn. */
function toolAnswer({ requests }: Asked): unknown {
	const message = requests.at(-1)?.messages.at(-1);
	expect(message?.role).toBe('tool');
	return JSON.parse(String(message?.content)) as unknown;
}

/** The error that the tool told the model: of an error n8n hands on the message, and nothing else. */
function toolError(asked: Asked): string {
	const [item] = toolAnswer(asked) as Array<{ error: string }>;
	return String(item?.error);
}

describe("the agent's tool", () => {
	it.concurrent('is described with what it does, costs and returns; makes one video and hands over its address', async () => {
		const asked = await ask({});
		const { execution, requests, server } = asked;
		const [tool, ...others] = requests[0]?.tools ?? [];
		expect(others).toEqual([]);
		expect(tool?.name).toBe('Generate_a_Video');
		for (const words of ['Generates a new video', 'Each call costs money', 'videoUrl', 'generationId']) expect(tool?.description).toContain(words);
		expect(tool?.parameters.required).toEqual(['Prompt']);
		expect(tool?.parameters.properties?.Prompt?.description).toMatch(/^What the video shows/);

		expect(execution.status).toBe('success');
		const [job, ...more] = server.jobs();
		expect(more).toEqual([]);
		expect(server.ledger().purchases).toHaveLength(1);
		expect(job).toMatchObject({ prompt: expect.stringContaining('red kite'), model: 'ray-3.2', resolution: '540p' });
		const [item] = toolAnswer(asked) as Array<Record<string, unknown>>;
		expect(item).toMatchObject({ generationId: job?.id, status: 'completed', estimatedCostUsd: 0.15 });
		expect(item?.videoUrl).toContain(`/media/lumaAgents/${job?.id}/output.mp4`);
		expect(answerOf(asked)).toContain(String(item?.videoUrl));
		expect(keysIn(requests, server.keys)).toEqual([]);
	});

	it.concurrent('is described in words of one\'s own where there are any, and hands over the ID at once where it is set to', async () => {
		const asked = await ask({
			change: ({ parameters }) => {
				parameters.toolDescription = 'Films kites.';
				parameters.completion = 'none';
			},
		});
		expect(asked.requests[0]?.tools[0]?.description).toBe('Films kites.');
		expect(toolAnswer(asked)).toMatchObject([{ generationId: asked.server.jobs()[0]?.id, status: 'queued', videoUrl: null }]);
		expect(asked.server.ledger().purchases).toHaveLength(1);
	});

	it.concurrent('tells the agent why a video was not made, what to do, and its ID', async () => {
		const asked = await ask({ text: 'a kite [fails: The scene is too dark]' });
		const { execution, server } = asked;
		const told = toolError(asked);
		expect(told).toContain('The scene is too dark');
		expect(told).toContain(String(server.jobs()[0]?.id));
		expect(told).toContain('Change the prompt or the images');
		expect(told).not.toContain('[item');
		expect(answerOf(asked)).toContain('The scene is too dark');
		expect(execution.status).toBe('success');
		expect(server.ledger().purchases).toHaveLength(1);
	});

	it.concurrent('tells the agent the same where the tool is set to go on after errors', async () => {
		const asked = await ask({
			text: 'a kite [fails: The scene is too dark]',
			change: (tool) => {
				tool.onError = 'continueRegularOutput';
			},
		});
		const [item] = toolAnswer(asked) as Array<{ error: string; details: Record<string, unknown> }>;
		expect(item?.error).toContain('The scene is too dark');
		expect(item?.details).toMatchObject({ generationId: asked.server.jobs()[0]?.id, nextStep: expect.stringContaining('Change the prompt') });
	});

	it.concurrent('tells the agent that it takes longer, and how to get the video', async () => {
		const asked = await ask({
			settings: { lumaAgents: { jobMs: 600_000 } },
			change: ({ parameters }) => {
				parameters.options = { timeout: 1 };
			},
		});
		const told = toolError(asked);
		expect(told).toContain(`Generation ${asked.server.jobs()[0]?.id} is not finished after 1 seconds.`);
		expect(told).toContain('nothing is lost');
		expect(asked.server.ledger().purchases).toHaveLength(1);
	});

	it.concurrent('goes on with a video that took longer when the agent asks again', async () => {
		const asked = await ask({
			settings: { lumaAgents: { jobMs: 3000 } },
			toolCalls: 2,
			change: ({ parameters }) => {
				parameters.options = { timeout: 2 };
			},
		});
		expect(asked.requests).toHaveLength(3);
		expect(toolAnswer(asked)).toMatchObject([{ generationId: asked.server.jobs()[0]?.id, status: 'completed' }]);
		expect(asked.server.ledger().purchases).toHaveLength(1);
	});

	it.concurrent('does not buy again what was not made, however often the agent asks', async () => {
		const asked = await ask({ text: 'a kite [fails: The scene is too dark]', toolCalls: 2 });
		expect(asked.requests).toHaveLength(3);
		expect(toolError(asked)).toContain('The scene is too dark');
		expect(asked.server.ledger().purchases).toHaveLength(1);
	});

	it.concurrent.each([
		['keeps to its limit', { options: { maxCost: 0.1 } }, ['0.15', "'Max Cost'"]],
		['says what does not fit', { startImage: 'kite.jpg' }, ["'Start Image'", 'Nothing was sent for this item.']],
	])('%s, and buys nothing', async (_, parameters, words) => {
		const asked = await ask({
			change: (tool) => {
				Object.assign(tool.parameters, parameters);
			},
		});
		const told = toolError(asked);
		for (const each of words) expect(told).toContain(each);
		expect(answerOf(asked)).toContain(words[0]);
		expect(nodeRuns(asked.execution, TOOL)).toHaveLength(1);
		expect(asked.server.ledger().purchases).toEqual([]);
	});
});
