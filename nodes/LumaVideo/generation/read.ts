/** Reading one generation by its id, outside a run. */
import type { Generation, Problem, Provider } from '../providers/provider';
import type { ProviderClient } from '../transport/providerClient';
import type { Unanswered } from './ask';
import { askForGeneration } from './ask';
import type { Clock } from './clock';
import { pauseFor } from './clock';
import type { Failure } from './failure';
import { failureOf } from './failure';
import { cannotBeRead } from './messages';
import { retryDelayMs } from './schedule';

/** Reads may be retried: 2 retries, as in the official SDK (`lumaai`, client options). */
const TRIES = 3;
/** Longer pauses requested by the provider are not waited out here. */
const MAX_PAUSE_MS = 20_000;

/** Whether a read is worth retrying: the service is busy or failed briefly, which says nothing about the generation. */
export function isTransient(problem: Problem): boolean {
	return problem.kind === 'unavailable' || problem.kind === 'rateLimited' || problem.httpStatus === 409;
}

export type ReadResult = { ok: true; generation: Generation } | { ok: false; failure: Failure };

/** Reads a generation and retries transient failures. Never throws for anything that the network or a provider can do. */
export async function readGeneration(
	provider: Provider,
	client: ProviderClient,
	generationId: string,
	clock: Clock,
	cancelSignal: AbortSignal | undefined,
): Promise<ReadResult> {
	for (let attempt = 1; ; attempt++) {
		const answer = await askForGeneration(provider, client, generationId);
		if (answer.ok) return { ok: true, generation: answer.value };
		const { problem } = answer;
		const pause = retryDelayMs(attempt, problem?.retryAfterMs ?? null);
		if ((problem !== null && !isTransient(problem)) || attempt >= TRIES || pause > MAX_PAUSE_MS || cancelSignal?.aborted) {
			return { ok: false, failure: readFailure(provider, { generationId, status: 'unknown' }, answer, false) };
		}
		await pauseFor(clock, pause, cancelSignal);
	}
}

/** @param mayRun whether the generation may still be running */
export function readFailure(
	provider: Provider,
	{ generationId, status }: Pick<Failure['details'], 'status'> & { generationId: string },
	{ problem, message, advice }: Unanswered,
	mayRun: boolean,
): Failure {
	const isUnknown = problem?.kind === 'notFound';
	const text = cannotBeRead({ provider, generationId, reason: message, advice, isUnknown, isUnreachable: problem === null, mayRun });
	return failureOf(text, { generationId, provider: provider.id, status }, problem);
}

/** Whether it is final. Its file may appear a moment after the status "completed". */
export function isOver(generation: Generation): boolean {
	return (
		generation.status === 'failed' ||
		(generation.status === 'completed' && (generation.videoUrl !== null || generation.media.length > 0))
	);
}
