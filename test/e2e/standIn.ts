/** A stand-in for each test, with credentials in n8n: so that the tests of a file can run at the same time. */
import { afterAll } from '@jest/globals';
import type { ProviderServer, SettingsChange } from '../provider-server';
import { startProviderServer } from '../provider-server';
import type { N8nClient } from './harness';
import type { CredentialRefs } from './support';
import { createCredentials } from './support';

const servers: ProviderServer[] = [];

afterAll(async () => {
	await Promise.all(servers.map(async (server) => await server.close()));
});

/** It is closed after the last test of the file. */
export async function startStandIn(client: N8nClient, settings: SettingsChange = {}): Promise<{ server: ProviderServer; credentials: CredentialRefs }> {
	const server = await startProviderServer({ settings });
	servers.push(server);
	return { server, credentials: await createCredentials(client, server) };
}
