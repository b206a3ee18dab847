/**
 * Images at Luma Agents: Uni-1, "Image generation" and "Image editing" (docs.agents.lumalabs.ai).
 *
 * One image per request; no size, count or seed. Answers are the same as for videos, so they are read in the same place
 * (`lumaAgents.answers.ts`).
 */
import { firstText } from './answers';
import { IMAGE_HINT } from './lumaAgents.answers';
import { imageReference } from './lumaAgents.body';
import type {
	ImageAspectRatio,
	ImageCapabilities,
	ImageMaking,
	ImageModel,
	ImageRequest,
	JsonObject,
} from './provider';

/** About 31 s according to third-party measurements; assumed to be the same for both models. */
const MODELS: readonly ImageModel[] = [
	{ value: 'uni-1', name: 'Uni-1', description: 'For most images', usualSeconds: 31 },
	{ value: 'uni-1-max', name: 'Uni-1 Max', description: 'For the highest quality', usualSeconds: 31 },
];

/** 4:3, 3:4 and 21:9 are for videos only. */
const ASPECT_RATIOS: readonly ImageAspectRatio[] = ['1:1', '1:2', '1:3', '16:9', '2:1', '2:3', '3:1', '3:2', '9:16'];
const PORTRAIT: readonly ImageAspectRatio[] = ['1:2', '1:3', '2:3', '9:16'];

const COMMON: Pick<ImageCapabilities, 'aspectRatios' | 'inputHint' | 'models' | 'outputFormats' | 'prompt'> = {
	models: MODELS,
	prompt: { minLength: 1, maxLength: 6000 },
	aspectRatios: ASPECT_RATIOS,
	outputFormats: ['jpeg', 'png'],
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
/** For each input image: the source and every reference. */
const PRICE_OF_INPUT_USD = 0.003;

/** The price of what a body buys, including additional body fields. */
function priceOf({ model, type, source, image_ref: references }: JsonObject): number | null {
	const price = PRICES_USD.get(firstText(model));
	const sources = (source ?? null) === null ? 0 : 1;
	const guides = references ?? [];
	if (price === undefined || type !== (sources === 0 ? 'image' : 'image_edit') || !Array.isArray(guides)) return null;
	return Math.round((price + (sources + guides.length) * PRICE_OF_INPUT_USD) * 10_000) / 10_000;
}

export const images: Omit<ImageMaking, 'readCreated'> = {
	capabilities: {
		edit: { ...COMMON, styles: [], maxReferences: 8 },
		generate: { ...COMMON, styles: ['manga'], maxReferences: 9 },
	},

	exclusions: [
		{
			field: 'style',
			finding: `can be Manga only with an 'Aspect Ratio' of ${PORTRAIT.join(', ')}`,
			when: ({ style, aspectRatio }) => style === 'manga' && !PORTRAIT.some((ratio) => ratio === aspectRatio),
		},
	],

	create: (request) => ({ method: 'POST', path: '/generations', body: bodyOf(request) }),

	estimateUsd: (request) => priceOf(bodyOf(request)),
};
