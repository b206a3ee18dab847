/** The trigger as a whole, in a process of its own and over restarts: what is heard of is emitted, and once. */
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { providers } from '../../../nodes/LumaVideo/providers';
import type { ProviderId } from '../../../nodes/LumaVideo/providers/provider';
import { FakeN8n, HOOK, NOW, pass } from './fakeN8n';

const MINUTE = 60_000;
const CALLING: ProviderId[] = ['lumaDreamMachine', 'pixazo', 'crazyrouter', 'fal'];
const ALL: ProviderId[] = [...CALLING, 'lumaAgents'];

let running: FakeN8n[] = [];

async function started(provider: ProviderId, parameters: FakeN8n['node']['parameters'] = {}): Promise<FakeN8n> {
	const n8n = new FakeN8n(provider, parameters);
	running.push(n8n);
	await n8n.start();
	return n8n;
}

beforeEach(() => {
	jest.useFakeTimers({ now: NOW });
});
afterEach(async () => {
	for (const each of running) await each.stop();
	running = [];
	jest.useRealTimers();
});

describe.each(ALL)('%s: what was announced', (provider) => {
	it('is emitted once, with the reference of the URL', async () => {
		const n8n = await started(provider);
		n8n.generations.set('a', { state: 'processing' });
		expect(await n8n.announce(['a'], { reference: { sku: 'MUG' } })).toEqual({ noted: ['a'], trouble: null });
		await pass(30_000);
		expect(n8n.emitted).toEqual([]);
		n8n.generations.set('a', { state: 'completed' });
		await pass(10 * MINUTE);
		// Luma Dream Machine repeats the request, and the URL in it has no reference.
		const reference = provider === 'lumaDreamMachine' ? null : { sku: 'MUG' };
		expect(n8n.emitted).toMatchObject([{ generationId: 'a', event: 'completed', videoUrl: 'https://media.example/a.mp4', reference }]);
		await n8n.announce(['a']);
		await pass(10 * MINUTE);
		expect(n8n.ids).toEqual(['a']);
	});

	it.each(['crash', 'stop and start'])('is emitted once after a %s of n8n, whatever the node is called meanwhile', async (way) => {
		const n8n = await started(provider);
		n8n.generations.set('a', { state: 'processing' });
		n8n.generations.set('b', { state: 'completed' });
		await n8n.announce(['a', 'b']);
		await pass(3 * MINUTE);
		n8n.generations.set('a', { state: 'completed' });
		if (way === 'crash') await n8n.crash();
		else {
			await n8n.stop();
			n8n.node.name = 'When Finished';
			await n8n.start();
		}
		await pass(10 * MINUTE);
		await n8n.crash();
		await pass(10 * MINUTE);
		expect([...n8n.ids].sort()).toEqual(['a', 'b']);
	});

	it('is not given up while the provider is down, and the user is told of a refused key once', async () => {
		const n8n = await started(provider);
		n8n.generations.set('a', { state: 'completed' });
		n8n.outage = { statusCode: 503 };
		await n8n.announce(['a']);
		await pass(20 * MINUTE);
		expect(n8n.failures).toEqual([]);
		n8n.outage = { statusCode: 401 };
		await pass(40 * MINUTE);
		expect(n8n.failures).toHaveLength(1);
		expect(n8n.failures[0]).toContain('Generation a cannot be read');
		n8n.outage = null;
		await pass(15 * MINUTE);
		expect(n8n.ids).toEqual(['a']);
	});

	it('is emitted by another execution when one breaks off before', async () => {
		const n8n = await started(provider);
		n8n.generations.set('a', { state: 'completed' });
		n8n.executes = false;
		await n8n.announce(['a']);
		await pass(6 * MINUTE);
		expect(n8n.emitted).toEqual([]);
		n8n.executes = true;
		await pass(15 * MINUTE);
		expect(n8n.ids).toEqual(['a']);
	});
});

