/** What a choice in the panel costs, told where it is made. */
import { usd } from '../generation/spending';
import type { ModelCapabilities, Provider, VideoOperation } from '../providers/provider';
import { blankRequest, operationCapabilities } from '../providers/provider';

/** Length of the source that the prices of working on videos are told for, in seconds. */
const TOLD_SOURCE_LENGTH = 5;

interface Told {
	model: string;
	price: string;
	/** For what it buys; begins with a space unless it is empty. */
	scope: string;
}

function toldOf(
	provider: Provider,
	operation: VideoOperation,
	{ value: model, name, defaults, durations, resolutions }: ModelCapabilities,
	list: 'durations' | 'resolutions',
	value: string,
): Told | null {
	const duration = list === 'durations' ? durations.find((each) => each === value) : defaults.duration;
	const resolution = list === 'resolutions' ? resolutions.find((each) => each === value) : defaults.resolution;
	if (duration === undefined || resolution === undefined) return null;
	const hasSource = operationCapabilities(provider, operation)?.extras.sourceLength !== undefined;
	const price = provider.estimateUsd?.({
		...blankRequest(operation, model),
		duration,
		resolution,
		// Priced by what kind it is, not by which.
		source: operation === 'generate' ? null : { kind: 'generation', generationId: 'any' },
		sourceLength: hasSource ? TOLD_SOURCE_LENGTH : null,
	});
	if (price === undefined || price === null) return null;
	const scopes = [
		...(list === 'durations' && resolution ? [` at ${resolution}`] : []),
		...(list === 'resolutions' && duration ? [` for ${Number.parseInt(duration, 10)} seconds`] : []),
		...(hasSource ? [` for a source of ${TOLD_SOURCE_LENGTH} seconds`] : []),
	];
	return { model: name, price: usd(price), scope: scopes.join('') };
}

/**
 * The price of a choice, from the provider's price table: of all its models, so that those that offer the same values
 * share one field. Empty where none is published.
 */
export function priceOf(provider: Provider, operation: VideoOperation, list: 'durations' | 'resolutions', value: string): string {
	const models = operationCapabilities(provider, operation)?.models ?? [];
	const told = models.flatMap((model) => toldOf(provider, operation, model, list, value) ?? []);
	const [first] = told;
	if (!first) return '';
	const isSame = told.every(({ price, scope }) => price === first.price && scope === first.scope);
	if (isSame) return `About ${first.price}${first.scope}`;
	const prices = told.map(({ price, model }) => `${price} with ${model}`).join(', ');
	return `About ${prices}${first.scope === '' ? '' : `,${first.scope}`}`;
}
