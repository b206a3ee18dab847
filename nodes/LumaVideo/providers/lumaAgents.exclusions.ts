/** Combinations of fields that Luma Agents refuses, found before anything is sent. Pure. */
import { BACKWARD_LOOP, rule } from './luma';
import { DEFAULT_RESOLUTION } from './lumaAgents.prices';
import { hasKeyframes, isLong, ray32Rules } from './ray32';

/** "Video generation", rejected combinations. Portrait 1080p is being rolled out, so the service decides. */
export const exclusions = ray32Rules({
	beforeFrames: [
		rule(
			['generate'],
			'hdr',
			"needs a 'Duration' of 5s without 'Start Image' and 'Keyframes'",
			(request) => request.hdr === true && isLong(request) && !hasKeyframes(request) && request.startImage === null,
		),
		rule(
			['generate'],
			'endImage',
			"cannot be combined with a 'Duration' of 10s; choose 5s, or make all images 'Keyframes', the last one at frame 240",
			(request) => isLong(request) && request.endImage !== null,
		),
	],
	// A lead-in to a video cannot loop.
	afterFrames: [BACKWARD_LOOP],
	defaultResolution: DEFAULT_RESOLUTION,
	tooMany: (maximum) => `has more than ${maximum} keyframes`,
	twice: 'has two images at the same frame',
	longer: 'accepted',
	farOutside: 'must have X and Y between -2 and 2',
});
