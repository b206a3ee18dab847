import type { Icon, ICredentialTestRequest, ICredentialType, INodeProperties } from 'n8n-workflow';

import { apiKeyField, baseUrlField, keyAsHeader, lettingPass, onlyToHostOf, rules, testRequest, whenBody, whenBusy, whenRedirected, whenStatus } from './shared';

const refused = 'fal.ai did not accept this API key. Copy it again from fal.ai/dashboard/keys: key ID and secret with a colon between them.';
const wrongAddress = "fal.ai has no queue at this address. Check the 'Base URL'.";

export class FalLumaApi implements ICredentialType {
	name = 'falLumaApi';

	displayName = 'fal.ai Luma API';

	icon: Icon = { light: 'file:../icons/falLumaApi.svg', dark: 'file:../icons/falLumaApi.dark.svg' };

	documentationUrl = 'https://docs.fal.ai/';

	properties: INodeProperties[] = [
		apiKeyField(
			'12345678-90ab-cdef-1234-567890abcdef:1234567890abcdef',
			'Make one at fal.ai/dashboard/keys, with the scope API. Key ID and secret belong together, with a colon between them.',
			'The key is sent to the base URL below and, while that is the address of fal.ai, to rest.fal.ai (files) and api.fal.ai (past requests), and nowhere else. At this address fal.ai has no free call made for checking a key, so the connection test asks for a request that does not exist: only a refusal of the key counts against it. A passed test does not show that the account has a balance.',
		),
		baseUrlField('https://queue.fal.run'),
		...onlyToHostOf('$self["baseUrl"]', { host: 'queue.fal.run', others: ['rest.fal.ai', 'api.fal.ai'] }),
	];

	authenticate = keyAsHeader('Authorization', 'Key ');

	// What is documented for checking a key is at another host. The status of a request that nobody made costs nothing:
	// "not found" can only come after the key was accepted, so that answer passes. A guess: nobody documents the order.
	test: ICredentialTestRequest = {
		request: testRequest('/luma/agent/requests/00000000-0000-0000-0000-000000000000/status', lettingPass(405)),
		rules: rules(
			...whenRedirected('Base URL'),
			whenStatus(401, refused),
			whenStatus(403, 'fal.ai refused the account of this API key. See fal.ai/dashboard whether it has a balance, and whether the key has the scope API.'),
			whenStatus(405, wrongAddress),
			...whenBusy('fal.ai could not say whether the key works. Try again later.'),
			whenBody('0', '<', "A web page came back instead of an answer. Check the 'Base URL'."),
			// Early releases of n8n 2 and n8n 1 ignore the list above and let every status pass.
			whenBody('detail', 'Cannot access application "luma/agent". Authentication is required to access this application.', refused),
		),
	};
}
