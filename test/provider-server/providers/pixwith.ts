/** Pixwith.ai's Luma Ray 2 (pixwith.ai/api/docs: Luma Ray 2, Get task results; the uploads from its published skill). */
import { randomBytes } from 'node:crypto';
import { commonSettings, type CommonSettings } from '../commonSettings';
import { isObject, keyHeadersIn, readForm, readJson, type Answer, type ApiRequest, type JsonObject } from '../http';
import type { Job } from '../jobs';
import { answerWith, type Outcome, type Provider, type World } from '../provider';
import { describeProblem, findProblems, type Shape } from '../shape';
import type { StandIn } from '../standIn';

const UPLOAD_PATH = /^\/storage\/([0-9a-f]{32}\.(?:jpe?g|png))$/;
const MAX_UPLOAD_BYTES = 10 * 1024 * 1024;

const CREATE: Shape = {
	type: 'object',
	fields: {
		prompt: { type: 'string', filled: true, required: true },
		model_id: { type: 'string', required: true },
		image_urls: { type: 'array', items: { type: 'string', url: true }, min: 1, max: 2 },
		options: {
			type: 'object',
			required: true,
			fields: {
				prompt_optimization: { type: 'boolean', required: true },
				aspect_ratio: { type: 'string', values: ['16:9', '9:16', '1:1', '4:3', '3:4', '9:21', '21:9'], required: true },
				resolution: { type: 'string', values: ['540p', '720p'], required: true },
				duration: { type: 'integer', values: [5, 9], required: true },
				loop: { type: 'boolean' },
			},
		},
	},
};

const GET: Shape = { type: 'object', fields: { task_id: { type: 'string', required: true } } };

const PRE_URL: Shape = {
	type: 'object',
	fields: {
		image_name: { type: 'string', required: true },
		content_type: { type: 'string', values: ['image/jpeg', 'image/png'], required: true },
	},
};

interface PixwithSettings extends CommonSettings {
	/** Seconds in `data.estimated_time`; `null` = from the job's own duration, rounded up. */
	estimatedSeconds: number | null;
	/** Whether the envelope's text of a failed task is the failure's reason (no field for it is documented). */
	failureInText: boolean;
}

