/** The node as an agent's tool, with every provider: what it returns, and what it says when something goes wrong. */
import { describe, expect, it } from '@jest/globals';
import type { INodeParameters, IRun } from 'n8n-workflow';
import type { ProviderName } from '../provider-server';
import { forAll, PROVIDERS } from '../samples';
import { useProviderServer } from './harness/providerServer';
import { jsonOf, runOne, shownError } from './harness/service';
import { outputOf } from './harness/workflows';

const server = useProviderServer(forAll({ jobMs: 20 }));

async function call(provider: ProviderName, prompt: string, parameters: INodeParameters = {}): Promise<IRun> {
	return await runOne(server, provider, prompt, parameters, { node: { type: 'n8n-nodes-luma-video.lumaVideoTool' } });
}

describe.each(PROVIDERS)('%s as a tool', (provider) => {
	it('returns the address of the video and no file', async () => {
		const run = await call(provider, 'a kite', { downloadVideo: true });
		expect(jsonOf(run)).toMatchObject([{ status: 'completed', videoUrl: expect.stringContaining(String(server.jobs()[0]?.id)) }]);
		expect(outputOf(run)[0]).not.toHaveProperty('binary');
		expect(server.ledger().mediaHits).toEqual([]);
	});

	it('says all in the message, which is what an agent is shown', async () => {
		const plain = shownError(await runOne(server, provider, 'a kite [fails: too dark]'));
		const told = shownError(await call(provider, 'a kite [fails: too dark]'));
		const id = (index: number): string => String(server.jobs()[index]?.id);
		const headline = plain?.message.replace(' [item 0]', '.').replace(id(0), id(1));
		expect(told).toMatchObject({ message: `${headline} ${plain?.description}` });
		expect(told?.description).toBeFalsy();
	});

	it('answers in one go, also where it is set to suspend', async () => {
		const run = await call(provider, 'a kite', { completion: 'suspend' });
		expect(jsonOf(run)).toMatchObject([{ status: 'completed', generationId: server.jobs()[0]?.id }]);
		expect(server.ledger().purchases).toHaveLength(1);
	});
});
