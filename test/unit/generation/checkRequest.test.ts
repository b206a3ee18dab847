import { describe, expect, it } from '@jest/globals';
import { FIELD_NAMES, InputFile } from '../../../nodes/LumaVideo/generation/check';
import { checkRequest } from '../../../nodes/LumaVideo/generation/checkRequest';
import { providerIds, providers } from '../../../nodes/LumaVideo/providers';
import type { ExtraField } from '../../../nodes/LumaVideo/providers/extras';
import { operationCapabilities } from '../../../nodes/LumaVideo/providers/provider';
import type {
	AspectRatio,
	Duration,
	ImageReference,
	ModelCapabilities,
	Provider,
	Resolution,
	VideoOperation,
	VideoRequest,
} from '../../../nodes/LumaVideo/providers/provider';
import { inEach } from '../cells';
import { END, HOOK, START, request } from '../providers/support';

const { crazyrouter, lumaAgents, lumaDreamMachine, pixazo, pixwith } = providers;
const PUBLIC = { allowLocalAddresses: false };

/** Field values that the model accepts, with the given ones in place of them. */
function input(model: ModelCapabilities, set: Record<string, unknown> = {}): Record<string, unknown> {
	const startImage = model.frames.includes('none') ? null : START;
	return { model: model.value, prompt: 'A red kite over the sea', startImage, ...set };
}

function firstModel(provider: Provider): ModelCapabilities {
	const [model] = provider.capabilities.models;
	if (!model) throw new Error('no model');
	return model;
}

/** All findings for the first model of a provider. */
function findings(provider: Provider, set: Record<string, unknown>, options = PUBLIC): string[] {
	const result = checkRequest(provider, input(firstModel(provider), set), options);
	return result.ok ? [] : result.findings;
}

function requestOf(provider: Provider, set: Record<string, unknown>, options = PUBLIC): VideoRequest {
	const result = checkRequest(provider, input(firstModel(provider), set), options);
	if (!result.ok) throw new Error(result.findings.join('; '));
	return result.request;
}

const eachModel = providerIds.flatMap((id) =>
	providers[id].capabilities.models.map((model): [string, Provider, ModelCapabilities] => [
		`${model.name} at ${providers[id].displayName}`,
		providers[id],
		model,
	]),
);

describe('what is accepted', () => {
	it('a request with nothing but a prompt leaves everything else open', () => {
		expect(requestOf(lumaDreamMachine, {})).toEqual(request('ray-2'));
	});

	it('unset fields may be absent, null, empty or blank', () => {
		for (const nothing of [undefined, null, '', '   ', '\n']) {
			const set = Object.fromEntries(
				['startImage', 'endImage', 'aspectRatio', 'resolution', 'duration', 'cameraMotion', 'modelId', 'callbackUrl'].map(
					(name) => [name, nothing],
				),
			);
			expect(requestOf(lumaDreamMachine, set)).toEqual(request('ray-2'));
		}
		for (const nothing of [undefined, null]) {
			const names = ['loop', 'concepts', 'expandPrompt', 'promptOptimization', 'additionalBodyFields'];
			expect(requestOf(lumaDreamMachine, Object.fromEntries(names.map((name) => [name, nothing])))).toEqual(
				request('ray-2'),
			);
		}
	});

	it('all fields of a model together', () => {
		expect(
			requestOf(lumaDreamMachine, {
				startImage: START,
				endImage: END,
				aspectRatio: '21:9',
				resolution: '4k',
				duration: '9s',
				loop: false,
				cameraMotion: 'camera orbit left',
				concepts: ['pov', 'handheld'],
				additionalBodyFields: '{"seed": 7}',
				callbackUrl: HOOK,
			}),
		).toEqual(
			request('ray-2', {
				startImage: START,
				endImage: END,
				aspectRatio: '21:9',
				resolution: '4k',
				duration: '9s',
				cameraMotion: 'camera orbit left',
				concepts: ['pov', 'handheld'],
				additionalBodyFields: { seed: 7 },
				callback: { url: HOOK, mode: 'terminal' },
			}),
		);
	});

	it('white space around a value does not count', () => {
		expect(
			requestOf(lumaDreamMachine, {
				prompt: '\n A cat \n',
				startImage: ` ${START}\n`,
				duration: ' 5s ',
				concepts: [' pov ', '', '  '],
				callbackUrl: `${HOOK} `,
			}),
		).toMatchObject({
			prompt: 'A cat',
			startImage: { kind: 'url', url: START },
			duration: '5s',
			concepts: ['pov'],
			callback: { url: HOOK },
		});
	});

	it('a concept that is named twice goes out once', () => {
		expect(requestOf(lumaDreamMachine, { concepts: ['pov', 'static', 'pov'] }).concepts).toEqual(['pov', 'static']);
	});

	it('false is a choice of its own where a field has a default at the provider', () => {
		expect(requestOf(crazyrouter, { expandPrompt: false }).expandPrompt).toBe(false);
		expect(requestOf(crazyrouter, {}).expandPrompt).toBeNull();
		expect(requestOf(pixwith, { promptOptimization: false }).promptOptimization).toBe(false);
	});

	it('an image file of n8n, which no expression can make', () => {
		const file = { name: 'a.png', mimeType: 'image/png', size: 5 };
		const reference: ImageReference = { kind: 'file', id: 'filesystem-v2:1', ...file };
		expect(requestOf(lumaDreamMachine, { startImage: new InputFile(reference.id, file), endImage: END })).toEqual(
			request('ray-2', { startImage: reference, endImage: END }),
		);
		expect(findings(lumaDreamMachine, { startImage: reference })).toEqual([
			"'Start Image' must be text, but it is an object",
		]);
	});

	it('fields that no request knows are passed over', () => {
		expect(requestOf(lumaDreamMachine, { somethingElse: 7, __proto__: { loop: true } })).toEqual(request('ray-2'));
	});
});

