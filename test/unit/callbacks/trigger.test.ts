/** Which generations a trigger takes for its own, and as what. */
import { describe, expect, it } from '@jest/globals';
import { emissionOf, isMeantFor, isTooOld, providerOf } from '../../../nodes/LumaVideo/callbacks/trigger';
import { crazyrouter } from '../../../nodes/LumaVideo/providers/crazyrouter';
import { lumaDreamMachine } from '../../../nodes/LumaVideo/providers/lumaDreamMachine';
import type { Generation } from '../../../nodes/LumaVideo/providers/provider';
import { generation } from '../providers/support';
import { HOOK, NOW, WEBHOOK_ID, triggerNode } from './fakes';

const node = triggerNode('lumaDreamMachine');

function calling(callbackUrl: unknown): Generation {
	return generation({ request: { callback_url: callbackUrl as string } }, { generationId: 'a' });
}

describe('a generation is meant for the trigger', () => {
	it.each([
		['its production URL', HOOK],
		['its production URL under a path', `https://example.com/n8n/webhook/${WEBHOOK_ID}/luma-video`],
		['its production URL by another name of the host', `http://10.0.0.5:5678/webhook/${WEBHOOK_ID}/luma-video`],
		['its production URL with a query', `${HOOK}?from=shop`],
	])('that calls %s', (_, url) => {
		expect(isMeantFor(lumaDreamMachine, calling(url), node, false)).toBe(true);
	});

	it.each([
		['nobody', null],
		['an empty text', ''],
		['no address', 'luma'],
		['something else', { url: HOOK }],
		['another service', 'https://example.com/hook'],
		['another trigger', HOOK.replace(WEBHOOK_ID, 'c0ffee00-6a57-4d0b-9d1e-0d8f6a1c2b3d')],
		['an address that has its id in the query', `https://example.com/webhook?id=${WEBHOOK_ID}`],
		['an address that has its id inside a longer part', `https://example.com/webhook/x${WEBHOOK_ID}/luma-video`],
		['its test URL', HOOK.replace('/webhook/', '/webhook-test/')],
	])('and not one that calls %s', (_, url) => {
		expect(isMeantFor(lumaDreamMachine, calling(url), node, false)).toBe(false);
	});

	it('in a test, when it calls the test URL', () => {
		const url = HOOK.replace('/webhook/', '/webhook-test/');
		expect(isMeantFor(lumaDreamMachine, calling(url), node, true)).toBe(true);
		expect(isMeantFor(lumaDreamMachine, calling('https://example.com/hook'), node, true)).toBe(false);
	});

	it('where the provider does not tell whom it calls', () => {
		expect(isMeantFor(crazyrouter, calling(null), node, false)).toBe(true);
	});

	it('never by a trigger without an address', () => {
		expect(isMeantFor(lumaDreamMachine, calling(HOOK), { ...node, webhookId: undefined }, false)).toBe(false);
	});
});

describe('too old', () => {
	const day = 24 * 3_600_000;
	it.each([
		['no time', null, null, false],
		['no date', 'yesterday', null, false],
		['made six days ago', NOW - 6 * day, null, false],
		['made eight days ago', NOW - 8 * day, null, true],
		['made eight days ago, ended today', NOW - 8 * day, NOW, false],
		['of tomorrow', NOW + day, null, false],
	])('%s', (_, createdAt, completedAt, expected) => {
		const text = (time: number | string | null) => (typeof time === 'number' ? new Date(time).toISOString() : time);
		const each = generation({}, { createdAt: text(createdAt), completedAt: text(completedAt) });
		expect(isTooOld(each, NOW)).toBe(expected);
	});
});

describe('a generation is emitted as', () => {
	const video = { videoUrl: 'https://media.example/a.mp4', media: [{ url: 'https://media.example/a.mp4', type: 'video' as const }] };
	it.each([
		['queued', {}, 'progress', 'crazyrouter a progress queued'],
		['processing', {}, 'progress', 'crazyrouter a progress processing'],
		['completed', {}, 'progress', 'crazyrouter a progress processing'],
		['completed', video, 'completed', 'crazyrouter a over'],
		['failed', {}, 'failed', 'crazyrouter a over'],
	] as const)('%s %j: %s', (status, set, event, key) => {
		const each = generation({}, { generationId: 'a', status, ...set });
		expect(emissionOf(crazyrouter, each)).toEqual({ event, key });
	});
});

describe('the provider', () => {
	it('is Luma Dream Machine unless the workflow says otherwise', () => {
		expect(providerOf({ ...node, parameters: {} }).id).toBe('lumaDreamMachine');
		expect(providerOf(triggerNode('pixazo')).id).toBe('pixazo');
	});

	it.each(['sora', '__proto__', 7, ''])('%s is told to be unknown', (provider) => {
		expect(() => providerOf({ ...node, parameters: { provider } })).toThrow("'Provider' is not known");
	});
});
