/**
 * Runs workflows through n8n's own engine (n8n-core), without a server.
 *
 * What belongs to the server is stood in for by the least that the engine needs: credentials are given by the test,
 * node types are this package's and two small ones.
 */
import './environment';
import './fastClock';
import { Logger } from '@n8n/backend-common';
import { Container } from '@n8n/di';
import { parse, stringify } from 'flatted';
import { BinaryDataService, DataDeduplicationService, ExecutionLifecycleHooks, WorkflowExecute } from 'n8n-core';
import type {
	IBinaryData,
	ICredentialDataDecryptedObject,
	IDataObject,
	IExecuteFunctions,
	IHttpRequestOptions,
	INode,
	INodeParameters,
	INodeExecutionData,
	INodeType,
	INodeTypeDescription,
	INodeTypes,
	IRun,
	IRunExecutionData,
	IWorkflowBase,
	IWorkflowExecuteAdditionalData,
	WorkflowExecuteMode,
} from 'n8n-workflow';
import { ICredentialsHelper, NodeConnectionTypes, NodeOperationError, Workflow, createRunExecutionData } from 'n8n-workflow';
import { credentialTypes } from '../../samples';
import { filledIn } from '../../unit/credentials/resolve';
import { deduplicationStore, turn } from './deduplicationStore';
import type { ExecutionRow, StoredExecution } from './executions';
import { addExecution, finalStatus } from './executions';
import { loadedNode } from './freshNode';
import { Life, attachLife, mortal } from './life';

export { deduplicationStore } from './deduplicationStore';
export type { StoredExecution } from './executions';
export { freshNode } from './freshNode';

/** Starts a workflow with the items in its parameter. */
class Items implements INodeType {
	description: INodeTypeDescription = {
		displayName: 'Items',
		name: 'items',
		group: ['trigger'],
		version: 1,
		description: 'Items from a parameter',
		defaults: { name: 'Items' },
		inputs: [NodeConnectionTypes.Main],
		outputs: [NodeConnectionTypes.Main],
		properties: [{ displayName: 'Items', name: 'items', type: 'json', default: '[]' }],
	};

	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		const items = JSON.parse(this.getNodeParameter('items', 0) as string) as IDataObject[];
		return [items.map((json, item) => ({ json, pairedItem: { item } }))];
	}
}

/** Sends its items round the loop as often as its parameter says, then out. */
class Loop implements INodeType {
	description: INodeTypeDescription = {
		displayName: 'Loop',
		name: 'loop',
		group: ['transform'],
		version: 1,
		description: 'Repeats what hangs on its second output',
		defaults: { name: 'Loop' },
		inputs: [NodeConnectionTypes.Main],
		outputs: [NodeConnectionTypes.Main, NodeConnectionTypes.Main],
		properties: [{ displayName: 'Rounds', name: 'rounds', type: 'number', default: 2 }],
	};

	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		const context = this.getContext('node');
		context.round = ((context.round as number | undefined) ?? 0) + 1;
		const items = this.getInputData().map(({ json }, item) => ({ json, pairedItem: { item } }));
		const isDone = context.round > (this.getNodeParameter('rounds', 0) as number);
		return isDone ? [items, []] : [[], items];
	}
}

/** Throws what its parameter says, unless that is empty: a node after the Luma Video node that goes wrong. */
class Fail implements INodeType {
	description: INodeTypeDescription = {
		displayName: 'Fail',
		name: 'fail',
		group: ['transform'],
		version: 1,
		description: 'Throws',
		defaults: { name: 'Fail' },
		inputs: [NodeConnectionTypes.Main],
		outputs: [NodeConnectionTypes.Main],
		properties: [{ displayName: 'Message', name: 'message', type: 'string', default: '' }],
	};

	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		const message = this.getNodeParameter('message', 0) as string;
		if (message !== '') throw new NodeOperationError(this.getNode(), message);
		return [this.getInputData()];
	}
}

const nodeClasses: Readonly<Record<string, INodeType>> = {
	...loadedNode(),
	'test.fail': new Fail(),
	'test.items': new Items(),
	'test.loop': new Loop(),
};

/** Node types for one run, whose nodes end with it. */
function nodeTypesOf(more: Readonly<Record<string, INodeType>> = {}, life = new Life()): INodeTypes {
	const known: Record<string, INodeType> = { ...nodeClasses, ...more };
	const made = new Map<string, INodeType>();
	const types: INodeTypes = {
		getByName: (name) => types.getByNameAndVersion(name),
		getByNameAndVersion(name) {
			const type = known[name];
			if (!type) throw new Error(`No node type ${name}`);
			const guarded = made.get(name) ?? mortal(type, life);
			made.set(name, guarded);
			return guarded;
		},
		getKnownTypes: () => ({}),
	};
	return types;
}

