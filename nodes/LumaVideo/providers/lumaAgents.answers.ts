/** What Luma Agents answers: generations, failures and refusals, in words for people. Pure. */
import { z } from 'zod';
import { answerReader, firstText, firstUrl, isSuccess, jsonOf, problemOf } from './answers';
import type { Refusal } from './answers';
import { detailText, lenientText, statusOf } from './luma';
import type {
	Generation,
	GenerationRequest,
	ImageRequest,
	JsonObject,
	JsonValue,
	Media,
	Problem,
	Product,
	ProviderAnswer,
	Reading,
	VideoRequest,
} from './provider';

export const DISPLAY_NAME = 'Luma Agents';
export const DASHBOARD_URL = 'https://platform.lumalabs.ai';

const KEY_ADVICE =
	"Check the API key in the credential. Keys are made at platform.lumalabs.ai (they begin with 'luma-api-'). Dream Machine keys from lumalabs.ai/dream-machine/api/keys do not work here, nor the other way round: for those choose the provider 'Luma Dream Machine'.";

// Everything beyond is kept in `raw`.
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

/** "Error handling", machine-readable codes, in words for people. */
const failures = (makes: Product): Readonly<Record<string, string>> => ({
	content_moderated: 'content moderation refused the prompt, an input or the result',
	generation_failed: `the model could not make the ${makes}; another try may work`,
	budget_exhausted: `the account ran out of money while the ${makes} was made, a part of which may have been charged`,
	output_not_found: `the finished ${makes} could not be found; another try may work`,
	image_too_large: 'an input file is too large',
	unsupported_format: 'an input file has a format that is not supported',
	corrupt_input: 'an input file could not be decoded',
	invalid_request: 'the request was not valid',
	rate_limited: 'too many requests at the same time',
});

/** "FAQ": what is given back. Of the others nothing is said, and a part may be charged when the money runs out. */
const REFUNDED: readonly string[] = ['content_moderated', 'generation_failed', 'output_not_found'];

/** "Image generation", "Video editing" and "Video reframing": what inputs may be. */
const IMAGE_LIMITS = 'at most 50 MB and 8000 pixels a side';
export const IMAGE_HINT = `An image may have ${IMAGE_LIMITS}.`;
const LIMITS = `Images may have ${IMAGE_LIMITS}, videos at a web address at most 200 MB, and a video at most 18 seconds to modify, 30 to reframe.`;

const OTHER_FILE = { failureAdvice: 'Use another image or video, then run the workflow again.' };
const FAILURE_ADVICE: Readonly<Record<string, { failureAdvice: string }>> = {
	output_not_found: { failureAdvice: 'Run the workflow again.' },
	budget_exhausted: { failureAdvice: `Add money to the account at ${DASHBOARD_URL}, then run the workflow again.` },
	image_too_large: { failureAdvice: `Use a smaller file, then run the workflow again. ${LIMITS}` },
	unsupported_format: OTHER_FILE,
	corrupt_input: OTHER_FILE,
	invalid_request: { failureAdvice: "Check the node's fields, then run the workflow again." },
	rate_limited: { failureAdvice: 'Wait a few minutes, then run the workflow again.' },
};

function fetchAdvice(makes: Product): string {
	return `Check that its address opens without a login and leads to the file itself, not to a page that shows it; then run the workflow again. URLs of ${DISPLAY_NAME} itself work for an hour: operation 'Get' of resource 'Generation' reads a fresh one. Or choose 'Input Data' in ${makes === 'image' ? "'Image From' or 'Reference Images From'" : "'Images From' or 'Video From'"}, and n8n sends the file.`;
}

/** Whether a text says that an input could not be brought from its address. */
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
	// A code of moderation stands for itself, whatever words come with it.
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

/** How an EXR export is called is not documented, so the file's name goes before the word in `type`. */
function mediaType(type: string | null, url: string): Media['type'] {
	const extension = extensionOf(url);
	if (['exr', 'zip', 'tar'].includes(extension)) return 'other';
	if (type && /^video\b/i.test(type)) return 'video';
	if (type && /^image\b/i.test(type)) return 'image';
	return VIDEO_TYPES.has(extension) ? 'video' : 'other';
}

/** An edit was seen to call itself `image`, so the word's beginning counts; those that leave it out name their model. */
function productOf(type: string | null, model: string | null): Product {
	return (type ?? '').startsWith('image') || (type === null && (model ?? '').startsWith('uni-')) ? 'image' : 'video';
}

