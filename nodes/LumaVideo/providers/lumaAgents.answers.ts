/** Luma Agents' answers: generations, failures and refusals, in plain English. Pure. */
import { z } from 'zod';
import { answerReader, blankGeneration, firstText, firstUrl, isSuccess, jsonOf, notHere, problemOf } from './answers';
import type { Refusal } from './answers';
import { detailText, lenientText, statusOf } from './luma';
import type {
	Generation,
	GenerationRequest,
	JsonObject,
	JsonValue,
	Media,
	Problem,
	Product,
	ProviderAnswer,
	Reading,
} from './provider';

export const DISPLAY_NAME = 'Luma Agents';
export const DASHBOARD_URL = 'https://platform.lumalabs.ai';

const KEY_ADVICE =
	"Check the API key in the credential. Create keys at platform.lumalabs.ai (they begin with 'luma-api-'). Dream Machine keys from lumalabs.ai/dream-machine/api/keys work only with the provider 'Luma Dream Machine'.";

// Everything else is kept in `raw`.
const generationSchema = z.object({
	id: z.string().min(1),
	type: lenientText,
	state: lenientText,
	model: lenientText,
	created_at: lenientText,
	failure_code: lenientText,
	failure_reason: lenientText,
	output: z
		.array(z.object({ type: lenientText, url: lenientText }).catch({ type: null, url: null }))
		.nullish()
		.catch(null),
});

// ---------------------------------------------------------------------------------------------------------------
// Failures

/** "Error handling", machine-readable codes, in plain English. */
const failures = (makes: Product): Readonly<Record<string, string>> => ({
	content_moderated: 'content moderation refused the prompt, an input or the result',
	generation_failed: `the model could not generate the ${makes}; another try may work`,
	budget_exhausted: `the account ran out of money during generation, a part of which may have been charged`,
	output_not_found: `the finished ${makes} could not be found; another try may work`,
	image_too_large: 'an input file is too large',
	unsupported_format: 'an input file has a format that is not supported',
	corrupt_input: 'an input file could not be decoded',
	invalid_request: 'the request was not valid',
	rate_limited: 'too many requests at the same time',
});

/** "FAQ": refunded codes. It says nothing about the others; a part may be charged when the money runs out. */
const REFUNDED: readonly string[] = ['content_moderated', 'generation_failed', 'output_not_found'];

/** "Image generation", "Video editing" and "Video reframing": limits of inputs. */
const IMAGE_LIMITS = '50 MB and 8000 pixels per side';
export const IMAGE_HINT = `Images are limited to ${IMAGE_LIMITS}.`;
const LIMITS = `${IMAGE_HINT} Videos at a web address are limited to 200 MB, and to 18 seconds to modify or 30 to reframe.`;

const OTHER_FILE = { failureAdvice: 'Use another image or video, then run this item again.' };
const FAILURE_ADVICE: Readonly<Record<string, { failureAdvice: string }>> = {
	output_not_found: { failureAdvice: 'Run this item again.' },
	budget_exhausted: { failureAdvice: `Add money to the account at ${DASHBOARD_URL}, then run this item again.` },
	image_too_large: { failureAdvice: `Use a smaller file, then run this item again. ${LIMITS}` },
	unsupported_format: OTHER_FILE,
	corrupt_input: OTHER_FILE,
	invalid_request: { failureAdvice: "Check the node's fields, then run this item again." },
	rate_limited: { failureAdvice: 'Wait a few minutes, then run this item again.' },
};

function fetchAdvice(makes: Product): string {
	return `Check that its address opens without a login and leads to the file itself, not to a page that shows it. URLs from ${DISPLAY_NAME} work for an hour: operation 'Get' of resource 'Generation' returns a fresh one. Or choose 'Input Data' in ${makes === 'image' ? "'Image From' or 'Reference Images From'" : "'Images From' or 'Video From'"} to let n8n send the file.`;
}

