/** What the package weighs and how long n8n takes to load it, beside packages for the same kind of job from npm. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { ensureInstalled, packTarball } from '../e2e/harness';
import { isQuick, median } from './measure';
import type { Line, RowResult } from './report';
import { log } from './stage';

const run = promisify(execFile);

const REPEATS = isQuick ? 3 : 21;
/** Taking the files out of the cache takes a program for each of them. */
const COLD_REPEATS = isQuick ? 1 : 5;
const OURS = 'n8n-nodes-luma-video';
const PEERS = [
	{ name: 'n8n-nodes-creatomate', version: '0.2.0' },
	{ name: '@mendable/n8n-nodes-firecrawl', version: '2.1.2' },
];

interface Weight {
	name: string;
	packedBytes: number;
	/** With what it depends on. */
	installedBytes: number;
	files: number;
	warmMs: number[];
	coldMs: number[];
	folder: string;
	/** Where it and what it depends on lies. */
	root: string;
}

async function filesIn(folder: string): Promise<string[]> {
	const entries = await readdir(folder, { recursive: true, withFileTypes: true });
	return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

/** Installs a package as n8n does, without peers and scripts. */
async function install(spec: string, name: string, packedBytes: number, root: string): Promise<Weight> {
	await mkdir(root);
	await writeFile(join(root, 'package.json'), '{ "private": true }');
	await run('npm', ['install', spec, '--omit=peer', '--legacy-peer-deps', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: root });
	await rm(join(root, 'node_modules', '.package-lock.json'), { force: true });
	const files = await filesIn(join(root, 'node_modules'));
	const sizes = await Promise.all(files.map(async (file) => (await stat(file)).size));
	return {
		name,
		packedBytes,
		installedBytes: sizes.reduce((total, size) => total + size, 0),
		files: files.length,
		warmMs: [],
		coldMs: [],
		folder: join(root, 'node_modules', name),
		root,
	};
}

/** Packed size of a package of npm, in bytes. */
async function download(spec: string, folder: string): Promise<{ file: string; bytes: number }> {
	const { stdout } = await run('npm', ['pack', spec, '--json', '--pack-destination', folder]);
	const [packed] = JSON.parse(stdout) as Array<{ filename: string; size: number }>;
	if (!packed) throw new Error(`npm pack ${spec} made nothing`);
	return { file: join(folder, packed.filename.replace('@', '').replace('/', '-')), bytes: packed.size };
}

/** Takes the files out of the system's cache, so that they are read from the disk. */
async function forget(weight: Weight): Promise<void> {
	for (const file of await filesIn(weight.root)) await run('dd', [`if=${file}`, 'iflag=nocache', 'count=0', 'status=none']);
}

async function load(weight: Weight, node: string, modules: string): Promise<number> {
	const { stdout } = await run(node, [join(__dirname, 'loadNodes.cjs'), weight.folder], {
		env: { ...process.env, NODE_PATH: modules },
	});
	return Number(stdout);
}

export async function weight(): Promise<RowResult> {
	const folder = await mkdtemp(join(tmpdir(), 'n8n-bench-weight-'));
	try {
		const { node, n8n } = await ensureInstalled();
		const modules = join(dirname(n8n), '..', '..');
		const tarball = await packTarball();
		const own = await install(tarball.path, OURS, tarball.size, join(folder, 'own'));
		const peers: Weight[] = [];
		for (const [index, { name, version }] of PEERS.entries()) {
			const packed = await download(`${name}@${version}`, folder);
			peers.push(await install(packed.file, name, packed.bytes, join(folder, `peer${index}`)));
		}
		await run('sync');
		for (let repeat = 0; repeat <= REPEATS; repeat++) {
			for (const each of [own, ...peers]) {
				if (repeat > 0 && repeat <= COLD_REPEATS) {
					await forget(each);
					each.coldMs.push(await load(each, node, modules));
				}
				const warm = await load(each, node, modules);
				if (repeat > 0) each.warmMs.push(warm);
			}
		}
		const lines = peers.flatMap((peer, index): Line[] => {
			const version = PEERS[index]?.version ?? '';
			log(`${peer.name}: ${peer.installedBytes} bytes, ${peer.files} files`);
			const line = (what: string, pick: (each: Weight) => number, format: (value: number) => string): Line => ({
				what,
				ours: format(pick(own)),
				other: `${peer.name} ${version}: ${format(pick(peer))}`,
				ratio: pick(own) / pick(peer),
				target: '–',
				isMet: null,
			});
			const kilobytes = (bytes: number): string => `${(bytes / 1000).toFixed(0)} kB`;
			const ms = (value: number): string => `${value.toFixed(1)} ms`;
			return [
				line('packed', ({ packedBytes }) => packedBytes, kilobytes),
				line('installed', ({ installedBytes }) => installedBytes, kilobytes),
				line('files', ({ files }) => files, String),
				line('load, files in memory', ({ warmMs }) => median(warmMs), ms),
				line('load, files on disk', ({ coldMs }) => median(coldMs), ms),
			];
		});
		return {
			how: `Installed with what they depend on, without peers. Load: all nodes and credentials in a fresh Node.js in which n8n-workflow and zod are there already, as in n8n; median of ${REPEATS}, turn and turn about. "On disk": the package's files were taken out of the system's cache before; median of ${COLD_REPEATS}.`,
			lines,
		};
	} finally {
		await rm(folder, { recursive: true, force: true });
	}
}
