/**
 * Prints the fault matrix: every way in which the request that buys a video can go wrong, with every way of retrying,
 * for every provider. Ends with an error when a video is bought twice, or bought and neither delivered nor named.
 *
 *     npm run test:faults [provider ...]
 */
import { allCells, runMatrix, tableOf, totalsOf } from '../test/engine/faultMatrix';
import { PROVIDERS } from '../test/engine/harness/service';

async function main(): Promise<void> {
	const asked = process.argv.slice(2);
	const unknown = asked.find((name) => !PROVIDERS.some((known) => known === name));
	if (unknown !== undefined) throw new Error(`${unknown} is none of ${PROVIDERS.join(', ')}`);
	const rows = await runMatrix(allCells(PROVIDERS.filter((name) => asked.length === 0 || asked.includes(name))));
	console.log(tableOf(rows));
	if (totalsOf(rows).violations > 0) process.exitCode = 1;
}

main().then(
	// n8n's engine leaves timers behind.
	() => process.exit(),
	(error: unknown) => {
		console.error(error);
		process.exit(1);
	},
);
