/** What fal.ai answers: the state of a request, its result, failures and refusals, in words for people. Pure. */
import { answerReader, blankGeneration, endedAlready, firstText, firstUrl, isObject, isSuccess, jsonOf, notHere, statusReader, valueAt } from './answers';
import type { Refusal } from './answers';
import { modelOfEndpoint } from './fal.endpoints';
import { detailText } from './luma';
import type { Generation, GenerationRequest, JsonObject, JsonValue, Media, ProviderAnswer, Reading } from './provider';

export const DISPLAY_NAME = 'fal.ai';
export const DASHBOARD_URL = 'https://fal.ai/dashboard';

/** A locked account; there is no HTTP 402. */
const NO_MONEY = /exhausted balance|top[ _]up/i;

/** "Errors": the model's own `type`, in words for people. Others are shown as they are. */
const FAILURES: ReadonlyMap<string, string> = new Map([
	['client_cancelled', 'the request was canceled'],
	['content_policy_violation', 'content moderation refused the prompt, an input or the result'],
	['downstream_service_error', 'Luma refused the request'],
	['downstream_service_unavailable', 'Luma could not be reached; another try may work'],
	['face_detection_error', 'a face could not be found in an input'],
	['feature_not_supported', 'the model cannot do what was asked for'],
	['file_download_error', 'an input file could not be fetched from its address'],
	['file_too_large', 'an input file is too large'],
	['generation_timeout', 'the model took too long; another try may work'],
	['image_load_error', 'an input image could not be read'],
	['image_too_large', 'an input image has too many pixels'],
	['image_too_small', 'an input image has too few pixels'],
	['internal_server_error', 'the model stumbled; another try may work'],
	['no_media_generated', 'the model returned nothing'],
	['unsupported_image_format', 'an input image has a format that is not supported'],
	['unsupported_video_format', 'the input video has a format that is not supported'],
	['video_duration_too_long', 'the input video is too long'],
	['video_duration_too_short', 'the input video is too short'],
]);

/** The platform's `error_type`, or the model's `type` of its first finding. */
function codeOf(json: JsonValue | undefined): string | null {
	return firstText(valueAt(json, 'detail', 0, 'type'), valueAt(json, 'error_type'));
}

const KEY_ADVICE = 'Check the API key in the credential: key ID and secret with a colon between them, as made at https://fal.ai/dashboard/keys.';
const CREDIT_ADVICE = 'Add money at https://fal.ai/dashboard/billing.';

export const REFUSALS: readonly Refusal[] = [
	{ status: [401], advice: KEY_ADVICE },
	{ status: [402], advice: CREDIT_ADVICE },
	// A request that runs is not stopped when the account is locked: what is told is not its end.
	{
		status: [403],
		asked: ['generation'],
		says: NO_MONEY,
		kind: 'unavailable',
		message: `${DISPLAY_NAME} shows no generations while the account has no money`,
		advice: 'Add money at https://fal.ai/dashboard/billing; what was started is not lost.',
	},
	{ status: [403], says: NO_MONEY, kind: 'balance', advice: CREDIT_ADVICE },
	{
		status: [403],
		advice: `See ${DASHBOARD_URL}: the key needs the scope API, and HDR must be enabled for the account before it can be used. ${KEY_ADVICE}`,
	},
	{ status: [400, 422], code: /^content_policy_violation$/, kind: 'moderation' },
	notHere(DISPLAY_NAME, 'create', 'offer this model'),
	notHere(DISPLAY_NAME, 'account', 'list requests'),
	notHere(DISPLAY_NAME, 'file', 'accept files', "Check 'Base URL' in the credential. Or use the URL of a file on the web."),
	endedAlready(DISPLAY_NAME, 400),
	{
		status: [404],
		message: `${DISPLAY_NAME} does not have this generation`,
		advice: 'Check the generation ID and that it belongs to the account of this credential. Results are not kept for ever.',
	},
];

export const { read, problem } = answerReader({
	displayName: DISPLAY_NAME,
	refusals: REFUSALS,
	said: (json) => ({ text: detailText(json) ?? firstText(valueAt(json, 'error', 'message')), code: codeOf(json) }),
});

/** `CANCELED` and `FAILED` are in a third party's schema only. */
const statusOf = statusReader({ queued: ['in_queue'], completed: ['completed'], failed: ['canceled', 'cancelled', 'failed'] });

/** The reason that a status names: `error_type` and `error`. */
function statusReason(json: JsonValue | undefined): string | null {
	return [firstText(valueAt(json, 'error_type')), firstText(valueAt(json, 'error'))].filter((each) => each !== null).join(': ') || null;
}

function generationOf(json: JsonValue | undefined, generationId: string, word: string): Generation {
	const status = statusOf(word);
	return {
		...blankGeneration(generationId),
		status,
		failureReason: status === 'failed' ? statusReason(json) : null,
		raw: json as JsonObject,
	};
}

