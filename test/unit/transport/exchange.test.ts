import { describe, expect, it } from '@jest/globals';
import type { INode } from 'n8n-workflow';
import { NodeApiError, NodeOperationError } from 'n8n-workflow';
import { PassThrough, Readable } from 'node:stream';
import { exchange, faultOf } from '../../../nodes/LumaVideo/transport/exchange';
import type { Exchange, ExchangeOptions, RequestFault } from '../../../nodes/LumaVideo/transport/exchange';

const NODE: INode = { id: '1', name: 'Luma Video', type: 'n8n-nodes-luma-video.lumaVideo', typeVersion: 1, position: [0, 0], parameters: {} };

function systemError(code: string, more: Record<string, unknown> = {}): Error {
	return Object.assign(new Error(`something about ${code}`), { code, ...more });
}

/** Every form in which the same error reaches the node. */
function formsOf(error: Error): Error[] {
	return [
		error,
		new Error('wrapped', { cause: error }),
		new Error('twice', { cause: new Error('wrapped', { cause: error }) }),
		new NodeApiError(NODE, error as unknown as ConstructorParameters<typeof NodeApiError>[1]),
		new NodeOperationError(NODE, error),
	];
}

describe('a fault', () => {
	it.each<[Error, RequestFault]>([
		[systemError('ECONNREFUSED'), { outcome: 'notSent', text: 'the connection was refused' }],
		[systemError('ENOTFOUND'), { outcome: 'notSent', text: 'the host name is unknown' }],
		[systemError('EAI_AGAIN'), { outcome: 'notSent', text: 'the host name could not be looked up' }],
		[systemError('EHOSTUNREACH', { syscall: 'connect' }), { outcome: 'notSent', text: 'the host cannot be reached' }],
		[systemError('ENETUNREACH', { syscall: 'connect' }), { outcome: 'notSent', text: 'the network cannot be reached' }],
		[systemError('CERT_HAS_EXPIRED'), { outcome: 'notSent', text: 'its certificate has expired' }],
		[systemError('DEPTH_ZERO_SELF_SIGNED_CERT'), { outcome: 'notSent', text: 'its certificate is self-signed' }],
		[systemError('SELF_SIGNED_CERT_IN_CHAIN'), { outcome: 'notSent', text: 'its certificate is self-signed' }],
		[systemError('UNABLE_TO_VERIFY_LEAF_SIGNATURE'), { outcome: 'notSent', text: 'its certificate cannot be verified' }],
		[systemError('ERR_TLS_CERT_ALTNAME_INVALID'), { outcome: 'notSent', text: 'its certificate is for another host' }],
		[systemError('ERR_INVALID_URL'), { outcome: 'notSent', text: 'the address is not valid' }],
		[systemError('ECONNABORTED'), { outcome: 'unclear', text: 'no answer came in time' }],
		[systemError('ETIMEDOUT'), { outcome: 'unclear', text: 'no answer came in time' }],
		[systemError('ETIMEDOUT', { syscall: 'connect' }), { outcome: 'unclear', text: 'no answer came in time' }],
		[systemError('ECONNRESET'), { outcome: 'unclear', text: 'the connection broke' }],
		[systemError('EPIPE'), { outcome: 'unclear', text: 'the connection broke' }],
		[systemError('ERR_BAD_RESPONSE'), { outcome: 'unclear', text: 'the answer was cut off' }],
		[systemError('EHOSTUNREACH', { syscall: 'read' }), { outcome: 'unclear', text: 'the connection broke (EHOSTUNREACH)' }],
		[systemError('ENETUNREACH'), { outcome: 'unclear', text: 'the connection broke (ENETUNREACH)' }],
		[systemError('EPROTO'), { outcome: 'unclear', text: 'the connection broke (EPROTO)' }],
		[systemError('', { name: 'SsrfBlockedIpError' }), { outcome: 'notSent', text: "n8n's protection of private networks (N8N_SSRF_PROTECTION_ENABLED) does not allow the address" }],
		[systemError('ERR_CANCELED'), { outcome: 'cancelled', text: 'the execution was stopped' }],
	])('%s is told in whatever n8n wraps it', (error, fault) => {
		for (const form of formsOf(error)) expect(faultOf(form, false)).toEqual(fault);
	});

	it('of all addresses of a host is one of connecting', () => {
		const each = ['10.0.0.1', '::1'].map((address) => systemError('ENETUNREACH', { syscall: 'connect', address }));
		const error = Object.assign(new AggregateError(each), { code: 'ENETUNREACH' });
		expect(faultOf(error, false)).toEqual({ outcome: 'notSent', text: 'the network cannot be reached' });
	});

	it.each<[unknown, string]>([
		[new Error('timeout of 60000ms exceeded'), 'no answer came in time'],
		[new Error('Connection Timeout'), 'no answer came in time'],
		[new Error('The request was aborted'), 'the connection broke'],
		[new Error('socket hang up'), 'the connection broke'],
		[new Error('who knows'), 'the connection broke'],
		[new Error(''), 'the connection broke'],
		['a text', 'the connection broke'],
		[null, 'the connection broke'],
		[undefined, 'the connection broke'],
		[{}, 'the connection broke'],
		[{ code: 7 }, 'the connection broke'],
		[{ code: '' }, 'the connection broke'],
	])('without a code, %s, leaves open whether the request arrived', (error, text) => {
		expect(faultOf(error, false)).toEqual({ outcome: 'unclear', text });
	});

	it.each([systemError('ECONNRESET'), systemError('ECONNABORTED'), new Error('aborted'), null])(
		'after a stop, %s, is the stop',
		(error) => {
			expect(faultOf(error, true)).toEqual({ outcome: 'cancelled', text: 'the execution was stopped' });
		},
	);

	it('after a stop that came before the connection was made: nothing was sent all the same', () => {
		expect(faultOf(systemError('ECONNREFUSED'), true).outcome).toBe('notSent');
	});

	it('in an endless chain of causes comes to an end', () => {
		const error: Error & { cause?: unknown } = new Error('x');
		error.cause = error;
		expect(faultOf(error, false).outcome).toBe('unclear');
	});

	it('holds nothing of the message, which may hold the address and the key', () => {
		const fault = faultOf(new Error('request to https://user:SECRET@example.com failed'), false);
		expect(JSON.stringify(fault)).not.toContain('SECRET');
	});
});

