/**
 * fal.ai, a platform for many models (fal.ai): Luma's Ray 3.2 as `luma/agent/ray/v3.2`.
 *
 * Sources: the pages "Queue", "Webhooks", "Errors" and "Pricing" of docs.fal.ai; the pages of the four models at
 * fal.ai/models/luma/agent/ray/v3.2; the official client fal-ai/fal-js, which has their input fields.
 *
 * A request is read in two steps: its status, and once that says `COMPLETED` its result, which is the video or the error
 * of the model. Both are under the app, which is only the first two parts of a model's path, so that an id is enough to
 * find them. The addresses in the answers are not followed: the key goes to the configured host only.
 *
 * There is no deletion of a request. Its cancellation, the list of past requests (at another host, with the key) and
 * Ray 2 (of another app) are left out. What no document settles is in docs/guesses.md.
 */
import { DASHBOARD_URL, DISPLAY_NAME, REFUSALS, readCreated, readResult, readStatus } from './fal.answers';
import { bodyOf, modelOf } from './fal.body';
import { AUTO, DEFAULT_DURATION } from './ray32.exclusions';
import { callbacks } from './fal.callbacks';
import { exclusions } from './fal.exclusions';
import { images } from './fal.images';
import { DEFAULT_RESOLUTION, MAX_SOURCE_SECONDS, priceOf } from './fal.prices';
import { STRENGTHS } from './luma';
import type { AspectRatio, ModelCapabilities, Provider, Resolution } from './provider';

const APP = '/luma/agent';

const ASPECT_RATIOS: readonly AspectRatio[] = ['16:9', '9:16', '1:1', '4:3', '3:4', '21:9'];
const RESOLUTIONS: readonly Resolution[] = ['540p', '720p', '1080p'];

const RAY: Pick<ModelCapabilities, 'aspectRatios' | 'durations' | 'loop' | 'name' | 'resolutions' | 'value'> = {
	value: 'ray-3.2',
	name: 'Ray 3.2',
	aspectRatios: [],
	resolutions: RESOLUTIONS,
	durations: [],
	loop: 'never',
};

function sourceHint(seconds: number): string {
	return `Luma takes at most ${seconds} seconds.`;
}

/** Written by the body's own functions: they are left out when switched off. */
const RANGE_AND_KEYFRAMES = { exrExport: null, hdr: null, keyframes: null };

/** A guess: the limit is Luma's own. */
const PROMPT = { optionalWithImage: false, minLength: 1, maxLength: 6000 };

function requestPath(generationId: string): string {
	return `${APP}/requests/${encodeURIComponent(generationId)}`;
}

export const fal: Provider = {
	id: 'fal',
	displayName: DISPLAY_NAME,
	credentialType: 'falLumaApi',
	dashboardUrl: DASHBOARD_URL,
	capabilities: {
		models: [
			{
				...RAY,
				description: 'Newest model: text to video and image to video',
				// An end image alone is not documented.
				frames: ['none', 'start', 'startAndEnd'],
				aspectRatios: ASPECT_RATIOS,
				durations: ['5s', '10s'],
				defaults: { aspectRatio: '16:9', resolution: DEFAULT_RESOLUTION, duration: DEFAULT_DURATION },
				loop: 'withoutEndImage',
				// A guess: resellers speak of 5 to 15 minutes, Luma itself of less than two.
				usualSeconds: 180,
			},
		],
		prompt: PROMPT,
		extras: RANGE_AND_KEYFRAMES,
		operations: {
			modify: {
				models: [
					{
						...RAY,
						description: 'Changes a video as the prompt says',
						frames: ['none', 'start'],
						// What a duration means beside the source's own length is not documented.
						defaults: { aspectRatio: null, resolution: DEFAULT_RESOLUTION, duration: null },
						modes: [AUTO, ...STRENGTHS],
						sources: ['generation', 'url'],
						hints: { source: sourceHint(MAX_SOURCE_SECONDS.modify) },
						// A guess, as above.
						usualSeconds: 300,
					},
				],
				prompt: PROMPT,
				extras: { autoControls: null, editControls: null, ...RANGE_AND_KEYFRAMES, sourceLength: null },
			},
			reframe: {
				models: [
					{
						...RAY,
						description: 'Fills a new shape of picture around a video',
						frames: ['none'],
						aspectRatios: ASPECT_RATIOS,
						defaults: { aspectRatio: '9:16', resolution: DEFAULT_RESOLUTION, duration: null },
						sources: ['generation', 'url'],
						hints: { source: sourceHint(MAX_SOURCE_SECONDS.reframe) },
						// A guess, as above.
						usualSeconds: 180,
					},
				],
				prompt: PROMPT,
				extras: { sourceLength: null, sourcePosition: null },
			},
		},
		// As data URIs.
		imageInput: 'data',
		sourceAs: 'url',
		// Between "at least 7 days" and "for ever", depending on the account's settings.
		urlMinutes: null,
		// A new account runs 2 at once, and more with every purchase; the others wait in its queue without being refused.
		concurrency: 5,
	},

	refusals: REFUSALS,
	exclusions,

	create: (request) => ({
		method: 'POST',
		path: `${APP}/ray/v3.2/${modelOf(request)}`,
		...(request.callback ? { query: { fal_webhook: request.callback.url } } : {}),
		body: bodyOf(request),
	}),
	readCreated,

	status: (generationId) => ({ method: 'GET', path: `${requestPath(generationId)}/status` }),
	readStatus,
	result: { call: ({ generationId }) => ({ method: 'GET', path: requestPath(generationId) }), read: readResult },

	estimateUsd: (request) => priceOf(modelOf(request), bodyOf(request), request.sourceLength),

	callbacks,
	images,
};
