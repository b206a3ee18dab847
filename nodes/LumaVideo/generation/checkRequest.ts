/**
 * Checking what a user asked for before anything is sent: types with zod, then what the provider and the model can do
 * by the capability table. Pure.
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


/** The name of every field as the panel shows it: messages and parameters use the same words. */
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

/** The name of `generationId` where there is a second one. */
export const FIRST_GENERATION_ID = 'First Generation ID';

/** A file of n8n. A class, so that only this package makes them: what an expression yields is never one. */
export class InputFile {
	readonly kind = 'file';
	/** @param id says the same for the same file */
	constructor(
		readonly id: string,
		readonly file: LocalFile,
	) {}
}

/** The aspect ratio that leaves the shape to the image, where one leads. */
export const AUTO_ASPECT_RATIO = 'auto';

const optionalFile = z.union([z.string(), z.instanceof(InputFile)]).nullish();
const optionalField = optionalText.transform(trimmed);

/** Field values as n8n hands them over: an expression can yield anything. */
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
	/** Whether the provider itself is in a private network, so that private addresses make sense. */
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

/** What n8n puts around the entries of a collection; users do not see it. */
const WRAPPERS: ReadonlySet<unknown> = new Set(['keyframe', 'position']);

/** `it is text`; `it has text in it` where the outer form is right. */
function given(path: readonly PropertyKey[], input: Record<string, unknown>): string {
	const value = path.reduce<unknown>(
		(outer, key) => (typeof outer === 'object' && outer !== null ? (outer as Record<PropertyKey, unknown>)[key] : undefined),
		input,
	);
	const isWhole = path.length === 1 || WRAPPERS.has(path.at(-1));
	if (value === undefined && !isWhole) return 'one of them is not set';
	return isWhole ? `it is ${kindOf(value)}` : `it has ${kindOf(value)} in it`;
}

/** One finding for each field that is not of its type. */
export function typeFindings(
	issues: ReadonlyArray<{ path: readonly PropertyKey[] }>,
	input: Record<string, unknown>,
): string[] {
	const firstPaths = new Map<FieldName, readonly PropertyKey[]>();
	for (const { path } of issues) {
		const field = String(path[0]) as FieldName;
		if (!firstPaths.has(field)) firstPaths.set(field, path);
	}
	return [...firstPaths].map(([field, path]) => `${named(field)} must be ${EXPECTED[field] ?? 'text'}, but ${given(path, input)}`);
}

export function named(field: FieldName): string {
	return `'${FIELD_NAMES[field]}'`;
}

function frameMode(start: ImageReference | null, end: ImageReference | null): FrameMode {
	if (start) return end ? 'startAndEnd' : 'start';
	return end ? 'end' : 'none';
}

/** How a person would say which images are allowed. */
function frameFinding(mode: FrameMode, model: ModelCapabilities, where: string): string | null {
	if (model.frames.includes(mode)) return null;
	if (mode === 'none') return `${named('startImage')} is missing: ${where} makes videos from images only`;
	if (mode === 'end') return `${named('endImage')} needs ${named('startImage')} with ${where}`;
	if (mode === 'start') return `${named('startImage')} is not possible with ${where}`;
	return `${named('startImage')} and ${named('endImage')} together are not possible with ${where}`;
}

/** The value when the model allows it; a finding when not. A field the model does not have must be unset. */
function choice<T extends string>(
	field: FieldName,
	value: string | null,
	allowed: readonly T[],
	model: ModelCapabilities,
	provider: Provider,
	findings: string[],
): T | null {
	if (value === null) return null;
	const match = allowed.find((candidate) => candidate === value);
	if (match) return match;
	const where = `${model.name} at ${provider.displayName}`;
	findings.push(
		allowed.length === 0
			? `${named(field)} cannot be chosen for ${where}; leave it out`
			: `${named(field)} cannot be ${value} for ${where}. Allowed: ${allowed.join(', ')}`,
	);
	return null;
}

/** What is wrong with an address at which a person sees a file, but a program gets a web page. */
function sharePageFinding({ hostname, pathname, searchParams }: URL): string | null {
	if (hostname === 'drive.google.com' && /^\/(file|open|drive)\b/.test(pathname)) {
		return "is a sharing page of Google Drive, not a file; download the file with n8n's Google Drive node and use Input Data";
	}
	const isFile = searchParams.get('raw') === '1' || searchParams.get('dl') === '1';
	if (/^(www\.)?dropbox\.com$/.test(hostname) && /^\/(s|sh|scl)\//.test(pathname) && !isFile) {
		return 'is a sharing page of Dropbox, not a file; replace dl=0 at its end with raw=1';
	}
	return null;
}

