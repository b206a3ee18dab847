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
import type { FileTarget, Provider, ProviderCall } from '../providers/provider';
import type { Text } from '../providers/text';
import { isLocalHost, parseHttpUrl } from './address';
import type { Exchange } from './exchange';
import { exchange } from './exchange';
import { foreignKey, noBaseUrl } from './messages';
import type { MultipartForm } from './multipart';
import { encodeForm } from './multipart';
import { isPublicAddress } from './publicAddress';

export type RequestContext =
	| IExecuteFunctions
	| IHookFunctions
	| ILoadOptionsFunctions
	| ITriggerFunctions
	| IWebhookFunctions;

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
	/** Whether files may be sent to this address: it is public, or the provider itself is in a private network. */
	mayReach(address: string): Promise<boolean>;
	/** Sends a file's bytes to an address other than the provider's own, with these headers and without the key. A stream
	 * is passed through; `size` is its length in bytes. */
	sendFile(target: FileTarget, file: { mimeType: string; size: number; bytes: Bytes }): Promise<Exchange>;
	/** Sends a form with a file; with the key to the provider's own path, without it to another address. */
	sendForm(target: { path: string } | { url: string }, form: MultipartForm): Promise<Exchange>;
	/** Never throws for anything that the network or a provider can do. */
	send(call: ProviderCall, options?: SendOptions): Promise<Exchange>;
}

/** n8n's helper would replace the request's own abort signal by the execution's. */
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

	const own = withoutCancelSignal(context);
	const withKey = async (options: IHttpRequestOptions): Promise<unknown> =>
		await context.helpers.httpRequestWithAuthentication.call(own, provider.credentialType, options, known);
	const withoutKey = async (options: IHttpRequestOptions): Promise<unknown> => await context.helpers.httpRequest(options);
	const through = async (way: typeof withKey, request: IHttpRequestOptions, cancelSignal: AbortSignal | undefined): Promise<Exchange> =>
		await exchange(async (options) => await way({ ...request, ...options }), { timeoutMs, cancelSignal, secret });

	return {
		isLocal,
		account: createHash('sha256').update(`${root} ${secret}`).digest('hex').slice(0, 16),
		sign: (text) => createHmac('sha256', secret).update(text).digest('hex'),
		addressOf({ path, query = {} }) {
			const parameters = new URLSearchParams(Object.entries(query).map(([name, value]) => [name, String(value)]));
			return `${root}${path}${parameters.size > 0 ? `?${parameters}` : ''}`;
		},
		mayReach: async (address) => isLocal || (await isPublicAddress(context.helpers, address)),
		async sendFile({ url, method, headers }, { mimeType, size, bytes }) {
			const given = new Set(Object.keys(headers).map((name) => name.toLowerCase()));
			const request: IHttpRequestOptions = {
				method,
				url,
				headers: {
					// Without a type, n8n's client would declare a form; without a length it would send chunks, which file stores
					// refuse.
					...(given.has('content-type') ? {} : { 'Content-Type': mimeType }),
					...(given.has('content-length') ? {} : { 'Content-Length': String(size) }),
					...headers,
				},
				body: bytes,
			};
			return await through(withoutKey, request, signal);
		},
		async sendForm(target, form) {
			const { body, contentType } = encodeForm(form);
			const isOwn = 'path' in target;
			const request: IHttpRequestOptions = {
				method: 'POST',
				url: isOwn ? `${root}${target.path}` : target.url,
				headers: { Accept: 'application/json', 'Content-Type': contentType },
				body,
			};
			return await through(isOwn ? withKey : withoutKey, request, signal);
		},
		async send({ method, path, query, headers, body, publicOrigin, sibling }, { outlivesStop = false } = {}) {
			const isOwn = isLocal || publicOrigin === undefined;
			const ownOrigin = sibling?.of === root ? sibling.origin : root;
			const request: IHttpRequestOptions = {
				method,
				url: `${isOwn ? ownOrigin : publicOrigin}${path}`,
				headers: { Accept: 'application/json', ...headers },
				...(query ? { qs: query } : {}),
				...(body ? { body } : {}),
			};
			return await through(isOwn ? withKey : withoutKey, request, outlivesStop ? undefined : signal);
		},
	};
}
