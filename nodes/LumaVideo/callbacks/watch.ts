/**
 * Second step, while the workflow is published: each generation that the trigger knows of is read when it is due, a few at
 * a time, and starts an execution when it has ended. From time to time, the provider's list, if it includes callback
 * addresses, reveals generations whose callback was missed.
 */
import type { ITriggerFunctions, ITriggerResponse } from 'n8n-workflow';
import { systemClock } from '../generation/clock';
import { experience } from '../generation/experience';
import { Gate } from '../generation/gate';
import { Pauses, RunEnded } from '../generation/pauses';
import type { ReadResult } from '../generation/read';
import { isOver } from '../generation/read';
import { UNKNOWN_EXPECTED_MS, nextReadDelayMs } from '../generation/schedule';
import type { Provider } from '../providers/provider';
import { parseHttpUrl } from '../transport/address';
import { referenceOf } from '../transport/announce';
import { Account } from './account';
import { handOver } from './emit';
import { sharedExecutions } from './executions';
import { announcedButGone, foreignCall, triggerAddress } from './messages';
import type { TriggerEvent, TriggerMemory, Verdict } from './trigger';
import { DEFAULT_RECONCILE_MINUTES, judge, learn, memoryOf, providerOf } from './trigger';
import type { Watched } from './watchList';
import { MAX_AGE_MS } from './watchList';

/** Concurrent reads of known generations; of strangers' claims, one at a time. */
const MAX_READS = 4;
/** The pause after a stranger's false claim before the next one is read. */
const STRANGER_MS = 500;
/** The shortest time between two reads of a generation. */
const AGAIN_MS = 2000;
/** Back-off after reads without news: the first pause, its growth and the longest one. */
const BACK_OFF = { firstMs: 5000, growth: 3, maxMs: 600_000 } as const;
/** After a call, this many reads that find it still running mean that the call was wrong. */
const MAX_LOOKS_CALLED = 3;
/** Not found this many times: it does not exist, or no longer exists. */
const MAX_NOT_FOUND = { known: 10, stranger: 5 } as const;
/** A call counts as missed after this multiple of the expected time. */
const MISSED_AFTER = 1.5;
/** The shortest interval between reads without callbacks, as a fraction of the elapsed time. */
const OLD_INTERVAL = 0.02;
/** The first read of the list: not before n8n has started, and not at the same moment for all triggers. */
const FIRST_LIST_MS = 1000;
const FIRST_LIST_SPREAD_MS = 2000;

/** Starts a published trigger; a test only listens. */
export function watch(context: ITriggerFunctions): ITriggerResponse {
	if (context.getMode() === 'manual') return {};
	const watcher = new Watcher(context);
	return {
		closeFunction: async () => {
			await Promise.resolve();
			watcher.stop();
		},
	};
}

class Watcher {
	private readonly memory: TriggerMemory;
	private readonly provider: Provider;
	private readonly terms: Parameters<typeof judge>[0];
	/** How often to look for missed calls, in milliseconds; `null`: never. */
	private readonly missedMs: number | null;
	private readonly pauses = new Pauses(systemClock);
	private readonly reads = new Gate(MAX_READS);
	private readonly strangersReads = new Gate(1);
	private readonly account: Account;
	private readonly execute: ReturnType<typeof sharedExecutions>;

	constructor(private readonly context: ITriggerFunctions) {
		this.memory = memoryOf(context);
		this.provider = providerOf(context.getNode());
		this.account = new Account(context, this.provider);
		this.execute = sharedExecutions(context, this.pauses);
		const wanted = context.getNodeParameter('events', []) as TriggerEvent[];
		this.terms = { provider: this.provider, node: context.getNode(), wanted, isTest: false };
		const { reconcileMinutes = DEFAULT_RECONCILE_MINUTES } = context.getNodeParameter('options', {}) as { reconcileMinutes?: number };
		this.missedMs = reconcileMinutes > 0 ? reconcileMinutes * 60_000 : null;
		const { list } = this.memory;
		learn(context, this.memory, now());
		list.follow = this.follow;
		// They may have ended in the meantime.
		for (const [id, watched] of list.all()) this.follow(id, watched, true);
		this.task(this.reconcile());
		this.task(this.run());
	}