describe('bad input', () => {
	it.each<[string, Provider, Record<string, unknown>, string]>([
		['an empty prompt', lumaDreamMachine, { prompt: '' }, "'Prompt' is empty"],
		['a blank prompt', pixazo, { prompt: ' \n\t ' }, "'Prompt' is empty"],
		['a prompt of null', crazyrouter, { prompt: null }, "'Prompt' is empty"],
		['no prompt', pixwith, { prompt: undefined }, "'Prompt' is empty"],
		['an empty prompt with an image where the image is not enough', pixwith, { prompt: '', startImage: START }, "'Prompt' is empty"],
		['a prompt of 2 characters', lumaDreamMachine, { prompt: 'ab' }, "'Prompt' is too short: 2 characters (minimum 3)"],
		[
			'a prompt of 5,001 characters',
			lumaDreamMachine,
			{ prompt: 'x'.repeat(5001) },
			"'Prompt' is too long: 5001 characters (maximum 5000)",
		],
		[
			'an image that is no URL',
			lumaDreamMachine,
			{ startImage: 'kite.jpg' },
			"'Start Image' must be a web address beginning with https:// or http://",
		],
		[
			'a page of Google Drive',
			lumaDreamMachine,
			{ startImage: 'https://drive.google.com/file/d/1AbC/view?usp=sharing' },
			"'Start Image' is a Google Drive page, not a file; download the file with n8n's Google Drive node and use Input Data",
		],
		[
			'a page of Dropbox',
			lumaDreamMachine,
			{ startImage: 'https://www.dropbox.com/scl/fi/abc/kite.jpg?rlkey=x&dl=0' },
			"'Start Image' is a Dropbox page, not a file; replace dl=0 at its end with raw=1",
		],
		[
			'an image in a file',
			lumaDreamMachine,
			{ startImage: 'file:///home/me/kite.jpg' },
			"'Start Image' must be a web address beginning with https:// or http://",
		],
		[
			'an image without a host',
			lumaDreamMachine,
			{ endImage: 'https:///kite.jpg' },
			"'End Image' must be a web address beginning with https:// or http://",
		],
		[
			'an image as data',
			pixazo,
			{ startImage: 'data:image/png;base64,iVBORw0KGgo=' },
			"'Start Image' must be a web address beginning with https:// or http://",
		],
		[
			'an image by FTP',
			pixazo,
			{ startImage: 'ftp://e.example/a.png' },
			"'Start Image' must be a web address beginning with https:// or http://",
		],
		[
			'an image at home',
			pixazo,
			{ startImage: 'http://192.168.1.20/kite.jpg' },
			"'Start Image' is at 192.168.1.20, which the provider cannot reach; use a public web address",
		],
		[
			'an image on this machine',
			lumaDreamMachine,
			{ endImage: 'http://localhost:5678/kite.jpg' },
			"'End Image' is at localhost, which the provider cannot reach; use a public web address",
		],
		[
			'a loop with an end image',
			lumaDreamMachine,
			{ loop: true, endImage: END },
			"'Loop' cannot be combined with 'End Image' for Ray 2 at Luma Dream Machine; use one of the two",
		],
		[
			'a loop where there is none',
			crazyrouter,
			{ loop: true },
			"'Loop' is not available for Ray 2 at CrazyRouter; switch it off",
		],
		[
			'4k on Pixwith',
			pixwith,
			{ resolution: '4k' },
			"'Resolution' cannot be 4k for Ray 2 at Pixwith.ai. Allowed: 540p, 720p",
		],
		[
			'1:1 on Pixazo',
			pixazo,
			{ aspectRatio: '1:1' },
			"'Aspect Ratio' cannot be 1:1 for Ray 2 Flash at Pixazo. Allowed: 16:9, 9:16, 4:3, 3:4, 21:9, 9:21",
		],
		[
			'text to video on Pixazo',
			pixazo,
			{ startImage: '' },
			"'Start Image' is empty, but Ray 2 Flash at Pixazo only generates videos from images",
		],
		[
			'an end image alone on Pixazo',
			pixazo,
			{ startImage: null, endImage: END },
			"'End Image' needs 'Start Image' for Ray 2 Flash at Pixazo",
		],
		[
			'an end image alone on CrazyRouter',
			crazyrouter,
			{ endImage: END },
			"'End Image' needs 'Start Image' for Ray 2 at CrazyRouter",
		],
		[
			'an aspect ratio where none can be chosen',
			crazyrouter,
			{ aspectRatio: '16:9' },
			"'Aspect Ratio' is not available for Ray 2 at CrazyRouter; leave it out",
		],
		[
			'a duration as the provider writes it',
			pixwith,
			{ duration: '5' },
			"'Duration' cannot be 5 for Ray 2 at Pixwith.ai. Allowed: 5s, 9s",
		],
		[
			"another provider's model",
			pixazo,
			{ model: 'ray-2' },
			"'Model' cannot be ray-2 for Pixazo. Allowed: ray-2-flash, ray-3.2",
		],
		['no model', pixazo, { model: '' }, "'Model' cannot be empty for Pixazo. Allowed: ray-2-flash, ray-3.2"],
	])('%s', (_, provider, set, finding) => {
		expect(findings(provider, set)).toEqual([finding]);
	});

	it('names the first of two generations as the panel does', () => {
		const input = { model: 'ray-2', prompt: 'Day to night', generationId: '', targetGenerationId: '' };
		expect(checkRequest(lumaDreamMachine, input, { allowLocalAddresses: false }, 'interpolate')).toEqual({
			ok: false,
			findings: ["'First Generation ID' is empty", "'Second Generation ID' is empty"],
		});
	});

	it('is all reported at once', () => {
		expect(findings(pixazo, { prompt: '', startImage: 'x', aspectRatio: '1:1', resolution: '4k', callbackUrl: 'y' })).toEqual([
			"'Start Image' must be a web address beginning with https:// or http://",
			"'Aspect Ratio' cannot be 1:1 for Ray 2 Flash at Pixazo. Allowed: 16:9, 9:16, 4:3, 3:4, 21:9, 9:21",
			"'Resolution' cannot be 4k for Ray 2 Flash at Pixazo. Allowed: 540p, 720p, 1080p",
			"'Prompt' is empty",
			"'Callback URL' must be a web address beginning with https:// or http://",
		]);
	});

	it('never throws: each finding begins with the name of a field', () => {
		const values = [undefined, null, '', ' ', 'x', 7, Number.NaN, true, [], [7], {}, { a: 1 }, new Date(0), Symbol('s'), 10n];
		const found = new Set<string>();
		for (const provider of Object.values(providers)) {
			for (const name of Object.keys(FIELD_NAMES)) {
				for (const value of values) {
					const result = checkRequest(provider, input(firstModel(provider), { [name]: value }), PUBLIC);
					if (result.ok) continue;
					for (const finding of result.findings) found.add(finding);
					if (result.findings.length === 0) found.add('nothing');
				}
			}
		}
		const asked = new Set([...found].map((finding) => /^'([^']+)'(?:: keyframe \d+)? \S/.exec(finding)?.[1] ?? `none in: ${finding}`));
		expect([...asked].filter((name) => !Object.values<string>(FIELD_NAMES).includes(name))).toEqual([]);
		expect(asked.size).toBeGreaterThan(10);
	});
});

