import type { Icon, ICredentialTestRequest, ICredentialType, INodeProperties } from 'n8n-workflow';

import { apiKeyField, baseUrlField, keyAsHeader, lettingPass, onlyToHostOf, rules, testRequest, whenBody, whenBusy, whenRedirected, whenStatus } from './shared';

const refused = 'Pixazo did not accept this API key. Copy it again from api-console.pixazo.ai/api_keys.';

export class PixazoApi implements ICredentialType {
	name = 'pixazoApi';

	displayName = 'Pixazo API';

	icon: Icon = { light: 'file:../icons/pixazoApi.svg', dark: 'file:../icons/pixazoApi.dark.svg' };

	documentationUrl = 'https://www.pixazo.ai/models/luma';

	properties: INodeProperties[] = [
		apiKeyField(
			'1234567890abcdef1234567890abcdef',
			'Create one at api-console.pixazo.ai/api_keys. Pixazo calls it the subscription key.',
			'The key is sent to the base URL below and nowhere else. Pixazo has no free call for checking a key, so the connection test reads a generation that does not exist and fails only if the key is refused. It does not show whether the account has a balance.',
		),
		baseUrlField('https://gateway.pixazo.ai'),
		...onlyToHostOf('$self["baseUrl"]'),
	];

	authenticate = keyAsHeader('Ocp-Apim-Subscription-Key');

	// Pixazo documents no free call for this. The status of a request that does not exist costs nothing: "not found" and
	// the like are only answered after the key was accepted, so these answers pass.
	test: ICredentialTestRequest = {
		request: testRequest('/v2/requests/status/luma-dream-machine-ray-2-flash-image-to-video_00000000-0000-0000-0000-000000000000', lettingPass()),
		rules: rules(
			...whenRedirected('Base URL'),
			whenStatus(401, refused),
			whenStatus(403, refused),
			...whenBusy('Pixazo could not say whether the key works. Try again later.'),
			whenBody('0', '<', "A web page came back instead of an answer. Check the 'Base URL'."),
			// n8n 1 and early releases of n8n 2 ignore the list above and let every status pass.
			whenBody('statusCode', 401, refused),
			whenBody('statusCode', 403, refused),
			whenBody('error', 'Unauthorized', refused),
			whenBody('error', 'Forbidden', refused),
		),
	};
}
