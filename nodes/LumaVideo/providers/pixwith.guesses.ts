/** What no document of Pixwith.ai settles; printed as docs/guesses.md. */
import type { Guess } from './guesses';

export const guesses: readonly Guess[] = [
	{
		id: 'model-id',
		guess: "The model's ID: `2-4` by the table, also with images; `3-4` by the example with images",
		behavior: '`3-4` with an image, `2-4` without; **Model ID** replaces it',
		ifWrong: 'Refused, free of charge',
		risk: 'refused',
	},
	{
		id: 'failed-task',
		guess: 'How a failed task looks, and whether it names a reason',
		behavior: 'Status 3 counts, whatever else is said',
		ifWrong: 'The failure has no reason',
		risk: 'message',
	},
	{
		id: 'refusals',
		guess: 'The HTTP code of refusals; words for too many requests',
		behavior: '`code` other than 1 is a refusal; texts about frequency are waited for',
		ifWrong: 'A refusal instead of a pause; if a refused task runs all the same, a retry buys another',
		risk: 'paid twice',
	},
	{
		id: 'loop-with-two-images',
		guess: 'A loop with two images',
		behavior: 'Offered',
		ifWrong: 'Refused, or failed',
		risk: 'refused',
	},
	{
		id: 'image-size',
		guess: 'Size of an image: 10 or 20 MB',
		behavior: '10 MB',
		ifWrong: 'Larger images are refused too early',
		risk: 'missing',
	},
	{
		id: 'unpublished',
		guess: 'Prices in credits; how long URLs work; limits of requests',
		behavior: 'No estimates; 5 videos at once',
		ifWrong: '',
		risk: 'none',
	},
];
