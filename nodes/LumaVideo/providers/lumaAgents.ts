/**
 * Luma Agents, Luma's own API for Ray 3.2 (docs.agents.lumalabs.ai).
 *
 * Sources: the guides "Video generation", "Video editing", "Video reframing", "Pricing", "Rate limits", "Error
 * handling" and "FAQ" of docs.agents.lumalabs.ai; the official client lumalabs/luma-agents-typescript 0.3.0 and its
 * branch `next`, which has 360p and keyframes for new videos. There is no list, no deletion, no balance and no callback.
 */
import { z } from 'zod';
import { firstText, firstUrl, httpProblem, isObject, isSuccess, jsonOf, unreadable, valueAt } from './answers';
import type { StatusText } from './answers';
import { detailText } from './lumaDreamMachine';
import { images } from './lumaAgents.images';
import { priceUnder } from './prices';
import type { PriceTable } from './prices';
import type {
	AspectRatio,
	Duration,
	Generation,
	GenerationStatus,
	ImageReference,
	JsonObject,
	JsonValue,
	Media,
	ModelCapabilities,
	Problem,
	Product,
	Provider,
	ProviderAnswer,
	Reading,
	Resolution,
	VideoRequest,
} from './provider';
import { generationIdOf, imageText, videoUrlOf } from './reference';

const DISPLAY_NAME = 'Luma Agents';
const DASHBOARD_URL = 'https://platform.lumalabs.ai';

const ASPECT_RATIOS: readonly AspectRatio[] = ['16:9', '9:16', '1:1', '4:3', '3:4', '21:9'];
/** 360p is the draft tier; only the client's branch `next` and the newer guides have it. */
const RESOLUTIONS: readonly Resolution[] = ['360p', '540p', '720p', '1080p'];
const DURATIONS: readonly Duration[] = ['5s', '10s'];

/** "Video generation": the service takes these when a request leaves them open. */
const DEFAULT_RESOLUTION: Resolution = '720p';
const DEFAULT_DURATION: Duration = '5s';

/** Not a value of the service: it decides itself how much of the source is kept, as its guide recommends. */
const AUTO = 'auto';
/** "Video editing", strength: from keeping the source to keeping its idea only. */
const STRENGTHS: readonly string[] = [
	'adhere_1',
	'adhere_2',
	'adhere_3',
	'flex_1',
	'flex_2',
	'flex_3',
	'reimagine_1',
	'reimagine_2',
	'reimagine_3',
];

const MAX_KEYFRAMES = 64;
const FRAMES_PER_SECOND = 24;

const RAY: Pick<ModelCapabilities, 'value' | 'name' | 'description' | 'aspectRatios' | 'resolutions' | 'durations' | 'loop'> = {
	value: 'ray-3.2',
	name: 'Ray 3.2',
	description: 'Newest model; its videos have no sound, and 360p is a cheap draft',
	aspectRatios: [],
	resolutions: RESOLUTIONS,
	durations: [],
	loop: 'never',
};

const PROMPT = { optionalWithImage: false, minLength: 1, maxLength: 6000 };

/** USD for one new video. "Pricing", as read by third parties in July 2026; subject to change. */
const PRICES_USD: PriceTable = {
	'ray-3.2': {
		sdr: {
			'360p': { '5s': 0.06, '10s': 0.18 },
			'540p': { '5s': 0.15, '10s': 0.45 },
			'720p': { '5s': 0.3, '10s': 0.9 },
			'1080p': { '5s': 1.2, '10s': 3.6 },
		},
		hdr: { '720p': { '5s': 0.6 }, '1080p': { '5s': 2.4 } },
		exr: { '720p': { '5s': 0.9 }, '1080p': { '5s': 3.6 } },
		// Always one block of 5 s in standard dynamic range; there is no price for a draft.
		extend: { '540p': { '5s': 0.15 }, '720p': { '5s': 0.3 }, '1080p': { '5s': 1.2 } },
	},
};

const KEY_ADVICE =
	"Check the API key in the credential. Keys are made at platform.lumalabs.ai (they begin with 'luma-api-'). Dream Machine keys from lumalabs.ai/dream-machine/api/keys do not work here, nor the other way round: for those choose the provider 'Luma Dream Machine'.";

