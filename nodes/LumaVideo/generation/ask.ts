/** One request to a provider and what its answer says; there are no retries here. */
import type { Generation, Problem, Provider, ProviderAnswer, ProviderCall, Reading } from '../providers/provider';
import type { Text } from '../providers/text';
import type { Exchange } from '../transport/exchange';
import type { ProviderClient, SendOptions } from '../transport/providerClient';
import { cannotBeReached } from './messages';

/** Why a request yielded nothing. */
export interface Unanswered extends Text {
	ok: false;
	/** What the answer says; `null` if none came. */
	problem: Problem | null;
	/** The message as the end of a sentence that names the provider. */
	reason: string;
}

export type Answered<T> = Unanswered | { ok: true; value: T; /** The answer's `date` header. */ date: string | undefined };

/** What an exchange means. */
export function answered<T>(provider: Provider, exchange: Exchange, read: (answer: ProviderAnswer) => Reading<T>): Answered<T> {
	if (exchange.kind === 'fault') {
		const reason = exchange.fault.text;
		return { ok: false, problem: null, reason, ...cannotBeReached({ provider, reason }) };
	}
	const reading = read(exchange.answer);
	if (reading.ok) return { ok: true, value: reading.value, date: exchange.answer.headers.date };
	const { problem } = reading;
	const { message, advice } = problem;
	return { ok: false, problem, message, reason: message, advice };
}

/** Sends a call and reads its answer. Never throws for anything that the network or a provider can do. */
export async function ask<T>(
	provider: Provider,
	client: ProviderClient,
	call: ProviderCall,
	read: (answer: ProviderAnswer) => Reading<T>,
	options?: SendOptions,
): Promise<Answered<T>> {
	const answer = answered(provider, await client.send(call, options), read);
	const isNotHere = !answer.ok && answer.problem?.kind === 'notFound';
	return isNotHere && call.orElse ? await ask(provider, client, call.orElse, read, options) : answer;
}

/** The state of a generation: one read, or two if the provider keeps the result separately. */
export async function askForGeneration(provider: Provider, client: ProviderClient, generationId: string): Promise<Answered<Generation>> {
	const status = await ask(provider, client, provider.status(generationId), (answer) => provider.readStatus(answer, generationId));
	const { result } = provider;
	if (!status.ok || !result || status.value.status !== 'completed') return status;
	return await ask(provider, client, result.call(status.value), (answer) => result.read(answer, status.value));
}
