/**
 * CrazyRouter, a router to many models (docs.crazyrouter.com).
 *
 * Sources: the pages "Luma", "Callback", "Status codes", "Error handling" and "Image Upload Guidance" of
 * docs.crazyrouter.com. They use four sets of status words and several shapes of answers; all of them are accepted here.
 */
import { answerReader, blankGeneration, firstText, firstUrl, isObject, notHere, valueAt } from './answers';
import type { Asked, Refusal } from './answers';
import { secondsOf } from './luma';
import type {
	Generation,
	GenerationStatus,
	JsonObject,
	JsonValue,
	ModelCapabilities,
	Provider,
	VideoRequest,
} from './provider';
import { extrasOnWire } from './extras';
import { generationIdOf, imageText } from './reference';

const DISPLAY_NAME = 'CrazyRouter';
const DASHBOARD_URL = 'https://crazyrouter.com';
const ADDRESS_ADVICE = "Check 'Base URL' in the credential: it is the service's root, without /v1 at the end.";

const COMMON: Omit<ModelCapabilities, 'value' | 'name' | 'description'> = {
	// An end image alone is not documented.
	frames: ['none', 'start', 'startAndEnd'],
	// Neither an aspect ratio nor a loop is documented.
	aspectRatios: [],
	resolutions: ['540p', '720p', '1080p'],
	// The sample of "Luma" is 5; 9 is Luma's own second choice.
	durations: ['5s', '9s'],
	defaults: { aspectRatio: null, resolution: '720p', duration: '5s' },
	loop: 'never',
	// A guess: no time is documented.
	usualSeconds: 60,
};

/** "Extend Video" documents only a prompt, and extends only forward. */
const EXTEND: ModelCapabilities = {
	value: '',
	name: 'Extend',
	description: 'Continues the video with its own model',
	frames: ['none'],
	aspectRatios: [],
	resolutions: [],
	durations: [],
	defaults: { aspectRatio: null, resolution: null, duration: null },
	directions: ['forward'],
	loop: 'never',
	// A guess: no time is documented.
	usualSeconds: 60,
};

const EXTRAS_OF_GENERATE = { expandPrompt: 'expand_prompt' };

/** In lower case. An unlisted word counts as running. */
export const STATUS_WORDS: ReadonlyMap<string, GenerationStatus> = new Map([
	// "Luma"
	['queued', 'queued'],
	['dreaming', 'processing'],
	['completed', 'completed'],
	['failed', 'failed'],
	// "Status codes"
	['pending', 'queued'],
	['processing', 'processing'],
	// "Callback"
	['not_start', 'queued'],
	['submitted', 'queued'],
	['in_progress', 'processing'],
	['success', 'completed'],
	['succeed', 'completed'],
	['failure', 'failed'],
	['cancel', 'failed'],
]);

/** Values of an envelope's `code` that mean success. */
const GOOD_CODES: ReadonlySet<string> = new Set(['success', 'ok', '0', '1', '200']);

function firstString(...candidates: Array<JsonValue | undefined>): string | null {
	return firstText(...candidates.filter((candidate) => typeof candidate === 'string'));
}

function isRefusal(json: JsonValue | undefined): boolean {
	const said = valueAt(json, 'error');
	if (isObject(said) || firstString(said) !== null) return true;
	const code = firstText(valueAt(json, 'code'));
	return code !== null && !GOOD_CODES.has(code.toLowerCase());
}

function idOf(json: JsonValue | undefined): string | null {
	return firstString(
		valueAt(json, 'id'),
		valueAt(json, 'task_id'),
		valueAt(json, 'data', 'id'),
		valueAt(json, 'data', 'task_id'),
		isRefusal(json) ? undefined : valueAt(json, 'data'),
	);
}

function wordOf(json: JsonValue | undefined): string | null {
	return firstString(
		valueAt(json, 'state'),
		valueAt(json, 'status'),
		valueAt(json, 'data', 'state'),
		valueAt(json, 'data', 'status'),
	);
}

/** `download_url` comes first: on this wire format `video.url` may be the file with a watermark. */
function videoUrlOf(json: JsonValue | undefined): string | null {
	return firstUrl(
		valueAt(json, 'video', 'download_url'),
		valueAt(json, 'video', 'url'),
		valueAt(json, 'video_raw', 'url'),
		valueAt(json, 'artifact', 'video', 'url'),
		valueAt(json, 'assets', 'video'),
		valueAt(json, 'output', 'video_url'),
		valueAt(json, 'video_url'),
		valueAt(json, 'data', 'video', 'download_url'),
		valueAt(json, 'data', 'video', 'url'),
		valueAt(json, 'data', 'result_url'),
		valueAt(json, 'data', 'artifact_url'),
	);
}

