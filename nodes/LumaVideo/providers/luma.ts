/** What Luma's two APIs, and others that sell the same models, have in common. Pure. */
import { z } from 'zod';
import { firstText, statusReader, valueAt } from './answers';
import type { AspectRatio, Duration, Exclusion, JsonObject, JsonValue, ModelCapabilities, VideoOperation, VideoRequest } from './provider';

/** Only a generation's id must be valid, so that no paid generation is lost because another field changed its type. */
export const lenientText = z.string().nullish().catch(null);

/** `queued` and `dreaming` run, `completed` and `failed` are final. */
export const statusOf = statusReader({ queued: ['queued'], completed: ['completed'], failed: ['failed'] });

/** `5s` as a number. */
export function secondsOf(duration: Duration): number {
	return Number.parseInt(duration, 10);
}

/** From keeping the source to keeping only its idea ("Modify Video", mode; "Video editing", strength). */
export const STRENGTHS: readonly string[] = ['adhere', 'flex', 'reimagine'].flatMap((each) => [1, 2, 3].map((number) => `${each}_${number}`));

/** Of Ray 2. */
export const RAY_2_RATIOS: readonly AspectRatio[] = ['16:9', '9:16', '1:1', '4:3', '3:4', '21:9', '9:21'];

/** A model without options. */
export const PLAIN_MODEL: Omit<ModelCapabilities, 'description' | 'name' | 'usualSeconds' | 'value'> = {
	frames: ['none'],
	aspectRatios: [],
	resolutions: [],
	durations: [],
	defaults: { aspectRatio: null, resolution: null, duration: null },
	loop: 'never',
};

/** "Modify Video". */
export const DEFAULT_MODE = 'flex_1';

/** "Reframe Video" with Ray 2: the source's position in the new frame, in whole pixels, by the names of the panel's fields. */
export const GRID_FIELDS: Readonly<Record<string, string>> = {
	gridPositionX: 'grid_position_x',
	gridPositionY: 'grid_position_y',
	resizedHeight: 'resized_height',
	resizedWidth: 'resized_width',
	xEnd: 'x_end',
	xStart: 'x_start',
	yEnd: 'y_end',
	yStart: 'y_start',
};

export function gridOf({ gridPosition }: VideoRequest): JsonObject {
	return Object.fromEntries(Object.entries(gridPosition ?? {}).flatMap(([name, value]) => (GRID_FIELDS[name] ? [[GRID_FIELDS[name], value]] : [])));
}

export type Condition = (request: VideoRequest) => boolean;

/** A rule for one or more operations. */
export function rule(operations: readonly VideoOperation[], field: string, finding: string, when: Condition): Exclusion<VideoRequest> {
	return { field, finding, when: (request) => operations.includes(request.operation) && when(request) };
}

/** A loop is possible only if the end is not fixed. */
export const BACKWARD_LOOP = rule(
	['extend'],
	'loop',
	"is not available when 'Direction' is backward; switch it off",
	({ loop, direction }) => loop && direction === 'backward',
);

/** What cannot be said of the position: in whole pixels, and at most resellers without a size. */
export const WHOLE_GRID = rule(['reframe'], 'gridPosition', 'must have whole numbers only', ({ gridPosition }) =>
	Object.values(gridPosition ?? {}).some((value) => !Number.isInteger(value)),
);
export const GRID_WITHOUT_SIZE = rule(
	['reframe'],
	'gridPosition',
	"cannot have 'Resized Height' or 'Resized Width' here; leave both out",
	({ gridPosition }) => gridPosition !== null && ('resizedHeight' in gridPosition || 'resizedWidth' in gridPosition),
);

/** `detail` is either text or a list of validation errors `[{ loc, msg }]`. */
export function detailText(json: JsonValue | undefined): string | null {
	const detail = valueAt(json, 'detail') ?? valueAt(json, 'message') ?? valueAt(json, 'error');
	if (typeof detail === 'string') return detail;
	if (!Array.isArray(detail)) return null;
	const findings = detail
		.map((finding) => {
			const location = valueAt(finding, 'loc');
			const text = valueAt(finding, 'msg');
			const parts = Array.isArray(location) ? location.map((part) => firstText(part)) : [];
			const field = parts.filter((part) => part !== null && part !== 'body').join('.');
			if (typeof text !== 'string') return null;
			return field ? `${field}: ${text}` : text;
		})
		.filter((finding) => finding !== null);
	return findings.length > 0 ? findings.join('; ') : null;
}
