/**
 * A provider in memory, behind the interface of the transport: it takes the calls that the real provider objects
 * describe, in virtual time, and answers as the service would. Luma Dream Machine lists its generations, Pixwith.ai
 * does not.
 */
import { lumaDreamMachine } from '../../../nodes/LumaVideo/providers/lumaDreamMachine';
import { pixwith } from '../../../nodes/LumaVideo/providers/pixwith';
import type { JsonObject, Provider, ProviderCall } from '../../../nodes/LumaVideo/providers/provider';
import type { Exchange, RequestFault } from '../../../nodes/LumaVideo/transport/exchange';
import type { FakeAnswer, FakeGeneration } from '../fakeProvider';
import { clientWith, described, listAnswer, readAnswer } from '../fakeProvider';
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
	answer?: FakeAnswer;
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

	readonly client = clientWith({ send: async (call) => await this.handle(call) });

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

	private usualAnswer(kind: Kind, call: ProviderCall, id: string | null, made: Made | undefined): FakeAnswer {
		const { id: provider } = this.provider;
		if (kind === 'create') {
			if (!made) return { statusCode: 500, body: '' };
			return this.lists
				? { statusCode: 201, body: described(provider, this.seen(made)) }
				: { statusCode: 200, body: { code: 1, message: 'success', data: { task_id: made.id, estimated_time: 60 } } };
		}
		if (kind === 'list') {
			const newestFirst = this.made.filter((each) => !this.unlisted.has(each.id)).sort((a, b) => b.at - a.at);
			const { limit = 100, offset = 0 } = call.query ?? {};
			return listAnswer(newestFirst.map((each) => this.seen(each)), { limit: Number(limit), offset: Number(offset) });
		}
		const found = this.made.find((candidate) => candidate.id === id);
		return readAnswer(provider, found && this.seen(found));
	}

	/** As the service sees it at this moment. */
	private seen({ id, body, at, endsAt, fails }: Made): FakeGeneration {
		const state = this.time.now() < endsAt ? 'processing' : fails ? 'failed' : 'completed';
		return { id, state, createdAt: at + this.skewMs, request: body };
	}
}
