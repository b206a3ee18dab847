/**
 * The Files API of Luma Agents: a file is announced, sent to a storage of its own without the key, declared complete, and
 * ready some time later. Sending a small file as a form in one call is documented too; no client here does it.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { isObject, keyHeadersIn, readJson, type Answer, type ApiRequest, type JsonObject } from '../http';
import type { World } from '../provider';
import { describeProblem, findProblems, type Shape } from '../shape';

const MAX_BYTES = 5 * 1024 ** 3;
const UPLOAD_MS = 60 * 60 * 1000;
const ONE = /^\/files\/([^/]+)$/;
const COMPLETE = /^\/files\/([^/]+)\/complete$/;
const STORAGE = /^\/storage\/([0-9a-f-]{36})$/;

const ANNOUNCEMENT: Shape = {
	type: 'object',
	fields: {
		mime_type: { type: 'string', filled: true, required: true },
		size_bytes: { type: 'integer', min: 1, required: true },
		filename: { type: 'string', nullable: true },
		purpose: { type: 'string', values: ['input', 'reference'], nullable: true },
		expires_at: { type: 'string', nullable: true },
		user_id: { type: 'string', nullable: true },
	},
};

export interface StoredFile {
	id: string;
	mimeType: string;
	sizeBytes: number;
	filename: string | null;
	createdAt: number;
	/** Header that the storage demands besides the type. */
	token: string;
	isUploaded: boolean;
	/** Since when it is complete; epoch milliseconds. */
	completedAt: number | null;
	isDeleted: boolean;
}

export class Files {
	private readonly byId = new Map<string, StoredFile>();

	constructor(
		private readonly world: World,
		private readonly detail: (status: number, text?: string) => Answer,
	) {}

	/** A file name with `[fails: reason]` in it cannot be used. */
	stateOf(file: StoredFile): { state: 'deleted' | 'failed' | 'pending' | 'ready'; reason: string | null } {
		if (file.isDeleted) return { state: 'deleted', reason: null };
		const isDue = file.completedAt !== null && Date.now() >= file.completedAt + this.world.settings.lumaAgents.fileReadyMs;
		if (!isDue) return { state: 'pending', reason: null };
		const reason = /\[fails: *([^\]]*)\]/.exec(file.filename ?? '')?.[1];
		return reason === undefined ? { state: 'ready', reason: null } : { state: 'failed', reason };
	}

	find(id: string): StoredFile | undefined {
		return this.byId.get(id);
	}

	/** Whether a request is for the storage, where no key belongs. */
	static isStorage(path: string): boolean {
		return STORAGE.test(path);
	}

	/** The storage behind an upload address: the bytes as they are, with exactly the headers that were given out. */
	receive({ method, path, headers, body }: ApiRequest): Answer {
		const file = this.byId.get(STORAGE.exec(path)?.[1] ?? '');
		const refuse = (status: number, text: string): Answer => ({ status, body: { error: text } });
		if (!file || Date.now() > file.createdAt + UPLOAD_MS) return refuse(403, 'the address has expired');
		if (method !== 'PUT') return refuse(405, 'the method must be PUT');
		if (keyHeadersIn(headers).length > 0) return refuse(403, 'the API key does not belong here');
		if (headers['transfer-encoding'] !== undefined || headers['content-length'] === undefined)
			return refuse(411, 'the length must be told in advance');
		if (headers['content-type'] !== file.mimeType || headers['x-storage-token'] !== file.token)
			return refuse(403, 'a header is missing or wrong');
		if (body.length !== file.sizeBytes) return refuse(400, `${file.sizeBytes} bytes were announced, ${body.length} came`);
		file.isUploaded = true;
		this.world.uploads.set(file.id, { data: body, type: file.mimeType });
		return { status: 200 };
	}

	/** Calls below `/files`; `null` for another path. */
	answer(request: ApiRequest, own: string): Answer | null {
		const { method } = request;
		if (own === '/files') {
			if (method === 'POST') return this.announce(request);
			return method === 'GET' ? this.list(request) : this.detail(405, 'Method Not Allowed');
		}
		const completed = COMPLETE.exec(own)?.[1];
		if (completed !== undefined)
			return method === 'POST' ? this.complete(request, completed) : this.detail(405, 'Method Not Allowed');
		const id = ONE.exec(own)?.[1];
		if (id === undefined) return null;
		const file = this.byId.get(id);
		if (!file) return this.detail(404, 'File not found');
		if (method === 'DELETE') {
			file.isDeleted = true;
			return { status: 204 };
		}
		return method === 'GET' ? { status: 200, body: this.shown(file) } : this.detail(405, 'Method Not Allowed');
	}

	private shown(file: StoredFile): JsonObject {
		const { state, reason } = this.stateOf(file);
		return {
			id: file.id,
			created_at: new Date(file.createdAt).toISOString(),
			mime_type: file.mimeType,
			purpose: 'input',
			size_bytes: file.sizeBytes,
			state,
			filename: file.filename,
			failure_reason: reason,
		};
	}

	private announce(request: ApiRequest): Answer {
		const reading = readJson(request);
		if (!reading.ok) return this.detail(400, 'Invalid JSON body');
		const problem = findProblems(reading.value, ANNOUNCEMENT)[0];
		if (problem) return this.detail(422, describeProblem(problem));
		if (!isObject(reading.value)) return this.detail(400, 'Invalid body');
		const { mime_type: mimeType, size_bytes: sizeBytes, filename } = reading.value;
		if (Number(sizeBytes) > MAX_BYTES) return this.detail(413, 'size_bytes exceeds 5 GiB limit');
		const file: StoredFile = {
			id: randomUUID(),
			mimeType: String(mimeType),
			sizeBytes: Number(sizeBytes),
			filename: typeof filename === 'string' ? filename : null,
			createdAt: Date.now(),
			token: randomBytes(8).toString('hex'),
			isUploaded: false,
			completedAt: null,
			isDeleted: false,
		};
		this.byId.set(file.id, file);
		const url = `${this.world.origin()}/lumaAgents/storage/${file.id}`;
		const headers = { 'Content-Type': file.mimeType, 'X-Storage-Token': file.token };
		const expires_at = new Date(file.createdAt + UPLOAD_MS).toISOString();
		const upload = { url, method: 'PUT', headers, expires_at };
		return { status: 201, body: { id: file.id, state: 'pending', file: this.shown(file), upload } };
	}

	private complete({ body }: ApiRequest, id: string): Answer {
		const file = this.byId.get(id);
		if (!file) return this.detail(404, 'File not found');
		if (body.length > 0) return this.detail(422, 'the body must be empty');
		if (!file.isUploaded) return this.detail(422, 'the file was not uploaded');
		file.completedAt ??= Date.now();
		return { status: 200, body: this.shown(file) };
	}

	private list({ query }: ApiRequest): Answer {
		const limit = Number(query.get('limit') ?? 25);
		if (!Number.isInteger(limit) || limit < 1 || limit > 100) return this.detail(422, 'limit must be from 1 to 100');
		const files = [...this.byId.values()].reverse().map((file) => this.shown(file));
		return { status: 200, body: { data: files.slice(0, limit), has_more: files.length > limit, next_cursor: null } };
	}
}
