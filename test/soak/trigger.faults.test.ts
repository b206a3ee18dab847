/** The trigger in a real n8n, called by the stand-in and by strangers. */
import { loadavg } from 'node:os';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { setTimeout as pause } from 'node:timers/promises';
import type { ProviderName, ProviderServer } from '../provider-server';
import { startProviderServer } from '../provider-server';
import { CALLING, CALLING_WITHOUT_LIST, samples } from '../samples';
import type { N8nClient } from '../e2e/harness';
import { openEditor, sharedN8n, startN8n } from '../e2e/harness';
import type { CredentialRefs } from '../e2e/support';
import { createCredentials } from '../e2e/support';
import type { Call } from '../e2e/triggerSupport';
import { TRIGGER, Trigger, buy, callAbout, callAtOnce, callMany, note, readsById, readsOf, unpublishAll, waitUntil, worst } from '../e2e/triggerSupport';

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

/** Else the look after publishing reads too, sooner or later. */
const noTimer = { parameters: { options: { reconcileMinutes: 0 } } };

const each = CALLING.map((provider) => [provider] as const);

async function bought(trigger: Trigger, ...prompts: string[]): Promise<string[]> {
	return await buy(client, credentials, trigger, prompts);
}

/** What the provider would send about a job, as somebody claims it to be. */
function claim(provider: ProviderName, id: string, status: 'processing' | 'completed' | 'failed' = 'completed'): Call {
	return callAbout(server, provider, { id, status });
}

function ofStatus(trigger: Trigger, ids: readonly string[], status: string): number {
	return server.ledger().callbacks.filter((each) => each.provider === trigger.provider && ids.includes(each.id) && each.status === status).length;
}

