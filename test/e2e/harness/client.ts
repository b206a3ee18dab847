import { parse as unflatten } from 'flatted';
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type {
	ExecutionStatus,
	IBinaryData,
	ICredentialDataDecryptedObject,
	ICredentialType,
	INodeCredentialsDetails,
	INodeTypeDescription,
	IRunExecutionData,
} from 'n8n-workflow';
import { describe, finalStatuses, type Execution, type ExecutionSummary } from './execution';
import type { WorkflowDraft } from './workflow';

/** A workflow as n8n stored it. */
export interface StoredWorkflow extends WorkflowDraft {
	readonly id: string;
	/** Changes with every change of nodes or connections; what `publish` publishes. */
	readonly versionId: string;
	readonly active: boolean;
}

/** A credential as n8n stored it; usable as a value of a node's `credentials`. */
export interface StoredCredential extends INodeCredentialsDetails {
	readonly id: string;
	readonly type: string;
}

/** Answer to a call of a webhook. */
export interface WebhookAnswer {
	/** HTTP status. */
	readonly status: number;
	readonly text: string;
}

/** A file from n8n's binary store. */
export interface Download {
	readonly bytes: Buffer;
	readonly mimeType: string | null;
}

/** What n8n answers to its own users' requests that it refuses. */
export class N8nRequestError extends Error {
	override readonly name = 'N8nRequestError';

	constructor(
		readonly method: string,
		readonly path: string,
		/** HTTP status. */
		readonly status: number,
		/** The answer's body. */
		readonly body: string,
	) {
		super(`${method} ${path} answered ${status}: ${body.slice(0, 2000)}`);
	}
}

/** The one user of an n8n instance for tests. n8n wants 8 characters, a digit and a capital in a password. */
export const owner = {
	email: 'owner@example.com',
	firstName: 'Test',
	lastName: 'Owner',
	password: 'Passw0rd-for-tests',
};

/** Login of a client, to be handed to another process or to a browser. */
export interface Session {
	/** Value of the cookie `n8n-auth`. */
	readonly cookie: string;
	/** n8n refuses the cookie when it comes without the browser id it was issued to. */
	readonly browserId: string;
}

const pollInterval = 200;

/** How many executions n8n lists at once, at most. */
export const executionPage = 100;

/**
 * A connection for each request: one that was kept may have been closed by n8n while this process was busy, as with loading
 * the next test file.
 */
const ANEW = { connection: 'close' };

/** On a machine that is busy with other tests, what takes a second may take many. */
const PATIENCE_MS = 120_000;

/**
 * Does with an n8n instance what its editor does, by the same HTTP interface (`/rest`). That interface is n8n's own:
 * it is not documented and differs between versions; here it is as in n8n 2.41, and as in n8n 1.123 where that differs.
 *
 * Every answer is `{ "data": … }`; methods return what is in `data` and throw `N8nRequestError` for every other answer.
 */
export class N8nClient {
	private cookie: string;
	private readonly browserId: string;
	private versionIs1: boolean | undefined;

	/**
	 * @param url address of n8n without a final slash
	 * @param session of a client that has logged in; without it, `setupOwner()` or `login()` comes first
	 */
	constructor(
		readonly url: string,
		session?: Session,
	) {
		this.cookie = session?.cookie ?? '';
		this.browserId = session?.browserId ?? randomUUID();
	}

	get session(): Session {
		return { cookie: this.cookie, browserId: this.browserId };
	}

	/** Whether this is a fresh instance that nobody has set up. */
	async needsOwner(): Promise<boolean> {
		const settings = await this.request<{ userManagement: { showSetupOnFirstLoad: boolean } }>(
			'GET',
			'/rest/settings',
		);
		return settings.userManagement.showSetupOnFirstLoad;
	}

	/** n8n 1 wants the workflow with the order to run it, and has done its work when it answers a publication. */
	private async isVersion1(): Promise<boolean> {
		this.versionIs1 ??= (await this.request<{ versionCli: string }>('GET', '/rest/settings')).versionCli.startsWith('1.');
		return this.versionIs1;
	}

	/** What goes into the body of an order to run a workflow besides the order. */
	private async sentAlong(id: string): Promise<{ workflowData?: StoredWorkflow }> {
		return (await this.isVersion1()) ? { workflowData: await this.getWorkflow(id) } : {};
	}

	/** Makes the first user of a fresh instance and logs in as that user. Only possible once. */
	async setupOwner(): Promise<void> {
		await this.request('POST', '/rest/owner/setup', owner);
	}

