/** What expressions and body fields give a node: taken where it is clear, refused by name where not, named as it is. */
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it, jest } from '@jest/globals';
import type { INodeParameters } from 'n8n-workflow';
import type { ProviderName } from '../provider-server';
import { forAll, PROVIDERS, samples, WITH_IMAGES } from '../samples';
import { outputOf } from './harness/workflows';
import { useProviderServer } from './harness/providerServer';
import { generate, generation, hintsOf, jsonOf, runItems, runOne, shownError } from './harness/service';

jest.setTimeout(60_000);

const server = useProviderServer(forAll({ jobMs: 20 }));

const bodies = (): unknown[] => server.ledger().purchases.map(({ body }) => body);

const work = (operation: string, provider: ProviderName, more: INodeParameters = {}): INodeParameters => ({
	provider,
	resource: 'video',
	operation,
	model: samples[provider].parameters.model,
	prompt: 'as a watercolour',
	videoSource: 'generation',
	generationId: '={{ $json.id }}',
	...more,
});

describe('numbers and switches as text', () => {
	it('count as what they are', async () => {
		const run = await runItems(
			server,
			[{ text: 'a cat', yes: 'true', no: 'false', seconds: '20' }],
			generate('lumaAgents', {
				downloadVideo: '={{ $json.yes }}',
				loop: '={{ $json.no }}',
				options: { includeRaw: '={{ $json.yes }}', timeout: '={{ $json.seconds }}' },
				additionalFields: { hdr: '={{ $json.yes }}' },
			}),
		);
		expect(shownError(run)).toBeNull();
		expect(outputOf(run)[0]?.binary?.data?.mimeType).toBe('video/mp4');
		expect(jsonOf(run)[0]).toHaveProperty('raw');
		expect(bodies()).toMatchObject([{ video: { hdr: true } }]);
		expect(JSON.stringify(bodies())).not.toContain('loop');
	});

	it('limit a list', async () => {
		for (const text of ['one', 'two', 'three']) await runOne(server, 'lumaDreamMachine', text);
		const many = { provider: 'lumaDreamMachine', resource: 'generation', operation: 'getAll' };
		const two = await runItems(server, [{ limit: '2' }], { ...many, returnAll: false, limit: '={{ $json.limit }}' });
		expect(jsonOf(two).map(({ prompt }) => prompt)).toEqual(['three', 'two']);
		const all = await runItems(server, [{ all: 'true' }], { ...many, returnAll: '={{ $json.all }}' });
		expect(jsonOf(all)).toHaveLength(3);
		const unclear = await runItems(server, [{ limit: 'some' }], { ...many, returnAll: false, limit: '={{ $json.limit }}' });
		expect(shownError(unclear)?.message).toBe("'Limit' must be a number of 1 or more [item 0]");
	});

	it.each([
		['downloadVideo', { downloadVideo: '={{ $json.value }}' }, "'Download Video' must be true or false [item 0]"],
		['a setting', { options: { includeRaw: '={{ $json.value }}' } }, "'Include Raw Response' must be true or false [item 0]"],
		['On Timeout', { options: { onTimeout: '={{ $json.value }}' } }, "'On Timeout' must be 'continue' or 'error' [item 0]"],
		['a field', { loop: '={{ $json.value }}' }, "'Loop' must be true or false, but it is text [item 0]"],
	])('that are not clear buy nothing: %s', async (_, parameters, message) => {
		const run = await runItems(server, [{ text: 'a cat', value: 'perhaps' }], generate('lumaAgents', parameters));
		expect(shownError(run)).toMatchObject({ message, description: 'Nothing was sent for this item. Correct it and run this item again.' });
		expect(server.ledger().requests).toEqual([]);
	});

	it.each([
		['Images From', generate('lumaAgents', { imageSource: '={{ $json.value }}', startImageField: 'data' }), 'url, binary'],
		['Video From', work('modify', 'lumaAgents', { videoSource: '={{ $json.value }}', sourceVideo: 'https://videos.example/a.mp4' }), 'generation, binary, url'],
		['Image From', { provider: 'lumaAgents', resource: 'image', operation: 'edit', model: 'uni-1', prompt: 'a cat', sourceImageFrom: '={{ $json.value }}', sourceImage: 'https://images.example/a.png', generationId: '={{ $json.text }}' }, 'generation, binary, url'],
		['Reference Images From', { provider: 'lumaAgents', resource: 'image', operation: 'generate', model: 'uni-1', prompt: 'a cat', referenceImagesFrom: '={{ $json.value }}' }, 'url, binary'],
	])('and a choice that there is not buys nothing: %s', async (label, parameters, allowed) => {
		const run = await runItems(server, [{ text: 'a cat', value: 'file' }], parameters);
		expect(shownError(run)).toMatchObject({ message: `'${label}' must be one of ${allowed} [item 0]` });
		expect(server.ledger().requests).toEqual([]);
	});

	it('that are not clear are refused where nothing is bought, too', async () => {
		const withBalance = PROVIDERS.find((provider) => samples[provider].balanceUnit !== null);
		if (!withBalance) throw new Error('no provider has a balance');
		const parameters = { provider: withBalance, resource: 'account', operation: 'getBalance', options: { requestTimeout: '={{ $json.value }}' } };
		const run = await runItems(server, [{ value: 'soon' }], parameters);
		expect(shownError(run)?.message).toBe("'Request Timeout (Seconds)' must be a number above 0 [item 0]");
	});
});

