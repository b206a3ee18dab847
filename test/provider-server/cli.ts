/**
 * Starts the provider server for use by hand, until Ctrl+C:
 *
 *     npx tsx test/provider-server/cli.ts [--port 4010] [--host 127.0.0.1] [--json]
 *
 * Prints base URLs and keys, with `--json` as one line of JSON.
 */
import { parseArgs } from 'node:util';
import { startProviderServer } from './index';

async function main(): Promise<void> {
	const { values } = parseArgs({
		options: { port: { type: 'string' }, host: { type: 'string' }, json: { type: 'boolean' } },
	});
	const server = await startProviderServer({
		port: Number(values.port ?? 0),
		...(values.host === undefined ? {} : { host: values.host }),
	});
	const { url, baseUrls, keys } = server;
	if (values.json) {
		process.stdout.write(`${JSON.stringify({ url, baseUrls, keys })}\n`);
	} else {
		for (const [name, baseUrl] of Object.entries(baseUrls)) {
			process.stdout.write(`${name.padEnd(18)}${baseUrl}   key ${keys[name as keyof typeof keys]}\n`);
		}
		process.stdout.write(`${'ledger'.padEnd(18)}${url}/_control/ledger\n`);
	}
	for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void server.close());
}

main().catch((error: unknown) => {
	process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
	process.exitCode = 1;
});
