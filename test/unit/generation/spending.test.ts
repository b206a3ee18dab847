import { describe, expect, it } from '@jest/globals';
import { checkSpending, usd } from '../../../nodes/LumaVideo/generation/spending';
import { providers } from '../../../nodes/LumaVideo/providers';
import type { JsonObject } from '../../../nodes/LumaVideo/providers/provider';
import { request } from '../providers/support';

describe('the spending limit', () => {
	it.each<[Array<number | null>, number]>([
		[[], 0],
		[[], 10],
		[[0.4], 0.4],
		[[0.1, 0.1, 0.1], 0.3],
		[[0.71, 1.27], 1.98],
		[[1.1, 2.2], 3.3],
		[[0], 0],
	])('%j is within %d', (estimates, limit) => {
		expect(checkSpending(estimates, limit, 'Luma')).toEqual({ ok: true });
	});

	it.each<[number[], number, string]>([
		[[0.4], 0.39, "One video would cost about $0.40, more than 'Max Cost' allows ($0.39)"],
		[[0.4, 0.4], 0.5, "2 videos would cost about $0.80, more than 'Max Cost' allows ($0.50)"],
		[[6.37, 11.47, 0.14], 10, "3 videos would cost about $17.98, more than 'Max Cost' allows ($10.00)"],
		[[0.01], 0, "One video would cost about $0.01, more than 'Max Cost' allows ($0.00)"],
	])('%j is beyond %d', (estimates, limit, message) => {
		expect(checkSpending(estimates, limit, 'Luma')).toEqual({
			ok: false,
			message,
			advice: expect.stringMatching(/Nothing was sent\.$/),
		});
	});

	it('speaks of images where they are bought', () => {
		expect(checkSpending([0.0404], 0.03, 'Luma', 'image')).toMatchObject({
			message: "One image would cost about $0.04, more than 'Max Cost' allows ($0.03)",
			advice: expect.stringContaining('choose a cheaper model'),
		});
		expect(checkSpending([0.1, 0.1], 0.1, 'Luma', 'image')).toMatchObject({ message: expect.stringContaining('2 images would cost about $0.20') });
		expect(checkSpending([null], 1, 'Luma', 'image')).toMatchObject({ message: expect.stringContaining('the price of an image is not known') });
	});

	it.each<[Array<number | null>]>([[[null]], [[0.1, null]], [[null, 1000]]])(
		'%j cannot be checked, so nothing is bought',
		(estimates) => {
			expect(checkSpending(estimates, 1000, 'Pixazo')).toMatchObject({
				ok: false,
				message: "'Max Cost' cannot be checked: the price of a video is not known for this request to Pixazo",
			});
		},
	);

	const CANNOT_BE_CHECKED = expect.stringContaining('cannot be checked');
	it.each<[JsonObject, unknown]>([
		[{}, undefined],
		[{ seed: 5 }, undefined],
		[{ video: { resolution: '360p' } }, undefined],
		[
			{ video: { resolution: '1080p' } },
			"One video would cost about $1.20, more than 'Max Cost' allows ($0.50)",
		],
		[{ video: { resolution: '8k' } }, CANNOT_BE_CHECKED],
		[{ resolution: '1080p' }, CANNOT_BE_CHECKED],
		[{ type: 'video_edit' }, CANNOT_BE_CHECKED],
	])('counts what additional body fields make of a video: %j', (additionalBodyFields, message) => {
		const bought = request('ray-3.2', { resolution: '720p', duration: '5s', additionalBodyFields });
		const check = checkSpending([providers.lumaAgents.estimateUsd?.(bought) ?? null], 0.5, 'Luma Agents');
		expect(check).toEqual(message === undefined ? { ok: true } : expect.objectContaining({ ok: false, message }));
	});

	it.each([
		[0, '$0.00'],
		[0.005, '$0.01'],
		[12.3, '$12.30'],
		[1234.5, '$1234.50'],
	])('%d is written %s', (amount, text) => {
		expect(usd(amount)).toBe(text);
	});
});
