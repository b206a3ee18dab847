/**
 * What the node sends to Luma Dream Machine is what Luma's own SDK sends for the same intent: method, path, query and
 * body, field for field.
 *
 * Not compared are headers. The SDK adds its own (`User-Agent`, `X-Stainless-*`), and asks for a deletion with
 * `Accept: *\/*` where the node says `application/json` everywhere. It has no call for the list of camera motions, whose
 * path is in the documentation only, and no name for the model ray-1-6, which it dropped in 1.19.
 */
import { describe, expect, it } from '@jest/globals';
import LumaAI from 'lumaai';
import { lumaDreamMachine } from '../../../nodes/LumaVideo/providers/lumaDreamMachine';
import type { ProviderCall } from '../../../nodes/LumaVideo/providers/provider';
import { END, HOOK, SOURCE_VIDEO, START, request } from './support';
import type { RequestFields } from './support';

const BASE = 'https://api.lumalabs.ai/dream-machine/v1';
const ID = '123e4567-e89b-12d3-a456-426614174000';
const SECOND_ID = '123e4567-e89b-12d3-a456-426614174001';
const PROMPT = 'A red kite over the sea';

interface Sent {
	method: string;
	path: string;
	query: Record<string, string>;
	body: unknown;
}

/** What the SDK sends, caught before it leaves. */
async function sentBySdk(use: (client: LumaAI) => PromiseLike<unknown>): Promise<Sent> {
	const all: Sent[] = [];
	const client = new LumaAI({
		authToken: 'luma-test-key',
		baseURL: BASE,
		maxRetries: 0,
		fetch: async (url, init) => {
			const { origin, pathname, searchParams } = new URL(String(url));
			expect(`${origin}${pathname}`.startsWith(`${BASE}/`)).toBe(true);
			all.push({
				method: (init?.method ?? 'GET').toUpperCase(),
				path: `${origin}${pathname}`.slice(BASE.length),
				query: Object.fromEntries(searchParams),
				body: init?.body === undefined || init.body === null ? undefined : JSON.parse(String(init.body)),
			});
			return new Response('{}', { headers: { 'content-type': 'application/json' } });
		},
	});
	await use(client);
	const [sent] = all;
	if (!sent || all.length > 1) throw new Error(`the SDK sent ${all.length} requests`);
	return sent;
}

function sentByNode({ method, path, query, body }: ProviderCall): Sent {
	const texts = Object.entries(query ?? {}).map(([name, value]) => [name, String(value)]);
	return { method, path, query: Object.fromEntries(texts) as Record<string, string>, body };
}

type Case = [string, ProviderCall | undefined, (client: LumaAI) => PromiseLike<unknown>];

async function expectSame([, call, use]: Case): Promise<void> {
	if (!call) throw new Error('the node has no such call');
	// As JSON, since that is how it travels: neither side may rely on `undefined`.
	const [node, sdk] = [sentByNode(call), await sentBySdk(use)];
	expect(JSON.parse(JSON.stringify(node))).toStrictEqual(JSON.parse(JSON.stringify(sdk)));
}

const create = (set: RequestFields, model = 'ray-2') => lumaDreamMachine.create(request(model, set));
type Body = LumaAI.Generations.VideoCreateParams;
/** `generations.create` and `generations.video.create` are two names of the same. */
const video = (body: Partial<Body>) => (client: LumaAI) =>
	client.generations.video.create({ model: 'ray-2', prompt: PROMPT, ...body });
const image = (url: string) => ({ type: 'image' as const, url });
const generation = (id: string) => ({ type: 'generation' as const, id });
const callback = { url: HOOK, mode: 'terminal' as const };

const RATIOS = ['1:1', '16:9', '9:16', '4:3', '3:4', '21:9', '9:21'] as const;
const RESOLUTIONS = ['540p', '720p', '1080p', '4k'] as const;