/** `whenSilent` is the state of a generation that names none; `null` where it must name one. */
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
		generationId: id,
		...(makes === 'image' ? { makes } : {}),
		status,
		model,
		// Answers do not repeat the request.
		prompt: null,
		videoUrl: media.find(({ type }) => type === 'video')?.url ?? null,
		media,
		createdAt: firstText(rest.created_at ?? null),
		completedAt: null,
		...(status === 'failed' ? failureOf(code, firstText(rest.failure_reason ?? null), makes) : { failureReason: null }),
		estimatedSeconds: null,
		chargedWhenFailed: status === 'failed' && code !== null && REFUNDED.includes(code) ? 'no' : 'unknown',
		raw: json as JsonObject,
	};
}

/** An answer with an id but without a state is a generation that was taken in. */
function readOrdered(answer: ProviderAnswer, request: GenerationRequest | undefined, makes: Product): Reading<Generation> {
	const failure = isSuccess(answer) ? null : notFetched(answer, request, makes);
	if (failure) return { ok: false, problem: failure };
	return read(answer, makes === 'image' ? 'createImage' : 'create', (json) => readGeneration(json, 'queued'));
}

export function readCreated(answer: ProviderAnswer, request?: VideoRequest): Reading<Generation> {
	return readOrdered(answer, request, 'video');
}

export function readCreatedImage(answer: ProviderAnswer, request?: ImageRequest): Reading<Generation> {
	return readOrdered(answer, request, 'image');
}

export function readStatus(answer: ProviderAnswer): Reading<Generation> {
	return read(answer, 'generation', (json) => readGeneration(json, null));
}

// ---------------------------------------------------------------------------------------------------------------
// Refusals

/** "Error handling", quick reference. For what is moderated at once no status is documented, so the text decides. */
export const REFUSALS: readonly Refusal[] = [
	{ status: [400, 403, 422], says: /moderat|content (policy|guideline)/i, kind: 'moderation' },
	{
		status: [422],
		says: /coming soon/i,
		message: `${DISPLAY_NAME} does not offer this combination to every account yet`,
		advice: "Choose a lower 'Resolution' or another 'Aspect Ratio', then run the workflow again.",
	},
	{ status: [400], advice: "Check the node's fields, then run the workflow again." },
	{ status: [401], advice: KEY_ADVICE },
	{ status: [402], advice: `Add money to the account at ${DASHBOARD_URL}, then run the workflow again.` },
	{
		status: [403],
		advice: `See ${DASHBOARD_URL}: the account must be active, and HDR must be enabled for it before it can be used. ${KEY_ADVICE}`,
	},
	// Asked for a generation, 404 means its id; asked to make one, it can only mean the address.
	{
		status: [404],
		asked: ['create'],
		message: `${DISPLAY_NAME} does not make videos at this address`,
		advice: "Check 'Base URL' in the credential.",
	},
	{
		status: [404],
		asked: ['createImage'],
		message: `${DISPLAY_NAME} does not make images at this address`,
		advice: "Check 'Base URL' in the credential.",
	},
	{
		status: [404],
		asked: ['file'],
		message: `${DISPLAY_NAME} does not take files at this address`,
		advice: "Check 'Base URL' in the credential.",
	},
	{
		status: [413],
		message: `${DISPLAY_NAME} refused the request because a file is too large`,
		advice: `Use smaller files, then run the workflow again. ${LIMITS}`,
	},
	{ status: [422], asked: ['file'], advice: 'Use another file, or the URL of a file on the web.' },
	{
		status: [422],
		advice:
			'Check which fields are set together, and that every image and video opens without a login and is a valid file. Generations that are used as a source must be completed and belong to the account of this credential.',
	},
];

export const { read } = answerReader({
	displayName: DISPLAY_NAME,
	refusals: REFUSALS,
	said: (json) => ({ text: detailText(json) }),
});

/** Inputs of a body by their paths, as fields that a person filled in. */
function inputAt(path: string, request: GenerationRequest | undefined): string {
	if (path === 'image_ref') return "'Reference Images'";
	if (request?.makes === 'image') return request.source?.kind === 'url' ? "'Image URL'" : 'the image';
	if (path === 'source') return request?.source?.kind === 'url' ? "'Video URL'" : 'the video';
	if (path.endsWith('start_frame')) return "'Start Image'";
	if (path.endsWith('end_frame')) return "'End Image'";
	// A start image of a long video goes out as a keyframe.
	if (path.includes('keyframes')) return request?.startImage && request.keyframes.length === 0 ? "'Start Image'" : "'Keyframes'";
	return 'an image';
}

const INPUT_PATH = /\b(source|video\.(?:start_frame|end_frame|(?:edit\.)?keyframes)|image_ref)\b/;

/**
 * An input that could not be fetched from its address: 422 as a rule, 502 too. Where the answer names the input, the
 * request was looked at and refused, so nothing was bought.
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
