/** Pixazo: an image is needed, the model is in the path, a callback is asked for by headers. */
import { PixazoApi } from '../../credentials/PixazoApi.credentials';
import type { JsonObject } from '../../nodes/LumaVideo/providers/provider';
import type { ProviderSample } from './sample';
import { CHECK_ID, CREDENTIAL_OF_BASE_URL, END_IMAGE, NOTHING_SAID, START_IMAGE, VIDEO_FIELDS, VIDEO_URL, sameReason } from './sample';

const MODEL_ID = 'luma-dream-machine-ray-2-flash-image-to-video';
const ID = `${MODEL_ID}_019d0000-0000-7000-8000-000000000000`;
const DASHBOARD = 'https://api-console.pixazo.ai/dashboard';
const CREDIT = `Add money to the wallet at ${DASHBOARD}.`;
const DEFAULTS = { aspect_ratio: '16:9', resolution: '540p', duration: '5s' };

function generation(status: string, more: JsonObject = {}): JsonObject {
	return {
		request_id: ID,
		status,
		model_id: MODEL_ID,
		error: null,
		output: null,
		created_at: '2026-05-22T13:18:40.000Z',
		updated_at: '2026-05-22T13:19:23.000Z',
		completed_at: null,
		...more,
	};
}

const OUTPUT = { media_url: [VIDEO_URL], media_type: 'video/mp4' };

export const pixazo: ProviderSample = {
	credential: new PixazoApi(),
	credentialFields: CREDENTIAL_OF_BASE_URL,
	baseUrl: 'https://gateway.pixazo.ai',
	keyHeader: (key) => ({ 'Ocp-Apim-Subscription-Key': key }),
	connectionTest: {
			method: 'GET',
			url: '/v2/requests/status/luma-dream-machine-ray-2-flash-image-to-video_00000000-0000-0000-0000-000000000000',
		},
	keyVariable: 'PIXAZO_API_KEY',
	wrongKey: {
		key: 'wrong-key-of-pixazo',
		said: 'Access denied due to missing or invalid subscription key',
		testMessage: 'Pixazo did not accept this API key. Copy it again from api-console.pixazo.ai/api_keys.',
	},

	parameters: { model: 'ray-2-flash', startImage: START_IMAGE },
	requests: [
		{ name: 'start image', parameters: {}, body: { prompt: 'a cat', image_url: START_IMAGE, ...DEFAULTS } },
		{
			name: 'every choice',
			parameters: { endImage: END_IMAGE, aspectRatio: '21:9', resolution: '1080p', duration: '9s', loop: true },
			body: {
				prompt: 'a cat',
				image_url: START_IMAGE,
				end_image_url: END_IMAGE,
				aspect_ratio: '21:9',
				loop: true,
				resolution: '1080p',
				duration: '9s',
			},
		},
	],
	startImage: (url) => ({ image_url: url }),
	imageFile: { as: 'signedUrl', body: (url) => ({ image_url: url }) },
	otherModel: null,
	longVideos: [{ model: 'ray-3.2', resolution: '1080p' }, { model: 'ray-3.2', resolution: '720p' }],
	expectedLate: null,
	priceUsd: null,
	concurrency: 5,
	videoFile: '540p_16x9.mp4',

	id: ID,
	unknownId: `${MODEL_ID}_nobody`,
	answers: {
		created: {
			status: 202,
			body: { request_id: ID, status: 'QUEUED', polling_url: `https://gateway.pixazo.ai/v2/requests/status/${ID}` },
		},
		queued: { status: 200, body: generation('QUEUED') },
		processing: { status: 200, body: generation('PROCESSING') },
		completed: { status: 200, body: generation('COMPLETED', { output: OUTPUT, completed_at: '2026-05-22T13:19:23.000Z' }) },
		failed: {
			status: 200,
			body: generation('FAILED', { error: 'The scene is too dark', completed_at: '2026-05-22T13:19:23.000Z' }),
		},
	},
	times: { createdAt: 'milliseconds', completedAt: 'milliseconds' },
	callback: {
		body: generation('COMPLETED', {
			output: OUTPUT,
			updated_at: '2026-05-22 13:19:23',
			completed_at: '2026-05-22 13:19:23',
		}),
		addressIn: ({ headers }) => headers['x-webhook-url'],
		progress: { callbackMode: 'progress' },
	},
	lists: false,
	balanceUnit: null,

	says: NOTHING_SAID,
	tellsTooMany: true,
	reasonsTold: null,
	failureReason: sameReason,
	moderationReason: 'The prompt was refused by content moderation',
	isFreeWhenFailed: false,
	withoutId: '{"status":"QUEUED","polling_url":"<server>/pixazo/v2/requests/status/<id>"}',
	texts: {
		key: 'Check the API key in the credential. Keys are made at https://api-console.pixazo.ai/api_keys.',
		credit: CREDIT,
		noBalance: ['Your wallet does not have enough balance', CREDIT],
		forbidden: [
			'<provider> does not allow this request with this API key: Error 403',
			`Check at ${DASHBOARD} that the subscription of this API key is active, includes this model and has calls left.`,
		],
		noSuchAddress: [
			'<provider> does not offer this model at this address',
			`Check 'Base URL' in the credential. If it is right, see ${DASHBOARD} for the models on offer.`,
		],
		noSuchGeneration: ['<provider> does not have this generation', CHECK_ID],
		refusedPrompt: "Check the node's fields: the prompt, and that each image URL opens without a login.",
	},

	panel: { fields: VIDEO_FIELDS, additionalFields: ['Additional Body Fields (JSON)'] },

	// What the unit tests know of the wire
	wires: {
		generate: {
			places: {
				startImage: 'image_url',
				endImage: 'end_image_url',
				aspectRatio: 'aspect_ratio',
				resolution: 'resolution',
				duration: 'duration',
				loop: 'loop',
			},
			always: ['prompt'],
		},
		modify: {
			places: { sourceVideo: 'video_url', startImage: 'start_image_url', resolution: 'resolution' },
			always: ['prompt'],
		},
		reframe: {
			places: { sourceVideo: 'video_url', aspectRatio: 'aspect_ratio', resolution: 'resolution' },
			always: ['prompt'],
			mandatory: ['aspectRatio'],
		},
	},
	described: ({ id, state }, url, createdAt) => ({
		request_id: id,
		status: state.toUpperCase(),
		created_at: createdAt,
		output: { ...(url && { media_url: [url] }) },
	}),
};
