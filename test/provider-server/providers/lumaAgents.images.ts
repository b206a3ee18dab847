/** What Luma Agents accepts of a request for an image: the guides "Image generation" and "Image editing". */
import { isObject, type JsonObject } from '../http';
import type { Account, Refusal } from './lumaAgents.requests';
import { brokenFile, unreachable } from './lumaAgents.requests';

const ASPECT_RATIOS = ['3:1', '2:1', '16:9', '3:2', '1:1', '2:3', '9:16', '1:2', '1:3'];
const PORTRAIT = ['2:3', '9:16', '1:2', '1:3'];
const MAX_REFERENCES = { image: 9, image_edit: 8 };
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

const isSet = (value: unknown): boolean => value !== undefined && value !== null;

/** The first documented rule that a well-formed request for an image breaks. */
export function brokenImageRule(
	type: 'image' | 'image_edit',
	body: JsonObject,
	account: Account,
): Refusal | null {
	const detail = brokenCombination(type, body);
	if (detail !== null) return { status: 422, detail };
	const references = Array.isArray(body.image_ref) ? (body.image_ref as unknown[]) : [];
	const named = [['source', body.source] as const, ...references.map((each, n) => [`image_ref[${n}]`, each] as const)];
	for (const [name, reference] of named) {
		if (!isObject(reference)) continue;
		const broken = brokenReference(name, reference, account);
		if (broken) return broken;
	}
	return null;
}

function brokenCombination(type: 'image' | 'image_edit', body: JsonObject): string | null {
	const { aspect_ratio: ratio, image_ref: references, source, style, video } = body;
	if (isSet(video)) return `video is not supported for type=${type}`;
	if (type === 'image' && isSet(source)) return 'source is not supported for type=image';
	if (type === 'image_edit' && !isSet(source)) return 'source is required for type=image_edit';
	if (isSet(ratio) && !ASPECT_RATIOS.includes(String(ratio))) return `aspect_ratio ${String(ratio)} is not supported for type=${type}`;
	const most = MAX_REFERENCES[type];
	if (Array.isArray(references) && references.length > most) return `image_ref must have at most ${most} images for type=${type}`;
	if (style !== 'manga') return null;
	if (type !== 'image') return `style=manga is not supported for type=${type}`;
	return PORTRAIT.includes(String(ratio)) ? null : `style=manga requires an aspect_ratio of ${PORTRAIT.join(', ')}`;
}

/** "Exactly one of url, inline base64 data, or generation_id", or a file; unlike a video's, an image's address needs no type. */
function brokenReference(
	name: string,
	reference: JsonObject,
	{ findGeneration, findFile, maxImageBytes }: Account,
): Refusal | null {
	const refusal = (status: Refusal['status'], text: string): Refusal => ({ status, detail: `${name}: ${text}` });
	const ways = ['url', 'data', 'generation_id', 'file_id'].filter((way) => isSet(reference[way]));
	if (ways.length !== 1) return refusal(422, 'exactly one of url, data, generation_id, file_id is required');
	const [way = ''] = ways;
	const value = String(reference[way]);
	if (way === 'file_id') return brokenFile(name, findFile(value), 'image/');
	if (way === 'generation_id') {
		if (!UUID.test(value)) return refusal(400, 'generation_id must be a UUID');
		const made = findGeneration(value);
		if (!made) return refusal(422, `generation ${value} not found`);
		if (made.status !== 'completed') return refusal(422, `generation ${value} is not completed`);
		return made.operation.startsWith('image') ? null : refusal(422, `generation ${value} has no image output`);
	}
	const type = isSet(reference.media_type) ? String(reference.media_type) : null;
	if (type === null && way === 'data') return refusal(422, 'media_type is required with data');
	if (type !== null && !type.startsWith('image/')) return refusal(422, 'media_type must be image/*');
	if (way === 'url') return unreachable(name, value);
	if (!/^(?:[a-z0-9+/]{4})*(?:[a-z0-9+/]{2}==|[a-z0-9+/]{3}=)?$/i.test(value)) return refusal(422, 'data is not valid base64');
	return Buffer.byteLength(value, 'base64') > maxImageBytes
		? refusal(413, `image exceeds ${Math.round(maxImageBytes / 1024 / 1024)} MB limit`)
		: null;
}
