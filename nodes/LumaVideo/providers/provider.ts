/**
 * The contract every provider file fulfils.
 *
 * A provider is pure: data in, data out. No n8n import, no clock, no I/O. `transport/` sends the calls a provider
 * describes and hands back the answers it reads; `generation/` decides when.
 */

import type { Refusal } from './answers';
import type { ExtraField, ExtraValues } from './extras';
import { noExtras } from './extras';

export type ProviderId = 'lumaDreamMachine' | 'lumaAgents' | 'pixazo' | 'pixwith' | 'crazyrouter' | 'replicate';

/** Everything that makes a video, and so costs money. */
export type VideoOperation = 'addAudio' | 'extend' | 'generate' | 'interpolate' | 'modify' | 'reframe' | 'upscale';

/** Everything that makes an image, and so costs money. */
export type ImageOperation = 'edit' | 'generate';

/** What comes of a request. */
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
	 * Another host of the provider, such as `https://rest.example.com`, that anyone may ask: the key is not sent there. Used
	 * only while the credential has the provider's own address; a proxy or a test server is asked itself.
	 */
	publicOrigin?: string;
	query?: Record<string, string | number>;
	headers?: Record<string, string>;
	body?: JsonObject;
}

/** One HTTP answer, as text: a provider's own page of HTML must be readable as what it is. */
export interface ProviderAnswer {
	statusCode: number;
	/** Lower-case names. */
	headers: Record<string, string>;
	text: string;
}

/**
 * What stands in the way. The kind decides what may be done next:
 * - `rateLimited`: refused for now, may be sent again later;
 * - `unavailable`, `unreadable`: whether the provider acted on the request is not known;
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
	/** The provider's own wish for a pause, in milliseconds; `null` when it named none. */
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

/** What one model can do. An empty list means: the field does not exist for this model and is never sent. */
export interface ModelCapabilities {
	/** The value users pick and workflows store; empty where an operation has no choice of models. */
	value: string;
	name: string;
	description: string;
	frames: readonly FrameMode[];
	aspectRatios: readonly AspectRatio[];
	resolutions: readonly Resolution[];
	durations: readonly Duration[];
	/** Defaults of the three lists above; `null` where the list is empty. */
	defaults: { aspectRatio: AspectRatio | null; resolution: Resolution | null; duration: Duration | null };
	/** Extend only: the directions, the first being the default. */
	directions?: readonly Direction[];
	/** Modify only: how much of the source is kept. */
	modes?: readonly string[];
	/** Modify and reframe: what the source may be. `url`: a public web address; `generation`: a generation's ID; `file`:
	 * a file of n8n, where there is a `fileStore`. */
	sources?: ReadonlyArray<'file' | 'generation' | 'url'>;
	/** Whether the aspect ratio can be left to the service when an image leads. Without an image the default is sent. */
	autoAspectRatio?: boolean;
	/** Sentences that the descriptions of fields add: about images that are given, the resolution, and the video that is
	 * worked on. */
	hints?: Readonly<Partial<Record<'image' | 'resolution' | 'source', string>>>;
	/** `withoutEndImage`: a loop is refused as soon as an end image is given. */
	loop: 'never' | 'withoutEndImage' | 'always';
	/** Usual time from submit to finish of a 5 s video at the default resolution, in seconds. A starting guess for
	 * the waiting schedule, nothing more. */
	usualSeconds: number;
}

/** What can be said in one operation. */
export interface OperationCapabilities {
	/** First entry is the default. */
	models: readonly ModelCapabilities[];
	prompt: {
		/** Whether a prompt may be left out when an image is given. */
		optionalWithImage: boolean;
		/** Whether a prompt may always be left out. */
		optional?: boolean;
		/** `false`: the operation has no prompt at all. */
		exists?: boolean;
		/** Characters; `null` where the provider documents no limit. */
		minLength: number | null;
		maxLength: number | null;
	};
	/** Fields that only some providers have, each with its name in the body; `null` where the provider's file writes it. */
	extras: Readonly<Partial<Record<ExtraField, string | null>>>;
}

/** The capability table of a provider. What it says of models, prompt and extras is about `generate`. */
export interface Capabilities extends OperationCapabilities {
	/** The other operations that make videos; what is absent cannot be done. */
	operations: Partial<Record<Exclude<VideoOperation, 'generate'>, OperationCapabilities>>;
	/** How an image that lies in n8n reaches the provider: as a public address only, uploaded first, or inside the
	 * request; a large one then through the `fileStore`. */
	imageInput: 'data' | 'upload' | 'url';
	/** Modify and reframe: whether a generation is named by its ID, or by the web address of its video. */
	sourceAs: 'generationId' | 'url';
	/** For how many minutes the URL of a finished video works; `null` where that is not documented. */
	urlMinutes: number | null;
	/** How many generations run at once unless the user says otherwise. */
	concurrency: number;
}

