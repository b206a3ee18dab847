import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { N8nClient } from './client';
import { containerCommand, ensureDocker, imageOfTests, type StartCommand } from './container';
import { ensureInstalled, type Installation } from './install';

/** How to start an n8n. */
export interface N8nOptions {
	/** Which of n8n's processes; the others but the first need queue mode. Default: `start`, the one with the editor. */
	readonly command?: 'start' | 'webhook' | 'worker';
	/** Path of a packed package (`packTarball().path`) to have in place, under `packageName`. */
	readonly tarball?: string;
	/** Default: `n8n-nodes-luma-video`. */
	readonly packageName?: string;
	/** More packed packages to have in place, by name. */
	readonly moreTarballs?: Readonly<Record<string, string>>;
	/** Folder of an earlier n8n to go on with; it is not removed by `stop()`. Default: a fresh temporary one. */
	readonly userFolder?: string;
	/** Default: a free one, the same after every `restart()`, so that callback addresses stay valid. */
	readonly port?: number;
	/** Added to n8n's environment. Nothing but this and what n8n needs to run is in it. */
	readonly env?: Readonly<Record<string, string>>;
	/** Milliseconds until n8n must be ready; default 120,000. */
	readonly timeout?: number;
	/** Ends the start. */
	readonly signal?: AbortSignal;
}

const pollInterval = 50;

/** Milliseconds that a stopping n8n may take to end what it is doing. */
const stopPatience = 10_000;

/** Settings that keep a test instance quiet, offline and by itself. */
const quiet = {
	// jest's own value makes n8n behave as in its unit tests
	NODE_ENV: 'production',
	NO_COLOR: '1',
	TZ: 'UTC',
	GENERIC_TIMEZONE: 'UTC',
	N8N_PROTOCOL: 'http',
	// an address, not "localhost": that may mean IPv6, where n8n does not listen here
	N8N_HOST: '127.0.0.1',
	N8N_LISTEN_ADDRESS: '127.0.0.1',
	N8N_SECURE_COOKIE: 'false',
	N8N_DIAGNOSTICS_ENABLED: 'false',
	N8N_VERSION_NOTIFICATIONS_ENABLED: 'false',
	N8N_TEMPLATES_ENABLED: 'false',
	N8N_PERSONALIZATION_ENABLED: 'false',
	N8N_HIRING_BANNER_ENABLED: 'false',
	N8N_DYNAMIC_BANNERS_ENABLED: 'false',
	N8N_LICENSE_AUTO_RENEW_ENABLED: 'false',
	N8N_UNVERIFIED_PACKAGES_ENABLED: 'true',
	N8N_VERIFIED_PACKAGES_ENABLED: 'false',
	// they call n8n's servers, or are about models of n8n's own assistant
	// (another n8n may not know them, and refuses to start then; n8n 1 handles one request at a time without a pool)
	...(process.env.N8N_ROOT === undefined && process.env.N8N_IMAGE === undefined
		? { N8N_DISABLED_MODULES: 'mcp-registry,instance-ai' }
		: { DB_SQLITE_POOL_SIZE: '3' }),
	N8N_GRACEFUL_SHUTDOWN_TIMEOUT: '5',
	// else n8n refuses all requests for a while when a busy machine keeps it from its database for 5 seconds
	DB_PING_TIMEOUT_MS: '120000',
};

/** What n8n may see of this process's environment. */
const inherited = ['LANG', 'HTTP_PROXY', 'HTTPS_PROXY', 'NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE'];

/**
 * Starts an n8n on this machine and returns when it is ready and its owner is logged in. With N8N_IMAGE, in a container.
 *
 * It ends with the process that started it, whatever happens to that one.
 *
 * @throws {Error} with the end of n8n's log when it does not become ready
 */
export async function startN8n(options: N8nOptions = {}): Promise<N8n> {
	const image = imageOfTests();
	const installation = image === undefined ? await ensureInstalled() : await ensureDocker(image);
	const userFolder = options.userFolder ?? (await mkdtemp(join(tmpdir(), 'n8n-e2e-')));
	const [port = 0, brokerPort = 0] = await freePorts(2);
	if (options.tarball !== undefined) {
		await installPackage(options.tarball, packageFolder(userFolder, options.packageName));
	}
	for (const [name, tarball] of Object.entries(options.moreTarballs ?? {})) {
		await installPackage(tarball, packageFolder(userFolder, name));
	}
	const n8n = new N8n(installation, { ...options, port: options.port ?? port }, userFolder, brokerPort);
	try {
		await n8n.start();
	} catch (error) {
		await n8n.stop();
		throw error;
	}
	return n8n;
}