describe('the number of characters of a prompt', () => {
	const kite = '🪁';

	it.each([
		['3 letters', 'cat', []],
		['5000 letters', 'x'.repeat(5000), []],
		['3 symbols that take two units each', kite.repeat(3), []],
		['5000 symbols that take two units each', kite.repeat(5000), []],
		['2 symbols that take two units each', kite.repeat(2), ["'Prompt' is too short: 2 characters (minimum 3)"]],
		['5001 symbols', kite.repeat(5001), ["'Prompt' is too long: 5001 characters (maximum 5000)"]],
		['3 letters and much white space', `   cat${' '.repeat(6000)}`, []],
	])('of %s', (_, prompt, expected) => {
		expect(findings(lumaDreamMachine, { prompt })).toEqual(expected);
	});

	it('counts what is sent: the camera motion is part of it', () => {
		expect(findings(lumaDreamMachine, { prompt: 'x'.repeat(4990), cameraMotion: 'pan left' })).toEqual([]);
		expect(findings(lumaDreamMachine, { prompt: 'x'.repeat(4991), cameraMotion: 'pan left' })).toEqual([
			"'Prompt' is too long: 5001 characters (maximum 5000)",
		]);
		expect(findings(lumaDreamMachine, { prompt: 'ab', cameraMotion: 'pan left' })).toEqual([]);
	});

	it('of a camera motion without a prompt counts too, since it is sent', () => {
		expect(findings(lumaDreamMachine, { prompt: '', startImage: START, cameraMotion: 'up' })).toEqual([
			"'Prompt' is too short: 2 characters (minimum 3)",
		]);
		expect(findings(lumaDreamMachine, { prompt: '', startImage: START, cameraMotion: 'pan left' })).toEqual([]);
	});

	it('does not matter where the provider names no limit', () => {
		for (const provider of [pixazo, pixwith, crazyrouter]) {
			expect(findings(provider, { prompt: 'a' })).toEqual([]);
			expect(findings(provider, { prompt: 'x'.repeat(20_000) })).toEqual([]);
		}
	});

	it('may be none with an image where the provider allows that', () => {
		for (const set of [{ startImage: START }, { endImage: END }, { startImage: START, endImage: END }]) {
			expect(requestOf(lumaDreamMachine, { prompt: '', ...set }).prompt).toBe('');
		}
	});
});

