/** What a test can change about every played provider. */

/**
 * - `normal`: sent at each change of status
 * - `drop`: lost on the way, never sent
 * - `late`: sent `lateMs` after the change
 * - `reordered`: the ones before the end are sent after the one about the end
 * - `early`: the create's answer is held back until the callback about the end was sent
 */
export const CALLBACK_MODES = ['normal', 'drop', 'late', 'reordered', 'early'] as const;
export type CallbackMode = (typeof CALLBACK_MODES)[number];

export interface CallbackSettings {
	mode: CallbackMode;
	/** How often each callback is sent (1 = once), whatever the receiver answers. */
	copies: number;
	/** Milliseconds between the change and the sending, in mode `late`. */
	lateMs: number;
	/** Milliseconds after which an unanswered callback counts as failed. */
	timeoutMs: number;
	/** Milliseconds before each retry of a failed callback; its length is the number of retries. */
	retryDelaysMs: number[];
}

export interface CommonSettings {
	/** Milliseconds from acceptance to the end of a job; a prompt's `[takes 1200ms]` goes first. */
	jobMs: number;
	/** Share of `jobMs` spent queued (0 to 1). */
	queuedShare: number;
	/** What the account has left, in the provider's own unit (Luma: US cents). Every accepted job lowers it. */
	balance: number;
	/** What one job costs, in the unit of `balance`. */
	price: number;
	/** What a refused create costs all the same (no document says that any does). */
	refusalPrice: number;
	/** Jobs that may run at once before a create is refused as too many; `null` = no limit. */
	maxConcurrent: number | null;
	/** Accepted creates within 60 s before the next is refused as too many; `null` = no limit. */
	createsPerMinute: number | null;
	callbacks: CallbackSettings;
}

/**
 * @param retryDelaysMs as `CallbackSettings.retryDelaysMs`
 * @param balance what the account has at the start
 * @param price of one job, in the same unit
 */
export function commonSettings(retryDelaysMs: number[], balance: number, price: number): CommonSettings {
	return {
		jobMs: 300,
		queuedShare: 0.2,
		balance,
		price,
		refusalPrice: 0,
		maxConcurrent: null,
		createsPerMinute: null,
		callbacks: { mode: 'normal', copies: 1, lateMs: 500, timeoutMs: 5000, retryDelaysMs },
	};
}
