/**
 * Authenticated requests to a provider: the only place that attaches a key.
 *
 * The key goes to the credential's base URL, or to a host that the provider's file names beside its own, and nowhere
 * else: redirects are not followed, and no answer determines where the next request goes. There are no retries here; `generation/` decides on those.
 */
import { createHash, createHmac } from 'node:crypto';
import type {
	IAdditionalCredentialOptions,
	IExecuteFunctions,
	IHookFunctions,
	IHttpRequestOptions,
	ILoadOptionsFunctions,
	ITriggerFunctions,
	IWebhookFunctions,
} from 'n8n-workflow';
import { NodeOperationError } from 'n8n-workflow';
import type { FileTarget, Provider, ProviderAnswer, ProviderCall } from '../providers/provider';
import type { Text } from '../providers/text';
import { isLocalHost, parseHttpUrl } from './address';
import { BROKEN, NOT_SENT, NO_ANSWER, STOPPED, UNCLEAR, foreignKey, noBaseUrl } from './messages';
import type { MultipartForm } from './multipart';
import { encodeForm } from './multipart';

export type RequestContext =
	| IExecuteFunctions
	| IHookFunctions
	| ILoadOptionsFunctions
	| ITriggerFunctions
	| IWebhookFunctions;

/**
 * Why there is no answer.
 * - `notSent`: the connection was never made, so the provider cannot have acted;
 * - `unclear`: it broke or timed out, so the provider may have acted;
 * - `cancelled`: the execution was stopped during the request; the provider may have acted.
 */
export interface RequestFault {
	outcome: 'notSent' | 'unclear' | 'cancelled';
	/** Part of a message in plain English, such as "the connection was refused". */
	text: string;
}

export type Exchange = { kind: 'answer'; answer: ProviderAnswer } | { kind: 'fault'; fault: RequestFault };

export interface SendOptions {
	/** The request continues when the execution is stopped: for requests whose result must be known. */
	outlivesStop?: boolean;
}

/** A file's content: a buffer, or a stream from n8n's binary store. */
export type Bytes = Buffer | Awaited<ReturnType<IExecuteFunctions['helpers']['getBinaryStream']>>;

export interface ProviderClient {
	/** Whether the base URL is on this machine or in a private network, as in tests and with self-hosted gateways. */
	readonly isLocal: boolean;
	/** Distinguishes the accounts that this n8n uses, without revealing the key. */
	readonly account: string;
	/** HMAC-SHA256 of a text with the key, in hex: whoever has the same key can verify its origin. */
	sign(text: string): string;
	/** The full address of a call, for a person to read. */
	addressOf(call: ProviderCall): string;
	/** Sends a file's bytes to an address other than the provider's own, with these headers and without the key. A stream
	 * is passed through; `size` is its length in bytes. */
	sendFile(target: FileTarget, file: { mimeType: string; size: number; bytes: Bytes }): Promise<Exchange>;
	/** Sends a form with a file; with the key to the provider's own path, without it to another address. */
	sendForm(target: { path: string } | { url: string }, form: MultipartForm): Promise<Exchange>;
	/** Never throws for anything that the network or a provider can do; see {@link RequestFault}. */
	send(call: ProviderCall, options?: SendOptions): Promise<Exchange>;
}

/** Also raised on established connections: they count only while connecting. */
const ALSO_LATER: ReadonlySet<string> = new Set(['EHOSTUNREACH', 'ENETUNREACH']);

interface SystemError {
	code?: unknown;
	cause?: unknown;
	/** Set when a system call failed. */
	syscall?: unknown;
	/** Set after several attempts to connect. */
	errors?: unknown;
}

/** n8n wraps what axios throws; the details are on the error or on one of its causes. */
function causesOf(error: unknown): SystemError[] {
	const causes: SystemError[] = [];
	let current = error;
	while (causes.length < 5 && typeof current === 'object' && current !== null) {
		const cause: SystemError = current;
		causes.push(cause);
		current = cause.cause;
	}
	return causes;
}

