import type {
	IAuthenticate,
	IAuthenticateRuleResponseCode,
	IAuthenticateRuleResponseSuccessBody,
	ICredentialTestRequest,
	INodeProperties,
} from 'n8n-workflow';

/**
 * Fields that n8n itself reads: the key is sent only to the host of the base URL, in an HTTP Request node too. Someone who
 * may edit workflows but not the credential cannot send the key elsewhere.
 *
 * @param baseUrl an expression without its braces
 * @param siblings hosts of the service to which the key goes too, if its base URL is on `host`
 */
export const onlyToHostOf = (baseUrl: string, siblings?: { host: string; others: readonly string[] }): INodeProperties[] => [
	{
		displayName: 'Allowed HTTP Request Domains',
		name: 'allowedHttpRequestDomains',
		type: 'hidden',
		default: 'domains',
	},
	{
		displayName: 'Allowed Domains',
		name: 'allowedDomains',
		type: 'hidden',
		default: `={{(${baseUrl}).trim().replace(/^https?:\\/\\//i, "").replace(/[\\/:?#].*$/, "")${
			siblings ? `.replace(/^${siblings.host.replaceAll('.', '\\.')}$/i, "${[siblings.host, ...siblings.others].join(',')}")` : ''
		}}}`,
	},
];

type Rule = IAuthenticateRuleResponseCode | IAuthenticateRuleResponseSuccessBody;

/** The connection test fails with `message` when the service answers with this HTTP status. */
export const whenStatus = (value: number, message: string): IAuthenticateRuleResponseCode => ({
	type: 'responseCode',
	properties: { value, message },
});

/** The connection test fails with `message` when the body of a successful answer has this value at `key`; `undefined`: none. */
export const whenBody = (
	key: string,
	value: string | number | undefined,
	message: string,
): IAuthenticateRuleResponseSuccessBody => ({
	type: 'responseSuccessBody',
	properties: { key, value, message },
});

/** The connection test fails on a redirect: the key is not sent to another host. */
export const whenRedirected = (baseUrlField: string): IAuthenticateRuleResponseCode[] =>
	[301, 302, 303, 307, 308].map((status) =>
		whenStatus(
			status,
			`The service redirects to another address, and n8n does not send the key there. Check the '${baseUrlField}'.`,
		),
	);

/** n8n reads rules of both kinds from one list, although its declared type allows only one kind per list. */
export const rules = (...list: Rule[]) => list as ICredentialTestRequest['rules'];

/**
 * Sends the key as a header. A function instead of an expression: n8n evaluates expressions only during an execution or
 * while publishing, and a trigger's timer is neither.
 */
export const keyAsHeader =
	(name: string, prefix = ''): IAuthenticate =>
	async ({ apiKey, baseUrl }, request) => {
		// For such a URL, n8n would only say that the path of the request is not among the allowed domains.
		if (typeof baseUrl !== 'string' || !/^https?:\/\/[^\s/?#]\S*$/i.test(baseUrl.trim())) {
			throw new Error("The 'Base URL' must be a web address that begins with https://");
		}
		const key = typeof apiKey === 'string' ? apiKey.trim() : '';
		return await Promise.resolve({ ...request, headers: { ...request.headers, [name]: `${prefix}${key}` } });
	};
