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

/** A credential for the real service, with a key that is none. */
async function credentialOf(provider: ProviderName): Promise<{ [type: string]: { id: string; name: string } }> {
	const { credential, credentialFields, baseUrl } = samples[provider];
	const { id, name } = await n8n.client.createCredential(credential.name, credentialFields('key-that-is-none', baseUrl));
	return { [credential.name]: { id, name } };
}

/** Those of the hosts that are the provider's. */
function wantedOf(provider: ProviderName): string[] {
	return wanted.filter((host) => host.includes(new URL(samples[provider].baseUrl).hostname));
}

let n8n: N8n;
let proxy: Server;
/** Hosts that somebody wanted to reach through the proxy. */
const wanted: string[] = [];

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
	const address = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
	n8n = await startN8n({
		tarball: sharedN8n().tarball.path,
		env: { HTTP_PROXY: address, HTTPS_PROXY: address, http_proxy: address, https_proxy: address },
	});
});
afterAll(async () => {
	await n8n.stop();
	proxy.close();
	proxy.closeAllConnections();
});

it.each(CALLING.map((provider) => [provider] as const))('%s: it is refused, with the setting to change', async (provider) => {
	const trigger = await Trigger.create(n8n.client, {} as never, provider, {
		credentials: await credentialOf(provider),
		isDraft: true,
	});
	await expect(n8n.client.publish(trigger.workflowId)).rejects.toThrow(
		/The address of this trigger is at 127\.0\.0\.1, which .* cannot reach\. Set N8N_WEBHOOK_URL \(in older n8n WEBHOOK_URL\) to the public address of n8n/,
	);
	expect(wantedOf(provider)).toEqual([]);
	await n8n.client.unpublish(trigger.workflowId);
});

it('with the setting, it is published', async () => {
	await n8n.restart({ env: { N8N_WEBHOOK_URL: 'https://n8n.example.com/' } });
	const provider = CALLING_WITHOUT_LIST;
	const trigger = await Trigger.create(n8n.client, {} as never, provider, {
		credentials: await credentialOf(provider),
		isDraft: true,
	});
	await n8n.client.publish(trigger.workflowId);
	expect(wantedOf(provider)).toEqual([]);
	await n8n.client.unpublish(trigger.workflowId);
});
