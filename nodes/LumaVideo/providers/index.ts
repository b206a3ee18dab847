/** The registry: the one place that knows all providers. */
import { crazyrouter } from './crazyrouter';
import { lumaDreamMachine } from './lumaDreamMachine';
import { pixazo } from './pixazo';
import { pixwith } from './pixwith';
import type { ModelCapabilities, Provider, ProviderId } from './provider';

export const providers: Readonly<Record<ProviderId, Provider>> = {
	lumaDreamMachine,
	pixazo,
	pixwith,
	crazyrouter,
};

export const providerIds = Object.keys(providers) as ProviderId[];

/** The provider with this id, or `undefined`. */
export function findProvider(id: string): Provider | undefined {
	return Object.hasOwn(providers, id) ? providers[id as ProviderId] : undefined;
}

/** The model of a provider with this value, or `undefined`. */
export function findModel(provider: Provider, value: string): ModelCapabilities | undefined {
	return provider.capabilities.models.find((model) => model.value === value);
}
