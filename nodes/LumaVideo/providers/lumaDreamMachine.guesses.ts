/** What no document of Luma Dream Machine settles; printed as docs/guesses.md. */
import type { Guess } from './guesses';

export const guesses: readonly Guess[] = [
	{
		id: 'announced-end',
		guess: 'What the API answers after its announced end in October 2026',
		behavior: 'Messages of 401, 403, 404 and 410 name the end and the successor',
		ifWrong: 'The message is a general one',
		risk: 'message',
	},
	{
		id: 'create-path',
		guess: 'New videos are made at `/generations/video`, which older documents call `/generations`',
		behavior: 'The first, as the newest official client',
		ifWrong: 'HTTP 404, nothing is bought',
		risk: 'refused',
	},
	{
		id: 'defaults',
		guess: 'Resolution and duration of a request that names none',
		behavior: 'Both are always sent, except for Ray 1.6',
		ifWrong: '',
		risk: 'none',
	},
	{
		id: 'older-models',
		guess: 'Whether Ray 1.6 is still there; concepts with Ray 2 Flash',
		behavior: 'Offered',
		ifWrong: 'Refused, free of charge',
		risk: 'refused',
	},
	{
		id: 'extension-fields',
		guess: 'Duration and shape of an extension or an interpolation',
		behavior: 'Not sent',
		ifWrong: '',
		risk: 'none',
	},
	{
		id: 'source-length',
		guess: 'Modify and Reframe: sources of 10 or of 30 seconds',
		behavior: 'The description says 10; not checked',
		ifWrong: 'Refused',
		risk: 'refused',
	},
	{
		id: 'refusal-codes',
		guess: 'With which HTTP code an empty account or moderation is told',
		behavior: 'The text decides',
		ifWrong: 'The advice is a general one',
		risk: 'message',
	},
	{
		id: 'deletion-refund',
		guess: 'Whether deletion stops a running job, and whether it is refunded',
		behavior: '**Delete on Stop** is off, and says so',
		ifWrong: 'A deleted video is charged',
		risk: 'money',
	},
	{
		id: 'list-page',
		guess: 'A page of the list has up to 100 generations',
		behavior: '100',
		ifWrong: 'Fewer at a time',
		risk: 'waiting',
	},
	{
		id: 'callbacks',
		guess: 'Every callback arrives, although they are not signed and over after seconds',
		behavior: 'A callback is a hint; the node reads',
		ifWrong: '',
		risk: 'none',
	},
	{
		id: 'url-lifetime',
		guess: 'How long URLs work',
		behavior: '**Download Video** is recommended',
		ifWrong: 'A stored URL is dead',
		risk: 'lost',
	},
	{
		id: 'prices',
		guess: "Prices: a reseller's table of July 2025; none for extending, upscaling, sound, modify and reframe",
		behavior: 'Estimates of new videos only',
		ifWrong: 'The estimate is wrong',
		risk: 'money',
	},
];
