/** How many callbacks a second lead to an emission, and how many are dropped, beside n8n's Webhook node. */
import { randomUUID } from 'node:crypto';
import { chain, node, webhookTrigger, workflow } from '../e2e/harness';
import { Trigger, callMany, unpublishAll } from '../e2e/triggerSupport';
import type { ProviderServer } from '../provider-server';
import { isQuick, median, sum } from './measure';
import type { Line, RowResult } from './report';
import type { Stage } from './stage';
import { endOfAll, log, onStage, untilQuiet } from './stage';

const CALLS = isQuick ? 100 : 200;
const WARM_UP = 40;
const REPEATS = isQuick ? 1 : 3;
const CONNECTIONS = 16;

/** `LiveWebhooks.webhookPhaseNeedsIsolate` in n8n 2.41. */
const LIMIT =
	'the limit is n8n: for each call to a trigger that is not its own Webhook node it starts a sandbox for expressions before the trigger sees the call.';

/** Videos that are finished and about to call a trigger; the stand-in sends no callback of its own. */
async function finishedVideos(server: ProviderServer, callbackUrl: string, count: number): Promise<unknown[]> {
	const ids: string[] = [];
	for (let number = 0; number < count; number++) {
		const answer = await fetch(`${server.baseUrls.lumaDreamMachine}/generations`, {
			method: 'POST',
			headers: { authorization: `Bearer ${server.keys.lumaDreamMachine}`, 'content-type': 'application/json' },
			body: JSON.stringify({ model: 'ray-2', prompt: `A kite, ${number}`, callback_url: callbackUrl }),
		});
		if (!answer.ok) throw new Error(`The stand-in refused: ${await answer.text()}`);
		const { id } = (await answer.json()) as { id: string };
		server.finish(id);
		ids.push(id);
	}
	return ids.map((id) => server.callbackBody('lumaDreamMachine', { id }));
}

interface Round {
	/** From the first call to the end of the last execution, in milliseconds. */
	ms: number;
	/** From the first call to the last answer, in milliseconds. */
	answeredMs: number;
	executions: number;
}

async function round({ client }: Stage, workflowId: string, url: string, bodies: readonly unknown[], known: Set<string>): Promise<Round> {
	const startedAt = Date.now();
	const answers = await callMany(url, bodies, { connections: CONNECTIONS });
	const answeredMs = Date.now() - startedAt;
	const refused = answers.filter(({ status }) => status !== 200).length;
	if (refused > 0) log(`${refused} of ${bodies.length} calls were refused`);
	await untilQuiet(client, workflowId);
	const { endedAt, ids } = await endOfAll(client, workflowId, known);
	for (const id of ids) known.add(id);
	return { ms: endedAt - startedAt, answeredMs, executions: ids.length };
}

export async function trigger(): Promise<RowResult> {
	return await onStage(async (stage) => {
		const { client, server, credentials, n8n } = stage;
		server.configure({ lumaDreamMachine: { jobMs: 3_600_000, callbacks: { mode: 'drop' } } });
		const own = await Trigger.create(client, credentials, 'lumaDreamMachine', {
			// Only callbacks count here: the timer would find the videos in the provider's list.
			parameters: { options: { reconcileMinutes: 0 } },
			next: [node('Next', 'n8n-nodes-base.noOp')],
		});
		const path = randomUUID();
		const nodes = [webhookTrigger(path), node('Next', 'n8n-nodes-base.noOp')];
		const { id: webhookWorkflow } = await client.createWorkflow(workflow('Webhook', nodes, chain(...nodes)));
		await client.publish(webhookWorkflow);
		const webhookUrl = `${n8n.url}/webhook/${path}`;

		const known = { own: new Set<string>(), other: new Set<string>() };
		const figures = { emitted: [] as number[], webhook: [] as number[], answered: [] as number[], duplicates: [] as number[], junk: [] as number[], reads: [] as number[], executions: [] as number[] };
		for (let repeat = 0; repeat <= REPEATS; repeat++) {
			const isWarmUp = repeat === 0;
			const perSecond = (ms: number): number => (bodies.length / ms) * 1000;
			const bodies = await finishedVideos(server, own.url, isWarmUp ? WARM_UP : CALLS);
			const before = new Set(await own.emittedIds());
			const { status, list } = server.ledger().counts.lumaDreamMachine;
			const webhook = await round(stage, webhookWorkflow, webhookUrl, bodies, known.other);
			const emitted = await round(stage, own.workflowId, own.url, bodies, known.own);
			const after = server.ledger().counts.lumaDreamMachine;
			const ids = await own.emittedIds();
			const fresh = ids.filter((id) => !before.has(id)).length;
			if (fresh !== bodies.length || new Set(ids).size !== ids.length) throw new Error(`${fresh} of ${bodies.length} were emitted`);
			const duplicates = await round(stage, own.workflowId, own.url, bodies, known.own);
			const junk = await round(stage, own.workflowId, own.url, bodies.map((_, index) => ({ id: index, state: 'sold' })), known.own);
			log(`emitted ${perSecond(emitted.ms).toFixed(1)}/s in ${emitted.executions} executions, webhook ${perSecond(webhook.ms).toFixed(1)}/s (answered ${perSecond(webhook.answeredMs).toFixed(0)}/s), duplicates ${perSecond(duplicates.answeredMs).toFixed(0)}/s, junk ${perSecond(junk.answeredMs).toFixed(0)}/s`);
			if (isWarmUp) continue;
			figures.emitted.push(perSecond(emitted.ms));
			figures.webhook.push(perSecond(webhook.ms));
			figures.answered.push(perSecond(webhook.answeredMs));
			figures.duplicates.push(perSecond(duplicates.answeredMs));
			figures.junk.push(perSecond(junk.answeredMs));
			figures.reads.push((sum([after.status, after.list]) - sum([status, list])) / CALLS);
			figures.executions.push(emitted.executions);
		}
		await unpublishAll();
		await client.unpublish(webhookWorkflow);

		const line = (what: string, value: number, least: number): Line => {
			const ratio = value / median(figures.webhook);
			const isMet = least === 1 ? ratio > 1 : ratio >= least;
			return {
				what,
				ours: `${value.toFixed(0)}/s`,
				other: `Webhook node ${median(figures.webhook).toFixed(0)}/s`,
				ratio,
				target: least === 1 ? '> 1' : `≥ ${least}`,
				isMet,
				...(isMet ? {} : { note: LIMIT }),
			};
		};
		return {
			how: `${CALLS} calls over ${CONNECTIONS} connections, to the end of the last execution, ${REPEATS} repeats, turn and turn about, after ${WARM_UP} calls to warm up. Ours reads every video from the service before it emits it (${median(figures.reads).toFixed(2)} reads each), once, in ${median(figures.executions)} executions; the Webhook node (Respond: Immediately) starts ${CALLS}. Duplicates and junk start nothing: counted until answered.`,
			lines: [
				line('emitted', median(figures.emitted), 0.8),
				line('duplicates', median(figures.duplicates), 1),
				line('junk', median(figures.junk), 1),
			],
		};
	});
}