/** Whether a text says that an input could not be downloaded. */
function saysNotFetched(text: string): boolean {
	const isAboutFetching = /\b(fetch|download|retriev)/i.test(text);
	return isAboutFetching && /\b(fail|could not|cannot|can't|unable|unavailable|not |timed? ?out|refused|denied|forbidden|error)/i.test(text);
}

interface FailureTexts {
	failureReason: string | null;
	failureAdvice?: string;
}

/** `content_moderated: content moderation refused the prompt, an input or the result (their own words)`. */
function failureOf(code: string | null, reason: string | null, makes: Product): FailureTexts {
	// A moderation code is decisive, whatever its text says.
	const notFetched = code !== 'content_moderated' && saysNotFetched(reason ?? '');
	const texts = failures(makes);
	const known = code !== null && Object.hasOwn(texts, code) ? texts[code] : null;
	const words = notFetched ? 'an image or a video could not be fetched' : known;
	const own = reason?.trim().replace(/\.$/, '') ?? '';
	const said = words ? (own ? `${words} (${own})` : words) : own;
	const advice = code !== null && Object.hasOwn(FAILURE_ADVICE, code) ? FAILURE_ADVICE[code] : undefined;
	return {
		failureReason: code ? (said ? `${code}: ${said}` : code) : (notFetched ? said : reason),
		...(notFetched ? { failureAdvice: fetchAdvice(makes) } : advice),
	};
}

// ---------------------------------------------------------------------------------------------------------------
// Generations

/** The path of a presigned URL ends with the file's name. */
export function extensionOf(url: string): string {
	return /\.([a-z0-9]+)$/i.exec(url.replace(/[?#].*$/, ''))?.[1]?.toLowerCase() ?? '';
}

/** Media types of videos, by extension. */
export const VIDEO_TYPES: ReadonlyMap<string, string> = new Map([
	['m4v', 'video/x-m4v'],
	['mkv', 'video/x-matroska'],
	['mov', 'video/quicktime'],
	['mp4', 'video/mp4'],
	['webm', 'video/webm'],
]);

/** The type of an EXR export is not documented, so the file's extension takes precedence over `type`. */
function mediaType(type: string | null, url: string): Media['type'] {
	const extension = extensionOf(url);
	if (['exr', 'zip', 'tar'].includes(extension)) return 'other';
	if (type && /^video\b/i.test(type)) return 'video';
	if (type && /^image\b/i.test(type)) return 'image';
	return VIDEO_TYPES.has(extension) ? 'video' : 'other';
}

/** An edit was seen to call itself `image`, so only the prefix counts; answers without a type have their model. */
function productOf(type: string | null, model: string | null): Product {
	return (type ?? '').startsWith('image') || (type === null && (model ?? '').startsWith('uni-')) ? 'image' : 'video';
}

/** @param whenSilent the state if there is none in the answer; `null`: it must have one */
function readGeneration(json: JsonValue | undefined, whenSilent: string | null): Generation | null {
	const parsed = generationSchema.safeParse(json);
	if (!parsed.success) return null;
	const { id, output, ...rest } = parsed.data;
	const state = firstText(rest.state ?? null) ?? whenSilent;
	if (!state) return null;
	const media = (output ?? []).flatMap(({ type, url }): Media[] => {
		const address = firstUrl(url ?? null);
		return address ? [{ url: address, type: mediaType(type ?? null, address) }] : [];
	});
	const status = statusOf(state);
	const code = firstText(rest.failure_code ?? null);
	const model = firstText(rest.model ?? null);
	const makes = productOf(firstText(rest.type ?? null), model);
	return {
		// Answers do not repeat the request.
		...blankGeneration(id),
		...(makes === 'image' ? { makes } : {}),
		status,
		model,
		videoUrl: media.find(({ type }) => type === 'video')?.url ?? null,
		media,
		createdAt: firstText(rest.created_at ?? null),
		...(status === 'failed' ? failureOf(code, firstText(rest.failure_reason ?? null), makes) : {}),
		chargedWhenFailed: status === 'failed' && code !== null && REFUNDED.includes(code) ? 'no' : 'unknown',
		raw: json as JsonObject,
	};
}

/** An answer with an id but no state is an accepted generation. */
export function readCreated(answer: ProviderAnswer, request?: GenerationRequest): Reading<Generation> {
	const makes = request?.makes ?? 'video';
	const failure = isSuccess(answer) ? null : notFetched(answer, request, makes);
	if (failure) return { ok: false, problem: failure };
	return read(answer, makes === 'image' ? 'createImage' : 'create', (json) => readGeneration(json, 'queued'));
}

export function readStatus(answer: ProviderAnswer): Reading<Generation> {
	return read(answer, 'generation', (json) => readGeneration(json, null));
}

// ---------------------------------------------------------------------------------------------------------------
// Refusals

/** "Error handling", quick reference. No status is documented for immediate moderation, so the text decides. */
export const REFUSALS: readonly Refusal[] = [
	{ status: [400, 403, 422], says: /moderat|content (policy|guideline)/i, kind: 'moderation' },
	{
		status: [422],
		says: /coming soon/i,
		message: `${DISPLAY_NAME} does not offer this combination to every account yet`,
		advice: "Choose a lower 'Resolution' or another 'Aspect Ratio'.",
	},
	{ status: [401], advice: KEY_ADVICE },
	{ status: [402], advice: `Add money to the account at ${DASHBOARD_URL}.` },
	{
		status: [403],
		advice: `Check at ${DASHBOARD_URL} that the account is active and, if you use HDR, that it is enabled. ${KEY_ADVICE}`,
	},
	// For a read, 404 refers to the id; for a create, it can only refer to the address.
	notHere(DISPLAY_NAME, 'create', 'generate videos'),
	notHere(DISPLAY_NAME, 'createImage', 'generate images'),
	notHere(DISPLAY_NAME, 'file', 'accept files'),
	{
		status: [413],
		message: `${DISPLAY_NAME} refused the request because a file is too large`,
		advice: `Use smaller files. ${LIMITS}`,
	},
	{ status: [422], asked: ['file'], advice: 'Use another file, or the URL of a file on the web.' },
	{
		status: [422],
		advice:
			'Check the combination of fields, and that every image and video opens without a login and is a valid file. Source generations must be completed and belong to the account of this credential.',
	},
];

export const { read } = answerReader({
	displayName: DISPLAY_NAME,
	refusals: REFUSALS,
	said: (json) => ({ text: detailText(json) }),
});

/** The panel's field for an input, by its path in the body. */
function inputAt(path: string, request: GenerationRequest | undefined): string {
	if (path === 'image_ref') return "'Reference Images'";
	if (request?.makes === 'image') return request.source?.kind === 'url' ? "'Image URL'" : 'the image';
	if (path === 'source') return request?.source?.kind === 'url' ? "'Video URL'" : 'the video';
	if (path.endsWith('start_frame')) return "'Start Image'";
	if (path.endsWith('end_frame')) return "'End Image'";
	// The start image of a long video is sent as a keyframe.
	if (path.includes('keyframes')) return request?.startImage && request.keyframes.length === 0 ? "'Start Image'" : "'Keyframes'";
	return 'an image';
}

const INPUT_PATH = /\b(source|video\.(?:start_frame|end_frame|(?:edit\.)?keyframes)|image_ref)\b/;

/**
 * An input that could not be downloaded: usually 422, sometimes 502. If the answer names the input, the request was
 * examined and refused, so nothing was bought.
 */
function notFetched(answer: ProviderAnswer, request: GenerationRequest | undefined, makes: Product): Problem | null {
	const providerText = detailText(jsonOf(answer)) ?? '';
	const path = INPUT_PATH.exec(providerText)?.[1];
	if (![400, 422, 502, 503].includes(answer.statusCode) || path === undefined || !saysNotFetched(providerText)) return null;
	const input = inputAt(path, request);
	return problemOf('invalidRequest', answer, {
		displayName: DISPLAY_NAME,
		providerText,
		message: `${DISPLAY_NAME} could not fetch ${input}`,
		advice: fetchAdvice(makes),
	});
}
