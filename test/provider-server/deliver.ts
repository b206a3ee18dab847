/** Puts an answer on the wire, whole or spoilt by a fault. */
import type { ServerResponse } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import type { FaultRule } from './faults';
import type { Answer } from './http';
import type { MediaFile } from './media';

const HTML =
	'<!DOCTYPE html><html><head><title>Service page</title></head><body><h1>Please stand by</h1></body></html>';

/** Sends an answer to an API request. `after` faults are applied to the bytes here; their content was spoilt before. */
export async function deliver(
	response: ServerResponse,
	answer: Answer,
	fault: FaultRule | undefined,
	slowChunkMs: number,
): Promise<void> {
	const text = answer.body === undefined ? '' : JSON.stringify(answer.body);
	switch (fault?.kind) {
		case 'timeout-before':
		case 'timeout-after':
			return;
		case 'reset-before':
		case 'reset-after':
			response.socket?.resetAndDestroy();
			return;
		case 'truncated':
			return await sendHalf(response, answer, text);
		case 'invalid-json':
			return send(response, answer, text.slice(0, Math.floor(text.length / 2)));
		case 'html':
			return send(
				response,
				{ status: fault.status ?? answer.status, headers: { 'content-type': 'text/html; charset=utf-8' } },
				HTML,
			);
		case 'empty':
			return send(response, { ...answer, status: fault.status ?? answer.status }, '');
		case 'slow':
			return await sendSlowly(response, answer, text, slowChunkMs);
		default:
			return send(response, answer, text);
	}
}

function headersOf(answer: Answer, length: number): Record<string, string> {
	const type: Record<string, string> = answer.body === undefined ? {} : { 'content-type': 'application/json' };
	// A 204 has no body and may not tell a length (RFC 9110, 8.6).
	const size: Record<string, string> = answer.status === 204 ? {} : { 'content-length': String(length) };
	return { ...type, ...size, ...answer.headers };
}

function send(response: ServerResponse, answer: Answer, text: string): void {
	response.writeHead(answer.status, headersOf(answer, Buffer.byteLength(text)));
	response.end(text);
}

/** Announces all bytes, sends half of them, closes the connection. */
async function sendHalf(response: ServerResponse, answer: Answer, text: string): Promise<void> {
	const bytes = Buffer.from(text);
	response.writeHead(answer.status, headersOf(answer, bytes.length));
	await new Promise((resolve) => response.write(bytes.subarray(0, Math.floor(bytes.length / 2)), resolve));
	response.socket?.end();
}

async function sendSlowly(response: ServerResponse, answer: Answer, text: string, chunkMs: number): Promise<void> {
	const bytes = Buffer.from(text);
	response.writeHead(answer.status, headersOf(answer, bytes.length));
	const piece = Math.max(1, Math.ceil(bytes.length / 10));
	for (let start = 0; start < bytes.length && !response.destroyed; start += piece) {
		response.write(bytes.subarray(start, start + piece));
		await pause(chunkMs);
	}
	response.end();
}

/** Sends a file, spoilt by a fault of media. */
export async function deliverFile(
	response: ServerResponse,
	file: MediaFile,
	method: string,
	fault: FaultRule | undefined,
	slowChunkMs: number,
): Promise<void> {
	const type = fault?.kind === 'octet-stream' ? 'application/octet-stream' : file.type;
	const tellsLength = file.tellsLength && fault?.kind !== 'no-length';
	response.writeHead(
		200,
		tellsLength ? { 'content-type': type, 'content-length': String(file.length) } : { 'content-type': type },
	);
	if (method === 'HEAD') {
		response.end();
		return;
	}
	const stopAt = fault?.kind === 'cut' || fault?.kind === 'truncated' ? Math.floor(file.length / 2) : file.length;
	let sent = 0;
	for await (const chunk of file.content() as AsyncIterable<Buffer>) {
		for (const piece of fault?.kind === 'slow' ? inPieces(chunk, 10) : [chunk]) {
			const part = piece.subarray(0, stopAt - sent);
			sent += part.length;
			if (!(await write(response, part))) return;
			if (fault?.kind === 'slow') await pause(slowChunkMs);
		}
		if (sent >= stopAt) break;
	}
	if (stopAt < file.length) response.socket?.destroySoon();
	else response.end();
}

function inPieces(chunk: Buffer, count: number): Buffer[] {
	const size = Math.max(1, Math.ceil(chunk.length / count));
	return Array.from({ length: Math.ceil(chunk.length / size) }, (_, index) =>
		chunk.subarray(index * size, (index + 1) * size),
	);
}

/** Writes and waits until there is room for more; `false` when the receiver is gone. */
async function write(response: ServerResponse, part: Buffer): Promise<boolean> {
	if (response.destroyed) return false;
	if (response.write(part)) return true;
	await new Promise<void>((resolve) => {
		const done = (): void => {
			response.off('drain', done);
			response.off('close', done);
			resolve();
		};
		response.on('drain', done);
		response.on('close', done);
	});
	return !response.destroyed;
}
