/** Checks the field values of an image before anything is sent, as `checkRequest.ts` does for videos. Pure. */
import { z } from 'zod';
import type { ImageModel, ImageOperation, ImageRequest, Provider } from '../providers/provider';
import { optionalBoolean, optionalJson, optionalText } from '../providers/extras';
import type { CheckOptions, FieldName } from './check';
import { AUTO, Check, fileOrAddress, modelFinding, optionalField, typeFindings } from './check';
import { notSupported, tooManyImages } from './messages';

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
	prompt: optionalField,
	sourceImage: fileOrAddress.nullish(),
	generationId: optionalText,
	referenceImages: z.preprocess((value) => (typeof value === 'string' ? addressesIn(value) : value), z.array(fileOrAddress).nullish()),
	aspectRatio: optionalField,
	outputFormat: optionalField,
	style: optionalField,
	webSearch: optionalBoolean,
	userId: optionalField,
	triggerUrl: optionalField,
	additionalBodyFields: optionalJson,
});

export type ImageCheckResult = { ok: true; request: ImageRequest; model: ImageModel } | { ok: false; findings: string[] };

/** The value, or `null` if the model chooses. */
function choice<T extends string>(field: FieldName, value: string | null, allowed: readonly T[], check: Check): T | null {
	if (value === AUTO) return null;
	const chosen = check.choice(field, value, allowed.length === 0 ? [] : [AUTO, ...allowed]);
	return chosen === AUTO ? null : chosen;
}

/**
 * Checks the field values of one item.
 *
 * @param input field values by parameter name; unset or hidden fields are absent, `null` or empty
 * @returns the request and the model in the capability table, or one finding for each field that is wrong, beginning with its name
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
	const model = models.find((candidate) => candidate.value === value.model);
	if (!model) return { ok: false, findings: [modelFinding(value.model, models, provider)] };

	const check = new Check(provider, `${operation === 'edit' ? 'edited' : 'new'} images at ${displayName}`, options);
	const { findings } = check;
	const { userId } = value;
	const prompt = value.prompt ?? '';
	const webSearch = value.webSearch === true;
	const references = (value.referenceImages ?? []).filter((each) => each !== '');
	check.prompt({ prompt }, rules);
	const source = operation === 'edit' ? check.source('sourceImage', value.sourceImage, value.generationId) : null;
	if (references.length > maxReferences) {
		check.note('referenceImages', tooManyImages({ count: references.length, maximum: maxReferences }));
	}
	const request: ImageRequest = {
		makes: 'image',
		operation,
		model: model.value,
		prompt,
		source,
		references: references.map((each) => check.image('referenceImages', each)),
		aspectRatio: choice('aspectRatio', value.aspectRatio, aspectRatios, check),
		outputFormat: choice('outputFormat', value.outputFormat, outputFormats, check),
		style: choice('style', value.style, styles, check),
		webSearch,
		userId,
		additionalBodyFields: check.json('additionalBodyFields', value.additionalBodyFields),
		resolution: null,
		duration: null,
		callback: null,
	};
	if (userId !== null && !capabilities.userId) check.notAvailable('userId');
	if (webSearch && !capabilities.webSearch) check.notAvailable('webSearch', true);
	check.exclusions(images.exclusions, request);
	request.callback = check.callback(value.triggerUrl, null, 'terminal');
	return findings.length > 0 ? { ok: false, findings } : { ok: true, request, model };
}
