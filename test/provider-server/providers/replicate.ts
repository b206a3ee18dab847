/** Luma's models at Replicate (OpenAPI document of api.replicate.com, replicate.com/docs, npm `replicate`). */
import { createHash, createHmac, randomBytes } from 'node:crypto';
import { commonSettings, type CommonSettings } from '../commonSettings';
import { isObject, readForm, readJson, type Answer, type ApiRequest, type FormPart, type JsonObject } from '../http';
import type { Job } from '../jobs';
import { answerWith, type Outcome, type Provider, type World } from '../provider';
import { GRID_FIELDS, findProblems, isHttpUrl, type Fields, type Problem } from '../shape';
import type { StandIn } from '../standIn';

const BASE = '/v1';
const CREATE_PATH = /^\/models\/([^/]+\/[^/]+)\/predictions$/;
const PREDICTION_PATH = /^\/predictions\/([a-z0-9]+)$/;
const CANCEL_PATH = /^\/predictions\/([a-z0-9]+)\/cancel$/;
const FILE_PATH = /^\/files\/([a-z0-9]+)$/;
const READS: Record<string, 'list' | 'account' | 'catalogue'> = {
	'/predictions': 'list',
	'/account': 'account',
	'/webhooks/default/secret': 'catalogue',
};

const CANCELED = 'canceled';
const MAX_UPLOAD_BYTES = 100_000_000;
const KEPT_MS = 3_600_000;
/** `webhooks/default/secret`. */
const WEBHOOK_KEY = `whsec_${Buffer.from('the webhook key of the tests').toString('base64')}`;

// URIs are checked apart.
const uri = { type: 'string' } as const;
const OLD_RATIOS = ['1:1', '3:4', '4:3', '9:16', '16:9', '9:21', '21:9'] as const;

const RAY_3_2: Fields = {
	prompt: { type: 'string', filled: true, required: true },
	aspect_ratio: { type: 'string', values: ['9:16', '3:4', '1:1', '4:3', '16:9', '21:9'] },
	duration: { type: 'integer', values: [5, 10] },
	resolution: { type: 'string', values: ['540p', '720p', '1080p'] },
	start_image: uri,
	end_image: uri,
	loop: { type: 'boolean' },
	hdr: { type: 'boolean' },
	exr_export: { type: 'boolean' },
};

const RAY_2: Fields = {
	prompt: { type: 'string', filled: true, required: true },
	aspect_ratio: { type: 'string', values: OLD_RATIOS },
	duration: { type: 'integer', values: [5, 9] },
	start_image: uri,
	end_image: uri,
	loop: { type: 'boolean' },
	concepts: { type: 'array', items: { type: 'string' } },
};

/** The input of each model. */
const MODELS: Record<string, { operation: string; input: Fields }> = {
	'luma/ray-3.2': { operation: 'generate', input: RAY_3_2 },
	'luma/ray-2-540p': { operation: 'generate', input: RAY_2 },
	'luma/ray-2-720p': { operation: 'generate', input: RAY_2 },
	'luma/ray-flash-2-540p': { operation: 'generate', input: RAY_2 },
	'luma/ray-flash-2-720p': { operation: 'generate', input: RAY_2 },
	'luma/modify-video': {
		operation: 'modify',
		input: {
			video: { ...uri, required: true },
			first_frame: uri,
			prompt: { type: 'string' },
			mode: { type: 'string', values: ['adhere', 'flex', 'reimagine'].flatMap((band) => [1, 2, 3].map((level) => `${band}_${level}`)) },
		},
	},
	'luma/reframe-video': {
		operation: 'reframe',
		input: {
			video: { ...uri, required: true },
			aspect_ratio: { type: 'string', values: OLD_RATIOS },
			prompt: { type: 'string' },
			...GRID_FIELDS,
		},
	},
};

