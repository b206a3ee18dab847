/** What an option costs, shown in the panel next to it. */
import { usd } from '../generation/spending';
import type { ImageReference, ModelCapabilities, Provider, VideoOperation, VideoRequest } from '../providers/provider';
import { blankRequest, operationCapabilities } from '../providers/provider';

/** The source length that the prices of editing videos are shown for, in seconds. */
const SHOWN_SOURCE_LENGTH = 5;

interface ShownPrice {
	model: string;
	price: string;
	/** `null`: the same with a start image. */
	withImage: string | null;
	/** What the price is for; begins with a space unless it is empty. */
	scope: string;
}

function shownPrice(
	provider: Provider,
	operation: VideoOperation,
	{ value: model, name, defaults, durations, resolutions }: ModelCapabilities,
	list: 'durations' | 'resolutions',
	value: string,
): ShownPrice | null {
	const duration = list === 'durations' ? durations.find((each) => each === value) : defaults.duration;
	const resolution = list === 'resolutions' ? resolutions.find((each) => each === value) : defaults.resolution;
	if (duration === undefined || resolution === undefined) return null;
	const hasSource = operationCapabilities(provider, operation)?.extras.sourceLength !== undefined;
	const request: VideoRequest = {
		...blankRequest(operation, model),
		duration,
		resolution,
		// The price depends on the kind of source only.
		source: operation === 'generate' ? null : { kind: 'generation', generationId: 'any' },
		sourceLength: hasSource ? SHOWN_SOURCE_LENGTH : null,
	};
	const price = provider.estimateUsd?.(request) ?? null;
	if (price === null) return null;
	const startImage: ImageReference = { kind: 'url', url: 'https://example.com/image.png' };
	const withImage = operation === 'generate' ? (provider.estimateUsd?.({ ...request, startImage }) ?? price) : price;
	const scopes = [
		...(list === 'durations' && resolution ? [` at ${resolution}`] : []),
		...(list === 'resolutions' && duration ? [` for ${Number.parseInt(duration, 10)} seconds`] : []),
		...(hasSource ? [` for a source of ${SHOWN_SOURCE_LENGTH} seconds`] : []),
	];
	return { model: name, price: usd(price), withImage: withImage === price ? null : usd(withImage), scope: scopes.join('') };
}

/**
 * The price of an option, from the provider's price table: for all its models, so that models with the same values share
 * one field. Empty if none is published.
 */
export function priceOf(provider: Provider, operation: VideoOperation, list: 'durations' | 'resolutions', value: string): string {
	const models = operationCapabilities(provider, operation)?.models ?? [];
	const shown = models.flatMap((model) => shownPrice(provider, operation, model, list, value) ?? []);
	const [first] = shown;
	if (!first) return '';
	const isSame = shown.every(({ price, withImage, scope }) => price === first.price && withImage === first.withImage && scope === first.scope);
	if (isSame) return `About ${first.price}${first.scope}${first.withImage === null ? '' : `; ${first.withImage} with a start image`}`;
	const prices = shown.map(({ price, withImage, model }) => `${price} with ${model}${withImage === null ? '' : ` (${withImage} with a start image)`}`).join(', ');
	return `About ${prices}${first.scope === '' ? '' : `,${first.scope}`}`;
}
