/** The nodes where n8n runs as several processes: nothing is lost and nothing bought twice, whichever process does what. */
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { IDataObject, INode } from 'n8n-workflow';
import type { ProviderName, ProviderServer } from '../provider-server';
import { startProviderServer } from '../provider-server';
import { CALLING, CALLING_WITHOUT_LIST, EXPECTED_LATE, PROVIDERS, WITH_LIST, WITHOUT_LIST } from '../samples';
import type { Execution, N8n } from '../e2e/harness';
import {
	describe as describeExecution,
	node,
	nodeError,
	nodeOutput,
	packTarball,
	webhookTrigger,
	workflow,
} from '../e2e/harness';
import { longVideo, createCredentials, generate, jsonOf, type CredentialRefs } from '../e2e/support';
import { Trigger, allExecutions, buy, callAtOnce, note, unpublishAll, waitUntil } from '../e2e/triggerSupport';
import { providers } from '../../nodes/LumaVideo/providers';
import { QueueMode } from './queueMode';

const luma = 'lumaDreamMachine';
/** Jobs of this length end when a test says so. */
const UNTIL_FINISHED = 600_000;
/** In a prompt: long enough for the execution to be suspended before the callback comes. */
const SUSPENDED_FIRST = '[takes 8000ms]';
/** In a prompt: as long as a video takes that is expected after a minute; then one call brings all that end with it. */
const MORE_THAN_HALF = '[takes 40000ms]';
/** Parameters of a video that is expected after a minute; no other test makes such. */
function ofAMinute(provider: ProviderName): INode['parameters'] {
	const [model] = providers[provider].capabilities.models;
	return { resolution: model?.resolutions.find((resolution) => resolution !== model.defaults.resolution) };
}

jest.setTimeout(240_000);

let queue: QueueMode;
let server: ProviderServer;
let credentials: CredentialRefs;
let published = 0;

beforeAll(async () => {
	server = await startProviderServer();
	queue = await QueueMode.start({
		tarball: await packTarball(),
		webhookProcesses: 2,
		workers: 2,
		env: {
			// A minute and more by default: until n8n takes note that a worker is gone.
			QUEUE_WORKER_LOCK_DURATION: '10000',
			QUEUE_WORKER_LOCK_RENEW_TIME: '2000',
			QUEUE_WORKER_STALLED_INTERVAL: '5000',
		},
	});
	credentials = await createCredentials(queue.client, server);
}, 240_000);
afterAll(async () => {
	await queue.stop();
	await server.close();
});
beforeEach(() => {
	server.reset();
	// A busy machine is no provider that gives up.
	for (const provider of CALLING) server.configure({ [provider]: { callbacks: { timeoutMs: 60_000 } } });
});

/** A published workflow that a call starts: an item for each of the texts that the call brings. */
class Published {
	private constructor(
		readonly workflowId: string,
		private readonly url: string,
	) {}

	static async create(...nodes: readonly INode[]): Promise<Published> {
		const path = `queue-${published++}`;
		const each = node('Items', 'n8n-nodes-base.splitOut', { fieldToSplitOut: 'body.items', options: {} });
		const { id } = await queue.client.createWorkflow(workflow(path, [webhookTrigger(path), each, ...nodes]));
		await queue.client.publish(id);
		return new Published(id, queue.address(path));
	}

	/** Starts an execution. The call is answered at once. */
	async start(texts: readonly string[]): Promise<void> {
		const { status } = await queue.client.callWebhook(this.url, { body: { items: texts.map((text) => ({ text })) } });
		expect(status).toBe(200);
	}

