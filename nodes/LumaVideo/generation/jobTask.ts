/** One job, from its request to its result. */
import { blankGeneration } from '../providers/answers';
import type { Generation, Product } from '../providers/provider';
import { kindOf } from './experience';
import type { Failure } from './failure';
import type { CreateStart, Job, JobServices, Outcome } from './job';
import type { LedgerEntry } from './ledger';
import { utcTime } from './lost';
import { failureOf } from './failure';
import { STOPPED_UNANSWERED, noFile, unexpected } from './messages';
import { RunEnded } from './pauses';
import { isOver, isTransient, readFailure } from './read';
import type { Expectation } from './schedule';
import { UNKNOWN_EXPECTED_MS, expectedMs, nextReadDelayMs, nextWakeDelayMs, retryDelayMs } from './schedule';
import { Submission, doubtFailure } from './submit';

/** A final generation is not read again for this long: after that, its URL may have expired. */
const FRESH_MS = 600_000;
/** A wake-up that finds the video finished only shows that it took less time. */
const LESS_THAN_A_SLEEP = 0.85;
/** One callback often means that several of a batch are finished: those that have run for this part of their expected
 * time are read. */
const CALLED_FROM = 0.5;
/** Gives up after this many consecutive answers that cannot be read or lack the file. */
const MAX_UNREADABLE = 4;

export class JobTask {
	/** `null` until the job is done. */
	outcome: Outcome | null = null;
	/** When the generation is expected to be finished, by the run's clock; `null`: unknown. */
	expectedAt: number | null = null;
	private entry: LedgerEntry | null = null;
	private generation: Generation | null = null;
	/** When the generation is read next, and when the wait for it ends; by the run's clock. */
	private plan: { lookAt: number; deadline: number } | null = null;

	constructor(
		private readonly job: Job,
		private readonly services: JobServices,
	) {}

	/** Never throws: errors become the outcome. */
	async run(): Promise<Outcome> {
		const { options, pauses, gate } = this.services;
		return await gate.run(async () => {
			try {
				if (pauses.ended !== null) throw new RunEnded();
				this.outcome = await this.live();
			} catch (error) {
				this.outcome ??=
					error instanceof RunEnded
						? this.outcomeSoFar()
						: { kind: 'failure', failure: this.unexpectedFailure(error) };
			}
			// Before the gate opens for the next job, which must not start.
			if (options.stopAtFirstFailure && isFailure(this.outcome)) pauses.end('failed');
			return this.outcome;
		});
	}

	/** What is known of a job when the run ends early: names everything that was, or may have been, bought. */
	outcomeSoFar(): Outcome {
		const { options, pauses } = this.services;
		const { start, itemIndex } = this.job;
		const reason = pauses.ended === 'suspended' ? 'suspended' : 'stopped';
		if (this.generation) return { kind: 'open', generation: this.generation, reason };
		const entry = this.entry ?? (start.kind === 'create' ? options.ledger.find(itemIndex, start.key) : undefined);
		if (!entry) return { kind: 'notSubmitted' };
		if (entry.generationId !== null) return { kind: 'open', generation: blankGeneration(entry.generationId), reason };
		return {
			kind: 'failure',
			failure: doubtFailure(options.provider, this.makes, entry, entry.doubt ?? STOPPED_UNANSWERED),
		};
	}

	/** Records in the ledger what the next call of the run needs to know. */
	sleep(): void {
		const { pauses, options } = this.services;
		if (!this.entry || !this.plan) return;
		const toWall = options.clock.wall() - pauses.now;
		this.entry.asleep = { lookAt: this.plan.lookAt + toWall, deadline: this.plan.deadline + toWall };
	}

