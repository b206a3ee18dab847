/** What cannot be said together at fal.ai, found before anything is sent: its own checks come late, and may cost. Pure. */
import { AUTO } from './fal.body';
import { DEFAULT_DURATION, DEFAULT_RESOLUTION, MAX_SOURCE_SECONDS } from './fal.prices';
import type { Exclusion, VideoOperation, VideoRequest } from './provider';

const MAX_KEYFRAMES = 64;
const FRAMES_PER_SECOND = 24;

type Condition = (request: VideoRequest) => boolean;

/** A rule of one or more operations. */
function rule(operations: readonly VideoOperation[], field: string, finding: string, when: Condition): Exclusion<VideoRequest> {
	return { field, finding, when: (request) => operations.includes(request.operation) && when(request) };
}

const isLong: Condition = ({ duration }) => (duration ?? DEFAULT_DURATION) === '10s';
const isSmall: Condition = ({ resolution }) => (resolution ?? DEFAULT_RESOLUTION) === '540p';
const hasKeyframes: Condition = ({ keyframes }) => keyframes.length > 0;

/** Whether a keyframe lies outside of a video of so many seconds. */
function isOutside({ keyframes }: VideoRequest, seconds: number): boolean {
	return keyframes.some(({ index }) => !Number.isInteger(index) || index < 0 || index > seconds * FRAMES_PER_SECOND);
}

function isTooLong({ sourceLength }: VideoRequest, seconds: number): boolean {
	return sourceLength !== null && !(sourceLength > 0 && sourceLength <= seconds);
}

export const exclusions: ReadonlyArray<Exclusion<VideoRequest>> = [
	// A loop together with an end image is in the capability table.
	rule(['generate'], 'loop', "cannot be combined with a 'Duration' of 10s; use one of the two", (request) => request.loop && isLong(request)),
	rule(['generate'], 'loop', "cannot be combined with 'HDR'; use one of the two", ({ loop, hdr }) => loop && hdr === true),
	rule(['generate'], 'loop', "cannot be combined with 'Keyframes'; use one of the two", (request) => request.loop && hasKeyframes(request)),
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
	rule(
		['generate'],
		'keyframes',
		"cannot be combined with 'Start Image' or 'End Image'; make those keyframes too",
		(request) => hasKeyframes(request) && (request.startImage ?? request.endImage) !== null,
	),
	rule(
		['modify'],
		'autoControls',
		"cannot be combined with a 'Mode' other than Auto; use one of the two",
		({ autoControls, mode }) => autoControls === true && mode !== null && mode !== AUTO,
	),
	rule(
		['modify'],
		'autoControls',
		"cannot be combined with 'Edit Controls'; use one of the two",
		({ autoControls, editControls }) => autoControls === true && editControls !== null,
	),
	rule(
		['modify'],
		'keyframes',
		"cannot be combined with 'Start Image'; make it a keyframe too",
		(request) => hasKeyframes(request) && request.startImage !== null,
	),
	rule(['generate', 'modify'], 'hdr', "needs a 'Resolution' of 720p or 1080p", (request) => request.hdr === true && isSmall(request)),
	rule(
		['generate', 'modify'],
		'exrExport',
		"needs 'HDR'; switch both on or both off",
		({ exrExport, hdr }) => exrExport === true && hdr !== true,
	),
	rule(['generate', 'modify'], 'keyframes', `can be ${MAX_KEYFRAMES} at most`, ({ keyframes }) => keyframes.length > MAX_KEYFRAMES),
	rule(
		['generate', 'modify'],
		'keyframes',
		'cannot have two images at the same frame',
		({ keyframes }) => new Set(keyframes.map(({ index }) => index)).size < keyframes.length,
	),
	rule(
		['generate'],
		'keyframes',
		'must be at whole frames from 0 to 120 in a video of 5 seconds',
		(request) => !isLong(request) && isOutside(request, 5),
	),
	rule(
		['generate'],
		'keyframes',
		'must be at whole frames from 0 to 240 in a video of 10 seconds',
		(request) => isLong(request) && isOutside(request, 10),
	),
	// How many frames a source video has is not known here.
	rule(['modify'], 'keyframes', 'must be at whole frames, 0 or above', (request) => isOutside(request, Infinity)),
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
	rule(['reframe'], 'sourcePosition', 'must have X and Y from -2 to 2', ({ sourcePosition }) =>
		sourcePosition !== null && [sourcePosition.x, sourcePosition.y].some((part) => !(Math.abs(part) <= 2)),
	),
	rule(['reframe'], 'sourcePosition', 'must have a width and a height above 0, up to 2', ({ sourcePosition }) =>
		sourcePosition !== null && [sourcePosition.width, sourcePosition.height].some((part) => !(part > 0 && part <= 2)),
	),
];