describe('an address with spaces and letters beyond ASCII', () => {
	it.each(WITH_IMAGES)('reaches %s encoded, once', async (provider) => {
		for (const startImage of ['https://images.example/grün a.png', ' https://images.example/gr%C3%BCn%20a.png\n']) {
			const run = await runOne(server, provider, 'a cat', { startImage });
			expect(shownError(run)).toBeNull();
		}
		const body = samples[provider].startImage?.('https://images.example/gr%C3%BCn%20a.png');
		expect(bodies()).toMatchObject([body, body]);
	});

	it('goes out encoded as the callback, also in a header', async () => {
		const additionalFields = { callbackUrl: 'https://n8n.example/webhook/für mich' };
		const sent = 'https://n8n.example/webhook/f%C3%BCr%20mich';
		const dry = await runOne(server, 'pixazo', 'a cat', { completion: 'none', additionalFields, options: { dryRun: true } });
		expect(jsonOf(dry)).toMatchObject([{ request: { headers: { 'X-Webhook-URL': sent } } }]);
		expect(shownError(await runOne(server, 'pixazo', 'a cat', { completion: 'none', additionalFields }))).toBeNull();
		await runOne(server, 'lumaDreamMachine', 'a cat', { completion: 'none', additionalFields });
		expect(bodies()[1]).toMatchObject({ callback_url: sent });
	});
});

describe('a model that body fields replace', () => {
	it.each(PROVIDERS.flatMap((provider) => (samples[provider].otherModel ? [provider] : [])))(
		'is named as the new one in the output: %s',
		async (provider) => {
			const { additionalFields, model } = samples[provider].otherModel ?? {};
			const run = await runOne(server, provider, 'a cat', { additionalFields, options: { dryRun: true } });
			expect(jsonOf(run)).toMatchObject([{ dryRun: true, model }]);
		},
	);

	it('is named as it is where the path names it: a field of that name is something else', async () => {
		const additionalFields = { additionalBodyFields: '{"model": "ray-3.2"}' };
		const run = await runOne(server, 'pixazo', 'a cat', { additionalFields, options: { dryRun: true } });
		expect(jsonOf(run)).toMatchObject([{ dryRun: true, model: 'ray-2-flash' }]);
	});
});

describe('the brakes', () => {
	it('hold for the run where one item sets them', async () => {
		const items = [{ text: 'a cat', dry: false, limit: 10 }, { text: 'a dog', dry: true, limit: 10 }];
		const dry = await runItems(server, items, generate('lumaAgents', { options: { dryRun: '={{ $json.dry }}' } }));
		expect(jsonOf(dry)).toMatchObject([{ dryRun: true }, { dryRun: true }]);
		const strict = [{ text: 'a cat', limit: 10 }, { text: 'a dog', limit: 0.5 }];
		const limited = await runItems(server, strict, generate('lumaAgents', { options: { maxCost: '={{ $json.limit }}' } }));
		expect(shownError(limited)?.message).toBe("2 videos would cost about $0.60, more than 'Max Cost' allows ($0.50)");
		expect(server.ledger().requests).toEqual([]);
	});
});

describe('an expression without a value', () => {
	it.each(['modify', 'reframe', 'extend'])('as the ID of what is worked on is an empty ID: %s', async (operation) => {
		const run = await runItems(server, [{ text: 'a cat' }], work(operation, 'lumaAgents'));
		expect(shownError(run)?.message).toBe("'Generation ID' is empty [item 0]");
		expect(server.ledger().requests).toEqual([]);
	});
});

describe('a video that is worked on by its address', () => {
	it.each([
		['a cat [fails: no]', 'failed', '', 'Choose a generation that has a video.'],
		['a cat [takes 60000ms]', '(queued|processing)', ' yet', 'Wait until it is completed.'],
	])('and that is not there says what to do: %s', async (text, status, yet, advice) => {
		const first = await runOne(server, 'lumaDreamMachine', text, { completion: 'none' });
		const id = String(jsonOf(first)[0]?.generationId);
		await pause(100);
		const run = await runItems(server, [{ id }], work('modify', 'lumaDreamMachine'));
		expect(shownError(run)?.message).toMatch(new RegExp(`^Generation ${id} has no video${yet} \\(status: ${status}\\) \\[item 0\\]$`));
		expect(shownError(run)?.description).toBe(`Nothing was bought. ${advice}`);
		expect(server.ledger().purchases).toHaveLength(1);
	});
});

