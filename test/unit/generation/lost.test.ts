import { describe, expect, it } from '@jest/globals';
import type { Search } from '../../../nodes/LumaVideo/generation/lost';
import { findLost, isLongBefore } from '../../../nodes/LumaVideo/generation/lost';
import type { Generation } from '../../../nodes/LumaVideo/providers/provider';
import { generation } from '../providers/support';

const SENT = Date.UTC(2026, 0, 5, 12);

function listed(generationId: string, at: number | string | null, prompt = 'ours'): Generation {
	const createdAt = typeof at === 'number' ? new Date(SENT + at).toISOString() : at;
	return generation({}, { generationId, createdAt, prompt });
}

function find(candidates: Generation[], set: Partial<Search> = {}): ReturnType<typeof findLost> {
	return findLost({
		candidates,
		isSame: ({ prompt }) => prompt === 'ours',
		submittedAt: SENT,
		now: SENT + 5000,
		serverDate: new Date(SENT + 5000).toUTCString(),
		isOwned: () => false,
		unanswered: 1,
		unansweredByOthers: 0,
		...set,
	});
}

const idOf = (result: ReturnType<typeof findLost>): unknown =>
	result.kind === 'found' ? result.generation.generationId : result.kind === 'ambiguous' ? result.generationIds : null;

it('an empty list holds nothing', () => {
	expect(find([])).toEqual({ kind: 'none' });
});

describe('by the time of creation', () => {
	it.each([
		[-60_000, false],
		[-2001, false],
		[-2000, true],
		[-1, true],
		[0, true],
		[4000, true],
		[60_000, true],
		[600_000, true],
		[602_000, true],
		[602_001, false],
		[3_600_000, false],
		[86_400_000, false],
	])('%d ms after the request: ours is %p', (at, isOurs) => {
		expect(find([listed('a', at)]).kind).toBe(isOurs ? 'found' : 'none');
	});

	it.each([-86_400_000, -10_000, 10_000, 86_400_000])('with a clock that is %d ms ahead of ours', (skew) => {
		const serverDate = new Date(SENT + 5000 + skew).toUTCString();
		expect(idOf(find([listed('before', skew - 3000), listed('ours', skew + 300)], { serverDate }))).toBe('ours');
		expect(find([listed('before', skew - 3000)], { serverDate }).kind).toBe('none');
	});

	it.each([undefined, '', 'yesterday'])('without a usable date in the answer (%p) half a minute is forgiven', (serverDate) => {
		expect(find([listed('a', -29_000)], { serverDate }).kind).toBe('found');
		expect(find([listed('a', -31_000)], { serverDate }).kind).toBe('none');
	});

	it.each([
		['2026-01-05T12:00:01Z', true],
		['2026-01-05T12:00:01.123456Z', true],
		['2026-01-05T12:00:01', true],
		['2026-01-05 12:00:01', true],
		['2026-01-05T13:00:01+01:00', true],
		['2026-01-05T13:00:01+0100', true],
		['2026-01-05T12:00:01+01:00', false],
		['2026-01-05T11:00:01Z', false],
		['soon', false],
		['', false],
		[null, false],
	])('written as %p', (createdAt, isOurs) => {
		expect(find([listed('a', createdAt)]).kind).toBe(isOurs ? 'found' : 'none');
	});
});

describe('by what was asked for and by whom', () => {
	it('another request is not ours', () => {
		expect(idOf(find([listed('a', 100, 'theirs'), listed('b', 200), listed('c', 300, 'theirs')]))).toBe('b');
	});

	it('what another item owns is not ours', () => {
		expect(idOf(find([listed('a', 100), listed('b', 200)], { isOwned: (id) => id === 'a' }))).toBe('b');
		expect(find([listed('a', 100)], { isOwned: (id) => id === 'a' }).kind).toBe('none');
	});
});

describe('where several are left', () => {
	const three = [listed('c', 300), listed('a', 100), listed('b', 200)];

	it.each([
		[1, ['a', 'b', 'c']],
		[2, ['a', 'b', 'c']],
		[3, 'a'],
		[4, 'a'],
	])('with %d of ours unanswered: %j', (unanswered, expected) => {
		expect(idOf(find(three, { unanswered }))).toEqual(expected);
	});

	it.each([
		[1, 1, ['a', 'b', 'c']],
		[1, 2, 'a'],
		[2, 1, 'a'],
		[3, 1, ['a', 'b', 'c']],
		[1, 3, ['a', 'b', 'c']],
	])('with %d of ours and %d of another run unanswered: ours only where there is one for each: %j', (unanswered, unansweredByOthers, expected) => {
		expect(idOf(find(three, { unanswered, unansweredByOthers }))).toEqual(expected);
	});

	it('each twin gets another one, oldest first', () => {
		const known = new Set<string>();
		const taken: unknown[] = [];
		for (const twins of [3, 2, 1]) {
			const id = idOf(find(three, { unanswered: twins, isOwned: (id) => known.has(id) }));
			taken.push(id);
			known.add(String(id));
		}
		expect(taken).toEqual(['a', 'b', 'c']);
	});

	it('the order of the list does not matter', () => {
		for (const order of [three, [...three].reverse()]) expect(idOf(find(order, { unanswered: 3 }))).toBe('a');
	});
});

it.each([
	[-3_600_001, true],
	[-3_599_999, false],
	[0, false],
])('a list reaches back far enough with a generation from %d ms before: %p', (at, expected) => {
	expect(isLongBefore(listed('a', at), SENT)).toBe(expected);
});

it('a generation without a time says nothing about how far a list reaches back', () => {
	expect(isLongBefore(listed('a', null), SENT)).toBe(false);
});
