/**
 * Luma Agents, Luma's own API for Ray 3.2 (docs.agents.lumalabs.ai).
 *
 * Sources: the guides "Video generation", "Video editing", "Video reframing", "Pricing", "Rate limits", "Error
 * handling" and "FAQ" of docs.agents.lumalabs.ai; the official client lumalabs/luma-agents-typescript 0.3.0 to 0.5.0 and
 * its branch `next`, which has 360p, keyframes for new videos and files. It has no list, deletion, balance or callbacks.
 *
 * What is not documented, and how it is handled, is in docs/guesses.md.
 */
import { DASHBOARD_URL, DISPLAY_NAME, IMAGE_HINT, REFUSALS, readCreated, readStatus } from './lumaAgents.answers';
import { USER_ID, bodyOf } from './lumaAgents.body';
import { ASPECT_RATIOS, AUTO, DEFAULT_DURATION, MAX_SOURCE_SECONDS } from './ray32';
import { exclusions } from './lumaAgents.exclusions';
import { fileStore } from './lumaAgents.files';
import { images } from './lumaAgents.images';
import { STRENGTHS } from './luma';
import { DEFAULT_RESOLUTION, priceOf } from './lumaAgents.prices';
import type { Duration, ModelCapabilities, Provider, Resolution } from './provider';

/** 360p is the draft tier; only the client's branch `next` and the newer guides have it. */
const RESOLUTIONS: readonly Resolution[] = ['360p', '540p', '720p', '1080p'];
const DURATIONS: readonly Duration[] = ['5s', '10s'];

const RAY: Pick<ModelCapabilities, 'value' | 'name' | 'aspectRatios' | 'resolutions' | 'durations' | 'loop'> = {
	value: 'ray-3.2',
	name: 'Ray 3.2',
	aspectRatios: [],
	resolutions: RESOLUTIONS,
	durations: [],
	loop: 'never',
};

/** "FAQ": a job runs for at most an hour. */
function sourceHint(seconds: number): string {
	return `${DISPLAY_NAME} accepts up to ${seconds} seconds and processes them for up to an hour.`;
}

const SOURCE_SIZE = 'Maximum size: 200 MB.';

/** Written into `video`. */
const IN_VIDEO = { exrExport: null, hdr: null, keyframes: null };

const PROMPT = { optionalWithImage: false, minLength: 1, maxLength: 6000 };

export const lumaAgents: Provider = {
	id: 'lumaAgents',
	displayName: DISPLAY_NAME,
	description: "Luma's own API for Ray 3.2: generate, extend, modify, reframe, HDR, up to 1080p; images with Uni-1",
	credentialType: 'lumaAgentsApi',
	dashboardUrl: DASHBOARD_URL,
	// Keys of the Dream Machine API: `luma-` and a UUID.
	foreignKey: (key) =>
		/^luma-[0-9a-f]{8}-[0-9a-f]{4}-/i.test(key)
			? {
					owner: 'Luma Dream Machine',
					instead: `Create a key at ${DASHBOARD_URL} (it begins with 'luma-api-'): Luma announced the end of the Dream Machine API for October 2026.`,
				}
			: null,
	modelField: 'model',
	capabilities: {
		models: [
			{
				...RAY,
				description: 'Newest model, without sound; 360p is a cheap draft',
				frames: ['none', 'start', 'end', 'startAndEnd'],
				aspectRatios: ASPECT_RATIOS,
				autoAspectRatio: true,
				durations: DURATIONS,
				defaults: { aspectRatio: '16:9', resolution: DEFAULT_RESOLUTION, duration: DEFAULT_DURATION },
				loop: 'withoutEndImage',
				hints: { image: IMAGE_HINT },
				// A guess: according to the guide, most take less than two minutes.
				usualSeconds: 90,
			},
		],
		prompt: PROMPT,
		extras: { ...IN_VIDEO, ...USER_ID },
		operations: {
			extend: {
				models: [
					{
						...RAY,
						description: 'Newest model; adds 5 seconds without sound',
						frames: ['none'],
						// A draft has no price here.
						resolutions: RESOLUTIONS.filter((resolution) => resolution !== '360p'),
						// One block of 5 s in the source's aspect ratio, standard dynamic range.
						defaults: { aspectRatio: null, resolution: DEFAULT_RESOLUTION, duration: null },
						directions: ['forward', 'backward'],
						loop: 'withoutEndImage',
						// As resellers and ComfyUI describe it: "returns one 5s block per call".
						hints: { direction: 'The output contains only the 5 seconds that are added.' },
						// A guess, as above.
						usualSeconds: 90,
					},
				],
				prompt: PROMPT,
				extras: USER_ID,
			},
			modify: {
				models: [
					{
						...RAY,
						description: 'Newest model, without sound; 360p is a cheap draft',
						frames: ['none', 'start'],
						// Aspect ratio and length are the source's; two third parties report that an aspect ratio is ignored or refused.
						defaults: { aspectRatio: null, resolution: DEFAULT_RESOLUTION, duration: null },
						modes: [AUTO, ...STRENGTHS],
						sources: ['generation', 'url', 'file'],
						hints: { image: IMAGE_HINT, source: sourceHint(MAX_SOURCE_SECONDS.modify), sourceSize: SOURCE_SIZE },
						// A guess: resellers mention 5 to 15 minutes.
						usualSeconds: 300,
					},
				],
				prompt: PROMPT,
				extras: { autoControls: null, editControls: null, ...IN_VIDEO, sourceLength: null, ...USER_ID },
			},
			reframe: {
				models: [
					{
						...RAY,
						description: 'Newest model, without sound; 360p is a cheap draft',
						frames: ['none'],
						aspectRatios: ASPECT_RATIOS,
						defaults: { aspectRatio: '9:16', resolution: DEFAULT_RESOLUTION, duration: null },
						sources: ['generation', 'url', 'file'],
						hints: {
							source: sourceHint(MAX_SOURCE_SECONDS.reframe),
							sourceSize: SOURCE_SIZE,
							resolution: 'With upright aspect ratios (9:16, 3:4) Luma may still refuse 1080p.',
						},
						// A guess: nothing is documented.
						usualSeconds: 180,
					},
				],
				prompt: PROMPT,
				extras: { sourceLength: null, sourcePosition: null, ...USER_ID },
			},
		},
		sourceAs: 'generationId',
		// "Video generation": presigned for an hour; each read creates a new one.
		urlMinutes: 60,
	},

	refusals: REFUSALS,
	exclusions,

	create: (request) => ({ method: 'POST', path: '/generations', body: bodyOf(request) }),
	readCreated,

	// Every read creates new URLs, which work for an hour.
	status: (generationId) => ({ method: 'GET', path: `/generations/${encodeURIComponent(generationId)}` }),
	readStatus,

	fileStore,

	estimateUsd: (request) => priceOf(bodyOf(request), request.sourceLength),

	images,
};
