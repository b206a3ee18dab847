/** The account at the provider as a published trigger sees it: reads with its credential, and what is in their way. */
import type { ITriggerFunctions } from 'n8n-workflow';
import { systemClock } from '../generation/clock';
import { listGenerations } from '../generation/list';
import type { ReadResult } from '../generation/read';
import { isTransient, readGeneration } from '../generation/read';
import type { Failure } from '../generation/failure';
import { nodeError } from '../generation/failure';
import type { Generation, Provider } from '../providers/provider';
import type { Text } from '../providers/text';
import type { ProviderClient } from '../transport/providerClient';
import { createProviderClient } from '../transport/providerClient';
import { CHECK_CREDENTIAL, readsBlocked } from './messages';
import { REQUEST_TIMEOUT_MS } from './trigger';

/** How far to read the list for missed videos: fewer generations than the deduplication remembers. */
const MAX_LISTED = 300;
/** Consecutive unreadable answers before the user is told. */
const MAX_UNREADABLE = 2;
/** How long to use a credential before reading it again, since it may change. */
const CLIENT_MS = 60_000;
/** The shortest time between two reports of the same problem. */
const REPORT_MS = 3_600_000;

export class Account {
	private client: { readAt: number; client: Promise<ProviderClient> } | null = null;
	private readonly reported = new Map<string, number>();

	constructor(
		private readonly context: ITriggerFunctions,
		private readonly provider: Provider,
	) {}

	/** Reads one generation; `null` when the credential is not available. */
	async read(generationId: string): Promise<ReadResult | null> {
		try {
			return await readGeneration(this.provider, await this.currentClient(), generationId, systemClock, undefined);
		} catch (error) {
			this.noClient(error);
			return null;
		}
	}

	/** The newest generations; none when the list cannot be read now. */
	async latest(): Promise<Generation[]> {
		try {
			const listed = await listGenerations(this.provider, await this.currentClient(), MAX_LISTED);
			if (listed.ok) return listed.generations;
			this.context.logger.warn(`Luma Video Trigger cannot read the list of ${this.provider.displayName}: ${listed.message}`);
		} catch (error) {
			this.noClient(error);
		}
		return [];
	}

	/**
	 * Tells why a generation could not be read: the user, if it will not pass by itself.
	 *
	 * @param vain how many reads before this one had no news
	 */
	unread({ message, advice, problem }: Failure, vain: number): void {
		if (problem === undefined || isTransient(problem) || (problem.kind === 'unreadable' && vain < MAX_UNREADABLE)) {
			this.context.logger.warn(`Luma Video Trigger will try again later: ${message}`);
			return;
		}
		this.client = null;
		this.report(problem.kind, readsBlocked({ message, advice }));
	}

	/** Tells the user, once an hour for each cause: in the log, and with a failed execution, which also runs the error workflow. */
	report(cause: string, { message, advice }: Text): void {
		const now = systemClock.wall();
		if (now - (this.reported.get(cause) ?? -Infinity) < REPORT_MS) return;
		this.reported.set(cause, now);
		this.context.logger.error(`Luma Video Trigger: ${message}`);
		// Older versions of n8n have only the log.
		const { saveFailedExecution } = this.context as Partial<ITriggerFunctions>;
		saveFailedExecution?.(nodeError(this.context.getNode(), { message, advice }, null));
	}

	private async currentClient(): Promise<ProviderClient> {
		const now = systemClock.wall();
		if (!this.client || now - this.client.readAt > CLIENT_MS) {
			this.client = { readAt: now, client: createProviderClient(this.context, this.provider, REQUEST_TIMEOUT_MS) };
		}
		return await this.client.client;
	}

	private noClient(error: unknown): void {
		this.client = null;
		this.report('credential', readsBlocked({ message: error instanceof Error ? error.message : String(error), advice: CHECK_CREDENTIAL }));
	}
}
