/**
 * What an item gets instead of a video or image: one message, one next step, and everything that is known about the
 * generation. It becomes a thrown error or, with Continue On Fail, an item.
 */
import type { INode, INodeExecutionData, JsonObject as N8nJsonObject, NodeApiError as ApiError } from 'n8n-workflow';
import { NodeApiError, NodeOperationError } from 'n8n-workflow';
import type { GenerationStatus, Problem, ProblemKind, ProviderId } from '../providers/provider';
import type { Text } from '../providers/text';

/** The message does not have the item's number yet. */
export interface Failure extends Text {
	details: FailureDetails;
	/** Present if a provider's answer is the reason. */
	problem?: Problem;
	/** Present if the item's fields were refused before anything was sent: what is wrong with them. */
	findings?: readonly string[];
}

/** What is known about the generation behind a failure. */
export interface FailureDetails {
	generationId: string | null;
	provider: ProviderId;
	/** `unknown`: it may or may not exist. `null`: it was never submitted. */
	status: GenerationStatus | 'unknown' | null;
	videoUrl?: string | null;
	failureReason?: string | null;
}

/** n8n 2.37 and later pass the cause on to the user's retry logic; older versions ignore it. */
const CAUSES: Partial<Record<ProblemKind, 'rate-limited' | 'quota-exhausted' | 'temporarily-unavailable' | 'credential-invalid'>> =
	{
		rateLimited: 'rate-limited',
		balance: 'quota-exhausted',
		unavailable: 'temporarily-unavailable',
		credentials: 'credential-invalid',
	};

export function failureOf({ message, advice }: Text, details: FailureDetails, problem?: Problem | null): Failure {
	return { message, advice, details, ...(problem ? { problem } : {}) };
}

/** How a user gets a generation later, for the end of a message. */
export function fetchLater(generationId: string): string {
	return `To get it later, use resource 'Generation', operation 'Wait' with the ID ${generationId}.`;
}

/** The message with the item's number, as n8n writes it; n8n's own errors already have it. */
function withItem(message: string, itemIndex: number): string {
	return `${message.replace(/ \[item \d+\]$/, '')} [item ${itemIndex}]`;
}

/** The item for the error output. n8n routes it there only if it has no keys other than these. */
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
 * The error to throw. Its texts are set again after construction, since n8n replaces any message that contains the name
 * of a Node.js error code, even inside a word.
 *
 * @param itemIndex `null` if it is about several items
 */
export function nodeError(
	node: INode,
	failure: Pick<Failure, 'advice' | 'message' | 'problem'>,
	itemIndex: number | null,
	alsoKnown: string[] = [],
): NodeOperationError | ApiError {
	const message = itemIndex === null ? failure.message : withItem(failure.message, itemIndex);
	const ofItem = itemIndex === null ? {} : { itemIndex };
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
					...ofItem,
					httpCode: String(problem.httpStatus),
					...(declared as object),
				})
			: new NodeOperationError(node, message, { description, ...ofItem, ...(declared as object) });
	error.message = message;
	error.description = description;
	return error;
}