const ASPECT_RATIOS: AspectRatio[] = ['1:1', '16:9', '9:16', '4:3', '3:4', '21:9', '9:21'];
const RESOLUTIONS: Resolution[] = ['540p', '720p', '1080p', '4k'];
const DURATIONS: Duration[] = ['5s', '9s'];
const EXTRAS: Record<ExtraField, unknown> = {
	callbackMode: 'progress',
	cameraMotion: 'camera orbit left',
	concepts: ['pov'],
	expandPrompt: true,
	modelId: '2-4',
	promptOptimization: true,
	autoControls: true,
	editControls: '{"depth": {"blur": 0.5}}',
	exrExport: true,
	gridPosition: { position: { gridPositionX: 1 } },
	hdr: true,
	keyframes: { keyframe: [{ image: START, index: 0 }] },
	negativePrompt: 'speech',
	sourceLength: 7.5,
	sourcePosition: { position: { x: 0, y: 0, width: 1, height: 1 } },
	userId: 'customer-42',
};

describe('with every model of every provider', () => {
	type Cell = (typeof eachModel)[number];
	const check = ([, provider, model]: Cell, set: Record<string, unknown>): string[] => {
		const result = checkRequest(provider, input(model, set), PUBLIC);
		return result.ok ? [] : result.findings;
	};

	it.each<['aspectRatio' | 'resolution' | 'duration', readonly string[], (model: ModelCapabilities) => readonly string[]]>([
		['aspectRatio', [...ASPECT_RATIOS, '2:1', '16x9', 'auto'], ({ autoAspectRatio, aspectRatios }) => [...(autoAspectRatio ? ['auto'] : []), ...aspectRatios]],
		['resolution', [...RESOLUTIONS, '360p', '720', '4K'], ({ resolutions }) => resolutions],
		['duration', [...DURATIONS, '10s', '5'], ({ durations }) => durations],
	])('takes of %s what the table says and nothing else', (field, candidates, allowedBy) => {
		inEach(eachModel, (cell) => {
			const [where, , model] = cell;
			const allowed = allowedBy(model);
			const refusal = (value: string): string =>
				allowed.length === 0
					? `'${FIELD_NAMES[field]}' is not available for ${where}; leave it out`
					: `'${FIELD_NAMES[field]}' cannot be ${value} for ${where}. Allowed: ${allowed.join(', ')}`;
			const expected = candidates.map((value) => (allowed.includes(value) ? [] : [refusal(value)]));
			expect(candidates.map((value) => check(cell, { [field]: value }))).toEqual(expected);
		});
	});

	it('takes the images that the table says and no others', () => {
		inEach(eachModel, (cell) => {
			const [where, , { frames }] = cell;
			expect([
				check(cell, { startImage: null }),
				check(cell, { startImage: START }),
				check(cell, { startImage: null, endImage: END }),
				check(cell, { startImage: START, endImage: END }),
			]).toEqual([
				frames.includes('none') ? [] : [`'Start Image' is empty, but ${where} only generates videos from images`],
				frames.includes('start') ? [] : [`'Start Image' is not available for ${where}`],
				frames.includes('end') ? [] : [`'End Image' needs 'Start Image' for ${where}`],
				frames.includes('startAndEnd') ? [] : [`'Start Image' cannot be combined with 'End Image' for ${where}; use one of the two`],
			]);
		});
	});

	it('loops as the table says', () => {
		inEach(eachModel, (cell) => {
			const [where, , { loop }] = cell;
			expect(check(cell, { loop: true })).toEqual(loop === 'never' ? [`'Loop' is not available for ${where}; switch it off`] : []);
		});
	});

	it('loops between two images as the table says', () => {
		const withTwoImages = eachModel.filter(([, , { frames }]) => frames.includes('startAndEnd'));
		inEach(withTwoImages, (cell) => {
			const [where, , { loop }] = cell;
			const refusals = {
				never: [`'Loop' is not available for ${where}; switch it off`],
				withoutEndImage: [`'Loop' cannot be combined with 'End Image' for ${where}; use one of the two`],
				always: [],
			};
			expect(check(cell, { loop: true, startImage: START, endImage: END })).toEqual(refusals[loop]);
			expect(check(cell, { loop: false, startImage: START, endImage: END })).toEqual([]);
		});
	});

	it.each(Object.entries(EXTRAS) as Array<[ExtraField, unknown]>)('has %s as the table says', (field, value) => {
		inEach(eachModel, (cell) => {
			const [where, provider, model] = cell;
			const has = field in provider.capabilities.extras && !model.lacks?.includes(field);
			// EXR files are made of HDR videos only.
			const hdr = field === 'exrExport' && has && 'hdr' in provider.capabilities.extras;
			// HDR is not made in the lowest resolutions.
			const resolution = (hdr || field === 'hdr') && has ? { resolution: '720p' } : {};
			expect(check(cell, { [field]: value, ...(hdr ? { hdr } : {}), ...resolution })).toEqual(
				has
					? []
					: [`'${FIELD_NAMES[field]}' is not available for ${where}; leave it out`],
			);
		});
	});

	it('takes a switch that is off, whether the provider has it or not', () => {
		inEach(eachModel, (cell) => {
			expect(check(cell, { expandPrompt: false, promptOptimization: false, hdr: false })).toEqual([]);
		});
	});

	it('accepts the values that the panel has by default', () => {
		inEach(eachModel, (cell) => {
			const { aspectRatio, duration, resolution } = cell[2].defaults;
			expect(check(cell, { aspectRatio, duration, resolution, loop: false })).toEqual([]);
		});
	});
});

