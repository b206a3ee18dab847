/**
 * Checks what would be published: that the package holds exactly what it should, that n8n can load it, and that it passes
 * the scan which n8n runs on community packages. Needs a build.
 *
 *     npm run build && npm run check:package
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { homedir, tmpdir } from 'node:os';
import { basename, dirname, join, posix, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const require = createRequire(import.meta.url);

const maxPackedBytes = 150_000;
/** What n8n lets a node load besides the package's own files. */
const hostModules = ['n8n-workflow', 'zod', 'node:crypto', 'crypto'];
/** What nobody may read: keys of the services (but not the placeholder of one), of npm and of GitHub, private keys. */
const secrets = /\b(?:luma-api-|sk-|key_(?!1234567890)|r8_|npm_|gh[pousr]_|github_pat_)[A-Za-z0-9_-]{30,}|\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}:[0-9a-f]{20,}|-----BEGIN [A-Z ]*PRIVATE KEY/;
/** Folders of the machine that made the package. */
const machinePaths = [root, homedir(), '/home/', '/root/', '/Users/', 'C:\\\\Users'];

const findings = [];
const check = (holds, finding) => {
	if (!holds) findings.push(finding);
	return holds;
};

const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const temporary = mkdtempSync(join(tmpdir(), 'check-package-'));
process.on('exit', () => rmSync(temporary, { recursive: true, force: true }));
const packed = pack();
const files = new Set(packed.files.map(({ path }) => path));

const expected = new Set([
	...['package.json', 'README.md', 'LICENSE'],
	// Guesses are for those who work on the package.
	...['nodes', 'credentials', 'icons'].flatMap(sources).filter((path) => !path.endsWith('guesses.ts')).map((path) => `dist/${path.replace(/\.ts$/, '.js')}`),
]);
for (const path of files) check(expected.has(path), `${path} does not belong into the package`);
for (const path of expected) check(files.has(path), `${path} is missing`);
check(packed.size < maxPackedBytes, `the package has ${packed.size} bytes, more than ${maxPackedBytes}`);
for (const path of files) checkText(path);

for (const field of ['dependencies', 'optionalDependencies', 'bundleDependencies', 'bundledDependencies', 'overrides', 'resolutions']) {
	check(Object.keys(manifest[field] ?? {}).length === 0, `package.json has ${field}`);
}
for (const script of ['prepare', 'preinstall', 'install', 'postinstall', 'prepublish', 'preprepare', 'postprepare']) {
	check(manifest.scripts?.[script] === undefined, `package.json has a ${script} script, which n8n does not allow`);
}

for (const path of files) {
	if (path.startsWith('dist/') && path.endsWith('.js')) checkImports(path);
}
const registered = { credentials: manifest.n8n?.credentials ?? [], nodes: manifest.n8n?.nodes ?? [] };
check(registered.nodes.length > 0, 'package.json registers no node');
for (const [kind, paths] of Object.entries(registered)) {
	for (const path of paths) {
		if (check(files.has(path), `${path} is registered under n8n.${kind} but not in the package`)) checkClass(kind, path);
	}
	const suffix = kind === 'nodes' ? '.node.js' : '.credentials.js';
	for (const path of files) {
		if (path.endsWith(suffix)) check(paths.includes(path), `${path} is in the package but not under n8n.${kind}`);
	}
}

await scan();

if (findings.length > 0) {
	for (const finding of findings) console.error(`- ${finding}`);
	process.exitCode = 1;
} else {
	console.log(`${packed.filename}: ${files.size} files, ${packed.size} bytes packed, ${packed.unpackedSize} unpacked`);
}

/** Packs into a temporary folder and unpacks there, into `package`. */
function pack() {
	const [packed] = JSON.parse(
		// Through the shell on Windows only, where npm is a script.
		execFileSync('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', temporary], {
			cwd: root,
			encoding: 'utf8',
			maxBuffer: 64 * 1024 * 1024,
			shell: process.platform === 'win32',
			stdio: ['ignore', 'pipe', 'ignore'],
		}),
	);
	execFileSync('tar', ['-xzf', packed.filename], { cwd: temporary });
	return packed;
}

/** All files of a folder of the project, with slashes on every system. */
function sources(folder) {
	return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
		.filter((entry) => entry.isFile())
		.map((entry) => relative(root, join(entry.parentPath, entry.name)).replaceAll('\\', '/'));
}

function checkText(path) {
	const text = readFileSync(join(temporary, 'package', path), 'utf8');
	check(!secrets.test(text), `${path} holds what looks like a key`);
	for (const folder of machinePaths) check(!text.includes(folder), `${path} names a folder of a machine: ${folder}`);
	check(!text.includes('sourceMappingURL'), `${path} names a source map`);
}

/** The two legs of n8n's own scan, over the sources and over what is packed; inline comments switch nothing off. */
async function scan() {
	// The scanner makes itself a folder when it is loaded, and leaves it.
	process.env.TMPDIR = join(temporary, 'scan');
	mkdirSync(process.env.TMPDIR);
	const { SOURCE_FILE_PATTERNS, analyzePackage } = await import('@n8n/scan-community-package/scanner/scanner.mjs');
	for (const [what, folder, patterns] of [
		['the sources', root, SOURCE_FILE_PATTERNS],
		['the packed files', join(temporary, 'package'), ['**/*.js', 'package.json']],
	]) {
		const { passed, message, details } = await analyzePackage(folder, patterns);
		check(passed, `n8n's scan of ${what}: ${message}\n${details ?? ''}`);
	}
}

function checkImports(path) {
	const source = readFileSync(join(temporary, 'package', path), 'utf8');
	for (const [, name] of source.matchAll(/\brequire\("([^"]+)"\)/g)) {
		check(name.startsWith('.') || hostModules.includes(name), `${path} loads ${name}, which n8n does not provide`);
	}
}

/** Loads the class as n8n does, by the file's name, and follows the files that it names. */
function checkClass(kind, path) {
	const name = basename(path).split('.')[0];
	let instance;
	try {
		instance = new (require(join(root, path))[name])();
	} catch (error) {
		findings.push(`${path} does not load: ${error.message}`);
		return;
	}
	const icon = kind === 'nodes' ? instance.description.icon : instance.icon;
	const icons = typeof icon === 'object' ? [icon.light, icon.dark] : [icon];
	for (const reference of icons) {
		const iconPath = posix.join(posix.dirname(path), String(reference).replace(/^file:/, ''));
		check(files.has(iconPath), `${path} names the icon ${iconPath}, which is not in the package`);
	}
	if (kind === 'nodes') checkCodex(path.replace(/\.js$/, '.json'));
}

function checkCodex(path) {
	if (!check(files.has(path), `${path} is not in the package`)) return;
	const codex = JSON.parse(readFileSync(join(temporary, 'package', path), 'utf8'));
	// Without `resources` n8n silently drops the whole file.
	check(codex.resources !== undefined, `${path} has no "resources"`);
	check(Array.isArray(codex.categories), `${path} has no "categories"`);
}