	private async live(): Promise<Outcome> {
		const { options } = this.services;
		const { start } = this.job;
		if (start.kind === 'existing') return await this.untilOver(blankGeneration(start.generationId), null, true);
		const refusal = options.ledger.refusal(this.job.itemIndex, start.key);
		if (refusal) return { kind: 'failure', failure: refusal };
		for (;;) {
			const submitted = await new Submission(this.job, start, this.services, (entry) => {
				this.entry = entry;
			}).run();
			if (!submitted.ok) {
				const { failure } = submitted;
				if (options.canSuspend && !this.entry) options.ledger.keepRefusal(this.job.itemIndex, start.key, failure);
				return { kind: 'failure', failure };
			}
			const { entry, generation, isAdopted } = submitted;
			this.generation = generation;
			if (options.until === 'submitted') return { kind: 'open', generation, reason: 'accepted' };
			const isOfEarlierTry = isAdopted && entry.asleep === undefined;
			const outcome = await this.untilOver(generation, entry, isAdopted);
			const mayBuyAgain = isOfEarlierTry && options.resubmitFailed && outcome.kind === 'finished';
			if (!mayBuyAgain || outcome.generation.status !== 'failed') return outcome;
			options.ledger.refused(entry);
			options.crashRecord?.withdraw(this.job.itemIndex);
			this.entry = null;
			this.generation = null;
			this.outcome = null;
		}
	}

	/** Polls the generation until it is final or the deadline has passed. */
	private async untilOver(generation: Generation, entry: LedgerEntry | null, isAdopted: boolean): Promise<Outcome> {
		const { options, pauses, reader } = this.services;
		const { clock, provider } = options;
		const over = entry?.over;
		if (over?.generation && Math.abs(clock.wall() - over.at) < FRESH_MS) return this.finished(over.generation);

		const { now } = pauses;
		// If only the id is known, so is not the time of submission; half the usual time is a fair guess.
		const since = now - (entry ? Math.max(clock.wall() - entry.submittedAt, 0) : UNKNOWN_EXPECTED_MS / 2);
		const expectation = this.expectation(generation);
		// Of an earlier purchase only the ID is known.
		this.expectedAt = entry ? since + expectation.ms : null;
		const delay = (): number =>
			options.canSuspend
				? nextWakeDelayMs(pauses.now - since, expectation.ms)
				: nextReadDelayMs(pauses.now - since, expectation, reader.served(generation.generationId));
		const deadline = entry?.asleep ? now + entry.asleep.deadline - clock.wall() : now + this.job.timeoutMs;
		let at = this.firstLookAt(entry, isAdopted, now - since, expectation.ms, delay());
		this.plan = { lookAt: Math.min(at, deadline), deadline };
		let known = generation;
		let sawItRun = 0;
		let transient = 0;
		let unreadable = 0;
		for (;;) {
			// The last look is at the deadline, so that whatever finishes in time is delivered.
			const look = await reader.look(generation.generationId, Math.min(at, deadline));
			const isLast = pauses.now >= deadline;
			let trouble: string | undefined;
			if (look.ok) {
				known = look.value;
				transient = 0;
				if (isOver(known)) return this.ended(known, entry, isAdopted, sawItRun, pauses.now - since);
				if (known.status !== 'completed') {
					unreadable = 0;
					at = pauses.now + delay();
				} else {
					// Completed without a file: it may appear in a moment.
					if (++unreadable >= MAX_UNREADABLE) {
						const { generationId, makes = 'video', status } = known;
						const text = noFile({ provider, makes, generationId, status });
						return { kind: 'failure', failure: failureOf(text, { generationId, provider: provider.id, status }) };
					}
					at = pauses.now + retryDelayMs(unreadable, null);
				}
			} else if (look.problem === null || isTransient(look.problem)) {
				trouble = look.reason;
				at = pauses.now + retryDelayMs(++transient, look.problem?.retryAfterMs ?? null);
			} else {
				if (look.problem.kind !== 'unreadable' || ++unreadable >= MAX_UNREADABLE) {
					// An ID from a user may be wrong.
					const mayRun = this.job.start.kind === 'create' || look.problem.kind !== 'notFound';
					return { kind: 'failure', failure: readFailure(provider, known, look, mayRun) };
				}
				at = pauses.now + retryDelayMs(unreadable, null);
			}
			if (isLast) return { kind: 'open', generation: known, reason: 'timeout', ...(trouble === undefined ? {} : { trouble }) };
			this.generation = known;
			sawItRun = pauses.now - since;
			this.plan = { lookAt: Math.min(at, deadline), deadline };
		}
	}

