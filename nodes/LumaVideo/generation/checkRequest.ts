/**
 * Checks field values before anything is sent: types with zod, then what the provider and the model support according to
 * the capability table. Pure.
 */
import { z } from 'zod';
import type {
	AspectRatio,
	Exclusion,
	FileReference,
	FrameMode,
	ImageReference,
	JsonObject,
	LocalFile,
	ModelCapabilities,
	OperationCapabilities,
	Provider,
	SourceReference,
	VideoOperation,
	VideoRequest,
} from '../providers/provider';
import type { ExtraField } from '../providers/extras';
import { EXTRAS, extraFields, extraSchemas, extrasOf, optionalBoolean, optionalJson, optionalText, trimmed } from '../providers/extras';
import { operationCapabilities } from '../providers/provider';
import { numberOf } from '../providers/values';
import { isLocalHost, parseHttpUrl } from '../transport/address';
import { TRIGGER_PATH, webhookIdOf } from '../transport/announce';
import { callbackFinding } from '../transport/callbackAddress';
import { notAWebAddress } from '../transport/messages';
import {
	dropboxPage,
	empty,
	googleDrivePage,
	imageNeeded,
	inKeyframe,
	localAddress,
	notATrigger,
	notAllowed,
	notAnId,
	notAnObject,
	notAvailable,
	notJson,
	notSupported,
	notWithEndImage,
	secondCallback,
	startImageNeeded,
	tooLong,
	tooShort,
	wrongType,
} from './messages';

/** The name of every field, for the panel and for messages. */
const BASIC_NAMES = {
	additionalBodyFields: 'Additional Body Fields',
	aspectRatio: 'Aspect Ratio',
	callbackUrl: 'Callback URL',
	direction: 'Direction',
	duration: 'Duration',
	endImage: 'End Image',
	generationId: 'Generation ID',
	loop: 'Loop',
	mode: 'Mode',
	model: 'Model',
	outputFormat: 'Output Format',
	prompt: 'Prompt',
	referenceImageFields: 'Reference Images Input Data Field Names',
	referenceImages: 'Reference Images',
	resolution: 'Resolution',
	sourceImage: 'Image URL',
	sourceImageField: 'Image Input Data Field Name',
	sourceVideo: 'Video URL',
	sourceVideoField: 'Video Input Data Field Name',
	startImage: 'Start Image',
	style: 'Style',
	targetGenerationId: 'Second Generation ID',
	triggerUrl: 'Trigger URL',
	videoSource: 'Video From',
	webSearch: 'Web Search',
} as const;

export type FieldName = ExtraField | keyof typeof BASIC_NAMES;

export const FIELD_NAMES: Readonly<Record<FieldName, string>> = {
	...BASIC_NAMES,
	...(Object.fromEntries(extraFields.map((field) => [field, EXTRAS[field].label])) as Record<ExtraField, string>),
};

/** The name of `generationId` if there is a second one. */
export const FIRST_GENERATION_ID = 'First Generation ID';

/** A file in n8n. A class, so that no expression can yield one. */
export class InputFile {
	readonly kind = 'file';
	/** @param id the same for the same file */
	constructor(
		readonly id: string,
		readonly file: LocalFile,
	) {}
}

/** Takes the shape of the start or end image, if there is one. */
export const AUTO_ASPECT_RATIO = 'auto';

const optionalFile = z.union([z.string(), z.instanceof(InputFile)]).nullish();
const optionalField = optionalText.transform(trimmed);

/** Field values as n8n passes them: an expression can yield anything. */
const inputSchema = z.object({
	model: z.string(),
	prompt: optionalField,
	startImage: optionalFile,
	endImage: optionalFile,
	aspectRatio: optionalField,
	resolution: optionalField,
	duration: optionalField,
	loop: optionalBoolean,
	additionalBodyFields: optionalJson,
	callbackUrl: optionalField,
	triggerUrl: optionalField,
	generationId: optionalText,
	targetGenerationId: optionalText,
	sourceVideo: optionalFile,
	direction: optionalField,
	mode: optionalField,
	...extraSchemas,
});