export type Credentials = Record<string, ICredentialDataDecryptedObject>;

class Credential extends ICredentialsHelper {
	constructor(
		private readonly data: Credentials,
		private readonly life: Life,
	) {
		super();
	}

	getParentTypes(): string[] {
		return [];
	}

	isCredentialUsableByNode(): boolean {
		return true;
	}

	async authenticate(
		credentials: ICredentialDataDecryptedObject,
		typeName: string,
		requestOptions: IHttpRequestOptions,
	): Promise<IHttpRequestOptions> {
		await this.life.check();
		const type = credentialTypes.find(({ name }) => name === typeName);
		const authenticate = type?.authenticate;
		return typeof authenticate === 'function' ? await authenticate(credentials, requestOptions) : requestOptions;
	}

	async preAuthentication(): Promise<undefined> {
		return undefined;
	}

	async runPreAuthentication(): Promise<undefined> {
		return undefined;
	}

	async getCredentials(): Promise<never> {
		throw new Error('not needed');
	}

	async getDecrypted(
		_additionalData: IWorkflowExecuteAdditionalData,
		_nodeCredentials: unknown,
		type: string,
	): Promise<ICredentialDataDecryptedObject> {
		await this.life.check();
		const data = this.data[type];
		if (!data) throw new Error(`No credential ${type}`);
		const credentialType = credentialTypes.find(({ name }) => name === type);
		return credentialType ? filledIn(credentialType, data as INodeParameters) : { ...data };
	}

	async updateCredentials(): Promise<void> {}

	async updateCredentialsOauthTokenData(): Promise<void> {}

	getCredentialsProperties(): [] {
		return [];
	}
}

let ready: Promise<unknown> | null = null;

async function prepare(): Promise<void> {
	ready ??= Promise.all([
		Container.get(BinaryDataService).init(),
		DataDeduplicationService.init(deduplicationStore()),
	]);
	await ready;
	// Whatever the level: what n8n would write to its log must be seen here.
	const logger = Container.get(Logger) as unknown as { setInternalLogger(sink: LogSink): void };
	const sink: LogSink = {
		log: (...entry: unknown[]) => {
			logLines.push(JSON.stringify(entry));
		},
		child: () => sink,
	};
	logger.setInternalLogger(sink);
}

interface LogSink {
	log(...entry: unknown[]): void;
	child(): LogSink;
}

const logLines: string[] = [];

/** By text: how many lines do not have it. What was searched is not searched again. */
const searched = new Map<string, number>();

/** Whether n8n has written a line with this text to its log. */
export function isLogged(text: string): boolean {
	let line = searched.get(text) ?? 0;
	while (line < logLines.length && logLines[line]?.includes(text) !== true) line++;
	searched.set(text, line);
	return line < logLines.length;
}

/** All that n8n wrote to its log in this process, of all levels. */
export function engineLog(): string {
	return logLines.join('\n');
}

/** The bytes of a file in n8n's binary store. */
export async function storedBytes(binary: IBinaryData): Promise<Buffer> {
	return await Container.get(BinaryDataService).getAsBuffer(binary);
}

/** The bytes at an address that n8n signed. */
export async function signedBytes(address: string): Promise<Buffer> {
	const store = Container.get(BinaryDataService);
	const id = store.validateSignedToken(new URL(address).searchParams.get('token') ?? '');
	return await store.getAsBuffer({ id, data: '', mimeType: '' });
}

/** Where a file of n8n's binary store is on disk. */
export function storedPath(binary: IBinaryData): string {
	if (!binary.id) throw new Error('the file is not in the store but in memory');
	return Container.get(BinaryDataService).getPath(binary.id);
}

export interface EngineWorkflow {
	nodes: INode[];
	connections: IWorkflowBase['connections'];
}

export interface EngineRun {
	executionId: string;
	/** The end of this run, which is also that it waits; all is stored then. Never comes when n8n was killed before. */
	finished: Promise<IRun>;
	/**
	 * What a person's click on Stop does, also while the execution waits. n8n then stores the data as it had it before the
	 * click, and of what happened since only the custom data: `stored()` says so when `finished` is there.
	 */
	stop(): void;
	/** The data of the execution as it runs. What n8n has stored of it is less: `stored()`. */
	data: IRunExecutionData;
	/** What n8n's database has of the execution now, also from runs that continued it. A copy. */
	stored(): StoredExecution;
}

