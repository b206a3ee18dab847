/**
 * Brings a file to a provider that keeps files: announced, sent, declared complete, and waited for until it can be used.
 * The bytes pass through: memory stays flat whatever the size.
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
import { isLocalHost, parseHttpUrl } from '../transport/address';
import type { Bytes, ProviderClient } from '../transport/providerClient';

export type Brought =
	| { ok: true; reference: FileReference | { kind: 'url'; url: string } }
	| { ok: false; failure: Failure };

export const TRY_AGAIN = 'Try again, or use the URL of a file on the web.';

/** How long a store that is busy is waited for, in milliseconds. */
const ANNOUNCED_WITHIN_MS = 600_000;
/** How long a file that was sent may take until it can be used, and how often it is looked at, in milliseconds. */
const READY_WITHIN_MS = 600_000;
const FIRST_LOOK_MS = 1000;
const LOOKS_GROW = 1.5;
const MAX_LOOK_MS = 10_000;

export function fileFailure(provider: Provider, { mimeType }: LocalFile, text: string, advice: string): Extract<Brought, { ok: false }> {
	const medium = mimeType.startsWith('video/') ? 'video' : 'image';
	return {
		ok: false,
		failure: {
			message: `The ${medium} could not be brought to ${provider.displayName}: ${text}`,
			advice: `Nothing was bought. ${advice}`,
			details: { generationId: null, provider: provider.id, status: null },
		},
	};
}

/** Whether files are sent to this address: not into a private network, unless the provider itself is in one. */
export function isPublic(client: ProviderClient, address: string): boolean {
	const url = parseHttpUrl(address);
	return url !== null && (client.isLocal || !isLocalHost(url.hostname));
}

/** @param open called when it is time to send the bytes */
export async function store(
	context: IExecuteFunctions,
	provider: Provider,
	fileStore: FileStore,
	client: ProviderClient,
	file: LocalFile,
	open: () => Promise<Bytes>,
): Promise<Brought> {
	const failure = (text: string, advice = TRY_AGAIN): Brought => fileFailure(provider, file, text, advice);
	const cancelSignal = context.getExecutionCancelSignal();
	const errand = { provider, fileStore, client, cancelSignal };
	const announced = await announce(errand, file);
	if (!announced.ok) return failure(announced.reason, announced.advice);
	const { fileId, url } = announced.target;
	if (!isPublic(client, url)) return failure('it named an address that n8n does not send to');

	const sent = await client.sendFile(announced.target, { ...file, bytes: await open() });
	if (sent.kind === 'fault') return failure(sent.fault.text);
	const { statusCode } = sent.answer;
	if (statusCode < 200 || statusCode >= 300) return failure(`HTTP ${statusCode}`);

	const state = await untilReady(errand, fileId);
	if (!state.ok) return failure(state.reason, state.advice);
	return { ok: true, reference: { kind: 'fileId', fileId } };
}

interface Hindrance {
	ok: false;
	reason: string;
	advice?: string;
}
const STOPPED: Hindrance = { ok: false, reason: 'the execution was stopped' };

interface Errand {
	provider: Provider;
	fileStore: FileStore;
	client: ProviderClient;
	cancelSignal: AbortSignal | undefined;
}

/** Asks where to send the file; again when the store says that it is busy, after the pause that it asks for. */
async function announce({ provider, fileStore, client, cancelSignal }: Errand, file: LocalFile): Promise<Hindrance | { ok: true; target: FileTarget }> {
	const giveUpAt = systemClock.now() + ANNOUNCED_WITHIN_MS;
	for (let refusals = 1; ; refusals++) {
		const answer = await ask(provider, client, fileStore.announce(file), fileStore.readAnnounced);
		if (answer.ok) return { ok: true, target: answer.value };
		const { problem } = answer;
		const pauseMs = retryDelayMs(refusals, problem?.retryAfterMs ?? null);
		if (problem?.kind !== 'rateLimited' || systemClock.now() + pauseMs > giveUpAt) return answer;
		await pauseFor(systemClock, pauseMs, cancelSignal);
		if (cancelSignal?.aborted) return STOPPED;
	}
}

type Readiness = Hindrance | { ok: true };

/** Declares the file complete, then looks at it until it can be used. */
async function untilReady({ provider, fileStore, client, cancelSignal }: Errand, fileId: string): Promise<Readiness> {
	const giveUpAt = systemClock.now() + READY_WITHIN_MS;
	let isComplete = false;
	for (let pauseMs = FIRST_LOOK_MS; ; pauseMs = Math.min(pauseMs * LOOKS_GROW, MAX_LOOK_MS)) {
		const call: ProviderCall = isComplete ? fileStore.status(fileId) : fileStore.complete(fileId);
		const answer: Answered<FileState> = await ask(provider, client, call, fileStore.readState);
		const found = readinessOf(answer);
		if (found) return found;
		// A declaration that got no answer is made again: it says the same however often it is heard.
		isComplete ||= answer.ok;
		if (systemClock.now() + pauseMs > giveUpAt) return { ok: false, reason: 'it was not ready for use in time' };
		await pauseFor(systemClock, pauseMs, cancelSignal);
		if (cancelSignal?.aborted) return STOPPED;
	}
}

/** `null`: not yet, or not known this time. */
function readinessOf(answer: Answered<FileState>): Readiness | null {
	if (!answer.ok) {
		const { problem } = answer;
		const mayPass = problem === null || mayHaveBeenAccepted(problem) || problem.kind === 'rateLimited';
		return mayPass ? null : answer;
	}
	const { state, failureReason } = answer.value;
	if (state === 'pending') return null;
	if (state === 'ready') return { ok: true };
	return { ok: false, reason: failureReason ?? 'it was refused', advice: 'Use another file, or the URL of a file on the web.' };
}
