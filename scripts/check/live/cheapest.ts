/** The cheapest video that a provider makes from text alone. */
import type { VideoRequest, ModelCapabilities, Provider } from '../../../nodes/LumaVideo/providers/provider';
import { blankRequest } from '../../../nodes/LumaVideo/providers/provider';

export interface Plan {
	model: ModelCapabilities;
	request: VideoRequest;
	/** `null` if no price is published. */
	usd: number | null;
}

const orNone = <T>(values: readonly T[]): ReadonlyArray<T | null> => (values.length > 0 ? values : [null]);

/** By price, of the models that are not on their way out; without prices the first model at its lowest resolution and shortest duration, as tables begin with these. */
export function cheapest(provider: Provider, prompt: string): Plan {
	const plans = provider.capabilities.models
		.filter(({ frames, name }) => frames.includes('none') && !name.endsWith('(Legacy)'))
		.flatMap((model) => orNone(model.resolutions).flatMap((resolution) => orNone(model.durations).map((duration) => ({ model, resolution, duration }))))
		.map(({ model, resolution, duration }): Plan => {
			const { aspectRatio } = model.defaults;
			const request = { ...blankRequest('generate', model.value), prompt, aspectRatio, resolution, duration };
			return { model, request, usd: provider.estimateUsd?.(request) ?? null };
		});
	const [first] = plans.sort((one, other) => (one.usd ?? Infinity) - (other.usd ?? Infinity) || 0);
	if (!first) throw new Error(`${provider.displayName} makes no videos from text`);
	return first;
}

/** What is to be typed before the video is bought. */
export function priceText({ usd }: Plan): string {
	return usd === null ? 'price unknown' : `${usd.toFixed(2)} USD`;
}

export function planText({ model, request: { resolution, duration } }: Plan): string {
	return [model.name, resolution, duration, 'from text'].filter((each) => each !== null).join(', ');
}
