import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:http';
import type { ProviderName, ProviderServer } from '../provider-server';
import { startProviderServer } from '../provider-server';
import type { Texts } from '../samples';
import { byProvider, forAll, nameOf, PROVIDERS, REASONS_TOLD, samples, WITH_LIST, WITHOUT_LIST } from '../samples';
import type { Execution } from './harness';
import {
	code,
	connect,
	describe as describeExecution,
	manualTrigger,
	nodeError,
	nodeOutput,
	sharedN8n,
	workflow,
} from './harness';
import { startStandIn } from './standIn';
import type { CredentialRefs } from './support';
import { createCredentials, credentialFields, generate, jsonOf, keysIn, lumaVideo, prompts, waitFor } from './support';

const wrongKeys = byProvider((provider) => samples[provider].wrongKey.key);

let server: ProviderServer;
/** The same services, with nothing on the account. */
let broke: ProviderServer;
let credentials: CredentialRefs;

beforeAll(async () => {
	const { client } = sharedN8n();
	const noBalance = Object.fromEntries(PROVIDERS.map((name) => [name, { balance: 0 }]));
	[server, broke] = await Promise.all([startProviderServer(), startProviderServer({ settings: noBalance })]);
	credentials = await createCredentials(client, server);
});
afterAll(async () => {
	await Promise.all([server.close(), broke.close()]);
});

async function bytesOf(url: unknown): Promise<Buffer> {
	return Buffer.from(await (await fetch(String(url))).arrayBuffer());
}

describe('the connection test of a credential', () => {
	it.each(PROVIDERS)('%s: passes with a good key, says what to do about a wrong one', async (provider) => {
		const { client } = sharedN8n();
		const type = samples[provider].credential.name;
		const good = await client.createCredential(type, credentialFields(provider, server, server.keys[provider]));
		expect(await client.testCredential(good)).toMatchObject({ status: 'OK' });
		const wrong = await client.createCredential(type, credentialFields(provider, server, wrongKeys[provider]));
		expect(await client.testCredential(wrong)).toEqual({ status: 'Error', message: samples[provider].wrongKey.testMessage });
	});

	it('says what is wrong with a Base URL without https://', async () => {
		const { client } = sharedN8n();
		const credential = await client.createCredential('pixazoApi', { apiKey: server.keys.pixazo, baseUrl: 'gateway.pixazo.ai' });
		expect(await client.testCredential(credential)).toEqual({
			status: 'Error',
			message: "The 'Base URL' must be a web address that begins with https://",
		});
	});

	it('fails for Pixwith.ai on an error that comes with HTTP 200', async () => {
		const { client } = sharedN8n();
		const service = createServer((_, response) => {
			response.writeHead(200, { 'content-type': 'application/json' });
			response.end(JSON.stringify({ code: 0, message: 'Service error', data: null }));
		});
		await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve));
		try {
			const baseUrl = `http://127.0.0.1:${(service.address() as AddressInfo).port}`;
			const credential = await client.createCredential('pixwithApi', { apiKey: server.keys.pixwith, baseUrl });
			expect(await client.testCredential(credential)).toEqual({
				status: 'Error',
				message:
					'Pixwith.ai refused the request, most likely because of the API key. Copy it again from pixwith.ai/api.',
			});
		} finally {
			service.close();
		}
	});

	it('buys nothing', () => {
		expect(server.ledger().purchases).toEqual([]);
	});
});

describe('three items', () => {
	const texts = ['a cat', 'a dog [takes 700ms]', 'a fox'];

	beforeAll(() => {
		server.reset();
	});

	it.concurrent.each(PROVIDERS)('%s: become three items with URL and file', async (provider) => {
		const { client } = sharedN8n();
		const node = generate(provider, credentials, { downloadVideo: true, binaryPropertyName: 'video' });
		const execution = await client.runToEnd(workflow('Three items', [manualTrigger(), prompts(...texts), node]));
		const { parameters, priceUsd, times } = samples[provider];
		expect(describeExecution(execution)).toContain('"success"');
		const output = nodeOutput(execution, 'Luma Video');
		const jobs = server.jobs().filter((job) => job.provider === provider);
		expect(jobs).toHaveLength(3);
		for (const [index, text] of texts.entries()) {
			const job = jobs.find(({ prompt }) => prompt === text);
			const url: unknown = expect.stringContaining(`/media/${provider}/${job?.id}/output.mp4`);
			expect(output[index]?.json).toEqual({
				generationId: job?.id,
				provider,
				model: parameters.model,
				status: 'completed',
				videoUrl: url,
				media: [{ url, type: 'video' }],
				prompt: text,
				createdAt: times.createdAt ? expect.any(String) : null,
				completedAt: times.completedAt ? expect.any(String) : null,
				failureReason: null,
				estimatedCostUsd: priceUsd,
			});
			expect(output[index]?.pairedItem).toEqual({ item: index });
			const binary = output[index]?.binary?.video;
			expect(binary).toMatchObject({ mimeType: 'video/mp4', fileName: expect.stringMatching(/-[A-Za-z0-9]{8}\.mp4$/), fileExtension: 'mp4' });
			const { bytes } = await client.download(binary ?? { data: '', mimeType: '' });
			expect(bytes.equals(await bytesOf(output[index]?.json.videoUrl))).toBe(true);
			expect(bytes.length).toBeGreaterThan(1000);
		}
		expect(keysIn(execution, server.keys)).toEqual([]);
	});

	it('send no key to the hosts of media', () => {
		expect(server.ledger()).toMatchObject({ keyLeaks: [], strays: [] });
		expect(server.ledger().mediaHits.length).toBeGreaterThanOrEqual(3 * PROVIDERS.length);
	});
});

