/** The connection test of a credential, as n8n does it: one request, and rules that its answer may break. */
import type { ICredentialDataDecryptedObject, ICredentialTestRequest, ICredentialType, IExecuteFunctions, IHttpRequestOptions } from 'n8n-workflow';
import { jsonOf } from '../../../nodes/LumaVideo/providers/answers';
import { resolved } from '../../../test/unit/credentials/resolve';

interface Answer {
	statusCode: number;
	body: unknown;
}

function bodyIn({ body }: Answer): unknown {
	const json = typeof body === 'string' ? jsonOf({ text: body }) : undefined;
	return json === undefined ? body : json;
}

/** `null` when the test passes, else the message that a user reads. */
export async function testCredential(context: IExecuteFunctions, type: ICredentialType, credential: ICredentialDataDecryptedObject): Promise<string | null> {
	const { request, rules = [] } = type.test as ICredentialTestRequest;
	const { baseURL = '', ignoreHttpStatusErrors, ...rest } = resolved(request, credential);
	const answer = (await context.helpers.httpRequestWithAuthentication.call(context, type.name, {
		...rest,
		url: `${baseURL}${rest.url}`,
		headers: { Accept: 'application/json', ...(rest.headers as Record<string, string> | undefined) },
		encoding: 'text',
		returnFullResponse: true,
		ignoreHttpStatusErrors: true,
	} as IHttpRequestOptions)) as Answer;
	const { statusCode } = answer;
	const body = bodyIn(answer);
	const isTolerated = typeof ignoreHttpStatusErrors === 'object' && !(ignoreHttpStatusErrors.except ?? []).includes(statusCode);
	const passes = statusCode < 300 || isTolerated;
	const broken = rules.find(({ type: kind, properties }) =>
		kind === 'responseCode'
			? !passes && properties.value === statusCode
			: passes && 'key' in properties && valueIn(body, properties.key) === properties.value,
	);
	return broken?.properties.message ?? (passes ? null : `HTTP ${statusCode}`);
}

function valueIn(body: unknown, key: string): unknown {
	if (typeof body === 'string') return body[Number(key)];
	return typeof body === 'object' && body !== null ? (body as Record<string, unknown>)[key] : undefined;
}
