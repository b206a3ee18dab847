import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { projectRoot } from './paths';

/** Paths of the programs that the tests drive. */
export interface Installation {
	/** The Node.js that n8n needs; newer than the one that runs the tests. */
	readonly node: string;
	/** n8n's start script, to be run by `node`. */
	readonly n8n: string;
}

/** With the browser that drives n8n's editor. */
export interface BrowserInstallation extends Installation {
	readonly chromium: string;
}

/** Paths of the programs that n8n's queue mode needs besides. */
export interface Services {
	readonly redis: string;
	/** The folder of `initdb`, `postgres` and `psql`. */
	readonly postgresFolder: string;
}

let installation: Promise<Installation> | undefined;
let browserInstallation: Promise<BrowserInstallation> | undefined;

/**
 * Makes sure that n8n and its Node.js are on this machine. Takes minutes the first time and a tenth of a second
 * afterwards. What it does ends with this process, whatever happens to that one.
 *
 * @throws {Error} when something is missing that only the machine's owner can install; the text says what and how
 */
export async function ensureInstalled(): Promise<Installation> {
	installation ??= runInstaller<Installation>('install.mjs', '--no-browser');
	return await installation;
}

/** As `ensureInstalled()`, with Chromium. */
export async function ensureBrowserInstalled(): Promise<BrowserInstallation> {
	browserInstallation ??= runInstaller<BrowserInstallation>('install.mjs');
	return await browserInstallation;
}

/**
 * Makes sure that Redis and PostgreSQL are on this machine.
 *
 * @throws {Error} when something is missing that only the machine's owner can install; the text says what and how
 */
export async function ensureServices(): Promise<Services> {
	return await runInstaller<Services>('services.mjs');
}

async function runInstaller<T>(name: string, ...args: readonly string[]): Promise<T> {
	const script = join(projectRoot, 'test', 'n8n', name);
	const installer = spawn(process.execPath, [join(__dirname, 'leash.cjs'), process.execPath, script, ...args], {
		stdio: ['pipe', 'pipe', 'pipe'],
		detached: true,
	});
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
	return JSON.parse(answer) as T;
}
