/**
 * Files at fal.ai: one is announced at rest.fal.ai, sent to an address without the key, and has a web address from then
 * on. From the official client (fal-ai/fal-js, storage), which sends files of more than 90 MB in parts of 10 MB. Pure.
 */
import { firstUrl, valueAt } from './answers';
import { atSibling } from './fal.endpoints';
import { read } from './fal.answers';
import type { FileStore, FileTarget, JsonValue } from './provider';

const MEGABYTE = 1024 ** 2;
const MAX_WHOLE_BYTES = 90 * MEGABYTE;
const PART_BYTES = 10 * MEGABYTE;

function targetIn(json: JsonValue | undefined): FileTarget | null {
	const url = firstUrl(valueAt(json, 'upload_url'));
	const fileId = firstUrl(valueAt(json, 'file_url'));
	return url !== null && fileId !== null ? { fileId, url, method: 'PUT', headers: {} } : null;
}

/** The address with a further part of its path, before its query. */
function below(address: string, part: string): string {
	const { origin, pathname, search } = new URL(address);
	return `${origin}${pathname}/${part}${search}`;
}

export const fileStore: FileStore = {
	// Data URIs are advised against beyond a few KB.
	inlineBytes: 100_000,
	// Luma's own limits; a guess, since fal.ai names none.
	maxBytes: { image: 50_000_000, video: 200_000_000 },
	announce: ({ name, mimeType, size }) => ({
		method: 'POST',
		path: `/storage/upload/${size > MAX_WHOLE_BYTES ? 'initiate-multipart' : 'initiate'}`,
		sibling: atSibling('rest.fal.ai'),
		query: { storage_type: 'fal-cdn-v3' },
		body: { content_type: mimeType, file_name: name },
	}),
	readAnnounced: (answer) => read(answer, 'file', targetIn, 'an address to upload to'),
	parts: {
		above: MAX_WHOLE_BYTES,
		bytes: PART_BYTES,
		target: (whole, number) => ({ ...whole, url: below(whole.url, String(number)) }),
		read: (answer) =>
			read(
				answer,
				'file',
				(json) => {
					const [partNumber, etag] = [valueAt(json, 'partNumber'), valueAt(json, 'etag')];
					return typeof partNumber === 'number' && typeof etag === 'string' ? { partNumber, etag } : null;
				},
				'the tag of a part',
			),
		end: (whole, parts) => ({ target: { ...whole, method: 'POST', url: below(whole.url, 'complete') }, body: { parts: [...parts] } }),
	},
};
