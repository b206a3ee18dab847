/** The trigger of an n8n that stops, starts, is killed, or has no room: an n8n of its own. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { setTimeout as pause } from 'node:timers/promises';
import type { ProviderName, ProviderServer } from '../provider-server';
import { startProviderServer } from '../provider-server';
import { CALLING, CALLING_WITHOUT_LIST } from '../samples';
import type { N8n } from '../e2e/harness';
import { node, sharedN8n, startN8n } from '../e2e/harness';
import type { CredentialRefs } from '../e2e/support';
import { createCredentials } from '../e2e/support';
import { Trigger, buy, callAbout, callMany, note, unpublishAll, waitUntil, worst } from '../e2e/triggerSupport';

let n8n: N8n;
let server: ProviderServer;
let credentials: CredentialRefs;

beforeAll(async () => {
	n8n = await startN8n({ tarball: sharedN8n().tarball.path });
	server = await startProviderServer();
	credentials = await createCredentials(n8n.client, server);
});
afterAll(async () => {
	await n8n.stop();
	await server.close();
});
beforeEach(() => {
	server.reset();
});
afterEach(async () => {
	await unpublishAll();
});

async function triggers(): Promise<Trigger[]> {
	const made: Trigger[] = [];
	for (const provider of CALLING) made.push(await Trigger.create(n8n.client, credentials, provider));
	return made;
}

function allOver(): boolean {
	return server.jobs().every(({ status }) => status === 'completed' || status === 'failed');
}

async function expectOnce(trigger: Trigger, ids: readonly string[]): Promise<void> {
	const emitted = await trigger.settled(ids.length, { timeout: 60_000, quiet: 4000 });
	expect([trigger.provider, ...emitted.map(({ generationId }) => String(generationId)).sort()]).toEqual([
		trigger.provider,
		...[...ids].sort(),
	]);
}

describe('videos that end while n8n is down', () => {
	it.each([
		['stopped', async () => await n8n.stop({ keepFolder: true })],
		['killed', async () => await n8n.kill()],
	])('are emitted once after it was %s', async (_, end) => {
		const all = await triggers();
		const bought = new Map<Trigger, string[]>();
		for (const trigger of all) {
			bought.set(trigger, await buy(n8n.client, credentials, trigger, ['a cat [takes 300ms]', 'a dog [takes 5000ms]', 'a fox [takes 6000ms] [fails: dark]']));
		}
		for (const trigger of all) expect(await trigger.settled(1, { quiet: 0 })).toHaveLength(1);
		await end();
		await waitUntil(allOver);
		// The last of the retries is over, and was in vain.
		await pause(1500);
		await n8n.start();
		for (const [trigger, ids] of bought) await expectOnce(trigger, ids);
	}, 240_000);

	it('are emitted once after two restarts in a row', async () => {
		const all = await triggers();
		const bought = new Map<Trigger, string[]>();
		for (const trigger of all) {
			bought.set(trigger, await buy(n8n.client, credentials, trigger, ['a cat [takes 200ms]', 'a dog [takes 4000ms]', 'a fox [takes 15000ms]']));
		}
		await n8n.restart();
		await n8n.restart();
		for (const [trigger, ids] of bought) await expectOnce(trigger, ids);
		await n8n.restart();
		await pause(4000);
		for (const [trigger, ids] of bought) expect(await trigger.emittedIds()).toEqual([...ids].sort());
	}, 240_000);
});

describe('callbacks at the moment of the end', () => {
	it.each(CALLING.map((provider): [ProviderName] => [provider]))(
		'%s: what was answered is not lost when n8n is killed right after',
		async (provider) => {
			const trigger = await Trigger.create(n8n.client, credentials, provider);
			// Nobody announced these: bought elsewhere, as far as the trigger can tell.
			const prompts = Array.from({ length: 4 }, () => 'a cat [takes 200ms] [callbacks: drop]');
			const ids = await buy(n8n.client, credentials, trigger, prompts, { callbackUrl: `${trigger.url}/` });
			await waitUntil(allOver);
			// The provider does not answer now, so that nothing is emitted before the end.
			server.fault({ kind: '503', provider, route: 'status', times: 'always' });
			const answers = await callMany(trigger.url, ids.map((id) => callAbout(server, provider, { id })), { connections: 4 });
			for (const { status } of answers) expect(status).toBe(200);
			await n8n.kill();
			server.clearFaults();
			await n8n.start();
			await expectOnce(trigger, ids);
		},
		120_000,
	);
});

it('an execution that was killed in the middle can be retried, and emits again', async () => {
	const wait = node('Wait', 'n8n-nodes-base.code', { jsCode: 'await new Promise((resolve) => setTimeout(resolve, 20000)); return $input.all();' }, { typeVersion: 2 });
	const trigger = await Trigger.create(n8n.client, credentials, 'pixazo', { next: [wait] });
	const [id] = await buy(n8n.client, credentials, trigger, ['a cat']);
	await waitUntil(async () => (await trigger.executions()).length === 1);
	await pause(1500);
	await n8n.kill();
	await n8n.start();
	await pause(5000);
	// The trigger may have looked once more since, and found it emitted.
	const [crashed, ...others] = (await trigger.executions()).filter(({ status }) => status !== 'success');
	expect(others).toEqual([]);
	expect(crashed?.status).toBe('crashed');
	const retried = await n8n.client.retryExecution(crashed?.id ?? '');
	expect(retried.status).toBe('success');
	expect(await trigger.emittedIds()).toEqual([id]);
}, 180_000);

it('callbacks are answered at once when there is no room for an execution', async () => {
	await n8n.restart({ env: { N8N_CONCURRENCY_PRODUCTION_LIMIT: '1' } });
	const slow = node('Slow', 'n8n-nodes-base.code', { jsCode: 'await new Promise((resolve) => setTimeout(resolve, 3000)); return $input.all();' }, { typeVersion: 2 });
	const trigger = await Trigger.create(n8n.client, credentials, CALLING_WITHOUT_LIST, { next: [slow] });
	const ids = await buy(n8n.client, credentials, trigger, Array.from({ length: 4 }, () => 'a cat [takes 200ms] [callbacks: drop]'));
	await waitUntil(allOver);
	const answers = await callMany(trigger.url, ids.map((id) => callAbout(server, CALLING_WITHOUT_LIST, { id })), { connections: 4 });
	await note('no-room', { worstAnswerMs: worst(answers) });
	for (const { status, ms } of answers) {
		expect(status).toBe(200);
		expect(ms).toBeLessThan(3000);
	}
	await expectOnce(trigger, ids);
	await n8n.restart({ env: {} });
}, 180_000);
