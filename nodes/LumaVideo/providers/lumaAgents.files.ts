/** The Files API of Luma Agents, for files in n8n that are too large to go inside a request. Pure. */
import { z } from 'zod';
import { firstText, valueAt } from './answers';
import { read } from './lumaAgents.answers';
import type { FileState, FileStore, FileTarget, JsonValue } from './provider';

/** 200 MB are documented for videos; a few megabytes get through any proxy, and fit into memory. */
export const INLINE_BYTES = 5_000_000;

const announcedSchema = z.object({
	id: z.string().min(1),
	upload: z.object({
		url: z.string().min(1),
		method: z.string().nullish().catch(null),
		headers: z.record(z.string(), z.string()).nullish(),
	}),
});

function targetIn(json: JsonValue | undefined): FileTarget | null {
	const parsed = announcedSchema.safeParse(json);
	if (!parsed.success) return null;
	const { id, upload } = parsed.data;
	const method = upload.method?.toUpperCase() === 'POST' ? 'POST' : 'PUT';
	return { fileId: id, url: upload.url, method, headers: upload.headers ?? {} };
}

/** The answer to the announcement has it next to the address; an undocumented word counts as pending. */
function stateIn(json: JsonValue | undefined): FileState | null {
	const state = firstText(valueAt(json, 'state'), valueAt(json, 'file', 'state'))?.toLowerCase();
	if (state === undefined) return null;
	const failureReason = firstText(valueAt(json, 'failure_reason'), valueAt(json, 'file', 'failure_reason'));
	const isOver = state === 'failed' || state === 'deleted';
	return { state: state === 'ready' ? 'ready' : isOver ? 'failed' : 'pending', failureReason };
}

export const fileStore: FileStore = {
	inlineBytes: INLINE_BYTES,
	maxBytes: { image: 50_000_000, video: 5 * 1024 ** 3 },
	announce: ({ name, mimeType, size }) => ({
		method: 'POST',
		path: '/files',
		body: { mime_type: mimeType, size_bytes: size, filename: name, purpose: 'input' },
	}),
	readAnnounced: (answer) => read(answer, 'file', targetIn, 'an address to upload to'),
	readiness: {
		complete: (fileId) => ({ method: 'POST', path: `/files/${encodeURIComponent(fileId)}/complete` }),
		status: (fileId) => ({ method: 'GET', path: `/files/${encodeURIComponent(fileId)}` }),
		read: (answer) => read(answer, 'file', stateIn, 'the state of the file'),
	},
};
