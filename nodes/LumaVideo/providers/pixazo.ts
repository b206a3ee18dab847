/**
 * Pixazo, a gateway to many models (pixazo.ai).
 *
 * Source: the page "Luma AI API" of pixazo.ai/models/luma. Its two tables of HTTP codes and its two examples of a
 * finished request differ in details; both are accepted here.
 */
import { z } from 'zod';
import { firstText, firstUrl, httpProblem, isSuccess, jsonOf, unreadable, valueAt } from './answers';
import type { StatusText } from './answers';
import type {
	Callback,
	Generation,
	GenerationStatus,
	JsonObject,
	JsonValue,
	Media,
	Problem,
	Provider,
	ProviderAnswer,
	Reading,
	VideoRequest,
} from './provider';

const DISPLAY_NAME = 'Pixazo';
const DASHBOARD_URL = 'https://api-console.pixazo.ai/dashboard';

/** Pixazo's identifier of each model: first part of its path, and `model_id` of the answers. */
const MODEL_IDS: Readonly<Record<string, string>> = {
	'ray-2-flash': 'luma-dream-machine-ray-2-flash-image-to-video',
};

// The answers, as far as they must be right. All else is read leniently, so that an id is never lost over a detail.
const createdSchema = z.object({ request_id: z.string().min(1) });
const statusSchema = z.object({ status: z.string().min(1) });

/** A word not documented is read as running. */
function statusOf(word: string): GenerationStatus {
	switch (word.toUpperCase()) {
		case 'QUEUED':
			return 'queued';
		case 'COMPLETED':
			return 'completed';
		case 'FAILED':
		case 'ERROR':
			return 'failed';
		default:
			return 'processing';
	}
}

function modelOf(modelId: string | null): string | null {
	const known = Object.entries(MODEL_IDS).find(([, id]) => id === modelId);
	return known?.[0] ?? modelId;
}

/** `media_type` is no help: a finished video is called `application/octet-stream` in one example. */
function mediaOf(json: JsonValue | undefined): Media[] {
	const urls = valueAt(json, 'output', 'media_url');
	return (Array.isArray(urls) ? urls : [urls])
		.map((url) => firstUrl(url))
		.filter((url) => url !== null)
		.map((url) => ({ url, type: 'video' }));
}

function generationOf(json: JsonValue | undefined, generationId: string, word: string): Generation {
	const status = statusOf(word);
	const media = status === 'completed' ? mediaOf(json) : [];
	return {
		generationId,
		status,
		model: modelOf(firstText(valueAt(json, 'model_id'))),
		prompt: null,
		videoUrl: media[0]?.url ?? null,
		media,
		createdAt: firstText(valueAt(json, 'created_at')),
		completedAt: firstText(valueAt(json, 'completed_at')),
		failureReason: status === 'failed' ? firstText(valueAt(json, 'error'), valueAt(json, 'error', 'message')) : null,
		estimatedSeconds: null,
		// "Status Values": ERROR is Pixazo's own and free; for FAILED nothing is said.
		chargedWhenFailed: word.toUpperCase() === 'ERROR' ? 'no' : 'unknown',
		raw: json as JsonObject,
	};
}

const TEXTS: Readonly<Record<number, StatusText>> = {
	400: { advice: "Check the node's fields: the prompt, and that each image URL opens without a login." },
	401: {
		advice: 'Check the API key in the credential. Keys are made at https://api-console.pixazo.ai/api_keys.',
	},
	402: { advice: `Add money to the wallet at ${DASHBOARD_URL}, then run the workflow again.` },
	403: {
		advice: `See ${DASHBOARD_URL}: the subscription of this API key must be active, include this model and have calls left.`,
	},
	500: { advice: `Wait a few minutes. What was started is shown at ${DASHBOARD_URL}.` },
};

const CREATE_TEXTS: Readonly<Record<number, StatusText>> = {
	...TEXTS,
	404: {
		message: `${DISPLAY_NAME} does not offer this model at this address`,
		advice: `Check 'Base URL' in the credential. If it is right, see ${DASHBOARD_URL} for the models on offer.`,
	},
};

const STATUS_TEXTS: Readonly<Record<number, StatusText>> = {
	...TEXTS,
	404: { message: `${DISPLAY_NAME} does not know this generation` },
};

