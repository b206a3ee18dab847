/** Reading answers: what all providers have in common. Pure. */
import type { JsonObject, JsonValue, Problem, ProblemKind, ProviderAnswer, Reading } from './provider';

/** Answer text that goes into a message is cut here, in characters. */
const MAX_QUOTE = 300;

/** The answer's JSON, or `undefined` when the text is no JSON (empty, HTML, cut off). */
export function jsonOf(answer: ProviderAnswer): JsonValue | undefined {
	try {
		return JSON.parse(answer.text) as JsonValue;
	} catch {
		return undefined;
	}
}

export function isObject(value: JsonValue | undefined): value is JsonObject {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isSuccess(answer: ProviderAnswer): boolean {
	return answer.statusCode >= 200 && answer.statusCode < 300;
}

/** The first value that is a non-empty string or a number, as a string; `null` when there is none. */
export function firstText(...candidates: Array<JsonValue | undefined>): string | null {
	for (const candidate of candidates) {
		if (typeof candidate === 'string' && candidate.trim() !== '') return candidate;
		if (typeof candidate === 'number' && Number.isFinite(candidate)) return String(candidate);
	}
	return null;
}

/** The value at a path of keys, or `undefined`. A number in the path indexes an array. */
export function valueAt(value: JsonValue | undefined, ...path: Array<string | number>): JsonValue | undefined {
	let current = value;
	for (const key of path) {
		if (Array.isArray(current) && typeof key === 'number') current = current[key];
		else if (isObject(current) && typeof key === 'string') current = current[key];
		else return undefined;
	}
	return current;
}

/** The first string that is an http(s) URL. */
export function firstUrl(...candidates: Array<JsonValue | undefined>): string | null {
	for (const candidate of candidates) {
		if (typeof candidate === 'string' && /^https?:\/\/[^\s/]+/i.test(candidate)) return candidate;
	}
	return null;
}

/**
 * How long the provider asks to wait, in milliseconds; `null` when it does not say.
 * `retry-after-ms` and `retry-after` in seconds or as an HTTP date (RFC 9110, 10.2.3); a date is measured against the
 * answer's own `date` header, so no clock is needed and clocks that differ do no harm.
 */
export function retryAfterMs(answer: ProviderAnswer): number | null {
	const milliseconds = Number.parseFloat(answer.headers['retry-after-ms'] ?? '');
	if (Number.isFinite(milliseconds) && milliseconds >= 0) return milliseconds;
	const value = answer.headers['retry-after'];
	if (value === undefined || value.trim() === '') return null;
	if (/^\d+(\.\d+)?$/.test(value.trim())) return Number(value) * 1000;
	// `Date.parse` sees a date in nearly anything with a number: only the form that HTTP prescribes counts.
	if (!/^[a-z]+, .+ GMT$/i.test(value.trim())) return null;
	const until = Date.parse(value);
	const sent = Date.parse(answer.headers.date ?? '');
	if (Number.isNaN(until) || Number.isNaN(sent)) return null;
	return Math.max(0, until - sent);
}

/** One line, cut to a readable length, for use inside a message. */
export function quote(text: string): string {
	const line = text.replace(/\s+/g, ' ').trim();
	return line.length > MAX_QUOTE ? `${line.slice(0, MAX_QUOTE - 1)}…` : line;
}

/** What a provider says about one HTTP status; anything left out falls back to the general text. */
export interface StatusText {
	kind?: ProblemKind;
	message?: string;
	advice?: string;
}

interface HttpProblemOptions {
	displayName: string;
	/** Human text found in the answer, without markup; `null` when there is none. */
	providerText: string | null;
	/** Texts by HTTP status that replace the general ones. */
	texts?: Readonly<Record<number, StatusText>>;
}

const ADVICE: Readonly<Record<ProblemKind, string>> = {
	credentials: "Check the API key in the node's credential.",
	balance: 'Add credit to the account, then run the workflow again.',
	permission: 'Check that the API key may use this model.',
	moderation: 'Change the prompt or the images, then run the workflow again.',
	invalidRequest: "Check the node's fields, then run the workflow again.",
	notFound: 'Check the generation ID and that it belongs to the account of this credential.',
	rateLimited: "Lower 'Max Concurrent Generations', or run fewer workflows at the same time.",
	unavailable: 'Wait a few minutes.',
	unreadable: "Check 'Base URL' in the credential. If it is right, the service may have changed its answers.",
	redirected: "Check 'Base URL' in the credential: the key is not sent to other addresses.",
};

function kindOfStatus(statusCode: number): ProblemKind {
	if (statusCode === 401) return 'credentials';
	if (statusCode === 402) return 'balance';
	if (statusCode === 403) return 'permission';
	if (statusCode === 404 || statusCode === 410) return 'notFound';
	// A request that timed out on the way may have been acted upon.
	if (statusCode === 408) return 'unavailable';
	if (statusCode === 429) return 'rateLimited';
	if (statusCode >= 500) return 'unavailable';
	if (statusCode >= 300 && statusCode < 400) return 'redirected';
	if (statusCode >= 400) return 'invalidRequest';
	return 'unreadable';
}

const HAPPENED: Readonly<Record<ProblemKind, string>> = {
	credentials: 'did not accept the API key',
	balance: 'reports that the account has too little credit',
	permission: 'does not allow this request with this API key',
	moderation: 'refused the content',
	invalidRequest: 'refused the request',
	notFound: 'does not know what was asked for',
	rateLimited: 'is receiving too many requests',
	unavailable: 'could not handle the request just now',
	unreadable: 'sent an answer that cannot be read',
	redirected: 'points to another address',
};

/** A problem of the given kind in the provider's name. */
export function problemOf(
	kind: ProblemKind,
	answer: ProviderAnswer,
	options: { displayName: string; providerText?: string | null; message?: string; advice?: string },
): Problem {
	const happened = options.message ?? `${options.displayName} ${HAPPENED[kind]}`;
	const said = quote(options.providerText ?? '').replace(/[\s.]+$/, '');
	return {
		kind,
		message: said ? `${happened}: ${said}` : happened,
		advice: options.advice ?? ADVICE[kind],
		httpStatus: answer.statusCode,
		retryAfterMs: retryAfterMs(answer),
	};
}

/** The problem that an answer with a non-2xx HTTP status describes. */
export function httpProblem(answer: ProviderAnswer, options: HttpProblemOptions): Problem {
	const text = options.texts?.[answer.statusCode];
	const kind = text?.kind ?? kindOfStatus(answer.statusCode);
	const providerText = options.providerText ?? (kind === 'unavailable' ? `HTTP ${String(answer.statusCode)}` : null);
	return problemOf(kind, answer, {
		displayName: options.displayName,
		providerText,
		message: text?.message,
		advice: text?.advice,
	});
}

/** An answer that should have been this provider's JSON and is not. */
export function unreadable<T>(answer: ProviderAnswer, displayName: string, what: string): Reading<T> {
	const start = answer.text.trim().slice(0, 1);
	const shape = answer.text.trim() === '' ? 'an empty answer' : start === '<' ? 'a web page' : what;
	return {
		ok: false,
		problem: problemOf('unreadable', answer, {
			displayName,
			message: `${displayName} sent ${shape} where the generation was expected (HTTP ${String(answer.statusCode)})`,
		}),
	};
}
