/** CrazyRouter's Luma routes (docs.crazyrouter.com: Luma, Callback Protocol, Status Codes, Image Upload Guidance). */
import { randomBytes } from 'node:crypto';
import { commonSettings, type CommonSettings } from '../commonSettings';
import { isObject, readForm, readJson, type Answer, type ApiRequest, type JsonObject } from '../http';
import type { Job } from '../jobs';
import { answerWith, type Outcome, type Provider, type World } from '../provider';
import { describeProblem, findProblems, type Fields } from '../shape';
import type { StandIn } from '../standIn';

const CREATE_PATH = '/luma/generations';
const JOB_PATH = /^\/luma\/generations\/([^/]+)(\/extend)?$/;

const UPLOAD_PATH = '/v1/files/uploads';
const MAX_UPLOAD_BYTES = 20 * 1024 * 1024;
const UPLOAD_ENDINGS: Record<string, string> = {
	'image/png': 'png',
	'image/jpeg': 'jpg',
	'image/webp': 'webp',
	'image/gif': 'gif',
};
/** How long an uploaded image is kept. */
const KEPT_MS = 48 * 3_600_000;

const userPrompt = { type: 'string', filled: true, required: true } as const;
const notifyHook = { type: 'string', url: true } as const;

const CREATE: Fields = {
	user_prompt: userPrompt,
	model_name: { type: 'string', values: ['ray-v1', 'ray-v2'] },
	duration: { type: 'string', values: ['5', '9'] },
	resolution: { type: 'string', values: ['540p', '720p', '1080p'] },
	expand_prompt: { type: 'boolean' },
	image_url: { type: 'string', url: true },
	image_end_url: { type: 'string', url: true },
	notifyHook,
};

const EXTEND: Fields = { user_prompt: userPrompt, notifyHook };

/** Type and code of each HTTP status; those of 401, 403 and 429 are documented. */
const ERRORS: Record<number, { message: string; type: string; code: string }> = {
	400: { message: 'Invalid request parameters', type: 'invalid_request_error', code: 'invalid_request' },
	401: { message: 'Invalid API key', type: 'authentication_error', code: 'invalid_api_key' },
	402: { message: 'Insufficient quota', type: 'insufficient_quota', code: 'insufficient_quota' },
	403: { message: 'Insufficient quota', type: 'insufficient_quota', code: 'insufficient_quota' },
	404: { message: 'Not found', type: 'invalid_request_error', code: 'not_found' },
	413: { message: 'The file is too large', type: 'invalid_request_error', code: 'file_too_large' },
	429: { message: 'Rate limit exceeded', type: 'rate_limit_error', code: 'rate_limit_exceeded' },
};
const SERVICE_ERROR = { message: 'The service is temporarily unavailable', type: 'server_error', code: 'server_error' };

/** `state`; the documentation has several vocabularies, another one in callbacks. */
const WORDS = { queued: 'queued', processing: 'dreaming', completed: 'completed', failed: 'failed', errored: 'failed' };
const CALLBACK_WORDS = { queued: 'NOT_START', processing: 'IN_PROGRESS', completed: 'succeed', failed: 'FAILURE', errored: 'FAILURE' };

interface CrazyrouterSettings extends CommonSettings {
	/** Whether a failed job shows `failure_reason` (not documented, seen at siblings). */
	failureReason: boolean;
}