describe('what an expression yields as text', () => {
	it.each([
		['true', true],
		[' FALSE ', false],
		[1, true],
		['0', false],
		['', false],
	])('is the switch that it clearly is: %j', (value, loop) => {
		expect(requestOf(lumaDreamMachine, { loop: value }).loop).toBe(loop);
	});

	it('is the number that it clearly is', () => {
		const set = { model: 'ray-2', sourceVideo: 'https://videos.example/a.mp4', gridPosition: { position: { xStart: ' 12 ', xEnd: '' } } };
		expect(checkRequest(lumaDreamMachine, set, PUBLIC, 'reframe')).toMatchObject({ ok: true, request: { gridPosition: { xStart: 12 } } });
	});
});

describe('an address', () => {
	it.each([
		['https://images.example/a b.png', 'https://images.example/a%20b.png'],
		['https://images.example/a%20b%C3%B6.png?x=1%2C2', 'https://images.example/a%20b%C3%B6.png?x=1%2C2'],
		['https://images.example/Übung/猫.png?q=grün und blau#a', 'https://images.example/%C3%9Cbung/%E7%8C%AB.png?q=gr%C3%BCn%20und%20blau#a'],
		['https://bücher.example/a.png', 'https://xn--bcher-kva.example/a.png'],
		['https://images.example/100%.png', 'https://images.example/100%.png'],
	])('of an image or a callback is encoded once: %s', (address, sent) => {
		const keyframes = { keyframe: [{ image: address, index: 0 }] };
		expect(requestOf(lumaDreamMachine, { startImage: address, callbackUrl: address })).toMatchObject({
			startImage: { url: sent },
			callback: { url: sent },
		});
		expect(requestOf(lumaAgents, { keyframes }).keyframes).toEqual([{ image: { kind: 'url', url: sent }, index: 0 }]);
		const work = { model: 'ray-3.2', prompt: 'a cat', sourceVideo: address };
		expect(checkRequest(lumaAgents, work, PUBLIC, 'modify')).toMatchObject({ request: { source: { url: sent } } });
	});
});

