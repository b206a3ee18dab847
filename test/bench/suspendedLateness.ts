/** Suspended until finished: how late, how long a worker is held and with how many reads, where nobody calls back. */
import { randomUUID } from 'node:crypto';
import { loadavg } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { Experience } from '../../nodes/LumaVideo/generation/experience';
import { chain, manualTrigger, node, nodeOutput, webhookTrigger, workflow } from '../e2e/harness';
import { generate, prompts } from '../e2e/support';
import { allExecutions, readsById, waitUntil } from '../e2e/triggerSupport';
import { durations, seeded } from '../unit/generation/simulation';
import { isQuick, quantile, sum } from './measure';
import type { Line, RowResult } from './report';
import type { Stage } from './stage';
import { log, onStage, timeOfNode } from './stage';
import { Play, experienced } from './virtual';

const DRAWS = isQuick ? 100 : 600;
/** Luma Agents' Ray 3.2: what is expected before the first video is made. */
const USUAL_MS = 90_000;
const LATENCY_MS = 200;

/** n8n's timer: at every round it sets exact timers for what is due within the time that it looks ahead. */
const ROUND_MS = 60_000;
const AHEAD_MS = 70_000;

const LEARNING = 5;
/** Videos of one process, the first ones of which are for learning. */
const PROCESS = 25;

const REAL_MS = 60_000;
const REAL_SPREAD = 0.05;
const REAL_COUNT = 10;
const REAL_LEARNING = 2;
const SAMPLE_MS = 200;

const TARGET = { lateMs: 5000, heldMs: 10_000, reads: 12 };

/** What came of one execution. */
interface Ended {
	lateMs: number;
	/** How long it ran, altogether. */
	heldMs: number;
	reads: number;
}

interface Means extends Ended {
	p95LateMs: number;
}

function meansOf(all: readonly Ended[]): Means {
	const mean = (pick: (ended: Ended) => number): number => sum(all.map(pick)) / all.length;
	return {
		lateMs: mean(({ lateMs }) => lateMs),
		p95LateMs: quantile(all.map(({ lateMs }) => lateMs), 0.95),
		heldMs: mean(({ heldMs }) => heldMs),
		reads: mean(({ reads }) => reads),
	};
}

function inWords({ lateMs, p95LateMs, heldMs, reads }: Means): string {
	const [late, p95, held] = [lateMs, p95LateMs, heldMs].map((ms) => (ms / 1000).toFixed(1));
	return `mean ${late ?? ''} s late (p95 ${p95 ?? ''} s), held ${held ?? ''} s, ${reads.toFixed(1)} reads`;
}

function isMet({ lateMs, heldMs, reads }: Means): boolean {
	return lateMs <= TARGET.lateMs && heldMs <= TARGET.heldMs && reads <= TARGET.reads;
}

/** When n8n wakes an execution that was stored at `storedAt` to be woken at `dueAt`, by the phase of its rounds. */
function wokenAt(storedAt: number, dueAt: number, phase: number): number {
	let round = phase + Math.ceil((storedAt - phase) / ROUND_MS) * ROUND_MS;
	while (dueAt > round + AHEAD_MS) round += ROUND_MS;
	return Math.max(dueAt, round);
}

/** One execution in virtual time: it runs, is stored, is woken and runs again, until the video is there. */
async function suspended(ownMs: number, experience: Experience, phase: number, latencyMs: number): Promise<Ended> {
	const playing = new Play([ownMs], { usualMs: USUAL_MS, latencyMs, experience });
	const { time } = playing.world;
	let heldMs = 0;
	for (;;) {
		const startedAt = time.elapsed;
		const wakeAt = await playing.run({ canSuspend: true });
		heldMs += time.elapsed - startedAt;
		if (wakeAt === null) break;
		await time.pass(wokenAt(time.elapsed, wakeAt - time.start, phase) - time.elapsed);
	}
	const [seen] = playing.seen();
	if (!seen) throw new Error('Nothing was made');
	return { lateMs: seen.deliveredMs - seen.ownMs, heldMs, reads: seen.reads };
}

