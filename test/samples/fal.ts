/** fal.ai: the model is in the path, a callback in the query, and the result is read apart from the status. */
import { FalLumaApi } from '../../credentials/FalLumaApi.credentials';
import type { JsonObject } from '../../nodes/LumaVideo/providers/provider';
import type { ProviderSample } from './sample';
import { FAILURE, CHECK_BASE_URL, CHECK_FIELDS, CHECK_ID, CREDENTIAL_OF_BASE_URL, END_IMAGE, START_IMAGE, VIDEO_FIELDS, VIDEO_URL } from './sample';

const ID = '764cabcf-b745-4b3e-ae38-1200304cf45b';
const KEY = 'Check the API key in the credential: key ID and secret with a colon between them, as made at https://fal.ai/dashboard/keys.';
const CREDIT = 'Add money at https://fal.ai/dashboard/billing.';
const DEFAULTS = { aspect_ratio: '16:9', resolution: '540p', duration: '5s' };
const ADDRESSES = {
	response_url: `https://queue.fal.run/luma/agent/requests/${ID}`,
	status_url: `https://queue.fal.run/luma/agent/requests/${ID}/status`,
	cancel_url: `https://queue.fal.run/luma/agent/requests/${ID}/cancel`,
};

function state(status: string, more: JsonObject = {}): { status: number; body: JsonObject } {
	return { status: 200, body: { status, request_id: ID, ...ADDRESSES, ...more } };
}

const OUTPUT = { video: { url: VIDEO_URL, content_type: 'video/mp4', file_name: 'out.mp4', file_size: 4183920 } };
const COMPLETED = state('COMPLETED', { metrics: { inference_time: 84.1 }, logs: null });
const FINDING = {
	loc: ['body', 'prompt'],
	msg: 'The scene is too dark',
	type: 'no_media_generated',
	url: 'https://docs.fal.ai/errors#no_media_generated',
	input: {},
};

export const fal: ProviderSample = {
	credential: new FalLumaApi(),
	credentialFields: CREDENTIAL_OF_BASE_URL,
	baseUrl: 'https://queue.fal.run',
	keyHeader: (key) => ({ Authorization: `Key ${key}` }),
	connectionTest: { method: 'GET', url: '/luma/agent/requests/00000000-0000-0000-0000-000000000000/status' },
	keyVariable: 'FAL_KEY',
	wrongKey: {
		key: 'wrong-key-id:wrong-key-secret',
		said: 'Cannot access application "luma/agent". Authentication is required to access this application',
		testMessage: 'fal.ai did not accept this API key. Copy it again from fal.ai/dashboard/keys: key ID and secret with a colon between them.',
	},

	parameters: { model: 'ray-3.2' },
	requests: [
		{ name: 'text', parameters: {}, body: { prompt: 'a cat', ...DEFAULTS } },
		{ name: 'start image', parameters: { startImage: START_IMAGE }, body: { prompt: 'a cat', image_url: START_IMAGE, ...DEFAULTS } },
		{
			name: 'every choice',
			parameters: { startImage: START_IMAGE, endImage: END_IMAGE, aspectRatio: '21:9', resolution: '1080p', additionalFields: { hdr: true, exrExport: true } },
			body: {
				prompt: 'a cat',
				image_url: START_IMAGE,
				end_image_url: END_IMAGE,
				aspect_ratio: '21:9',
				resolution: '1080p',
				duration: '5s',
				hdr: true,
				exr_export: true,
			},
		},
		{ name: 'a loop', parameters: { loop: true }, body: { prompt: 'a cat', loop: true, ...DEFAULTS } },
	],
	startImage: (url) => ({ image_url: url }),
	imageFile: { as: 'data', body: (data) => ({ image_url: `data:image/jpeg;base64,${data}` }) },
	otherModel: null,
	longVideos: [{ resolution: '1080p', duration: '10s' }],
	expectedLate: null,
	priceUsd: 0.5,
	concurrency: 5,
	videoFile: '540p_16x9.mp4',

	id: ID,
	unknownId: '123e4567-e89b-12d3-a456-426614174000',
	answers: {
		created: state('IN_QUEUE', { queue_position: 0 }),
		queued: state('IN_QUEUE', { queue_position: 0 }),
		processing: state('IN_PROGRESS', { logs: null }),
		completed: COMPLETED,
		failed: COMPLETED,
	},
	results: { completed: { status: 200, body: OUTPUT }, failed: { status: 422, body: { detail: [FINDING] } } },
	times: { createdAt: null, completedAt: null },
	callback: {
		body: { request_id: ID, gateway_request_id: ID, status: 'OK', error: null, payload: OUTPUT },
		addressIn: ({ callbackUrl }) => callbackUrl,
		progress: null,
		onlyAtEnd: true,
	},
	lists: false,
	listsEnded: true,
	balanceUnit: null,

	says: {
		401: 'Cannot access application "luma/agent". Authentication is required to access this application',
		402: 'Error 402',
		403: 'Error 403',
		404: 'Not Found',
		429: 'Too many concurrent requests',
		500: 'Error 500',
	},
	tellsTooMany: true,
	reasonsTold: null,
	failureReason: (said) => `no_media_generated: the model returned nothing (${said})`,
	moderationReason:
		'content_policy_violation: content moderation refused the prompt, an input or the result (The content could not be processed because it was flagged by a content checker)',
	isFreeWhenFailed: false,
	// Cut where messages cut what they quote.
	withoutId:
		'{"status":"IN_QUEUE","queue_position":0,"response_url":"<server>/fal/luma/agent/requests/<id>","status_url":"<server>/fal/luma/agent/requests/<id>/status","cancel_url":"<server>/fal/luma/agent/…',
	texts: {
		key: KEY,
		credit: CREDIT,
		noBalance: ['User is locked. Reason: Exhausted balance. Top up your balance to go on', CREDIT],
		forbidden: [
			'<provider> does not allow this request with this API key: Error 403',
			`See https://fal.ai/dashboard: the key needs the scope API, and HDR must be enabled for the account before it can be used. ${KEY}`,
		],
		noSuchAddress: ['<provider> does not offer this model at this address', CHECK_BASE_URL],
		noSuchGeneration: ['<provider> does not have this generation', `${CHECK_ID} Results are not kept for ever.`],
		refusedPrompt: CHECK_FIELDS,
	},

	panel: { fields: VIDEO_FIELDS, additionalFields: ['Additional Body Fields (JSON)', 'EXR Export', 'HDR', 'Keyframes'] },

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
			places: {
				sourceVideo: 'video_url',
				startImage: ({ model }) => (model === 'ray-3.2' ? 'start_image_url' : 'image_url'),
				resolution: 'resolution',
				mode: ({ mode, model }) => (model === 'ray-3.2' ? (mode === null || mode === 'auto' ? 'auto_controls' : 'edit_strength') : 'mode'),
			},
			always: ['prompt'],
			mandatory: ['mode'],
		},
		reframe: {
			places: { sourceVideo: 'video_url', startImage: 'image_url', aspectRatio: 'aspect_ratio', resolution: 'resolution' },
			always: ['prompt'],
			mandatory: ['aspectRatio'],
		},
	},
	described: ({ id, state }, url) => ({
		request_id: id,
		status: { queued: 'IN_QUEUE', processing: 'IN_PROGRESS', completed: 'COMPLETED', failed: 'FAILED' }[state],
		...(state === 'failed' && { error: FAILURE }),
		...(url && { video: { url } }),
	}),
	calledWith: ({ id, state }, body) => ({ request_id: id, status: state === 'failed' ? 'ERROR' : 'OK', payload: body }),
};
