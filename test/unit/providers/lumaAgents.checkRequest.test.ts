/** What only Luma Agents has: aspect ratios that follow from the images, keyframes, and sources of edits. */
import { expect, it } from '@jest/globals';
import { InputFile } from '../../../nodes/LumaVideo/generation/check';
import { checkRequest } from '../../../nodes/LumaVideo/generation/checkRequest';
import { lumaAgents } from '../../../nodes/LumaVideo/providers/lumaAgents';
import type { VideoOperation } from '../../../nodes/LumaVideo/providers/provider';
import { inEach } from '../cells';
import { END, START } from './support';

const PUBLIC = { allowLocalAddresses: false };
const PLACE = { name: 'a.mp4', mimeType: 'video/mp4', size: 5 };
const agents = (set: Record<string, unknown>, operation: VideoOperation = 'generate') =>
	checkRequest(lumaAgents, { model: 'ray-3.2', prompt: 'a cat', ...set }, PUBLIC, operation);
const asked = (...subject: Parameters<typeof agents>) => {
	const result = agents(...subject);
	if (!result.ok) throw new Error(result.findings.join(' '));
	return result.request;
};

it.each<[string, Record<string, unknown>, string | null]>([
	['text to video, Auto', { aspectRatio: 'auto' }, '16:9'],
	['text to video, nothing chosen', {}, '16:9'],
	['text to video, empty', { aspectRatio: ' ' }, '16:9'],
	['a start image, Auto', { aspectRatio: 'auto', startImage: START }, null],
	['an end image, Auto', { aspectRatio: 'auto', endImage: END }, null],
	['keyframes, Auto', { aspectRatio: 'auto', keyframes: { keyframe: [{ image: START, index: 3 }] } }, null],
	['a start image and a choice', { aspectRatio: '1:1', startImage: START }, '1:1'],
])('aspect ratio: %s', (_, set, expected) => {
	expect(asked(set).aspectRatio).toBe(expected);
});

it.each<[string, unknown, string, string]>([
	['nothing', {}, 'image', 'is empty'],
	['null', null, 'image', 'is empty'],
	['a text', 'x', 'image', 'is empty'],
	['an empty address', { image: '', index: 5 }, 'image', 'is empty'],
	['a blank address', { image: ' \n', index: 5 }, 'image', 'is empty'],
	['an object as its image', { image: {}, index: 5 }, 'image', 'must be a web address, but it is an object'],
	['no frame', { image: START }, 'frame', 'must be a number, but it is not set'],
	['a word as its frame', { image: START, index: 'last' }, 'frame', 'must be a number, but it is text'],
	['no address', { image: 'a.png', index: 5 }, 'image', 'must be a web address beginning with https:// or http://'],
	['a private address', { image: 'http://minio/a.png', index: 5 }, 'image', 'is at minio, which the provider cannot reach; use a public web address'],
])('says which keyframe has %s', (_, entry, name, finding) => {
	const keyframe = [{ image: START, index: 0 }, entry];
	expect(agents({ keyframes: { keyframe } })).toEqual({ ok: false, findings: [`'Keyframes': the ${name} of keyframe 2 ${finding}`] });
});

it('sends the addresses of keyframes without what surrounds them', () => {
	expect(asked({ keyframes: { keyframe: [{ image: ` ${START}\n`, index: '24' }] } }).keyframes).toEqual([
		{ image: { kind: 'url', url: START }, index: 24 },
	]);
});

it.each([
	['modify', { generationId: '' }, "'Generation ID' is empty"],
	['reframe', { generationId: ' ' }, "'Generation ID' is empty"],
	['modify', { sourceVideo: '' }, "'Video URL' is empty"],
	['extend', {}, "'Generation ID' is empty"],
] as const)('%s without what it works on names the field: %j', (operation, set, finding) => {
	expect(agents(set, operation)).toEqual({ ok: false, findings: [finding] });
});

it.each([
	'https://drive.google.com/uc?export=download&id=1AbC',
	'https://drive.google.com/uc/file',
	'https://www.dropbox.com/scl/fi/abc/kite.jpg?rlkey=x&raw=1',
	'https://www.dropbox.com/scl/fi/abc/kite.jpg?rlkey=x&dl=1',
])(
	'takes the address of the file behind a sharing page: %s',
	(startImage) => {
		expect(asked({ startImage }).startImage).toEqual({ kind: 'url', url: startImage });
	},
);

const FILE = { sourceVideo: new InputFile('filesystem-v2:1', PLACE), sourceLength: 7.5 };

it.each(['modify', 'reframe'] as const)('%s takes a file, and a length for the estimate', (operation) => {
	expect(asked(FILE, operation)).toMatchObject({
		source: { kind: 'file', id: 'filesystem-v2:1', ...PLACE },
		sourceLength: 7.5,
	});
	expect(agents({ ...FILE, sourceLength: 31 }, operation)).toMatchObject({
		findings: [expect.stringContaining("'Source Length (Seconds)' must be above 0 and at most")],
	});
	expect(agents({ ...FILE, sourceVideo: { kind: 'file', id: 'x' } }, operation)).toMatchObject({
		findings: ["'Video URL' must be text, but it is an object"],
	});
});

it('modify has controls only when there are some', () => {
	inEach(['{}', ' ', {}, null], (editControls) => {
		expect(asked({ ...FILE, editControls }, 'modify').editControls).toBeNull();
	});
});
