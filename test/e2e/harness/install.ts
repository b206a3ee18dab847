import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { projectRoot } from './paths';

/** Paths of the programs that the tests drive. */
export interface Installation {
	/** The Node.js that n8n needs; newer than the one that runs the tests. */
	readonly node: string;
	/** n8n's start script, to be run by `node`. */
	readonly n8n: string;
	readonly chromium: string;
}

/** Paths of the programs that n8n's queue mode needs besides. */
export interface Services {
	readonly redis: string;
	/** The folder of `initdb`, `postgres` and `psql`. */
	readonly postgresFolder: string;
}

let installation: Promise<Installation> | undefined;

/**
 * Makes sure that n8n, its Node.js and Chromium are on this machine. Takes minutes the first time and a tenth of a
 * second afterwards.
 *
 * @throws {Error} when something is missing that only the machine's owner can install; the text says what and how
 */
export async function ensureInstalled(): Promise<Installation> {
	installation ??= runInstaller('install.mjs') as Promise<Installation>;
	return await installation;
}

/**
 * Makes sure that Redis and PostgreSQL are on this machine.
 *
 * @throws {Error} when something is missing that only the machine's owner can install; the text says what and how
 */
export async function ensureServices(): Promise<Services> {
	return (await runInstaller('services.mjs')) as Services;
}

async function runInstaller(name: string): Promise<unknown> {
	const script = join(projectRoot, 'test', 'n8n', name);
	const installer = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'pipe'] });
	let answer = '';
	let progress = '';
	installer.stdout.on('data', (chunk: Buffer) => (answer += chunk.toString()));
	installer.stderr.on('data', (chunk: Buffer) => {
		progress += chunk.toString();
		process.stderr.write(chunk);
	});
	const code = await new Promise<number | null>((resolve, reject) => {
		installer.once('error', reject);
		installer.once('close', resolve);
	});
	if (code !== 0) throw new Error(`Could not install what the tests need:\n${progress.slice(-2000)}`);
	return JSON.parse(answer) as unknown;
}
