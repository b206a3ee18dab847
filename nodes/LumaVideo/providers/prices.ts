/** Price lookup, shared by all providers that publish prices. Pure. */
import type { JsonValue } from './provider';

/** Prices in US dollars, nested by what they depend on. */
export interface PriceTable {
	readonly [key: string]: number | PriceTable;
}

/** Rounded to cents. */
export function times(price: number | null, factor: number): number | null {
	return price === null ? null : Math.round(price * factor * 100) / 100;
}

/** The price under these keys, outermost first; `null` if one of them is not text or not in the table. */
export function priceUnder(table: PriceTable, ...keys: Array<JsonValue | undefined>): number | null {
	let entry: number | PriceTable | undefined = table;
	for (const key of keys) {
		if (typeof entry !== 'object' || typeof key !== 'string' || !Object.hasOwn(entry, key)) return null;
		entry = entry[key];
	}
	return typeof entry === 'number' ? entry : null;
}
