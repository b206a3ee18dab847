/**
 * Continues executions that wait, from what is stored of them: when their time has come as `WaitTracker` of n8n 2.41
 * does it, when somebody calls their resume address as `WaitingWebhooks` and `WebhookHelpers` do.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { WAITING_TOKEN_QUERY_PARAM, WebhookContext } from 'n8n-core';
import type {
	ExecutionError,
	IHttpRequestMethods,
	INode,
	INodeType,
	IRunExecutionData,
	IWebhookData,
	IWebhookDescription,
	IWebhookFunctions,
	IWebhookResponseData,
	IWorkflowExecuteAdditionalData,
	NodeParameterValueType,
	Workflow,
	WorkflowExecuteMode,
} from 'n8n-workflow';
import { NodeHelpers, OperationalError, UnexpectedError, resolveWebhookDescriptionField } from 'n8n-workflow';
import { turn } from './deduplicationStore';
import type { EngineOptions, EngineRun } from './engine';
import { additionalDataOf, instanceOf, launch, optionsOf, rowOf, waitingBaseUrl } from './engine';
import type { ExecutionRow, StoredExecution } from './executions';
import { findExecution } from './executions';
import { Life } from './life';

interface Common {
	/** Options that differ from those of the run before, such as `nodeTypes: freshNode()`. */
	options?: Partial<EngineOptions>;
}

export interface ByTimer extends Common {
	by: 'timer';
}

export interface ByWebhook extends Common {
	by: 'webhook';
	/** The address that is called, as the node gave it to the provider; default: `resumeUrl(run)`. */
	url?: string;
	/** Default: POST. */
	method?: IHttpRequestMethods;
	/** JSON. */
	body?: unknown;
	headers?: IncomingHttpHeaders;
}

/** What the caller gets from n8n. */
export interface Answer {
	status: number;
	body: unknown;
	headers: Record<string, string>;
}

export interface Resumption {
	/** The run that continues the execution; `null` when nothing does. */
	run: EngineRun | null;
	/** `null` when nobody called. */
	answer: Answer | null;
	/** Why n8n did not resume, or why it answered with an error. */
	error: Error | null;
}

export class ExecutionAlreadyResumingError extends OperationalError {
	constructor() {
		super('Execution is already being resumed by another process');
	}
}

class ResponseError extends Error {
	constructor(
		readonly status: number,
		message: string,
	) {
		super(message);
	}
}

/** Where an execution that waits is resumed; the path is that of its node's webhook unless another is given. */
export function resumeUrl(run: EngineRun, path = webhookPath(run)): string {
	const url = new URL(`${waitingBaseUrl(optionsOf(run))}/${run.executionId}${path === '' ? '' : `/${path}`}`);
	const { resumeToken } = run.data;
	if (resumeToken) url.searchParams.set(WAITING_TOKEN_QUERY_PARAM, resumeToken);
	return url.toString();
}

function webhookPath(run: EngineRun): string {
	const { data, workflowData } = run.stored();
	const instance = instanceOf(workflowData, optionsOf(run).nodeTypes);
	const node = instance.getNode(data?.resultData.lastNodeExecuted ?? '');
	const { webhooks } = node ? instance.nodeTypes.getByNameAndVersion(node.type).description : {};
	return webhooks?.find(({ restartWebhook }) => restartWebhook === true)?.path ?? '';
}

/** Continues an execution that waits. Whether its time has come is the caller's affair. */
export async function resumeExecution(run: EngineRun, how: ByTimer | ByWebhook): Promise<Resumption> {
	const options: EngineOptions = { ...optionsOf(run), ...how.options };
	if (how.by === 'webhook') return await receive(how.url ?? resumeUrl(run), how, options);
	try {
		return { run: await resumeByTime(rowOf(run), options), answer: null, error: null };
	} catch (error) {
		return { run: null, answer: null, error: error as Error };
	}
}

async function resumeByTime(row: ExecutionRow, options: EngineOptions): Promise<EngineRun> {
	await turn();
	const execution = row.read();
	if (execution.finished) {
		throw new UnexpectedError('The execution did succeed and can so not be started again.');
	}
	if (!execution.workflowData.id) throw new UnexpectedError('Only saved workflows can be resumed.');
	return await claim(row, execution, execution.data as IRunExecutionData, options, execution.startedAt);
}

/** Of several that resume at the same moment, the first that gets here has it. */
async function claim(
	row: ExecutionRow,
	{ mode, workflowData }: StoredExecution,
	data: IRunExecutionData,
	options: EngineOptions,
	since?: Date,
): Promise<EngineRun> {
	await turn();
	if (!row.update({ data, waitTill: undefined, status: 'running' }, { status: 'waiting' })) {
		throw new ExecutionAlreadyResumingError();
	}
	await turn();
	const life = new Life();
	const instance = instanceOf(workflowData, options.nodeTypes, life);
	return launch({ row, definition: workflowData, mode, data, options, life, instance, isResumed: true, since });
}

