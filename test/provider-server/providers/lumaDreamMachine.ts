/** Luma Dream Machine API (docs.lumalabs.ai; OpenAPI document of github.com/lumalabs/lumaai-api; npm `lumaai`). */
import { randomUUID } from 'node:crypto';
import { commonSettings, type CommonSettings } from '../commonSettings';
import { isObject, readJson, type Answer, type ApiRequest, type JsonObject } from '../http';
import type { Job, Order } from '../jobs';
import { answerWith, type Outcome, type Provider, type World } from '../provider';
import { findProblems, type Problem } from '../shape';
import type { StandIn } from '../standIn';
import {
	BODY_SHAPES,
	brokenRule,
	CAMERA_MOTIONS,
	CONCEPTS,
	framesOf,
	frameShape,
	operationOf,
	type LumaOperation,
} from './lumaDreamMachine.requests';

const BASE = '/dream-machine/v1';
const GENERATION = /^\/generations\/([0-9a-f-]{36})(?:\/(upscale|audio))?$/;
const CREATES: Record<string, LumaOperation> = {
	'/generations': 'generate', // docs.lumalabs.ai, Video Generation
	'/generations/video': 'generate', // OpenAPI document since May 2025
	'/generations/video/modify': 'modify',
	'/generations/video/reframe': 'reframe',
};
const READS: Record<string, 'list' | 'account' | 'catalogue'> = {
	'/generations': 'list',
	'/credits': 'account',
	'/ping': 'account',
	'/generations/concepts/list': 'catalogue',
	'/generations/camera_motion/list': 'catalogue',
};

function detail(status: number, text: string): Answer {
	return { status, body: { detail: text } };
}

/** A refused body the way the service's clients parse it: `detail` as a list of problems with their place. */
function unprocessable(problems: Problem[]): Answer {
	const types = { missing: 'missing', unknown: 'extra_forbidden', type: 'type_error', value: 'value_error' } as const;
	return {
		status: 422,
		body: {
			detail: problems.map(({ kind, path, message, input }) => ({
				type: types[kind],
				loc: ['body', ...path],
				msg: message,
				input,
				ctx: {},
			})),
		},
	};
}

interface LumaDreamMachineSettings extends CommonSettings {
	/** Highest `limit` of a list that is honoured; `null` = any (the real maximum is not documented). */
	listMaximum: number | null;
	/** Whether the camera motion list exists (it left the specification in 2025). */
	cameraMotions: boolean;
}

