/** What users are told about a generation: what happened, and what to do next. Every text about one has its ID. */
import { quote } from '../providers/answers';
import type { Generation, Problem, Product, Provider } from '../providers/provider';
import type { Failure } from './failure';
import { adviceForRead, fetchLater } from './failure';

/** Nothing was sent: the provider could not be reached. */
export function unreachable(provider: Provider, text: string): Failure {
	return {
		message: `${provider.displayName} cannot be reached: ${text}`,
		advice: "Nothing was bought. Check 'Base URL' in the credential and the network of n8n.",
		details: { generationId: null, provider: provider.id, status: null },
	};
}

/** The provider refused the request. */
export function refused(provider: Provider, problem: Problem): Failure {
	return {
		message: problem.message,
		advice: `Nothing was bought. ${problem.advice}`,
		details: { generationId: null, provider: provider.id, status: null },
		problem,
	};
}

/** Why a request is in doubt when n8n crashed while it may have been on its way. */
export const CRASHED = 'n8n was interrupted while the request may have been on its way';

/** What is known of a request that got no readable answer. */
export interface Doubt {
	/** What the request is for. */
	makes: Product;
	/** Why it is not known. */
	reason: string;
	/** When the request was sent, in milliseconds since 1970. */
	sentAt: number;
	/** Generations in the provider's list that may have come of it. */
	lookAlikes: readonly string[];
	/** Whether the provider's list was read and has nothing like it. */
	isNotListed: boolean;
	problem: Problem | undefined;
}

/** It is not known whether the request was accepted. */
export function inDoubt(provider: Provider, { makes, reason, sentAt, lookAlikes, isNotListed, problem }: Doubt): Failure {
	const found =
		lookAlikes.length === 0
			? isNotListed
				? ' The list of generations does not show it so far; lists can lag behind.'
				: ''
			: lookAlikes.length === 1
				? ` Generation ${lookAlikes.join(', ')} looks like it, but may belong to another request.`
				: ` Several generations look like it, and any of them may be it: ${lookAlikes.join(', ')}.`;
	const anew =
		reason === CRASHED
			? "If there is none, switch on 'Buy Again After a Crash' in 'Options' and retry the execution with the current workflow."
			: `A retry of this execution does not send the request again; to buy the ${makes} anew, start a new execution.`;
	return {
		message: `It is not known whether ${provider.displayName} accepted the request: ${reason}`,
		advice: `${makes === 'image' ? 'An image' : 'A video'} may have been bought.${found} Look at ${provider.dashboardUrl} for a generation started at ${new Date(sentAt).toISOString()}. ${anew}`,
		details: { generationId: null, provider: provider.id, status: 'unknown' },
		...(problem ? { problem } : {}),
	};
}

/** A read of the generation was refused, or its answer makes no sense. */
export function cannotBeRead(provider: Provider, generation: Generation, problem: Problem, isBought: boolean): Failure {
	const { generationId } = generation;
	const mayRun = isBought || problem.kind !== 'notFound';
	return {
		message: `Generation ${generationId} cannot be read: ${problem.message}`,
		advice: mayRun ? `${adviceForRead(problem)} It may still be running. ${fetchLater(generationId)}` : problem.advice,
		details: { generationId, provider: provider.id, status: generation.status },
		problem,
	};
}

export function hasNoFile(provider: Provider, { generationId, makes = 'video', status }: Generation): Failure {
	return {
		message: `${provider.displayName} says that generation ${generationId} is completed, but names no ${makes}`,
		advice: `Look at ${provider.dashboardUrl}. ${fetchLater(generationId)}`,
		details: { generationId, provider: provider.id, status },
	};
}

/** A defect of this package: said as such, with what is known. */
export function unexpected(
	provider: Provider,
	error: unknown,
	known: { generationId: string | null; status: Generation['status'] | 'unknown' | null },
	makes: Product,
): Failure {
	const rest =
		known.generationId !== null
			? fetchLater(known.generationId)
			: known.status === 'unknown'
				? `${makes === 'image' ? 'An image' : 'A video'} may have been bought: look at ${provider.dashboardUrl}.`
				: 'Nothing was bought.';
	return {
		message: `Something unexpected happened: ${error instanceof Error ? error.message : String(error)}`,
		advice: `Please report this to the makers of n8n-nodes-luma-video. ${rest}`,
		details: { ...known, provider: provider.id },
	};
}

/** Why a create is in doubt. What came as its answer is quoted, for it may hold the ID: all that is left of it. */
export function reasonOf(problem: Problem, answerText: string): string {
	const said = problem.kind === 'unreadable' && !/^\s*</.test(answerText) ? quote(answerText) : '';
	return said === '' ? problem.message : `${problem.message}: ${said}`;
}
