/** The credential that a node asks for: that of the chosen provider. */
import type { INodeCredentialDescription } from 'n8n-workflow';
import { providers } from './providers';
import type { ProviderId } from './providers/provider';

/**
 * One credential for each provider. What `show` names decides where the panel asks for it: below that field. But if each
 * option of a field showed a credential, n8n would take the field for the credential's own kind and leave it out of the
 * panel: nobody could see or choose the provider. So the first one is told by what hides it.
 */
export function credentialChoices(ids: readonly ProviderId[]): INodeCredentialDescription[] {
	return ids.map((id, index) => ({
		name: providers[id].credentialType,
		required: true,
		displayOptions: index === 0 ? { hide: { provider: ids.slice(1) } } : { show: { provider: [id] } },
	}));
}
