/** Image: Generate and Edit through n8n's engine, against the stand-in server. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, jest } from '@jest/globals';
import type { IDataObject, INode, INodeParameters, IRun } from 'n8n-workflow';
import { START_IMAGE } from '../samples';
import { untilDue } from './harness/driving';
import { startWorkflow, storedBytes } from './harness/engine';
import { resumeExecution } from './harness/resume';
import { useProviderServer } from './harness/providerServer';
import type { RunSettings } from './harness/service';
import { credentialsOf, failedItems, generation, jsonOf, keysIn, runItems, shownError } from './harness/service';
import { lumaWorkflow, outputOf } from './harness/workflows';

jest.setTimeout(60_000);

const server = useProviderServer({ lumaAgents: { jobMs: 20 } });

const MEDIA = join(__dirname, '../provider-server/media');
const base = { provider: 'lumaAgents', resource: 'image', model: 'uni-1', prompt: '={{ $json.text }}' };
const generate = (more: INodeParameters = {}): INodeParameters => ({ ...base, operation: 'generate', ...more });
const edit = (more: INodeParameters = {}): INodeParameters => ({
	...base,
	operation: 'edit',
	sourceImageFrom: 'url',
	sourceImage: START_IMAGE,
	...more,
});

async function runOne(parameters: INodeParameters, prompt = 'a cat', settings: RunSettings = {}): Promise<IRun> {
	return await runItems(server, [{ text: prompt }], parameters, settings);
}

/** Two nodes of ours, one after the other. */
async function runTwo(first: INodeParameters, second: INodeParameters): Promise<IRun> {
	const { nodes, connections } = lumaWorkflow([{ text: 'a cat' }], first);
	const [, luma] = nodes;
	if (!luma) throw new Error('no node');
	const next: INode = { ...luma, id: 'Next', name: 'Next', parameters: second };
	const { finished } = await startWorkflow(
		{ nodes: [...nodes, next], connections: { ...connections, [luma.name]: { main: [[{ node: 'Next', type: 'main', index: 0 }]] } } },
		{ credentials: credentialsOf(server) },
	);
	return await finished;
}

const bodies = (): unknown[] => server.ledger().purchases.map(({ body }) => body);

describe('an image', () => {
	it('has the one output shape: no video, and itself among the media', async () => {
		const run = await runOne(generate());
		expect(shownError(run)).toBeNull();
		const [job] = server.jobs();
		const [item] = outputOf(run);
		const [media] = item?.json.media as IDataObject[];
		expect(String(media?.url).split('?')[0]).toBe(`${server.url}/media/lumaAgents/${job?.id}/output.png`);
		expect(item?.json).toStrictEqual({
			generationId: job?.id,
			provider: 'lumaAgents',
			model: 'uni-1',
			status: 'completed',
			videoUrl: null,
			media: [{ url: media?.url, type: 'image' }],
			prompt: 'a cat',
			createdAt: new Date(job?.createdAt ?? 0).toISOString(),
			completedAt: null,
			failureReason: null,
			estimatedCostUsd: 0.0404,
		});
		expect(item?.binary).toBeUndefined();
		expect(bodies()).toEqual([{ model: 'uni-1', type: 'image', prompt: 'a cat' }]);
	});

	it('is asked for with all that was chosen', async () => {
		const run = await runOne(
			generate({
				model: 'uni-1-max',
				referenceImages: `${START_IMAGE}, https://example.com/b.png`,
				aspectRatio: '2:3',
				additionalFields: { outputFormat: 'jpeg', style: 'manga', userId: 'u', webSearch: true, additionalBodyFields: '{}' },
			}),
		);
		expect(shownError(run)).toBeNull();
		expect(jsonOf(run)).toMatchObject([{ model: 'uni-1-max', estimatedCostUsd: 0.106 }]);
		expect(bodies()).toEqual([
			{
				model: 'uni-1-max',
				type: 'image',
				prompt: 'a cat',
				image_ref: [{ url: START_IMAGE }, { url: 'https://example.com/b.png' }],
				aspect_ratio: '2:3',
				output_format: 'jpeg',
				style: 'manga',
				web_search: true,
				user_id: 'u',
			},
		]);
	});

	it.each([
		['png', 'still.png', 'image/png'],
		['jpeg', 'start.jpg', 'image/jpeg'],
	])("comes as a file on wish, byte for byte (%s)", async (outputFormat, name, mimeType) => {
		const run = await runOne(generate({ downloadImage: true, binaryPropertyName: 'still', additionalFields: { outputFormat } }));
		const [item] = outputOf(run);
		const binary = item?.binary?.still;
		if (!binary) throw new Error('no file');
		expect(binary).toMatchObject({ mimeType, fileName: expect.stringMatching(new RegExp(`-[a-z0-9]{8}\\.${name.split('.')[1]}$`)) });
		expect((await storedBytes(binary)).equals(readFileSync(join(MEDIA, name)))).toBe(true);
		expect(server.ledger().keyLeaks).toEqual([]);
		expect(keysIn(run, Object.values(server.keys))).toEqual([]);
	});

	it('that turns out to be something else is no file', async () => {
		server.fault({ kind: 'wrong-type', route: 'media' });
		const run = await runOne(generate({ downloadImage: true }));
		expect(shownError(run)?.message).toBe(
			`The URL of the image returns something else (text/html; charset=utf-8) (generation ${server.jobs()[0]?.id}) [item 0]`,
		);
	});

	it.each(['get', 'wait', 'download'] as const)('is found by its ID (%s)', async (operation) => {
		await runOne(generate());
		const id = server.jobs()[0]?.id ?? '';
		const run = await runItems(server, [{ id }], generation(operation, 'lumaAgents', operation === 'wait' ? { downloadVideo: true } : {}));
		expect(jsonOf(run)).toMatchObject([{ generationId: id, status: 'completed', videoUrl: null, media: [{ type: 'image' }] }]);
		if (operation !== 'get') expect(outputOf(run)[0]?.binary?.data?.mimeType).toBe('image/png');
		expect(server.ledger().purchases).toHaveLength(1);
	});

	it('that cannot be made is spoken of as an image, with its ID', async () => {
		const run = await runOne(generate(), 'a cat [fails: The model gave up]');
		expect(shownError(run)?.message).toBe(
			`Luma Agents could not generate the image: generation_failed: the model could not generate the image; another try may work (The model gave up) (generation ${server.jobs()[0]?.id}) [item 0]`,
		);
	});

	it('of which it is not known whether it was bought is not bought again', async () => {
		server.fault({ kind: 'reset-after', provider: 'lumaAgents', route: 'create' });
		const run = await runOne(generate(), 'a cat', { node: { retryOnFail: true, maxTries: 3, waitBetweenTries: 0 } });
		expect(shownError(run)).toMatchObject({
			message: expect.stringMatching(/^It is not known whether Luma Agents accepted the request/),
			description: expect.stringContaining('An image may have been bought'),
		});
		expect(shownError(run)?.description).toContain('to buy the image again, start a new execution');
		expect(server.ledger().purchases).toHaveLength(1);
	});
});

