/**
 * Images and videos that lie in n8n: checked while planning, brought to the provider just before the request is sent.
 *
 * Four ways, by the capability table: uploaded to the provider, kept in its store of files, sent inside the request, or,
 * where a provider takes public addresses only, through n8n's own signed address, if n8n can be reached from outside.
 */
import type { IBinaryData, IExecuteFunctions } from 'n8n-workflow';
import { answered, ask } from '../generation/ask';
import { InputFile } from '../generation/checkRequest';
import { fingerprint } from '../generation/ledger';
import type { LocalFile, Provider, VideoRequest } from '../providers/provider';
import { isLocalHost, parseHttpUrl } from '../transport/address';
import type { Bytes, ProviderClient } from '../transport/providerClient';
import type { Brought } from './fileStore';
import { TRY_AGAIN, fileFailure, isPublic, store } from './fileStore';

const IMAGE_TYPES: readonly string[] = ['image/jpeg', 'image/png', 'image/webp'];
/** Inside a request; what Luma Agents documents for its inputs is more, but the request has to carry a third on top. */
const MAX_INLINE_BYTES = 20_000_000;
const MAX_URL_BYTES = 50_000_000;

export type ImageFieldName = 'endImage' | 'startImage';

export interface InputImage {
	itemIndex: number;
	binary: IBinaryData;
	file: LocalFile;
}

/** Files of one item by the part of the request that they are for. */
export type ImagesInItem = Partial<Record<ImageFieldName | 'source', InputImage>>;

export type InputReading = { ok: true; image: InputImage } | { ok: false; finding: string };

function limits(provider: Provider): { types: readonly string[]; maxBytes: number } {
	switch (provider.capabilities.imageInput) {
		case 'upload':
			return { types: provider.upload?.mimeTypes ?? IMAGE_TYPES, maxBytes: provider.upload?.maxBytes ?? MAX_INLINE_BYTES };
		case 'data':
			return { types: IMAGE_TYPES, maxBytes: provider.fileStore?.maxBytes.image ?? MAX_INLINE_BYTES };
		case 'url':
			return { types: IMAGE_TYPES, maxBytes: MAX_URL_BYTES };
	}
}

/** In bytes; 0 where n8n does not say. */
function sizeOf(binary: IBinaryData): number {
	// What is in n8n's store has the store's name as its data.
	return binary.bytes ?? (binary.id === undefined ? Math.floor((binary.data.length * 3) / 4) : 0);
}

/** Empty where it is not known: what a Code node made may be without. */
function typeOf({ mimeType }: Partial<IBinaryData>): string {
	return mimeType?.split(';')[0]?.trim().toLowerCase() ?? '';
}

function sizeText(bytes: number): string {
	return bytes < 1_000_000_000 ? `${Number((bytes / 1_000_000).toFixed(1))} MB` : `${Number((bytes / 1_000_000_000).toFixed(1))} GB`;
}

function sizeFinding(provider: Provider, size: number, maxBytes: number): string | null {
	if (size <= maxBytes) return null;
	return `has ${sizeText(size)}; ${provider.displayName} takes ${sizeText(maxBytes)} at most`;
}

function signedUrl(context: IExecuteFunctions, binary: IBinaryData): string | null {
	try {
		return context.helpers.createBinarySignedUrl(binary);
	} catch {
		// n8n keeps binary data in memory, or is older than signed addresses.
		return null;
	}
}

/** n8n signs what is in its store. A file that a Code node made is inside the item, and put there when it is sent. */
async function stored(context: IExecuteFunctions, { itemIndex, binary, file }: InputImage): Promise<IBinaryData> {
	if (binary.id !== undefined) return binary;
	const bytes = await context.helpers.getBinaryDataBuffer(itemIndex, binary);
	return await context.helpers.prepareBinaryData(bytes, file.name, file.mimeType);
}

/**
 * The image in a field of the item's input data.
 *
 * @returns the image, or what stands in the way as the end of a sentence that begins with the field's name
 * @throws NodeOperationError when the item has no such data
 */
export function readInputImage(
	context: IExecuteFunctions,
	provider: Provider,
	client: ProviderClient,
	itemIndex: number,
	dataField: string,
): InputReading {
	const binary = context.helpers.assertBinaryData(itemIndex, dataField);
	const { types, maxBytes } = limits(provider);
	const mimeType = typeOf(binary);
	if (!types.includes(mimeType)) {
		const allowed = types.map((type) => type.replace('image/', '').toUpperCase()).join(', ');
		return { ok: false, finding: `is ${mimeType || 'of an unknown type'}; ${provider.displayName} takes ${allowed}` };
	}
	const size = sizeOf(binary);
	const finding = sizeFinding(provider, size, maxBytes);
	if (finding) return { ok: false, finding };
	if (provider.capabilities.imageInput === 'url') {
		// For what is not in the store yet: where its address will be.
		const url = parseHttpUrl(signedUrl(context, { ...binary, id: binary.id ?? 'not-stored-yet' }) ?? '');
		if (!url || (isLocalHost(url.hostname) && !client.isLocal)) {
			return {
				ok: false,
				finding: `cannot reach ${provider.displayName}, which takes public web addresses only, and this n8n has none. Put the image on the web and use its URL, or set N8N_WEBHOOK_URL (in older n8n WEBHOOK_URL) to the public address of n8n`,
			};
		}
	}
	const extension = mimeType === 'image/jpeg' ? 'jpg' : mimeType.replace('image/', '');
	const name = binary.fileName?.includes('.') === true ? binary.fileName : `image.${extension}`;
	return { ok: true, image: { itemIndex, binary, file: { name, mimeType, size } } };
}