describe('a value of the wrong type, as an expression can yield it', () => {
	const TEXTS = [
		'prompt',
		'startImage',
		'endImage',
		'aspectRatio',
		'resolution',
		'duration',
		'cameraMotion',
		'modelId',
		'callbackUrl',
	] as const;

	it.each<[unknown, string]>([
		[7, 'a number'],
		[Number.NaN, 'NaN'],
		[{ url: START }, 'an object'],
		[new Date(0), 'an object'],
		[['a'], 'a list'],
		[true, 'a boolean'],
	])('of a text is named with what it is: %p', (value, kind) => {
		inEach(TEXTS, (field) => {
			expect(findings(lumaDreamMachine, { [field]: value })).toEqual([`'${FIELD_NAMES[field]}' must be text, but it is ${kind}`]);
		});
	});

	it('of a text that need not be set does not matter when it is null', () => {
		inEach(TEXTS.filter((field) => field !== 'prompt'), (field) => {
			expect(findings(lumaDreamMachine, { [field]: null })).toEqual([]);
		});
	});

	it.each([
		[7, 'a number'],
		[null, 'null'],
		[undefined, 'not set'],
		[['ray-2'], 'a list'],
		[{}, 'an object'],
	])('of the model: %p', (value, kind) => {
		expect(findings(lumaDreamMachine, { model: value })).toEqual([`'Model' must be text, but it is ${kind}`]);
	});

	it.each(['loop', 'expandPrompt', 'promptOptimization'] as const)('of %s is named with what it is', (field) => {
		const provider = field === 'promptOptimization' ? pixwith : field === 'expandPrompt' ? crazyrouter : lumaDreamMachine;
		const name = FIELD_NAMES[field];
		for (const [value, kind] of [
			['yes', 'text'],
			[2, 'a number'],
			[Number.NaN, 'NaN'],
			[[], 'a list'],
			[{}, 'an object'],
		] as const) {
			expect(findings(provider, { [field]: value })).toEqual([`'${name}' must be true or false, but it is ${kind}`]);
		}
	});

	it.each([
		['pov', 'it is text'],
		[7, 'it is a number'],
		[{ key: 'pov' }, 'it is an object'],
		[[7], 'it contains a number'],
		[['pov', null], 'it contains null'],
		[[{ key: 'pov' }], 'it contains an object'],
	])('of the concepts: %j', (value, is) => {
		expect(findings(lumaDreamMachine, { concepts: value })).toEqual([
			`'Concept Names or IDs' must be a list of texts, but ${is}`,
		]);
	});

	it.each<[Provider, VideoOperation, string, unknown, string]>([
		[lumaAgents, 'generate', 'keyframes', { keyframe: { image: START, index: 0 } }, "'Keyframes' must be a list of images, each with the number of its frame, but it is an object"],
		[lumaAgents, 'generate', 'keyframes', START, "'Keyframes' must be a list of images, each with the number of its frame, but it is text"],
		[lumaDreamMachine, 'reframe', 'gridPosition', { position: { xStart: 'left' } }, "'Source Position' must be numbers, but it contains text"],
		[lumaDreamMachine, 'reframe', 'gridPosition', { position: [] }, "'Source Position' must be numbers, but it is a list"],
		[lumaAgents, 'reframe', 'sourcePosition', { position: { x: 0, y: 0, width: 1 } }, "'Source Position on Canvas' must be numbers, but one of them is not set"],
		[lumaAgents, 'reframe', 'sourceLength', 'long', "'Source Length (Seconds)' must be a number, but it is text"],
	])('inside of a collection: %#', (provider, operation, field, value, finding) => {
		const model = operationCapabilities(provider, operation)?.models[0]?.value;
		const set = { model, prompt: 'a cat', sourceVideo: 'https://videos.example/a.mp4', [field]: value };
		expect(checkRequest(provider, set, PUBLIC, operation)).toEqual({ ok: false, findings: [finding] });
	});

	it('is named once for each field', () => {
		expect(findings(lumaDreamMachine, { prompt: 7, loop: 'yes', concepts: [1, 2, 3] })).toEqual([
			"'Prompt' must be text, but it is a number",
			"'Loop' must be true or false, but it is text",
			"'Concept Names or IDs' must be a list of texts, but it contains a number",
		]);
	});
});