describe('a generation that is not waited for', () => {
	beforeAll(() => {
		server.reset();
		server.configure(forAll({ jobMs: 600_000 }));
	});

	it.concurrent.each(PROVIDERS)('%s: can be read, waited for and downloaded later', async (provider) => {
		const { client } = sharedN8n();
		const ids = () => server.jobs().filter((job) => job.provider === provider).map(({ id }) => id);
		const byId = { generationId: '={{ $json.generationId }}', resource: 'generation' };
		const nodes = [
			manualTrigger(),
			prompts('a cat', 'a dog'),
			generate(provider, credentials, { completion: 'none' }, {}, 'Submit'),
			lumaVideo('Get', provider, credentials, { ...byId, operation: 'get' }),
			waitFor(provider, credentials, { downloadVideo: true }),
			lumaVideo('Download', provider, credentials, { ...byId, operation: 'download' }),
		];
		const executionId = await client.runWorkflow((await client.createWorkflow(workflow('Later', nodes))).id);
		// what `Get` reads
		await server.until((ledger) => ledger.counts[provider].status >= 2, 30_000);
		for (const id of ids()) server.finish(id);
		const execution = await client.waitForExecution(executionId);

		expect(describeExecution(execution)).toContain('"success"');
		expect(ids()).toHaveLength(2);
		const of = (name: string) => nodeOutput(execution, name);
		expect(jsonOf(of('Submit')).map((json) => json.generationId)).toEqual(expect.arrayContaining(ids()));
		for (const output of [of('Submit'), of('Get')]) {
			// Pixwith.ai has no word for a task that waits in its queue.
			for (const { json } of output) expect(['queued', 'processing']).toContain(json.status);
			expect(jsonOf(output).map((json) => json.videoUrl)).toEqual([null, null]);
		}
		for (const output of [of('Wait for It'), of('Download')]) {
			expect(jsonOf(output).map((json) => json.status)).toEqual(['completed', 'completed']);
			for (const { json, binary } of output) {
				const { bytes } = await client.download(binary?.data ?? { data: '', mimeType: '' });
				expect(bytes.equals(await bytesOf(json.videoUrl))).toBe(true);
			}
		}
		const order = (name: string) => jsonOf(of(name)).map((json) => json.generationId);
		expect(order('Download')).toEqual(order('Submit'));
	});
});

describe('what goes wrong is said so that a user knows what to do', () => {
	type Case = 'wrong key' | 'no balance' | 'moderated' | 'failed';
	const CHANGE = 'Change the prompt or the images, then run this item again.';

	function textsOf(provider: ProviderName, one: Case): Texts {
		const { wrongKey, texts, failureReason, moderationReason, isFreeWhenFailed } = samples[provider];
		const notMade = (reason: string): Texts => [
			`<provider> could not generate the video: ${reason} (generation <id>)`,
			isFreeWhenFailed ? `${CHANGE} <provider> does not charge for it.` : CHANGE,
		];
		const noCredit = '<provider> reports that the account has too little credit';
		const all: Record<Case, Texts> = {
			'wrong key': [`<provider> did not accept the API key: ${wrongKey.said}`, `Nothing was bought. ${texts.key} Then run this item again.`],
			'no balance': [`${noCredit}: ${texts.noBalance[0]}`, `Nothing was bought. ${texts.noBalance[1]} Then run this item again.`],
			moderated: notMade(moderationReason),
			failed: notMade(failureReason('The scene is too dark')),
		};
		return all[one];
	}

	const cases = ['wrong key', 'no balance', 'moderated', 'failed'] as const satisfies readonly Case[];
	const promptOf: Record<Case, string> = {
		'wrong key': 'a cat',
		'no balance': 'a cat',
		moderated: 'a cat [moderated]',
		failed: 'a cat [fails: The scene is too dark.]',
	};
	let refs: Record<Case, CredentialRefs>;

	beforeAll(async () => {
		const { client } = sharedN8n();
		server.reset();
		server.configure(REASONS_TOLD);
		refs = {
			'wrong key': await createCredentials(client, server, wrongKeys),
			'no balance': await createCredentials(client, broke),
			moderated: credentials,
			failed: credentials,
		};
	});

	// For all providers: test/engine/messages.test.ts.
	it.concurrent.each([WITH_LIST, WITHOUT_LIST].flatMap((provider) => cases.map((one) => [provider, one] as const)))(
		'%s: %s',
		async (provider, one) => {
			const nodes = [manualTrigger(), prompts(promptOf[one]), generate(provider, refs[one]), code('return [];', 'Next')];
			const execution = await sharedN8n().client.runToEnd(workflow(one, nodes));
			expect(execution.status).toBe('error');
			const id = server.jobs().find((job) => job.provider === provider && job.prompt === promptOf[one])?.id;
			const [message, description] = textsOf(provider, one).map((text) =>
				text.replaceAll('<provider>', nameOf(provider)).replace('<id>', String(id)),
			);
			expect(nodeError(execution)).toMatchObject({ message: `${message} [item 0]`, description });
			expect(nodeError(execution, 'Luma Video')?.message).toBe(nodeError(execution)?.message);
			expect(Object.keys(execution.data.resultData.runData)).not.toContain('Next');
			for (const keys of [server.keys, wrongKeys]) expect(keysIn(execution, keys)).toEqual([]);
		},
	);

	it('buys nothing with a wrong key or an empty account', () => {
		expect(broke.ledger().purchases).toEqual([]);
		expect(server.ledger().purchases).toHaveLength(4);
	});
});

