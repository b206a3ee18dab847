/**
 * What no document settles and the code assumes all the same: the data behind docs/guesses.md and `npm run check:live`.
 * Not part of the package.
 */
import { guesses as crazyrouter } from './crazyrouter.guesses';
import { guesses as fal } from './fal.guesses';
import { guesses as lumaAgents } from './lumaAgents.guesses';
import { guesses as lumaDreamMachine } from './lumaDreamMachine.guesses';
import { guesses as pixazo } from './pixazo.guesses';
import { guesses as pixwith } from './pixwith.guesses';
import type { ProviderId } from './provider';
import { guesses as replicate } from './replicate.guesses';

/** What a wrong guess can lead to, the worst first. */
export const RISKS = {
	'paid twice': 'another request is sent for a video that was bought',
	lost: 'what was paid for is not found, or not delivered',
	money: 'it costs something else than was said',
	refused: 'the service refuses the request, or the generation fails',
	output: 'the video or the item is not as expected',
	waiting: 'the end is noticed later, or less runs at once',
	message: 'a message says less than it could, or the wrong thing',
	missing: 'something that is possible is not offered',
	none: 'nothing goes wrong',
} as const;
export type Risk = keyof typeof RISKS;

/** Texts are Markdown, for one cell of a table. */
export interface Guess {
	/** Unique for its provider; reports name it. */
	id: string;
	/** What is not settled. */
	guess: string;
	/** What the node does about it. */
	behavior: string;
	/** Empty where nothing goes wrong. */
	ifWrong: string;
	risk: Risk;
	/** What to change if it is wrong: a file of this folder or, with folders, of the project. Default: the provider's own. */
	file?: string;
}

/** What is taken for granted of every service. */
export const generalGuesses: readonly Guess[] = [
	{
		id: 'refusals-are-free',
		guess: 'A request costs nothing that the service says it refused',
		behavior: 'The message says that nothing was bought, and after a refusal for now the request is sent again',
		ifWrong: 'A refused video is paid for, and after that a second one',
		risk: 'paid twice',
		file: 'answers.ts',
	},
];

export const guesses: Readonly<Record<ProviderId, readonly Guess[]>> = { lumaAgents, lumaDreamMachine, pixazo, pixwith, crazyrouter, fal, replicate };
