/** Announcements: what is sent, and who can make one. */
import { describe, expect, it } from '@jest/globals';
import { createHmac } from 'node:crypto';
import type { IExecuteFunctions, IHttpRequestOptions } from 'n8n-workflow';
import type { JsonValue } from '../../../nodes/LumaVideo/providers/provider';
import type { Told } from '../../../nodes/LumaVideo/transport/announce';
import { announce, announcementIn, isGenuine, referenceOf, webhookIdOf } from '../../../nodes/LumaVideo/transport/announce';

const URL = 'https://n8n.example/webhook/7f/luma-video';

describe("a trigger's URL", () => {
	it.each([
		[URL, '7f'],
		[`${URL}?a=b#c`, '7f'],
		['http://localhost:5678/base/webhook/7f/luma-video', '7f'],
		['https://n8n.example/webhook-test/7f/luma-video', '7f'],
		['', null],
		['luma-video', null],
		['https://n8n.example/webhook/7f', null],
		['https://n8n.example/webhook/luma-video/7f', null],
		['https://n8n.example/webhook/7f/luma-video/', null],
		['https://n8n.example/webhook/7f/other-luma-video', null],
		['https://n8n.example/?x=/luma-video', null],
	])('%j has the webhook ID %s', (address, id) => {
		expect(webhookIdOf(address)).toBe(id);
	});
});

describe('a reference', () => {
	it.each<[string, Array<[string, unknown]>, object | null]>([
		['of a query', [['sku', 'MUG'], ['size', 'L']], { sku: 'MUG', size: 'L' }],
		['of nothing', [], null],
		['of what is no text', [['a', ['b']], ['c', '1']], { c: '1' }],
		['that is too long', [['a', 'x'.repeat(3000)]], null],
	])('%s', (_, query, expected) => {
		expect(referenceOf(query)).toEqual(expected);
	});
});

const client = (key: string) => ({ sign: (text: string) => createHmac('sha256', key).update(text).digest('hex') });
const announcement = { provider: 'pixazo', reference: null, generations: [{ id: 'gen-1', submittedAt: 1, kind: 'k', expectedMs: 2 }] };

async function sent(answer: () => unknown): Promise<{ request: IHttpRequestOptions; told: Told }> {
	let request: IHttpRequestOptions | undefined;
	const context = {
		helpers: {
			httpRequest: async (options: IHttpRequestOptions) => {
				request = options;
				return await Promise.resolve(answer());
			},
		},
	} as unknown as IExecuteFunctions;
	const told = await announce(context, client('key-1'), URL, announcement);
	if (!request) throw new Error('nothing was sent');
	return { request, told };
}

it('an announcement has no key in it, waits a moment only, and follows no redirect', async () => {
	const { request } = await sent(() => ({ statusCode: 200, body: '{"noted":["gen-1"]}' }));
	expect(request).toMatchObject({ method: 'POST', url: URL, timeout: 5000, disableFollowRedirect: true, ignoreHttpStatusErrors: true });
	expect(JSON.stringify(request)).not.toContain('key-1');
	expect(JSON.parse(announcementIn(request.body as JsonValue)?.text ?? '')).toEqual(announcement);
});

it.each<[string, () => unknown, Told]>([
	['takes note of it', () => ({ statusCode: 200, body: '{"noted":["gen-1",5]}' }), { noted: ['gen-1'], trouble: null }],
	['says why not', () => ({ statusCode: 403, body: '{"reason":"It is shut"}' }), { noted: [], trouble: 'It is shut' }],
	['is not published', () => ({ statusCode: 404, body: '{"code":404,"message":"not registered"}' }), { noted: [], trouble: 'It answered 404' }],
	['is behind a broken proxy', () => ({ statusCode: 502, body: '<html>' }), { noted: [], trouble: 'It answered 502' }],
	['is not there', () => { throw new Error('refused'); }, { noted: [], trouble: 'It did not answer' }],
])('a trigger that %s', async (_, answer, expected) => {
	expect((await sent(answer)).told).toEqual(expected);
});

describe('a signature', () => {
	it('is right with the same key at the same trigger only, for this very text', async () => {
		const { request } = await sent(() => ({ statusCode: 200, body: '{}' }));
		const signed = announcementIn(request.body as JsonValue);
		if (!signed) throw new Error('no announcement');
		expect(isGenuine(client('key-1'), '7f', signed)).toBe(true);
		expect(isGenuine(client('key-2'), '7f', signed)).toBe(false);
		expect(isGenuine(client('key-1'), '8f', signed)).toBe(false);
		expect(isGenuine(client('key-1'), '7f', { ...signed, text: signed.text.replace('gen-1', 'gen-2') })).toBe(false);
		expect(isGenuine(client('key-1'), '7f', { ...signed, signature: '' })).toBe(false);
	});
});

it.each<[string, JsonValue]>([
	['something else', { id: 'gen-1' }],
	['a text of that name', { lumaVideo: 'a' }],
	['a list', [{ lumaVideo: { announcement: '', signature: '' } }]],
	['one without a signature', { lumaVideo: { announcement: '{}' } }],
	['one whose text is none', { lumaVideo: { announcement: {}, signature: '' } }],
	['nothing', null],
])('%s is no announcement', (_, body) => {
	expect(announcementIn(body)).toBeNull();
});
