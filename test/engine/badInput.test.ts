/** Bad input: refused with one clear message per item, before anything is sent for any item. */
import { describe, expect, it, jest } from '@jest/globals';
import type { INodeParameters } from 'n8n-workflow';
import type { ProviderName } from '../provider-server';
import { END_IMAGE, forAll, START_IMAGE, WITHOUT_LIST } from '../samples';
import { useProviderServer } from './harness/providerServer';
import { generate, generation, jsonOf, keysIn, runItems, shownError } from './harness/service';
import { outputOf } from './harness/workflows';

jest.setTimeout(60_000);

const server = useProviderServer(forAll({ jobMs: 20 }));

type Value = string | number | boolean | null | object;

interface BadInput {
	name: string;
	/** Default: `lumaDreamMachine`. */
	provider?: ProviderName;
	/** A parameter, or `additionalFields.<name>`. */
	field: string;
	bad: Value;
	/** What the field has in the items that are right. */
	good: Value;
	/** What else is set. */
	parameters?: INodeParameters;
	message: string;
	/** Everything after the message; default: that nothing was sent. */
	description?: string;
}

const NOTHING = 'Nothing was sent for this item. Correct it and run this item again.';

const BAD_PROMPT = { name: 'an empty prompt', field: 'prompt', bad: '', good: 'a cat', message: "'Prompt' is empty" };
const BAD_ADDITIONAL_FIELD = {
	name: 'text for a list',
	field: 'additionalFields.concepts',
	bad: 'dolly_zoom',
	good: ['dolly_zoom'],
	message: "'Concept Names or IDs' must be a list of texts, but it is text",
};

/** One of each kind; every text of every model stands in the unit tests of `checkRequest`. */
const CASES: BadInput[] = [
	BAD_PROMPT,
	{ ...BAD_PROMPT, name: 'null for the prompt', bad: null },
	{ ...BAD_PROMPT, name: 'a number for the prompt', bad: 42, message: "'Prompt' must be text, but it is a number" },
	{ ...BAD_PROMPT, name: 'an object for the prompt', bad: { text: 'a cat' }, message: "'Prompt' must be text, but it is an object" },
	{
		name: 'a prompt that its camera motion makes too long',
		field: 'prompt',
		bad: 'x'.repeat(4990),
		good: 'x'.repeat(4980),
		parameters: { additionalFields: { cameraMotion: 'camera orbit left' } },
		message: "'Prompt' is too long: 5009 characters (maximum 5000)",
	},
	{
		name: 'an image that is no address',
		field: 'endImage',
		bad: 'no address',
		good: END_IMAGE,
		message: "'End Image' must be a web address beginning with https:// or http://",
	},
	{
		name: 'text to video where there is none',
		provider: 'pixazo',
		field: 'startImage',
		bad: null,
		good: START_IMAGE,
		message: "'Start Image' is empty, but Ray 2 Flash at Pixazo only generates videos from images",
	},
	{
		name: 'an end image alone',
		provider: 'crazyrouter',
		field: 'startImage',
		bad: '',
		good: START_IMAGE,
		parameters: { endImage: END_IMAGE },
		message: "'End Image' needs 'Start Image' for Ray 2 at CrazyRouter",
	},
	{
		name: 'text for a switch',
		field: 'loop',
		bad: 'yes',
		good: false,
		message: "'Loop' must be true or false, but it is text",
	},
	{
		name: 'an aspect ratio that there is not',
		field: 'aspectRatio',
		bad: '5:4',
		good: '9:21',
		message: "'Aspect Ratio' cannot be 5:4 for Ray 2 at Luma Dream Machine. Allowed: 16:9, 9:16, 1:1, 4:3, 3:4, 21:9, 9:21",
	},
	{
		name: 'a resolution that there is not',
		provider: 'pixwith',
		field: 'resolution',
		bad: '8k',
		good: '720p',
		message: "'Resolution' cannot be 8k for Ray 2 at Pixwith.ai. Allowed: 540p, 720p",
	},
	{
		name: 'a number of seconds',
		field: 'duration',
		bad: 5,
		good: '5s',
		message: "'Duration' must be text, but it is a number",
	},
	BAD_ADDITIONAL_FIELD,
	{
		name: 'JSON that breaks off',
		provider: WITHOUT_LIST,
		field: 'additionalFields.additionalBodyFields',
		bad: '{"a":',
		good: '{}',
		message: "'Additional Body Fields' is not valid JSON",
	},
	{
		name: 'a callback address without a host',
		field: 'additionalFields.callbackUrl',
		bad: '/webhook/luma',
		good: 'https://n8n.example.com/webhook/luma',
		parameters: { completion: 'none' },
		message: "'Callback URL' must be a web address beginning with https:// or http://",
	},
	{
		name: 'several things at once',
		field: 'startImage',
		bad: 'no address',
		good: START_IMAGE,
		parameters: { loop: '={{ $json.value === "no address" }}', endImage: END_IMAGE },
		message: "'Start Image' must be a web address beginning with https:// or http://",
		description: `'Loop' cannot be combined with 'End Image' for Ray 2 at Luma Dream Machine; use one of the two. ${NOTHING}`,
	},
];

