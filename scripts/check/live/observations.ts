/** What a run of `check:live` has seen: all that verdicts and the report are made from. */
import type { Outcome } from '../../../nodes/LumaVideo/generation/job';
import type { Generation, GenerationStatus, IncomingCall, JsonValue, Provider, ProviderAnswer, VideoRequest } from '../../../nodes/LumaVideo/providers/provider';

/** In the order in which they are done; those from `buy` on only after a purchase. */
export const STEPS = {
	credential: 'Connection test of the credential',
	unknown: 'A generation that does not exist',
	wrongKey: 'The same with a made-up key',
	list: 'List of generations',
	balance: 'Balance',
	refused: 'A request that must be refused',
	upload: 'Upload of a small image',
	balanceAfterFree: 'Balance after all that is free',
	buy: 'The cheapest video',
	callback: 'Callback',
	download: 'Download',
	listAfter: 'List with the video in it',
	balanceAfter: 'Balance after the video',
	delete: 'Deletion of the video',
} as const;
export type StepName = keyof typeof STEPS;

/** One request, as the node made it, without the key. */
export interface Traffic {
	step: StepName;
	method: string;
	url: string;
	/** Parsed JSON, or a description of bytes. */
	body: JsonValue;
	/** `null` if none came. */
	answer: ProviderAnswer | null;
	/** Why none came. */
	fault: string | null;
}

export interface StepResult {
	step: StepName;
	/** `ok`: as the node expects it. */
	outcome: 'ok' | 'skipped' | 'trouble';
	/** In plain English, without a final period. */
	said: string;
}

/** What was asked for with `--buy`, and what came of it. */
export interface Bought {
	request: VideoRequest;
	estimateUsd: number | null;
	outcome: Outcome;
	/** As soon as it is known, even if nothing else is. */
	generationId: string | null;
	/** The last state that was read. */
	generation: Generation | null;
	/** From the request to the end as it was seen; `null` if it was not. */
	seconds: number | null;
	/** The generation's entry in the list. */
	listed: Generation | null;
}

/** A call that came to `--listen`. */
export interface HeardCall {
	call: IncomingCall;
	/** The ID that it names, if it is a callback of this provider. */
	generationId: string | null;
	/** What it says of it. */
	status: GenerationStatus | null;
	/** `null` where the provider does not sign its calls, or its keys could not be read. */
	isGenuine: boolean | null;
}

export interface Observations {
	provider: Provider;
	baseUrl: string;
	/** Where the callback was to go. */
	callbackUrl: string | null;
	results: StepResult[];
	traffic: readonly Traffic[];
	balances: Partial<Record<StepName, number>>;
	bought: Bought | null;
	/** `null`: nobody listened. */
	calls: HeardCall[] | null;
}
