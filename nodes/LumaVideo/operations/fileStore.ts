/**
 * Brings a file to a provider that keeps files: announced, sent, declared complete, and waited for until it can be used.
 * The bytes pass through: memory stays flat whatever the size.
 */
import type { IExecuteFunctions } from 'n8n-workflow';
import { systemClock } from '../generation/clock';
import type { Failure } from '../generation/failure';
import type { FileReference, FileState, FileStore, LocalFile, Provider, Reading } from '../providers/provider';
import { mayHaveBeenAccepted } from '../providers/provider';
import { isLocalHost, parseHttpUrl } from '../transport/address';
import type { Bytes, Exchange, ProviderClient } from '../transport/providerClient';

export type Brought =
	| { ok: true; reference: FileReference | { kind: 'url'; url: string } }
	| { ok: false; failure: Failure };

export const TRY_AGAIN = 'Try again, or use the URL of a file on the web.';

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
	const announced = await client.send(fileStore.announce(file));
	if (announced.kind === 'fault') return failure(announced.fault.text);
	const target = fileStore.readAnnounced(announced.answer);
	if (!target.ok) return failure(target.problem.message, target.problem.advice);
	const { fileId, url } = target.value;
	if (!isPublic(client, url)) return failure('it named an address that n8n does not send to');

	const sent = await client.sendFile(target.value, { ...file, bytes: await open() });
	if (sent.kind === 'fault') return failure(sent.fault.text);
	const { statusCode } = sent.answer;
	if (statusCode < 200 || statusCode >= 300) return failure(`HTTP ${statusCode}`);

	const isStopped = (): boolean => context.getExecutionCancelSignal()?.aborted === true;
	const state = await untilReady(fileStore, client, fileId, isStopped);
	if (!state.ok) return failure(state.text, state.advice);
	return { ok: true, reference: { kind: 'fileId', fileId } };
}

type Readiness = { ok: true } | { ok: false; text: string; advice?: string };

/** Declares the file complete, then looks at it until it can be used. */
async function untilReady(fileStore: FileStore, client: ProviderClient, fileId: string, isStopped: () => boolean): Promise<Readiness> {
	const giveUpAt = systemClock.now() + READY_WITHIN_MS;
	let isComplete = false;
	for (let pauseMs = FIRST_LOOK_MS; ; pauseMs = Math.min(pauseMs * LOOKS_GROW, MAX_LOOK_MS)) {
		const exchange = await client.send(isComplete ? fileStore.status(fileId) : fileStore.complete(fileId));
		const found = readinessOf(fileStore, exchange);
		if (found) return found;
		// A declaration that got no answer is made again: it says the same however often it is heard.
		isComplete ||= exchange.kind === 'answer' && fileStore.readState(exchange.answer).ok;
		const lookAt = systemClock.now() + pauseMs;
		if (lookAt > giveUpAt) return { ok: false, text: 'it was not ready for use in time' };
		while (systemClock.now() < lookAt) {
			if (isStopped()) return { ok: false, text: 'the execution was stopped' };
			await systemClock.wait(lookAt - systemClock.now(), new Promise(() => undefined));
		}
	}
}

/** `null`: not yet, or not known this time. */
function readinessOf(fileStore: FileStore, exchange: Exchange): Readiness | null {
	if (exchange.kind === 'fault') return exchange.fault.outcome === 'cancelled' ? { ok: false, text: exchange.fault.text } : null;
	const reading: Reading<FileState> = fileStore.readState(exchange.answer);
	if (!reading.ok) {
		const { problem } = reading;
		const mayPass = mayHaveBeenAccepted(problem) || problem.kind === 'rateLimited';
		return mayPass ? null : { ok: false, text: problem.message, advice: problem.advice };
	}
	const { state, failureReason } = reading.value;
	if (state === 'pending') return null;
	if (state === 'ready') return { ok: true };
	return { ok: false, text: failureReason ?? 'it was refused', advice: 'Use another file, or the URL of a file on the web.' };
}
