/**
 * The soak of the trigger with other seeds and numbers than in the tests:
 *
 *     node --import tsx scripts/trigger-soak.ts [--seed 1] [--generations 300] [--runs 1]
 *
 * Prints one line of JSON for each run; the exit status is 0 only if nothing was lost, doubled or forged.
 */
import { parseArgs } from 'node:util';
import { startN8n } from '../test/e2e/harness/n8n';
import { packTarball } from '../test/e2e/harness/pack';
import { createCredentials } from '../test/e2e/support';
import { soak } from '../test/e2e/triggerSoak';
import { startProviderServer } from '../test/provider-server';

const { values } = parseArgs({
	options: {
		seed: { type: 'string', default: '1' },
		generations: { type: 'string', default: '300' },
		runs: { type: 'string', default: '1' },
	},
});

async function main(): Promise<void> {
	const tarball = await packTarball();
	for (let run = 0; run < Number(values.runs); run++) {
		const server = await startProviderServer();
		const n8n = await startN8n({ tarball: tarball.path });
		try {
			const figures = await soak({
				n8n,
				server,
				credentials: await createCredentials(n8n.client, server),
				seed: Number(values.seed) + run,
				generations: Number(values.generations),
				log: (text) => process.stderr.write(`${text}\n`),
			});
			process.stdout.write(`${JSON.stringify(figures)}\n`);
			if (figures.lost + figures.twice + figures.forged > 0) process.exitCode = 1;
		} finally {
			await n8n.stop();
			await server.close();
		}
	}
}

void main();