/** One entry of the history: its result as it was given. */
export function generationIn(row: JsonValue): Generation | null {
	const id = firstText(valueAt(row, 'request_id'));
	const model = modelOfEndpoint(firstText(valueAt(row, 'endpoint_id')));
	if (id === null || model === null) return null;
	const statusCode = valueAt(row, 'status_code');
	const hasEnded = typeof statusCode === 'number';
	const generation: Generation = {
		...generationOf(row, id, hasEnded ? 'COMPLETED' : 'IN_PROGRESS'),
		...(model.startsWith('uni-') ? { makes: 'image' as const } : {}),
		model,
		prompt: firstText(valueAt(row, 'json_input', 'prompt')),
		createdAt: firstText(valueAt(row, 'sent_at'), valueAt(row, 'started_at')),
		completedAt: firstText(valueAt(row, 'ended_at')),
	};
	if (!hasEnded) return generation;
	const output = valueAt(row, 'json_output') ?? {};
	const result = readResult({ statusCode, headers: {}, text: JSON.stringify(output) }, generation);
	// Whatever else a request ended with, it gave nothing.
	const ended = result.ok && result.value.status !== 'processing' ? result.value : { ...generation, status: 'failed' as const };
	return { ...ended, raw: generation.raw };
}

export function readCreated(answer: ProviderAnswer, request?: GenerationRequest): Reading<Generation> {
	return read(answer, 'create', (json) => {
		const id = valueAt(json, 'request_id');
		if (typeof id !== 'string' || id === '') return null;
		const makes = request?.makes === 'image' ? { makes: request.makes } : {};
		return { ...generationOf(json, id, firstText(valueAt(json, 'status')) ?? 'IN_QUEUE'), ...makes };
	});
}

/** Whether a request failed is told by its result only: a failed one is `COMPLETED` too. */
export function readStatus(answer: ProviderAnswer, generationId: string): Reading<Generation> {
	return read(answer, 'generation', (json) => {
		const word = valueAt(json, 'status');
		return typeof word === 'string' && word !== '' ? generationOf(json, generationId, word) : null;
	});
}

/** A model gives a video and perhaps its EXR files, or images. */
function mediaOf(json: JsonValue): Media[] {
	const images = valueAt(json, 'images');
	const files: Array<[Media['type'], JsonValue | undefined]> = [
		['video', valueAt(json, 'video')],
		['other', valueAt(json, 'exr_file')],
		...(Array.isArray(images) ? images : []).map((image): [Media['type'], JsonValue] => ['image', image]),
	];
	return files.flatMap(([type, file]) => {
		const url = firstUrl(valueAt(file, 'url'));
		return url === null ? [] : [{ url, type }];
	});
}

/** The generation with what its model gave. */
function withOutput(generation: Generation, output: JsonObject): Generation {
	const media = mediaOf(output);
	return {
		...generation,
		...(media.some(({ type }) => type === 'image') ? { makes: 'image' as const } : {}),
		videoUrl: media.find(({ type }) => type === 'video')?.url ?? null,
		media,
		raw: output,
	};
}

/** `type: words (text)`, as far as they are known. */
function failureReason(answer: ProviderAnswer, generation: Generation): string | null {
	const json = jsonOf(answer);
	const code = codeOf(json);
	const text = detailText(json)?.trim().replace(/\.$/, '') || null;
	const words = FAILURES.get(code ?? '');
	if (words) return `${code}: ${words}${text ? ` (${text})` : ''}`;
	return [code, text].filter((each) => each !== null).join(': ') || statusReason(generation.raw);
}

/** HTTP statuses that are about the account or the address and say nothing of the request. */
const NOT_ITS_END: readonly number[] = [401, 402, 403, 404, 405, 408, 409, 410, 429];

function isItsEnd(answer: ProviderAnswer, generation: Generation): boolean {
	const { statusCode } = answer;
	if (statusCode < 400 || NOT_ITS_END.includes(statusCode)) return false;
	// The service itself may have stumbled, unless the status told of the failure already.
	return statusCode < 500 || statusReason(generation.raw) !== null;
}

/**
 * The second read, after `COMPLETED`: the video or image, or the HTTP status and body with which the model ended.
 *
 * @param generation as the status has it
 */
export function readResult(answer: ProviderAnswer, generation: Generation): Reading<Generation> {
	const { statusCode } = answer;
	if (isSuccess(answer)) {
		return read(
			answer,
			'generation',
			(json) => (isObject(json) ? withOutput(generation, json) : null),
			'the result',
		);
	}
	if (!isItsEnd(answer, generation)) return { ok: false, problem: problem(answer, 'generation') };
	const json = jsonOf(answer);
	// Without a type it is the answer of a queue that is not ready, which its status may say a moment too early.
	if (statusCode === 400 && codeOf(json) === null && statusReason(generation.raw) === null) {
		return { ok: true, value: { ...generation, status: 'processing' } };
	}
	// "Pricing": errors of the service are free; what a model refused may be charged when it worked already.
	const isOwnFault = statusCode >= 500;
	return {
		ok: true,
		value: {
			...generation,
			status: 'failed',
			failureReason: failureReason(answer, generation),
			chargedWhenFailed: isOwnFault ? 'no' : 'unknown',
			...(isOwnFault ? { failureAdvice: `The fault lies with ${DISPLAY_NAME}, not with your fields: run this item again.` } : {}),
			raw: isObject(json) ? json : generation.raw,
		},
	};
}