describe.each(each)('%s', (provider) => {
	it('starts the workflow once per finished or failed video, with a read or two for each', async () => {
		const trigger = await Trigger.create(client, credentials, provider, noTimer);
		const ids = await bought(trigger, 'a cat', 'a dog', 'a fox [fails: too dark]');
		const emitted = await trigger.settled(3);
		expect(emitted.map(({ generationId }) => generationId).sort()).toEqual([...ids].sort());
		expect(emitted.map(({ event }) => event).sort()).toEqual(['completed', 'completed', 'failed']);
		for (const { event, videoUrl, status } of emitted) {
			expect(status).toBe(event);
			expect(videoUrl).toEqual(event === 'completed' ? expect.stringContaining('/media/') : null);
		}
		for (const reads of readsById(server, provider, ids)) expect(reads).toBeLessThanOrEqual(2);
	});

	it('emits once however often it is called: five times after each other, and five times at the same moment', async () => {
		const trigger = await Trigger.create(client, credentials, provider);
		server.configure({ [provider]: { callbacks: { copies: 5 } } });
		const ids = await bought(trigger, 'a cat [takes 1500ms]', 'a dog [takes 1500ms]');
		await waitUntil(() => ofStatus(trigger, ids, 'completed') >= 10);
		await Promise.all(ids.map((id) => callAtOnce(trigger.url, Array.from({ length: 5 }, () => claim(provider, id)))));
		const emitted = await trigger.settled(2);
		expect(emitted.map(({ generationId }) => generationId).sort()).toEqual([...ids].sort());
		expect((await trigger.executions()).length).toBeLessThanOrEqual(2);

		// The first that is heard of it are five at once.
		const [late = ''] = await bought(trigger, 'a fox [takes 300ms] [callbacks: drop]');
		await pause(1000);
		await callAtOnce(trigger.url, Array.from({ length: 5 }, () => claim(provider, late)));
		expect(await trigger.settled(3)).toHaveLength(3);
		expect((await trigger.executions()).length).toBeLessThanOrEqual(3);
	});

	it('emits once whatever the order, and however late', async () => {
		const trigger = await Trigger.create(client, credentials, provider);
		server.configure({ [provider]: { callbacks: { lateMs: 2500 } } });
		const ids = await bought(trigger, 'a [callbacks: reordered]', 'b [callbacks: late]', 'c [callbacks: early]');
		const emitted = await trigger.settled(3);
		expect(emitted.map(({ generationId }) => generationId).sort()).toEqual([...ids].sort());
	});

	it('believes no forger', async () => {
		const elsewhere = await startProviderServer();
		try {
			const trigger = await Trigger.create(client, credentials, provider);
			const running = await bought(trigger, 'a cat [takes 60000ms]');
			const madeUp = ['00000000-0000-4000-8000-000000000000', 'admin', '__proto__', 'x'.repeat(150)];
			const accountsOfOthers = ['luma_gen_0123456789ab', '123e4567-e89b-12d3-a456-426614174000'];
			const ids = [...madeUp, ...accountsOfOthers];
			for (let copy = 0; copy < 5; copy++) await callMany(trigger.url, ids.map((id) => claim(provider, id)));
			await waitUntil(() => readsById(server, provider, ids).every((reads) => reads > 0), 10_000);
			await pause(1500);
			expect(await trigger.emitted()).toEqual([]);
			// A few reads for each id in the long run, and no execution.
			for (const reads of readsById(server, provider, ids)) expect(reads).toBeLessThanOrEqual(3);
			expect(await trigger.executions()).toEqual([]);

			// A video that is being made is said to be finished, over and over.
			for (let copy = 0; copy < 20; copy++) await callMany(trigger.url, running.map((id) => claim(provider, id)));
			await pause(1000);
			expect(await trigger.emitted()).toEqual([]);
			server.finish(running[0] ?? '');
			const emitted = await trigger.settled(1, { timeout: 60_000 });
			expect(emitted.map(({ generationId }) => generationId)).toEqual(running);
		} finally {
			await elsewhere.close();
		}
	});

	it('is not disturbed by junk', async () => {
		const trigger = await Trigger.create(client, credentials, provider, noTimer);
		const before = readsOf(server, provider);
		const huge = 'x'.repeat(10_000_000);
		const junk = [
			...['', 'null', '{}', '[]', '1', '"completed"', 'true', '{"id":', '<xml/>', '{"__proto__":{"id":"x","state":"completed"}}'],
			JSON.stringify({ padding: huge }),
			...['id', 'request_id'].map((name) => JSON.stringify({ [name]: huge, state: 'completed', status: 'COMPLETED' })),
			JSON.stringify([claim(provider, 'a').body, claim(provider, 'b').body]),
			'['.repeat(5000) + ']'.repeat(5000),
		];
		const answers = await callMany(trigger.url, junk, { connections: 1 });
		for (const method of ['GET', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS']) {
			answers.push(...(await callMany(trigger.url, [claim(provider, 'a')], { method })));
		}
		await note(`junk-${provider}`, { calls: answers.length, worstAnswerMs: worst(answers), statuses: answers.map(({ status }) => status) });
		for (const { status } of answers) expect(status).not.toBeNull();
		for (const { status } of answers) expect(status).not.toBe(500);
		await pause(1500);
		expect(await trigger.executions()).toEqual([]);
		expect(readsOf(server, provider)).toBe(before);

		const ids = await bought(trigger, 'a cat');
		expect((await trigger.settled(1)).map(({ generationId }) => generationId)).toEqual(ids);
	});

	it('emits later what cannot be read just now', async () => {
		const trigger = await Trigger.create(client, credentials, provider);
		const prompts = ['a cat [takes 1500ms]', 'a dog [takes 1500ms]'];
		const ids = await bought(trigger, ...prompts);
		server.fault({ kind: '503', provider, route: 'status', times: 'always' });
		server.fault({ kind: 'reset-before', provider, route: 'list', times: 'always' });
		await waitUntil(() => ofStatus(trigger, ids, 'completed') >= 2);
		await pause(4000);
		expect(await trigger.emitted()).toEqual([]);
		server.clearFaults();
		const emitted = await trigger.settled(2, { timeout: 90_000 });
		expect(emitted.map(({ generationId }) => generationId).sort()).toEqual([...ids].sort());
	});

	it('emits progress too when that is wanted, once for each status', async () => {
		const trigger = await Trigger.create(client, credentials, provider, {
			parameters: { events: ['completed', 'failed', 'progress'] },
		});
		server.configure({ [provider]: { callbacks: { copies: 3 } } });
		const ids = await buy(client, credentials, trigger, ['a cat [takes 4000ms]'], {
			additionalFields: samples[provider].callback?.progress ?? {},
		});
		const wanted = [['completed', 'completed'], ...(samples[provider].callback?.progress ? [['progress', 'processing']] : [])];
		const emitted = await trigger.settled(wanted.length);
		expect(emitted.map(({ event, status }) => [event, status]).sort()).toEqual(wanted);
		expect(new Set(emitted.map(({ generationId }) => generationId))).toEqual(new Set(ids));
	});

	it('emits only what is wanted', async () => {
		const trigger = await Trigger.create(client, credentials, provider, { parameters: { events: ['failed'] } });
		const [, failed] = await bought(trigger, 'a cat', 'a dog [fails: too dark]');
		const emitted = await trigger.settled(1);
		expect(emitted.map(({ generationId }) => generationId)).toEqual([failed]);
		expect((await trigger.executions()).length).toBe(1);
	});

	it('shows a test what it listens for, and listens on after anything else', async () => {
		const trigger = await Trigger.create(client, credentials, provider, { isDraft: true });
		await client.listenForTestEvent(trigger.workflowId, TRIGGER);
		await callMany(trigger.testUrl, ['{}', ...(samples[provider].callback?.progress ? [claim(provider, 'made-up', 'processing')] : [])]);
		const ids = await buy(client, credentials, trigger, ['a cat [takes 1500ms]'], { triggerUrl: trigger.testUrl });
		const emitted = await trigger.settled(1);
		expect(emitted.map(({ generationId, event }) => [generationId, event])).toEqual([[ids[0], 'completed']]);

		// The same one again: a test shows it whatever was seen before. Where the provider lists, nobody need call.
		await client.listenForTestEvent(trigger.workflowId, TRIGGER);
		if (!samples[provider].lists) await callMany(trigger.testUrl, [claim(provider, ids[0] ?? '')]);
		expect(await trigger.settled(2)).toHaveLength(2);
	});
});

describe('two triggers', () => {
	it.each(each)('of %s each get their own', async (provider) => {
		const first = await Trigger.create(client, credentials, provider);
		const second = await Trigger.create(client, credentials, provider);
		const [ofFirst, ofSecond] = [
			await bought(first, 'a cat', 'a dog'),
			await bought(second, 'a fox', 'an owl'),
		];
		expect((await first.settled(2)).map(({ generationId }) => generationId).sort()).toEqual([...ofFirst].sort());
		expect((await second.settled(2)).map(({ generationId }) => generationId).sort()).toEqual([...ofSecond].sort());
		await first.republish();
		await pause(4000);
		expect(await first.emitted()).toHaveLength(2);
	});

	it('with the same key, and callbacks about the other one’s videos: each stays with its own', async () => {
		const provider = 'lumaDreamMachine';
		const first = await Trigger.create(client, credentials, provider);
		const second = await Trigger.create(client, credentials, provider);
		const ids = await bought(first, 'a cat [callbacks: drop]');
		await pause(1000);
		await callMany(second.url, ids.map((id) => claim(provider, id)));
		await pause(2000);
		expect(await second.emitted()).toEqual([]);
		await callMany(first.url, ids.map((id) => claim(provider, id)));
		expect(await first.settled(1)).toHaveLength(1);
		expect(await second.emitted()).toEqual([]);
	});
});

describe('a flood', () => {
	it('of 10,000 repeats of one callback is one emission, one execution and one read', async () => {
		// On a busy machine n8n answers some 30 calls a second.
		const provider = CALLING_WITHOUT_LIST;
		const trigger = await Trigger.create(client, credentials, provider);
		const [id = ''] = await bought(trigger, 'a cat [takes 300ms] [callbacks: drop]');
		await pause(800);
		const call = claim(provider, id);
		const startedAt = Date.now();
		const answers = await callMany(trigger.url, Array.from({ length: 10_000 }, () => call));
		const seconds = (Date.now() - startedAt) / 1000;
		const sorted = answers.map(({ ms }) => ms).sort((a, b) => a - b);
		const emitted = await trigger.settled(1);
		const figures = {
			calls: answers.length,
			seconds,
			worstAnswerMs: worst(answers),
			medianAnswerMs: Math.round(sorted[5000] ?? 0),
			executions: (await trigger.executions()).length,
			reads: readsById(server, provider, [id])[0],
			emitted: emitted.length,
		};
		await note('flood-of-repeats', figures);
		for (const { status } of answers) expect(status).toBe(200);
		expect(figures).toMatchObject({ executions: 1, reads: 1, emitted: 1 });
	}, 1_200_000);

	it('of 3,000 made-up ids is bounded, and a real one comes through', async () => {
		const provider = 'pixazo';
		const trigger = await Trigger.create(client, credentials, provider);
		const startedAt = Date.now();
		const ids = Array.from({ length: 3000 }, (_, index) => `made-up-${index}`);
		const answers = await callMany(trigger.url, ids.map((id) => claim(provider, id)));
		const [real] = await bought(trigger, 'a cat');
		const reads = readsOf(server, provider);
		const emitted = await trigger.settled(1, { timeout: 240_000 });
		const seconds = (Date.now() - startedAt) / 1000;
		const executions = (await trigger.executions()).length;
		await note('flood-of-made-up-ids', {
			calls: answers.length,
			refused: answers.filter(({ status }) => status === 429).length,
			worstAnswerMs: worst(answers),
			secondsUntilTheRealOne: seconds,
			readsUntilThen: reads,
			reads: readsOf(server, provider),
			executions,
		});
		expect(emitted.map(({ generationId }) => generationId)).toEqual([real]);
		expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200, 429]));
		expect(readsOf(server, provider)).toBeLessThanOrEqual(100 + 5 * seconds + 10);
		expect(executions).toBe(1);
	}, 300_000);
});

