/** Luma Agents API (docs.agents.lumalabs.ai; official client github.com/lumalabs/luma-agents-typescript). */
import { randomUUID } from 'node:crypto';
import { commonSettings, type CommonSettings } from '../commonSettings';
import { isObject, readJson, type Answer, type ApiRequest, type JsonObject } from '../http';
import type { Job, Order } from '../jobs';
import { presigned } from '../presigned';
import { answerWith, type Outcome, type Provider, type World } from '../provider';
import { describeProblem, findProblems } from '../shape';
import type { StandIn } from '../standIn';
import { Files } from './lumaAgents.files';
import {
	BODY_SHAPE,
	brokenRule,
	durationOf,
	isImageType,
	modelOf,
	operationOf,
	partOf,
	sourceIdOf,
	typeOf,
	type Account,
} from './lumaAgents.requests';

const BASE = '/v1';
const GENERATION = /^\/generations\/([^/]+)$/;
const VERSION = '2026-04-01';
const MINUTE = 60_000;
/** "Rate limits": depends on the plan; told in headers. */
const USUAL_RPM = 30;

const FAILURE_CODES = [
	'content_moderated',
	'generation_failed',
	'budget_exhausted',
	'output_not_found',
	'image_too_large',
	'unsupported_format',
	'corrupt_input',
	'invalid_request',
	'rate_limited',
];
const MODERATED = 'Prompt was flagged by our content moderation system.';

/** As the error guide words them. */
const DETAILS: Record<number, string> = {
	401: 'Missing or invalid API key',
	402: 'Insufficient balance. Please add funds to continue.',
	403: 'Access denied',
	404: 'Not Found',
	429: 'Rate limit exceeded',
	502: 'Upstream service unavailable',
	503: 'Media URL ingestion is unavailable',
};

function detail(status: number, text = DETAILS[status] ?? `Error ${status}`, headers?: Record<string, string>): Answer {
	return { status, body: { detail: text }, ...(headers ? { headers } : {}) };
}

/** "On every response": the request's own id, or a new one, and the version. */
function withHeaders(answer: Answer, requestId?: string | string[]): Answer {
	const id = typeof requestId === 'string' ? requestId : randomUUID();
	return { ...answer, headers: { 'x-request-id': id, 'x-api-version': VERSION, ...answer.headers } };
}

interface LumaAgentsSettings extends CommonSettings {
	/** Milliseconds for which a presigned URL works (documented: one hour). Every read makes a new one. */
	urlMs: number;
	/** Bytes of an image inside a request that are still taken (documented: 50 MB). */
	maxImageBytes: number;
	/** Bytes of a video inside a request that are still taken (documented: 200 MB). */
	maxVideoBytes: number;
	/** Milliseconds until a file that is complete can be used (not documented). */
	fileReadyMs: number;
	/** Seconds of `Retry-After` when too many jobs run (documented: 60). */
	retryAfterSeconds: number;
}

