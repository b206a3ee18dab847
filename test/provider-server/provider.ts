/** What a played provider must be able to do; the server does the rest for all of them. */
import type { AnswerPlaces } from './faults';
import type { Answer, ApiRequest } from './http';
import type { Job, Jobs, Order } from './jobs';
import type { Route } from './ledger';
import type { Settings, ProviderName } from './settings';
import type { Uploads } from './media';

/** What the providers' files can see of the server. */
export interface World {
	/** `http://127.0.0.1:PORT` */
	origin(): string;
	/** URL of a job's file: the video, the image, or Luma's picture of progress. */
	mediaUrl(
		job: Job,
		file?: 'output.mp4' | 'output.exr' | 'output.jpg' | 'output.png' | 'progress.mp4' | 'cover.jpg',
	): string;
	keys: Record<ProviderName, string>;
	settings: Settings;
	jobs: Jobs;
	uploads: Uploads;
}

/** The end of a request's checks: an answer, or an order that the server may accept. */
export type Outcome =
	| { kind: 'answer'; answer: Answer }
	| { kind: 'order'; order: Order; accepted: (job: Job) => Answer }
	| { kind: 'deletion'; job: Job; answer: Answer };

/** Families of refusals that every provider has its own words for. */
export type RefusalReason = 'no credits' | 'too many';

export interface Provider {
	name: ProviderName;
	/** Whether the key belongs to an upload: where files go to the service itself instead of a storage of another host. */
	uploadsTakeKey?: boolean;
	/** What the request is for, by method and path alone. */
	routeOf(request: ApiRequest): Route;
	/** The job that the request names, for faults that are aimed at a prompt. */
	jobIdOf(request: ApiRequest): string | null;
	handle(request: ApiRequest): Outcome;
	refuse(reason: RefusalReason): Answer;
	/** An error of an HTTP status in the provider's own shape. */
	error(status: number, message?: string): Answer;
	/** The body of a callback about the job as it is now. */
	callbackBody(job: Job): unknown;
	/** Headers of a callback with this body, where they are signed. */
	callbackHeaders?(id: string, text: string): Record<string, string>;
	/** Milliseconds between the callbacks of a job that asked for them in step with its queue (`callbackWhen: 'sync'`). */
	syncEveryMs?(): number;
	/** Whether a receiver's HTTP status counts as received. */
	isReceived(status: number): boolean;
	places(): AnswerPlaces;
}

export function answerWith(answer: Answer): Outcome {
	return { kind: 'answer', answer };
}
