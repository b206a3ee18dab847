import type {
	Icon,
	ICredentialTestRequest,
	ICredentialType,
	INodeProperties,
} from 'n8n-workflow';

import { keyAsHeader, onlyToHostOf, rules, whenBody, whenRedirected, whenStatus } from './shared';

const refused =
	'Pixazo did not accept this API key. Copy it again from api-console.pixazo.ai/api_keys.';
const noAnswer = 'Pixazo could not say whether the key works. Try again later.';

export class PixazoApi implements ICredentialType {
	name = 'pixazoApi';

	displayName = 'Pixazo API';

	icon: Icon = {
		light: 'file:../icons/pixazoApi.svg',
		dark: 'file:../icons/pixazoApi.dark.svg',
	};

	documentationUrl = 'https://www.pixazo.ai/models/luma';

	properties: INodeProperties[] = [
		{
			displayName: 'API Key',
			name: 'apiKey',
			type: 'string',
			typeOptions: { password: true },
			default: '',
			required: true,
			placeholder: 'e.g. 1234567890abcdef1234567890abcdef',
			description:
				'The key is sent to the base URL below and nowhere else. Pixazo has no free call for checking a key, so the connection test reads a generation that does not exist and fails only if the key is refused. It does not show whether the account has a balance.',
			hint: 'Create one at api-console.pixazo.ai/api_keys. Pixazo calls it the subscription key.',
		},
		{
			displayName: 'Base URL',
			name: 'baseUrl',
			type: 'string',
			default: 'https://gateway.pixazo.ai',
			required: true,
			placeholder: 'e.g. https://gateway.pixazo.ai',
			description: 'URL of the API. Change it only to use your own proxy or test server. If the connection test says ECONNREFUSED or ENOTFOUND, n8n cannot reach this address.',
		},
		...onlyToHostOf('$self["baseUrl"]'),
	];

	authenticate = keyAsHeader('Ocp-Apim-Subscription-Key');

	// Pixazo documents no free call for this. The status of a request that does not exist costs nothing: "not found" and
	// the like are only answered after the key was accepted, so these answers pass.
	test: ICredentialTestRequest = {
		request: {
			baseURL: '={{$credentials.baseUrl.trim().replace(/\\/+$/, "")}}',
			url: '/v2/requests/status/luma-dream-machine-ray-2-flash-image-to-video_00000000-0000-0000-0000-000000000000',
			method: 'GET',
			disableFollowRedirect: true,
			timeout: 20_000,
			ignoreHttpStatusErrors: {
				ignore: true,
				except: [301, 302, 303, 307, 308, 401, 403, 407, 408, 429, 500, 501, 502, 503, 504],
			},
		},
		rules: rules(
			...whenRedirected('Base URL'),
			whenStatus(401, refused),
			whenStatus(403, refused),
			whenStatus(429, noAnswer),
			whenStatus(500, noAnswer),
			whenStatus(502, noAnswer),
			whenStatus(503, noAnswer),
			whenStatus(504, noAnswer),
			whenBody('0', '<', "A web page came back instead of an answer. Check the 'Base URL'."),
			// n8n 1 and early releases of n8n 2 ignore the list above and let every status pass.
			whenBody('statusCode', 401, refused),
			whenBody('statusCode', 403, refused),
			whenBody('error', 'Unauthorized', refused),
			whenBody('error', 'Forbidden', refused),
		),
	};
}
