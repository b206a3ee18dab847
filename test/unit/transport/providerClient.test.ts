import { describe, expect, it } from '@jest/globals';
import type { IAdditionalCredentialOptions, IExecuteFunctions, IHttpRequestOptions, INode, IWebhookFunctions } from 'n8n-workflow';
import { NodeApiError, NodeOperationError } from 'n8n-workflow';
import { providers } from '../../../nodes/LumaVideo/providers';
import type { ProviderCall } from '../../../nodes/LumaVideo/providers/provider';
import type { ProviderClient, RequestFault } from '../../../nodes/LumaVideo/transport/providerClient';
import { createProviderClient, faultOf } from '../../../nodes/LumaVideo/transport/providerClient';

const NODE: INode = {
	id: '1',
	name: 'Luma Video',
	type: 'n8n-nodes-luma-video.lumaVideo',
	typeVersion: 1,
	position: [0, 0],
	parameters: {},
};

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

interface Service {
	client: ProviderClient;
	requests: IHttpRequestOptions[];
	credentials: string[];
	/** Requests without the key. */
	strangers: IHttpRequestOptions[];
	/** What the helper was called on. */
	contexts: unknown[];
}

async function connect(
	credential: Record<string, unknown>,
	answer: unknown = { statusCode: 200, headers: {}, body: '{}' },
	cancel?: AbortSignal,
): Promise<Service> {
	const requests: IHttpRequestOptions[] = [];
	const credentials: string[] = [];
	const strangers: IHttpRequestOptions[] = [];
	const contexts: unknown[] = [];
	const context = {
		getNode: () => NODE,
		getCredentials: async (type: string) => {
			credentials.push(type);
			return await Promise.resolve(credential);
		},
		getExecutionCancelSignal: () => cancel,
		helpers: {
			async httpRequestWithAuthentication(this: unknown, type: string, options: IHttpRequestOptions): Promise<unknown> {
				contexts.push(this);
				credentials.push(type);
				requests.push(options);
				if (answer instanceof Error) throw answer;
				return await Promise.resolve(answer);
			},
			httpRequest: async (options: IHttpRequestOptions): Promise<unknown> => {
				strangers.push(options);
				if (answer instanceof Error) throw answer;
				return await Promise.resolve(answer);
			},
		},
	} as unknown as IExecuteFunctions;
	return { client: await createProviderClient(context, providers.pixazo, 5000), requests, credentials, strangers, contexts };
}

