import { describe, expect, it } from '@jest/globals';
import { TokenBucket } from '../../../nodes/LumaVideo/callbacks/tokenBucket';

const START = 1_000_000;

/** How many of so many tries get one. */
function taken(bucket: TokenBucket, tries: number, at: number): number {
	return Array.from({ length: tries }, () => bucket.take(at)).filter(Boolean).length;
}

describe('a bucket for three, refilled with two a second', () => {
	it('gives three at once, and then one each half second', () => {
		const bucket = new TokenBucket(3, 2);
		expect(taken(bucket, 10, START)).toBe(3);
		expect(taken(bucket, 10, START + 499)).toBe(0);
		expect(taken(bucket, 10, START + 500)).toBe(1);
		expect(taken(bucket, 10, START + 500)).toBe(0);
		expect(taken(bucket, 10, START + 1500)).toBe(2);
	});

	it('never holds more than three', () => {
		const bucket = new TokenBucket(3, 2);
		expect(taken(bucket, 10, START)).toBe(3);
		expect(taken(bucket, 10, START + 3_600_000)).toBe(3);
		bucket.give();
		bucket.give();
		bucket.give();
		bucket.give();
		expect(taken(bucket, 10, START + 3_600_000)).toBe(3);
	});

	it('says how long the next one takes', () => {
		const bucket = new TokenBucket(3, 2);
		expect(bucket.waitMs(START)).toBe(0);
		taken(bucket, 2, START);
		expect(bucket.waitMs(START)).toBe(0);
		taken(bucket, 1, START);
		expect(bucket.waitMs(START)).toBe(500);
		expect(bucket.waitMs(START + 200)).toBe(300);
		expect(bucket.waitMs(START + 499.5)).toBe(1);
		expect(bucket.waitMs(START + 500)).toBe(0);
	});

	it('takes one back', () => {
		const bucket = new TokenBucket(3, 2);
		taken(bucket, 3, START);
		bucket.give();
		expect(bucket.waitMs(START)).toBe(0);
		expect(taken(bucket, 10, START)).toBe(1);
	});

	it('gives nothing for time that runs backwards, and no time twice', () => {
		const bucket = new TokenBucket(3, 2);
		taken(bucket, 3, START);
		expect(taken(bucket, 10, START - 60_000)).toBe(0);
		expect(taken(bucket, 10, START)).toBe(0);
		expect(taken(bucket, 10, START + 500)).toBe(1);
	});
});
