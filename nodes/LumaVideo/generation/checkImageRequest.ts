/** Checks the field values of an image before anything is sent, as `checkRequest.ts` does for videos. Pure. */
import { z } from 'zod';
import type { ImageOperation, ImageReference, ImageRequest, Provider } from '../providers/provider';
import type { CheckOptions, FieldName } from './checkRequest';
import { optionalBoolean, optionalJson, optionalText, trimmed } from '../providers/extras';
import { parseHttpUrl } from '../transport/address';
import { InputFile, about, checkPrompt, checkedAddress, choice as choiceOf, excluded, fileOf, jsonField, modelFinding, triggerFinding, typeFindings } from './checkRequest';
import { empty, notAnId, notAvailable, notSupported, tooManyImages } from './messages';

const image = z.union([z.string(), z.instanceof(InputFile)]);

/** Web addresses in a text, separated by commas, lines or spaces; an address may itself contain commas and spaces. */
function addressesIn(value: string): string[] {
	return value
		.split(/,\s|\n|,(?=https?:\/\/)|\s(?=https?:\/\/)/i)
		.map((part) => part.replace(/^[\s,]+|[\s,]+$/g, ''))
		.filter((part) => part !== '');
}

/** Field values as n8n passes them: an expression can yield anything. */
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
	triggerUrl: optionalText,
	additionalBodyFields: optionalJson,
});

type Input = z.infer<typeof inputSchema>;

/** Leaves the choice to the model. */
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
		findings.push(about('referenceImages', tooManyImages({ count: given.length, maximum: maxReferences })));
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
		findings.push(about(generationId === undefined || generationId === null ? 'sourceImage' : 'generationId', empty()));
		return null;
	}
	if (/[\s/?#]/.test(id)) findings.push(about('generationId', notAnId()));
	return { kind: 'generation', generationId: id };
}

/** The value, or `null` if the model chooses. */
function choice<T extends string>(
	field: FieldName,
	given: string | null | undefined,
	allowed: readonly T[],
	where: string,
	findings: string[],
): T | null {
	const value = trimmed(given);
	if (value === null || value === AUTO) return null;
	const chosen = choiceOf(field, value, allowed.length === 0 ? [] : [AUTO, ...allowed], where, findings);
	return chosen === AUTO ? null : chosen;
}

/**
 * Checks the field values of one item.
 *
 * @param input field values by parameter name; unset or hidden fields are absent, `null` or empty
 * @returns the request, or one finding for each field that is wrong, beginning with its name
 */
export function checkImageRequest(
	provider: Provider,
	input: Record<string, unknown>,
	options: CheckOptions,
	operation: ImageOperation,
): ImageCheckResult {
	const { displayName, images } = provider;
	if (!images) return { ok: false, findings: [notSupported({ provider })] };
	const capabilities = images.capabilities[operation];
	const { models, prompt: rules, aspectRatios, outputFormats, styles, maxReferences } = capabilities;
	const parsed = inputSchema.safeParse(input);
	if (!parsed.success) return { ok: false, findings: typeFindings(parsed.error.issues, input) };
	const value = parsed.data;
	if (!models.some((model) => model.value === value.model)) return { ok: false, findings: [modelFinding(value.model, models, provider)] };

	const findings: string[] = [];
	const where = `${operation === 'edit' ? 'edited' : 'new'} images at ${displayName}`;
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
		aspectRatio: choice('aspectRatio', value.aspectRatio, aspectRatios, where, findings),
		outputFormat: choice('outputFormat', value.outputFormat, outputFormats, where, findings),
		style: choice('style', value.style, styles, where, findings),
		webSearch: value.webSearch === true,
		userId: trimmed(value.userId),
		additionalBodyFields: jsonField('additionalBodyFields', value.additionalBodyFields, findings),
		resolution: null,
		duration: null,
		callback: null,
	};
	for (const [field, isSet] of [['userId', request.userId !== null], ['webSearch', request.webSearch]] as const) {
		if (isSet && !capabilities[field]) findings.push(about(field, notAvailable({ where, isSwitch: field === 'webSearch' })));
	}
	findings.push(...excluded(images.exclusions, request));

	const triggerUrl = trimmed(value.triggerUrl);
	if (triggerUrl !== null) {
		const finding = triggerFinding(provider, triggerUrl, options);
		if (finding !== null) findings.push(about('triggerUrl', finding));
		request.callback = { url: parseHttpUrl(triggerUrl)?.href ?? triggerUrl, mode: 'terminal' };
	}
	return findings.length > 0 ? { ok: false, findings } : { ok: true, request };
}
