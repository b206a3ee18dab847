import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:http';
import type { ProviderName, ProviderServer } from '../provider-server';
import { startProviderServer } from '../provider-server';
import type { Execution } from './harness';
import { code, connect, describe as describeExecution, manualTrigger, nodeError, nodeOutput, sharedN8n, workflow } from './harness';
import type { CredentialRefs } from './support';
import {
	createCredentials,
	credentialFields,
	generate,
	jsonOf,
	keysIn,
	lumaVideo,
	prompts,
	providerNames,
	waitFor,
} from './support';

const models: Record<ProviderName, string> = {
	lumaDreamMachine: 'ray-2',
	lumaAgents: 'ray-3.2',
	pixazo: 'ray-2-flash',
	pixwith: 'ray-2',
	crazyrouter: 'ray-v2',
};
/** Whether the service says when a generation was created. */
const reportsCreation: Record<ProviderName, boolean> = {
	lumaDreamMachine: true,
	lumaAgents: true,
	pixazo: true,
	pixwith: false,
	crazyrouter: true,
};
/** Of a video of 5 seconds in 720p, where prices are published. */
const pricesUsd: Record<ProviderName, number | null> = {
	lumaDreamMachine: 0.71,
	lumaAgents: 0.3,
	pixazo: null,
	pixwith: null,
	crazyrouter: null,
};
const wrongKeys: Record<ProviderName, string> = {
	lumaDreamMachine: 'wrong-key-of-dream-machine',
	lumaAgents: 'luma-api-wrong-key',
	pixazo: 'wrong-key-of-pixazo',
	pixwith: 'key_wrong-key-of-pixwith',
	crazyrouter: 'sk-wrong-key-of-crazyrouter',
};

let server: ProviderServer;
/** The same services, with nothing on the account. */
let broke: ProviderServer;
let credentials: CredentialRefs;

beforeAll(async () => {
	const { client } = sharedN8n();
	const noBalance = Object.fromEntries(providerNames.map((name) => [name, { balance: 0 }]));
	[server, broke] = await Promise.all([startProviderServer(), startProviderServer({ settings: noBalance })]);
	credentials = await createCredentials(client, server);
});
afterAll(async () => {
	await Promise.all([server.close(), broke.close()]);
});

/** Runs the same for all providers at once, before the tests look at each. */
async function forEachProvider<T>(run: (provider: ProviderName) => Promise<T>): Promise<Record<ProviderName, T>> {
	const entries = await Promise.all(providerNames.map(async (name) => [name, await run(name)] as const));
	return Object.fromEntries(entries) as Record<ProviderName, T>;
}

async function bytesOf(url: unknown): Promise<Buffer> {
	return Buffer.from(await (await fetch(String(url))).arrayBuffer());
}

describe('the connection test of a credential', () => {
	const refusals: Record<ProviderName, string> = {
		lumaDreamMachine:
			'Luma did not accept this API key. Use a Dream Machine key from lumalabs.ai/dream-machine/api/keys; keys from platform.lumalabs.ai do not work here.',
		lumaAgents:
			'Luma did not accept this API key. Use one made at platform.lumalabs.ai; Dream Machine keys from lumalabs.ai/dream-machine/api/keys do not work here.',
		pixazo: 'Pixazo did not accept this API key. Copy it again from api-console.pixazo.ai/api_keys.',
		pixwith: 'Pixwith.ai did not accept this API key. Copy it again from pixwith.ai/api.',
		crazyrouter: 'CrazyRouter did not accept this API key. Copy it again from the console at crazyrouter.com.',
	};

	it.each(providerNames)('%s: passes with a good key, says what to do about a wrong one', async (provider) => {
		const { client } = sharedN8n();
		const type = `${provider}Api`;
		const good = await client.createCredential(type, credentialFields(provider, server, server.keys[provider]));
		expect(await client.testCredential(good)).toMatchObject({ status: 'OK' });
		const wrong = await client.createCredential(type, credentialFields(provider, server, wrongKeys[provider]));
		expect(await client.testCredential(wrong)).toEqual({ status: 'Error', message: refusals[provider] });
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
	let executions: Record<ProviderName, Execution>;

	beforeAll(async () => {
		const { client } = sharedN8n();
		server.reset();
		executions = await forEachProvider(async (provider) => {
			const node = generate(provider, credentials, { downloadVideo: true, binaryPropertyName: 'video' });
			return await client.runToEnd(workflow('Three items', [manualTrigger(), prompts(...texts), node]));
		});
	});

	it.each(providerNames)('%s: become three items with URL and file', async (provider) => {
		const { client } = sharedN8n();
		const execution = executions[provider];
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
				model: models[provider],
				status: 'completed',
				videoUrl: url,
				media: [{ url, type: 'video' }],
				prompt: text,
				createdAt: reportsCreation[provider] ? expect.any(String) : null,
				completedAt: provider === 'pixazo' ? expect.any(String) : null,
				failureReason: null,
				estimatedCostUsd: pricesUsd[provider],
			});
			expect(output[index]?.pairedItem).toEqual({ item: index });
			const binary = output[index]?.binary?.video;
			expect(binary).toMatchObject({ mimeType: 'video/mp4', fileName: `luma-${job?.id}.mp4`, fileExtension: 'mp4' });
			const { bytes } = await client.download(binary ?? { data: '', mimeType: '' });
			expect(bytes.equals(await bytesOf(output[index]?.json.videoUrl))).toBe(true);
			expect(bytes.length).toBeGreaterThan(1000);
		}
		expect(keysIn(execution, server.keys)).toEqual([]);
	});

	it('send no key to the hosts of media', () => {
		expect(server.ledger()).toMatchObject({ keyLeaks: [], strays: [] });
		expect(server.ledger().mediaHits.length).toBeGreaterThanOrEqual(3 * providerNames.length);
	});
});

