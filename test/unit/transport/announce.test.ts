import { describe, expect, it } from '@jest/globals';
import type { IExecuteFunctions, IHttpRequestOptions } from 'n8n-workflow';
import { providers } from '../../../nodes/LumaVideo/providers';
import type { JsonValue } from '../../../nodes/LumaVideo/providers/provider';
import { announce, announcedIds, isTriggerUrl } from '../../../nodes/LumaVideo/transport/announce';

const URL = 'https://n8n.example/webhook/7f/luma-video';

describe('the production URL of a trigger', () => {
	it.each([URL, `${URL}?a=b#c`, 'http://localhost:5678/base/webhook/7f/luma-video'])('is seen in %s', (address) => {
		expect(isTriggerUrl(address)).toBe(true);
	});

	it.each([
		'',
		'luma-video',
		'https://n8n.example/webhook/7f',
		'https://n8n.example/webhook/luma-video/7f',
		'https://n8n.example/webhook/7f/luma-video/',
		'https://n8n.example/webhook/7f/other-luma-video',
		'https://n8n.example/webhook-test/7f/luma-video',
		'https://n8n.example/?x=/luma-video',
	])('is not seen in %j', (address) => {
		expect(isTriggerUrl(address)).toBe(false);
	});
});

describe('an announcement', () => {
	const ids = (count: number): string[] => Array.from({ length: count }, (_, n) => `gen-${n}`);

	async function sent(generationIds: string[], answer: () => unknown): Promise<{ requests: IHttpRequestOptions[]; log: string[] }> {
		const requests: IHttpRequestOptions[] = [];
		const log: string[] = [];
		const context = {
			helpers: {
				httpRequest: async (options: IHttpRequestOptions) => {
					requests.push(options);
					return await Promise.resolve(answer());
				},
			},
			logger: { debug: (text: string) => log.push(text) },
		} as unknown as IExecuteFunctions;
		await announce(context, URL, providers.pixazo, generationIds);
		return { requests, log };
	}

	it('names the generations to the trigger, with no key, for a moment only, and not to whom the trigger points', async () => {
		const { requests, log } = await sent(['gen-1', 'gen-2'], () => '');
		expect(requests).toEqual([
			{
				method: 'POST',
				url: URL,
				body: { lumaVideo: { provider: 'pixazo', generationIds: ['gen-1', 'gen-2'] } },
				json: true,
				timeout: 5000,
				disableFollowRedirect: true,
				ignoreHttpStatusErrors: true,
			},
		]);
		expect(log).toEqual([]);
	});

	it.each([
		[0, []],
		[100, [100]],
		[101, [100, 1]],
		[250, [100, 100, 50]],
	])('of %d generations is cut into calls of %j', async (count, sizes) => {
		const { requests } = await sent(ids(count), () => '');
		const parts = requests.map(({ body }) => announcedIds(body as JsonValue, providers.pixazo));
		expect(parts.map((part) => part?.length)).toEqual(sizes);
		expect(parts.flat()).toEqual(ids(count));
	});

	it('that does not arrive stops nothing, and is in the log for those who look', async () => {
		const { requests, log } = await sent(ids(101), () => {
			throw new Error('refused');
		});
		expect(requests).toHaveLength(2);
		expect(log).toEqual([
			'The trigger was not told of 100 generations: Error: refused',
			'The trigger was not told of 1 generations: Error: refused',
		]);
	});
});

describe('what a trigger reads', () => {
	const announcement = (more: Record<string, JsonValue>): JsonValue => ({
		lumaVideo: { provider: 'pixazo', generationIds: ['a', 'b'], ...more },
	});

	it.each<[string, JsonValue | undefined, string[] | null]>([
		['the ids of an announcement', announcement({}), ['a', 'b']],
		['nothing of another provider', announcement({ provider: 'pixwith' }), []],
		['nothing where there is no list', announcement({ generationIds: 'a' }), []],
		['only texts', announcement({ generationIds: ['a', 1, null, { id: 'b' }, 'c'] }), ['a', 'c']],
		['no announcement in something else', { id: 'gen-1' }, null],
		['no announcement in a text of that name', { lumaVideo: 'a' }, null],
		['no announcement in a list of that name', { lumaVideo: ['a'] }, null],
		['no announcement in a list', [announcement({})], null],
		['no announcement in a text', 'lumaVideo', null],
		['no announcement in null', null, null],
		['no announcement in nothing', undefined, null],
	])('is %s', (_, body, expected) => {
		expect(announcedIds(body, providers.pixazo)).toEqual(expected);
	});

	it('is no more than a hundred ids', () => {
		const many = Array.from({ length: 150 }, (_, n) => `gen-${n}`);
		expect(announcedIds(announcement({ generationIds: many }), providers.pixazo)).toEqual(many.slice(0, 100));
	});
});
