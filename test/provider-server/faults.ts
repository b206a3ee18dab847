/** Faults on demand: rules that spoil the next requests that they match. */
import { isObject, type Answer } from './http';
import type { Route } from './ledger';
import type { ProviderName } from './settings';

/** The request is answered, or ended, without having been looked at. Nothing is bought. */
export const FAULTS_BEFORE = [
	'401',
	'402',
	'403',
	'404',
	'429',
	'500',
	'502',
	'503',
	'504',
	'reset-before',
	'timeout-before',
	'redirect',
] as const;
/** The request is carried out first (a create is bought), then its answer is spoilt. */
export const FAULTS_AFTER = [
	'500-after',
	'502-after',
	'503-after',
	'504-after',
	'reset-after',
	'timeout-after',
	'truncated',
	'invalid-json',
	'html',
	'empty',
	'slow',
	'no-id',
	'unknown-status',
	'completed-without-url',
] as const;
/** Only for media; there also work: the numbers, resets, timeouts, `redirect`, `html`, `empty`, `slow`. */
export const FAULTS_OF_MEDIA = ['cut', 'wrong-type', 'octet-stream', 'no-length'] as const;

export type FaultKind =
	(typeof FAULTS_BEFORE)[number] | (typeof FAULTS_AFTER)[number] | (typeof FAULTS_OF_MEDIA)[number];

export interface FaultRule {
	kind: FaultKind;
	/** Default: any provider, and media. */
	provider?: ProviderName;
	/** Default: `any`. */
	route?: Route | 'any';
	/** Only requests whose body, or whose job's prompt, contains this text. */
	prompt?: string;
	/** The first matching request that is spoilt, counted from 1 (default). */
	nth?: number;
	/** How many requests are spoilt from then on; default 1. */
	times?: number | 'always';
	/** Sent as `Retry-After` with a 429 or 503: seconds, or a date text. */
	retryAfter?: number | string;
	/** Target of `redirect`; default: the same server under another host name. */
	location?: string;
	/** HTTP status of `redirect` (default 302), `html` and `empty` (default: that of the real answer). */
	status?: number;
}

export interface FaultTarget {
	/** `undefined`: media that belongs to no provider. */
	provider: ProviderName | undefined;
	route: Route;
	text: string;
}

export class Faults {
	private queue: Array<{ rule: FaultRule; toSkip: number; left: number }> = [];

	add(rules: FaultRule | FaultRule[]): void {
		for (const rule of Array.isArray(rules) ? rules : [rules]) {
			this.queue.push({
				rule,
				toSkip: (rule.nth ?? 1) - 1,
				left: rule.times === 'always' ? Infinity : (rule.times ?? 1),
			});
		}
	}

	/** The rules that still wait for requests. */
	list(): FaultRule[] {
		return this.queue.map(({ rule }) => rule);
	}

	clear(): void {
		this.queue = [];
	}

	/** The first rule that spoils this request. A rule does not count requests that an earlier rule took. */
	take(target: FaultTarget): FaultRule | undefined {
		for (const armed of this.queue) {
			if (!matches(armed.rule, target)) continue;
			if (armed.toSkip > 0) {
				armed.toSkip -= 1;
				continue;
			}
			armed.left -= 1;
			if (armed.left <= 0) this.queue = this.queue.filter((other) => other !== armed);
			return armed.rule;
		}
		return undefined;
	}
}

export function isBeforeAcceptance(kind: FaultKind): boolean {
	return (FAULTS_BEFORE as readonly string[]).includes(kind);
}

function matches(rule: FaultRule, target: FaultTarget): boolean {
	if (rule.provider !== undefined && rule.provider !== target.provider) return false;
	if (rule.route !== undefined && rule.route !== 'any' && rule.route !== target.route) return false;
	if ((FAULTS_OF_MEDIA as readonly string[]).includes(rule.kind) && target.route !== 'media') return false;
	return rule.prompt === undefined || target.text.includes(rule.prompt);
}

/** Where a provider's answers have the things that a fault takes away. Paths from the body's root. */
export interface AnswerPlaces {
	id: string[];
	status: string[];
	url: string[];
	completed: unknown;
	unknown: unknown;
}

/** An answer with its id, status word or video URL spoilt; in a list, that of every entry. */
export function spoilContent(answer: Answer, kind: FaultKind, places: AnswerPlaces): Answer {
	if (kind !== 'no-id' && kind !== 'unknown-status' && kind !== 'completed-without-url') return answer;
	const body = structuredClone(answer.body);
	const list = isObject(body) ? (body.generations ?? body.results) : undefined;
	const entries = Array.isArray(list) ? (list as unknown[]) : [body];
	for (const entry of entries) {
		if (kind === 'no-id') put(entry, places.id, undefined);
		if (kind === 'unknown-status') put(entry, places.status, places.unknown);
		if (kind === 'completed-without-url') {
			put(entry, places.status, places.completed);
			put(entry, places.url, undefined);
		}
	}
	return { ...answer, body };
}

/** Sets a value, or removes it when `undefined`; a place that does not exist stays away. */
function put(root: unknown, path: string[], value: unknown): void {
	let holder = root;
	for (const name of path.slice(0, -1)) holder = isObject(holder) ? holder[name] : undefined;
	const last = path.at(-1);
	if (!isObject(holder) || last === undefined) return;
	if (value === undefined) Reflect.deleteProperty(holder, last);
	else holder[last] = value;
}
