/** URLs that work for a while and differ at every read, as storage services sign them. */
import { createHmac, randomBytes } from 'node:crypto';

const SECRET = randomBytes(16);

function signatureOf(path: string, expires: string, nonce: string): string {
	return createHmac('sha256', SECRET).update(`${path}\n${expires}\n${nonce}`).digest('hex');
}

/** The URL of a file under `/media`, with a signature that ends after `ms` milliseconds. */
export function presigned(url: string, ms: number): string {
	const signed = new URL(url);
	const expires = String(Date.now() + ms);
	const nonce = randomBytes(8).toString('hex');
	const path = signed.pathname.replace(/^.*?\/media\//, '/');
	for (const [name, value] of Object.entries({ expires, nonce, signature: signatureOf(path, expires, nonce) }))
		signed.searchParams.set(name, value);
	return signed.href;
}

/** Whether a request for this path under `/media` has a signature that is right and still works. */
export function isPresigned(path: string, query: URLSearchParams): boolean {
	const expires = query.get('expires') ?? '';
	const right = query.get('signature') === signatureOf(path, expires, query.get('nonce') ?? '');
	return right && Date.now() < Number(expires);
}