export interface EngineOptions {
	credentials: Credentials;
	mode?: WorkflowExecuteMode;
	/** Continue a stored execution, as "Retry execution" does. */
	from?: IRunExecutionData;
	executionId?: string;
	/** Milliseconds after which n8n's own time limit for executions ends it. */
	executionTimeoutMs?: number;
	workflowId?: string;
	/** `false`: the workflow was never saved and has no id. */
	saved?: boolean;
	/** Default: `v1`. */
	executionOrder?: 'v0' | 'v1';
	/** n8n's setting to store the data after every node. */
	saveProgress?: boolean;
	webhookBaseUrl?: string;
	webhookWaitingBaseUrl?: string;
	/** Node types besides, or instead of, those of the harness. */
	nodeTypes?: Readonly<Record<string, INodeType>>;
}

let executionNumber = 0;

export function instanceOf(
	definition: IWorkflowBase,
	more?: EngineOptions['nodeTypes'],
	life = new Life(),
): Workflow {
	const instance = new Workflow({ ...definition, nodeTypes: nodeTypesOf(more, life) });
	attachLife(instance, life);
	return instance;
}

export function definitionOf(
	workflow: EngineWorkflow,
	{ workflowId = 'engine-test', saved = true, executionOrder = 'v1' }: Partial<EngineOptions> = {},
): IWorkflowBase {
	return {
		id: saved ? workflowId : '',
		name: 'Engine test',
		active: false,
		isArchived: false,
		activeVersionId: null,
		createdAt: new Date(0),
		updatedAt: new Date(0),
		settings: { executionOrder },
		...structuredClone(workflow),
	};
}

/** What n8n's server gives a run besides its data. */
export function additionalDataOf(
	options: EngineOptions,
	executionId: string,
	life: Life,
	more: Partial<IWorkflowExecuteAdditionalData>,
): IWorkflowExecuteAdditionalData {
	return {
		credentialsHelper: new Credential(options.credentials, life),
		executionId,
		currentNodeExecutionIndex: 0,
		restApiUrl: 'http://localhost:5678/rest',
		instanceBaseUrl: 'http://localhost:5678/',
		formBaseUrl: 'http://localhost:5678/form',
		formWaitingBaseUrl: 'http://localhost:5678/form-waiting',
		formTestBaseUrl: 'http://localhost:5678/form-test',
		webhookBaseUrl: options.webhookBaseUrl ?? 'http://localhost:5678/webhook',
		webhookWaitingBaseUrl: waitingBaseUrl(options),
		webhookTestBaseUrl: 'http://localhost:5678/webhook-test',
		mcpBaseUrl: '',
		mcpTestBaseUrl: '',
		variables: {},
		logAiEvent: () => undefined,
		setExecutionStatus: () => undefined,
		...more,
	} as unknown as IWorkflowExecuteAdditionalData;
}

export function waitingBaseUrl(options: EngineOptions): string {
	return options.webhookWaitingBaseUrl ?? 'http://localhost:5678/webhook-waiting';
}

/** What the harness knows of a run. */
interface Process {
	row: ExecutionRow;
	options: EngineOptions;
	life: Life;
	cancel(): void;
	kill(): void;
}

const processes = new WeakMap<EngineRun, Process>();
/** By row: the run that works on it now. */
const working = new WeakMap<ExecutionRow, Process>();
const executionIdOf = new WeakMap<IRunExecutionData, string>();

export function rowOf(run: EngineRun): ExecutionRow {
	return processOf(run).row;
}

export function optionsOf(run: EngineRun): EngineOptions {
	return processOf(run).options;
}

function processOf(run: EngineRun): Process {
	const process = processes.get(run);
	if (!process) throw new Error('not a run of this harness');
	return process;
}

