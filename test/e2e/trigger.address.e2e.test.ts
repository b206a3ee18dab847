/** Publishing with an address that no provider can reach; nothing may leave this machine, not even to look. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ProviderName } from '../provider-server';
import { CALLING, CALLING_WITHOUT_LIST, samples } from '../samples';
import type { N8n } from './harness';
import { sharedN8n, startN8n } from './harness';
import { Trigger } from './triggerSupport';

let proxy: Server;
/** Hosts that somebody wanted to reach through the proxy. */
const wanted: string[] = [];
const started: N8n[] = [];

beforeAll(async () => {
	proxy = createServer((request, response) => {
		wanted.push(request.url ?? '');
		response.writeHead(502).end();
	});
	proxy.on('connect', (request, socket) => {
		wanted.push(request.url ?? '');
		socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
	});
	await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
	await start();
});
afterAll(async () => {
	await Promise.all(started.map(async (n8n) => await n8n.stop()));
	proxy.close();
	proxy.closeAllConnections();
});

async function start(env: Readonly<Record<string, string>> = {}): Promise<N8n> {
	const address = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
	const proxies = { HTTP_PROXY: address, HTTPS_PROXY: address, http_proxy: address, https_proxy: address };
	const n8n = await startN8n({ tarball: sharedN8n().tarball.path, env: { ...proxies, ...env } });
	started.push(n8n);
	return n8n;
}

/** A workflow with a trigger for the real service, whose key is none; not published. */
async function createTrigger({ client }: N8n, provider: ProviderName): Promise<Trigger> {
	const { credential, credentialFields, baseUrl } = samples[provider];
	const { id, name } = await client.createCredential(credential.name, credentialFields('key-that-is-none', baseUrl));
	return await Trigger.create(client, {} as never, provider, { credentials: { [credential.name]: { id, name } }, isDraft: true });
}

/** Those of the hosts that are the provider's. */
function wantedOf(provider: ProviderName): string[] {
	return wanted.filter((host) => host.includes(new URL(samples[provider].baseUrl).hostname));
}

// First, since it starts an n8n while the others wait.
it.concurrent('with the setting, it is published', async () => {
	const n8n = await start({ N8N_WEBHOOK_URL: 'https://n8n.example.com/' });
	const { workflowId } = await createTrigger(n8n, CALLING_WITHOUT_LIST);
	await n8n.client.publish(workflowId);
	expect(wantedOf(CALLING_WITHOUT_LIST)).toEqual([]);
});

// n8n asks a trigger five times, over 15 seconds.
it.concurrent.each(CALLING)('%s: it is refused, with the setting to change', async (provider) => {
	const [n8n] = started as [N8n];
	const { workflowId } = await createTrigger(n8n, provider);
	await expect(n8n.client.publish(workflowId)).rejects.toThrow(
		/The address of this trigger is at 127\.0\.0\.1, which .* cannot reach\. Set N8N_WEBHOOK_URL \(in older n8n WEBHOOK_URL\) to the public address of n8n/,
	);
	expect(wantedOf(provider)).toEqual([]);
});
