/** What a run will cost, and whether that exceeds the limit. Pure. */
import type { Product } from '../providers/provider';
import type { Text } from '../providers/text';
import { maxCostNotANumber, overMaxCost, priceUnknown } from './messages';

/** Estimated prices of the videos or images to be bought; `null` where the price is not known. */
export type Estimates = ReadonlyArray<number | null>;

export type SpendingCheck = { ok: true } | ({ ok: false } & Text);

export function usd(amount: number): string {
	return `$${amount.toFixed(2)}`;
}

/**
 * Checks the spending limit for a whole run.
 *
 * @param maxCostUsd in US dollars; `NaN` when the value is not an amount
 */
export function checkSpending(estimates: Estimates, maxCostUsd: number, providerName: string, makes: Product = 'video'): SpendingCheck {
	if (estimates.length === 0) return { ok: true };
	if (Number.isNaN(maxCostUsd)) return { ok: false, ...maxCostNotANumber() };
	if (estimates.some((estimate) => estimate === null)) return { ok: false, ...priceUnknown({ makes, displayName: providerName }) };
	const total = estimates.reduce<number>((sum, estimate) => sum + (estimate ?? 0), 0);
	// Compared in cents: 3 x 0.1 is not more than 0.3.
	if (Math.round(total * 100) <= Math.round(maxCostUsd * 100)) return { ok: true };
	const count = estimates.length;
	return { ok: false, ...overMaxCost({ makes, isOne: count === 1, count, cost: usd(total), maxCost: usd(maxCostUsd) }) };
}
