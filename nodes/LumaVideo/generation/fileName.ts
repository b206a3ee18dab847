/** Names of downloaded files. */

const MAX_LENGTH = 100;
/** How much of a prompt is in a name. */
const MAX_PROMPT = 50;
/** How much of an ID: its end, since some begin with the time or a fixed word. */
const ID_END = 8;

/** Endings that a user may have written, to be replaced with the file's own. */
const EXTENSION = /\.(?:mp4|webm|mov|jpe?g|png|webp)$/i;

/** Without what a file system may refuse: separators, reserved and invisible characters, dots and spaces at the ends. */
function safe(name: string): string {
	return name
		.replace(/[\\/:*?"<>|\p{C}]+/gu, '-')
		.replace(/^[\s.]+/, '')
		.slice(0, MAX_LENGTH)
		.replace(/[\s.]+$/, '');
}

/** A prompt in lower-case letters, digits and hyphens of ASCII, cut between words: not every store takes others. */
function slug(prompt: string): string {
	const words = prompt.normalize('NFKD').replace(/[\u0300-\u036f'’]/g, '').toLowerCase().match(/[a-z0-9]+/g) ?? [];
	const whole = words.join('-');
	return whole.length <= MAX_PROMPT ? whole : whole.slice(0, MAX_PROMPT + 1).replace(/-[^-]*$/, '').slice(0, MAX_PROMPT);
}

/**
 * The name of a file without its extension: `a-red-kite-rises-9f3b2c1d`.
 *
 * @param given by the user; empty or unusable: it is made from the prompt and the ID
 */
export function fileNameOf(given: string, prompt: string | null, generationId: string): string {
	const own = safe(given.replace(EXTENSION, ''));
	if (own !== '') return own;
	const start = slug(prompt ?? '');
	const end = generationId.replace(/[^a-z0-9]/gi, '').slice(-ID_END);
	return start === '' ? `luma-${generationId}`.slice(0, MAX_LENGTH) : `${start}-${end}`;
}
