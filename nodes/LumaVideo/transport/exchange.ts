/** One exchange with a service: a request, and the answer or the reason why there is none. */
import type { IHttpRequestOptions } from 'n8n-workflow';
import type { ProviderAnswer } from '../providers/provider';
import { ANSWER_CUT_OFF, ANSWER_TOO_LARGE, BLOCKED, BROKEN, NOT_SENT, NO_ANSWER, STOPPED, UNCLEAR } from './messages';

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

/** Also raised on established connections: they count only while connecting. */
const ALSO_LATER: ReadonlySet<string> = new Set(['EHOSTUNREACH', 'ENETUNREACH']);

interface SystemError {
	code?: unknown;
	cause?: unknown;
	name?: unknown;
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

/** Errors of n8n's protection against requests into private networks (`N8N_SSRF_PROTECTION_ENABLED`). */
export function isBlocked(error: { name?: unknown }): boolean {
	return error.name === 'SsrfBlockedIpError' || error.name === 'SsrfBlockedHostnameError';
}

export function faultOf(error: unknown, cancelled: boolean): RequestFault {
	const causes = causesOf(error);
	if (causes.some(isBlocked)) return { outcome: 'notSent', text: BLOCKED };
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

/**
 * The largest answer to read, in bytes. A page of 100 generations with the longest prompts has about 1 MB; without a
 * limit, a service, or whoever answers in its place, could fill n8n's memory.
 */
const MAX_ANSWER_BYTES = 16_000_000;

class AnswerTooLarge extends Error {}

/** The body as text. n8n's helper has no limit for it, so it comes as a stream. */
async function textOf(body: unknown): Promise<string> {
	if (typeof body !== 'object' || body === null) return typeof body === 'string' ? body : '';
	if (!(Symbol.asyncIterator in body)) return JSON.stringify(body);
	const chunks: Buffer[] = [];
	let size = 0;
	for await (const chunk of body as AsyncIterable<Buffer>) {
		size += chunk.length;
		if (size > MAX_ANSWER_BYTES) throw new AnswerTooLarge();
		chunks.push(chunk);
	}
	return new TextDecoder().decode(Buffer.concat(chunks));
}

/** @param secret redacted from the text, in case a service echoes the key */
function answerOf(response: FullResponse, text: string, secret: string): ProviderAnswer {
	const headers: Record<string, string> = {};
	for (const [name, value] of Object.entries(response.headers ?? {})) {
		if (typeof value === 'string' || typeof value === 'number') headers[name.toLowerCase()] = String(value);
	}
	const safe = secret.length >= MIN_SECRET_LENGTH ? text.replaceAll(secret, '[API key]') : text;
	return { statusCode: response.statusCode, headers, text: safe };
}

/** What every exchange asks of n8n's request helper. */
export type ExchangeOptions = Required<
	Pick<IHttpRequestOptions, 'disableFollowRedirect' | 'encoding' | 'ignoreHttpStatusErrors' | 'returnFullResponse' | 'timeout'>
> & { abortSignal: AbortSignal };

/**
 * Sends a request and reads its answer. Never throws for anything that the network or a service can do.
 *
 * @param request calls n8n's request helper with these options in addition to its own
 * @param timeoutMs how long to wait for the answer to begin, and then for its end, in milliseconds
 * @param secret see `answerOf`
 */
export async function exchange(
	request: (options: ExchangeOptions) => Promise<unknown>,
	{ timeoutMs, cancelSignal, secret }: { timeoutMs: number; cancelSignal: AbortSignal | undefined; secret: string },
): Promise<Exchange> {
	const connection = new AbortController();
	let deadline: AbortSignal | undefined;
	try {
		const response = (await request({
			abortSignal: AbortSignal.any(cancelSignal ? [cancelSignal, connection.signal] : [connection.signal]),
			// Following a redirect could take the key, or a file, elsewhere.
			disableFollowRedirect: true,
			encoding: 'stream',
			ignoreHttpStatusErrors: true,
			returnFullResponse: true,
			timeout: timeoutMs,
		})) as FullResponse;
		deadline = AbortSignal.timeout(timeoutMs);
		deadline.addEventListener('abort', () => {
			connection.abort();
		});
		return { kind: 'answer', answer: answerOf(response, await textOf(response.body), secret) };
	} catch (error) {
		connection.abort();
		if (error instanceof AnswerTooLarge) return { kind: 'fault', fault: { outcome: 'unclear', text: ANSWER_TOO_LARGE } };
		const cancelled = cancelSignal?.aborted === true;
		if (!deadline || cancelled) return { kind: 'fault', fault: faultOf(error, cancelled) };
		return { kind: 'fault', fault: { outcome: 'unclear', text: deadline.aborted ? NO_ANSWER : ANSWER_CUT_OFF } };
	}
}
