/** A call to one of n8n's webhooks, in the form that providers read. */
import type { IWebhookFunctions } from 'n8n-workflow';
import type { IncomingCall, JsonValue } from '../providers/provider';

export function incomingCall(context: IWebhookFunctions): IncomingCall {
	const headers = Object.entries(context.getHeaderData() as Record<string, unknown>).flatMap(([name, value]) =>
		typeof value === 'string' ? [[name.toLowerCase(), value] as const] : [],
	);
	// n8n parses no body of an unknown type.
	const body = (context.getBodyData() as JsonValue | undefined) ?? null;
	// n8n keeps the bytes beside the body that it parsed.
	const { rawBody } = context.getRequestObject() as { rawBody?: unknown };
	const text = Buffer.isBuffer(rawBody) ? rawBody.toString('utf8') : JSON.stringify(body);
	return { body, text, headers: Object.fromEntries(headers) };
}
