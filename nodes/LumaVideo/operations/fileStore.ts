/**
 * Uploads a file to a provider that stores files: announce it, send it, and, where the provider wants that, declare it
 * complete and wait until it is ready. The bytes are streamed, or sent in parts: memory use stays flat whatever the size.
 */
import type { Answered } from '../generation/ask';
import { answered, ask } from '../generation/ask';
import { pauseFor, systemClock } from '../generation/clock';
import type { Failure } from '../generation/failure';
import { retryDelayMs } from '../generation/schedule';
import type { FileReference, FileState, FileStore, FileTarget, JsonObject, LocalFile, Provider, ProviderCall } from '../providers/provider';
import { mayHaveBeenAccepted } from '../providers/provider';
import type { Exchange } from '../transport/exchange';
import type { Bytes } from '../transport/providerClient';
import type { FileTrouble } from './messages';
import { FILE_TROUBLE, SEND_AGAIN, fileNotSent } from './messages';
import type { Session } from './operation';

export type Sent =
	| { ok: true; reference: FileReference | { kind: 'url'; url: string } }
	| { ok: false; failure: Failure };

/** How long to wait for a busy store, in milliseconds. */
const ANNOUNCED_WITHIN_MS = 600_000;
/** How long an uploaded file may take to be ready, and how often to check, in milliseconds. */
const READY_WITHIN_MS = 600_000;
const FIRST_LOOK_MS = 1000;
const LOOKS_GROW = 1.5;
const MAX_LOOK_MS = 10_000;

export function fileFailure(provider: Provider, { mimeType }: LocalFile, { reason, advice = SEND_AGAIN }: FileTrouble): Extract<Sent, { ok: false }> {
	const makes = mimeType.startsWith('video/') ? 'video' : 'image';
	const details = { generationId: null, provider: provider.id, status: null };
	return { ok: false, failure: { ...fileNotSent({ provider, makes, reason, advice }), details } };
}

/** What an upload was answered with, if it did not succeed; else `null`. */
export function uploadTrouble(exchange: Exchange): FileTrouble | null {
	if (exchange.kind === 'fault') return { reason: exchange.fault.text };
	const { statusCode } = exchange.answer;
	return statusCode < 200 || statusCode >= 300 ? { reason: `HTTP ${statusCode}` } : null;
}

/** @param open called when it is time to send the bytes */
export async function store(session: Session, fileStore: FileStore, file: LocalFile, open: () => Promise<Bytes>): Promise<Sent> {
	const { provider, client } = session;
	const failure = (trouble: FileTrouble): Sent => fileFailure(provider, file, trouble);
	const announced = await announce(session, fileStore, file);
	if (!announced.ok) return failure(announced);
	const { target } = announced;
	const { fileId } = target;
	if (!(await client.mayReach(target.url))) return failure(FILE_TROUBLE.foreignAddress);

	const { parts, readiness } = fileStore;
	const trouble =
		parts && file.size > parts.above
			? await sendParts(session, parts, target, file, await open())
			: uploadTrouble(await client.sendFile(target, { ...file, bytes: await open() }));
	if (trouble) return failure(trouble);

	const state = readiness ? await untilReady(session, readiness, fileId) : ({ ok: true } as const);
	return state.ok ? { ok: true, reference: { kind: 'fileId', fileId } } : failure(state);
}

/** Pieces of equal size; the last may be shorter. */
async function* piecesOf(bytes: Bytes, size: number): AsyncGenerator<Buffer, void, undefined> {
	let kept: Buffer[] = [];
	let length = 0;
	for await (const chunk of Buffer.isBuffer(bytes) ? [bytes] : (bytes as AsyncIterable<Buffer | string>)) {
		kept.push(Buffer.from(chunk));
		length += chunk.length;
		if (length < size) continue;
		let whole = Buffer.concat(kept);
		for (; whole.length >= size; whole = whole.subarray(size)) yield whole.subarray(0, size);
		kept = [whole];
		length = whole.length;
	}
	if (length > 0) yield Buffer.concat(kept);
}

