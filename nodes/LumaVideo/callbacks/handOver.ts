/**
 * From ids to executions. What a callback announced goes into an execution at once, which reads it; what needs another
 * look is looked at here first, so that an execution starts only when there is something to emit.
 */
import type { INodeExecutionData, IRun, ITriggerFunctions } from 'n8n-workflow';
import { systemClock } from '../generation/clock';
import type { Provider } from '../providers/provider';
import type { ProviderClient } from '../transport/providerClient';
import { createProviderClient } from '../transport/providerClient';
import { findMissed } from './reconcile';
import { REQUEST_TIMEOUT_MS, emissionOf, isMeantFor, isTooOld } from './trigger';
import type { Finding, TriggerEvent, TriggerState } from './triggerState';
import { emissionKey } from './triggerState';

/** So many found at once get an execution each; of more, several share one. */
const MAX_SINGLE = 10;
const BATCH = 50;
/**
 * With more than so many callbacks at once, those that come while others are being dealt with share an execution; they
 * wait for that so many milliseconds at most.
 */
const SHARE_FROM = 3;
const SHARE_MS = 2000;
/** Requests under way at the same time. */
const MAX_REQUESTS = 4;

/**
 * An item that names a generation to the trigger's execution. The ticket is the hand-over's own: with it, a retry of an
 * execution that broke off is told from a repeated callback.
 */
export function handOverItem(generationId: string): INodeExecutionData {
	return { json: { generationId, ticket: `${Date.now().toString(36)}-${Math.random().toString(36).slice(2, 10)}` } };
}

/** Ids that a node put out as over, as far as the run tells. */
function emittedIds(run: IRun | undefined, nodeName: string): Set<unknown> {
	const { data }: Partial<IRun> = run ?? {};
	const items = data?.resultData.runData[nodeName]?.at(-1)?.data?.main?.[0] ?? [];
	return new Set(items.filter(({ json }) => json.event !== 'progress').map(({ json }) => json.generationId));
}

/** Starts the executions of one published trigger. */
export class HandOver {
	private isStopped = false;
	private isServing = false;
	private isReconciling = false;
	private wake: () => void = () => undefined;
	private readonly queue: string[] = [];
	private requests = 0;
	private ticks = 0;
	private lastStartAt = 0;

	constructor(
		private readonly context: ITriggerFunctions,
		private readonly provider: Provider,
		private readonly state: TriggerState,
		private readonly wanted: readonly TriggerEvent[],
	) {}

	readonly onDue = (): void => {
		this.wake();
		void this.serve();
	};

	stop(): void {
		this.isStopped = true;
		this.wake();
	}

	/** Finds what callbacks did not announce; everything that waits for the timer is looked at. */
	async reconcile(): Promise<void> {
		if (this.isReconciling || this.isStopped || this.state.isAddressRefused) return;
		this.isReconciling = true;
		try {
			const now = Date.now();
			if (this.provider.list) {
				const missed = await findMissed({
					provider: this.provider,
					client: await this.client(),
					state: this.state,
					node: this.context.getNode(),
					wanted: this.wanted,
					tick: this.ticks++,
					now,
					warn: this.warn,
				});
				this.start(missed);
			}
			this.state.makeDue(now);
		} catch (error) {
			// The next tick tries again; a timer has nobody to throw to.
			this.warn(messageOf(error));
		} finally {
			this.isReconciling = false;
		}
		this.onDue();
	}

	/** Deals with what is due, until nothing waits for a time any more. */
	private async serve(): Promise<void> {
		if (this.isServing) return;
		this.isServing = true;
		while (!this.isStopped && !this.state.isAddressRefused) {
			// What an execution costs n8n is more than what it does here: in a burst they would pile up.
			const isShared = this.state.busyWith(Date.now()) > SHARE_FROM;
			const pause = isShared && this.state.hasInHand ? this.lastStartAt + SHARE_MS - Date.now() : 0;
			const woken = new Promise<void>((resolve) => {
				this.wake = resolve;
			});
			if (pause > 0) {
				await systemClock.wait(pause, woken);
				continue;
			}
			const due = this.state.takeDue(Date.now(), isShared);
			const blind = due.filter(({ isBlind }) => isBlind).map(({ generationId }) => generationId);
			this.start(blind, isShared);
			for (const { generationId, isBlind } of due) if (!isBlind) this.queue.push(generationId);
			while (this.requests < Math.min(MAX_REQUESTS, this.queue.length)) void this.look();
			const next = this.state.nextLookAt(Date.now());
			if (next === null) break;
			await systemClock.wait(next - Date.now(), woken);
		}
		this.isServing = false;
	}