	stop(): void {
		// A newer version of the workflow may have taken over already.
		if (this.memory.list.follow === this.follow) this.memory.list.follow = null;
		this.pauses.end('stopped');
	}

	private async run(): Promise<void> {
		while (this.pauses.ended === null) await this.pauses.pass(this.pauses.next);
	}

	private readonly follow = (id: string, watched: Watched, isDue: boolean): void => {
		this.task(this.untilOver(id, watched, isDue));
	};

	private task(task: Promise<void>): void {
		task.catch((error: unknown) => {
			if (!(error instanceof RunEnded)) this.context.logger.error(`Luma Video Trigger: ${String(error)}`);
		});
	}

	/** @throws RunEnded when the trigger stops */
	private async pause(ms: number): Promise<void> {
		await this.pauses.pause(this.pauses.now + ms).over;
	}

	/** Watches one generation, until there is nothing more to emit for it or another entry takes its place. */
	private async untilOver(id: string, watched: Watched, isDue: boolean): Promise<void> {
		const { list } = this.memory;
		const isReplaced = (): boolean => list.get(id) !== watched;
		let readAt = -Infinity;
		for (let delay: number | null = isDue ? 0 : this.nextDelayMs(watched); delay !== null && now() - watched.since <= MAX_AGE_MS; ) {
			const pause = this.pauses.pause(this.pauses.now + delay);
			watched.wake = () => {
				pause.end();
			};
			await pause.over;
			await this.pauses.pause(readAt + AGAIN_MS).over;
			if (isReplaced()) return;
			const gate = list.isKnown(id) ? this.reads : this.strangersReads;
			const read = await this.pauses.unlessEnded(gate.run(async () => await this.read(id)));
			readAt = this.pauses.now;
			if (isReplaced()) return;
			delay = await this.consider(id, watched, read);
		}
		if (!isReplaced()) list.drop(id);
	}

	private async read(id: string): Promise<ReadResult | null> {
		if (this.pauses.ended !== null) throw new RunEnded();
		const read = await this.account.read(id);
		if (!read?.ok && !this.memory.list.isKnown(id)) await this.pause(STRANGER_MS);
		return read;
	}

	/**
	 * Acts on a read of a generation: emits it, or reports why it cannot.
	 *
	 * @returns milliseconds until it is read again; `null` when there is nothing more to emit for it
	 */
	private async consider(id: string, watched: Watched, read: ReadResult | null): Promise<number | null> {
		const { list } = this.memory;
		if (read === null) return this.backOffMs(watched);
		const verdict = judge(this.terms, read, list.isKnown(id), now());
		if ('failure' in verdict) return this.notRead(id, watched, verdict);
		const { generation, finding, callee } = verdict;
		if (finding === 'foreign') {
			const text = foreignCall({ generationId: id });
			// A call for one trigger that reaches another is not the user's mistake.
			if (callee === 'somebodyElse') this.account.report('callee', text);
			else this.context.logger.warn(text.message);
			return null;
		}
		list.makeKnown(id, now());
		if (isOver(generation) && generation.status === 'completed' && watched.kind !== null) {
			const told = Date.parse(generation.completedAt ?? '') - Date.parse(generation.createdAt ?? '');
			experience.note(watched.kind, told > 0 ? told : now() - watched.since);
		}
		if (finding === 'emit' && !list.isEmitted(verdict.key) && !(await this.emit(id, verdict, watched))) return this.backOffMs(watched);
		if (finding === 'over' || isOver(generation)) return null;
		if (watched.isCalled && watched.vain < MAX_LOOKS_CALLED) return this.backOffMs(watched);
		Object.assign(watched, { isCalled: false, vain: 0 });
		return this.nextDelayMs(watched);
	}

