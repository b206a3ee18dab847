/** What the tests of the trigger share: a service with generations, n8n's contexts, n8n's deduplication store. */
import type {
	IDataObject,
	IExecuteFunctions,
	INode,
	INodeExecutionData,
	IRun,
	ITriggerFunctions,
	IWebhookFunctions,
} from 'n8n-workflow';
import { crazyrouter } from '../../../nodes/LumaVideo/providers/crazyrouter';
import { lumaDreamMachine } from '../../../nodes/LumaVideo/providers/lumaDreamMachine';
import { pixazo } from '../../../nodes/LumaVideo/providers/pixazo';
import type { Provider, ProviderId } from '../../../nodes/LumaVideo/providers/provider';
import type { TriggerState } from '../../../nodes/LumaVideo/callbacks/triggerState';
import { stateOf } from '../../../nodes/LumaVideo/callbacks/triggerState';

export const NOW = Date.parse('2026-05-01T12:00:00Z');
export const WEBHOOK_ID = '5b2c0f1e-6a57-4d0b-9d1e-0d8f6a1c2b3d';
export const HOOK = `https://n8n.example.com/webhook/${WEBHOOK_ID}/luma-video`;

export const withCallbacks: Provider[] = [lumaDreamMachine, pixazo, crazyrouter];

let counter = 0;

/** A trigger node of its own: its memory is shared with no other test. */
export function triggerNode(provider: ProviderId, parameters: INode['parameters'] = {}): INode {
	return {
		id: `node-${counter++}`,
		name: 'Luma Video Trigger',
		type: 'n8n-nodes-luma-video.lumaVideoTrigger',
		typeVersion: 1,
		position: [0, 0],
		webhookId: WEBHOOK_ID,
		parameters: { provider, ...parameters },
	};
}

export function memoryOf(node: INode): TriggerState {
	return stateOf('workflow', node.id);
}

export interface FakeGeneration {
	id: string;
	/** Luma's words. */
	state: 'queued' | 'dreaming' | 'completed' | 'failed';
	callbackUrl?: string | null;
	createdAt?: number;
	withoutVideo?: boolean;
}

/** Body with which a provider describes a generation. */
export function bodyOf(provider: ProviderId, generation: FakeGeneration): IDataObject {
	const { id, state, callbackUrl = HOOK, createdAt = NOW - 60_000, withoutVideo = false } = generation;
	const url = state === 'completed' && !withoutVideo ? `https://media.example.com/${id}.mp4` : null;
	const created = new Date(createdAt).toISOString();
	switch (provider) {
		case 'pixazo': {
			const status = { queued: 'QUEUED', dreaming: 'PROCESSING', completed: 'COMPLETED', failed: 'FAILED' }[state];
			return { request_id: id, status, created_at: created, output: url ? { media_url: [url] } : {} };
		}
		case 'crazyrouter':
			return { id, state, created_at: created, video: url ? { url } : null };
		default:
			return { id, state, created_at: created, assets: url ? { video: url } : null, request: { callback_url: callbackUrl } };
	}
}

/** A service that answers reads and lists, behind n8n's request helper. */
export class FakeService {
	readonly generations = new Map<string, FakeGeneration>();
	/** Paths asked for, oldest first. */
	readonly requests: string[] = [];
	/** Stands in for every answer while set. */
	outage: { statusCode: number; headers?: Record<string, string> } | 'reset' | null = null;
	/** The service's own largest page. */
	maxLimit = 100;
	credentials: IDataObject | null = { apiKey: 'test-key-123456', baseUrl: 'https://api.example.com/v1' };

	constructor(readonly provider: Provider) {}

	set(...generations: FakeGeneration[]): void {
		for (const generation of generations) this.generations.set(generation.id, generation);
	}

	reads(): number {
		return this.requests.filter((path) => !path.startsWith('list')).length;
	}

