/** What no document of Pixazo settles; printed as docs/guesses.md. */
import type { Guess } from './guesses';

export const guesses: readonly Guess[] = [
	{
		id: 'unknown-generation',
		guess: 'An unknown generation is answered with 404 or another refusal, after the key was checked',
		behavior: 'The connection test of the credential takes that answer for an accepted key',
		ifWrong: 'The test passes with a wrong key, or fails with a right one',
		risk: 'message',
		file: 'credentials/PixazoApi.credentials.ts',
	},
	{
		id: 'ray-3.2-fields',
		guess: 'Ray 3.2: all fields but prompt, aspect ratio, resolution and duration; 720p, 1080p and 10 seconds; five of six shapes',
		behavior: 'Written as fal.ai documents the same model',
		ifWrong: 'Refused, or ignored by the service',
		risk: 'refused',
	},
	{
		id: 'ray-3.2-path',
		guess: 'Ray 3.2 is at paths without `-request` at the end',
		behavior: 'Without, as the examples',
		ifWrong: 'HTTP 404, nothing is bought',
		risk: 'refused',
	},
	{
		id: 'loop-with-end-image',
		guess: 'Ray 2 Flash: a loop together with an end image',
		behavior: 'Offered',
		ifWrong: 'Fails; whether that costs is not said',
		risk: 'refused',
	},
	{
		id: 'failure-price',
		guess: 'Whether a generation that ended as `FAILED` costs (`ERROR` does not)',
		behavior: 'Nothing is claimed',
		ifWrong: '',
		risk: 'none',
	},
	{
		id: 'unpublished',
		guess: 'Prices; how long URLs work; limits of requests',
		behavior: 'No estimates; 5 videos at once',
		ifWrong: '**Max Cost** is not offered',
		risk: 'missing',
	},
	{
		id: 'gateway-bodies',
		guess: 'Bodies and codes of the gateway in front of it: `error` and `message`, or `statusCode` and `message`',
		behavior: 'Both known forms are read',
		ifWrong: 'The message is a general one',
		risk: 'message',
	},
	{
		id: 'usual-time',
		guess: 'Usual times: 60 seconds, 180 for Ray 3.2',
		behavior: 'First guess of the schedule',
		ifWrong: 'The first end is noticed later',
		risk: 'waiting',
	},
];