/** Items whose field `value` goes into the node's field; the second one is bad. */
function itemsOf({ bad, good }: BadInput): Array<{ text: string; value: Value }> {
	return [good, bad, good].map((value) => ({ text: 'a cat', value }));
}

function parametersOf({ provider = 'lumaDreamMachine', field, parameters = {} }: BadInput): INodeParameters {
	const [collection, name] = field.split('.');
	if (collection === undefined || name === undefined) {
		return generate(provider, { ...parameters, [field]: '={{ $json.value }}' });
	}
	const additional = { ...(parameters[collection] as INodeParameters | undefined), [name]: '={{ $json.value }}' };
	return generate(provider, { ...parameters, [collection]: additional });
}

it.each(CASES)('$name ends the execution before anything is sent, also for the items that are right', async (badInput) => {
	const { message, description = NOTHING } = badInput;
	const run = await runItems(server, itemsOf(badInput), parametersOf(badInput));
	expect(shownError(run)).toEqual({ message: `${message} [item 1]`, description, itemIndex: 1 });
	expect(run.status).toBe('error');
	expect(server.ledger().requests).toEqual([]);
	expect(keysIn(run, Object.values(server.keys))).toEqual([]);
});

describe.each([BAD_PROMPT, BAD_ADDITIONAL_FIELD])('$name', (badInput) => {
	const failure = {
		error: `${badInput.message} [item 1]`,
		details: { generationId: null, provider: 'lumaDreamMachine', status: null, nextStep: NOTHING },
	};

	it('is an item of its own when the node goes on', async () => {
		const run = await runItems(server, itemsOf(badInput), parametersOf(badInput), {
			node: { onError: 'continueRegularOutput' },
		});
		expect(shownError(run)).toBeNull();
		const [first, second, third] = jsonOf(run);
		expect(second).toStrictEqual(failure);
		for (const json of [first, third]) expect(json?.status).toBe('completed');
		expect(outputOf(run).map((item) => item.pairedItem)).toEqual([{ item: 0 }, { item: 1 }, { item: 2 }]);
		expect(server.ledger().purchases).toHaveLength(2);
		expect(server.ledger().refusedCreates).toEqual([]);
		expect(keysIn(run, Object.values(server.keys))).toEqual([]);
	});

	it('goes to the error output', async () => {
		const run = await runItems(server, itemsOf(badInput), parametersOf(badInput), {
			node: { onError: 'continueErrorOutput' },
		});
		expect(shownError(run)).toBeNull();
		expect(outputOf(run, 0).map((item) => item.pairedItem)).toEqual([{ item: 0 }, { item: 2 }]);
		// n8n adds the fields of the item that went in.
		expect(jsonOf(run, 1)).toStrictEqual([{ ...itemsOf(badInput)[1], ...failure }]);
		expect(outputOf(run, 1).map((item) => item.pairedItem)).toEqual([{ item: 1 }]);
		expect(server.ledger().purchases).toHaveLength(2);
	});
});

