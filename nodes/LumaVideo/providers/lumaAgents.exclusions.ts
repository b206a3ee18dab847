/** What cannot be said together at Luma Agents, found before anything is sent. Pure. */
import { AUTO } from './lumaAgents.body';
import { DEFAULT_DURATION, DEFAULT_RESOLUTION, MAX_SOURCE_SECONDS } from './lumaAgents.prices';
import type { VideoRequest } from './provider';

const MAX_KEYFRAMES = 64;
const FRAMES_PER_SECOND = 24;

type Finding = { field: string; finding: string };

/** All findings whose condition holds. */
function whenTrue(...checks: Array<readonly [unknown, string, string]>): Finding[] {
	return checks.flatMap(([condition, field, finding]) => (condition ? [{ field, finding }] : []));
}

function keyframeFindings({ operation, keyframes, duration }: VideoRequest): Finding[] {
	const indexes = keyframes.map(({ index }) => index);
	// The frames of a source video are not known here.
	const seconds = Number.parseInt(duration ?? DEFAULT_DURATION, 10);
	const last = operation === 'modify' ? Infinity : seconds * FRAMES_PER_SECOND;
	const wrong = indexes.find((index) => !Number.isInteger(index) || index < 0 || index > last);
	const allowed = last === Infinity ? '0 or above' : `0 to ${last} for a video of ${seconds} seconds`;
	const twice = indexes.find((index, position) => indexes.indexOf(index) !== position);
	return whenTrue(
		[keyframes.length > MAX_KEYFRAMES, 'keyframes', `can be ${MAX_KEYFRAMES} at most, not ${keyframes.length}`],
		[wrong !== undefined, 'keyframes', `cannot be at frame ${wrong ?? ''}: the number must be whole, ${allowed}`],
		[twice !== undefined, 'keyframes', `cannot have two images at frame ${twice ?? ''}`],
	);
}

/** "Video generation", rejected combinations; a loop together with an end image is in the capability table. */
function newVideoFindings(request: VideoRequest): Finding[] {
	const long = request.duration === '10s';
	const keyframes = request.keyframes.length > 0;
	return whenTrue(
		[request.loop && long, 'loop', "is not possible with a 'Duration' of 10s; use one of the two"],
		[request.loop && request.hdr, 'loop', "is not possible together with 'HDR'; use one of the two"],
		[request.loop && keyframes, 'loop', "is not possible together with 'Keyframes'; use one of the two"],
		[
			request.hdr && long && !keyframes && !request.startImage,
			'hdr',
			"needs a 'Duration' of 5s where there is neither a 'Start Image' nor 'Keyframes'",
		],
		[
			long && request.endImage,
			'endImage',
			"is not possible with a 'Duration' of 10s; choose 5s, or make all images 'Keyframes', the last one at frame 240",
		],
		[
			keyframes && (request.startImage ?? request.endImage),
			'keyframes',
			"are not possible together with 'Start Image' or 'End Image'; make those keyframes too",
		],
	);
}

/** "Video editing": the model's own controls exclude all others, keyframes exclude the guide image. */
function editFindings(request: VideoRequest): Finding[] {
	const automatic = request.autoControls === true;
	return whenTrue(
		[
			automatic && request.mode && request.mode !== AUTO,
			'autoControls',
			"are not possible with a 'Mode' other than Auto; use one of the two",
		],
		[automatic && request.editControls, 'autoControls', "are not possible together with 'Edit Controls'; use one of the two"],
		[
			request.keyframes.length > 0 && request.startImage,
			'keyframes',
			"are not possible together with 'Start Image'; make it a keyframe too",
		],
	);
}

function positionFindings({ sourcePosition }: VideoRequest): Finding[] {
	if (!sourcePosition) return [];
	const { x, y, width, height } = sourcePosition;
	return whenTrue(
		[[x, y].some((part) => !(Math.abs(part) <= 2)), 'sourcePosition', 'must have X and Y from -2 to 2'],
		[
			[width, height].some((part) => !(part > 0 && part <= 2)),
			'sourcePosition',
			'must have a width and a height above 0, up to 2',
		],
	);
}

function lengthFindings({ sourceLength }: VideoRequest, most: number): Finding[] {
	return whenTrue([
		sourceLength !== null && !(sourceLength > 0 && sourceLength <= most),
		'sourceLength',
		`must be above 0 and at most ${most}: longer videos are not taken`,
	]);
}

export function exclusions(request: VideoRequest): Finding[] {
	const draft = ['360p', '540p'].includes(request.resolution ?? DEFAULT_RESOLUTION);
	const dynamicRange = whenTrue(
		[request.hdr && draft, 'hdr', "needs a 'Resolution' of 720p or 1080p"],
		[request.exrExport && !request.hdr, 'exrExport', "needs 'HDR'; switch both on or both off"],
	);
	switch (request.operation) {
		case 'generate':
			return [...newVideoFindings(request), ...dynamicRange, ...keyframeFindings(request)];
		case 'extend':
			// "Video generation": what leads up to a video cannot loop.
			return whenTrue([
				request.loop && request.direction === 'backward',
				'loop',
				"is not possible when 'Direction' is backward; switch it off",
			]);
		case 'modify':
			return [
				...editFindings(request),
				...dynamicRange,
				...keyframeFindings(request),
				...lengthFindings(request, MAX_SOURCE_SECONDS.modify),
			];
		default:
			// Upright 1080p is refused for most accounts at present, which is left to the service: it is being rolled out.
			return [...positionFindings(request), ...lengthFindings(request, MAX_SOURCE_SECONDS.reframe)];
	}
}