/** The same kind of video with "Wait Until Finished". */
async function waited(usualMs: number, lengths: readonly number[]): Promise<Means> {
	const all: Ended[] = [];
	for (const ownMs of lengths) {
		const playing = new Play([ownMs], { usualMs: USUAL_MS, latencyMs: LATENCY_MS, experience: experienced(usualMs) });
		await playing.run();
		const [seen] = playing.seen();
		if (seen) all.push({ lateMs: seen.deliveredMs - seen.ownMs, heldMs: playing.world.time.elapsed, reads: seen.reads });
	}
	return meansOf(all);
}

interface Spread {
	name: string;
	uniform?: number;
	sigma?: number;
	/** Why the target is missed. */
	note?: string;
}

async function virtualLines(usualMs: number, { name, note, ...spread }: Spread): Promise<Line[]> {
	const random = seeded(7);
	const lengths = durations({ durationMs: usualMs, jobs: DRAWS, ...spread });
	const known: Ended[] = [];
	for (const ownMs of lengths) known.push(await suspended(ownMs, experienced(usualMs), random() * ROUND_MS, LATENCY_MS));
	const learned: Ended[] = [];
	let experience = new Experience();
	for (const [index, ownMs] of lengths.entries()) {
		if (index % PROCESS === 0) experience = new Experience();
		const ended = await suspended(ownMs, experience, random() * ROUND_MS, LATENCY_MS);
		if (index % PROCESS >= LEARNING) learned.push(ended);
	}
	const other = await waited(usualMs, lengths.slice(0, 200));
	const own = meansOf(known);
	const line = (what: string, means: Means): Line => ({
		what,
		ours: inWords(means),
		other: `Wait Until Finished ${inWords(other)}`,
		ratio: means.heldMs / other.heldMs,
		target: '–',
		isMet: null,
	});
	const what = `${usualMs / 1000} s ${name}`;
	return [
		{
			...line(`${what}, known`, own),
			target: '≤ 5 s late, held ≤ 10 s, ≤ 12 reads',
			isMet: isMet(own),
			...(isMet(own) || note === undefined ? {} : { note }),
		},
		line(`${what}, as the node learned it`, meansOf(learned)),
	];
}

interface Real {
	ended: Ended[];
	/** By the model, for the same videos. */
	model: Ended[];
	/** Load average. */
	load: number;
}

/** Sums up how long executions of a workflow run, by looking at short intervals. */
class Held {
	totalMs = 0;
	private isOver = false;
	private readonly sampling: Promise<void>;

	constructor({ client }: Stage, workflowId: string) {
		const query = new URLSearchParams({ filter: JSON.stringify({ workflowId, status: ['new', 'running'] }), limit: '50' });
		this.sampling = (async () => {
			for (let last = Date.now(); !this.isOver; await pause(SAMPLE_MS)) {
				const { results } = await client.request<{ results: unknown[] }>('GET', `/rest/executions?${query}`);
				const now = Date.now();
				this.totalMs += results.length * (now - last);
				last = now;
			}
		})();
	}

	async end(): Promise<number> {
		this.isOver = true;
		await this.sampling;
		return this.totalMs;
	}
}

const realLengths = Array.from(
	{ length: REAL_COUNT },
	(_, index) => Math.round(REAL_MS * (1 - REAL_SPREAD + (2 * REAL_SPREAD * (index + 0.5)) / REAL_COUNT)),
);

