/**
 * Luma Dream Machine, Luma's own API for Ray 2 (docs.lumalabs.ai).
 *
 * Sources: "Video Generation", "Errors", "Rate limits" and "Callbacks" of docs.lumalabs.ai; the OpenAPI document
 * lumalabs/lumaai-api v1.1.0; the official SDK `lumaai` 1.19.1; Luma's own ComfyUI client. Where they differ, the newest
 * official one counts.
 */
import { z } from 'zod';
import { answerReader, blankGeneration, firstText, firstUrl, isObject, notHere, valueAt } from './answers';
import type { Asked, Refusal } from './answers';
import { extrasOnWire } from './extras';
import { BACKWARD_LOOP, DEFAULT_MODE, GRID_FIELDS, PLAIN_MODEL, RAY_2_RATIOS, STRENGTHS, WHOLE_GRID, detailText, gridOf, lenientText, rule, statusOf } from './luma';
import { priceUnder } from './prices';
import type { PriceTable } from './prices';
import type {
	AspectRatio,
	Balance,
	Catalog,
	Duration,
	Generation,
	GenerationPage,
	ImageReference,
	JsonObject,
	JsonValue,
	Media,
	ModelCapabilities,
	Provider,
	ProviderAnswer,
	Reading,
	Resolution,
	SourceReference,
	VideoRequest,
} from './provider';
import { generationIdOf, imageText, videoUrlOf } from './reference';

const DISPLAY_NAME = 'Luma Dream Machine';

const RESOLUTIONS: readonly Resolution[] = ['540p', '720p', '1080p', '4k'];
const DURATIONS: readonly Duration[] = ['5s', '9s'];

const RAY_2: Omit<ModelCapabilities, 'value' | 'name' | 'description' | 'usualSeconds'> = {
	frames: ['none', 'start', 'end', 'startAndEnd'],
	aspectRatios: RAY_2_RATIOS,
	resolutions: RESOLUTIONS,
	durations: DURATIONS,
	defaults: { aspectRatio: '16:9', resolution: '720p', duration: '5s' },
	// "Errors" refuses a loop together with an end frame.
	loop: 'withoutEndImage',
};

/** As published for Ray 2 Flash by replicate.com/luma; the service's own list is GET /generations/concepts/list. */
const CONCEPTS: readonly string[] = [
	'aerial', 'aerial_drone', 'bolt_cam', 'crane_down', 'crane_up', 'dolly_zoom', 'elevator_doors', 'eye_level', 'ground_level',
	'handheld', 'high_angle', 'low_angle', 'orbit_left', 'orbit_right', 'over_the_shoulder', 'overhead', 'pan_left', 'pan_right',
	'pedestal_down', 'pedestal_up', 'pov', 'pull_out', 'push_in', 'roll_left', 'roll_right', 'selfie', 'static', 'tilt_down',
	'tilt_up', 'tiny_planet', 'truck_left', 'truck_right', 'zoom_in', 'zoom_out',
];

/** From "Camera Motions", a page since removed from the reference; the service's own list is
 * GET /generations/camera_motion/list. Similar words work, too. */
const CAMERA_MOTIONS: readonly string[] = [
	'camera static', 'camera move left', 'camera move right', 'camera move up', 'camera move down', 'camera push in',
	'camera pull out', 'camera zoom in', 'camera zoom out', 'camera pan left', 'camera pan right', 'camera orbit left',
	'camera orbit right', 'camera crane up', 'camera crane down',
];

const DEFAULT_REFRAME_RATIO: AspectRatio = '9:16';

const EXTRAS_OF_AUDIO = { negativePrompt: 'negative_prompt' };
/** The motion is part of the prompt, and each concept is an object. */
const EXTRAS_OF_NEW = { cameraMotion: null, concepts: null };

const NAMES = [
	{ value: 'ray-2', name: 'Ray 2', description: 'Best quality', usualSeconds: 60 },
	{ value: 'ray-flash-2', name: 'Ray 2 Flash', description: 'Faster, at about a third of the price', usualSeconds: 40 },
];

