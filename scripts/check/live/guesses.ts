/** docs/guesses.md as data: what no document settles. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const [introduction = '', ...sections] = readFileSync(join(__dirname, '../../../docs/guesses.md'), 'utf8').split(/^## /m);

/** One row. Texts are Markdown. */
export interface Guess {
	/** Unique for its provider; reports name it. */
	id: string;
	/** One of `RISKS`. */
	risk: string;
	/** What is not settled. */
	guess: string;
	/** What the node does about it. */
	behavior: string;
	/** What to change if it is wrong: its path in the project. */
	file: string;
	/** The probe's `need`; `–`: nothing observes it. */
	checked: string;
}

/** What a wrong guess can lead to, the worst first. */
export const RISKS = [...introduction.matchAll(/^- \*\*(.+)\*\*: /gm)].map(([, risk = '']) => risk);

/** The guesses under a heading, the worst risk first. */
export function guessesUnder(heading: string): Guess[] {
	const lines = sections.find((section) => section.startsWith(`${heading}\n`))?.split('\n') ?? [];
	return lines
		.filter((line) => line.startsWith('| `'))
		.map((line) => {
			const [id = '', risk = '', guess = '', behavior = '', , file = '', checked = ''] = line.slice(2, -2).split(' | ').map((cell) => cell.replace(/^`([^`]+)`$/, '$1'));
			return { id, risk, guess, behavior, file: file.includes('/') ? file : `nodes/LumaVideo/providers/${file}`, checked };
		});
}
