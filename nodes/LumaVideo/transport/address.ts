/** Which addresses are reachable from outside. Pure: names are not resolved. */

/** The parsed URL when it is http(s) with a host, else `null`. */
export function parseHttpUrl(text: string): URL | null {
	let url: URL;
	try {
		url = new URL(text.trim());
	} catch {
		return null;
	}
	// The WHATWG parser turns `https:/path` into a host and ignores line breaks; other parsers take the text literally.
	if (!/^https?:\/\/[^/\\?#\s][^\t\n\r]*$/i.test(text.trim())) return null;
	return url;
}

const PRIVATE_IPV4 = [
	/^0\./,
	/^10\./,
	/^127\./,
	/^169\.254\./,
	/^172\.(1[6-9]|2\d|3[01])\./,
	/^192\.168\./,
	// Protocol assignments, documentation and benchmarks: RFC 6890, 5737, 2544.
	/^192\.0\.[02]\./,
	/^198\.(1[89]|51\.100)\./,
	/^203\.0\.113\./,
	// Carrier-grade NAT, RFC 6598.
	/^100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\./,
	// Multicast, reserved and broadcast.
	/^(22[4-9]|2[3-5]\d)\./,
];

/**
 * Whether a host is local: localhost, private and link-local ranges, single-label names (`n8n`, `minio`) and the
 * suffixes reserved for local use (RFC 6761, RFC 6762, RFC 8375).
 *
 * @param hostname as `URL.hostname` gives it; IPv6 in brackets
 */
export function isLocalHost(hostname: string): boolean {
	const host = hostname.toLowerCase().replace(/\.+$/, '');
	if (host.startsWith('[')) {
		const address = host.slice(1, -1);
		const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(address);
		if (mapped) {
			const [high, low] = [Number.parseInt(mapped[1] ?? '0', 16), Number.parseInt(mapped[2] ?? '0', 16)];
			return isLocalHost(`${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`);
		}
		// In IPv6, only 2000::/3 is allocated for public addresses. Within it, Teredo (2001::/32), documentation and 6to4 are
		// not: two of them carry an IPv4 address to which packets go in the end.
		return !/^[23][0-9a-f]{3}:/.test(address) || /^(2001:(0:|:|db8:)|2002:|3fff:[0-9a-f]{1,3}:|3fff::)/.test(address);
	}
	if (/^\d+\.\d+\.\d+\.\d+$/.test(host)) return PRIVATE_IPV4.some((range) => range.test(host));
	if (!host.includes('.')) return true;
	return /\.(localhost|local|internal|lan|home\.arpa|test|invalid)$/.test(host);
}
