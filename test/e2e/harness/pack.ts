import { execFile } from 'node:child_process';
import { rmSync } from 'node:fs';
import { mkdtemp, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { projectRoot } from './paths';

const run = promisify(execFile);

/** What `npm pack` made. */
export interface Tarball {
	/** Absolute path of the .tgz file. */
	readonly path: string;
	/** Bytes, packed. */
	readonly size: number;
	/** Paths of the packed files, relative to the package. */
	readonly files: readonly string[];
}

/** Lets the processes of one test run share one tarball. */
const sharedTarball = 'N8N_E2E_TARBALL';
/** Set where the package has just been built. */
const isBuilt = 'N8N_E2E_BUILT';

/**
 * Builds the package and packs it as `npm publish` would, once per test run. The tarball goes with this process.
 *
 * @param folder of another package to pack, always freshly and without a build; default: this project
 * @throws {Error} with the output of the build or of npm when one of them fails
 */
export async function packTarball(folder?: string): Promise<Tarball> {
	const shared = process.env[sharedTarball];
	if (folder === undefined && shared !== undefined) return JSON.parse(shared) as Tarball;

	if (folder === undefined && process.env[isBuilt] === undefined) await npm(projectRoot, ['run', 'build']);
	const target = await mkdtemp(join(tmpdir(), 'n8n-e2e-pack-'));
	process.once('exit', () => rmSync(target, { recursive: true, force: true }));
	const answer = await npm(folder ?? projectRoot, ['pack', '--json', '--pack-destination', target]);
	const tarball = readPackAnswer(answer, target);
	const packed = { ...tarball, size: (await stat(tarball.path)).size };
	if (folder === undefined) process.env[sharedTarball] = JSON.stringify(packed);
	return packed;
}

function readPackAnswer(answer: string, target: string): Omit<Tarball, 'size'> {
	// Scripts of the package may have printed something before npm's JSON.
	const json = answer.slice(answer.search(/^\[/m));
	const [packed] = JSON.parse(json) as Array<{ filename: string; files: Array<{ path: string }> }>;
	if (!packed) throw new Error(`npm pack made nothing:\n${answer}`);
	return { path: join(target, packed.filename), files: packed.files.map((file) => file.path) };
}

async function npm(cwd: string, args: string[]): Promise<string> {
	try {
		const { stdout } = await run('npm', args, { cwd, maxBuffer: 64 * 1024 * 1024 });
		return stdout;
	} catch (error) {
		const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
		throw new Error(`npm ${args.join(' ')} failed in ${cwd}:\n${stdout}${stderr}`, { cause: error });
	}
}
