/** Every operation beyond generate, get, wait and download, once, in the real n8n. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { IDataObject, INode, INodeParameterResourceLocator } from 'n8n-workflow';
import type { ProviderName, ProviderServer } from '../provider-server';
import { startProviderServer } from '../provider-server';
import { FETCHING, generateParameters, PROVIDERS, samples, WITH_IMAGES } from '../samples';
import { chain, manualTrigger, node, nodeError, nodeOutput, sharedN8n, workflow } from './harness';
import type { CredentialRefs } from './support';
import { createCredentials, jsonOf, lumaVideo } from './support';

let server: ProviderServer;
let credentials: CredentialRefs;
/** Finished generations per provider, to work on. */
const sources = new Map<ProviderName, string[]>();

const NODE = 'Luma Video';

async function runNode(provider: ProviderName, parameters: INode['parameters'], before: INode[] = []): Promise<IDataObject[]> {
	const nodes = [manualTrigger(), ...before, lumaVideo(NODE, provider, credentials, parameters)];
	const execution = await sharedN8n().client.runToEnd(workflow(`${provider} operation`, nodes, chain(...nodes)));
	expect(nodeError(execution)?.message).toBeUndefined();
	return jsonOf(nodeOutput(execution, NODE));
}

/** A node that passes on an image or a video of the stand-in as a file. */
function file(name: 'start.jpg' | '720p_16x9.mp4' = 'start.jpg'): INode {
	return node(
		'File',
		'n8n-nodes-base.httpRequest',
		{ url: `${server.url}/media/samples/${name}`, options: { response: { response: { responseFormat: 'file' } } } },
		{ typeVersion: 4.2 },
	);
}

async function sample(name: string): Promise<Buffer> {
	return Buffer.from(await (await fetch(`${server.url}/media/samples/${name}`)).arrayBuffer());
}

function source(provider: ProviderName, index = 0): string {
	const id = sources.get(provider)?.[index];
	if (id === undefined) throw new Error(`no generation of ${provider} to work on`);
	return id;
}

/** As the panel stores a generation that was entered as an ID. */
function byId(id: string): INodeParameterResourceLocator {
	return { __rl: true, mode: 'id', value: id };
}

beforeAll(async () => {
	server = await startProviderServer({ settings: { lumaDreamMachine: { jobMs: 100 } } });
	credentials = await createCredentials(sharedN8n().client, server);
	const providers: ProviderName[] = ['lumaDreamMachine', 'lumaDreamMachine', 'lumaAgents', 'pixazo', 'crazyrouter'];
	await Promise.all(
		providers.map(async (provider) => {
			const [made] = await runNode(provider, { ...generateParameters(provider, `a cat for ${provider}`), completion: 'none' });
			const id = String(made?.generationId);
			server.finish(id);
			sources.set(provider, [...(sources.get(provider) ?? []), id]);
		}),
	);
});
afterAll(async () => {
	await server.close();
});

/** Makes a video and checks that it was bought once and came out finished. */
async function buysOne(
	provider: ProviderName,
	operation: string,
	parameters: INode['parameters'],
	expected: object,
	before: INode[] = [],
): Promise<void> {
	const [made] = await runNode(provider, { resource: 'video', operation, ...parameters }, before);
	expect(made).toMatchObject({ provider, status: 'completed' });
	expect(made?.videoUrl).toMatch(/^http/);
	const bought = server.ledger().purchases.filter(({ id }) => id === made?.generationId);
	expect(bought.map(({ body }) => body)).toEqual([expect.objectContaining({})]);
	expect(bought[0]?.body).toMatchObject(expected);
}

