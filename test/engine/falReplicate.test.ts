/** What fal.ai and Replicate alone have: Uni-1 at fal.ai, Ray 2, files of both, cancellation, and fal.ai's history. */
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { IDataObject, INodeParameters, IRun } from 'n8n-workflow';
import { START_IMAGE } from '../samples';
import { startWorkflow, retryExecution } from './harness/engine';
import { freezeClock } from './harness/fastClock';
import { bytesOf, runFiles } from './harness/files';
import { useProviderServer } from './harness/providerServer';
import { allTexts, credentialsOf, generate, generation, jsonOf, keysIn, runItems, runOne, shownError } from './harness/service';
import { lumaWorkflow } from './harness/workflows';

jest.setTimeout(60_000);

const server = useProviderServer({ fal: { jobMs: 20 }, replicate: { jobMs: 20 } });

const LONG = '[takes 60000ms]';
let thaw: () => void = () => undefined;
afterEach(() => {
	thaw();
});
const bodies = (): Array<Record<string, unknown>> => server.ledger().purchases.map(({ body }) => body as Record<string, unknown>);
const paths = (): string[] => server.ledger().purchases.map(({ path }) => path);
const image = (more: INodeParameters = {}): INodeParameters => ({
	provider: 'fal',
	resource: 'image',
	operation: 'generate',
	model: 'uni-1',
	prompt: '={{ $json.text }}',
	...more,
});
const video = (provider: 'fal' | 'replicate', operation: string, more: INodeParameters = {}): INodeParameters => ({
	provider,
	resource: 'video',
	operation,
	prompt: '={{ $json.text }}',
	...more,
});

async function uploaded(address: unknown): Promise<Buffer> {
	return Buffer.from(await (await fetch(String(address))).arrayBuffer());
}

function expectNoKeys(run: IRun): void {
	expect(server.ledger().keyLeaks).toEqual([]);
	expect(keysIn(run, Object.values(server.keys))).toEqual([]);
}

describe('images at fal.ai', () => {
	it('are generated and edited, by the address of what was generated', async () => {
		const first = await runItems(server, [{ text: 'a cat' }], image({ model: 'uni-1-max', downloadImage: true }));
		expect(shownError(first)).toBeNull();
		const [made] = jsonOf(first);
		const url = (made?.media as IDataObject[])[0]?.url;
		expect(made).toMatchObject({ model: 'uni-1-max', videoUrl: null, media: [{ type: 'image' }], estimatedCostUsd: 0.102 });
		const edit = image({ operation: 'edit', sourceImageFrom: 'generation', generationId: String(made?.generationId), referenceImages: START_IMAGE });
		const second = await runItems(server, [{ text: 'in the rain' }], edit);
		expect(jsonOf(second)).toMatchObject([{ status: 'completed', estimatedCostUsd: 0.048 }]);
		expect(bodies()[1]).toEqual({ prompt: 'in the rain', image_url: url, reference_image_urls: [START_IMAGE] });
		expect(paths()).toEqual(['/luma/agent/uni-1/v1/max', '/luma/agent/uni-1/v1/edit']);
		expectNoKeys(second);
	});

	it('that cannot be made are spoken of as images', async () => {
		const run = await runItems(server, [{ text: 'a cat [fails: It is dark]' }], image());
		expect(shownError(run)?.message).toContain('fal.ai could not generate the image: no_media_generated');
	});

	it('are not edited where the generation made a video', async () => {
		const id = jsonOf(await runOne(server, 'fal', 'a cat'))[0]?.generationId;
		const run = await runItems(server, [{ text: 'x' }], image({ operation: 'edit', sourceImageFrom: 'generation', generationId: String(id) }));
		expect(shownError(run)?.message).toBe(`Generation ${String(id)} has no image (status: completed) [item 0]`);
		expect(server.ledger().purchases).toHaveLength(1);
	});
});

