/**
 * Builds the packages of packages/: the same nodes with some of the providers, because n8n verifies packages of one
 * service only. A package has the providers whose credentials its package.json lists.
 *
 *     npm run build     runs it after the whole package, which says what there is
 *
 * The sources are compiled as they are, except that the registry holds those providers only; so what only the others
 * need is never reached. Rows of the table of extra fields that none of them has, and files that only types came from,
 * are left out too.
 */
import { copyFileSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const require = createRequire(import.meta.url);
const registryPath = 'nodes/LumaVideo/providers/registry.ts';
const extrasPath = 'nodes/LumaVideo/providers/extras.ts';

/** All providers, as the whole package has them. */
const { providers } = require(join(root, 'dist/nodes/LumaVideo/providers'));

/** The packages beside the whole one, each as the folder of its package.json. */
export function reducedPackages() {
	return readdirSync(join(root, 'packages')).map((name) => join(root, 'packages', name));
}

/** Which providers a package has, by the credentials in its package.json, and which it has not. */
export function splitProviders(manifest) {
	const types = manifest.n8n.credentials.map((path) => {
		const [name] = path.split('/').at(-1).split('.');
		return `${name.charAt(0).toLowerCase()}${name.slice(1)}`;
	});
	const all = Object.values(providers);
	const unknown = types.filter((type) => !all.some(({ credentialType }) => credentialType === type));
	if (unknown.length > 0) throw new Error(`${manifest.name} lists credentials of no provider: ${unknown.join(', ')}`);
	return {
		kept: all.filter(({ credentialType }) => types.includes(credentialType)),
		absent: all.filter(({ credentialType }) => !types.includes(credentialType)),
	};
}

/** The files that a package's registered files load, themselves included, as absolute paths. */
export function loadedFiles(folder, registered) {
	const found = new Set();
	const follow = (file) => {
		if (found.has(file)) return;
		found.add(file);
		for (const [, name] of readFileSync(file, 'utf8').matchAll(/\brequire\("(\.[^"]+)"\)/g)) {
			follow(require.resolve(join(dirname(file), name)));
		}
	};
	for (const path of registered) follow(join(folder, path));
	return found;
}

function build(folder) {
	const manifest = readJson(join(folder, 'package.json'));
	const { kept, absent } = splitProviders(manifest);
	const registered = [...manifest.n8n.nodes, ...manifest.n8n.credentials];
	rmSync(join(folder, 'dist'), { recursive: true, force: true });
	compile(
		registered.map((path) => path.replace(/^dist\/(.*)\.js$/, '$1.ts')),
		join(folder, 'dist'),
		kept,
		absent,
	);
	const loaded = loadedFiles(folder, registered);
	for (const file of filesBelow(join(folder, 'dist'))) if (!loaded.has(file)) rmSync(file);
	for (const path of registered) copyIcons(folder, path);
	for (const path of manifest.n8n.nodes) writeCodex(folder, path, manifest, kept, absent);
	copyFileSync(join(root, 'LICENSE'), join(folder, 'LICENSE'));
}

function compile(entries, outDir, kept, absent) {
	const configPath = join(root, 'tsconfig.build.json');
	const { options } = ts.parseJsonConfigFileContent(readConfig(configPath), ts.sys, root, { outDir }, configPath);
	const host = ts.createCompilerHost(options);
	const { readFile } = host;
	host.readFile = (path) => {
		const text = readFile(path);
		return text !== undefined && fromRoot(path) === registryPath ? registryOf(text, absent) : text;
	};
	const program = ts.createProgram(entries.map((path) => join(root, path)), options, host);
	const result = program.emit(undefined, undefined, undefined, false, { before: [withoutRows(unusedExtras(kept))] });
	const findings = [...ts.getPreEmitDiagnostics(program), ...result.diagnostics];
	if (findings.length > 0) throw new Error(ts.formatDiagnostics(findings, host));
}

/** The registry's source without these providers: each has one line that imports it and one that lists it. */
function registryOf(source, absent) {
	return absent.reduce((text, { id }) => {
		const lines = new RegExp(`^(?:import \\{ ${id} \\} from '\\./${id}';|\\t${id},)\\n`, 'gm');
		if (text.match(lines)?.length !== 2) throw new Error(`${registryPath} does not have one import and one entry of ${id}`);
		return text.replace(lines, '');
	}, source);
}

/** Extra fields that none of the providers has in any operation. */
function unusedExtras(kept) {
	const tables = kept.flatMap(({ capabilities }) => [capabilities, ...Object.values(capabilities.operations)]);
	const used = new Set(tables.flatMap(({ extras }) => Object.keys(extras)));
	const { extraFields } = require(join(root, 'dist/nodes/LumaVideo/providers/extras'));
	return extraFields.filter((field) => !used.has(field));
}

/** Leaves rows out of the table of extra fields. What reads such a field takes it as unset. */
function withoutRows(names) {
	const visit = (node, context) => {
		if (ts.isVariableDeclaration(node) && node.name.getText() === 'EXTRAS') {
			const withFewer = (part) =>
				ts.isObjectLiteralExpression(part)
					? ts.factory.updateObjectLiteralExpression(
							part,
							part.properties.filter(({ name }) => !names.includes(name.getText())),
						)
					: ts.visitEachChild(part, withFewer, context);
			return ts.visitEachChild(node, withFewer, context);
		}
		return ts.visitEachChild(node, (child) => visit(child, context), context);
	};
	return (context) => (file) => (fromRoot(file.fileName) === extrasPath ? visit(file, context) : file);
}

/** The icons that a compiled class names, to where it looks for them. */
function copyIcons(folder, path) {
	for (const [, reference] of readFileSync(join(folder, path), 'utf8').matchAll(/['"]file:([^'"]+\.svg)['"]/g)) {
		const target = join(folder, dirname(path), reference);
		mkdirSync(dirname(target), { recursive: true });
		copyFileSync(join(root, relative(join(folder, 'dist'), target)), target);
	}
}

/** A node's entry in n8n's catalogue: of this package, and without words to search for that name other providers. */
function writeCodex(folder, path, { name, homepage }, kept, absent) {
	const codexPath = path.replace(/^dist\/(.*)\.js$/, '$1.json');
	const codex = readJson(join(root, codexPath));
	const names = (word, list) => list.some(({ displayName }) => displayName.toLowerCase().includes(word));
	const alias = codex.alias.filter((word) => names(word, kept) || !names(word, absent));
	const resources = Object.fromEntries(Object.keys(codex.resources).map((kind) => [kind, [{ url: homepage }]]));
	writeFileSync(join(folder, 'dist', codexPath), `${JSON.stringify({ ...codex, node: name, alias, resources }, null, 2)}\n`);
}

/** With slashes on every system. */
function fromRoot(path) {
	return relative(root, path).replaceAll('\\', '/');
}

function filesBelow(folder) {
	return readdirSync(folder, { recursive: true, withFileTypes: true })
		.filter((entry) => entry.isFile())
		.map((entry) => join(entry.parentPath, entry.name));
}

function readConfig(path) {
	return ts.readConfigFile(path, ts.sys.readFile).config;
}

function readJson(path) {
	return JSON.parse(readFileSync(path, 'utf8'));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) for (const folder of reducedPackages()) build(folder);
