/**
 * What n8n's engine gives a node at run time beyond its interface: taken from n8n-core 2.41.1 (`workflow-execute`,
 * `execute-context`) and checked before use, so that nothing breaks in an n8n that lacks it.
 */
import type {
	IExecuteFunctions,
	INodeExecutionData,
	IRunExecutionData,
	ITaskData,
	IWebhookFunctions,
} from 'n8n-workflow';
import { isTool } from './operation';

/** The data of the running execution; `null` if n8n does not expose it. */
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

/** A random token that an execution and all its retries share; `null` in an n8n without it. */
export function tokenOf(context: IExecuteFunctions): string | null {
	const token: unknown = (executionData(context) as { resumeToken?: unknown } | null)?.resumeToken;
	return typeof token === 'string' && token !== '' ? token : null;
}

/** A retry of a stopped execution still has its error: n8n would throw it on resume and report a success as a failure. */
export function forgetEarlierError(context: IExecuteFunctions): void {
	delete executionData(context)?.resultData.error;
}

/** Whether the execution has ended with an error. */
export function hasFailed(context: IExecuteFunctions): boolean {
	return executionData(context)?.resultData.error !== undefined;
}

/** What the node keeps in the execution, for its `webhook()`; `null` if it is not accessible. */
export function nodeContextOf(context: IWebhookFunctions): Record<string, unknown> | null {
	const contexts = executionData(context)?.executionData?.contextData;
	const mine: unknown = contexts?.[`node:${context.getNode().name}`];
	return typeof mine === 'object' && mine !== null ? (mine as Record<string, unknown>) : null;
}

/** Whether the execution can be stored and resumed. A tool must return in one call; what was never saved has no ID. */
export function canResume(context: IExecuteFunctions): boolean {
	const { id } = context.getWorkflow();
	return !isTool(context) && typeof id === 'string' && id !== '';
}

/** What `suspendUntil` needs and this n8n does not have, by n8n's names; empty if all is there. */
export function missingToSuspend(context: IExecuteFunctions): string[] {
	const { getExecuteData, getWorkflowDataProxy, putExecutionToWait } = context as Partial<IExecuteFunctions>;
	const stack: unknown = executionData(context)?.executionData?.nodeExecutionStack;
	const parts = {
		nodeExecutionStack: Array.isArray(stack),
		getExecuteData: typeof getExecuteData === 'function',
		putExecutionToWait: typeof putExecutionToWait === 'function',
		$runIndex: typeof getWorkflowDataProxy === 'function' && typeof (runIndexOf(context) as unknown) === 'number',
	};
	return Object.entries(parts).flatMap(([name, isThere]) => (isThere ? [] : [name]));
}

/** Whether the execution can be stored and this node run again later. */
export function canSuspend(context: IExecuteFunctions): boolean {
	return canResume(context) && missingToSuspend(context).length === 0;
}

/**
 * Suspends the execution; n8n then runs this node again with the same input, and what it returns then replaces what it
 * returns now.
 *
 * When n8n resumes an execution, it passes the input of the first node on its stack through and continues with the rest.
 * So the node is put there twice: first with nothing to pass through, then as it is.
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
 * Puts an error where n8n shows the errors of nodes. For a stopped node, n8n stores nothing that it throws afterwards,
 * only what is there at the moment of the stop.
 */
export function leaveError(context: IExecuteFunctions, error: ITaskData['error'], startedAt: number): void {
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

/** Resumes a suspended execution without passing anything through. */
export const NOTHING: INodeExecutionData[][] = [[]];
