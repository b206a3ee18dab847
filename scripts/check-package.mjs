/**
 * Checks what would be published: that the package holds what n8n needs, loads, and nothing more. Needs a build.
 *
 *     npm run build && node scripts/check-package.mjs
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const require = createRequire(import.meta.url);

const maxPackedBytes = 150_000;
const rootFiles = ['package.json', 'README.md', 'LICENSE', 'CHANGELOG.md'];
const neededFiles = ['package.json', 'README.md', 'LICENSE'];
/** What n8n lets a node load besides the package's own files. */
const hostModules = ['n8n-workflow', 'zod', 'node:crypto', 'crypto'];

const findings = [];
const check = (holds, finding) => {
	if (!holds) findings.push(finding);
	return holds;
};

const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const [packed] = JSON.parse(
	// Through the shell on Windows only, where npm is a script.
	execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
		cwd: root,
		encoding: 'utf8',
		maxBuffer: 64 * 1024 * 1024,
		shell: process.platform === 'win32',
		stdio: ['ignore', 'pipe', 'ignore'],
	}),
);
const files = new Set(packed.files.map(({ path }) => path));

for (const path of files) {
	check(path.startsWith('dist/') || rootFiles.includes(path), `${path} does not belong into the package`);
	check(!/\.(d\.ts|map|tsbuildinfo|tgz)$|(^|\/)(test|tests|__tests__|node_modules)\/|\.test\./.test(path), `${path} is of no use to n8n`);
}
for (const path of neededFiles) check(files.has(path), `${path} is missing`);
check(packed.size < maxPackedBytes, `the package has ${packed.size} bytes, more than ${maxPackedBytes}`);

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

if (findings.length > 0) {
	for (const finding of findings) console.error(`- ${finding}`);
	process.exitCode = 1;
} else {
	console.log(`${packed.filename}: ${files.size} files, ${packed.size} bytes packed, ${packed.unpackedSize} unpacked`);
}

function checkImports(path) {
	const source = readFileSync(join(root, path), 'utf8');
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
	const codex = JSON.parse(readFileSync(join(root, path), 'utf8'));
	// Without `resources` n8n silently drops the whole file.
	check(codex.resources !== undefined, `${path} has no "resources"`);
	check(Array.isArray(codex.categories), `${path} has no "categories"`);
}
