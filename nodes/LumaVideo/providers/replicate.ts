/**
 * Replicate, which runs Luma's models among many others (replicate.com/luma).
 *
 * Sources: Replicate's OpenAPI document (api.replicate.com, as of April 2026); the official client `replicate` 1.4.0; the
 * topics "Create a prediction", "Prediction lifecycle", "Rate limits", "Input files", "Output files", "Data retention",
 * "Receive webhooks", "Verify webhooks" and "Billing" of replicate.com/docs; the pages of the older models. The fields and
 * prices of luma/ray-3.2 are as third parties copied them from its page between June and September 2026.
 *
 * A prediction can be canceled, which is charged, but not deleted; its data go by themselves after an hour. There is no
 * balance. The models of Ray 2 belong to Luma's older API, and may be gone with it; Photon, which makes images, is not
 * offered: four of its seven ratios, its weights and its kinds of reference are unknown to Luma's newer image models, and
 * it edits nothing. What no document settles, and what is done about it, is in docs/guesses.md.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { answerReader, blankGeneration, endedAlready, firstText, firstUrl, isObject, isSameInput, notHere, statusReader, urlsIn, valueAt } from './answers';
import type { Asked, Refusal } from './answers';
import { GRID_WITHOUT_SIZE, PLAIN_MODEL, RAY_2_RATIOS, STRENGTHS, WHOLE_GRID, lenientText, rule } from './luma';
import type {
	Generation,
	GenerationPage,
	IncomingCall,
	JsonObject,
	JsonValue,
	Media,
	ModelCapabilities,
	Provider,
	ProviderAnswer,
	Reading,
} from './provider';
import { ASPECT_RATIOS, EXR_RULE, LOOP_RULES, isLong } from './ray32';
import { DEFAULTS, EXTRAS, bodyOf, inputOf, modelOf, priceOf, slugOf } from './replicate.models';

const DISPLAY_NAME = 'Replicate';
const DASHBOARD_URL = 'https://replicate.com/predictions';

/** "Input files": less than 100 MB. */
const MAX_FILE_BYTES = 99_999_999;

/** "Verify webhooks" leaves the age open at which a call counts as a replay; five minutes are usual. */
const SIGNATURE_TOLERANCE_MS = 300_000;

// The answers, as far as they must be right. All else is read leniently, so that an id is never lost over a detail.
const predictionSchema = z.object({
	id: z.string().min(1),
	status: lenientText,
	model: lenientText,
	created_at: lenientText,
	completed_at: lenientText,
});

const pageSchema = z.object({ results: z.array(z.unknown()), next: lenientText });

const fileSchema = z.object({ urls: z.object({ get: z.string() }) });

const secretSchema = z.object({ key: z.string().regex(/^whsec_[A-Za-z0-9+/]+=*$/) });

const statusOf = statusReader({ queued: ['starting'], completed: ['succeeded'], failed: ['failed', 'canceled', 'aborted'] });

/** "Prediction lifecycle": what ends a prediction besides the model. */
const ENDINGS: Readonly<Record<string, string>> = {
	canceled: 'the prediction was canceled',
	aborted: 'the prediction was aborted before it began',
};