/** The hooks of n8n's server that store something. */
function storingHooks(
	row: ExecutionRow,
	mode: WorkflowExecuteMode,
	definition: IWorkflowBase,
	{ life, saveProgress }: { life: Life; saveProgress: boolean },
): ExecutionLifecycleHooks {
	const { id, retryOf } = row.read();
	const hooks = new ExecutionLifecycleHooks(mode, id, definition, retryOf);
	hooks.addHandler('nodeExecuteBefore', async (nodeName) => {
		await life.check();
		if (!row.log.has(nodeName)) row.log.set(nodeName, { started: Date.now() });
	});
	hooks.addHandler('nodeExecuteAfter', async (nodeName, _task, data) => {
		await life.check();
		const entry = row.log.get(nodeName);
		if (entry) entry.finished ??= Date.now();
		if (!saveProgress) return;
		await turn();
		await life.check();
		data.resultData.lastNodeExecuted = nodeName;
		row.update({ data, status: 'running' }, { notFinished: true, notCanceled: true });
	});
	const save = async (run: IRun): Promise<void> => {
		await turn();
		if (life.isDead) return;
		row.saveRun(run);
		await turn();
		if (!life.isDead) row.addCustomData(run.data.resultData.metadata);
	};
	hooks.addHandler('workflowExecuteAfter', async (run) => {
		run.status = finalStatus(run);
		await row.saving(save(run));
		await life.check();
	});
	return hooks;
}

interface Launch {
	row: ExecutionRow;
	definition: IWorkflowBase;
	mode: WorkflowExecuteMode;
	data: IRunExecutionData;
	options: EngineOptions;
	life: Life;
	instance: Workflow;
	/** Whether this execution has run before. */
	isResumed?: boolean;
	/** Since when the time limit counts; default: now. */
	since?: Date;
}

/** Runs what is in the data's stack, as `WorkflowRunner.runMainProcess` does. */
export function launch({ row, definition, mode, data, options, life, instance, isResumed, since }: Launch): EngineRun {
	const { id: executionId } = row.read();
	const limit = options.executionTimeoutMs;
	const additionalData = additionalDataOf(options, executionId, life, {
		hooks: storingHooks(row, mode, definition, { life, saveProgress: options.saveProgress ?? false }),
		...(limit === undefined ? {} : { executionTimeoutTimestamp: Date.now() + limit }),
		...(isResumed ? { restartExecutionId: executionId } : {}),
	});
	const running = new WorkflowExecute(additionalData, mode, data).processRunExecutionData(instance);
	executionIdOf.set(data, executionId);
	// What n8n does when an execution's time is over: it cancels, and stores what the run has by then.
	const timer =
		limit === undefined
			? undefined
			: setTimeout(() => {
					running.cancel();
				}, Math.max(limit - (since ? Date.now() - since.getTime() : 0), 0));
	const process: Process = {
		row,
		options,
		life,
		cancel: () => {
			running.cancel();
		},
		kill: () => {
			clearTimeout(timer);
			life.end();
			// Nobody notices any more; it ends what would otherwise go round for ever.
			running.cancel();
		},
	};
	const ended = running.then(async (run) => {
		clearTimeout(timer);
		// After a cancellation the engine does not wait for the hook.
		await row.saved();
		if (working.get(row) === process) working.delete(row);
		return run;
	});
	const engineRun: EngineRun = {
		executionId,
		finished: life.pass(ended),
		stop: () => {
			stop(row);
		},
		data,
		stored: () => row.read(),
	};
	processes.set(engineRun, process);
	working.set(row, process);
	return engineRun;
}

/** n8n's time limit for executions is over now. */
export function timeOut(run: EngineRun): void {
	working.get(rowOf(run))?.cancel();
}

function stop(row: ExecutionRow): void {
	if (!['new', 'running', 'waiting'].includes(row.status)) return;
	const before = row.read();
	const process = working.get(row);
	process?.cancel();
	const saveStopped = async (): Promise<void> => {
		await turn();
		if (!process?.life.isDead) row.saveStopped(before);
	};
	void row.saving(saveStopped());
}

/** Starts a workflow at its first node. */
export async function startWorkflow(workflow: EngineWorkflow, options: EngineOptions): Promise<EngineRun> {
	return await startNew(definitionOf(workflow, options), options, undefined);
}

async function startNew(
	definition: IWorkflowBase,
	options: EngineOptions,
	retryOf: string | undefined,
): Promise<EngineRun> {
	await prepare();
	const mode = options.mode ?? 'manual';
	const life = new Life();
	const instance = instanceOf(definition, options.nodeTypes, life);
	const data = options.from ?? dataFor(instance, definition);
	const columns = {
		id: options.executionId ?? String(++executionNumber),
		mode,
		status: 'running' as const,
		finished: false,
		startedAt: new Date(),
		stoppedAt: undefined,
		waitTill: undefined,
		retryOf,
	};
	// Of a manual execution n8n has nothing to store before it waits or ends.
	const isKnown = mode !== 'manual' || options.from !== undefined;
	const row = addExecution(columns, definition, isKnown ? data : undefined);
	return launch({ row, definition, mode, data, options, life, instance });
}