/**
 * Generating a video next to another one. Of the fields of "Video Generation", Luma's own ComfyUI client sends only the
 * resolution: the aspect ratio comes from the source, and a choice of lengths is not documented.
 */
const BESIDE_ANOTHER: Omit<ModelCapabilities, 'value' | 'name' | 'description' | 'usualSeconds'> = {
	...PLAIN_MODEL,
	resolutions: RESOLUTIONS,
	defaults: { aspectRatio: null, resolution: '720p', duration: null },
};

/** The models of an operation, if they differ only in name. */
function bothModels(shared: Omit<ModelCapabilities, 'value' | 'name' | 'description' | 'usualSeconds'>): ModelCapabilities[] {
	return NAMES.map((name) => ({ ...shared, ...name }));
}

const NEEDED_PROMPT = { optionalWithImage: false, minLength: 3, maxLength: 5000 };
const OPTIONAL_PROMPT = { ...NEEDED_PROMPT, optional: true };

/** USD for one 5 s and one 9 s video at 16:9. Reseller table at cost, docs.comfy.org pricing, July 2025; it agrees
 * with Luma's own per-pixel price of the modify-video release notes. */
const PRICES_USD: PriceTable = {
	'ray-2': {
		'540p': { '5s': 0.4, '9s': 0.72 },
		'720p': { '5s': 0.71, '9s': 1.27 },
		'1080p': { '5s': 1.59, '9s': 2.87 },
		'4k': { '5s': 6.37, '9s': 11.47 },
	},
	'ray-flash-2': {
		'540p': { '5s': 0.14, '9s': 0.25 },
		'720p': { '5s': 0.24, '9s': 0.44 },
		'1080p': { '5s': 0.55, '9s': 0.99 },
		'4k': { '5s': 2.19, '9s': 3.94 },
	},
};

/** Luma announced the end of this API for October 2026; how it answers after that is not documented. */
const ENDED =
	"Luma announced the end of its Dream Machine API for October 2026. Its successor is Luma Agents: choose that as 'Provider', with a key from platform.lumalabs.ai.";
const KEY_ADVICE = `Check the API key in the credential: Dream Machine keys come from lumalabs.ai/dream-machine/api/keys. ${ENDED}`;

// The used parts of answers. Everything else is kept in `raw`.
const generationSchema = z.object({
	id: z.string().min(1),
	state: lenientText,
	failure_reason: lenientText,
	created_at: lenientText,
	model: lenientText,
	assets: z.object({ video: lenientText, image: lenientText }).nullish().catch(null),
	request: z.object({ prompt: lenientText, model: lenientText }).nullish().catch(null),
});

const pageSchema = z.object({
	generations: z.array(z.unknown()),
	offset: z.number().nullish().catch(null),
	has_more: z.boolean().nullish().catch(null),
});

/** @param whenSilent the state if there is none in the answer; `null`: it must have one */
function readGeneration(json: JsonValue | undefined, whenSilent: string | null): Generation | null {
	const parsed = generationSchema.safeParse(json);
	if (!parsed.success) return null;
	const { id, assets, request, ...rest } = parsed.data;
	const state = rest.state || whenSilent;
	if (!state) return null;
	const media: Media[] = [];
	const videoUrl = firstUrl(assets?.video ?? null);
	const imageUrl = firstUrl(assets?.image ?? null);
	if (videoUrl) media.push({ url: videoUrl, type: 'video' });
	if (imageUrl) media.push({ url: imageUrl, type: 'image' });
	return {
		...blankGeneration(id),
		status: statusOf(state),
		model: rest.model ?? request?.model ?? null,
		prompt: request?.prompt ?? null,
		videoUrl,
		media,
		createdAt: rest.created_at ?? null,
		failureReason: rest.failure_reason || null,
		// "FAQ": charged in advance, refunded in full on failure.
		chargedWhenFailed: 'no',
		raw: json as JsonObject,
	};
}