/** A running n8n with a folder of its own, and with SQLite in it unless its environment says otherwise. */
export class N8n {
	/** Address without a final slash. */
	readonly url: string;
	/** Logged in as the owner. */
	readonly client: N8nClient;
	/** Where the log is; it grows over restarts. */
	readonly logFile: string;
	private child: ChildProcess | undefined;
	private env: Readonly<Record<string, string>>;

	/** Use `startN8n()`. */
	constructor(
		private readonly installation: Installation | { readonly image: string },
		private readonly options: N8nOptions & { readonly port: number },
		readonly userFolder: string,
		private readonly brokerPort: number,
	) {
		this.url = `http://127.0.0.1:${options.port}`;
		this.client = new N8nClient(this.url);
		this.logFile = join(userFolder, 'n8n.log');
		this.env = options.env ?? {};
	}

	/** The installed package, when there is one: `options.packageName` in n8n's folder for community packages. */
	get packageFolder(): string {
		return packageFolder(this.userFolder, this.options.packageName);
	}

	/** Id of the process group that all of n8n's processes are in; undefined when not running. */
	get processGroup(): number | undefined {
		return this.child?.pid;
	}

	/** All that n8n printed since the user folder was made. */
	logs(): string {
		return readFileSync(this.logFile, 'utf8');
	}

	/** Starts n8n after `kill()` or `stop({ keepFolder: true })`, at the same address with the same data. */
	async start(): Promise<void> {
		if (this.child) throw new Error('n8n is running');
		// Else the answers of whoever listens there would pass for those of this n8n.
		if (!(await isFree(this.options.port))) throw new Error(`Port ${this.options.port} is in use`);
		await mkdir(join(this.userFolder, 'tmp'), { recursive: true });
		const log = openSync(this.logFile, 'a');
		const { program, args, env } = this.startCommand();
		// A group of its own: the task runner and whatever else n8n starts can be ended together.
		this.child = spawn(program, args, { cwd: this.userFolder, env, stdio: ['pipe', log, log], detached: true });
		closeSync(log);
		try {
			await this.waitUntilReady(this.child);
			if (this.isMain) await this.enter();
		} catch (error) {
			await this.kill();
			throw error;
		}
	}

	/** Waits until n8n has ended, for whatever reason. */
	async ended(): Promise<void> {
		if (this.child) await exited(this.child);
	}

	/**
	 * Ends n8n as an operating system does, and removes the user folder if `startN8n()` made it.
	 *
	 * Executions that run get 5 seconds to end.
	 */
	async stop({ keepFolder = false } = {}): Promise<void> {
		if (this.child) {
			this.child.kill('SIGTERM');
			await exited(this.child, stopPatience);
			await this.kill();
		}
		if (!keepFolder && this.options.userFolder === undefined) {
			await rm(this.userFolder, { recursive: true, force: true, maxRetries: 5 });
		}
	}

	/**
	 * Ends n8n and all its processes at once, as a power cut does. The data stays.
	 *
	 * Go on with `start()`. Executions that ran are then `crashed`; suspended ones wait on.
	 */
	async kill(): Promise<void> {
		const child = this.child;
		if (child?.pid === undefined) return;
		try {
			process.kill(-child.pid, 'SIGKILL');
		} catch (error) {
			if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
		}
		await exited(child);
		this.child = undefined;
		// What was waited for is the group's leader; n8n itself is gone when its port is free.
		const deadline = Date.now() + stopPatience;
		while (!(await isFree(this.options.port)) && Date.now() < deadline) await pause(pollInterval);
		// Only its existence counts: n8n would pause for 10 seconds at the next start, against crash loops.
		await rm(join(this.userFolder, '.n8n', 'crash.journal'), { force: true });
	}

	/** Stops n8n in an orderly way and starts it again with other additions to its environment. */
	async restart({ env }: { env?: Readonly<Record<string, string>> } = {}): Promise<void> {
		await this.stop({ keepFolder: true });
		if (env) this.env = env;
		await this.start();
	}

	private get command(): NonNullable<N8nOptions['command']> {
		return this.options.command ?? 'start';
	}

	/** Only the main process has the editor and its users. */
	private get isMain(): boolean {
		return this.command === 'start';
	}

	/** On a leash that this process holds, here or in the container. */
	private startCommand(): StartCommand {
		const leash = join(__dirname, 'leash.cjs');
		const env = this.environment();
		if ('image' in this.installation) {
			const { image } = this.installation;
			return containerCommand({ image, leash, folder: this.userFolder, command: this.command, env, user: userInfo() });
		}
		const { node, n8n } = this.installation;
		const { PATH = '' } = process.env;
		return { program: node, args: [leash, node, n8n, this.command], env: { ...env, PATH: dirname(node) + delimiter + PATH } };
	}

