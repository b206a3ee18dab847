/**
 * What n8n's engine gives a node at run time beyond its interface: read in n8n-core 2.41.1 (`workflow-execute`,
 * `execute-context`) and looked for before it is used, so that another n8n is noticed and nothing breaks.
 */
import type {
	IExecuteFunctions,
	INodeExecutionData,
	IRunExecutionData,
	ITaskData,
	IWebhookFunctions,
	NodeOperationError,
} from 'n8n-workflow';
import { isTool } from './operation';

/** The data of the running execution; `null` where n8n does not hand it out. */
function executionData(context: IExecuteFunctions | IWebhookFunctions): IRunExecutionData | null {
	const { runExecutionData } = context as { runExecutionData?: unknown };
	const isThere = typeof runExecutionData === 'object' && runExecutionData !== null && 'resultData' in runExecutionData;
	return isThere ? (runExecutionData as IRunExecutionData) : null;
}

/** Which run of the node this is within its execution: 0, or more in a loop. */
export function runIndexOf(context: IExecuteFunctions): number {
	const { $runIndex } = context.getWorkflowDataProxy(0) as unknown as { $runIndex: number };
	return $runIndex;
}

/** Random text that names an execution and all its retries; `null` in an n8n that has none. */
export function tokenOf(context: IExecuteFunctions): string | null {
	const token: unknown = (executionData(context) as { resumeToken?: unknown } | null)?.resumeToken;
	return typeof token === 'string' && token !== '' ? token : null;
}

/** A retry of a stopped execution still has its error: n8n throws it when it resumes, and calls what succeeds a failure. */
export function forgetEarlierError(context: IExecuteFunctions): void {
	delete executionData(context)?.resultData.error;
}

/** Whether the execution has ended with an error. */
export function hasFailed(context: IExecuteFunctions): boolean {
	return executionData(context)?.resultData.error !== undefined;
}

/** What the node keeps in the execution, seen from its `webhook()`; `null` where it cannot be seen. */
export function nodeContextOf(context: IWebhookFunctions): Record<string, unknown> | null {
	const contexts = executionData(context)?.executionData?.contextData;
	const mine: unknown = contexts?.[`node:${context.getNode().name}`];
	return typeof mine === 'object' && mine !== null ? (mine as Record<string, unknown>) : null;
}

/** Whether the execution can be stored and this node run again later. A tool must answer in one go. */
export function canSuspend(context: IExecuteFunctions): boolean {
	const { id } = context.getWorkflow();
	const stack: unknown = executionData(context)?.executionData?.nodeExecutionStack;
	return !isTool(context) && typeof id === 'string' && id !== '' && Array.isArray(stack);
}

/**
 * Suspends the execution; n8n then runs this node again with the same input, and whatever it returns replaces what it
 * returns now.
 *
 * When n8n resumes an execution, it hands the input of the first node of its stack through and goes on with the others.
 * So the node is put there twice: first with nothing to hand through, then as it is.
 */
export async function suspendUntil(context: IExecuteFunctions, date: Date): Promise<void> {
	const entry = context.getExecuteData();
	const data = executionData(context);
	data?.executionData?.nodeExecutionStack.unshift({
		...entry,
		node: { ...entry.node },
		data: { ...entry.data },
		runIndex: runIndexOf(context),
	});
	entry.node = { ...entry.node, alwaysOutputData: false };
	entry.data = { main: [[]] };
	await context.putExecutionToWait(date);
}

/**
 * Puts an error where n8n shows those of nodes. Of a node that is stopped n8n stores nothing that it throws afterwards,
 * but all that is there at the moment of the stop.
 */
export function leaveError(context: IExecuteFunctions, error: NodeOperationError, startedAt: number): void {
	const data = executionData(context);
	if (!data) return;
	const { name } = context.getNode();
	const { source } = context.getExecuteData();
	const runs = (data.resultData.runData[name] ??= []);
	const task: ITaskData = {
		startTime: startedAt,
		executionTime: Date.now() - startedAt,
		executionIndex: Object.values(data.resultData.runData).flat().length,
		source: source?.main ?? [],
		executionStatus: 'canceled',
		error,
	};
	runs[Math.min(runIndexOf(context), runs.length)] = task;
	data.resultData.lastNodeExecuted = name;
}

/** What resumes a suspended execution without handing anything through. */
export const NOTHING: INodeExecutionData[][] = [[]];