	/** All executions, newest first, when so many have one of the statuses. */
	async executions(count: number, status: Execution['status'], timeout = 100_000): Promise<Execution[]> {
		const find = async (): Promise<string[]> =>
			(await allExecutions(queue.client, this.workflowId)).filter((one) => one.status === status).map(({ id }) => id);
		await waitUntil(async () => (await find()).length >= count, timeout);
		const executions = await Promise.all((await find()).map(async (id) => await queue.client.waitForExecution(id, { status: [status] })));
		if (executions.length !== count) {
			const all = (await allExecutions(queue.client, this.workflowId)).filter((one) => one.status !== status);
			const others = await Promise.all(all.map(async ({ id }) => await queue.client.getExecution(id)));
			const stories = others.map((one) => one && describeExecution(one));
			throw new Error(`${executions.length} of ${count} executions are "${status}". Others: ${stories.join('; ')}`);
		}
		return executions;
	}

	async one(status: Execution['status'], timeout?: number): Promise<Execution> {
		return (await this.executions(1, status, timeout))[0] as Execution;
	}
}

function texts(count: number, word: string): string[] {
	return Array.from({ length: count }, (_, index) => `${word} ${index}`);
}

/** A node that suspends its execution, however fast the videos of other tests were. */
function suspended(provider: ProviderName): INode {
	return generate(provider, credentials, { completion: 'suspend', ...longVideo(provider) });
}

/** Address of a trigger at the webhook processes. */
function addressOf(trigger: Trigger): string {
	return queue.address(`${trigger.webhookId}/luma-video`);
}

function outputOf(executions: readonly Execution[]): IDataObject[] {
	return executions.flatMap((execution) => jsonOf(nodeOutput(execution, 'Luma Video')));
}

/** Ids of what the stand-in sold. */
function boughtIds(): string[] {
	return server.ledger().purchases.map(({ id }) => id).sort();
}

function idsOf(output: readonly IDataObject[]): string[] {
	return output.map(({ generationId }) => String(generationId)).sort();
}

/** The worker that ran an execution. */
function workerOf(execution: Execution): N8n {
	const workers = queue.ranBy(execution.id);
	expect(workers).toHaveLength(1);
	return workers[0] as N8n;
}

describe('each way to wait', () => {
	it('Wait Until Finished runs on a worker', async () => {
		const polling = await Published.create(generate(luma, credentials));
		await polling.start(texts(3, 'poll'));
		const execution = await polling.one('success');
		expect(idsOf(outputOf([execution]))).toEqual(boughtIds());
		expect(outputOf([execution]).map(({ status }) => status)).toEqual(['completed', 'completed', 'completed']);
		workerOf(execution);
	});

	it.each(CALLING)('Suspend Until Finished of %s is called at the webhook processes', async (provider) => {
		const suspending = await Published.create(suspended(provider));
		server.configure({ [provider]: { jobMs: UNTIL_FINISHED } });
		await suspending.start(texts(2, 'suspend'));
		await suspending.one('waiting');
		const { purchases } = server.ledger();
		for (const { callbackUrl } of purchases) {
			expect(callbackUrl).toMatch(new RegExp(`^${queue.webhookUrl}/webhook-waiting/`));
			// The main process does not take it.
			const atMain = String(callbackUrl).replace(queue.webhookUrl, queue.main.url);
			expect((await queue.client.callWebhook(atMain, { body: {} })).status).toBe(404);
		}
		for (const { id } of purchases) server.finish(id);
		const execution = await suspending.one('success');
		expect(idsOf(outputOf([execution]))).toEqual(boughtIds());
		expect(outputOf([execution]).map(({ status }) => status)).toEqual(['completed', 'completed']);
		expect(server.ledger().purchases).toHaveLength(2);
	});

	it.each(PROVIDERS)('the trigger of %s is told and called at the webhook processes and runs on workers', async (provider) => {
		const trigger = await Trigger.create(queue.client, credentials, provider);
		const ids = await buy(queue.client, credentials, { provider, url: addressOf(trigger) }, texts(3, 'trigger'));
		expect(idsOf(await trigger.settled(3, { timeout: 200_000 }))).toEqual(ids.sort());
		// One that was suspended may go on at the other worker.
		for (const { id } of await trigger.executions()) expect(queue.ranBy(id)).not.toEqual([]);
		await unpublishAll();
	});
});