describe('operations that make a video', () => {
	const cases: Array<[ProviderName, string, string, () => INode['parameters'], () => object]> = [
		[
			'lumaDreamMachine',
			'extend',
			'forward',
			() => ({ generationId: byId(source('lumaDreamMachine')), model: 'ray-2', prompt: 'it goes on', loop: true }),
			() => ({ keyframes: { frame0: { type: 'generation', id: source('lumaDreamMachine') } }, loop: true }),
		],
		[
			'lumaDreamMachine',
			'extend',
			'backward from an image',
			() => ({
				generationId: byId(source('lumaDreamMachine')),
				direction: 'backward',
				model: 'ray-flash-2',
				prompt: 'how it began',
				startImage: `${server.url}/media/samples/start.jpg`,
			}),
			() => ({ keyframes: { frame0: { type: 'image' }, frame1: { type: 'generation' } } }),
		],
		[
			'lumaDreamMachine',
			'interpolate',
			'two generations',
			() => ({
				generationId: byId(source('lumaDreamMachine')),
				targetGenerationId: byId(source('lumaDreamMachine', 1)),
				model: 'ray-2',
				prompt: 'day turns into night',
				resolution: '540p',
			}),
			() => ({ resolution: '540p', keyframes: { frame1: { type: 'generation', id: source('lumaDreamMachine', 1) } } }),
		],
		[
			'lumaDreamMachine',
			'modify',
			'a generation',
			() => ({
				videoSource: 'generation',
				generationId: byId(source('lumaDreamMachine')),
				model: 'ray-2',
				mode: 'adhere_2',
				prompt: 'as a watercolour',
			}),
			() => ({ generation_type: 'modify_video', mode: 'adhere_2', media: { url: expect.stringMatching(/^http/) } }),
		],
		[
			'lumaDreamMachine',
			'reframe',
			'a URL',
			() => ({
				videoSource: 'url',
				sourceVideo: `${server.url}/media/samples/720p_16x9.mp4`,
				model: 'ray-2',
				aspectRatio: '1:1',
				additionalFields: { gridPosition: { position: { gridPositionX: 10 } } },
			}),
			() => ({ generation_type: 'reframe_video', aspect_ratio: '1:1', grid_position_x: 10 }),
		],
		[
			'lumaDreamMachine',
			'upscale',
			'to 1080p',
			() => ({ generationId: byId(source('lumaDreamMachine')), resolution: '1080p' }),
			() => ({ generation_type: 'upscale_video', resolution: '1080p' }),
		],
		[
			'lumaDreamMachine',
			'addAudio',
			'with a prompt',
			() => ({
				generationId: byId(source('lumaDreamMachine')),
				prompt: 'waves',
				additionalFields: { negativePrompt: 'speech' },
			}),
			() => ({ generation_type: 'add_audio', prompt: 'waves', negative_prompt: 'speech' }),
		],
		[
			'lumaAgents',
			'extend',
			'forward',
			() => ({ generationId: byId(source('lumaAgents')), model: 'ray-3.2', prompt: 'it goes on' }),
			() => ({ type: 'video', video: { start_frame: { generation_id: source('lumaAgents') } } }),
		],
		[
			'lumaAgents',
			'modify',
			'a generation',
			() => ({
				videoSource: 'generation',
				generationId: byId(source('lumaAgents')),
				model: 'ray-3.2',
				mode: 'flex_2',
				prompt: 'as a watercolour',
			}),
			() => ({ type: 'video_edit', source: { generation_id: source('lumaAgents') } }),
		],
		[
			'lumaAgents',
			'reframe',
			'a generation',
			() => ({
				videoSource: 'generation',
				generationId: byId(source('lumaAgents')),
				model: 'ray-3.2',
				aspectRatio: '1:1',
				prompt: 'more of the beach',
			}),
			() => ({ type: 'video_reframe', aspect_ratio: '1:1' }),
		],
		[
			'pixazo',
			'generate',
			'Ray 3.2 from text',
			() => ({ model: 'ray-3.2', prompt: 'a red kite' }),
			() => ({ prompt: 'a red kite' }),
		],
		[
			'pixazo',
			'modify',
			'a generation',
			() => ({
				videoSource: 'generation',
				generationId: byId(source('pixazo')),
				model: 'ray-3.2',
				prompt: 'as a watercolour',
			}),
			() => ({ video_url: expect.stringMatching(/^http/) }),
		],
		[
			'pixazo',
			'reframe',
			'a URL',
			() => ({
				videoSource: 'url',
				sourceVideo: `${server.url}/media/samples/720p_16x9.mp4`,
				model: 'ray-3.2',
				aspectRatio: '9:16',
				prompt: 'more sky',
			}),
			() => ({ aspect_ratio: '9:16' }),
		],
		[
			'crazyrouter',
			'extend',
			'forward',
			() => ({ generationId: byId(source('crazyrouter')), prompt: 'it goes on' }),
			() => ({ user_prompt: 'it goes on' }),
		],
	];
	it.concurrent.each(cases)('%s: %s, %s', async (provider, operation, _, parameters, body) => {
		await buysOne(provider, operation, parameters(), body());
	});
});

const FILE_DATA = '<base64>';

/** The body with a matcher where the file's data is. */
function withData(body: unknown): unknown {
	if (typeof body === 'string') return body.endsWith(FILE_DATA) ? expect.stringMatching(new RegExp(`^${body.replace(FILE_DATA, '')}[A-Za-z0-9+/=]+$`)) : body;
	if (Array.isArray(body)) return body.map(withData);
	if (typeof body !== 'object' || body === null || 'asymmetricMatch' in body) return body;
	return Object.fromEntries(Object.entries(body).map(([key, value]) => [key, withData(value)]));
}

/** A Code node that passes on `bytes`, a JavaScript expression, inside the item. */
function codeFile(bytes: string, mimeType: string): INode {
	const jsCode = `const data = ${bytes}.toString('base64');
return { json: {}, binary: { data: { data, mimeType: '${mimeType}', fileName: 'made.${mimeType.split('/')[1] ?? ''}' } } };`;
	return node('Made', 'n8n-nodes-base.code', { mode: 'runOnceForEachItem', jsCode }, { typeVersion: 2 });
}

