/** Files of the previous node as what Luma Agents works on: inside the request, or through its store of files. */
import { describe, expect, it, jest } from '@jest/globals';
import type { INodeParameters, IRun } from 'n8n-workflow';
import type { GivenFile } from './harness/files';
import { bytesOf, runFiles } from './harness/files';
import { useProviderServer } from './harness/providerServer';
import { generate, jsonOf, keysIn, runItems, shownError } from './harness/service';

jest.setTimeout(60_000);

const server = useProviderServer({ lumaAgents: { jobMs: 20 } });

const run = async (files: GivenFile[], parameters: INodeParameters, items?: Array<{ text: string }>): Promise<IRun> =>
	await runFiles(server, files, parameters, items);

const work = (operation: 'modify' | 'reframe', more: INodeParameters = {}): INodeParameters => ({
	provider: 'lumaAgents',
	resource: 'video',
	operation,
	model: 'ray-3.2',
	prompt: '={{ $json.text }}',
	videoSource: 'binary',
	sourceVideoField: 'clip',
	...more,
});

const small = (name = 'small.mp4'): GivenFile => ({ name, mimeType: 'video/mp4', bytes: bytesOf(100_000) });
const large = (name = 'large.mov'): GivenFile => ({ name, mimeType: 'video/quicktime', bytes: bytesOf(6_000_000) });

const bodies = (): Array<Record<string, unknown>> => server.ledger().purchases.map(({ body }) => body as Record<string, unknown>);

async function uploaded(fileId: string): Promise<Buffer> {
	return Buffer.from(await (await fetch(`${server.url}/media/uploads/${fileId}`)).arrayBuffer());
}

describe.each(['modify', 'reframe'] as const)('%s', (operation) => {
	it('sends a small video inside the request', async () => {
		const file = small();
		const result = await run([file], work(operation));
		expect(shownError(result)).toBeNull();
		expect(jsonOf(result)).toMatchObject([{ status: 'completed', videoUrl: expect.any(String) }]);
		expect(bodies()).toMatchObject([{ source: { data: file.bytes.toString('base64'), media_type: 'video/mp4' } }]);
		expect(server.ledger().counts.lumaAgents).toMatchObject({ create: 1, upload: 0, catalogue: 0 });
	});

	it('sends a large video through the store of files, byte by byte as it was, without the key', async () => {
		const file = large();
		const result = await run([file], work(operation));
		expect(shownError(result)).toBeNull();
		const [body] = bodies();
		const { file_id: fileId } = body?.source as { file_id: string };
		expect(body?.source).toEqual({ file_id: fileId });
		expect((await uploaded(fileId)).equals(file.bytes)).toBe(true);
		const { counts, keyLeaks } = server.ledger();
		expect(counts.lumaAgents).toMatchObject({ create: 1, upload: 1, unknown: 0 });
		expect(keyLeaks).toEqual([]);
		expect(keysIn(result, [server.keys.lumaAgents])).toEqual([]);
	});
});

it('waits until the file can be used', async () => {
	server.configure({ lumaAgents: { fileReadyMs: 300 } });
	const result = await run([large()], work('modify'));
	expect(shownError(result)).toBeNull();
	expect(server.ledger().purchases).toHaveLength(1);
	expect(server.ledger().refusedCreates).toEqual([]);
});

it('sends each item its own file', async () => {
	const [one, two] = [large('one.mp4'), { ...large('two.mp4'), bytes: bytesOf(7_000_000) }];
	const result = await run([one, two], work('reframe'), [{ text: 'one' }, { text: 'two' }]);
	expect(shownError(result)).toBeNull();
	for (const { prompt, source } of bodies() as Array<{ prompt: string; source: { file_id: string } }>) {
		expect((await uploaded(source.file_id)).length).toBe(prompt === 'one' ? 6_000_000 : 7_000_000);
	}
});

it('sends a large start image the same way, for 10 seconds as a keyframe', async () => {
	const image = { name: 'a.png', mimeType: 'image/png', bytes: bytesOf(6_000_000) };
	const parameters = generate('lumaAgents', { imageSource: 'binary', startImageField: 'clip', duration: '10s' });
	const result = await run([image], parameters);
	expect(shownError(result)).toBeNull();
	expect(bodies()).toMatchObject([
		{ video: { duration: '10s', keyframes: [{ file_id: expect.any(String) }], keyframe_indexes: [0] } },
	]);
	// The image leads.
	expect(bodies()[0]).not.toHaveProperty('aspect_ratio');
});