	/** Reads what is in the queue, and hands over what has something to emit. Never throws. */
	private async look(): Promise<void> {
		this.requests++;
		for (let generationId = this.queue.shift(); generationId !== undefined; generationId = this.queue.shift()) {
			let result: Awaited<ReturnType<HandOver['findingOf']>> = { finding: 'unread', pauseMs: null };
			try {
				result = await this.findingOf(await this.client(), generationId);
			} catch (error) {
				// The credential cannot be had: it stays for later.
				this.warn(messageOf(error));
			}
			if (result.finding === 'emit') this.emit([generationId]);
			else this.state.settle(generationId, result.finding, Date.now(), result.pauseMs);
		}
		this.requests--;
		this.onDue();
	}

	private async findingOf(
		client: ProviderClient,
		generationId: string,
	): Promise<{ finding: Finding | 'emit'; pauseMs: number | null }> {
		const { provider, state } = this;
		const exchange = await client.send(provider.status(generationId));
		const pauseMs = null;
		if (exchange.kind !== 'answer') {
			this.warn(`${provider.displayName} cannot be reached: ${exchange.fault.text}`);
			return { finding: 'unread', pauseMs };
		}
		const reading = provider.readStatus(exchange.answer, generationId);
		if (!reading.ok) {
			const { kind, message, retryAfterMs } = reading.problem;
			if (kind === 'notFound' || kind === 'invalidRequest') return { finding: 'refused', pauseMs };
			this.warn(message);
			return { finding: 'unread', pauseMs: retryAfterMs };
		}
		const generation = reading.value;
		if (!isMeantFor(provider, generation, this.context.getNode(), false)) return { finding: 'refused', pauseMs };
		if (isTooOld(generation, Date.now())) return { finding: 'refused', pauseMs };
		const { event, key } = emissionOf(provider, generation);
		if (this.wanted.includes(event) && !state.isEmitted(key)) return { finding: 'emit', pauseMs };
		return { finding: event === 'progress' ? 'running' : 'over', pauseMs };
	}

	/** Starts executions for generations known to have something to emit. */
	private start(generationIds: readonly string[], isShared = generationIds.length > MAX_SINGLE): void {
		if (generationIds.length > 0) this.lastStartAt = Date.now();
		const size = isShared ? BATCH : 1;
		for (let first = 0; first < generationIds.length; first += size) {
			this.emit(generationIds.slice(first, first + size));
		}
	}

	/** Starts an execution. It tells by the shared memory what came of it, or, run by another process, by its output. */
	private emit(generationIds: readonly string[]): void {
		const { context, state } = this;
		const holds = generationIds.map((generationId) => [generationId, state.holdOf(generationId)] as const);
		const settle = (run: IRun | undefined): void => {
			const emitted = emittedIds(run, context.getNode().name);
			for (const [generationId, hold] of holds) {
				if (hold === null || state.holdOf(generationId) !== hold) continue;
				const key = emissionKey(this.provider.id, { generationId, status: 'completed' });
				if (emitted.has(generationId)) {
					state.trust();
					state.markEmitted(key);
					state.settle(generationId, 'over', Date.now());
				} else state.settleUntold(key, generationId, run?.status === 'success', Date.now());
			}
			this.onDue();
		};
		const done = context.helpers.createDeferredPromise<IRun>();
		done.promise.then(settle, () => {
			settle(undefined);
		});
		try {
			context.emit([generationIds.map(handOverItem)], undefined, done);
		} catch (error) {
			this.warn(messageOf(error));
			settle(undefined);
		}
	}

	private async client(): Promise<ProviderClient> {
		return await createProviderClient(this.context, this.provider, REQUEST_TIMEOUT_MS);
	}

	private readonly warn = (text: string): void => {
		this.context.logger.warn(`Luma Video Trigger looks again later: ${text}`);
	};
}

function messageOf(error: unknown): string {
	return error instanceof Error ? error.message : String(error);
}
