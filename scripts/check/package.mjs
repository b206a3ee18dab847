/**
 * Checks what would be published: that each package holds exactly what it should, that n8n can load it, and that it passes
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
import { loadedFiles, reducedPackages, splitProviders } from '../build/reduced.mjs';

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
const temporary = mkdtempSync(join(tmpdir(), 'check-package-'));
process.on('exit', () => rmSync(temporary, { recursive: true, force: true }));
// The scanner makes itself a folder when it is loaded, and leaves it.
process.env.TMPDIR = join(temporary, 'scan');
mkdirSync(process.env.TMPDIR);
const { SOURCE_FILE_PATTERNS, analyzePackage, findPackageRoot } = await import('@n8n/scan-community-package/scanner/scanner.mjs');

const whole = readManifest(root);
await checkPackage(root, sourcesExpected);
for (const folder of reducedPackages()) {
	const manifest = await checkPackage(folder, loadedExpected);
	const { kept, absent } = splitProviders(manifest);
	checkWords(manifest, kept, absent);
	check(manifest.version === whole.version, `${manifest.name} has the version ${manifest.version}, ${whole.name} ${whole.version}`);
	check(manifest.repository.url === whole.repository.url, `${manifest.name} names another repository than ${whole.name}`);
	check(manifest.repository.directory === sourcePath(folder), `${manifest.name} names another folder of the repository`);
}

if (findings.length > 0) {
	for (const finding of findings) console.error(`- ${finding}`);
	process.exitCode = 1;
}

function check(holds, finding) {
	if (!holds) findings.push(finding);
	return holds;
}

function readManifest(folder) {
	return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
}

/** @param expectedIn what must be in the package below `dist`, no more and no less */
async function checkPackage(folder, expectedIn) {
	const manifest = readManifest(folder);
	const packed = pack(folder, manifest);
	const { unpacked } = packed;
	const files = new Set(packed.files.map(({ path }) => path));
	const about = (finding) => `${manifest.name}: ${finding}`;

	const registered = { credentials: manifest.n8n?.credentials ?? [], nodes: manifest.n8n?.nodes ?? [] };
	const expected = new Set(['package.json', 'README.md', 'LICENSE', ...expectedIn(folder, registered)]);
	for (const path of files) check(expected.has(path), about(`${path} does not belong into the package`));
	for (const path of expected) check(files.has(path), about(`${path} is missing`));
	check(packed.size < maxPackedBytes, about(`the package has ${packed.size} bytes, more than ${maxPackedBytes}`));
	for (const path of files) checkText(unpacked, path, about);

	for (const field of ['dependencies', 'optionalDependencies', 'bundleDependencies', 'bundledDependencies', 'overrides', 'resolutions']) {
		check(Object.keys(manifest[field] ?? {}).length === 0, about(`package.json has ${field}`));
	}
	for (const script of ['prepare', 'preinstall', 'install', 'postinstall', 'prepublish', 'preprepare', 'postprepare']) {
		check(manifest.scripts?.[script] === undefined, about(`package.json has a ${script} script, which n8n does not allow`));
	}

	for (const path of files) {
		if (path.startsWith('dist/') && path.endsWith('.js')) checkImports(unpacked, path, about);
	}
	check(registered.nodes.length > 0, about('package.json registers no node'));
	for (const [kind, paths] of Object.entries(registered)) {
		for (const path of paths) {
			const isThere = check(files.has(path), about(`${path} is registered under n8n.${kind} but not in the package`));
			if (isThere) checkClass(folder, files, kind, path, manifest, about);
		}
		const suffix = kind === 'nodes' ? '.node.js' : '.credentials.js';
		for (const path of files) {
			if (path.endsWith(suffix)) check(paths.includes(path), about(`${path} is in the package but not under n8n.${kind}`));
		}
	}

	await scan(folder, unpacked, manifest, about);
	console.log(`${packed.filename}: ${files.size} files, ${packed.size} bytes packed, ${packed.unpackedSize} unpacked`);
	return manifest;
}

/** Packs into a temporary folder and unpacks there. */
function pack(folder, { name }) {
	const target = join(temporary, name);
	mkdirSync(target);
	const [packed] = JSON.parse(
		// Through the shell on Windows only, where npm is a script.
		execFileSync('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', target], {
			cwd: folder,
			encoding: 'utf8',
			maxBuffer: 64 * 1024 * 1024,
			shell: process.platform === 'win32',
			stdio: ['ignore', 'pipe', 'ignore'],
		}),
	);
	execFileSync('tar', ['-xzf', packed.filename], { cwd: target });
	return { ...packed, unpacked: join(target, 'package') };
}

/** Of the whole package: all that is compiled or copied. */
function sourcesExpected() {
	return ['nodes', 'credentials', 'icons'].flatMap(sources).map((path) => `dist/${path.replace(/\.ts$/, '.js')}`);
}

