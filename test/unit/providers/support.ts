/** What the provider tests share. */
import { blankRequest } from '../../../nodes/LumaVideo/providers/provider';
import type {
	Exclusion,
	Generation,
	ImageReference,
	JsonObject,
	ProviderAnswer,
	SourceReference,
	VideoRequest,
} from '../../../nodes/LumaVideo/providers/provider';

export const START = 'https://images.example/start.jpg';
export const END = 'https://images.example/end.png';
export const VIDEO = 'https://media.example/out.mp4';
export const SOURCE_VIDEO = 'https://media.example/source.mp4';
export const HOOK = 'https://n8n.example/webhook/abc';

/** An answer with a JSON body, or with a text as it is. */
export function answer(statusCode: number, body: unknown, headers: Record<string, string> = {}): ProviderAnswer {
	return { statusCode, headers, text: typeof body === 'string' ? body : JSON.stringify(body) };
}

/** What a request says that cannot be said together. */
export function findingsOf<Request>(exclusions: ReadonlyArray<Exclusion<Request>> = [], request: Request): Array<{ field: string; finding: string }> {
	return exclusions.filter(({ when }) => when(request)).map(({ field, finding }) => ({ field, finding }));
}

type Image = ImageReference | string;

/** Fields of a request; a reference can be written as its text, a source as what it is. */
export interface RequestFields extends Partial<Omit<VideoRequest, 'endImage' | 'keyframes' | 'startImage'>> {
	/** A web address, or `data:…;base64,…`. */
	startImage?: Image | null;
	endImage?: Image | null;
	keyframes?: ReadonlyArray<{ image: Image; index: number }>;
	sourceGenerationId?: string | null;
	sourceVideo?: string;
	targetGenerationId?: string;
}

function imageOf(given: Image): ImageReference {
	if (typeof given !== 'string') return given;
	const [, mimeType, base64] = /^data:([^;,]+);base64,(.*)$/s.exec(given) ?? [];
	return mimeType !== undefined && base64 !== undefined
		? { kind: 'data', mimeType, base64 }
		: { kind: 'url', url: given };
}

/** A request that sets nothing but a prompt. */
export function request(model: string, fields: RequestFields = {}): VideoRequest {
	const { startImage, endImage, keyframes = [], sourceGenerationId, sourceVideo, targetGenerationId, ...set } = fields;
	const generationOf = (generationId: string): SourceReference => ({ kind: 'generation', generationId });
	return {
		...blankRequest('generate', model),
		prompt: 'A red kite over the sea',
		startImage: startImage ? imageOf(startImage) : null,
		endImage: endImage ? imageOf(endImage) : null,
		source: sourceGenerationId ? generationOf(sourceGenerationId) : sourceVideo ? { kind: 'url', url: sourceVideo } : null,
		target: targetGenerationId ? generationOf(targetGenerationId) : null,
		keyframes: keyframes.map(({ image, index }) => ({ image: imageOf(image), index })),
		...set,
	};
}

/** A generation of which nothing is known but what is set; `raw` is the answer's body. */
export function generation(raw: JsonObject, set: Partial<Generation>): Generation {
	return {
		generationId: '',
		status: 'processing',
		model: null,
		prompt: null,
		videoUrl: null,
		media: [],
		createdAt: null,
		completedAt: null,
		failureReason: null,
		estimatedSeconds: null,
		chargedWhenFailed: 'unknown',
		raw,
		...set,
	};
}

export const video = (url: string) => ({ videoUrl: url, media: [{ url, type: 'video' as const }] });

/** Answers that are no JSON of any provider, with the words that a message must have for them. */
export const BAD_TEXTS: ReadonlyArray<[string, string, string]> = [
	['a page of HTML', '<!doctype html><title>Sign in</title>', 'a web page'],
	['nothing', '', 'an empty answer'],
	['white space', ' \n ', 'an empty answer'],
	['JSON that is cut off', '{"id":"abc","request_id":"abc","data":{"task_id":"a', 'an unknown answer'],
	['a JSON text', '"fine"', 'an unknown answer'],
	['a JSON list', '[]', 'an unknown answer'],
	['an empty JSON object', '{}', 'an unknown answer'],
	['JSON null', 'null', 'an unknown answer'],
];
