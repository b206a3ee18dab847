/** The credential that a node asks for: that of the chosen provider. */
import type { INodeCredentialDescription, INodeProperties } from 'n8n-workflow';
import { providers } from './providers';
import type { ProviderId } from './providers/provider';

/**
 * One credential for each provider, told by what hides it. If each option of a field showed a credential, n8n would take
 * the field for the credential's own kind and leave it out of the panel: nobody could see or choose the provider.
 */
export function credentialChoices(ids: readonly ProviderId[]): INodeCredentialDescription[] {
	return ids.map((id) => ({
		name: providers[id].credentialType,
		required: true,
		displayOptions: { hide: { provider: ids.filter((other) => other !== id) } },
	}));
}

/** Where the panel asks for the credential; without it, above the field that decides which one. */
export const credentialPlace: INodeProperties = {
	displayName: 'Credentials',
	name: 'credentials',
	type: 'credentials',
	default: '',
};
