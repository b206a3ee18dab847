/** A small service on a port of this machine, for stand-ins that are not providers. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface LocalServer {
	readonly url: string;
	close(): Promise<void>;
}

/** @param port 0 for any that is free */
export async function startLocalServer(
	answer: (message: IncomingMessage, response: ServerResponse) => Promise<void>,
	whenItFails: (reason: string) => object = (error) => ({ error }),
	port = 0,
): Promise<LocalServer> {
	const server = createServer((message, response) => {
		answer(message, response).catch((error: unknown) => {
			sendJson(response, 500, whenItFails(error instanceof Error ? error.message : String(error)));
		});
	});
	await new Promise<void>((resolve, reject) => {
		server.once('error', reject);
		server.listen(port, '127.0.0.1', resolve);
	});
	return {
		url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
		close: async () => {
			await new Promise<void>((resolve) => {
				server.close(() => resolve());
				server.closeAllConnections();
			});
		},
	};
}

export async function readText(message: IncomingMessage): Promise<string> {
	const pieces: Buffer[] = [];
	for await (const piece of message as AsyncIterable<Buffer>) pieces.push(piece);
	return Buffer.concat(pieces).toString('utf8');
}

export function sendJson(response: ServerResponse, status: number, body: object): void {
	response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