// ---------------------------------------------------------------------------------------------------------------
// Answers

// Everything beyond is kept in `raw`. Only the id must be right: one that was paid for is not lost over a detail
// that changed its type.
const lenientText = z.string().nullish().catch(null);
const generationSchema = z.object({
	id: z.string().min(1),
	type: lenientText,
	state: lenientText,
	model: lenientText,
	created_at: lenientText,
	failure_code: lenientText,
	failure_reason: lenientText,
	output: z
		.array(z.object({ type: lenientText, url: lenientText }).catch({ type: null, url: null }))
		.nullish()
		.catch(null),
});

/** A word not documented is read as running. */
function statusOf(state: string): GenerationStatus {
	switch (state.toLowerCase()) {
		case 'queued':
			return 'queued';
		case 'completed':
			return 'completed';
		case 'failed':
			return 'failed';
		default:
			return 'processing';
	}
}

/** "Error handling", machine-readable codes, in words for people. */
const failures = (makes: Product): Readonly<Record<string, string>> => ({
	content_moderated: 'content moderation refused the prompt, an input or the result',
	generation_failed: `the model could not make the ${makes}; another try may work`,
	budget_exhausted: `the account ran out of money while the ${makes} was made`,
	output_not_found: `the finished ${makes} could not be found; another try may work`,
	image_too_large: 'an input file is too large',
	unsupported_format: 'an input file has a format that is not supported',
	corrupt_input: 'an input file could not be decoded',
	invalid_request: 'the request was not valid',
	rate_limited: 'too many requests at the same time',
});

/** `content_moderated: content moderation refused the prompt, an input or the result (their own words)`. */
function failureText(code: string | null, reason: string | null, makes: Product): string | null {
	if (!code) return reason;
	const known = failures(makes);
	const words = Object.hasOwn(known, code) ? known[code] : null;
	const own = reason?.trim().replace(/\.$/, '') ?? '';
	if (!words) return own ? `${code}: ${own}` : code;
	return own ? `${code}: ${words} (${own})` : `${code}: ${words}`;
}