describe('a generation that is not waited for', () => {
	it.each(providerNames)('%s: can be read, waited for and downloaded later', async (provider) => {
		const { client } = sharedN8n();
		server.reset();
		server.configure({ [provider]: { jobMs: 600_000 } });
		const byId = { generationId: '={{ $json.generationId }}', resource: 'generation' };
		const nodes = [
			manualTrigger(),
			prompts('a cat', 'a dog'),
			generate(provider, credentials, { completion: 'none' }, {}, 'Submit'),
			lumaVideo('Get', provider, credentials, { ...byId, operation: 'get' }),
			waitFor(provider, credentials, { downloadVideo: true }),
			lumaVideo('Download', provider, credentials, { ...byId, operation: 'download' }),
		];
		const { id } = await client.createWorkflow(workflow('Later', nodes));
		const executionId = await client.runWorkflow(id);
		// what `Get` reads
		await server.until((ledger) => ledger.counts[provider].status >= 2, 30_000);
		for (const job of server.jobs()) server.finish(job.id);
		const execution = await client.waitForExecution(executionId);

		expect(describeExecution(execution)).toContain('"success"');
		const ids = server.jobs().map((job) => job.id);
		expect(ids).toHaveLength(2);
		const of = (name: string) => nodeOutput(execution, name);
		expect(jsonOf(of('Submit')).map((json) => json.generationId)).toEqual(expect.arrayContaining(ids));
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
	const sentences: Record<ProviderName, Record<Case, [message: string, description: string]>> = {
		lumaDreamMachine: {
			'wrong key': [
				'Luma Dream Machine did not accept the API key: Invalid API key provided [item 0]',
				"Nothing was bought. Check the API key in the credential: Dream Machine keys come from lumalabs.ai/dream-machine/api/keys. Luma announced the end of its Dream Machine API for October 2026. Its successor is Luma Agents: choose that as 'Provider', with a key from platform.lumalabs.ai.",
			],
			'no balance': [
				'Luma Dream Machine reports that the account has too little credit: Insufficient credits [item 0]',
				'Nothing was bought. Add credit to the account, then run the workflow again.',
			],
			moderated: [
				'Luma Dream Machine could not make the video: Advanced prompt moderation failed (generation ID) [item 0]',
				'Change the prompt or the images, then run the workflow again. Luma Dream Machine does not charge for it.',
			],
			failed: [
				'Luma Dream Machine could not make the video: The scene is too dark (generation ID) [item 0]',
				'Change the prompt or the images, then run the workflow again. Luma Dream Machine does not charge for it.',
			],
		},
		lumaAgents: {
			'wrong key': [
				'Luma Agents did not accept the API key: Missing or invalid API key [item 0]',
				"Nothing was bought. Check the API key in the credential. Keys are made at platform.lumalabs.ai (they begin with 'luma-api-'). Dream Machine keys from lumalabs.ai/dream-machine/api/keys do not work here, nor the other way round: for those choose the provider 'Luma Dream Machine'.",
			],
			'no balance': [
				'Luma Agents reports that the account has too little credit: Insufficient balance. Please add funds to continue [item 0]',
				'Nothing was bought. Add money to the account at https://platform.lumalabs.ai, then run the workflow again.',
			],
			moderated: [
				'Luma Agents could not make the video: content_moderated: content moderation refused the prompt, an input or the result (Prompt was flagged by our content moderation system) (generation ID) [item 0]',
				'Change the prompt or the images, then run the workflow again. Luma Agents does not charge for it.',
			],
			failed: [
				'Luma Agents could not make the video: generation_failed: the model could not make the video; another try may work (The scene is too dark) (generation ID) [item 0]',
				'Change the prompt or the images, then run the workflow again. Luma Agents does not charge for it.',
			],
		},
		pixazo: {
			'wrong key': [
				'Pixazo did not accept the API key: Access denied due to missing or invalid subscription key [item 0]',
				'Nothing was bought. Check the API key in the credential. Keys are made at https://api-console.pixazo.ai/api_keys.',
			],
			'no balance': [
				'Pixazo reports that the account has too little credit: Your wallet does not have enough balance [item 0]',
				'Nothing was bought. Add money to the wallet at https://api-console.pixazo.ai/dashboard, then run the workflow again.',
			],
			moderated: [
				'Pixazo could not make the video: The prompt was refused by content moderation (generation ID) [item 0]',
				'Change the prompt or the images, then run the workflow again.',
			],
			failed: [
				'Pixazo could not make the video: The scene is too dark (generation ID) [item 0]',
				'Change the prompt or the images, then run the workflow again.',
			],
		},
		pixwith: {
			'wrong key': [
				'Pixwith.ai did not accept the API key: Invalid API KEY [item 0]',
				"Nothing was bought. Check the API key in the credential. Keys come from https://pixwith.ai/api and begin with 'key_'.",
			],
			'no balance': [
				'Pixwith.ai reports that the account has too little credit: Credits not enough [item 0]',
				'Nothing was bought. Buy credits at https://pixwith.ai/api, then run the workflow again.',
			],
			moderated: [
				'Pixwith.ai could not make the video: Sensitive content (generation ID) [item 0]',
				'Change the prompt or the images, then run the workflow again.',
			],
			failed: [
				'Pixwith.ai could not make the video: The scene is too dark (generation ID) [item 0]',
				'Change the prompt or the images, then run the workflow again.',
			],
		},
		crazyrouter: {
			'wrong key': [
				'CrazyRouter did not accept the API key: Invalid API key [item 0]',
				"Nothing was bought. Check the API key in the credential. Keys begin with 'sk-' and are made in the console at https://crazyrouter.com.",
			],
			'no balance': [
				'CrazyRouter reports that the account has too little credit: Insufficient quota [item 0]',
				'Nothing was bought. Add credit at https://crazyrouter.com. If the account has credit, raise the quota of this API key there.',
			],
			moderated: [
				'CrazyRouter could not make the video: Content moderation failed (generation ID) [item 0]',
				'Change the prompt or the images, then run the workflow again.',
			],
			failed: [
				'CrazyRouter could not make the video: The scene is too dark (generation ID) [item 0]',
				'Change the prompt or the images, then run the workflow again.',
			],
		},
	};
	const cases = Object.keys(sentences.pixwith) as Case[];
	const promptOf: Record<Case, string> = {
		'wrong key': 'a cat',
		'no balance': 'a cat',
		moderated: 'a cat [moderated]',
		failed: 'a cat [fails: The scene is too dark.]',
	};
	let executions: Record<ProviderName, Record<Case, Execution>>;

	beforeAll(async () => {
		const { client } = sharedN8n();
		server.reset();
		// Without these two, the services give no reason.
		server.configure({ pixwith: { failureInText: true }, crazyrouter: { failureReason: true } });
		const refs: Record<Case, CredentialRefs> = {
			'wrong key': await createCredentials(client, server, wrongKeys),
			'no balance': await createCredentials(client, broke),
			moderated: credentials,
			failed: credentials,
		};
		executions = await forEachProvider(async (provider) => {
			const run = async (one: Case) =>
				await client.runToEnd(
					workflow(one, [manualTrigger(), prompts(promptOf[one]), generate(provider, refs[one]), code('return [];', 'Next')]),
				);
			const entries = await Promise.all(cases.map(async (one) => [one, await run(one)] as const));
			return Object.fromEntries(entries) as Record<Case, Execution>;
		});
	});

	it.each(providerNames.flatMap((provider) => cases.map((one) => [provider, one] as const)))(
		'%s: %s',
		(provider, one) => {
			const execution = executions[provider][one];
			expect(execution.status).toBe('error');
			const isSubmitted = one === 'moderated' || one === 'failed';
			const id = server.jobs().find((job) => job.provider === provider && job.prompt === promptOf[one])?.id;
			const [message, description] = sentences[provider][one];
			expect(nodeError(execution)).toMatchObject({
				message: isSubmitted ? message.replace('ID', String(id)) : message,
				description,
			});
			expect(nodeError(execution, 'Luma Video')?.message).toBe(nodeError(execution)?.message);
			expect(Object.keys(execution.data.resultData.runData)).not.toContain('Next');
			for (const keys of [server.keys, wrongKeys]) expect(keysIn(execution, keys)).toEqual([]);
		},
	);

	it('buys nothing with a wrong key or an empty account', () => {
		expect(broke.ledger().purchases).toEqual([]);
		expect(server.ledger().purchases).toHaveLength(2 * providerNames.length);
	});
});

describe('a node that continues on errors', () => {
	const texts = ['a cat', 'ab', 'a dog [fails: The scene is too dark.]', 'a fox [refused: No foxes, please.]', 'an owl'];

	async function run(onError: 'continueErrorOutput' | 'continueRegularOutput'): Promise<Execution> {
		server.reset();
		const after = code('return $input.all();', 'After');
		const failed = code('return $input.all();', 'Failed');
		const nodes = [manualTrigger(), prompts(...texts), generate('lumaDreamMachine', credentials, {}, { onError }), after, failed];
		const connections = connect(
			{ from: 'Start', to: 'Items' },
			{ from: 'Items', to: 'Luma Video' },
			{ from: 'Luma Video', to: after },
			{ from: 'Luma Video', to: failed, output: 1 },
		);
		return await sharedN8n().client.runToEnd(workflow(onError, nodes, connections));
	}

	function failures(): Array<{ error: string; details: object }> {
		const id = server.jobs().find(({ prompt }) => prompt === texts[2])?.id;
		const provider = 'lumaDreamMachine';
		const notSent = { generationId: null, provider, status: null };
		return [
			{
				error: "'Prompt' has 2 characters; at least 3 are needed [item 1]",
				details: { ...notSent, nextStep: 'Correct this, then run the workflow again. Nothing was sent.' },
			},
			{
				error: `Luma Dream Machine could not make the video: The scene is too dark (generation ${id}) [item 2]`,
				details: {
					generationId: id,
					provider,
					status: 'failed',
					failureReason: 'The scene is too dark.',
					nextStep:
						'Change the prompt or the images, then run the workflow again. Luma Dream Machine does not charge for it.',
				},
			},
			{
				error: 'Luma Dream Machine refused the request: No foxes, please [item 3]',
				details: { ...notSent, nextStep: "Nothing was bought. Check the node's fields, then run the workflow again." },
			},
		];
	}

	it('sends each item to the output where it belongs', async () => {
		const execution = await run('continueErrorOutput');
		expect(describeExecution(execution)).toContain('"success"');
		const after = jsonOf(nodeOutput(execution, 'After'));
		expect(after.map(({ prompt, status }) => [prompt, status])).toEqual([
			['a cat', 'completed'],
			['an owl', 'completed'],
		]);
		// n8n adds the fields of the input
		const wanted = failures().map((failure, index) => ({ text: texts[index + 1], ...failure }));
		expect(jsonOf(nodeOutput(execution, 'Failed'))).toEqual(wanted);
		expect(server.ledger().purchases).toHaveLength(3);
	});

	it('keeps them in their order on the regular output', async () => {
		const execution = await run('continueRegularOutput');
		expect(describeExecution(execution)).toContain('"success"');
		const after = nodeOutput(execution, 'After');
		expect(after).toHaveLength(5);
		expect(jsonOf(after).slice(1, 4)).toEqual(failures());
		expect(after[0]?.json).toMatchObject({ prompt: 'a cat', status: 'completed' });
		expect(after[4]?.json).toMatchObject({ prompt: 'an owl', status: 'completed' });
		expect(nodeOutput(execution, 'Luma Video').map(({ pairedItem }) => pairedItem)).toEqual(
			texts.map((_, item) => ({ item })),
		);
	});
});