/** One URL; of several, the first video counts. How the files of `exr_export` are named is not documented. */
function mediaOf(output: JsonValue | undefined): Media[] {
	return urlsIn(output).map((url) => ({ url, type: /\.(exr|zip)(?:[?#]|$)/i.test(url) ? 'other' : 'video' }));
}

/** "Data retention": an hour later the output of a prediction that succeeded is gone. */
function isGone(json: JsonValue | undefined): boolean {
	return valueAt(json, 'data_removed') === true && statusOf(firstText(valueAt(json, 'status')) ?? '') === 'completed';
}

const GONE = 'data removed';
const GONE_REASON = `${DISPLAY_NAME} has deleted the video: it keeps files for an hour`;

function generationIn(json: JsonValue | undefined, whenSilent: string | null): Generation | null {
	const parsed = predictionSchema.safeParse(json);
	if (!parsed.success) return null;
	const { id, model, ...rest } = parsed.data;
	const word = rest.status || whenSilent;
	if (!word) return null;
	const status = statusOf(word);
	const ending = ENDINGS[word.toLowerCase()];
	const media = status === 'completed' ? mediaOf(valueAt(json, 'output')) : [];
	return {
		...blankGeneration(id),
		status,
		model: modelOf(model) ?? model ?? null,
		prompt: firstText(valueAt(json, 'input', 'prompt')),
		videoUrl: media.find(({ type }) => type === 'video')?.url ?? null,
		media,
		createdAt: rest.created_at ?? null,
		completedAt: rest.completed_at ?? null,
		failureReason: status === 'failed' ? (firstText(valueAt(json, 'error')) ?? ending ?? null) : isGone(json) ? GONE_REASON : null,
		// A canceled prediction is charged and an aborted one is not; of a failed one nothing is said.
		chargedWhenFailed: word.toLowerCase() === 'aborted' ? 'no' : 'unknown',
		...(ending === undefined ? {} : { failureAdvice: 'Run this item again.' }),
		raw: json as JsonObject,
	};
}

/** Nothing can be cancelled any more. */
function hasEnded(json: JsonObject): boolean {
	return ['succeeded', 'failed', 'aborted'].includes(firstText(valueAt(json, 'status'))?.toLowerCase() ?? '');
}

const REFUSALS: readonly Refusal[] = [
	endedAlready(DISPLAY_NAME, 200),
	{
		status: [200],
		asked: ['generation'],
		code: new RegExp(`^${GONE}$`),
		kind: 'notFound',
		message: GONE_REASON,
		advice: "Save videos within an hour, such as with 'Download Video'.",
	},
	{
		status: [401],
		advice: "Check the API token in the credential. Tokens begin with 'r8_' and are made at https://replicate.com/account/api-tokens.",
	},
	{
		status: [402],
		advice: 'Buy credit at https://replicate.com/account/billing and wait a few minutes.',
	},
	notHere(DISPLAY_NAME, 'create', 'offer this model', "Check 'Base URL' in the credential. If it is right, see https://replicate.com/luma for the models on offer."),
	notHere(DISPLAY_NAME, 'file', 'accept files', "Check 'Base URL' in the credential. Or use the URL of a file on the web."),
	{ status: [404], asked: ['cancellation', 'generation'], message: `${DISPLAY_NAME} does not have this generation` },
	{
		status: [413],
		asked: ['file'],
		message: `${DISPLAY_NAME} does not take a file of this size`,
		advice: 'Use a file of less than 100 MB, or the URL of a file on the web.',
	},
];

/** `detail` of "Input validation failed" is a list in Markdown, one finding a line. */
function detailOf(json: JsonValue | undefined): string | null {
	const detail = firstText(valueAt(json, 'detail'));
	if (detail === null) return firstText(valueAt(json, 'title'));
	const lines = detail.split('\n').map((line) => line.replace(/^\s*- /, '').trim());
	return lines.filter((line) => line !== '').join('; ');
}

const answers = answerReader({
	displayName: DISPLAY_NAME,
	refusals: REFUSALS,
	isRefusal: isGone,
	said: (json) => ({ text: detailOf(json), code: isGone(json) ? GONE : firstText(valueAt(json, 'title')) }),
});

/** "Rate limits": the pause is a part of the text, such as "Your rate limit resets in ~30s.". */
function pauseIn(text: string): number | null {
	const seconds = /\bresets? in ~?\s*(\d+(?:\.\d+)?)\s*s/i.exec(text)?.[1];
	return seconds === undefined ? null : Number(seconds) * 1000;
}

const read: typeof answers.read = (answer, asked, parse, expected) => {
	const reading = answers.read(answer, asked, parse, expected);
	if (reading.ok || reading.problem.kind !== 'rateLimited') return reading;
	const { problem } = reading;
	return { ok: false, problem: { ...problem, retryAfterMs: problem.retryAfterMs ?? pauseIn(answer.text) } };
};

function readOne(answer: ProviderAnswer, asked: Asked, whenSilent: string | null): Reading<Generation> {
	return read(answer, asked, (json) => (isGone(json) ? null : generationIn(json, whenSilent)));
}

/** `next` is a URL. Of it, only the cursor is used: the key goes to the configured host only. */
function cursorIn(next: string | null | undefined): string | null {
	const [, query = ''] = /\?([^#]*)/.exec(next ?? '') ?? [];
	return new URLSearchParams(query).get('cursor') || null;
}

/** The account's list has the predictions of all models; those of other models are skipped. */
function pageIn(json: JsonValue | undefined): GenerationPage | null {
	const parsed = pageSchema.safeParse(json);
	if (!parsed.success) return null;
	const generations = (parsed.data.results as JsonValue[])
		.map((row) => generationIn(row, null))
		.filter((generation) => modelOf(firstText(generation?.raw.model)) !== null);
	return { generations: generations.filter((generation) => generation !== null), next: cursorIn(parsed.data.next) };
}

/** "Verify webhooks": one of the signatures is that of the id, the time and the bytes as they came. */
function isGenuine({ headers, text }: IncomingCall, keys: readonly string[], now: number): boolean {
	const { 'webhook-id': id = '', 'webhook-timestamp': timestamp = '', 'webhook-signature': signatures = '' } = headers;
	if (id === '' || !/^\d{1,12}$/.test(timestamp)) return false;
	if (Math.abs(now - Number(timestamp) * 1000) > SIGNATURE_TOLERANCE_MS) return false;
	const given = signatures.split(' ').filter((each) => each.startsWith('v1,')).map((each) => Buffer.from(each.slice(3), 'base64'));
	return keys.some((key) => {
		const secret = Buffer.from(key.replace(/^whsec_/, ''), 'base64');
		// Anybody can sign with nothing.
		if (secret.length === 0) return false;
		const right = createHmac('sha256', secret).update(`${id}.${timestamp}.${text}`).digest();
		return given.some((each) => each.length === right.length && timingSafeEqual(each, right));
	});
}

const ONLY_SHORT = "cannot be combined with a 'Duration' of 10s; choose 5s";

const PROMPT = { optionalWithImage: false, minLength: null, maxLength: null };

/** Without options; the time is a guess. */
const PLAIN: Omit<ModelCapabilities, 'description' | 'name' | 'value'> = { ...PLAIN_MODEL, usualSeconds: 90 };

/** Ray 2. The resolution is a part of the model's name. */
const OLD: Omit<ModelCapabilities, 'description' | 'name' | 'value'> = {
	...PLAIN,
	frames: ['none', 'start', 'startAndEnd'],
	aspectRatios: RAY_2_RATIOS,
	resolutions: ['540p', '720p'],
	durations: ['5s', '9s'],
	defaults: { aspectRatio: '16:9', resolution: '720p', duration: '5s' },
	loop: 'withoutEndImage',
	lacks: ['exrExport', 'hdr'],
};

const SOURCES: ModelCapabilities['sources'] = ['generation', 'url', 'file'];
const SOURCE_HINTS = { source: 'Luma takes at most 30 seconds.', sourceSize: 'Maximum size: 100 MB.' };

export const replicate: Provider = {
	id: 'replicate',
	displayName: DISPLAY_NAME,
	description: 'Ray 3.2: text and image to video, HDR, up to 1080p; files are deleted after an hour',
	credentialType: 'replicateLumaApi',
	dashboardUrl: DASHBOARD_URL,
	capabilities: {
		models: [
			{
				value: 'ray-3.2',
				name: 'Ray 3.2',
				description: 'Text to video and image to video, up to 1080p; its files are deleted after an hour',
				// An end image alone is not documented.
				frames: ['none', 'start', 'startAndEnd'],
				aspectRatios: ASPECT_RATIOS,
				resolutions: ['540p', '720p', '1080p'],
				durations: ['5s', '10s'],
				defaults: { aspectRatio: '16:9', resolution: '720p', duration: '5s' },
				loop: 'withoutEndImage',
				hints: { image: 'The video gets the shape of the image.' },
				// A guess: no time is documented.
				usualSeconds: 90,
			},
			{
				...OLD,
				value: 'ray-2',
				name: 'Ray 2 (Legacy)',
				description: 'Older model; may no longer be available',
			},
			{
				...OLD,
				value: 'ray-flash-2',
				name: 'Ray 2 Flash (Legacy)',
				description: 'Older, faster model; may no longer be available',
			},
		],
		prompt: PROMPT,
		extras: EXTRAS,
		operations: {
			modify: {
				models: [
					{
						...PLAIN,
						value: 'modify-video',
						name: 'Modify Video (Legacy)',
						description: 'Ray 2; may no longer be available',
						frames: ['none', 'start'],
						modes: STRENGTHS,
						sources: SOURCES,
						hints: SOURCE_HINTS,
					},
				],
				prompt: { ...PROMPT, optional: true },
				extras: {},
			},
			reframe: {
				models: [
					{
						...PLAIN,
						value: 'reframe-video',
						name: 'Reframe Video (Legacy)',
						description: 'Ray 2, at 720p; may no longer be available',
						aspectRatios: RAY_2_RATIOS,
						defaults: { aspectRatio: '16:9', resolution: null, duration: null },
						sources: SOURCES,
						hints: SOURCE_HINTS,
					},
				],
				prompt: { ...PROMPT, optional: true },
				extras: { gridPosition: null },
			},
		},
		// "Data retention".
		urlMinutes: 60,
	},

	refusals: REFUSALS,

	exclusions: [
		WHOLE_GRID,
		GRID_WITHOUT_SIZE,
		...LOOP_RULES,
		rule(['generate'], 'startImage', ONLY_SHORT, (request) => request.startImage !== null && isLong(request)),
		rule(['generate'], 'endImage', ONLY_SHORT, (request) => request.endImage !== null && isLong(request)),
		rule(['generate'], 'hdr', ONLY_SHORT, (request) => request.hdr === true && isLong(request)),
		rule(['generate'], 'hdr', "needs a 'Resolution' of 720p or 1080p", ({ hdr, resolution }) => hdr === true && resolution === '540p'),
		EXR_RULE,
	],

	// Without `Prefer` the answer comes at once.
	create: (request) => ({ method: 'POST', path: `/models/${slugOf(request)}/predictions`, body: bodyOf(request) }),
	readCreated: (answer) => readOne(answer, 'create', 'starting'),

	status: (generationId) => ({ method: 'GET', path: `/predictions/${encodeURIComponent(generationId)}` }),
	readStatus: (answer) => readOne(answer, 'generation', null),

	callbacks: {
		httpsOnly: true,
		// "Receive webhooks": the body is the prediction.
		read({ body }) {
			const generation = generationIn(body, null);
			return generation && { generationId: generation.generationId, status: generation.status };
		},
		signature: {
			keys: {
				call: () => ({ method: 'GET', path: '/webhooks/default/secret' }),
				read: (answer) =>
					read(
						answer,
						'account',
						(json) => {
							const parsed = secretSchema.safeParse(json);
							return parsed.success ? [parsed.data.key] : null;
						},
						'the key of the webhooks',
					),
			},
			isGenuine,
		},
	},

	listing: {
		// Pages have 100 predictions, whatever is asked for.
		call: ({ cursor }) => ({ method: 'GET', path: '/predictions', ...(cursor === null ? {} : { query: { cursor } }) }),
		read: (answer) => read(answer, 'account', pageIn, 'the list'),
		// The input comes back as it was sent, for an hour.
		isSameRequest: ({ raw }, request) =>
			isObject(raw.input) && raw.model === slugOf(request) && isSameInput(raw.input, inputOf(request), DEFAULTS),
	},

	// "Cancel a prediction": answered with the prediction, which may have ended before.
	cancellation: {
		charge: `${DISPLAY_NAME} charges for canceled ones.`,
		call: (generationId) => ({ method: 'POST', path: `/predictions/${encodeURIComponent(generationId)}/cancel` }),
		read(answer) {
			const reading = readOne(answer, 'cancellation', null);
			if (!reading.ok) return reading;
			return hasEnded(reading.value.raw) ? { ok: false, problem: answers.problem(answer, 'cancellation') } : { ok: true, value: true };
		},
	},

	upload: {
		// Of Ray 3.2 no list of types is published.
		mimeTypes: ['image/jpeg', 'image/png', 'image/webp'],
		maxBytes: MAX_FILE_BYTES,
		maxVideoBytes: MAX_FILE_BYTES,
		ticket: null,
		direct: {
			path: '/files',
			fileField: 'content',
			fields: {},
			read: (answer) =>
				read(
					answer,
					'file',
					(json) => {
						const parsed = fileSchema.safeParse(json);
						return parsed.success ? firstUrl(parsed.data.urls.get) : null;
					},
					'the address of the file',
				),
		},
	},

	estimateUsd: priceOf,
};
