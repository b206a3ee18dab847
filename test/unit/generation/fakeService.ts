/**
 * A provider in memory, behind the interface of the transport: it takes the calls that the real provider objects
 * describe, in virtual time, and answers as the service would. Luma Dream Machine lists its generations, Pixwith.ai
 * does not.
 */
import { lumaDreamMachine } from '../../../nodes/LumaVideo/providers/lumaDreamMachine';
import { pixwith } from '../../../nodes/LumaVideo/providers/pixwith';
import type { JsonObject, Provider, ProviderCall } from '../../../nodes/LumaVideo/providers/provider';
import type { Exchange, ProviderClient, RequestFault } from '../../../nodes/LumaVideo/transport/providerClient';
import type { VirtualTime } from './virtualTime';

/** What stands in for the usual answer to one call. */
export interface Disturbance {
	/** On a create: whether the service makes the video all the same. */
	accepted?: boolean;
	/** On a create: the generation's own time, in milliseconds. */
	durationMs?: number;
	/** How long this call takes, in milliseconds. */
	latencyMs?: number;
	/** No answer. */
	fault?: RequestFault['outcome'];
	/** An answer of its own: a status with a body (JSON or text). */
	answer?: { statusCode: number; body: unknown; headers?: Record<string, string> };
}

export interface Made {
	id: string;
	body: JsonObject;
	/** Milliseconds since 1970. */
	at: number;
	endsAt: number;
	fails: boolean;
	/** By another client of the same account. */
	foreign: boolean;
}

type Kind = 'create' | 'read' | 'list';

export interface CallRecord {
	kind: Kind;
	/** Milliseconds since the beginning; when the call was sent. */
	at: number;
	/** Of a read: which generation. */
	id: string | null;
}

export class FakeService {
	readonly provider: Provider;
	readonly made: Made[] = [];
	readonly calls: CallRecord[] = [];
	/** The most videos that were in the making at the same moment. */
	maxRunning = 0;

	latencyMs = 200;
	/** How long the nth video takes (from 0), in milliseconds. */
	durationMs: (n: number) => number = () => 60_000;
	/** Whether the nth video fails. */
	fails: (n: number) => boolean = () => false;
	/** By how much the service's clock is ahead. */
	skewMs = 0;
	sendsDate = true;
	/** Generations that the list leaves out. */
	readonly unlisted = new Set<string>();
	onCreate: (n: number, body: JsonObject) => Disturbance | undefined = () => undefined;
	onRead: (n: number, id: string) => Disturbance | undefined = () => undefined;
	onList: (n: number) => Disturbance | undefined = () => undefined;

	constructor(
		readonly time: VirtualTime,
		flavour: 'lists' | 'doesNotList',
	) {
		this.provider = flavour === 'lists' ? lumaDreamMachine : pixwith;
	}

	readonly client: ProviderClient = {
		isLocal: false,
		account: 'account',
		sign: (text: string) => text,
		addressOf: ({ path }) => `https://service.example${path}`,
		send: async (call) => await this.handle(call),
		sendFile: () => Promise.reject(new Error('no file is sent here')),
		sendForm: () => Promise.reject(new Error('no file is sent here')),
	};

	count(kind: Kind): number {
		return this.calls.filter((call) => call.kind === kind).length;
	}

	times(kind: Kind): number[] {
		return this.calls.filter((call) => call.kind === kind).map((call) => call.at);
	}

	/** Ids of what our own client bought. */
	get bought(): string[] {
		return this.made.filter((made) => !made.foreign).map((made) => made.id);
	}

	/** Adds a generation that another client of the account asked for. */
	addForeign(id: string, body: JsonObject, at: number): void {
		this.made.push({ id, body, at, endsAt: at + 60_000, fails: false, foreign: true });
	}

	private get lists(): boolean {
		return this.provider === lumaDreamMachine;
	}

