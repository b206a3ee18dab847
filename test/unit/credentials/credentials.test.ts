import { describe, expect, test } from '@jest/globals';
import {
	getCredentialAllowedDomains,
	type ICredentialTestRequest,
	type ICredentialType,
	isDomainAllowed,
} from 'n8n-workflow';

import { CrazyrouterApi } from '../../../credentials/CrazyrouterApi.credentials';
import { FalLumaApi } from '../../../credentials/FalLumaApi.credentials';
import { LumaAgentsApi } from '../../../credentials/LumaAgentsApi.credentials';
import { LumaDreamMachineApi } from '../../../credentials/LumaDreamMachineApi.credentials';
import { PixazoApi } from '../../../credentials/PixazoApi.credentials';
import { PixwithApi } from '../../../credentials/PixwithApi.credentials';
import { samples } from '../../samples';
import { filledIn, node, resolved } from './resolve';

const key = 'the key';

const table = Object.values(samples).map(({ credential: type, baseUrl, keyHeader, connectionTest }) => ({
	type,
	name: type.name,
	baseUrl,
	headers: keyHeader(key),
	test: connectionTest,
}));

/** Further hosts of a service that need the key. */
const SIBLINGS: Record<string, string[]> = { falLumaApi: ['rest.fal.ai', 'api.fal.ai'] };

const testOf = (type: ICredentialType) => type.test as ICredentialTestRequest;
const property = (type: ICredentialType, name: string) => {
	const found = type.properties.find((candidate) => candidate.name === name);
	if (!found) throw new Error(`${type.name} has no ${name}`);
	return found;
};

describe.each(table)('$name', ({ type, name, baseUrl, headers, test: expectedTest }) => {
	test('has the name that workflows store', () => {
		expect(type.name).toBe(name);
		expect(type.constructor.name.toLowerCase()).toBe(name.toLowerCase());
	});

	test('masks the key and asks for it', () => {
		expect(property(type, 'apiKey')).toMatchObject({
			type: 'string',
			default: '',
			required: true,
			typeOptions: { password: true },
		});
	});

	test('goes to the real service unless told otherwise', () => {
		expect(filledIn(type, { apiKey: key })).toMatchObject({ apiKey: key, baseUrl });
	});

	test('goes where baseUrl says', () => {
		expect(filledIn(type, { apiKey: key, baseUrl: 'http://localhost:4010' })['baseUrl']).toBe('http://localhost:4010');
	});

	const sent = async (apiKey: string) => {
		const request = { url: 'https://service.example/path', headers: { Accept: 'application/json' } };
		const authenticate = type.authenticate as (credentials: object, request: object) => Promise<object>;
		return [request, await authenticate(filledIn(type, { apiKey }), request)];
	};

	test('puts the key into the one documented header and nowhere else', async () => {
		const [before, after] = await sent(key);
		expect(after).toEqual({ ...before, headers: { Accept: 'application/json', ...headers } });
		expect(JSON.stringify(testOf(type))).not.toContain('apiKey');
	});

	test('drops the blanks and line ends that come with a copied key', async () => {
		expect((await sent(` ${key}\n`))[1]).toMatchObject({ headers });
	});

	test.each(['service.example', 'https//service.example', 'https://ser vice.example'])('says what is wrong with the address %s', async (given) => {
		const typed = type.name === 'crazyrouterApi' ? { host: 'custom', customBaseUrl: given } : { baseUrl: given };
		const authenticate = type.authenticate as (credentials: object, request: object) => Promise<object>;
		await expect(authenticate(filledIn(type, { apiKey: key, ...typed }), {})).rejects.toThrow('must be a web address that begins with https://');
	});

	test('needs no expressions for the key: a timer cannot work them out', () => {
		expect(typeof type.authenticate).toBe('function');
	});

	test.each([
		['the real service', undefined, baseUrl],
		['another address', 'http://localhost:4010/luma', 'http://localhost:4010/luma'],
		['an address with blanks and slashes at its end', ' https://proxy.example.com/a// ', 'https://proxy.example.com/a'],
	])('is tested against %s', (_what, given, expected) => {
		const credentials = filledIn(type, given === undefined ? { apiKey: key } : { apiKey: key, baseUrl: given });
		expect(resolved(testOf(type).request, credentials)).toMatchObject({ baseURL: expected, ...expectedTest });
	});

	test.each([
		['the real service', undefined, [new URL(baseUrl).hostname, ...(SIBLINGS[type.name] ?? [])]],
		['another address', 'HTTP://Proxy.Example.com:4010/luma?x#y', ['Proxy.Example.com']],
	])('keeps the key to the host of %s, in an HTTP Request node too', (_what, given, hosts) => {
		const typed = type.name === 'crazyrouterApi' ? { host: 'custom', customBaseUrl: given } : { baseUrl: given };
		const credentialData = filledIn(type, given === undefined ? { apiKey: key } : { apiKey: key, ...typed });
		expect(credentialData).toMatchObject({ allowedHttpRequestDomains: 'domains', allowedDomains: hosts.join(',') });
		const allowedDomains = getCredentialAllowedDomains({ node, credentialData }) ?? '';
		for (const host of hosts) {
			expect(isDomainAllowed({ url: `https://${host}:8080/any`, allowedDomains })).toBe(true);
			expect(isDomainAllowed({ url: `https://${host}.example.org/any`, allowedDomains })).toBe(false);
		}
	});

	test('is tested without following a redirect, which would take the key to another host', () => {
		expect(testOf(type).request.disableFollowRedirect).toBe(true);
		for (const status of [301, 302, 303, 307, 308]) {
			expect(testOf(type).rules).toContainEqual({
				type: 'responseCode',
				properties: { value: status, message: expect.stringContaining('another address') },
			});
		}
	});

	test('is tested with a request that buys nothing', () => {
		expect(testOf(type).request.body).toBeUndefined();
		expect(testOf(type).request.url).not.toMatch(/generations$|create$|-request$/);
	});

	test('says what to do when the key is refused', () => {
		for (const status of [401, 403]) {
			expect(testOf(type).rules).toContainEqual({
				type: 'responseCode',
				properties: { value: status, message: expect.stringMatching(/this API key\. .+\.$/) },
			});
		}
	});

	test('brings an icon for light and one for dark surroundings', () => {
		expect(type.icon).toEqual({ light: `file:../icons/${name}.svg`, dark: `file:../icons/${name}.dark.svg` });
	});
});

