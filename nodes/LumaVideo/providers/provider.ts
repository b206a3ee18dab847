/**
 * The contract that every provider file fulfills.
 *
 * A provider is pure: data in, data out. No n8n import, no clock, no I/O. `transport/` sends the calls that a provider
 * describes and returns the answers that it reads; `generation/` decides when.
 */

import type { Refusal } from './answers';
import type { ExtraField, ExtraValues } from './extras';
import { noExtras } from './extras';
import type { registry } from './registry';

export type ProviderId = keyof typeof registry;

/** Everything that generates a video, and so costs money. */
export type VideoOperation = 'addAudio' | 'extend' | 'generate' | 'interpolate' | 'modify' | 'reframe' | 'upscale';

/** Everything that generates an image, and so costs money. */
export type ImageOperation = 'edit' | 'generate';

/** What a request generates. */
export type Product = 'image' | 'video';

export type JsonValue = string | number | boolean | null | JsonValue[] | { [key: string]: JsonValue };
export interface JsonObject {
	[key: string]: JsonValue;
}

// ---------------------------------------------------------------------------------------------------------------
// Wire

/** One HTTP request, relative to the credential's base URL. Never holds a key. */
export interface ProviderCall {
	method: 'GET' | 'POST' | 'PUT' | 'DELETE';
	/** Starts with a slash; appended to the credential's base URL. */
	path: string;
	/**
	 * Another host of the provider, such as `https://rest.example.com`, that answers anyone: the key is not sent there. A
	 * test server or gateway in a private network is asked itself.
	 */
	publicOrigin?: string;
	/**
	 * Another host of the provider that takes the key too: asked instead of the credential's base URL only if that is the
	 * provider's own `of`. A proxy or a test server is asked itself.
	 */
	sibling?: { of: string; origin: string };
	/** Asked instead if the provider finds nothing: where it does not say which of two places an ID belongs to. */
	orElse?: ProviderCall;
	query?: Record<string, string | number>;
	headers?: Record<string, string>;
	body?: JsonObject;
}

/** One HTTP answer, as text: an HTML page must be recognizable, too. */
export interface ProviderAnswer {
	statusCode: number;
	/** Lower-case names. */
	headers: Record<string, string>;
	text: string;
}

/**
 * The kind of a problem determines what may be done next:
 * - `rateLimited`: refused for now, may be sent again later;
 * - `unavailable`, `unreadable`: it is not known whether the provider acted on the request;
 * - all others: refused, nothing was bought.
 */
export type ProblemKind =
	| 'credentials'
	| 'balance'
	| 'permission'
	| 'moderation'
	| 'invalidRequest'
	| 'notFound'
	| 'rateLimited'
	| 'unavailable'
	| 'unreadable'
	| 'redirected';

export interface Problem {
	kind: ProblemKind;
	/** What happened, in plain English, without a final period. */
	message: string;
	/** What to do next, in full sentences. */
	advice: string;
	httpStatus: number | null;
	/** How long the provider asks to wait, in milliseconds; `null` if it does not say. */
	retryAfterMs: number | null;
}

export type Reading<T> = { ok: true; value: T } | { ok: false; problem: Problem };

// ---------------------------------------------------------------------------------------------------------------
// Capabilities

export type AspectRatio = '1:1' | '16:9' | '9:16' | '4:3' | '3:4' | '21:9' | '9:21';
export type Resolution = '360p' | '540p' | '720p' | '1080p' | '4k';
export type Duration = '5s' | '9s' | '10s';
/** Which end of a video is extended. */
export type Direction = 'forward' | 'backward';
export type ImageAspectRatio = '1:1' | '1:2' | '1:3' | '16:9' | '2:1' | '2:3' | '3:1' | '3:2' | '9:16';
export type ImageFormat = 'jpeg' | 'png';
export type ImageStyle = 'manga';

/** Which images a request carries. */
export type FrameMode = 'none' | 'start' | 'end' | 'startAndEnd';

