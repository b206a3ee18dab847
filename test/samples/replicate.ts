/** Replicate: the model is in the path, the fields are under `input`, callbacks are signed, published prices. */
import { ReplicateLumaApi } from '../../credentials/ReplicateLumaApi.credentials';
import type { JsonObject } from '../../nodes/LumaVideo/providers/provider';
import type { ProviderSample } from './sample';
import { FAILURE, CHECK_FIELDS, CHECK_ID, CREDENTIAL_OF_BASE_URL, END_IMAGE, START_IMAGE, VIDEO_FIELDS, VIDEO_URL, sameReason } from './sample';

const ID = '9rjqk0xyz1rma0csxampleq1w4';
const CREDIT = 'Buy credit at https://replicate.com/account/billing and wait a few minutes.';
const NO_MONEY = 'You have insufficient credit to run this model. Buy credit, then wait a few minutes before you try again';
const DEFAULTS = { aspect_ratio: '16:9', resolution: '720p', duration: 5 };

function prediction(status: string, more: JsonObject = {}): JsonObject {
	return {
		id: ID,
		model: 'luma/ray-3.2',
		version: 'hidden',
		input: { prompt: 'a cat', ...DEFAULTS },
		logs: '',
		output: null,
		data_removed: false,
		error: null,
		status,
		created_at: '2026-11-23T10:00:00.123Z',
		source: 'api',
		urls: {
			get: `https://api.replicate.com/v1/predictions/${ID}`,
			cancel: `https://api.replicate.com/v1/predictions/${ID}/cancel`,
			web: `https://replicate.com/p/${ID}`,
		},
		...more,
	};
}

const ENDED = {
	started_at: '2026-11-23T10:00:01.000Z',
	completed_at: '2026-11-23T10:01:12.200Z',
	metrics: { predict_time: 71.2, total_time: 72.1 },
};
const COMPLETED = prediction('succeeded', { ...ENDED, output: VIDEO_URL });

export const replicate: ProviderSample = {
	credential: new ReplicateLumaApi(),
	credentialFields: CREDENTIAL_OF_BASE_URL,
	baseUrl: 'https://api.replicate.com/v1',
	keyHeader: (key) => ({ Authorization: `Bearer ${key}` }),
	connectionTest: { method: 'GET', url: '/account' },
	keyVariable: 'REPLICATE_API_TOKEN',
	wrongKey: {
		key: 'r8_wrong_key',
		said: 'You did not pass a valid authentication token',
		testMessage: 'Replicate did not accept this API key. Copy the token again from replicate.com/account/api-tokens.',
	},

	parameters: { model: 'ray-3.2' },
	requests: [
		{ name: 'text', parameters: {}, body: { input: { prompt: 'a cat', ...DEFAULTS } } },
		{
			name: 'both images',
			parameters: { startImage: START_IMAGE, endImage: END_IMAGE, aspectRatio: '9:16', resolution: '1080p' },
			body: {
				input: {
					prompt: 'a cat',
					start_image: START_IMAGE,
					end_image: END_IMAGE,
					aspect_ratio: '9:16',
					resolution: '1080p',
					duration: 5,
				},
			},
		},
		{
			name: 'ten seconds',
			parameters: { duration: '10s', resolution: '540p' },
			body: { input: { prompt: 'a cat', ...DEFAULTS, resolution: '540p', duration: 10 } },
		},
		{ name: 'a loop', parameters: { loop: true }, body: { input: { prompt: 'a cat', ...DEFAULTS, loop: true } } },
		{
			name: 'high dynamic range',
			parameters: { additionalFields: { hdr: true, exrExport: true } },
			body: { input: { prompt: 'a cat', ...DEFAULTS, hdr: true, exr_export: true } },
		},
	],
	startImage: (url) => ({ input: { start_image: url } }),
	imageFile: { as: 'upload', body: (url) => ({ input: { start_image: url } }) },
	otherModel: null,
	longVideos: [{ resolution: '1080p' }, { resolution: '1080p', duration: '10s' }, { resolution: '540p' }],
	expectedLate: null,
	priceUsd: 0.3,
	concurrency: 5,
	videoFile: '720p_16x9.mp4',

	id: ID,
	unknownId: '0000000000000000000000000a',
	answers: {
		created: { status: 201, body: prediction('starting') },
		queued: { status: 200, body: prediction('starting') },
		processing: { status: 200, body: prediction('processing', { started_at: ENDED.started_at }) },
		completed: { status: 200, body: COMPLETED },
		failed: { status: 200, body: prediction('failed', { ...ENDED, error: 'The scene is too dark' }) },
	},
	times: { createdAt: 'milliseconds', completedAt: 'milliseconds' },
	callback: { body: COMPLETED, addressIn: ({ body }) => body.webhook, progress: null },
	lists: true,
	balanceUnit: null,

	says: {
		401: 'You did not pass a valid authentication token',
		402: NO_MONEY,
		403: 'Error 403',
		404: 'The requested resource could not be found',
		429: 'Request was throttled. Your rate limit resets in ~1s',
		500: 'Error 500',
	},
	tellsTooMany: true,
	reasonsTold: null,
	failureReason: sameReason,
	moderationReason: 'Generation blocked by the content filter',
	isFreeWhenFailed: false,
	withoutId: null,
	texts: {
		key: "Check the API token in the credential. Tokens begin with 'r8_' and are made at https://replicate.com/account/api-tokens.",
		credit: CREDIT,
		noBalance: [NO_MONEY, CREDIT],
		forbidden: [
			'<provider> does not allow this request with this API key: Error 403',
			'Check that the API key may use this model.',
		],
		noSuchAddress: [
			'<provider> does not offer this model at this address',
			"Check 'Base URL' in the credential. If it is right, see https://replicate.com/luma for the models on offer.",
		],
		noSuchGeneration: ['<provider> does not have this generation', CHECK_ID],
		refusedPrompt: CHECK_FIELDS,
	},

	panel: { fields: VIDEO_FIELDS, additionalFields: ['Additional Body Fields (JSON)', 'EXR Export', 'HDR'] },

	// What the unit tests know of the wire
	wires: {
		generate: {
			places: {
				startImage: 'input.start_image',
				endImage: 'input.end_image',
				aspectRatio: 'input.aspect_ratio',
				// Part of the name of older models.
				resolution: ({ model }) => (model === 'ray-3.2' ? 'input.resolution' : []),
				duration: 'input.duration',
				loop: 'input.loop',
			},
			always: ['input.prompt'],
		},
		modify: {
			places: { sourceVideo: 'input.video', startImage: 'input.first_frame', mode: 'input.mode' },
			always: ['input.prompt'],
		},
		reframe: { places: { sourceVideo: 'input.video', aspectRatio: 'input.aspect_ratio' }, always: ['input.prompt'] },
	},
	described: ({ id, state, request }, url, createdAt) => ({
		id,
		model: 'luma/ray-3.2',
		status: { queued: 'starting', processing: 'processing', completed: 'succeeded', failed: 'failed' }[state],
		input: request?.input ?? {},
		output: url,
		error: state === 'failed' ? FAILURE : null,
		created_at: createdAt,
	}),
};
