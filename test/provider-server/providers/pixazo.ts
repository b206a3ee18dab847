/** Pixazo's Luma models (pixazo.ai/models/luma; for Ray 3.2 github.com/Pixazo-AI/skills, skills/luma). */
import { randomUUID } from 'node:crypto';
import { commonSettings, type CommonSettings } from '../commonSettings';
import { isObject, readJson, type Answer, type ApiRequest, type JsonObject } from '../http';
import type { Job } from '../jobs';
import { answerWith, type Outcome, type Provider, type World } from '../provider';
import { describeProblem, findProblems, isHttpUrl, type Fields, type Shape } from '../shape';
import type { StandIn } from '../standIn';

const ASPECT_RATIOS = ['16:9', '9:16', '4:3', '3:4', '21:9', '9:21'] as const;
const RESOLUTIONS = ['540p', '720p', '1080p'] as const;
const STATUS_PATH = /^\/v2\/requests\/status\/([^/]+)$/;
const MODEL_PATH = /^\/([^/]+)\/v1\/([^/]+)$/;

const prompt = { type: 'string', filled: true, required: true } as const;
const url = { type: 'string', url: true, required: true } as const;
const resolution = { type: 'string', values: RESOLUTIONS } as const;

const RAY_2_FLASH: Fields = {
	prompt,
	image_url: url,
	end_image_url: { type: 'string' }, // "" means none, so its URL is checked apart
	aspect_ratio: { type: 'string', values: ASPECT_RATIOS },
	loop: { type: 'boolean' },
	resolution,
	duration: { type: 'string', values: ['5s', '9s'] },
};

const LONGER = { type: 'string', values: ['5s', '10s'] } as const;
const ANY_RATIO = { type: 'string' } as const;

/**
 * Only one sample of Ray 3.2 is published (text to video: prompt, aspect_ratio, resolution, duration). The other fields
 * are checked as fal.ai documents them, whose model names these are; fields that neither names are let through.
 */
const RAY_3_2: Fields = { prompt, resolution };
const RAY_3_2_NEW: Fields = { ...RAY_3_2, aspect_ratio: ANY_RATIO, duration: LONGER, loop: { type: 'boolean' } };

const MODELS: Record<string, { operation: string; shape: Shape }> = {
	'luma-dream-machine-ray-2-flash-image-to-video': {
		operation: 'luma-dream-machine-ray-2-flash-image-to-video-request',
		shape: { type: 'object', fields: RAY_2_FLASH },
	},
	'luma-agent-ray-v3-2-text-to-video': {
		operation: 'text-to-video',
		shape: { type: 'object', fields: RAY_3_2_NEW, open: true },
	},
	'luma-agent-ray-v3-2-image-to-video': {
		operation: 'image-to-video',
		shape: { type: 'object', fields: { ...RAY_3_2_NEW, image_url: url }, open: true },
	},
	'luma-agent-ray-v3-2-video-to-video': {
		operation: 'video-to-video',
		shape: {
			type: 'object',
			fields: { ...RAY_3_2, video_url: url, start_image_url: { type: 'string', url: true } },
			open: true,
		},
	},
	'luma-agent-ray-v3-2-reframe': {
		operation: 'reframe',
		shape: {
			type: 'object',
			fields: {
				...RAY_3_2,
				video_url: url,
				aspect_ratio: { type: 'string', values: ['3:4', '4:3', '1:1', '9:16', '16:9', '21:9'], required: true },
			},
			open: true,
		},
	},
};

const ERROR_NAMES: Record<number, string> = {
	400: 'Bad Request',
	401: 'Unauthorized',
	402: 'Insufficient Balance',
	403: 'Forbidden',
	404: 'Not Found',
	405: 'Method Not Allowed',
	429: 'Too Many Requests',
	500: 'Internal Server Error',
	502: 'Bad Gateway',
	503: 'Service Unavailable',
	504: 'Gateway Timeout',
};

/** "Error Responses": the class in `error`, the text in `message`. */
function failure(status: number, message: string, error = ERROR_NAMES[status] ?? 'Error'): Answer {
	return { status, body: { error, message } };
}

const isoTime = (ms: number): string => new Date(ms).toISOString();

/** `2026-05-22 13:19:23`, without a zone, as in the documented callback. */
function plainTime(ms: number): string {
	return new Date(ms).toISOString().slice(0, 19).replace('T', ' ');
}

interface PixazoSettings extends CommonSettings {
	/** Body of a 401: `{error, message}` as documented, or `{statusCode, message}` as an API gateway answers. */
	authErrors: 'documented' | 'gateway';
	/** Milliseconds between callbacks of `X-Webhook-Mode: sync` (documented: at most about 15 s). */
	syncEveryMs: number;
}

