/** What Ray 3.2 is wherever it is sold, and the combinations of fields that it refuses. Pure. */
import { rule } from './luma';
import type { Condition } from './luma';
import type { AspectRatio, Duration, Exclusion, JsonObject, Resolution, VideoRequest } from './provider';

/** Leaves it to the model how much of the source is kept; not a value on the wire. */
export const AUTO = 'auto';

export const ASPECT_RATIOS: readonly AspectRatio[] = ['16:9', '9:16', '1:1', '4:3', '3:4', '21:9'];
export const DEFAULT_DURATION: Duration = '5s';

/** The longest source, in seconds. */
export const MAX_SOURCE_SECONDS = { modify: 18, reframe: 30 } as const;

/** Edits are priced for sources of 5 and 10 s, the latter at twice the price; other lengths are assumed proportional. */
const EDIT_SECONDS = 5;

const MAX_KEYFRAMES = 64;
const FRAMES_PER_SECOND = 24;

/** Where the source lies in the new frame. */
export function sourcePositionOf({ sourcePosition }: VideoRequest): JsonObject {
	if (sourcePosition === null) return {};
	const { x, y, width, height } = sourcePosition;
	return { source_position: { x_norm: x, y_norm: y, w_norm: width, h_norm: height } };
}

/** Without a strength or controls, both are left to the model. */
export function editOf({ autoControls, editControls, mode }: VideoRequest, strengthField: string): JsonObject {
	const strength = mode === AUTO ? null : mode;
	const automatic = autoControls ?? (strength || editControls ? null : true);
	return {
		...(automatic === null ? {} : { auto_controls: automatic }),
		...(strength ? { [strengthField]: strength } : {}),
		...(editControls ? { controls: editControls } : {}),
	};
}

/** Which prices apply to the fields of a body; `null` if it is unclear. */
export function rangeOf({ hdr, exr_export: exr }: JsonObject): 'sdr' | 'hdr' | 'exr' | null {
	if (![hdr ?? false, exr ?? false].every((flag) => typeof flag === 'boolean')) return null;
	return exr ? 'exr' : hdr ? 'hdr' : 'sdr';
}

/**
 * How many times the price of a short edit a source costs.
 *
 * @param sourceLength in seconds; `null`: the longest allowed is assumed
 */
export function editFactor(sourceLength: number | null): number {
	return Math.max(sourceLength ?? MAX_SOURCE_SECONDS.modify, EDIT_SECONDS) / EDIT_SECONDS;
}

export const isLong: Condition = ({ duration }) => (duration ?? DEFAULT_DURATION) === '10s';
export const hasKeyframes: Condition = ({ keyframes }) => keyframes.length > 0;

/** Whether a keyframe lies outside a video of this length. */
function isOutside({ keyframes }: VideoRequest, seconds: number): boolean {
	return keyframes.some(({ index }) => !Number.isInteger(index) || index < 0 || index > seconds * FRAMES_PER_SECOND);
}

function isTooLong({ sourceLength }: VideoRequest, seconds: number): boolean {
	return sourceLength !== null && !(sourceLength > 0 && sourceLength <= seconds);
}

type Rules = ReadonlyArray<Exclusion<VideoRequest>>;

/** A loop together with an end image is in the capability tables. */
export const LOOP_RULES: Rules = [
	rule(['generate'], 'loop', "cannot be combined with a 'Duration' of 10s; use one of the two", (request) => request.loop && isLong(request)),
	rule(['generate'], 'loop', "cannot be combined with 'HDR'; use one of the two", ({ loop, hdr }) => loop && hdr === true),
];

export const EXR_RULE = rule(['generate', 'modify'], 'exrExport', "needs 'HDR'; switch both on or both off", ({ exrExport, hdr }) => exrExport === true && hdr !== true);

/** What a provider of Ray 3.2 refuses besides, or says in its own words. */
interface Own {
	/** Before and after the rule about keyframes beside a start image or an end image. */
	beforeFrames: Rules;
	afterFrames?: Rules;
	defaultResolution: Resolution;
	/** More keyframes than possible. */
	tooMany: (maximum: number) => string;
	/** Two keyframes at one frame. */
	twice: string;
	/** End of the sentence about a source that is too long. */
	longer: string;
	/** A source too far outside of the new frame. */
	farOutside: string;
}

export function ray32Rules({ beforeFrames, afterFrames = [], defaultResolution, tooMany, twice, longer, farOutside }: Own): Rules {
	return [
		...LOOP_RULES,
		rule(['generate'], 'loop', "cannot be combined with 'Keyframes'; use one of the two", (request) => request.loop && hasKeyframes(request)),
		...beforeFrames,
		rule(
			['generate'],
			'keyframes',
			"cannot be combined with 'Start Image' or 'End Image'; make those keyframes too",
			(request) => hasKeyframes(request) && (request.startImage ?? request.endImage) !== null,
		),
		...afterFrames,
		// "Video editing": the model's own controls exclude all others, keyframes exclude the guide image.
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
		rule(
			['generate', 'modify'],
			'hdr',
			"needs a 'Resolution' of 720p or 1080p",
			({ hdr, resolution }) => hdr === true && ['360p', '540p'].includes(resolution ?? defaultResolution),
		),
		EXR_RULE,
		rule(['generate', 'modify'], 'keyframes', tooMany(MAX_KEYFRAMES), ({ keyframes }) => keyframes.length > MAX_KEYFRAMES),
		rule(['generate', 'modify'], 'keyframes', twice, ({ keyframes }) => new Set(keyframes.map(({ index }) => index)).size < keyframes.length),
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
		...(['modify', 'reframe'] as const).map((operation) =>
			rule(
				[operation],
				'sourceLength',
				`must be above 0 and at most ${MAX_SOURCE_SECONDS[operation]}: longer videos are not ${longer}`,
				(request) => isTooLong(request, MAX_SOURCE_SECONDS[operation]),
			),
		),
		rule(
			['reframe'],
			'sourcePosition',
			farOutside,
			({ sourcePosition }) => sourcePosition !== null && [sourcePosition.x, sourcePosition.y].some((part) => !(Math.abs(part) <= 2)),
		),
		rule(
			['reframe'],
			'sourcePosition',
			'must have a width and a height above 0, up to 2',
			({ sourcePosition }) => sourcePosition !== null && [sourcePosition.width, sourcePosition.height].some((part) => !(part > 0 && part <= 2)),
		),
	];
}