function createLumaAgents(world: World): Provider {
	const { settings, jobs } = world;
	const find = (id: string): Job | undefined => jobs.find('lumaAgents', id);
	const files = new Files(world, (status, text) => detail(status, text));
	const account = (): Account => ({
		findGeneration: find,
		findFile(id) {
			const file = files.find(id);
			return file && { mimeType: file.mimeType, state: files.stateOf(file).state };
		},
		maxImageBytes: settings.lumaAgents.maxImageBytes,
		maxVideoBytes: settings.lumaAgents.maxVideoBytes,
	});

	function outputOf(job: Job): JsonObject[] {
		if (job.status !== 'completed') return [];
		const { urlMs } = settings.lumaAgents;
		const url = (file: 'output.mp4' | 'output.exr' | 'output.jpg' | 'output.png'): string => presigned(world.mediaUrl(job, file), urlMs);
		// Left out, the model chooses the format.
		if (isImageType(typeOf(job.request)))
			return [{ type: 'image', url: url(job.request.output_format === 'jpeg' ? 'output.jpg' : 'output.png') }];
		return [
			{ type: 'video', url: url('output.mp4') },
			...(partOf(job.request, 'video').exr_export === true ? [{ type: 'exr', url: url('output.exr') }] : []),
		];
	}

	/** `[fails: corrupt_input: text]` names the code too. */
	function failureOf(job: Job): { failure_code: string | null; failure_reason: string | null } {
		if (job.failureReason === null) return { failure_code: null, failure_reason: null };
		const [, code = '', reason = ''] = /^([a-z_]+): *(.*)$/s.exec(job.failureReason) ?? [];
		if (FAILURE_CODES.includes(code)) return { failure_code: code, failure_reason: reason };
		const moderated = job.failureReason === MODERATED;
		return {
			failure_code: moderated ? 'content_moderated' : 'generation_failed',
			failure_reason: job.failureReason,
		};
	}

	function generation(job: Job): JsonObject {
		return {
			id: job.id,
			type: typeOf(job.request),
			state: job.status === 'errored' ? 'failed' : job.status,
			model: job.model,
			created_at: new Date(job.createdAt).toISOString(),
			output: outputOf(job),
			...failureOf(job),
		};
	}

	/** "Rate limits": a window of 60 s that slides. */
	function rateHeaders(): Record<string, string> {
		const limit = settings.lumaAgents.createsPerMinute ?? USUAL_RPM;
		const now = Date.now();
		const recent = jobs.all().filter(({ provider, createdAt }) => provider === 'lumaAgents' && createdAt > now - MINUTE);
		const reset = (recent[0]?.createdAt ?? now) + MINUTE;
		return {
			'x-ratelimit-limit': String(limit),
			'x-ratelimit-remaining': String(Math.max(0, limit - recent.length)),
			'x-ratelimit-reset': String(Math.ceil(reset / 1000)),
		};
	}

	function tooMany(): Answer {
		const { maxConcurrent, retryAfterSeconds } = settings.lumaAgents;
		if (maxConcurrent !== null && jobs.running('lumaAgents') >= maxConcurrent)
			return detail(429, 'Too many concurrent jobs', { 'retry-after': String(retryAfterSeconds) });
		const headers = rateHeaders();
		const seconds = Math.max(1, Number(headers['x-ratelimit-reset']) - Math.floor(Date.now() / 1000));
		return detail(429, 'Rate limit exceeded', { ...headers, 'retry-after': String(seconds) });
	}

	function orderOf(body: JsonObject): Order {
		const source = find(sourceIdOf(body) ?? '');
		const operation = operationOf(body);
		const text = (value: unknown): string | null => (typeof value === 'string' ? value : null);
		return {
			id: randomUUID(),
			operation,
			model: modelOf(body),
			prompt: text(body.prompt) ?? '',
			request: body,
			callbackUrl: null,
			callbackWhen: 'changes',
			resolution: text(partOf(body, 'video').resolution) ?? '720p',
			aspectRatio: text(body.aspect_ratio) ?? source?.aspectRatio ?? '16:9',
			durationSeconds: durationOf(body),
			sound: false,
			moderationText: MODERATED,
		};
	}

	function create(request: ApiRequest): Outcome {
		const reading = readJson(request);
		if (!reading.ok) {
			const message = reading.problem === 'syntax' ? 'Invalid JSON body' : 'Content-Type must be application/json';
			return answerWith(detail(400, message));
		}
		const problem = findProblems(reading.value, BODY_SHAPE)[0];
		if (problem) return answerWith(detail(problem.kind === 'unknown' ? 422 : 400, describeProblem(problem)));
		if (!isObject(reading.value)) return answerWith(detail(400, 'Invalid body'));
		const body = reading.value;
		const refusal = brokenRule(body, account());
		if (refusal) return answerWith(detail(refusal.status, refusal.detail));
		return {
			kind: 'order',
			order: orderOf(body),
			accepted: (job) => ({ status: 201, body: generation(job), headers: rateHeaders() }),
		};
	}

	function decide(request: ApiRequest): Outcome {
		if (Files.isStorage(request.path)) return answerWith(files.receive(request));
		const own = request.path.startsWith(`${BASE}/`) ? request.path.slice(BASE.length) : '';
		if (request.headers.authorization !== `Bearer ${world.keys.lumaAgents}`) return answerWith(detail(401));
		const id = GENERATION.exec(own)?.[1];
		if (id !== undefined) {
			if (request.method !== 'GET') return answerWith(detail(405, 'Method Not Allowed'));
			const job = find(id);
			return answerWith(job ? { status: 200, body: generation(job) } : detail(404, 'Generation not found'));
		}
		if (own === '/generations')
			return request.method === 'POST' ? create(request) : answerWith(detail(405, 'Method Not Allowed'));
		return answerWith(files.answer(request, own) ?? detail(404));
	}

	return {
		name: 'lumaAgents',

		routeOf({ method, path }) {
			if (Files.isStorage(path)) return 'upload';
			const own = path.slice(BASE.length);
			if (own === '/files' && method === 'GET') return 'account';
			if (/^\/files(\/|$)/.test(own) && ['DELETE', 'GET', 'POST'].includes(method)) return 'catalogue';
			if (method === 'POST') return own === '/generations' ? 'create' : 'unknown';
			if (method !== 'GET') return 'unknown';
			return GENERATION.test(own) ? 'status' : 'unknown';
		},

		jobIdOf: ({ path }) => GENERATION.exec(path.slice(BASE.length))?.[1] ?? null,

		handle(request) {
			const requestId = request.headers['x-request-id'];
			const outcome = decide(request);
			if (outcome.kind === 'order')
				return { ...outcome, accepted: (job) => withHeaders(outcome.accepted(job), requestId) };
			return { ...outcome, answer: withHeaders(outcome.answer, requestId) };
		},

		refuse: (reason) => withHeaders(reason === 'no credits' ? detail(402) : tooMany()),
		error: (status, message) => withHeaders(detail(status, message)),
		// There are none.
		callbackBody: generation,
		isReceived: () => false,
		places: () => ({
			id: ['id'],
			status: ['state'],
			url: ['output'],
			completed: 'completed',
			unknown: 'hibernating',
		}),
	};
}

export const lumaAgents: StandIn<LumaAgentsSettings> = {
	key: 'luma-api-test-key',
	basePath: '/v1',
	settings: () => ({
		// There are no callbacks. Prices are in US cents.
		...commonSettings([], 1_000_000, 30),
		urlMs: 60 * 60 * 1000,
		maxImageBytes: 50 * 1024 * 1024,
		maxVideoBytes: 200 * 1024 * 1024,
		fileReadyMs: 30,
		retryAfterSeconds: 60,
	}),
	// docs.agents.lumalabs.ai, FAQ: failed generations are refunded. Of other codes nothing is said.
	isRefunded: ({ status, failureReason }) =>
		status !== 'completed' &&
		!/^(budget_exhausted|rate_limited|image_too_large|unsupported_format|corrupt_input|invalid_request):/.test(failureReason ?? ''),
	signsUrls: true,
	create: createLumaAgents,
};
