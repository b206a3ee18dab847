/** From the callback of a finished video to the next node having run, beside n8n's Wait node. */
import type { Execution } from '../e2e/harness';
import { callMany, waitUntil } from '../e2e/triggerSupport';
import { isQuick, median, quantile } from './measure';
import type { RowResult } from './report';
import type { Stage } from './stage';
import { endOfNode, onStage } from './stage';
import type { Suspender } from './suspended';
import { NEXT, ours, waitNode } from './suspended';

const REPEATS = isQuick ? 10 : 40;
const WARM_UP = 5;

/** Milliseconds of one suspension and its end. */
async function once({ client }: Stage, suspender: Suspender, number: number): Promise<number> {
	await client.callWebhook(suspender.startUrl, { body: suspender.startBody(number) });
	let suspended: Execution | undefined;
	const isSuspended = async (): Promise<boolean> => {
		const [newest] = await client.listExecutions({ workflowId: suspender.workflowId, status: ['waiting'] });
		suspended = newest && (await client.getExecution(newest.id));
		return suspended !== undefined;
	};
	if (!(await waitUntil(isSuspended)) || !suspended) throw new Error(`${suspender.name} was not suspended`);
	const { id } = suspended;
	const [call] = await suspender.resumeCalls(async () => await Promise.resolve(suspended ? [suspended] : []));
	if (!call) throw new Error(`${suspender.name} has no address`);
	const calledAt = Date.now();
	await callMany(call.url, [call.body], { connections: 1 });
	return endOfNode(await client.waitForExecution(id, { status: ['success'] }), NEXT) - calledAt;
}

export async function callback(): Promise<RowResult> {
	return await onStage(async (stage) => {
		const sides = [await ours(stage), await waitNode(stage)] as const;
		const times: [number[], number[]] = [[], []];
		for (let number = 0; number < WARM_UP + REPEATS; number++) {
			for (const [index, side] of sides.entries()) {
				const ms = await once(stage, side, number);
				if (number >= WARM_UP) times[index as 0 | 1].push(ms);
			}
		}
		const [own, other] = times;
		const ratio = median(own) / median(other);
		const inWords = (values: readonly number[]): string =>
			`${median(values).toFixed(0)} ms (p95 ${quantile(values, 0.95).toFixed(0)} ms)`;
		return {
			how: `One execution at a time, turn and turn about, ${REPEATS} each after ${WARM_UP} to warm up. Ours reads the video from the service in between, which takes a few milliseconds, and for that n8n reads the credential, which takes it a sandbox for expressions; the Wait node asks nobody.`,
			lines: [
				{
					what: 'call to next node',
					ours: inWords(own),
					other: `Wait node ${inWords(other)}`,
					ratio,
					target: '≤ 1.5',
					isMet: ratio <= 1.5,
				},
			],
		};
	});
}
