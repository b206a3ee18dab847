/** What publishing says about the address of the trigger. */
import { describe, expect, it } from '@jest/globals';
import type { IHookFunctions } from 'n8n-workflow';
import { checkAddress } from '../../../nodes/LumaVideo/callbacks/publish';
import type { ProviderId } from '../../../nodes/LumaVideo/providers/provider';
import { HOOK, WEBHOOK_ID, memoryOf, triggerNode } from './fakes';

function hook(provider: ProviderId, address: string | undefined, { mode = 'trigger', baseUrl = 'https://api.example.com/v1' } = {}) {
	const node = triggerNode(provider);
	const context = {
		getNode: () => node,
		getWorkflow: () => ({ id: 'workflow' }),
		getMode: () => mode,
		getNodeWebhookUrl: () => address,
		getCredentials: async () => await Promise.resolve({ apiKey: 'test-key-123456', baseUrl }),
		helpers: {
			httpRequestWithAuthentication: () => {
				throw new Error('nothing may be asked');
			},
		},
	} as unknown as IHookFunctions;
	return { node, context };
}

const SETTING = 'Set N8N_WEBHOOK_URL (in older n8n WEBHOOK_URL) to the public address of n8n';

describe('an address that providers reach', () => {
	it.each([
		['lumaDreamMachine', HOOK],
		['lumaDreamMachine', HOOK.replace('https:', 'http:')],
		['crazyrouter', HOOK.replace('https:', 'http:')],
		['pixazo', HOOK],
	] as const)('%s %s', async (provider, address) => {
		const { node, context } = hook(provider, address);
		expect(await checkAddress(context)).toBe(true);
		expect(memoryOf(node).isAddressRefused).toBe(false);
	});
});

describe('an address that they do not reach', () => {
	it.each([
		['lumaDreamMachine', 'http://localhost:5678/webhook/x/luma-video', `The address of this trigger is at localhost, which Luma Dream Machine cannot reach. ${SETTING}`],
		['crazyrouter', 'https://192.168.1.5/webhook/x/luma-video', `The address of this trigger is at 192.168.1.5, which CrazyRouter cannot reach. ${SETTING}`],
		['pixazo', 'http://n8n.example.com/webhook/x/luma-video', `The address of this trigger must begin with https:// for Pixazo. ${SETTING}`],
		['pixazo', 'http://n8n:5678/webhook/x/luma-video', `The address of this trigger is at n8n, which Pixazo cannot reach. ${SETTING}`],
		['lumaDreamMachine', `https://n8n.example.com/webhook-test/${WEBHOOK_ID}/luma-video`, 'The address of this trigger is a test URL, which stops listening before the video is finished; use the production URL'],
		['lumaDreamMachine', undefined, 'The address of this trigger must be a web address beginning with https:// or http://'],
	] as const)('%s %s', async (provider, address, message) => {
		const { node, context } = hook(provider, address);
		await expect(checkAddress(context)).rejects.toMatchObject({
			message,
			description: 'Then publish the workflow again.',
		});
		expect(memoryOf(node).isAddressRefused).toBe(true);
	});

	it.each(['http://127.0.0.1:4000', 'http://gateway:4000', 'https://10.0.0.7/luma'])(
		'is all right for a service at %s',
		async (baseUrl) => {
			const { context } = hook('pixazo', 'http://localhost:5678/webhook/x/luma-video', { baseUrl });
			expect(await checkAddress(context)).toBe(true);
		},
	);

	it('is all right in a test', async () => {
		const { context } = hook('pixazo', 'http://localhost:5678/webhook-test/x/luma-video', { mode: 'manual' });
		expect(await checkAddress(context)).toBe(true);
	});
});

it('a base URL that is none is told', async () => {
	const { context } = hook('pixazo', HOOK, { baseUrl: 'gateway' });
	await expect(checkAddress(context)).rejects.toThrow("'Base URL' in the credential is not a web address");
});