describe('all items are bad', () => {
	it('each has its own message, and nothing is sent', async () => {
		const items = [{ text: '' }, { text: 7 }, { text: null }];
		const run = await runItems(server, items, generate(WITHOUT_LIST), { node: { onError: 'continueRegularOutput' } });
		expect(jsonOf(run).map((json) => json.error)).toEqual([
			"'Prompt' is empty [item 0]",
			"'Prompt' must be text, but it is a number [item 1]",
			"'Prompt' is empty [item 2]",
		]);
		expect(server.ledger().requests).toEqual([]);
	});

	it('one error names all of them, before anything is sent for the items that are right', async () => {
		const items = [{ text: 'a cat' }, { text: 7 }, { text: 'a dog' }, { text: '' }, { text: ' ' }];
		const run = await runItems(server, items, generate(WITHOUT_LIST));
		expect(shownError(run)).toEqual({
			message: '3 of 5 items cannot be used',
			description:
				"Item 1: 'Prompt' must be text, but it is a number. Items 3, 4: 'Prompt' is empty. Nothing was sent for any item. Correct these items and run the node again.",
			itemIndex: undefined,
		});
		expect(server.ledger().requests).toEqual([]);
	});
});

describe('an expression', () => {
	it.each([
		['of a field that is not there', "={{ $json.text === 'a cat' ? 'a cat' : $json.gone }}", /^'Prompt' is empty \[item 1\]$/],
		['that goes too deep', '={{ $json.nothing.at.all }}', /^'Prompt' is empty \[item 1\]$/],
		['of a node that is not there', "={{ $json.text === 'a cat' ? 'a cat' : $('Nobody').item.json.x }}", / \[item 1\]$/],
	])('%s belongs to its item', async (_, prompt, message) => {
		const items = [{ text: 'a cat', nothing: { at: { all: 'a cat' } } }, { text: 'a dog' }];
		const run = await runItems(server, items, generate('lumaDreamMachine', { prompt }));
		expect(shownError(run)?.message).toMatch(message);
		expect(shownError(run)?.itemIndex).toBe(1);
		expect(server.ledger().requests).toEqual([]);
	});
});

describe('a spending limit that cannot be read', () => {
	it.each([['text', 'cheap'], ['less than nothing', -1], ['nothing', null], ['an empty text', '']] as const)(
		'is not taken for no limit: %s',
		async (_, limit) => {
			const run = await runItems(
				server,
				[{ text: 'a cat', limit }],
				generate('lumaDreamMachine', { options: { maxCost: '={{ $json.limit }}' } }),
			);
			expect(shownError(run)).toMatchObject({
				message: "'Max Cost' must be a number of US dollars",
				description: "Enter a number of 0 or more, or remove 'Max Cost'. Nothing was sent.",
			});
			expect(server.ledger().requests).toEqual([]);
		},
	);
});

describe('a spending limit', () => {
	it.each([
		['1080p', "One video would cost about $1.20, more than 'Max Cost' allows ($0.50)"],
		['8k', "'Max Cost' cannot be checked: the price of a video is not known for this request to Luma Agents"],
	])('counts a resolution of %s among the additional body fields', async (resolution, message) => {
		const additionalBodyFields = JSON.stringify({ video: { resolution } });
		const run = await runItems(
			server,
			[{ text: 'a cat' }],
			generate('lumaAgents', { additionalFields: { additionalBodyFields }, options: { maxCost: 0.5 } }),
		);
		expect(shownError(run)?.message).toBe(message);
		expect(server.ledger().requests).toEqual([]);
	});
});

describe('a generation ID', () => {
	it.each([
		['get', '', "'Generation ID' is empty"],
		['get', null, "'Generation ID' is empty"],
		['wait', '  ', "'Generation ID' is empty"],
		['wait', { id: 1 }, "'Generation ID' must be text"],
		['wait', 'two words', "'Generation ID' has characters that no ID has"],
		['download', '../account', "'Generation ID' has characters that no ID has"],
		['download', '..', "'Generation ID' has characters that no ID has"],
	] as const)('%s: %j is refused before anything is sent for that item', async (operation, id, message) => {
		const run = await runItems(server, [{ id }], generation(operation, 'lumaDreamMachine'));
		expect(shownError(run)).toEqual({ message: `${message} [item 0]`, description: NOTHING, itemIndex: 0 });
		expect(server.ledger().requests).toEqual([]);
	});
});
