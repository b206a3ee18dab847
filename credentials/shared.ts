import type {
	IAuthenticate,
	IAuthenticateRuleResponseCode,
	IAuthenticateRuleResponseSuccessBody,
	ICredentialTestRequest,
	INodeProperties,
} from 'n8n-workflow';

/** @param hint where to get a key */
export const apiKeyField = (
	example: string,
	hint: string,
	description = 'The key is sent to the base URL below and nowhere else',
): INodeProperties => ({
	displayName: 'API Key',
	name: 'apiKey',
	type: 'string',
	typeOptions: { password: true },
	default: '',
	required: true,
	placeholder: `e.g. ${example}`,
	description,
	hint,
});

/** @param url of the service itself */
export const baseUrlField = (url: string): INodeProperties => ({
	displayName: 'Base URL',
	name: 'baseUrl',
	type: 'string',
	default: url,
	required: true,
	placeholder: `e.g. ${url}`,
	description: 'URL of the API. Change it only to use your own proxy or test server. If the connection test says ECONNREFUSED or ENOTFOUND, n8n cannot reach this address.',
});

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

type TestRequest = ICredentialTestRequest['request'];

/** The request of the connection test. It follows no redirect, which would take the key to another host. */
export const testRequest = (url: string, more: TestRequest = {}): TestRequest => ({
	baseURL: '={{$credentials.baseUrl.trim().replace(/\\/+$/, "")}}',
	url,
	method: 'GET',
	disableFollowRedirect: true,
	timeout: 20_000,
	...more,
});

/**
 * For services without a free call that checks a key: every status passes, such as "not found", except those of
 * redirects, refused keys and services that are busy.
 *
 * @param more statuses that do not pass either
 */
export const lettingPass = (...more: number[]): TestRequest => ({
	ignoreHttpStatusErrors: {
		ignore: true,
		except: [301, 302, 303, 307, 308, 401, 403, 407, 408, 429, 500, 501, 502, 503, 504, ...more].sort((one, other) => one - other),
	},
});

type Rule = IAuthenticateRuleResponseCode | IAuthenticateRuleResponseSuccessBody;

/** The connection test fails with `message` when the service answers with this HTTP status. */
export const whenStatus = (value: number, message: string): IAuthenticateRuleResponseCode => ({
	type: 'responseCode',
	properties: { value, message },
});

/** The connection test fails with `message` when the service is busy or down. */
export const whenBusy = (message: string): IAuthenticateRuleResponseCode[] => [429, 500, 502, 503, 504].map((status) => whenStatus(status, message));

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
