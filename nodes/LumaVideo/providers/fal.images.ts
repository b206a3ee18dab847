/** Images at fal.ai: Luma's Uni-1, as `luma/agent/uni-1/v1` (fal.ai/models/luma/agent/uni-1; fal-ai/fal-js). Pure. */
import { endpointOf } from './fal.endpoints';
import type { ImageCapabilities, ImageMaking, ImageRequest, JsonObject } from './provider';
import { imageText } from './reference';
import { ASPECT_RATIOS, STYLE_RULE, UNI_1, priceWithInputs } from './uni1';

const COMMON: Pick<ImageCapabilities, 'inputHint' | 'maxReferences' | 'models' | 'outputFormats' | 'prompt' | 'styles' | 'userId'> = {
	...UNI_1,
	// An edit takes a style too.
	styles: ['manga'],
	// As a third party reports it; Luma's own API takes 9 for a new image.
	maxReferences: 8,
	userId: false,
	inputHint: '',
};

function bodyOf(request: ImageRequest): JsonObject {
	const { source, references } = request;
	return {
		prompt: request.prompt,
		...(source ? { image_url: source.kind === 'generation' ? '' : imageText(source) } : {}),
		...(references.length > 0 ? { reference_image_urls: references.map(imageText) } : {}),
		...(request.aspectRatio ? { aspect_ratio: request.aspectRatio } : {}),
		...(request.outputFormat ? { output_format: request.outputFormat } : {}),
		...(request.style ? { style: request.style } : {}),
		...(request.webSearch ? { enable_web_search: true } : {}),
		...request.additionalBodyFields,
	};
}

/** USD for an image from text, as third parties read it from the pages of the models in 2026. */
const PRICES_USD: Readonly<Record<string, number>> = { 'uni-1': 0.042, 'uni-1-max': 0.102 };

/** The price of what a body buys, including additional body fields. */
function priceOf(model: string, { image_url: source, reference_image_urls: references = [] }: JsonObject): number | null {
	const price = PRICES_USD[model];
	if (price === undefined || !Array.isArray(references)) return null;
	return priceWithInputs(price, (source === undefined ? 0 : 1) + references.length);
}

export const images: ImageMaking = {
	capabilities: {
		edit: { ...COMMON, aspectRatios: [], webSearch: false },
		generate: { ...COMMON, aspectRatios: ASPECT_RATIOS, webSearch: true },
	},
	exclusions: [STYLE_RULE],
	create: (request) => ({
		method: 'POST',
		path: `/${endpointOf(request)}`,
		body: bodyOf(request),
	}),
	estimateUsd: (request) => priceOf(request.model, bodyOf(request)),
};
