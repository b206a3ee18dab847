/** What users are told about fields, before anything is sent, and about generations, always with their IDs. */
import type { Product, Provider } from '../providers/provider';
import type { Text } from '../providers/text';
import { fetchLater } from './failure';

type Named = Pick<Provider, 'dashboardUrl' | 'displayName'>;

// ---------------------------------------------------------------------------------------------------------------
// Fields, as the end of a sentence that begins with the field's name

export const empty = (): string => 'is empty';
/** @param facts.actual such as `it is text` */
export const wrongType = ({ expected, actual }: { expected: string; actual: string }): string => `must be ${expected}, but ${actual}`;
/** @param facts.where the provider, or one of its models */
export const notAllowed = ({ value, where, allowed }: { value: string; where: string; allowed: string }): string => `cannot be ${value} for ${where}. Allowed: ${allowed}`;
export const notAvailable = ({ where, isSwitch }: { where: string; isSwitch: boolean }): string => `is not available for ${where}; ${isSwitch ? 'switch it off' : 'leave it out'}`;
export const imageNeeded = ({ where }: { where: string }): string => `is empty, but ${where} only generates videos from images`;
export const startImageNeeded = ({ where }: { where: string }): string => `needs 'Start Image' for ${where}`;
export const notWithEndImage = ({ where }: { where: string }): string => `cannot be combined with 'End Image' for ${where}; use one of the two`;
export const tooShort = ({ length, minimum }: { length: number; minimum: number }): string => `is too short: ${length} characters (minimum ${minimum})`;
export const tooLong = ({ length, maximum }: { length: number; maximum: number }): string => `is too long: ${length} characters (maximum ${maximum})`;
export const tooManyImages = ({ count, maximum }: { count: number; maximum: number }): string => `has too many images: ${count} (maximum ${maximum})`;
export const notJson = (): string => 'is not valid JSON';
export const notAnObject = (): string => 'must be a JSON object';
export const notAnId = (): string => 'has characters that no ID has';
export const googleDrivePage = (): string => "is a Google Drive page, not a file; download the file with n8n's Google Drive node and use Input Data";
export const dropboxPage = (): string => 'is a Dropbox page, not a file; replace dl=0 at its end with raw=1';
export const localAddress = ({ host }: { host: string }): string => `is at ${host}, which the provider cannot reach; use a public web address`;
/** A whole sentence. @param facts.part `image` or `frame` */
export const inKeyframe = ({ part, number, finding }: { part: string; number: number; finding: string }): string => `'Keyframes': the ${part} of keyframe ${number} ${finding}`;
export const notATrigger = ({ ending }: { ending: string }): string => `must be the URL of a Luma Video Trigger, which ends in ${ending}`;
export const secondCallback = (): string => "must be empty when 'Trigger URL' is set: only one address can be called";
/** A whole sentence. */
export const notSupported = ({ provider }: { provider: Pick<Provider, 'displayName'> }): string => `${provider.displayName} does not support this operation`;

// ---------------------------------------------------------------------------------------------------------------
// The spending limit

export function maxCostNotANumber(): Text {
	return {
		message: "'Max Cost' must be a number of US dollars",
		advice: "Enter a number of 0 or more, or remove 'Max Cost'. Nothing was sent.",
	};
}

export function priceUnknown({ makes, displayName }: { makes: Product; displayName: string }): Text {
	return {
		message: `'Max Cost' cannot be checked: the price of ${makes === 'image' ? 'an image' : 'a video'} is not known for this request to ${displayName}`,
		advice: "Remove 'Max Cost', or choose a model with a published price and no 'Additional Body Fields' that change it. Nothing was sent.",
	};
}

export function overMaxCost({ makes, isOne, count, cost, maxCost }: { makes: Product; isOne: boolean; count: number; cost: string; maxCost: string }): Text {
	return {
		message: `${isOne ? `One ${makes}` : `${count} ${makes}s`} would cost about ${cost}, more than 'Max Cost' allows (${maxCost})`,
		advice: `Raise 'Max Cost', send fewer items, or choose ${makes === 'image' ? 'a cheaper model' : 'a lower resolution or duration'}. Nothing was sent.`,
	};
}

// ---------------------------------------------------------------------------------------------------------------
// Submitting

export function cannotBeReached({ provider, reason }: { provider: Pick<Provider, 'displayName'>; reason: string }): Text {
	return {
		message: `${provider.displayName} cannot be reached: ${reason}`,
		advice: "Check n8n's network and 'Base URL' in the credential.",
	};
}

