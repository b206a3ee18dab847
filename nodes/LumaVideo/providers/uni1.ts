/** What Luma's image models, Uni-1, take wherever they are sold. Pure. */
import type { Exclusion, ImageAspectRatio, ImageCapabilities, ImageModel, ImageRequest } from './provider';

/** About 31 s according to third-party measurements; assumed to be the same for both models. */
const MODELS: readonly ImageModel[] = [
	{ value: 'uni-1', name: 'Uni-1', description: 'For most images', usualSeconds: 31 },
	{ value: 'uni-1-max', name: 'Uni-1 Max', description: 'For the highest quality', usualSeconds: 31 },
];

/** 4:3, 3:4 and 21:9 are for videos only. */
export const ASPECT_RATIOS: readonly ImageAspectRatio[] = ['1:1', '1:2', '1:3', '16:9', '2:1', '2:3', '3:1', '3:2', '9:16'];
const PORTRAIT: readonly ImageAspectRatio[] = ['1:2', '1:3', '2:3', '9:16'];

export const UNI_1: Pick<ImageCapabilities, 'models' | 'outputFormats' | 'prompt'> = {
	models: MODELS,
	prompt: { minLength: 1, maxLength: 6000 },
	outputFormats: ['jpeg', 'png'],
};

/** "Image generation"; an edit has the shape of its source. */
export const STYLE_RULE: Exclusion<ImageRequest> = {
	field: 'style',
	finding: `can be Manga only with an 'Aspect Ratio' of ${PORTRAIT.join(', ')}`,
	when: ({ operation, style, aspectRatio }) =>
		operation === 'generate' && style === 'manga' && !PORTRAIT.some((ratio) => ratio === aspectRatio),
};

/** For each input image: the source and every reference. */
const PRICE_OF_INPUT_USD = 0.003;

/** @param price of the image itself, in US dollars; @param inputs number of images that go into it */
export function priceWithInputs(price: number, inputs: number): number {
	return Math.round((price + inputs * PRICE_OF_INPUT_USD) * 10_000) / 10_000;
}
