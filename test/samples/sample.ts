/**
 * What the tests must know of a provider, in one place: how its smallest video is asked for, what its documentation says it
 * answers, and what a user reads when it refuses. Tests that hold for every provider read it from here.
 */
import type { ICredentialType, INodeParameters } from 'n8n-workflow';
import type { GenerationStatus, JsonObject, VideoOperation, VideoRequest } from '../../nodes/LumaVideo/providers/provider';
import type { SettingsChange } from '../provider-server';

export const START_IMAGE = 'https://example.com/start.png';
export const END_IMAGE = 'https://example.com/end.png';
/** Of the finished video in documented answers. */
export const VIDEO_URL = 'https://media.example/out.mp4';

/** What a generation can be when it is read. */
export const STATES = ['queued', 'processing', 'completed', 'failed'] as const satisfies readonly GenerationStatus[];
export type State = (typeof STATES)[number];

/** HTTP statuses that the stand-in is made to answer with. */
export const REFUSALS = [401, 402, 403, 404, 429, 500] as const;
export type Refusal = (typeof REFUSALS)[number];

/** A documented answer. */
export interface SampleAnswer {
	/** HTTP status. */
	status: number;
	body: JsonObject;
}

/** A request for a video, and what it is on the wire. */
export interface SampleRequest {
	name: string;
	/** Node parameters beside those of the smallest video. */
	parameters: INodeParameters;
	/** Default: `a cat`. */
	prompt?: string;
	/** The whole body. */
	body: JsonObject;
}

/** Message and next step, as a user reads them. `<provider>` stands for the display name, `<id>` for the generation's. */
export type Texts = readonly [message: string, nextStep: string];

export type Field =
	| 'startImage'
	| 'endImage'
	| 'aspectRatio'
	| 'resolution'
	| 'duration'
	| 'loop'
	| 'mode'
	| 'sourceGenerationId'
	| 'sourceVideo'
	| 'targetGenerationId';

export interface Wire {
	/** Where each field is in the body; where that depends, a function. `null`: in the path. */
	places: Partial<Record<Field, string | ((set: VideoRequest) => string | string[]) | null>>;
	/** What the body carries besides. */
	always: string[];
	/** Fields that go out with their default when a request leaves them open. */
	mandatory?: Field[];
}

/** A generation as the unit tests' service has it. */
export interface FakeGeneration {
	id: string;
	state: State;
	/** Milliseconds since 1970, by the clock of the service. */
	createdAt: number;
	/** What was asked for, as far as the answers repeat it; null where they do not. */
	request: JsonObject | null;
}

/** Why a generation failed, in the answers of the unit tests' service. */
export const FAILURE = 'The content was refused.';

export interface ProviderSample {
	// The key
	credential: ICredentialType;
	/** What a user enters to use this key at this address. */
	credentialFields(apiKey: string, baseUrl: string): Record<string, string>;
	/** Where the real service is, as the credential has it by default. */
	baseUrl: string;
	/** The header that carries the key. */
	keyHeader(key: string): Record<string, string>;
	/** The request of the credential's connection test. */
	connectionTest: { method: 'GET' | 'POST'; url: string };
	/** The environment variable from which `npm run demo` takes the key. */
	keyVariable: string;
	wrongKey: {
		/** A key that looks right and is not. */
		key: string;
		/** What the service says of it. */
		said: string;
		/** What the connection test of the credential says. */
		testMessage: string;
	};

	// Requests
	/** Node parameters of the smallest video, beside its prompt. */
	parameters: INodeParameters & { model: string };
	/** The smallest request first. */
	requests: readonly [SampleRequest, ...SampleRequest[]];
	/** Where the address of a start image is in the body; `null` where there are no images. */
	startImage: ((url: string) => JsonObject) | null;
	/**
	 * How an image that lies in n8n is sent: inside the request, uploaded first, or as n8n's signed URL; and where it is in the
	 * body. `null` where there are no images.
	 */
	imageFile: { as: 'data' | 'signedUrl' | 'upload'; body(value: string): JsonObject } | null;
	/** Additional fields by which the body names another model, and that model; `null` where the body names none. */
	otherModel: { additionalFields: INodeParameters; model: string } | null;
	/**
	 * Parameters of videos that are expected to take more than half a minute, as long as n8n has seen none of its kind: it goes by
	 * how long the latest of a kind took. The last is for one test alone; none is of the smallest video's kind.
	 */
	longVideos: readonly [INodeParameters, ...INodeParameters[]];
	/** Settings of the stand-in with which the smallest video, too, is expected after more than half a minute; `null` where it is anyway. */
	expectedLate: SettingsChange | null;
	/** US dollars; `null` where no price is published. */
	priceUsd: number | null;
	/** How many run at once unless the user says otherwise. */
	concurrency: number;
	/** The stand-in's file for the smallest video. */
	videoFile: string;

