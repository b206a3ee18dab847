/**
 * Checks field values before anything is sent: types with zod, then what the provider and the model support according to
 * the capability table. Pure.
 */
import { z } from 'zod';
import type { AspectRatio, FrameMode, ImageReference, ModelCapabilities, Provider, VideoOperation, VideoRequest } from '../providers/provider';
import { extraFields, extraSchemas, extrasOf, optionalBoolean, optionalJson, optionalText } from '../providers/extras';
import { operationCapabilities } from '../providers/provider';
import { numberOf } from '../providers/values';
import type { CheckOptions } from './check';
import { AUTO, Check, FIRST_GENERATION_ID, fileOrAddress, kindOf, modelFinding, optionalField, typeFindings } from './check';
import { empty, imageNeeded, inKeyframe, notSupported, notWithEndImage, startImageNeeded, wrongType } from './messages';

/** Field values as n8n passes them: an expression can yield anything. */
const inputSchema = z.object({
	model: z.string(),
	prompt: optionalField,
	startImage: fileOrAddress.nullish(),
	endImage: fileOrAddress.nullish(),
	aspectRatio: optionalField,
	resolution: optionalField,
	duration: optionalField,
	loop: optionalBoolean,
	additionalBodyFields: optionalJson,
	callbackUrl: optionalField,
	triggerUrl: optionalField,
	generationId: optionalText,
	targetGenerationId: optionalText,
	sourceVideo: fileOrAddress.nullish(),
	direction: optionalField,
	mode: optionalField,
	...extraSchemas,
});

type Input = z.infer<typeof inputSchema>;

export type CheckResult = { ok: true; request: VideoRequest; model: ModelCapabilities } | { ok: false; findings: string[] };

function frameMode(start: ImageReference | null, end: ImageReference | null): FrameMode {
	if (start) return end ? 'startAndEnd' : 'start';
	return end ? 'end' : 'none';
}

function checkFrames(mode: FrameMode, model: ModelCapabilities, check: Check): void {
	const { where } = check;
	if (model.frames.includes(mode)) return;
	if (mode === 'none') check.note('startImage', imageNeeded({ where }));
	else if (mode === 'end') check.note('endImage', startImageNeeded({ where }));
	else if (mode === 'start') check.notAvailable('startImage');
	else check.note('startImage', notWithEndImage({ where }));
}

function keyframesOf(entries: readonly unknown[], check: Check): VideoRequest['keyframes'] {
	return entries.flatMap((entry, position) => {
		const { image, index: frame } = (typeof entry === 'object' && entry !== null ? entry : {}) as { image?: unknown; index?: unknown };
		const refuse = (part: 'frame' | 'image', finding: string): [] => {
			check.findings.push(inKeyframe({ part, number: position + 1, finding }));
			return [];
		};
		if (image === undefined || image === null || (typeof image === 'string' && image.trim() === '')) return refuse('image', empty());
		if (typeof image !== 'string') return refuse('image', wrongType({ expected: 'a web address', actual: `it is ${kindOf(image)}` }));
		const index = numberOf(frame);
		if (typeof index !== 'number') return refuse('frame', wrongType({ expected: 'a number', actual: `it is ${kindOf(frame)}` }));
		const address = check.addressOf(image);
		return address.ok ? [{ image: { kind: 'url', url: address.url }, index }] : refuse('image', address.finding);
	});
}

function isEmptyJson(value: unknown): boolean {
	const json = typeof value === 'string' ? value.replace(/\s/g, '') : JSON.stringify(value);
	return json === '' || json === '{}';
}

/** What an operation works on: one generation, two generations, or a video by its address. */
function sources(value: Input, operation: VideoOperation, model: ModelCapabilities, check: Check): Pick<VideoRequest, 'source' | 'target'> {
	if (operation === 'generate') return { source: null, target: null };
	if (model.sources) return { source: check.source('sourceVideo', value.sourceVideo, value.generationId), target: null };
	const isPair = operation === 'interpolate';
	return {
		source: check.generation('generationId', value.generationId, isPair ? FIRST_GENERATION_ID : undefined),
		target: isPair ? check.generation('targetGenerationId', value.targetGenerationId) : null,
	};
}

