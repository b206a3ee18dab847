/** The trigger in a real n8n: every provider, called by the stand-in and by strangers. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { setTimeout as pause } from 'node:timers/promises';
import type { ProviderName, ProviderServer } from '../provider-server';
import { startProviderServer } from '../provider-server';
import { CALLING_WITHOUT_LIST, PROVIDERS } from '../samples';
import type { N8nClient } from './harness';
import { sharedN8n } from './harness';
import type { CredentialRefs } from './support';
import { createCredentials } from './support';
import type { Call } from './triggerSupport';
import { TRIGGER, Trigger, buy, callAbout, callAtOnce, callMany, readsById, unpublishAll, waitUntil } from './triggerSupport';

let client: N8nClient;
let server: ProviderServer;
let credentials: CredentialRefs;

beforeAll(async () => {
	({ client } = sharedN8n());
	server = await startProviderServer();
	credentials = await createCredentials(client, server);
});
afterAll(async () => {
	await server.close();
});
beforeEach(() => {
	server.reset();
});
afterEach(async () => {
	await unpublishAll();
});

/** What the provider would send about a job, as somebody claims it to be. */
function claim(provider: ProviderName, id: string): Call {
	return callAbout(server, provider, { id, status: 'completed' });
}

it('each provider: the workflow starts once for each video that is over, and gives back what the URL says of it', async () => {
	const emitted = await Promise.all(
		PROVIDERS.map(async (provider) => {
			const trigger = await Trigger.create(client, credentials, provider);
			const ids = await buy(client, credentials, trigger, ['a cat', 'a fox [fails: too dark]'], { triggerUrl: `${trigger.url}?sku=${provider}` });
			return { provider, ids, items: await trigger.settled(2, { timeout: 60_000 }) };
		}),
	);
	for (const { provider, ids, items } of emitted) {
		expect([provider, ...items.map(({ generationId }) => String(generationId)).sort()]).toEqual([provider, ...[...ids].sort()]);
		expect(items.map(({ event }) => event).sort()).toEqual(['completed', 'failed']);
		for (const { event, status, videoUrl, reference } of items) {
			expect(status).toBe(event);
			expect(videoUrl).toEqual(event === 'completed' ? expect.stringContaining('/media/') : null);
			expect(reference).toEqual({ sku: provider });
		}
	}
}, 120_000);

it('one read and one execution, however often the provider calls; and nobody is kept out by made-up ids', async () => {
	const provider = CALLING_WITHOUT_LIST;
	const trigger = await Trigger.create(client, credentials, provider, { parameters: { options: { reconcileMinutes: 0 } } });
	server.configure({ [provider]: { callbacks: { copies: 5 } } });
	const flood = callMany(trigger.url, Array.from({ length: 150 }, (_, n) => claim(provider, `made-up-${n}`)), { connections: 8 });
	const [id = ''] = await buy(client, credentials, trigger, ['a cat [takes 1500ms]']);
	expect((await trigger.settled(1, { quiet: 0 })).map(({ generationId }) => generationId)).toEqual([id]);
	await flood;
	await callAtOnce(trigger.url, Array.from({ length: 20 }, () => claim(provider, id)));
	expect(await trigger.settled(1)).toHaveLength(1);
	expect(await trigger.executions()).toHaveLength(1);
	expect(readsById(server, provider, [id])[0]).toBeLessThanOrEqual(2);
}, 120_000);

it('videos whose calls and announcements are lost are emitted once n8n answers again', async () => {
	const trigger = await Trigger.create(client, credentials, 'pixazo', { isDraft: true });
	// Nobody listens yet: the announcement is answered 404, and the provider gives up.
	server.configure({ pixazo: { callbacks: { mode: 'drop' } } });
	const buying = buy(client, credentials, trigger, ['a cat [takes 500ms]', 'a dog [takes 500ms]']);
	await server.until(({ purchases }) => purchases.length === 2, 30_000);
	// The first announcement is on its way or refused; of those that follow, at least one is still to come.
	await pause(1000);
	await client.publish(trigger.workflowId);
	const ids = await buying;
	const emitted = await trigger.settled(2, { timeout: 60_000 });
	expect(emitted.map(({ generationId }) => generationId).sort()).toEqual([...ids].sort());
}, 120_000);

it('a test waits for the video that is made with the test URL', async () => {
	const trigger = await Trigger.create(client, credentials, 'lumaAgents', { isDraft: true });
	await client.listenForTestEvent(trigger.workflowId, TRIGGER);
	const ids = await buy(client, credentials, trigger, ['a cat [takes 2000ms]'], { triggerUrl: trigger.testUrl });
	const emitted = await trigger.settled(1);
	expect(emitted.map(({ generationId, event }) => [generationId, event])).toEqual([[ids[0], 'completed']]);
});

it("a test shows the account's latest video at once, where the provider lists them", async () => {
	const trigger = await Trigger.create(client, credentials, 'lumaDreamMachine', { isDraft: true });
	const ids = await buy(client, credentials, trigger, ['a cat [takes 100ms]'], { callbackUrl: '' });
	await waitUntil(() => server.jobs().every(({ status }) => status === 'completed'));
	await client.listenForTestEvent(trigger.workflowId, TRIGGER);
	expect((await trigger.settled(1)).map(({ generationId }) => generationId)).toEqual(ids);
});

it.each([
	['video', {}, 'video/mp4'],
	['image', { resource: 'image', model: 'uni-1' }, 'image/png'],
])('the file comes with the %s on wish', async (_, parameters, mimeType) => {
	const trigger = await Trigger.create(client, credentials, 'lumaAgents', { parameters: { downloadVideo: true, binaryPropertyName: 'clip' } });
	await buy(client, credentials, trigger, ['a cat'], { parameters });
	await trigger.settled(1);
	const [execution] = await trigger.executions();
	const run = await client.getExecution(execution?.id ?? '');
	const item = run?.data.resultData.runData[TRIGGER]?.[0]?.data?.main?.[0]?.[0];
	expect(item?.binary?.clip).toMatchObject({ mimeType });
	expect(server.ledger().mediaHits).toHaveLength(1);
});
