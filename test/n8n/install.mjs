/**
 * Installs the n8n, the Node.js and the Chromium of the end-to-end tests, and prints where they are as one line of
 * JSON: `{ "node", "n8n", "chromium" }`, all paths of programs. Progress goes to stderr.
 *
 *     node test/n8n/install.mjs [--no-browser]
 *
 * Does nothing (a few milliseconds) when all is in place. The first run takes several minutes and 2.5 GB.
 *
 * With N8N_ROOT the tests run in another n8n: a folder in which `npm install n8n@<version>` was run. With N8N_IMAGE they
 * run in a container, so only the browser is installed.
 */
import { createHash } from 'node:crypto';
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findProgram, installDebianPackages } from './debian.mjs';
import { withLock } from './lock.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const cache = join(here, '..', '..', '.cache', 'n8n');
const rootFiles = ['package.json', 'package-lock.json', '.npmrc'];

/** The only packages whose install script matters to the tests; the others stay as they were packed. */
const nativePackages = ['sqlite3', 'isolated-vm'];
const compilers = ['python3', 'make', 'g++'];

/** Settings of an outer `npm run` that would change what is installed here. */
const foreignSettings = /^npm_(config_(dry_run|global|ignore_scripts|include|local_prefix|omit|only|package_lock|prefix|production|workspaces?)|lifecycle|package)/i;

try {
	const wanted = { browser: !process.argv.includes('--no-browser') };
	process.stdout.write(`${JSON.stringify(await install(wanted))}\n`);
} catch (error) {
	process.stderr.write(`${error.message}\n`);
	process.exitCode = 1;
}

async function install({ browser }) {
	mkdirSync(cache, { recursive: true });
	const n8n = process.env.N8N_IMAGE ? {} : await installN8n();
	if (process.env.N8N_ROOT) n8n.n8n = otherN8n(process.env.N8N_ROOT);
	return browser ? { ...n8n, chromium: await installChromium() } : n8n;
}

async function installN8n() {
	const root = join(cache, `${process.platform}-${process.arch}-${fingerprint()}`);
	const nodeHome = join(root, 'node_modules', `node-${process.platform}-${process.arch}`);
	const programs = {
		node: join(nodeHome, 'bin', 'node'),
		n8n: join(root, 'node_modules', 'n8n', 'bin', 'n8n'),
	};
	const marker = join(root, 'complete');
	if (existsSync(marker)) return programs;

	return await withLock(`n8n-for-tests ${basename(root)}`, () => {
		if (existsSync(marker)) return programs;
		const missing = compilers.filter((name) => findProgram(name) === undefined);
		if (missing.length > 0) installDebianPackages(missing, 'to compile the database driver of n8n');

		// What an interrupted run left behind is of no use.
		rmSync(root, { recursive: true, force: true });
		mkdirSync(root, { recursive: true });
		for (const file of rootFiles) copyFileSync(join(here, file), join(root, file));

		process.stderr.write(`Installing n8n for the tests into ${root} (several minutes, once)\n`);
		npm(root, ['ci', '--loglevel=error', '--no-progress']);
		if (!existsSync(programs.node)) {
			throw new Error(
				`No Node.js for ${process.platform}-${process.arch} in test/n8n/package.json: the n8n tests run on Linux (x64, arm64).`,
			);
		}
		process.stderr.write(`Compiling ${nativePackages.join(' and ')}\n`);
		npm(root, ['rebuild', ...nativePackages, '--ignore-scripts=false', '--loglevel=error'], {
			PATH: `${join(nodeHome, 'bin')}${delimiter}${process.env.PATH}`,
			// That Node's own headers, so that nothing is downloaded.
			npm_config_nodedir: nodeHome,
			npm_config_build_from_source: 'true',
			JOBS: 'max',
		});
		writeFileSync(marker, '');
		return programs;
	});
}

/** The n8n that somebody else installed; it runs in the Node.js of ours. */
function otherN8n(folder) {
	const program = join(folder, 'node_modules', 'n8n', 'bin', 'n8n');
	if (!existsSync(program)) throw new Error(`N8N_ROOT is ${folder}, but there is no ${program}`);
	return program;
}

/** Changes whenever the installation would. */
function fingerprint() {
	const hash = createHash('sha256');
	for (const file of rootFiles) hash.update(readFileSync(join(here, file)));
	return hash.digest('hex').slice(0, 12);
}

function npm(cwd, args, extraEnv = {}) {
	const inherited = Object.entries(process.env).filter(([name]) => !foreignSettings.test(name));
	const env = { ...Object.fromEntries(inherited), NODE_ENV: 'production', ...extraEnv };
	delete env.NODE_OPTIONS;
	// stdout belongs to this script's own answer.
	const { status, error } = spawnSync('npm', args, { cwd, env, stdio: ['ignore', 2, 2] });
	if (error) throw error;
	if (status !== 0) throw new Error(`npm ${args.join(' ')} failed in ${cwd}`);
}

async function installChromium() {
	const find = () => {
		const chosen = process.env.CHROMIUM_PATH;
		if (chosen) {
			if (!existsSync(chosen)) throw new Error(`CHROMIUM_PATH points to ${chosen}, which does not exist`);
			return chosen;
		}
		return findProgram('chromium') ?? findProgram('chromium-browser') ?? findProgram('google-chrome');
	};
	const found = find();
	if (found) return found;
	return await withLock('chromium-for-tests', () => {
		if (!find()) {
			// Without a font the editor is a page of empty boxes.
			installDebianPackages(
				['chromium', 'fonts-liberation'],
				'to test the editor in a browser (or set CHROMIUM_PATH to one)',
			);
		}
		const installed = find();
		if (!installed) throw new Error('Chromium was installed but is not on PATH; set CHROMIUM_PATH to it');
		return installed;
	});
}