/** Sends a file in parts, one after the other, and has them put together. */
async function sendParts(
	{ context, provider, client }: Session,
	parts: NonNullable<FileStore['parts']>,
	target: FileTarget,
	{ mimeType }: LocalFile,
	bytes: Bytes,
): Promise<FileTrouble | null> {
	const sent: JsonObject[] = [];
	for await (const piece of piecesOf(bytes, parts.bytes)) {
		if (context.getExecutionCancelSignal()?.aborted) return FILE_TROUBLE.stopped;
		const exchange = await client.sendFile(parts.target(target, sent.length + 1), { mimeType, size: piece.length, bytes: piece });
		const answer = answered(provider, exchange, parts.read);
		if (!answer.ok) return uploadTrouble(exchange) ?? answer;
		sent.push(answer.value);
	}
	const end = parts.end(target, sent);
	const body = Buffer.from(JSON.stringify(end.body));
	return uploadTrouble(await client.sendFile(end.target, { mimeType: 'application/json', size: body.length, bytes: body }));
}

type Failed = FileTrouble & { ok: false };

/** Asks where to send the file, and retries when the store is busy, after the pause that it asks for. */
async function announce({ context, provider, client }: Session, fileStore: FileStore, file: LocalFile): Promise<Failed | { ok: true; target: FileTarget }> {
	const cancelSignal = context.getExecutionCancelSignal();
	const giveUpAt = systemClock.now() + ANNOUNCED_WITHIN_MS;
	for (let refusals = 1; ; refusals++) {
		const answer = await ask(provider, client, fileStore.announce(file), fileStore.readAnnounced);
		if (answer.ok) return { ok: true, target: answer.value };
		const { problem } = answer;
		const pauseMs = retryDelayMs(refusals, problem?.retryAfterMs ?? null);
		if (problem?.kind !== 'rateLimited' || systemClock.now() + pauseMs > giveUpAt) return answer;
		await pauseFor(systemClock, pauseMs, cancelSignal);
		if (cancelSignal?.aborted) return { ok: false, ...FILE_TROUBLE.stopped };
	}
}

type Readiness = Failed | { ok: true };

/** Declares the file complete, then polls until it is ready. */
async function untilReady({ context, provider, client }: Session, readiness: NonNullable<FileStore['readiness']>, fileId: string): Promise<Readiness> {
	const cancelSignal = context.getExecutionCancelSignal();
	const giveUpAt = systemClock.now() + READY_WITHIN_MS;
	let isComplete = false;
	for (let pauseMs = FIRST_LOOK_MS; ; pauseMs = Math.min(pauseMs * LOOKS_GROW, MAX_LOOK_MS)) {
		const call: ProviderCall = isComplete ? readiness.status(fileId) : readiness.complete(fileId);
		const answer: Answered<FileState> = await ask(provider, client, call, readiness.read);
		const found = readinessOf(answer);
		if (found) return found;
		// A declaration that got no answer is repeated: it is idempotent.
		isComplete ||= answer.ok;
		if (systemClock.now() + pauseMs > giveUpAt) return { ok: false, ...FILE_TROUBLE.notReady };
		await pauseFor(systemClock, pauseMs, cancelSignal);
		if (cancelSignal?.aborted) return { ok: false, ...FILE_TROUBLE.stopped };
	}
}

/** `null`: not ready yet, or unknown this time. */
function readinessOf(answer: Answered<FileState>): Readiness | null {
	if (!answer.ok) {
		const { problem } = answer;
		const mayPass = problem === null || mayHaveBeenAccepted(problem) || problem.kind === 'rateLimited';
		return mayPass ? null : answer;
	}
	const { state, failureReason } = answer.value;
	if (state === 'pending') return null;
	if (state === 'ready') return { ok: true };
	const { reason, advice } = FILE_TROUBLE.refused;
	return { ok: false, reason: failureReason ?? reason, advice };
}
