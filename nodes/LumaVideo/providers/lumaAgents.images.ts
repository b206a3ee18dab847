/**
 * Images at Luma Agents: Uni-1, "Image generation" and "Image editing" (docs.agents.lumalabs.ai).
 *
 * One image per request; no size, count or seed. Answers are the same as for videos, so they are read in the same place
 * (`lumaAgents.answers.ts`).
 */
import { firstText } from './answers';
import { IMAGE_HINT } from './lumaAgents.answers';
import { imageReference } from './lumaAgents.body';
import type { ImageCapabilities, ImageMaking, ImageRequest, JsonObject } from './provider';
import { ASPECT_RATIOS, STYLE_RULE, UNI_1, priceWithInputs } from './uni1';

const COMMON: Pick<ImageCapabilities, 'aspectRatios' | 'inputHint' | 'models' | 'outputFormats' | 'prompt' | 'userId' | 'webSearch'> = {
	...UNI_1,
	aspectRatios: ASPECT_RATIOS,
	userId: true,
	webSearch: true,
	inputHint: IMAGE_HINT,
};

const TYPES: Readonly<Record<ImageRequest['operation'], string>> = { edit: 'image_edit', generate: 'image' };

function referenceOf(image: NonNullable<ImageRequest['source']>): JsonObject {
	return image.kind === 'generation' ? { generation_id: image.generationId } : imageReference(image);
}

function bodyOf(request: ImageRequest): JsonObject {
	return {
		model: request.model,
		type: TYPES[request.operation],
		prompt: request.prompt,
		...(request.source ? { source: referenceOf(request.source) } : {}),
		...(request.references.length > 0 ? { image_ref: request.references.map(referenceOf) } : {}),
		...(request.aspectRatio ? { aspect_ratio: request.aspectRatio } : {}),
		...(request.outputFormat ? { output_format: request.outputFormat } : {}),
		...(request.style ? { style: request.style } : {}),
		...(request.webSearch ? { web_search: true } : {}),
		...(request.userId ? { user_id: request.userId } : {}),
		...request.additionalBodyFields,
	};
}

/** USD for an image from text, from "Pricing"; subject to change. */
const PRICES_USD: ReadonlyMap<string | null, number> = new Map([
	['uni-1', 0.0404],
	['uni-1-max', 0.1],
]);

/** The price of what a body buys, including additional body fields. */
function priceOf({ model, type, source, image_ref: references }: JsonObject): number | null {
	const price = PRICES_USD.get(firstText(model));
	const sources = (source ?? null) === null ? 0 : 1;
	const guides = references ?? [];
	if (price === undefined || type !== (sources === 0 ? 'image' : 'image_edit') || !Array.isArray(guides)) return null;
	return priceWithInputs(price, sources + guides.length);
}

export const images: ImageMaking = {
	capabilities: {
		edit: { ...COMMON, styles: [], maxReferences: 8 },
		generate: { ...COMMON, styles: ['manga'], maxReferences: 9 },
	},

	exclusions: [STYLE_RULE],

	create: (request) => ({ method: 'POST', path: '/generations', body: bodyOf(request) }),

	estimateUsd: (request) => priceOf(bodyOf(request)),
};
