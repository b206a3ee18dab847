/**
 * What n8n has in its database of every execution, at every moment: step by step as `ExecutionPersistence` and the
 * lifecycle hooks of n8n 2.41 in one process (mode "regular") write it.
 */
import { parse, stringify } from 'flatted';
import type {
	ExecutionStatus,
	IRun,
	IRunExecutionData,
	ITaskData,
	IWorkflowBase,
	WorkflowExecuteMode,
} from 'n8n-workflow';
import {
	ManualExecutionCancelledError,
	NodeOperationError,
	WorkflowOperationError,
	createEmptyRunExecutionData,
} from 'n8n-workflow';

/** An execution as it is stored; a copy. */
export interface StoredExecution {
	id: string;
	mode: WorkflowExecuteMode;
	status: ExecutionStatus;
	finished: boolean;
	startedAt: Date;
	stoppedAt: Date | undefined;
	waitTill: Date | undefined;
	/** The execution that this one is a retry of. */
	retryOf: string | undefined;
	workflowData: IWorkflowBase;
	/** `undefined` while a manual execution has not come to a wait or its end: n8n has stored nothing of it. */
	data: IRunExecutionData | undefined;
	/** Rows of their own: a retry does not get them. */
	customData: Record<string, string>;
}

type Columns = Omit<StoredExecution, 'data' | 'workflowData' | 'customData'>;

interface Condition {
	status?: ExecutionStatus;
	notCanceled?: boolean;
	notFinished?: boolean;
}

/** One execution in the database. */
export class ExecutionRow {
	private data: string;
	private readonly workflowData: string;
	private readonly customData: Record<string, string> = {};
	/** n8n's log of events, which is a file and so there at once. */
	readonly log = new Map<string, { started: number; finished?: number }>();

	constructor(
		private columns: Columns,
		workflowData: IWorkflowBase,
		data: IRunExecutionData | undefined,
	) {
		this.workflowData = JSON.stringify(workflowData);
		this.data = stringify(data);
	}

	private writes: Promise<unknown> = Promise.resolve();

	get status(): ExecutionStatus {
		return this.columns.status;
	}

	/** Something is being stored. */
	async saving(write: Promise<void>): Promise<void> {
		this.writes = Promise.allSettled([this.writes, write]);
		await write;
	}

	async saved(): Promise<void> {
		await this.writes;
	}

	read(): StoredExecution {
		const data = parse(this.data) as IRunExecutionData | undefined;
		const workflowData = JSON.parse(this.workflowData) as IWorkflowBase;
		return { ...this.columns, workflowData, data, customData: { ...this.customData } };
	}

	/** @returns whether the execution was as the condition wants it, and so was changed */
	update(
		{ data, ...columns }: Partial<Columns> & { data?: IRunExecutionData },
		{ status, notCanceled = false, notFinished = false }: Condition = {},
	): boolean {
		if (status !== undefined && this.columns.status !== status) return false;
		if (notCanceled && this.columns.status === 'canceled') return false;
		if (notFinished && this.columns.finished) return false;
		this.columns = { ...this.columns, ...columns };
		if (data !== undefined) this.data = stringify(data);
		return true;
	}

	addCustomData(metadata: Record<string, string> | undefined): void {
		Object.assign(this.customData, metadata);
	}

	/** What the hook `workflowExecuteAfter` stores: at the end, when the execution waits, and when it is cancelled. */
	saveRun(run: IRun): void {
		this.update(
			{
				data: run.data,
				mode: run.mode,
				finished: run.finished ?? false,
				stoppedAt: run.stoppedAt,
				waitTill: run.waitTill ?? undefined,
				status: run.status,
			},
			{ notCanceled: true },
		);
	}

	/**
	 * What the click on Stop stores besides, whatever the hook has stored: the data as it was before the click. Of all
	 * that happened since the execution started, or last waited, only the custom data is left.
	 */
	saveStopped(before: StoredExecution): void {
		const error = new ManualExecutionCancelledError(before.id);
		const data = before.data ?? createEmptyRunExecutionData();
		data.resultData.error = { ...error, message: error.message, stack: error.stack } as typeof error;
		this.update({ data, stoppedAt: new Date(), waitTill: undefined, status: 'canceled' });
	}

	/** What n8n makes of an execution that was running when it was killed, at its next start, from its log of events. */
	recover(): void {
		const { data = createEmptyRunExecutionData(), workflowData } = this.read();
		const { runData } = data.resultData;
		for (const node of workflowData.nodes) {
			const entry = this.log.get(node.name);
			if (!entry || runData[node.name] !== undefined) continue;
			const task = { startTime: entry.started, executionIndex: 0, executionTime: -1, source: [null] } as ITaskData;
			if (entry.finished !== undefined) {
				task.executionStatus = 'success';
				task.data = { main: [[{ json: { isArtificialRecoveredEventItem: true } }]] };
				task.executionTime = entry.finished - entry.started;
			} else {
				task.executionStatus = 'crashed';
				task.error = new NodeOperationError(node, 'Node crashed, possible out-of-memory issue', {
					message: 'Execution stopped at this node',
				});
				task.executionTime = 0;
				data.resultData.error = new WorkflowOperationError('Workflow did not finish, possible out-of-memory issue');
			}
			data.resultData.lastNodeExecuted = node.name;
			runData[node.name] = [task];
		}
		this.update({ data, status: 'crashed', stoppedAt: new Date() });
	}
}

const rows = new Map<string, ExecutionRow>();

export function addExecution(columns: Columns, workflowData: IWorkflowBase, data: IRunExecutionData | undefined): ExecutionRow {
	const row = new ExecutionRow(columns, workflowData, data);
	rows.set(columns.id, row);
	return row;
}

export function findExecution(id: string): ExecutionRow | undefined {
	return rows.get(id);
}

/** The status that n8n stores, from how the engine ended. */
export function finalStatus(run: IRun): ExecutionStatus {
	if (run.waitTill) return 'waiting';
	if (run.status === 'crashed' || run.status === 'canceled') return run.status;
	return run.status === 'error' || run.data.resultData.error ? 'error' : 'success';
}