	private async handle(call: ProviderCall): Promise<Exchange> {
		const kind = this.kindOf(call);
		const n = this.count(kind);
		const id = kind === 'read' ? this.idOf(call) : null;
		this.calls.push({ kind, at: this.time.elapsed, id });
		const disturbance = (kind === 'create'
			? this.onCreate(n, call.body ?? {})
			: kind === 'list'
				? this.onList(n)
				: this.onRead(n, id ?? '')) ?? {};
		const latency = disturbance.latencyMs ?? this.latencyMs;
		await this.time.sleep(latency / 2);
		const isRefused = disturbance.fault !== undefined || disturbance.answer !== undefined;
		let made: Made | undefined;
		if (kind === 'create' && (disturbance.accepted ?? !isRefused)) {
			made = this.make(call.body ?? {}, disturbance.durationMs);
		}
		// The answer says how things stood when it was written.
		const usual = this.usualAnswer(kind, call, id, made);
		await this.time.sleep(latency / 2);
		if (disturbance.fault) return { kind: 'fault', fault: { outcome: disturbance.fault, text: 'the connection broke' } };
		const { statusCode, body, headers } = disturbance.answer ?? usual;
		return {
			kind: 'answer',
			answer: {
				statusCode,
				headers: { ...(this.sendsDate ? { date: new Date(this.serverNow).toUTCString() } : {}), ...headers },
				text: typeof body === 'string' ? body : JSON.stringify(body),
			},
		};
	}

	private kindOf(call: ProviderCall): Kind {
		if (call.path === '/generations/video' || call.path === '/api/task/create') return 'create';
		return call.path === '/generations' ? 'list' : 'read';
	}

	private idOf(call: ProviderCall): string {
		return this.lists ? decodeURIComponent(call.path.replace('/generations/', '')) : String(call.body?.task_id);
	}

	private get serverNow(): number {
		return this.time.now() + this.skewMs;
	}

	private make(body: JsonObject, durationMs?: number): Made {
		const n = this.bought.length;
		const at = this.time.now();
		const endsAt = at + (durationMs ?? this.durationMs(n));
		const made: Made = { id: `gen-${n}`, body, at, endsAt, fails: this.fails(n), foreign: false };
		this.made.push(made);
		const running = this.made.filter((other) => !other.foreign && other.endsAt > at).length;
		this.maxRunning = Math.max(this.maxRunning, running);
		return made;
	}

	private usualAnswer(
		kind: Kind,
		call: ProviderCall,
		id: string | null,
		made: Made | undefined,
	): { statusCode: number; body: unknown; headers?: Record<string, string> } {
		if (kind === 'create') {
			if (!made) return { statusCode: 500, body: '' };
			return this.lists
				? { statusCode: 201, body: this.lumaJson(made) }
				: { statusCode: 200, body: { code: 1, message: 'success', data: { task_id: made.id, estimated_time: 60 } } };
		}
		if (kind === 'list') return { statusCode: 200, body: this.lumaPage(call) };
		const found = this.made.find((candidate) => candidate.id === id);
		if (this.lists) {
			return found
				? { statusCode: 200, body: this.lumaJson(found) }
				: { statusCode: 404, body: { detail: 'Generation not found' } };
		}
		return found
			? { statusCode: 200, body: { code: 1, message: 'success', data: this.pixwithJson(found) } }
			: { statusCode: 200, body: { code: 0, message: 'task not found', data: null } };
	}

	private stateOf(made: Made): 'dreaming' | 'failed' | 'completed' {
		if (this.time.now() < made.endsAt) return 'dreaming';
		return made.fails ? 'failed' : 'completed';
	}

	private lumaJson(made: Made): JsonObject {
		const state = this.stateOf(made);
		return {
			id: made.id,
			generation_type: 'video',
			state,
			failure_reason: state === 'failed' ? 'The content was refused.' : null,
			created_at: new Date(made.at + this.skewMs).toISOString(),
			assets: state === 'completed' ? { video: `https://media.example/${made.id}.mp4` } : null,
			model: made.body.model ?? null,
			// What was asked for, with the service's own defaults filled in.
			request: { generation_type: 'video', aspect_ratio: '16:9', ...made.body },
		};
	}

	private lumaPage(call: ProviderCall): JsonObject {
		const limit = Number(call.query?.limit ?? 100);
		const offset = Number(call.query?.offset ?? 0);
		const all = this.made
			.filter((made) => !this.unlisted.has(made.id))
			.sort((a, b) => b.at - a.at)
			.map((made) => this.lumaJson(made));
		const generations = all.slice(offset, offset + limit);
		return { generations, count: all.length, limit, offset, has_more: offset + generations.length < all.length };
	}

	private pixwithJson(made: Made): JsonObject {
		const state = this.stateOf(made);
		return {
			task_id: made.id,
			status: state === 'dreaming' ? 1 : state === 'completed' ? 2 : 3,
			result_urls: state === 'completed' ? [`https://media.example/${made.id}.mp4`] : [],
		};
	}
}
