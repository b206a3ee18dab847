/** Videos in virtual time by the node's own run, at a provider that has no list and names no estimate, as Luma Agents. */
import { Experience, kindOf } from '../../nodes/LumaVideo/generation/experience';
import type { Job, RunOptions } from '../../nodes/LumaVideo/generation/job';
import { World } from '../unit/generation/world';

const HOUR_MS = 3_600_000;

/** What one video took. All in milliseconds. */
export interface Seen {
	ownMs: number;
	/** From the acceptance to the node having it. */
	deliveredMs: number;
	reads: number;
}

export interface Setting {
	/** What the model usually takes, in milliseconds. */
	usualMs: number;
	/** How long each request takes, in milliseconds. */
	latencyMs?: number;
	/** Of the process; default: a fresh one, that knows nothing. */
	experience?: Experience;
}

/** A world of its own, in which the nth video takes `lengths[n]`, and the jobs that ask for them. */
export class Play {
	readonly world = new World('doesNotList');
	readonly jobs: Job[];
	private readonly finishedAt = new Map<string, number>();
	private readonly experience: Experience;

	constructor(lengths: readonly number[], { usualMs, latencyMs = 0, experience = new Experience() }: Setting) {
		const { service } = this.world;
		this.experience = experience;
		service.latencyMs = latencyMs;
		service.durationMs = (n) => lengths[n] ?? Number.NaN;
		// Pixwith.ai's own answer without its estimate.
		service.onCreate = (n) => ({
			accepted: true,
			answer: { statusCode: 200, body: { code: 1, message: 'success', data: { task_id: `gen-${n}` } } },
		});
		this.jobs = this.world.jobs(lengths.length, { timeoutMs: HOUR_MS }).map((job) => ({
			...job,
			start: job.start.kind === 'create' ? { ...job.start, model: { ...job.start.model, usualSeconds: usualMs / 1000 } } : job.start,
		}));
	}

	/** One run of the node. Whether it wants to be called again, and when; milliseconds since 1970. */
	async run(set: Partial<RunOptions> = {}): Promise<number | null> {
		await this.world.run(this.jobs, {
			experience: this.experience,
			onFinished: (_, { generationId }) => {
				if (!this.finishedAt.has(generationId)) this.finishedAt.set(generationId, this.world.time.now());
			},
			...set,
		});
		return this.world.wakeAt;
	}

	/** In the order of the jobs. */
	seen(): Seen[] {
		const { made, calls } = this.world.service;
		return made.map(({ id, at, endsAt }) => ({
			ownMs: endsAt - at,
			deliveredMs: (this.finishedAt.get(id) ?? Number.NaN) - at,
			reads: calls.filter((call) => call.kind === 'read' && call.id === id).length,
		}));
	}
}

/** An experience that earlier videos of the same kind took so long, in milliseconds. */
export function experienced(ms: number): Experience {
	const experience = new Experience();
	const [job] = new World('doesNotList').jobs(1);
	const { provider } = new World('doesNotList').service;
	if (job?.start.kind === 'create') experience.note(kindOf(provider.id, job.start.request), ms);
	return experience;
}