/** What one model supports. An empty list means that the field does not exist for this model and is never sent. */
export interface ModelCapabilities {
	/** The value that users pick and workflows store; empty if an operation has no choice of models. */
	value: string;
	name: string;
	description: string;
	frames: readonly FrameMode[];
	aspectRatios: readonly AspectRatio[];
	resolutions: readonly Resolution[];
	durations: readonly Duration[];
	/** Defaults of the three lists above; `null` if the list is empty. */
	defaults: { aspectRatio: AspectRatio | null; resolution: Resolution | null; duration: Duration | null };
	/** Extend only: the directions; the first is the default. */
	directions?: readonly Direction[];
	/** Modify only: how much of the source is kept. */
	modes?: readonly string[];
	/** Modify and reframe: what the source may be. `url`: a public web address; `generation`: a generation's ID; `file`:
	 * a file in n8n, if there is a `fileStore`. */
	sources?: ReadonlyArray<'file' | 'generation' | 'url'>;
	/** Fields of the operation's `extras` that this model does not have. */
	lacks?: readonly ExtraField[];
	/** Whether the service can take the aspect ratio from an image. Without an image, the default is sent. */
	autoAspectRatio?: boolean;
	/** Sentences added to the descriptions of fields: about input images, the resolution, the source video and its size. */
	hints?: Readonly<Partial<Record<'direction' | 'image' | 'resolution' | 'source' | 'sourceSize', string>>>;
	/** `withoutEndImage`: a loop is refused together with an end image. */
	loop: 'never' | 'withoutEndImage' | 'always';
	/** Usual time from submission to completion of a 5 s video at the default resolution, in seconds. Only an initial
	 * guess for the polling schedule. */
	usualSeconds: number;
}

/** What one operation supports. */
export interface OperationCapabilities {
	/** First entry is the default. */
	models: readonly ModelCapabilities[];
	prompt: {
		/** Whether the prompt is optional with an image. */
		optionalWithImage: boolean;
		/** Whether the prompt is always optional. */
		optional?: boolean;
		/** `false`: the operation has no prompt at all. */
		exists?: boolean;
		/** Characters; `null` if the provider documents no limit. */
		minLength: number | null;
		maxLength: number | null;
	};
	/** Fields that only some providers have, each with its name in the body; `null` if the provider's code writes it. */
	extras: Readonly<Partial<Record<ExtraField, string | null>>>;
}

/** How many generations run at once by default: conservative, since most limits are not documented or depend on the account. */
export const CONCURRENCY = 5;

/** The capability table of a provider. Models, prompt and extras are those of `generate`. */
export interface Capabilities extends OperationCapabilities {
	/** The other operations that generate videos; absent ones are not supported. */
	operations: Partial<Record<Exclude<VideoOperation, 'generate'>, OperationCapabilities>>;
	/** Modify and reframe: present if a generation is referenced by its ID, not by the web address of its video. */
	sourceAs?: 'generationId';
	/** For how many minutes the URL of a finished video works, if that is documented. */
	urlMinutes?: number;
	/** How many generations run at once, if not `CONCURRENCY`. */
	concurrency?: number;
}

/** A model that generates images. */
export interface ImageModel {
	value: string;
	name: string;
	description: string;
	/** Usual time from submission to completion, in seconds; as in `ModelCapabilities`. */
	usualSeconds: number;
}

/** What one operation that generates images supports. */
export interface ImageCapabilities {
	/** First entry is the default. */
	models: readonly ImageModel[];
	/** Characters. */
	prompt: { minLength: number; maxLength: number };
	/** Empty, here and below, if there is no choice. */
	aspectRatios: readonly ImageAspectRatio[];
	outputFormats: readonly ImageFormat[];
	styles: readonly ImageStyle[];
	/** Whether the model can search the web. */
	webSearch: boolean;
	/** Whether a request can name the person that it is made for. */
	userId: boolean;
	/** Maximum number of reference images. */
	maxReferences: number;
	/** A sentence added to the descriptions of input images. */
	inputHint: string;
}

/** What the capability table cannot express: fields that exclude or require each other. */
export interface Exclusion<Request> {
	/** By its parameter name. */
	field: string;
	/** The end of a sentence that begins with the field's name. */
	finding: string;
	when: (request: Request) => boolean;
}

/** How a provider generates images. */
export interface ImageMaking {
	capabilities: Readonly<Record<ImageOperation, ImageCapabilities>>;
	exclusions: ReadonlyArray<Exclusion<ImageRequest>>;
	create(request: ImageRequest): ProviderCall;
	estimateUsd(request: ImageRequest): number | null;
}

// ---------------------------------------------------------------------------------------------------------------
// Requests

/** A file in n8n. */
export interface LocalFile {
	/** With extension. */
	name: string;
	mimeType: string;
	/** Bytes. */
	size: number;
}

/**
 * A file that belongs to a request.
 * - `data`: inside the request;
 * - `fileId`: in the provider's store, under this id;
 * - `file`: in n8n, not transferred to the provider yet. Occurs only in a Dry Run and in what identifies a request; the
 *   same file has the same `id`.
 */
export type FileReference =
	| { kind: 'data'; mimeType: string; base64: string }
	| { kind: 'fileId'; fileId: string }
	| ({ kind: 'file'; id: string } & LocalFile);

