import { startProviderServer } from '../provider-server';
import { credentialsOf, generate, jsonOf, shownError } from './harness/service';
import { lumaWorkflow } from './harness/workflows';
import { startWorkflow } from './harness/engine';
async function main() {
	for (const kind of ['reset-after','500-after','truncated','timeout-after', 'reset-before', '429'] as const) for (const nth of [1,2,3,4,5]) for (const times of [1,5]) for (const maxConcurrent of [2, 10]) {
		const server = await startProviderServer({ settings: { lumaDreamMachine: { jobMs: 20 }, media: { slowChunkMs: 30 } } });
		const provider = 'lumaDreamMachine';
		server.fault({ kind, provider, route: 'create', nth, times });
		server.fault({ kind: 'slow', provider, route: 'create', times: 'always' });
		const items = Array.from({ length: 5 }, () => ({ text: 'a cat' }));
		const run = await (await startWorkflow(lumaWorkflow(items, generate(provider, { options: { requestTimeout: 2, timeout: 5000, maxConcurrent } })), { credentials: credentialsOf(server) })).finished;
		const ids = jsonOf(run).map((j) => j.generationId);
		const bought = server.ledger().purchases.map((p) => p.id);
		if (run.status !== 'success' || bought.length !== 5 || new Set(ids).size !== 5)
		console.log(kind, nth, times, maxConcurrent, run.status, 'bought', bought.length, 'delivered', ids.length, 'distinct', new Set(ids).size, shownError(run)?.message ?? '', (shownError(run)?.description ?? '').slice(0, 500));
		await server.close();
	}
}
main().then(() => process.exit(0));
