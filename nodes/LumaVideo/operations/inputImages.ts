/**
 * Images that lie in n8n: checked while planning, brought to the provider just before the request is sent.
 *
 * Three ways, by the capability table: uploaded to the provider, sent inside the request, or, where a provider takes
 * public addresses only, through n8n's own signed address, if n8n can be reached from outside.
 */
import type { IBinaryData, IExecuteFunctions } from 'n8n-workflow';
import { InputFile } from '../generation/checkRequest';
import type { Failure } from '../generation/failure';
import type { ImageFile, ImageReference, Provider, VideoRequest } from '../providers/provider';
import { isLocalHost, parseHttpUrl } from '../transport/address';
import type { ProviderClient } from '../transport/providerClient';

const IMAGE_TYPES: readonly string[] = ['image/jpeg', 'image/png', 'image/webp'];
/** Inside a request; what Luma Agents documents for its inputs is more, but the request has to carry a third on top. */
const MAX_INLINE_BYTES = 20_000_000;
const MAX_URL_BYTES = 50_000_000;

export type ImageFieldName = 'endImage' | 'startImage';

export interface InputImage {
	itemIndex: number;
	binary: IBinaryData;
	file: ImageFile;
}

export type ImagesInItem = Partial<Record<ImageFieldName, InputImage>>;

function limits(provider: Provider): { types: readonly string[]; maxBytes: number } {
	switch (provider.capabilities.imageInput) {
		case 'upload':
			return { types: provider.upload?.mimeTypes ?? IMAGE_TYPES, maxBytes: provider.upload?.maxBytes ?? MAX_INLINE_BYTES };
		case 'data':
			return { types: IMAGE_TYPES, maxBytes: MAX_INLINE_BYTES };
		case 'url':
			return { types: IMAGE_TYPES, maxBytes: MAX_URL_BYTES };
	}
}

function sizeOf(binary: IBinaryData): number {
	return binary.bytes ?? Math.floor((binary.data.length * 3) / 4);
}

function signedUrl(context: IExecuteFunctions, binary: IBinaryData): string | null {
	try {
		return context.helpers.createBinarySignedUrl(binary);
	} catch {
		// n8n keeps binary data in memory, or is older than signed addresses.
		return null;
	}
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
): { ok: true; image: InputImage } | { ok: false; finding: string } {
	const binary = context.helpers.assertBinaryData(itemIndex, dataField);
	const { types, maxBytes } = limits(provider);
	const mimeType = binary.mimeType.split(';')[0]?.trim().toLowerCase() ?? '';
	if (!types.includes(mimeType)) {
		const allowed = types.map((type) => type.replace('image/', '').toUpperCase()).join(', ');
		return { ok: false, finding: `is ${mimeType || 'of an unknown type'}; ${provider.displayName} takes ${allowed}` };
	}
	const size = sizeOf(binary);
	if (size > maxBytes) {
		return {
			ok: false,
			finding: `has ${(size / 1_000_000).toFixed(1)} MB; ${provider.displayName} takes ${maxBytes / 1_000_000} MB at most`,
		};
	}
	if (provider.capabilities.imageInput === 'url') {
		const url = parseHttpUrl(signedUrl(context, binary) ?? '');
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

/** What stands for an image in a request that was not sent yet: the same image, the same ID. */
export function placeholder({ binary, file }: InputImage): InputFile {
	return new InputFile(binary.id ?? `${file.name} ${file.size}`);
}

function uploadFailure(provider: Provider, text: string, advice: string): { ok: false; failure: Failure } {
	return {
		ok: false,
		failure: {
			message: `The image could not be brought to ${provider.displayName}: ${text}`,
			advice: `Nothing was bought. ${advice}`,
			details: { generationId: null, provider: provider.id, status: null },
		},
	};
}

const TRY_AGAIN = 'Try again, or use the URL of an image on the web.';

/** Brings one image to where the provider finds it. */
export async function bringImage(
	context: IExecuteFunctions,
	provider: Provider,
	client: ProviderClient,
	image: InputImage,
): Promise<{ ok: true; reference: ImageReference } | { ok: false; failure: Failure }> {
	const { binary, file, itemIndex } = image;
	if (provider.capabilities.imageInput === 'url') {
		const address = signedUrl(context, binary);
		return address === null
			? uploadFailure(provider, 'n8n has no address for it', 'Use the URL of an image on the web.')
			: { ok: true, reference: { kind: 'url', url: address } };
	}
	const data = await context.helpers.getBinaryDataBuffer(itemIndex, binary);
	if (provider.capabilities.imageInput === 'data') {
		return { ok: true, reference: { kind: 'data', mimeType: file.mimeType, base64: data.toString('base64') } };
	}
	const { upload } = provider;
	const formFile = { field: 'file', name: file.name, mimeType: file.mimeType, data };
	if (upload?.direct) {
		const exchange = await client.sendForm({ path: upload.direct.path }, { fields: upload.direct.fields, file: formFile });
		if (exchange.kind === 'fault') return uploadFailure(provider, exchange.fault.text, TRY_AGAIN);
		const reading = upload.direct.read(exchange.answer);
		return reading.ok
			? { ok: true, reference: { kind: 'url', url: reading.value } }
			: uploadFailure(provider, reading.problem.message, reading.problem.advice);
	}
	if (!upload?.ticket) return uploadFailure(provider, 'it takes no files', 'Use the URL of an image on the web.');
	const asked = await client.send(upload.ticket.call(file));
	if (asked.kind === 'fault') return uploadFailure(provider, asked.fault.text, TRY_AGAIN);
	const ticket = upload.ticket.read(asked.answer);
	if (!ticket.ok) return uploadFailure(provider, ticket.problem.message, ticket.problem.advice);
	const target = parseHttpUrl(ticket.value.url);
	if (!target || (isLocalHost(target.hostname) && !client.isLocal)) {
		return uploadFailure(provider, 'it named an address that n8n does not send to', TRY_AGAIN);
	}
	const sent = await client.sendForm({ url: target.href }, { fields: ticket.value.fields, file: formFile });
	if (sent.kind === 'fault') return uploadFailure(provider, sent.fault.text, TRY_AGAIN);
	const { statusCode } = sent.answer;
	if (statusCode < 200 || statusCode >= 300) return uploadFailure(provider, `HTTP ${statusCode}`, TRY_AGAIN);
	return { ok: true, reference: { kind: 'url', url: ticket.value.fileUrl } };
}

/** The request with the images where the provider finds them. */
export async function bringImages(
	context: IExecuteFunctions,
	provider: Provider,
	client: ProviderClient,
	images: ImagesInItem,
	request: VideoRequest,
): Promise<{ ok: true; request: VideoRequest } | { ok: false; failure: Failure }> {
	let brought = request;
	for (const field of ['startImage', 'endImage'] as const) {
		const image = images[field];
		if (!image) continue;
		const result = await bringImage(context, provider, client, image);
		if (!result.ok) return result;
		brought = { ...brought, [field]: result.reference };
	}
	return { ok: true, request: brought };
}
