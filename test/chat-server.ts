/**
 * A stand-in for a chat model behind OpenAI's `POST /v1/chat/completions`, as simple as can be: it calls the first tool
 * it is offered with the user's text as the prompt, and then repeats what the tool said.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { randomUUID } from 'node:crypto';
import { readText, sendJson, startLocalServer } from './localServer';

/** A tool as a model sees it. */
export interface OfferedTool {
	readonly name: string;
	readonly description: string;
	/** JSON schema of the arguments. */
	readonly parameters: { readonly properties?: Record<string, ArgumentSchema>; readonly required?: readonly string[] };
}

export interface ArgumentSchema {
	readonly type?: string;
	readonly description?: string;
	readonly enum?: readonly unknown[];
}

interface Message {
	readonly role: string;
	readonly content?: unknown;
}

/** A request to the model. */
export interface ChatRequest {
	readonly model: string;
	readonly messages: readonly Message[];
	readonly tools: readonly OfferedTool[];
}

export interface ChatServer {
	/** What goes into the credential's **Base URL**. */
	readonly baseUrl: string;
	readonly apiKey: string;
	/** All requests so far, oldest first. */
	readonly requests: ChatRequest[];
	/** How often it calls the tool, with the same arguments, before it answers; default 1. */
	toolCalls: number;
	close(): Promise<void>;
}

const API_KEY = 'chat-test-key';
const MODEL = 'stand-in';

/** Values for arguments other than texts. */
const ARGUMENTS: Readonly<Record<string, unknown>> = { boolean: false, number: 0, integer: 0 };

/** @param port default: a free one */
export async function startChatServer(port = 0): Promise<ChatServer> {
	const server = await startLocalServer(
		async (message, response) => await serve(message, response, chat),
		(reason) => ({ error: { message: reason } }),
		port,
	);
	const chat: ChatServer = {
		baseUrl: `${server.url}/v1`,
		apiKey: API_KEY,
		requests: [],
		toolCalls: 1,
		close: server.close,
	};
	return chat;
}

async function serve(message: IncomingMessage, response: ServerResponse, chat: ChatServer): Promise<void> {
	if (message.headers.authorization !== `Bearer ${API_KEY}`) {
		return sendJson(response, 401, { error: { message: 'Incorrect API key provided', type: 'invalid_request_error' } });
	}
	const path = `${message.method} ${message.url}`;
	if (path === 'GET /v1/models') return sendJson(response, 200, { object: 'list', data: [{ id: MODEL, object: 'model' }] });
	if (path !== 'POST /v1/chat/completions') return sendJson(response, 404, { error: { message: `No ${path}` } });
	const body = JSON.parse(await readText(message)) as {
		model: string;
		messages: Message[];
		stream?: boolean;
		tools?: Array<{ function: OfferedTool }>;
	};
	const request = { ...body, tools: (body.tools ?? []).map((tool) => tool.function) };
	chat.requests.push(request);
	const answer = answerTo(request, chat.toolCalls);
	const choice = { index: 0, finish_reason: 'tool_calls' in answer ? 'tool_calls' : 'stop' };
	const common = { id: `chatcmpl-${randomUUID()}`, created: Math.floor(Date.now() / 1000), model: body.model };
	if (body.stream !== true) {
		const usage = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 };
		return sendJson(response, 200, { ...common, object: 'chat.completion', choices: [{ ...choice, message: answer }], usage });
	}
	response.writeHead(200, { 'content-type': 'text/event-stream' });
	const chunk = { ...common, object: 'chat.completion.chunk', choices: [{ ...choice, delta: answer }] };
	response.end(`data: ${JSON.stringify(chunk)}\n\ndata: [DONE]\n\n`);
}

function answerTo({ messages, tools }: ChatRequest, toolCalls: number): object {
	const last = messages.at(-1);
	const [tool] = tools;
	if (messages.filter(({ role }) => role === 'tool').length >= toolCalls) {
		return { role: 'assistant', content: `The tool said: ${textOf(last)}` };
	}
	if (!tool) return { role: 'assistant', content: 'There is no tool.' };
	const text = textOf(messages.findLast(({ role }) => role === 'user'));
	const call = { name: tool.name, arguments: JSON.stringify(argumentsFor(tool, text)) };
	return {
		role: 'assistant',
		content: null,
		tool_calls: [{ index: 0, id: `call_${randomUUID()}`, type: 'function', function: call }],
	};
}

/** The first of what is possible; where any text is, the user's. */
function argumentsFor({ parameters: { properties = {}, required = [] } }: OfferedTool, text: string): Record<string, unknown> {
	return Object.fromEntries(
		required.map((name) => {
			const { type = 'string', enum: values } = properties[name] ?? {};
			return [name, values?.[0] ?? ARGUMENTS[type] ?? text];
		}),
	);
}

function textOf(message: Message | undefined): string {
	const { content } = message ?? {};
	if (typeof content === 'string') return content;
	const parts = Array.isArray(content) ? (content as Array<{ text?: string }>) : [];
	return parts.map(({ text = '' }) => text).join('');
}
