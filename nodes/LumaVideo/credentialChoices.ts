/** The credential that a node asks for: that of the selected provider. */
import type { INodeCredentialDescription, INodeProperties } from 'n8n-workflow';
import { providers } from './providers';
import type { ProviderId } from './providers/provider';

/**
 * One credential for each provider, hidden for all others. If each option of a field showed a credential, n8n would take
 * it for a field that selects an authentication type and leave it out of the panel: nobody could select the provider.
 */
export function credentialChoices(ids: readonly ProviderId[]): INodeCredentialDescription[] {
	return ids.map((id) => ({
		name: providers[id].credentialType,
		required: true,
		displayOptions: { hide: { provider: ids.filter((other) => other !== id) } },
	}));
}

/** Where the panel asks for the credential; without this, it would be above the field that selects the provider. */
export const credentialPlace: INodeProperties = {
	displayName: 'Credentials',
	name: 'credentials',
	type: 'credentials',
	default: '',
};
