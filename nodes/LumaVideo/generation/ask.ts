/** One request to a provider and what its answer says; nothing is repeated here. */
import type { Generation, Problem, Provider, ProviderAnswer, ProviderCall, Reading } from '../providers/provider';
import type { Exchange, ProviderClient, SendOptions } from '../transport/providerClient';

/** Why a request told nothing. */
export interface Unanswered {
	ok: false;
	/** What the answer says; `null` where none came. */
	problem: Problem | null;
	/** What happened, without a final period. */
	message: string;
	/** The same for the end of a sentence that names the provider. */
	reason: string;
	/** What to do, in full sentences. */
	advice: string;
}

export type Answered<T> = Unanswered | { ok: true; value: T; /** The answer's `date` header. */ date: string | undefined };

/** What an exchange says. */
export function answered<T>({ displayName }: Provider, exchange: Exchange, read: (answer: ProviderAnswer) => Reading<T>): Answered<T> {
	if (exchange.kind === 'fault') {
		return {
			ok: false,
			problem: null,
			message: `${displayName} cannot be reached: ${exchange.fault.text}`,
			reason: exchange.fault.text,
			advice: "Check the network of n8n and 'Base URL' in the credential, then try again.",
		};
	}
	const reading = read(exchange.answer);
	if (reading.ok) return { ok: true, value: reading.value, date: exchange.answer.headers.date };
	const { problem } = reading;
	const { message, advice } = problem;
	return { ok: false, problem, message, reason: message, advice };
}

/** Sends a call and reads its answer. Never throws for what a network or a provider can do. */
export async function ask<T>(
	provider: Provider,
	client: ProviderClient,
	call: ProviderCall,
	read: (answer: ProviderAnswer) => Reading<T>,
	options?: SendOptions,
): Promise<Answered<T>> {
	return answered(provider, await client.send(call, options), read);
}

/** The state of a generation: in one read, or in two where the provider keeps the result apart. */
export async function askForGeneration(provider: Provider, client: ProviderClient, generationId: string): Promise<Answered<Generation>> {
	const status = await ask(provider, client, provider.status(generationId), (answer) => provider.readStatus(answer, generationId));
	const { result } = provider;
	if (!status.ok || !result || status.value.status !== 'completed') return status;
	return await ask(provider, client, result.call(status.value), (answer) => result.read(answer, status.value));
}