/** What one model that makes images is. */
export interface ImageModel {
	value: string;
	name: string;
	description: string;
	/** Usual time from submit to finish, in seconds; as in `ModelCapabilities`. */
	usualSeconds: number;
}

/** What can be said in one operation that makes images. */
export interface ImageCapabilities {
	/** First entry is the default. */
	models: readonly ImageModel[];
	/** Characters. */
	prompt: { minLength: number; maxLength: number };
	aspectRatios: readonly ImageAspectRatio[];
	outputFormats: readonly ImageFormat[];
	/** Empty where none can be chosen. */
	styles: readonly ImageStyle[];
	/** How many images the model may be guided by. */
	maxReferences: number;
	/** A sentence that the descriptions of images that are given add. */
	inputHint: string;
}

/** What the lists of the capability table cannot say: fields that exclude each other, or need each other. */
export interface Exclusion<Request> {
	/** By its parameter name. */
	field: string;
	/** Ends a sentence that begins with the field's name. */
	finding: string;
	when: (request: Request) => boolean;
}

/** The images of a provider. */
export interface ImageMaking {
	capabilities: Readonly<Record<ImageOperation, ImageCapabilities>>;
	exclusions: ReadonlyArray<Exclusion<ImageRequest>>;
	create(request: ImageRequest): ProviderCall;
	readCreated(answer: ProviderAnswer, request?: ImageRequest): Reading<Generation>;
	estimateUsd(request: ImageRequest): number | null;
}

// ---------------------------------------------------------------------------------------------------------------
// Requests

/** A file that lies in n8n. */
export interface LocalFile {
	/** With extension. */
	name: string;
	mimeType: string;
	/** Bytes. */
	size: number;
}

/**
 * A file that comes with the request.
 * - `data`: inside the request;
 * - `fileId`: in the provider's store, under this id;
 * - `file`: in n8n, not brought to the provider yet. It is found only in what a Dry Run shows and in what identifies a
 *   request: its `id` says the same for the same file.
 */
export type FileReference =
	| { kind: 'data'; mimeType: string; base64: string }
	| { kind: 'fileId'; fileId: string }
	| ({ kind: 'file'; id: string } & LocalFile);

/** Where an image is: at a public web address, or in a file. */
export type ImageReference = { kind: 'url'; url: string } | FileReference;

/** The video that is worked on: a generation of the same account, a video at a public web address, or a file. */
export type SourceReference = { kind: 'generation'; generationId: string } | { kind: 'url'; url: string } | FileReference;

/** A video that a user asked for, after every check. Values are written as Luma writes them (`16:9`, `720p`, `5s`). */
export interface VideoRequest extends ExtraValues {
	makes: 'video';
	operation: VideoOperation;
	model: string;
	/** Empty when none is needed. */
	prompt: string;
	startImage: ImageReference | null;
	endImage: ImageReference | null;
	/** What is extended, upscaled, given sound, modified or reframed; the first of two generations to interpolate. A web
	 * address or a file only to modify and to reframe. */
	source: SourceReference | null;
	/** Interpolate: the second generation. */
	target: SourceReference | null;
	direction: Direction;
	/** Modify: how much of the source is kept. */
	mode: string | null;
	/** Images at given frames of the video, 24 frames a second. */
	keyframes: ReadonlyArray<{ image: ImageReference; index: number }>;
	aspectRatio: AspectRatio | null;
	resolution: Resolution | null;
	duration: Duration | null;
	loop: boolean;
	/** Merged into the body last: the way to reach a field this package does not know yet. */
	additionalBodyFields: JsonObject;
	callback: Callback | null;
}

/** A request with nothing but its operation and model. */
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

/** An image that a user asked for, after every check. */
export interface ImageRequest {
	makes: 'image';
	operation: ImageOperation;
	model: string;
	prompt: string;
	/** What is edited. */
	source: ImageReference | { kind: 'generation'; generationId: string } | null;
	/** Images that guide the model, in the order of the user. */
	references: readonly ImageReference[];
	/** `null`, here and in the next two: the model chooses. */
	aspectRatio: ImageAspectRatio | null;
	outputFormat: ImageFormat | null;
	style: ImageStyle | null;
	/** Whether the model may look things up on the web. */
	webSearch: boolean;
	userId: string | null;
	additionalBodyFields: JsonObject;
	/** An image has none of these: they are what a request for a video has besides. */
	resolution: null;
	duration: null;
	callback: null;
}