	/** Logs in as the owner. The field for the address is called `emailOrLdapLoginId`. */
	async login(): Promise<void> {
		const { email, password } = owner;
		await this.request('POST', '/rest/login', { emailOrLdapLoginId: email, password });
	}

	/** @param data the credential's fields by name */
	async createCredential(
		type: string,
		data: ICredentialDataDecryptedObject,
		name = `${type} for tests`,
	): Promise<StoredCredential> {
		const stored = await this.request<StoredCredential>('POST', '/rest/credentials', { name, type, data });
		return { id: stored.id, name: stored.name, type: stored.type };
	}

	/**
	 * What the editor's connection test says. A refused key is an answer with status `Error`, not an exception.
	 *
	 * n8n tests the fields it is sent, not those it stored; secrets may be sent as it shows them (masked), it then puts
	 * the stored ones in their place.
	 *
	 * @param data other fields to test; default: the stored ones
	 */
	async testCredential(
		{ id, name, type }: StoredCredential,
		data?: ICredentialDataDecryptedObject,
	): Promise<{ status: 'OK' | 'Error'; message: string }> {
		const fields = data ?? (await this.readCredential(id)).data;
		const credentials = { id, name, type, data: fields };
		return await this.request('POST', '/rest/credentials/test', { credentials });
	}

	/** A credential with its fields as the editor gets them: secrets are masked. */
	async readCredential(id: string): Promise<{ data: ICredentialDataDecryptedObject }> {
		return await this.request('GET', `/rest/credentials/${id}?includeData=true`);
	}

	async createWorkflow(draft: WorkflowDraft): Promise<StoredWorkflow> {
		const more = (await this.isVersion1()) ? { active: false } : {};
		return await this.request('POST', '/rest/workflows', { ...more, ...draft });
	}

	/** Saves other contents under the same id. A published workflow goes on with the old ones until `publish`. */
	async updateWorkflow(id: string, draft: Partial<WorkflowDraft>): Promise<StoredWorkflow> {
		return await this.request('PATCH', `/rest/workflows/${id}`, draft);
	}

	async getWorkflow(id: string): Promise<StoredWorkflow> {
		return await this.request('GET', `/rest/workflows/${id}`);
	}

	/**
	 * Starts a stored workflow as the editor's execute button does and returns the id of the execution, which goes on.
	 *
	 * The workflow itself is not sent, n8n runs what is stored.
	 *
	 * @param trigger name of the trigger to start from; default: that of `manualTrigger()`
	 * @throws {Error} when the trigger waits for a call of its test address instead of starting
	 */
	async runWorkflow(id: string, { trigger = 'Start' }: { trigger?: string } = {}): Promise<string> {
		const body = { ...(await this.sentAlong(id)), triggerToStartFrom: { name: trigger } };
		const answer = await this.request<{ executionId?: string }>('POST', `/rest/workflows/${id}/run`, body);
		if (answer.executionId === undefined) {
			throw new Error(`Workflow ${id} did not start from "${trigger}": ${JSON.stringify(answer)}`);
		}
		return answer.executionId;
	}

	/**
	 * Makes a trigger of a stored workflow listen on its test address, as the editor's execute button does
	 * for triggers with webhooks. n8n stops listening after the first call or two minutes.
	 */
	async listenForTestEvent(id: string, trigger: string): Promise<void> {
		const body = { ...(await this.sentAlong(id)), triggerToStartFrom: { name: trigger } };
		const answer = await this.request<{ waitingForWebhook?: boolean }>('POST', `/rest/workflows/${id}/run`, body);
		if (answer.waitingForWebhook !== true) throw new Error(`"${trigger}" does not listen: ${JSON.stringify(answer)}`);
	}

	/** Creates, runs and waits until the execution is over, whatever its end. */
	async runToEnd(draft: WorkflowDraft, options: WaitOptions = {}): Promise<Execution> {
		const { id } = await this.createWorkflow(draft);
		return await this.waitForExecution(await this.runWorkflow(id), options);
	}

	/**
	 * Publishes the stored version and waits until its triggers listen. n8n wants the version's id in the body, answers
	 * before it has done the work, and tells at `/publication-status` how that went.
	 *
	 * @throws {Error} when a trigger refuses, with what it said. That takes 15 seconds: n8n asks a trigger five times.
	 * The workflow then counts as active all the same
	 */
	async publish(id: string): Promise<void> {
		const { versionId } = await this.getWorkflow(id);
		await this.request('POST', `/rest/workflows/${id}/activate`, { versionId });
		if (await this.isVersion1()) return;
		// A busy n8n says that it is not published before it says that it is at it.
		const { status, triggers } = await this.publicationSettled(id, ['in_progress', 'not_published']);
		if (status === 'published') return;
		const reasons = triggers.map((trigger) => trigger.errorMessage).filter((text) => text !== null);
		throw new Error(`Workflow ${id} is "${status}": ${reasons.join('; ')}`);
	}

