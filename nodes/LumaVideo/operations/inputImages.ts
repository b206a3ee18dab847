/**
 * Images and videos from n8n's binary data: checked during planning, sent to the provider just before the request.
 *
 * Four ways, by what the provider has: uploaded to it, put into its file store, sent inside the request, or, if it accepts
 * only public URLs, as a URL that n8n signs, provided that n8n can be reached from outside.
 */
import type { IBinaryData, IExecuteFunctions } from 'n8n-workflow';
import { answered, ask } from '../generation/ask';
import { InputFile } from '../generation/check';
import { fingerprint } from '../generation/ledger';
import { imageInputOf } from '../providers/provider';
import type { LocalFile, Provider, VideoRequest } from '../providers/provider';
import { isLocalHost, parseHttpUrl } from '../transport/address';
import type { Bytes } from '../transport/providerClient';
import type { Sent } from './fileStore';
import { fileFailure, store, uploadTrouble } from './fileStore';
import { FILE_TROUBLE, noPublicAddress, tooLarge, wrongType } from './messages';
import type { Session } from './operation';

const IMAGE_TYPES: readonly string[] = ['image/jpeg', 'image/png', 'image/webp'];
const MAX_URL_BYTES = 50_000_000;

export type ImageFieldName = 'endImage' | 'startImage';

export interface InputImage {
	itemIndex: number;
	binary: IBinaryData;
	file: LocalFile;
}

/** The files of one item, by the part of the request that they are for. */
export type ImagesInItem = Partial<Record<ImageFieldName | 'source', InputImage>>;

export type InputReading = { ok: true; image: InputImage } | { ok: false; finding: string };

function limits({ fileStore, upload }: Provider): { types: readonly string[]; maxBytes: number } {
	if (fileStore) return { types: IMAGE_TYPES, maxBytes: fileStore.maxBytes.image };
	return { types: upload?.mimeTypes ?? IMAGE_TYPES, maxBytes: upload?.maxBytes ?? MAX_URL_BYTES };
}

/** In bytes; 0 if n8n does not say. */
function sizeOf(binary: IBinaryData): number {
	// For a file in n8n's binary data store, `data` is the name of the store.
	return binary.bytes ?? (binary.id === undefined ? Math.floor((binary.data.length * 3) / 4) : 0);
}

/** Empty if unknown: a file from a Code node may have none. */
function typeOf({ mimeType }: Partial<IBinaryData>): string {
	return mimeType?.split(';')[0]?.trim().toLowerCase() ?? '';
}

function sizeText(bytes: number): string {
	return bytes < 1_000_000_000 ? `${Number((bytes / 1_000_000).toFixed(1))} MB` : `${Number((bytes / 1_000_000_000).toFixed(1))} GB`;
}

/** The file, unless it is too large. */
function fitting(provider: Provider, field: string, image: InputImage, maxBytes: number): InputReading {
	const { size } = image.file;
	if (size <= maxBytes) return { ok: true, image };
	return { ok: false, finding: tooLarge({ field, provider, size: sizeText(size), maximum: sizeText(maxBytes) }) };
}

function signedUrl(context: IExecuteFunctions, binary: IBinaryData): string | null {
	try {
		return context.helpers.createBinarySignedUrl(binary);
	} catch {
		// n8n keeps binary data in memory, or is too old for signed URLs.
		return null;
	}
}

/** n8n signs only what is in its store. A file from a Code node is in the item itself, and stored when it is sent. */
async function stored(context: IExecuteFunctions, { itemIndex, binary, file }: InputImage): Promise<IBinaryData> {
	if (binary.id !== undefined) return binary;
	const bytes = await context.helpers.getBinaryDataBuffer(itemIndex, binary);
	return await context.helpers.prepareBinaryData(bytes, file.name, file.mimeType);
}

/**
 * The image in a field of the item's input data.
 *
 * @param field the name of the panel's field, for findings
 * @throws NodeOperationError when the item has no such data
 */
export function readInputImage({ context, provider, client }: Session, itemIndex: number, dataField: string, field: string): InputReading {
	const binary = context.helpers.assertBinaryData(itemIndex, dataField);
	const { types, maxBytes } = limits(provider);
	const mimeType = typeOf(binary);
	if (!types.includes(mimeType)) {
		const accepted = types.map((type) => type.replace('image/', '').toUpperCase()).join(', ');
		return { ok: false, finding: wrongType({ field, provider, hasType: mimeType !== '', type: mimeType, accepted }) };
	}
	if (imageInputOf(provider) === 'url') {
		// For a file that is not in the store yet: what its URL would be.
		const url = parseHttpUrl(signedUrl(context, { ...binary, id: binary.id ?? 'not-stored-yet' }) ?? '');
		if (!url || (isLocalHost(url.hostname) && !client.isLocal)) return { ok: false, finding: noPublicAddress({ field, provider }) };
	}
	const extension = mimeType === 'image/jpeg' ? 'jpg' : mimeType.replace('image/', '');
	const name = binary.fileName?.includes('.') === true ? binary.fileName : `image.${extension}`;
	return fitting(provider, field, { itemIndex, binary, file: { name, mimeType, size: sizeOf(binary) } }, maxBytes);
}