describe('buys nothing', () => {
	it('when the file cannot be used, and says why', async () => {
		const result = await run([large('a [fails: no codec].mp4')], work('modify'));
		expect(shownError(result)).toMatchObject({
			message: 'The video could not be sent to Luma Agents: no codec [item 0]',
			description: 'Nothing was bought. Use another file, or the URL of a file on the web.',
		});
		expect(server.ledger().purchases).toEqual([]);
	});

	it('when the store does not take the file', async () => {
		server.fault({ kind: '503', provider: 'lumaAgents', route: 'upload' });
		const result = await run([large()], work('modify'));
		expect(shownError(result)?.message).toBe('The video could not be sent to Luma Agents: HTTP 503 [item 0]');
		expect(server.ledger().counts.lumaAgents).toMatchObject({ create: 0 });
	});

	it('when the file is no video, before anything is sent for any item', async () => {
		const text = { name: 'a.txt', mimeType: 'text/plain', bytes: Buffer.from('hello') };
		const result = await run([small(), text], work('modify'));
		expect(shownError(result)).toMatchObject({
			message: "'Video Input Data Field Name' is text/plain; Luma Agents accepts videos [item 1]",
			description: 'Nothing was sent for this item. Correct it and run this item again.',
		});
		expect(server.ledger().requests).toEqual([]);
	});

	it('when the item has no such file', async () => {
		const result = await run([small()], work('modify', { sourceVideoField: 'data' }));
		expect(shownError(result)?.message).toContain("'data'");
		expect(server.ledger().requests).toEqual([]);
	});

	it("when the longest source would cost more than 'Max Cost', until its length is said", async () => {
		const options = { maxCost: 2 };
		const tooMuch = await run([small()], work('modify', { options }));
		expect(shownError(tooMuch)?.message).toBe("One video would cost about $3.89, more than 'Max Cost' allows ($2.00)");
		expect(server.ledger().requests).toEqual([]);
		const known = await run([small()], work('modify', { options, additionalFields: { sourceLength: 5 } }));
		expect(jsonOf(known)).toMatchObject([{ status: 'completed', estimatedCostUsd: 1.08 }]);
	});
});

describe('Dry Run', () => {
	const dryRun = { options: { dryRun: true } };
	const note =
		'Values in angle brackets are filled in when the request is sent: a Dry Run reads no generation and uploads no file.';

	it('names the files that would be sent, and says so', async () => {
		const result = await run([small(), large()], work('modify', dryRun));
		expect(jsonOf(result)).toMatchObject([
			{ note, request: { body: { source: { data: '<contents of small.mp4>', media_type: 'video/mp4' } } } },
			{ note, request: { body: { source: { file_id: '<file ID of large.mov>' } } } },
		]);
		expect(server.ledger().requests).toEqual([]);
	});

	it('names the generation whose video would be looked up', async () => {
		const parameters = work('reframe', { provider: 'pixazo', videoSource: 'generation', generationId: 'abc', ...dryRun });
		const result = await runItems(server, [{ text: 'a cat' }], parameters);
		expect(jsonOf(result)).toMatchObject([
			{ note, request: { body: { video_url: '<address of the video of generation abc>' } } },
		]);
	});

	it('says nothing of the kind where the request is complete', async () => {
		const parameters = work('reframe', { videoSource: 'generation', generationId: 'abc', ...dryRun });
		const [item] = jsonOf(await runItems(server, [{ text: 'a cat' }], parameters));
		expect(item).toMatchObject({ request: { body: { source: { generation_id: 'abc' } } } });
		expect(item).not.toHaveProperty('note');
	});
});

it.each([
	['https://unreachable.example/a.mp4', 'source: failed to fetch URL'],
	['https://unreachable-502.example/a.mp4', 'source: fetch proxy unavailable'],
])('an address that the service cannot fetch is named, and nothing is bought: %s', async (sourceVideo, said) => {
	const result = await runItems(server, [{ text: 'a cat' }], work('modify', { videoSource: 'url', sourceVideo }));
	const shown = shownError(result);
	expect(shown?.message).toBe(`Luma Agents could not fetch 'Video URL': ${said} [item 0]`);
	expect(shown?.description).toContain('Nothing was bought. Check that its address opens without a login');
	expect(server.ledger().purchases).toEqual([]);
});
