/**
 * Prints the fault matrix: every way in which the request that buys a video can go wrong, with every way of retrying,
 * for every provider. Then the crash and the stop matrix: n8n killed, or the execution stopped, at every step. Ends with
 * an error when a video is bought twice, or bought and neither delivered nor named.
 *
 *     npm run test:faults [provider ...]
 */
import { PROVIDERS } from '../../test/samples';
import { CRASH_PROVIDERS, allCrashCells, crashTable, crashTotals, runCrashMatrix } from '../../test/engine/crashMatrix';
import { allCells, runMatrix, tableOf, totalsOf } from '../../test/engine/faultMatrix';
import { allStopCells, runStopMatrix, stopTable, stopTotals } from '../../test/engine/stopMatrix';

async function main(): Promise<void> {
	const asked = process.argv.slice(2);
	const unknown = asked.find((name) => !PROVIDERS.some((known) => known === name));
	if (unknown !== undefined) throw new Error(`${unknown} is none of ${PROVIDERS.join(', ')}`);
	const isAsked = (name: string): boolean => asked.length === 0 || asked.includes(name);
	const rows = await runMatrix(allCells(PROVIDERS.filter(isAsked)));
	console.log(tableOf(rows));
	const crashed = await runCrashMatrix(allCrashCells(CRASH_PROVIDERS.filter(isAsked)));
	console.log(`\n${crashTable(crashed)}`);
	const stopped = await runStopMatrix(allStopCells(CRASH_PROVIDERS.filter(isAsked)));
	console.log(`\n${stopTable(stopped)}`);
	const all = [totalsOf(rows), crashTotals(crashed), stopTotals(stopped)];
	if (all.some(({ violations }) => violations > 0)) process.exitCode = 1;
}

main().then(
	// n8n's engine leaves timers behind.
	() => process.exit(),
	(error: unknown) => {
		console.error(error);
		process.exit(1);
	},
);