/** A request for an image that leaves everything open. */
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

/** Whatever can be bought. */
export type GenerationRequest = ImageRequest | VideoRequest;

export interface Callback {
	url: string;
	/** `terminal`: once, at the end. `progress`: on changes too, where the provider can. */
	mode: 'terminal' | 'progress';
}

// ---------------------------------------------------------------------------------------------------------------
// Generations

export type GenerationStatus = 'queued' | 'processing' | 'completed' | 'failed';

export interface Media {
	url: string;
	type: 'video' | 'image' | 'other';
}

/** A generation as one answer of its provider describes it. Unknown is `null`, never a guess. */
export interface Generation {
	generationId: string;
	/** Left out: a video. */
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
	/** Provider's own estimate of the whole run, in seconds; only some create answers have it. */
	estimatedSeconds: number | null;
	/** Whether a failed generation costs: `no` only where the provider says so. */
	chargedWhenFailed: 'no' | 'unknown';
	/** What to do after a failure, where the provider says that it was not the prompt's or the images' fault. */
	failureAdvice?: string;
	/** The answer as it came. */
	raw: JsonObject;
}

export interface Balance {
	amount: number;
	unit: 'USD' | 'credits';
}

export type CatalogName = 'cameraMotions' | 'concepts';

/** A list of values that can be chosen. */
export interface Catalog {
	call: () => ProviderCall;
	read: (answer: ProviderAnswer) => Reading<string[]>;
	/** Used when the service has no such list any more. */
	known: readonly string[];
}

/** How an image is brought to a provider: in one call, or in two, the second to an address that the first one names. */
export interface Upload {
	/** Allowed MIME types. */
	mimeTypes: readonly string[];
	maxBytes: number;
	/** The call that asks where to send the file; `null` where the file is sent at once. */
	ticket: { call: (file: LocalFile) => ProviderCall; read: (answer: ProviderAnswer) => Reading<UploadTarget> } | null;
	/** Where there is no ticket: the path that takes the file, and the address it answers with. */
	direct: { path: string; /** Name of the form's field with the file. */ fileField: string; fields: Readonly<Record<string, string>>; read: (answer: ProviderAnswer) => Reading<string> } | null;
}

export interface UploadTarget {
	/** Takes a multipart form; the key is not sent there. */
	url: string;
	/** Form fields that go before the file. */
	fields: Readonly<Record<string, string>>;
	/** Where the file is afterwards. */
	fileUrl: string;
}

/**
 * A store of files at the provider: a file is announced, sent to an address of its own, declared complete, and looked at
 * until it can be used by its id.
 */
export interface FileStore {
	/** A file of up to so many bytes goes inside the request instead. */
	inlineBytes: number;
	maxBytes: { image: number; video: number };
	announce: (file: LocalFile) => ProviderCall;
	readAnnounced: (answer: ProviderAnswer) => Reading<FileTarget>;
	complete: (fileId: string) => ProviderCall;
	status: (fileId: string) => ProviderCall;
	/** Of `complete` and `status`. */
	readState: (answer: ProviderAnswer) => Reading<FileState>;
}

/** Takes the bytes of one file, with these headers and without the key. */
export interface FileTarget {
	fileId: string;
	url: string;
	method: 'POST' | 'PUT';
	headers: Readonly<Record<string, string>>;
}

export interface FileState {
	state: 'failed' | 'pending' | 'ready';
	failureReason: string | null;
}

/** What a callback claims. Whoever knows the URL can send one, so it is a hint: the generation is read with our key. */
export interface CallbackHint {
	generationId: string;
	status: GenerationStatus;
}

/** A call as it came in. */
export interface IncomingCall {
	body: JsonValue;
	/** The body as it was sent, which signatures are made over. */
	text: string;
	/** Lower-case names. */
	headers: Readonly<Record<string, string>>;
}

/** The provider can call a URL when a generation is over. */
export interface Callbacks {
	/** Whether it refuses plain http. */
	httpsOnly: boolean;
	/** What a call says, or `null` when it is no callback of this provider. */
	read: (call: IncomingCall) => CallbackHint | null;
	/**
	 * Present where a generation names the URL that is called: that URL, `null` when it has none, `undefined` when this
	 * answer does not say.
	 */
	urlOf?: (generation: Generation) => string | null | undefined;
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
	/** Where the next page begins; `null` at the end. */
	next: string | null;
}

