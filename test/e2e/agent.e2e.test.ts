/** The node as the tool of n8n's AI Agent: what the agent is told, what it gets, and what it costs. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { INode } from 'n8n-workflow';
import { startChatServer, type ChatServer } from '../chat-server';
import type { ProviderServer } from '../provider-server';
import { startProviderServer } from '../provider-server';
import { readExample, setField, type ExampleSetup } from './examples';
import type { Execution, N8nClient } from './harness';
import { nodeOutput, nodeRuns, sharedN8n } from './harness';
import { createCredentials, keysIn } from './support';

const EXAMPLE = 'ai-agent-with-luma-tool.json';
const AGENT = 'AI Agent';
const TOOL = 'Generate a Video';

let client: N8nClient;
let server: ProviderServer;
let chat: ChatServer;
let setup: ExampleSetup;

beforeAll(async () => {
	({ client } = sharedN8n());
	server = await startProviderServer();
	chat = await startChatServer();
	const { id, name } = await client.createCredential('openAiApi', { apiKey: chat.apiKey, url: chat.baseUrl });
	setup = { credentials: await createCredentials(client, server), chatCredential: { openAiApi: { id, name } } };
});
afterAll(async () => {
	await server.close();
	await chat.close();
});
beforeEach(() => {
	server.reset();
	chat.requests.length = 0;
	chat.toolCalls = 1;
});

/** Asks the agent of the example for something; `change` changes its tool. */
async function ask(wish: string, change: (tool: INode) => void = () => undefined): Promise<Execution> {
	const draft = readExample(EXAMPLE, {
		...setup,
		change: (node) => {
			setField(node, 'chatInput', () => wish);
			if (node.name === TOOL) change(node);
		},
	});
	return await client.runToEnd(draft);
}

function answerOf(execution: Execution): string {
	return String(nodeOutput(execution, AGENT)[0]?.json.output);
}

/** What the model was told that its tool said, at its last turn. */
function toolAnswer(): unknown {
	const message = chat.requests.at(-1)?.messages.at(-1);
	expect(message?.role).toBe('tool');
	return JSON.parse(String(message?.content)) as unknown;
}

/** The error that the tool told the model: of an error n8n hands on the message, and nothing else. */
function toolError(): string {
	const [item] = toolAnswer() as Array<{ error: string }>;
	return String(item?.error);
}