/** The little of Express that nodes use to answer by themselves. */
class Response {
	statusCode = 200;
	headersSent = false;
	writableEnded = false;
	readonly headers: Record<string, string> = {};
	body: unknown;

	status(code: number): this {
		this.statusCode = code;
		return this;
	}

	setHeader(name: string, value: string): this {
		this.headers[name.toLowerCase()] = value;
		return this;
	}

	header(name: string, value: string): this {
		return this.setHeader(name, value);
	}

	writeHead(code: number, headers: Record<string, string> = {}): this {
		for (const [name, value] of Object.entries(headers)) this.setHeader(name, value);
		return this.status(code);
	}

	json(body: unknown): this {
		return this.end(body);
	}

	send(body: unknown): this {
		return this.end(body);
	}

	end(body?: unknown): this {
		if (!this.writableEnded) this.body = body;
		this.headersSent = true;
		this.writableEnded = true;
		return this;
	}
}

async function receive(address: string, call: ByWebhook, options: EngineOptions): Promise<Resumption> {
	const response = new Response();
	const outcome: Resumption = { run: null, answer: null, error: null };
	const answer = (status: number, body: unknown): void => {
		response.status(status).end(body);
	};
	const refuse = (error: unknown): void => {
		outcome.error ??= error as Error;
		const status = error instanceof ResponseError ? error.status : 500;
		answer(status, { code: error instanceof ResponseError ? status : 0, message: (error as Error).message });
	};
	try {
		outcome.run = await handle(new URL(address), call, options, response, { answer, refuse });
	} catch (error) {
		refuse(error);
	}
	const { statusCode: status, body, headers } = response;
	return { ...outcome, answer: { status, body, headers } };
}

interface Reply {
	answer(status: number, body: unknown): void;
	refuse(error: unknown): void;
}

async function handle(
	url: URL,
	call: ByWebhook,
	options: EngineOptions,
	response: Response,
	reply: Reply,
): Promise<EngineRun | null> {
	const base = `${new URL(waitingBaseUrl(options)).pathname}/`;
	const [executionId = '', ...rest] = url.pathname.startsWith(base) ? url.pathname.slice(base.length).split('/') : [];
	let suffix = rest.join('/');
	await turn();
	const row = findExecution(executionId);
	const execution = row?.read();
	if (execution?.data?.resumeToken) {
		// The provider may have been given an address to which somebody appended the path, behind the token.
		const [token = '', ...path] = (url.searchParams.get(WAITING_TOKEN_QUERY_PARAM) ?? '').split('/');
		if (token !== execution.data.resumeToken) {
			reply.answer(401, { error: 'Invalid token' });
			return null;
		}
		if (suffix === '') suffix = path.join('/');
	}
	if (!row || !execution) throw new ResponseError(404, `The execution "${executionId}" does not exist.`);
	if (execution.status === 'running') {
		throw new ResponseError(409, `The execution "${executionId}" is running already.`);
	}
	if (execution.data?.resultData.error) {
		throw new ResponseError(409, `The execution "${executionId}" has finished with error.`);
	}
	if (execution.finished) throw new ResponseError(409, `The execution "${executionId} has finished already.`);
	return await runWebhook(row, execution, { url, suffix, call, options, response, reply });
}

interface Request {
	url: URL;
	suffix: string;
	call: ByWebhook;
	options: EngineOptions;
	response: Response;
	reply: Reply;
}

