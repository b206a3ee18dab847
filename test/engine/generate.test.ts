/** Video: Generate through n8n's engine, against the stand-in server. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { ProviderName, ProviderServer } from '../provider-server';
import { startProviderServer } from '../provider-server';
import type { Credentials } from './harness/engine';
import { startWorkflow } from './harness/engine';
import { errorOf, lumaWorkflow, outputOf } from './harness/workflows';

let server: ProviderServer;

beforeAll(async () => {
	server = await startProviderServer();
});
afterAll(async () => {
	await server.close();
});
beforeEach(() => {
	server.reset();
});

function credentials(): Credentials {
	return Object.fromEntries(
		(Object.keys(server.baseUrls) as ProviderName[]).map((name) => [
			`${name}Api`,
			{ apiKey: server.keys[name], baseUrl: server.baseUrls[name] },
		]),
	);
}

const IMAGE = 'https://example.com/start.png';

const PARAMETERS: Record<ProviderName, Record<string, string | boolean>> = {
	lumaDreamMachine: { model: 'ray-2' },
	pixazo: { model: 'ray-2-flash', startImage: IMAGE },
	pixwith: { model: 'ray-2' },
	crazyrouter: { model: 'ray-v2' },
};

describe.each(Object.keys(PARAMETERS) as ProviderName[])('%s', (provider) => {
	it('makes one video per item, at the same time, and passes them on in order', async () => {
		const workflow = lumaWorkflow([{ text: 'a cat' }, { text: 'a dog' }, { text: 'a fox' }], {
			provider,
			resource: 'video',
			operation: 'generate',
			...PARAMETERS[provider],
			prompt: '={{ $json.text }}',
			downloadVideo: true,
		});
		const { finished } = await startWorkflow(workflow, { credentials: credentials() });
		const run = await finished;
		expect(errorOf(run)).toBeNull();
		const items = outputOf(run);
		expect(items.map((item) => item.json.prompt)).toEqual(['a cat', 'a dog', 'a fox']);
		expect(items.map((item) => item.pairedItem)).toEqual([{ item: 0 }, { item: 1 }, { item: 2 }]);
		const ledger = server.ledger();
		expect(ledger.purchases).toHaveLength(3);
		for (const item of items) {
			expect(item.json.status).toBe('completed');
			expect(item.json.videoUrl).toMatch(/^http/);
			expect(item.binary?.data?.mimeType).toBe('video/mp4');
		}
	});
});
