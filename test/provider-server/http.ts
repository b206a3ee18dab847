/** What a request and an answer are to the played providers, free of sockets. */
import type { IncomingHttpHeaders } from 'node:http';

/** A request as a provider sees it: `path` starts after the provider's own base path. */
export interface ApiRequest {
	method: string;
	path: string;
	query: URLSearchParams;
	headers: IncomingHttpHeaders;
	body: Buffer;
}

/** An answer: `body` is sent as JSON, `undefined` as an empty body. */
export interface Answer {
	status: number;
	headers?: Record<string, string>;
	body?: unknown;
}

export type JsonObject = Record<string, unknown>;

export type JsonReading = { ok: true; value: unknown } | { ok: false; problem: 'content type' | 'syntax' };

/** Header names that carry a key, per provider documents; none of them may reach a media host or a redirect's target. */
export const KEY_HEADERS = ['authorization', 'api-key', 'ocp-apim-subscription-key'] as const;

/** Which headers that carry keys are present. */
export function keyHeadersIn(headers: IncomingHttpHeaders): string[] {
	return KEY_HEADERS.filter((name) => headers[name] !== undefined);
}

/** The headers without any key, for the ledger. */
export function withoutKeys(headers: IncomingHttpHeaders): Record<string, string> {
	const kept: Record<string, string> = {};
	for (const [name, value] of Object.entries(headers)) {
		if ((KEY_HEADERS as readonly string[]).includes(name) || value === undefined) continue;
		kept[name] = Array.isArray(value) ? value.join(', ') : value;
	}
	return kept;
}

/** Reads a JSON body; a body in another content type is not looked at, as the documented services demand JSON. */
export function readJson(request: ApiRequest): JsonReading {
	const type = (request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase();
	if (type !== 'application/json') return { ok: false, problem: 'content type' };
	try {
		return { ok: true, value: JSON.parse(request.body.toString('utf8')) as unknown };
	} catch {
		return { ok: false, problem: 'syntax' };
	}
}

/** A JSON body whatever its declared type, `null` when there is none: only for the ledger. */
export function bodyForRecord(body: Buffer): unknown {
	if (body.length === 0) return null;
	const text = body.toString('utf8');
	try {
		return JSON.parse(text) as unknown;
	} catch {
		return text.slice(0, 2000);
	}
}

export function isObject(value: unknown): value is JsonObject {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export interface FormPart {
	name: string;
	filename: string | null;
	type: string | null;
	data: Buffer;
}

/** The parts of a `multipart/form-data` body in their order, or `null` when it is not one. */
export function readForm(request: ApiRequest): FormPart[] | null {
	const boundary = /^multipart\/form-data;.*boundary="?([^";]+)"?/i.exec(request.headers['content-type'] ?? '')?.[1];
	if (boundary === undefined) return null;
	const parts: FormPart[] = [];
	// latin1 keeps one character per byte, so that the parts can be cut out of text and turned back.
	for (const piece of `\r\n${request.body.toString('latin1')}`.split(`\r\n--${boundary}`).slice(1)) {
		if (piece.startsWith('--')) break;
		const end = piece.indexOf('\r\n\r\n');
		if (end < 0) return null;
		const head = piece.slice(0, end);
		parts.push({
			name: /[; ]name="([^"]*)"/i.exec(head)?.[1] ?? '',
			filename: /[; ]filename="([^"]*)"/i.exec(head)?.[1] ?? null,
			type: /content-type:\s*([^\r\n]+)/i.exec(head)?.[1] ?? null,
			data: Buffer.from(piece.slice(end + 4), 'latin1'),
		});
	}
	return parts;
}
