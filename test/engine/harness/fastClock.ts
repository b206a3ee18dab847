/**
 * Stands in for `generation/clock.ts` in engine tests (jest.config.js): the node's own waiting runs faster than the wall
 * clock. Requests and the stand-in's jobs stay in real time.
 */
import type { Clock } from '../../../nodes/LumaVideo/generation/clock';

const SPEED = 100;
const start = Date.now();

export const systemClock: Clock = {
	now: () => start + (Date.now() - start) * SPEED,
	async wait(ms, wake) {
		let timer: NodeJS.Timeout | undefined;
		const slept = new Promise<void>((resolve) => {
			timer = setTimeout(resolve, Math.min(Math.max(ms, 0), 10_000) / SPEED);
		});
		await Promise.race([slept, wake.catch(() => undefined)]);
		clearTimeout(timer);
	},
};