type Input = z.infer<typeof inputSchema>;

const EXPECTED: Partial<Record<FieldName, string>> = {
	...(Object.fromEntries(extraFields.map((field) => [field, EXTRAS[field].expected])) as Record<ExtraField, string>),
	loop: 'true or false',
	additionalBodyFields: 'a JSON object',
	referenceImages: 'web addresses',
	webSearch: 'true or false',
};

export interface CheckOptions {
	/** Whether the provider itself is in a private network, and so can reach private addresses. */
	allowLocalAddresses: boolean;
}

export type CheckResult = { ok: true; request: VideoRequest } | { ok: false; findings: string[] };

function kindOf(value: unknown): string {
	if (value === undefined) return 'not set';
	if (value === null) return 'null';
	if (Array.isArray(value)) return 'a list';
	if (typeof value === 'object') return 'an object';
	if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
	return typeof value === 'string' ? 'text' : `a ${typeof value}`;
}

/** Objects that n8n wraps around the entries of a collection; users do not see them. */
const WRAPPERS: ReadonlySet<unknown> = new Set(['keyframe', 'position']);

/** `it is text`; `it contains text` if the outer type is right. */
function given(path: readonly PropertyKey[], input: Record<string, unknown>): string {
	const value = path.reduce<unknown>(
		(outer, key) => (typeof outer === 'object' && outer !== null ? (outer as Record<PropertyKey, unknown>)[key] : undefined),
		input,
	);
	const isWhole = path.length === 1 || WRAPPERS.has(path.at(-1));
	if (value === undefined && !isWhole) return 'one of them is not set';
	return isWhole ? `it is ${kindOf(value)}` : `it contains ${kindOf(value)}`;
}

/** One finding for each field of the wrong type. */
export function typeFindings(
	issues: ReadonlyArray<{ path: readonly PropertyKey[] }>,
	input: Record<string, unknown>,
): string[] {
	const firstPaths = new Map<FieldName, readonly PropertyKey[]>();
	for (const { path } of issues) {
		const field = String(path[0]) as FieldName;
		if (!firstPaths.has(field)) firstPaths.set(field, path);
	}
	return [...firstPaths].map(([field, path]) => about(field, wrongType({ expected: EXPECTED[field] ?? 'text', actual: given(path, input) })));
}

/** @param finding the end of a sentence that begins with the field's name */
export function about(field: FieldName, finding: string, label = FIELD_NAMES[field]): string {
	return `'${label}' ${finding}`;
}

/** What is wrong with a model that is not in the list. */
export function modelFinding(value: string, models: ReadonlyArray<{ value: string }>, { displayName }: Provider): string {
	const allowed = models.map((model) => model.value).join(', ');
	return about('model', notAllowed({ value: value || 'empty', where: displayName, allowed }));
}

function frameMode(start: ImageReference | null, end: ImageReference | null): FrameMode {
	if (start) return end ? 'startAndEnd' : 'start';
	return end ? 'end' : 'none';
}

/** What is wrong with the images that are given. */
function frameFinding(mode: FrameMode, model: ModelCapabilities, where: string): string | null {
	if (model.frames.includes(mode)) return null;
	if (mode === 'none') return about('startImage', imageNeeded({ where }));
	if (mode === 'end') return about('endImage', startImageNeeded({ where }));
	return about('startImage', mode === 'start' ? notAvailable({ where, isSwitch: false }) : notWithEndImage({ where }));
}

/** The value if it is allowed, else a finding. A field without allowed values must be unset. */
export function choice<T extends string>(
	field: FieldName,
	value: string | null,
	allowed: readonly T[],
	where: string,
	findings: string[],
): T | null {
	if (value === null) return null;
	const match = allowed.find((candidate) => candidate === value);
	if (match) return match;
	const finding = allowed.length === 0 ? notAvailable({ where, isSwitch: false }) : notAllowed({ value, where, allowed: allowed.join(', ') });
	findings.push(about(field, finding));
	return null;
}