/** The provider refused the request, or never got it. */
export function notBought({ message, advice }: Text): Text {
	return { message, advice: `Nothing was bought. ${advice} Then run this item again.` };
}

/** Why a request is in doubt. */
export const CRASHED = 'n8n was interrupted while the request may have been under way';
export const UNANSWERED = 'an earlier try got no answer';
export const STOPPED_UNANSWERED = 'the execution was stopped before the answer came';

interface Doubt {
	provider: Named;
	makes: Product;
	reason: string;
	/** In ISO 8601. */
	sentAt: string;
	hasLookAlikes: boolean;
	/** IDs in the provider's list. */
	lookAlikes: string;
	/** The provider's list was read and has nothing like it. */
	isNotListed: boolean;
	isAfterCrash: boolean;
}

/** It is not known whether the request was accepted. */
export function inDoubt({ provider, makes, reason, sentAt, hasLookAlikes, lookAlikes, isNotListed, isAfterCrash }: Doubt): Text {
	const found = hasLookAlikes
		? ` The list of generations has possible matches, which may belong to other requests: ${lookAlikes}.`
		: isNotListed
			? ' The list of generations does not show it yet; lists can lag behind.'
			: '';
	const again = isAfterCrash
		? "If there is none, switch on 'Buy Again After a Crash' in 'Options' and retry the execution with the currently saved workflow."
		: `Retrying this execution does not send the request again; to buy the ${makes} again, start a new execution.`;
	return {
		message: `It is not known whether ${provider.displayName} accepted the request: ${reason}`,
		advice: `${makes === 'image' ? 'An image' : 'A video'} may have been bought.${found} Look at ${provider.dashboardUrl} for a generation started at ${sentAt}. ${again}`,
	};
}

interface Unexpected {
	provider: Named;
	makes: Product;
	reason: string;
	generationId: string;
	hasGeneration: boolean;
	mayBeBought: boolean;
}

/** A defect of this package. */
export function unexpected({ provider, makes, reason, generationId, hasGeneration, mayBeBought }: Unexpected): Text {
	const rest = hasGeneration
		? fetchLater(generationId)
		: mayBeBought
			? `${makes === 'image' ? 'An image' : 'A video'} may have been bought: look at ${provider.dashboardUrl}.`
			: 'Nothing was bought.';
	return {
		message: `Something unexpected happened: ${reason}`,
		advice: `Please report this to the maintainers of the Luma Video node. ${rest}`,
	};
}

// ---------------------------------------------------------------------------------------------------------------
// Generations

interface Unreadable {
	provider: Pick<Provider, 'displayName'>;
	generationId: string;
	reason: string;
	advice: string;
	/** The provider has none with this ID. */
	isUnknown: boolean;
	isUnreachable: boolean;
	mayRun: boolean;
}

export function cannotBeRead({ provider, generationId, reason, advice, isUnknown, isUnreachable, mayRun }: Unreadable): Text {
	return {
		message: isUnknown ? `${provider.displayName} has no generation ${generationId}` : `Generation ${generationId} cannot be read: ${reason}`,
		advice: `${isUnreachable ? 'The generation is not affected. ' : ''}${advice}${mayRun ? ` It may still be running. ${fetchLater(generationId)}` : ''}`,
	};
}

/** @param facts.status as the node's output has it */
export function noFile({ provider, makes, generationId, status }: { provider: Named; makes: Product; generationId: string; status: string }): Text {
	return {
		message: `Generation ${generationId} has no ${makes} to download (status: ${status})`,
		advice: `${fetchLater(generationId)} Or look at ${provider.dashboardUrl}.`,
	};
}

export const NO_REASON = 'no reason given';
export const OTHER_INPUT = 'Change the prompt or the images, then run this item again.';

interface FailedGeneration {
	provider: Pick<Provider, 'displayName'>;
	makes: Product;
	generationId: string;
	reason: string;
	advice: string;
	isFree: boolean;
}

export function generationFailed({ provider, makes, generationId, reason, advice, isFree }: FailedGeneration): Text {
	return {
		message: `${provider.displayName} could not generate the ${makes}: ${reason} (generation ${generationId})`,
		advice: isFree ? `${advice} ${provider.displayName} does not charge for it.` : advice,
	};
}

export function downloadFailed({ message, advice, generationId }: Text & { generationId: string }): Text {
	return {
		message: `${message} (generation ${generationId})`,
		advice: `${advice} With the ID ${generationId}, resource 'Generation' can get a fresh URL (operation 'Get') or the file ('Download').`,
	};
}
