/** A call to one of n8n's webhooks, in the form that providers read. */
import type { IWebhookFunctions } from 'n8n-workflow';
import type { IncomingCall, JsonValue } from '../providers/provider';

export function incomingCall(context: IWebhookFunctions): IncomingCall {
	const headers = Object.entries(context.getHeaderData() as Record<string, unknown>).flatMap(([name, value]) =>
		typeof value === 'string' ? [[name.toLowerCase(), value] as const] : [],
	);
	return { body: context.getBodyData() as JsonValue, headers: Object.fromEntries(headers) };
}
