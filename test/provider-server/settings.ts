/** What a test can change about the played providers while they run. */
import { isObject } from './http';

export const PROVIDER_NAMES = ['lumaDreamMachine', 'lumaAgents', 'pixazo', 'pixwith', 'crazyrouter'] as const;
export type ProviderName = (typeof PROVIDER_NAMES)[number];

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
	/** Jobs that may run at once before a create is refused as too many; `null` = no limit. */
	maxConcurrent: number | null;
	/** Accepted creates within 60 s before the next is refused as too many; `null` = no limit. */
	createsPerMinute: number | null;
	callbacks: CallbackSettings;
}

export interface Settings {
	lumaDreamMachine: CommonSettings & {
		/** Whether `assets.progress_video` is shown while dreaming. */
		progressVideo: boolean;
		/** Highest `limit` of a list that is honoured; `null` = any (the real maximum is not documented). */
		listMaximum: number | null;
		/** Whether the camera motion list exists (it left the specification in 2025). */
		cameraMotions: boolean;
	};
	lumaAgents: CommonSettings & {
		/** Milliseconds for which a presigned URL works (documented: one hour). Every read makes a new one. */
		urlMs: number;
		/** Bytes of an image inside a request that are still taken (documented: 50 MB). */
		maxImageBytes: number;
		/** Bytes of a video inside a request that are still taken (documented: 200 MB). */
		maxVideoBytes: number;
		/** Milliseconds until a file that is complete can be used (not documented). */
		fileReadyMs: number;
		/** Where files are to be sent, to point it at a foreign host; `null` = the real storage. */
		uploadUrl: string | null;
		/** Seconds of `Retry-After` when too many jobs run (documented: 60). */
		retryAfterSeconds: number;
		/** What an EXR export is called in `output[].type` (not documented). */
		exrType: string;
	};
	pixazo: CommonSettings & {
		/** Form of `updated_at` and `completed_at` in status answers; both forms are in the documentation. */
		timestamps: 'iso' | 'plain';
		/** `output.media_type` of status answers; both values are in the documentation. */
		mediaType: 'video/mp4' | 'application/octet-stream';
		/** Body of a 401: `{error, message}` as documented, or `{statusCode, message}` as an API gateway answers. */
		authErrors: 'documented' | 'gateway';
		/** Replaces `polling_url` in create answers, to point it at a foreign host; `null` = the real one. */
		pollingUrl: string | null;
		/** Milliseconds between callbacks of `X-Webhook-Mode: sync` (documented: at most about 15 s). */
		syncEveryMs: number;
	};
	pixwith: CommonSettings & {
		/** Seconds in `data.estimated_time`; `null` = from the job's own duration, rounded up. */
		estimatedSeconds: number | null;
		/** Name of the envelope's text: `message` (REST pages) or `msg` (service contract). */
		textField: 'message' | 'msg';
		/** Whether the envelope's text of a failed task is the failure's reason (no field for it is documented). */
		failureInText: boolean;
	};
	crazyrouter: CommonSettings & {
		/** Words of `state`; the documentation has several vocabularies. */
		words: { queued: string; processing: string; completed: string; failed: string };
		/** Words of `status` in callbacks. */
		callbackWords: { queued: string; processing: string; completed: string; failed: string };
		/** `{error:{message,type,code}}`, `{code,message,data:null}`, or the latter with HTTP 200. */
		errorShape: 'openai' | 'task' | 'task with 200';
		/** Whether a failed job shows `failure_reason` (not documented, seen at siblings). */
		failureReason: boolean;
		/** What happens to undocumented fields such as `aspect_ratio`. */
		extraFields: 'refused' | 'ignored';
	};
	media: {
		/** Start of the media URLs, `null` = the server's own address. */
		origin: string | null;
		/** Milliseconds between the pieces of a slow answer. */
		slowChunkMs: number;
	};
}

/** Any part of the settings; what is not named stays as it is. */
export type SettingsChange = DeepPartial<Settings>;
type DeepPartial<T> = T extends readonly unknown[] ? T : T extends object ? { [K in keyof T]?: DeepPartial<T[K]> } : T;

function common(retryDelaysMs: number[], balance: number, price: number): CommonSettings {
	return {
		jobMs: 300,
		queuedShare: 0.2,
		balance,
		price,
		maxConcurrent: null,
		createsPerMinute: null,
		callbacks: { mode: 'normal', copies: 1, lateMs: 500, timeoutMs: 5000, retryDelaysMs },
	};
}

export function defaultSettings(): Settings {
	return {
		lumaDreamMachine: {
			// docs.lumalabs.ai, Video Generation: at most 3 retries, 100 ms apart, 5 s timeout.
			...common([100, 100, 100], 1_000_000, 71),
			progressVideo: true,
			listMaximum: null,
			cameraMotions: true,
		},
		lumaAgents: {
			// There are no callbacks. Prices are in US cents.
			...common([], 1_000_000, 30),
			urlMs: 60 * 60 * 1000,
			maxImageBytes: 50 * 1024 * 1024,
			maxVideoBytes: 200 * 1024 * 1024,
			fileReadyMs: 30,
			uploadUrl: null,
			retryAfterSeconds: 60,
			exrType: 'exr',
		},
		pixazo: {
			// pixazo.ai, Delivery semantics: retries happen, their number and pace are not given.
			...common([1000], 1000, 1),
			timestamps: 'iso',
			mediaType: 'video/mp4',
			authErrors: 'documented',
			pollingUrl: null,
			syncEveryMs: 100,
		},
		pixwith: { ...common([], 10_000, 10), estimatedSeconds: null, textField: 'message', failureInText: false },
		crazyrouter: {
			// docs.crazyrouter.com, Callback Protocol: after 10, 30 and 60 s; a hundredth of it here.
			...common([100, 300, 600], 1000, 1),
			words: { queued: 'queued', processing: 'dreaming', completed: 'completed', failed: 'failed' },
			callbackWords: { queued: 'NOT_START', processing: 'IN_PROGRESS', completed: 'succeed', failed: 'FAILURE' },
			errorShape: 'openai',
			failureReason: false,
			extraFields: 'refused',
		},
		media: { origin: null, slowChunkMs: 20 },
	};
}

/** Applies a change in place. A name that is no setting, or a value of another type, is the test's mistake and throws. */
export function changeSettings(settings: Settings, change: unknown): void {
	merge(settings as unknown as Record<string, unknown>, change, 'settings');
}

function merge(target: Record<string, unknown>, change: unknown, where: string): void {
	if (!isObject(change)) throw new Error(`${where} must be an object`);
	for (const [name, value] of Object.entries(change)) {
		const path = `${where}.${name}`;
		if (!(name in target)) throw new Error(`${path} is not a setting`);
		const old = target[name];
		if (isObject(old)) {
			merge(old, value, path);
		} else if (
			value === undefined ||
			(old !== null && value !== null && typeof old !== typeof value) ||
			Array.isArray(old) !== Array.isArray(value)
		) {
			throw new Error(`${path} has the wrong type`);
		} else {
			target[name] = value;
		}
	}
}
