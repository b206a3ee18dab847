/**
 * fal.ai's storage as its official client uses it: a file is announced with the key at rest.fal.ai, and sent to an address
 * of its own without it; one of more than 90 MB in parts, which are then put together.
 */
import { createHash, randomBytes } from 'node:crypto';
import { isObject, keyHeadersIn, readJson, type Answer, type ApiRequest } from '../http';
import type { World } from '../provider';
import { describeProblem, findProblems, type Shape } from '../shape';

const INITIATE = /^\/storage\/upload\/initiate(-multipart)?$/;
const STORAGE = /^\/storage-files\/([0-9a-f]{16})(?:\/(\d+|complete))?$/;
const MAX_WHOLE_BYTES = 90 * 1024 ** 2;

const ANNOUNCEMENT: Shape = {
	type: 'object',
	fields: { content_type: { type: 'string', filled: true, required: true }, file_name: { type: 'string', filled: true, required: true } },
};

interface Upload {
	type: string;
	token: string;
	parts: Map<number, Buffer> | null;
}

export const isInitiation = (path: string): boolean => INITIATE.test(path);
export const isStorage = (path: string): boolean => STORAGE.test(path);

const tagOf = (data: Buffer): string => createHash('md5').update(data).digest('hex');

export class FalFiles {
	private readonly uploads = new Map<string, Upload>();

	constructor(
		private readonly world: World,
		private readonly detail: (status: number, text?: string) => Answer,
	) {}

	initiate(request: ApiRequest): Answer {
		if (request.method !== 'POST') return this.detail(405);
		if (request.query.get('storage_type') !== 'fal-cdn-v3') return this.detail(422, 'storage_type is not known');
		const reading = readJson(request);
		const problem = findProblems(reading.ok ? reading.value : undefined, ANNOUNCEMENT)[0];
		if (problem || !reading.ok || !isObject(reading.value)) return this.detail(422, problem ? describeProblem(problem) : 'invalid body');
		const id = randomBytes(8).toString('hex');
		const token = randomBytes(8).toString('hex');
		const isInParts = INITIATE.exec(request.path)?.[1] !== undefined;
		this.uploads.set(id, { type: String(reading.value.content_type), token, parts: isInParts ? new Map<number, Buffer>() : null });
		const origin = this.world.origin();
		return { status: 200, body: { upload_url: `${origin}/fal/storage-files/${id}?token=${token}`, file_url: `${origin}/media/uploads/${id}` } };
	}

	/** The storage itself, where no key belongs. */
	receive({ method, path, headers, query, body }: ApiRequest): Answer {
		const [, id = '', end] = STORAGE.exec(path) ?? [];
		const upload = this.uploads.get(id);
		if (!upload || query.get('token') !== upload.token) return this.detail(403, 'The address has expired');
		if (keyHeadersIn(headers).length > 0) return this.detail(403, 'The API key does not belong here');
		if (method !== (end === 'complete' ? 'POST' : 'PUT')) return this.detail(405);
		if (headers['content-length'] === undefined) return this.detail(411, 'The length must be told in advance');
		const { parts } = upload;
		if (!parts) {
			if (end !== undefined) return this.detail(404);
			if (headers['content-type'] !== upload.type) return this.detail(403, 'The type is not the one that was announced');
			if (body.length > MAX_WHOLE_BYTES) return this.detail(413, 'The file must be sent in parts');
			this.world.uploads.set(id, { data: body, type: upload.type });
			return { status: 200, body: {} };
		}
		if (end === undefined) return this.detail(404);
		if (end !== 'complete') {
			parts.set(Number(end), body);
			return { status: 200, body: { partNumber: Number(end), etag: tagOf(body) } };
		}
		const told: unknown = (JSON.parse(body.toString('utf8')) as { parts?: unknown }).parts;
		const right = [...parts].sort(([a], [b]) => a - b).map(([partNumber, data]) => ({ partNumber, etag: tagOf(data) }));
		if (JSON.stringify(told) !== JSON.stringify(right)) return this.detail(422, 'The parts are not those that were sent');
		this.world.uploads.set(id, { data: Buffer.concat(right.map(({ partNumber }) => parts.get(partNumber) ?? Buffer.alloc(0))), type: upload.type });
		return { status: 200, body: {} };
	}
}