describe('when a worker goes', () => {
	it('a suspended execution goes on at another one when it is called', async () => {
		const suspending = await Published.create(suspended(luma));
		server.configure({ [luma]: { jobMs: UNTIL_FINISHED } });
		await suspending.start(texts(2, 'moved'));
		const first = workerOf(await suspending.one('waiting'));
		await first.stop({ keepFolder: true });
		try {
			for (const id of boughtIds()) server.finish(id);
			const execution = await suspending.one('success');
			expect(queue.ranBy(execution.id)).toHaveLength(2);
			expect(idsOf(outputOf([execution]))).toEqual(boughtIds());
			expect(server.ledger().purchases).toHaveLength(2);
		} finally {
			await first.start();
		}
	});

	it("a suspended execution goes on at another one when n8n's timer wakes it", async () => {
		const suspending = await Published.create(generate(WITHOUT_LIST, credentials, { completion: 'suspend' }));
		server.configure({ [WITHOUT_LIST]: { jobMs: 30_000 } });
		server.configure(EXPECTED_LATE);
		await suspending.start(texts(2, 'timed'));
		const first = workerOf(await suspending.one('waiting'));
		await first.kill();
		try {
			const execution = await suspending.one('success', 150_000);
			expect(queue.ranBy(execution.id)).toHaveLength(2);
			expect(idsOf(outputOf([execution]))).toEqual(boughtIds());
			expect(outputOf([execution]).map(({ status }) => status)).toEqual(['completed', 'completed']);
			expect(server.ledger().purchases).toHaveLength(2);
		} finally {
			await first.start();
		}
	});

	it('what it polled fails and is not run again, not even by a retry; nothing is bought again', async () => {
		const polling = await Published.create(generate(luma, credentials));
		server.configure({ [luma]: { jobMs: UNTIL_FINISHED } });
		await polling.start(texts(3, 'killed'));
		await server.until(({ purchases }) => purchases.length === 3, 30_000);
		const running = await polling.one('running');
		const killed = workerOf(running);
		const startedAt = Date.now();
		await killed.kill();
		try {
			const execution = await polling.one('error');
			await note('worker-killed', { seconds: (Date.now() - startedAt) / 1000, error: nodeError(execution), keys: Object.keys(execution.data.resultData.runData) });
			expect(queue.ranBy(execution.id)).toEqual([killed]);
			expect(nodeError(execution)?.message).toContain('failed to be processed too many times');
			expect(server.ledger().purchases).toHaveLength(3);
			// The other worker is well.
			server.configure({ [luma]: { jobMs: 300 } });
			await polling.start(['afterwards']);
			expect(queue.ranBy((await polling.one('success')).id)).not.toContain(killed);
			expect(server.ledger().purchases).toHaveLength(4);
			// n8n stored it without its nodes: a retry runs none of them, and so buys nothing either.
			const retry = await queue.client.retryExecution(execution.id);
			expect(retry.status).toBe('error');
			expect(Object.keys(retry.data.resultData.runData)).toEqual([]);
			expect(server.ledger().purchases).toHaveLength(4);
			// What was bought is named in the worker's log.
			for (const { id } of server.ledger().purchases.slice(0, 3)) expect(killed.logs()).toContain(id);
		} finally {
			await killed.start();
		}
	});
});

