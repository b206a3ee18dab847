/**
 * Pixazo, a gateway to many models (pixazo.ai).
 *
 * Sources: the page "Luma AI API" of pixazo.ai/models/luma. Its two tables of HTTP codes and its two examples of a
 * finished request differ slightly; both are accepted here.
 *
 * Ray 3.2 is not on that page. The skill "luma" that Pixazo publishes (github.com/Pixazo-AI/skills) only documents its
 * four paths and one example of text to video: prompt, aspect_ratio 16:9, resolution 540p, duration 5s. All other fields
 * follow fal.ai's documentation of luma/agent/ray/v3.2, whose names Pixazo uses; whatever differs can be sent as an
 * additional body field.
 */
import { z } from 'zod';
import { answerReader, blankGeneration, firstText, notHere, statusReader, urlsIn, valueAt } from './answers';
import type { Refusal } from './answers';
import { rule } from './luma';
import type {
	AspectRatio,
	Callback,
	Generation,
	JsonObject,
	JsonValue,
	Media,
	ModelCapabilities,
	Provider,
	VideoRequest,
} from './provider';
import { ASPECT_RATIOS } from './ray32';
import { imageText, videoUrlOf } from './reference';

const DISPLAY_NAME = 'Pixazo';
const DASHBOARD_URL = 'https://api-console.pixazo.ai/dashboard';

/** One capability of one model at Pixazo. */
interface Endpoint {
	model: string;
	/** First segment of the path, and `model_id` in answers. */
	id: string;
	/** Last segment of the path. The skill also has names for Ray 3.2 that end in `-request`, but shows these paths. */
	last: string;
}

const ENDPOINTS: Readonly<Record<'edit' | 'flash' | 'image' | 'reframe' | 'text', Endpoint>> = {
	flash: {
		model: 'ray-2-flash',
		id: 'luma-dream-machine-ray-2-flash-image-to-video',
		last: 'luma-dream-machine-ray-2-flash-image-to-video-request',
	},
	text: { model: 'ray-3.2', id: 'luma-agent-ray-v3-2-text-to-video', last: 'text-to-video' },
	image: { model: 'ray-3.2', id: 'luma-agent-ray-v3-2-image-to-video', last: 'image-to-video' },
	edit: { model: 'ray-3.2', id: 'luma-agent-ray-v3-2-video-to-video', last: 'video-to-video' },
	reframe: { model: 'ray-3.2', id: 'luma-agent-ray-v3-2-reframe', last: 'reframe' },
};

const DEFAULT_REFRAME_RATIO: AspectRatio = '9:16';

const RAY_3_2: Omit<ModelCapabilities, 'description' | 'durations' | 'frames' | 'loop'> = {
	value: 'ray-3.2',
	name: 'Ray 3.2',
	aspectRatios: [],
	// 540p is in the example; the others are inferred.
	resolutions: ['540p', '720p', '1080p'],
	defaults: { aspectRatio: null, resolution: '540p', duration: null },
	// A guess: no time is documented.
	usualSeconds: 180,
};

const NEEDED_PROMPT = { optionalWithImage: false, minLength: null, maxLength: null };

// The parts of answers that must be valid. The rest is read leniently, so that no id is lost because of another field.
const idSchema = z.string().min(1);
const statusSchema = z.object({ status: z.string().min(1) });

const statusOf = statusReader({ queued: ['queued'], completed: ['completed'], failed: ['failed', 'error'] });

function modelOf(modelId: string | null): string | null {
	return Object.values(ENDPOINTS).find(({ id }) => id === modelId)?.model ?? modelId;
}

/** `media_type` does not help: in one example, a finished video is `application/octet-stream`. */
function mediaOf(json: JsonValue | undefined): Media[] {
	return urlsIn(valueAt(json, 'output', 'media_url')).map((url) => ({ url, type: 'video' }));
}

