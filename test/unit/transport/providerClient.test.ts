import { describe, expect, it } from '@jest/globals';
import type { IAdditionalCredentialOptions, IExecuteFunctions, IHttpRequestOptions, INode, IWebhookFunctions } from 'n8n-workflow';
import { NodeOperationError } from 'n8n-workflow';
import { providers } from '../../../nodes/LumaVideo/providers';
import type { ProviderCall } from '../../../nodes/LumaVideo/providers/provider';
import type { ProviderClient } from '../../../nodes/LumaVideo/transport/providerClient';
import { createProviderClient } from '../../../nodes/LumaVideo/transport/providerClient';

const NODE: INode = {
	id: '1',
	name: 'Luma Video',
	type: 'n8n-nodes-luma-video.lumaVideo',
	typeVersion: 1,
	position: [0, 0],
	parameters: {},
};

function systemError(code: string): Error {
	return Object.assign(new Error(`something about ${code}`), { code });
}

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
				encoding: 'stream',
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

	it('has its requests aborted with the execution, but not one that outlives the stop', async () => {
		const credential = { apiKey: 'key', baseUrl: 'https://gateway.example' };
		const stop = new AbortController();
		const { client, requests, contexts } = await connect(credential, { statusCode: 200 }, stop.signal);
		await client.send(CALL);
		await client.send(CALL, { outlivesStop: true });
		stop.abort();
		expect(requests.map(({ abortSignal }) => abortSignal?.aborted)).toEqual([true, false]);
		// n8n's helper would take the execution's signal in place of the request's.
		const [own] = contexts as [IExecuteFunctions];
		expect(own).not.toHaveProperty('getExecutionCancelSignal');
		// What it needs for the credential.
		expect(own.getNode()).toBe(NODE);
		expect(await own.getCredentials('pixazoApi')).toBe(credential);
		expect(own.helpers).toHaveProperty('httpRequestWithAuthentication');
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
		encoding: 'stream',
		returnFullResponse: true,
		ignoreHttpStatusErrors: true,
		disableFollowRedirect: true,
		abortSignal: expect.any(AbortSignal),
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
		const stop = new AbortController();
		const { client, requests, strangers } = await connect(CREDENTIAL, { statusCode: 204 }, stop.signal);
		expect(await client.sendForm({ url: 'https://store.example/put' }, FORM)).toMatchObject({ answer: { statusCode: 204 } });
		expect(strangers).toEqual([expect.objectContaining({ ...OPTIONS, url: 'https://store.example/put' })]);
		stop.abort();
		expect(strangers[0]?.abortSignal?.aborted).toBe(true);
		expect(JSON.stringify(strangers)).not.toContain('sk-123456');
		expect(requests).toEqual([]);
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