describe('an answer', () => {
	/** The body of an answer, which ends with the connection as that of n8n's helper does. */
	type Body = (signal: AbortSignal) => unknown;

	async function ask(body: Body, { timeoutMs = 60_000, stop }: { timeoutMs?: number; stop?: AbortSignal } = {}): Promise<{ result: Exchange; isOpen: boolean }> {
		let connection: AbortSignal | undefined;
		const request = async ({ abortSignal }: ExchangeOptions): Promise<unknown> => {
			connection = abortSignal;
			return await Promise.resolve({ statusCode: 200, headers: {}, body: body(abortSignal) });
		};
		const result = await exchange(request, { timeoutMs, cancelSignal: stop, secret: 'sk-123456' });
		return { result, isOpen: connection?.aborted === false };
	}

	/** Begins, and then stays silent until the connection ends. */
	const silent: Body = (signal) => {
		const body = new PassThrough();
		body.write('{"id":');
		signal.addEventListener('abort', () => body.destroy(Object.assign(new Error('canceled'), { code: 'ERR_CANCELED' })));
		return body;
	};

	it('is put together from its pieces, wherever they are cut', async () => {
		const bytes = Buffer.from('\uFEFF{"text":"Ein schöner Tag 🌞 with sk-123456"}');
		const body = Readable.from(Array.from(bytes, (byte) => Buffer.from([byte])));
		expect(await ask(() => body)).toMatchObject({ result: { answer: { text: '{"text":"Ein schöner Tag 🌞 with [API key]"}' } }, isOpen: true });
	});

	it('of 16 MB is read; of more it leaves open what the service did, and the connection is closed', async () => {
		const piece = Buffer.alloc(1_000_000, ' ');
		expect((await ask(() => Readable.from(Array<Buffer>(16).fill(piece)))).result.kind).toBe('answer');
		let sent = 0;
		const endless = Readable.from(
			(function* () {
				for (;;) {
					sent++;
					yield piece;
				}
			})(),
		);
		expect(await ask(() => endless)).toEqual({
			result: { kind: 'fault', fault: { outcome: 'unclear', text: 'the answer was larger than 16 MB' } },
			isOpen: false,
		});
		expect(sent).toBeLessThan(40);
	});

	it('that breaks off leaves open what the service did', async () => {
		const broken: Body = () => Readable.from((function* () {
			yield Buffer.from('{"id":');
			throw Object.assign(new Error('aborted'), { code: 'ECONNRESET' });
		})());
		expect((await ask(broken)).result).toEqual({ kind: 'fault', fault: { outcome: 'unclear', text: 'the answer was cut off' } });
	});

	it('that never ends is given up after the time limit', async () => {
		const { result, isOpen } = await ask(silent, { timeoutMs: 5 });
		expect({ result, isOpen }).toEqual({ result: { kind: 'fault', fault: { outcome: 'unclear', text: 'no answer came in time' } }, isOpen: false });
	});

	it('is no longer waited for when the execution is stopped', async () => {
		const stop = new AbortController();
		const asked = ask(silent, { stop: stop.signal });
		setImmediate(() => {
			stop.abort();
		});
		expect((await asked).result).toEqual({ kind: 'fault', fault: { outcome: 'cancelled', text: 'the execution was stopped' } });
	});
});
