import type { Icon, ICredentialTestRequest, ICredentialType, INodeProperties } from 'n8n-workflow';

import { apiKeyField, baseUrlField, keyAsHeader, onlyToHostOf, rules, testRequest, whenBody, whenRedirected, whenStatus } from './shared';

const refused = 'Luma did not accept this API key. Use a Dream Machine key from lumalabs.ai/dream-machine/api/keys; keys from platform.lumalabs.ai do not work here.';

export class LumaDreamMachineApi implements ICredentialType {
	name = 'lumaDreamMachineApi';

	displayName = 'Luma Dream Machine API';

	icon: Icon = { light: 'file:../icons/lumaDreamMachineApi.svg', dark: 'file:../icons/lumaDreamMachineApi.dark.svg' };

	documentationUrl = 'https://docs.lumalabs.ai/docs/video-generation';

	properties: INodeProperties[] = [
		{
			displayName:
				'Luma runs two separate APIs. This credential is for keys created at <a href="https://lumalabs.ai/dream-machine/api/keys" target="_blank">lumalabs.ai/dream-machine/api/keys</a>. Keys created at platform.lumalabs.ai (they begin with luma-api-) belong to the other API and do not work here.',
			name: 'platformNotice',
			type: 'notice',
			default: '',
		},
		apiKeyField('luma-12345678-90ab-cdef', 'Create one at lumalabs.ai/dream-machine/api/keys. The account needs API credits.'),
		baseUrlField('https://api.lumalabs.ai/dream-machine/v1'),
		...onlyToHostOf('$self["baseUrl"]'),
	];

	authenticate = keyAsHeader('Authorization', 'Bearer ');

	// Reads the balance: free, and unlike a ping, it verifies the key.
	test: ICredentialTestRequest = {
		request: testRequest('/credits'),
		rules: rules(
			...whenRedirected('Base URL'),
			whenStatus(401, refused),
			whenStatus(403, refused),
			whenStatus(404, "Luma has no API at this address. Check the 'Base URL'."),
			whenBody('credit_balance', undefined, "The answer did not come from Luma's Dream Machine API. Check the 'Base URL'."),
		),
	};
}