function createLumaDreamMachine(world: World): Provider {
	const { settings, jobs } = world;
	const find = (id: string): Job | undefined => jobs.find('lumaDreamMachine', id);

	function generation(job: Job): JsonObject {
		const states = {
			queued: 'queued',
			processing: 'dreaming',
			completed: 'completed',
			failed: 'failed',
			errored: 'failed',
		} as const;
		return {
			id: job.id,
			generation_type: 'video',
			state: states[job.status],
			failure_reason: job.failureReason,
			created_at: new Date(job.createdAt).toISOString(),
			assets: assetsOf(job),
			model: job.model,
			request: job.request,
		};
	}

	function assetsOf(job: Job): JsonObject | null {
		if (job.status === 'completed') return { video: world.mediaUrl(job) };
		if (job.status === 'processing') return { progress_video: world.mediaUrl(job, 'progress.mp4') };
		return null;
	}

	function refusedKey(request: ApiRequest): Answer | null {
		const key = /^Bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1];
		if (key === world.keys.lumaDreamMachine) return null;
		// Keys of Luma's newer platform begin like this and are reported to be forbidden here.
		return key?.startsWith('luma-api-') ? detail(403, 'Forbidden') : detail(401, 'Invalid API key provided');
	}

	function list(query: URLSearchParams): Answer {
		const limit = Number(query.get('limit') ?? 100);
		const offset = Number(query.get('offset') ?? 0);
		const problems: Problem[] = [...query.keys()]
			.filter((name) => name !== 'limit' && name !== 'offset')
			.map((name) => ({ kind: 'unknown', path: [name], message: 'is not a known parameter', input: query.get(name) }));
		if (!Number.isInteger(limit) || limit < 1)
			problems.push({
				kind: 'value',
				path: ['limit'],
				message: 'must be a positive integer',
				input: query.get('limit'),
			});
		if (!Number.isInteger(offset) || offset < 0)
			problems.push({ kind: 'value', path: ['offset'], message: 'must not be negative', input: query.get('offset') });
		if (problems.length > 0) return unprocessable(problems);
		const honoured = Math.min(limit, settings.lumaDreamMachine.listMaximum ?? Infinity);
		const all = jobs.list('lumaDreamMachine');
		const page = all.slice(offset, offset + honoured);
		return {
			status: 200,
			body: {
				generations: page.map(generation),
				count: page.length,
				limit: honoured,
				offset,
				has_more: offset + page.length < all.length,
			},
		};
	}

	function read(request: ApiRequest, path: string): Answer {
		switch (path) {
			case '/generations':
				return list(request.query);
			case '/credits':
				return { status: 200, body: { credit_balance: settings.lumaDreamMachine.balance } };
			case '/ping':
				return { status: 200, body: { message: 'pong' } };
			case '/generations/concepts/list':
				return { status: 200, body: [...CONCEPTS] };
			case '/generations/camera_motion/list':
				return settings.lumaDreamMachine.cameraMotions
					? { status: 200, body: [...CAMERA_MOTIONS] }
					: detail(404, 'Not Found');
			default:
				throw new Error(`nothing is read at ${path}`);
		}
	}

	function create(request: ApiRequest, operation: LumaOperation, source: Job | null): Outcome {
		const reading = readJson(request);
		if (!reading.ok) {
			const message = reading.problem === 'syntax' ? 'is not valid JSON' : 'must be sent as application/json';
			return answerWith(unprocessable([{ kind: 'type', path: [], message, input: null }]));
		}
		const problems = findProblems(reading.value, BODY_SHAPES[operation]);
		if (problems.length > 0 || !isObject(reading.value)) return answerWith(unprocessable(problems));
		const body = reading.value;
		if (operation === 'generate') {
			const frames = Object.entries(framesOf(body)).flatMap(([name, frame]) =>
				frame ? findProblems(frame, frameShape(frame), ['keyframes', name]) : [],
			);
			if (frames.length > 0) return answerWith(unprocessable(frames));
			const refusal = brokenRule(body, find);
			if (refusal !== null) return answerWith(detail(400, refusal));
		}
		// Neither text is documented; that the source must be completed is.
		if (source && source.status !== 'completed')
			return answerWith(detail(400, `Generation ${source.id} is not completed`));
		const status = source ? 200 : 201;
		return {
			kind: 'order',
			order: orderOf(body, operation, source),
			accepted: (job) => ({ status, body: generation(job) }),
		};
	}

	return {
		name: 'lumaDreamMachine',

		routeOf({ method, path }) {
			const own = path.slice(BASE.length);
			const named = GENERATION.exec(own);
			if (method === 'POST') return own in CREATES || named?.[2] !== undefined ? 'create' : 'unknown';
			if (method === 'DELETE') return named && named[2] === undefined ? 'delete' : 'unknown';
			if (method !== 'GET') return 'unknown';
			return READS[own] ?? (named && named[2] === undefined ? 'status' : 'unknown');
		},

		jobIdOf: ({ path }) => GENERATION.exec(path.slice(BASE.length))?.[1] ?? null,

		handle(request) {
			const refused = refusedKey(request);
			if (refused) return answerWith(refused);
			const own = request.path.startsWith(`${BASE}/`) ? request.path.slice(BASE.length) : '';
			const named = GENERATION.exec(own);
			const operation = CREATES[own];
			if (request.method === 'GET' && own in READS) return answerWith(read(request, own));
			if (request.method === 'POST' && operation) return create(request, operation, null);
			if (!named)
				return answerWith(own in READS || operation ? detail(405, 'Method Not Allowed') : detail(404, 'Not Found'));

			const wanted = named[2] === undefined ? ['GET', 'DELETE'] : ['POST'];
			if (!wanted.includes(request.method)) return answerWith(detail(405, 'Method Not Allowed'));
			const job = find(named[1] ?? '');
			if (!job) return answerWith(detail(404, 'Generation not found'));
			if (request.method === 'GET') return answerWith({ status: 200, body: generation(job) });
			if (request.method === 'DELETE') return { kind: 'deletion', job, answer: { status: 204 } };
			return create(request, named[2] === 'audio' ? 'audio' : 'upscale', job);
		},

		// That a create is refused is certain, the status and the words are not documented.
		refuse: (reason) =>
			reason === 'no credits' ? detail(400, 'Insufficient credits') : detail(429, 'Rate limit exceeded'),
		error: (status, message) => detail(status, message ?? `Error ${status}`),
		callbackBody: generation,
		// docs.lumalabs.ai, Video Generation: anything but 200 is retried.
		isReceived: (status) => status === 200,
		places: () => ({
			id: ['id'],
			status: ['state'],
			url: ['assets', 'video'],
			completed: 'completed',
			unknown: 'hibernating',
		}),
	};
}

function orderOf(body: JsonObject, operation: LumaOperation, source: Job | null): Order {
	const text = (name: string): string | null => (typeof body[name] === 'string' ? (body[name] as string) : null);
	const types: Record<LumaOperation, string> = {
		generate: 'video',
		modify: 'modify_video',
		reframe: 'reframe_video',
		upscale: 'upscale_video',
		audio: 'add_audio',
	};
	return {
		id: randomUUID(),
		operation: operation === 'generate' ? operationOf(body) : operation,
		model: text('model') ?? source?.model ?? 'ray-2',
		prompt: text('prompt') ?? '',
		request: { generation_type: types[operation], ...body },
		callbackUrl: text('callback_url'),
		callbackWhen: 'changes',
		// Defaults as Luma's own MCP server states them; the API documents none.
		resolution: text('resolution') ?? source?.resolution ?? '720p',
		aspectRatio: text('aspect_ratio') ?? source?.aspectRatio ?? '16:9',
		durationSeconds: Number.parseInt(text('duration') ?? '', 10) || (source?.durationSeconds ?? 5),
		sound: operation === 'audio',
		moderationText: 'Advanced prompt moderation failed',
	};
}

export const lumaDreamMachine: StandIn<LumaDreamMachineSettings> = {
	key: 'luma-test-key',
	basePath: '/dream-machine/v1',
	settings: () => ({
		// docs.lumalabs.ai, Video Generation: at most 3 retries, 100 ms apart, 5 s timeout.
		...commonSettings([100, 100, 100], 1_000_000, 71),
		listMaximum: null,
		cameraMotions: true,
	}),
	// docs.lumalabs.ai, FAQ: failed generations are refunded.
	isRefunded: ({ status }) => status !== 'completed',
	signsUrls: false,
	create: createLumaDreamMachine,
};