describe('a storm', () => {
	it.each([
		['as n8n is', {}],
		['with n8n taking sandboxes only when needed', { N8N_EXPRESSION_ENGINE_LAZY_ACQUIRE: 'true' }],
	])('of 30 calls a second, junk for the most part: how long true calls wait for their answer, %s', async (name, env) => {
		const provider = CALLING_WITHOUT_LIST;
		const n8n = await startN8n({ tarball: sharedN8n().tarball.path, env });
		try {
			const own = await createCredentials(n8n.client, server);
			const trigger = await Trigger.create(n8n.client, own, provider);
			server.configure({ [provider]: { callbacks: { mode: 'drop' } } });
			const ids = await buy(n8n.client, own, trigger, Array.from({ length: 20 }, (_, n) => `video ${n} [takes 100ms]`));
			await waitUntil(() => server.jobs().every(({ status }) => status === 'completed'));
			const loadAverage = loadavg()[0];
			const waits: { junk: number[]; real: number[] } = { junk: [], real: [] };
			const calls: Array<Promise<void>> = [];
			const startedAt = Date.now();
			for (let n = 0; n < 600; n++) {
				const isReal = n % 30 === 0;
				const call = claim(provider, isReal ? (ids[n / 30] ?? '') : `made-up-${n}`);
				calls.push(callMany(trigger.url, [call], { connections: 1 }).then(([answer]) => void waits[isReal ? 'real' : 'junk'].push(answer?.ms ?? Infinity)));
				await pause(startedAt + ((n + 1) * 1000) / 30 - Date.now());
			}
			await Promise.all(calls);
			const at = (list: number[], part: number): number => Math.round([...list].sort((a, b) => a - b)[Math.floor((list.length - 1) * part)] ?? 0);
			await note(`storm ${name}`, {
				loadAverage,
				junkMedianMs: at(waits.junk, 0.5),
				junkP99Ms: at(waits.junk, 0.99),
				realMedianMs: at(waits.real, 0.5),
				realP99Ms: at(waits.real, 0.99),
			});
			expect((await trigger.settled(20)).map(({ generationId }) => String(generationId)).sort()).toEqual([...ids].sort());
		} finally {
			// It is of the n8n that ends here.
			await unpublishAll();
			await n8n.stop();
		}
	}, 300_000);
});

it('the panel says which URL to use where', async () => {
	const trigger = await Trigger.create(client, credentials, 'lumaDreamMachine', { isDraft: true });
	const editor = await openEditor(client);
	const show = async (name: string) => {
		await editor.openWorkflow(trigger.workflowId);
		const panel = await editor.openNode(TRIGGER);
		await panel.getByText('When will this node trigger my flow?').click();
		await pause(500);
		await editor.screenshot(`trigger-panel-${name}`);
		return panel;
	};
	try {
		const draft = await (await show('draft')).innerText();
		expect(draft).toContain("publish the workflow and generate videos with the production URL as 'Trigger URL'");
		expect(draft).toContain("generate a video with the test URL as 'Trigger URL'");
		await client.publish(trigger.workflowId);
		const panel = await show('published');
		const published = await panel.innerText();
		expect(published).toContain('The workflow is published');
		expect(published).toContain("with the test URL as 'Trigger URL'");
		await panel.getByRole('button', { name: 'Execute step' }).first().click();
		await pause(2500);
		await editor.screenshot('trigger-panel-listening');
	} finally {
		await editor.close();
	}
});
