/** The executions that the trigger starts: generations that are found within a moment share one. */
import type { INodeExecutionData, IRun, ITriggerFunctions } from 'n8n-workflow';
import type { Pauses } from '../generation/pauses';

/** How long an execution waits for others to share it, in milliseconds, and how many do at most: after a restart, and where
 * many end together, one is far cheaper than one each. */
const SHARE_MS = 500;
const MAX_SHARED = 50;

/**
 * @returns puts an item into an execution, and tells how that ended, `undefined` if it is not known. Throws RunEnded when
 *   the trigger stops before the execution starts.
 */
export function sharedExecutions(context: ITriggerFunctions, pauses: Pauses): (item: INodeExecutionData) => Promise<IRun | undefined> {
	// One failed download must not hold up other videos.
	const size = context.getNodeParameter('downloadVideo', false) === true ? 1 : MAX_SHARED;
	let next: { items: INodeExecutionData[]; run: Promise<IRun | undefined> } | null = null;

	async function start(items: INodeExecutionData[]): Promise<IRun | undefined> {
		await pauses.pause(pauses.now + SHARE_MS).over;
		if (next?.items === items) next = null;
		const done = context.helpers.createDeferredPromise<IRun>();
		try {
			context.emit([items], undefined, done);
			return await done.promise;
		} catch (error) {
			context.logger.warn(`Luma Video Trigger could not start an execution: ${String(error)}`);
			return undefined;
		}
	}

	return async (item) => {
		if (next === null || next.items.length >= size) {
			const items: INodeExecutionData[] = [];
			next = { items, run: start(items) };
		}
		next.items.push(item);
		return await next.run;
	};
}
