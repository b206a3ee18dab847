import { describe, expect, it } from '@jest/globals';
import { InputFile } from '../../../nodes/LumaVideo/generation/check';
import { checkImageRequest } from '../../../nodes/LumaVideo/generation/checkImageRequest';
import { lumaAgents } from '../../../nodes/LumaVideo/providers/lumaAgents';
import { pixazo } from '../../../nodes/LumaVideo/providers/pixazo';
import { blankImageRequest, createCall, isSameRequest } from '../../../nodes/LumaVideo/providers/provider';
import type { ImageOperation, ImageReference, ImageRequest, JsonObject } from '../../../nodes/LumaVideo/providers/provider';
import type { Job } from '../../provider-server';
import { BODY_SHAPE, brokenRule } from '../../provider-server/providers/lumaAgents.requests';
import { findProblems } from '../../provider-server/shape';
import { END, START, answer, findingsOf, generation } from './support';

const SOURCE = 'd290f1ee-6c54-4b01-90e6-d701748f0851';
const PROMPT = 'A red kite';
const DATA: ImageReference = { kind: 'data', mimeType: 'image/png', base64: 'iVBORw0KGgo=' };

const STORED = { kind: 'fileId' as const, fileId: '7b1e9a64-5f0c-4b0e-9a57-3f1c2d4e5f60' };
const FILE = { name: 'kite.png', mimeType: 'image/png', size: 10 };

const url = (address: string): ImageReference => ({ kind: 'url', url: address });
const generate = (set: Partial<ImageRequest> = {}): ImageRequest => ({ ...blankImageRequest('generate', 'uni-1'), prompt: PROMPT, ...set });
const edit = (set: Partial<ImageRequest> = {}): ImageRequest => ({
	...blankImageRequest('edit', 'uni-1'),
	prompt: PROMPT,
	source: { kind: 'generation', generationId: SOURCE },
	...set,
});
const references = (count: number): ImageReference[] => Array.from({ length: count }, (_, n) => url(`https://images.example/${n}.png`));
const { images } = lumaAgents;
if (!images) throw new Error('no images');

describe('create', () => {
	it.each<[string, ImageRequest, JsonObject]>([
		['text alone', generate(), { type: 'image' }],
		['the larger model', generate({ model: 'uni-1-max' }), { type: 'image', model: 'uni-1-max' }],
		[
			'everything',
			generate({
				references: [url(START), DATA],
				aspectRatio: '2:3',
				outputFormat: 'jpeg',
				style: 'manga',
				webSearch: true,
				userId: 'user-7',
			}),
			{
				type: 'image',
				image_ref: [{ url: START }, { data: 'iVBORw0KGgo=', media_type: 'image/png' }],
				aspect_ratio: '2:3',
				output_format: 'jpeg',
				style: 'manga',
				web_search: true,
				user_id: 'user-7',
			},
		],
		['an edit of a generation', edit(), { type: 'image_edit', source: { generation_id: SOURCE } }],
		[
			'an edit of an address, with a reference',
			edit({ source: url(START), references: [url(END)] }),
			{ type: 'image_edit', source: { url: START }, image_ref: [{ url: END }] },
		],
		['an edit of a file', edit({ source: DATA }), { type: 'image_edit', source: { data: 'iVBORw0KGgo=', media_type: 'image/png' } }],
		[
			'files in the store, and in n8n still',
			edit({ source: STORED, references: [STORED, { kind: 'file', id: '1', ...FILE }, { kind: 'file', id: '2', ...FILE, size: 5_000_001 }] }),
			{
				type: 'image_edit',
				source: { file_id: STORED.fileId },
				image_ref: [
					{ file_id: STORED.fileId },
					{ data: '<contents of kite.png>', media_type: 'image/png' },
					{ file_id: '<file ID of kite.png>' },
				],
			},
		],
		['additional fields, last', generate({ additionalBodyFields: { type: 'layering', seed: 7 } }), { type: 'layering', seed: 7 }],
	])('%s', (_, set, body) => {
		expect(createCall(lumaAgents, set)).toEqual({
			method: 'POST',
			path: '/generations',
			body: { model: 'uni-1', prompt: PROMPT, ...body },
		});
	});

	it('is one the service takes exactly when nothing stands in the way', () => {
		const account = {
			findGeneration: () => ({ id: SOURCE, status: 'completed', operation: 'image' }) as Job,
			findFile: () => ({ mimeType: 'image/png', state: 'ready' }),
			maxImageBytes: 1000,
			maxVideoBytes: 1000,
		};
		const different: unknown[] = [];
		for (const set of [generate(), edit(), edit({ source: url(START) }), edit({ source: DATA }), edit({ source: STORED })])
			for (const aspectRatio of [null, ...images.capabilities[set.operation].aspectRatios])
				for (const style of [null, ...images.capabilities[set.operation].styles])
					for (const count of [0, 1, images.capabilities[set.operation].maxReferences]) {
						const asked = { ...set, aspectRatio, style, references: references(count), webSearch: true };
						const { body = {} } = createCall(lumaAgents, asked);
						const [problem] = findProblems(body, BODY_SHAPE);
						const refusal = problem?.message ?? brokenRule(body, account)?.detail ?? null;
						const findings = findingsOf(images.exclusions, asked);
						if ((refusal === null) !== (findings.length === 0)) different.push({ asked, refusal, findings });
					}
		expect(different).toEqual([]);
	});

	it('is nothing where no images are made', () => {
		expect(() => createCall(pixazo, generate())).toThrow('Pixazo does not generate images');
		expect(isSameRequest(lumaAgents, generation({}, {}), generate())).toBe(false);
	});
});

