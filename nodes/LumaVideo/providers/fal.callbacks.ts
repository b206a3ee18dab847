/** Calls of fal.ai when a request is over, and the signatures on them. Pure. */
import { createHash, createPublicKey, verify } from 'node:crypto';
import { firstText, valueAt } from './answers';
import { read } from './fal.answers';
import type { Callbacks, GenerationStatus, IncomingCall } from './provider';

const WORDS: ReadonlyMap<string, GenerationStatus> = new Map([
	['OK', 'completed'],
	['ERROR', 'failed'],
]);

/** "Webhooks": calls are refused that are this old, or from as far ahead. */
const TOLERANCE_S = 300;

/** "Webhooks": request, user, time and the hash of the body as it was sent, a line each. */
function signedText({ text, headers }: IncomingCall): string {
	const named = ['request-id', 'user-id', 'timestamp'].map((name) => headers[`x-fal-webhook-${name}`] ?? '');
	return [...named, createHash('sha256').update(text).digest('hex')].join('\n');
}

/** @param x of the JWK: the public key itself, base64url */
function isSignedWith(x: string, text: string, signature: Buffer): boolean {
	try {
		const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
		return verify(null, Buffer.from(text), key, signature);
	} catch {
		// No key at all.
		return false;
	}
}

export const callbacks: Callbacks = {
	// No document asks for https.
	httpsOnly: false,
	read({ body }) {
		const generationId = firstText(valueAt(body, 'request_id'));
		const status = WORDS.get(firstText(valueAt(body, 'status')) ?? '');
		return generationId !== null && status ? { generationId, status } : null;
	},
	signature: {
		keys: {
			call: () => ({ method: 'GET', publicOrigin: 'https://rest.fal.ai', path: '/.well-known/jwks.json' }),
			read: (answer) =>
				read(
					answer,
					'account',
					(json) => {
						const keys = valueAt(json, 'keys');
						if (!Array.isArray(keys)) return null;
						const own = keys.filter((key) => valueAt(key, 'kty') === 'OKP' && valueAt(key, 'crv') === 'Ed25519');
						return own.map((key) => firstText(valueAt(key, 'x'))).filter((x) => x !== null);
					},
					'the keys of its signatures',
				),
		},
		isGenuine(call, keys, now) {
			const { 'x-fal-webhook-timestamp': timestamp = '', 'x-fal-webhook-signature': signature = '' } = call.headers;
			if (!/^\d+$/.test(timestamp) || !/^[0-9a-f]{128}$/i.test(signature)) return false;
			if (Math.abs(now / 1000 - Number(timestamp)) > TOLERANCE_S) return false;
			const text = signedText(call);
			return keys.some((x) => isSignedWith(x, text, Buffer.from(signature, 'hex')));
		},
	},
};