	private notRead(id: string, watched: Watched, { finding, failure }: Extract<Verdict, { failure: unknown }>): number | null {
		const { vain } = watched;
		const delay = Math.max(this.backOffMs(watched), failure.problem?.retryAfterMs ?? 0);
		if (finding === 'unread') {
			this.account.unread(failure, vain);
			return delay;
		}
		const isKnown = this.memory.list.isKnown(id);
		if (watched.vain < (isKnown ? MAX_NOT_FOUND.known : MAX_NOT_FOUND.stranger)) return delay;
		if (isKnown) this.account.report(`gone ${id}`, announcedButGone({ provider: this.provider, generationId: id }));
		return null;
	}

	private backOffMs(watched: Watched): number {
		return Math.min(BACK_OFF.firstMs * BACK_OFF.growth ** watched.vain++, BACK_OFF.maxMs);
	}

	/** Milliseconds until the next read if nothing calls. */
	private nextDelayMs({ since, kind, expectedMs }: Watched): number {
		const elapsed = now() - since;
		const expected = experience.expectation(kind ?? '', expectedMs ?? UNKNOWN_EXPECTED_MS);
		if (!this.provider.callbacks) return Math.max(nextReadDelayMs(elapsed, expected), elapsed * OLD_INTERVAL);
		const toMissed = expected.ms * MISSED_AFTER - elapsed;
		return this.missedMs === null ? Infinity : toMissed > 0 ? toMissed : this.missedMs;
	}

	/** Puts a generation into an execution; whether it is emitted then, by whomever. */
	private async emit(id: string, { key, generation, callee }: Extract<Verdict, { finding: 'emit' }>, { reference }: Watched): Promise<boolean> {
		const { list } = this.memory;
		// The query that the user added to the URL, preferably as the provider returns it.
		const url = callee === 'thisTrigger' ? parseHttpUrl(this.provider.callbacks?.urlOf?.(generation) ?? '') : null;
		const item = handOver(id, { generation, reference: url ? referenceOf(url.searchParams) : reference });
		const claimed = new Promise<undefined>((resolve) => {
			list.whenEmitted.set(key, resolve);
		});
		const run = await this.pauses.unlessEnded(Promise.race([claimed, this.execute(item)]));
		list.whenEmitted.delete(key);
		// In another process, how the execution ended is all that is known of it.
		const node = run?.data.resultData.runData[this.context.getNode().name]?.at(-1);
		if (run?.status === 'success' || node?.executionStatus === 'success') list.markEmitted(key);
		return list.isEmitted(key);
	}

	/** Reports an address that the provider cannot call; else searches the provider's list for missed videos now and then. */
	private async reconcile(): Promise<void> {
		const { provider, memory, missedMs } = this;
		await this.pause(FIRST_LIST_MS + Math.random() * FIRST_LIST_SPREAD_MS);
		if (memory.addressFinding !== null) {
			this.account.report('address', triggerAddress({ finding: memory.addressFinding }));
			return;
		}
		while (provider.callbacks?.urlOf && provider.listing && missedMs !== null) {
			await this.readList();
			await this.pause(missedMs);
		}
	}

	/** Finds generations of this trigger that ended and whose callback was missed. */
	private async readList(): Promise<void> {
		const { list } = this.memory;
		for (const generation of await this.account.latest()) {
			const verdict = judge(this.terms, { ok: true, generation }, false, now());
			const isMine = verdict.finding === 'emit' && verdict.callee === 'thisTrigger' && isOver(generation);
			if (!isMine || list.isEmitted(verdict.key)) continue;
			list.makeKnown(generation.generationId, now());
			list.call(generation.generationId, true, null, now());
		}
	}
}

function now(): number {
	return systemClock.wall();
}
