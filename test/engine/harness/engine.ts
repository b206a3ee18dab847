/**
 * Runs workflows through n8n's own engine (n8n-core), without a server.
 *
 * What belongs to the server is stood in for by the least that the engine needs: credentials are given by the test,
 * node types are this package's and two small ones.
 */
import './environment';
import './fastClock';
import { createRequire } from 'node:module';
import { Logger } from '@n8n/backend-common';
import { Container } from '@n8n/di';
import { parse, stringify } from 'flatted';
import { BinaryDataService, ExecutionLifecycleHooks, WorkflowExecute } from 'n8n-core';
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
import { CrazyrouterApi } from '../../../credentials/CrazyrouterApi.credentials';
import { LumaAgentsApi } from '../../../credentials/LumaAgentsApi.credentials';
import { LumaDreamMachineApi } from '../../../credentials/LumaDreamMachineApi.credentials';
import { PixazoApi } from '../../../credentials/PixazoApi.credentials';
import { PixwithApi } from '../../../credentials/PixwithApi.credentials';
import { filledIn } from '../../unit/credentials/resolve';

// By the file's whole name: for a shorter one tsx finds the codex file beside it, LumaVideo.node.json.
const { LumaVideo } = createRequire(__filename)(
	'../../../nodes/LumaVideo/LumaVideo.node.ts',
) as typeof import('../../../nodes/LumaVideo/LumaVideo.node');

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

/** As n8n makes an agent's tool out of a node: the same node under another name, which conditions on `@tool` see. */
function asTool(node: INodeType): INodeType {
	const description = { ...node.description, name: `${node.description.name}Tool` };
	return Object.create(node, { description: { value: description } }) as INodeType;
}

const nodeClasses = {
	'n8n-nodes-luma-video.lumaVideo': new LumaVideo(),
	'n8n-nodes-luma-video.lumaVideoTool': asTool(new LumaVideo()),
	'test.fail': new Fail(),
	'test.items': new Items(),
	'test.loop': new Loop(),
} as Record<string, INodeType>;

const nodeTypes: INodeTypes = {
	getByName: (name) => nodeTypes.getByNameAndVersion(name),
	getByNameAndVersion(name) {
		const type = nodeClasses[name];
		if (!type) throw new Error(`No node type ${name}`);
		return type;
	},
	getKnownTypes: () => ({}),
};

const credentialTypes = [
	new CrazyrouterApi(),
	new LumaAgentsApi(),
	new LumaDreamMachineApi(),
	new PixazoApi(),
	new PixwithApi(),
];

export type Credentials = Record<string, ICredentialDataDecryptedObject>;

class Credential extends ICredentialsHelper {
	constructor(private readonly data: Credentials) {
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

let ready: Promise<void> | null = null;

async function prepare(): Promise<void> {
	ready ??= Container.get(BinaryDataService).init();
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

/** All that n8n wrote to its log in this process, of all levels. */
export function engineLog(): string {
	return logLines.join('\n');
}

/** The bytes of a file in n8n's binary store. */
export async function storedBytes(binary: IBinaryData): Promise<Buffer> {
	return await Container.get(BinaryDataService).getAsBuffer(binary);
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
	finished: Promise<IRun>;
	/** What a person's click on Stop does. */
	stop(): void;
	/** The data of the execution, as n8n would store it. */
	data: IRunExecutionData;
}

export interface EngineOptions {
	credentials: Credentials;
	mode?: WorkflowExecuteMode;
	/** Continue a stored execution, as "Retry execution" does. */
	from?: IRunExecutionData;
	executionId?: string;
	/** Milliseconds after which n8n's own time limit for executions ends it. */
	executionTimeoutMs?: number;
}

let executionNumber = 0;

function instanceOf(definition: IWorkflowBase): Workflow {
	return new Workflow({ ...definition, nodeTypes });
}

function definitionOf(workflow: EngineWorkflow): IWorkflowBase {
	return {
		id: 'engine-test',
		name: 'Engine test',
		active: false,
		isArchived: false,
		activeVersionId: null,
		createdAt: new Date(0),
		updatedAt: new Date(0),
		settings: { executionOrder: 'v1' },
		...structuredClone(workflow),
	};
}

/** Starts a workflow at its first node. */
export async function startWorkflow(workflow: EngineWorkflow, options: EngineOptions): Promise<EngineRun> {
	await prepare();
	const executionId = options.executionId ?? String(++executionNumber);
	const mode = options.mode ?? 'manual';
	const definition = definitionOf(workflow);
	const additionalData = {
		credentialsHelper: new Credential(options.credentials),
		executionId,
		currentNodeExecutionIndex: 0,
		restApiUrl: 'http://localhost:5678/rest',
		instanceBaseUrl: 'http://localhost:5678/',
		formBaseUrl: 'http://localhost:5678/form',
		formWaitingBaseUrl: 'http://localhost:5678/form-waiting',
		formTestBaseUrl: 'http://localhost:5678/form-test',
		webhookBaseUrl: 'http://localhost:5678/webhook',
		webhookWaitingBaseUrl: 'http://localhost:5678/webhook-waiting',
		webhookTestBaseUrl: 'http://localhost:5678/webhook-test',
		mcpBaseUrl: '',
		mcpTestBaseUrl: '',
		variables: {},
		hooks: new ExecutionLifecycleHooks(mode, executionId, definition),
		logAiEvent: () => undefined,
		setExecutionStatus: () => undefined,
		...(options.executionTimeoutMs === undefined
			? {}
			: { executionTimeoutTimestamp: Date.now() + options.executionTimeoutMs }),
	} as unknown as IWorkflowExecuteAdditionalData;
	const instance = instanceOf(definition);
	const data = options.from ?? createRunExecutionData();
	const execute = new WorkflowExecute(additionalData, mode, data);
	const [first] = definition.nodes;
	const running = options.from
		? execute.processRunExecutionData(instance)
		: execute.run({ workflow: instance, startNode: (first && instance.getNode(first.name)) ?? undefined });
	// What n8n does when an execution's time is over: the same as a click on Stop.
	const timer =
		options.executionTimeoutMs === undefined
			? undefined
			: setTimeout(() => {
					running.cancel();
				}, options.executionTimeoutMs);
	return {
		finished: running.then((run) => {
			clearTimeout(timer);
			return run;
		}),
		stop: () => {
			running.cancel();
		},
		data,
	};
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
	const data = parse(stringify(run.data)) as IRunExecutionData;
	if (!data.executionData) throw new Error('The execution was aborted before it started, so it cannot be retried');
	const { lastNodeExecuted, runData } = data.resultData;
	if (lastNodeExecuted) {
		delete data.resultData.error;
		const runs = runData[lastNodeExecuted];
		if (runs && runs.length > 0 && runs.at(-1)?.error !== undefined) runs.pop();
	}
	if (current) {
		const instance = instanceOf(definitionOf(current));
		for (const entry of data.executionData.nodeExecutionStack) {
			const node = instance.getNode(entry.node.name);
			if (!node) throw new Error(`Could not find the node "${entry.node.name}" in workflow`);
			entry.node = node;
		}
	}
	return data;
}

/** "Retry execution": with the workflow as it was, or as it is now. */
export async function retryExecution(
	run: IRun,
	workflow: EngineWorkflow,
	options: EngineOptions,
	current?: EngineWorkflow,
): Promise<EngineRun> {
	return await startWorkflow(current ?? workflow, { ...options, mode: 'retry', from: forRetry(run, current) });
}