describe('Ray 2', () => {
	it.each<[string, INodeParameters, string]>([
		['fal', video('fal', 'generate', { model: 'ray-2-flash', duration: '9s' }), '/fal-ai/luma-dream-machine/ray-2-flash'],
		['replicate', video('replicate', 'generate', { model: 'ray-flash-2', duration: '9s' }), '/v1/models/luma/ray-flash-2-720p/predictions'],
	])('%s: is followed to its end, and found by its ID', async (provider, parameters, path) => {
		const run = await runItems(server, [{ text: 'a cat' }], parameters);
		expect(shownError(run)).toBeNull();
		expect(paths()).toEqual([path]);
		const [item] = jsonOf(run);
		const got = await runItems(server, [{ id: String(item?.generationId) }], generation('get', provider as 'fal'));
		expect(jsonOf(got)).toMatchObject([{ status: 'completed', videoUrl: item?.videoUrl }]);
	});

	it('refuses what only Ray 3.2 has, before anything is sent', async () => {
		const run = await runItems(server, [{ text: 'a cat' }], video('fal', 'generate', { model: 'ray-2', additionalFields: { hdr: true } }));
		expect(shownError(run)?.message).toBe("'HDR' is not available for Ray 2 (Legacy) at fal.ai; leave it out [item 0]");
		expect(server.ledger().requests).toEqual([]);
	});
});

describe('video files', () => {
	const file = { name: 'clip.mp4', mimeType: 'video/mp4', bytes: bytesOf(300_000) };

	it.each<['fal' | 'replicate', string, INodeParameters, (body: Record<string, unknown>) => unknown]>([
		['fal', 'modify', { model: 'ray-3.2' }, (body) => body.video_url],
		['fal', 'reframe', { model: 'ray-2' }, (body) => body.video_url],
		['replicate', 'modify', { model: 'modify-video' }, (body) => (body.input as Record<string, unknown>).video],
	])('%s: %s takes one that is uploaded first, without the key', async (provider, operation, more, addressIn) => {
		const run = await runFiles(server, [file], video(provider, operation, { videoSource: 'binary', sourceVideoField: 'clip', ...more }));
		expect(shownError(run)).toBeNull();
		const address = String(addressIn(bodies()[0] ?? {}));
		const id = address.split('/').at(-1);
		expect((await uploaded(`${server.url}/media/uploads/${id}`)).equals(file.bytes)).toBe(true);
		expect(server.ledger().counts[provider]).toMatchObject({ create: 1, upload: 1, unknown: 0 });
		expectNoKeys(run);
	});

	it('of more than 90 MB go to fal.ai in parts', async () => {
		const large = { ...file, bytes: bytesOf(96_000_000) };
		const run = await runFiles(server, [large], video('fal', 'modify', { model: 'ray-3.2', videoSource: 'binary', sourceVideoField: 'clip' }));
		expect(shownError(run)).toBeNull();
		expect((await uploaded(bodies()[0]?.video_url)).equals(large.bytes)).toBe(true);
		// Ten parts, and the call that puts them together.
		expect(server.ledger().counts.fal).toMatchObject({ upload: 11, create: 1 });
	});

	it('that fal.ai does not take buy nothing', async () => {
		server.fault({ kind: '503', provider: 'fal', route: 'upload' });
		const run = await runFiles(server, [file], video('fal', 'modify', { model: 'ray-3.2', videoSource: 'binary', sourceVideoField: 'clip' }));
		expect(shownError(run)?.message).toBe('The video could not be sent to fal.ai: HTTP 503 [item 0]');
		expect(server.ledger().purchases).toEqual([]);
	});
});

