/** What cannot be said together at fal.ai, found before anything is sent: its own checks come late, and may cost. Pure. */
import { DEFAULT_RESOLUTION, MAX_SOURCE_SECONDS } from './fal.prices';
import { GRID_WITHOUT_SIZE, WHOLE_GRID } from './luma';
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

const isSmall: Condition = ({ resolution }) => (resolution ?? DEFAULT_RESOLUTION) === '540p';

export const exclusions: ReadonlyArray<Exclusion<VideoRequest>> = [
	// A loop together with an end image is in the capability table.
	...LOOP_RULES,
	rule(
		['generate'],
		'hdr',
		"needs a 'Duration' of 5s where there are no 'Keyframes'",
		(request) => request.hdr === true && isLong(request) && !hasKeyframes(request),
	),
	rule(
		['generate'],
		'duration',
		"cannot be 10s together with 'Start Image'; choose 5s, or make the image one of the 'Keyframes', at frame 0",
		(request) => isLong(request) && request.startImage !== null,
	),
	...FRAME_RULES,
	...EDIT_RULES,
	rule(['generate', 'modify'], 'hdr', "needs a 'Resolution' of 720p or 1080p", (request) => request.hdr === true && isSmall(request)),
	...EXR_RULES,
	rule(['generate', 'modify'], 'keyframes', `can be ${MAX_KEYFRAMES} at most`, hasTooManyKeyframes),
	rule(
		['generate', 'modify'],
		'keyframes',
		'cannot have two images at the same frame',
		hasTwoAtOneFrame,
	),
	...KEYFRAME_PLACE_RULES,
	rule(
		['modify'],
		'sourceLength',
		`must be above 0 and at most ${MAX_SOURCE_SECONDS.modify}: longer videos are not taken`,
		(request) => isTooLong(request, MAX_SOURCE_SECONDS.modify),
	),
	rule(
		['reframe'],
		'sourceLength',
		`must be above 0 and at most ${MAX_SOURCE_SECONDS.reframe}: longer videos are not taken`,
		(request) => isTooLong(request, MAX_SOURCE_SECONDS.reframe),
	),
	rule(['reframe'], 'sourcePosition', 'must have X and Y from -2 to 2', isFarOutside),
	...SOURCE_SIZE_RULES,
	WHOLE_GRID,
	GRID_WITHOUT_SIZE,
];
