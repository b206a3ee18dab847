/** Messages about the fields and settings of a node (those that return a string), and about a run as a whole. */
import { fetchLater } from '../generation/failure';
import type { Product, Provider } from '../providers/provider';
import type { Text } from '../providers/text';

type Named = Pick<Provider, 'displayName'>;
type WithDashboard = Pick<Provider, 'dashboardUrl' | 'displayName'>;

/** Follows every message about fields. */
export const NOTHING_SENT = 'Nothing was sent for this item. Correct it and run this item again.';

export const NOTHING_BOUGHT = 'Nothing was bought.';

export const GET_BY_ID = "To get a generation by its ID, use resource 'Generation', operation 'Wait'.";

/** Added to a dry run whose request has placeholders. */
export const PLACEHOLDER_NOTE =
	'Values in angle brackets are filled in when the request is sent: a Dry Run reads no generation and uploads no file.';

// Fields

export function unknownProvider(): Text {
	return { message: "'Provider' is not known to this version of the node", advice: "Select 'Provider' again." };
}

export function noOperation({ provider, resource, operation }: { provider: Named; resource: string; operation: string }): Text {
	return {
		message: `${provider.displayName} has no operation '${operation}' for resource '${resource}'`,
		advice: "Select 'Resource' and 'Operation' again.",
	};
}

export function itemUnusable(): string {
	return 'The fields of this item cannot be used';
}

/**
 * @param reasons such as `Items 1, 3: 'Prompt' is empty.`
 * @param more how many items are not in `reasons`
 * @param isAnySent whether something was sent for other items
 */
export function itemsUnusable({ count, total, reasons, hasMore, more, isAnySent }: { count: number; total: number; reasons: string; hasMore: boolean; more: number; isAnySent: boolean }): Text {
	return {
		message: `${count} of ${total} items cannot be used`,
		advice: `${reasons} ${hasMore ? `And ${more} more. ` : ''}${isAnySent ? '' : 'Nothing was sent for any item. '}Correct these items and run the node again.`,
	};
}

/** @param needed such as `true or false` */
export function mustBe({ field, needed }: { field: string; needed: string }): string {
	return `'${field}' must be ${needed}`;
}

// Files from n8n

/** @param accepted such as `JPEG, PNG` or `videos` */
export function wrongType({ field, provider, hasType, type, accepted }: { field: string; provider: Named; hasType: boolean; type: string; accepted: string }): string {
	return `'${field}' is ${hasType ? type : 'of an unknown type'}; ${provider.displayName} accepts ${accepted}`;
}

export function tooLarge({ field, provider, size, maximum }: { field: string; provider: Named; size: string; maximum: string }): string {
	return `'${field}' is too large: ${size} (maximum at ${provider.displayName}: ${maximum})`;
}

export function noPublicAddress({ field, provider }: { field: string; provider: Named }): string {
	return `'${field}' cannot be sent: ${provider.displayName} accepts only public URLs, and this n8n has none. Use the URL of an image on the web, or set N8N_WEBHOOK_URL (in older n8n WEBHOOK_URL) to the public address of n8n`;
}

export function noVideoFiles({ provider, field }: { provider: Named; field: string }): string {
	return `'${field}' cannot be 'Input Data' at ${provider.displayName}; select 'URL'`;
}

/** A file did not get to the provider, so the request was not sent. */
export function fileNotSent({ provider, makes, reason, advice }: { provider: Named; makes: Product; reason: string; advice: string }): Text {
	return { message: `The ${makes} could not be sent to ${provider.displayName}: ${reason}`, advice: `${NOTHING_BOUGHT} ${advice}` };
}

/** Why a file did not get there, and what to do. */
export interface FileTrouble {
	reason: string;
	advice?: string;
}

const ON_THE_WEB = 'Use the URL of an image on the web.';

/** Advice for a `FileTrouble` that has none. */
export const SEND_AGAIN = 'Try again, or use the URL of a file on the web.';

export const FILE_TROUBLE = {
	empty: { reason: 'it is empty', advice: 'Check the node that the file comes from.' },
	foreignAddress: { reason: 'the provider gave an upload address that n8n does not send to' },
	inMemory: { reason: 'n8n keeps it in memory, so it has no URL', advice: ON_THE_WEB },
	noFiles: { reason: 'the provider accepts no files', advice: ON_THE_WEB },
	notReady: { reason: 'it was not ready for use in time' },
	refused: { reason: 'it was refused', advice: 'Use another file, or the URL of a file on the web.' },
	stopped: { reason: 'the execution was stopped' },
} satisfies Record<string, FileTrouble>;

// Generations