/** The value; Auto becomes the default, or nothing if an image determines the shape. */
function aspectRatio(value: string | null, leading: object | null, model: ModelCapabilities, check: Check): AspectRatio | null {
	if (model.autoAspectRatio !== true) return check.choice('aspectRatio', value, model.aspectRatios);
	const chosen = check.choice('aspectRatio', value ?? AUTO, [AUTO, ...model.aspectRatios] as const);
	if (chosen !== AUTO) return chosen;
	return leading === null ? model.defaults.aspectRatio : null;
}

function direction(value: string | null, { directions }: ModelCapabilities, check: Check): VideoRequest['direction'] {
	const [first = 'forward'] = directions ?? [];
	return directions ? (check.choice('direction', value, directions) ?? first) : first;
}

/**
 * Checks the field values of one item.
 *
 * @param input field values by parameter name; unset or hidden fields are absent, `null` or empty
 * @returns the request and the model in the capability table, or one finding for each field that is wrong, beginning with its name
 */
export function checkRequest(
	provider: Provider,
	input: Record<string, unknown>,
	options: CheckOptions,
	operation: VideoOperation = 'generate',
): CheckResult {
	const parsed = inputSchema.safeParse(input);
	if (!parsed.success) return { ok: false, findings: typeFindings(parsed.error.issues, input) };
	const value = parsed.data;
	const capabilities = operationCapabilities(provider, operation);
	if (!capabilities) return { ok: false, findings: [notSupported({ provider })] };

	const model = capabilities.models.find((candidate) => candidate.value === value.model);
	if (!model) return { ok: false, findings: [modelFinding(value.model, capabilities.models, provider)] };
	const check = new Check(provider, `${model.name} at ${provider.displayName}`, options);
	const { where, findings } = check;

	const startImage = check.optionalImage('startImage', value.startImage);
	const endImage = check.optionalImage('endImage', value.endImage);
	checkFrames(frameMode(startImage, endImage), model, check);

	const loop = value.loop === true;
	if (loop && model.loop === 'never') check.notAvailable('loop', true);
	if (loop && model.loop === 'withoutEndImage' && endImage) check.note('loop', notWithEndImage({ where }));

	const unavailable = new Set<string>();
	for (const field of extraFields) {
		// A switch that is off counts as unset; so does the empty object of a field that was just added to the panel.
		const isSet = value[field] !== null && value[field] !== false && !isEmptyJson(value[field]);
		if (isSet && (!(field in capabilities.extras) || model.lacks?.includes(field))) {
			unavailable.add(field);
			check.notAvailable(field);
		}
	}
	const { callbackMode, editControls: controls, keyframes: entries, ...extras } = extrasOf(value);
	const keyframes = keyframesOf(entries ?? [], check);
	const editControls = check.json('editControls', controls);
	const request: VideoRequest = {
		...extras,
		makes: 'video',
		operation,
		model: model.value,
		prompt: value.prompt ?? '',
		startImage,
		endImage,
		...sources(value, operation, model, check),
		direction: direction(value.direction, model, check),
		mode: check.choice('mode', value.mode, model.modes ?? []),
		keyframes,
		editControls: Object.keys(editControls).length > 0 ? editControls : null,
		aspectRatio: aspectRatio(value.aspectRatio, startImage ?? endImage ?? keyframes[0] ?? null, model, check),
		resolution: check.choice('resolution', value.resolution, model.resolutions),
		duration: check.choice('duration', value.duration, model.durations),
		loop,
		additionalBodyFields: check.json('additionalBodyFields', value.additionalBodyFields),
		callback: null,
	};
	check.prompt(request, capabilities.prompt);
	check.exclusions((provider.exclusions ?? []).filter(({ field }) => !unavailable.has(field)), request);
	request.callback = check.callback(value.triggerUrl, value.callbackUrl, callbackMode === 'progress' ? 'progress' : 'terminal');
	return findings.length > 0 ? { ok: false, findings } : { ok: true, request, model };
}
