/**
 * The engine harness makes the node's time run faster, for tests. Here services are asked at their real pace. To be
 * imported before the harness.
 */
import { systemClock } from '../../nodes/LumaVideo/generation/clock';

const real = { ...systemClock };

/** Takes back what the harness did. */
export function useRealClock(): void {
	Object.assign(systemClock, real);
}