/** An image at a public web address, or in a file. */
export type ImageReference = { kind: 'url'; url: string } | FileReference;

/** The source video: a generation of the same account, a video at a public web address, or a file. */
export type SourceReference = { kind: 'generation'; generationId: string } | { kind: 'url'; url: string } | FileReference;

/** A checked request for a video. Values are written as Luma writes them (`16:9`, `720p`, `5s`). */
export interface VideoRequest extends ExtraValues {
	makes: 'video';
	operation: VideoOperation;
	model: string;
	/** Empty if there is none. */
	prompt: string;
	startImage: ImageReference | null;
	endImage: ImageReference | null;
	/** What to extend, upscale, add audio to, modify or reframe; the first of two generations to interpolate. A web address
	 * or a file only for modify and reframe. */
	source: SourceReference | null;
	/** Interpolate: the second generation. */
	target: SourceReference | null;
	direction: Direction;
	/** Modify: how much of the source is kept. */
	mode: string | null;
	/** Images at given frames of the video, at 24 frames per second. */
	keyframes: ReadonlyArray<{ image: ImageReference; index: number }>;
	aspectRatio: AspectRatio | null;
	resolution: Resolution | null;
	duration: Duration | null;
	loop: boolean;
	/** Merged into the body last, for fields that this package does not know yet. */
	additionalBodyFields: JsonObject;
	callback: Callback | null;
}

/** A request with only its operation and model. */
export function blankRequest(operation: VideoOperation, model: string): VideoRequest {
	return {
		...noExtras(),
		makes: 'video',
		operation,
		model,
		prompt: '',
		startImage: null,
		endImage: null,
		source: null,
		target: null,
		direction: 'forward',
		mode: null,
		keyframes: [],
		aspectRatio: null,
		resolution: null,
		duration: null,
		loop: false,
		additionalBodyFields: {},
		callback: null,
	};
}

/** A checked request for an image. */
export interface ImageRequest {
	makes: 'image';
	operation: ImageOperation;
	model: string;
	prompt: string;
	/** The image to edit. */
	source: ImageReference | { kind: 'generation'; generationId: string } | null;
	/** Reference images, in the user's order. */
	references: readonly ImageReference[];
	/** `null`, here and below: the model chooses. */
	aspectRatio: ImageAspectRatio | null;
	outputFormat: ImageFormat | null;
	style: ImageStyle | null;
	/** Whether the model may search the web. */
	webSearch: boolean;
	userId: string | null;
	additionalBodyFields: JsonObject;
	/** Only requests for videos have these two. */
	resolution: null;
	duration: null;
	/** The trigger to tell; no provider calls it about an image. */
	callback: Callback | null;
}

/** A request for an image with only its operation and model. */
export function blankImageRequest(operation: ImageOperation, model: string): ImageRequest {
	return {
		makes: 'image',
		operation,
		model,
		prompt: '',
		source: null,
		references: [],
		aspectRatio: null,
		outputFormat: null,
		style: null,
		webSearch: false,
		userId: null,
		additionalBodyFields: {},
		resolution: null,
		duration: null,
		callback: null,
	};
}

/** Anything that can be bought. */
export type GenerationRequest = ImageRequest | VideoRequest;

export interface Callback {
	url: string;
	/** `terminal`: once, at the end. `progress`: also on changes, if the provider supports it. */
	mode: 'terminal' | 'progress';
}

// ---------------------------------------------------------------------------------------------------------------
// Generations

export type GenerationStatus = 'queued' | 'processing' | 'completed' | 'failed';

export interface Media {
	url: string;
	type: 'video' | 'image' | 'other';
}

/** A generation as described by one answer from its provider. Unknown values are `null`, never guesses. */
export interface Generation {
	generationId: string;
	/** Default: a video. */
	makes?: Product;
	status: GenerationStatus;
	model: string | null;
	prompt: string | null;
	videoUrl: string | null;
	media: Media[];
	/** As the provider writes them. */
	createdAt: string | null;
	completedAt: string | null;
	failureReason: string | null;
	/** The provider's own estimate of the total time, in seconds; only some create answers have it. */
	estimatedSeconds: number | null;
	/** Whether a failed generation is charged: `no` only if the provider says so. */
	chargedWhenFailed: 'no' | 'unknown';
	/** What to do after a failure, if it was not caused by the prompt or the images. */
	failureAdvice?: string;
	/** The answer as received. */
	raw: JsonObject;
}

export interface Balance {
	amount: number;
	unit: 'USD' | 'credits';
}

export type CatalogName = 'cameraMotions' | 'concepts';

