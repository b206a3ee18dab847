/** What the end-to-end tests of the trigger share: published triggers, purchases that call them, and counts. */
import { mkdir, writeFile } from 'node:fs/promises';
import { Agent, request as httpRequest } from 'node:http';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { ExecutionStatus, IDataObject, INode } from 'n8n-workflow';
import type { Job, ProviderName, ProviderServer } from '../provider-server';
import { generateParameters } from '../samples';
import type { Execution, ExecutionSummary, N8nClient } from './harness';
import { chain, executionPage, finalStatuses, items, manualTrigger, node, nodeRuns, workflow } from './harness';
import { outputFolder } from './harness/paths';
import type { CredentialRefs } from './support';
import { LUMA_VIDEO_TRIGGER, lumaVideo } from './support';

export const TRIGGER = 'Luma Video Trigger';

/** Waits until a condition holds; whether it does. */
export async function waitUntil(condition: () => Promise<boolean> | boolean, timeout = 30_000): Promise<boolean> {
	const deadline = Date.now() + timeout;
	while (!(await condition())) {
		if (Date.now() > deadline) return false;
		await pause(150);
	}
	return true;
}

/**
 * Every execution of a workflow, newest first; or those of some statuses.
 *
 * Pages turn by time: n8n sorts by start, but its cursor goes by id, and so skips what started earlier than one with a
 * smaller id, as happens with several workers.
 */
export async function allExecutions(
	client: N8nClient,
	workflowId: string,
	status: readonly ExecutionStatus[] = ['new', 'running', 'waiting', 'unknown', ...finalStatuses],
): Promise<ExecutionSummary[]> {
	const all = new Map<string, ExecutionSummary>();
	for (let startedBefore: string | undefined; ; ) {
		const page = await client.listExecutions({ workflowId, status, startedBefore });
		const before = all.size;
		for (const each of page) all.set(each.id, each);
		if (page.length < executionPage || all.size === before) return [...all.values()];
		startedBefore = page.at(-1)?.startedAt;
	}
}

export interface TriggerOptions {
	parameters?: INode['parameters'];
	credentials?: INode['credentials'];
	/** What comes after the trigger. */
	next?: INode[];
	/** Stored, and not published. */
	isDraft?: boolean;
}

const made: Array<() => Promise<void>> = [];

/** Takes off what was published so far, so that it does not look for videos any more. */
export async function unpublishAll(): Promise<void> {
	for (const unpublish of made.splice(0)) await unpublish();
}

/** A workflow that begins with a trigger. */
export class Trigger {
	private readonly seen = new Map<string, IDataObject[]>();

	private constructor(
		private readonly client: N8nClient,
		readonly workflowId: string,
		readonly webhookId: string,
		readonly provider: ProviderName,
	) {}

	static async create(
		client: N8nClient,
		credentials: CredentialRefs,
		provider: ProviderName,
		options: TriggerOptions = {},
	): Promise<Trigger> {
		const webhookId = randomUUID();
		const trigger = node(TRIGGER, LUMA_VIDEO_TRIGGER, { provider, ...options.parameters }, {
			credentials: options.credentials ?? credentials[provider],
			typeVersion: 1.1,
			webhookId,
		});
		const nodes = [trigger, ...(options.next ?? [])];
		const { id } = await client.createWorkflow(workflow(`Trigger ${provider}`, nodes, chain(...nodes)));
		if (options.isDraft !== true) await client.publish(id);
		made.push(async () => await client.unpublish(id));
		return new Trigger(client, id, webhookId, provider);
	}

	/** The production URL. */
	get url(): string {
		return `${this.client.url}/webhook/${this.webhookId}/luma-video`;
	}

	get testUrl(): string {
		return `${this.client.url}/webhook-test/${this.webhookId}/luma-video`;
	}

	async executions(): Promise<ExecutionSummary[]> {
		return await allExecutions(this.client, this.workflowId);
	}

	/** Everything that the trigger put out so far, in executions that are over or wait. */
	async emitted(): Promise<IDataObject[]> {
		const all: IDataObject[] = [];
		for (const { id, status } of await this.executions()) {
			const known = this.seen.get(id);
			if (known) {
				all.push(...known);
				continue;
			}
			const execution = await this.client.getExecution(id);
			const found = execution ? emittedBy(execution) : [];
			if (status === 'success' || status === 'crashed') this.seen.set(id, found);
			all.push(...found);
		}
		return all;
	}

	async emittedIds(): Promise<string[]> {
		return (await this.emitted()).map(({ generationId }) => String(generationId)).sort();
	}

	/** Waits for so many emissions, then a little longer for more than that. */
	async settled(count: number, { timeout = 30_000, quiet = 1500 } = {}): Promise<IDataObject[]> {
		await waitUntil(async () => (await this.emitted()).length >= count, timeout);
		await pause(quiet);
		return await this.emitted();
	}

	/** Takes the workflow off and publishes it again: the trigger then looks for what it missed. */
	async republish(): Promise<void> {
		await this.client.unpublish(this.workflowId);
		await this.client.publish(this.workflowId);
	}
}

export function emittedBy(execution: Execution): IDataObject[] {
	const items = nodeRuns(execution, TRIGGER).flatMap(({ data }) => (data?.main?.[0] ?? []).map(({ json }) => json));
	// In the place of what an execution lost in a crash n8n puts an item that says so.
	return items.filter((json) => json.isArtificialRecoveredEventItem !== true);
}