describe('generate', () => {
	it.each<Case>([
		['text', create({}), video({})],
		['the faster model', create({}, 'ray-flash-2'), video({ model: 'ray-flash-2' })],
		['under its other name', create({}), (client) => client.generations.create({ model: 'ray-2', prompt: PROMPT })],
		['a start image', create({ startImage: START }), video({ keyframes: { frame0: image(START) } })],
		['an end image', create({ endImage: END }), video({ keyframes: { frame1: image(END) } })],
		[
			'both images',
			create({ startImage: START, endImage: END }),
			video({ keyframes: { frame0: image(START), frame1: image(END) } }),
		],
		[
			'an image and no prompt',
			create({ prompt: '', startImage: START }),
			(client) => client.generations.video.create({ model: 'ray-2', keyframes: { frame0: image(START) } }),
		],
		['a loop', create({ loop: true }), video({ loop: true })],
		['a loop from an image', create({ loop: true, startImage: START }), video({ loop: true, keyframes: { frame0: image(START) } })],
		...RATIOS.map((ratio): Case => [ratio, create({ aspectRatio: ratio }), video({ aspect_ratio: ratio })]),
		...RESOLUTIONS.map((resolution): Case => [resolution, create({ resolution }), video({ resolution })]),
		['5 seconds', create({ duration: '5s' }), video({ duration: '5s' })],
		['9 seconds', create({ duration: '9s' }), video({ duration: '9s' })],
		[
			'concepts',
			create({ concepts: ['dolly_zoom', 'handheld'] }),
			video({ concepts: [{ key: 'dolly_zoom' }, { key: 'handheld' }] }),
		],
		['a camera motion', create({ cameraMotion: 'camera orbit left' }), video({ prompt: `${PROMPT}, camera orbit left` })],
		['a callback', create({ callback }), video({ callback_url: HOOK })],
		['a field by hand', create({ additionalBodyFields: { generation_type: 'video' } }), video({ generation_type: 'video' })],
		[
			'everything',
			create({
				startImage: START,
				endImage: END,
				aspectRatio: '9:16',
				resolution: '4k',
				duration: '9s',
				concepts: ['pov'],
				callback,
			}),
			video({
				keyframes: { frame0: image(START), frame1: image(END) },
				aspect_ratio: '9:16',
				resolution: '4k',
				duration: '9s',
				concepts: [{ key: 'pov' }],
				callback_url: HOOK,
			}),
		],
	])('%s', async (...example) => {
		await expectSame(example);
	});
});

describe('extend and interpolate', () => {
	const extend = (set: RequestFields) => create({ operation: 'extend', sourceGenerationId: ID, ...set });
	it.each<Case>([
		['extend', extend({}), video({ keyframes: { frame0: generation(ID) } })],
		[
			'extend in full',
			extend({ loop: true, resolution: '1080p', concepts: ['pov'], callback }),
			video({
				loop: true,
				resolution: '1080p',
				concepts: [{ key: 'pov' }],
				callback_url: HOOK,
				keyframes: { frame0: generation(ID) },
			}),
		],
		[
			'extend to an end image',
			extend({ endImage: END }),
			video({ keyframes: { frame0: generation(ID), frame1: image(END) } }),
		],
		[
			'extend to an end image without a prompt',
			extend({ prompt: '', endImage: END }),
			(client) =>
				client.generations.video.create({
					model: 'ray-2',
					keyframes: { frame0: generation(ID), frame1: image(END) },
				}),
		],
		['reverse extend', extend({ direction: 'backward' }), video({ keyframes: { frame1: generation(ID) } })],
		[
			'reverse extend from a start image',
			extend({ direction: 'backward', startImage: START }),
			video({ keyframes: { frame0: image(START), frame1: generation(ID) } }),
		],
		[
			'interpolate',
			create({ operation: 'interpolate', sourceGenerationId: ID, targetGenerationId: SECOND_ID }),
			video({ keyframes: { frame0: generation(ID), frame1: generation(SECOND_ID) } }),
		],
		[
			'interpolate in full',
			create(
				{
					operation: 'interpolate',
					sourceGenerationId: ID,
					targetGenerationId: SECOND_ID,
					resolution: '540p',
					cameraMotion: 'camera push in',
					callback,
				},
				'ray-flash-2',
			),
			video({
				model: 'ray-flash-2',
				prompt: `${PROMPT}, camera push in`,
				resolution: '540p',
				callback_url: HOOK,
				keyframes: { frame0: generation(ID), frame1: generation(SECOND_ID) },
			}),
		],
	])('%s', async (...example) => {
		await expectSame(example);
	});
});

const MODES = [
	'adhere_1',
	'adhere_2',
	'adhere_3',
	'flex_1',
	'flex_2',
	'flex_3',
	'reimagine_1',
	'reimagine_2',
	'reimagine_3',
] as const;

describe('modify', () => {
	const node = (set: RequestFields, model?: string) =>
		create({ operation: 'modify', sourceVideo: SOURCE_VIDEO, prompt: '', mode: 'adhere_1', ...set }, model);
	const sdk = (body: Partial<LumaAI.Generations.VideoModifyParams>) => (client: LumaAI) =>
		client.generations.video.modify({
			generation_type: 'modify_video',
			model: 'ray-2',
			mode: 'adhere_1',
			media: { url: SOURCE_VIDEO },
			...body,
		});

	it('has all modes of the SDK', () => {
		expect(lumaDreamMachine.capabilities.operations.modify?.models.map(({ modes }) => modes)).toEqual([MODES, MODES]);
	});

	it.each<Case>([
		...MODES.map((mode): Case => [mode, node({ mode }), sdk({ mode })]),
		['the faster model', node({}, 'ray-flash-2'), sdk({ model: 'ray-flash-2' })],
		[
			'everything',
			node({ prompt: PROMPT, startImage: START, mode: 'flex_2', callback }),
			sdk({ prompt: PROMPT, first_frame: { url: START }, mode: 'flex_2', callback_url: HOOK }),
		],
	])('%s', async (...example) => {
		await expectSame(example);
	});
});