/** What is wrong with an address that shows a file to a person, but returns a web page to a program. */
function sharePageFinding({ hostname, pathname, searchParams }: URL): string | null {
	if (hostname === 'drive.google.com' && /^\/(file|open|drive)\b/.test(pathname)) {
		return googleDrivePage();
	}
	const isFile = searchParams.get('raw') === '1' || searchParams.get('dl') === '1';
	if (/^(www\.)?dropbox\.com$/.test(hostname) && /^\/(s|sh|scl)\//.test(pathname) && !isFile) {
		return dropboxPage();
	}
	return null;
}

/** The address to send, with illegal characters encoded; or, as the end of a sentence, what is wrong with it. */
function addressOf(value: string, options: CheckOptions): { ok: true; url: string } | { ok: false; finding: string } {
	const url = parseHttpUrl(value);
	if (!url) return { ok: false, finding: notAWebAddress() };
	if (isLocalHost(url.hostname) && !options.allowLocalAddresses) {
		return { ok: false, finding: localAddress({ host: url.hostname }) };
	}
	const finding = sharePageFinding(url);
	return finding === null ? { ok: true, url: url.href } : { ok: false, finding };
}

/** The address to send; an unusable one adds a finding and is returned as it is. */
export function checkedAddress(field: FieldName, value: string, options: CheckOptions, findings: string[]): string {
	const address = addressOf(value, options);
	if (address.ok) return address.url;
	findings.push(about(field, address.finding));
	return value;
}

export function fileOf({ id, file }: InputFile): FileReference {
	return { kind: 'file', id, ...file };
}

type KeyframeReading = { ok: true; keyframe: VideoRequest['keyframes'][number] } | { ok: false; part: 'frame' | 'image'; finding: string };

/** One keyframe; or, as the end of a sentence, what is wrong with a part of it. */
function keyframeOf(entry: unknown, options: CheckOptions): KeyframeReading {
	const { image, index: frame } = (typeof entry === 'object' && entry !== null ? entry : {}) as { image?: unknown; index?: unknown };
	if (image === undefined || image === null || (typeof image === 'string' && image.trim() === '')) {
		return { ok: false, part: 'image', finding: empty() };
	}
	if (typeof image !== 'string') {
		return { ok: false, part: 'image', finding: wrongType({ expected: 'a web address', actual: `it is ${kindOf(image)}` }) };
	}
	const index = numberOf(frame);
	if (typeof index !== 'number') {
		return { ok: false, part: 'frame', finding: wrongType({ expected: 'a number', actual: `it is ${kindOf(frame)}` }) };
	}
	const address = addressOf(image, options);
	if (!address.ok) return { ok: false, part: 'image', finding: address.finding };
	return { ok: true, keyframe: { image: { kind: 'url', url: address.url }, index } };
}

function keyframesOf(entries: readonly unknown[], options: CheckOptions, findings: string[]): VideoRequest['keyframes'] {
	return entries.flatMap((entry, position) => {
		const reading = keyframeOf(entry, options);
		if (reading.ok) return [reading.keyframe];
		findings.push(inKeyframe({ part: reading.part, number: position + 1, finding: reading.finding }));
		return [];
	});
}

function imageOf(
	field: 'endImage' | 'startImage',
	value: Input['startImage'],
	options: CheckOptions,
	findings: string[],
): ImageReference | null {
	if (value instanceof InputFile) return fileOf(value);
	const url = trimmed(value);
	return url === null ? null : { kind: 'url', url: checkedAddress(field, url, options, findings) };
}

/** One finding for each rule that the combination of fields breaks. */
export function excluded<Request>(exclusions: ReadonlyArray<Exclusion<Request>>, request: Request): string[] {
	return exclusions.filter(({ when }) => when(request)).map(({ field, finding }) => about(field as FieldName, finding));
}