/** What an execution starts with: its first node, before it has run. */
function dataFor(instance: Workflow, { nodes: [first] }: IWorkflowBase): IRunExecutionData {
	const node = first && instance.getNode(first.name);
	if (!node) throw new Error('No node to start the workflow from could be found');
	return createRunExecutionData({
		executionData: { nodeExecutionStack: [{ node, data: { main: [[{ json: {} }]] }, source: null }] },
	});
}

/**
 * n8n is killed now, and started again. The run goes nowhere any more: what it stores, asks or buys from now on does not
 * happen; requests that are on the wire do arrive. An execution that waits does not notice.
 *
 * What the node's modules remember outlives this, other than in a real kill: give the next run `freshNode()`.
 */
export function crash(run: EngineRun): void {
	const { row } = processOf(run);
	(working.get(row) ?? processOf(run)).kill();
	working.delete(row);
	if (row.status === 'running') row.recover();
}

/**
 * What "Retry execution" makes of a failed execution before it runs again, step by step as `ExecutionService.retry` of
 * n8n 2.41 does it: the data goes through n8n's database (flatted), the error and the failed run of the last node are
 * dropped, and what is left of the stack is run.
 *
 * @param current the workflow as it is now, for "Retry with currently saved workflow"; without it the node runs as it
 * was stored with the execution
 */
export function forRetry(run: IRun, current?: EngineWorkflow): IRunExecutionData {
	if (run.status === 'success') throw new Error('The execution succeeded, so it cannot be retried');
	return retryData(parse(stringify(run.data)) as IRunExecutionData, current && definitionOf(current));
}

function retryData(
	data: IRunExecutionData | undefined,
	current?: IWorkflowBase,
	nodeTypes?: EngineOptions['nodeTypes'],
): IRunExecutionData {
	if (!data?.executionData) throw new Error('The execution was aborted before starting, so it cannot be retried');
	const { lastNodeExecuted, runData } = data.resultData;
	if (lastNodeExecuted) {
		delete data.resultData.error;
		const runs = runData[lastNodeExecuted];
		if (runs && runs.length > 0 && runs.at(-1)?.error !== undefined) runs.pop();
	}
	if (current) {
		const instance = instanceOf(current, nodeTypes);
		for (const entry of data.executionData.nodeExecutionStack) {
			const node = instance.getNode(entry.node.name);
			if (!node) throw new Error(`Could not find the node "${entry.node.name}" in workflow`);
			entry.node = node;
		}
	}
	return data;
}

/**
 * "Retry execution" from what n8n has stored of it: with the workflow as it was, or as it is now.
 *
 * @param changes options that differ from those of the run
 */
export async function retryExecution(
	run: EngineRun,
	changes?: Partial<EngineOptions>,
	current?: EngineWorkflow,
): Promise<EngineRun>;
/** "Retry execution" from how a run ended, which is what n8n has stored except after a click on Stop. */
export async function retryExecution(
	run: IRun,
	workflow: EngineWorkflow,
	options: EngineOptions,
	current?: EngineWorkflow,
): Promise<EngineRun>;
export async function retryExecution(
	run: EngineRun | IRun,
	workflowOrChanges: EngineWorkflow | Partial<EngineOptions> = {},
	optionsOrCurrent?: EngineOptions | EngineWorkflow,
	current?: EngineWorkflow,
): Promise<EngineRun> {
	if ('stored' in run) {
		const changed = { ...optionsOf(run), executionId: undefined, ...(workflowOrChanges as Partial<EngineOptions>) };
		const { id, data, finished, workflowData } = run.stored();
		if (finished) throw new Error('The execution succeeded, so it cannot be retried.');
		const now = optionsOrCurrent && definitionOf(optionsOrCurrent as EngineWorkflow, changed);
		const from = retryData(data, now, changed.nodeTypes);
		return await startNew(now ?? workflowData, { ...changed, mode: 'retry', from }, id);
	}
	const options = { ...(optionsOrCurrent as EngineOptions), mode: 'retry' as const, from: forRetry(run, current) };
	const definition = definitionOf(current ?? (workflowOrChanges as EngineWorkflow), options);
	return await startNew(definition, options, executionIdOf.get(run.data));
}