function generationOf(json: JsonValue | undefined, generationId: string, word: string): Generation {
	const status = statusOf(word);
	const media = status === 'completed' ? mediaOf(json) : [];
	// "Status Values": ERROR is Pixazo's own fault and free; FAILED is not explained.
	const isOwnFault = word.toUpperCase() === 'ERROR';
	return {
		...blankGeneration(generationId),
		status,
		model: modelOf(firstText(valueAt(json, 'model_id'))),
		videoUrl: media[0]?.url ?? null,
		media,
		createdAt: firstText(valueAt(json, 'created_at')),
		completedAt: firstText(valueAt(json, 'completed_at')),
		failureReason: status === 'failed' ? firstText(valueAt(json, 'error'), valueAt(json, 'error', 'message')) : null,
		chargedWhenFailed: isOwnFault ? 'no' : 'unknown',
		...(isOwnFault ? { failureAdvice: 'The fault lies with Pixazo, not with your fields: run this item again.' } : {}),
		raw: json as JsonObject,
	};
}

const REFUSALS: readonly Refusal[] = [
	{
		status: [400],
		code: /model not found/i,
		message: `${DISPLAY_NAME} does not currently offer this model`,
		advice: `See ${DASHBOARD_URL} for the models on offer, or choose another provider.`,
	},
	{ status: [400], advice: "Check the node's fields: the prompt, and that each image URL opens without a login." },
	{ status: [401], advice: 'Check the API key in the credential. Keys are made at https://api-console.pixazo.ai/api_keys.' },
	{ status: [402], advice: `Add money to the wallet at ${DASHBOARD_URL}.` },
	{
		status: [403],
		advice: `Check at ${DASHBOARD_URL} that the subscription of this API key is active, includes this model and has calls left.`,
	},
	notHere(DISPLAY_NAME, 'create', 'offer this model', `Check 'Base URL' in the credential. If it is right, see ${DASHBOARD_URL} for the models on offer.`),
	{ status: [404], message: `${DISPLAY_NAME} does not have this generation` },
	{ status: [500], advice: `Wait a few minutes. Generations that were started are listed at ${DASHBOARD_URL}.` },
];

const { read } = answerReader({
	displayName: DISPLAY_NAME,
	refusals: REFUSALS,
	// Bodies: the queue's `{ error, message }`, or `{ statusCode, message }` from the gateway in front of it.
	said(json) {
		const title = firstText(valueAt(json, 'error'));
		return { text: firstText(valueAt(json, 'message'), valueAt(json, 'error', 'message'), title), code: title };
	},
});

function callbackHeaders(callback: Callback): Record<string, string> {
	return { 'X-Webhook-URL': callback.url, 'X-Webhook-Mode': callback.mode === 'progress' ? 'sync' : 'terminal' };
}

function endpointOf(request: VideoRequest): Endpoint {
	if (request.operation === 'modify') return ENDPOINTS.edit;
	if (request.operation === 'reframe') return ENDPOINTS.reframe;
	if (request.model === ENDPOINTS.flash.model) return ENDPOINTS.flash;
	return request.startImage ? ENDPOINTS.image : ENDPOINTS.text;
}

function body(request: VideoRequest): JsonObject {
	const resolution: JsonObject = request.resolution ? { resolution: request.resolution } : {};
	if (request.operation === 'modify') {
		return {
			prompt: request.prompt,
			video_url: videoUrlOf(request.source) ?? '',
			...(request.startImage ? { start_image_url: imageText(request.startImage) } : {}),
			...resolution,
			...request.additionalBodyFields,
		};
	}
	if (request.operation === 'reframe') {
		return {
			prompt: request.prompt,
			video_url: videoUrlOf(request.source) ?? '',
			// Reframing needs it, so it is sent even if a request leaves it open.
			aspect_ratio: request.aspectRatio ?? DEFAULT_REFRAME_RATIO,
			...resolution,
			...request.additionalBodyFields,
		};
	}
	return {
		prompt: request.prompt,
		...(request.startImage ? { image_url: imageText(request.startImage) } : {}),
		...(request.endImage ? { end_image_url: imageText(request.endImage) } : {}),
		...(request.aspectRatio ? { aspect_ratio: request.aspectRatio } : {}),
		...(request.loop ? { loop: true } : {}),
		...resolution,
		...(request.duration ? { duration: request.duration } : {}),
		...request.additionalBodyFields,
	};
}