/** Of a package with some of the providers: what its nodes and credentials load and show. */
function loadedExpected(folder, { credentials, nodes }) {
	const loaded = [...loadedFiles(folder, [...nodes, ...credentials])].map((path) => relative(folder, path).replaceAll('\\', '/'));
	const icons = [...nodes.map((path) => ['nodes', path]), ...credentials.map((path) => ['credentials', path])].flatMap(
		([kind, path]) => iconsOf(folder, kind, path),
	);
	return [...loaded, ...icons, ...nodes.map((path) => path.replace(/\.js$/, '.json'))];
}

/** All files of a folder of the project, with slashes on every system. */
function sources(folder) {
	return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
		.filter((entry) => entry.isFile())
		.map((entry) => relative(root, join(entry.parentPath, entry.name)).replaceAll('\\', '/'));
}

function sourcePath(folder) {
	return relative(root, folder).replaceAll('\\', '/');
}

function checkText(unpacked, path, about) {
	const text = readFileSync(join(unpacked, path), 'utf8');
	check(!secrets.test(text), about(`${path} holds what looks like a key`));
	for (const folder of machinePaths) check(!text.includes(folder), about(`${path} names a folder of a machine: ${folder}`));
	check(!text.includes('sourceMappingURL'), about(`${path} names a source map`));
}

/** A package of some providers says nothing of the others: not their names, ids, credentials or hosts. */
function checkWords({ name }, kept, absent) {
	const wordsOf = ({ id, displayName, credentialType, dashboardUrl }) => [id, displayName, credentialType, new URL(dashboardUrl).host];
	const ours = kept.flatMap(wordsOf);
	const foreign = absent.flatMap(wordsOf).filter((word) => !ours.includes(word));
	const pattern = new RegExp(`\\b(?:${foreign.map((word) => word.replaceAll('.', '\\.')).join('|')})\\b`, 'i');
	const folder = join(temporary, name, 'package');
	for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
		if (!entry.isFile()) continue;
		const path = join(entry.parentPath, entry.name);
		const [found] = pattern.exec(readFileSync(path, 'utf8')) ?? [];
		check(found === undefined, `${name}: ${relative(folder, path)} speaks of ${found}, which is not in this package`);
	}
}

/**
 * The two legs of n8n's own scan, over the sources and over what is packed; inline comments switch nothing off. It looks
 * for the sources in the folder of the repository whose package.json has the package's name. In packages/ that folder has
 * no sources of its own: they are those of the whole package, which is scanned too.
 */
async function scan(folder, unpacked, { name }, about) {
	check(findPackageRoot(root, name) === folder, about(`n8n's scan does not find its package.json`));
	for (const [what, scanned, patterns] of [
		['the sources', folder, SOURCE_FILE_PATTERNS],
		['the packed files', unpacked, ['**/*.js', 'package.json']],
	]) {
		const { passed, message, details } = await analyzePackage(scanned, patterns);
		check(passed, about(`n8n's scan of ${what}: ${message}\n${details ?? ''}`));
	}
}

function checkImports(unpacked, path, about) {
	const source = readFileSync(join(unpacked, path), 'utf8');
	for (const [, name] of source.matchAll(/\brequire\("([^"]+)"\)/g)) {
		check(name.startsWith('.') || hostModules.includes(name), about(`${path} loads ${name}, which n8n does not provide`));
	}
}

/** Loads the class as n8n does, by the file's name. */
function made(folder, path) {
	return new (require(join(folder, path))[basename(path).split('.')[0]])();
}

/** The files of a class's icons. */
function iconsOf(folder, kind, path) {
	const instance = made(folder, path);
	const icon = kind === 'nodes' ? instance.description.icon : instance.icon;
	const icons = typeof icon === 'object' ? [icon.light, icon.dark] : [icon];
	return icons.map((reference) => posix.join(posix.dirname(path), String(reference).replace(/^file:/, '')));
}

/** Follows the files that a class names. */
function checkClass(folder, files, kind, path, manifest, about) {
	try {
		for (const icon of iconsOf(folder, kind, path)) {
			check(files.has(icon), about(`${path} names the icon ${icon}, which is not in the package`));
		}
	} catch (error) {
		findings.push(about(`${path} does not load: ${error.message}`));
		return;
	}
	if (kind === 'nodes') checkCodex(folder, files, path.replace(/\.js$/, '.json'), manifest, about);
}

function checkCodex(folder, files, path, { name }, about) {
	if (!check(files.has(path), about(`${path} is not in the package`))) return;
	const codex = JSON.parse(readFileSync(join(folder, path), 'utf8'));
	check(codex.node === name, about(`${path} names the package ${codex.node}`));
	// Without `resources` n8n silently drops the whole file.
	check(codex.resources !== undefined, about(`${path} has no "resources"`));
	check(Array.isArray(codex.categories), about(`${path} has no "categories"`));
}