	private ended(generation: Generation, entry: LedgerEntry | null, isAdopted: boolean, sawItRunMs: number, overAfterMs: number): Outcome {
		const { canSuspend, clock } = this.services.options;
		// Not every answer about an image says that it is one.
		const ended = this.makes === 'image' ? { ...generation, makes: this.makes } : generation;
		if (entry) entry.over = { status: ended.status, at: clock.wall(), ...(canSuspend ? { generation: ended } : {}) };
		const isOfEarlierTry = isAdopted && entry?.asleep === undefined;
		if (!isOfEarlierTry) this.learn(ended, sawItRunMs, overAfterMs);
		return this.finished(ended);
	}

	private finished(generation: Generation): Outcome {
		const { options } = this.services;
		this.generation = generation;
		this.outcome = { kind: 'finished', generation };
		if (generation.status === 'completed') options.onFinished?.(this.job, generation);
		return this.outcome;
	}

	private firstLookAt(
		entry: LedgerEntry | null,
		isAdopted: boolean,
		elapsedMs: number,
		expectedTimeMs: number,
		delayMs: number,
	): number {
		const { options, pauses } = this.services;
		const { now } = pauses;
		const asleep = entry?.asleep;
		if (!asleep) return isAdopted ? now : now + delayMs;
		const isCalled = entry.called === true;
		delete entry.called;
		const wasAnyCalled = isCalled || options.isCalled === true;
		if (isCalled || (wasAnyCalled && elapsedMs >= expectedTimeMs * CALLED_FROM)) return now;
		// Whatever happened to n8n's clock: no later than without the suspension.
		return Math.max(now, Math.min(now + asleep.lookAt - options.clock.wall(), now + Math.max(delayMs, 0)));
	}

	private expectation({ estimatedSeconds }: Generation): Expectation {
		const { provider, experience } = this.services.options;
		const start = this.create();
		const ms = expectedMs(start?.model, start?.request ?? null, estimatedSeconds);
		// The age of an earlier purchase is unknown: poll at a steady pace.
		if (!start) return { ms, isKnown: true };
		if (!experience) return { ms, isKnown: false };
		const known = experience.expectation(kindOf(provider.id, start.request), ms);
		// The provider's own estimate takes precedence, but may be as wrong as any guess.
		return estimatedSeconds === null ? known : { ms, isKnown: false };
	}

	private learn(generation: Generation, sawItRunMs: number, overAfterMs: number): void {
		const { provider, experience } = this.services.options;
		const start = this.create();
		if (!start || !experience || generation.status !== 'completed') return;
		const told = utcTime(generation.completedAt) - utcTime(generation.createdAt);
		const seen = sawItRunMs > 0 || this.entry?.asleep === undefined ? (sawItRunMs + overAfterMs) / 2 : overAfterMs * LESS_THAN_A_SLEEP;
		experience.note(kindOf(provider.id, start.request), told > 0 ? told : seen);
	}

	private get makes(): Product {
		return this.create()?.request.makes ?? 'video';
	}

	private create(): CreateStart | null {
		return this.job.start.kind === 'create' ? this.job.start : null;
	}

	private unexpectedFailure(error: unknown): Failure {
		const { provider } = this.services.options;
		const { generationId = null, status } = this.generation ?? { generationId: this.entry?.generationId, status: this.entry ? ('unknown' as const) : null };
		const text = unexpected({
			provider,
			makes: this.makes,
			reason: error instanceof Error ? error.message : String(error),
			generationId: generationId ?? '',
			hasGeneration: generationId !== null,
			mayBeBought: status !== null,
		});
		return failureOf(text, { generationId, provider: provider.id, status });
	}
}

function isFailure(outcome: Outcome): boolean {
	return outcome.kind === 'failure' || (outcome.kind === 'finished' && outcome.generation.status === 'failed');
}