/** The path of a presigned URL ends with the file's name. */
function extensionOf(url: string): string {
	return /\.([a-z0-9]+)$/i.exec(url.replace(/[?#].*$/, ''))?.[1]?.toLowerCase() ?? '';
}

/** Media types of videos, by extension. */
const VIDEO_TYPES: ReadonlyMap<string, string> = new Map([
	['m4v', 'video/x-m4v'],
	['mkv', 'video/x-matroska'],
	['mov', 'video/quicktime'],
	['mp4', 'video/mp4'],
	['webm', 'video/webm'],
]);

/** How an EXR export is called is not documented, so the file's name goes before the word in `type`. */
function mediaType(type: string | null, url: string): Media['type'] {
	const extension = extensionOf(url);
	if (['exr', 'zip', 'tar'].includes(extension)) return 'other';
	if (type && /^video\b/i.test(type)) return 'video';
	if (type && /^image\b/i.test(type)) return 'image';
	return VIDEO_TYPES.has(extension) ? 'video' : 'other';
}

/** An edit was seen to call itself `image`, so the word's beginning counts; those that leave it out name their model. */
function productOf(type: string | null, model: string | null): Product {
	return (type ?? '').startsWith('image') || (type === null && (model ?? '').startsWith('uni-')) ? 'image' : 'video';
}

/** `whenSilent` is the state of a generation that names none; `null` where it must name one. */
function readGeneration(json: JsonValue | undefined, whenSilent: string | null): Generation | null {
	const parsed = generationSchema.safeParse(json);
	if (!parsed.success) return null;
	const { id, output, ...rest } = parsed.data;
	const state = firstText(rest.state ?? null) ?? whenSilent;
	if (!state) return null;
	const media = (output ?? []).flatMap(({ type, url }): Media[] => {
		const address = firstUrl(url ?? null);
		return address ? [{ url: address, type: mediaType(type ?? null, address) }] : [];
	});
	const status = statusOf(state);
	const model = firstText(rest.model ?? null);
	const makes = productOf(firstText(rest.type ?? null), model);
	return {
		generationId: id,
		...(makes === 'image' ? { makes } : {}),
		status,
		model,
		// Answers do not repeat the request.
		prompt: null,
		videoUrl: media.find(({ type }) => type === 'video')?.url ?? null,
		media,
		createdAt: firstText(rest.created_at ?? null),
		completedAt: null,
		failureReason:
			status === 'failed'
				? failureText(firstText(rest.failure_code ?? null), firstText(rest.failure_reason ?? null), makes)
				: null,
		estimatedSeconds: null,
		// "FAQ" and the video guides: what failed or was moderated is refunded.
		chargedWhenFailed: 'no',
		raw: json as JsonObject,
	};
}

function readOne(answer: ProviderAnswer, texts: ProblemTexts, whenSilent: string | null): Reading<Generation> {
	if (!isSuccess(answer)) return { ok: false, problem: problem(answer, texts) };
	const generation = readGeneration(jsonOf(answer), whenSilent);
	return generation ? { ok: true, value: generation } : unreadable(answer, DISPLAY_NAME, 'an unknown answer');
}

type ProblemTexts = Readonly<Record<number, StatusText>>;

/** "Error handling", quick reference. */
const TEXTS: ProblemTexts = {
	400: { advice: "Check the node's fields, then run the workflow again." },
	401: { advice: KEY_ADVICE },
	402: { advice: `Add money to the account at ${DASHBOARD_URL}, then run the workflow again.` },
	403: {
		advice: `See ${DASHBOARD_URL}: the account must be active, and HDR must be enabled for it before it can be used. ${KEY_ADVICE}`,
	},
	413: {
		message: `${DISPLAY_NAME} refused the request because a file is too large`,
		advice: 'Use smaller files: images of at most 50 MB, videos of at most 200 MB.',
	},
	422: {
		advice:
			"Check which fields are set together, and that every image and video opens without a login and is a valid file. Generations that are used as a source must be completed and belong to the account of this credential.",
	},
};

/** Asked for a generation, 404 means its id; asked to make one, it can only mean the address. */
const createTexts = (makes: Product): ProblemTexts => ({
	404: {
		message: makes === 'image' ? `${DISPLAY_NAME} does not make images at this address` : `${DISPLAY_NAME} does not make videos at this address`,
		advice: "Check 'Base URL' in the credential.",
	},
});

/** `{ detail }` everywhere. For what is moderated at once no status is documented, so the text decides. */
function problem(answer: ProviderAnswer, texts: ProblemTexts): Problem {
	const said = detailText(answer);
	const moderated = [400, 403, 422].includes(answer.statusCode) && /moderat|content (policy|guideline)/i.test(said ?? '');
	return httpProblem(answer, {
		displayName: DISPLAY_NAME,
		providerText: said,
		texts: { ...TEXTS, ...texts, ...(moderated ? { [answer.statusCode]: { kind: 'moderation' } } : {}) },
	});
}

// ---------------------------------------------------------------------------------------------------------------
// Requests

function imageReference(image: ImageReference): JsonObject {
	return image.kind === 'data' ? { data: image.base64, media_type: image.mimeType } : { url: imageText(image) };
}

/** "Video editing": a source by address needs its media type. */
function sourceOf({ source }: VideoRequest): JsonObject {
	if (source?.kind === 'generation') return { generation_id: source.generationId };
	const url = videoUrlOf(source) ?? '';
	return { url, media_type: VIDEO_TYPES.get(extensionOf(url)) ?? 'video/mp4' };
}

function keyframesOf(request: VideoRequest): JsonObject {
	if (request.keyframes.length === 0) return {};
	return {
		keyframes: request.keyframes.map(({ image }) => imageReference(image)),
		keyframe_indexes: request.keyframes.map(({ index }) => index),
	};
}

/** Whoever chooses no strength and no controls leaves both to the model. */
function editOf(request: VideoRequest): JsonObject {
	const strength = request.mode === AUTO ? null : request.mode;
	const automatic = request.autoControls ?? (strength || request.editControls ? null : true);
	return {
		...(automatic === null ? {} : { auto_controls: automatic }),
		...(strength ? { strength } : {}),
		...(request.editControls ? { controls: request.editControls } : {}),
		...keyframesOf(request),
	};
}

function framesOf(request: VideoRequest): JsonObject {
	// "Video generation": a generation as first frame is continued, one as last frame is led up to.
	if (request.operation === 'extend') {
		const generationId = generationIdOf(request.source);
		if (generationId === null) return {};
		const source = { generation_id: generationId };
		return request.direction === 'backward' ? { end_frame: source } : { start_frame: source };
	}
	return {
		...(request.startImage ? { start_frame: imageReference(request.startImage) } : {}),
		...(request.endImage ? { end_frame: imageReference(request.endImage) } : {}),
	};
}

function videoOf(request: VideoRequest): JsonObject {
	const { operation, sourcePosition } = request;
	return {
		...(request.resolution ? { resolution: request.resolution } : {}),
		...(request.duration ? { duration: request.duration } : {}),
		...(request.loop ? { loop: true } : {}),
		...(request.hdr ? { hdr: true } : {}),
		...(request.exrExport ? { exr_export: true } : {}),
		...framesOf(request),
		...(operation === 'modify' ? { edit: editOf(request) } : keyframesOf(request)),
		...(sourcePosition
			? {
					source_position: {
						x_norm: sourcePosition.x,
						y_norm: sourcePosition.y,
						w_norm: sourcePosition.width,
						h_norm: sourcePosition.height,
					},
				}
			: {}),
	};
}

const TYPES: Readonly<Partial<Record<VideoRequest['operation'], string>>> = {
	modify: 'video_edit',
	reframe: 'video_reframe',
};

function bodyOf(request: VideoRequest): JsonObject {
	const type = TYPES[request.operation] ?? 'video';
	const { video: moreVideo, ...more } = request.additionalBodyFields;
	// Most fields are in `video`, so what is added there does not replace the others.
	const video = isObject(moreVideo) ? { ...videoOf(request), ...moreVideo } : (moreVideo ?? videoOf(request));
	const hasVideo = !isObject(video) || Object.keys(video).length > 0;
	return {
		// Left out, these two mean an image.
		model: request.model,
		type,
		prompt: request.prompt,
		...(request.aspectRatio ? { aspect_ratio: request.aspectRatio } : {}),
		...(type === 'video' ? {} : { source: sourceOf(request) }),
		...(request.userId ? { user_id: request.userId } : {}),
		...(hasVideo ? { video } : {}),
		...more,
	};
}

// ---------------------------------------------------------------------------------------------------------------
// Prices

/** Fields of `video` that prices depend on. */
const PRICED_FIELDS: readonly string[] = ['duration', 'exr_export', 'hdr', 'resolution'];

/** Which prices hold for a new video; `null` where none do. */
function priceListOf(video: JsonObject): 'sdr' | 'hdr' | 'exr' | 'extend' | null {
	const { hdr, exr_export: exr } = video;
	if (![hdr ?? false, exr ?? false].every((flag) => typeof flag === 'boolean')) return null;
	const frames = [video.start_frame, video.end_frame];
	if (frames.some((frame) => firstText(valueAt(frame, 'generation_id')) !== null)) return hdr || exr ? null : 'extend';
	return exr ? 'exr' : hdr ? 'hdr' : 'sdr';
}

/** What a body buys: fields that were added to it count like those that were chosen. */
function priceOf(body: JsonObject): number | null {
	const { model, source, type, video = {} } = body;
	// Edits are paid per block of 5 s, reframing per second of the source, whose length is not known here.
	if (type !== 'video' || (source ?? null) !== null || !isObject(video)) return null;
	// The service documents them in `video` only: whether it reads them elsewhere is not known.
	if (PRICED_FIELDS.some((name) => name in body)) return null;
	const { resolution, duration } = video;
	return priceUnder(
		PRICES_USD,
		model,
		priceListOf(video),
		resolution ?? DEFAULT_RESOLUTION,
		duration ?? DEFAULT_DURATION,
	);
}

// ---------------------------------------------------------------------------------------------------------------
// Exclusions

type Finding = { field: string; finding: string };

/** All findings whose condition holds. */
function whenTrue(...checks: Array<readonly [unknown, string, string]>): Finding[] {
	return checks.flatMap(([condition, field, finding]) => (condition ? [{ field, finding }] : []));
}

function keyframeFindings({ operation, keyframes, duration }: VideoRequest): Finding[] {
	const indexes = keyframes.map(({ index }) => index);
	// The frames of a source video are not known here.
	const seconds = Number.parseInt(duration ?? DEFAULT_DURATION, 10);
	const last = operation === 'modify' ? Infinity : seconds * FRAMES_PER_SECOND;
	const wrong = indexes.find((index) => !Number.isInteger(index) || index < 0 || index > last);
	const allowed = last === Infinity ? '0 or above' : `0 to ${last} for a video of ${seconds} seconds`;
	const twice = indexes.find((index, position) => indexes.indexOf(index) !== position);
	return whenTrue(
		[keyframes.length > MAX_KEYFRAMES, 'keyframes', `can be ${MAX_KEYFRAMES} at most, not ${keyframes.length}`],
		[wrong !== undefined, 'keyframes', `cannot be at frame ${wrong ?? ''}: the number must be whole, ${allowed}`],
		[twice !== undefined, 'keyframes', `cannot have two images at frame ${twice ?? ''}`],
	);
}

/** "Video generation", rejected combinations; a loop together with an end image is in the capability table. */
function newVideoFindings(request: VideoRequest): Finding[] {
	const long = request.duration === '10s';
	const keyframes = request.keyframes.length > 0;
	return whenTrue(
		[request.loop && long, 'loop', "is not possible with a 'Duration' of 10s; use one of the two"],
		[request.loop && request.hdr, 'loop', "is not possible together with 'HDR'; use one of the two"],
		[request.loop && keyframes, 'loop', "is not possible together with 'Keyframes'; use one of the two"],
		[request.hdr && long, 'hdr', "needs a 'Duration' of 5s"],
		[long && request.startImage, 'startImage', "is not possible with a 'Duration' of 10s; 'Keyframes' are"],
		[long && request.endImage, 'endImage', "is not possible with a 'Duration' of 10s; 'Keyframes' are"],
		[
			keyframes && (request.startImage ?? request.endImage),
			'keyframes',
			"are not possible together with 'Start Image' or 'End Image'; make those keyframes too",
		],
	);
}

/** "Video editing": the model's own controls exclude all others, keyframes exclude the guide image. */
function editFindings(request: VideoRequest): Finding[] {
	const automatic = request.autoControls === true;
	return whenTrue(
		[
			automatic && request.mode && request.mode !== AUTO,
			'autoControls',
			`are not possible with a 'Mode' other than ${AUTO}; use one of the two`,
		],
		[automatic && request.editControls, 'autoControls', "are not possible together with 'Edit Controls'; use one of the two"],
		[
			request.keyframes.length > 0 && request.startImage,
			'keyframes',
			"are not possible together with 'Start Image'; make it a keyframe too",
		],
	);
}

function positionFindings({ sourcePosition }: VideoRequest): Finding[] {
	if (!sourcePosition) return [];
	const { x, y, width, height } = sourcePosition;
	return whenTrue(
		[[x, y].some((part) => !(Math.abs(part) <= 2)), 'sourcePosition', 'must have X and Y from -2 to 2'],
		[
			[width, height].some((part) => !(part > 0 && part <= 2)),
			'sourcePosition',
			'must have a width and a height above 0, up to 2',
		],
	);
}

function exclusions(request: VideoRequest): Finding[] {
	const draft = ['360p', '540p'].includes(request.resolution ?? DEFAULT_RESOLUTION);
	const dynamicRange = whenTrue(
		[request.hdr && draft, 'hdr', "needs a 'Resolution' of 720p or 1080p"],
		[request.exrExport && !request.hdr, 'exrExport', "needs 'HDR'; switch both on or both off"],
	);
	switch (request.operation) {
		case 'generate':
			return [...newVideoFindings(request), ...dynamicRange, ...keyframeFindings(request)];
		case 'extend':
			// "Video generation": what leads up to a video cannot loop.
			return whenTrue([
				request.loop && request.direction === 'backward',
				'loop',
				"is not possible when 'Direction' is backward; switch it off",
			]);
		case 'modify':
			return [...editFindings(request), ...dynamicRange, ...keyframeFindings(request)];
		default:
			// Upright 1080p is refused for most accounts at present, which is left to the service: it is being rolled out.
			return positionFindings(request);
	}
}

export const lumaAgents: Provider = {
	id: 'lumaAgents',
	displayName: DISPLAY_NAME,
	credentialType: 'lumaAgentsApi',
	dashboardUrl: DASHBOARD_URL,
	// Keys of the Dream Machine API: `luma-` and a UUID.
	foreignKey: (key) =>
		/^luma-[0-9a-f]{8}-[0-9a-f]{4}-/i.test(key)
			? {
					owner: 'Luma Dream Machine',
					instead: `Create a key at ${DASHBOARD_URL} (it begins with 'luma-api-'): Luma announced the end of the Dream Machine API for October 2026.`,
				}
			: null,
	capabilities: {
		models: [
			{
				...RAY,
				frames: ['none', 'start', 'end', 'startAndEnd'],
				aspectRatios: ASPECT_RATIOS,
				durations: DURATIONS,
				defaults: { aspectRatio: '16:9', resolution: DEFAULT_RESOLUTION, duration: DEFAULT_DURATION },
				loop: 'withoutEndImage',
				// A guess: the guide says that most are done in less than two minutes.
				usualSeconds: 90,
			},
		],
		prompt: PROMPT,
		extras: ['exrExport', 'hdr', 'keyframes', 'userId'],
		operations: {
			extend: {
				models: [
					{
						...RAY,
						frames: ['none'],
						// One block of 5 s in the shape of the source, standard dynamic range.
						defaults: { aspectRatio: null, resolution: DEFAULT_RESOLUTION, duration: null },
						directions: ['forward', 'backward'],
						loop: 'withoutEndImage',
						// A guess, as above.
						usualSeconds: 90,
					},
				],
				prompt: PROMPT,
				extras: ['userId'],
			},
			modify: {
				models: [
					{
						...RAY,
						frames: ['none', 'start'],
						// Shape and length are those of the source; the service ignores an aspect ratio.
						defaults: { aspectRatio: null, resolution: DEFAULT_RESOLUTION, duration: null },
						modes: [AUTO, ...STRENGTHS],
						sources: ['generation', 'url'],
						// A guess: resellers speak of 5 to 15 minutes.
						usualSeconds: 300,
					},
				],
				prompt: PROMPT,
				extras: ['autoControls', 'editControls', 'exrExport', 'hdr', 'keyframes', 'userId'],
			},
			reframe: {
				models: [
					{
						...RAY,
						frames: ['none'],
						aspectRatios: ASPECT_RATIOS,
						defaults: { aspectRatio: '9:16', resolution: DEFAULT_RESOLUTION, duration: null },
						sources: ['generation', 'url'],
						// A guess: nothing is documented.
						usualSeconds: 180,
					},
				],
				prompt: PROMPT,
				extras: ['sourcePosition', 'userId'],
			},
		},
		imageInput: 'data',
		sourceAs: 'generationId',
		balance: false,
		concepts: [],
		callbacks: 'none',
		list: false,
		delete: false,
		// "Video generation": presigned for an hour; each read makes a new one.
		urlMinutes: 60,
		prices: true,
		// Depends on the plan and is shown in the dashboard only; a careful number.
		concurrency: 5,
	},

	exclusions,

	create: (request) => ({ method: 'POST', path: '/generations', body: bodyOf(request) }),
	// An answer with an id but without a state is a generation that was taken in.
	readCreated: (answer) => readOne(answer, createTexts('video'), 'queued'),

	// Every read makes new addresses, which work for an hour.
	status: (generationId) => ({ method: 'GET', path: `/generations/${encodeURIComponent(generationId)}` }),
	readStatus: (answer) => readOne(answer, {}, null),

	estimateUsd: (request) => priceOf(bodyOf(request)),

	images: { ...images, readCreated: (answer) => readOne(answer, createTexts('image'), 'queued') },
};