describe('when the main process goes', () => {
	it('100 suspended executions go on after its restart: none lost, none bought or delivered twice', async () => {
		const COUNT = 100;
		const parameters = {
			method: 'POST',
			url: `=${server.url}/emitted/{{ $json.status }}/{{ $json.generationId }}`,
			options: { response: { response: { neverError: true } } },
		};
		const emit = node('Emit', 'n8n-nodes-base.httpRequest', parameters, { typeVersion: 4.2 });
		const suspending = await Published.create(generate('lumaAgents', credentials, { completion: 'suspend', resolution: '1080p' }), emit);
		server.configure({ lumaAgents: { jobMs: 60_000 } });
		await Promise.all(texts(COUNT, 'kept').map(async (text) => await suspending.start([text])));
		await suspending.executions(COUNT, 'waiting');
		await queue.main.kill();
		const startedAt = Date.now();
		await queue.main.start();
		const executions = await suspending.executions(COUNT, 'success', 200_000);
		expect(idsOf(outputOf(executions))).toEqual(boughtIds());
		expect(server.ledger().purchases).toHaveLength(COUNT);
		const emitted = server.ledger().strays.map(({ path }) => path.replace('/emitted/completed/', '')).sort();
		expect(emitted).toEqual(boughtIds());
		const starts = executions.map(({ id }) => queue.startsOf(id));
		await note('queue-main-killed', {
			seconds: (Date.now() - startedAt) / 1000,
			starts: [Math.min(...starts), Math.max(...starts)],
			requests: server.ledger().counts.lumaAgents,
		});
	}, 400_000);
});

/** What n8n has stored and written so far, in all processes. */
interface Stored {
	/** Rows, and bytes of values as they are stored. */
	tables: Record<string, { rows: number; bytes: number }>;
	/** Tables and indexes, with what waits to be vacuumed. */
	databaseBytes: number;
	/** Written to PostgreSQL's log. */
	walBytes: number;
	redisKeys: number;
	/** Sent to Redis. */
	redisBytes: number;
}

/** Tables that grow, with the size of a row of each. */
const ROW_BYTES = {
	execution_entity: 'pg_column_size(t.*)',
	execution_data: 'pg_column_size(t.data) + pg_column_size(t."workflowData")',
	execution_metadata: 'pg_column_size(t.*)',
	processed_data: 'pg_column_size(t.value)',
	binary_data: 'octet_length(t.data)',
};

async function stored(): Promise<Stored> {
	const { services } = queue;
	const counts = Object.entries(ROW_BYTES).map(
		([name, bytes]) => `SELECT '${name}' AS name, count(*) AS rows, coalesce(sum(${bytes}), 0) AS bytes FROM ${name} t`,
	);
	const rows = await services.sql<{ name: string; rows: number; bytes: number }>(counts.join(' UNION ALL '));
	const [totals] = await services.sql<{ size: number; wal: number }>(
		"SELECT pg_database_size(current_database()) AS size, pg_current_wal_lsn() - '0/0'::pg_lsn AS wal",
	);
	const info = (await services.redis('INFO', 'stats')).join('\n');
	return {
		tables: Object.fromEntries(rows.map(({ name, ...more }) => [name, more])),
		databaseBytes: Number(totals?.size),
		walBytes: Number(totals?.wal),
		redisKeys: Number((await services.redis('DBSIZE'))[0]),
		redisBytes: Number(/total_net_input_bytes:(\d+)/.exec(info)?.[1]),
	};
}

/** What was added meanwhile, for each of so many generations; kept for a person. */
async function costOf(name: string, generations: number, work: () => Promise<void>): Promise<(table: string) => number> {
	const before = await stored();
	const startedAt = Date.now();
	await work();
	const after = await stored();
	const each = (now = 0, then = 0): number => Math.round(((now - then) / generations) * 100) / 100;
	const tables = Object.fromEntries(
		Object.entries(after.tables).map(([table, { rows, bytes }]) => [
			table,
			{ rows: each(rows, before.tables[table]?.rows), bytes: each(bytes, before.tables[table]?.bytes) },
		]),
	);
	await note(`queue-cost-${name}`, {
		generations,
		seconds: (Date.now() - startedAt) / 1000,
		perGeneration: {
			tables,
			databaseBytes: each(after.databaseBytes, before.databaseBytes),
			walBytes: each(after.walBytes, before.walBytes),
			redisKeys: each(after.redisKeys, before.redisKeys),
			redisBytes: each(after.redisBytes, before.redisBytes),
			requests: server.ledger().counts[luma],
		},
	});
	return (table) => tables[table]?.rows ?? 0;
}

