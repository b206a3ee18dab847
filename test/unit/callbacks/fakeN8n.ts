/** One trigger in an n8n without n8n: its contexts, n8n's deduplication store, and a service with generations. */
import type {
	IDataObject,
	IExecuteFunctions,
	IHookFunctions,
	INode,
	INodeExecutionData,
	IRun,
	ITriggerFunctions,
	IWebhookFunctions,
} from 'n8n-workflow';
import { jest } from '@jest/globals';
import { emit } from '../../../nodes/LumaVideo/callbacks/emit';
import { hear } from '../../../nodes/LumaVideo/callbacks/hear';
import { publish } from '../../../nodes/LumaVideo/callbacks/publish';
import { watch } from '../../../nodes/LumaVideo/callbacks/watch';
import type { Provider, ProviderId } from '../../../nodes/LumaVideo/providers/provider';
import { providers } from '../../../nodes/LumaVideo/providers';
import type { AnnouncedGeneration, Reference } from '../../../nodes/LumaVideo/transport/announce';
import { announce } from '../../../nodes/LumaVideo/transport/announce';
import { createProviderClient } from '../../../nodes/LumaVideo/transport/providerClient';
import type { FakeAnswer, FakeGeneration } from '../fakeProvider';
import { calledWith, listAnswer, readAnswer } from '../fakeProvider';
import { FakeStore } from '../fakeStore';

export const NOW = Date.parse('2026-11-01T12:00:00Z');
export const WEBHOOK_ID = '5b2c0f1e-6a57-4d0b-9d1e-0d8f6a1c2b3d';
export const HOOK = `https://n8n.example.com/webhook/${WEBHOOK_ID}/luma-video`;
const KEY = 'test-key-123456';

/** A generation at the service, as far as it is not the usual one. */
export interface SomeGeneration {
	state: FakeGeneration['state'];
	callbackUrl?: string | null;
	createdAt?: number;
	/** Dream Machine only: the answer does not repeat the request. */
	withoutRequest?: boolean;
}

function whole(id: string, { state, callbackUrl = HOOK, createdAt = NOW, withoutRequest = false }: SomeGeneration): FakeGeneration {
	return { id, state, createdAt, request: withoutRequest ? null : { callback_url: callbackUrl } };
}

interface Answer {
	status: number;
	body: unknown;
}

let nodes = 0;

export class FakeN8n {
	readonly provider: Provider;
	readonly node: INode;
	readonly generations = new Map<string, SomeGeneration>();
	/** Ids and `list`, as the service was asked, oldest first. */
	readonly requests: string[] = [];
	/** Stands in for every answer of the service while set. */
	outage: { statusCode: number } | null = null;
	key = KEY;
	readonly store = new FakeStore();
	readonly staticData: IDataObject = {};
	/** What left the node, over all executions. */
	readonly emitted: IDataObject[] = [];
	executions = 0;
	/** Executions that n8n was told to show as failed. */
	readonly failures: string[] = [];
	readonly log: string[] = [];
	/** Whether executions run; else they break off before they come to the node. */
	executes = true;
	private process = 0;
	private close: (() => Promise<void>) | null = null;

	constructor(provider: ProviderId, parameters: INode['parameters'] = {}) {
		this.provider = providers[provider];
		this.store.latencyMs = 1;
		this.node = {
			id: `node-${nodes++}`,
			name: 'Luma Video Trigger',
			type: 'n8n-nodes-luma-video.lumaVideoTrigger',
			typeVersion: 1,
			position: [0, 0],
			webhookId: WEBHOOK_ID,
			parameters: { provider, ...parameters },
		};
	}

	get ids(): unknown[] {
		return this.emitted.map(({ generationId }) => generationId);
	}

	reads(id: string): number {
		return this.requests.filter((each) => each === id).length;
	}

	/** n8n publishes the workflow. */
	async start(): Promise<void> {
		const { closeFunction } = await Promise.resolve(watch(this.triggerContext()));
		this.close = async () => {
			await closeFunction?.();
		};
	}

	async stop(): Promise<void> {
		await this.close?.();
		this.close = null;
	}

	/** n8n is killed and starts again: only the database is left. */
	async crash(): Promise<void> {
		await this.stop();
		this.process++;
		await this.start();
	}

	/** A call of the trigger's URL. */
	async post(body: unknown, { query = {}, mode = 'webhook' }: { query?: IDataObject; mode?: string } = {}): Promise<Answer> {
		let sent: Answer | null = null;
		const context = {
			...this.common(mode),
			getNodeParameter: this.parameter,
			getHeaderData: () => ({}),
			getRequestObject: () => ({}),
			getBodyData: () => body,
			getQueryData: () => query,
			getResponseObject: () => ({
				status: (status: number) => ({
					json: (body: unknown) => {
						sent = { status, body };
					},
				}),
			}),
		} as unknown as IWebhookFunctions;
		const result = await hear(context, Date.now());
		if (result.workflowData) void this.execute(result.workflowData[0] ?? [], mode);
		// What starts an execution is answered with nothing, since the node wants no data in the answer.
		return sent ?? { status: 200, body: result.workflowData ? undefined : result.webhookResponse };
	}

	/** What the provider would send about a generation, as it claims to be. */
	async call(id: string, state: FakeGeneration['state'] = 'completed', query: IDataObject = {}): Promise<Answer> {
		return await this.post(calledWith(this.provider.id, whole(id, { state })), { query });
	}

