import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ProviderServer } from '../provider-server';
import { startProviderServer } from '../provider-server';
import { packTarball } from '../e2e/harness';
import { createCredentials, type CredentialRefs } from '../e2e/support';
import { QueueMode } from './queueMode';

let queue: QueueMode;
let server: ProviderServer;
let credentials: CredentialRefs;

beforeAll(async () => {
	server = await startProviderServer();
	console.time('up');
	queue = await QueueMode.start({ tarball: await packTarball(), webhookProcesses: 2, workers: 2 });
	console.timeEnd('up');
	credentials = await createCredentials(queue.client, server);
}, 240_000);
afterAll(async () => {
	await queue.stop();
	await server.close();
});
describe('x', () => {
	it('y', async () => {
		console.log(await queue.services.sql('SELECT count(*) FROM credentials_entity'), credentials, await queue.services.redis('KEYS', '*'));
		for (const p of [queue.main, ...queue.workers, ...queue.webhookProcesses]) console.log(p.logs().slice(-1500));
		expect(1).toBe(1);
	});
});
