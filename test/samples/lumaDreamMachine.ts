/** Luma Dream Machine: callbacks, a list in which lost generations are found, published prices. */
import { LumaDreamMachineApi } from '../../credentials/LumaDreamMachineApi.credentials';
import type { JsonObject } from '../../nodes/LumaVideo/providers/provider';
import type { ProviderSample } from './sample';
import { FAILURE, CHECK_BASE_URL, CHECK_FIELDS, CHECK_ID, CREDENTIAL_OF_BASE_URL, END_IMAGE, NOTHING_SAID, START_IMAGE, VIDEO_FIELDS, VIDEO_URL, sameReason } from './sample';

const ID = '123e4567-e89b-12d3-a456-426614174001';
const ENDED =
	"Luma announced the end of its Dream Machine API for October 2026. Its successor is Luma Agents: choose that as 'Provider', with a key from platform.lumalabs.ai.";
const KEY = `Check the API key in the credential: Dream Machine keys come from lumalabs.ai/dream-machine/api/keys. ${ENDED}`;
const CREDIT = 'Add credit to the account.';
const DEFAULTS = { aspect_ratio: '16:9', resolution: '720p', duration: '5s' };

const imageOf = (url: string): JsonObject => ({ type: 'image', url });

function generation(state: string, more: JsonObject = {}): JsonObject {
	return {
		id: ID,
		generation_type: 'video',
		state,
		failure_reason: null,
		created_at: '2026-03-01T12:00:00.000Z',
		assets: null,
		model: 'ray-2',
		request: { generation_type: 'video', model: 'ray-2', prompt: 'a cat', ...DEFAULTS },
		...more,
	};
}

const COMPLETED = generation('completed', { assets: { video: VIDEO_URL } });

const KEYFRAMES = { startImage: 'keyframes.frame0', endImage: 'keyframes.frame1' };

