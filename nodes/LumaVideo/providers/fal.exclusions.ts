/** What cannot be said together at fal.ai, found before anything is sent: its own checks come late, and may cost. Pure. */
import { DEFAULT_RESOLUTION } from './fal.prices';
import { GRID_WITHOUT_SIZE, WHOLE_GRID, rule } from './luma';
import { hasKeyframes, isLong, ray32Rules } from './ray32';

export const exclusions = [
	...ray32Rules({
		beforeFrames: [
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
		],
		defaultResolution: DEFAULT_RESOLUTION,
		tooMany: (maximum) => `can be ${maximum} at most`,
		twice: 'cannot have two images at the same frame',
		longer: 'taken',
		farOutside: 'must have X and Y from -2 to 2',
	}),
	WHOLE_GRID,
	GRID_WITHOUT_SIZE,
];
