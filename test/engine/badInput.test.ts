/** Bad input: refused with one clear message per item, before anything is sent for any item. */
import { describe, expect, it, jest } from '@jest/globals';
import type { INodeParameters, IRun } from 'n8n-workflow';
import { nodeProperties } from '../../nodes/LumaVideo/operations';
import { providers } from '../../nodes/LumaVideo/providers';
import type { ModelCapabilities } from '../../nodes/LumaVideo/providers/provider';
import type { ProviderName } from '../provider-server';
import { CALLING, END_IMAGE, forAll, nameOf, PROVIDERS, samples, START_IMAGE, WITH_IMAGES, WITHOUT_LIST } from '../samples';
import { useProviderServer } from './harness/providerServer';
import { generate, generation, jsonOf, keysIn, runItems, shownError } from './harness/service';
import { outputOf } from './harness/workflows';

jest.setTimeout(60_000);

const server = useProviderServer(forAll({ jobMs: 20 }));

type Value = string | number | boolean | null | object;

interface BadInput {
	name: string;
	provider: ProviderName;
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

const NO_ADDRESS: Array<[string, string]> = [
	['that is no address', 'no address'],
	['without a scheme', 'example.com/cat.png'],
	['on a disk', 'file:///etc/passwd'],
	['without a host', 'https:///cat.png'],
	['that is only a scheme', 'https://'],
	['by another protocol', 'ftp://example.com/cat.png'],
	['as data', 'data:image/png;base64,AAAA'],
];

const TYPES: Array<[string, Value]> = [
	['a number', 42],
	['an object', { text: 'a cat' }],
	['a list', ['a cat']],
	['a boolean', true],
];

/** The model of the smallest video. */
function modelOf(provider: ProviderName): ModelCapabilities {
	const model = providers[provider].capabilities.models.find(({ value }) => value === samples[provider].parameters.model);
	if (!model) throw new Error(`${provider} has not the model of its sample`);
	return model;
}

/** As messages name it. */
function placeOf(provider: ProviderName): string {
	return `${modelOf(provider).name} at ${nameOf(provider)}`;
}

/** Whether the field takes expressions: n8n cannot show the fields of the model that one stands for. */
function takesModelExpression(provider: ProviderName): boolean {
	return nodeProperties.some(
		({ name, displayOptions, noDataExpression }) =>
			name === 'model' && noDataExpression !== true && displayOptions?.show?.resource?.includes('video') && displayOptions.show.operation?.includes('generate') && displayOptions.show.provider?.includes(provider),
	);
}

const CASES: BadInput[] = [
	// Prompts
	...PROVIDERS.flatMap((provider): BadInput[] => [
		{ name: 'an empty prompt', provider, field: 'prompt', bad: '', good: 'a cat', message: "'Prompt' is empty" },
		{ name: 'a prompt of spaces', provider, field: 'prompt', bad: ' \n\t ', good: 'a cat', message: "'Prompt' is empty" },
		{ name: 'null for the prompt', provider, field: 'prompt', bad: null, good: 'a cat', message: "'Prompt' is empty" },
		...TYPES.map(([type, bad]) => ({
			name: `${type} for the prompt`,
			provider,
			field: 'prompt',
			bad,
			good: 'a cat',
			message: `'Prompt' must be text, but it is ${type}`,
		})),
	]),
	{
		name: 'a prompt of 2 characters',
		provider: 'lumaDreamMachine',
		field: 'prompt',
		bad: 'ab',
		good: 'abc',
		message: "'Prompt' is too short: 2 characters (minimum 3)",
	},
	{
		name: 'a prompt of 5001 characters',
		provider: 'lumaDreamMachine',
		field: 'prompt',
		bad: 'x'.repeat(5001),
		good: 'x'.repeat(5000),
		message: "'Prompt' is too long: 5001 characters (maximum 5000)",
	},
	{
		name: 'a prompt that its camera motion makes too long',
		provider: 'lumaDreamMachine',
		field: 'prompt',
		bad: 'x'.repeat(4990),
		good: 'x'.repeat(4980),
		parameters: { additionalFields: { cameraMotion: 'camera orbit left' } },
		message: "'Prompt' is too long: 5009 characters (maximum 5000)",
	},

	// Images
	...[
		...WITH_IMAGES.map((provider) => [provider, 'startImage', 'Start Image', START_IMAGE] as const),
		['lumaDreamMachine', 'endImage', 'End Image', END_IMAGE] as const,
	].flatMap(([provider, field, label, good]) =>
		NO_ADDRESS.map(([name, bad]) => ({
			name: `an image ${name} (${field})`,
			provider,
			field,
			bad,
			good,
			message: `'${label}' must be a web address beginning with https:// or http://`,
		})),
	),
	{
		name: 'a number for an image',
		provider: 'lumaDreamMachine',
		field: 'startImage',
		bad: 42,
		good: START_IMAGE,
		message: "'Start Image' must be text, but it is a number",
	},
	...(
		[
			['', 'empty'],
			[null, 'null'],
		] as const
	).map(([bad, name]) => ({
		name: `text to video (${name} start image)`,
		provider: 'pixazo' as const,
		field: 'startImage',
		bad,
		good: START_IMAGE,
		message: "'Start Image' is empty, but Ray 2 Flash at Pixazo only generates videos from images",
	})),
	...PROVIDERS.filter((provider) => {
		const { frames } = modelOf(provider);
		return frames.includes('none') && frames.includes('startAndEnd') && !frames.includes('end');
	}).map((provider) => ({
		name: 'an end image alone',
		provider,
		field: 'startImage',
		bad: '',
		good: START_IMAGE,
		parameters: { endImage: END_IMAGE },
		message: `'End Image' needs 'Start Image' for ${placeOf(provider)}`,
	})),

	// Choices
	{
		name: 'a loop with an end image',
		provider: 'lumaDreamMachine',
		field: 'loop',
		bad: true,
		good: false,
		parameters: { endImage: END_IMAGE },
		message: "'Loop' cannot be combined with 'End Image' for Ray 2 at Luma Dream Machine; use one of the two",
	},
	{
		name: 'a loop with both images',
		provider: 'lumaDreamMachine',
		field: 'loop',
		bad: true,
		good: false,
		parameters: { startImage: START_IMAGE, endImage: END_IMAGE },
		message: "'Loop' cannot be combined with 'End Image' for Ray 2 at Luma Dream Machine; use one of the two",
	},
	{
		name: 'text for a switch',
		provider: 'lumaDreamMachine',
		field: 'loop',
		bad: 'yes',
		good: false,
		message: "'Loop' must be true or false, but it is text",
	},
	...PROVIDERS.flatMap((provider) => {
		const { aspectRatios, autoAspectRatio, resolutions, durations } = modelOf(provider);
		const choices = [
			['aspectRatio', 'Aspect Ratio', '5:4', [...(autoAspectRatio ? ['auto'] : []), ...aspectRatios]],
			['resolution', 'Resolution', '8k', resolutions],
			['duration', 'Duration', '7s', durations],
		] as const;
		return choices.flatMap(([field, label, bad, allowed]) => {
			const good = allowed.at(-1);
			const message = `'${label}' cannot be ${bad} for ${placeOf(provider)}. Allowed: ${allowed.join(', ')}`;
			return good === undefined ? [] : [{ name: bad, provider, field, bad, good, message }];
		});
	}),
	{
		name: 'a number of seconds',
		provider: 'lumaDreamMachine',
		field: 'duration',
		bad: 5,
		good: '5s',
		message: "'Duration' must be text, but it is a number",
	},
	...PROVIDERS.filter(takesModelExpression).map((provider) => {
		const { models } = providers[provider].capabilities;
		const allowed = models.map(({ value }) => value).join(', ');
		return {
			name: 'a model that it does not have',
			provider,
			field: 'model',
			bad: 'ray-0',
			good: samples[provider].parameters.model,
			message: `'Model' cannot be ray-0 for ${nameOf(provider)}. Allowed: ${allowed}`,
		};
	}),
	{
		name: 'no model',
		provider: 'lumaDreamMachine',
		field: 'model',
		bad: null,
		good: 'ray-2',
		message: "'Model' must be text, but it is null",
	},

	// Additional fields
	{
		name: 'text for a list',
		provider: 'lumaDreamMachine',
		field: 'additionalFields.concepts',
		bad: 'dolly_zoom',
		good: ['dolly_zoom'],
		message: "'Concept Names or IDs' must be a list of texts, but it is text",
	},
	{
		name: 'JSON that breaks off',
		provider: WITHOUT_LIST,
		field: 'additionalFields.additionalBodyFields',
		bad: '{"a":',
		good: '{}',
		message: "'Additional Body Fields' is not valid JSON",
	},
	{
		name: 'JSON that is a list',
		provider: 'pixazo',
		field: 'additionalFields.additionalBodyFields',
		bad: '[1]',
		good: '{}',
		message: "'Additional Body Fields' must be a JSON object",
	},
	...CALLING.map((provider) => ({
		name: 'a callback address without a host',
		provider,
		field: 'additionalFields.callbackUrl',
		bad: '/webhook/luma',
		good: 'https://n8n.example.com/webhook/luma',
		parameters: { completion: 'none' },
		message: "'Callback URL' must be a web address beginning with https:// or http://",
	})),

	// More than one thing at once
	{
		name: 'several things at once',
		provider: 'lumaDreamMachine',
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

function parametersOf({ provider, field, parameters = {} }: BadInput): INodeParameters {
	const [collection, name] = field.split('.');
	if (collection === undefined || name === undefined) {
		return generate(provider, { ...parameters, [field]: '={{ $json.value }}' });
	}
	const additional = { ...(parameters[collection] as INodeParameters | undefined), [name]: '={{ $json.value }}' };
	return generate(provider, { ...parameters, [collection]: additional });
}

function expectNoKeys(run: IRun): void {
	expect(keysIn(run, Object.values(server.keys))).toEqual([]);
}

describe.each(CASES)('$provider: $name', (badInput) => {
	const { provider, message, description = NOTHING } = badInput;
	const failure = {
		error: `${message} [item 1]`,
		details: { generationId: null, provider, status: null, nextStep: description },
	};

	it('ends the execution before anything is sent, also for the items that are right', async () => {
		const run = await runItems(server, itemsOf(badInput), parametersOf(badInput));
		expect(shownError(run)).toEqual({ message: `${message} [item 1]`, description, itemIndex: 1 });
		expect(run.status).toBe('error');
		expect(server.ledger().requests).toEqual([]);
		expectNoKeys(run);
	});

	it('is an item of its own when the node goes on', async () => {
		const run = await runItems(server, itemsOf(badInput), parametersOf(badInput), {
			node: { onError: 'continueRegularOutput' },
		});
		expect(shownError(run)).toBeNull();
		const [first, second, third] = jsonOf(run);
		expect(second).toStrictEqual(failure);
		for (const json of [first, third]) expect(['completed', 'queued']).toContain(json?.status);
		expect(outputOf(run).map((item) => item.pairedItem)).toEqual([{ item: 0 }, { item: 1 }, { item: 2 }]);
		expect(server.ledger().purchases).toHaveLength(2);
		expect(server.ledger().refusedCreates).toEqual([]);
		expectNoKeys(run);
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
	it.each(PROVIDERS)('%s: each has its own message, and nothing is sent', async (provider) => {
		const items = [{ text: '' }, { text: 7 }, { text: null }];
		const run = await runItems(server, items, generate(provider), { node: { onError: 'continueRegularOutput' } });
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
	const OPERATIONS = ['get', 'wait', 'download'] as const;
	it.each(
		OPERATIONS.flatMap((operation) =>
			(
				[
					['', "'Generation ID' is empty"],
					['  ', "'Generation ID' is empty"],
					[null, "'Generation ID' is empty"],
					[{ id: 1 }, "'Generation ID' must be text"],
					['two words', "'Generation ID' has characters that no ID has"],
					['../account', "'Generation ID' has characters that no ID has"],
					['..', "'Generation ID' has characters that no ID has"],
				] as const
			).map(([id, message]) => [operation, JSON.stringify(id), id, message] as const),
		),
	)('%s: %s is refused before anything is sent for that item', async (operation, _, id, message) => {
		const run = await runItems(server, [{ id }], generation(operation, 'lumaDreamMachine'));
		expect(shownError(run)).toEqual({ message: `${message} [item 0]`, description: NOTHING, itemIndex: 0 });
		expect(server.ledger().requests).toEqual([]);
	});
});
