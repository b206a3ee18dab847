/** One test over many cells that do not differ in meaning: it fails at the first one that is wrong, and names it. */
import { isPromise } from 'node:util/types';

type NameOf<T> = (cell: T) => string;

/**
 * @param nameOf how a cell is named where it fails, if not by its plain values
 * @throws also when there is no cell at all: such a test would prove nothing
 */
export function inEach<T>(cells: Iterable<T>, check: (cell: T) => void, nameOf: NameOf<T> = plainly): void {
	const all = someOf(cells);
	for (const cell of all) {
		try {
			// A promise would be left behind, and its failure with it.
			if (isPromise(check(cell))) throw new Error('the check takes time');
		} catch (error) {
			throw new Error(`At ${nameOf(cell)}`, { cause: error });
		}
	}
}

function someOf<T>(cells: Iterable<T>): T[] {
	const all = [...cells];
	if (all.length === 0) throw new Error('There is nothing to check');
	return all;
}

/** The texts and numbers of a row; anything else as JSON. */
function plainly(cell: unknown): string {
	if (Array.isArray(cell)) return cell.filter((value) => typeof value !== 'object' && typeof value !== 'function').map(String).join(', ');
	return JSON.stringify(cell) ?? String(cell);
}
