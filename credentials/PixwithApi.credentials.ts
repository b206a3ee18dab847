import type { Icon, ICredentialTestRequest, ICredentialType, INodeProperties } from 'n8n-workflow';

import { apiKeyField, baseUrlField, keyAsHeader, onlyToHostOf, rules, testRequest, whenBody, whenRedirected, whenStatus } from './shared';

const refused = 'Pixwith.ai did not accept this API key. Copy it again from pixwith.ai/api.';

export class PixwithApi implements ICredentialType {
	name = 'pixwithApi';

	displayName = 'Pixwith.ai API';

	icon: Icon = { light: 'file:../icons/pixwithApi.svg', dark: 'file:../icons/pixwithApi.dark.svg' };

	documentationUrl = 'https://pixwith.ai/api/docs/video-models/luma-ray-2';

	properties: INodeProperties[] = [
		apiKeyField('key_1234567890abcdef1234567890abcdef', 'Find it at pixwith.ai/api. It begins with key_.'),
		baseUrlField('https://api.pixwith.ai'),
		...onlyToHostOf('$self["baseUrl"]'),
	];

	authenticate = keyAsHeader('Api-Key');

	// Reads the balance. Pixwith.ai may refuse with HTTP 200, so the code in the body decides: 1 is success.
	test: ICredentialTestRequest = {
		request: testRequest('/api/task/get_credits', { method: 'POST', headers: { 'Content-Type': 'application/json' } }),
		rules: rules(
			...whenRedirected('Base URL'),
			whenStatus(401, refused),
			whenStatus(403, refused),
			whenStatus(404, "Pixwith.ai has no API at this address. Check the 'Base URL'."),
			whenBody('code', 0, 'Pixwith.ai refused the request, most likely because of the API key. Copy it again from pixwith.ai/api.'),
			whenBody('code', 2, refused),
			whenBody('code', undefined, "The answer did not come from the API of Pixwith.ai. Check the 'Base URL'."),
		),
	};
}
