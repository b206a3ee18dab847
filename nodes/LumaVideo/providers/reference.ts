/** References to images, videos and generations, as all providers write them. Pure. */
import type { ImageReference, SourceReference } from './provider';

/** An image or a video as a single string, for APIs that take one. */
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

/** The placeholder that a Dry Run shows for something that does not exist yet. */
export function stand(what: 'address' | 'contents' | 'file ID', of: string): string {
	return `<${what} of ${of}>`;
}

/** The generation's ID; `null` for any other source. */
export function generationIdOf(source: SourceReference | null): string | null {
	return source?.kind === 'generation' ? source.generationId : null;
}

/** The web address of a video; `null` if it has none. */
export function videoUrlOf(source: SourceReference | null): string | null {
	return source === null || source.kind === 'generation' ? null : imageText(source);
}