describe('the price', () => {
	it.each<[string, ImageRequest, number | null]>([
		['text', generate(), 0.0404],
		['one reference', generate({ references: references(1) }), 0.0434],
		['two references', generate({ references: references(2) }), 0.0464],
		['nine references', generate({ references: references(9) }), 0.0674],
		['an edit', edit(), 0.0434],
		['an edit with eight references', edit({ references: references(8) }), 0.0674],
		['text, larger model', generate({ model: 'uni-1-max' }), 0.1],
		['one reference, larger model', generate({ model: 'uni-1-max', references: references(1) }), 0.103],
		['an edit with a reference, larger model', edit({ model: 'uni-1-max', references: references(1) }), 0.106],
		['references that were added', generate({ additionalBodyFields: { image_ref: [{ url: START }] } }), 0.0434],
		['a source that was added', generate({ additionalBodyFields: { source: { url: START } } }), null],
		['another model', generate({ additionalBodyFields: { model: 'uni-2' } }), null],
		['another type', generate({ additionalBodyFields: { type: 'layering' } }), null],
		['references that are none', generate({ additionalBodyFields: { image_ref: 5 } }), null],
	])('of %s', (_, set, usd) => {
		expect(images.estimateUsd(set)).toBe(usd);
	});
});

describe('what is read', () => {
	const body = { id: SOURCE, state: 'failed', failure_code: 'generation_failed', failure_reason: null };
	const read = (more: JsonObject) => {
		const reading = lumaAgents.readStatus(answer(200, { ...body, ...more }), SOURCE);
		return reading.ok ? [reading.value.makes ?? 'video', reading.value.failureReason] : reading;
	};

	it.each<[JsonObject, string]>([
		[{ type: 'image' }, 'image'],
		[{ type: 'image_edit', model: null }, 'image'],
		[{ model: 'uni-1-max' }, 'image'],
		[{ type: 'video', model: 'ray-3.2' }, 'video'],
		[{}, 'video'],
	])('of %j is about the %s', (more, makes) => {
		expect(read(more)).toEqual([makes, `generation_failed: the model could not generate the ${makes}; another try may work`]);
	});

	it('of a create: what was taken in, and that the address is wrong', () => {
		expect(lumaAgents.readCreated(answer(201, { id: SOURCE, type: 'image', model: 'uni-1' }), generate())).toMatchObject({
			ok: true,
			value: { generationId: SOURCE, makes: 'image', status: 'queued' },
		});
		expect(lumaAgents.readCreated(answer(404, {}), generate())).toMatchObject({
			ok: false,
			problem: { message: 'Luma Agents does not generate images at this address' },
		});
	});

	it.each<[number, string, ImageRequest, string]>([
		[422, 'source: failed to fetch URL', edit({ source: url(START) }), "'Image URL'"],
		[502, 'source: fetch proxy unavailable', edit(), 'the image'],
		[422, 'image_ref[1]: failed to fetch URL', generate({ references: references(2) }), "'Reference Images'"],
	])('of a create, HTTP %i, %s: the field whose address could not be fetched', (status, detail, set, field) => {
		const reading = lumaAgents.readCreated(answer(status, { detail }), set);
		expect(reading).toMatchObject({ problem: { kind: 'invalidRequest', message: `Luma Agents could not fetch ${field}: ${detail}` } });
		expect(JSON.stringify(reading)).toContain("'Image From' or 'Reference Images From'");
	});
});