describe('a provider that never calls', () => {
	it('is asked for a video of a minute at most 12 times, and the end is seen within 5 seconds in the mean', async () => {
		const n8n = await started('lumaAgents');
		const late: number[] = [];
		for (let round = 0; round < 6; round++) {
			const id = `video-${round}`;
			n8n.generations.set(id, { state: 'processing', createdAt: Date.now() });
			await n8n.announce([id], { expectedMs: 90_000 });
			await pass(MINUTE);
			n8n.generations.set(id, { state: 'completed', createdAt: Date.now() - MINUTE });
			const endedAt = Date.now();
			while (!n8n.ids.includes(id)) await pass(100);
			late.push(Date.now() - endedAt);
			expect(n8n.reads(id)).toBeLessThanOrEqual(12);
		}
		expect(late.reduce((sum, each) => sum + each, 0) / late.length).toBeLessThanOrEqual(5000);
	});

	it('200 at once are watched, four reads at a time, and share a few executions', async () => {
		const n8n = await started('lumaAgents');
		const ids = Array.from({ length: 200 }, (_, n) => `video-${n}`);
		for (const id of ids) n8n.generations.set(id, { state: 'processing' });
		expect((await n8n.announce(ids)).noted).toHaveLength(200);
		await pass(MINUTE);
		for (const id of ids) n8n.generations.set(id, { state: 'completed' });
		await pass(30_000);
		expect([...n8n.ids].sort()).toEqual([...ids].sort());
		expect(n8n.executions).toBeLessThanOrEqual(20);
		expect(n8n.requests.length).toBeLessThanOrEqual(200 * 12);
	});
});