describe('above the output', () => {
	const ENDS = "URLs of Luma Agents work for 60 minutes. To keep a file, ";

	it('stands what a run made, about what it cost, and when its URLs end', async () => {
		const run = await runItems(server, [{ text: 'a cat' }, { text: 'a dog' }], generate('lumaAgents'));
		expect(hintsOf(run)).toEqual([`2 videos, about $0.60. ${ENDS}switch on 'Download Video'. Operation 'Get' of resource 'Generation' returns a fresh URL.`]);
		const id = String(jsonOf(run)[0]?.generationId);
		expect(hintsOf(await runItems(server, [{ id }], generation('get', 'lumaAgents')))).toEqual([
			`${ENDS}use operation 'Download'. Operation 'Get' of resource 'Generation' returns a fresh URL.`,
		]);
		expect(hintsOf(await runItems(server, [{ id }], generation('wait', 'lumaAgents')))).toEqual([
			`${ENDS}switch on 'Download Video'. Operation 'Get' of resource 'Generation' returns a fresh URL.`,
		]);
		expect(hintsOf(await runItems(server, [{ id }], generation('download', 'lumaAgents')))).toEqual([]);
	});

	it('stands no URL where every file is there, and no end where none is documented', async () => {
		expect(hintsOf(await runOne(server, 'lumaAgents', 'a cat', { downloadVideo: true }))).toEqual(['1 video, about $0.30.']);
		expect(hintsOf(await runOne(server, 'lumaDreamMachine', 'a cat'))).toEqual(['1 video, about $0.71.']);
	});

	it('stands that nothing was bought, after a Dry Run', async () => {
		expect(hintsOf(await runOne(server, 'lumaAgents', 'a cat', { options: { dryRun: true } }))).toEqual([
			"Nothing was bought: this was a Dry Run. 1 video would cost about $0.30. To generate it, switch off 'Dry Run'.",
		]);
	});
});

describe('the fields of the input', () => {
	// What an earlier node said about the item, and what the node itself outputs.
	const input = { sku: 'MUG', size: { cm: 9 }, status: 'new', error: 'of an earlier node' };
	const passedOn = { sku: 'MUG', size: { cm: 9 } };
	const options = { includeInputFields: true };

	it.each<[string, INodeParameters, string]>([
		['when the node waits', {}, 'completed'],
		['when it does not wait', { completion: 'none' }, 'queued'],
		['with its file', { downloadVideo: true }, 'completed'],
	])('are passed on %s', async (_, parameters, status) => {
		const run = await runItems(server, [{ ...input, text: 'a cat' }], generate('lumaAgents', { ...parameters, options }));
		expect(jsonOf(run)).toMatchObject([{ ...passedOn, text: 'a cat', status, prompt: 'a cat' }]);
		expect(jsonOf(run)[0]).not.toHaveProperty('error');
	});

	it('are passed on by a Dry Run, and by Get, Wait and Download', async () => {
		expect(jsonOf(await runItems(server, [{ ...input, text: 'a cat' }], generate('lumaAgents', { options: { ...options, dryRun: true } })))).toMatchObject([
			{ ...passedOn, dryRun: true, status: null },
		]);
		const id = String(jsonOf(await runOne(server, 'lumaAgents', 'a cat'))[0]?.generationId);
		for (const operation of ['get', 'wait', 'download'] as const) {
			const run = await runItems(server, [{ ...input, id }], generation(operation, 'lumaAgents', { options }));
			expect(jsonOf(run)).toMatchObject([{ ...passedOn, id, generationId: id, status: 'completed' }]);
		}
	});
});

describe('the name of the file', () => {
	const nameOf = async (parameters: INodeParameters): Promise<unknown> =>
		outputOf(await runItems(server, [{ text: 'A red kite', sku: 'MUG/42' }], generate('lumaAgents', { downloadVideo: true, ...parameters })))[0]?.binary?.data?.fileName;

	it('is what the item says, made safe, with the ending of the file', async () => {
		expect(await nameOf({ options: { fileName: '={{ $json.sku }}.mov' } })).toBe('MUG-42.mp4');
	});

	it('is made of the prompt and the ID where nothing is said', async () => {
		expect(await nameOf({})).toBe(`a-red-kite-${server.jobs()[0]?.id.slice(-8)}.mp4`);
	});
});

it('too many jobs at Luma Agents: the request goes again after the pause that it asks for', async () => {
	server.configure({ lumaAgents: { maxConcurrent: 1, retryAfterSeconds: 60, jobMs: 300 } });
	const run = await runItems(server, [{ text: 'a cat' }, { text: 'a dog' }], generate('lumaAgents', { options: { maxConcurrent: 2 } }));
	expect(jsonOf(run)).toMatchObject([{ status: 'completed' }, { status: 'completed' }]);
	const { purchases, refusedCreates } = server.ledger();
	expect(purchases).toHaveLength(2);
	expect(refusedCreates.map(({ status }) => status)).toEqual([429]);
	server.configure({ lumaAgents: { maxConcurrent: null, retryAfterSeconds: 1, jobMs: 20 } });
});
