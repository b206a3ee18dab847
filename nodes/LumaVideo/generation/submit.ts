/**
 * One request that costs money. It is sent once, and again only after an answer that refuses it for now. If it is not
 * clear whether it was accepted, the generation is looked for, never bought again.
 */
import { blankGeneration } from '../providers/answers';
import { quote } from '../providers/answers';
import type { Generation, GenerationRequest, Problem, Product, Provider, ProviderCall } from '../providers/provider';
import { createCall, mayHaveBeenAccepted } from '../providers/provider';
import type { Text } from '../providers/text';
import type { Exchange } from '../transport/exchange';
import type { Failure } from './failure';
import { failureOf } from './failure';
import type { CreateStart, Job, JobServices, Prepared } from './job';
import type { LedgerEntry } from './ledger';
import { newName } from './ledger';
import { CRASHED, UNANSWERED, cannotBeReached, inDoubt, notBought } from './messages';
import { RunEnded } from './pauses';
import { retryDelayMs } from './schedule';
import type { NotFound } from './search';
import { searchLost } from './search';
import { twinHash } from './twins';

type Submitted =
	| { ok: true; generation: Generation; entry: LedgerEntry; /** Whether an earlier try bought it. */ isAdopted: boolean }
	| { ok: false; failure: Failure };

export class Submission {
	/** @param note called with the ledger's entry as soon as something may have been bought, and with `null` if nothing was */
	constructor(
		private readonly job: Job,
		private readonly start: CreateStart,
		private readonly services: JobServices,
		private readonly note: (entry: LedgerEntry | null) => void,
	) {}

	/**
	 * Buys the job's generation, or finds the one that an earlier try bought.
	 *
	 * @throws RunEnded when the run ends before the request is sent, or during the search for a lost one
	 */
	async run(): Promise<Submitted> {
		const { ledger } = this.services.options;
		const known = ledger.claim(this.job.itemIndex, this.start.key);
		if (!known) return await this.create();
		this.note(known);
		if (known.state === 'submitting') return await this.lookForLost(known, known.doubt ?? UNANSWERED, true);
		const { generationId, estimatedSeconds } = known;
		const id = generationId ?? '';
		this.services.twins.own(id, known.name);
		return { ok: true, generation: { ...blankGeneration(id), estimatedSeconds }, entry: known, isAdopted: true };
	}

	private async create(): Promise<Submitted> {
		const { options, pauses, held } = this.services;
		const { provider } = options;
		const giveUpAt = pauses.now + this.job.timeoutMs;
		const prepared = await this.prepare();
		if (!prepared.ok) return prepared;
		const { request } = prepared;
		const call = createCall(provider, request);
		for (let refusals = 1; ; refusals++) {
			while (pauses.now < held.until) await pauses.pause(held.until).over;
			const { entry, exchange } = await this.send(call, request);
			if (!exchange) return await this.lookForLost(entry, CRASHED, true);
			if (exchange.kind === 'fault') {
				if (exchange.fault.outcome !== 'notSent') return await this.lookForLost(entry, exchange.fault.text, false);
				this.withdraw(entry);
				return this.notBought(cannotBeReached({ provider, reason: exchange.fault.text }));
			}
			const reading = provider.readCreated(exchange.answer, request);
			if (reading.ok) return this.accept(entry, reading.value, false);
			const { problem } = reading;
			if (mayHaveBeenAccepted(problem)) {
				return await this.lookForLost(entry, reasonOf(problem, exchange.answer.text), false, problem);
			}
			this.withdraw(entry);
			const again = pauses.now + retryDelayMs(refusals, problem.retryAfterMs);
			if (problem.kind !== 'rateLimited' || again > giveUpAt) return this.notBought(problem, problem);
			held.until = Math.max(held.until, again);
		}
	}

	private async prepare(): Promise<Prepared> {
		const { prepare, request } = this.start;
		return prepare ? await this.services.pauses.unlessEnded(prepare()) : { ok: true, request };
	}

