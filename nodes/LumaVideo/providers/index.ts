/** Looking up providers and what they have. */
import type { Provider, ProviderId } from './provider';
import { registry } from './registry';

export const providers: Readonly<Record<ProviderId, Provider>> = registry;

export const providerIds = Object.keys(providers) as ProviderId[];

/** The provider with this id, or `undefined`. */
export function findProvider(id: string): Provider | undefined {
	return Object.hasOwn(providers, id) ? providers[id as ProviderId] : undefined;
}