describe('additional body fields', () => {
	it.each<[string, unknown, Record<string, unknown>]>([
		['text with an object', '{"seed": 7, "nested": {"a": [1, null]}}', { seed: 7, nested: { a: [1, null] } }],
		['text with an empty object', '{}', {}],
		['an object', { seed: 7 }, { seed: 7 }],
		['nothing', '', {}],
		['white space', ' \n', {}],
		['null', null, {}],
	])('can be %s', (_, value, expected) => {
		expect(requestOf(lumaDreamMachine, { additionalBodyFields: value }).additionalBodyFields).toEqual(expected);
	});

	it.each<[string, unknown, string]>([
		['broken JSON', '{"seed": 7', 'is not valid JSON'],
		['a word', 'seed', 'is not valid JSON'],
		['an expression that was not evaluated', '{{ $json }}', 'is not valid JSON'],
		['text with a list', '[1]', 'must be a JSON object'],
		['text with a number', '7', 'must be a JSON object'],
		['text with null', 'null', 'must be a JSON object'],
		['text with a text', '"seed"', 'must be a JSON object'],
		['a list', [1], 'must be a JSON object, but it is a list'],
		['a number', 7, 'must be a JSON object, but it is a number'],
		['true', true, 'must be a JSON object, but it is a boolean'],
	])('cannot be %s', (_, value, finding) => {
		expect(findings(lumaDreamMachine, { additionalBodyFields: value })).toEqual([`'Additional Body Fields' ${finding}`]);
	});
});

