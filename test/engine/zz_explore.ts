import { startProviderServer } from '../provider-server';
import { PROVIDERS, runOne, shownError, keysIn, jsonOf } from './harness/service';
async function main() {
	const kinds = ['401','402','403','404','429','500','503','reset-before','reset-after','timeout-before','timeout-after','500-after','truncated','invalid-json','html','empty','no-id','unknown-status','completed-without-url','redirect'] as const;
	for (const provider of PROVIDERS) {
		const server = await startProviderServer();
		server.configure({ [provider]: { jobMs: 40 } });
		for (const route of ['create', 'status'] as const) for (const kind of kinds) {
			server.reset();
			server.configure({ [provider]: { jobMs: 40 } });
			server.fault({ kind, provider, route, times: 'always' });
			if (route === 'status' && provider==='lumaDreamMachine') server.fault({ kind, provider, route:'list', times: 'always' });
			const run = await runOne(server, provider, 'a cat', { options: { requestTimeout: 1, timeout: 100 } });
			console.log(`${provider} ${route} ${kind}: ${run.status} bought ${server.ledger().purchases.length} keys ${keysIn(run, Object.values(server.keys)).length}`);
			console.log('   ', JSON.stringify(shownError(run) ?? jsonOf(run)));
		}
		await server.close();
	}
}
main().then(() => process.exit(0));