	private environment(): Record<string, string> {
		// stand-ins for services listen on this machine
		const direct = [process.env.NO_PROXY ?? process.env.no_proxy, '127.0.0.1', 'localhost'];
		const noProxy = direct.filter(Boolean).join(',');
		const kept = Object.entries(process.env).filter(
			(entry): entry is [string, string] =>
				inherited.includes(entry[0].toUpperCase()) && entry[1] !== undefined,
		);
		return {
			...Object.fromEntries(kept),
			HOME: this.userFolder,
			TMPDIR: join(this.userFolder, 'tmp'),
			NO_PROXY: noProxy,
			no_proxy: noProxy,
			...quiet,
			N8N_USER_FOLDER: this.userFolder,
			N8N_PORT: String(this.options.port),
			...(this.command === 'worker' && {
				QUEUE_HEALTH_CHECK_ACTIVE: 'true',
				QUEUE_HEALTH_CHECK_PORT: String(this.options.port),
				N8N_WORKER_SERVER_ADDRESS: '127.0.0.1',
			}),
			// the default is one port for all instances of a machine
			N8N_RUNNERS_BROKER_PORT: String(this.brokerPort),
			...this.env,
		};
	}

	private async waitUntilReady(child: ChildProcess): Promise<void> {
		const { timeout = 120_000, signal } = this.options;
		const deadline = Date.now() + timeout;
		const gone = new Promise<'gone'>((resolve) => {
			child.once('exit', () => resolve('gone'));
			child.once('error', () => resolve('gone'));
		});
		const end = () => `End of its log:\n${this.logs().slice(-3000)}`;
		while (!(await isReady(this.url, this.isMain))) {
			const next = await Promise.race([gone, pause(pollInterval)]);
			signal?.throwIfAborted();
			if (next === 'gone') throw new Error(`n8n ended while starting. ${end()}`);
			if (Date.now() > deadline) throw new Error(`n8n was not ready after ${timeout} ms. ${end()}`);
		}
	}

	/** The login of an earlier run stays valid: n8n signs it with a key from the user folder. */
	private async enter(): Promise<void> {
		if (this.client.session.cookie) return;
		if (await this.client.needsOwner()) await this.client.setupOwner();
		else await this.client.login();
	}
}

/** n8n answers liveness before its routes exist; the settings are there when the editor can work. */
async function isReady(url: string, isMain: boolean): Promise<boolean> {
	try {
		const health = await fetch(`${url}/healthz/readiness`);
		if (!health.ok || !isMain) return health.ok;
		const settings = await fetch(`${url}/rest/settings`);
		return settings.ok && (settings.headers.get('content-type') ?? '').includes('json');
	} catch {
		return false;
	}
}

/** Where n8n looks for an installed community package. */
function packageFolder(userFolder: string, packageName = 'n8n-nodes-luma-video'): string {
	return join(userFolder, '.n8n', 'nodes', 'node_modules', packageName);
}

/** Unpacks a packed package. */
async function installPackage(tarball: string, target: string): Promise<void> {
	await rm(target, { recursive: true, force: true });
	await mkdir(target, { recursive: true });
	await promisify(execFile)('tar', ['-xzf', tarball, '-C', target, '--strip-components=1']);
}

/** Different ports that nobody listens on, below those that the system gives to whoever asks for any: n8n takes them later. */
export async function freePorts(count: number): Promise<number[]> {
	const ports = new Set<number>();
	while (ports.size < count) {
		const port = randomInt(20_000, 32_000);
		if (await isFree(port)) ports.add(port);
	}
	return [...ports];
}

async function isFree(port: number): Promise<boolean> {
	try {
		const server = await listen(port);
		await new Promise((resolve) => server.close(resolve));
		return true;
	} catch {
		return false;
	}
}

async function listen(port: number): Promise<Server> {
	return await new Promise((resolve, reject) => {
		const server = createServer();
		server.once('error', reject);
		server.listen(port, '127.0.0.1', () => resolve(server));
	});
}

/** Waits for the end of a process, at most this many milliseconds. */
export async function exited(child: ChildProcess, patience?: number): Promise<void> {
	if (child.exitCode !== null || child.signalCode !== null) return;
	await new Promise<void>((resolve) => {
		const timer = patience === undefined ? undefined : setTimeout(resolve, patience);
		child.once('exit', () => {
			clearTimeout(timer);
			resolve();
		});
	});
}