const MODEL_TEXT: StatusText = {
	message: `${DISPLAY_NAME} does not offer this model at present`,
	advice: `See ${DASHBOARD_URL} for the models on offer, or choose another provider.`,
};

/** Bodies: the queue's `{ error, message }`, and `{ statusCode, message }` of the gateway in front of it. */
function problem(answer: ProviderAnswer, texts: Readonly<Record<number, StatusText>>): Problem {
	const json = jsonOf(answer);
	const title = firstText(valueAt(json, 'error'));
	return httpProblem(answer, {
		displayName: DISPLAY_NAME,
		providerText: firstText(valueAt(json, 'message'), valueAt(json, 'error', 'message'), title),
		texts: title && /model not found/i.test(title) ? { ...texts, 400: MODEL_TEXT } : texts,
	});
}

function callbackHeaders(callback: Callback): Record<string, string> {
	return { 'X-Webhook-URL': callback.url, 'X-Webhook-Mode': callback.mode === 'progress' ? 'sync' : 'terminal' };
}

function body(request: VideoRequest): JsonObject {
	return {
		prompt: request.prompt,
		...(request.startImage ? { image_url: request.startImage } : {}),
		...(request.endImage ? { end_image_url: request.endImage } : {}),
		...(request.aspectRatio ? { aspect_ratio: request.aspectRatio } : {}),
		...(request.loop ? { loop: true } : {}),
		...(request.resolution ? { resolution: request.resolution } : {}),
		...(request.duration ? { duration: request.duration } : {}),
		...request.additionalBodyFields,
	};
}

export const pixazo: Provider = {
	id: 'pixazo',
	displayName: DISPLAY_NAME,
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
				// Nothing forbids a loop together with an end image here. Luma itself does, so it may end as FAILED.
				loop: 'always',
				// A guess: no time is documented.
				usualSeconds: 60,
			},
		],
		prompt: { optionalWithImage: false, minLength: null, maxLength: null },
		extras: ['callbackMode'],
		concepts: [],
		operations: {},
		imageInput: 'url',
		sourceAs: 'url',
		balance: false,
		// "Delivery semantics": plain http is refused.
		callbacks: 'https',
		list: false,
		delete: false,
		prices: false,
		// No limit is documented; a careful number.
		concurrency: 5,
	},

	create(request) {
		const id = MODEL_IDS[request.model] ?? request.model;
		return {
			method: 'POST',
			path: `/${id}/v1/${id}-request`,
			headers: {
				'Cache-Control': 'no-cache',
				...(request.callback ? callbackHeaders(request.callback) : {}),
			},
			body: body(request),
		};
	},
	readCreated(answer): Reading<Generation> {
		if (!isSuccess(answer)) return { ok: false, problem: problem(answer, CREATE_TEXTS) };
		const json = jsonOf(answer);
		const parsed = createdSchema.safeParse(json);
		if (!parsed.success) return unreadable(answer, DISPLAY_NAME, 'an unknown answer');
		const word = firstText(valueAt(json, 'status')) ?? 'QUEUED';
		return { ok: true, value: generationOf(json, parsed.data.request_id, word) };
	},

	// The create answer also names a `polling_url`. It is not followed: the key goes to the configured host only.
	status: (generationId) => ({
		method: 'GET',
		path: `/v2/requests/status/${encodeURIComponent(generationId)}`,
	}),
	readStatus(answer, generationId): Reading<Generation> {
		if (!isSuccess(answer)) return { ok: false, problem: problem(answer, STATUS_TEXTS) };
		const json = jsonOf(answer);
		const parsed = statusSchema.safeParse(json);
		if (!parsed.success) return unreadable(answer, DISPLAY_NAME, 'an unknown answer');
		return { ok: true, value: generationOf(json, generationId, parsed.data.status) };
	},

	// "Callback Payload": the same as the status answer.
	readCallback(json) {
		const parsed = statusSchema.safeParse(json);
		const generationId = firstText(valueAt(json, 'request_id'));
		return parsed.success && generationId ? { generationId, status: statusOf(parsed.data.status) } : null;
	},

	// No price is published.
	estimateUsd: () => null,
};
