import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { systemClock } from '../../../nodes/LumaVideo/generation/clock';

describe("the node's clock", () => {
	beforeEach(() => {
		jest.useFakeTimers();
	});
	afterEach(() => {
		jest.useRealTimers();
	});

	const never = new Promise(() => undefined);

	async function isOver(waiting: Promise<void>): Promise<boolean> {
		return await Promise.race([waiting.then(() => true), Promise.resolve().then(async () => await Promise.resolve(false))]);
	}

	it('tells the time of day', () => {
		expect(systemClock.now()).toBe(Date.now());
	});

	it.each([
		[1, 1],
		[400, 400],
		[1000, 1000],
		[1001, 1000],
		[3_600_000, 1000],
		[Number.POSITIVE_INFINITY, 1000],
	])('asked to wait %d ms waits %d ms at a time', async (ms, slice) => {
		const waiting = systemClock.wait(ms, never);
		await jest.advanceTimersByTimeAsync(slice - 1);
		expect(await isOver(waiting)).toBe(false);
		await jest.advanceTimersByTimeAsync(1);
		expect(await isOver(waiting)).toBe(true);
	});

	it.each([0, -5])('asked to wait %d ms goes on at once', async (ms) => {
		const waiting = systemClock.wait(ms, never);
		await jest.advanceTimersByTimeAsync(1);
		expect(await isOver(waiting)).toBe(true);
	});

	it.each([
		['something happened', async () => await Promise.resolve()],
		['something went wrong', async () => await Promise.reject(new Error('x'))],
	])('goes on at once when %s', async (_, wake) => {
		const waiting = systemClock.wait(1000, wake());
		await jest.advanceTimersByTimeAsync(0);
		expect(await isOver(waiting)).toBe(true);
	});
});