/** An address as it goes out, with what no address may have in it encoded; or, as the end of a sentence, what is wrong. */
function addressOf(value: string, options: CheckOptions): { ok: true; url: string } | { ok: false; finding: string } {
	const url = parseHttpUrl(value);
	if (!url) return { ok: false, finding: 'must be a web address beginning with https:// or http://' };
	if (isLocalHost(url.hostname) && !options.allowLocalAddresses) {
		return { ok: false, finding: `is at ${url.hostname}, which the provider cannot reach; use a public web address` };
	}
	const finding = sharePageFinding(url);
	return finding === null ? { ok: true, url: url.href } : { ok: false, finding };
}

/** The address as it goes out; one that cannot be used is a finding and comes back as it is. */
export function checkedAddress(field: FieldName, value: string, options: CheckOptions, findings: string[]): string {
	const address = addressOf(value, options);
	if (address.ok) return address.url;
	findings.push(`${named(field)} ${address.finding}`);
	return value;
}

export function fileOf({ id, file }: InputFile): FileReference {
	return { kind: 'file', id, ...file };
}

type KeyframeReading = { ok: true; keyframe: VideoRequest['keyframes'][number] } | { ok: false; finding: string };

/** One keyframe; or, as the end of a sentence, what is wrong with it. */
function keyframeOf(entry: unknown, options: CheckOptions): KeyframeReading {
	const { image, index: frame } = (typeof entry === 'object' && entry !== null ? entry : {}) as { image?: unknown; index?: unknown };
	if (image === undefined || image === null || (typeof image === 'string' && image.trim() === '')) {
		return { ok: false, finding: 'has no image; enter its web address, or remove the keyframe' };
	}
	if (typeof image !== 'string') {
		return { ok: false, finding: `needs the web address of an image as text, but it is ${kindOf(image)}` };
	}
	const index = numberOf(frame);
	if (typeof index !== 'number') return { ok: false, finding: `needs a number as its frame, but it is ${kindOf(frame)}` };
	const address = addressOf(image, options);
	if (!address.ok) return { ok: false, finding: `has an image that ${address.finding}` };
	return { ok: true, keyframe: { image: { kind: 'url', url: address.url }, index } };
}