function readOne(answer: ProviderAnswer, asked: Asked, whenSilent: string | null): Reading<Generation> {
	return read(answer, asked, (json) => readGeneration(json, whenSilent));
}

/** No code is documented for an empty account or moderation: with these ambiguous statuses, the text decides. */
const UNTOLD = [400, 402, 403, 409, 422];

const REFUSALS: readonly Refusal[] = [
	{ status: UNTOLD, says: /\bcredits?\b|\bbalance\b|insufficient funds/i, kind: 'balance' },
	{ status: UNTOLD, says: /moderat|blacklist|not allowed content|nsfw/i, kind: 'moderation' },
	{ status: [401], advice: KEY_ADVICE },
	{ status: [403], kind: 'credentials', advice: KEY_ADVICE },
	// For a read, 404 refers to the id; for a create without a source, it can only refer to the address.
	notHere(DISPLAY_NAME, 'create', 'generate videos', `Check 'Base URL' in the credential. ${ENDED}`),
	{
		status: [404],
		asked: ['catalog'],
		message: `${DISPLAY_NAME} no longer has this list`,
		advice: 'Enter the value by hand.',
	},
	// What Luma may answer once this API has ended.
	{ status: [410], message: `${DISPLAY_NAME} no longer has this`, advice: ENDED },
];

const { read } = answerReader({
	displayName: DISPLAY_NAME,
	refusals: REFUSALS,
	said: (json) => ({ text: detailText(json) }),
});

/** Equal as JSON; keys that the service adds to an object are ignored, since it fills in defaults. */
function sameJson(listed: JsonValue | undefined, sent: JsonValue): boolean {
	if (Array.isArray(sent)) {
		return (
			Array.isArray(listed) &&
			listed.length === sent.length &&
			sent.every((value, index) => sameJson(listed[index], value))
		);
	}
	if (isObject(sent)) {
		if (!isObject(listed)) return false;
		return (
			Object.entries(sent).every(([key, value]) => sameJson(listed[key], value)) &&
			Object.entries(listed).every(([key, value]) => key in sent || !isObject(value))
		);
	}
	return listed === sent;
}

/** Fields for which the service has no defaults. */
const TELLING_FIELDS: readonly string[] = ['prompt', 'keyframes', 'concepts', 'callback_url', 'media', 'first_frame'];

function isBlank(value: JsonValue | undefined): boolean {
	if (value === undefined || value === null || value === '' || value === 0) return true;
	if (Array.isArray(value)) return value.length === 0;
	return isObject(value) && Object.values(value).every(isBlank);
}

function imageFrame(image: ImageReference | null): JsonObject | null {
	return image && { type: 'image', url: imageText(image) };
}

function generationFrame(source: SourceReference | null): JsonObject | null {
	const id = generationIdOf(source);
	return id === null ? null : { type: 'generation', id };
}

/** "Camera Motions": the motion is part of the prompt; there is no field for it. */
export function promptWithCameraMotion(prompt: string, cameraMotion: string | null): string {
	if (!cameraMotion) return prompt;
	return prompt ? `${prompt}, ${cameraMotion}` : cameraMotion;
}

/** "Video Generation": a frame is an image or a generation; the new video lies between them. */
function keyframesOf(request: VideoRequest): JsonObject {
	const { operation, direction } = request;
	const frame0 = imageFrame(request.startImage);
	const frame1 = imageFrame(request.endImage);
	const source = generationFrame(request.source);
	const frames =
		operation === 'interpolate'
			? [source, generationFrame(request.target)]
			: operation === 'extend'
				? direction === 'forward'
					? [source, frame1]
					: [frame0, source]
				: [frame0, frame1];
	return {
		...(frames[0] ? { frame0: frames[0] } : {}),
		...(frames[1] ? { frame1: frames[1] } : {}),
	};
}

