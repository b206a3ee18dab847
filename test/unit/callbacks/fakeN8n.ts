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

export const NOW = Date.parse('2026-11-01T12:00:00Z');
export const WEBHOOK_ID = '5b2c0f1e-6a57-4d0b-9d1e-0d8f6a1c2b3d';
export const HOOK = `https://n8n.example.com/webhook/${WEBHOOK_ID}/luma-video`;
const KEY = 'test-key-123456';

export interface FakeGeneration {
	state: 'queued' | 'processing' | 'completed' | 'failed';
	callbackUrl?: string | null;
	createdAt?: number;
	/** Dream Machine only: the answer does not repeat the request. */
	withoutRequest?: boolean;
}

/** Body with which a provider describes a generation. */
export function bodyOf(provider: ProviderId, id: string, generation: FakeGeneration): IDataObject {
	const { state, callbackUrl = HOOK, createdAt = NOW, withoutRequest = false } = generation;
	const url = `https://media.example.com/${id}.mp4`;
	const isDone = state === 'completed';
	const created_at = new Date(createdAt).toISOString();
	switch (provider) {
		case 'pixazo':
			return { request_id: id, status: state.toUpperCase(), created_at, output: isDone ? { media_url: [url] } : {} };
		case 'crazyrouter':
			return { id, state: state === 'processing' ? 'dreaming' : state, created_at, video: isDone ? { url } : null };
		case 'lumaAgents':
			return { id, state, created_at, type: 'video', model: 'ray-3.2', output: isDone ? [{ type: 'video', url }] : [] };
		default:
			return {
				id,
				state: state === 'processing' ? 'dreaming' : state,
				created_at,
				assets: isDone ? { video: url } : null,
				...(withoutRequest ? {} : { request: { callback_url: callbackUrl } }),
			};
	}
}

interface Answer {
	status: number;
	body: unknown;
}

/** n8n's deduplication store: it finds, changes and writes without a lock. All processes share it. */
export class FakeStore {
	entries: string[] | null = null;
	/** Milliseconds from finding to writing. */
	latencyMs = 1;
	calls = 0;

	readonly checkProcessedAndRecord = async (items: unknown[], _scope: string, { maxEntries = Infinity }: { maxEntries?: number }) => {
		this.calls++;
		const isFirst = this.entries === null;
		const found = [...(this.entries ?? [])];
		await this.latency();
		const fresh = items.filter((item) => !found.includes(String(item)));
		// A record is made once; a second one is a conflict.
		if (isFirst && this.entries !== null) throw new Error('UNIQUE constraint failed: processed_data');
		this.entries = [...found, ...fresh.map(String)].slice(-maxEntries);
		return { new: fresh, processed: items.filter((item) => !fresh.includes(item)) };
	};

	readonly removeProcessed = async (items: unknown[]) => {
		await this.latency();
		this.entries = (this.entries ?? []).filter((entry) => !items.includes(entry));
	};

	private async latency(): Promise<void> {
		await new Promise((resolve) => setTimeout(resolve, this.latencyMs));
	}
}

let nodes = 0;

export class FakeN8n {
	readonly provider: Provider;
	readonly node: INode;
	readonly generations = new Map<string, FakeGeneration>();
	/** Ids and `list`, as the service was asked, oldest first. */
	readonly requests: string[] = [];
	/** Stands in for every answer of the service while set. */
	outage: { statusCode: number; headers?: Record<string, string> } | null = null;
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
		return await this.post(bodyOf(this.provider.id, id, { state }), { query });
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
		const id = decodeURIComponent(new URL(url).pathname.split('/').at(-1) ?? '');
		this.requests.push(qs?.limit ? 'list' : id);
		if (this.outage) return { body: '{"detail":"no"}', headers: {}, ...this.outage };
		const answer = (statusCode: number, body: unknown) => ({ statusCode, headers: {}, body: JSON.stringify(body) });
		if (qs?.limit) {
			const all = [...this.generations].reverse().map(([each, generation]) => bodyOf(this.provider.id, each, generation));
			return answer(200, { generations: all.slice(qs.offset, qs.offset + qs.limit), offset: qs.offset, has_more: qs.offset + qs.limit < all.length });
		}
		const generation = this.generations.get(id);
		return generation ? answer(200, bodyOf(this.provider.id, id, generation)) : answer(404, { detail: 'Not found' });
	};
}

/** Lets time pass, in milliseconds. */
export async function pass(ms: number): Promise<void> {
	await jest.advanceTimersByTimeAsync(ms);
}
