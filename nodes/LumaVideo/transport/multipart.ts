/** A form with one file, as bytes: the only way of sending it that all versions of n8n pass through unchanged. */
import { randomUUID } from 'node:crypto';

export interface MultipartForm {
	/** Sent before the file, in this order. */
	fields: Readonly<Record<string, string>>;
	file: { field: string; name: string; mimeType: string; data: Buffer };
}

/** Quotes and line breaks would end the header they stand in (RFC 7578, 2). */
function quoted(text: string): string {
	return `"${text.replace(/"/g, '%22').replace(/[\r\n]+/g, ' ')}"`;
}

export function encodeForm({ fields, file }: MultipartForm): { body: Buffer; contentType: string } {
	const boundary = `n8n-${randomUUID()}`;
	const parts = Object.entries(fields).map(
		([name, value]) => `--${boundary}\r\nContent-Disposition: form-data; name=${quoted(name)}\r\n\r\n${value}\r\n`,
	);
	const head = `--${boundary}\r\nContent-Disposition: form-data; name=${quoted(file.field)}; filename=${quoted(file.name)}\r\nContent-Type: ${file.mimeType}\r\n\r\n`;
	return {
		body: Buffer.concat([Buffer.from(parts.join('') + head), file.data, Buffer.from(`\r\n--${boundary}--\r\n`)]),
		contentType: `multipart/form-data; boundary=${boundary}`,
	};
}
