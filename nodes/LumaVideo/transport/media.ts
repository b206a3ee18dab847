/**
 * Downloads generated files straight into n8n's binary store: they are streamed, so memory stays flat.
 *
 * Media hosts are not trusted: no key is sent, and an address in a private network is refused unless the provider itself
 * is in one.
 */
import type { IBinaryData, IExecuteFunctions } from 'n8n-workflow';
import { sleep } from 'n8n-workflow';
import type { Product } from '../providers/provider';
import type { Text } from '../providers/text';
import { parseHttpUrl } from './address';
import { faultOf } from './exchange';
import { CUT_OFF, STALLED, fileTooLarge, notDownloaded, notMedia, privateAddress } from './messages';
import { isPublicAddress } from './publicAddress';

const MAX_REDIRECTS = 5;

export interface DownloadOptions {
	/** What is expected at the address. */
	kind: Product;
	/** Without extension. */
	fileName: string;
	/** Bytes; a larger file is refused. */
	maxBytes: number;
	/** Milliseconds until the first byte, and between chunks. */
	timeoutMs: number;
	/** Whether addresses in private networks are allowed. */
	allowLocal: boolean;
}

export type Download =
	| { ok: true; binary: IBinaryData }
	/** `again`: the same request may succeed next time. */
	| ({ ok: false; again: boolean } & Text);

/** The part of a Node.js stream used here; n8n's lint rules forbid importing `node:stream`. */
interface ByteStream {
	on(event: 'data', listener: (chunk: { length: number }) => void): unknown;
	on(event: 'newListener', listener: (event: unknown) => void): unknown;
	destroy(error?: Error): unknown;
}

const EXTENSIONS: Readonly<Record<string, string>> = {
	'video/mp4': 'mp4',
	'video/webm': 'webm',
	'video/quicktime': 'mov',
	'image/jpeg': 'jpg',
	'image/png': 'png',
	'image/webp': 'webp',
};

/** The assumed type of a file when nothing says what it is. */
const USUAL_TYPES: Readonly<Record<Product, string>> = { image: 'image/png', video: 'video/mp4' };

