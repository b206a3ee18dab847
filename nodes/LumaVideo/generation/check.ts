/** What the checks of videos and images share: the fields' names and types, and the `Check` that collects findings. Pure. */
import { z } from 'zod';
import type {
	Callback,
	Exclusion,
	ImageReference,
	JsonObject,
	LocalFile,
	OperationCapabilities,
	Provider,
	SourceReference,
	VideoRequest,
} from '../providers/provider';
import type { ExtraField } from '../providers/extras';
import { EXTRAS, extraFields, optionalText, trimmed } from '../providers/extras';
import { isLocalHost, parseHttpUrl } from '../transport/address';
import { TRIGGER_PATH, webhookIdOf } from '../transport/announce';
import { callbackFinding } from '../transport/callbackAddress';
import { notAWebAddress } from '../transport/messages';
import {
	dropboxPage,
	empty,
	googleDrivePage,
	localAddress,
	notATrigger,
	notAllowed,
	notAnId,
	notAnObject,
	notAvailable,
	notJson,
	secondCallback,
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

/** Leaves the choice to the model; of a video's aspect ratio, to the start or end image, if there is one. */
export const AUTO = 'auto';

/** A file in n8n. A class, so that no expression can yield one. */
export class InputFile {
	readonly kind = 'file';
	/** @param id the same for the same file */
	constructor(
		readonly id: string,
		readonly file: LocalFile,
	) {}
}

export const fileOrAddress = z.union([z.string(), z.instanceof(InputFile)]);
/** Without surrounding whitespace; `null` if nothing is left. */
export const optionalField = optionalText.transform(trimmed);

const EXPECTED: Partial<Record<FieldName, string>> = {
	...(Object.fromEntries(extraFields.map((field) => [field, EXTRAS[field].expected])) as Record<ExtraField, string>),
	loop: 'true or false',
	additionalBodyFields: 'a JSON object',
	referenceImages: 'web addresses',
	webSearch: 'true or false',
};

export function kindOf(value: unknown): string {
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

/** What is wrong with the ID of a generation, as the end of a sentence. */
export function idFinding(id: string): string | null {
	if (id === '') return empty();
	// '.' and '..' would be resolved as path segments.
	return /[\s/?#]|^\.+$/.test(id) ? notAnId() : null;
}

/** What is wrong with a model that is not in the list. */
export function modelFinding(value: string, models: ReadonlyArray<{ value: string }>, { displayName }: Provider): string {
	const allowed = models.map((model) => model.value).join(', ');
	return about('model', notAllowed({ value: value || 'empty', where: displayName, allowed }));
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

export interface CheckOptions {
	/** Whether the provider itself is in a private network, and so can reach private addresses. */
	allowLocalAddresses: boolean;
}

/** Reads the fields of one request; whatever is wrong with one becomes a finding. */
export class Check {
	/** Sentences that begin with the field's name. */
	readonly findings: string[] = [];

	/** @param where the model or the operation, and the provider, for findings */
	constructor(
		private readonly provider: Provider,
		readonly where: string,
		private readonly options: CheckOptions,
	) {}

	/** @param finding the end of a sentence that begins with the field's name */
	note(field: FieldName, finding: string, label?: string): void {
		this.findings.push(about(field, finding, label));
	}

	notAvailable(field: FieldName, isSwitch = false): void {
		this.note(field, notAvailable({ where: this.where, isSwitch }));
	}

	/** The value if it is allowed. A field without allowed values must be unset. */
	choice<T extends string>(field: FieldName, value: string | null, allowed: readonly T[]): T | null {
		if (value === null) return null;
		const match = allowed.find((candidate) => candidate === value);
		if (match) return match;
		if (allowed.length === 0) this.notAvailable(field);
		else this.note(field, notAllowed({ value, where: this.where, allowed: allowed.join(', ') }));
		return null;
	}

	/** The address to send, with illegal characters encoded; or, as the end of a sentence, what is wrong with it. */
	addressOf(value: string): { ok: true; url: string } | { ok: false; finding: string } {
		const url = parseHttpUrl(value);
		if (!url) return { ok: false, finding: notAWebAddress() };
		if (isLocalHost(url.hostname) && !this.options.allowLocalAddresses) {
			return { ok: false, finding: localAddress({ host: url.hostname }) };
		}
		const finding = sharePageFinding(url);
		return finding === null ? { ok: true, url: url.href } : { ok: false, finding };
	}

	/** A file or an address; an unusable one is returned as it is. */
	image(field: FieldName, value: InputFile | string): ImageReference {
		if (value instanceof InputFile) return { kind: 'file', id: value.id, ...value.file };
		const address = this.addressOf(value);
		if (address.ok) return { kind: 'url', url: address.url };
		this.note(field, address.finding);
		return { kind: 'url', url: value };
	}

	optionalImage(field: FieldName, value: InputFile | string | null | undefined): ImageReference | null {
		const given = value instanceof InputFile ? value : trimmed(value);
		return given === null ? null : this.image(field, given);
	}

	/** What is worked on: a file, an address, or else a generation. */
	source(
		field: FieldName,
		value: InputFile | string | null | undefined,
		generationId: string | null | undefined,
	): SourceReference | null {
		const image = this.optionalImage(field, value);
		if (image) return image;
		// Empty text means an ID that is missing, not one that was not asked for.
		if (generationId !== null && generationId !== undefined) return this.generation('generationId', generationId);
		this.note(field, empty());
		return null;
	}

	generation(field: FieldName, value: string | null | undefined, label?: string): SourceReference | null {
		const generationId = trimmed(value);
		const finding = idFinding(generationId ?? '');
		if (finding !== null) this.note(field, finding, label);
		return generationId === null ? null : { kind: 'generation', generationId };
	}

	json(field: FieldName, value: string | Record<string, unknown> | null | undefined): JsonObject {
		if (value === null || value === undefined) return {};
		let parsed: unknown = value;
		if (typeof value === 'string') {
			if (value.trim() === '') return {};
			try {
				parsed = JSON.parse(value);
			} catch {
				this.note(field, notJson());
				return {};
			}
		}
		if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
			this.note(field, notAnObject());
			return {};
		}
		return parsed as JsonObject;
	}

	prompt(
		{ prompt, cameraMotion, startImage, endImage }: Partial<VideoRequest> & { prompt: string },
		rules: Partial<OperationCapabilities['prompt']>,
	): void {
		if (rules.exists === false) return;
		if (prompt === '' && rules.optional === true) return;
		if (prompt === '' && !(rules.optionalWithImage === true && (startImage ?? endImage))) {
			this.note('prompt', empty());
			return;
		}
		// The limits are the provider's, so they apply to the text that is sent.
		const sent = [prompt, cameraMotion ?? ''].filter(Boolean).join(', ');
		if (sent === '') return;
		const { minLength = null, maxLength = null } = rules;
		// Counted as people count: an emoji is one character.
		const { length } = Array.from(sent);
		if (minLength !== null && length < minLength) this.note('prompt', tooShort({ length, minimum: minLength }));
		if (maxLength !== null && length > maxLength) this.note('prompt', tooLong({ length, maximum: maxLength }));
	}

	/** The rules that the combination of fields must not break. */
	exclusions<Request>(rules: ReadonlyArray<Exclusion<Request>>, request: Request): void {
		for (const { field, finding, when } of rules) if (when(request)) this.note(field as FieldName, finding);
	}

	/** Whom to tell when it is finished: a trigger, or another address. */
	callback(triggerUrl: string | null, otherUrl: string | null, mode: Callback['mode']): Callback | null {
		const { provider, options } = this;
		const url = triggerUrl ?? otherUrl;
		if (url === null) return null;
		const isTrigger = triggerUrl !== null;
		const finding = isTrigger && webhookIdOf(url) === null ? notATrigger({ ending: `/${TRIGGER_PATH}` }) : callbackFinding(provider, url, options.allowLocalAddresses);
		if (finding !== null) this.note(isTrigger ? 'triggerUrl' : 'callbackUrl', finding);
		else if (isTrigger && otherUrl !== null) this.note('callbackUrl', secondCallback());
		return { url: parseHttpUrl(url)?.href ?? url, mode };
	}
}
