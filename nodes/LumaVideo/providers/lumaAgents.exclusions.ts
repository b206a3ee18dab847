/** Combinations of fields that Luma Agents refuses, found before anything is sent. Pure. */
import { DEFAULT_RESOLUTION, MAX_SOURCE_SECONDS } from './lumaAgents.prices';
import type { Exclusion, VideoRequest } from './provider';
import {
	EDIT_RULES,
	EXR_RULES,
	FRAME_RULES,
	KEYFRAME_PLACE_RULES,
	LOOP_RULES,
	MAX_KEYFRAMES,
	SOURCE_SIZE_RULES,
	hasKeyframes,
	hasTooManyKeyframes,
	hasTwoAtOneFrame,
	isFarOutside,
	isLong,
	isTooLong,
	rule,
} from './ray32.exclusions';
import type { Condition } from './ray32.exclusions';

const isDraft: Condition = ({ resolution }) => ['360p', '540p'].includes(resolution ?? DEFAULT_RESOLUTION);

export const exclusions: ReadonlyArray<Exclusion<VideoRequest>> = [
	// "Video generation", rejected combinations; a loop together with an end image is in the capability table.
	...LOOP_RULES,
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
	...FRAME_RULES,
	// A lead-in to a video cannot loop.
	rule(
		['extend'],
		'loop',
		"is not available when 'Direction' is backward; switch it off",
		({ loop, direction }) => loop && direction === 'backward',
	),
	...EDIT_RULES,
	rule(['generate', 'modify'], 'hdr', "needs a 'Resolution' of 720p or 1080p", (request) => request.hdr === true && isDraft(request)),
	...EXR_RULES,
	rule(
		['generate', 'modify'],
		'keyframes',
		`has more than ${MAX_KEYFRAMES} keyframes`,
		hasTooManyKeyframes,
	),
	rule(
		['generate', 'modify'],
		'keyframes',
		'has two images at the same frame',
		hasTwoAtOneFrame,
	),
	...KEYFRAME_PLACE_RULES,
	rule(
		['modify'],
		'sourceLength',
		`must be above 0 and at most ${MAX_SOURCE_SECONDS.modify}: longer videos are not accepted`,
		(request) => isTooLong(request, MAX_SOURCE_SECONDS.modify),
	),
	rule(
		['reframe'],
		'sourceLength',
		`must be above 0 and at most ${MAX_SOURCE_SECONDS.reframe}: longer videos are not accepted`,
		(request) => isTooLong(request, MAX_SOURCE_SECONDS.reframe),
	),
	// Portrait 1080p is currently refused for most accounts. It is being rolled out, so the service decides.
	rule(['reframe'], 'sourcePosition', 'must have X and Y between -2 and 2', isFarOutside),
	...SOURCE_SIZE_RULES,
];