describe.each(CALLING)('%s: a call', (provider) => {
	it('of a video that was announced is one read and one emission, however often it comes', async () => {
		const n8n = await started(provider, { options: { reconcileMinutes: 0 } });
		n8n.generations.set('a', { state: 'completed' });
		await n8n.announce(['a']);
		for (let copy = 0; copy < 5; copy++) expect(await n8n.call('a')).toEqual({ status: 200, body: { status: 'noted' } });
		await pass(5000);
		expect(await n8n.call('a')).toEqual({ status: 200, body: { status: 'ignored' } });
		await pass(MINUTE);
		expect([n8n.ids, n8n.reads('a'), n8n.executions]).toEqual([['a'], 1, 1]);
	});

	it('that is repeated after a restart costs nothing', async () => {
		const n8n = await started(provider);
		for (const id of ['a', 'b']) n8n.generations.set(id, { state: 'completed' });
		await n8n.call('a');
		await pass(5000);
		await n8n.announce(['b']);
		await n8n.call('b');
		await pass(5000);
		await n8n.crash();
		expect((await n8n.call('a')).body).toEqual({ status: 'ignored' });
		await pass(1000);
		expect(n8n.reads('a')).toBe(1);
	});

	it('of a video that nobody announced is emitted too, with the query of the call, also after a crash right after it', async () => {
		const n8n = await started(provider);
		n8n.outage = { statusCode: 503 };
		n8n.generations.set('a', { state: 'completed', callbackUrl: `${HOOK}?sku=MUG` });
		await n8n.call('a', 'completed', { sku: 'MUG' });
		await n8n.crash();
		n8n.outage = null;
		await pass(MINUTE);
		expect(n8n.emitted).toMatchObject([{ generationId: 'a', reference: { sku: 'MUG' } }]);
	});

	it('is believed when the provider finds the generation only minutes later', async () => {
		const n8n = await started(provider);
		await n8n.call('a');
		await pass(2 * MINUTE);
		n8n.generations.set('a', { state: 'completed' });
		await pass(5 * MINUTE);
		expect(n8n.ids).toEqual(['a']);
	});

	it('that comes too early makes the trigger look again in a moment', async () => {
		const n8n = await started(provider);
		n8n.generations.set('a', { state: 'processing' });
		await n8n.announce(['a'], { expectedMs: 10 * MINUTE });
		await n8n.call('a');
		await pass(2000);
		n8n.generations.set('a', { state: 'completed' });
		await pass(10_000);
		expect(n8n.ids).toEqual(['a']);
	});

	it('that says nothing true starts no execution', async () => {
		const n8n = await started(provider);
		n8n.generations.set('a', { state: 'processing' });
		for (let copy = 0; copy < 50; copy++) {
			await n8n.call('a');
			await n8n.call(`made-up-${copy % 3}`);
			await pass(1000);
		}
		expect([n8n.executions, n8n.emitted]).toEqual([0, []]);
		expect(n8n.reads('a')).toBeLessThanOrEqual(8);
		// Where an ID does not say which of two places it belongs to, both are asked.
		expect(n8n.reads('made-up-0')).toBeLessThanOrEqual(providers[provider].status('made-up-0').orElse ? 10 : 5);
	});

	it('is never refused for the sake of strangers, whose room is small', async () => {
		const n8n = await started(provider);
		n8n.generations.set('a', { state: 'processing' });
		const answers = new Set<number>();
		for (let n = 0; n < 500; n++) answers.add((await n8n.call(`made-up-${n}`)).status);
		expect([...answers]).toEqual([200, 429]);
		expect(JSON.stringify(n8n.staticData).length).toBeLessThan(2000);
		expect((await n8n.announce(['a'])).noted).toEqual(['a']);
		n8n.generations.set('a', { state: 'completed' });
		expect((await n8n.call('a')).status).toBe(200);
		await pass(5000);
		expect(n8n.ids).toEqual(['a']);
		// A stranger's word costs five reads a second at most.
		expect(n8n.requests.length).toBeLessThanOrEqual(30);
		// One that nobody announced gets in as soon as others were found out.
		n8n.generations.set('b', { state: 'completed' });
		expect((await n8n.call('b')).status).toBe(200);
		await pass(5 * MINUTE);
		expect(n8n.ids).toEqual(['a', 'b']);
	});

	it('is missed after a while', async () => {
		const n8n = await started(provider);
		n8n.generations.set('a', { state: 'completed' });
		await n8n.announce(['a'], { expectedMs: MINUTE });
		await pass(MINUTE);
		// Its list is read soon after the start.
		expect(n8n.ids).toEqual(provider === 'lumaDreamMachine' ? ['a'] : []);
		await pass(MINUTE);
		expect(n8n.ids).toEqual(['a']);
	});
});

