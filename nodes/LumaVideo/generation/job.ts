/** What a run is made of: its jobs, how each ends, and the services that all jobs share. */
import type { Generation, GenerationRequest, ModelCapabilities, Provider } from '../providers/provider';
import type { ProviderClient } from '../transport/providerClient';
import type { Clock } from './clock';
import type { CrashRecord } from './crashRecord';
import type { Experience } from './experience';
import type { Failure } from './failure';
import type { Ledger, RequestKey } from './ledger';
import type { Pauses } from './pauses';
import type { Reader } from './reader';
import type { Slots } from './slots';
import type { Twins } from './twins';

/** A video or an image to be bought. */
export interface CreateStart {
	kind: 'create';
	request: GenerationRequest;
	key: RequestKey;
	model: Pick<ModelCapabilities, 'usualSeconds'>;
	/** What must be done just before the request is sent, and only then, such as bringing an image to the provider. */
	prepare?: () => Promise<Prepared>;
}

/** The request as the provider needs it. */
export type Prepared = { ok: true; request: GenerationRequest } | { ok: false; failure: Failure };

/** One video or image to be had: by buying it, or by waiting for one that was bought. */
export interface Job {
	itemIndex: number;
	/** How long to wait for the end, in milliseconds, counted from the submit. */
	timeoutMs: number;
	start: CreateStart | { kind: 'existing'; generationId: string };
}

export type Outcome =
	/** The provider says it is over, well or not. */
	| { kind: 'finished'; generation: Generation }
	/** Nothing to wait for any more: refused, not found, or in doubt. */
	| { kind: 'failure'; failure: Failure }
	/** Bought and, as far as is known, not over. */
	| {
			kind: 'open';
			generation: Generation;
			reason: 'accepted' | 'stopped' | 'suspended' | 'timeout';
			/** Why the last read told nothing. */
			trouble?: string;
	  }
	/** Nothing was sent for it. */
	| { kind: 'notSubmitted' };

export interface RunOptions {
	provider: Provider;
	client: ProviderClient;
	clock: Clock;
	ledger: Ledger;
	/** Generations that run at once. */
	maxConcurrent: number;
	/** When a job is done: when its generation is over, or when its create was accepted. */
	until: 'finished' | 'submitted';
	/** Whether the run may end as soon as nothing is due for a while, to be called again then. */
	canSuspend: boolean;
	/** Whether the provider called back while the execution was suspended. */
	isCalled?: boolean;
	/** Whether the first failure ends the run, as when the execution is going to fail anyway. */
	stopAtFirstFailure: boolean;
	/** Whether a generation that the ledger knows and that failed is bought anew. */
	resubmitFailed: boolean;
	/** Whether a request of which it is not known, after a crash of n8n, whether it was accepted is sent anew. */
	buyAgainAfterCrash?: boolean;
	/** Aborted when the execution is stopped or runs out of its own time. */
	cancelSignal: AbortSignal | undefined;
	/** What remembers purchases when n8n crashes. */
	crashRecord?: CrashRecord;
	/** How long the like of it took lately; when left out, the models' usual times count. */
	experience?: Experience;
	/** Those of the process, unless a test brings its own. */
	twins?: Twins;
	/** Called as soon as the provider has named a generation. */
	onAccepted?(job: Job, generationId: string): void;
	/** Called as soon as a generation is over, to start what can be done meanwhile. */
	onFinished?(job: Job, generation: Generation): void;
}

export interface RunResult {
	/** In the order of the jobs. */
	outcomes: Outcome[];
	/** When the run wants to be called again, in milliseconds since 1970 by n8n's clock; `null` when it is done. */
	wakeAt: number | null;
}

/** What all jobs of a run share. */
export interface JobServices {
	options: RunOptions;
	pauses: Pauses;
	slots: Slots;
	reader: Reader;
	twins: Twins;
}
