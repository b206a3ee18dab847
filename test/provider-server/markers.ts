/** Words in square brackets in a prompt that direct what happens to that one job. */
import { CALLBACK_MODES, type CallbackMode } from './settings';

export interface Markers {
	/** `[takes 1200ms]` */
	takesMs: number | null;
	/** `[fails: reason]`: the job ends as failed. */
	fails: string | null;
	/** `[errors: reason]`: the job ends by a fault of the service (Pixazo `ERROR`; elsewhere like `fails`). */
	errors: string | null;
	/** `[moderated]`: the job fails with the provider's words for refused content. */
	moderated: boolean;
	/** `[refused: text]`: the create is refused with this text. */
	refused: string | null;
	/** `[video 1073741824 bytes]`: the result is a file of that size. */
	videoBytes: number | null;
	/** `[callbacks: drop]`: a callback mode for this job alone. */
	callbackMode: CallbackMode | null;
}

export function readMarkers(prompt: string): Markers {
	const text = (pattern: RegExp): string | null => pattern.exec(prompt)?.[1]?.trim() ?? null;
	const number = (pattern: RegExp): number | null => {
		const found = text(pattern);
		return found === null ? null : Number(found);
	};
	const mode = text(/\[callbacks: *(\w+)\]/);
	return {
		takesMs: number(/\[takes (\d+) ?ms\]/),
		fails: text(/\[fails: *([^\]]*)\]/),
		errors: text(/\[errors: *([^\]]*)\]/),
		moderated: prompt.includes('[moderated]'),
		refused: text(/\[refused: *([^\]]*)\]/),
		videoBytes: number(/\[video (\d+) bytes\]/),
		callbackMode: CALLBACK_MODES.find((known) => known === mode) ?? null,
	};
}
