/** Writing references to images, videos and generations: what all providers have in common. Pure. */
import type { ImageReference, SourceReference } from './provider';

/** An image as one text, for wires that take one. */
export function imageText(image: ImageReference): string {
	switch (image.kind) {
		case 'url':
			return image.url;
		case 'data':
			return `data:${image.mimeType};base64,${image.base64}`;
		case 'fileId':
			return image.fileId;
		case 'file':
			return stand('address', image.name);
	}
}

/** What a Dry Run shows where the request itself will have something that is not made yet. */
export function stand(what: 'address' | 'contents' | 'file ID', of: string): string {
	return `<${what} of ${of}>`;
}

/** The generation's ID; `null` for what is no generation. */
export function generationIdOf(source: SourceReference | null): string | null {
	return source?.kind === 'generation' ? source.generationId : null;
}

/** The web address of a video; `null` for what has none. */
export function videoUrlOf(source: SourceReference | null): string | null {
	return source?.kind === 'url' ? source.url : null;
}
