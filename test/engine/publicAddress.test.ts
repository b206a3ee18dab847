/** With n8n's own filter of private networks, and a resolver that knows a few names. */
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { OutboundHttp } from '@n8n/backend-network';
import { Container } from '@n8n/di';
import type { UseDefaultSsrfPolicy } from 'n8n-workflow';
import { promises as dns } from 'node:dns';
import { isPublicAddress } from '../../nodes/LumaVideo/transport/publicAddress';

const NAMES: Record<string, string[]> = {
	'cdn.example.com': ['93.184.215.14'],
	'169.254.169.254.nip.io': ['169.254.169.254'],
	'half.example.com': ['93.184.215.14', '10.0.0.5'],
	'six.example.com': ['fd00::1'],
};

const helpers = { getSecureEgressFilter: (policy?: UseDefaultSsrfPolicy) => Container.get(OutboundHttp).egressFilter(policy) };

beforeAll(() => {
	jest.spyOn(dns, 'lookup').mockImplementation((async (name: string) => {
		const addresses = NAMES[name];
		if (!addresses) throw Object.assign(new Error('getaddrinfo ENOTFOUND'), { code: 'ENOTFOUND' });
		return await Promise.resolve(addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })));
	}) as unknown as typeof dns.lookup);
});

afterAll(() => {
	jest.restoreAllMocks();
});

describe('an address that a service names', () => {
	it.each([
		['whose name resolves to a public address', 'https://cdn.example.com/a.mp4', true],
		['whose name resolves to the metadata service of a cloud', 'http://169.254.169.254.nip.io/latest/meta-data', false],
		['of whose addresses one is private', 'https://half.example.com/a.mp4', false],
		['whose name resolves to a private address of IPv6', 'https://six.example.com/a.mp4', false],
		['whose name cannot be resolved, as behind a proxy', 'https://unknown.example.com/a.mp4', true],
		['that is private as it stands', 'http://10.0.0.1/', false],
		['that is none', 'nowhere', false],
	])('%s: %s: public is %p', async (_, address, expected) => {
		expect(await isPublicAddress(helpers, address)).toBe(expected);
	});

	it('is judged by its name only in a version of n8n without that filter', async () => {
		expect(await isPublicAddress({}, 'http://169.254.169.254.nip.io/')).toBe(true);
	});
});