describe.each(['fal', 'replicate'] as const)('%s: a cancellation', (provider) => {
	const cancel = { provider, resource: 'generation', operation: 'cancel', generationId: '={{ $json.id }}' };
	const buy = async (): Promise<string> => String(jsonOf(await runOne(server, provider, `a cat ${LONG}`, { completion: 'none' }))[0]?.generationId);

	it('is asked for, and is the end of the generation', async () => {
		const id = await buy();
		expect(jsonOf(await runItems(server, [{ id }], cancel))).toEqual([{ cancelRequested: true, generationId: id }]);
		const waited = await runItems(server, [{ id }], generation('wait', provider));
		expect(shownError(waited)?.message).toMatch(/the (request|prediction) was cancell?ed/);
	});

	it('comes too late for what has ended', async () => {
		const id = await buy();
		server.finish(id);
		expect(shownError(await runItems(server, [{ id }], cancel))?.message).toBe(
			`Generation ${id} was not canceled: ${provider === 'fal' ? 'fal.ai' : 'Replicate'} says that it has ended already [item 0]`,
		);
	});

	it('on Stop is asked for all that runs, which a retry does not buy again', async () => {
		const items = [{ text: `number 0 ${LONG}` }, { text: `number 1 ${LONG}` }];
		const workflow = lumaWorkflow(items, generate(provider, { options: { cancelOnStop: true } }));
		const running = await startWorkflow(workflow, { credentials: credentialsOf(server) });
		await server.until(({ counts }) => counts[provider].create === 2 && counts[provider].status + counts[provider].list > 0, 30_000);
		// The last seconds of an execution go by faster than any request here.
		thaw = freezeClock();
		running.stop();
		const stopped = await running.finished;
		thaw();
		const [, asked = ''] = /Asked to cancel, but may still finish: ([^.]*)\./.exec(allTexts(stopped)) ?? [];
		expect(asked.split(', ').sort()).toEqual(server.jobs().map(({ id }) => id).sort());
		expect(server.ledger().counts[provider].cancel).toBe(2);
		await (await retryExecution(stopped, workflow, { credentials: credentialsOf(server) })).finished;
		expect(server.ledger().purchases).toHaveLength(2);
	});
});

describe("fal.ai's history", () => {
	beforeEach(() => {
		server.configure({ fal: { historyLagMs: 0 } });
	});
	const many = { provider: 'fal', resource: 'generation', operation: 'getAll', returnAll: true };

	it('lists what has ended, of every model', async () => {
		await runOne(server, 'fal', 'a cat');
		await runItems(server, [{ text: 'a dog' }], image());
		await runOne(server, 'fal', `a bird ${LONG}`, { completion: 'none' });
		const listed = jsonOf(await runItems(server, [{}], many));
		expect(listed).toHaveLength(2);
		expect(listed).toEqual(
			expect.arrayContaining([
				expect.objectContaining({ model: 'ray-3.2', prompt: 'a cat', status: 'completed', videoUrl: expect.any(String) }),
				expect.objectContaining({ model: 'uni-1', prompt: 'a dog', media: [expect.objectContaining({ type: 'image' })] }),
			]),
		);
	});

	it('finds what a lost answer bought, once that has ended: a retry delivers it, and buys nothing', async () => {
		server.fault({ kind: 'reset-after', provider: 'fal', route: 'create' });
		const workflow = lumaWorkflow([{ text: `a cat ${LONG}` }], generate('fal'));
		const options = { credentials: credentialsOf(server) };
		const lost = await (await startWorkflow(workflow, options)).finished;
		// It runs, so it is not in the list: nothing is concluded from that.
		expect(shownError(lost)).toMatchObject({
			message: expect.stringMatching(/^It is not known whether fal\.ai accepted the request/),
			description: expect.not.stringContaining('does not show it yet'),
		});
		const [job] = server.jobs();
		server.finish(job?.id ?? '');
		const found = await (await retryExecution(lost, workflow, options)).finished;
		expect(shownError(found)).toBeNull();
		expect(jsonOf(found)).toMatchObject([{ generationId: job?.id, status: 'completed' }]);
		expect(server.ledger().purchases).toHaveLength(1);
	});
});

it('Replicate: a file that is gone is said to be gone, in the list and to who waits for several', async () => {
	const ids = await Promise.all(['one', 'two'].map(async (text) => String(jsonOf(await runOne(server, 'replicate', text))[0]?.generationId)));
	server.configure({ replicate: { dataRemoved: true } });
	const reason = 'Replicate has deleted the video: it keeps files for an hour';
	const listed = jsonOf(await runItems(server, [{}], { provider: 'replicate', resource: 'generation', operation: 'getAll', returnAll: true }));
	expect(listed).toMatchObject([{ status: 'completed', failureReason: reason }, { status: 'completed', failureReason: reason }]);
	const waited = await runItems(server, ids.map((id) => ({ id })), generation('wait', 'replicate'));
	expect(shownError(waited)?.description).toContain('Save videos within an hour');
});