function reasonOf(json: JsonValue | undefined): string | null {
	const message = firstString(valueAt(json, 'message'));
	return firstString(
		valueAt(json, 'failure_reason'),
		valueAt(json, 'fail_reason'),
		valueAt(json, 'failReason'),
		valueAt(json, 'error', 'message'),
		valueAt(json, 'error'),
		valueAt(json, 'data', 'failure_reason'),
		valueAt(json, 'data', 'fail_reason'),
		message && GOOD_CODES.has(message.trim().toLowerCase()) ? undefined : (message ?? undefined),
	);
}

function statusOf(word: string): GenerationStatus {
	return STATUS_WORDS.get(word.trim().toLowerCase()) ?? 'processing';
}

function generationOf(json: JsonValue | undefined, generationId: string, word: string): Generation {
	const status = statusOf(word);
	const videoUrl = status === 'completed' ? videoUrlOf(json) : null;
	return {
		...blankGeneration(generationId),
		status,
		videoUrl,
		media: videoUrl ? [{ url: videoUrl, type: 'video' }] : [],
		createdAt: firstText(valueAt(json, 'created_at'), valueAt(json, 'data', 'created_at')),
		failureReason: status === 'failed' ? reasonOf(json) : null,
		raw: json as JsonObject,
	};
}

const KEY_REFUSED: Refusal = {
	kind: 'credentials',
	advice: `Check the API key in the credential. Keys begin with 'sk-' and are made in the console at ${DASHBOARD_URL}.`,
};

const NO_CREDIT: Refusal = {
	kind: 'balance',
	advice: `Add credit at ${DASHBOARD_URL}. If the account has credit, raise the quota of this API key there.`,
};

const UNKNOWN_ID: Refusal = {
	kind: 'notFound',
	message: `${DISPLAY_NAME} does not have this generation`,
	advice: 'Check the generation ID and that it was bought with the API key of this credential.',
};

const REFUSALS: readonly Refusal[] = [
	// The code of a refusal says more than its HTTP status.
	{ ...NO_CREDIT, code: /insufficient\w*quota/i },
	{ ...NO_CREDIT, status: [403], says: /insufficient.*(quota|balance)|(quota|balance).*(insufficient|not enough)/i },
	{ ...KEY_REFUSED, code: /^invalid_api_key\b/i },
	{ ...UNKNOWN_ID, code: /^task_not_exist\b/i },
	{ kind: 'rateLimited', code: /^rate_limit_exceeded\b/i },
	{
		kind: 'rateLimited',
		code: /^get_channel_failed\b/i,
		message: `${DISPLAY_NAME} has no free channel to this model at the moment`,
		advice: 'Wait a few minutes, or choose another model.',
	},
	// A 2xx with a server error in it promises nothing.
	{ status: [200, 201, 202], code: /internal|server_error|timeout/i, kind: 'unavailable' },
	{ ...KEY_REFUSED, status: [401] },
	{ ...NO_CREDIT, status: [402] },
	{
		status: [403],
		kind: 'permission',
		advice: `Check the API key's limits in the console at ${DASHBOARD_URL}: quota, allowed models, allowed IP addresses and expiry date.`,
	},
	notHere(DISPLAY_NAME, 'create', 'offer Luma', ADDRESS_ADVICE),
	notHere(DISPLAY_NAME, 'file', 'accept images', `${ADDRESS_ADVICE} Or enter the web address of the image.`),
	{ ...UNKNOWN_ID, status: [404] },
];

const { read } = answerReader({
	displayName: DISPLAY_NAME,
	refusals: REFUSALS,
	isRefusal: (json) => isRefusal(json) || valueAt(json, 'success') === false,
	// Bodies: `{ error: { message, type, code } }`, or `{ code, message, data: null }` on task routes.
	said(json) {
		const error = valueAt(json, 'error');
		const code = firstText(valueAt(error, 'code'), valueAt(json, 'code'));
		const type = firstText(valueAt(error, 'type'));
		return {
			text: firstString(valueAt(error, 'message'), error, valueAt(json, 'message')),
			code: [code, type].filter((each) => each !== null).join(' '),
		};
	},
});