describe('what a generation leaves in the database', () => {
	const COUNT = 20;

	async function startEach(one: Published, word = 'cost'): Promise<void> {
		await Promise.all(texts(COUNT, word).map(async (text) => await one.start([text])));
	}

	it.each([
		['poll', 'cost'],
		['suspend', `cost ${SUSPENDED_FIRST}`],
	])('one execution with completion %s', async (completion, word) => {
		const one = await Published.create(generate(luma, credentials, { completion, ...longVideo('lumaDreamMachine') }));
		const rows = await costOf(completion, COUNT, async () => {
			await startEach(one, word);
			await one.executions(COUNT, 'success');
		});
		expect([rows('execution_entity'), rows('execution_data')]).toEqual([1, 1]);
		// One row, of the node: what is recorded against a crash while an execution runs.
		expect(rows('processed_data') * COUNT).toBeLessThanOrEqual(1);
		expect(server.ledger().purchases).toHaveLength(COUNT);
	});

	it('at least two with the trigger: the one that bought it and the one that the trigger started', async () => {
		const parameters = { options: { reconcileMinutes: 0 } };
		const trigger = await Trigger.create(queue.client, credentials, luma, { parameters });
		const additionalFields = { callbackUrl: addressOf(trigger) };
		const one = await Published.create(generate(luma, credentials, { completion: 'none', additionalFields }));
		const rows = await costOf('trigger', COUNT, async () => {
			await startEach(one);
			await one.executions(COUNT, 'success');
			expect(idsOf(await trigger.settled(COUNT, { timeout: 150_000 }))).toEqual(boughtIds());
		});
		expect(rows('execution_entity')).toBeGreaterThanOrEqual(2);
		expect(rows('execution_data')).toBe(rows('execution_entity'));
		await unpublishAll();
	});

	it('a file, which every process finds there', async () => {
		const one = await Published.create(generate(luma, credentials, { downloadVideo: true }));
		let files: Execution[] = [];
		const rows = await costOf('download', 1, async () => {
			await one.start(['a file']);
			files = await one.executions(1, 'success');
		});
		expect(rows('binary_data')).toBe(1);
		const [item] = files.flatMap((execution) => nodeOutput(execution, 'Luma Video'));
		const binary = item?.binary?.data;
		if (!binary) throw new Error('No file');
		const { bytes } = await queue.client.download(binary);
		const { media } = outputOf(files)[0] as { media: Array<{ url: string }> };
		const original = Buffer.from(await (await fetch(String(media[0]?.url))).arrayBuffer());
		expect(bytes.equals(original)).toBe(true);
	});
});