/** The same for a video, if the provider takes such files. */
export function readInputVideo({ context, provider }: Session, itemIndex: number, dataField: string, field: string): InputReading {
	const binary = context.helpers.assertBinaryData(itemIndex, dataField);
	const mimeType = typeOf(binary);
	if (!mimeType.startsWith('video/')) {
		return { ok: false, finding: wrongType({ field, provider, hasType: mimeType !== '', type: mimeType, accepted: 'videos' }) };
	}
	const name = binary.fileName?.includes('.') === true ? binary.fileName : 'video.mp4';
	const maxBytes = provider.fileStore?.maxBytes.video ?? provider.upload?.maxVideoBytes ?? 0;
	return fitting(provider, field, { itemIndex, binary, file: { name, mimeType, size: sizeOf(binary) } }, maxBytes);
}

/** The placeholder for a file in a request that has not been sent: the same file has the same ID. */
export function placeholder({ binary, file }: InputImage): InputFile {
	return new InputFile(binary.id ?? fingerprint([binary.data]), file);
}

/** Inside the request or, if it is too large for that, in the provider's store. */
async function data(session: Session, { binary, file, itemIndex }: InputImage): Promise<Sent> {
	const { provider } = session;
	const { fileStore } = provider;
	const { helpers } = session.context;
	const { id } = binary;
	const whole = id === undefined ? await helpers.getBinaryDataBuffer(itemIndex, binary) : null;
	// Older versions of n8n do not store the size with the file.
	const size = whole?.length ?? (file.size > 0 || id === undefined ? file.size : (await helpers.getBinaryMetadata(id)).fileSize);
	if (size === 0) return fileFailure(provider, file, FILE_TROUBLE.empty);
	if (fileStore && size > fileStore.inlineBytes) {
		const open = async (): Promise<Bytes> => whole ?? (await helpers.getBinaryStream(id ?? ''));
		return await store(session, fileStore, { ...file, size }, open);
	}
	const bytes = whole ?? (await helpers.getBinaryDataBuffer(itemIndex, binary));
	return { ok: true, reference: { kind: 'data', mimeType: file.mimeType, base64: bytes.toString('base64') } };
}

/** Sends one file to where the provider finds it. */
export async function sendImage(session: Session, image: InputImage): Promise<Sent> {
	const { context, provider, client } = session;
	const { binary, file, itemIndex } = image;
	const way = imageInputOf(provider);
	if (way === 'data') return await data(session, image);
	if (way === 'url') {
		const address = signedUrl(context, await stored(context, image));
		return address === null ? fileFailure(provider, file, FILE_TROUBLE.inMemory) : { ok: true, reference: { kind: 'url', url: address } };
	}
	const bytes = await context.helpers.getBinaryDataBuffer(itemIndex, binary);
	const { upload } = provider;
	const formFile = { field: upload?.direct?.fileField ?? 'file', name: file.name, mimeType: file.mimeType, data: bytes };
	if (upload?.direct) {
		const exchange = await client.sendForm({ path: upload.direct.path }, { fields: upload.direct.fields, file: formFile });
		const answer = answered(provider, exchange, upload.direct.read);
		return answer.ok ? { ok: true, reference: { kind: 'url', url: answer.value } } : fileFailure(provider, file, answer);
	}
	if (!upload?.ticket) return fileFailure(provider, file, FILE_TROUBLE.noFiles);
	const ticket = await ask(provider, client, upload.ticket.call(file), upload.ticket.read);
	if (!ticket.ok) return fileFailure(provider, file, ticket);
	const { url, fields, fileUrl } = ticket.value;
	if (!(await client.mayReach(url))) return fileFailure(provider, file, FILE_TROUBLE.foreignAddress);
	const trouble = uploadTrouble(await client.sendForm({ url }, { fields, file: formFile }));
	return trouble ? fileFailure(provider, file, trouble) : { ok: true, reference: { kind: 'url', url: fileUrl } };
}

/** The request with the images and the video where the provider finds them. */
export async function sendImages(
	session: Session,
	images: ImagesInItem,
	request: VideoRequest,
): Promise<{ ok: true; request: VideoRequest } | Extract<Sent, { ok: false }>> {
	let complete = request;
	for (const field of ['startImage', 'endImage', 'source'] as const) {
		const image = images[field];
		if (!image) continue;
		const result = await sendImage(session, image);
		if (!result.ok) return result;
		complete = { ...complete, [field]: result.reference };
	}
	return { ok: true, request: complete };
}
