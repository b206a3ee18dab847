/**
 * Measures the unit tests by mutation: changes the code in many small ways and counts how many changes a test notices.
 *
 *     npm run test:mutation                          all five directories; an hour or more on two cores
 *     npm run test:mutation -- transport callbacks   only these
 *     npm run test:mutation -- --sample 0.1          one in ten of the changes, always the same ones
 *     npm run test:mutation -- --file generation/ledger.ts --file operations/report.ts
 *     npm run test:mutation -- --file generation/lost.ts --tests 'test/unit/generation/lost.test.ts'
 *
 * A directory of nodes/LumaVideo is measured with the unit tests of the same directory and a few more that are about it,
 * so the true score is at least what is printed. Results are kept in output/mutation: what did not change since is not run again.
 * The exit status is 1 when a directory is below the goal.
 */
import { mkdirSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { Stryker } from '@stryker-mutator/core';

const goalPercent = 80;

/** Directory of nodes/LumaVideo: the tests of it. */
const tests = {
	transport: ['test/unit/transport/**/*.test.ts', 'test/unit/generation/deliver.test.ts'],
	callbacks: ['test/unit/callbacks/**/*.test.ts'],
	generation: ['test/unit/generation/**/*.test.ts'],
	operations: ['test/unit/operations/**/*.test.ts'],
	// Without providerContract.test.ts, which alone takes as long as all others.
	providers: [
		'test/unit/providers/!(providerContract).test.ts',
		'test/unit/callbacks/readCallback.test.ts',
		'test/unit/savedWorkflows.test.ts',
		'test/unit/readme.test.ts',
	],
};

const { values, positionals } = parseArgs({
	allowPositionals: true,
	options: {
		file: { type: 'string', multiple: true, default: [] },
		sample: { type: 'string', default: '1' },
		// Instead of those of the directory.
		tests: { type: 'string', multiple: true, default: [] },
	},
});
const named = positionals.length > 0 ? positionals : values.file.map((file) => file.split('/')[0]);
const wanted = named.length > 0 ? [...new Set(named)] : Object.keys(tests);
const unknown = wanted.filter((directory) => !(directory in tests));
if (unknown.length > 0) throw new Error(`${unknown.join(', ')}: choose from ${Object.keys(tests).join(', ')}`);

const rows = {};
for (const directory of wanted) rows[directory] = count(await mutate(directory));
console.table(rows);
if (Object.values(rows).some(({ percent }) => percent < goalPercent)) process.exitCode = 1;

async function mutate(directory) {
	const folder = `output/mutation/${values.sample}`;
	const files = values.file.filter((file) => file.startsWith(`${directory}/`)).map((file) => `nodes/LumaVideo/${file}`);
	mkdirSync(folder, { recursive: true });
	process.env.MUTATION_SAMPLE = values.sample;
	process.env.MUTATION_TESTS = (values.tests.length > 0 ? values.tests : tests[directory]).join(',');
	return await new Stryker({
		mutate: files.length > 0 ? files : [`nodes/LumaVideo/${directory}/**/*.ts`],
		plugins: ['@stryker-mutator/jest-runner', './test/mutation/prose.mjs', './test/mutation/sample.mjs'],
		ignorers: ['prose'],
		checkers: values.sample === '1' ? [] : ['sample'],
		testRunner: 'jest',
		jest: { projectType: 'custom', configFile: 'test/mutation/jest.config.cjs', enableFindRelatedTests: true },
		coverageAnalysis: 'perTest',
		concurrency: 2,
		// On a machine with other work a short limit would take slow for noticed. Endless loops end by their count.
		timeoutMS: 120_000,
		dryRunTimeoutMinutes: 30,
		disableTypeChecks: false,
		ignorePatterns: ['.cache', 'dist', 'output', 'test/e2e', 'test/engine', 'test/n8n', 'test/soak'],
		tempDirName: 'output/stryker',
		incremental: true,
		incrementalFile: `${folder}/${directory}.incremental.json`,
		reporters: ['json', 'clear-text', 'progress-append-only'],
		clearTextReporter: { allowColor: false, logTests: false, reportScoreTable: true },
		jsonReporter: { fileName: `${folder}/${directory}.json` },
		thresholds: { high: 100, low: goalPercent, break: null },
		allowEmpty: false,
	}).runMutationTest();
}

/** Mutants that cannot run at all say nothing about the tests. */
function count(results) {
	const number = (...statuses) => results.filter(({ status }) => statuses.includes(status)).length;
	const noticed = number('Killed', 'Timeout');
	const missed = number('Survived', 'NoCoverage');
	const percent = Math.round((1000 * noticed) / (noticed + missed)) / 10;
	return { noticed, survived: number('Survived'), 'not covered': number('NoCoverage'), percent };
}
