/** Pixwith.ai: no callbacks, images are uploaded, every refusal is HTTP 200. */
import { PixwithApi } from '../../credentials/PixwithApi.credentials';
import type { JsonObject } from '../../nodes/LumaVideo/providers/provider';
import type { ProviderSample } from './sample';
import { CHECK_BASE_URL, CHECK_FIELDS, CREDENTIAL_OF_BASE_URL, END_IMAGE, NOTHING_SAID, START_IMAGE, VIDEO_FIELDS, VIDEO_URL, sameReason } from './sample';

const ID = 'd425ab4dc256f0ebaa84862b9cea8a3d';
const KEY = "Check the API key in the credential. Keys come from https://pixwith.ai/api and begin with 'key_'.";
const DEFAULTS = { prompt_optimization: false, aspect_ratio: '16:9', resolution: '540p', duration: 5 };

function task(status: number, urls: string[] = [], message = 'success'): { status: number; body: JsonObject } {
	return { status: 200, body: { code: 1, message, data: { task_id: ID, status, result_urls: urls } } };
}

export const pixwith: ProviderSample = {
	credential: new PixwithApi(),
	credentialFields: CREDENTIAL_OF_BASE_URL,
	baseUrl: 'https://api.pixwith.ai',
	keyHeader: (key) => ({ 'Api-Key': key }),
	connectionTest: { method: 'POST', url: '/api/task/get_credits' },
	keyVariable: 'PIXWITH_API_KEY',
	wrongKey: {
		key: 'key_wrong-key-of-pixwith',
		said: 'Invalid API KEY',
		testMessage: 'Pixwith.ai did not accept this API key. Copy it again from pixwith.ai/api.',
	},

	parameters: { model: 'ray-2' },
	requests: [
		{ name: 'text', parameters: {}, body: { prompt: 'a cat', model_id: '2-4', options: DEFAULTS } },
		{
			name: 'start image',
			parameters: { startImage: START_IMAGE },
			body: { prompt: 'a cat', image_urls: [START_IMAGE], model_id: '3-4', options: DEFAULTS },
		},
		{
			name: 'every choice',
			parameters: {
				startImage: START_IMAGE,
				endImage: END_IMAGE,
				aspectRatio: '9:16',
				resolution: '720p',
				duration: '9s',
				loop: true,
				additionalFields: { promptOptimization: true, modelId: '3-4' },
			},
			body: {
				prompt: 'a cat',
				image_urls: [START_IMAGE, END_IMAGE],
				model_id: '3-4',
				options: { prompt_optimization: true, aspect_ratio: '9:16', resolution: '720p', duration: 9, loop: true },
			},
		},
	],
	startImage: (url) => ({ image_urls: [url] }),
	imageFile: { as: 'upload', body: (url) => ({ image_urls: [url] }) },
	otherModel: { additionalFields: { modelId: '3-1' }, model: '3-1' },
	longVideos: [{}],
	// It names an estimate.
	expectedLate: { pixwith: { estimatedSeconds: 62 } },
	priceUsd: null,
	concurrency: 5,
	videoFile: '540p_16x9.mp4',

	id: ID,
	unknownId: '0123456789abcdef0123456789abcdef',
	answers: {
		created: { status: 200, body: { code: 1, message: 'success', data: { task_id: ID, estimated_time: 42 } } },
		queued: task(1),
		processing: task(1),
		completed: task(2, [VIDEO_URL]),
		failed: task(3),
	},
	// One word for both.
	reads: { queued: 'processing' },
	times: { createdAt: null, completedAt: null },
	callback: null,
	lists: false,
	balanceUnit: 'credits',

	says: NOTHING_SAID,
	tellsTooMany: false,
	reasonsTold: { pixwith: { failureInText: true } },
	failureReason: sameReason,
	moderationReason: 'Sensitive content',
	isFreeWhenFailed: false,
	withoutId: '{"code":1,"message":"success","data":{"estimated_time":1}}',
	texts: {
		key: KEY,
		credit: 'Add credit to the account.',
		noBalance: ['Credits not enough', 'Buy credits at https://pixwith.ai/api.'],
		forbidden: [
			'<provider> does not allow this request with this API key: Error 403',
			'Check that the API key may use this model.',
		],
		noSuchAddress: ['<provider> has nothing under this ID or address', CHECK_BASE_URL],
		noSuchGeneration: [
			'<provider> has nothing under this ID or address',
			"Check the generation ID, and 'Base URL' in the credential.",
		],
		refusedPrompt: CHECK_FIELDS,
	},

	panel: { fields: VIDEO_FIELDS, additionalFields: ['Additional Body Fields (JSON)', 'Model ID', 'Translate Prompt'] },

	// What the unit tests know of the wire
	wires: {
		generate: {
			places: {
				startImage: 'image_urls.0',
				endImage: 'image_urls.1',
				aspectRatio: 'options.aspect_ratio',
				resolution: 'options.resolution',
				duration: 'options.duration',
				loop: 'options.loop',
			},
			always: ['prompt', 'model_id', 'options.prompt_optimization'],
			mandatory: ['aspectRatio', 'resolution', 'duration'],
		},
	},
	described: ({ id, state }, url) => ({
		code: 1,
		message: 'success',
		data: { task_id: id, status: { queued: 1, processing: 1, completed: 2, failed: 3 }[state], result_urls: url ? [url] : [] },
	}),
	unknown: { status: 200, body: { code: 0, message: 'task not found', data: null } },
};