describe('checking', () => {
	const check = (operation: ImageOperation, input: Record<string, unknown>) => {
		const result = checkImageRequest(lumaAgents, { model: 'uni-1', prompt: PROMPT, ...input }, { allowLocalAddresses: false }, operation);
		return result.ok ? result.request : result.findings;
	};

	it.each<[string, ImageOperation, Record<string, unknown>, ImageRequest]>([
		['nothing but a prompt', 'generate', { prompt: ` ${PROMPT} ` }, generate()],
		['what the model chooses', 'generate', { aspectRatio: 'auto', outputFormat: 'auto', style: 'auto', webSearch: false }, generate()],
		[
			'addresses in one text, of which some have commas',
			'generate',
			{ referenceImages: ` ${START},${END}, https://images.example/w_3,h_4/a.png\nhttps://images.example/b.png, ` },
			generate({ references: [START, END, 'https://images.example/w_3,h_4/a.png', 'https://images.example/b.png'].map(url) }),
		],
		['addresses with spaces of their own, a switch as text', 'generate', { referenceImages: 'https://images.example/a b.png, https://images.example/ö.png', webSearch: 'true' }, generate({ references: [url('https://images.example/a%20b.png'), url('https://images.example/%C3%B6.png')], webSearch: true })],
		['a list of addresses', 'generate', { referenceImages: [START, '', END] }, generate({ references: [url(START), url(END)] })],
		['files', 'generate', { referenceImages: [new InputFile('1', FILE)] }, generate({ references: [{ kind: 'file', id: '1', ...FILE }] })],
		['nine references', 'generate', { referenceImages: references(9).map((each) => (each.kind === 'url' ? each.url : '')) }, generate({ references: references(9) })],
		['an upright manga', 'generate', { style: 'manga', aspectRatio: '9:16' }, generate({ style: 'manga', aspectRatio: '9:16' })],
		['an edit of a generation', 'edit', { generationId: ` ${SOURCE} ` }, edit()],
		['an edit of an address', 'edit', { sourceImage: START, outputFormat: 'png' }, edit({ source: url(START), outputFormat: 'png' })],
		['an edit of a file', 'edit', { sourceImage: new InputFile('7', FILE) }, edit({ source: { kind: 'file', id: '7', ...FILE } })],
	])('takes %s', (_, operation, input, expected) => {
		expect(check(operation, input)).toEqual(expected);
	});

	const MANGA = "'Style' can be Manga only with an 'Aspect Ratio' of 1:2, 1:3, 2:3, 9:16";
	it.each<[string, ImageOperation, Record<string, unknown>, string[]]>([
		['no prompt', 'generate', { prompt: ' ' }, ["'Prompt' is empty"]],
		['a long prompt', 'generate', { prompt: 'a'.repeat(6001) }, ["'Prompt' is too long: 6001 characters (maximum 6000)"]],
		['a model for videos', 'generate', { model: 'ray-3.2' }, ["'Model' cannot be ray-3.2 for Luma Agents. Allowed: uni-1, uni-1-max"]],
		[
			'a ratio for videos',
			'generate',
			{ aspectRatio: '4:3' },
			["'Aspect Ratio' cannot be 4:3 for new images at Luma Agents. Allowed: auto, 1:1, 1:2, 1:3, 16:9, 2:1, 2:3, 3:1, 3:2, 9:16"],
		],
		['another format', 'edit', { generationId: SOURCE, outputFormat: 'webp' }, ["'Output Format' cannot be webp for edited images at Luma Agents. Allowed: auto, jpeg, png"]],
		['a wide manga', 'generate', { style: 'manga', aspectRatio: '16:9' }, [MANGA]],
		['a manga whose shape is left open', 'generate', { style: 'manga' }, [MANGA]],
		['an edit as a manga', 'edit', { generationId: SOURCE, style: 'manga', aspectRatio: '2:3' }, ["'Style' is not available for edited images at Luma Agents; leave it out"]],
		['ten references', 'generate', { referenceImages: Array(10).fill(START) }, ["'Reference Images' has too many images: 10 (maximum 9)"]],
		['nine references of an edit', 'edit', { generationId: SOURCE, referenceImages: Array(9).fill(START) }, ["'Reference Images' has too many images: 9 (maximum 8)"]],
		['a reference that is no address', 'generate', { referenceImages: `${START}, kite.png` }, ["'Reference Images' must be a web address beginning with https:// or http://"]],
		['a reference inside', 'generate', { referenceImages: 'http://nas/a.png' }, ["'Reference Images' is at nas, which the provider cannot reach; use a public web address"]],
		['an edit of nothing', 'edit', {}, ["'Image URL' is empty"]],
		['an edit of an empty ID', 'edit', { generationId: '' }, ["'Generation ID' is empty"]],
		['an edit of what is no ID', 'edit', { generationId: 'a/b' }, ["'Generation ID' has characters that no ID has"]],
		['an edit of a path segment', 'edit', { generationId: ' .. ' }, ["'Generation ID' has characters that no ID has"]],
		['values of other types', 'generate', { referenceImages: [5], webSearch: 'yes' }, ["'Reference Images' must be web addresses, but it contains a number", "'Web Search' must be true or false, but it is text"]],
		['fields that are no JSON', 'generate', { additionalBodyFields: '{' }, ["'Additional Body Fields' is not valid JSON"]],
	])('refuses %s', (_, operation, input, findings) => {
		expect(check(operation, input)).toEqual(findings);
	});

	it('refuses all of it where no images are made', () => {
		expect(checkImageRequest(pixazo, {}, { allowLocalAddresses: false }, 'generate')).toEqual({ ok: false, findings: ['Pixazo does not support this operation'] });
	});
});