	/** Sends the request, unless an earlier run of this execution did so before n8n crashed: then there is no exchange. */
	private async send(call: ProviderCall, request: GenerationRequest): Promise<{ entry: LedgerEntry; exchange: Exchange | null }> {
		const { options, pauses, twins } = this.services;
		const { ledger, clock, provider, crashRecord } = options;
		const { itemIndex } = this.job;
		const name = crashRecord?.nameOf(itemIndex, this.start.key.requestHash) ?? newName();
		const open = (sentAt: number): LedgerEntry => {
			const entry = ledger.submitting(itemIndex, this.start.key, sentAt, provider.listing ? request : null, name);
			this.note(entry);
			return entry;
		};
		return await twins.send(twinHash(options.client, request), name, async () => {
			if (pauses.ended !== null) throw new RunEnded();
			const before = await crashRecord?.begin(itemIndex, clock.wall(), this.start.key);
			if (before) {
				const entry = open(before.sentAt);
				if (before.generationId !== null) ledger.accepted(entry, before.generationId, null);
				return { entry, exchange: null };
			}
			// The run may have been stopped in the meantime.
			if (this.services.pauses.ended !== null) {
				crashRecord?.withdraw(itemIndex);
				throw new RunEnded();
			}
			const entry = open(clock.wall());
			return { entry, exchange: await options.client.send(call, { outlivesStop: true }) };
		});
	}

	private accept(entry: LedgerEntry, generation: Generation, isAdopted: boolean): Submitted {
		const { options, twins } = this.services;
		const { generationId, estimatedSeconds } = generation;
		options.ledger.accepted(entry, generationId, estimatedSeconds);
		twins.own(generationId, entry.name);
		options.crashRecord?.accepted(this.job.itemIndex, generationId);
		options.onAccepted?.(this.job, generationId);
		return { ok: true, generation, entry, isAdopted };
	}

	private notBought(text: Text, problem?: Problem): Submitted {
		const { provider } = this.services.options;
		return { ok: false, failure: failureOf(notBought(text), { generationId: null, provider: provider.id, status: null }, problem) };
	}

	private withdraw(entry: LedgerEntry): void {
		const { ledger, crashRecord } = this.services.options;
		ledger.refused(entry);
		crashRecord?.withdraw(this.job.itemIndex);
		this.note(null);
	}

	private async lookForLost(entry: LedgerEntry, reason: string, isAdopted: boolean, problem?: Problem): Promise<Submitted> {
		if (entry.generationId !== null) return this.accept(entry, blankGeneration(entry.generationId), isAdopted);
		const { options, twins } = this.services;
		const { provider } = options;
		// The answer may have arrived after the execution was stopped.
		const late = twins.idOf(entry.name);
		if (late !== null) return this.accept(entry, blankGeneration(late), isAdopted);
		entry.doubt = reason;
		const found = await searchLost(entry, this.services);
		if (found.ok) return this.accept(entry, found.generation, isAdopted);
		if (reason === CRASHED && options.buyAgainAfterCrash === true) {
			this.withdraw(entry);
			return await this.create();
		}
		return { ok: false, failure: doubtFailure(provider, this.start.request.makes, entry, reason, found, problem) };
	}
}

/** @param found what the search in the provider's list found */
export function doubtFailure(
	provider: Provider,
	makes: Product,
	{ submittedAt }: LedgerEntry,
	reason: string,
	{ lookAlikes, isNotListed }: Omit<NotFound, 'ok'> = { lookAlikes: [], isNotListed: false },
	problem?: Problem,
): Failure {
	const text = inDoubt({
		provider,
		makes,
		reason,
		sentAt: new Date(submittedAt).toISOString(),
		hasLookAlikes: lookAlikes.length > 0,
		lookAlikes: lookAlikes.join(', '),
		isNotListed,
		isAfterCrash: reason === CRASHED,
	});
	return failureOf(text, { generationId: null, provider: provider.id, status: 'unknown' }, problem);
}

/** Why a create is in doubt. An unreadable answer is quoted, for it may contain the ID: it is the only trace left. */
function reasonOf(problem: Problem, answerText: string): string {
	const said = problem.kind === 'unreadable' && !/^\s*</.test(answerText) ? quote(answerText) : '';
	return said === '' ? problem.message : `${problem.message}: ${said}`;
}