async function runWebhook(row: ExecutionRow, execution: StoredExecution, request: Request): Promise<EngineRun | null> {
	const { call, options, response, reply, suffix, url } = request;
	const { id, mode, workflowData } = execution;
	const data = execution.data as IRunExecutionData;
	const [first] = data.executionData?.nodeExecutionStack ?? [];
	if (!first) throw new Error('The execution has nothing left to run');
	first.node.disabled = true;
	data.waitTill = undefined;
	const { lastNodeExecuted = '' } = data.resultData;
	data.resultData.runData[lastNodeExecuted]?.pop();

	const life = new Life();
	const workflow = instanceOf(workflowData, options.nodeTypes, life);
	const node = workflow.getNode(lastNodeExecuted);
	if (!node) throw new ResponseError(404, 'Could not find node to process webhook.');
	const method = call.method ?? 'POST';
	const additionalData = additionalDataOf(options, id, life, {
		httpRequest: requestOf(url, method, call),
		httpResponse: response,
	} as unknown as Partial<IWorkflowExecuteAdditionalData>);
	const webhook = findWebhook(workflow, node, additionalData, method, suffix);
	if (!webhook) {
		const text = `The workflow for execution "${id}" does not contain a waiting webhook with a matching path/method.`;
		throw new ResponseError(404, text);
	}
	if (!workflowData.id) throw new ResponseError(404, 'Cannot find workflow');
	const field = (name: 'responseMode' | 'responseCode' | 'responseData', fallback: NodeParameterValueType) =>
		evaluate(workflow, node, webhook.webhookDescription, name, fallback, mode);
	const responseMode = field('responseMode', 'onReceived');
	const responseCode = Number(field('responseCode', 200));
	if (responseMode !== 'onReceived') throw new Error(`The harness does not know response mode ${String(responseMode)}`);

	let result: IWebhookResponseData;
	let isAnswered = false;
	try {
		const nodeType: INodeType = workflow.nodeTypes.getByNameAndVersion(node.type, node.typeVersion);
		if (!nodeType.webhook) throw new UnexpectedError('Node does not have any webhooks defined');
		const context: unknown = new WebhookContext(workflow, node, additionalData, mode, webhook, [], data);
		result = await nodeType.webhook.call(context as IWebhookFunctions);
	} catch (thrown) {
		const error = thrown as ExecutionError;
		reply.refuse(new UnexpectedError('Workflow Webhook Error: Workflow could not be started!', { cause: error }));
		isAnswered = true;
		// n8n notes the error, forgets what ran before, and goes on.
		data.resultData = {
			runData: {},
			lastNodeExecuted: node.name,
			error: { ...error, message: error.message, stack: error.stack } as ExecutionError,
		};
		result = { noWebhookResponse: true, workflowData: [[{ json: {} }]] };
	}
	if (result.noWebhookResponse === true) isAnswered = true;
	if (result.workflowData === undefined) {
		const body: unknown = result.webhookResponse ?? { message: 'Webhook call received' };
		if (!isAnswered) reply.answer(responseCode, body);
		return null;
	}
	first.data.main = result.workflowData;
	first.metadata = { ...first.metadata, forwardAllOutputs: true };
	try {
		const run = await claim(row, execution, data, options);
		if (!isAnswered) reply.answer(responseCode, onReceived(field('responseData', 'firstEntryJson'), result));
		return run;
	} catch (error) {
		const refusal = new OperationalError('There was a problem executing the workflow', { cause: error });
		reply.refuse(error instanceof ExecutionAlreadyResumingError ? error : refusal);
		return null;
	}
}

function onReceived(responseData: unknown, { webhookResponse }: IWebhookResponseData): unknown {
	if (responseData === 'noData') return undefined;
	if (responseData) return responseData;
	return webhookResponse ?? { message: 'Workflow was started' };
}

function requestOf(url: URL, method: string, { body, headers = {} }: ByWebhook): object {
	const text = body === undefined ? '' : JSON.stringify(body);
	const path = `${url.pathname}${url.search}`;
	return {
		method,
		url: path,
		originalUrl: path,
		path: url.pathname,
		protocol: url.protocol.replace(':', ''),
		hostname: url.hostname,
		headers: {
			host: url.host,
			'content-type': 'application/json',
			'content-length': String(Buffer.byteLength(text)),
			...headers,
		},
		params: {},
		query: Object.fromEntries(url.searchParams),
		contentType: 'application/json',
		encoding: 'utf-8',
		rawBody: Buffer.from(text),
		// As parsed from the wire.
		body: text === '' ? {} : (JSON.parse(text) as unknown),
	};
}

function findWebhook(
	workflow: Workflow,
	node: INode,
	additionalData: IWorkflowExecuteAdditionalData,
	method: IHttpRequestMethods,
	suffix: string,
): IWebhookData | undefined {
	if (node.disabled === true) return undefined;
	const { webhooks = [] } = workflow.nodeTypes.getByNameAndVersion(node.type, node.typeVersion).description;
	for (const webhookDescription of webhooks) {
		const field = (name: 'path' | 'isFullPath' | 'restartWebhook' | 'httpMethod', fallback?: NodeParameterValueType) =>
			evaluate(workflow, node, webhookDescription, name, fallback, 'internal');
		const given = String(field('path') ?? '').trim().replace(/^\//, '').replace(/\/$/, '');
		const isRestart = field('restartWebhook', false) === true;
		const path = NodeHelpers.getNodeWebhookPath(workflow.id, node, given, field('isFullPath', false) === true, isRestart);
		const methods = String(field('httpMethod', 'GET')).split(',').map((one) => one.trim());
		if (webhookDescription.restartWebhook !== true || webhookDescription.nodeType === 'form') continue;
		if (path !== suffix || !methods.includes(method)) continue;
		return {
			httpMethod: method,
			node: node.name,
			path,
			webhookDescription,
			workflowId: workflow.id,
			workflowExecuteAdditionalData: additionalData,
		};
	}
	return undefined;
}

function evaluate(
	workflow: Workflow,
	node: INode,
	description: IWebhookDescription,
	name: Extract<keyof IWebhookDescription, string>,
	fallback: NodeParameterValueType | undefined,
	mode: WorkflowExecuteMode,
): unknown {
	const native = resolveWebhookDescriptionField(node, description, name);
	if (native.resolved) return native.value;
	const template = description[name] as string | boolean | undefined;
	return workflow.expression.getSimpleParameterValue(node, template, mode, {}, undefined, fallback as string);
}
