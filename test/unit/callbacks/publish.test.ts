/** What publishing says about the address of the trigger, and what listening for a test event does. */
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { FakeN8n, HOOK, NOW, WEBHOOK_ID, pass } from './fakeN8n';

const SETTING = 'Set N8N_WEBHOOK_URL (in older n8n WEBHOOK_URL) to the public address of n8n';

beforeEach(() => {
	jest.useFakeTimers({ now: NOW });
});
afterEach(() => {
	jest.useRealTimers();
});

it.each([
	['lumaDreamMachine', HOOK],
	['lumaDreamMachine', HOOK.replace('https:', 'http:')],
	['crazyrouter', HOOK.replace('https:', 'http:')],
	['pixazo', HOOK],
	// Never called by its provider.
	['lumaAgents', `http://localhost:5678/webhook/${WEBHOOK_ID}/luma-video`],
	['pixwith', `http://localhost:5678/webhook/${WEBHOOK_ID}/luma-video`],
] as const)('%s reaches %s', async (provider, address) => {
	expect(await new FakeN8n(provider).publish(address)).toBe(true);
});

it.each([
	['lumaDreamMachine', 'http://localhost:5678/webhook/x/luma-video', `The address of this trigger is at localhost, which Luma Dream Machine cannot reach. ${SETTING}`],
	['crazyrouter', 'https://192.168.1.5/webhook/x/luma-video', `The address of this trigger is at 192.168.1.5, which CrazyRouter cannot reach. ${SETTING}`],
	['pixazo', 'http://n8n.example.com/webhook/x/luma-video', `The address of this trigger must begin with https:// for Pixazo. ${SETTING}`],
	['pixazo', 'http://n8n:5678/webhook/x/luma-video', `The address of this trigger is at n8n, which Pixazo cannot reach. ${SETTING}`],
	['lumaDreamMachine', `https://n8n.example.com/webhook-test/${WEBHOOK_ID}/luma-video`, 'The address of this trigger is a test URL, which stops listening before the video is finished; use the production URL'],
	['lumaDreamMachine', undefined, 'The address of this trigger must be a web address beginning with https:// or http://'],
] as const)('%s does not reach %s: the user is told, also by a failed execution when the workflow runs all the same', async (provider, address, message) => {
	const n8n = new FakeN8n(provider);
	await expect(n8n.publish(address)).rejects.toMatchObject({ message, description: 'Then publish the workflow again.' });
	await n8n.start();
	await pass(5000);
	await n8n.stop();
	expect(n8n.failures).toEqual([message]);
	expect(n8n.requests).toEqual([]);
});

it.each(['http://127.0.0.1:4000', 'http://gateway:4000', 'https://10.0.0.7/luma'])('a service at %s reaches any address', async (baseUrl) => {
	expect(await new FakeN8n('pixazo').publish('http://localhost:5678/webhook/x/luma-video', { baseUrl })).toBe(true);
});

it('a base URL that is none is told', async () => {
	await expect(new FakeN8n('pixazo').publish(HOOK, { baseUrl: 'gateway' })).rejects.toThrow("'Base URL' in the credential is not a web address");
});

describe('listening for a test event', () => {
	const TEST_URL = `http://localhost:5678/webhook-test/${WEBHOOK_ID}/luma-video`;

	it("shows the account's latest finished video, where the provider lists them", async () => {
		const n8n = new FakeN8n('lumaDreamMachine');
		n8n.generations.set('older', { state: 'completed', callbackUrl: null });
		n8n.generations.set('latest', { state: 'completed', callbackUrl: null });
		n8n.generations.set('running', { state: 'processing' });
		expect(await n8n.publish(TEST_URL, { mode: 'manual' })).toBe(true);
		await pass(1000);
		expect(n8n.emitted).toMatchObject([{ generationId: 'latest', event: 'completed' }]);
	});

	it.each(['lumaAgents', 'pixazo'] as const)('asks nothing of %s, which does not', async (provider) => {
		const n8n = new FakeN8n(provider);
		expect(await n8n.publish(TEST_URL, { mode: 'manual' })).toBe(true);
		await pass(1000);
		expect([n8n.requests, n8n.executions]).toEqual([[], 0]);
	});
});
