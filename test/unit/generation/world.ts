/** What the tests of `runJobs` share: a service, a ledger, jobs and a run, all in virtual time. */
import { fingerprint, Ledger } from '../../../nodes/LumaVideo/generation/ledger';
import type { Job, Outcome, RunOptions } from '../../../nodes/LumaVideo/generation/job';
import { runJobs } from '../../../nodes/LumaVideo/generation/run';
import { Twins } from '../../../nodes/LumaVideo/generation/twins';
import type { VideoRequest } from '../../../nodes/LumaVideo/providers/provider';
import { request } from '../providers/support';
import { FakeService } from './fakeService';
import { VirtualTime } from './virtualTime';

export const TIMEOUT_MS = 900_000;

export interface RunSettings extends Partial<RunOptions> {
	/** Run index; `null` for an agent's tool. */
	scope?: number | null;
}

export class World {
	readonly time = new VirtualTime();
	readonly service: FakeService;
	/** What n8n keeps for the node through tries of the same execution. */
	readonly context: Record<string, unknown> = {};
	readonly finished: string[] = [];
	/** When the last run wants to be called again. */
	wakeAt: number | null = null;
	/** Those of the n8n process. */
	twins = new Twins();

	constructor(flavour: 'lists' | 'doesNotList' = 'lists') {
		this.service = new FakeService(this.time, flavour);
	}

	job(itemIndex: number, set: Partial<VideoRequest> & { timeoutMs?: number; parameters?: unknown } = {}): Job {
		const { provider } = this.service;
		const model = provider.capabilities.models[0];
		if (!model) throw new Error('no model');
		const { timeoutMs = TIMEOUT_MS, parameters = null, ...fields } = set;
		const wanted = request(model.value, { prompt: `Video ${String(itemIndex)}`, ...fields });
		return {
			itemIndex,
			timeoutMs,
			start: {
				kind: 'create',
				request: wanted,
				model,
				key: {
					requestHash: fingerprint([provider.id, wanted]),
					parametersHash: parameters === null ? null : fingerprint(parameters),
				},
			},
		};
	}

	jobs(count: number, set: Parameters<World['job']>[1] = {}): Job[] {
		return Array.from({ length: count }, (_, index) => this.job(index, set));
	}

	existing(itemIndex: number, generationId: string, timeoutMs = TIMEOUT_MS): Job {
		return { itemIndex, timeoutMs, start: { kind: 'existing', generationId } };
	}

	options(set: RunSettings = {}): RunOptions {
		const { scope = 0, ...options } = set;
		const { client, provider } = this.service;
		return {
			provider,
			client,
			clock: this.time,
			// As from one try to the next: through the database and back.
			ledger: new Ledger(this.reloaded(), scope),
			maxConcurrent: 100,
			until: 'finished',
			canSuspend: false,
			twins: this.twins,
			stopAtFirstFailure: false,
			resubmitFailed: false,
			cancelSignal: undefined,
			onFinished: (_, generation) => {
				this.finished.push(generation.generationId);
			},
			...options,
		};
	}

	async run(jobs: readonly Job[], set: RunSettings = {}): Promise<Outcome[]> {
		const { outcomes, wakeAt } = await this.time.run(runJobs(jobs, this.options(set)));
		this.wakeAt = wakeAt;
		return outcomes;
	}

	private reloaded(): Record<string, unknown> {
		Object.assign(this.context, JSON.parse(JSON.stringify(this.context)));
		return this.context;
	}
}

/** An outcome in a few words, for tables. */
export function inShort(outcome: Outcome): string {
	switch (outcome.kind) {
		case 'finished':
			return `${outcome.generation.status} ${outcome.generation.generationId}`;
		case 'failure':
			return `failure: ${outcome.failure.message}`;
		case 'open':
			return `open (${outcome.reason}) ${outcome.generation.generationId}`;
		case 'notSubmitted':
			return 'notSubmitted';
	}
}

/** The failure in an outcome that must be one. */
export function failureOf(outcome: Outcome | undefined): Extract<Outcome, { kind: 'failure' }>['failure'] {
	if (outcome?.kind !== 'failure') throw new Error(`no failure, but ${outcome ? inShort(outcome) : 'nothing'}`);
	return outcome.failure;
}