export function checkPrompt(
	{ prompt, cameraMotion, startImage, endImage }: Pick<VideoRequest, 'cameraMotion' | 'endImage' | 'prompt' | 'startImage'>,
	rules: OperationCapabilities['prompt'],
	findings: string[],
): void {
	if (rules.exists === false) return;
	if (prompt === '' && rules.optional === true) return;
	if (prompt === '' && !(rules.optionalWithImage && (startImage ?? endImage))) {
		findings.push(about('prompt', empty()));
		return;
	}
	// The limits are the provider's, so they apply to the text that is sent.
	const sent = [prompt, cameraMotion ?? ''].filter(Boolean).join(', ');
	if (sent === '') return;
	// Counted as people count: an emoji is one character.
	const { length } = Array.from(sent);
	if (rules.minLength !== null && length < rules.minLength) {
		findings.push(about('prompt', tooShort({ length, minimum: rules.minLength })));
	}
	if (rules.maxLength !== null && length > rules.maxLength) {
		findings.push(about('prompt', tooLong({ length, maximum: rules.maxLength })));
	}
}

function isEmptyJson(value: unknown): boolean {
	const json = typeof value === 'string' ? value.replace(/\s/g, '') : JSON.stringify(value);
	return json === '' || json === '{}';
}

export function jsonField(
	field: 'additionalBodyFields' | 'editControls',
	value: string | Record<string, unknown> | null | undefined,
	findings: string[],
): JsonObject {
	if (value === null || value === undefined) return {};
	let parsed: unknown = value;
	if (typeof value === 'string') {
		if (value.trim() === '') return {};
		try {
			parsed = JSON.parse(value);
		} catch {
			findings.push(about(field, notJson()));
			return {};
		}
	}
	if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
		findings.push(about(field, notAnObject()));
		return {};
	}
	return parsed as JsonObject;
}