	/** `helpers.httpRequestWithAuthentication` of n8n. */
	readonly request = async (_type: string, options: { url: string; qs?: { limit: number; offset: number } }) => {
		await Promise.resolve();
		const { pathname } = new URL(options.url);
		const id = decodeURIComponent(pathname.split('/').at(-1) ?? '');
		this.requests.push(options.qs ? `list ${options.qs.offset}` : id);
		if (this.outage === 'reset') throw Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });
		if (this.outage) return { body: '{}', headers: {}, ...this.outage };
		const answer = (statusCode: number, body: unknown) => ({ statusCode, headers: {}, body: JSON.stringify(body) });
		if (options.qs) {
			const { limit, offset } = options.qs;
			const all = [...this.generations.values()].reverse();
			const page = all.slice(offset, offset + Math.min(limit, this.maxLimit));
			return answer(200, {
				generations: page.map((each) => bodyOf(this.provider.id, each)),
				offset,
				has_more: offset + page.length < all.length,
			});
		}
		const generation = this.generations.get(id);
		if (!generation) return answer(404, { detail: 'Not found' });
		return answer(200, bodyOf(this.provider.id, generation));
	};
}

type StoredRecord = { mode: 'entries'; data: string[] } | { mode: 'latestIncrementalKey'; data: number };

/**
 * n8n's store: it finds, changes and writes without a lock. One record of the trigger and one of its workflow; all
 * processes share them.
 */
export class FakeStore {
	/** By scope. */
	readonly records: { node: StoredRecord | null; workflow: StoredRecord | null } = { node: null, workflow: null };
	/** Milliseconds from finding to writing. */
	latencyMs = 1;
	calls = 0;

	/** What the trigger's record holds. */
	get entries(): string[] | null {
		return this.records.node?.mode === 'entries' ? this.records.node.data : null;
	}

	set entries(data: string[] | null) {
		this.records.node = data && { mode: 'entries', data };
	}

	readonly checkProcessedAndRecord = async (
		items: unknown[],
		scope: 'node' | 'workflow',
		{ mode, maxEntries = Number.POSITIVE_INFINITY }: { mode: StoredRecord['mode']; maxEntries?: number },
	) => {
		this.calls++;
		const found = structuredClone(this.records[scope]);
		await this.latency();
		if (found && found.mode !== mode) throw new Error('Deduplication data was originally saved with an incompatible setting');
		let fresh: unknown[] = items;
		let changed: StoredRecord;
		if (mode === 'entries') {
			const data = found?.mode === 'entries' ? found.data : [];
			fresh = items.filter((item) => !data.includes(String(item)));
			changed = { mode, data: [...data, ...fresh.map(String)].slice(-maxEntries) };
		} else {
			const latest = found?.mode === mode ? found.data : Number.NEGATIVE_INFINITY;
			fresh = items.filter((item) => Number(item) > latest);
			changed = { mode, data: Math.max(latest, ...items.map(Number)) };
		}
		// A record that was found is written over where it still is; another is made, and a second one is a conflict.
		if (!found && this.records[scope]) throw new Error('UNIQUE constraint failed: processed_data');
		if (!found || this.records[scope]) this.records[scope] = changed;
		return { new: fresh, processed: items.filter((item) => !fresh.includes(item)) };
	};

	readonly removeProcessed = async (items: unknown[]) => {
		await this.latency();
		this.entries = (this.entries ?? []).filter((entry) => !items.includes(entry));
	};

	readonly clearAllProcessedItems = async (scope: 'node' | 'workflow') => {
		await this.latency();
		this.records[scope] = null;
	};

	readonly getProcessedDataCount = async (scope: 'node' | 'workflow') => {
		await this.latency();
		const found = this.records[scope];
		return found?.mode === 'entries' ? found.data.length : 0;
	};

	private async latency(): Promise<void> {
		await new Promise((resolve) => setTimeout(resolve, this.latencyMs));
	}
}

