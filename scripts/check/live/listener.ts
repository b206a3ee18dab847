/** Receives callbacks on a port of this machine, for a tunnel or proxy that makes it public. */
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { createServer } from 'node:http';
import { jsonOf } from '../../../nodes/LumaVideo/providers/answers';
import type { IncomingCall, JsonValue } from '../../../nodes/LumaVideo/providers/provider';

const MAX_BYTES = 1_000_000;
/** The address is public. */
const MAX_CALLS = 100;

export interface Listener {
	calls: readonly IncomingCall[];
	/** Resolves with the next call. */
	next(): Promise<void>;
	close(): Promise<void>;
}

async function textOf(message: IncomingMessage): Promise<string> {
	const pieces: Buffer[] = [];
	let length = 0;
	for await (const piece of message as AsyncIterable<Buffer>) {
		length += piece.length;
		if (length <= MAX_BYTES) pieces.push(piece);
	}
	return Buffer.concat(pieces).toString('utf8');
}

function bodyOf(text: string): JsonValue {
	const json = jsonOf({ text });
	return json === undefined ? text : json;
}

/** @param port 0 for any that is free */
export async function listen(port: number): Promise<Listener & { port: number }> {
	const calls: IncomingCall[] = [];
	let announce: () => void = () => undefined;
	const server = createServer((request, response) => {
		void textOf(request).then((text) => {
			const headers = Object.entries(request.headers).flatMap(([name, value]) => (typeof value === 'string' ? [[name, value] as const] : []));
			// A person who looks whether the address works makes no call.
			if (request.method === 'POST' && calls.length < MAX_CALLS) calls.push({ body: bodyOf(text), text, headers: Object.fromEntries(headers) });
			response.end();
			announce();
		});
	});
	server.listen(port);
	await once(server, 'listening');
	return {
		calls,
		next: async () =>
			await new Promise((resolve) => {
				announce = resolve;
			}),
		port: (server.address() as { port: number }).port,
		async close() {
			server.closeAllConnections();
			await new Promise((resolve) => server.close(resolve));
		},
	};
}