function keyframesOf(entries: readonly unknown[], options: CheckOptions, findings: string[]): VideoRequest['keyframes'] {
	return entries.flatMap((entry, position) => {
		const reading = keyframeOf(entry, options);
		if (reading.ok) return [reading.keyframe];
		findings.push(`${named('keyframes')}: keyframe ${position + 1} ${reading.finding}`);
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

/** What a request says that cannot be said together, one finding for each rule. */
export function excluded<Request>(exclusions: ReadonlyArray<Exclusion<Request>>, request: Request): string[] {
	return exclusions.filter(({ when }) => when(request)).map(({ field, finding }) => `${named(field as FieldName)} ${finding}`);
}

export function checkPrompt(
	{ prompt, cameraMotion, startImage, endImage }: Pick<VideoRequest, 'cameraMotion' | 'endImage' | 'prompt' | 'startImage'>,
	rules: OperationCapabilities['prompt'],
	findings: string[],
): void {
	if (rules.exists === false) return;
	if (prompt === '' && rules.optional === true) return;
	if (prompt === '' && !(rules.optionalWithImage && (startImage ?? endImage))) {
		findings.push(`${named('prompt')} is empty`);
		return;
	}
	// The limits are the provider's, so they hold for the text that is sent.
	const sent = [prompt, cameraMotion ?? ''].filter(Boolean).join(', ');
	if (sent === '') return;
	// Counted as a person counts: an emoji is one character.
	const { length } = Array.from(sent);
	if (rules.minLength !== null && length < rules.minLength) {
		findings.push(`${named('prompt')} has ${length} characters; at least ${rules.minLength} are needed`);
	}
	if (rules.maxLength !== null && length > rules.maxLength) {
		findings.push(`${named('prompt')} is too long: ${length} characters (maximum ${rules.maxLength})`);
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
			findings.push(`${named(field)} is not valid JSON`);
			return {};
		}
	}
	if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
		findings.push(`${named(field)} must be a JSON object`);
		return {};
	}
	return parsed as JsonObject;
}

/** What an operation works on: one generation, two, or a video by its address. */
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
		if (given === null) findings.push(`'${label}' is empty`);
		// '.' and '..' would be taken for a part of the path.
		else if (/[\s/?#]/.test(given) || /^\.+$/.test(given)) findings.push(`'${label}' has characters that no ID has`);
		return given === null ? null : { kind: 'generation', generationId: given };
	};
	if (model.sources) {
		if (value.sourceVideo instanceof InputFile) return { ...none, source: fileOf(value.sourceVideo) };
		const url = trimmed(value.sourceVideo);
		if (url !== null) {
			return { ...none, source: { kind: 'url', url: checkedAddress('sourceVideo', url, options, findings) } };
		}
		// An empty text is an ID that was left out, not one that was not asked for.
		if (value.generationId === undefined || value.generationId === null) {
			findings.push(`${named('sourceVideo')} is empty`);
			return none;
		}
	}
	return {
		source: generation('generationId'),
		target: operation === 'interpolate' ? generation('targetGenerationId') : null,
	};
}

/** The value, or what Auto comes to: nothing where an image leads. */
function aspectRatio(
	value: string | null,
	leading: object | null,
	model: ModelCapabilities,
	provider: Provider,
	findings: string[],
): AspectRatio | null {
	if (model.autoAspectRatio !== true) return choice('aspectRatio', value, model.aspectRatios, model, provider, findings);
	const allowed = [AUTO_ASPECT_RATIO, ...model.aspectRatios] as const;
	const chosen = choice('aspectRatio', value ?? AUTO_ASPECT_RATIO, allowed, model, provider, findings);
	if (chosen !== AUTO_ASPECT_RATIO) return chosen;
	return leading === null ? model.defaults.aspectRatio : null;
}

function direction(
	value: string | null,
	model: ModelCapabilities,
	provider: Provider,
	findings: string[],
): VideoRequest['direction'] {
	const [first = 'forward'] = model.directions ?? [];
	if (!model.directions) return 'forward';
	return choice('direction', value, model.directions, model, provider, findings) ?? first;
}

/**
 * Checks the field values of one item.
 *
 * @param input field values by their parameter names; unset or hidden fields are absent, `null` or empty
 * @returns the request, or one finding per field that stands in the way, each naming the field
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
	if (!capabilities) return { ok: false, findings: [`${provider.displayName} cannot do this`] };

	const model = capabilities.models.find((candidate) => candidate.value === value.model);
	if (!model) {
		const allowed = capabilities.models.map((candidate) => candidate.value).join(', ');
		return {
			ok: false,
			findings: [`${named('model')} cannot be ${value.model || 'empty'} at ${provider.displayName}. Allowed: ${allowed}`],
		};
	}

	const startImage = imageOf('startImage', value.startImage, options, findings);
	const endImage = imageOf('endImage', value.endImage, options, findings);
	const frames = frameFinding(frameMode(startImage, endImage), model, `${model.name} at ${provider.displayName}`);
	if (frames) findings.push(frames);

	const loop = value.loop === true;
	if (loop && model.loop === 'never') {
		findings.push(`${named('loop')} is not possible with ${model.name} at ${provider.displayName}; switch it off`);
	}
	if (loop && model.loop === 'withoutEndImage' && endImage) {
		findings.push(`${named('loop')} is not possible together with ${named('endImage')}; use one of the two`);
	}

	for (const field of extraFields) {
		// Switched off is as good as not there; so is the empty object of a field that was just added to the panel.
		const isSet = value[field] !== null && value[field] !== false && !isEmptyJson(value[field]);
		if (isSet && !(field in capabilities.extras)) {
			findings.push(`${named(field)} is not possible at ${provider.displayName}; leave it out`);
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
		direction: direction(value.direction, model, provider, findings),
		mode: choice('mode', value.mode, model.modes ?? [], model, provider, findings),
		keyframes,
		editControls: Object.keys(editControls).length > 0 ? editControls : null,
		aspectRatio: aspectRatio(value.aspectRatio, startImage ?? endImage ?? keyframes[0] ?? null, model, provider, findings),
		resolution: choice('resolution', value.resolution, model.resolutions, model, provider, findings),
		duration: choice('duration', value.duration, model.durations, model, provider, findings),
		loop,
		additionalBodyFields: jsonField('additionalBodyFields', value.additionalBodyFields, findings),
		callback: null,
	};

	checkPrompt(request, capabilities.prompt, findings);
	findings.push(...excluded(provider.exclusions ?? [], request));

	const { triggerUrl, callbackUrl: otherUrl } = value;
	const callbackUrl = triggerUrl ?? otherUrl;
	if (callbackUrl !== null) {
		const finding =
			triggerUrl === null || webhookIdOf(triggerUrl) !== null
				? callbackFinding(provider, callbackUrl, options.allowLocalAddresses)
				: `must be the URL of a Luma Video Trigger, which ends in /${TRIGGER_PATH}`;
		if (finding) findings.push(`${named(triggerUrl === null ? 'callbackUrl' : 'triggerUrl')} ${finding}`);
		else if (triggerUrl !== null && otherUrl !== null) {
			findings.push(`${named('callbackUrl')} must be empty when ${named('triggerUrl')} is set: only one address can be called`);
		} else request.callback = { url: parseHttpUrl(callbackUrl)?.href ?? callbackUrl, mode: callbackMode === 'progress' ? 'progress' : 'terminal' };
	}
	return findings.length > 0 ? { ok: false, findings } : { ok: true, request };
}
