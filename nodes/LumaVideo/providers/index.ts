/** Looking up providers and what they have. */
import type { ModelCapabilities, Provider, ProviderId, VideoOperation } from './provider';
import { operationCapabilities } from './provider';
import { registry } from './registry';

export const providers: Readonly<Record<ProviderId, Provider>> = registry;

export const providerIds = Object.keys(providers) as ProviderId[];

/** The provider with this id, or `undefined`. */
export function findProvider(id: string): Provider | undefined {
	return Object.hasOwn(providers, id) ? providers[id as ProviderId] : undefined;
}

/** The model with this value in an operation of a provider, or `undefined`. */
export function findModel(provider: Provider, operation: VideoOperation, value: string): ModelCapabilities | undefined {
	return operationCapabilities(provider, operation)?.models.find((model) => model.value === value);
}
