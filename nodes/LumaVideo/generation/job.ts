/** The parts of a run: its jobs, their outcomes, and the services that all jobs share. */
import type { Generation, GenerationRequest, ModelCapabilities, Provider } from '../providers/provider';
import type { ProviderClient } from '../transport/providerClient';
import type { Clock } from './clock';
import type { CrashRecord } from './crashRecord';
import type { Experience } from './experience';
import type { Failure } from './failure';
import type { Gate } from './gate';
import type { Ledger, RequestKey } from './ledger';
import type { Pauses } from './pauses';
import type { Progress } from './progress';
import type { Reader } from './reader';
import type { Twins } from './twins';

/** A video or an image to buy. */
export interface CreateStart {
	kind: 'create';
	request: GenerationRequest;
	key: RequestKey;
	model: Pick<ModelCapabilities, 'usualSeconds'>;
	/** Runs just before the request is sent, for example to upload an image. */
	prepare?: () => Promise<Prepared>;
}

/** The request as the provider needs it. */
export type Prepared = { ok: true; request: GenerationRequest } | { ok: false; failure: Failure };

/** One video or image: to buy, or already bought and to wait for. */
export interface Job {
	itemIndex: number;
	/** How long to wait, in milliseconds from submission. */
	timeoutMs: number;
	start: CreateStart | { kind: 'existing'; generationId: string };
}

export type Outcome =
	/** Final, whether completed or failed. */
	| { kind: 'finished'; generation: Generation }
	/** Nothing left to wait for: refused, not found, or in doubt. */
	| { kind: 'failure'; failure: Failure }
	/** Bought and, as far as is known, not final. */
	| {
			kind: 'open';
			generation: Generation;
			reason: 'accepted' | 'stopped' | 'suspended' | 'timeout';
			/** Why the last read failed. */
			trouble?: string;
	  }
	/** Nothing was sent. */
	| { kind: 'notSubmitted' };

export interface RunOptions {
	provider: Provider;
	client: ProviderClient;
	clock: Clock;
	ledger: Ledger;
	/** Generations that run at once. */
	maxConcurrent: number;
	/** When a job is done: when its generation is final, or when its create was accepted. */
	until: 'finished' | 'submitted';
	/** Whether the run may end when nothing is due for a while, to be resumed then. */
	canSuspend: boolean;
	/** Whether the provider called back while the execution was suspended. */
	isCalled?: boolean;
	/** Whether the first failure ends the run, because the execution will fail anyway. */
	stopAtFirstFailure: boolean;
	/** Whether a failed generation in the ledger is bought again. */
	resubmitFailed: boolean;
	/** Whether a request that is in doubt after a crash of n8n is sent again. */
	buyAgainAfterCrash?: boolean;
	/** Aborted when the execution is stopped or times out. */
	cancelSignal: AbortSignal | undefined;
	/** Remembers purchases across a crash of n8n. */
	crashRecord?: CrashRecord;
	/** Recent times of similar generations; by default, the models' usual times count. */
	experience?: Experience;
	/** Default: those of the process. */
	twins?: Twins;
	/** Called as soon as a generation's id is known. */
	onAccepted?(job: Job, generationId: string): void;
	/** Called as soon as a generation is completed, to start on what can be done in the meantime. */
	onFinished?(job: Job, generation: Generation): void;
	/** Called now and then while jobs are running. */
	onProgress?(progress: Progress): void;
}

export interface RunResult {
	/** In the order of the jobs. */
	outcomes: Outcome[];
	/** When to resume the run, in milliseconds since 1970 by n8n's clock; `null` if it is done. */
	wakeAt: number | null;
}

/** What all jobs of a run share. */
export interface JobServices {
	options: RunOptions;
	pauses: Pauses;
	/** Limits concurrent generations. */
	gate: Gate;
	/** Nothing is submitted before this moment, in milliseconds since 1970, because of a rate limit. */
	held: { until: number };
	reader: Reader;
	twins: Twins;
}
