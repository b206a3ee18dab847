import { expect, it } from '@jest/globals';
import type { ImageReference, SourceReference } from '../../../nodes/LumaVideo/providers/provider';
import { generationIdOf, imageText, videoUrlOf } from '../../../nodes/LumaVideo/providers/reference';

it.each<[ImageReference, string]>([
	[{ kind: 'url', url: 'https://images.example/a.png?b=c' }, 'https://images.example/a.png?b=c'],
	[{ kind: 'data', mimeType: 'image/png', base64: 'iVBORw0KGgo=' }, 'data:image/png;base64,iVBORw0KGgo='],
	[{ kind: 'fileId', fileId: '182bd5e5' }, '182bd5e5'],
	[
		{ kind: 'file', id: 'filesystem-v2:1', name: 'a.png', mimeType: 'image/png', size: 5 },
		'<address of a.png>',
	],
])('writes the image %j as %s', (image, text) => {
	expect(imageText(image)).toBe(text);
});

it.each<[SourceReference | null, string | null, string | null]>([
	[{ kind: 'generation', generationId: 'a' }, 'a', null],
	[{ kind: 'url', url: 'https://media.example/a.mp4' }, null, 'https://media.example/a.mp4'],
	[{ kind: 'fileId', fileId: 'https://media.example/b.mp4' }, null, 'https://media.example/b.mp4'],
	[{ kind: 'data', mimeType: 'video/mp4', base64: 'AAAA' }, null, 'data:video/mp4;base64,AAAA'],
	[null, null, null],
])('reads of the source %j the ID %p and the address %p', (source, generationId, url) => {
	expect([generationIdOf(source), videoUrlOf(source)]).toEqual([generationId, url]);
});
