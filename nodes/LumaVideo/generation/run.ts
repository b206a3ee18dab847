/**
 * Many generations at once: each job is one task, from its request to its result (`jobTask.ts`). Here they are started,
 * and ended when the execution is stopped, fails or can be suspended.
 */
import { Gate } from './gate';
import type { Job, RunOptions, RunResult } from './job';
import { JobTask } from './jobTask';
import { Pauses } from './pauses';
import { ProgressTeller } from './progress';
import { Reader } from './reader';
import { twins } from './twins';

/** Shorter suspensions are not worthwhile: n8n times them poorly, and resuming costs as much. */
const MIN_SUSPENSION_MS = 30_000;
/** How long a stopped run waits for the answers to pending creates. */
const STOP_GRACE_MS = 800;
/** The run wakes up at least this often. */
const MAX_PASS_MS = 60_000;

/** Runs all jobs. Never throws for anything that the network or a provider can do. */
export async function runJobs(jobs: readonly Job[], options: RunOptions): Promise<RunResult> {
	const { cancelSignal, clock } = options;
	const pauses = new Pauses(clock);
	const gate = new Gate(options.maxConcurrent);
	const reader = new Reader(options.provider, options.client, pauses);
	const services = { options, pauses, gate, held: { until: 0 }, reader, twins: options.twins ?? twins };
	const stop = (): void => {
		pauses.end('stopped');
	};
	cancelSignal?.addEventListener('abort', stop);
	if (cancelSignal?.aborted) stop();

	const tasks = jobs.map((job) => new JobTask(job, services));
	const live = new Set(tasks);
	const progress = new ProgressTeller((state) => options.onProgress?.(state), pauses.now);
	for (const task of tasks) {
		void task.run().then(() => {
			live.delete(task);
			pauses.tell();
		});
	}
	try {
		let wakeAt: number | null = null;
		for (let stopUntil = Infinity; live.size > 0; ) {
			if (pauses.ended === 'stopped') stopUntil = Math.min(stopUntil, pauses.now + STOP_GRACE_MS);
			if (pauses.now >= stopUntil) break;
			const { next, now } = pauses;
			const isIdle = live.size === pauses.count + gate.waiting;
			if (options.canSuspend && pauses.ended === null && isIdle && next - now >= MIN_SUSPENSION_MS) {
				wakeAt = clock.wall() + next - now;
				for (const task of live) task.sleep();
				pauses.end('suspended');
				continue;
			}
			await pauses.pass(Math.min(next, stopUntil, now + MAX_PASS_MS));
			if (pauses.ended === null) progress.look(tasks, pauses.now);
		}
		const outcomes = tasks.map((task) => task.outcome ?? task.outcomeSoFar());
		return { outcomes, wakeAt: pauses.ended === 'suspended' ? wakeAt : null };
	} finally {
		cancelSignal?.removeEventListener('abort', stop);
		// Later answers change nothing and are discarded.
		pauses.end('stopped');
	}
}
