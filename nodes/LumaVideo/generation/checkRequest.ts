/**
 * Checking what a user asked for before anything is sent: types with zod, then what the provider and the model can do
 * by the capability table. Pure.
 */
import { z } from 'zod';
import type { Capabilities, FrameMode, JsonObject, ModelCapabilities, Provider, VideoRequest } from '../providers/provider';
import { isLocalHost, parseHttpUrl } from '../transport/address';
import { callbackFinding } from '../transport/callbackAddress';

/** The name of every field as the panel shows it: messages and parameters use the same words. */
export const FIELD_NAMES = {
	additionalBodyFields: 'Additional Body Fields',
	aspectRatio: 'Aspect Ratio',
	callbackMode: 'Callback Mode',
	callbackUrl: 'Callback URL',
	cameraMotion: 'Camera Motion',
	concepts: 'Concepts',
	duration: 'Duration',
	endImage: 'End Image',
	expandPrompt: 'Expand Prompt',
	generationId: 'Generation ID',
	loop: 'Loop',
	model: 'Model',
	modelId: 'Model ID',
	prompt: 'Prompt',
	promptOptimization: 'Translate Prompt',
	resolution: 'Resolution',
	startImage: 'Start Image',
} as const;

type FieldName = keyof typeof FIELD_NAMES;

const optionalText = z.string().nullish();

/** Field values as n8n hands them over: an expression can yield anything. */
const inputSchema = z.object({
	model: z.string(),
	prompt: optionalText,
	startImage: optionalText,
	endImage: optionalText,
	aspectRatio: optionalText,
	resolution: optionalText,
	duration: optionalText,
	loop: z.boolean().nullish(),
	cameraMotion: optionalText,
	concepts: z.array(z.string()).nullish(),
	expandPrompt: z.boolean().nullish(),
	modelId: optionalText,
	promptOptimization: z.boolean().nullish(),
	additionalBodyFields: z.union([z.string(), z.record(z.string(), z.unknown())]).nullish(),
	callbackMode: optionalText,
	callbackUrl: optionalText,
});

const EXPECTED: Partial<Record<FieldName, string>> = {
	loop: 'true or false',
	expandPrompt: 'true or false',
	promptOptimization: 'true or false',
	concepts: 'a list of texts',
	additionalBodyFields: 'a JSON object',
};

export interface CheckOptions {
	/** Whether the provider itself is in a private network, so that private addresses make sense. */
	allowLocalAddresses: boolean;
}

export type CheckResult = { ok: true; request: VideoRequest } | { ok: false; findings: string[] };

function kindOf(field: FieldName, value: unknown): string {
	if (value === undefined) return 'not set';
	if (value === null) return 'null';
	if (Array.isArray(value)) return field === 'concepts' ? 'a list with other things in it' : 'a list';
	if (typeof value === 'object') return 'an object';
	return typeof value === 'string' ? 'text' : `a ${typeof value}`;
}

function named(field: FieldName): string {
	return `'${FIELD_NAMES[field]}'`;
}

function text(value: string | null | undefined): string | null {
	const trimmed = value?.trim() ?? '';
	return trimmed === '' ? null : trimmed;
}

function frameMode(start: string | null, end: string | null): FrameMode {
	if (start) return end ? 'startAndEnd' : 'start';
	return end ? 'end' : 'none';
}

/** How a person would say which images are allowed. */
function frameFinding(mode: FrameMode, model: ModelCapabilities, provider: Provider): string | null {
	if (model.frames.includes(mode)) return null;
	const where = `${model.name} at ${provider.displayName}`;
	if (mode === 'none') return `${named('startImage')} is missing: ${where} makes videos from images only`;
	if (mode === 'end') return `${named('endImage')} needs ${named('startImage')} with ${where}`;
	if (mode === 'start') return `${named('startImage')} is not possible with ${where}`;
	return `${named('startImage')} and ${named('endImage')} together are not possible with ${where}`;
}

/** The value when the model allows it; a finding when not. A field the model does not have must be unset. */
function choice<T extends string>(
	field: FieldName,
	value: string | null,
	allowed: readonly T[],
	model: ModelCapabilities,
	provider: Provider,
	findings: string[],
): T | null {
	if (value === null) return null;
	const match = allowed.find((candidate) => candidate === value);
	if (match) return match;
	const where = `${model.name} at ${provider.displayName}`;
	findings.push(
		allowed.length === 0
			? `${named(field)} cannot be chosen for ${where}; leave it out`
			: `${named(field)} cannot be ${value} for ${where}. Allowed: ${allowed.join(', ')}`,
	);
	return null;
}

function checkImage(
	field: 'startImage' | 'endImage',
	value: string | null,
	options: CheckOptions,
	findings: string[],
): string | null {
	if (value === null) return null;
	const url = parseHttpUrl(value);
	if (!url) {
		findings.push(`${named(field)} must be a web address beginning with https:// or http://`);
	} else if (isLocalHost(url.hostname) && !options.allowLocalAddresses) {
		findings.push(`${named(field)} is at ${url.hostname}, which the provider cannot reach; use a public web address`);
	}
	return value;
}