/** The same for a video, where the provider has a store of files. */
export function readInputVideo(
	context: IExecuteFunctions,
	provider: Provider,
	itemIndex: number,
	dataField: string,
): InputReading {
	const binary = context.helpers.assertBinaryData(itemIndex, dataField);
	const mimeType = typeOf(binary);
	if (!mimeType.startsWith('video/')) {
		return { ok: false, finding: `names a file that is ${mimeType || 'of an unknown type'} and no video` };
	}
	const size = sizeOf(binary);
	const finding = sizeFinding(provider, size, provider.fileStore?.maxBytes.video ?? 0);
	if (finding) return { ok: false, finding: `names a file that ${finding}` };
	const name = binary.fileName?.includes('.') === true ? binary.fileName : 'video.mp4';
	return { ok: true, image: { itemIndex, binary, file: { name, mimeType, size } } };
}

/** What stands for a file in a request that was not sent yet: the same file, the same ID. */
export function placeholder({ binary, file }: InputImage): InputFile {
	return new InputFile(binary.id ?? fingerprint([binary.data]), file);
}

/** Inside the request, or, where it is too large for that, in the provider's store. */
async function data(context: IExecuteFunctions, provider: Provider, client: ProviderClient, image: InputImage): Promise<Brought> {
	const { binary, file, itemIndex } = image;
	const { fileStore } = provider;
	const { helpers } = context;
	const { id } = binary;
	const whole = id === undefined ? await helpers.getBinaryDataBuffer(itemIndex, binary) : null;
	// Older versions of n8n do not have the size beside the file.
	const size = whole?.length ?? (file.size > 0 || id === undefined ? file.size : (await helpers.getBinaryMetadata(id)).fileSize);
	if (size === 0) return fileFailure(provider, file, 'it is empty', 'Check the node that the file comes from.');
	if (fileStore && size > fileStore.inlineBytes) {
		const open = async (): Promise<Bytes> => whole ?? (await helpers.getBinaryStream(id ?? ''));
		return await store(context, provider, fileStore, client, { ...file, size }, open);
	}
	const bytes = whole ?? (await helpers.getBinaryDataBuffer(itemIndex, binary));
	return { ok: true, reference: { kind: 'data', mimeType: file.mimeType, base64: bytes.toString('base64') } };
}

/** Brings one file to where the provider finds it. */
export async function bringImage(
	context: IExecuteFunctions,
	provider: Provider,
	client: ProviderClient,
	image: InputImage,
): Promise<Brought> {
	const { binary, file, itemIndex } = image;
	if (provider.capabilities.imageInput === 'data') return await data(context, provider, client, image);
	if (provider.capabilities.imageInput === 'url') {
		const address = signedUrl(context, await stored(context, image));
		return address === null
			? fileFailure(provider, file, 'n8n keeps it in memory, where it has no address', 'Use the URL of an image on the web.')
			: { ok: true, reference: { kind: 'url', url: address } };
	}
	const bytes = await context.helpers.getBinaryDataBuffer(itemIndex, binary);
	const { upload } = provider;
	const formFile = { field: upload?.direct?.fileField ?? 'file', name: file.name, mimeType: file.mimeType, data: bytes };
	if (upload?.direct) {
		const exchange = await client.sendForm({ path: upload.direct.path }, { fields: upload.direct.fields, file: formFile });
		const answer = answered(provider, exchange, upload.direct.read);
		return answer.ok ? { ok: true, reference: { kind: 'url', url: answer.value } } : fileFailure(provider, file, answer.reason, answer.advice);
	}
	if (!upload?.ticket) return fileFailure(provider, file, 'it takes no files', 'Use the URL of an image on the web.');
	const ticket = await ask(provider, client, upload.ticket.call(file), upload.ticket.read);
	if (!ticket.ok) return fileFailure(provider, file, ticket.reason, ticket.advice);
	if (!isPublic(client, ticket.value.url)) {
		return fileFailure(provider, file, 'it named an address that n8n does not send to', TRY_AGAIN);
	}
	const sent = await client.sendForm({ url: ticket.value.url }, { fields: ticket.value.fields, file: formFile });
	if (sent.kind === 'fault') return fileFailure(provider, file, sent.fault.text, TRY_AGAIN);
	const { statusCode } = sent.answer;
	if (statusCode < 200 || statusCode >= 300) return fileFailure(provider, file, `HTTP ${statusCode}`, TRY_AGAIN);
	return { ok: true, reference: { kind: 'url', url: ticket.value.fileUrl } };
}

/** The request with the images and the video where the provider finds them. */
export async function bringImages(
	context: IExecuteFunctions,
	provider: Provider,
	client: ProviderClient,
	images: ImagesInItem,
	request: VideoRequest,
): Promise<{ ok: true; request: VideoRequest } | Extract<Brought, { ok: false }>> {
	let brought = request;
	for (const field of ['startImage', 'endImage', 'source'] as const) {
		const image = images[field];
		if (!image) continue;
		const result = await bringImage(context, provider, client, image);
		if (!result.ok) return result;
		brought = { ...brought, [field]: result.reference };
	}
	return { ok: true, request: brought };
}