describe('an edit', () => {
	it('works on an address, a generation, and a file of n8n, with files that guide it', async () => {
		expect(shownError(await runOne(edit()))).toBeNull();
		const id = server.jobs()[0]?.id ?? '';
		const ofGeneration = edit({ sourceImageFrom: 'generation', generationId: { __rl: true, mode: 'id', value: id } });
		expect(jsonOf(await runOne(ofGeneration))).toMatchObject([{ estimatedCostUsd: 0.0434 }]);
		const run = await runTwo(
			generate({ downloadImage: true, binaryPropertyName: 'still' }),
			edit({
				prompt: 'in the rain',
				sourceImageFrom: 'binary',
				sourceImageField: 'still',
				referenceImagesFrom: 'binary',
				referenceImageFields: 'still, still',
			}),
		);
		expect(shownError(run)).toBeNull();
		expect(outputOf(run, 0, 'Next')[0]?.json).toMatchObject({ status: 'completed', estimatedCostUsd: 0.0494 });
		const file = { data: readFileSync(join(MEDIA, 'still.png')).toString('base64'), media_type: 'image/png' };
		expect(bodies()).toEqual([
			{ model: 'uni-1', type: 'image_edit', prompt: 'a cat', source: { url: START_IMAGE } },
			{ model: 'uni-1', type: 'image_edit', prompt: 'a cat', source: { generation_id: id } },
			{ model: 'uni-1', type: 'image', prompt: 'a cat' },
			{ model: 'uni-1', type: 'image_edit', prompt: 'in the rain', source: file, image_ref: [file, file] },
		]);
	});

	it('gives the image to a video', async () => {
		const run = await runTwo(generate(), {
			provider: 'lumaAgents',
			resource: 'video',
			operation: 'generate',
			model: 'ray-3.2',
			prompt: 'it moves',
			startImage: '={{ $json.media[0].url }}',
		});
		expect(outputOf(run, 0, 'Next')[0]?.json).toMatchObject({ status: 'completed', media: [{ type: 'video' }] });
		expect(server.ledger().purchases.map(({ operation }) => operation)).toEqual(['image', 'generate']);
	});
});

