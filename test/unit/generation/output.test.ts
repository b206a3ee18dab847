import { describe, expect, it } from '@jest/globals';
import type { OutputOptions } from '../../../nodes/LumaVideo/generation/output';
import { outputJson } from '../../../nodes/LumaVideo/generation/output';
import { providerIds, providers } from '../../../nodes/LumaVideo/providers';
import { VIDEO, generation, video } from '../providers/support';

const KEYS = [
	'completedAt',
	'createdAt',
	'estimatedCostUsd',
	'failureReason',
	'generationId',
	'media',
	'model',
	'prompt',
	'provider',
	'status',
	'videoUrl',
];

const NOTHING: OutputOptions = { includeRaw: false };
const UNKNOWN = generation({}, { generationId: 'gen-1' });

describe.each(providerIds)('%s', (id) => {
	const provider = providers[id];

	it('has all keys when nothing is known, each of them null', () => {
		expect(outputJson(provider, UNKNOWN, NOTHING)).toEqual({
			generationId: 'gen-1',
			provider: id,
			model: null,
			status: 'processing',
			videoUrl: null,
			media: [],
			prompt: null,
			createdAt: null,
			completedAt: null,
			failureReason: null,
			estimatedCostUsd: null,
		});
	});

	it('has the same keys when nothing was sent', () => {
		const json = outputJson(provider, null, { includeRaw: true, model: 'ray-2', prompt: 'A cat', estimatedCostUsd: 0.4 });
		expect(Object.keys(json).sort()).toEqual(KEYS);
		expect(json).toMatchObject({
			generationId: null,
			status: null,
			media: [],
			model: 'ray-2',
			prompt: 'A cat',
			estimatedCostUsd: 0.4,
		});
	});

	it('has the same keys when all is known, and no other', () => {
		const known = generation(
			{ error: 'x', secret: 1 },
			{
				generationId: 'gen-1',
				status: 'completed',
				model: 'ray-2',
				prompt: 'A cat',
				...video(VIDEO),
				createdAt: '2026-01-05T12:00:00Z',
				completedAt: '2026-01-05T12:01:00Z',
				failureReason: 'none',
				estimatedSeconds: 42,
				chargedWhenFailed: 'no',
			},
		);
		const json = outputJson(provider, known, { ...NOTHING, estimatedCostUsd: 0.71 });
		expect(Object.keys(json).sort()).toEqual(KEYS);
		expect(json).toMatchObject({
			videoUrl: VIDEO,
			media: [{ url: VIDEO, type: 'video' }],
			prompt: 'A cat',
			model: 'ray-2',
			estimatedCostUsd: 0.71,
		});
	});
});

it('is JSON without undefined, so that every key arrives at the next node', () => {
	for (const json of [
		outputJson(providers.pixazo, UNKNOWN, NOTHING),
		outputJson(providers.pixazo, null, { includeRaw: false, model: undefined, prompt: undefined }),
	]) {
		expect(JSON.parse(JSON.stringify(json))).toEqual(json);
		expect(Object.values(json)).not.toContain(undefined);
	}
});

it('never has a key called error: n8n would take the item for a failed one', () => {
	const failed = generation({ error: 'x' }, { generationId: 'gen-1', status: 'failed', failureReason: 'moderated' });
	for (const includeRaw of [false, true]) {
		expect(outputJson(providers.pixazo, failed, { includeRaw })).not.toHaveProperty('error');
	}
});

it("passes the input's fields on: the node's own take precedence, and an error of an earlier node is not one of this item", () => {
	const inputFields = { sku: 'MUG', prompt: 'old', videoUrl: 'old', error: 'of an earlier node' };
	const json = outputJson(providers.pixwith, null, { includeRaw: false, prompt: 'new', inputFields });
	expect(json).toEqual({ sku: 'MUG', ...outputJson(providers.pixwith, null, { includeRaw: false, prompt: 'new' }) });
});

it("holds the provider's own answer on wish only, under a key of its own", () => {
	const raw = { id: 'gen-1', error: 'x', nested: { a: [1] } };
	const answered = generation(raw, { generationId: 'gen-1' });
	expect(outputJson(providers.pixazo, answered, { includeRaw: true }).raw).toEqual(raw);
	expect(outputJson(providers.pixazo, answered, NOTHING)).not.toHaveProperty('raw');
});

describe('what the request said goes before what the answer says', () => {
	const answered = generation({}, { generationId: 'gen-1', model: 'theirs', prompt: 'their prompt' });

	it.each<[Partial<OutputOptions>, string, string]>([
		[{}, 'theirs', 'their prompt'],
		[{ model: null, prompt: null }, 'theirs', 'their prompt'],
		[{ model: 'ours', prompt: 'our prompt' }, 'ours', 'our prompt'],
		[{ model: 'ours', prompt: '' }, 'ours', 'their prompt'],
	])('%j', (options, model, prompt) => {
		expect(outputJson(providers.pixazo, answered, { ...NOTHING, ...options })).toMatchObject({ model, prompt });
	});

	it('a price of nothing is a price', () => {
		expect(outputJson(providers.pixazo, answered, { ...NOTHING, estimatedCostUsd: 0 }).estimatedCostUsd).toBe(0);
	});
});