describe('many', () => {
	it('200 generations over two workers: none lost, none bought twice', async () => {
		const others = [...new Set([WITH_LIST, WITHOUT_LIST, CALLING_WITHOUT_LIST, ...PROVIDERS])].slice(0, 4);
		const calling = CALLING.slice(-3);
		const polling = await Promise.all(others.map(async (provider) => await Published.create(generate(provider, credentials))));
		const suspending = await Promise.all(
			calling.map(async (provider) => await Published.create(generate(provider, credentials, { completion: 'suspend', ...ofAMinute(provider) }))),
		);
		const triggers = await Promise.all(
			calling.map(async (provider) => await Trigger.create(queue.client, credentials, provider)),
		);
		for (const provider of others) server.configure({ [provider]: { jobMs: 1500 } });
		// Each callback comes twice at once, to either webhook process, and the videos of an execution end together.
		for (const provider of calling) server.configure({ [provider]: { jobMs: 1500, callbacks: { copies: 2 } } });

		const polled = polling.map(async (one, index) => {
			await Promise.all([one.start(texts(10, `p${index}a`)), one.start(texts(10, `p${index}b`))]);
			return idsOf(outputOf(await one.executions(2, 'success')));
		});
		const suspended = suspending.map(async (one, index) => {
			await Promise.all(['a', 'b'].map(async (name) => await one.start(texts(10, `s${index}${name} ${MORE_THAN_HALF}`))));
			const executions = await one.executions(2, 'success', 150_000);
			const starts = executions.map(({ id }) => queue.startsOf(id));
			await note(`queue-200-starts-${index}`, starts);
			// Suspended, and woken at most once for each of its ten videos: under load their callbacks come one by one.
			for (const count of starts) expect(count >= 2 && count <= 12).toBe(true);
			return idsOf(outputOf(executions));
		});
		const triggered = triggers.map(async (trigger, index) => {
			const ids = await buy(queue.client, credentials, { provider: trigger.provider, url: addressOf(trigger) }, texts(20, `t${index}`));
			const emitted = idsOf(await trigger.settled(20, { timeout: 150_000 }));
			expect(emitted).toEqual(ids.sort());
			return emitted;
		});
		const delivered = (await Promise.all([...polled, ...suspended, ...triggered])).flat();
		const bought = boughtIds();
		expect(bought).toHaveLength(200);
		expect(new Set(server.ledger().purchases.map(({ provider, prompt }) => `${provider} ${prompt}`)).size).toBe(200);
		expect(delivered.sort()).toEqual(bought);
		const { workers } = queue;
		await note('queue-200', {
			delivered: delivered.length,
			executions: workers.map((worker) => worker.logs().match(/Worker started execution/g)?.length),
		});
		await unpublishAll();
	});

	const removeDuplicates = node(
		'Remove Duplicates',
		'n8n-nodes-base.removeDuplicates',
		{ operation: 'removeItemsSeenInPreviousExecutions', dedupeValue: '={{ $json.generationId }}', options: { scope: 'workflow' } },
		{ typeVersion: 2 },
	);

	it.each([
		['', []],
		[", where a Remove Duplicates node keeps data of the workflow's own", [removeDuplicates]],
	])('the same callback 5 times at once to two webhook processes, 100 times%s', async (name, next) => {
		const trigger = await Trigger.create(queue.client, credentials, 'pixazo', { parameters: { options: { reconcileMinutes: 0 } }, next });
		server.configure({ pixazo: { jobMs: 0, callbacks: { mode: 'drop' } } });
		const url = addressOf(trigger);
		const ids = await buy(queue.client, credentials, { provider: 'pixazo', url }, texts(100, 'many'));
		await server.until(() => server.jobs().every(({ status }) => status === 'completed'), 30_000);
		const startedAt = Date.now();
		for (let first = 0; first < ids.length; first += 10) {
			const some = ids.slice(first, first + 10);
			const answers = await Promise.all(
				some.map(async (id) => {
					const body = server.callbackBody('pixazo', { id });
					return await callAtOnce(url, [body, body, body, body, body]);
				}),
			);
			expect(answers.flat().map(({ status }) => status)).toEqual(Array.from({ length: 5 * some.length }, () => 200));
		}
		await waitUntil(async () => new Set(await trigger.emittedIds()).size >= ids.length, 150_000);
		const emitted = idsOf(await trigger.settled(ids.length, { quiet: 5000 }));
		await note(`queue-dedup${name === '' ? '' : '-beside-remove-duplicates'}`, {
			seconds: (Date.now() - startedAt) / 1000,
			emitted: emitted.length,
			distinct: new Set(emitted).size,
			executions: (await trigger.executions()).length,
			statuses: [...new Set((await trigger.executions()).map(({ status }) => status))],
		});
		expect(emitted).toEqual([...ids].sort());
		await unpublishAll();
	});
});