const bodyFor = (input: Fields): Fields => ({
	// What unknown inputs do depends on the model and is not documented for these: they are refused here.
	input: { type: 'object', fields: input, required: true },
	webhook: { type: 'string', url: true },
	webhook_events_filter: { type: 'array', items: { type: 'string', values: ['start', 'output', 'logs', 'completed'] } },
	stream: { type: 'boolean' },
});

/** Titles and texts by HTTP status, as they were seen. */
const ERRORS: Record<number, { title?: string; detail: string }> = {
	401: { title: 'Unauthenticated', detail: 'You did not pass a valid authentication token' },
	402: {
		title: 'Insufficient credit',
		detail: 'You have insufficient credit to run this model. Buy credit, then wait a few minutes before you try again.',
	},
	404: { detail: 'The requested resource could not be found.' },
	413: { detail: 'Files must be less than 100MB in size' },
};

interface ReplicateSettings extends CommonSettings {
	/** Predictions on one page of the list. */
	listMaximum: number;
	/** Whether more than an hour went by: inputs and outputs of what has ended are gone. */
	dataRemoved: boolean;
	/** Whether answers add to the input what nobody asked for (not documented). */
	addsSeed: boolean;
}

function invalid(problems: Array<{ type: string; field: string; description: string }>): Answer {
	const detail = problems.map(({ field, description }) => `- ${field}: ${description}\n`).join('');
	return { status: 422, body: { title: 'Input validation failed', detail, status: 422, invalid_fields: problems } };
}

function fromShape(problems: Problem[]): Answer {
	const types = { missing: 'required', unknown: 'additional_property', type: 'invalid_type', value: 'invalid_value' } as const;
	return invalid(
		problems.map(({ kind, path, message }) => {
			const name = path.at(-1) ?? '';
			const field = path.slice(0, -1).join('.') || name || 'body';
			return { type: types[kind], field, description: `${name} ${message}`.trim() };
		}),
	);
}

/** What cannot be asked for together, with the field that it is about. */
function brokenRules(input: JsonObject): Array<[field: string, description: string]> {
	const isLong = input.duration === 10;
	const resolution = input.resolution ?? '720p';
	const rules: Array<[isBroken: boolean, field: string, description: string]> = [
		[isLong && input.start_image !== undefined, 'start_image', 'must not be set when duration is 10'],
		[isLong && input.end_image !== undefined, 'end_image', 'must not be set when duration is 10'],
		// Alone it is not documented.
		[input.end_image !== undefined && input.start_image === undefined, 'end_image', 'needs a start_image'],
		[input.loop === true && isLong, 'loop', 'must be false when duration is 10'],
		[input.loop === true && input.hdr === true, 'loop', 'must be false when hdr is true'],
		[input.loop === true && input.end_image !== undefined, 'loop', 'must be false when there is an end_image'],
		[input.hdr === true && isLong, 'hdr', 'must be false when duration is 10'],
		[input.hdr === true && resolution === '540p', 'hdr', 'must be false when resolution is 540p'],
		[input.exr_export === true && input.hdr !== true, 'exr_export', 'must be false when hdr is false'],
	];
	return rules.flatMap(([isBroken, field, description]) => (isBroken ? [[field, description]] : []));
}

function isLoopback({ hostname }: URL): boolean {
	return hostname === 'localhost' || hostname === '[::1]' || hostname.startsWith('127.');
}

/** 26 characters, as the service's ids. */
function newId(): string {
	return BigInt(`0x${randomBytes(16).toString('hex')}`).toString(36).padStart(26, '0').slice(-26);
}