/** The fields of a new video, also of one beside another. */
function videoFields(request: VideoRequest): JsonObject {
	const prompt = promptWithCameraMotion(request.prompt, request.cameraMotion);
	const keyframes = keyframesOf(request);
	return {
		model: request.model,
		...(prompt ? { prompt } : {}),
		...(request.aspectRatio ? { aspect_ratio: request.aspectRatio } : {}),
		...(request.resolution ? { resolution: request.resolution } : {}),
		...(request.duration ? { duration: request.duration } : {}),
		...(request.loop ? { loop: true } : {}),
		...(Object.keys(keyframes).length > 0 ? { keyframes } : {}),
		...(request.concepts ? { concepts: request.concepts.map((key) => ({ key })) } : {}),
	};
}

function pathAndFields(request: VideoRequest): { path: string; fields: JsonObject } {
	const source = encodeURIComponent(generationIdOf(request.source) ?? '');
	const media = { url: videoUrlOf(request.source) ?? '' };
	const promptAndFrame: JsonObject = {
		...(request.prompt ? { prompt: request.prompt } : {}),
		...(request.startImage ? { first_frame: { url: imageText(request.startImage) } } : {}),
	};
	switch (request.operation) {
		case 'modify': {
			// The mode is mandatory on the wire, so it is sent even if a request leaves it open.
			const mode = request.mode ?? DEFAULT_MODE;
			return { path: '/generations/video/modify', fields: { generation_type: 'modify_video', model: request.model, media, mode, ...promptAndFrame } };
		}
		case 'reframe':
			return {
				path: '/generations/video/reframe',
				fields: {
					generation_type: 'reframe_video',
					model: request.model,
					media,
					aspect_ratio: request.aspectRatio ?? DEFAULT_REFRAME_RATIO,
					...promptAndFrame,
					...gridOf(request),
				},
			};
		case 'upscale':
			return {
				path: `/generations/${source}/upscale`,
				fields: { generation_type: 'upscale_video', ...(request.resolution ? { resolution: request.resolution } : {}) },
			};
		case 'addAudio':
			return {
				path: `/generations/${source}/audio`,
				fields: {
					generation_type: 'add_audio',
					...(request.prompt ? { prompt: request.prompt } : {}),
					...extrasOnWire(EXTRAS_OF_AUDIO, request),
				},
			};
		default:
			// In the SDK and the OpenAPI document since May 2025; /generations is its older name.
			return { path: '/generations/video', fields: videoFields(request) };
	}
}

function createCall(request: VideoRequest): { method: 'POST'; path: string; body: JsonObject } {
	const { path, fields } = pathAndFields(request);
	const { callback, additionalBodyFields } = request;
	return { method: 'POST', path, body: { ...fields, ...(callback ? { callback_url: callback.url } : {}), ...additionalBodyFields } };
}

/** A list of words; according to other clients also wrapped, or as objects. */
function wordsIn(json: JsonValue | undefined, wrapper: string): string[] | null {
	const rows = Array.isArray(json) ? json : valueAt(json, wrapper);
	if (!Array.isArray(rows)) return null;
	const words = rows
		.map((row) => firstText(row, valueAt(row, 'key'), valueAt(row, 'name')))
		.filter((word) => word !== null);
	// A list without any words is something else.
	return words.length === 0 && rows.length > 0 ? null : [...new Set(words)];
}

function catalog(path: string, wrapper: string, known: readonly string[]): Catalog {
	return {
		call: () => ({ method: 'GET', path }),
		read: (answer) => read(answer, 'catalog', (json) => wordsIn(json, wrapper), 'the list'),
		known,
	};
}

function pageIn(json: JsonValue | undefined): GenerationPage | null {
	const parsed = pageSchema.safeParse(json);
	if (!parsed.success) return null;
	const { offset, has_more: hasMore, generations: rows } = parsed.data;
	const generations = (rows as JsonValue[])
		.map((generation) => readGeneration(generation, null))
		.filter((generation) => generation !== null);
	// Without its offset, a page does not say where the next one begins: stop instead of looping.
	const more = hasMore === true && typeof offset === 'number' && rows.length > 0;
	return { generations, next: more ? String(offset + rows.length) : null };
}

