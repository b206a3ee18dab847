/** Combinations of fields that Ray 3.2 refuses wherever it is sold, for the exclusions of its providers. Pure. */
import type { Duration, Exclusion, VideoOperation, VideoRequest } from './provider';

/** Leaves it to the model how much of the source is kept; not a value on the wire. */
export const AUTO = 'auto';

export const DEFAULT_DURATION: Duration = '5s';

export const MAX_KEYFRAMES = 64;
const FRAMES_PER_SECOND = 24;

export type Condition = (request: VideoRequest) => boolean;

/** A rule for one or more operations. */
export function rule(operations: readonly VideoOperation[], field: string, finding: string, when: Condition): Exclusion<VideoRequest> {
	return { field, finding, when: (request) => operations.includes(request.operation) && when(request) };
}

export const isLong: Condition = ({ duration }) => (duration ?? DEFAULT_DURATION) === '10s';
export const hasKeyframes: Condition = ({ keyframes }) => keyframes.length > 0;
export const hasTooManyKeyframes: Condition = ({ keyframes }) => keyframes.length > MAX_KEYFRAMES;
export const hasTwoAtOneFrame: Condition = ({ keyframes }) => new Set(keyframes.map(({ index }) => index)).size < keyframes.length;
export const isFarOutside: Condition = ({ sourcePosition }) =>
	sourcePosition !== null && [sourcePosition.x, sourcePosition.y].some((part) => !(Math.abs(part) <= 2));

/** Whether a keyframe lies outside a video of this length. */
function isOutside({ keyframes }: VideoRequest, seconds: number): boolean {
	return keyframes.some(({ index }) => !Number.isInteger(index) || index < 0 || index > seconds * FRAMES_PER_SECOND);
}

export function isTooLong({ sourceLength }: VideoRequest, seconds: number): boolean {
	return sourceLength !== null && !(sourceLength > 0 && sourceLength <= seconds);
}

type Rules = ReadonlyArray<Exclusion<VideoRequest>>;

export const LOOP_RULES: Rules = [
	rule(['generate'], 'loop', "cannot be combined with a 'Duration' of 10s; use one of the two", (request) => request.loop && isLong(request)),
	rule(['generate'], 'loop', "cannot be combined with 'HDR'; use one of the two", ({ loop, hdr }) => loop && hdr === true),
	rule(['generate'], 'loop', "cannot be combined with 'Keyframes'; use one of the two", (request) => request.loop && hasKeyframes(request)),
];

export const FRAME_RULES: Rules = [
	rule(
		['generate'],
		'keyframes',
		"cannot be combined with 'Start Image' or 'End Image'; make those keyframes too",
		(request) => hasKeyframes(request) && (request.startImage ?? request.endImage) !== null,
	),
];

/** "Video editing": the model's own controls exclude all others, keyframes exclude the guide image. */
export const EDIT_RULES: Rules = [
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
];

export const EXR_RULES: Rules = [
	rule(
		['generate', 'modify'],
		'exrExport',
		"needs 'HDR'; switch both on or both off",
		({ exrExport, hdr }) => exrExport === true && hdr !== true,
	),
];

export const KEYFRAME_PLACE_RULES: Rules = [
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
	// The number of frames of a source video is not known here.
	rule(['modify'], 'keyframes', 'must be at whole frames, 0 or above', (request) => isOutside(request, Infinity)),
];

export const SOURCE_SIZE_RULES: Rules = [
	rule(['reframe'], 'sourcePosition', 'must have a width and a height above 0, up to 2', ({ sourcePosition }) =>
		sourcePosition !== null && [sourcePosition.width, sourcePosition.height].some((part) => !(part > 0 && part <= 2)),
	),
];
