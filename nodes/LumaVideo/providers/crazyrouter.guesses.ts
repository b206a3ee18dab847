/** What no document of CrazyRouter settles; printed as docs/guesses.md. */
import type { Guess } from './guesses';

export const guesses: readonly Guess[] = [
	{
		id: 'host',
		guess: 'Which host',
		behavior: '`api.crazyrouter.com`, chosen in the credential',
		ifWrong: 'A message about the address',
		risk: 'message',
	},
	{
		id: 'duration',
		guess: '`duration` as `"5"` or `"5s"`; whether 9 seconds are possible',
		behavior: '`"5"`, `"9"`',
		ifWrong: 'Refused, or always 5 seconds',
		risk: 'refused',
	},
	{
		id: 'end-image',
		guess: 'An end image without a start image',
		behavior: 'Not offered',
		ifWrong: '',
		risk: 'none',
	},
	{
		id: 'aspect-ratio-and-loop',
		guess: 'Aspect ratio, loop',
		behavior: 'Not offered',
		ifWrong: '',
		risk: 'none',
	},
	{
		id: 'notify-hook',
		guess: '`notifyHook` for Luma, as the general page has it',
		behavior: 'Sent from **Trigger URL** or **Callback URL**',
		ifWrong: 'No call comes; the node reads anyway, the trigger looks every five minutes',
		risk: 'waiting',
	},
	{
		id: 'states',
		guess: 'Words of states: four lists',
		behavior: 'All are read',
		ifWrong: 'Counts as running, until **Timeout**',
		risk: 'waiting',
	},
	{
		id: 'extension-answer',
		guess: 'The answer to an extension',
		behavior: 'Read like that to a new video',
		ifWrong: 'Said as not known whether it was bought',
		risk: 'lost',
	},
	{
		id: 'forbidden',
		guess: 'HTTP 403: no money, or no right to the model',
		behavior: 'The text decides',
		ifWrong: 'The advice is a general one',
		risk: 'message',
	},
	{
		id: 'unpublished',
		guess: 'Prices; how long URLs work; limits of requests',
		behavior: 'No estimates; 5 videos at once',
		ifWrong: '',
		risk: 'none',
	},
];
