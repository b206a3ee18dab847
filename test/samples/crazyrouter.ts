/** CrazyRouter: a choice of hosts in the credential, callbacks, neither aspect ratio nor loop. */
import { CrazyrouterApi } from '../../credentials/CrazyrouterApi.credentials';
import type { JsonObject } from '../../nodes/LumaVideo/providers/provider';
import type { ProviderSample } from './sample';
import { CHECK_FIELDS, END_IMAGE, VIDEO_FIELDS, START_IMAGE, VIDEO_URL, sameReason } from './sample';

const ID = 'luma_gen_abc123';
const CREATED_AT = '2026-03-01T12:00:00Z';
const CREDIT = 'Add credit at https://crazyrouter.com. If the account has credit, raise the quota of this API key there.';
const DEFAULTS = { resolution: '720p', duration: '5' };

function task(state: string, more: JsonObject = {}): { status: number; body: JsonObject } {
	return { status: 200, body: { id: ID, state, created_at: CREATED_AT, ...more } };
}

export const crazyrouter: ProviderSample = {
	credential: new CrazyrouterApi(),
	credentialFields: (apiKey, baseUrl) => ({ apiKey, host: 'custom', customBaseUrl: baseUrl }),
	baseUrl: 'https://api.crazyrouter.com',
	keyHeader: (key) => ({ Authorization: `Bearer ${key}` }),
	connectionTest: { method: 'GET', url: '/v1/models' },
	keyVariable: 'CRAZYROUTER_API_KEY',
	wrongKey: {
		key: 'sk-wrong-key-of-crazyrouter',
		said: 'Invalid API key',
		testMessage: 'CrazyRouter did not accept this API key. Copy it again from the console at crazyrouter.com.',
	},

	parameters: { model: 'ray-v2' },
	requests: [
		{ name: 'text', parameters: {}, body: { user_prompt: 'a cat', model_name: 'ray-v2', ...DEFAULTS } },
		{
			name: 'first frame',
			parameters: { startImage: START_IMAGE },
			body: { user_prompt: 'a cat', model_name: 'ray-v2', ...DEFAULTS, image_url: START_IMAGE },
		},
		{
			name: 'every choice',
			parameters: {
				model: 'ray-v1',
				startImage: START_IMAGE,
				endImage: END_IMAGE,
				resolution: '1080p',
				duration: '9s',
				additionalFields: { expandPrompt: false },
			},
			body: {
				user_prompt: 'a cat',
				model_name: 'ray-v1',
				duration: '9',
				resolution: '1080p',
				expand_prompt: false,
				image_url: START_IMAGE,
				image_end_url: END_IMAGE,
			},
		},
		{
			name: 'values left behind by another provider',
			parameters: { aspectRatio: '21:9', loop: true, additionalFields: { concepts: [] } },
			body: { user_prompt: 'a cat', model_name: 'ray-v2', ...DEFAULTS },
		},
	],
	startImage: (url) => ({ image_url: url }),
	imageFile: { as: 'upload', body: (url) => ({ image_url: url }) },
	otherModel: { additionalFields: { additionalBodyFields: '{"model_name": "ray-v1"}' }, model: 'ray-v1' },
	longVideos: [
		{ model: 'ray-v2', duration: '9s', resolution: '1080p' },
		{ model: 'ray-v1', duration: '9s', resolution: '1080p' },
		{ model: 'ray-v2', duration: '5s', resolution: '1080p' },
		{ model: 'ray-v1', duration: '5s', resolution: '1080p' },
		{ model: 'ray-v2', duration: '9s', resolution: '720p' },
		{ model: 'ray-v1', duration: '9s', resolution: '720p' },
		{ model: 'ray-v1', duration: '5s', resolution: '720p' },
		{ model: 'ray-v2', duration: '9s', resolution: '540p' },
		{ model: 'ray-v1', duration: '9s', resolution: '540p' },
		{ model: 'ray-v1', duration: '5s', resolution: '540p' },
	],
	expectedLate: null,
	priceUsd: null,
	concurrency: 5,
	videoFile: '720p_16x9.mp4',

	id: ID,
	unknownId: 'luma_gen_nobody',
	answers: {
		created: task('queued'),
		queued: task('queued'),
		processing: task('dreaming'),
		completed: task('completed', { video: { url: VIDEO_URL, download_url: VIDEO_URL } }),
		failed: task('failed'),
	},
	times: { createdAt: 'seconds', completedAt: null },
	callback: {
		body: {
			id: ID,
			status: 'succeed',
			type: 'video',
			output: { video_url: VIDEO_URL, cover_url: 'https://media.example/cover.jpg', duration: 5 },
			created_at: 1772366400,
			updated_at: 1772366460,
		},
		addressIn: ({ body }) => body.notifyHook,
		progress: {},
	},
	lists: false,
	balanceUnit: null,

	says: {
		401: 'Invalid API key',
		402: 'Insufficient quota',
		403: 'Insufficient quota',
		404: 'Not found',
		429: 'Rate limit exceeded',
		500: 'The service is temporarily unavailable',
	},
	tellsTooMany: true,
	reasonsTold: { crazyrouter: { failureReason: true } },
	failureReason: sameReason,
	moderationReason: 'Content moderation failed',
	isFreeWhenFailed: false,
	withoutId: '{"state":"queued","created_at":"<time>"}',
	texts: {
		key: "Check the API key in the credential. Keys begin with 'sk-' and are made in the console at https://crazyrouter.com.",
		credit: CREDIT,
		noBalance: ['Insufficient quota', CREDIT],
		forbidden: ['<provider> reports that the account has too little credit: Insufficient quota', CREDIT],
		noSuchAddress: [
			'<provider> does not offer Luma at this address',
			"Check 'Base URL' in the credential: it is the service's root, without /v1 at the end.",
		],
		noSuchGeneration: [
			'<provider> does not have this generation',
			'Check the generation ID and that it was bought with the API key of this credential.',
		],
		refusedPrompt: CHECK_FIELDS,
	},

	panel: { fields: VIDEO_FIELDS.filter((field) => field !== 'Aspect Ratio' && field !== 'Loop'), additionalFields: ['Additional Body Fields (JSON)', 'Expand Prompt'] },

	// What the unit tests know of the wire
	wires: {
		generate: {
			places: {
				startImage: 'image_url',
				endImage: 'image_end_url',
				resolution: 'resolution',
				duration: 'duration',
			},
			always: ['user_prompt', 'model_name'],
		},
		extend: { places: { sourceGenerationId: null }, always: ['user_prompt'] },
	},
	described: ({ id, state }, url, createdAt) => ({
		id,
		state: state === 'processing' ? 'dreaming' : state,
		created_at: createdAt,
		video: url && { url },
	}),
};