/** A list of values to choose from. */
export interface Catalog {
	call: () => ProviderCall;
	read: (answer: ProviderAnswer) => Reading<string[]>;
	/** Used if the service no longer has such a list. */
	known: readonly string[];
}

/** How an image or a video is uploaded: in one call, or in two, the second to an address that the first one returns. */
export interface Upload {
	/** Allowed MIME types of images. */
	mimeTypes: readonly string[];
	maxBytes: number;
	/** Where videos can be uploaded too. */
	maxVideoBytes?: number;
	/** The call that asks where to send the file; `null` if the file is sent directly. */
	ticket: { call: (file: LocalFile) => ProviderCall; read: (answer: ProviderAnswer) => Reading<UploadTarget> } | null;
	/** Without a ticket: the path that takes the file, and the reader of the address that it returns. */
	direct: { path: string; /** Name of the form's field with the file. */ fileField: string; fields: Readonly<Record<string, string>>; read: (answer: ProviderAnswer) => Reading<string> } | null;
}

export interface UploadTarget {
	/** Takes a multipart form; the key is not sent there. */
	url: string;
	/** Form fields that precede the file. */
	fields: Readonly<Record<string, string>>;
	/** The address of the uploaded file. */
	fileUrl: string;
}

/** A file store at the provider: a file is announced, and sent to its own address. */
export interface FileStore {
	/** Files of up to this many bytes go inside the request instead. */
	inlineBytes: number;
	maxBytes: { image: number; video: number };
	announce: (file: LocalFile) => ProviderCall;
	readAnnounced: (answer: ProviderAnswer) => Reading<FileTarget>;
	/** Where a file that was sent is declared complete, and polled until it can be used. */
	readiness?: {
		complete: (fileId: string) => ProviderCall;
		status: (fileId: string) => ProviderCall;
		/** For the answers to both. */
		read: (answer: ProviderAnswer) => Reading<FileState>;
	};
	/** Where large files are sent in parts. */
	parts?: {
		/** Files of more bytes than this. */
		above: number;
		/** Size of a part. */
		bytes: number;
		/** @param number of the part, from 1 */
		target: (whole: FileTarget, number: number) => FileTarget;
		/** What the store says of a part. */
		read: (answer: ProviderAnswer) => Reading<JsonObject>;
		/** The call that puts the parts together, again without the key. */
		end: (whole: FileTarget, parts: readonly JsonObject[]) => { target: FileTarget; body: JsonObject };
	};
}

/** Takes the bytes of one file, with these headers and without the key. */
export interface FileTarget {
	/** What requests call the file: an ID, or its web address. */
	fileId: string;
	url: string;
	method: 'POST' | 'PUT';
	headers: Readonly<Record<string, string>>;
}

export interface FileState {
	state: 'failed' | 'pending' | 'ready';
	failureReason: string | null;
}

/** What a callback claims. Anyone who knows the URL can send one, so it is only a hint: the generation is read with our key. */
export interface CallbackHint {
	generationId: string;
	status: GenerationStatus;
}

/** A call as received. */
export interface IncomingCall {
	body: JsonValue;
	/** The body as it was sent, which signatures are made over. */
	text: string;
	/** Lower-case names. */
	headers: Readonly<Record<string, string>>;
}

/** The provider can call a URL when a generation is final. */
export interface Callbacks {
	/** Whether it refuses plain http. */
	httpsOnly: boolean;
	/** What a call says, or `null` if it is not a callback from this provider. */
	read: (call: IncomingCall) => CallbackHint | null;
	/**
	 * For providers whose generations contain the URL that is called: that URL, `null` if there is none, `undefined` if
	 * this answer does not say.
	 */
	urlOf?: (generation: Generation) => string | null | undefined;
	/** Where calls before the end depend on something: on what, as a sentence for the trigger's panel. */
	progressHint?: string;
	/** Present where calls are signed. */
	signature?: CallbackSignature;
}

/** A filter before the generation is read, never a substitute for reading it. */
export interface CallbackSignature {
	/** Secrets of the account, or public keys of the service. */
	keys: { call: () => ProviderCall; read: (answer: ProviderAnswer) => Reading<readonly string[]> };
	/**
	 * Whether one of the keys made the signature, and the call is new enough not to be a replay.
	 *
	 * @param now in milliseconds since 1970
	 */
	isGenuine: (call: IncomingCall, keys: readonly string[], now: number) => boolean;
}

export interface GenerationPage {
	generations: Generation[];
	/** Cursor of the next page; `null` at the end. */
	next: string | null;
}

