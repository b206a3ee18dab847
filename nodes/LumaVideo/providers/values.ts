/**
 * One rule for the values of expressions: unambiguous ones count, such as a number written as text; the rest is refused,
 * naming the field, so that no setting is silently ignored.
 */

/** `null`: not set. `undefined`: unclear. */
export function booleanOf(value: unknown): boolean | null | undefined {
	switch (typeof value === 'string' ? value.trim().toLowerCase() : value) {
		case true:
		case 'true':
		case 1:
		case '1':
			return true;
		case false:
		case 'false':
		case 0:
		case '0':
			return false;
		case null:
		case undefined:
		case '':
			return null;
		default:
			return undefined;
	}
}

/** A finite number, possibly written as text. `null`: not set. `undefined`: unclear. */
export function numberOf(value: unknown): number | null | undefined {
	if (value === null || value === undefined) return null;
	if (typeof value === 'string' && value.trim() === '') return null;
	if (typeof value !== 'string' && typeof value !== 'number') return undefined;
	const number = Number(value);
	return Number.isFinite(number) ? number : undefined;
}
