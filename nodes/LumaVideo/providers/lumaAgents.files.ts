/** The Files API of Luma Agents: files of n8n that are too large to go inside a request. Pure. */
import { z } from 'zod';
import { firstText, isSuccess, jsonOf, problemOf, valueAt } from './answers';
import { DISPLAY_NAME, problem } from './lumaAgents.answers';
import type { ProblemTexts } from './lumaAgents.answers';
import type { FileStore, FileTarget, ProviderAnswer, Reading } from './provider';

/** Up to 200 MB are documented for videos; a request of some megabytes comes through every proxy, and is held in memory. */
export const INLINE_BYTES = 5_000_000;

const FILE_TEXTS: ProblemTexts = {
	404: {
		message: `${DISPLAY_NAME} does not take files at this address`,
		advice: "Check 'Base URL' in the credential.",
	},
	422: { advice: 'Use another file, or the URL of a file on the web.' },
};

const announcedSchema = z.object({
	id: z.string().min(1),
	upload: z.object({
		url: z.string().min(1),
		method: z.string().nullish().catch(null),
		headers: z.record(z.string(), z.string()).nullish(),
	}),
});

/** An answer that should have told something else. */
function without<T>(answer: ProviderAnswer, what: string): Reading<T> {
	const message = `${DISPLAY_NAME} sent an answer without ${what} (HTTP ${answer.statusCode})`;
	return { ok: false, problem: problemOf('unreadable', answer, { displayName: DISPLAY_NAME, message }) };
}

function readAnnounced(answer: ProviderAnswer): Reading<FileTarget> {
	if (!isSuccess(answer)) return { ok: false, problem: problem(answer, FILE_TEXTS) };
	const parsed = announcedSchema.safeParse(jsonOf(answer));
	if (!parsed.success) return without(answer, 'an address to upload to');
	const { id, upload } = parsed.data;
	const method = upload.method?.toUpperCase() === 'POST' ? 'POST' : 'PUT';
	return { ok: true, value: { fileId: id, url: upload.url, method, headers: upload.headers ?? {} } };
}

export const fileStore: FileStore = {
	inlineBytes: INLINE_BYTES,
	maxBytes: { image: 50_000_000, video: 5 * 1024 ** 3 },
	announce: ({ name, mimeType, size }) => ({
		method: 'POST',
		path: '/files',
		body: { mime_type: mimeType, size_bytes: size, filename: name, purpose: 'input' },
	}),
	readAnnounced,
	complete: (fileId) => ({ method: 'POST', path: `/files/${encodeURIComponent(fileId)}/complete` }),
	status: (fileId) => ({ method: 'GET', path: `/files/${encodeURIComponent(fileId)}` }),
	readState(answer) {
		if (!isSuccess(answer)) return { ok: false, problem: problem(answer, FILE_TEXTS) };
		const json = jsonOf(answer);
		// The answer of the announcement has it beside the address; a word not documented is read as "not yet".
		const state = firstText(valueAt(json, 'state'), valueAt(json, 'file', 'state'))?.toLowerCase();
		if (state === undefined) return without(answer, 'the state of the file');
		const failureReason = firstText(valueAt(json, 'failure_reason'), valueAt(json, 'file', 'failure_reason'));
		const isOver = state === 'failed' || state === 'deleted';
		return { ok: true, value: { state: state === 'ready' ? 'ready' : isOver ? 'failed' : 'pending', failureReason } };
	},
};
