/** Reading one generation by its id, outside of a run. */
import type { Generation, Problem, Provider } from '../providers/provider';
import type { ProviderClient } from '../transport/providerClient';
import { askForGeneration } from './ask';
import type { Clock } from './clock';
import type { Failure } from './failure';
import { adviceForRead } from './failure';
import { retryDelayMs } from './schedule';

/** Reads may be repeated: 2 repeats, as the official SDK does (`lumaai`, client options). */
const TRIES = 3;
/** A longer pause asked for by the provider is not waited for here. */
const MAX_PAUSE_MS = 20_000;

/** Whether a read is worth repeating: the service is busy or stumbled, and says nothing about the generation. */
export function isTransient(problem: Problem): boolean {
	return problem.kind === 'unavailable' || problem.kind === 'rateLimited' || problem.httpStatus === 409;
}

export type ReadResult = { ok: true; generation: Generation } | { ok: false; failure: Failure };

/** Reads a generation; what passes by itself is tried again. Never throws for what a network or a provider can do. */
export async function readGeneration(
	provider: Provider,
	client: ProviderClient,
	generationId: string,
	clock: Clock,
	cancelSignal: AbortSignal | undefined,
): Promise<ReadResult> {
	const details: Failure['details'] = { generationId, provider: provider.id, status: 'unknown' };
	for (let attempt = 1; ; attempt++) {
		const answer = await askForGeneration(provider, client, generationId);
		if (answer.ok) return { ok: true, generation: answer.value };
		const { problem } = answer;
		const pause = retryDelayMs(attempt, problem?.retryAfterMs ?? null);
		if ((problem !== null && !isTransient(problem)) || attempt >= TRIES || pause > MAX_PAUSE_MS || cancelSignal?.aborted) {
			return {
				ok: false,
				failure: {
					message: `Generation ${generationId} cannot be read: ${answer.message}`,
					advice: problem === null ? `The generation is not touched by this. ${answer.advice}` : adviceForRead(problem),
					details,
					...(problem ? { problem } : {}),
				},
			};
		}
		await pauseFor(clock, pause, cancelSignal);
	}
}

/** Waits the whole time, or until the execution is stopped. */
export async function pauseFor(clock: Clock, ms: number, cancelSignal: AbortSignal | undefined): Promise<void> {
	const until = clock.now() + ms;
	let onAbort: () => void = () => undefined;
	const cancelled = new Promise<void>((resolve) => {
		onAbort = resolve;
	});
	cancelSignal?.addEventListener('abort', onAbort);
	try {
		while (clock.now() < until && !cancelSignal?.aborted) await clock.wait(until - clock.now(), cancelled);
	} finally {
		cancelSignal?.removeEventListener('abort', onAbort);
	}
}

/** Whether nothing more will happen to it. Its file may follow a moment after the word "completed". */
export function isOver(generation: Generation): boolean {
	return (
		generation.status === 'failed' ||
		(generation.status === 'completed' && (generation.videoUrl !== null || generation.media.length > 0))
	);
}