export interface World {
	node: INode;
	service: FakeService;
	staticData: IDataObject;
	warnings: string[];
}

export function world(provider: Provider, parameters: INode['parameters'] = {}): World {
	return { node: triggerNode(provider.id, parameters), service: new FakeService(provider), staticData: {}, warnings: [] };
}

function common({ node, service, staticData, warnings }: World, mode: string) {
	return {
		getNode: () => node,
		getWorkflow: () => ({ id: 'workflow', name: 'Workflow', active: true }),
		getMode: () => mode,
		getWorkflowStaticData: () => staticData,
		getCredentials: async () => {
			await Promise.resolve();
			if (!service.credentials) throw new Error('Credential with ID "1" does not exist');
			return service.credentials;
		},
		logger: { warn: (text: string) => warnings.push(text) },
	};
}

const DEFAULTS: IDataObject = { events: ['completed', 'failed'], options: {} };

/** The context of `webhook()`. */
export function webhookContext(each: World, body: unknown, mode = 'webhook') {
	const answers: Array<{ code: number; body: unknown }> = [];
	const context = {
		...common(each, mode),
		getNodeParameter: (name: string) => each.node.parameters[name] ?? DEFAULTS[name],
		getBodyData: () => body,
		getResponseObject: () => ({
			status: (code: number) => ({ json: (sent: unknown) => answers.push({ code, body: sent }) }),
		}),
	};
	return { context: context as unknown as IWebhookFunctions, answers };
}

/** The context of `trigger()`. What it emits is kept, to be run by the test. */
export function triggerContext(each: World, mode = 'trigger') {
	const emitted: Array<{ ids: string[]; items: INodeExecutionData[]; done: (run?: Partial<IRun>) => void; fail: () => void }> = [];
	const crons: Array<{ expression: string; tick: () => void }> = [];
	const context = {
		...common(each, mode),
		getNodeParameter: (name: string) => each.node.parameters[name] ?? DEFAULTS[name],
		helpers: {
			httpRequestWithAuthentication: each.service.request,
			createDeferredPromise: () => {
				let resolve: (value?: unknown) => void = () => undefined;
				let reject: (error: Error) => void = () => undefined;
				const promise = new Promise((onResolve, onReject) => {
					resolve = onResolve;
					reject = onReject;
				});
				return { promise, resolve, reject };
			},
			registerCron: ({ expression }: { expression: string }, tick: () => void) => crons.push({ expression, tick }),
		},
		emit: (
			[items = []]: INodeExecutionData[][],
			_response: unknown,
			done: { resolve: (run?: unknown) => void; reject: (error: Error) => void },
		) => {
			emitted.push({
				ids: items.map(({ json }) => json.generationId as string),
				items,
				done: (run) => done.resolve(run),
				fail: () => done.reject(new Error('not started')),
			});
		},
	};
	return { context: context as unknown as ITriggerFunctions, emitted, crons };
}

/** The context of `execute()`. */
export function executeContext(each: World, store: FakeStore, items: INodeExecutionData[], mode = 'trigger', id = '1') {
	const context = {
		...common(each, mode),
		getNodeParameter: (name: string) => each.node.parameters[name] ?? DEFAULTS[name],
		getInputData: () => items,
		getExecutionId: () => id,
		getExecutionCancelSignal: () => undefined,
		helpers: {
			httpRequestWithAuthentication: each.service.request,
			checkProcessedAndRecord: store.checkProcessedAndRecord,
			removeProcessed: store.removeProcessed,
			clearAllProcessedItems: store.clearAllProcessedItems,
			getProcessedDataCount: store.getProcessedDataCount,
		},
	};
	return context as unknown as IExecuteFunctions;
}

export function input(...ids: string[]): INodeExecutionData[] {
	return ids.map((generationId) => ({ json: { generationId, ticket: `ticket of ${generationId}` } }));
}
