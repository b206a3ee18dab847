import { describe, expect, it } from '@jest/globals';
import type { IExecuteFunctions } from 'n8n-workflow';
import { readGenerationId } from '../../../nodes/LumaVideo/operations/generationId';
import { readLimit } from '../../../nodes/LumaVideo/operations/manyFields';
import { defaultTimeoutMs, readSettings, readWantsFile } from '../../../nodes/LumaVideo/operations/settings';

function contextWith(parameters: Record<string, unknown>): IExecuteFunctions {
	return {
		getNodeParameter: (name: string, _: number, fallback: unknown) => parameters[name] ?? fallback,
		getNode: () => ({ name: 'Luma Video', type: 'n8n-nodes-luma-video.lumaVideo' }),
	} as unknown as IExecuteFunctions;
}

const settings = (options: unknown): ReturnType<typeof readSettings> => readSettings(contextWith({ options }), 0);

describe('the options', () => {
	it('have sensible values when none is set', () => {
		expect(settings({})).toEqual({
			buyAgainAfterCrash: false,
			cancelOnStop: false,
			deleteOnStop: false,
			dryRun: false,
			fileName: '',
			includeInputFields: false,
			includeRaw: false,
			maxConcurrent: null,
			maxCostUsd: null,
			maxDownloadBytes: 2_048_000_000,
			onTimeout: 'error',
			requestTimeoutMs: 60_000,
			resubmitFailed: false,
			timeoutMs: null,
			findings: [],
		});
	});

	it('are taken as set', () => {
		expect(
			settings({
				buyAgainAfterCrash: true,
				cancelOnStop: true,
				deleteOnStop: true,
				dryRun: true,
				fileName: 'a kite',
				includeInputFields: true,
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
			cancelOnStop: true,
			deleteOnStop: true,
			dryRun: true,
			fileName: 'a kite',
			includeInputFields: true,
			includeRaw: true,
			maxConcurrent: 3,
			maxCostUsd: 2.5,
			maxDownloadBytes: 10_000_000,
			onTimeout: 'continue',
			requestTimeoutMs: 5000,
			resubmitFailed: true,
			timeoutMs: 120_000,
			findings: [],
		});
	});

	it.each(['', '  ', null, undefined])('are the defaults where an expression yields %p', (value) => {
		const names = ['maxConcurrent', 'maxDownloadMb', 'requestTimeout', 'timeout', 'deleteOnStop', 'dryRun', 'fileName', 'includeInputFields', 'includeRaw', 'resubmitFailed'];
		expect(settings(Object.fromEntries(names.map((name) => [name, value])))).toEqual(settings({}));
	});

	it.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY, 'soon', {}, []])('refuse %p as a number, by the name of the field', (value) => {
		expect(settings({ timeout: value, maxConcurrent: value }).findings).toEqual([
			"'Timeout (Seconds)' must be a number above 0",
			"'Max Concurrent Generations' must be a number above 0",
		]);
	});

	it.each(['yes', 2, {}, []])('refuse %p as a switch: what is not clear buys nothing', (value) => {
		expect(settings({ dryRun: value, deleteOnStop: value }).findings).toEqual([
			"'Delete on Stop' must be true or false",
			"'Dry Run' must be true or false",
		]);
	});

	it.each([
		[true, true],
		['true', true],
		[' True ', true],
		[1, true],
		['1', true],
		[false, false],
		['false', false],
		[' FALSE ', false],
		[0, false],
	])('take %p as a switch that is %p', (value, expected) => {
		const on = { deleteOnStop: value, dryRun: value, includeRaw: value, resubmitFailed: value };
		expect(settings(on)).toMatchObject({ deleteOnStop: expected, dryRun: expected, includeRaw: expected, resubmitFailed: expected, findings: [] });
	});

	it('refuse what is no choice at a timeout', () => {
		expect(settings({ onTimeout: ' continue ' })).toMatchObject({ onTimeout: 'continue', findings: [] });
		expect(settings({ onTimeout: 'go on' }).findings).toEqual(["'On Timeout' must be 'continue' or 'error'"]);
		expect(settings({ onTimeout: 3 }).findings).toEqual(["'On Timeout' must be 'continue' or 'error'"]);
	});

	it('take a number as a file name, and refuse what is no text', () => {
		expect(settings({ fileName: 42 })).toMatchObject({ fileName: '42', findings: [] });
		expect(settings({ fileName: ['a'] }).findings).toEqual(["'File Name' must be text"]);
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

describe('the download', () => {
	it.each([
		[true, true],
		['true', true],
		['false', false],
		['', false],
		[undefined, false],
	])('is wanted or not: %j, %j', (downloadVideo, expected) => {
		expect(readWantsFile(contextWith({ downloadVideo }), 0)).toBe(expected);
		expect(readWantsFile(contextWith({ downloadImage: downloadVideo }), 0, 'image')).toBe(expected);
	});

	it.each(['yes', 7, {}])('is not left out when it is not clear: %j', (value) => {
		expect(() => readWantsFile(contextWith({ downloadVideo: value }), 0)).toThrow("'Download Video' must be true or false");
		expect(() => readWantsFile(contextWith({ downloadImage: value }), 0, 'image')).toThrow("'Download Image' must be true or false");
	});
});

describe('how many are wanted', () => {
	it.each([
		[{ limit: 3 }, 3],
		[{ limit: '3' }, 3],
		[{ limit: 2.9 }, 2],
		[{ limit: '' }, 50],
		[{}, 50],
		[{ returnAll: 'true', limit: 3 }, null],
		[{ returnAll: 'false', limit: 3 }, 3],
	])('%j: %j', (parameters, expected) => {
		expect(readLimit(contextWith(parameters), 0)).toBe(expected);
	});

	it.each([{ limit: 'all' }, { limit: 0 }, { limit: -1 }, { limit: [] }])('is not guessed: %j', (parameters) => {
		expect(() => readLimit(contextWith(parameters), 0)).toThrow("'Limit' must be a number of 1 or more");
	});

	it('of all is not guessed', () => {
		expect(() => readLimit(contextWith({ returnAll: 'maybe' }), 0)).toThrow("'Return All' must be true or false");
	});
});

describe('the ID of a generation', () => {
	const read = (generationId: unknown): string => readGenerationId(contextWith({ generationId }), 0);

	it.each([
		['123e4567-e89b-12d3-a456-426614174000', '123e4567-e89b-12d3-a456-426614174000'],
		['  abc_DEF-7:x.y \n', 'abc_DEF-7:x.y'],
		[4711, '4711'],
		['ä', 'ä'],
	])('%j is %s', (value, generationId) => {
		expect(read(value)).toBe(generationId);
	});

	it.each([
		['', 'is empty'],
		['  ', 'is empty'],
		[undefined, 'is empty'],
		[null, 'is empty'],
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
		expect(() => read(value)).toThrow(expect.objectContaining({ message: `'Generation ID' ${finding}`, description: expect.stringContaining('Nothing was sent') }));
	});
});