function createPixwith(world: World): Provider {
	const { settings, jobs } = world;
	/** Form fields that an upload target was given out with, by file name. */
	const tickets = new Map<string, { type: string; policy: string }>();

	/** Every answer is HTTP 200; `code` tells: 1 success, 0 error, 2 wrong key. */
	function envelope(code: 0 | 1 | 2, text: string, data: JsonObject | null): Answer {
		return { status: 200, body: { code, message: text, data } };
	}

	function taskBody(job: Job): JsonObject {
		const statuses = { queued: 1, processing: 1, completed: 2, failed: 3, errored: 3 } as const;
		return {
			task_id: job.id,
			status: statuses[job.status],
			result_urls: job.status === 'completed' ? [world.mediaUrl(job)] : [],
		};
	}

	function create(body: JsonObject): Outcome {
		const images = Array.isArray(body.image_urls) ? body.image_urls.length : 0;
		const options = body.options as { aspect_ratio: string; resolution: string; duration: number };
		// The pages show 2-4 for text and 3-4 for images; what happens to the other pairing is not documented.
		const wanted = images > 0 ? '3-4' : '2-4';
		if (body.model_id !== wanted) return answerWith(envelope(0, `Invalid model_id, use ${wanted}`, null));
		return {
			kind: 'order',
			order: {
				id: randomBytes(16).toString('hex'),
				operation: 'generate',
				model: String(body.model_id),
				prompt: String(body.prompt),
				request: body,
				callbackUrl: null,
				callbackWhen: 'changes',
				resolution: options.resolution,
				aspectRatio: options.aspect_ratio,
				durationSeconds: options.duration,
				sound: false,
				moderationText: 'Sensitive content',
			},
			accepted: (job) =>
				envelope(1, 'success', {
					task_id: job.id,
					estimated_time: settings.pixwith.estimatedSeconds ?? Math.ceil(job.takesMs / 1000),
				}),
		};
	}

	function get(body: JsonObject): Answer {
		const job = jobs.find('pixwith', String(body.task_id));
		if (!job) return envelope(0, 'Task not found', null);
		return envelope(1, (settings.pixwith.failureInText && job.failureReason) || 'success', taskBody(job));
	}

	/** A place to upload an image to; it is readable at `image_url` afterwards. */
	function preUrl(body: JsonObject): Answer {
		const extension = /\.(jpe?g|png)$/i.exec(String(body.image_name))?.[1]?.toLowerCase();
		if (extension === undefined) return envelope(0, 'Invalid image format', null);
		const name = `${randomBytes(16).toString('hex')}.${extension}`;
		const policy = randomBytes(12).toString('hex');
		tickets.set(name, { type: String(body.content_type), policy });
		return envelope(1, 'success', {
			upload_url: {
				url: `${world.origin()}/pixwith/storage/${name}`,
				fields: { key: name, 'Content-Type': String(body.content_type), policy },
			},
			image_url: `${world.origin()}/media/uploads/${name}`,
		});
	}

	/** The storage behind an upload URL: a form post with every given field, the file last, no key. */
	function upload(request: ApiRequest, name: string): Answer {
		const refuse = (text: string): Answer => ({ status: 403, body: { error: text } });
		const ticket = tickets.get(name);
		const parts = readForm(request);
		if (!ticket || !parts) return refuse('the upload must be a form for a known file');
		if (keyHeadersIn(request.headers).length > 0) return refuse('the API key does not belong here');
		const file = parts.at(-1);
		const fields = Object.fromEntries(parts.slice(0, -1).map((part) => [part.name, part.data.toString('utf8')]));
		if (file?.name !== 'file') return refuse('the last part must be the file, named file');
		if (fields.key !== name || fields['Content-Type'] !== ticket.type || fields.policy !== ticket.policy)
			return refuse('a form field is missing or wrong');
		if (file.data.length > MAX_UPLOAD_BYTES) return refuse('the file is too large');
		world.uploads.set(name, { data: file.data, type: ticket.type });
		return { status: 204 };
	}

	/** Checks the body; `null` for a call that needs none. */
	function checked(request: ApiRequest, shape: Shape): { body: JsonObject } | { refusal: Answer } {
		const reading = readJson(request);
		if (!reading.ok)
			return { refusal: envelope(0, reading.problem === 'syntax' ? 'Invalid JSON' : 'Invalid Content-Type', null) };
		const problem = findProblems(reading.value, shape)[0];
		if (problem || !isObject(reading.value)) {
			const isImage = problem?.path[0] === 'image_urls' && problem.path.length === 2;
			return {
				refusal: envelope(0, isImage ? 'Invalid image url' : problem ? describeProblem(problem) : 'Invalid body', null),
			};
		}
		return { body: reading.value };
	}

	return {
		name: 'pixwith',

		routeOf({ method, path }) {
			if (method !== 'POST') return 'unknown';
			if (UPLOAD_PATH.test(path)) return 'upload';
			const routes = {
				'/api/task/create': 'create',
				'/api/task/get': 'status',
				'/api/task/get_credits': 'account',
				'/api/task/pre_url': 'catalogue',
			} as const;
			return routes[path as keyof typeof routes] ?? 'unknown';
		},

		jobIdOf(request) {
			const reading = readJson(request);
			return reading.ok && isObject(reading.value) && typeof reading.value.task_id === 'string'
				? reading.value.task_id
				: null;
		},

		handle(request) {
			const route = this.routeOf(request);
			const file = UPLOAD_PATH.exec(request.path)?.[1];
			if (route === 'upload' && file !== undefined) return answerWith(upload(request, file));
			if (route === 'unknown')
				return answerWith({ status: 404, body: { code: 0, message: 'Not Found', data: null } });
			if (request.headers['api-key'] !== world.keys.pixwith) return answerWith(envelope(2, 'Invalid API KEY', null));
			if (route === 'account')
				return answerWith({ status: 200, body: { code: 1, data: { credits: settings.pixwith.balance } } });
			const result = checked(request, route === 'create' ? CREATE : route === 'status' ? GET : PRE_URL);
			if ('refusal' in result) return answerWith(result.refusal);
			if (route === 'create') return create(result.body);
			return answerWith(route === 'status' ? get(result.body) : preUrl(result.body));
		},

		refuse: (reason) => envelope(0, reason === 'no credits' ? 'Credits not enough' : 'Too many requests', null),
		/** HTTP statuses of errors are not documented: a refusal stays 200, a fault of the service shows its status. */
		error: (status, message) => ({
			...envelope(status === 401 ? 2 : 0, message ?? `Error ${status}`, null),
			status: status === 400 || status === 401 ? 200 : status,
		}),
		callbackBody: taskBody,
		isReceived: () => true,
		places: () => ({
			id: ['data', 'task_id'],
			status: ['data', 'status'],
			url: ['data', 'result_urls'],
			completed: 2,
			unknown: 9,
		}),
	};
}

export const pixwith: StandIn<PixwithSettings> = {
	key: 'key_0123456789abcdef0123456789abcdef',
	basePath: '',
	settings: () => ({
		...commonSettings([], 10_000, 10),
		estimatedSeconds: null,
		failureInText: false,
	}),
	// Not documented.
	isRefunded: () => false,
	signsUrls: false,
	create: createPixwith,
};
