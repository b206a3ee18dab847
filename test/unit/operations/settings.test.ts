import { describe, expect, it } from '@jest/globals';
import type { IExecuteFunctions } from 'n8n-workflow';
import { readGenerationId } from '../../../nodes/LumaVideo/operations/generationId';
import { defaultTimeoutMs, readSettings } from '../../../nodes/LumaVideo/operations/settings';

function contextWith(parameters: Record<string, unknown>): IExecuteFunctions {
	return {
		getNodeParameter: (name: string, _: number, fallback: unknown) => parameters[name] ?? fallback,
	} as unknown as IExecuteFunctions;
}

const settings = (options: unknown): ReturnType<typeof readSettings> => readSettings(contextWith({ options }), 0);

describe('the options', () => {
	it('have sensible values when none is set', () => {
		expect(settings({})).toEqual({
			buyAgainAfterCrash: false,
			deleteOnStop: false,
			dryRun: false,
			includeRaw: false,
			maxConcurrent: null,
			maxCostUsd: null,
			maxDownloadBytes: 2_048_000_000,
			onTimeout: 'error',
			requestTimeoutMs: 60_000,
			resubmitFailed: false,
			timeoutMs: null,
		});
	});

	it('are taken as set', () => {
		expect(
			settings({
				buyAgainAfterCrash: true,
				deleteOnStop: true,
				dryRun: true,
				includeRaw: true,
				maxConcurrent: 3,
				maxCost: 2.5,
				maxDownloadMb: 10,
				onTimeout: 'continue',
				requestTimeout: 5,
				resubmitFailed: true,
				timeout: 120,
			}),
		).toEqual({
			buyAgainAfterCrash: true,
			deleteOnStop: true,
			dryRun: true,
			includeRaw: true,
			maxConcurrent: 3,
			maxCostUsd: 2.5,
			maxDownloadBytes: 10_000_000,
			onTimeout: 'continue',
			requestTimeoutMs: 5000,
			resubmitFailed: true,
			timeoutMs: 120_000,
		});
	});

	it.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY, 'soon', '', null, undefined, {}, []])(
		'fall back to the default where an expression yields %p for a number',
		(value) => {
			const names = ['maxConcurrent', 'maxDownloadMb', 'requestTimeout', 'timeout'];
			expect(settings(Object.fromEntries(names.map((name) => [name, value])))).toEqual(settings({}));
		},
	);

	it.each(['yes', 1, {}, null, 'false'])('are off where an expression yields %p for a switch', (value) => {
		const names = ['deleteOnStop', 'includeRaw', 'resubmitFailed'];
		expect(settings(Object.fromEntries(names.map((name) => [name, value])))).toEqual(settings({}));
	});

	it.each([true, 'true', ' True '])('are on where an expression yields %p for a switch', (value) => {
		const on = { deleteOnStop: value, dryRun: value, includeRaw: value, resubmitFailed: value };
		expect(settings(on)).toMatchObject({ deleteOnStop: true, dryRun: true, includeRaw: true, resubmitFailed: true });
	});

	it.each([
		['yes', true],
		[1, true],
		[{}, true],
		[' FALSE ', false],
		['', false],
		[0, false],
		[null, false],
		[undefined, false],
	])("with 'Dry Run' as %p: what is no clear no buys nothing", (value, dryRun) => {
		expect(settings({ dryRun: value }).dryRun).toBe(dryRun);
	});

	it('take numbers that are written as text', () => {
		expect(settings({ timeout: '90', maxConcurrent: ' 4 ' })).toMatchObject({ timeoutMs: 90_000, maxConcurrent: 4 });
	});

	it.each([
		[0, 0],
		['0', 0],
		[0.5, 0.5],
		['12', 12],
	])('take %p as a spending limit, of %d dollars: a limit of nothing is one', (value, expected) => {
		expect(settings({ maxCost: value }).maxCostUsd).toBe(expected);
	});

	it.each([
		[null, 900_000],
		['540p', 900_000],
		['1080p', 900_000],
		['4k', 1_800_000],
	])('without a time limit, at %p, let %d ms pass', (resolution, expected) => {
		expect(defaultTimeoutMs(resolution)).toBe(expected);
	});
});

describe('the ID of a generation', () => {
	const read = (generationId: unknown): ReturnType<typeof readGenerationId> =>
		readGenerationId(contextWith({ generationId }), 0);

	it.each([
		['123e4567-e89b-12d3-a456-426614174000', '123e4567-e89b-12d3-a456-426614174000'],
		['  abc_DEF-7:x.y \n', 'abc_DEF-7:x.y'],
		[4711, '4711'],
		['ä', 'ä'],
	])('%j is %s', (value, generationId) => {
		expect(read(value)).toEqual({ ok: true, generationId });
	});

	it.each([
		['', 'is empty'],
		['  ', 'is empty'],
		[undefined, 'is empty'],
		['a b', 'has characters that no ID has'],
		['a/b', 'has characters that no ID has'],
		['../x', 'has characters that no ID has'],
		['a?b', 'has characters that no ID has'],
		['a#b', 'has characters that no ID has'],
		['..', 'has characters that no ID has'],
		['.', 'has characters that no ID has'],
		[{ id: 'a' }, 'must be text'],
		[['a'], 'must be text'],
		[true, 'must be text'],
		[Number.NaN, 'must be text'],
	])('%j is refused', (value, finding) => {
		expect(read(value)).toEqual({ ok: false, finding: `'Generation ID' ${finding}` });
	});
});
