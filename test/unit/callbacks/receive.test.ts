/** What a callback is answered, and what it leaves behind. */
import { beforeEach, describe, expect, it } from '@jest/globals';
import { receive } from '../../../nodes/LumaVideo/callbacks/receive';
import { emissionKey } from '../../../nodes/LumaVideo/callbacks/triggerState';
import { crazyrouter } from '../../../nodes/LumaVideo/providers/crazyrouter';
import { lumaDreamMachine } from '../../../nodes/LumaVideo/providers/lumaDreamMachine';
import { pixazo } from '../../../nodes/LumaVideo/providers/pixazo';
import type { FakeGeneration, World } from './fakes';
import { NOW, bodyOf, memoryOf, webhookContext, world } from './fakes';

let here: World;
let wakes: number;

function begin(provider = pixazo, parameters = {}): void {
	here = world(provider, parameters);
	wakes = 0;
	memoryOf(here.node).onDue = () => wakes++;
}
beforeEach(() => {
	begin();
});

function call(body: unknown, { now = NOW, mode = 'webhook' } = {}) {
	const { context, answers } = webhookContext(here, body, mode);
	return { result: receive(context, now), answers };
}

function callAbout(generation: FakeGeneration, options = {}) {
	return call(bodyOf(here.service.provider.id, generation), options);
}

const IGNORED = { webhookResponse: { status: 'ignored' } };
const NOTED = { webhookResponse: { status: 'noted' } };

describe('where the trigger runs in the same process', () => {
	it('a callback is noted, stored, and wakes the trigger; it starts no execution itself', () => {
		expect(callAbout({ id: 'a', state: 'completed' }).result).toEqual(NOTED);
		expect(here.staticData).toEqual({ emitted: [], open: [['a', NOW]] });
		expect(wakes).toBe(1);
	});

	it('a repeat is answered and changes nothing', () => {
		callAbout({ id: 'a', state: 'completed' });
		here.staticData.open = 'untouched';
		for (let copy = 0; copy < 5; copy++) expect(callAbout({ id: 'a', state: 'completed' }).result).toEqual(IGNORED);
		expect(here.staticData.open).toBe('untouched');
		expect(wakes).toBe(1);
	});

	it('the end of what was announced wakes the trigger without being stored again', () => {
		expect(callAbout({ id: 'a', state: 'dreaming' }).result).toEqual(NOTED);
		expect(wakes).toBe(1);
		here.staticData.open = 'untouched';
		expect(callAbout({ id: 'a', state: 'completed' }).result).toEqual(NOTED);
		expect(here.staticData.open).toBe('untouched');
		expect(wakes).toBe(2);
	});

	it('what nobody wants is dropped', () => {
		begin(lumaDreamMachine, { events: ['completed'] });
		expect(callAbout({ id: 'a', state: 'failed' }).result).toEqual(IGNORED);
		expect(callAbout({ id: 'b', state: 'dreaming' }).result).toEqual(IGNORED);
		expect(here.staticData).toEqual({});
	});

	it('what is stored is learnt with the first call', () => {
		here.staticData.open = [['from before', NOW - 1000], ['b', NOW - 1000]];
		callAbout({ id: 'a', state: 'completed' });
		expect(here.staticData.open).toEqual([['b', NOW - 1000], ['a', NOW]]);
	});

	it('a flood is told to come again, and logged', () => {
		for (let id = 0; id < 1000; id++) callAbout({ id: `made-up-${id}`, state: 'completed' });
		const { result, answers } = callAbout({ id: 'one-more', state: 'completed' });
		expect(result).toEqual({ noWebhookResponse: true });
		expect(answers).toEqual([{ code: 429, body: { status: 'try again later' } }]);
		expect(here.warnings).toEqual([expect.stringContaining('one-more')]);
	});
});

describe('where the trigger runs elsewhere', () => {
	beforeEach(() => {
		memoryOf(here.node).onDue = null;
	});

	it('a callback starts an execution with the id, and nothing but the id', () => {
		const { result } = callAbout({ id: 'a', state: 'completed' });
		expect(result).toEqual({ workflowData: [[{ json: { generationId: 'a', ticket: expect.any(String) } }]] });
		expect(callAbout({ id: 'a', state: 'completed' }).result).toEqual(IGNORED);
	});

	it('what was announced is added to what is stored', () => {
		here.staticData = { emitted: ['x'], open: [['b', 5]] };
		expect(callAbout({ id: 'a', state: 'dreaming' }).result).toEqual(NOTED);
		expect(here.staticData).toEqual({ emitted: ['x'], open: [['b', 5], ['a', NOW]] });
	});

	it('a flood of announcements is never told to come again', () => {
		for (let id = 0; id < 1500; id++) {
			expect(callAbout({ id: `made-up-${id}`, state: 'dreaming' }).result).toHaveProperty('webhookResponse');
		}
	});
});

