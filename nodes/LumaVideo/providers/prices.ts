/** Looking up prices: what all providers that publish some have in common. Pure. */
import type { JsonValue } from './provider';

/** Prices in US dollars by what they depend on. */
export interface PriceTable {
	readonly [key: string]: number | PriceTable;
}

/** The price under these keys, outermost first; `null` where one of them is no text or not in the table. */
export function priceUnder(table: PriceTable, ...keys: Array<JsonValue | undefined>): number | null {
	let entry: number | PriceTable | undefined = table;
	for (const key of keys) {
		if (typeof entry !== 'object' || typeof key !== 'string' || !Object.hasOwn(entry, key)) return null;
		entry = entry[key];
	}
	return typeof entry === 'number' ? entry : null;
}
