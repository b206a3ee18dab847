/** What users are told about addresses, connections and downloads. */
import type { Product, Provider } from '../providers/provider';
import type { Text } from '../providers/text';

// ---------------------------------------------------------------------------------------------------------------
// Reasons for the end of a sentence

export const STOPPED = 'the execution was stopped';
export const NO_ANSWER = 'no answer came in time';
export const BROKEN = 'the connection broke';
export const ANSWER_CUT_OFF = 'the answer was cut off';
export const ANSWER_TOO_LARGE = 'the answer was larger than 16 MB';
export const BLOCKED = "n8n's protection of private networks (N8N_SSRF_PROTECTION_ENABLED) does not allow the address";
export const STALLED = 'no more data arrived';
export const CUT_OFF = 'the download was cut off';

/** Codes of Node.js and TLS that are raised before the first byte of a request is sent. */
export const NOT_SENT: Readonly<Record<string, string>> = {
	ECONNREFUSED: 'the connection was refused',
	ENOTFOUND: 'the host name is unknown',
	EAI_AGAIN: 'the host name could not be looked up',
	EHOSTUNREACH: 'the host cannot be reached',
	ENETUNREACH: 'the network cannot be reached',
	CERT_HAS_EXPIRED: 'its certificate has expired',
	DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is self-signed',
	SELF_SIGNED_CERT_IN_CHAIN: 'its certificate is self-signed',
	UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate cannot be verified',
	ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another host',
	ERR_INVALID_URL: 'the address is not valid',
};

/** Codes after which the provider may have acted. */
export const UNCLEAR: Readonly<Record<string, string>> = {
	ECONNABORTED: NO_ANSWER,
	ETIMEDOUT: NO_ANSWER,
	ECONNRESET: BROKEN,
	EPIPE: BROKEN,
	ERR_BAD_RESPONSE: ANSWER_CUT_OFF,
	ERR_CANCELED: STOPPED,
};

/** Why a trigger was not told of generations. */
export const TRIGGER_SILENT = 'It did not answer';
export const TRIGGER_ANSWERED = 'It answered';

// ---------------------------------------------------------------------------------------------------------------
// Addresses, as the end of a sentence that begins with the field's name

export const notAWebAddress = (): string => 'must be a web address beginning with https:// or http://';
export const onlyATrigger = ({ provider }: { provider: Pick<Provider, 'displayName'> }): string => `must be the URL of a Luma Video Trigger: ${provider.displayName} calls no other address`;
const SET_ADDRESS = 'Set N8N_WEBHOOK_URL (in older n8n WEBHOOK_URL) to the public address of n8n';

export const notReachable = ({ host, provider }: { host: string; provider: Pick<Provider, 'displayName'> }): string => `is at ${host}, which ${provider.displayName} cannot reach. ${SET_ADDRESS}`;
export const testUrl = (): string => 'is a test URL, which stops listening before the video is finished; use the production URL';
export const httpsNeeded = ({ provider }: { provider: Pick<Provider, 'displayName'> }): string => `must begin with https:// for ${provider.displayName}. ${SET_ADDRESS}`;

// ---------------------------------------------------------------------------------------------------------------
// Credentials

export function noBaseUrl({ provider }: { provider: Pick<Provider, 'displayName'> }): Text {
	return {
		message: "'Base URL' in the credential is not a web address",
		advice: `Enter the address of ${provider.displayName}'s API, beginning with https://.`,
	};
}

export function foreignKey({ provider, otherService, advice }: { provider: Pick<Provider, 'displayName'>; otherService: string; advice: string }): Text {
	return {
		message: `The API key in the credential belongs to ${otherService}, not to ${provider.displayName}`,
		advice: `${advice} Nothing was sent.`,
	};
}

// ---------------------------------------------------------------------------------------------------------------
// Downloads

/** The file of a generation. */
interface FileFacts {
	makes: Product;
	address: string;
}

export function fileTooLarge({ makes, address, maxSize }: FileFacts & { maxSize: string }): Text {
	return {
		message: `The ${makes} is larger than ${maxSize}`,
		advice: `Raise 'Max Download Size', or open ${address} yourself.`,
	};
}

export function privateAddress({ makes, address }: FileFacts): Text {
	return {
		message: `The ${makes} is not at a public web address`,
		advice: `The address ${address}, or one it redirects to, is not public. Nothing is downloaded from there.`,
	};
}

export function notDownloaded({ makes, address, reason, mayHaveExpired }: FileFacts & { reason: string; mayHaveExpired: boolean }): Text {
	return {
		message: `The ${makes} could not be downloaded: ${reason}`,
		advice: mayHaveExpired ? `Check whether ${address} still opens: it may have expired.` : `The ${makes} is still at ${address} and can be downloaded later.`,
	};
}

export function notMedia({ makes, address, contentType }: FileFacts & { contentType: string }): Text {
	return {
		message: `The URL of the ${makes} returns something else (${contentType})`,
		advice: `Open ${address} to see what it is.`,
	};
}
