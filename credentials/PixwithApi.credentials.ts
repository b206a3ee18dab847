import type {
	Icon,
	ICredentialTestRequest,
	ICredentialType,
	INodeProperties,
} from 'n8n-workflow';

import { keyAsHeader, onlyToHostOf, rules, whenBody, whenRedirected, whenStatus } from './shared';

const refused = 'Pixwith.ai did not accept this API key. Copy it again from pixwith.ai/api.';

export class PixwithApi implements ICredentialType {
	name = 'pixwithApi';

	displayName = 'Pixwith.ai API';

	icon: Icon = {
		light: 'file:../icons/pixwithApi.svg',
		dark: 'file:../icons/pixwithApi.dark.svg',
	};

	documentationUrl = 'https://pixwith.ai/api/docs/video-models/luma-ray-2';

	properties: INodeProperties[] = [
		{
			displayName: 'API Key',
			name: 'apiKey',
			type: 'string',
			typeOptions: { password: true },
			default: '',
			required: true,
			placeholder: 'e.g. key_1234567890abcdef1234567890abcdef',
			description: 'The key is sent to the base URL below and nowhere else',
			hint: 'Find it at pixwith.ai/api. It begins with key_.',
		},
		{
			displayName: 'Base URL',
			name: 'baseUrl',
			type: 'string',
			default: 'https://api.pixwith.ai',
			required: true,
			placeholder: 'e.g. https://api.pixwith.ai',
			description: 'URL of the API. Change it only to use your own proxy or test server. If the connection test says ECONNREFUSED or ENOTFOUND, n8n cannot reach this address.',
		},
		...onlyToHostOf('$self["baseUrl"]'),
	];

	authenticate = keyAsHeader('Api-Key');

	// Reads the balance. Pixwith.ai may refuse with HTTP 200, so the code in the body decides: 1 is success.
	test: ICredentialTestRequest = {
		request: {
			baseURL: '={{$credentials.baseUrl.trim().replace(/\\/+$/, "")}}',
			url: '/api/task/get_credits',
			method: 'POST',
			headers: { 'Content-Type': 'application/json' },
			disableFollowRedirect: true,
			timeout: 20_000,
		},
		rules: rules(
			...whenRedirected('Base URL'),
			whenStatus(401, refused),
			whenStatus(403, refused),
			whenStatus(404, "Pixwith.ai has no API at this address. Check the 'Base URL'."),
			whenBody(
				'code',
				0,
				'Pixwith.ai refused the request, most likely because of the API key. Copy it again from pixwith.ai/api.',
			),
			whenBody('code', 2, refused),
			whenBody(
				'code',
				undefined,
				"The answer did not come from the API of Pixwith.ai. Check the 'Base URL'.",
			),
		),
	};
}
