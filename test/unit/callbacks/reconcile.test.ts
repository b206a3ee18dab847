/** Looking for what callbacks did not announce, in the account's list. */
import { beforeEach, describe, expect, it } from '@jest/globals';
import { findMissed } from '../../../nodes/LumaVideo/callbacks/reconcile';
import { REQUEST_TIMEOUT_MS } from '../../../nodes/LumaVideo/callbacks/trigger';
import type { TriggerEvent } from '../../../nodes/LumaVideo/callbacks/triggerState';
import { emissionKey } from '../../../nodes/LumaVideo/callbacks/triggerState';
import { lumaDreamMachine } from '../../../nodes/LumaVideo/providers/lumaDreamMachine';
import { pixazo } from '../../../nodes/LumaVideo/providers/pixazo';
import { createProviderClient } from '../../../nodes/LumaVideo/transport/providerClient';
import type { FakeGeneration, World } from './fakes';
import { HOOK, NOW, memoryOf, triggerContext, world } from './fakes';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

let here: World;
beforeEach(() => {
	here = world(lumaDreamMachine);
});

async function look({
	tick = 0,
	wanted = ['completed', 'failed'],
	now = NOW,
}: { tick?: number; wanted?: TriggerEvent[]; now?: number } = {}) {
	const { provider } = here.service;
	const client = await createProviderClient(triggerContext(here).context, provider, REQUEST_TIMEOUT_MS);
	const warn = (text: string) => here.warnings.push(text);
	return await findMissed({ provider, client, state: memoryOf(here.node), node: here.node, wanted, tick, now, warn });
}

/** So many generations, the newest last. */
function many(count: number, set: Partial<FakeGeneration> = {}, apartMs = 1000): FakeGeneration[] {
	return Array.from({ length: count }, (_, index) => ({
		id: `many-${index}`,
		state: 'completed' as const,
		createdAt: NOW - (count - index) * apartMs,
		...set,
	}));
}

it('finds what is over and calls this trigger', async () => {
	here.service.set(
		{ id: 'done', state: 'completed' },
		{ id: 'failed', state: 'failed' },
		{ id: 'running', state: 'dreaming' },
		{ id: 'queued', state: 'queued' },
		{ id: 'without-video', state: 'completed', withoutVideo: true },
		{ id: 'foreign', state: 'completed', callbackUrl: 'https://example.com/webhook/other/luma-video' },
		{ id: 'nobody', state: 'completed', callbackUrl: null },
		{ id: 'test', state: 'completed', callbackUrl: HOOK.replace('/webhook/', '/webhook-test/') },
		{ id: 'old', state: 'completed', createdAt: NOW - 8 * DAY },
	);
	expect((await look()).sort()).toEqual(['done', 'failed']);
	expect(here.service.requests).toEqual(['list 0']);
});

it('finds only what is wanted', async () => {
	here.service.set({ id: 'done', state: 'completed' }, { id: 'failed', state: 'failed' });
	expect(await look({ wanted: ['failed'] })).toEqual(['failed']);
	expect(await look({ wanted: ['progress'] })).toEqual([]);
});

it('finds nothing that was emitted, and nothing twice', async () => {
	here.service.set({ id: 'a', state: 'completed' }, { id: 'b', state: 'completed' });
	memoryOf(here.node).markEmitted(emissionKey('lumaDreamMachine', { generationId: 'a', status: 'completed' }));
	expect(await look()).toEqual(['b']);
	expect(await look({ tick: 1 })).toEqual([]);
	memoryOf(here.node).settle('b', 'unread', NOW);
	expect(await look({ tick: 2 })).toEqual(['b']);
});

describe('how far it looks', () => {
	it('one page while everything on it is younger than two hours and there is no more', async () => {
		here.service.set(...many(100));
		expect(await look({ tick: 1 })).toHaveLength(100);
		expect(here.service.requests).toEqual(['list 0']);
	});

	it('on to the next page while generations are younger than two hours', async () => {
		here.service.set(...many(250, {}, 60_000));
		await look({ tick: 1 });
		expect(here.service.requests).toEqual(['list 0', 'list 100']);
	});

	it('back seven days after the start, and every twelfth time', async () => {
		here.service.set(...many(250, {}, HOUR));
		expect(await look({ tick: 0 })).toHaveLength(168);
		expect(here.service.requests).toEqual(['list 0', 'list 100']);
		for (const tick of [1, 2, 11]) await look({ tick });
		expect(here.service.requests.slice(2)).toEqual(['list 0', 'list 0', 'list 0']);
		await look({ tick: 12 });
		expect(here.service.requests.slice(5)).toEqual(['list 0', 'list 100']);
	});

	it('20 pages at most', async () => {
		here.service.set(...many(3000));
		expect(await look()).toHaveLength(2000);
		expect(here.service.requests).toHaveLength(20);
	});

	it('page by page where the service gives smaller pages than asked for', async () => {
		here.service.maxLimit = 10;
		here.service.set(...many(35));
		expect(await look()).toHaveLength(35);
		expect(here.service.requests).toEqual(['list 0', 'list 10', 'list 20', 'list 30']);
	});
});

it.each([
	['an outage', { statusCode: 503 }],
	['a refused key', { statusCode: 401 }],
	['a broken connection', 'reset' as const],
])('%s ends the look, and is told', async (_, outage) => {
	here.service.set(...many(250));
	here.service.outage = outage;
	expect(await look()).toEqual([]);
	expect(here.service.requests).toHaveLength(1);
	expect(here.warnings).toEqual([expect.stringContaining('Luma Dream Machine')]);
});

it('asks nothing where there is no list', async () => {
	here = world(pixazo);
	expect(await look()).toEqual([]);
	expect(here.service.requests).toEqual([]);
});