describe('whose generation it is', () => {
	async function called(callbackUrl: string | null): Promise<FakeN8n> {
		const n8n = await started('lumaDreamMachine');
		n8n.generations.set('a', { state: 'completed', callbackUrl });
		await n8n.call('a');
		await pass(10_000);
		return n8n;
	}

	it.each([
		['this trigger', HOOK],
		['this trigger, by another name of the host', HOOK.replace('n8n.example.com', '10.0.0.5:5678/n8n')],
	])('one that calls %s is emitted', async (_, callbackUrl) => {
		const n8n = await called(callbackUrl);
		expect([n8n.ids, n8n.failures]).toEqual([['a'], []]);
	});

	it.each([
		['the test URL', HOOK.replace('/webhook/', '/webhook-test/'), 0],
		['another trigger', HOOK.replace(/[\w-]+\/luma-video/, 'other/luma-video'), 0],
		['nobody', null, 0],
		// Something that the user can mend.
		['a relay', 'https://relay.example.com/n8n', 1],
	])('one that calls %s is not, and the log says why', async (_, callbackUrl, failures) => {
		const n8n = await called(callbackUrl);
		expect(n8n.ids).toEqual([]);
		expect(n8n.log.join()).toContain("Generation a did not start the workflow: it was not made with this trigger's URL");
		expect(n8n.failures).toHaveLength(failures);
	});

	it('one of another trigger stays there, also when it is called about here while it runs', async () => {
		const n8n = await started('lumaDreamMachine');
		const callbackUrl = HOOK.replace(/[\w-]+\/luma-video/, 'other/luma-video');
		for (const state of ['processing', 'completed'] as const) {
			n8n.generations.set('a', { state, callbackUrl });
			await n8n.call('a', 'completed');
			await pass(MINUTE);
		}
		expect([n8n.emitted, n8n.executions]).toEqual([[], 0]);
	});

	it.each([
		['announced, through a relay', { callbackUrl: 'https://relay.example.com/n8n' }, true],
		['not announced, where the answer does not repeat the request', { withoutRequest: true }, false],
	])('one that was %s', async (_, generation, isAnnounced) => {
		const n8n = await started('lumaDreamMachine');
		n8n.generations.set('a', { state: 'completed', ...generation });
		if (isAnnounced) await n8n.announce(['a']);
		await n8n.call('a');
		await pass(10_000);
		expect(n8n.ids).toEqual(['a']);
	});

	it('one that is older than a week is not emitted', async () => {
		const n8n = await started('crazyrouter');
		n8n.generations.set('a', { state: 'completed', createdAt: NOW - 8 * 24 * 60 * MINUTE });
		await n8n.call('a');
		await pass(10_000);
		expect(n8n.emitted).toEqual([]);
	});
});

describe('an announcement', () => {
	it.each<[string, (n8n: FakeN8n) => Promise<unknown>, number]>([
		['signed with another key', async (n8n) => await n8n.announce(['a'], { key: 'another-key-1' }), 0],
		['not signed', async (n8n) => await n8n.post({ lumaVideo: { announcement: '{"provider":"lumaAgents","generations":[{"id":"a"}]}', signature: '' } }), 0],
		['of another provider', async (n8n) => await n8n.post({ lumaVideo: { announcement: '{"provider":"pixazo","generations":[]}', signature: 'x' } }), 0],
		['that is no JSON', async (n8n) => await n8n.post({ lumaVideo: { announcement: '{', signature: 'x' } }), 0],
	])('%s is refused, and nothing is read', async (_, send) => {
		const n8n = await started('lumaAgents');
		n8n.generations.set('a', { state: 'completed' });
		const answer = await send(n8n);
		expect(JSON.stringify(answer)).toMatch(/different API keys|videos of another provider/);
		await pass(10 * MINUTE);
		expect([n8n.requests, n8n.staticData]).toEqual([[], {}]);
	});

	it('is accepted with a new key as soon as the credential has it', async () => {
		const n8n = await started('lumaAgents');
		n8n.generations.set('a', { state: 'completed' });
		await n8n.announce(['b']);
		n8n.key = 'changed-key-1';
		await pass(2000);
		expect((await n8n.announce(['a'])).noted).toEqual(['a']);
	});

	it('of what the provider does not know is told to the user in the end', async () => {
		const n8n = await started('lumaAgents');
		await n8n.announce(['a']);
		await pass(2 * 60 * MINUTE);
		expect(n8n.failures).toEqual([expect.stringContaining('Luma Agents has no generation a')]);
		const { length } = n8n.requests;
		await pass(24 * 60 * MINUTE);
		expect(n8n.requests).toHaveLength(length);
	});
});