	/** Takes back a publication and waits until nothing listens any more. */
	async unpublish(id: string): Promise<void> {
		await this.request('POST', `/rest/workflows/${id}/deactivate`, {});
		if (!(await this.isVersion1())) await this.publicationSettled(id);
	}

	private async publicationSettled(
		id: string,
		underWay: ReadonlyArray<PublicationStatus['status']> = ['in_progress'],
	): Promise<PublicationStatus> {
		const deadline = Date.now() + PATIENCE_MS;
		for (;;) {
			const publication = await this.request<PublicationStatus>('GET', `/rest/workflows/${id}/publication-status`);
			if (!underWay.includes(publication.status)) return publication;
			if (Date.now() > deadline) throw new Error(`n8n does not finish publishing or unpublishing workflow ${id}`);
			await pause(pollInterval);
		}
	}

	/** The execution, or undefined when n8n does not know it. Works while it runs, with the data stored so far. */
	async getExecution(id: string): Promise<Execution | undefined> {
		const stored = await this.request<StoredExecution | undefined>('GET', `/rest/executions/${id}`, undefined, [404]);
		if (stored?.data === undefined) return undefined;
		return { ...stored, data: unflatten(stored.data) as IRunExecutionData };
	}

	/**
	 * Waits until an execution has one of the wanted statuses.
	 *
	 * @throws {Error} when it ends otherwise or the time is over; the text says how it stands and why
	 */
	async waitForExecution(
		id: string,
		{ status = finalStatuses, timeout = PATIENCE_MS }: WaitOptions = {},
	): Promise<Execution> {
		const deadline = Date.now() + timeout;
		for (;;) {
			const execution = await this.getExecution(id);
			if (execution && status.includes(execution.status)) return execution;
			const over = execution && finalStatuses.includes(execution.status);
			if (over || Date.now() > deadline) {
				const state = execution ? describe(execution) : `n8n does not know execution ${id}`;
				throw new Error(`${state}. Waited for: ${status.join(', ')}`);
			}
			await pause(pollInterval);
		}
	}

	/** Waits for the newest execution of a workflow that is not among `known`, as started by a trigger. */
	async waitForNewExecution(
		workflowId: string,
		{ known = [], ...options }: WaitOptions & { known?: readonly string[] } = {},
	): Promise<Execution> {
		const deadline = Date.now() + (options.timeout ?? PATIENCE_MS);
		for (;;) {
			const found = (await this.listExecutions({ workflowId })).find(({ id }) => !known.includes(id));
			if (found) return await this.waitForExecution(found.id, options);
			if (Date.now() > deadline) throw new Error(`Workflow ${workflowId} was not started`);
			await pause(pollInterval);
		}
	}

	/**
	 * The editor's stop button, for running and for suspended executions. Returns at once; the execution is over when
	 * its status is `canceled`.
	 *
	 * @throws {N8nRequestError} when the execution is over
	 */
	async stopExecution(id: string): Promise<void> {
		await this.request('POST', `/rest/executions/${id}/stop`, {});
	}

	/**
	 * Runs a failed execution again from the node that failed, as a new execution in mode `retry`, and returns that
	 * one. n8n answers only when the new execution is over or suspended, and without its id, which is looked up.
	 *
	 * @param useStoredWorkflow run with the workflow as it is stored now instead of as it was then
	 * @throws {N8nRequestError} with status 409 when the execution succeeded
	 */
	async retryExecution(id: string, { useStoredWorkflow = false } = {}): Promise<Execution> {
		const before = await this.getExecution(id);
		if (!before) throw new Error(`n8n does not know execution ${id}`);
		const known = (await this.listExecutions({ workflowId: before.workflowId })).map((one) => one.id);
		await this.request('POST', `/rest/executions/${id}/retry`, { loadWorkflow: useStoredWorkflow });
		const settled: ExecutionStatus[] = [...finalStatuses, 'waiting'];
		return await this.waitForNewExecution(before.workflowId, { known, status: settled });
	}

