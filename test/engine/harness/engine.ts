/**
 * Runs workflows through n8n's own engine (n8n-core), without a server.
 *
 * What belongs to the server is stood in for by the least that the engine needs: credentials are given by the test,
 * node types are this package's and two small ones.
 */
import './environment';
import { Container } from '@n8n/di';
import { BinaryDataService, ExecutionLifecycleHooks, WorkflowExecute } from 'n8n-core';
import type {
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
import { ICredentialsHelper, NodeConnectionTypes, Workflow, createRunExecutionData } from 'n8n-workflow';
import { CrazyrouterApi } from '../../../credentials/CrazyrouterApi.credentials';
import { LumaDreamMachineApi } from '../../../credentials/LumaDreamMachineApi.credentials';
import { PixazoApi } from '../../../credentials/PixazoApi.credentials';
import { PixwithApi } from '../../../credentials/PixwithApi.credentials';
import { filledIn, resolved } from '../../unit/credentials/resolve';
import { LumaVideo } from '../../../nodes/LumaVideo/LumaVideo.node';

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

const nodeClasses = {
	'n8n-nodes-luma-video.lumaVideo': new LumaVideo(),
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
		const headers = resolved(type?.authenticate.properties.headers ?? {}, credentials);
		return { ...requestOptions, headers: { ...requestOptions.headers, ...(headers as IDataObject) } };
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
}

let executionNumber = 0;

/** Starts a workflow at its first node. */
export async function startWorkflow(workflow: EngineWorkflow, options: EngineOptions): Promise<EngineRun> {
	await prepare();
	const executionId = options.executionId ?? String(++executionNumber);
	const mode = options.mode ?? 'manual';
	const definition: IWorkflowBase = {
		id: 'engine-test',
		name: 'Engine test',
		active: false,
		isArchived: false,
		activeVersionId: null,
		createdAt: new Date(0),
		updatedAt: new Date(0),
		settings: { executionOrder: 'v1' },
		...workflow,
	};
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
	} as unknown as IWorkflowExecuteAdditionalData;
	const instance = new Workflow({ ...definition, nodeTypes });
	const data = options.from ?? createRunExecutionData();
	const execute = new WorkflowExecute(additionalData, mode, data);
	const running = options.from ? execute.processRunExecutionData(instance) : execute.run({ workflow: instance, startNode: workflow.nodes[0] && instance.getNode(workflow.nodes[0].name) || undefined });
	return {
		finished: running.then((run) => run),
		stop: () => {
			running.cancel();
		},
		data,
	};
}

/** What "Retry execution" makes of a failed execution before it runs again: the failed node's last run is dropped. */
export function forRetry(run: IRun): IRunExecutionData {
	const data = structuredClone(JSON.parse(JSON.stringify(run.data)) as IRunExecutionData);
	const { lastNodeExecuted, runData } = data.resultData;
	delete data.resultData.error;
	const runs = lastNodeExecuted ? runData[lastNodeExecuted] : undefined;
	if (runs?.at(-1)?.error !== undefined) runs.pop();
	return data;
}
