import { describe, expect, it } from '@jest/globals';
import type { IWebhookFunctions } from 'n8n-workflow';
import { isForged } from '../../../nodes/LumaVideo/generation/signature';
import { providers } from '../../../nodes/LumaVideo/providers';
import type { CallbackSignature, IncomingCall, Provider } from '../../../nodes/LumaVideo/providers/provider';

const MINUTE = 60_000;
const NOW = Date.parse('2026-11-01T12:00:00Z');

/** A provider that signs: the call's header has the key itself. */
const signature: CallbackSignature = {
	keys: {
		call: () => ({ method: 'GET', path: '/keys' }),
		read: ({ statusCode, text }) =>
			statusCode === 200
				? { ok: true, value: JSON.parse(text) as string[] }
				: { ok: false, problem: { kind: 'unavailable', message: 'No', advice: 'Wait.', httpStatus: statusCode, retryAfterMs: null } },
	},
	isGenuine: ({ headers }, keys) => keys.includes(headers.signature ?? ''),
};
const signing: Provider = { ...providers.crazyrouter, callbacks: { httpsOnly: false, read: () => null, signature } };

let nodes = 0;

const signedWith = (key: string): IncomingCall => ({ body: {}, text: '{}', headers: { signature: key } });

/** The service's keys as they are at the moment; `null` where it does not answer. */
function service(keys: { now: string[] | null }) {
	let fetched = 0;
	const id = `node-${nodes++}`;
	const context = {
		getCredentials: async () => await Promise.resolve({ apiKey: 'the key', baseUrl: 'https://service.example', host: 'https://service.example' }),
		getNode: () => ({ id, name: 'Luma Video Trigger' }),
		getWorkflow: () => ({ id: 'workflow' }),
		helpers: {
			httpRequestWithAuthentication: async () => {
				fetched++;
				return await Promise.resolve({ statusCode: keys.now ? 200 : 503, headers: {}, body: JSON.stringify(keys.now) });
			},
		},
	} as unknown as IWebhookFunctions;
	return {
		forged: async (key: string, now = NOW) => await isForged(context, signing, signedWith(key), now),
		fetched: () => fetched,
	};
}

describe('a signed call', () => {
	it('is genuine with the key of the service, which is fetched once a day', async () => {
		const { forged, fetched } = service({ now: ['a', 'b'] });
		expect([await forged('a'), await forged('b', NOW + MINUTE), await forged('a', NOW + 23 * 60 * MINUTE)]).toEqual([false, false, false]);
		expect(fetched()).toBe(1);
		await forged('a', NOW + 25 * 60 * MINUTE);
		expect(fetched()).toBe(2);
	});

	it('is forged with another key, and a flood of such calls fetches the keys once a minute', async () => {
		const { forged, fetched } = service({ now: ['a'] });
		for (let call = 0; call < 100; call++) expect(await forged('wrong', NOW + call * 500)).toBe(true);
		expect(fetched()).toBe(1);
		await forged('wrong', NOW + 61_000);
		expect(fetched()).toBe(2);
	});

	it('is genuine with a key that was rotated meanwhile', async () => {
		const keys = { now: ['a'] };
		const { forged } = service(keys);
		await forged('a');
		keys.now = ['b'];
		expect(await forged('b', NOW + 2 * MINUTE)).toBe(false);
		expect(await forged('a', NOW + 4 * MINUTE)).toBe(true);
	});

	it('is checked with the keys known so far while they cannot be fetched', async () => {
		const keys: { now: string[] | null } = { now: ['a'] };
		const { forged, fetched } = service(keys);
		await forged('a');
		keys.now = null;
		expect([await forged('wrong', NOW + 2 * MINUTE), await forged('a', NOW + 2 * MINUTE), await forged('a', NOW + 48 * 60 * MINUTE)]).toEqual([true, false, false]);
		expect(fetched()).toBe(3);
	});

	it('stays a hint where the keys were never fetched: the generation is read anyway', async () => {
		const { forged, fetched } = service({ now: null });
		expect([await forged('whatever'), await forged('whatever', NOW + 1000)]).toEqual([false, false]);
		expect(fetched()).toBe(1);
	});
});

it('a provider that signs nothing has no forged calls', async () => {
	expect(await isForged({} as IWebhookFunctions, providers.pixazo, signedWith('x'), NOW)).toBe(false);
});
