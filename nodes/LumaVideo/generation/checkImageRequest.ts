/** Checking what a user asked for of an image before anything is sent; as `checkRequest.ts` does for videos. Pure. */
import { z } from 'zod';
import type { ImageOperation, ImageReference, ImageRequest, Provider } from '../providers/provider';
import type { CheckOptions, FieldName } from './checkRequest';
import { optionalBoolean, optionalJson, optionalText, trimmed } from '../providers/extras';
import { InputFile, checkPrompt, checkedAddress, excluded, fileOf, jsonField, named, typeFindings } from './checkRequest';

const image = z.union([z.string(), z.instanceof(InputFile)]);

/** Web addresses in a text: parted by commas, lines or spaces; an address may have commas and spaces of its own. */
function addressesIn(value: string): string[] {
	return value
		.split(/,\s|\n|,(?=https?:\/\/)|\s(?=https?:\/\/)/i)
		.map((part) => part.replace(/^[\s,]+|[\s,]+$/g, ''))
		.filter((part) => part !== '');
}

/** Field values as n8n hands them over: an expression can yield anything. */
const inputSchema = z.object({
	model: z.string(),
	prompt: optionalText,
	sourceImage: image.nullish(),
	generationId: optionalText,
	referenceImages: z.preprocess((value) => (typeof value === 'string' ? addressesIn(value) : value), z.array(image).nullish()),
	aspectRatio: optionalText,
	outputFormat: optionalText,
	style: optionalText,
	webSearch: optionalBoolean,
	userId: optionalText,
	additionalBodyFields: optionalJson,
});

type Input = z.infer<typeof inputSchema>;

/** Where the model chooses. */
export const AUTO = 'auto';

export type ImageCheckResult = { ok: true; request: ImageRequest } | { ok: false; findings: string[] };

function imageOf(
	field: FieldName,
	value: InputFile | string,
	options: CheckOptions,
	findings: string[],
): ImageReference {
	if (value instanceof InputFile) return fileOf(value);
	return { kind: 'url', url: checkedAddress(field, value, options, findings) };
}

function referencesOf(
	value: Input['referenceImages'],
	maxReferences: number,
	options: CheckOptions,
	findings: string[],
): ImageReference[] {
	const given = (value ?? []).filter((each) => each !== '');
	if (given.length > maxReferences) {
		findings.push(`${named('referenceImages')} can be ${maxReferences} at most, not ${given.length}`);
	}
	return given.map((each) => imageOf('referenceImages', each, options, findings));
}

function sourceOf(
	{ sourceImage, generationId }: Input,
	options: CheckOptions,
	findings: string[],
): ImageRequest['source'] {
	if (sourceImage instanceof InputFile || trimmed(sourceImage) !== null) {
		return imageOf('sourceImage', sourceImage ?? '', options, findings);
	}
	const id = trimmed(generationId);
	if (id === null) {
		findings.push(`${named(generationId === undefined || generationId === null ? 'sourceImage' : 'generationId')} is empty`);
		return null;
	}
	if (/[\s/?#]/.test(id)) findings.push(`${named('generationId')} has characters that no ID has`);
	return { kind: 'generation', generationId: id };
}

/** The value when it is allowed, `null` where the model chooses; a finding when it is not allowed. */
function choice<T extends string>(
	field: FieldName,
	given: string | null | undefined,
	allowed: readonly T[],
	displayName: string,
	findings: string[],
): T | null {
	const value = trimmed(given);
	if (value === null || value === AUTO) return null;
	const match = allowed.find((candidate) => candidate === value);
	if (match === undefined) {
		findings.push(
			allowed.length === 0
				? `${named(field)} cannot be chosen here; leave it out`
				: `${named(field)} cannot be ${value} for an image at ${displayName}. Allowed: ${AUTO}, ${allowed.join(', ')}`,
		);
	}
	return match ?? null;
}

/**
 * Checks the field values of one item.
 *
 * @param input field values by their parameter names; unset or hidden fields are absent, `null` or empty
 * @returns the request, or one finding per field that stands in the way, each naming the field
 */
export function checkImageRequest(
	{ displayName, images }: Provider,
	input: Record<string, unknown>,
	options: CheckOptions,
	operation: ImageOperation,
): ImageCheckResult {
	if (!images) return { ok: false, findings: [`${displayName} cannot do this`] };
	const { models, prompt: rules, aspectRatios, outputFormats, styles, maxReferences } = images.capabilities[operation];
	const parsed = inputSchema.safeParse(input);
	if (!parsed.success) return { ok: false, findings: typeFindings(parsed.error.issues, input) };
	const value = parsed.data;
	if (!models.some((model) => model.value === value.model)) {
		const allowed = models.map((candidate) => candidate.value).join(', ');
		return {
			ok: false,
			findings: [`${named('model')} cannot be ${value.model || 'empty'} at ${displayName}. Allowed: ${allowed}`],
		};
	}

	const findings: string[] = [];
	const prompt = trimmed(value.prompt) ?? '';
	checkPrompt(
		{ prompt, cameraMotion: null, startImage: null, endImage: null },
		{ ...rules, optionalWithImage: false },
		findings,
	);
	const request: ImageRequest = {
		makes: 'image',
		operation,
		model: value.model,
		prompt,
		source: operation === 'edit' ? sourceOf(value, options, findings) : null,
		references: referencesOf(value.referenceImages, maxReferences, options, findings),
		aspectRatio: choice('aspectRatio', value.aspectRatio, aspectRatios, displayName, findings),
		outputFormat: choice('outputFormat', value.outputFormat, outputFormats, displayName, findings),
		style: choice('style', value.style, styles, displayName, findings),
		webSearch: value.webSearch === true,
		userId: trimmed(value.userId),
		additionalBodyFields: jsonField('additionalBodyFields', value.additionalBodyFields, findings),
		resolution: null,
		duration: null,
		callback: null,
	};
	findings.push(...excluded(images.exclusions, request));
	return findings.length > 0 ? { ok: false, findings } : { ok: true, request };
}