describe("the agent's tool", () => {
	it('is described with what it does, costs and returns', async () => {
		await ask('a kite');
		const [tool, ...others] = chat.requests[0]?.tools ?? [];
		expect(others).toEqual([]);
		expect(tool?.name).toBe('Generate_a_Video');
		for (const words of ['Generates a new video', 'Each call costs money', 'videoUrl', 'generationId']) expect(tool?.description).toContain(words);
		expect(tool?.parameters.required).toEqual(['Prompt']);
		expect(tool?.parameters.properties?.Prompt?.description).toMatch(/^What the video shows/);
	});

	it('is described in words of one\'s own where there are any', async () => {
		await ask('a kite', (tool) => {
			tool.parameters.toolDescription = 'Films kites.';
		});
		expect(chat.requests[0]?.tools[0]?.description).toBe('Films kites.');
	});

	it('makes one video and hands over its address', async () => {
		const execution = await ask('a kite over the sea');
		const [job, ...others] = server.jobs();
		expect(others).toEqual([]);
		expect(server.ledger().purchases).toHaveLength(1);
		expect(job).toMatchObject({ prompt: 'a kite over the sea', model: 'ray-3.2', resolution: '540p' });
		const [item] = toolAnswer() as Array<Record<string, unknown>>;
		expect(item).toMatchObject({ generationId: job?.id, status: 'completed', estimatedCostUsd: 0.15 });
		expect(item?.videoUrl).toContain(String(job?.id));
		expect(answerOf(execution)).toContain(String(item?.videoUrl));
		expect(keysIn(chat.requests, server.keys)).toEqual([]);
	});

	it('hands over the ID at once where it is set to', async () => {
		await ask('a kite', (tool) => {
			tool.parameters.completion = 'none';
		});
		const [item] = toolAnswer() as Array<Record<string, unknown>>;
		expect(item).toMatchObject({ generationId: server.jobs()[0]?.id, status: 'queued', videoUrl: null });
		expect(server.ledger().purchases).toHaveLength(1);
	});

	it('downloads nothing, since a file cannot be handed to an agent', async () => {
		const execution = await ask('a kite', (tool) => {
			tool.parameters.downloadVideo = true;
		});
		expect(answerOf(execution)).toContain('output.mp4');
		expect(server.ledger().mediaHits).toEqual([]);
	});

	it('tells the agent why a video was not made, what to do, and its ID', async () => {
		const execution = await ask('a kite [fails: The scene is too dark]');
		const [job] = server.jobs();
		const told = toolError();
		expect(told).toContain('The scene is too dark');
		expect(told).toContain(String(job?.id));
		expect(told).toContain('Change the prompt or the images');
		expect(told).not.toContain('[item');
		expect(answerOf(execution)).toContain('The scene is too dark');
		expect(execution.status).toBe('success');
		expect(server.ledger().purchases).toHaveLength(1);
	});

	it('tells the agent the same where the tool is set to go on after errors', async () => {
		await ask('a kite [fails: The scene is too dark]', (tool) => {
			tool.onError = 'continueRegularOutput';
		});
		const [item] = toolAnswer() as Array<{ error: string; details: Record<string, unknown> }>;
		expect(item?.error).toContain('The scene is too dark');
		expect(item?.details).toMatchObject({ generationId: server.jobs()[0]?.id, nextStep: expect.stringContaining('Change the prompt') });
	});

	it('tells the agent that it takes longer, and how to get the video', async () => {
		server.configure({ lumaAgents: { jobMs: 600_000 } });
		await ask('a kite', (tool) => {
			tool.parameters.options = { timeout: 1 };
		});
		const told = toolError();
		expect(told).toContain(`Generation ${server.jobs()[0]?.id} is not finished after 1 seconds.`);
		expect(told).toContain('nothing is lost');
		expect(server.ledger().purchases).toHaveLength(1);
	});

	it('goes on with a video that took longer when the agent asks again', async () => {
		server.configure({ lumaAgents: { jobMs: 3000 } });
		chat.toolCalls = 2;
		await ask('a kite', (tool) => {
			tool.parameters.options = { timeout: 2 };
		});
		expect(chat.requests).toHaveLength(3);
		expect(toolAnswer()).toMatchObject([{ generationId: server.jobs()[0]?.id, status: 'completed' }]);
		expect(server.ledger().purchases).toHaveLength(1);
	});

	it('does not buy again what was not made, however often the agent asks', async () => {
		chat.toolCalls = 2;
		await ask('a kite [fails: The scene is too dark]');
		expect(chat.requests).toHaveLength(3);
		expect(toolError()).toContain('The scene is too dark');
		expect(server.ledger().purchases).toHaveLength(1);
	});

	it('answers in one go, also where it is set to suspend', async () => {
		const execution = await ask('a kite', (tool) => {
			tool.parameters.completion = 'suspend';
		});
		expect(execution.status).toBe('success');
		expect(toolAnswer()).toMatchObject([{ generationId: server.jobs()[0]?.id, status: 'completed' }]);
		expect(server.ledger().purchases).toHaveLength(1);
	});

	it.each([
		['keeps to its limit', { options: { maxCost: 0.1 } }, ['0.15', "'Max Cost'"]],
		['says what does not fit', { startImage: 'kite.jpg' }, ["'Start Image'", 'Nothing was sent for this item.']],
	])('%s, and buys nothing', async (_, parameters, words) => {
		const execution = await ask('a kite', (tool) => {
			Object.assign(tool.parameters, parameters);
		});
		const told = toolError();
		for (const each of words) expect(told).toContain(each);
		expect(answerOf(execution)).toContain(words[0]);
		expect(nodeRuns(execution, TOOL)).toHaveLength(1);
		expect(server.ledger().purchases).toEqual([]);
	});
});