	// Answers
	/** The id in all documented answers. */
	id: string;
	/** An id that nobody has, in the form that the provider gives them. */
	unknownId: string;
	/** `created` answers the request, the others a read of the generation. */
	answers: Record<'created' | State, SampleAnswer>;
	/** Where the result is read apart: what the second read is answered with, after the answers of these states. */
	results?: Partial<Record<State, SampleAnswer>>;
	/** What the node makes of an answer's state, where the provider has fewer words than the node. */
	reads?: Partial<Record<State, State>>;
	/** Which times an answer about a finished generation tells: to the millisecond, to the second, or not at all. */
	times: Record<'createdAt' | 'completedAt', 'milliseconds' | 'seconds' | null>;
	/** `null` where the provider does not call. */
	callback: {
		/** What it calls with when the generation of `id` is finished. */
		body: JsonObject;
		/** The address that is called, in what was bought. */
		addressIn(purchase: { body: JsonObject; headers: Record<string, string>; callbackUrl: string | null }): unknown;
		/** Additional fields with which it also calls about progress; `null`: it calls at the end only. */
		progress: INodeParameters | null;
		/** It calls at the end only, and its calls say nothing of what still runs. */
		onlyAtEnd?: true;
	} | null;
	/** Whether the account's generations can be listed, so that a lost one is found. */
	lists: boolean;
	/** The list has what has ended only: a lost generation is found by a retry, once it has. */
	listsEnded?: true;
	/** `null` where the balance cannot be read. */
	balanceUnit: 'USD' | 'credits' | null;

	// Refusals
	/** The stand-in's words with each HTTP status. */
	says: Record<Refusal, string>;
	/** Whether a refusal for too many at once can be told from others. */
	tellsTooMany: boolean;
	/** Settings with which the stand-in says why a generation failed, where it is not documented that the service does; `null` where it is. */
	reasonsTold: SettingsChange | null;
	/** What a user reads of the reason for which a generation failed. */
	failureReason(said: string): string;
	/** What a user reads of the reason for which a prompt was moderated. */
	moderationReason: string;
	/** Whether the provider says that a failed generation costs nothing. */
	isFreeWhenFailed: boolean;
	/** What stands in an unreadable answer to a create that lacks its id; `null` where the list finds the generation. */
	withoutId: string | null;
	texts: {
		/** Next step after a wrong key. */
		key: string;
		/** Next step after HTTP 402. */
		credit: string;
		/** What the service says of an account without credit, and the next step. */
		noBalance: readonly [said: string, nextStep: string];
		/** After HTTP 403. */
		forbidden: Texts;
		/** HTTP 404 for a create; the service's words follow the message. */
		noSuchAddress: Texts;
		/** HTTP 404 for a read; the service's words follow the message. */
		noSuchGeneration: Texts;
		/** Next step after a prompt that was refused at once. */
		refusedPrompt: string;
	};

	// What the unit tests know of the wire
	/** How each operation looks on the wire. */
	wires: Partial<Record<VideoOperation, Wire>>;
	/** The body of an answer about any generation. */
	described(generation: FakeGeneration, url: string | null, createdAt: string): JsonObject;
	/** What the provider calls with, where it is another body than that of an answer. */
	calledWith?(generation: FakeGeneration, described: JsonObject): JsonObject;
	/** The answer about a generation that nobody has, where it is not HTTP 404. */
	unknown?: SampleAnswer;

	/** Fields of the panel for the smallest video that not all providers have, and what can be added under Additional Fields. */
	panel: { fields: readonly string[]; additionalFields: readonly string[] };
}

/** What most providers have in common. */
export const CHECK_FIELDS = "Check the node's fields.";
export const CHECK_ID = 'Check the generation ID and that it belongs to the account of this credential.';
export const CHECK_BASE_URL = "Check 'Base URL' in the credential.";
export const CREDENTIAL_OF_BASE_URL = (apiKey: string, baseUrl: string): Record<string, string> => ({ apiKey, baseUrl });
export const VIDEO_FIELDS = ['Start Image', 'Aspect Ratio', 'Resolution', 'Duration', 'Completion', 'End Image', 'Images From', 'Loop'] as const;
export const NOTHING_SAID: Record<Refusal, string> = {
	401: 'Error 401',
	402: 'Error 402',
	403: 'Error 403',
	404: 'Error 404',
	429: 'Error 429',
	500: 'Error 500',
};
export const sameReason = (said: string): string => said;
