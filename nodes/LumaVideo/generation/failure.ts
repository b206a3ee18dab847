/**
 * What an item gets when it gets no video or image: one message, one next step, and everything that is known about the
 * generation. The same content becomes a thrown error or, with Continue On Fail, an item.
 */
import type { INode, INodeExecutionData, JsonObject as N8nJsonObject, NodeApiError as ApiError } from 'n8n-workflow';
import { NodeApiError, NodeOperationError } from 'n8n-workflow';
import type { GenerationStatus, Problem, ProblemKind, ProviderId } from '../providers/provider';

export interface Failure {
	/** What happened, without a final period and without the item's number. */
	message: string;
	/** What to do next, in full sentences. */
	advice: string;
	details: FailureDetails;
	/** Present when a provider's answer is the reason. */
	problem?: Problem;
}

/** What is known about the generation behind a failure. */
export interface FailureDetails {
	generationId: string | null;
	provider: ProviderId;
	/** `unknown`: whether it exists is not known. `null`: it was never submitted. */
	status: GenerationStatus | 'unknown' | null;
	videoUrl?: string | null;
	failureReason?: string | null;
}

/** n8n 2.37 and later tell the user's retry logic why; older versions ignore it. */
const CAUSES: Partial<Record<ProblemKind, 'rate-limited' | 'quota-exhausted' | 'temporarily-unavailable' | 'credential-invalid'>> =
	{
		rateLimited: 'rate-limited',
		balance: 'quota-exhausted',
		unavailable: 'temporarily-unavailable',
		credentials: 'credential-invalid',
	};

/** How a person fetches a generation later, for the end of a message. */
export function fetchLater(generationId: string): string {
	return `To get it later, use resource 'Generation', operation 'Wait' with the ID ${generationId}.`;
}

/** What mends a generation that cannot be read: running the workflow again would buy another one. */
export function adviceForRead(problem: Problem): string {
	return problem.advice.replace(', then run the workflow again.', '.');
}

/** The message with the item's number, as n8n writes it; an error of n8n itself has it already. */
function withItem(message: string, itemIndex: number): string {
	return `${message.replace(/ \[item \d+\]$/, '')} [item ${itemIndex}]`;
}

/** The item that goes to the error output. n8n routes it there only if it has no other keys than these. */
export function failedItem(failure: Failure, itemIndex: number): INodeExecutionData {
	return {
		json: {
			error: withItem(failure.message, itemIndex),
			details: { ...failure.details, nextStep: failure.advice },
		},
		pairedItem: { item: itemIndex },
	};
}

/**
 * The error to throw. Written after construction once more, since n8n replaces any message in which it finds the name
 * of a Node.js error code, even inside a word.
 */
export function nodeError(
	node: INode,
	failure: Failure,
	itemIndex: number,
	alsoKnown: string[] = [],
): NodeOperationError | ApiError {
	const message = withItem(failure.message, itemIndex);
	const description = [failure.advice, ...alsoKnown].join(' ');
	const { problem } = failure;
	const cause = problem && CAUSES[problem.kind];
	const declared = cause
		? { failure: { cause, ...(problem.retryAfterMs === null ? {} : { retryAfterMs: problem.retryAfterMs }) } }
		: {};
	const error =
		problem?.httpStatus != null
			? new NodeApiError(node, { message } satisfies N8nJsonObject, {
					message,
					description,
					itemIndex,
					httpCode: String(problem.httpStatus),
					...(declared as object),
				})
			: new NodeOperationError(node, message, { description, itemIndex, ...(declared as object) });
	error.message = message;
	error.description = description;
	return error;
}