/** What an operation works on: one generation, two generations, or a video by its address. */
function sources(
	value: Input,
	operation: VideoOperation,
	model: ModelCapabilities,
	options: CheckOptions,
	findings: string[],
): Pick<VideoRequest, 'source' | 'target'> {
	const none = { source: null, target: null };
	if (operation === 'generate') return none;
	const generation = (field: 'generationId' | 'targetGenerationId'): SourceReference | null => {
		const given = trimmed(value[field]);
		const label = operation === 'interpolate' && field === 'generationId' ? FIRST_GENERATION_ID : FIELD_NAMES[field];
		if (given === null) findings.push(about(field, empty(), label));
		// '.' and '..' would be resolved as path segments.
		else if (/[\s/?#]/.test(given) || /^\.+$/.test(given)) findings.push(about(field, notAnId(), label));
		return given === null ? null : { kind: 'generation', generationId: given };
	};
	if (model.sources) {
		if (value.sourceVideo instanceof InputFile) return { ...none, source: fileOf(value.sourceVideo) };
		const url = trimmed(value.sourceVideo);
		if (url !== null) {
			return { ...none, source: { kind: 'url', url: checkedAddress('sourceVideo', url, options, findings) } };
		}
		// Empty text means an ID that is missing, not one that was not asked for.
		if (value.generationId === undefined || value.generationId === null) {
			findings.push(about('sourceVideo', empty()));
			return none;
		}
	}
	return {
		source: generation('generationId'),
		target: operation === 'interpolate' ? generation('targetGenerationId') : null,
	};
}

/** The value; Auto becomes the default, or nothing if an image determines the shape. */
function aspectRatio(
	value: string | null,
	leading: object | null,
	model: ModelCapabilities,
	where: string,
	findings: string[],
): AspectRatio | null {
	if (model.autoAspectRatio !== true) return choice('aspectRatio', value, model.aspectRatios, where, findings);
	const allowed = [AUTO_ASPECT_RATIO, ...model.aspectRatios] as const;
	const chosen = choice('aspectRatio', value ?? AUTO_ASPECT_RATIO, allowed, where, findings);
	if (chosen !== AUTO_ASPECT_RATIO) return chosen;
	return leading === null ? model.defaults.aspectRatio : null;
}

function direction(
	value: string | null,
	model: ModelCapabilities,
	where: string,
	findings: string[],
): VideoRequest['direction'] {
	const [first = 'forward'] = model.directions ?? [];
	if (!model.directions) return 'forward';
	return choice('direction', value, model.directions, where, findings) ?? first;
}

/** Why 'Trigger URL' cannot be used, as the end of a sentence that begins with its name; `null` when it can. */
export function triggerFinding(provider: Provider, url: string, { allowLocalAddresses }: CheckOptions): string | null {
	return webhookIdOf(url) === null ? notATrigger({ ending: `/${TRIGGER_PATH}` }) : callbackFinding(provider, url, allowLocalAddresses);
}

/**
 * Checks the field values of one item.
 *
 * @param input field values by parameter name; unset or hidden fields are absent, `null` or empty
 * @returns the request, or one finding for each field that is wrong, beginning with its name
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
	const findings: string[] = [];
	if (!capabilities) return { ok: false, findings: [notSupported({ provider })] };

	const model = capabilities.models.find((candidate) => candidate.value === value.model);
	if (!model) return { ok: false, findings: [modelFinding(value.model, capabilities.models, provider)] };
	const where = `${model.name} at ${provider.displayName}`;

	const startImage = imageOf('startImage', value.startImage, options, findings);
	const endImage = imageOf('endImage', value.endImage, options, findings);
	const frames = frameFinding(frameMode(startImage, endImage), model, where);
	if (frames) findings.push(frames);

	const loop = value.loop === true;
	if (loop && model.loop === 'never') findings.push(about('loop', notAvailable({ where, isSwitch: true })));
	if (loop && model.loop === 'withoutEndImage' && endImage) findings.push(about('loop', notWithEndImage({ where })));

	const unavailable = new Set<string>();
	for (const field of extraFields) {
		// A switch that is off counts as unset; so does the empty object of a field that was just added to the panel.
		const isSet = value[field] !== null && value[field] !== false && !isEmptyJson(value[field]);
		if (isSet && (!(field in capabilities.extras) || model.lacks?.includes(field))) {
			unavailable.add(field);
			findings.push(about(field, notAvailable({ where, isSwitch: false })));
		}
	}
	const { callbackMode, editControls: controls, keyframes: entries, ...extras } = extrasOf(value);
	const keyframes = keyframesOf(entries ?? [], options, findings);
	const editControls = jsonField('editControls', controls, findings);
	const request: VideoRequest = {
		...extras,
		makes: 'video',
		operation,
		model: model.value,
		prompt: value.prompt ?? '',
		startImage,
		endImage,
		...sources(value, operation, model, options, findings),
		direction: direction(value.direction, model, where, findings),
		mode: choice('mode', value.mode, model.modes ?? [], where, findings),
		keyframes,
		editControls: Object.keys(editControls).length > 0 ? editControls : null,
		aspectRatio: aspectRatio(value.aspectRatio, startImage ?? endImage ?? keyframes[0] ?? null, model, where, findings),
		resolution: choice('resolution', value.resolution, model.resolutions, where, findings),
		duration: choice('duration', value.duration, model.durations, where, findings),
		loop,
		additionalBodyFields: jsonField('additionalBodyFields', value.additionalBodyFields, findings),
		callback: null,
	};

	checkPrompt(request, capabilities.prompt, findings);
	findings.push(...excluded((provider.exclusions ?? []).filter(({ field }) => !unavailable.has(field)), request));

	const { triggerUrl, callbackUrl: otherUrl } = value;
	const callbackUrl = triggerUrl ?? otherUrl;
	if (callbackUrl !== null) {
		const finding =
			triggerUrl === null
				? callbackFinding(provider, callbackUrl, options.allowLocalAddresses)
				: triggerFinding(provider, triggerUrl, options);
		if (finding) findings.push(about(triggerUrl === null ? 'callbackUrl' : 'triggerUrl', finding));
		else if (triggerUrl !== null && otherUrl !== null) {
			findings.push(about('callbackUrl', secondCallback()));
		} else request.callback = { url: parseHttpUrl(callbackUrl)?.href ?? callbackUrl, mode: callbackMode === 'progress' ? 'progress' : 'terminal' };
	}
	return findings.length > 0 ? { ok: false, findings } : { ok: true, request };
}
