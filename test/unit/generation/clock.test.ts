import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { pauseFor, systemClock } from '../../../nodes/LumaVideo/generation/clock';
import { VirtualTime } from './virtualTime';

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

describe('a pause', () => {
	it('lasts as long as asked for, although a clock may wake it every second', async () => {
		const time = new VirtualTime();
		const clock = { now: () => time.now(), wall: () => time.wall(), wait: async (ms: number, wake: Promise<unknown>) => {
			await time.wait(Math.min(ms, 1000), wake);
		} };
		await time.run(pauseFor(clock, 12_345, undefined));
		expect(time.elapsed).toBe(12_345);
	});

	it('of nothing is over at once', async () => {
		const time = new VirtualTime();
		await time.run(pauseFor(time, 0, undefined));
		expect(time.elapsed).toBe(0);
	});

	it('ends with a stop, and does not begin after one', async () => {
		const time = new VirtualTime();
		const abort = new AbortController();
		time.after(300, () => {
			abort.abort();
		});
		await time.run(pauseFor(time, 60_000, abort.signal));
		expect(time.elapsed).toBe(300);
		await time.run(pauseFor(time, 60_000, abort.signal));
		expect(time.elapsed).toBe(300);
	});
});