describe('reframe', () => {
	const node = (set: RequestFields, model?: string) =>
		create({ operation: 'reframe', sourceVideo: SOURCE_VIDEO, prompt: '', aspectRatio: '1:1', ...set }, model);
	const sdk = (body: Partial<LumaAI.Generations.VideoReframeParams>) => (client: LumaAI) =>
		client.generations.video.reframe({
			generation_type: 'reframe_video',
			model: 'ray-2',
			aspect_ratio: '1:1',
			media: { url: SOURCE_VIDEO },
			...body,
		});
	const camelCase = (name: string) => name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
	const grid = {
		grid_position_x: 0,
		grid_position_y: 120,
		resized_width: 1080,
		resized_height: 608,
		x_start: 0,
		x_end: 1080,
		y_start: 120,
		y_end: 728,
	};

	it.each<Case>([
		...RATIOS.map((ratio): Case => [ratio, node({ aspectRatio: ratio }), sdk({ aspect_ratio: ratio })]),
		['the faster model', node({}, 'ray-flash-2'), sdk({ model: 'ray-flash-2' })],
		...Object.entries(grid).map(
			([name, value]): Case => [name, node({ gridPosition: { [camelCase(name)]: value } }), sdk({ [name]: value })],
		),
		[
			'everything',
			node({ prompt: PROMPT, startImage: START, gridPosition: Object.fromEntries(Object.entries(grid).map(([name, value]) => [camelCase(name), value])), callback }),
			sdk({ prompt: PROMPT, first_frame: { url: START }, ...grid, callback_url: HOOK }),
		],
	])('%s', async (...example) => {
		await expectSame(example);
	});
});

describe('upscale and audio', () => {
	const upscale = (set: RequestFields) =>
		create({ operation: 'upscale', sourceGenerationId: ID, prompt: '', ...set }, '');
	const audio = (set: RequestFields) =>
		create({ operation: 'addAudio', sourceGenerationId: ID, prompt: '', ...set }, '');
	// The SDK leaves the type to its caller; the documents name one for each path, and the node sends it.
	const UPSCALE = { generation_type: 'upscale_video' as const };
	const AUDIO = { generation_type: 'add_audio' as const };

	it.each<Case>([
		['upscale', upscale({}), (client) => client.generations.upscale(ID, UPSCALE)],
		...RESOLUTIONS.map(
			(resolution): Case => [
				`upscale to ${resolution}`,
				upscale({ resolution }),
				(client) => client.generations.upscale(ID, { ...UPSCALE, resolution }),
			],
		),
		[
			'upscale with a callback',
			upscale({ resolution: '4k', callback }),
			(client) => client.generations.upscale(ID, { ...UPSCALE, resolution: '4k', callback_url: HOOK }),
		],
		['audio', audio({}), (client) => client.generations.audio(ID, AUDIO)],
		[
			'audio with a prompt',
			audio({ prompt: 'Rain' }),
			(client) => client.generations.audio(ID, { ...AUDIO, prompt: 'Rain' }),
		],
		[
			'audio in full',
			audio({ prompt: 'Rain', negativePrompt: 'Thunder', callback }),
			(client) =>
				client.generations.audio(ID, {
					...AUDIO,
					prompt: 'Rain',
					negative_prompt: 'Thunder',
					callback_url: HOOK,
				}),
		],
	])('%s', async (...example) => {
		await expectSame(example);
	});
});

describe('all that makes no video', () => {
	it.each<Case>([
		['get', lumaDreamMachine.status(ID), (client) => client.generations.get(ID)],
		[
			'list',
			lumaDreamMachine.listing?.call({ limit: 10, cursor: '20' }),
			(client) => client.generations.list({ limit: 10, offset: 20 }),
		],
		['delete', lumaDreamMachine.deletion?.call(ID), (client) => client.generations.delete(ID)],
		['credits', lumaDreamMachine.balance?.call(), (client) => client.credits.get()],
		[
			'concepts',
			lumaDreamMachine.catalogs?.concepts?.call(),
			(client) => client.generations.concepts.list(),
		],
	])('%s', async (...example) => {
		await expectSame(example);
	});
});