/** The price of what a body buys, including additional body fields. */
function priceOf(body: JsonObject): number | null {
	const { model, resolution, duration, generation_type: type = 'video', keyframes = {} } = body;
	// Next to another generation, it is an extension, which has no published price.
	const isNew = isObject(keyframes) && Object.values(keyframes).every((frame) => valueAt(frame, 'type') === 'image');
	return type === 'video' && isNew ? priceUnder(PRICES_USD, model, resolution, duration) : null;
}

export const lumaDreamMachine: Provider = {
	id: 'lumaDreamMachine',
	displayName: DISPLAY_NAME,
	description: "Luma's older API for Ray 2, up to 4K. Luma has announced its end for October 2026; new keys are for Luma Agents.",
	credentialType: 'lumaDreamMachineApi',
	dashboardUrl: 'https://lumalabs.ai/dream-machine/api',
	// Keys from platform.lumalabs.ai have this prefix.
	foreignKey: (key) =>
		key.startsWith('luma-api-')
			? { owner: 'Luma Agents', instead: "Choose 'Luma Agents' as 'Provider' and put the key into a 'Luma Agents API' credential." }
			: null,
	modelField: 'model',
	capabilities: {
		models: [
			...bothModels(RAY_2),
			{
				...RAY_2,
				value: 'ray-1-6',
				name: 'Ray 1.6 (Legacy)',
				description: 'Older model without a choice of resolution and duration; may no longer be available',
				// Luma's own ComfyUI client omits both: they have no effect on this model.
				resolutions: [],
				durations: [],
				defaults: { aspectRatio: '16:9', resolution: null, duration: null },
				usualSeconds: 90,
			},
		],
		prompt: { optionalWithImage: true, minLength: 3, maxLength: 5000 },
		extras: EXTRAS_OF_NEW,
		operations: {
			addAudio: {
				models: [{ ...PLAIN_MODEL, value: '', name: 'Add Audio', description: 'Adds sound', usualSeconds: 40 }],
				prompt: OPTIONAL_PROMPT,
				extras: EXTRAS_OF_AUDIO,
			},
			extend: {
				models: bothModels({
					...BESIDE_ANOTHER,
					// Forward to an end image, or backward from a start image; see the exclusions.
					frames: ['none', 'start', 'end'],
					directions: ['forward', 'backward'],
					loop: 'withoutEndImage',
				}),
				// "Errors": required "when image is not provided as keyframes".
				prompt: { ...NEEDED_PROMPT, optionalWithImage: true },
				extras: EXTRAS_OF_NEW,
			},
			interpolate: {
				models: bothModels(BESIDE_ANOTHER),
				prompt: NEEDED_PROMPT,
				extras: EXTRAS_OF_NEW,
			},
			modify: {
				models: bothModels({ ...PLAIN_MODEL, frames: ['none', 'start'], modes: STRENGTHS, sources: ['generation', 'url'] }),
				prompt: OPTIONAL_PROMPT,
				extras: {},
			},
			reframe: {
				models: bothModels({
					...PLAIN_MODEL,
					frames: ['none', 'start'],
					aspectRatios: RAY_2_RATIOS,
					defaults: { aspectRatio: DEFAULT_REFRAME_RATIO, resolution: null, duration: null },
					sources: ['generation', 'url'],
				}),
				prompt: OPTIONAL_PROMPT,
				extras: { gridPosition: null },
			},
			upscale: {
				models: [
					{
						...PLAIN_MODEL,
						value: '',
						name: 'Upscale',
						description: 'Raises the resolution',
						resolutions: RESOLUTIONS,
						// One step above the default of generate: the price of an upscale is not published.
						defaults: { aspectRatio: null, resolution: '1080p', duration: null },
						usualSeconds: 60,
					},
				],
				prompt: { ...OPTIONAL_PROMPT, exists: false },
				extras: {},
			},
		},
		// "Rate limits", build tier: 10 Ray generations at once.
		concurrency: 10,
	},

	refusals: REFUSALS,

	exclusions: [
		WHOLE_GRID,
		// "Errors" and the OpenAPI document.
		BACKWARD_LOOP,
		rule(['extend'], 'endImage', "is not available when 'Direction' is backward; leave it out", ({ direction, endImage }) => direction === 'backward' && endImage !== null),
		rule(['extend'], 'startImage', "is not available when 'Direction' is forward; leave it out", ({ direction, startImage }) => direction === 'forward' && startImage !== null),
	],

	create: createCall,
	// An answer with an id but no state is an accepted generation.
	readCreated(answer, request) {
		const isAtGeneration = request?.operation === 'upscale' || request?.operation === 'addAudio';
		return readOne(answer, isAtGeneration ? 'generation' : 'create', 'queued');
	},

	status: (generationId) => ({ method: 'GET', path: `/generations/${encodeURIComponent(generationId)}` }),
	readStatus: (answer) => readOne(answer, 'generation', null),

	callbacks: {
		httpsOnly: false,
		// "Callbacks": the body is the generation.
		read({ body }) {
			const generation = readGeneration(body, null);
			return generation && { generationId: generation.generationId, status: generation.status };
		},
		urlOf: ({ raw }) => (isObject(raw.request) ? firstText(raw.request.callback_url) : undefined),
	},

	listing: {
		call: ({ limit, cursor }) => ({ method: 'GET', path: '/generations', query: { limit, offset: Number(cursor ?? 0) } }),
		read: (answer) => read(answer, 'account', pageIn, 'the list'),
		/**
		 * What was sent comes back in `request`, with defaults for omitted fields. So only fields without defaults are compared
		 * in both directions.
		 */
		isSameRequest(generation, request) {
			const listed = valueAt(generation.raw, 'request');
			if (!isObject(listed)) return false;
			// Their source is only in the path, so two of them cannot be told apart.
			if (request.operation === 'upscale' || request.operation === 'addAudio') return false;
			const sent = createCall(request).body;
			// A modified or reframed video can have the same model and prompt as a generated one.
			const type = sent.generation_type ?? 'video';
			if (!isBlank(listed.generation_type) && listed.generation_type !== type) return false;
			const asked = Object.entries(sent).every(([field, value]) => sameJson(listed[field], value));
			const beyond = [...TELLING_FIELDS, ...Object.values(GRID_FIELDS)].every((field) => field in sent || isBlank(listed[field]));
			return asked && beyond && (sent.loop === true || listed.loop !== true);
		},
	},

	deletion: {
		call: (generationId) => ({ method: 'DELETE', path: `/generations/${encodeURIComponent(generationId)}` }),
		read: (answer) => read(answer, 'generation', () => true as const),
	},

	balance: {
		call: () => ({ method: 'GET', path: '/credits' }),
		read: (answer) =>
			read<Balance>(
				answer,
				'account',
				(json) => {
					const cents = Number(firstText(valueAt(json, 'credit_balance')) ?? Number.NaN);
					// "Credits": the balance is in US cents.
					return Number.isFinite(cents) ? { amount: cents / 100, unit: 'USD' } : null;
				},
				'the balance',
			),
	},

	catalogs: {
		cameraMotions: catalog('/generations/camera_motion/list', 'camera_motions', CAMERA_MOTIONS),
		concepts: catalog('/generations/concepts/list', 'concepts', CONCEPTS),
	},

	estimateUsd(request) {
		// Published for new videos. The price of a modification depends on the source's pixels, which are not known here; the
		// other operations have no published price.
		return request.operation === 'generate' ? priceOf(createCall(request).body) : null;
	},
};