/** The account's generations can be listed, newest first. */
export interface Listing {
	/** Whether generations that still run may be missing: then it is no way to follow them, and what it lacks may exist. */
	endedOnly?: true;
	/** @param cursor `next` of the previous page; `null` for the first page */
	call: (page: { limit: number; cursor: string | null }) => ProviderCall;
	read: (answer: ProviderAnswer) => Reading<GenerationPage>;
	/** Whether a listed generation comes from exactly this request. */
	isSameRequest: (generation: Generation, request: VideoRequest) => boolean;
}

/** Something that can be done to a generation. */
export interface GenerationAction {
	call: (generationId: string) => ProviderCall;
	read: (answer: ProviderAnswer) => Reading<true>;
}

/** The account's balance can be read. */
export interface BalanceInquiry {
	call: () => ProviderCall;
	read: (answer: ProviderAnswer) => Reading<Balance>;
}

/** The result is not part of the status: a second read fetches it once the status is `completed`. */
export interface ResultRead {
	call: (generation: Generation) => ProviderCall;
	read: (answer: ProviderAnswer, generation: Generation) => Reading<Generation>;
}

export interface Provider {
	id: ProviderId;
	/** As the provider writes it. */
	displayName: string;
	/** Below its name in the list of providers: the models, and what it can do with them. */
	description: string;
	credentialType: string;
	/** Where users see what was bought. */
	dashboardUrl: string;
	/** If keys of another service can be recognized by their format: the service a key belongs to, or `null`. */
	foreignKey?(key: string): { owner: string; /** What to do, in full sentences. */ instead: string } | null;
	capabilities: Capabilities;
	/** The field of the body that names the model, if there is one. */
	modelField?: string;
	/** What refusals mean; the first matching rule applies. Used to read answers, and listed in docs/messages.md. */
	refusals: readonly Refusal[];

	exclusions?: ReadonlyArray<Exclusion<VideoRequest>>;

	/** The request that buys one video. `request` was checked against the capabilities. */
	create(request: VideoRequest): ProviderCall;
	/** The answer to `create`, of images too. */
	readCreated(answer: ProviderAnswer, request?: GenerationRequest): Reading<Generation>;

	status(generationId: string): ProviderCall;
	readStatus(answer: ProviderAnswer, generationId: string): Reading<Generation>;
	result?: ResultRead;

	/**
	 * If prices are published: the approximate price in USD of what `create` would buy, including additional body fields;
	 * `null` if the body does not say what it depends on.
	 */
	estimateUsd?: (request: VideoRequest) => number | null;

	callbacks?: Callbacks;
	listing?: Listing;
	deletion?: GenerationAction;
	/** A generation that is not finished can be asked to stop: it may finish all the same. */
	cancellation?: GenerationAction & {
		/** What a canceled generation costs, as a sentence. */
		charge: string;
	};
	balance?: BalanceInquiry;
	/** Lists kept by the service; present if `capabilities.extras` has the field. */
	catalogs?: Partial<Record<CatalogName, Catalog>>;
	/** Present if images are uploaded first. */
	upload?: Upload;
	/** Present if the provider stores files and refers to them by id. */
	fileStore?: FileStore;
	/** Present if the provider also generates images. */
	images?: ImageMaking;
}

/** The call that buys a generation. */
export function createCall(provider: Provider, request: GenerationRequest): ProviderCall {
	if (request.makes === 'video') return provider.create(request);
	if (!provider.images) throw new Error(`${provider.displayName} does not generate images`);
	return provider.images.create(request);
}

/** Whether a listed generation comes from exactly this request. */
export function isSameRequest(provider: Provider, generation: Generation, request: GenerationRequest): boolean {
	return request.makes === 'video' && provider.listing?.isSameRequest(generation, request) === true;
}

/** The address of a generation's file; `null` if there is none yet. */
export function fileUrlOf({ makes = 'video', videoUrl, media }: Generation): string | null {
	return makes === 'video' ? videoUrl : (media.find(({ type }) => type === makes)?.url ?? null);
}

/** How an image in n8n reaches the provider: inside the request, large ones through the `fileStore`; uploaded first; or only
 * as a public address. */
export function imageInputOf({ fileStore, upload }: Provider): 'data' | 'upload' | 'url' {
	return fileStore ? 'data' : upload ? 'upload' : 'url';
}

/** Whether a create that ended this way may still have bought something. */
export function mayHaveBeenAccepted(problem: Problem): boolean {
	return problem.kind === 'unavailable' || problem.kind === 'unreadable';
}

/** What a provider supports in an operation, or `undefined`. */
export function operationCapabilities(provider: Provider, operation: VideoOperation): OperationCapabilities | undefined {
	return operation === 'generate' ? provider.capabilities : provider.capabilities.operations[operation];
}