/** @param isOver whether it is completed or failed */
export function sourceHasNoFile({ makes, generationId, status, isOver }: { makes: Product; generationId: string; status: string; isOver: boolean }): Text {
	const article = makes === 'image' ? 'an' : 'a';
	return {
		message: `Generation ${generationId} has no ${makes}${isOver ? '' : ' yet'} (status: ${status})`,
		advice: `${NOTHING_BOUGHT} ${isOver ? `Choose a generation that has ${article} ${makes}.` : 'Wait until it is completed.'}`,
	};
}

export function actionFailed({ generationId, isDeletion, isRefused, reason, advice }: { generationId: string; isDeletion: boolean; isRefused: boolean; reason: string; advice: string }): Text {
	const done = isDeletion ? 'deleted' : 'canceled';
	const message = isRefused ? `Generation ${generationId} was not ${done}` : `It is not known whether generation ${generationId} was ${done}`;
	return { message: `${message}: ${reason}`, advice };
}

export function notFinished({ provider, generationId, seconds }: { provider: Named; generationId: string; seconds: number }): Text {
	return {
		message: `Generation ${generationId} is not finished after ${seconds} seconds`,
		advice: `${provider.displayName} is still working on it, and nothing is lost. ${fetchLater(generationId)} Or raise 'Timeout'.`,
	};
}

export function unreadAtTimeout({ generationId, seconds, reason }: { generationId: string; seconds: number; reason: string }): Text {
	return {
		message: `Generation ${generationId} could not be read when its timeout of ${seconds} seconds ended: ${reason}`,
		advice: `It may be finished or still running; nothing is lost. ${fetchLater(generationId)}`,
	};
}

// The whole run

/** @param videos such as `2 videos` */
export function dryRun({ videos, cost, isOne, hasCost }: { videos: string; cost: string; isOne: boolean; hasCost: boolean }): Text {
	return {
		message: `Nothing was bought: this was a Dry Run. ${videos} would ${hasCost ? `cost about ${cost}` : 'be generated'}`,
		advice: `To generate ${isOne ? 'it' : 'them'}, switch off 'Dry Run'.`,
	};
}

export function notSuspended({ makes }: { makes: Product }): Text {
	return {
		message: `This execution could not be suspended, so the node waited for the ${makes}`,
		advice: "To use 'Suspend Until Finished', save the workflow, and use n8n 2.41 or a version that works like it.",
	};
}

/** @param missing such as `nodeExecutionStack`, in n8n's words */
export function engineChanged({ missing }: { missing: string }): Text {
	return {
		message: `This version of n8n does not let the node suspend an execution (it lacks ${missing})`,
		advice: `${NOTHING_BOUGHT} Set 'Completion' to 'Wait Until Finished', and look for an update of this node.`,
	};
}

/** @param videos such as `2 videos` */
export function triggerNotTold({ triggerUrl, generations, reason }: { triggerUrl: string; generations: string; reason: string }): Text {
	return {
		message: `The Luma Video Trigger at ${triggerUrl} could not be told about ${generations}: ${reason}`,
		advice: `Check that its workflow is published and that both nodes use the same credential. The node keeps trying for 15 minutes. ${GET_BY_ID}`,
	};
}

/** @param isRead whether the URLs come of reading a generation, not of waiting for it */
export function urlsExpire({ provider, minutes, isRead, makes }: { provider: Named; minutes: number; isRead: boolean; makes: Product }): Text {
	const keep = isRead ? "use operation 'Download'" : `switch on '${makes === 'image' ? 'Download Image' : 'Download Video'}'`;
	return {
		message: `URLs of ${provider.displayName} work for ${minutes} minutes`,
		advice: `To keep a file, ${keep}. Operation 'Get' of resource 'Generation' returns a fresh URL.`,
	};
}

/** @param items such as `item 2, item 5` */
export function othersInDoubt({ provider, items }: { provider: WithDashboard; items: string }): Text {
	return {
		message: `It is also not known whether ${provider.displayName} accepted the requests of ${items}`,
		advice: `Look at ${provider.dashboardUrl}.`,
	};
}

export function othersOfRun({ generations }: { generations: string }): Text {
	return {
		message: `Other generations of this run: ${generations}`,
		advice: `A retry of this execution continues them and buys none of them again. ${GET_BY_ID}`,
	};
}

/** @param advice what else is known of the run */
export function stopped({ hasRunning, generations, advice }: { hasRunning: boolean; generations: string; advice: string }): Text {
	return { message: `The execution was stopped${hasRunning ? `. Generations still running at the provider: ${generations}` : ''}`, advice };
}

/** @param requests such as `2 requests unanswered since 2026-11-20T14:46:03.809Z (items 3, 4)` */
export function stoppedUnanswered({ provider, requests }: { provider: WithDashboard; requests: string }): Text {
	return {
		message: requests,
		advice: `It is not known whether ${provider.displayName} accepted them: look at ${provider.dashboardUrl}. IDs that arrived later are in n8n's log.`,
	};
}
