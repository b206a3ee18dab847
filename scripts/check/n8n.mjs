/**
 * What newer releases of n8n change: compiles the nodes against the newest n8n-workflow on npm, and looks for what n8n 3
 * removes in all packages and examples. Needs a build, and the network.
 *
 *     npm run build && npm run check:n8n [-- VERSION...]
 *
 * Without a version: those that npm calls `latest`, `next` and `beta`.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { reducedPackages } from '../build/reduced.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** From https://docs.n8n.io/changelog/v30-breaking-changes/, and what 2.x has removed already. */
const removed = {
	'the helper copyBinaryFile': /\bhelpers\.copyBinaryFile\b/,
	$getPairedItem: /\$getPairedItem\b/,
	'a color of the node (defaults.color)': /\bdefaults: \{[^}]*\bcolor\b/,
	'the folder ~/.n8n/binaryData': /\.n8n\/binaryData\b/,
	sleepWithAbort: /\bsleepWithAbort\b/,
	'the helper prepareOutputData': /\bhelpers\.prepareOutputData\b/,
	'the node Function, Function Item, Item Lists or AI Transform': /"n8n-nodes-base\.(?:function|functionItem|itemLists|aiTransform)"/,
};

const findings = [];
const temporary = mkdtempSync(join(tmpdir(), 'check-n8n-'));
process.on('exit', () => rmSync(temporary, { recursive: true, force: true }));

lookForRemoved();
for (const version of wanted()) compileAgainst(version);

for (const finding of findings) console.error(`- ${finding}`);
if (findings.length > 0) process.exitCode = 1;

/** Versions to compile against, each once. */
function wanted() {
	const chosen = process.argv.slice(2);
	if (chosen.length > 0) return chosen;
	const tags = JSON.parse(npm(['view', 'n8n-workflow', 'dist-tags', '--json']));
	return [...new Set(['latest', 'next', 'beta'].flatMap((tag) => tags[tag] ?? []))];
}

function compileAgainst(version) {
	const folder = join(temporary, version);
	mkdirSync(folder);
	writeFileSync(join(folder, 'package.json'), '{}');
	npm(['install', `n8n-workflow@${version}`, '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], folder);
	const module = join(folder, 'node_modules', 'n8n-workflow');
	const found = JSON.parse(readFileSync(join(module, 'package.json'), 'utf8')).version;
	const configPath = join(root, 'tsconfig.build.json');
	const { config } = ts.readConfigFile(configPath, ts.sys.readFile);
	const more = { noEmit: true, baseUrl: root, paths: { 'n8n-workflow': [module] } };
	const { fileNames, options } = ts.parseJsonConfigFileContent(config, ts.sys, root, more, configPath);
	const diagnostics = ts.getPreEmitDiagnostics(ts.createProgram(fileNames, options));
	const host = { getCanonicalFileName: (path) => path, getCurrentDirectory: () => root, getNewLine: () => '\n' };
	for (const each of diagnostics) findings.push(`n8n-workflow ${found}: ${ts.formatDiagnostic(each, host).trim()}`);
	console.log(`n8n-workflow ${found}: ${fileNames.length} files, ${diagnostics.length === 0 ? 'compiled' : `${diagnostics.length} findings`}`);
}

function lookForRemoved() {
	const folders = [root, ...reducedPackages()].map((folder) => join(folder, 'dist'));
	const files = [...folders, join(root, 'examples')].flatMap((folder) =>
		readdirSync(folder, { recursive: true, withFileTypes: true })
			.filter(({ name }) => /\.js(?:on)?$/.test(name))
			.map(({ parentPath, name }) => join(parentPath, name)),
	);
	for (const path of files) {
		const text = readFileSync(path, 'utf8');
		for (const [name, pattern] of Object.entries(removed)) {
			if (pattern.test(text)) findings.push(`${relative(root, path)} uses ${name}, which n8n 3 does not have`);
		}
	}
	console.log(`${files.length} files: ${findings.length === 0 ? 'nothing that n8n 3 removes' : `${findings.length} findings`}`);
}

/** What npm prints. Through the shell on Windows only, where npm is a script. */
function npm(args, cwd = root) {
	return execFileSync('npm', args, { cwd, encoding: 'utf8', shell: process.platform === 'win32', stdio: ['ignore', 'pipe', 'inherit'] });
}