describe('the address for callbacks', () => {
	const SETTING = 'Set N8N_WEBHOOK_URL (in older n8n WEBHOOK_URL) to the public address of n8n';

	it.each<[string, Provider, string, string]>([
		['at a provider without callbacks', pixwith, HOOK, 'must be the URL of a Luma Video Trigger: Pixwith.ai calls no other address'],
		['that is no address', crazyrouter, 'n8n.example/hook', 'must be a web address beginning with https:// or http://'],
		['of another kind', crazyrouter, 'wss://n8n.example/hook', 'must be a web address beginning with https:// or http://'],
		[
			'on this machine',
			lumaDreamMachine,
			'http://localhost:5678/webhook/x',
			`is at localhost, which Luma Dream Machine cannot reach. ${SETTING}`,
		],
		[
			'in a private network',
			pixazo,
			'https://10.0.0.5/webhook/x',
			`is at 10.0.0.5, which Pixazo cannot reach. ${SETTING}`,
		],
		[
			'by the name of a container',
			crazyrouter,
			'http://n8n:5678/webhook/x',
			`is at n8n, which CrazyRouter cannot reach. ${SETTING}`,
		],
		[
			'that listens for a test only',
			lumaDreamMachine,
			'https://n8n.example/webhook-test/x',
			'is a test URL, which stops listening before the video is finished; use the production URL',
		],
		[
			'without encryption where that is refused',
			pixazo,
			'http://n8n.example/webhook/x',
			`must begin with https:// for Pixazo. ${SETTING}`,
		],
	])('%s', (_, provider, callbackUrl, finding) => {
		expect(findings(provider, { callbackUrl })).toEqual([`'Callback URL' ${finding}`]);
	});

	describe('as Trigger URL', () => {
		const TRIGGER = 'https://n8n.example/webhook/7f/luma-video?sku=MUG';

		it.each([lumaDreamMachine, pixazo, crazyrouter, pixwith, lumaAgents])('is there for every provider', (provider) => {
			expect(requestOf(provider, { triggerUrl: ` ${TRIGGER}` }).callback).toEqual({ url: TRIGGER, mode: 'terminal' });
		});

		it('is refused where it is no trigger, and beside another address', () => {
			expect(findings(crazyrouter, { triggerUrl: HOOK })).toEqual([
				"'Trigger URL' must be the URL of a Luma Video Trigger, which ends in /luma-video",
			]);
			expect(findings(crazyrouter, { triggerUrl: TRIGGER, callbackUrl: HOOK })).toEqual([
				"'Callback URL' must be empty when 'Trigger URL' is set: only one address can be called",
			]);
		});
	});

	it.each([lumaDreamMachine, crazyrouter])('may be without encryption where that is accepted', (provider) => {
		expect(requestOf(provider, { callbackUrl: 'http://n8n.example/webhook/x' }).callback).toEqual({
			url: 'http://n8n.example/webhook/x',
			mode: 'terminal',
		});
	});

	it('and the images may be private where the provider is', () => {
		const local = { allowLocalAddresses: true };
		expect(
			requestOf(pixazo, { callbackUrl: 'http://127.0.0.1:5678/webhook-test/x', startImage: 'http://minio:9000/a.png' }, local),
		).toMatchObject({ callback: { url: 'http://127.0.0.1:5678/webhook-test/x' }, startImage: { url: 'http://minio:9000/a.png' } });
		expect(findings(pixazo, { startImage: 'minio:9000/a.png' }, local)).toHaveLength(1);
		expect(findings(pixwith, { callbackUrl: 'http://127.0.0.1/' }, local)).toHaveLength(1);
	});

	it.each([
		['terminal', 'terminal'],
		['progress', 'progress'],
		['', 'terminal'],
		[null, 'terminal'],
		['often', 'terminal'],
	])('is called as the mode %p says: %s', (callbackMode, mode) => {
		expect(requestOf(pixazo, { callbackUrl: HOOK, callbackMode }).callback).toEqual({ url: HOOK, mode });
	});
});