/**
 * "Image Upload Guidance" (June 2026) answers `{ id, url, mime_type, size, expires_at }`. Its first edition had another
 * path, POST /api/upload, with `{ success, message, data: "<url>" }`; a later one says not to use it. The address is
 * looked for in both shapes, and where similar services have it.
 */
function uploadedUrl(json: JsonValue | undefined): string | null {
	return firstUrl(
		valueAt(json, 'url'),
		valueAt(json, 'data', 'url'),
		valueAt(json, 'data'),
		valueAt(json, 'file', 'url'),
		valueAt(json, 'file_url'),
	);
}

function extendBody(request: VideoRequest): JsonObject {
	return {
		user_prompt: request.prompt,
		...(request.callback ? { notifyHook: request.callback.url } : {}),
		...request.additionalBodyFields,
	};
}

function body(request: VideoRequest): JsonObject {
	return {
		user_prompt: request.prompt,
		model_name: request.model,
		// "Luma" writes the number of seconds as text.
		...(request.duration ? { duration: String(secondsOf(request.duration)) } : {}),
		...(request.resolution ? { resolution: request.resolution } : {}),
		...extrasOnWire(EXTRAS_OF_GENERATE, request),
		...(request.startImage ? { image_url: imageText(request.startImage) } : {}),
		...(request.endImage ? { image_end_url: imageText(request.endImage) } : {}),
		...(request.callback ? { notifyHook: request.callback.url } : {}),
		...request.additionalBodyFields,
	};
}

export const crazyrouter: Provider = {
	id: 'crazyrouter',
	displayName: DISPLAY_NAME,
	description: 'Ray 1.6 and Ray 2: text and image to video, extend, up to 1080p',
	credentialType: 'crazyrouterApi',
	dashboardUrl: DASHBOARD_URL,
	modelField: 'model_name',
	capabilities: {
		models: [
			{ ...COMMON, value: 'ray-v2', name: 'Ray 2', description: 'Best quality' },
			{ ...COMMON, value: 'ray-v1', name: 'Ray 1.6', description: 'Older model' },
		],
		prompt: { optionalWithImage: false, minLength: null, maxLength: null },
		extras: EXTRAS_OF_GENERATE,
		operations: {
			extend: {
				models: [EXTEND],
				prompt: { optionalWithImage: false, minLength: null, maxLength: null },
				extras: {},
			},
		},
	},

	refusals: REFUSALS,

	create(request) {
		if (request.operation !== 'extend') return { method: 'POST', path: '/luma/generations', body: body(request) };
		const source = encodeURIComponent(generationIdOf(request.source) ?? '');
		return { method: 'POST', path: `/luma/generations/${source}/extend`, body: extendBody(request) };
	},
	readCreated(answer, request) {
		const source = request?.operation === 'extend' ? generationIdOf(request.source) : null;
		const asked: Asked = source === null ? 'create' : 'generation';
		return read(answer, asked, (json) => {
			const id = idOf(json);
			const word = wordOf(json);
			if (id !== null) return generationOf(json, id, word ?? 'queued');
			// The answer to "Extend Video" is not documented. One with a state but no ID can only refer to the video itself;
			// without a state it does not, since the source video is already completed.
			return source !== null && word !== null && !isRefusal(json) ? generationOf(json, source, word) : null;
		});
	},

	status: (generationId) => ({ method: 'GET', path: `/luma/generations/${encodeURIComponent(generationId)}` }),
	readStatus: (answer, generationId) =>
		read(answer, 'generation', (json) => {
			const word = wordOf(json);
			// The id stays the requested one: it is the one that can be requested again.
			return word === null ? null : generationOf(json, generationId, word);
		}),

	callbacks: {
		// "Callback" asks for a public address, not for https.
		httpsOnly: false,
		// A different shape from the status answer, with the same id.
		read({ body: json }) {
			const generationId = isObject(json) ? idOf(json) : null;
			const word = wordOf(json);
			return generationId && word ? { generationId, status: statusOf(word) } : null;
		},
	},

	// "Image Upload Guidance": images are kept for 48 hours, 200 MB within 24 hours.
	upload: {
		mimeTypes: ['image/jpeg', 'image/png', 'image/webp', 'image/gif'],
		maxBytes: 20_000_000,
		ticket: null,
		direct: {
			path: '/v1/files/uploads',
			fileField: 'file',
			fields: { purpose: 'model_input' },
			read: (answer) => read(answer, 'file', uploadedUrl, 'the address of the image'),
		},
	},
};