export const pixazo: Provider = {
	id: 'pixazo',
	displayName: DISPLAY_NAME,
	description: 'Ray 2 Flash and Ray 3.2 through one gateway, up to 1080p',
	credentialType: 'pixazoApi',
	dashboardUrl: DASHBOARD_URL,
	capabilities: {
		models: [
			{
				value: 'ray-2-flash',
				name: 'Ray 2 Flash',
				description: 'Image to video: needs a start image',
				frames: ['start', 'startAndEnd'],
				aspectRatios: ['16:9', '9:16', '4:3', '3:4', '21:9', '9:21'],
				resolutions: ['540p', '720p', '1080p'],
				durations: ['5s', '9s'],
				defaults: { aspectRatio: '16:9', resolution: '540p', duration: '5s' },
				// Nothing forbids a loop with an end image here. Luma itself does, so the generation may fail.
				loop: 'always',
				// A guess: no time is documented.
				usualSeconds: 60,
			},
			{
				...RAY_3_2,
				description: 'Newest model: text to video and image to video; sparsely documented',
				frames: ['none', 'start'],
				// The example has the first; fal.ai has six more, which are not offered here.
				aspectRatios: ASPECT_RATIOS,
				// 5s is in the example; 10s is inferred.
				durations: ['5s', '10s'],
				defaults: { aspectRatio: '16:9', resolution: '540p', duration: '5s' },
				// Inferred, within the exclusions.
				loop: 'always',
			},
		],
		prompt: NEEDED_PROMPT,
		extras: { callbackMode: null },
		// The paths are documented, the fields inferred.
		operations: {
			modify: {
				models: [
					{
						...RAY_3_2,
						description: 'Changes a video according to the prompt',
						frames: ['none', 'start'],
						durations: [],
						sources: ['generation', 'url'],
						loop: 'never',
					},
				],
				prompt: NEEDED_PROMPT,
				extras: { callbackMode: null },
			},
			reframe: {
				models: [
					{
						...RAY_3_2,
						description: 'Extends a video to a new aspect ratio',
						frames: ['none'],
						aspectRatios: ASPECT_RATIOS,
						durations: [],
						defaults: { aspectRatio: DEFAULT_REFRAME_RATIO, resolution: '540p', duration: null },
						sources: ['generation', 'url'],
						loop: 'never',
					},
				],
				prompt: NEEDED_PROMPT,
				extras: { callbackMode: null },
			},
		},
	},

	refusals: REFUSALS,

	exclusions: [
		// Luma refuses this for Ray 3.2, so a gateway to Luma cannot support it either.
		rule(['generate'], 'loop', "cannot be combined with a 'Duration' of 10s; use one of the two", ({ duration, loop, model }) => model === 'ray-3.2' && loop && duration === '10s'),
	],

	create(request) {
		const { id, last } = endpointOf(request);
		return {
			method: 'POST',
			path: `/${id}/v1/${last}`,
			headers: {
				'Cache-Control': 'no-cache',
				...(request.callback ? callbackHeaders(request.callback) : {}),
			},
			body: body(request),
		};
	},
	readCreated: (answer) =>
		read(answer, 'create', (json) => {
			// `request_id` everywhere except in the skill, which also has the other two.
			const ids = ['request_id', 'task_id', 'id'].map((name) => idSchema.safeParse(valueAt(json, name)));
			const id = ids.find((parsed) => parsed.success)?.data;
			return id === undefined ? null : generationOf(json, id, firstText(valueAt(json, 'status')) ?? 'QUEUED');
		}),

	// The create answer also has a `polling_url`. It is not followed: the key goes only to the configured host.
	status: (generationId) => ({
		method: 'GET',
		path: `/v2/requests/status/${encodeURIComponent(generationId)}`,
	}),
	readStatus: (answer, generationId) =>
		read(answer, 'generation', (json) => {
			const parsed = statusSchema.safeParse(json);
			return parsed.success ? generationOf(json, generationId, parsed.data.status) : null;
		}),

	callbacks: {
		// "Delivery semantics": plain http is refused.
		httpsOnly: true,
		progressHint: `With ${DISPLAY_NAME}, only if the Luma Video node's 'Callback Mode' requests it.`,
		// "Callback Payload": the same as the status answer.
		read({ body: json }) {
			const parsed = statusSchema.safeParse(json);
			const generationId = firstText(valueAt(json, 'request_id'));
			return parsed.success && generationId ? { generationId, status: statusOf(parsed.data.status) } : null;
		},
	},
};
