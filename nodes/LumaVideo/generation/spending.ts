/** What a run is going to cost, and whether that is too much. Pure. */
import type { Product } from '../providers/provider';

/** The estimates of the videos or images that would be bought; `null` where the price is not known. */
export type Estimates = ReadonlyArray<number | null>;

export type SpendingCheck = { ok: true } | { ok: false; message: string; advice: string };

export function usd(amount: number): string {
	return `$${amount.toFixed(2)}`;
}

/**
 * Checks the spending limit over all that a run makes.
 *
 * @param maxCostUsd in US dollars; `NaN` when what was given is no amount
 */
export function checkSpending(estimates: Estimates, maxCostUsd: number, providerName: string, makes: Product = 'video'): SpendingCheck {
	if (estimates.length === 0) return { ok: true };
	if (Number.isNaN(maxCostUsd)) {
		return {
			ok: false,
			message: "'Max Cost' must be a number of US dollars",
			advice: "Enter a number of 0 or more, or remove 'Max Cost'. Nothing was sent.",
		};
	}
	if (estimates.some((estimate) => estimate === null)) {
		return {
			ok: false,
			message: `'Max Cost' cannot be checked: the price of ${makes === 'image' ? 'an image' : 'a video'} is not known for this request to ${providerName}`,
			advice: "Remove 'Max Cost', or choose a model with a published price and no 'Additional Body Fields' that change it. Nothing was sent.",
		};
	}
	const total = estimates.reduce<number>((sum, estimate) => sum + (estimate ?? 0), 0);
	// Cents are what is compared: 3 x 0.1 is not more than 0.3.
	if (Math.round(total * 100) <= Math.round(maxCostUsd * 100)) return { ok: true };
	const many = makes === 'image' ? `${estimates.length} images` : `${estimates.length} videos`;
	const count = estimates.length === 1 ? `One ${makes}` : many;
	return {
		ok: false,
		message: `${count} would cost about ${usd(total)}, more than 'Max Cost' allows (${usd(maxCostUsd)})`,
		advice: `Raise 'Max Cost', send fewer items, or choose ${makes === 'image' ? 'a cheaper model' : 'a lower resolution or duration'}. Nothing was sent.`,
	};
}