function createReplicate(world: World): Provider {
	const { jobs, settings } = world;
	const files = new Map<string, JsonObject>();
	const apiUrl = (path: string): string => `${world.origin()}/replicate${BASE}${path}`;

	function failure(status: number, message?: string): Answer {
		const { title, detail } = ERRORS[status] ?? { detail: `Error ${status}` };
		return { status, body: { ...(title === undefined ? {} : { title }), detail: message ?? detail, status } };
	}

	/** It names 30 s in the documentation, too long for tests. */
	function throttled(): Answer {
		return { status: 429, body: { detail: 'Request was throttled. Your rate limit resets in ~1s.' } };
	}

	function wordOf(job: Job): string {
		const words = { queued: 'starting', processing: 'processing', completed: 'succeeded' } as const;
		if (job.status !== 'failed' && job.status !== 'errored') return words[job.status];
		return job.failureReason === CANCELED ? CANCELED : 'failed';
	}

	function prediction(job: Job): JsonObject {
		const isGone = settings.replicate.dataRemoved && job.completedAt !== null;
		const seconds = job.completedAt === null ? null : (job.completedAt - job.createdAt) / 1000;
		return {
			id: job.id,
			model: job.model,
			version: 'hidden',
			input: isGone ? {} : { ...((job.request.input as JsonObject | undefined) ?? describedInput(job)), ...(settings.replicate.addsSeed ? { seed: 7 } : {}) },
			logs: isGone ? null : '',
			output: job.status === 'completed' && !isGone ? world.mediaUrl(job) : null,
			data_removed: isGone,
			error: wordOf(job) === 'failed' ? job.failureReason : null,
			status: wordOf(job),
			created_at: new Date(job.createdAt).toISOString(),
			...(job.status === 'queued' ? {} : { started_at: new Date(job.createdAt).toISOString() }),
			...(job.completedAt === null ? {} : { completed_at: new Date(job.completedAt).toISOString() }),
			...(seconds === null ? {} : { metrics: { predict_time: seconds, total_time: seconds } }),
			source: 'api',
			urls: {
				get: apiUrl(`/predictions/${job.id}`),
				cancel: apiUrl(`/predictions/${job.id}/cancel`),
				web: `https://replicate.com/p/${job.id}`,
			},
		};
	}

	/** A web address, a data URI, or a file that was uploaded here. */
	function uriProblem(value: unknown): string | null {
		const uri = String(value);
		if (uri.startsWith(apiUrl('/files/')))
			return files.has(uri.slice(apiUrl('/files/').length)) ? null : 'names a file that does not exist';
		if (/^data:(?:image|video)\/[a-z0-9]+;base64,/.test(uri)) return uri.length <= 256_000 ? null : 'is too large for a data URI';
		return isHttpUrl(uri) ? null : 'must be a URI';
	}

	function create(request: ApiRequest, model: string, known: { operation: string; input: Fields }): Outcome {
		const reading = readJson(request);
		if (!reading.ok)
			return answerWith(
				reading.problem === 'syntax'
					? invalid([{ type: 'invalid_json', field: 'body', description: 'is not valid JSON' }])
					: invalid([{ type: 'content_type', field: 'body', description: 'must be sent as application/json' }]),
			);
		const problems = findProblems(reading.value, { type: 'object', fields: bodyFor(known.input) });
		if (problems.length > 0 || !isObject(reading.value)) return answerWith(fromShape(problems));
		const body = reading.value;
		const input = body.input as JsonObject;
		const uris = ['start_image', 'end_image', 'first_frame', 'video'].flatMap((name) => {
			const problem = input[name] === undefined ? null : uriProblem(input[name]);
			return problem === null ? [] : [[name, problem] as [string, string]];
		});
		const broken = [...uris, ...brokenRules(input)];
		if (broken.length > 0)
			return answerWith(
				invalid(broken.map(([name, text]) => ({ type: 'invalid_value', field: 'input', description: `${name} ${text}` }))),
			);
		const webhook = typeof body.webhook === 'string' ? body.webhook : null;
		// Looser than the service, which takes no http at all: a test's receiver on this machine has no certificate.
		if (webhook !== null && !webhook.startsWith('https:') && !isLoopback(new URL(webhook)))
			return answerWith(invalid([{ type: 'invalid_value', field: 'webhook', description: 'must be an HTTPS URL' }]));
		const events = (body.webhook_events_filter ?? ['output', 'completed']) as string[];
		const text = (name: string, byDefault: string): string => (typeof input[name] === 'string' ? input[name] : byDefault);
		return {
			kind: 'order',
			order: {
				id: newId(),
				operation: known.operation,
				model,
				prompt: text('prompt', ''),
				request: body,
				callbackUrl: events.includes('completed') || events.includes('start') ? webhook : null,
				callbackWhen: events.includes('start') ? 'changes' : 'terminal',
				resolution: text('resolution', /540p$/.test(model) ? '540p' : '720p'),
				aspectRatio: text('aspect_ratio', '16:9'),
				durationSeconds: Number(input.duration ?? 5),
				sound: false,
				// The service's own words are not documented.
				moderationText: 'Generation blocked by the content filter',
			},
			accepted: (job) => ({ status: 201, body: prediction(job) }),
		};
	}

	function list(query: URLSearchParams): Answer {
		const known = ['created_after', 'created_before', 'cursor'];
		const stranger = [...query.keys()].find((name) => !known.includes(name));
		if (stranger !== undefined) return failure(400, `${stranger} is not a known parameter`);
		const cursor = query.get('cursor');
		const all = jobs.list('replicate');
		const start = cursor === null ? 0 : all.findIndex(({ id }) => cursorOf(id) === cursor);
		if (start < 0) return failure(400, 'Invalid cursor');
		const end = start + settings.replicate.listMaximum;
		const next = all[end];
		return {
			status: 200,
			body: {
				previous: null,
				next: next ? `${apiUrl('/predictions')}?cursor=${encodeURIComponent(cursorOf(next.id))}` : null,
				results: all.slice(start, end).map(prediction),
			},
		};
	}

	function fileOf(parts: FormPart[]): { file: FormPart } | { refusal: Answer } {
		const refuse = (text: string): { refusal: Answer } => ({ refusal: failure(400, text) });
		const unknown = parts.find(({ name }) => !['content', 'filename', 'type', 'metadata'].includes(name));
		if (unknown) return refuse(`${unknown.name} is not a known field`);
		const [file, second] = parts.filter(({ name }) => name === 'content');
		if (!file || second || file.filename === null) return refuse('content is required, once');
		if (file.filename.length > 255) return refuse('The filename has more than 255 characters');
		if (file.data.length >= MAX_UPLOAD_BYTES) return { refusal: failure(413) };
		return { file };
	}

	function upload(request: ApiRequest): Answer {
		const parts = readForm(request);
		if (!parts) return failure(400, 'Content-Type must be multipart/form-data');
		const result = fileOf(parts);
		if ('refusal' in result) return result.refusal;
		const { data, type, filename } = result.file;
		const textOf = (name: string): string | undefined => parts.find((part) => part.name === name)?.data.toString('utf8');
		const id = newId();
		const record: JsonObject = {
			id,
			name: textOf('filename') ?? filename,
			content_type: textOf('type') ?? type ?? 'application/octet-stream',
			size: data.length,
			checksums: { sha256: createHash('sha256').update(data).digest('hex') },
			metadata: JSON.parse(textOf('metadata') ?? '{}') as JsonObject,
			created_at: new Date().toISOString(),
			expires_at: new Date(Date.now() + KEPT_MS).toISOString(),
			urls: { get: apiUrl(`/files/${id}`) },
		};
		files.set(id, record);
		world.uploads.set(id, { data, type: String(record.content_type) });
		return { status: 201, body: record };
	}

	function read(request: ApiRequest, own: string): Answer {
		if (own === '/account') return { status: 200, body: { type: 'user', username: 'tester', name: 'Tester' } };
		if (own === '/webhooks/default/secret') return { status: 200, body: { key: WEBHOOK_KEY } };
		if (own === '/predictions') return list(request.query);
		const file = files.get(FILE_PATH.exec(own)?.[1] ?? '');
		if (FILE_PATH.test(own)) return file ? { status: 200, body: file } : failure(404, 'File not found');
		const canceled = CANCEL_PATH.exec(own)?.[1];
		const job = jobs.find('replicate', canceled ?? PREDICTION_PATH.exec(own)?.[1] ?? '');
		if (job && canceled !== undefined) jobs.finish(job.id, 'failed', CANCELED);
		return job ? { status: 200, body: prediction(job) } : failure(404);
	}

	return {
		name: 'replicate',
		// The images go to the service itself.
		uploadsTakeKey: true,

		routeOf({ method, path }) {
			const own = path.startsWith(`${BASE}/`) ? path.slice(BASE.length) : '';
			if (method === 'POST') {
				if (CANCEL_PATH.test(own)) return 'cancel';
				return CREATE_PATH.test(own) ? 'create' : own === '/files' ? 'upload' : 'unknown';
			}
			if (method !== 'GET') return 'unknown';
			if (PREDICTION_PATH.test(own)) return 'status';
			return READS[own] ?? (FILE_PATH.test(own) ? 'catalogue' : 'unknown');
		},

		jobIdOf: ({ path }) => (CANCEL_PATH.exec(path.slice(BASE.length)) ?? PREDICTION_PATH.exec(path.slice(BASE.length)))?.[1] ?? null,

		handle(request) {
			if (request.headers.authorization !== `Bearer ${world.keys.replicate}`) return answerWith(failure(401));
			const route = this.routeOf(request);
			const own = request.path.slice(BASE.length);
			if (route === 'unknown') return answerWith(failure(404));
			if (route === 'upload') return answerWith(upload(request));
			if (route !== 'create') return answerWith(read(request, own));
			// Models that are not official have another path.
			const model = CREATE_PATH.exec(own)?.[1] ?? '';
			const known = MODELS[model];
			return known ? create(request, model, known) : answerWith(failure(404));
		},

		refuse: (reason) => (reason === 'no credits' ? failure(402) : throttled()),
		error: (status, message) => (status === 429 && message === undefined ? throttled() : failure(status, message)),
		callbackBody: prediction,
		// "Verify webhooks": the same id at every attempt, the time of the attempt.
		callbackHeaders(_, text) {
			const id = `msg_${createHash('sha256').update(text).digest('hex').slice(0, 24)}`;
			const timestamp = String(Math.floor(Date.now() / 1000));
			const secret = Buffer.from(WEBHOOK_KEY.replace('whsec_', ''), 'base64');
			const signature = createHmac('sha256', secret).update(`${id}.${timestamp}.${text}`).digest('base64');
			return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${signature}` };
		},
		isReceived: (status) => status >= 200 && status < 300,
		places: () => ({
			id: ['id'],
			status: ['status'],
			url: ['output'],
			completed: 'succeeded',
			unknown: 'hibernating',
		}),
	};
}

/** Of a prediction that nobody asked for. */
function describedInput({ prompt, aspectRatio, resolution, durationSeconds }: Job): JsonObject {
	return { prompt, aspect_ratio: aspectRatio, resolution, duration: durationSeconds };
}

/** Opaque, as the service's. */
function cursorOf(id: string): string {
	return Buffer.from(`p=${id}`).toString('base64');
}

export const replicate: StandIn<ReplicateSettings> = {
	key: 'r8_test_key',
	basePath: BASE,
	settings: () => ({
		// "Receive webhooks": growing pauses, the last attempt about a minute after the end; a hundredth of it here.
		...commonSettings([50, 150, 400], 1000, 1),
		listMaximum: 100,
		dataRemoved: false,
		addsSeed: false,
	}),
	// Of a failed prediction of an official model nothing is said.
	isRefunded: () => false,
	signsUrls: false,
	create: createReplicate,
};