function createCrazyrouter(world: World): Provider {
	const { jobs, settings } = world;

	function failure(status: number, message?: string): Answer {
		const known = ERRORS[status] ?? SERVICE_ERROR;
		return { status, body: { error: { ...known, message: message ?? known.message } } };
	}

	function taskBody(job: Job): JsonObject {
		const body: JsonObject = {
			id: job.id,
			state: WORDS[job.status],
			created_at: timeOf(job.createdAt),
		};
		if (job.status === 'completed') body.video = { url: world.mediaUrl(job), download_url: world.mediaUrl(job) };
		if (job.failureReason !== null && settings.crazyrouter.failureReason) body.failure_reason = job.failureReason;
		return body;
	}

	/** "Video Generation Callback", which differs from the answer to a query. */
	function callbackBody(job: Job): JsonObject {
		const output = {
			video_url: world.mediaUrl(job),
			cover_url: world.mediaUrl(job, 'cover.jpg'),
			duration: job.durationSeconds,
		};
		return {
			id: job.id,
			status: CALLBACK_WORDS[job.status],
			type: 'video',
			output: job.status === 'completed' ? output : null,
			created_at: Math.floor(job.createdAt / 1000),
			updated_at: Math.floor(job.updatedAt / 1000),
		};
	}

	function create(request: ApiRequest, source: Job | null): Outcome {
		const reading = readJson(request);
		if (!reading.ok)
			return answerWith(
				failure(400, reading.problem === 'syntax' ? 'Invalid JSON body' : 'Content-Type must be application/json'),
			);
		const problem = findProblems(reading.value, { type: 'object', fields: source ? EXTEND : CREATE })[0];
		if (problem || !isObject(reading.value))
			return answerWith(failure(400, problem ? describeProblem(problem) : undefined));
		if (source && source.status !== 'completed')
			return answerWith(failure(400, 'Only a completed video can be extended'));
		const body = reading.value;
		const text = (name: string): string | null => (typeof body[name] === 'string' ? body[name] : null);
		return {
			kind: 'order',
			order: {
				id: `luma_gen_${randomBytes(6).toString('hex')}`,
				operation: source ? 'extend' : 'generate',
				model: text('model_name') ?? source?.model ?? 'ray-v2',
				prompt: text('user_prompt') ?? '',
				request: body,
				callbackUrl: text('notifyHook'),
				callbackWhen: 'changes',
				resolution: text('resolution') ?? source?.resolution ?? '720p',
				aspectRatio: '16:9',
				durationSeconds: Number(text('duration') ?? 5) + (source?.durationSeconds ?? 0),
				sound: false,
				moderationText: 'Content moderation failed',
			},
			accepted: (job) => ({
				status: 200,
				body: { id: job.id, state: WORDS.queued, created_at: timeOf(job.createdAt) },
			}),
		};
	}

	/** "Local File Upload": a form with the file and its purpose. The order of the parts is not documented. */
	function upload(request: ApiRequest): Answer {
		const parts = readForm(request);
		if (!parts) return failure(400, 'Content-Type must be multipart/form-data');
		const unknown = parts.find(({ name }) => name !== 'file' && name !== 'purpose');
		if (unknown) return failure(400, `${unknown.name} is not a known field`);
		const files = parts.filter(({ name }) => name === 'file');
		const [file] = files;
		if (!file || files.length > 1 || file.filename === null) return failure(400, 'file is required, once');
		const purposes = parts.filter(({ name }) => name === 'purpose').map(({ data }) => data.toString('utf8'));
		if (purposes.length !== 1 || purposes[0] !== 'model_input') return failure(400, 'purpose must be model_input');
		const type = file.type?.split(';')[0]?.trim().toLowerCase() ?? '';
		const ending = UPLOAD_ENDINGS[type];
		if (ending === undefined) return failure(400, `Unsupported file type: ${type}`);
		if (file.data.length === 0) return failure(400, 'file is empty');
		if (file.data.length > MAX_UPLOAD_BYTES) return failure(413, 'file is larger than 20MB');
		const id = `file_${randomBytes(16).toString('hex')}`;
		const name = `${id}.${ending}`;
		world.uploads.set(name, { data: file.data, type });
		return {
			status: 200,
			body: {
				id,
				url: `${world.origin()}/media/uploads/${name}`,
				mime_type: type,
				size: file.data.length,
				expires_at: timeOf(Date.now() + KEPT_MS),
			},
		};
	}

	return {
		name: 'crazyrouter',
		// The images go to the service itself.
		uploadsTakeKey: true,

		routeOf({ method, path }) {
			if (path === CREATE_PATH) return method === 'POST' ? 'create' : 'unknown';
			if (path === '/v1/models') return method === 'GET' ? 'account' : 'unknown';
			if (path === UPLOAD_PATH) return method === 'POST' ? 'upload' : 'unknown';
			const named = JOB_PATH.exec(path);
			if (!named) return 'unknown';
			if (named[2] !== undefined) return method === 'POST' ? 'create' : 'unknown';
			return method === 'GET' ? 'status' : 'unknown';
		},

		jobIdOf: ({ path }) => JOB_PATH.exec(path)?.[1] ?? null,

		handle(request) {
			if (request.headers.authorization !== `Bearer ${world.keys.crazyrouter}`) return answerWith(failure(401));
			const route = this.routeOf(request);
			if (route === 'unknown') return answerWith(failure(404));
			if (route === 'account') {
				const data = ['ray-v1', 'ray-v2'].map((id) => ({ id, object: 'model', owned_by: 'luma' }));
				return answerWith({ status: 200, body: { success: true, object: 'list', data } });
			}
			if (route === 'upload') return answerWith(upload(request));
			const id = JOB_PATH.exec(request.path)?.[1];
			const job = id === undefined ? null : (jobs.find('crazyrouter', id) ?? undefined);
			// The task routes answer in the task shape, whatever the others do.
			if (job === undefined)
				return answerWith({ status: 404, body: { code: 'task_not_exist', message: 'task_not_exist', data: null } });
			if (route === 'create') return create(request, job);
			return answerWith(job ? { status: 200, body: taskBody(job) } : failure(404));
		},

		refuse: (reason) => failure(reason === 'no credits' ? 403 : 429),
		error: failure,
		callbackBody,
		// "Callback Protocol": a 200 within 5 seconds.
		isReceived: (status) => status === 200,
		places: () => ({
			id: ['id'],
			status: ['state'],
			url: ['video'],
			completed: WORDS.completed,
			unknown: 'hibernating',
		}),
	};
}

/** `2024-03-01T12:00:00Z`, without fractions as in the examples. */
function timeOf(ms: number): string {
	return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

export const crazyrouter: StandIn<CrazyrouterSettings> = {
	key: 'sk-test-key',
	basePath: '',
	settings: () => ({
		// docs.crazyrouter.com, Callback Protocol: after 10, 30 and 60 s; a hundredth of it here.
		...commonSettings([100, 300, 600], 1000, 1),
		failureReason: false,
	}),
	// Not documented.
	isRefunded: () => false,
	signsUrls: false,
	create: createCrazyrouter,
};