	/**
	 * The newest executions first, `executionPage` at most. The filter travels as JSON in the query string.
	 *
	 * Running and suspended ones are among them.
	 */
	async listExecutions(
		filter: { workflowId?: string; status?: readonly ExecutionStatus[]; startedBefore?: string } = {},
	): Promise<readonly ExecutionSummary[]> {
		const query = new URLSearchParams({ filter: JSON.stringify(filter), limit: String(executionPage) });
		const answer = await this.request<{ results: ExecutionSummary[] }>('GET', `/rest/executions?${query}`);
		return answer.results;
	}

	/** A file that an execution stored. */
	async download(binary: IBinaryData): Promise<Download> {
		if (binary.id === undefined) throw new Error('The file is not in the binary store');
		const query = new URLSearchParams({ id: binary.id, action: 'download' });
		if (binary.fileName) query.set('fileName', binary.fileName);
		query.set('mimeType', binary.mimeType);
		const path = `/rest/binary-data?${query}`;
		const answer = await this.send('GET', path);
		if (!answer.ok) throw new N8nRequestError('GET', path, answer.status, await answer.text());
		return { bytes: Buffer.from(await answer.arrayBuffer()), mimeType: answer.headers.get('content-type') };
	}

	/** Every version of every node, as the editor gets them. 8 MB: ask once. */
	async nodeTypes(): Promise<readonly INodeTypeDescription[]> {
		return await this.getJson('/types/nodes.json');
	}

	/** Every credential type, as the editor gets them. */
	async credentialTypes(): Promise<readonly ICredentialType[]> {
		return await this.getJson('/types/credentials.json');
	}

	/**
	 * Calls a webhook as the outside world does, without a login.
	 *
	 * @param address `path` of a published workflow's webhook, or a full address
	 * @param body sent as JSON unless it is a string
	 */
	async callWebhook(
		address: string,
		{ method = 'POST', body, headers = {} }: { method?: string; body?: unknown; headers?: Record<string, string> } = {},
	): Promise<WebhookAnswer> {
		const url = /^https?:/.test(address) ? address : `${this.url}/webhook/${address}`;
		const isText = typeof body === 'string';
		const answer = await fetch(url, {
			method,
			headers: { 'content-type': isText ? 'text/plain' : 'application/json', ...ANEW, ...headers },
			...(body !== undefined && { body: isText ? body : JSON.stringify(body) }),
		});
		return { status: answer.status, text: await answer.text() };
	}

	/**
	 * Any other request as the logged-in user.
	 *
	 * @param path from the root, query included
	 * @param accept statuses that mean "nothing there": the answer is then undefined
	 * @returns what the answer has under `data`
	 */
	async request<T = unknown>(
		method: string,
		path: string,
		body?: unknown,
		accept: readonly number[] = [],
	): Promise<T> {
		const answer = await this.send(method, path, body);
		const text = await answer.text();
		if (!answer.ok && accept.includes(answer.status)) return undefined as T;
		if (!answer.ok) throw new N8nRequestError(method, path, answer.status, text);
		return (parseJson(text) as { data: T } | undefined)?.data as T;
	}

	private async getJson<T>(path: string): Promise<T> {
		const answer = await this.send('GET', path);
		if (!answer.ok) throw new N8nRequestError('GET', path, answer.status, await answer.text());
		return (await answer.json()) as T;
	}

	private async send(method: string, path: string, body?: unknown): Promise<Response> {
		const answer = await fetch(this.url + path, {
			method,
			headers: {
				...ANEW,
				'browser-id': this.browserId,
				cookie: `n8n-auth=${this.cookie}`,
				...(body !== undefined && { 'content-type': 'application/json' }),
			},
			...(body !== undefined && { body: JSON.stringify(body) }),
		});
		for (const cookie of answer.headers.getSetCookie()) {
			const value = /^n8n-auth=([^;]+)/.exec(cookie)?.[1];
			if (value !== undefined) this.cookie = value;
		}
		return answer;
	}
}

/** How to wait for an execution. */
export interface WaitOptions {
	/** Default: those that are final. */
	readonly status?: readonly ExecutionStatus[];
	/** Milliseconds; default 120,000. */
	readonly timeout?: number;
}

/** How the latest publishing or unpublishing of a workflow went. */
interface PublicationStatus {
	readonly status: 'not_published' | 'in_progress' | 'published' | 'partial' | 'failed';
	readonly triggers: ReadonlyArray<{ nodeId: string; status: string; errorMessage: string | null }>;
}

/** An execution as n8n sends it: the data is text in the format of the `flatted` package. */
interface StoredExecution extends Omit<Execution, 'data'> {
	readonly data?: string;
}

function parseJson(text: string): unknown {
	try {
		return JSON.parse(text) as unknown;
	} catch {
		return undefined;
	}
}
