import type {
	ExecutionStatus,
	IDataObject,
	INodeExecutionData,
	IRunExecutionData,
	ITaskData,
	WorkflowExecuteMode,
} from 'n8n-workflow';

/** One line of n8n's list of executions. Times are ISO 8601. */
export interface ExecutionSummary {
	readonly id: string;
	readonly workflowId: string;
	readonly status: ExecutionStatus;
	readonly mode: WorkflowExecuteMode;
	readonly startedAt: string;
	readonly stoppedAt?: string | null;
	/** When a suspended execution wakes up by itself. */
	readonly waitTill?: string | null;
	/** Id of the execution that this one repeats. */
	readonly retryOf?: string | null;
}

/** An execution with all its data. */
export interface Execution extends ExecutionSummary {
	readonly finished: boolean;
	readonly data: IRunExecutionData;
	/** What nodes left with the execution to be found by. */
	readonly customData: Readonly<Record<string, string>>;
}

/** Statuses after which nothing more happens. `waiting` is not one of them. */
export const finalStatuses: readonly ExecutionStatus[] = ['success', 'error', 'canceled', 'crashed'];

/** An error as n8n stores and shows it. */
export interface ShownError {
	readonly name: string;
	/** The headline. */
	readonly message: string;
	/** The line below it. */
	readonly description?: string | null;
	/** HTTP status of the service's answer, on errors of requests. */
	readonly httpCode?: string | null;
	readonly context?: IDataObject;
	readonly messages?: readonly string[];
}

/**
 * Every run of a node in this execution, oldest first; none when the node was not reached. Tries of Retry On Fail
 * count as one run.
 */
export function nodeRuns(execution: Execution, nodeName: string): readonly ITaskData[] {
	return execution.data.resultData.runData[nodeName] ?? [];
}

/**
 * The items a node put out.
 *
 * @param run index of the run; default: the last one
 * @param output index of the output; default: the first one
 * @throws {Error} when the node was not reached; the text says how the execution ended
 */
export function nodeOutput(
	execution: Execution,
	nodeName: string,
	{ run = -1, output = 0 }: { run?: number; output?: number } = {},
): INodeExecutionData[] {
	const task = nodeRuns(execution, nodeName).at(run);
	if (!task) throw new Error(`Node "${nodeName}" did not run. ${describe(execution)}`);
	return task.data?.main?.[output] ?? [];
}

/**
 * The error that stopped the execution, or with a node's name the error of that node's last run, which a node that
 * continues on errors also has.
 */
export function nodeError(execution: Execution, nodeName?: string): ShownError | undefined {
	const error =
		nodeName === undefined
			? execution.data.resultData.error
			: nodeRuns(execution, nodeName).at(-1)?.error;
	return error as ShownError | undefined;
}

/** How an execution went, for the message of a failed test. */
export function describe(execution: Execution): string {
	const error = nodeError(execution);
	const reached = Object.keys(execution.data.resultData.runData).join(', ') || 'none';
	const why = error ? `; ${error.message}${error.description ? ` (${error.description})` : ''}` : '';
	return `Execution ${execution.id} is "${execution.status}"; nodes reached: ${reached}${why}`;
}