export const lumaDreamMachine: ProviderSample = {
	credential: new LumaDreamMachineApi(),
	credentialFields: CREDENTIAL_OF_BASE_URL,
	baseUrl: 'https://api.lumalabs.ai/dream-machine/v1',
	keyHeader: (key) => ({ Authorization: `Bearer ${key}` }),
	connectionTest: { method: 'GET', url: '/credits' },
	keyVariable: 'LUMA_API_KEY',
	wrongKey: {
		key: 'wrong-key-of-dream-machine',
		said: 'Invalid API key provided',
		testMessage:
			'Luma did not accept this API key. Use a Dream Machine key from lumalabs.ai/dream-machine/api/keys; keys from platform.lumalabs.ai do not work here.',
	},

	parameters: { model: 'ray-2' },
	requests: [
		{ name: 'text', parameters: {}, body: { model: 'ray-2', prompt: 'a cat', ...DEFAULTS } },
		{
			name: 'start image, no prompt',
			parameters: { startImage: START_IMAGE },
			prompt: '',
			body: { model: 'ray-2', ...DEFAULTS, keyframes: { frame0: imageOf(START_IMAGE) } },
		},
		{
			name: 'end image',
			parameters: { model: 'ray-flash-2', endImage: END_IMAGE },
			body: { model: 'ray-flash-2', prompt: 'a cat', ...DEFAULTS, keyframes: { frame1: imageOf(END_IMAGE) } },
		},
		{
			name: 'both images',
			parameters: { startImage: START_IMAGE, endImage: END_IMAGE },
			body: {
				model: 'ray-2',
				prompt: 'a cat',
				...DEFAULTS,
				keyframes: { frame0: imageOf(START_IMAGE), frame1: imageOf(END_IMAGE) },
			},
		},
		{
			name: 'every choice',
			parameters: {
				startImage: START_IMAGE,
				aspectRatio: '9:21',
				resolution: '4k',
				duration: '9s',
				loop: true,
				additionalFields: { cameraMotion: 'camera orbit left', concepts: ['dolly_zoom', 'pov'] },
			},
			body: {
				model: 'ray-2',
				prompt: 'a cat, camera orbit left',
				aspect_ratio: '9:21',
				resolution: '4k',
				duration: '9s',
				loop: true,
				keyframes: { frame0: imageOf(START_IMAGE) },
				concepts: [{ key: 'dolly_zoom' }, { key: 'pov' }],
			},
		},
		{
			name: 'the legacy model',
			parameters: { model: 'ray-1-6', aspectRatio: '4:3' },
			body: { model: 'ray-1-6', prompt: 'a cat', aspect_ratio: '4:3' },
		},
		{
			name: 'values left behind by another model',
			parameters: { model: 'ray-1-6', resolution: '4k', duration: '9s' },
			body: { model: 'ray-1-6', prompt: 'a cat', aspect_ratio: '16:9' },
		},
		{
			name: 'a field that the node does not know',
			parameters: { additionalFields: { additionalBodyFields: '{"generation_type":"video"}' } },
			body: { model: 'ray-2', prompt: 'a cat', ...DEFAULTS, generation_type: 'video' },
		},
	],
	startImage: (url) => ({ keyframes: { frame0: { url } } }),
	imageFile: { as: 'signedUrl', body: (url) => ({ keyframes: { frame0: { url } } }) },
	otherModel: { additionalFields: { additionalBodyFields: '{"model": "ray-flash-2"}' }, model: 'ray-flash-2' },
	longVideos: [{ resolution: '4k', duration: '9s' }, { resolution: '1080p', duration: '9s' }],
	expectedLate: null,
	priceUsd: 0.71,
	concurrency: 10,
	videoFile: '720p_16x9.mp4',

	id: ID,
	unknownId: '123e4567-e89b-12d3-a456-426614174000',
	answers: {
		created: { status: 201, body: generation('queued') },
		queued: { status: 200, body: generation('queued') },
		processing: { status: 200, body: generation('dreaming', { assets: { progress_video: VIDEO_URL } }) },
		completed: { status: 200, body: COMPLETED },
		failed: { status: 200, body: generation('failed', { failure_reason: 'The scene is too dark' }) },
	},
	times: { createdAt: 'milliseconds', completedAt: null },
	callback: { body: COMPLETED, addressIn: ({ body }) => body.callback_url, progress: {} },
	lists: true,
	balanceUnit: 'USD',

	says: NOTHING_SAID,
	tellsTooMany: true,
	reasonsTold: null,
	failureReason: sameReason,
	moderationReason: 'Advanced prompt moderation failed',
	isFreeWhenFailed: true,
	withoutId: null,
	texts: {
		key: KEY,
		credit: CREDIT,
		noBalance: ['Insufficient credits', CREDIT],
		forbidden: ['<provider> did not accept the API key: Error 403', KEY],
		noSuchAddress: ['<provider> does not generate videos at this address', `${CHECK_BASE_URL} ${ENDED}`],
		noSuchGeneration: ['<provider> has nothing under this ID or address', CHECK_ID],
		refusedPrompt: CHECK_FIELDS,
	},

	panel: {
		fields: VIDEO_FIELDS,
		additionalFields: ['Additional Body Fields (JSON)', 'Camera Motion Name or ID', 'Concept Names or IDs'],
	},

	// What the unit tests know of the wire
	wires: {
		generate: {
			places: {
				...KEYFRAMES,
				aspectRatio: 'aspect_ratio',
				resolution: 'resolution',
				duration: 'duration',
				loop: 'loop',
			},
			always: ['model', 'prompt'],
		},
		extend: {
			places: {
				...KEYFRAMES,
				sourceGenerationId: ({ direction }) => (direction === 'forward' ? 'keyframes.frame0' : 'keyframes.frame1'),
				resolution: 'resolution',
				loop: 'loop',
			},
			always: ['model', 'prompt'],
		},
		interpolate: {
			places: {
				sourceGenerationId: 'keyframes.frame0',
				targetGenerationId: 'keyframes.frame1',
				resolution: 'resolution',
			},
			always: ['model', 'prompt'],
		},
		modify: {
			places: { sourceVideo: 'media', startImage: 'first_frame', mode: 'mode' },
			always: ['generation_type', 'model', 'prompt'],
			mandatory: ['mode'],
		},
		reframe: {
			places: { sourceVideo: 'media', startImage: 'first_frame', aspectRatio: 'aspect_ratio' },
			always: ['generation_type', 'model', 'prompt'],
			mandatory: ['aspectRatio'],
		},
		upscale: { places: { sourceGenerationId: null, resolution: 'resolution' }, always: ['generation_type'] },
		addAudio: { places: { sourceGenerationId: null }, always: ['generation_type', 'prompt'] },
	},
	described: ({ id, state, request }, url, createdAt) => ({
		id,
		generation_type: 'video',
		state: state === 'processing' ? 'dreaming' : state,
		failure_reason: state === 'failed' ? FAILURE : null,
		created_at: createdAt,
		assets: url && { video: url },
		model: request?.model ?? null,
		// With the service's own defaults filled in.
		...(request && { request: { generation_type: 'video', aspect_ratio: '16:9', ...request } }),
	}),
};