describe('before anything is paid', () => {
	it.each<[string, INodeParameters, string]>([
		['an empty prompt', generate({ prompt: ' ' }), "'Prompt' is empty"],
		['a ratio that is for videos', generate({ aspectRatio: '={{ "4:3" }}' }), "'Aspect Ratio' cannot be 4:3"],
		['a manga that is not upright', generate({ additionalFields: { style: 'manga' } }), "'Style' can be Manga only with an 'Aspect Ratio' of"],
		['too many references', generate({ referenceImages: Array(10).fill(START_IMAGE).join(' ') }), "'Reference Images' has too many images: 10 (maximum 9)"],
		['too many references of an edit', edit({ referenceImages: Array(9).fill(START_IMAGE).join(',') }), "'Reference Images' has too many images: 9 (maximum 8)"],
		['an edit of nothing', edit({ sourceImage: '={{ "" }}' }), "'Image URL' is empty"],
		['an edit of no generation', edit({ sourceImageFrom: 'generation', generationId: '={{ "" }}' }), "'Generation ID' is empty"],
		['an edit of a generation that the item does not name', edit({ sourceImageFrom: 'generation', generationId: '={{ $json.id }}' }), "'Generation ID' is empty"],
		['a field without a file', edit({ sourceImageFrom: 'binary', sourceImageField: 'photo' }), 'photo'],
		['a web address as the trigger', generate({ completion: 'none', triggerUrl: 'https://n8n.example/webhook/x' }), "'Trigger URL' must be the URL of a Luma Video Trigger, which ends in /luma-video"],
		['two fields for one file', edit({ sourceImageFrom: 'binary', sourceImageField: ' ' }), "'Image Input Data Field Name' is empty"],
	])('%s is refused', async (_, parameters, text) => {
		const run = await runOne(parameters);
		expect(shownError(run)?.message).toContain(text);
		expect(server.ledger().requests).toEqual([]);
	});

	it('the limit counts all images, references included', async () => {
		const items = [{ text: 'a cat' }, { text: 'a dog' }];
		const limited = (maxCost: number) => generate({ referenceImages: START_IMAGE, options: { maxCost } });
		const run = await runItems(server, items, limited(0.08));
		expect(shownError(run)?.message).toBe("2 images would cost about $0.09, more than 'Max Cost' allows ($0.08)");
		expect(server.ledger().requests).toEqual([]);
		expect(jsonOf(await runItems(server, items, limited(0.09)))).toHaveLength(2);
	});

	it('a dry run says what would be sent', async () => {
		const run = await runOne(edit({ options: { dryRun: true } }));
		expect(jsonOf(run)).toMatchObject([
			{ dryRun: true, estimatedCostUsd: 0.0434, request: { body: { type: 'image_edit', source: { url: START_IMAGE } } } },
		]);
		expect(server.ledger().requests).toEqual([]);
	});

	it('an item that is refused does not keep the others from being made', async () => {
		const run = await runItems(server, [{ text: 'a cat' }, { text: '' }], generate(), { node: { onError: 'continueErrorOutput' } });
		expect(jsonOf(run)).toMatchObject([{ status: 'completed' }]);
		expect(failedItems(run)).toMatchObject([{ json: { error: "'Prompt' is empty [item 1]" }, pairedItem: { item: 1 } }]);
	});
});

describe('the ways of waiting', () => {
	it('at once: the generation as it was taken in', async () => {
		const run = await runOne(generate({ completion: 'none' }), 'a cat [takes 60000ms]');
		expect(jsonOf(run)).toMatchObject([{ generationId: server.jobs()[0]?.id, status: 'queued', media: [] }]);
		expect(server.ledger().counts.lumaAgents.status).toBe(0);
	});

	it('suspended: bought once, and delivered with its file when it is woken', async () => {
		const parameters = generate({ completion: 'suspend', downloadImage: true });
		const suspended = await startWorkflow(lumaWorkflow([{ text: 'a cat [takes 60000ms]' }], parameters), {
			credentials: credentialsOf(server),
		});
		expect((await suspended.finished).status).toBe('waiting');
		for (const { id } of server.jobs()) server.finish(id);
		await untilDue(suspended);
		const { run } = await resumeExecution(suspended, { by: 'timer' });
		const done = await run?.finished;
		if (!done) throw new Error('not resumed');
		expect(shownError(done)).toBeNull();
		expect(outputOf(done)).toMatchObject([{ json: { status: 'completed' }, binary: { data: { mimeType: 'image/png' } } }]);
		expect(server.ledger().purchases).toHaveLength(1);
	});

	it('as a tool: the address, and no file', async () => {
		const run = await runOne(generate({ downloadImage: true }), 'a cat', { node: { type: 'n8n-nodes-luma-video.lumaVideoTool' } });
		expect(jsonOf(run)).toMatchObject([{ status: 'completed', media: [{ type: 'image', url: expect.stringContaining('output.png') }] }]);
		expect(outputOf(run)[0]).not.toHaveProperty('binary');
	});
});