async function measureReal(stage: Stage): Promise<Ended[]> {
	const { client, server, credentials, n8n } = stage;
	const path = randomUUID();
	for (let turn = 0; turn < REAL_LEARNING; turn++) {
		const nodes = [manualTrigger(), prompts(`A kite [takes ${REAL_MS}ms]`), generate('lumaAgents', credentials)];
		log(`to learn: ${(await timeOfNode(client, workflow('To learn', nodes), 'Luma Video', 240_000)) / 1000} s`);
	}
	const video = generate('lumaAgents', credentials, { prompt: '={{ $json.body.text }}', completion: 'suspend' });
	const nodes = [webhookTrigger(path), video, node('Next', 'n8n-nodes-base.noOp')];
	const { id: workflowId } = await client.createWorkflow(workflow('Suspended lateness', nodes, chain(...nodes)));
	await client.publish(workflowId);
	const held = new Held(stage, workflowId);
	await Promise.all(
		realLengths.map(async (ms, index) => {
			const body = { text: `A kite, ${index} [takes ${ms}ms]` };
			await client.callWebhook(`${n8n.url}/webhook/${path}`, { body });
		}),
	);
	const succeeded = async (): ReturnType<typeof allExecutions> => await allExecutions(client, workflowId, ['success']);
	if (!(await waitUntil(async () => (await succeeded()).length === REAL_COUNT, 240_000))) throw new Error('Not all succeeded');
	const heldMs = (await held.end()) / REAL_COUNT;
	const jobs = new Map(server.jobs().map((job) => [job.id, job]));
	const ended: Ended[] = [];
	for (const { id, stoppedAt } of await succeeded()) {
		const execution = await client.getExecution(id);
		const generationId = execution && nodeOutput(execution, video.name)[0]?.json.generationId;
		const job = typeof generationId === 'string' ? jobs.get(generationId) : undefined;
		if (!job) throw new Error(`Execution ${id} put out nothing`);
		const [reads = 0] = readsById(server, 'lumaAgents', [job.id]);
		ended.push({ lateMs: Date.parse(stoppedAt ?? '') - (job.completedAt ?? Number.NaN), heldMs, reads });
	}
	for (const { lateMs, reads } of ended) log(`${lateMs} ms late, ${reads} reads`);
	log(`together: ${inWords(meansOf(ended))}`);
	return ended;
}

/** The same sequence of videos in virtual time, at many phases of n8n's rounds. */
async function modelReal(): Promise<Ended[]> {
	const all: Ended[] = [];
	for (let phase = 0; phase < ROUND_MS; phase += ROUND_MS / 40) {
		for (const ownMs of realLengths) {
			// All begin before the first of them teaches anything.
			const experience = new Experience();
			for (let turn = 0; turn < REAL_LEARNING; turn++) {
				await new Play([REAL_MS], { usualMs: USUAL_MS, latencyMs: LATENCY_MS, experience }).run();
			}
			all.push(await suspended(ownMs, experience, phase, LATENCY_MS));
		}
	}
	return all;
}

async function real(): Promise<Real> {
	const ended = await onStage(measureReal);
	return { ended, load: loadavg()[0] ?? Number.NaN, model: await modelReal() };
}

const RANDOM_ENDS =
	'n8n wakes an execution exactly only more than a minute ahead, so whoever is to be seen within 5 s must end while the node looks: between two such wake-ups there are 60 s in which nobody looks, and ends spread by σ 0.25 fall there unless a worker is held for it.';

export async function suspendedLateness(): Promise<RowResult> {
	const { ended, model, load } = await real();
	const measured = meansOf(ended);
	const lines: Line[] = [
		{
			what: `60 s ± 5 %, ${REAL_COUNT} executions at once in a real n8n`,
			ours: inWords(measured),
			other: `the model ${inWords(meansOf(model))}`,
			ratio: measured.lateMs / meansOf(model).lateMs,
			target: '≤ 5 s late, held ≤ 10 s, ≤ 12 reads',
			isMet: isMet(measured),
			note: `load average at its end: ${load.toFixed(1)}. What n8n itself does for ${REAL_COUNT} executions that begin and wake at once is in it, and not in the model.`,
		},
	];
	for (const usualMs of [60_000, 300_000]) {
		lines.push(...(await virtualLines(usualMs, { name: '± 5 %', uniform: 0.05 })));
		lines.push(...(await virtualLines(usualMs, { name: 'with σ 0.25', sigma: 0.25, note: RANDOM_ENDS })));
	}
	return {
		how: `**Suspend Until Finished** at Luma Agents, which neither calls back nor lists. In a real n8n: ${REAL_COUNT} executions at once, after ${REAL_LEARNING} videos of 60 s with **Wait Until Finished** told n8n's process how long they take; held is how long they are "running", looked at every ${SAMPLE_MS} ms, so with n8n's own work; late is to the end of the execution. The others in virtual time: the node's run with ${LATENCY_MS} ms for each request and a model of n8n's timer (once a minute, at any phase, it sets exact timers for what is due within 70 s), ${DRAWS} draws, without the work of n8n. Known: an earlier video took the middle of the spread. As the node learned it: in processes that begin with a guess of 90 s, the ${LEARNING + 1}th to ${PROCESS}th video. Ratio: of the time held, in the first line of the lateness.`,
		lines,
	};
}
