/** Redis and PostgreSQL of the tests' own: in a temporary folder, on free ports, gone with the process that started them. */
import { execFile, execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, closeSync, openSync, readFileSync } from 'node:fs';
import { chown, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ensureServices } from '../e2e/harness';
import { exited, freePorts } from '../e2e/harness/n8n';
import { projectRoot } from '../e2e/harness/paths';
import { waitUntil } from '../e2e/triggerSupport';

const run = promisify(execFile);
const leash = join(projectRoot, 'test', 'e2e', 'harness', 'leash.cjs');

/** Name of the database and of its user. */
const NAME = 'n8n';

/** What a command needs in front of it to run as the user `postgres`: the server refuses to be run by root. */
function asPostgresUser(): string[] {
	if (process.getuid?.() !== 0) return [];
	return ['setpriv', '--reuid=postgres', '--regid=postgres', '--clear-groups', '--'];
}

async function runAsPostgresUser(command: readonly string[], cwd: string): Promise<void> {
	const [program = '', ...args] = [...asPostgresUser(), ...command];
	await run(program, args, { cwd });
}

export class Services {
	private readonly children: Array<{ child: ChildProcess; signal: NodeJS.Signals }> = [];

	private constructor(
		private readonly folder: string,
		private readonly programs: { readonly redis: string; readonly postgresFolder: string },
		private readonly redisPort: number,
		private readonly postgresPort: number,
	) {}

	/**
	 * Installs both where needed and allowed, starts them, and returns when they answer.
	 *
	 * @throws {Error} with the end of a server's log when it does not come up
	 */
	static async start(): Promise<Services> {
		const programs = await ensureServices();
		const folder = await mkdtemp(join(tmpdir(), 'n8n-queue-'));
		const [redisPort = 0, postgresPort = 0] = await freePorts(2);
		const services = new Services(folder, programs, redisPort, postgresPort);
		try {
			await services.startRedis();
			await services.startPostgres();
		} catch (error) {
			await services.stop();
			throw error;
		}
		return services;
	}

	/** What n8n must know to use them. */
	get env(): Record<string, string> {
		return {
			QUEUE_BULL_REDIS_HOST: '127.0.0.1',
			QUEUE_BULL_REDIS_PORT: String(this.redisPort),
			DB_TYPE: 'postgresdb',
			DB_POSTGRESDB_HOST: '127.0.0.1',
			DB_POSTGRESDB_PORT: String(this.postgresPort),
			DB_POSTGRESDB_DATABASE: NAME,
			DB_POSTGRESDB_USER: NAME,
			DB_POSTGRESDB_PASSWORD: 'any',
		};
	}

	/** The rows that a query returns. It must be one that can stand in a FROM clause. */
	async sql<Row>(query: string): Promise<Row[]> {
		const psql = join(this.programs.postgresFolder, 'psql');
		const address = ['-h', '127.0.0.1', '-p', String(this.postgresPort), '-U', NAME, '-d', NAME];
		const asJson = `SELECT coalesce(json_agg(result), '[]') FROM (${query}) AS result`;
		const { stdout } = await run(psql, [...address, '-X', '-A', '-t', '-c', asJson], { maxBuffer: 64 * 1024 * 1024 });
		return JSON.parse(stdout) as Row[];
	}

	/** What a command to Redis answers, a line per value. */
	async redis(...command: string[]): Promise<string[]> {
		const { stdout } = await run('redis-cli', ['-h', '127.0.0.1', '-p', String(this.redisPort), ...command]);
		return stdout.split('\n').filter((line) => line !== '');
	}

	async stop(): Promise<void> {
		for (const { child, signal } of this.children) {
			child.kill(signal);
			await exited(child, 10_000);
			child.stdin?.destroy();
			await exited(child);
		}
		await rm(this.folder, { recursive: true, force: true, maxRetries: 5 });
	}

	private async startRedis(): Promise<void> {
		const args = ['--bind', '127.0.0.1', '--port', String(this.redisPort), '--save', '', '--appendonly', 'no'];
		await this.startServer('redis', [this.programs.redis, ...args], 'SIGTERM', async () => {
			await this.redis('PING');
		});
	}

	private async startPostgres(): Promise<void> {
		if (process.getuid?.() === 0) {
			const idOf = (flag: string): number => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
			await chown(this.folder, idOf('-u'), idOf('-g'));
		}
		chmodSync(this.folder, 0o700);
		const data = join(this.folder, 'postgres');
		const program = (name: string): string => join(this.programs.postgresFolder, name);
		const init = ['-D', data, '-U', NAME, '--auth=trust', '--no-sync', '-E', 'UTF8', '--locale=C'];
		await runAsPostgresUser([program('initdb'), ...init], this.folder);
		const settings = {
			listen_addresses: '127.0.0.1',
			port: this.postgresPort,
			unix_socket_directories: this.folder,
			// Nothing here outlives the machine.
			fsync: 'off',
			// What is left in shared memory when it is killed would stay.
			dynamic_shared_memory_type: 'mmap',
		};
		const args = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
		// SIGINT: without waiting for connections to end.
		await this.startServer('postgres', [...asPostgresUser(), program('postgres'), '-D', data, ...args], 'SIGINT', async () => {
			const address = ['-h', '127.0.0.1', '-p', String(this.postgresPort), '-U', NAME, '-X'];
			await run(program('psql'), [...address, '-d', 'postgres', '-c', `CREATE DATABASE ${NAME}`]);
		});
	}

	private async startServer(
		name: string,
		command: readonly string[],
		signal: NodeJS.Signals,
		greet: () => Promise<void>,
	): Promise<void> {
		const logFile = join(this.folder, `${name}.log`);
		const log = openSync(logFile, 'a');
		const child = spawn(process.execPath, [leash, ...command], { cwd: this.folder, stdio: ['pipe', log, log], detached: true });
		closeSync(log);
		this.children.unshift({ child, signal });
		let isGone = false;
		child.once('exit', () => (isGone = true));
		const isUp = async (): Promise<boolean> => {
			if (isGone) return true;
			return await greet().then(
				() => true,
				() => false,
			);
		};
		if (!(await waitUntil(isUp, 60_000)) || isGone) {
			throw new Error(`${name} did not start:\n${readFileSync(logFile, 'utf8').slice(-2000)}`);
		}
	}
}