describe('a client', () => {
	const CALL: ProviderCall = {
		method: 'POST',
		path: '/v1/x',
		query: { limit: 5 },
		headers: { 'X-Webhook-URL': 'https://n8n.example' },
		body: { prompt: 'A cat' },
	};

	it('sends what the provider describes to the address of the credential, and nowhere else', async () => {
		const { client, requests, credentials } = await connect({ apiKey: 'key', baseUrl: 'https://gateway.example/base/' });
		await client.send(CALL);
		expect(requests).toEqual([
			expect.objectContaining({
				method: 'POST',
				url: 'https://gateway.example/base/v1/x',
				qs: { limit: 5 },
				headers: { Accept: 'application/json', 'X-Webhook-URL': 'https://n8n.example' },
				body: { prompt: 'A cat' },
				timeout: 5000,
				disableFollowRedirect: true,
				ignoreHttpStatusErrors: true,
				returnFullResponse: true,
				encoding: 'text',
			}),
		]);
		expect(new Set(credentials)).toEqual(new Set(['pixazoApi']));
	});

	it.each([
		['inside of an execution', { getExecutionCancelSignal: () => undefined }, undefined],
		['outside of one', {}, { apiKey: 'key', baseUrl: 'https://gateway.example', allowedDomains: 'gateway.example' }],
	])('has n8n read the credential again for each request only %s', async (_, more, known) => {
		const handedOn: unknown[] = [];
		const context = {
			getNode: () => NODE,
			getCredentials: async () =>
				await Promise.resolve({ apiKey: 'key', baseUrl: 'https://gateway.example', allowedDomains: 'gateway.example' }),
			...more,
			helpers: {
				httpRequestWithAuthentication: async (...[, , options]: [string, unknown, IAdditionalCredentialOptions?]) => {
					handedOn.push(options?.credentialsDecrypted?.data);
					return await Promise.resolve({ statusCode: 200, headers: {}, body: '{}' });
				},
			},
		} as unknown as IWebhookFunctions;
		const client = await createProviderClient(context, providers.pixazo, 5000);
		await client.send(CALL);
		expect(handedOn).toEqual([known]);
	});

	it.each([
		['https://gateway.example', 'https://gateway.example/v1/x'],
		['https://gateway.example/', 'https://gateway.example/v1/x'],
		['https://gateway.example///', 'https://gateway.example/v1/x'],
		[' https://gateway.example:8443/a/b ', 'https://gateway.example:8443/a/b/v1/x'],
		['https://gateway.example/a?key=1#x', 'https://gateway.example/a/v1/x'],
		['https://user:word@gateway.example/a', 'https://gateway.example/a/v1/x'],
	])('takes %j as its address', async (baseUrl, url) => {
		const { client } = await connect({ apiKey: 'key', baseUrl });
		expect(client.addressOf(CALL)).toBe(`${url}?limit=5`);
	});

	it.each([
		['https://queue.example', 'https://rest.example/v1/x'],
		['https://queue.example/', 'https://rest.example/v1/x'],
		['https://queue.example/proxied', 'https://queue.example/proxied/v1/x'],
		['https://queue.example.org', 'https://queue.example.org/v1/x'],
		['http://localhost:4010/fal', 'http://localhost:4010/fal/v1/x'],
	])('with the address %s sends what is for another host of the provider to %s, with the key', async (baseUrl, url) => {
		const { client, requests, strangers } = await connect({ apiKey: 'key', baseUrl });
		await client.send({ ...CALL, sibling: { of: 'https://queue.example', origin: 'https://rest.example' } });
		expect([requests.map((each) => each.url), strangers]).toEqual([[url], []]);
	});

	it.each([undefined, null, '', 'gateway.example', 'ftp://gateway.example', 7])('refuses %p as its address', async (baseUrl) => {
		await expect(connect({ apiKey: 'key', baseUrl })).rejects.toThrow("'Base URL' in the credential is not a web address");
	});

	it.each([
		['https://gateway.example', false],
		['http://localhost:8080', true],
		['http://10.0.0.5/x', true],
	])('knows whether %s is inside: %p', async (baseUrl, isLocal) => {
		expect((await connect({ apiKey: 'key', baseUrl })).client.isLocal).toBe(isLocal);
	});

	it.each<[string, unknown, Partial<Record<'statusCode' | 'text' | 'headers', unknown>>]>([
		['text', { statusCode: 200, headers: {}, body: '{"a":1}' }, { text: '{"a":1}' }],
		['an object', { statusCode: 200, headers: {}, body: { a: 1 } }, { text: '{"a":1}' }],
		['nothing', { statusCode: 204, headers: {}, body: undefined }, { statusCode: 204, text: '' }],
		['null', { statusCode: 200, headers: {}, body: null }, { text: '' }],
		['no headers', { statusCode: 200, body: '' }, { headers: {} }],
		[
			'headers of all kinds',
			{ statusCode: 429, headers: { 'Retry-After': 5, Date: 'now', 'Set-Cookie': ['a', 'b'] }, body: '' },
			{ statusCode: 429, headers: { 'retry-after': '5', date: 'now' } },
		],
	])('reads an answer with %s', async (_, response, expected) => {
		const { client } = await connect({ apiKey: 'key', baseUrl: 'https://gateway.example' }, response);
		expect(await client.send(CALL)).toMatchObject({ kind: 'answer', answer: expected });
	});

	it('takes the key out of an answer that repeats it', async () => {
		const response = { statusCode: 401, headers: {}, body: 'Key sk-123456 is wrong; sk-123456 was tried' };
		const { client } = await connect({ apiKey: ' sk-123456 ', baseUrl: 'https://gateway.example' }, response);
		expect(await client.send(CALL)).toMatchObject({ answer: { text: 'Key [API key] is wrong; [API key] was tried' } });
	});

	it.each(['', 'a', 'abcde'])('does not take %j for a key', async (apiKey) => {
		const response = { statusCode: 200, headers: {}, body: 'abcde fghij' };
		const { client } = await connect({ apiKey, baseUrl: 'https://gateway.example' }, response);
		expect(await client.send(CALL)).toMatchObject({ answer: { text: 'abcde fghij' } });
	});

	it('never throws for what a network can do', async () => {
		const { client } = await connect({ apiKey: 'key', baseUrl: 'https://gateway.example' }, systemError('ECONNRESET'));
		expect(await client.send(CALL)).toEqual({ kind: 'fault', fault: { outcome: 'unclear', text: 'the connection broke' } });
	});

	it('takes a break after a stop for the stop', async () => {
		const credential = { apiKey: 'key', baseUrl: 'https://gateway.example' };
		const { client } = await connect(credential, systemError('ECONNRESET'), AbortSignal.abort());
		expect(await client.send(CALL)).toMatchObject({ fault: { outcome: 'cancelled' } });
	});

	it('does not take a break of a request that outlives the stop for the stop', async () => {
		const credential = { apiKey: 'key', baseUrl: 'https://gateway.example' };
		const { client } = await connect(credential, systemError('ECONNRESET'), AbortSignal.abort());
		expect(await client.send(CALL, { outlivesStop: true })).toMatchObject({ fault: { outcome: 'unclear' } });
	});

	it('sends without a body or a query where the provider describes none', async () => {
		const { client, requests } = await connect({ apiKey: 'key', baseUrl: 'https://gateway.example' });
		await client.send({ method: 'GET', path: '/v1/x' });
		expect(requests[0]).not.toHaveProperty('body');
		expect(requests[0]).not.toHaveProperty('qs');
	});

	it('names a cancel signal to n8n, but not for a request that outlives the stop', async () => {
		const credential = { apiKey: 'key', baseUrl: 'https://gateway.example' };
		const { client, contexts } = await connect(credential, { statusCode: 200 }, new AbortController().signal);
		await client.send(CALL);
		await client.send(CALL, { outlivesStop: true });
		const [plain, lasting] = contexts as [IExecuteFunctions, IExecuteFunctions];
		expect(plain).toHaveProperty('getExecutionCancelSignal');
		expect(lasting).not.toHaveProperty('getExecutionCancelSignal');
		// What n8n's helper needs for the credential.
		expect(lasting.getNode()).toBe(NODE);
		expect(await lasting.getCredentials('pixazoApi')).toBe(credential);
		expect(lasting.helpers).toBe(plain.helpers);
	});

	it.each([6, 7])('takes a key of %d characters out of an answer', async (length) => {
		const apiKey = 'k'.repeat(length);
		const { client } = await connect({ apiKey, baseUrl: 'https://gateway.example' }, { statusCode: 200, body: `<${apiKey}>` });
		expect(await client.send(CALL)).toMatchObject({ answer: { text: '<[API key]>' } });
	});

	it.each([undefined, null, 7])('works with %p in place of a key: the service refuses it', async (apiKey) => {
		const { client } = await connect({ apiKey, baseUrl: 'https://gateway.example' }, { statusCode: 401, body: 'undefined null 7' });
		expect(await client.send(CALL)).toMatchObject({ answer: { statusCode: 401, text: 'undefined null 7' } });
	});

	it('says what to enter where the address is none', async () => {
		const refused: unknown = await connect({ apiKey: 'key', baseUrl: '' }).catch((error: unknown) => error);
		expect(refused).toBeInstanceOf(NodeOperationError);
		expect(refused).toMatchObject({ description: "Enter the address of Pixazo's API, beginning with https://." });
	});
});

