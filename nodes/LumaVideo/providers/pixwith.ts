/**
 * Pixwith.ai (pixwith.ai/api).
 *
 * Sources: the pages "Luma Ray 2" and "Get Task Results" of pixwith.ai/api/docs; the texts of refusals, the meaning of
 * `code` 2, the upload and the credits come from skills published by Pixwith.
 */
import { z } from 'zod';
import { answerReader, blankGeneration, firstText, firstUrl, isObject, statusReader, urlsIn, valueAt } from './answers';
import type { Refusal } from './answers';
import { RAY_2_RATIOS, secondsOf } from './luma';
import type {
	Balance,
	Generation,
	GenerationStatus,
	JsonObject,
	JsonValue,
	LocalFile,
	Media,
	ModelCapabilities,
	Provider,
	UploadTarget,
	VideoRequest,
} from './provider';
import { imageText } from './reference';

const DISPLAY_NAME = 'Pixwith.ai';
const DASHBOARD_URL = 'https://pixwith.ai/api';

const SUCCEEDED = 1;
const NOT_AUTHENTICATED = 2;

/** The table of "Luma Ray 2" has only 2-4, its example with images sends 3-4; other pages show the same split. */
const MODEL_ID_WITHOUT_IMAGES = '2-4';
const MODEL_ID_WITH_IMAGES = '3-4';

/** Mandatory on the wire, so they are sent even if a request leaves them open. */
const DEFAULTS = { aspectRatio: '16:9', resolution: '540p', duration: '5s' } as const;

const RAY_2: ModelCapabilities = {
	value: 'ray-2',
	name: 'Ray 2',
	description: 'Text to video and image to video, up to 720p',
	frames: ['none', 'start', 'startAndEnd'],
	aspectRatios: RAY_2_RATIOS,
	resolutions: ['540p', '720p'],
	durations: ['5s', '9s'],
	defaults: DEFAULTS,
	// Nothing forbids a loop with an end image here. Luma itself does, so the generation may fail.
	loop: 'always',
	// `estimated_time` of the documented create answer.
	usualSeconds: 42,
};

/** Types that can be uploaded, with the extensions that the file's name must have. */
const UPLOAD_ENDINGS: Readonly<Record<string, RegExp>> = { 'image/jpeg': /\.jpe?g$/i, 'image/png': /\.png$/i };

/** One page says 10 MB, another 20. */
const MAX_UPLOAD_BYTES = 10_000_000;

const KEY_ADVICE = `Check the API key in the credential. Keys come from ${DASHBOARD_URL} and begin with 'key_'.`;

/** The envelope refuses: nothing was bought, even with HTTP 500. */
const ENVELOPED = { status: [200, 400, 401, 402, 403, 404, 422, 429, 500], code: /^(?!1$)./ };

/** `code` of the envelope only identifies a wrong key; everything else is distinguished by the text alone. */
const REFUSALS: readonly Refusal[] = [
	{ ...ENVELOPED, code: new RegExp(`^${NOT_AUTHENTICATED}$`), kind: 'credentials', advice: KEY_ADVICE },
	{ ...ENVELOPED, says: /invalid api key/i, kind: 'credentials', advice: KEY_ADVICE },
	{ ...ENVELOPED, says: /credits not enough/i, kind: 'balance', advice: `Buy credits at ${DASHBOARD_URL}.` },
	{
		...ENVELOPED,
		says: /invalid image (format|url)/i,
		kind: 'invalidRequest',
		advice: 'Use image URLs that open without a login and lead to a JPEG or PNG file.',
	},
	// Not documented. Slowing down is right whatever the exact words.
	{
		...ENVELOPED,
		says: /too many (requests|tasks)|rate limit/i,
		kind: 'rateLimited',
		advice: "Lower 'Max Concurrent Generations', or run fewer workflows at the same time.",
	},
	{ status: [401], advice: KEY_ADVICE },
	{ status: [404], asked: ['generation'], advice: "Check the generation ID, and 'Base URL' in the credential." },
	{ status: [404], advice: "Check 'Base URL' in the credential." },
];

// The parts of answers that must be valid. The rest is read leniently, so that no id is lost because of another field.
const createdSchema = z.object({ data: z.object({ task_id: z.string().min(1) }) });
const statusSchema = z.object({ data: z.object({ status: z.union([z.number(), z.string().min(1)]) }) });

function numberOf(value: JsonValue | undefined): number | null {
	const number = Number(firstText(value) ?? Number.NaN);
	return Number.isFinite(number) ? number : null;
}

/** The envelope's own verdict, whatever the HTTP status. */
function isRefusal(json: JsonValue | undefined): boolean {
	const code = numberOf(valueAt(json, 'code'));
	return code !== null && code !== SUCCEEDED;
}

/** The envelope's text (`message`, in some places `msg`), unless it only reports success. */
function textOf(json: JsonValue | undefined): string | null {
	const text = firstText(valueAt(json, 'message'), valueAt(json, 'msg'));
	return text && /^(success|ok)$/i.test(text.trim()) ? null : text;
}

/** 1 is running, 2 and 3 are final. */
const statusOf = statusReader({ completed: ['2'], failed: ['3'] });

function mediaOf(json: JsonValue | undefined): Media[] {
	return urlsIn(valueAt(json, 'data', 'result_urls')).map((url) => ({ url, type: 'video' }));
}