export interface PurchaseOptions {
	/** Whom the generations are meant for; default: the trigger's production URL. */
	triggerUrl?: string;
	/** In its place: whom the provider calls, without any announcement. */
	callbackUrl?: string;
	parameters?: INode['parameters'];
	additionalFields?: IDataObject;
}

/** Buys a video for every prompt by a workflow that goes on at once, and returns the ids in order. */
export async function buy(
	client: N8nClient,
	credentials: CredentialRefs,
	trigger: Pick<Trigger, 'provider' | 'url'>,
	prompts: readonly string[],
	options: PurchaseOptions = {},
): Promise<string[]> {
	const nodes = [
		manualTrigger(),
		items(prompts.map((text) => ({ text }))),
		lumaVideo('Luma Video', trigger.provider, credentials, {
			...generateParameters(trigger.provider),
			completion: 'none',
			...(options.callbackUrl === undefined ? { triggerUrl: options.triggerUrl ?? trigger.url } : {}),
			additionalFields: { ...(options.callbackUrl === undefined ? {} : { callbackUrl: options.callbackUrl }), ...options.additionalFields },
			options: { maxConcurrent: 20 },
			...options.parameters,
		}),
	];
	const execution = await client.runToEnd(workflow('Buy', nodes, chain(...nodes)));
	const bought = nodeRuns(execution, 'Luma Video').at(-1)?.data?.main?.[0] ?? [];
	const ids = bought.map(({ json }) => json.generationId);
	if (execution.status !== 'success' || ids.length !== prompts.length) {
		throw new Error(`Bought ${ids.length} of ${prompts.length}: ${JSON.stringify(execution.data.resultData.error)}`);
	}
	return ids as string[];
}

/** What an address is called with, when that is more than a body. */
export class Call {
	constructor(
		readonly body: unknown,
		readonly headers: Readonly<Record<string, string>>,
	) {}
}

/** What the provider would send about a job, as it is said to be; signed where the provider signs. */
export function callAbout(server: ProviderServer, provider: ProviderName, job: Partial<Job> & { id: string }): Call {
	const body = server.callbackBody(provider, job);
	return new Call(body, server.callbackHeaders(provider, job.id, body));
}

export interface CallAnswer {
	/** `null` when there was none. */
	status: number | null;
	text: string;
	ms: number;
}

/** Calls an address many times, each with a body or a `Call`, over a few connections that stay open, as fast as it answers. */
export async function callMany(
	url: string,
	calls: Iterable<unknown>,
	{ method = 'POST', connections = 16 }: { method?: string; connections?: number } = {},
): Promise<CallAnswer[]> {
	const agent = new Agent({ keepAlive: true, maxSockets: connections });
	const answers: CallAnswer[] = [];
	const queue = calls[Symbol.iterator]();
	const worker = async (): Promise<void> => {
		for (let next = queue.next(); next.done !== true; next = queue.next()) {
			answers.push(await callOnce(url, next.value, method, agent));
		}
	};
	await Promise.all(Array.from({ length: connections }, worker));
	agent.destroy();
	return answers;
}

async function callOnce(url: string, call: unknown, method: string, agent: Agent): Promise<CallAnswer> {
	const { body, headers } = call instanceof Call ? call : new Call(call, {});
	const text = typeof body === 'string' ? body : JSON.stringify(body);
	const startedAt = performance.now();
	return await new Promise((resolve) => {
		const finish = (status: number | null, answer: string): void => {
			resolve({ status, text: answer, ms: performance.now() - startedAt });
		};
		const request = httpRequest(
			url,
			{ method, agent, headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text), ...headers } },
			(response) => {
				let answer = '';
				response.setEncoding('utf8');
				response.on('data', (piece: string) => (answer += piece));
				response.on('end', () => finish(response.statusCode ?? null, answer));
				response.on('error', () => finish(null, ''));
			},
		);
		request.on('error', () => finish(null, ''));
		request.end(text);
	});
}

/** Calls at the very same moment, each on a connection of its own. */
export async function callAtOnce(url: string, calls: readonly unknown[]): Promise<CallAnswer[]> {
	return await callMany(url, calls, { connections: calls.length });
}

export function worst(answers: readonly CallAnswer[]): number {
	return Math.round(Math.max(...answers.map(({ ms }) => ms)));
}

/** Reads that a provider got: by id and by list. */
export function readsOf(server: ProviderServer, provider: ProviderName): number {
	const { status, list } = server.ledger().counts[provider];
	return status + list;
}

/** How often a provider was asked for each of these ids. */
export function readsById(server: ProviderServer, provider: ProviderName, ids: readonly string[]): number[] {
	const { requests } = server.ledger();
	return ids.map(
		(id) =>
			requests.filter(
				({ party, route, path }) =>
					party === provider && (route === 'status' || route === 'unknown') && decodeURIComponent(path.split('/').at(-1) ?? '') === id,
			).length,
	);
}

/** Keeps figures for a person, in `output/trigger/`. */
export async function note(name: string, figures: object): Promise<void> {
	const folder = join(outputFolder, 'trigger');
	await mkdir(folder, { recursive: true });
	await writeFile(join(folder, `${name}.json`), `${JSON.stringify(figures, null, '\t')}\n`);
}