describe('a client that sends a file', () => {
	const FORM = { fields: { a: 'b' }, file: { field: 'file', name: 'x.png', mimeType: 'image/png', data: Buffer.from('PNG') } };
	const CREDENTIAL = { apiKey: 'sk-123456', baseUrl: 'https://gateway.example/base' };
	const OPTIONS = {
		method: 'POST',
		timeout: 5000,
		encoding: 'text',
		returnFullResponse: true,
		ignoreHttpStatusErrors: true,
		disableFollowRedirect: true,
	};

	it('to the provider: with the key, and to the address of the credential', async () => {
		const { client, requests, strangers } = await connect(CREDENTIAL, { statusCode: 200, body: 'sk-123456 took it' });
		expect(await client.sendForm({ path: '/upload' }, FORM)).toMatchObject({
			kind: 'answer',
			answer: { statusCode: 200, text: '[API key] took it' },
		});
		expect(requests).toEqual([
			{
				...OPTIONS,
				url: 'https://gateway.example/base/upload',
				headers: { Accept: 'application/json', 'Content-Type': expect.stringMatching(/^multipart\/form-data; boundary=\S+$/) },
				body: expect.any(Buffer),
			},
		]);
		expect(String(requests[0]?.body)).toContain('PNG');
		expect(strangers).toEqual([]);
	});

	it('to another address: without the key, and until the execution is stopped', async () => {
		const { signal } = new AbortController();
		const { client, requests, strangers } = await connect(CREDENTIAL, { statusCode: 204 }, signal);
		expect(await client.sendForm({ url: 'https://store.example/put' }, FORM)).toMatchObject({ answer: { statusCode: 204 } });
		expect(strangers).toEqual([expect.objectContaining({ ...OPTIONS, url: 'https://store.example/put', abortSignal: signal })]);
		expect(JSON.stringify(strangers)).not.toContain('sk-123456');
		expect(requests).toEqual([]);
	});

	it('where nothing can be stopped, without a signal', async () => {
		const { client, strangers } = await connect(CREDENTIAL);
		await client.sendForm({ url: 'https://store.example/put' }, FORM);
		expect(strangers[0]).not.toHaveProperty('abortSignal');
	});

	it.each([
		[undefined, 'unclear'],
		[AbortSignal.abort(), 'cancelled'],
	])('never throws for what a network can do (stopped: %p)', async (cancel, outcome) => {
		const { client } = await connect(CREDENTIAL, systemError('ECONNRESET'), cancel);
		for (const target of [{ path: '/upload' }, { url: 'https://store.example/put' }]) {
			expect(await client.sendForm(target, FORM)).toMatchObject({ kind: 'fault', fault: { outcome } });
		}
	});
});

it('refuses a key of another service, and says which service it belongs to', async () => {
	const context = {
		getNode: () => NODE,
		getCredentials: async () => await Promise.resolve({ apiKey: 'luma-api-0123', baseUrl: 'https://gateway.example' }),
	} as unknown as Parameters<typeof createProviderClient>[0];
	await expect(createProviderClient(context, providers.lumaDreamMachine, 1000)).rejects.toThrow(
		'The API key in the credential belongs to Luma Agents, not to Luma Dream Machine',
	);
});