/** The MIME type to store, or `null` when the answer is not media, or not an image where one is expected. */
export function mediaTypeOf(contentType: string | undefined, path: string, kind: Product = 'video'): string | null {
	const type = (contentType ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
	const isExpected = (candidate: string): boolean => /^image\//.test(candidate) || (kind === 'video' && /^video\//.test(candidate));
	if (isExpected(type)) return type;
	// Object stores and Pixazo label every file as an octet stream.
	if (type === '' || type === 'application/octet-stream' || type === 'binary/octet-stream') {
		const extension = /\.([a-z0-9]{2,4})$/i.exec(path)?.[1]?.toLowerCase().replace('jpeg', 'jpg');
		const known = Object.entries(EXTENSIONS).find(([, candidate]) => candidate === extension);
		return known && isExpected(known[0]) ? known[0] : USUAL_TYPES[kind];
	}
	return null;
}

function megabytes(bytes: number): string {
	return `${(bytes / 1_000_000).toFixed(bytes < 10_000_000 ? 1 : 0)} MB`;
}

interface MediaResponse {
	body: ByteStream;
	headers: Record<string, unknown>;
	statusCode: number;
	/** The final URL, after redirects. */
	url: URL;
}

/** Opens the address and checks every redirect as it checked the address; `null` when one is not allowed. */
async function open(
	context: IExecuteFunctions,
	address: string,
	options: DownloadOptions,
	signal: AbortSignal,
): Promise<MediaResponse | null> {
	let url = parseHttpUrl(address);
	for (let hop = 0; hop <= MAX_REDIRECTS; hop++) {
		if (!url || !(options.allowLocal || (await isPublicAddress(context.helpers, url.href)))) return null;
		const response = (await context.helpers.httpRequest({
			method: 'GET',
			url: url.href,
			encoding: 'stream',
			returnFullResponse: true,
			ignoreHttpStatusErrors: true,
			disableFollowRedirect: true,
			timeout: options.timeoutMs,
			abortSignal: signal,
		})) as { body: ByteStream; headers?: Record<string, unknown>; statusCode: number };
		const { body, headers = {}, statusCode } = response;
		if (statusCode < 300 || statusCode >= 400 || typeof headers.location !== 'string') {
			return { body, headers, statusCode, url };
		}
		body.destroy();
		url = parseHttpUrl(new URL(headers.location, url).href);
	}
	return null;
}

/** How often a download is checked for progress, in milliseconds. */
const WATCH_EVERY_MS = 500;

interface Progress {
	/** Bytes. */
	received: number;
	lastReceivedAt: number;
	over: boolean;
	silent: boolean;
	tooLarge: boolean;
}

/** Ends a stalled download: a request's timeout covers only the wait for its first byte. */
async function endWhenSilent(progress: Progress, timeoutMs: number, end: () => void): Promise<void> {
	while (!progress.over) {
		if (Date.now() - progress.lastReceivedAt > timeoutMs) {
			progress.silent = true;
			end();
			return;
		}
		await sleep(WATCH_EVERY_MS);
	}
}

/** Downloads one file. Never throws for anything that the network or a media host can do. */
export async function downloadMedia(
	context: IExecuteFunctions,
	address: string,
	options: DownloadOptions,
): Promise<Download> {
	const { kind } = options;
	const facts = { makes: kind, address };
	const failed = (text: Text, again = false): Download => ({ ok: false, again, ...text });
	const tooLarge = failed(fileTooLarge({ ...facts, maxSize: megabytes(options.maxBytes) }));

	const progress: Progress = { received: 0, lastReceivedAt: Date.now(), over: false, silent: false, tooLarge: false };
	const cancelSignal = context.getExecutionCancelSignal();
	// Destroying the body does not close the connection: n8n returns a stream derived from it.
	const connection = new AbortController();
	const end = (): void => {
		connection.abort();
	};
	if (cancelSignal?.aborted) end();
	cancelSignal?.addEventListener('abort', end);
	try {
		const response = await open(context, address, options, connection.signal);
		if (!response) return failed(privateAddress(facts));
		const { body, headers, statusCode, url } = response;
		if (statusCode < 200 || statusCode >= 300) {
			body.destroy();
			const mayHaveExpired = statusCode === 403 || statusCode === 404 || statusCode === 410;
			const again = statusCode >= 500 || statusCode === 429 || statusCode === 408;
			return failed(notDownloaded({ ...facts, reason: `HTTP ${statusCode}`, mayHaveExpired }), again);
		}
		const mimeType = mediaTypeOf(
			typeof headers['content-type'] === 'string' ? headers['content-type'] : undefined,
			url.pathname,
			kind,
		);
		if (!mimeType) {
			body.destroy();
			return failed(notMedia({ ...facts, contentType: String(headers['content-type']) }));
		}
		const announced = headers['content-length'] === undefined ? null : Number(headers['content-length']);
		if (announced !== null && announced > options.maxBytes) {
			body.destroy();
			return tooLarge;
		}

		const count = (chunk: { length: number }): void => {
			progress.received += chunk.length;
			progress.lastReceivedAt = Date.now();
			if (progress.received > options.maxBytes) {
				progress.tooLarge = true;
				body.destroy(new Error('larger than allowed'));
			}
		};
		// A listener starts the flow, so this one waits until the store listens. Pausing would do too, but not every store
		// resumes the stream.
		let isCounted = false;
		body.on('newListener', (event) => {
			if (isCounted || (event !== 'data' && event !== 'readable')) return;
			isCounted = true;
			body.on('data', count);
		});
		progress.lastReceivedAt = Date.now();
		void endWhenSilent(progress, options.timeoutMs, end);
		const extension = EXTENSIONS[mimeType] ?? EXTENSIONS[USUAL_TYPES[kind]] ?? '';
		const binary = await context.helpers.prepareBinaryData(
			body as unknown as Buffer,
			`${options.fileName}.${extension}`,
			mimeType,
		);
		const stored = binary.bytes ?? progress.received;
		const isCompressed = headers['content-encoding'] !== undefined;
		if (stored === 0 || (announced !== null && !isCompressed && stored < announced)) {
			return failed(notDownloaded({ ...facts, reason: CUT_OFF, mayHaveExpired: false }), true);
		}
		return { ok: true, binary };
	} catch (error) {
		if (progress.tooLarge) return tooLarge;
		const cancelled = cancelSignal?.aborted === true;
		const reason = progress.silent && !cancelled ? STALLED : faultOf(error, cancelled).text;
		return failed(notDownloaded({ ...facts, reason, mayHaveExpired: false }), !cancelled);
	} finally {
		progress.over = true;
		cancelSignal?.removeEventListener('abort', end);
		end();
	}
}