describe.each([
	['lumaDreamMachineApi', new LumaDreamMachineApi(), 'platform.lumalabs.ai'],
	['lumaAgentsApi', new LumaAgentsApi(), 'lumalabs.ai/dream-machine/api/keys'],
])('%s', (_, type, other) => {
	test('warns of the keys of the other platform before one is typed', () => {
		const [first] = type.properties;
		expect(first).toMatchObject({ type: 'notice', displayName: expect.stringContaining(other) });
		expect(JSON.stringify(testOf(type).rules)).toMatch(/keys (from .+ )?do not work here/);
	});
});

describe.each([
	['pixazoApi', new PixazoApi()],
	['lumaAgentsApi', new LumaAgentsApi()],
	['falLumaApi', new FalLumaApi()],
])('%s, where no call is made for checking a key', (_, type) => {
	const { request } = testOf(type);

	test.each([301, 302, 307, 308, 401, 403, 429, 500, 502, 503, 504])('does not pass on status %d', (status) => {
		expect(request.ignoreHttpStatusErrors).toMatchObject({ ignore: true, except: expect.arrayContaining([status]) });
	});

	test.each([400, 404])('passes on status %d, which comes after the key was accepted', (status) => {
		expect(request.ignoreHttpStatusErrors).toMatchObject({ except: expect.not.arrayContaining([status]) });
	});

	test('says what the test cannot show', () => {
		expect(property(type, 'apiKey').description).toMatch(/no free call .+ does not show/);
	});
});

describe('lumaAgentsApi', () => {
	test.each(['Not Found', undefined, 'Missing or invalid API key', 'API key has been revoked'])(
		'does not pass on detail %p in the body',
		(value) => {
			expect(testOf(new LumaAgentsApi()).rules).toContainEqual({
				type: 'responseSuccessBody',
				properties: { key: 'detail', value, message: expect.any(String) },
			});
		},
	);

	test('passes on what an unknown generation is answered with', () => {
		expect(JSON.stringify(testOf(new LumaAgentsApi()).rules)).not.toContain('Generation not found');
	});
});

describe('pixwithApi', () => {
	test.each([0, 2, undefined])('does not pass on code %p in the body', (value) => {
		expect(testOf(new PixwithApi()).rules).toContainEqual({
			type: 'responseSuccessBody',
			properties: { key: 'code', value, message: expect.any(String) },
		});
	});
});

describe('crazyrouterApi', () => {
	const type = new CrazyrouterApi();

	test('offers the three documented hosts and a free one', () => {
		const values = property(type, 'host').options?.map((option) => ('value' in option ? option.value : null));
		expect(values).toEqual([
			'https://api.crazyrouter.com',
			'https://cn.crazyrouter.com',
			'https://crazyrouter.com',
			'custom',
		]);
	});

	test.each([
		[{ host: 'https://cn.crazyrouter.com' }, 'https://cn.crazyrouter.com'],
		[{ host: 'https://crazyrouter.com', customBaseUrl: 'https://left.example.com' }, 'https://crazyrouter.com'],
		[{ host: 'custom', customBaseUrl: 'https://proxy.example.com/x' }, 'https://proxy.example.com/x'],
		[{ host: 'custom' }, ''],
	])('%j gives the base URL %s', (fields, expected) => {
		expect(filledIn(type, { apiKey: key, ...fields })['baseUrl']).toBe(expected);
	});
});
