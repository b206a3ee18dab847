/** Luma Agents: no callbacks, no list, signed URLs, published prices. */
import { LumaAgentsApi } from '../../credentials/LumaAgentsApi.credentials';
import type { JsonObject } from '../../nodes/LumaVideo/providers/provider';
import type { ProviderSample } from './sample';
import { CHECK_BASE_URL, CHECK_FIELDS, CHECK_ID, CREDENTIAL_OF_BASE_URL, END_IMAGE, START_IMAGE, VIDEO_FIELDS, VIDEO_URL } from './sample';

const ID = '182bd5e5-6e1a-4fe4-a799-aa6d9a6ab26e';
const DASHBOARD = 'https://platform.lumalabs.ai';
const KEY =
	"Check the API key in the credential. Create keys at platform.lumalabs.ai (they begin with 'luma-api-'). Dream Machine keys from lumalabs.ai/dream-machine/api/keys work only with the provider 'Luma Dream Machine'.";
const CREDIT = `Add money to the account at ${DASHBOARD}.`;
const NO_MONEY = 'Insufficient balance. Please add funds to continue';
const DEFAULTS = { resolution: '720p', duration: '5s' };

function generation(state: string, more: JsonObject = {}): JsonObject {
	return {
		id: ID,
		type: 'video',
		state,
		model: 'ray-3.2',
		created_at: '2026-11-20T14:46:03.809Z',
		output: [],
		failure_code: null,
		failure_reason: null,
		...more,
	};
}

const AGENTS_ALWAYS = ['model', 'type', 'prompt'];

export const lumaAgents: ProviderSample = {
	credential: new LumaAgentsApi(),
	credentialFields: CREDENTIAL_OF_BASE_URL,
	baseUrl: 'https://agents.lumalabs.ai/v1',
	keyHeader: (key) => ({ Authorization: `Bearer ${key}` }),
	connectionTest: { method: 'GET', url: '/generations/00000000-0000-0000-0000-000000000000' },
	keyVariable: 'LUMA_AGENTS_API_KEY',
	wrongKey: {
		key: 'luma-api-wrong-key',
		said: 'Missing or invalid API key',
		testMessage:
			'Luma did not accept this API key. Use one created at platform.lumalabs.ai; Dream Machine keys from lumalabs.ai/dream-machine/api/keys do not work here.',
	},

	parameters: { model: 'ray-3.2' },
	requests: [
		{
			name: 'text',
			parameters: {},
			body: { type: 'video', model: 'ray-3.2', prompt: 'a cat', aspect_ratio: '16:9', video: DEFAULTS },
		},
		{
			name: 'both images',
			parameters: { startImage: START_IMAGE, endImage: END_IMAGE, aspectRatio: '9:16', resolution: '1080p' },
			body: {
				type: 'video',
				model: 'ray-3.2',
				prompt: 'a cat',
				aspect_ratio: '9:16',
				video: { ...DEFAULTS, resolution: '1080p', start_frame: { url: START_IMAGE }, end_frame: { url: END_IMAGE } },
			},
		},
	],
	startImage: (url) => ({ video: { start_frame: { url } } }),
	imageFile: { as: 'data', body: (data) => ({ video: { start_frame: { data, media_type: 'image/jpeg' } } }) },
	otherModel: null,
	longVideos: [{ resolution: '1080p', duration: '10s' }],
	expectedLate: null,
	priceUsd: 0.3,
	concurrency: 5,
	videoFile: '720p_16x9.mp4',

	id: ID,
	unknownId: '123e4567-e89b-12d3-a456-426614174000',
	answers: {
		created: { status: 201, body: generation('queued') },
		queued: { status: 200, body: generation('queued') },
		processing: { status: 200, body: generation('processing') },
		completed: { status: 200, body: generation('completed', { output: [{ type: 'video', url: VIDEO_URL }] }) },
		failed: {
			status: 200,
			body: generation('failed', { failure_code: 'generation_failed', failure_reason: 'The scene is too dark' }),
		},
	},
	times: { createdAt: 'milliseconds', completedAt: null },
	callback: null,
	lists: false,
	balanceUnit: null,

	says: {
		401: 'Missing or invalid API key',
		402: NO_MONEY,
		403: 'Access denied',
		404: 'Not Found',
		429: 'Rate limit exceeded',
		500: 'Error 500',
	},
	tellsTooMany: true,
	reasonsTold: null,
	failureReason: (said) => `generation_failed: the model could not generate the video; another try may work (${said})`,
	moderationReason:
		'content_moderated: content moderation refused the prompt, an input or the result (Prompt was flagged by our content moderation system)',
	isFreeWhenFailed: true,
	withoutId:
		'{"type":"video","state":"queued","model":"ray-3.2","created_at":"<time>","output":[],"failure_code":null,"failure_reason":null}',
	texts: {
		key: KEY,
		credit: CREDIT,
		noBalance: [NO_MONEY, CREDIT],
		forbidden: [
			'<provider> does not allow this request with this API key: Access denied',
			`Check at ${DASHBOARD} that the account is active and, if you use HDR, that it is enabled. ${KEY}`,
		],
		noSuchAddress: ['<provider> does not generate videos at this address', CHECK_BASE_URL],
		noSuchGeneration: ['<provider> has nothing under this ID or address', CHECK_ID],
		refusedPrompt: CHECK_FIELDS,
	},

	panel: { fields: VIDEO_FIELDS, additionalFields: ['Additional Body Fields (JSON)', 'EXR Export', 'HDR', 'Keyframes', 'User ID'] },

	// What the unit tests know of the wire
	wires: {
		generate: {
			places: {
				// The documented equivalent where a start frame is refused.
				startImage: ({ duration, endImage }) =>
					duration === '10s' && !endImage ? ['video.keyframes.0', 'video.keyframe_indexes.0'] : 'video.start_frame',
				endImage: 'video.end_frame',
				aspectRatio: 'aspect_ratio',
				resolution: 'video.resolution',
				duration: 'video.duration',
				loop: 'video.loop',
			},
			always: AGENTS_ALWAYS,
		},
		extend: {
			places: {
				sourceGenerationId: ({ direction }) => (direction === 'forward' ? 'video.start_frame' : 'video.end_frame'),
				resolution: 'video.resolution',
				loop: 'video.loop',
			},
			always: AGENTS_ALWAYS,
		},
		modify: {
			places: {
				sourceGenerationId: 'source',
				sourceVideo: 'source',
				startImage: 'video.start_frame',
				resolution: 'video.resolution',
				mode: ({ mode }) => (mode === null || mode === 'auto' ? 'video.edit.auto_controls' : 'video.edit.strength'),
			},
			always: AGENTS_ALWAYS,
			mandatory: ['mode'],
		},
		reframe: {
			places: {
				sourceGenerationId: 'source',
				sourceVideo: 'source',
				aspectRatio: 'aspect_ratio',
				resolution: 'video.resolution',
			},
			always: AGENTS_ALWAYS,
		},
	},
	described: ({ id, state }, url, createdAt) => ({
		id,
		state,
		created_at: createdAt,
		type: 'video',
		model: 'ray-3.2',
		output: url ? [{ type: 'video', url }] : [],
	}),
};
