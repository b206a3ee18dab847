import { expect, it } from '@jest/globals';
import type { ImageReference, SourceReference } from '../../../nodes/LumaVideo/providers/provider';
import { generationIdOf, imageText, videoUrlOf } from '../../../nodes/LumaVideo/providers/reference';

it.each<[ImageReference, string]>([
	[{ kind: 'url', url: 'https://images.example/a.png?b=c' }, 'https://images.example/a.png?b=c'],
	[{ kind: 'data', mimeType: 'image/png', base64: 'iVBORw0KGgo=' }, 'data:image/png;base64,iVBORw0KGgo='],
	[{ kind: 'file', id: 'filesystem-v2:1' }, 'n8n-file:filesystem-v2:1'],
])('writes the image %j as %s', (image, text) => {
	expect(imageText(image)).toBe(text);
});

it.each<[SourceReference | null, string | null, string | null]>([
	[{ kind: 'generation', generationId: 'a' }, 'a', null],
	[{ kind: 'url', url: 'https://media.example/a.mp4' }, null, 'https://media.example/a.mp4'],
	[null, null, null],
])('reads of the source %j the ID %p and the address %p', (source, generationId, url) => {
	expect([generationIdOf(source), videoUrlOf(source)]).toEqual([generationId, url]);
});
