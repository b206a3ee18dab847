/**
 * Uploads a file to a provider that stores files: announce it, send it, declare it complete, and wait until it is ready.
 * The bytes are streamed: memory use stays flat whatever the size.
 */
import type { IExecuteFunctions } from 'n8n-workflow';
import type { Answered } from '../generation/ask';
import { ask } from '../generation/ask';
import { systemClock } from '../generation/clock';
import type { Failure } from '../generation/failure';
import { pauseFor } from '../generation/read';
import { retryDelayMs } from '../generation/schedule';
import type { FileReference, FileState, FileStore, FileTarget, LocalFile, Provider, ProviderCall } from '../providers/provider';
import { mayHaveBeenAccepted } from '../providers/provider';
import type { Exchange } from '../transport/exchange';
import type { Bytes, ProviderClient } from '../transport/providerClient';
import type { FileTrouble } from './messages';
import { FILE_TROUBLE, SEND_AGAIN, fileNotSent } from './messages';

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
export async function store(
	context: IExecuteFunctions,
	provider: Provider,
	fileStore: FileStore,
	client: ProviderClient,
	file: LocalFile,
	open: () => Promise<Bytes>,
): Promise<Sent> {
	const failure = (trouble: FileTrouble): Sent => fileFailure(provider, file, trouble);
	const cancelSignal = context.getExecutionCancelSignal();
	const upload = { provider, fileStore, client, cancelSignal };
	const announced = await announce(upload, file);
	if (!announced.ok) return failure(announced);
	const { fileId, url } = announced.target;
	if (!(await client.mayReach(url))) return failure(FILE_TROUBLE.foreignAddress);

	const trouble = uploadTrouble(await client.sendFile(announced.target, { ...file, bytes: await open() }));
	if (trouble) return failure(trouble);

	const state = await untilReady(upload, fileId);
	return state.ok ? { ok: true, reference: { kind: 'fileId', fileId } } : failure(state);
}

type Failed = FileTrouble & { ok: false };

interface Upload {
	provider: Provider;
	fileStore: FileStore;
	client: ProviderClient;
	cancelSignal: AbortSignal | undefined;
}

/** Asks where to send the file, and retries when the store is busy, after the pause that it asks for. */
async function announce({ provider, fileStore, client, cancelSignal }: Upload, file: LocalFile): Promise<Failed | { ok: true; target: FileTarget }> {
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
async function untilReady({ provider, fileStore, client, cancelSignal }: Upload, fileId: string): Promise<Readiness> {
	const giveUpAt = systemClock.now() + READY_WITHIN_MS;
	let isComplete = false;
	for (let pauseMs = FIRST_LOOK_MS; ; pauseMs = Math.min(pauseMs * LOOKS_GROW, MAX_LOOK_MS)) {
		const call: ProviderCall = isComplete ? fileStore.status(fileId) : fileStore.complete(fileId);
		const answer: Answered<FileState> = await ask(provider, client, call, fileStore.readState);
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
