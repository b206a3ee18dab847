import type { Icon, ICredentialTestRequest, ICredentialType, INodeProperties } from 'n8n-workflow';

import { apiKeyField, baseUrlField, keyAsHeader, onlyToHostOf, rules, testRequest, whenBody, whenRedirected, whenStatus } from './shared';

const refused = 'Replicate did not accept this API key. Copy the token again from replicate.com/account/api-tokens.';

// Not `replicateApi`: other packages have a credential of that name.
export class ReplicateLumaApi implements ICredentialType {
	name = 'replicateLumaApi';

	displayName = 'Replicate Luma API';

	icon: Icon = { light: 'file:../icons/replicateLumaApi.svg', dark: 'file:../icons/replicateLumaApi.dark.svg' };

	documentationUrl = 'https://replicate.com/docs/topics/security/api-tokens';

	properties: INodeProperties[] = [
		apiKeyField(
			'r8_1234567890abcdef',
			'Make one at replicate.com/account/api-tokens. It begins with r8_. Without a payment method, an account can make 6 requests a minute.',
			'The API token. It is sent to the base URL below and nowhere else.',
		),
		baseUrlField('https://api.replicate.com/v1'),
		...onlyToHostOf('$self["baseUrl"]'),
	];

	authenticate = keyAsHeader('Authorization', 'Bearer ');

	// Reads whose token it is: free.
	test: ICredentialTestRequest = {
		request: testRequest('/account'),
		rules: rules(
			...whenRedirected('Base URL'),
			whenStatus(401, refused),
			whenStatus(403, refused),
			whenStatus(404, "Replicate has no API at this address. Check the 'Base URL'."),
			whenBody('username', undefined, "The answer did not come from Replicate's API. Check the 'Base URL'."),
		),
	};
}
