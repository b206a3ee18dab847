/**
 * The benchmarks: `npm run bench` for all rows, `npm run bench -- makespan lateness` for some. Prints a table for each
 * and writes docs/benchmarks.md; a row that is not run keeps its figures there. `--quick` does less and writes nothing.
 */
import { loadavg } from 'node:os';
import { inspect } from 'node:util';
import { ensureInstalled } from '../e2e/harness';
import { anyDuration } from './anyDuration';
import { callback } from './callback';
import { crowd } from './crowd';
import { download } from './download';
import { lateness } from './lateness';
import { makespan } from './makespan';
import { isQuick } from './measure';
import type { RowResult } from './report';
import { machine, record, table } from './report';
import { suspendedLateness } from './suspendedLateness';
import { trigger } from './trigger';
import { weight } from './weight';

const rows: Record<string, { title: string; measure: () => Promise<RowResult> }> = {
	makespan: { title: 'Makespan', measure: makespan },
	lateness: { title: 'Lateness and reads', measure: lateness },
	anyDuration: { title: 'Any duration', measure: anyDuration },
	suspendedLateness: { title: 'Suspended until finished', measure: suspendedLateness },
	callback: { title: 'Callback to next node', measure: callback },
	crowd: { title: 'Suspended crowd', measure: crowd },
	trigger: { title: 'Trigger rate', measure: trigger },
	download: { title: 'Memory of a download', measure: download },
	weight: { title: 'Weight', measure: weight },
};

async function main(): Promise<void> {
	const names = process.argv.slice(2).filter((argument) => argument !== '--quick');
	const unknown = names.filter((name) => !(name in rows));
	if (unknown.length > 0) throw new Error(`No row ${unknown.join(', ')}; there are ${Object.keys(rows).join(', ')}`);
	const machineLine = machine((await ensureInstalled()).node);
	for (const [name, { title, measure }] of Object.entries(rows)) {
		if (names.length > 0 && !names.includes(name)) continue;
		const startedAt = Date.now();
		const about = { title, machine: machineLine, load: loadavg()[0] ?? Number.NaN };
		const result = await measure();
		if (!isQuick) record(name, about, result, Object.keys(rows));
		const seconds = Math.round((Date.now() - startedAt) / 1000);
		process.stdout.write(`\n${title} (${seconds} s)\n${table(result.lines)}\n`);
	}
}

main().catch((error: unknown) => {
	process.stderr.write(`${inspect(error)}\n`);
	process.exitCode = 1;
});