describe('in a test', () => {
	it('a callback is passed on whatever was seen before, and nothing is remembered', () => {
		memoryOf(here.node).markEmitted(emissionKey('pixazo', { generationId: 'a', status: 'completed' }));
		expect(callAbout({ id: 'a', state: 'completed' }, { mode: 'manual' }).result).toHaveProperty('workflowData');
		expect(here.staticData).toEqual({});
		expect(wakes).toBe(0);
	});

	it('a callback about an event that is not wanted leaves the test listening', () => {
		expect(callAbout({ id: 'a', state: 'dreaming' }, { mode: 'manual' }).result).toEqual(IGNORED);
		begin(pixazo, { events: ['progress'] });
		expect(callAbout({ id: 'a', state: 'dreaming' }, { mode: 'manual' }).result).toHaveProperty('workflowData');
	});
});

describe('an announcement of the Luma Video node', () => {
	const announcement = (...generationIds: unknown[]) => ({ lumaVideo: { provider: 'pixazo', generationIds } });

	it('is noted and stored; nothing is started, whatever is wanted', () => {
		begin(pixazo, { events: ['completed', 'failed', 'progress'] });
		expect(call(announcement('a', 'b')).result).toEqual(NOTED);
		expect(here.staticData.open).toEqual([['a', NOW], ['b', NOW]]);
		expect(memoryOf(here.node).nextLookAt(NOW)).toBeNull();
		expect(call(announcement('a', 'b')).result).toEqual(IGNORED);
	});

	it('makes the callback no news for the database', () => {
		call(announcement('a'));
		here.staticData.open = 'untouched';
		expect(callAbout({ id: 'a', state: 'completed' }).result).toEqual(NOTED);
		expect(here.staticData.open).toBe('untouched');
		expect(memoryOf(here.node).takeDue(NOW)).toEqual([{ generationId: 'a', isBlind: true }]);
	});

	it('is stored also where the trigger runs elsewhere', () => {
		memoryOf(here.node).onDue = null;
		expect(call(announcement('a', 'b')).result).toEqual(NOTED);
		expect(here.staticData.open).toEqual([['a', NOW], ['b', NOW]]);
	});

	it.each([
		['of another provider', { lumaVideo: { provider: 'crazyrouter', generationIds: ['a'] } }],
		['without ids', { lumaVideo: { provider: 'pixazo' } }],
		['of other types', { lumaVideo: { provider: 'pixazo', generationIds: [1, null, {}, ['a']] } }],
		['of paths', { lumaVideo: { provider: 'pixazo', generationIds: ['../me', '..', 'a b'] } }],
		['that also claims an end', { lumaVideo: { provider: 'x' }, request_id: 'a', status: 'COMPLETED' }],
	])('%s is ignored', (_, body) => {
		expect(call(body).result).toEqual(IGNORED);
		expect(here.staticData).toEqual({});
	});

	it('of a million ids counts for a hundred', () => {
		call({ lumaVideo: { provider: 'pixazo', generationIds: Array.from({ length: 1_000_000 }, (_, index) => `id-${index}`) } });
		expect((here.staticData.open as unknown[]).length).toBe(100);
	});

	it('is none of a test’s business, nor of a provider’s that lists', () => {
		expect(call(announcement('a'), { mode: 'manual' }).result).toEqual(IGNORED);
		begin(lumaDreamMachine);
		expect(call({ lumaVideo: { provider: 'lumaDreamMachine', generationIds: ['a'] } }).result).toEqual(IGNORED);
	});
});

describe('junk', () => {
	it.each([
		['nothing', undefined],
		['null', null],
		['text', 'x'.repeat(1_000_000)],
		['an array', [1, 2, 3]],
		['an id with a path', { request_id: '../../v1/me', status: 'COMPLETED' }],
		['a huge id', { request_id: 'x'.repeat(1_000_000), status: 'COMPLETED' }],
	])('%s is ignored', (_, body) => {
		expect(call(body).result).toEqual(IGNORED);
		expect(call(body, { mode: 'manual' }).result).toEqual(IGNORED);
		expect(here.staticData).toEqual({});
	});
});

it('10,000 repeats wake the trigger once', () => {
	begin(crazyrouter);
	const body = bodyOf('crazyrouter', { id: 'a', state: 'completed' });
	for (let copy = 0; copy < 10_000; copy++) call(body);
	expect(wakes).toBe(1);
});
