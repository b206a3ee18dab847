/** Nothing is lost, nothing comes twice, nothing forged gets in; see `triggerSoak.ts`. */
import { expect, it } from '@jest/globals';
import { startProviderServer } from '../provider-server';
import { sharedN8n, startN8n } from '../e2e/harness';
import { createCredentials } from '../e2e/support';
import { soak } from '../e2e/triggerSoak';
import { note } from '../e2e/triggerSupport';

it('300 generations with everything that goes wrong', async () => {
	const server = await startProviderServer();
	const log: string[] = [];
	const n8n = await startN8n({ tarball: sharedN8n().tarball.path });
	try {
		const credentials = await createCredentials(n8n.client, server);
		const figures = await soak({ n8n, server, credentials, seed: 20260501, generations: 300, log: (text) => log.push(`${new Date().toISOString()} ${text}`) });
		await note('soak', { ...figures, log });
		expect(figures).toMatchObject({ lost: 0, twice: 0, forged: 0 });
		expect(figures.generations).toBeGreaterThanOrEqual(300);
		expect(figures.emitted).toBe(figures.generations);
		// Junk starts none, but for the moments after a start in which n8n answers calls and runs no triggers yet.
		expect(figures.emptyExecutions).toBeLessThanOrEqual(30);
	} finally {
		await n8n.stop();
		await server.close();
	}
}, 1_800_000);
