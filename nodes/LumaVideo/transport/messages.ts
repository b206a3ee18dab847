/** What users are told about connections and downloads. */

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
	ECONNABORTED: 'no answer came in time',
	ETIMEDOUT: 'no answer came in time',
	ECONNRESET: 'the connection broke',
	EPIPE: 'the connection broke',
	ERR_BAD_RESPONSE: 'the answer broke off',
};