describe('a node that continues on errors', () => {
	const provider = 'lumaDreamMachine';
	const texts = ['a cat', 'ab', 'a dog [fails: The scene is too dark.]', 'a fox [refused: No foxes, please.]', 'an owl'];

	async function run(onError: 'continueErrorOutput' | 'continueRegularOutput'): Promise<{ execution: Execution; server: ProviderServer }> {
		const { client } = sharedN8n();
		const { server: own, credentials: refs } = await startStandIn(client);
		const after = code('return $input.all();', 'After');
		const failed = code('return $input.all();', 'Failed');
		const nodes = [manualTrigger(), prompts(...texts), generate(provider, refs, {}, { onError }), after, failed];
		const connections = connect(
			{ from: 'Start', to: 'Items' },
			{ from: 'Items', to: 'Luma Video' },
			{ from: 'Luma Video', to: after },
			{ from: 'Luma Video', to: failed, output: 1 },
		);
		const execution = await client.runToEnd(workflow(onError, nodes, connections));
		expect(describeExecution(execution)).toContain('"success"');
		return { execution, server: own };
	}

	function failures(own: ProviderServer): Array<{ error: string; details: object }> {
		const id = own.jobs().find(({ prompt }) => prompt === texts[2])?.id;
		const notSent = { generationId: null, provider, status: null };
		return [
			{
				error: "'Prompt' is too short: 2 characters (minimum 3) [item 1]",
				details: { ...notSent, nextStep: 'Nothing was sent for this item. Correct it and run this item again.' },
			},
			{
				error: `Luma Dream Machine could not generate the video: The scene is too dark (generation ${id}) [item 2]`,
				details: {
					generationId: id,
					provider,
					status: 'failed',
					failureReason: 'The scene is too dark.',
					nextStep:
						'Change the prompt or the images, then run this item again. Luma Dream Machine does not charge for it.',
				},
			},
			{
				error: 'Luma Dream Machine refused the request: No foxes, please [item 3]',
				details: { ...notSent, nextStep: "Nothing was bought. Check the node's fields. Then run this item again." },
			},
		];
	}

	it.concurrent('sends each item to the output where it belongs', async () => {
		const { execution, server: own } = await run('continueErrorOutput');
		const after = jsonOf(nodeOutput(execution, 'After'));
		expect(after.map(({ prompt, status }) => [prompt, status])).toEqual([
			['a cat', 'completed'],
			['an owl', 'completed'],
		]);
		// n8n adds the fields of the input
		const wanted = failures(own).map((failure, index) => ({ text: texts[index + 1], ...failure }));
		expect(jsonOf(nodeOutput(execution, 'Failed'))).toEqual(wanted);
		expect(own.ledger().purchases).toHaveLength(3);
	});

	it.concurrent('keeps them in their order on the regular output', async () => {
		const { execution, server: own } = await run('continueRegularOutput');
		const after = nodeOutput(execution, 'After');
		expect(after).toHaveLength(5);
		expect(jsonOf(after).slice(1, 4)).toEqual(failures(own));
		expect(after[0]?.json).toMatchObject({ prompt: 'a cat', status: 'completed' });
		expect(after[4]?.json).toMatchObject({ prompt: 'an owl', status: 'completed' });
		expect(nodeOutput(execution, 'Luma Video').map(({ pairedItem }) => pairedItem)).toEqual(
			texts.map((_, item) => ({ item })),
		);
	});
});