export function faultOf(error: unknown, cancelled: boolean): RequestFault {
	const causes = causesOf(error);
	const code = causes.map((cause) => cause.code).find((each) => typeof each === 'string' && each !== '') as
		| string
		| undefined;
	const whileConnecting = causes.some(({ syscall, errors }) => syscall === 'connect' || Array.isArray(errors));
	if (code && NOT_SENT[code] && (whileConnecting || !ALSO_LATER.has(code))) {
		return { outcome: 'notSent', text: NOT_SENT[code] };
	}
	if (cancelled || code === 'ERR_CANCELED') return { outcome: 'cancelled', text: STOPPED };
	if (code && UNCLEAR[code]) return { outcome: 'unclear', text: UNCLEAR[code] };
	const text = error instanceof Error ? error.message : '';
	if (/timeout/i.test(text)) return { outcome: 'unclear', text: NO_ANSWER };
	const isHangUp = /aborted|socket hang up/i.test(text);
	return { outcome: 'unclear', text: code && !isHangUp ? `${BROKEN} (${code})` : BROKEN };
}

/** A shorter text is not a key, and could occur anywhere. */
const MIN_SECRET_LENGTH = 6;

interface FullResponse {
	body: unknown;
	headers?: Record<string, unknown>;
	statusCode: number;
}

/** @param secret redacted from the text, in case a service echoes the key */
function answerOf(response: FullResponse, secret: string): ProviderAnswer {
	const headers: Record<string, string> = {};
	for (const [name, value] of Object.entries(response.headers ?? {})) {
		if (typeof value === 'string' || typeof value === 'number') headers[name.toLowerCase()] = String(value);
	}
	const { body } = response;
	const text = typeof body === 'string' ? body : body === undefined || body === null ? '' : JSON.stringify(body);
	const safe = secret.length >= MIN_SECRET_LENGTH ? text.replaceAll(secret, '[API key]') : text;
	return { statusCode: response.statusCode, headers, text: safe };
}

/** For addresses other than the provider's own. */
async function withoutKey(context: RequestContext, options: IHttpRequestOptions): Promise<unknown> {
	return await context.helpers.httpRequest(options);
}

/** n8n's helper aborts requests with the execution whenever the context has a cancel signal. */
function withoutCancelSignal(context: RequestContext): RequestContext {
	const rest = {
		helpers: context.helpers,
		logger: context.logger,
		getNode: () => context.getNode(),
		getCredentials: async (type: string) => await context.getCredentials(type),
	};
	return rest as unknown as RequestContext;
}

/**
 * A client for one provider with the credential of the running node.
 *
 * @param timeoutMs how long one request may take, in milliseconds
 * @throws NodeOperationError when 'Base URL' in the credential is not an http(s) address, or the key is another service's
 */
