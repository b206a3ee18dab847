/**
 * fal.ai, a platform for many models (fal.ai): Luma's Ray 3.2, Uni-1 and the older Ray 2.
 *
 * Sources: the pages "Queue", "Webhooks", "Errors" and "Pricing" of docs.fal.ai and those of its Platform APIs; the pages
 * of the models at fal.ai/models/luma and fal.ai/models/fal-ai/luma-dream-machine; the official client fal-ai/fal-js,
 * which has their input fields.
 *
 * A request is read in two steps: its status, and once that says `COMPLETED` its result, which is the output or the error
 * of the model. Both are under the app, the first two parts of an endpoint's name. The addresses in the answers are not
 * followed: the key goes to the configured host and to fal.ai's own only.
 *
 * A request can be cancelled, not deleted. Ray 2 belongs to Luma's older API, and may be gone with it. What no document
 * settles is in docs/guesses.md.
 */
import { DASHBOARD_URL, DISPLAY_NAME, REFUSALS, read, readCreated, readResult, readStatus } from './fal.answers';
import { bodyOf } from './fal.body';
import { callbacks } from './fal.callbacks';
import { callAbout, endpointOf } from './fal.endpoints';
import { exclusions } from './fal.exclusions';
import { fileStore } from './fal.files';
import { listing } from './fal.history';
import { images } from './fal.images';
import { DEFAULT_RESOLUTION, priceOf } from './fal.prices';
import { PLAIN_MODEL, RAY_2_RATIOS, STRENGTHS } from './luma';
import type { ModelCapabilities, Provider, Resolution } from './provider';
import { ASPECT_RATIOS, AUTO, DEFAULT_DURATION, MAX_SOURCE_SECONDS } from './ray32';

const RESOLUTIONS: readonly Resolution[] = ['540p', '720p', '1080p'];

const RAY: Pick<ModelCapabilities, 'aspectRatios' | 'durations' | 'lacks' | 'loop' | 'name' | 'resolutions' | 'value'> = {
	value: 'ray-3.2',
	name: 'Ray 3.2',
	aspectRatios: [],
	resolutions: RESOLUTIONS,
	durations: [],
	loop: 'never',
};

/** Ray 2, in an operation without options. */
const OLD: Omit<ModelCapabilities, 'description' | 'name' | 'value'> = {
	...PLAIN_MODEL,
	frames: ['none', 'start'],
	// A guess: nothing is documented.
	usualSeconds: 60,
};

function bothOld(shared: Omit<ModelCapabilities, 'description' | 'name' | 'value'>): ModelCapabilities[] {
	return [
		{ ...shared, value: 'ray-2', name: 'Ray 2 (Legacy)', description: 'Older model; may no longer be available' },
		{ ...shared, value: 'ray-2-flash', name: 'Ray 2 Flash (Legacy)', description: 'Older, faster model; may no longer be available' },
	];
}

function sourceHint(seconds: number): string {
	return `Luma takes at most ${seconds} seconds.`;
}

const SOURCES: ModelCapabilities['sources'] = ['generation', 'url', 'file'];

/** Written by the body's own functions: they are left out when switched off. */
const RANGE_AND_KEYFRAMES = { exrExport: null, hdr: null, keyframes: null };
const NO_RANGE_OR_KEYFRAMES = ['exrExport', 'hdr', 'keyframes'] as const;

/** A guess: the limit is Luma's own. */
const PROMPT = { optionalWithImage: false, minLength: 1, maxLength: 6000 };

export const fal: Provider = {
	id: 'fal',
	displayName: DISPLAY_NAME,
	description: 'Ray 3.2: generate, modify, reframe, HDR, keyframes, up to 1080p; images with Uni-1',
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
			...bothOld({
				...OLD,
				frames: ['none', 'start', 'startAndEnd'],
				aspectRatios: ['16:9', '9:16', '4:3', '3:4', '21:9', '9:21'],
				resolutions: RESOLUTIONS,
				durations: ['5s', '9s'],
				defaults: { aspectRatio: '16:9', resolution: DEFAULT_RESOLUTION, duration: DEFAULT_DURATION },
				loop: 'withoutEndImage',
				lacks: NO_RANGE_OR_KEYFRAMES,
			}),
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
						sources: SOURCES,
						hints: { source: sourceHint(MAX_SOURCE_SECONDS.modify), sourceSize: 'Maximum size: 200 MB.' },
						// A guess, as above.
						usualSeconds: 300,
					},
					...bothOld({
						...OLD,
						modes: STRENGTHS,
						sources: SOURCES,
						lacks: ['autoControls', 'editControls', 'sourceLength', ...NO_RANGE_OR_KEYFRAMES],
					}),
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
						sources: SOURCES,
						hints: { source: sourceHint(MAX_SOURCE_SECONDS.reframe), sourceSize: 'Maximum size: 200 MB.' },
						lacks: ['gridPosition'],
						// A guess, as above.
						usualSeconds: 180,
					},
					...bothOld({
						...OLD,
						aspectRatios: RAY_2_RATIOS,
						defaults: { aspectRatio: '9:16', resolution: null, duration: null },
						sources: SOURCES,
						lacks: ['sourcePosition'],
					}),
				],
				prompt: PROMPT,
				extras: { gridPosition: null, sourceLength: null, sourcePosition: null },
			},
		},
		// No `urlMinutes`: between "at least 7 days" and "for ever", depending on the account's settings. No `concurrency`: a new
		// account runs 2 at once, and more with every purchase; the others wait in its queue without being refused.
	},

	refusals: REFUSALS,
	exclusions,

	create: (request) => ({
		method: 'POST',
		path: `/${endpointOf(request)}`,
		...(request.callback ? { query: { fal_webhook: request.callback.url } } : {}),
		body: bodyOf(request),
	}),
	readCreated,

	status: (generationId) => callAbout(generationId, 'GET', '/status'),
	readStatus,
	result: { call: ({ generationId }) => callAbout(generationId, 'GET'), read: readResult },

	estimateUsd: priceOf,

	callbacks,
	listing,
	// "Cancel a request": told by the HTTP status.
	cancellation: {
		charge: `${DISPLAY_NAME} does not say whether it charges for canceled ones.`,
		call: (generationId) => callAbout(generationId, 'PUT', '/cancel'),
		read: (answer) => read(answer, 'cancellation', () => true as const),
	},
	fileStore,
	images,
};