/** The account's generations can be listed, newest first. */
export interface Listing {
	/** @param cursor `next` of the page before; `null` for the first page */
	call: (page: { limit: number; cursor: string | null }) => ProviderCall;
	read: (answer: ProviderAnswer) => Reading<GenerationPage>;
	/** Whether a listed generation was asked for with exactly this request. */
	isSameRequest: (generation: Generation, request: VideoRequest) => boolean;
}

/** A generation can be deleted. */
export interface Deletion {
	call: (generationId: string) => ProviderCall;
	read: (answer: ProviderAnswer) => Reading<true>;
}

/** The account's balance can be read. */
export interface BalanceInquiry {
	call: () => ProviderCall;
	read: (answer: ProviderAnswer) => Reading<Balance>;
}

/** The result is not in the status: a second read fetches it once the status says `completed`. */
export interface ResultRead {
	call: (generation: Generation) => ProviderCall;
	read: (answer: ProviderAnswer, generation: Generation) => Reading<Generation>;
}

export interface Provider {
	id: ProviderId;
	/** As the provider writes its name. */
	displayName: string;
	credentialType: string;
	/** Where a person sees what was bought. */
	dashboardUrl: string;
	/** Where keys of another service can be told by their form: what a key belongs to, or `null`. */
	foreignKey?(key: string): { owner: string; /** What to do, in full sentences. */ instead: string } | null;
	capabilities: Capabilities;
	/** Present where the body of a request names the model: the field that does. */
	modelField?: string;
	/** What each refusal means, the first that fits. The answers are read by it, and docs/messages.md lists it. */
	refusals: readonly Refusal[];

	exclusions?: ReadonlyArray<Exclusion<VideoRequest>>;

	/** The request that buys one video. `request` was checked against the capabilities. */
	create(request: VideoRequest): ProviderCall;
	readCreated(answer: ProviderAnswer, request?: VideoRequest): Reading<Generation>;

	status(generationId: string): ProviderCall;
	readStatus(answer: ProviderAnswer, generationId: string): Reading<Generation>;
	result?: ResultRead;

	/**
	 * Present where prices are published: approximate price in USD of what `create` would buy, additional body fields
	 * included; `null` where what it depends on cannot be read out of the body.
	 */
	estimateUsd?: (request: VideoRequest) => number | null;

	callbacks?: Callbacks;
	listing?: Listing;
	deletion?: Deletion;
	balance?: BalanceInquiry;
	/** Lists that the service itself keeps; present where `capabilities.extras` has the field. */
	catalogs?: Partial<Record<CatalogName, Catalog>>;
	/** Present when `capabilities.imageInput` is `upload`. */
	upload?: Upload;
	/** Present where files can be kept at the provider and named by their ids. */
	fileStore?: FileStore;
	/** Present where images are made too. */
	images?: ImageMaking;
}

/** The call that buys what was asked for. */
export function createCall(provider: Provider, request: GenerationRequest): ProviderCall {
	return request.makes === 'image' ? imagesOf(provider).create(request) : provider.create(request);
}

/** The answer to `createCall`. */
export function readCreated(provider: Provider, answer: ProviderAnswer, request: GenerationRequest): Reading<Generation> {
	return request.makes === 'image' ? imagesOf(provider).readCreated(answer, request) : provider.readCreated(answer, request);
}

/** Whether a listed generation was asked for with exactly this request. */
export function isSameRequest(provider: Provider, generation: Generation, request: GenerationRequest): boolean {
	return request.makes === 'video' && provider.listing?.isSameRequest(generation, request) === true;
}

function imagesOf({ displayName, images }: Provider): ImageMaking {
	if (!images) throw new Error(`${displayName} makes no images`);
	return images;
}

/** The address of the file that a generation makes; `null` as long as there is none. */
export function fileUrlOf({ makes = 'video', videoUrl, media }: Generation): string | null {
	return makes === 'video' ? videoUrl : (media.find(({ type }) => type === makes)?.url ?? null);
}

/** Whether a create that ended this way may have bought a video all the same. */
export function mayHaveBeenAccepted(problem: Problem): boolean {
	return problem.kind === 'unavailable' || problem.kind === 'unreadable';
}

/** What a provider can do in an operation, or `undefined`. */
export function operationCapabilities(provider: Provider, operation: VideoOperation): OperationCapabilities | undefined {
	return operation === 'generate' ? provider.capabilities : provider.capabilities.operations[operation];
}
