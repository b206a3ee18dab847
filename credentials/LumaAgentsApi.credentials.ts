import type { Icon, ICredentialTestRequest, ICredentialType, INodeProperties } from 'n8n-workflow';

import { apiKeyField, baseUrlField, keyAsHeader, lettingPass, onlyToHostOf, rules, testRequest, whenBody, whenBusy, whenRedirected, whenStatus } from './shared';

const refused = 'Luma did not accept this API key. Use one created at platform.lumalabs.ai; Dream Machine keys from lumalabs.ai/dream-machine/api/keys do not work here.';
const wrongAddress = "Luma has no API at this address. Check the 'Base URL'.";

export class LumaAgentsApi implements ICredentialType {
	name = 'lumaAgentsApi';

	displayName = 'Luma Agents API';

	icon: Icon = { light: 'file:../icons/lumaAgentsApi.svg', dark: 'file:../icons/lumaAgentsApi.dark.svg' };

	documentationUrl = 'https://docs.agents.lumalabs.ai/';

	properties: INodeProperties[] = [
		{
			displayName:
				'Luma runs two separate APIs. This credential is for keys created at <a href="https://platform.lumalabs.ai" target="_blank">platform.lumalabs.ai</a> (they begin with luma-api-). Dream Machine keys, created at lumalabs.ai/dream-machine/api/keys, belong to the other API and do not work here.',
			name: 'platformNotice',
			type: 'notice',
			default: '',
		},
		apiKeyField(
			'luma-api-1234567890abcdef',
			'Create one at platform.lumalabs.ai. The account needs a balance.',
			'The key is sent to the base URL below and nowhere else. Luma Agents has no free call for checking a key, so the connection test reads a generation that does not exist and fails only if the key is refused. It does not show whether the account has a balance.',
		),
		baseUrlField('https://agents.lumalabs.ai/v1'),
		...onlyToHostOf('$self["baseUrl"]'),
	];

	authenticate = keyAsHeader('Authorization', 'Bearer ');

	// The official client has two calls: one buys, the other reads a generation. Reading one that does not exist costs
	// nothing, and "not found" is only answered after the key was accepted, so that answer passes.
	test: ICredentialTestRequest = {
		request: testRequest('/generations/00000000-0000-0000-0000-000000000000', lettingPass(405, 410)),
		rules: rules(
			...whenRedirected('Base URL'),
			whenStatus(401, refused),
			whenStatus(403, 'Luma refused the account of this API key. Check at platform.lumalabs.ai that the account is active; Dream Machine keys do not work here.'),
			whenStatus(405, wrongAddress),
			whenStatus(410, wrongAddress),
			...whenBusy('Luma could not say whether the key works. Try again later.'),
			whenBody('0', '<', "A web page came back instead of an answer. Check the 'Base URL'."),
			// The answer for a path that does not exist; an unknown generation has a different text.
			whenBody('detail', 'Not Found', wrongAddress),
			whenBody('detail', undefined, "The answer did not come from Luma's Agents API. Check the 'Base URL'."),
			// n8n 1 and early releases of n8n 2 ignore the list above and let every status pass.
			whenBody('detail', 'Missing or invalid API key', refused),
			whenBody('detail', 'API key has been revoked', refused),
		),
	};
}