	/** What the Luma Video node sends. */
	async announce(ids: string[], { key = this.key, reference = null, expectedMs = 60_000 }: { key?: string; reference?: Reference | null; expectedMs?: number } = {}) {
		const context = {
			...this.common('trigger'),
			getCredentials: async () => await Promise.resolve({ apiKey: key, baseUrl: 'https://api.example.com/v1' }),
			helpers: {
				httpRequest: async ({ body }: { body: unknown }) => {
					const answer = await this.post(body);
					return { statusCode: answer.status, body: JSON.stringify(answer.body) };
				},
			},
		} as unknown as IExecuteFunctions;
		const client = await createProviderClient(context, this.provider, 1000);
		const generations: AnnouncedGeneration[] = ids.map((id) => ({ id, submittedAt: Date.now(), kind: `kind of ${this.node.id}`, expectedMs }));
		return await announce(context, client, HOOK, { provider: this.provider.id, reference, generations });
	}

	async publish(address: string | undefined, { mode = 'trigger', baseUrl = 'https://api.example.com/v1' } = {}): Promise<boolean> {
		const context = {
			...this.common(mode),
			getNodeWebhookUrl: () => address,
			getCredentials: async () => await Promise.resolve({ apiKey: this.key, baseUrl }),
			helpers: {
				httpRequestWithAuthentication: this.service,
				httpRequest: async ({ body }: { body: unknown }) => {
					const answer = await this.post(body, { mode });
					return { statusCode: answer.status, body: JSON.stringify(answer.body) };
				},
			},
		} as unknown as IHookFunctions;
		return await publish(context);
	}

	/** Runs the trigger at the head of an execution. */
	async execute(items: INodeExecutionData[], mode: string, isElsewhere = false): Promise<INodeExecutionData[]> {
		this.executions++;
		const context = {
			...this.common(mode, isElsewhere),
			getNodeParameter: (name: string, _item: number, fallback: unknown) => this.parameter(name, fallback),
			getInputData: () => items,
			getExecutionCancelSignal: () => undefined,
			evaluateExpression: () => '',
			helpers: {
				httpRequestWithAuthentication: this.service,
				checkProcessedAndRecord: this.store.checkProcessedAndRecord,
				removeProcessed: this.store.removeProcessed,
			},
		} as unknown as IExecuteFunctions;
		const output = await emit(context);
		this.emitted.push(...output.map(({ json }) => json));
		return output;
	}

	private readonly parameter = (name: string, fallback?: unknown): unknown =>
		this.node.parameters[name] ?? (name === 'events' ? ['completed', 'failed'] : fallback);

	private common(mode: string, isElsewhere = false) {
		return {
			getNode: () => this.node,
			getWorkflow: () => ({ id: `workflow ${this.process}${isElsewhere ? ' elsewhere' : ''}`, name: 'Workflow', active: true }),
			getMode: () => mode,
			getWorkflowStaticData: () => this.staticData,
			getCredentials: async () => await Promise.resolve({ apiKey: this.key, baseUrl: 'https://api.example.com/v1' }),
			logger: { warn: this.note, error: this.note, debug: this.note, info: this.note },
		};
	}

	private readonly note = (text: string): void => {
		this.log.push(text);
	};

	private triggerContext(): ITriggerFunctions {
		return {
			...this.common('trigger'),
			getNodeParameter: this.parameter,
			saveFailedExecution: (error: Error) => this.failures.push(error.message),
			helpers: {
				httpRequestWithAuthentication: this.service,
				createDeferredPromise: () => {
					let resolve: (value?: unknown) => void = () => undefined;
					let reject: (error: Error) => void = () => undefined;
					const promise = new Promise((onResolve, onReject) => {
						resolve = onResolve;
						reject = onReject;
					});
					return { promise, resolve, reject };
				},
			},
			emit: ([items = []]: INodeExecutionData[][], _response: unknown, done: { resolve: (run: unknown) => void }) => {
				const run = (status: string): Partial<IRun> => ({ status: status as never, data: { resultData: { runData: {} } } as never });
				if (!this.executes) done.resolve(run('crashed'));
				else this.execute(items, 'trigger').then(() => done.resolve(run('success')), () => done.resolve(run('error')));
			},
		} as unknown as ITriggerFunctions;
	}

	/** `helpers.httpRequestWithAuthentication`: the provider's service. */
	private readonly service = async (_type: string, { url, qs }: { url: string; qs?: { limit: number; offset: number } }) => {
		await Promise.resolve();
		const { pathname } = new URL(url);
		const id = decodeURIComponent(pathname.replace(/\/status$/, '').split('/').at(-1) ?? '');
		// A status and the result that belongs to it are one read.
		const isResult = this.provider.result !== undefined && !pathname.endsWith('/status');
		if (!isResult) this.requests.push(qs?.limit ? 'list' : id);
		const { statusCode, body } = this.answerTo(id, qs);
		return { statusCode, headers: {}, body: JSON.stringify(body) };
	};

	private answerTo(id: string, page?: { limit: number; offset: number }): FakeAnswer {
		if (this.outage) return { ...this.outage, body: { detail: 'no' } };
		if (page?.limit) return listAnswer([...this.generations].reverse().map(([each, set]) => whole(each, set)), page);
		const set = this.generations.get(id);
		return readAnswer(this.provider.id, set && whole(id, set));
	}
}

/** Lets time pass, in milliseconds. */
export async function pass(ms: number): Promise<void> {
	await jest.advanceTimersByTimeAsync(ms);
}
