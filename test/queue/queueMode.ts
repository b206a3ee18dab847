/** An n8n of several processes: the main one, webhook processes behind a balancer, and workers. */
import { randomBytes } from 'node:crypto';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { N8nClient, startN8n, type N8n, type Tarball } from '../e2e/harness';
import { Services } from './services';

export interface QueueModeOptions {
	readonly tarball: Tarball;
	readonly webhookProcesses: number;
	readonly workers: number;
	/** Added to the environment of all processes. */
	readonly env?: Readonly<Record<string, string>>;
}

/** Hands each connection to the next of several ports of this machine. */
class Balancer {
	ports: readonly number[] = [];
	private turn = 0;
	private readonly sockets = new Set<Socket>();
	private readonly server: Server;

	constructor() {
		this.server = createServer((socket) => {
			const port = this.ports[this.turn++ % this.ports.length] ?? 0;
			const target = connect(port, '127.0.0.1');
			for (const [one, other] of [[socket, target] as const, [target, socket] as const]) {
				this.sockets.add(one);
				one.pipe(other);
				one.on('error', () => other.destroy());
				one.on('close', () => {
					this.sockets.delete(one);
					other.destroy();
				});
			}
		});
	}

	async start(): Promise<string> {
		await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
		return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
	}

	async stop(): Promise<void> {
		for (const socket of this.sockets) socket.destroy();
		await new Promise((resolve) => this.server.close(resolve));
	}
}

/** As n8n's documentation describes queue mode; all processes have folders of their own, as containers have. */
export class QueueMode {
	private constructor(
		readonly services: Services,
		private readonly balancer: Balancer,
		/** Where the outside world calls: the webhook processes. */
		readonly webhookUrl: string,
		readonly main: N8n,
		readonly webhookProcesses: readonly N8n[],
		readonly workers: readonly N8n[],
	) {}

	static async start(options: QueueModeOptions): Promise<QueueMode> {
		const balancer = new Balancer();
		const webhookUrl = await balancer.start();
		const processes: N8n[] = [];
		let services: Services | undefined;
		try {
			services = await Services.start();
			const env = {
				...services.env,
				EXECUTIONS_MODE: 'queue',
				// Two by default: a burst of callbacks then waits for the database, and some are lost.
				DB_POSTGRESDB_POOL_SIZE: '10',
				N8N_ENCRYPTION_KEY: randomBytes(24).toString('hex'),
				N8N_WEBHOOK_URL: webhookUrl,
				// What the tests start by hand runs on the workers too.
				OFFLOAD_MANUAL_EXECUTIONS_TO_WORKERS: 'true',
				// Calls that arrive at the main process fail: what works then works by the webhook processes.
				N8N_DISABLE_PRODUCTION_MAIN_PROCESS: 'true',
				...options.env,
			};
			const tarball = options.tarball.path;
			// The main process makes the tables.
			const main = await startN8n({ tarball, env });
			processes.push(main);
			const start = async (command: 'webhook' | 'worker', count: number): Promise<N8n[]> => {
				const starts = Array.from({ length: count }, async () => await startN8n({ tarball, env, command }));
				const started = (await Promise.allSettled(starts)).map((result) => {
					if (result.status === 'fulfilled') processes.push(result.value);
					return result;
				});
				return started.map((result) => {
					if (result.status === 'rejected') throw result.reason;
					return result.value;
				});
			};
			const [webhookProcesses, workers] = await Promise.all([
				start('webhook', options.webhookProcesses),
				start('worker', options.workers),
			]);
			balancer.ports = webhookProcesses.map(({ url }) => Number(new URL(url).port));
			return new QueueMode(services, balancer, webhookUrl, main, webhookProcesses, workers);
		} catch (error) {
			await Promise.all(processes.map(async (one) => await one.stop()));
			await services?.stop();
			await balancer.stop();
			throw error;
		}
	}

	get client(): N8nClient {
		return this.main.client;
	}

	/** Production address of a Webhook node. */
	address(path: string): string {
		return `${this.webhookUrl}/webhook/${path}`;
	}

	/** Workers that have run an execution, or a part of it. */
	ranBy(executionId: string): N8n[] {
		return this.workers.filter((worker) => startsIn(worker, executionId) > 0);
	}

	/** How often a worker took up an execution: once, and once more each time that it was resumed. */
	startsOf(executionId: string): number {
		return this.workers.reduce((sum, worker) => sum + startsIn(worker, executionId), 0);
	}

	async stop(): Promise<void> {
		await Promise.all([...this.workers, ...this.webhookProcesses, this.main].map(async (one) => await one.stop()));
		await this.services.stop();
		await this.balancer.stop();
	}
}

function startsIn(worker: N8n, executionId: string): number {
	return worker.logs().split(`Worker started execution ${executionId} `).length - 1;
}
