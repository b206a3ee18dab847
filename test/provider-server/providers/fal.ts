/**
 * fal.ai's queue with Luma's models, its storage and its history of requests (docs.fal.ai: Queue, Webhooks, Errors, Platform
 * APIs; the pages of the models).
 */
import { createHash, generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import { commonSettings, type CommonSettings } from '../commonSettings';
import { isObject, readJson, type Answer, type ApiRequest, type JsonObject } from '../http';
import { hasEnded, type Job, type Order } from '../jobs';
import { answerWith, type Outcome, type Provider, type World } from '../provider';
import { isHttpUrl } from '../shape';
import type { StandIn } from '../standIn';
import { FalFiles, isInitiation, isStorage } from './fal.files';
import { MODELS, appOf, findingOf, findingsIn } from './fal.requests';

const REQUEST = /^\/([^/]+\/[^/]+)\/requests\/([^/]+)(?:\/(status|response|cancel))?$/;
/** The whole name of a model before a request's: an easy mistake. */
const LONG_REQUEST = /^\/[^/]+\/[^/]+\/.+\/requests\//;
const HISTORY = '/v1/models/requests/by-endpoint';
const KEYS = '/.well-known/jwks.json';

/** "Errors": the model's types and their HTTP statuses. */
const MODEL_ERRORS: Readonly<Record<string, number>> = {
	content_policy_violation: 422,
	no_media_generated: 422,
	face_detection_error: 422,
	file_download_error: 422,
	image_load_error: 422,
	image_too_large: 422,
	video_duration_too_long: 422,
	feature_not_supported: 422,
	missing: 422,
	internal_server_error: 500,
	generation_timeout: 504,
	downstream_service_error: 400,
	downstream_service_unavailable: 500,
};
/** The platform's: `error_type`. */
const PLATFORM_ERRORS: Readonly<Record<string, number>> = {
	request_timeout: 504,
	runner_disconnected: 503,
	runner_incomplete_response: 502,
	runner_server_error: 500,
	internal_error: 500,
	client_cancelled: 499,
	bad_request: 400,
};

const MODERATED = 'The content could not be processed because it was flagged by a content checker.';

const DETAILS: Readonly<Record<number, string>> = {
	401: 'Cannot access application "luma/agent". Authentication is required to access this application.',
	404: 'Not Found',
	405: 'Method Not Allowed',
	429: 'Too many concurrent requests',
};

function detail(status: number, text = DETAILS[status] ?? `Error ${status}`): Answer {
	return { status, body: { detail: text } };
}

function platformError(status: number, type: string, text: string): Answer {
	const headers = { 'x-fal-error-type': type, 'x-fal-retryable': String(status >= 500) };
	return { status, headers, body: { detail: text, error_type: type } };
}

interface FalSettings extends CommonSettings {
	/** How long after its end a request is in the history, in milliseconds: nobody says how soon that is. */
	historyLagMs: number;
}

function createFal(world: World): Provider {
	const { settings, jobs } = world;
	const keys = generateKeyPairSync('ed25519');
	const find = (id: string): Job | undefined => jobs.find('fal', id);
	const files = new FalFiles(world, detail);
	const addressOf = ({ id, model }: Job, end = ''): string => `${world.origin()}/fal/${appOf(model)}/requests/${id}${end}`;
	const addresses = (job: Job): JsonObject => ({
		response_url: addressOf(job),
		status_url: addressOf(job, '/status'),
		cancel_url: addressOf(job, '/cancel'),
	});

	function outputOf(job: Job): JsonObject {
		const file = (name: 'output.exr' | 'output.jpg' | 'output.mp4' | 'output.png', type: string): JsonObject => ({
			url: world.mediaUrl(job, name),
			content_type: type,
			file_name: name,
			file_size: 4183920,
		});
		if (job.operation.startsWith('image')) {
			return { images: [job.request.output_format === 'jpeg' ? file('output.jpg', 'image/jpeg') : file('output.png', 'image/png')] };
		}
		return {
			video: file('output.mp4', 'video/mp4'),
			...(job.request.exr_export === true ? { exr_file: file('output.exr', 'image/x-exr') } : {}),
		};
	}

	/** How a request ended that has no output; `[fails: type: text]` names the type too. */
	function failureOf(job: Job): Answer | null {
		if (job.status === 'completed') return null;
		const reason = job.failureReason ?? '';
		if (job.status === 'errored') return platformError(500, 'internal_error', reason);
		const [, type = '', text = ''] = /^([a-z_]+): *(.*)$/s.exec(reason) ?? [];
		const platform = PLATFORM_ERRORS[type];
		if (platform !== undefined) return platformError(platform, type, text);
		const known = MODEL_ERRORS[type] === undefined ? (reason === MODERATED ? 'content_policy_violation' : 'no_media_generated') : type;
		return { status: MODEL_ERRORS[known] ?? 422, body: { detail: [findingOf(known, known === type ? text : reason, [], job.request)] } };
	}

	/** A status may tell errors: here it does those of the service. */
	function errorInStatus(job: Job): JsonObject {
		const failure = failureOf(job);
		if (!failure || failure.status < 500) return {};
		const type = isObject(failure.body) && typeof failure.body.error_type === 'string' ? failure.body.error_type : 'runner_server_error';
		return { error: 'Request could not be processed', error_type: type };
	}

	function status(job: Job, query: URLSearchParams): Answer {
		const more = { logs: query.get('logs') === '1' ? [] : null, ...addresses(job) };
		if (hasEnded(job)) {
			const metrics = { inference_time: Math.max(0, (job.completedAt ?? 0) - job.createdAt) / 1000 };
			return { status: 200, body: { status: 'COMPLETED', request_id: job.id, metrics, ...more, ...errorInStatus(job) } };
		}
		if (job.status === 'queued') return { status: 200, body: { status: 'IN_QUEUE', request_id: job.id, queue_position: 0, ...addresses(job) } };
		return { status: 200, body: { status: 'IN_PROGRESS', request_id: job.id, ...more } };
	}

	function result(job: Job): Answer {
		if (!hasEnded(job)) return detail(400, 'Request is still in progress');
		return failureOf(job) ?? { status: 200, body: outputOf(job) };
	}

	/** "Cancel": told by the HTTP status. */
	function cancel(job: Job | undefined): Answer {
		if (!job) return { status: 404, body: { status: 'NOT_FOUND' } };
		if (hasEnded(job)) return { status: 400, body: { status: 'ALREADY_COMPLETED' } };
		jobs.finish(job.id, 'failed', 'client_cancelled: Request was cancelled');
		return { status: 202, body: { status: 'CANCELLATION_REQUESTED' } };
	}

	const locked = (): Answer => detail(403, 'User is locked. Reason: Exhausted balance. Top up your balance to go on.');

	function read(request: ApiRequest, app: string, id: string, what: string | undefined): Answer {
		const method = what === 'cancel' ? 'PUT' : 'GET';
		if (request.method !== method) return detail(405);
		const found = find(id);
		const job = found && appOf(found.model) === app ? found : undefined;
		if (what === 'cancel') return cancel(job);
		if (!job) return detail(404, 'Request not found');
		return what === 'status' ? status(job, request.query) : result(job);
	}

	/** "List requests by endpoint(s)": what has ended, newest end first. */
	function history({ method, query }: ApiRequest): Answer {
		if (method !== 'GET') return detail(405);
		const refuse = (message: string): Answer => ({ status: 400, body: { error: { type: 'validation_error', message, request_id: randomUUID() } } });
		const stranger = [...query.keys()].find((name) => !['endpoint_id', 'start', 'end', 'status', 'request_id', 'expand', 'sort_by', 'limit', 'cursor'].includes(name));
		if (stranger !== undefined) return refuse(`${stranger} is not a known parameter`);
		const endpoints = query.getAll('endpoint_id').flatMap((each) => each.split(','));
		if (endpoints.length < 1 || endpoints.length > 50 || endpoints.includes('')) return refuse('endpoint_id must have 1 to 50 entries');
		const limit = Number(query.get('limit') ?? 50);
		if (!Number.isInteger(limit) || limit < 1 || limit > 100) return refuse('limit must be from 1 to 100');
		const cursor = query.get('cursor');
		const page = cursor === null ? 1 : Number(Buffer.from(cursor, 'base64').toString('utf8'));
		if (!Number.isInteger(page) || page < 1) return refuse('cursor is not valid');
		const until = Date.now() - settings.fal.historyLagMs;
		const ended = jobs.list('fal').filter((job) => hasEnded(job) && (job.completedAt ?? 0) <= until && endpoints.includes(job.model));
		ended.sort((a, b) => (b.completedAt ?? 0) - (a.completedAt ?? 0));
		const end = page * limit;
		const next = end < ended.length ? Buffer.from(String(page + 1)).toString('base64') : null;
		const time = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());
		return {
			status: 200,
			body: {
				items: ended.slice(end - limit, end).map((job) => {
					const failure = failureOf(job);
					return {
						request_id: job.id,
						endpoint_id: job.model,
						started_at: time(job.createdAt),
						sent_at: time(job.createdAt),
						ended_at: time(job.completedAt),
						status_code: failure?.status ?? 200,
						duration: ((job.completedAt ?? 0) - job.createdAt) / 1000,
						...(query.get('expand') === 'payloads' ? { json_input: job.request, json_output: failure?.body ?? outputOf(job) } : {}),
					};
				}),
				next_cursor: next,
				has_more: next !== null,
			},
		};
	}

	function orderOf(model: string, input: JsonObject, callbackUrl: string | null): Order {
		const text = (name: string, byDefault: string): string => (typeof input[name] === 'string' ? input[name] : byDefault);
		return {
			id: randomUUID(),
			operation: MODELS[model]?.operation ?? 'generate',
			model,
			prompt: text('prompt', ''),
			request: input,
			callbackUrl,
			callbackWhen: 'terminal',
			resolution: text('resolution', '540p'),
			aspectRatio: text('aspect_ratio', '16:9'),
			durationSeconds: Number.parseInt(text('duration', '5s'), 10),
			sound: false,
			moderationText: MODERATED,
		};
	}

	function submit(request: ApiRequest, model: string): Outcome {
		if (!MODELS[model]) return answerWith(detail(404, `Application "${model}" not found`));
		if (request.method !== 'POST') return answerWith(detail(405));
		const reading = readJson(request);
		if (!reading.ok || !isObject(reading.value)) return answerWith(platformError(400, 'bad_request', 'The body must be a JSON object'));
		const findings = findingsIn(model, reading.value);
		if (findings.length > 0) return answerWith({ status: 422, body: { detail: findings } });
		const stranger = [...request.query.keys()].find((name) => name !== 'fal_webhook');
		if (stranger !== undefined) return answerWith(platformError(400, 'bad_request', `${stranger} is not a known parameter`));
		const callbackUrl = request.query.get('fal_webhook');
		if (callbackUrl !== null && !isHttpUrl(callbackUrl)) return answerWith(platformError(400, 'bad_request', 'fal_webhook must be a URL'));
		return {
			kind: 'order',
			order: orderOf(model, reading.value, callbackUrl),
			accepted: (job) => ({ status: 200, body: { status: 'IN_QUEUE', request_id: job.id, queue_position: 0, ...addresses(job) } }),
		};
	}

	function decide(request: ApiRequest): Outcome {
		if (request.path === KEYS) {
			const { x } = keys.publicKey.export({ format: 'jwk' });
			return answerWith({ status: 200, body: { keys: [{ kty: 'OKP', crv: 'Ed25519', x }] } });
		}
		if (isStorage(request.path)) return answerWith(files.receive(request));
		if (request.headers.authorization !== `Key ${world.keys.fal}`) return answerWith(detail(401));
		if (isInitiation(request.path)) return answerWith(files.initiate(request));
		if (request.path === HISTORY) return answerWith(history(request));
		const [, app, id, what] = REQUEST.exec(request.path) ?? [];
		if (app !== undefined && id !== undefined) return answerWith(read(request, app, decodeURIComponent(id), what));
		if (LONG_REQUEST.test(request.path)) return answerWith(detail(405));
		return submit(request, request.path.slice(1));
	}

	function callbackBody(job: Job): JsonObject {
		const ids = { request_id: job.id, gateway_request_id: job.id };
		const failure = failureOf(job);
		if (!failure) return { ...ids, status: 'OK', error: null, payload: outputOf(job) };
		return { ...ids, status: 'ERROR', error: `Invalid status code: ${failure.status}`, payload: failure.body };
	}

	return {
		name: 'fal',

		routeOf({ method, path }) {
			if (path === KEYS) return 'account';
			if (isStorage(path)) return 'upload';
			if (path === HISTORY) return 'list';
			if (isInitiation(path)) return 'catalogue';
			const [request, , , what] = REQUEST.exec(path) ?? [];
			if (what === 'cancel') return 'cancel';
			if (request !== undefined) return method === 'GET' ? 'status' : 'unknown';
			return method === 'POST' && MODELS[path.slice(1)] ? 'create' : 'unknown';
		},

		jobIdOf: ({ path }) => REQUEST.exec(path)?.[2] ?? null,

		handle(request) {
			const outcome = decide(request);
			const headers = { 'x-fal-request-id': randomUUID() };
			const named = (answer: Answer): Answer => ({ ...answer, headers: { ...headers, ...answer.headers } });
			if (outcome.kind === 'order') return { ...outcome, accepted: (job) => named(outcome.accepted(job)) };
			return { ...outcome, answer: named(outcome.answer) };
		},

		refuse: (reason) => (reason === 'no credits' ? locked() : { ...detail(429), headers: { 'x-fal-needs-retry': '1' } }),
		error: (code, message) => (code >= 500 ? platformError(code, 'internal_error', message ?? `Error ${code}`) : detail(code, message)),
		callbackBody,
		callbackHeaders(id, text) {
			const userId = 'user-1';
			const timestamp = String(Math.floor(Date.now() / 1000));
			const signed = [id, userId, timestamp, createHash('sha256').update(text).digest('hex')].join('\n');
			return {
				'x-fal-webhook-request-id': id,
				'x-fal-webhook-user-id': userId,
				'x-fal-webhook-timestamp': timestamp,
				'x-fal-webhook-signature': sign(null, Buffer.from(signed), keys.privateKey).toString('hex'),
			};
		},
		isReceived: (code) => code >= 200 && code < 300,
		places: () => ({
			id: ['request_id'],
			status: ['status'],
			url: ['video', 'url'],
			completed: 'COMPLETED',
			unknown: 'HIBERNATING',
		}),
	};
}

export const fal: StandIn<FalSettings> = {
	key: 'fal-test-key-id:fal-test-key-secret',
	basePath: '',
	settings: () => ({
		// "Webhooks": ten tries within two hours, or growing pauses for as long as the result is kept. Prices are in US cents.
		...commonSettings([1000, 2000], 1_000_000, 50),
		historyLagMs: 60_000,
	}),
	// "Pricing": outputs are charged, errors of the service are free. What a model refused may be charged.
	isRefunded: ({ status, failureReason }) =>
		status === 'errored' || /^(internal_server_error|generation_timeout|downstream_service_unavailable|runner_|internal_error|request_timeout)/.test(failureReason ?? ''),
	signsUrls: false,
	create: createFal,
};