describe('a file of the previous node', () => {
	const fields = { startImage: '', imageSource: 'binary', startImageField: 'data' };
	/** What each is sent as. */
	const sent = {
		data: (): unknown => FILE_DATA,
		signedUrl: (): unknown => expect.stringContaining('/rest/binary-data/signed'),
		upload: (): unknown => expect.stringMatching(/^http/),
	};
	it.concurrent.each(WITH_IMAGES)('is brought to %s, as an image', async (provider) => {
		const { imageFile } = samples[provider];
		const body = imageFile?.body(sent[imageFile.as]() as string) ?? {};
		await buysOne(provider, 'generate', { ...generateParameters(provider, 'a cat'), ...fields }, withData(body) as object, [file()]);
		expect(server.ledger().keyLeaks).toEqual([]);
	});

	it.concurrent.each(FETCHING)('is found by %s at an address of n8n, as an image that a Code node makes', async (provider) => {
		const parameters = { ...generateParameters(provider, 'a cat'), ...fields };
		const [made] = await runNode(provider, parameters, [codeFile("Buffer.from('not quite an image')", 'image/png')]);
		expect(made).toMatchObject({ provider, status: 'completed' });
		const bought = server.ledger().purchases.find(({ id }) => id === made?.generationId);
		const [address = ''] = /http[^"]*\/rest\/binary-data\/signed[^"]*/.exec(JSON.stringify(bought?.body)) ?? [];
		const answer = await fetch(address);
		expect([answer.status, await answer.text()]).toEqual([200, 'not quite an image']);
	});

	const videoFields = (operation: string): INode['parameters'] => ({
		resource: 'video',
		operation,
		videoSource: 'binary',
		sourceVideoField: 'data',
		model: 'ray-3.2',
		prompt: 'as a watercolour',
		aspectRatio: operation === 'reframe' ? '1:1' : undefined,
	});
	const cases = [
		['modify', 'video_edit', 0],
		['reframe', 'video_reframe', 0],
		// As large as what goes through the store of files.
		['modify', 'video_edit', 6_000_000],
	] as const;

	it.concurrent.each(cases)('is what Luma Agents works on, as a video: %s, %s, %d bytes more', async (operation, type, more) => {
		const bytes = await sample('720p_16x9.mp4');
		const larger = `Buffer.concat([await this.helpers.getBinaryDataBuffer(0, 'data'), Buffer.alloc(${more})])`;
		const before = [file('720p_16x9.mp4'), ...(more > 0 ? [codeFile(larger, 'video/mp4')] : [])];
		const [made] = await runNode('lumaAgents', videoFields(operation), before);
		expect(made).toMatchObject({ provider: 'lumaAgents', status: 'completed', videoUrl: expect.stringMatching(/^http/) });
		const bought = server.ledger().purchases.filter(({ id }) => id === made?.generationId);
		expect(bought).toHaveLength(1);
		const body = bought[0]?.body as { type: string; source: { data?: string; file_id?: string; media_type?: string } };
		expect(body.type).toBe(type);
		if (more === 0) {
			expect(body.source).toEqual({ data: bytes.toString('base64'), media_type: 'video/mp4' });
		} else {
			const stored = await fetch(`${server.url}/media/uploads/${body.source.file_id}`);
			expect(Buffer.from(await stored.arrayBuffer()).equals(Buffer.concat([bytes, Buffer.alloc(more)]))).toBe(true);
		}
		expect(server.ledger().keyLeaks).toEqual([]);
	});
});

describe('operations that make nothing', () => {
	it('list the generations, newest first, up to a limit', async () => {
		const all = await runNode('lumaDreamMachine', { resource: 'generation', operation: 'getAll', returnAll: true });
		expect(all.length).toBeGreaterThanOrEqual(2);
		const [newest, ...others] = await runNode('lumaDreamMachine', {
			resource: 'generation',
			operation: 'getAll',
			returnAll: false,
			limit: 1,
		});
		expect(others).toEqual([]);
		expect(newest?.generationId).toBe(all[0]?.generationId);
	});

	it('delete a generation', async () => {
		const [made] = await runNode('lumaDreamMachine', { ...generateParameters('lumaDreamMachine', 'to be deleted'), completion: 'none' });
		const id = String(made?.generationId);
		expect(
			await runNode('lumaDreamMachine', { resource: 'generation', operation: 'delete', generationId: byId(id) }),
		).toEqual([{ deleted: true, generationId: id }]);
		expect(server.ledger().deletions.map((deletion) => deletion.id)).toContain(id);
	});

	it.concurrent.each(PROVIDERS.filter((provider) => samples[provider].balanceUnit !== null))('say what is left at %s', async (provider) => {
		const unit = samples[provider].balanceUnit;
		const [balance] = await runNode(provider, { resource: 'account', operation: 'getBalance' });
		expect(balance).toEqual({ provider, balance: expect.any(Number), unit });
	});

	it.concurrent.each(['concept', 'cameraMotion'])('list every %s', async (resource) => {
		const rows = await runNode('lumaDreamMachine', { resource, operation: 'getAll', returnAll: true });
		expect(rows.length).toBeGreaterThan(3);
		expect(rows[0]).toEqual({ value: expect.any(String), source: 'provider' });
	});

	it('name the documented camera motions where the service has no list any more', async () => {
		server.configure({ lumaDreamMachine: { cameraMotions: false } });
		const rows = await runNode('lumaDreamMachine', { resource: 'cameraMotion', operation: 'getAll', returnAll: true });
		expect(rows.map(({ source: from }) => from)).toContain('documentation');
	});
});
