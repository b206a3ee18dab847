/**
 * What the node's code needs of n8n, outside of n8n: n8n's own HTTP client, the key, and files on disk. Every request is
 * noted as the node made it, before the key is added.
 */
import '../../../test/engine/harness/environment';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { LoadOptionsContext } from 'n8n-core';
import type { IBinaryData, ICredentialDataDecryptedObject, ICredentialType, IExecuteFunctions, IHttpRequestOptions, INode, IWorkflowExecuteAdditionalData } from 'n8n-workflow';
import { Workflow } from 'n8n-workflow';
import type { JsonValue } from '../../../nodes/LumaVideo/providers/provider';
import type { StepName, Traffic } from './observations';

const node: INode = { id: '1', name: 'check:live', type: 'checkLive', typeVersion: 1, position: [0, 0], parameters: {} };

function httpClient(): (options: IHttpRequestOptions) => Promise<unknown> {
	const nodeType = { description: { properties: [] } };
	const nodeTypes = { getByName: () => nodeType, getByNameAndVersion: () => nodeType, getKnownTypes: () => ({}) };
	const workflow = new Workflow({ nodes: [node], connections: {}, active: false, nodeTypes: nodeTypes as never });
	const { helpers } = new LoadOptionsContext(workflow, node, {} as unknown as IWorkflowExecuteAdditionalData, '');
	return async (options) => (await helpers.httpRequest(options)) as unknown;
}

/** A request's body for the report; bytes are only counted. */
function bodyOf(body: unknown): JsonValue {
	if (body === undefined || body === null) return null;
	if (Buffer.isBuffer(body)) return `(${body.length} bytes)`;
	return typeof body === 'object' && 'pipe' in body ? '(a stream)' : (body as JsonValue);
}

/** Files are passed on as they come; what is read to note it is passed on again. */
async function noted(body: unknown, contentType: string | undefined): Promise<{ text: string; body: unknown }> {
	if (!(body instanceof Readable)) return { text: typeof body === 'string' ? body : JSON.stringify(body ?? ''), body };
	if (/^(?:video|image)\/|octet-stream/.test(contentType ?? '')) return { text: '(a file)', body };
	const bytes = Buffer.concat((await body.toArray()) as Buffer[]);
	return { text: bytes.toString(), body: Readable.from([bytes]) };
}

export interface LiveContext {
	/** Only what the code that is checked uses. */
	context: IExecuteFunctions;
	/** The same, with another key. */
	withKey(credential: ICredentialDataDecryptedObject): IExecuteFunctions;
	traffic: readonly Traffic[];
	/** What is asked from now on belongs to this step. */
	begin(step: StepName): void;
}

/** @param folder where downloads go */
export function liveContext(type: ICredentialType, credential: ICredentialDataDecryptedObject, folder: string, signal: AbortSignal): LiveContext {
	const request = httpClient();
	const traffic: Traffic[] = [];
	let step: StepName = 'credential';

	async function send(options: IHttpRequestOptions, authenticated = options): Promise<unknown> {
		const { method = 'GET', url, qs } = options;
		const query = qs ? `?${new URLSearchParams(Object.entries(qs).map(([name, value]) => [name, String(value)]))}` : '';
		const entry: Traffic = { step, method, url: `${options.baseURL ?? ''}${url}${query}`, body: bodyOf(options.body), answer: null, fault: null };
		traffic.push(entry);
		try {
			const answer = (await request({ ...authenticated })) as { statusCode: number; headers: Record<string, unknown>; body: unknown };
			const headers = Object.entries(answer.headers).map(([name, value]) => [name.toLowerCase(), String(value)]);
			const known = Object.fromEntries(headers) as Record<string, string>;
			const { text, body } = await noted(answer.body, known['content-type']);
			entry.answer = { statusCode: answer.statusCode, headers: known, text };
			return { ...answer, body };
		} catch (error) {
			entry.fault = error instanceof Error ? error.message : String(error);
			throw error;
		}
	}

	function withKey(data: ICredentialDataDecryptedObject): IExecuteFunctions {
		const { authenticate } = type;
		const context = {
			getNode: () => node,
			getCredentials: async () => await Promise.resolve(data),
			getExecutionCancelSignal: () => signal,
			logger: { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined },
			helpers: {
				httpRequest: async (options: IHttpRequestOptions) => await send(options),
				async httpRequestWithAuthentication(_type: string, options: IHttpRequestOptions) {
					if (typeof authenticate !== 'function') throw new Error(`${type.name} does not add its key by a function`);
					return await send(options, await authenticate(data, options));
				},
				getBinaryDataBuffer: async (_item: number, binary: IBinaryData) => await Promise.resolve(Buffer.from(binary.data, 'base64')),
				async prepareBinaryData(body: Readable, fileName: string, mimeType: string): Promise<IBinaryData> {
					const file = createWriteStream(join(folder, fileName));
					await pipeline(body, file);
					return { data: '', fileName, mimeType, bytes: file.bytesWritten };
				},
			},
		};
		return context as unknown as IExecuteFunctions;
	}

	return {
		context: withKey(credential),
		withKey,
		traffic,
		begin(next) {
			step = next;
		},
	};
}