function generationOf(json: JsonValue | undefined, generationId: string, status: GenerationStatus): Generation {
	// Only a completed task has usable results.
	const media = status === 'completed' ? mediaOf(json) : [];
	const estimate = numberOf(valueAt(json, 'data', 'estimated_time'));
	return {
		...blankGeneration(generationId),
		status,
		videoUrl: media[0]?.url ?? null,
		media,
		// No field for the reason is documented.
		failureReason: status === 'failed' ? textOf(json) : null,
		estimatedSeconds: estimate !== null && estimate > 0 ? estimate : null,
		raw: json as JsonObject,
	};
}

const { read } = answerReader({
	displayName: DISPLAY_NAME,
	refusals: REFUSALS,
	isRefusal,
	said: (json) => ({ text: textOf(json), code: firstText(valueAt(json, 'code')) }),
});

/** The file's name, made safe for a URL, with an extension that matches its type. */
function uploadName({ name, mimeType }: LocalFile): string {
	const safe = name.replace(/[^a-z0-9._-]+/gi, '_');
	if (UPLOAD_ENDINGS[mimeType]?.test(safe)) return safe;
	const stem = safe.replace(/\.[^.]*$/, '').replace(/^\.+/, '');
	return `${stem === '' ? 'image' : stem}.${mimeType === 'image/png' ? 'png' : 'jpg'}`;
}

/** `data.upload_url` is `{ url, fields }`; if the service is called as a tool, the fields are `form_fields`. */
function ticketIn(json: JsonValue | undefined): UploadTarget | null {
	const given = valueAt(json, 'data', 'upload_url');
	const url = firstUrl(valueAt(given, 'url'), given);
	const fileUrl = firstUrl(valueAt(json, 'data', 'image_url'));
	if (url === null || fileUrl === null) return null;
	const fields = valueAt(given, 'fields') ?? valueAt(json, 'data', 'form_fields');
	const texts = Object.entries(isObject(fields) ? fields : {}).map(([name, value]) => [name, firstText(value) ?? '']);
	return { url, fields: Object.fromEntries(texts) as Record<string, string>, fileUrl };
}

function options(request: VideoRequest): JsonObject {
	const additional = request.additionalBodyFields.options;
	return {
		prompt_optimization: request.promptOptimization ?? false,
		aspect_ratio: request.aspectRatio ?? DEFAULTS.aspectRatio,
		resolution: request.resolution ?? DEFAULTS.resolution,
		duration: secondsOf(request.duration ?? DEFAULTS.duration),
		...(request.loop ? { loop: true } : {}),
		// Unknown options are added to the mandatory ones instead of replacing them.
		...(isObject(additional) ? additional : {}),
	};
}

function body(request: VideoRequest): JsonObject {
	// The first image is always the start image: an end image alone is not possible.
	const images = [request.startImage, request.endImage].filter((image) => image !== null).map(imageText);
	const modelId = images.length > 0 ? MODEL_ID_WITH_IMAGES : MODEL_ID_WITHOUT_IMAGES;
	return {
		prompt: request.prompt,
		...(images.length > 0 ? { image_urls: images } : {}),
		model_id: request.modelId ?? modelId,
		...request.additionalBodyFields,
		options: options(request),
	};
}

export const pixwith: Provider = {
	id: 'pixwith',
	displayName: DISPLAY_NAME,
	description: 'Ray 2: text and image to video, up to 720p',
	credentialType: 'pixwithApi',
	dashboardUrl: DASHBOARD_URL,
	modelField: 'model_id',
	capabilities: {
		models: [RAY_2],
		prompt: { optionalWithImage: false, minLength: null, maxLength: null },
		// One has a default, the other overrides the choice that depends on images.
		extras: { modelId: null, promptOptimization: null },
		operations: {},
	},

	refusals: REFUSALS,

	create: (request) => ({ method: 'POST', path: '/api/task/create', body: body(request) }),
	readCreated: (answer) =>
		read(answer, 'create', (json) => {
			const parsed = createdSchema.safeParse(json);
			// There is no status at this point: the task was accepted.
			return parsed.success ? generationOf(json, parsed.data.data.task_id, 'queued') : null;
		}),

	// A read, although it is a POST.
	status: (generationId) => ({ method: 'POST', path: '/api/task/get', body: { task_id: generationId } }),
	readStatus: (answer, generationId) =>
		read(answer, 'generation', (json) => {
			// What a failed task looks like is not documented: a status counts even in an envelope that refuses.
			const parsed = statusSchema.safeParse(json);
			return parsed.success ? generationOf(json, generationId, statusOf(String(numberOf(parsed.data.data.status)))) : null;
		}),

	balance: {
		// A read, although it is a POST; it has no body.
		call: () => ({ method: 'POST', path: '/api/task/get_credits' }),
		read: (answer) =>
			read<Balance>(
				answer,
				'account',
				(json) => {
					const amount = isRefusal(json) ? null : numberOf(valueAt(json, 'data', 'credits'));
					return amount === null ? null : { amount, unit: 'credits' };
				},
				'the balance',
			),
	},

	upload: {
		mimeTypes: Object.keys(UPLOAD_ENDINGS),
		maxBytes: MAX_UPLOAD_BYTES,
		ticket: {
			call: (file) => ({
				method: 'POST',
				path: '/api/task/pre_url',
				body: { image_name: uploadName(file), content_type: file.mimeType },
			}),
			read: (answer) => read(answer, 'file', ticketIn, 'an address for the image'),
		},
		direct: null,
	},
};