function createPixazo(world: World): Provider {
	const { jobs } = world;

	/** The status answer and the callback have one shape; the documented examples of both differ in the form of times. */
	function requestBody(job: Job, time: (ms: number) => string): JsonObject {
		const words = {
			queued: 'QUEUED',
			processing: 'PROCESSING',
			completed: 'COMPLETED',
			failed: 'FAILED',
			errored: 'ERROR',
		} as const;
		return {
			request_id: job.id,
			status: words[job.status],
			model_id: job.model,
			error: job.failureReason,
			output: job.status === 'completed' ? { media_url: [world.mediaUrl(job)], media_type: 'video/mp4' } : null,
			created_at: isoTime(job.createdAt),
			updated_at: time(job.updatedAt),
			completed_at: job.completedAt === null ? null : time(job.completedAt),
		};
	}

	function refusedKey(request: ApiRequest): Answer | null {
		if (request.headers['ocp-apim-subscription-key'] === world.keys.pixazo) return null;
		const message = 'Access denied due to missing or invalid subscription key.';
		if (world.settings.pixazo.authErrors === 'gateway') return { status: 401, body: { statusCode: 401, message } };
		return failure(401, message);
	}

	function create(request: ApiRequest, modelId: string, operation: string): Outcome {
		const model = MODELS[modelId];
		if (!model) return answerWith(failure(400, `Model '${modelId}' not found or is disabled`, 'Model not found'));
		if (model.operation !== operation) return answerWith(failure(404, `Operation '${operation}' not found`));
		if (request.method !== 'POST') return answerWith(failure(405, 'Use POST'));
		const reading = readJson(request);
		if (!reading.ok)
			return answerWith(
				failure(400, reading.problem === 'syntax' ? 'Invalid JSON body' : 'Content-Type must be application/json'),
			);
		const problem = findProblems(reading.value, model.shape)[0];
		if (problem || !isObject(reading.value))
			return answerWith(failure(400, problem ? describeProblem(problem) : 'Invalid body'));
		const body = reading.value;
		const text = (name: string, byDefault: string): string => (typeof body[name] === 'string' ? body[name] : byDefault);
		const endImage = text('end_image_url', '');
		if (endImage !== '' && !isHttpUrl(endImage))
			return answerWith(failure(400, 'end_image_url must be a valid http or https URL'));
		// By analogy too; the text is not documented.
		if (body.loop === true && body.duration === '10s')
			return answerWith(failure(400, 'loop is not supported with a duration of 10s'));
		const webhook = webhookOf(request);
		if (typeof webhook === 'string') return answerWith(failure(400, webhook));
		return {
			kind: 'order',
			order: {
				id: `${modelId}_${randomUUID()}`,
				operation: operation === 'reframe' ? 'reframe' : operation === 'video-to-video' ? 'modify' : 'generate',
				model: modelId,
				prompt: text('prompt', ''),
				request: body,
				callbackUrl: webhook.url,
				callbackWhen: webhook.when,
				resolution: text('resolution', '540p'),
				aspectRatio: text('aspect_ratio', '16:9'),
				durationSeconds: Number.parseInt(text('duration', '5s'), 10),
				sound: false,
				moderationText: 'The prompt was refused by content moderation',
			},
			accepted: (job) => ({
				status: 202,
				body: {
					request_id: job.id,
					status: 'QUEUED',
					polling_url: `${world.origin()}/pixazo/v2/requests/status/${job.id}`,
				},
			}),
		};
	}

	return {
		name: 'pixazo',

		routeOf({ method, path }) {
			if (STATUS_PATH.test(path)) return method === 'GET' ? 'status' : 'unknown';
			return method === 'POST' && MODEL_PATH.test(path) ? 'create' : 'unknown';
		},

		jobIdOf: ({ path }) => STATUS_PATH.exec(path)?.[1] ?? null,

		handle(request) {
			const refused = refusedKey(request);
			if (refused) return answerWith(refused);
			const id = STATUS_PATH.exec(request.path)?.[1];
			if (id !== undefined) {
				if (request.method !== 'GET') return answerWith(failure(405, 'Use GET'));
				const job = jobs.find('pixazo', id);
				return answerWith(
					job ? { status: 200, body: requestBody(job, isoTime) } : failure(404, `Request '${id}' not found`),
				);
			}
			const [, modelId, operation] = MODEL_PATH.exec(request.path) ?? [];
			if (modelId === undefined || operation === undefined) return answerWith(failure(404, 'Resource not found'));
			return create(request, modelId, operation);
		},

		refuse: (reason) =>
			reason === 'no credits'
				? failure(402, 'Your wallet does not have enough balance.')
				: failure(429, 'Rate limit exceeded'),
		error: (status, message) => failure(status, message ?? `Error ${status}`),
		callbackBody: (job) => requestBody(job, plainTime),
		syncEveryMs: () => world.settings.pixazo.syncEveryMs,
		isReceived: (status) => status >= 200 && status < 300,
		places: () => ({
			id: ['request_id'],
			status: ['status'],
			url: ['output', 'media_url'],
			completed: 'COMPLETED',
			unknown: 'HIBERNATING',
		}),
	};
}

/** The webhook headers, or why they are refused ("Webhook": HTTPS required). */
function webhookOf({ headers }: ApiRequest): { url: string | null; when: 'terminal' | 'sync' } | string {
	const url = headers['x-webhook-url'];
	const mode = headers['x-webhook-mode'] ?? 'terminal';
	if (mode !== 'terminal' && mode !== 'sync') return 'X-Webhook-Mode must be terminal or sync';
	if (url === undefined) return { url: null, when: mode };
	if (typeof url !== 'string' || !isHttpUrl(url)) return 'X-Webhook-URL must be a valid URL';
	const { protocol, hostname } = new URL(url);
	// Looser than the service, which takes no http at all: a test's receiver on this machine has no certificate.
	const isLoopback = hostname === 'localhost' || hostname === '[::1]' || hostname.startsWith('127.');
	return protocol === 'https:' || isLoopback ? { url, when: mode } : 'X-Webhook-URL must use HTTPS';
}

export const pixazo: StandIn<PixazoSettings> = {
	key: 'pixazo-test-key',
	basePath: '',
	settings: () => ({
		// pixazo.ai, Delivery semantics: retries happen, their number and pace are not given.
		...commonSettings([1000], 1000, 1),
		authErrors: 'documented',
		syncEveryMs: 100,
	}),
	// pixazo.ai, Status Values: `ERROR` is not charged.
	isRefunded: ({ status }) => status === 'errored',
	signsUrls: false,
	create: createPixazo,
};
