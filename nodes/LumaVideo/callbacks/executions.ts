/** The executions that the trigger starts: generations that are found within a moment share one. */
import type { INodeExecutionData, IRun, ITriggerFunctions } from 'n8n-workflow';
import type { Pauses } from '../generation/pauses';

/** How long an execution waits for others to share it, in milliseconds, and how many do at most: after a restart, and where
 * many end together, one is far cheaper than one each. */
const SHARE_MS = 500;
const MAX_SHARED = 50;

export class Executions {
	/** The one that starts next. */
	private next: { items: INodeExecutionData[]; run: Promise<IRun | undefined> } | null = null;
	private readonly size: number;

	constructor(
		private readonly context: ITriggerFunctions,
		private readonly pauses: Pauses,
	) {
		// One failed download must not hold up other videos.
		this.size = context.getNodeParameter('downloadVideo', false) === true ? 1 : MAX_SHARED;
	}

	/**
	 * Puts an item into an execution; how that ended, `undefined` if it is not known.
	 *
	 * @throws RunEnded when the trigger stops before the execution starts
	 */
	async run(item: INodeExecutionData): Promise<IRun | undefined> {
		if (this.next === null || this.next.items.length >= this.size) {
			const items: INodeExecutionData[] = [];
			this.next = { items, run: this.start(items) };
		}
		this.next.items.push(item);
		return await this.next.run;
	}

	private async start(items: INodeExecutionData[]): Promise<IRun | undefined> {
		await this.pauses.pause(this.pauses.now + SHARE_MS).over;
		if (this.next?.items === items) this.next = null;
		const done = this.context.helpers.createDeferredPromise<IRun>();
		try {
			this.context.emit([items], undefined, done);
			return await done.promise;
		} catch (error) {
			this.context.logger.warn(`Luma Video Trigger could not start an execution: ${String(error)}`);
			return undefined;
		}
	}
}
