import type {
	Icon,
	ICredentialTestRequest,
	ICredentialType,
	INodeProperties,
} from 'n8n-workflow';

import { keyAsHeader, onlyToHostOf, rules, whenBody, whenRedirected, whenStatus } from './shared';

const refused =
	'fal.ai did not accept this API key. Copy it again from fal.ai/dashboard/keys: key ID and secret with a colon between them.';
const noAnswer = 'fal.ai could not say whether the key works. Try again later.';
const wrongAddress = "fal.ai has no queue at this address. Check the 'Base URL'.";

export class FalLumaApi implements ICredentialType {
	name = 'falLumaApi';

	displayName = 'fal.ai Luma API';

	icon: Icon = {
		light: 'file:../icons/falLumaApi.svg',
		dark: 'file:../icons/falLumaApi.dark.svg',
	};

	documentationUrl = 'https://docs.fal.ai/';

	properties: INodeProperties[] = [
		{
			displayName: 'API Key',
			name: 'apiKey',
			type: 'string',
			typeOptions: { password: true },
			default: '',
			required: true,
			placeholder: 'e.g. 12345678-90ab-cdef-1234-567890abcdef:1234567890abcdef',
			description:
				'The key is sent to the base URL below and, while that is the address of fal.ai, to rest.fal.ai (files) and api.fal.ai (past requests), and nowhere else. At this address fal.ai has no free call made for checking a key, so the connection test asks for a request that does not exist: only a refusal of the key counts against it. A passed test does not show that the account has a balance.',
			hint: 'Make one at fal.ai/dashboard/keys, with the scope API. Key ID and secret belong together, with a colon between them.',
		},
		{
			displayName: 'Base URL',
			name: 'baseUrl',
			type: 'string',
			default: 'https://queue.fal.run',
			required: true,
			placeholder: 'e.g. https://queue.fal.run',
			description: 'URL of the API. Change it only to use your own proxy or test server. If the connection test says ECONNREFUSED or ENOTFOUND, n8n cannot reach this address.',
		},
		...onlyToHostOf('$self["baseUrl"]', { host: 'queue.fal.run', others: ['rest.fal.ai', 'api.fal.ai'] }),
	];

	authenticate = keyAsHeader('Authorization', 'Key ');

	// What is documented for checking a key is at another host. The status of a request that nobody made costs nothing:
	// "not found" can only come after the key was accepted, so that answer passes. A guess: nobody documents the order.
	test: ICredentialTestRequest = {
		request: {
			baseURL: '={{$credentials.baseUrl.trim().replace(/\\/+$/, "")}}',
			url: '/luma/agent/requests/00000000-0000-0000-0000-000000000000/status',
			method: 'GET',
			disableFollowRedirect: true,
			timeout: 20_000,
			ignoreHttpStatusErrors: {
				ignore: true,
				except: [301, 302, 303, 307, 308, 401, 403, 405, 407, 408, 429, 500, 501, 502, 503, 504],
			},
		},
		rules: rules(
			...whenRedirected('Base URL'),
			whenStatus(401, refused),
			whenStatus(403, 'fal.ai refused the account of this API key. See fal.ai/dashboard whether it has a balance, and whether the key has the scope API.'),
			whenStatus(405, wrongAddress),
			whenStatus(429, noAnswer),
			whenStatus(500, noAnswer),
			whenStatus(502, noAnswer),
			whenStatus(503, noAnswer),
			whenStatus(504, noAnswer),
			whenBody('0', '<', "A web page came back instead of an answer. Check the 'Base URL'."),
			// Early releases of n8n 2 and n8n 1 ignore the list above and let every status pass.
			whenBody('detail', 'Cannot access application "luma/agent". Authentication is required to access this application.', refused),
		),
	};
}