function checkPrompt(
	{ prompt, cameraMotion, startImage, endImage }: VideoRequest,
	rules: Capabilities['prompt'],
	findings: string[],
): void {
	if (prompt === '' && !(rules.optionalWithImage && (startImage ?? endImage))) {
		findings.push(`${named('prompt')} is empty`);
		return;
	}
	// The limits are the provider's, so they hold for the text that is sent.
	const sent = [prompt, cameraMotion ?? ''].filter(Boolean).join(', ');
	if (sent === '') return;
	// Counted as a person counts: an emoji is one character.
	const { length } = Array.from(sent);
	if (rules.minLength !== null && length < rules.minLength) {
		findings.push(`${named('prompt')} has ${length} characters; at least ${rules.minLength} are needed`);
	}
	if (rules.maxLength !== null && length > rules.maxLength) {
		findings.push(`${named('prompt')} has ${length} characters; at most ${rules.maxLength} are allowed`);
	}
}

function bodyFields(value: string | Record<string, unknown> | null | undefined, findings: string[]): JsonObject {
	if (value === null || value === undefined) return {};
	let parsed: unknown = value;
	if (typeof value === 'string') {
		if (value.trim() === '') return {};
		try {
			parsed = JSON.parse(value);
		} catch {
			findings.push(`${named('additionalBodyFields')} is no valid JSON`);
			return {};
		}
	}
	if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
		findings.push(`${named('additionalBodyFields')} must be a JSON object`);
		return {};
	}
	return parsed as JsonObject;
}

/**
 * Checks the field values of one item.
 *
 * @param input field values by their parameter names; unset or hidden fields are absent, `null` or empty
 * @returns the request, or one finding per field that stands in the way, each naming the field
 */
export function checkRequest(provider: Provider, input: Record<string, unknown>, options: CheckOptions): CheckResult {
	const parsed = inputSchema.safeParse(input);
	if (!parsed.success) {
		const fields = new Set(parsed.error.issues.map((issue) => String(issue.path[0]) as FieldName));
		return {
			ok: false,
			findings: [...fields].map(
				(field) => `${named(field)} must be ${EXPECTED[field] ?? 'text'}, but it is ${kindOf(field, input[field])}`,
			),
		};
	}
	const value = parsed.data;
	const { capabilities } = provider;
	const findings: string[] = [];

	const model = capabilities.models.find((candidate) => candidate.value === value.model);
	if (!model) {
		const allowed = capabilities.models.map((candidate) => candidate.value).join(', ');
		return {
			ok: false,
			findings: [`${named('model')} cannot be ${value.model || 'empty'} at ${provider.displayName}. Allowed: ${allowed}`],
		};
	}

	const startImage = checkImage('startImage', text(value.startImage), options, findings);
	const endImage = checkImage('endImage', text(value.endImage), options, findings);
	const frames = frameFinding(frameMode(startImage, endImage), model, provider);
	if (frames) findings.push(frames);

	const loop = value.loop === true;
	if (loop && model.loop === 'never') {
		findings.push(`${named('loop')} is not possible with ${model.name} at ${provider.displayName}; switch it off`);
	}
	if (loop && model.loop === 'withoutEndImage' && endImage) {
		findings.push(`${named('loop')} is not possible together with ${named('endImage')}; use one of the two`);
	}

	const extra = <T>(field: (typeof capabilities.extras)[number], given: T | null): T | null => {
		if (given !== null && !capabilities.extras.includes(field)) {
			findings.push(`${named(field)} is not possible at ${provider.displayName}; leave it out`);
		}
		return given;
	};
	const concepts = [...new Set((value.concepts ?? []).map((concept) => concept.trim()).filter(Boolean))];
	const request: VideoRequest = {
		model: model.value,
		prompt: value.prompt?.trim() ?? '',
		startImage,
		endImage,
		aspectRatio: choice('aspectRatio', text(value.aspectRatio), model.aspectRatios, model, provider, findings),
		resolution: choice('resolution', text(value.resolution), model.resolutions, model, provider, findings),
		duration: choice('duration', text(value.duration), model.durations, model, provider, findings),
		loop,
		cameraMotion: extra('cameraMotion', text(value.cameraMotion)),
		concepts: extra('concepts', concepts.length > 0 ? concepts : null) ?? [],
		expandPrompt: extra('expandPrompt', value.expandPrompt ?? null),
		modelId: extra('modelId', text(value.modelId)),
		promptOptimization: extra('promptOptimization', value.promptOptimization ?? null),
		additionalBodyFields: bodyFields(value.additionalBodyFields, findings),
		callback: null,
	};

	checkPrompt(request, capabilities.prompt, findings);

	const callbackMode = extra('callbackMode', text(value.callbackMode));
	const callbackUrl = text(value.callbackUrl);
	if (callbackUrl !== null) {
		const finding = callbackFinding(provider, callbackUrl, options.allowLocalAddresses);
		if (finding) findings.push(`${named('callbackUrl')} ${finding}`);
		else request.callback = { url: callbackUrl, mode: callbackMode === 'progress' ? 'progress' : 'terminal' };
	}
	return findings.length > 0 ? { ok: false, findings } : { ok: true, request };
}
