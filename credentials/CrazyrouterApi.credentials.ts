import type { Icon, ICredentialTestRequest, ICredentialType, INodeProperties } from 'n8n-workflow';

import { apiKeyField, keyAsHeader, onlyToHostOf, rules, testRequest, whenBody, whenRedirected, whenStatus } from './shared';

// The two visible fields, as one URL.
const baseUrl = '$self["host"] === "custom" ? $self["customBaseUrl"] : $self["host"]';

export class CrazyrouterApi implements ICredentialType {
	name = 'crazyrouterApi';

	displayName = 'CrazyRouter API';

	icon: Icon = { light: 'file:../icons/crazyrouterApi.svg', dark: 'file:../icons/crazyrouterApi.dark.svg' };

	documentationUrl = 'https://docs.crazyrouter.com/en/authentication';

	properties: INodeProperties[] = [
		apiKeyField(
			'sk-1234567890abcdef',
			'Create a token in the console at crazyrouter.com. It begins with sk-, and its model list must include Luma.',
			'The key is sent to the host below and nowhere else',
		),
		{
			displayName: 'Host',
			name: 'host',
			type: 'options',
			options: [
				{
					name: 'Default (api.crazyrouter.com)',
					value: 'https://api.crazyrouter.com',
					description: 'The host that CrazyRouter recommends for API calls',
				},
				{
					name: 'East Asia (cn.crazyrouter.com)',
					value: 'https://cn.crazyrouter.com',
					description: 'Closer to callers in East Asia',
				},
				{
					name: 'Original (crazyrouter.com)',
					value: 'https://crazyrouter.com',
					description: 'The host in the older documentation, now mainly used for the console',
				},
				{
					name: 'Custom',
					value: 'custom',
					description: 'Your own proxy or test server',
				},
			],
			default: 'https://api.crazyrouter.com',
			description: 'Where requests are sent',
		},
		{
			displayName: 'Custom Base URL',
			name: 'customBaseUrl',
			type: 'string',
			default: '',
			required: true,
			placeholder: 'e.g. https://crazyrouter.example.com',
			description:
				"The URL without '/v1' and '/luma', which are appended to it",
			displayOptions: { show: { host: ['custom'] } },
		},
		// What nodes read: n8n evaluates it from the two fields above whenever the credential is used.
		{
			displayName: 'Base URL',
			name: 'baseUrl',
			type: 'hidden',
			default: `={{${baseUrl}}}`,
		},
		...onlyToHostOf(baseUrl),
	];

	authenticate = keyAsHeader('Authorization', 'Bearer ');

	// Lists the models that the key may use, for free.
	test: ICredentialTestRequest = {
		request: testRequest('/v1/models'),
		rules: rules(
			...whenRedirected('Host'),
			whenStatus(401, 'CrazyRouter did not accept this API key. Copy it again from the console at crazyrouter.com.'),
			whenStatus(403, 'CrazyRouter refused this API key. Check its quota, its expiration and its list of allowed IP addresses in the console at crazyrouter.com.'),
			whenStatus(404, "CrazyRouter has no API at this address. Check the 'Host'."),
			whenBody('data', undefined, "The answer did not come from CrazyRouter's API. Check the 'Host'."),
		),
	};
}