describe('events', () => {
	it('only those that are wanted start an execution', async () => {
		const n8n = await started('crazyrouter', { events: ['failed'] });
		n8n.generations.set('a', { state: 'completed' });
		n8n.generations.set('b', { state: 'failed' });
		await n8n.announce(['a', 'b']);
		await n8n.call('a');
		await n8n.call('b', 'failed');
		await pass(10 * MINUTE);
		expect(n8n.emitted).toMatchObject([{ generationId: 'b', event: 'failed' }]);
		expect(n8n.executions).toBe(1);
	});

	it.each(['crazyrouter', 'lumaAgents'] as const)('%s: progress is emitted once for each status, then the end', async (provider) => {
		const n8n = await started(provider, { events: ['completed', 'failed', 'progress'] });
		for (const state of ['queued', 'processing', 'processing', 'completed'] as const) {
			n8n.generations.set('a', { state });
			await n8n.announce(['a']);
			if (provider === 'crazyrouter') await n8n.call('a', state);
			await pass(MINUTE);
		}
		await pass(5 * MINUTE);
		expect(n8n.emitted.map(({ status }) => status)).toEqual(['queued', 'processing', 'completed']);
	});
});

describe("Luma Dream Machine's list", () => {
	it('tells of what nobody announced and nobody called about, and of nothing else', async () => {
		const n8n = await started('lumaDreamMachine');
		n8n.generations.set('mine', { state: 'completed' });
		n8n.generations.set('running', { state: 'processing' });
		n8n.generations.set('other', { state: 'completed', callbackUrl: null });
		await pass(6 * MINUTE);
		expect(n8n.ids).toEqual(['mine']);
		expect(n8n.requests).toEqual(['list', 'mine', 'list']);
	});

	it('is not read when the user does not want it', async () => {
		const n8n = await started('lumaDreamMachine', { options: { reconcileMinutes: 0 } });
		n8n.generations.set('mine', { state: 'completed' });
		await pass(60 * MINUTE);
		expect(n8n.requests).toEqual([]);
	});
});

describe('where the trigger runs in another process', () => {
	it('an announcement starts an execution for one generation at a time, which watches it itself', async () => {
		const n8n = new FakeN8n('lumaAgents');
		n8n.generations.set('a', { state: 'processing' });
		expect((await n8n.announce(['a', 'b'])).noted).toEqual(['a']);
		await pass(MINUTE);
		expect(n8n.emitted).toEqual([]);
		n8n.generations.set('a', { state: 'completed' });
		await pass(2 * MINUTE);
		expect(n8n.ids).toEqual(['a']);
	});

	it('calls start an execution each, repeats none, and what two find at once is emitted once', async () => {
		const n8n = new FakeN8n('crazyrouter');
		n8n.generations.set('a', { state: 'completed' });
		for (let copy = 0; copy < 5; copy++) await n8n.call('a');
		await pass(10_000);
		expect([n8n.ids, n8n.executions]).toEqual([['a'], 1]);
		// Another process, which has not heard of it.
		await n8n.crash();
		await n8n.stop();
		await n8n.call('a');
		await pass(70_000);
		expect(n8n.ids).toEqual(['a']);
	});

	it('a flood of made-up ids starts 200 executions a minute at most', async () => {
		const n8n = new FakeN8n('pixazo');
		for (let n = 0; n < 1000; n++) await n8n.call(`made-up-${n}`);
		await pass(10_000);
		expect(n8n.executions).toBeLessThanOrEqual(200);
		expect(n8n.emitted).toEqual([]);
		// Another trigger of the same process has room of its own.
		const other = new FakeN8n('crazyrouter');
		other.generations.set('a', { state: 'completed' });
		expect((await other.call('a')).status).toBe(200);
		await pass(10_000);
		expect(other.ids).toEqual(['a']);
	});
});

describe('a test', () => {
	it('shows what is called about, and listens on after anything else', async () => {
		const n8n = new FakeN8n('pixazo');
		n8n.generations.set('a', { state: 'completed' });
		expect((await n8n.post({}, { mode: 'manual' })).body).toEqual({ status: 'ignored' });
		await n8n.post({ request_id: 'a', status: 'COMPLETED' }, { mode: 'manual' });
		await pass(1000);
		await n8n.post({ request_id: 'a', status: 'COMPLETED' }, { mode: 'manual' });
		await pass(1000);
		expect(n8n.ids).toEqual(['a', 'a']);
	});
});
