/** Reading answers: what all providers have in common. Pure. */
import type { Generation, GenerationStatus, JsonObject, JsonValue, Problem, ProblemKind, ProviderAnswer, Reading } from './provider';

/** Answer text quoted in a message is cut to this length, in characters. */
const MAX_QUOTE = 300;

/** The answer's JSON, or `undefined` if the text is not JSON (empty, HTML, cut off). */
export function jsonOf(answer: Pick<ProviderAnswer, 'text'>): JsonValue | undefined {
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

/** The first non-empty string or number, as a string; `null` if there is none. */
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

/** Whether an input that a service repeats is the one that was sent: fields that were left out may have their default. */
export function isSameInput(listed: JsonObject, sent: JsonObject, defaults: JsonObject): boolean {
	return (
		Object.entries(sent).every(([field, value]) => JSON.stringify(listed[field]) === JSON.stringify(value)) &&
		Object.entries(listed).every(([field, value]) => field in sent || value === null || value === defaults[field])
	);
}

/** The first string that is an http(s) URL. */
export function firstUrl(...candidates: Array<JsonValue | undefined>): string | null {
	for (const candidate of candidates) {
		if (typeof candidate === 'string' && /^https?:\/\/[^\s/]+/i.test(candidate)) return candidate;
	}
	return null;
}

/** The http(s) URLs of a value that is one or a list of them. */
export function urlsIn(value: JsonValue | undefined): string[] {
	return (Array.isArray(value) ? value : [value]).map((each) => firstUrl(each)).filter((url) => url !== null);
}

/** A generation of which only the ID is known. */
export function blankGeneration(generationId: string): Generation {
	return {
		generationId,
		status: 'processing',
		model: null,
		prompt: null,
		videoUrl: null,
		media: [],
		createdAt: null,
		completedAt: null,
		failureReason: null,
		estimatedSeconds: null,
		chargedWhenFailed: 'unknown',
		raw: {},
	};
}

/** @param words of a service for the states of a generation, in lower case; any other counts as running */
export function statusReader(words: Readonly<Partial<Record<GenerationStatus, readonly string[]>>>): (word: string) => GenerationStatus {
	const entries = Object.entries(words) as Array<[GenerationStatus, readonly string[]]>;
	const statuses = new Map(entries.flatMap(([status, list]) => list.map((word) => [word, status] as const)));
	return (word) => statuses.get(word.toLowerCase()) ?? 'processing';
}

/**
 * How long the provider asks to wait, in milliseconds; `null` if it does not say.
 * `retry-after-ms` and `retry-after` in seconds or as an HTTP date (RFC 9110, 10.2.3); a date is measured against the
 * answer's own `date` header, so no clock is needed and clock skew does not matter.
 */
export function retryAfterMs(answer: ProviderAnswer): number | null {
	const milliseconds = Number.parseFloat(answer.headers['retry-after-ms'] ?? '');
	if (Number.isFinite(milliseconds) && milliseconds >= 0) return milliseconds;
	const value = answer.headers['retry-after'];
	if (value === undefined || value.trim() === '') return null;
	if (/^\d+(\.\d+)?$/.test(value.trim())) return Number(value) * 1000;
	// `Date.parse` accepts nearly anything with a number: only the HTTP date format counts.
	if (!/^[a-z]+, .+ GMT$/i.test(value.trim())) return null;
	const until = Date.parse(value);
	const sent = Date.parse(answer.headers.date ?? '');
	if (Number.isNaN(until) || Number.isNaN(sent)) return null;
	return Math.max(0, until - sent);
}

/** One line, cut to a readable length, for quoting in a message. */
export function quote(text: string): string {
	const line = text.replace(/\s+/g, ' ').trim();
	return line.length > MAX_QUOTE ? `${line.slice(0, MAX_QUOTE - 1)}…` : line;
}

/** What was asked for, on which the meaning of a status depends. */
export type Asked = 'account' | 'cancellation' | 'catalog' | 'create' | 'createImage' | 'file' | 'generation';

/**
 * What one kind of refusal means. A rule matches if all of its conditions match; a text that it leaves out falls back to
 * the general one for the kind, and the kind to that of the HTTP status.
 */
export interface Refusal {
	/**
	 * HTTP statuses. Default: those that clearly refuse, which are 4xx except 408, and 2xx from services that refuse in the
	 * body. So no text can turn an unclear result into a refusal unless its rule names the status.
	 */
	status?: readonly number[];
	asked?: readonly Asked[];
	/** In the machine-readable code of the answer. */
	code?: RegExp;
	/** In the text of the answer. */
	says?: RegExp;
	kind?: ProblemKind;
	/** What happened, without a final period; the answer's own text is added. */
	message?: string;
	/** What to do, in full sentences. */
	advice?: string;
}

/**
 * HTTP 404 to a request whose path names no generation: the address is wrong.
 *
 * @param cannot what the service does not do there, as "does not … at this address"
 */
export function notHere(displayName: string, asked: Asked, cannot: string, advice = "Check 'Base URL' in the credential."): Refusal {
	return { status: [404], asked: [asked], message: `${displayName} does not ${cannot} at this address`, advice };
}

/** The HTTP status with which a service refuses to cancel a generation that is over. */
export function endedAlready(displayName: string, status: number): Refusal {
	return {
		status: [status],
		asked: ['cancellation'],
		message: `${displayName} says that it has ended already`,
		advice: "Use operation 'Get' of resource 'Generation' to see how it ended.",
	};
}

const ADVICE: Readonly<Record<ProblemKind, string>> = {
	credentials: "Check the API key in the node's credential.",
	balance: 'Add credit to the account.',
	permission: 'Check that the API key may use this model.',
	moderation: 'Change the prompt or the images.',
	invalidRequest: "Check the node's fields.",
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
	// A request that timed out in transit may have been acted upon.
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
	notFound: 'has nothing under this ID or address',
	rateLimited: 'is receiving too many requests',
	unavailable: 'could not handle the request at the moment',
	unreadable: 'sent an answer that cannot be read',
	redirected: 'points to another address',
};

/** Every kind. */
export const problemKinds = Object.keys(HAPPENED) as ProblemKind[];

/** A problem of the given kind, naming the provider. */
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

function isClear(statusCode: number): boolean {
	return (statusCode >= 200 && statusCode < 300) || (statusCode >= 400 && statusCode < 500 && statusCode !== 408);
}

/** How a provider refuses. */
export interface AnswerRules {
	displayName: string;
	refusals: readonly Refusal[];
	/** The text and the machine-readable code of a refusal. */
	said: (json: JsonValue | undefined) => { text: string | null; code?: string | null };
	/** For services that refuse in the body of a 2xx answer. */
	isRefusal?: (json: JsonValue | undefined) => boolean;
}

/** Reads the answers of one provider. */
export interface AnswerReader {
	/** The meaning of an unsuccessful answer. */
	problem: (answer: ProviderAnswer, asked: Asked) => Problem;
	/**
	 * The value of a successful answer, or the problem.
	 *
	 * @param parse returns `null` if the answer is not as expected
	 * @param expected ends "sent an unknown answer where … was expected"
	 */
	read: <T>(answer: ProviderAnswer, asked: Asked, parse: (json: JsonValue | undefined) => T | null, expected?: string) => Reading<T>;
}

export function answerReader({ displayName, refusals, said, isRefusal = () => false }: AnswerRules): AnswerReader {
	function problem(answer: ProviderAnswer, asked: Asked): Problem {
		const { statusCode } = answer;
		const { text, code = null } = said(jsonOf(answer));
		const rule: Refusal = refusals.find((each) => {
			const isStatus = each.status ? each.status.includes(statusCode) : isClear(statusCode);
			return isStatus && (each.asked?.includes(asked) ?? true) && (each.code?.test(code ?? '') ?? true) && (each.says?.test(text ?? '') ?? true);
		}) ?? {};
		const kind = rule.kind ?? (isSuccess(answer) ? 'invalidRequest' : kindOfStatus(statusCode));
		const { message, advice } = rule;
		const providerText = text ?? (kind === 'unavailable' ? `HTTP ${statusCode}` : null);
		return problemOf(kind, answer, { displayName, providerText, message, advice });
	}
	return {
		problem,
		read(answer, asked, parse, expected = 'the generation') {
			if (!isSuccess(answer)) return { ok: false, problem: problem(answer, asked) };
			const json = jsonOf(answer);
			// A value counts even in a body that refuses, so that nothing that was paid for is lost.
			const value = parse(json);
			if (value !== null) return { ok: true, value };
			return { ok: false, problem: isRefusal(json) ? problem(answer, asked) : unreadable(answer, displayName, expected) };
		},
	};
}

/** A successful answer that is not as expected. */
function unreadable(answer: ProviderAnswer, displayName: string, expected: string): Problem {
	const text = answer.text.trim();
	const shape = text === '' ? 'an empty answer' : text.startsWith('<') ? 'a web page' : 'an unknown answer';
	const message = `${displayName} sent ${shape} where ${expected} was expected (HTTP ${answer.statusCode})`;
	return problemOf('unreadable', answer, { displayName, message });
}