export async function createProviderClient(
	context: RequestContext,
	provider: Provider,
	timeoutMs: number,
): Promise<ProviderClient> {
	const credential = await context.getCredentials(provider.credentialType);
	const { apiKey, baseUrl } = credential;
	const secret = typeof apiKey === 'string' ? apiKey.trim() : '';
	const base = typeof baseUrl === 'string' ? parseHttpUrl(baseUrl) : null;
	const refuse = ({ message, advice }: Text): NodeOperationError => new NodeOperationError(context.getNode(), message, { description: advice });
	if (!base) throw refuse(noBaseUrl({ provider }));
	const foreign = provider.foreignKey?.(secret);
	if (foreign) throw refuse(foreignKey({ provider, otherService: foreign.owner, advice: foreign.instead }));
	const isLocal = isLocalHost(base.hostname);
	const root = `${base.origin}${base.pathname}`.replace(/\/+$/, '');
	const signal = 'getExecutionCancelSignal' in context ? context.getExecutionCancelSignal() : undefined;
	// Outside an execution, n8n starts a sandbox each time it reads a credential, which takes longer than the request.
	// Inside one, it is read anew each time: a key may change while a run waits.
	const known: IAdditionalCredentialOptions | undefined =
		'getExecutionCancelSignal' in context
			? undefined
			: { credentialsDecrypted: { id: '', name: '', type: provider.credentialType, data: credential } };

	return {
		isLocal,
		account: createHash('sha256').update(`${root} ${secret}`).digest('hex').slice(0, 16),
		sign: (text) => createHmac('sha256', secret).update(text).digest('hex'),
		addressOf({ path, query = {} }) {
			const parameters = new URLSearchParams(Object.entries(query).map(([name, value]) => [name, String(value)]));
			return `${root}${path}${parameters.size > 0 ? `?${parameters}` : ''}`;
		},
		async sendFile({ url, method, headers }, { mimeType, size, bytes }) {
			const own = new Set(Object.keys(headers).map((name) => name.toLowerCase()));
			const options: IHttpRequestOptions = {
				method,
				url,
				headers: {
					// Without a type, n8n's client would declare a form; without a length it would send chunks, which file stores
					// refuse.
					...(own.has('content-type') ? {} : { 'Content-Type': mimeType }),
					...(own.has('content-length') ? {} : { 'Content-Length': String(size) }),
					...headers,
				},
				body: bytes,
				timeout: timeoutMs,
				encoding: 'text',
				returnFullResponse: true,
				ignoreHttpStatusErrors: true,
				// Following redirects would keep the whole file in memory.
				disableFollowRedirect: true,
				...(signal ? { abortSignal: signal } : {}),
			};
			try {
				return { kind: 'answer', answer: answerOf((await withoutKey(context, options)) as FullResponse, secret) };
			} catch (error) {
				return { kind: 'fault', fault: faultOf(error, signal?.aborted === true) };
			}
		},
		async sendForm(target, form) {
			const { body, contentType } = encodeForm(form);
			const isOwn = 'path' in target;
			const options: IHttpRequestOptions = {
				method: 'POST',
				url: isOwn ? `${root}${target.path}` : target.url,
				headers: { Accept: 'application/json', 'Content-Type': contentType },
				body,
				timeout: timeoutMs,
				encoding: 'text',
				returnFullResponse: true,
				ignoreHttpStatusErrors: true,
				disableFollowRedirect: true,
				...(isOwn || !signal ? {} : { abortSignal: signal }),
			};
			try {
				const response = (
					isOwn
						? await context.helpers.httpRequestWithAuthentication.call(context, provider.credentialType, options)
						: await withoutKey(context, options)
				) as FullResponse;
				return { kind: 'answer', answer: answerOf(response, secret) };
			} catch (error) {
				return { kind: 'fault', fault: faultOf(error, signal?.aborted === true) };
			}
		},
		async send(call, sendOptions) {
			const publicOrigin = isLocal ? undefined : call.publicOrigin;
			const { sibling } = call;
			const own = sibling?.of === root ? sibling.origin : root;
			const options: IHttpRequestOptions = {
				method: call.method,
				url: `${publicOrigin ?? own}${call.path}`,
				headers: { Accept: 'application/json', ...call.headers },
				...(call.query ? { qs: call.query } : {}),
				...(call.body ? { body: call.body } : {}),
				timeout: timeoutMs,
				// As text: an answer that is not JSON must stay readable.
				encoding: 'text',
				returnFullResponse: true,
				ignoreHttpStatusErrors: true,
				disableFollowRedirect: true,
			};
			try {
				const response = (
					publicOrigin === undefined
						? await context.helpers.httpRequestWithAuthentication.call(
								sendOptions?.outlivesStop === true ? withoutCancelSignal(context) : context,
								provider.credentialType,
								options,
								known,
							)
						: await withoutKey(context, options)
				) as FullResponse;
				return { kind: 'answer', answer: answerOf(response, secret) };
			} catch (error) {
				const cancelled = signal?.aborted === true && sendOptions?.outlivesStop !== true;
				return { kind: 'fault', fault: faultOf(error, cancelled) };
			}
		},
	};
}
