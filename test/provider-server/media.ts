/** Media hosts: real MP4 files of finished jobs, files of any size, uploaded images. No key belongs here. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { Answer } from './http';
import type { Job, Jobs } from './jobs';
import { isPresigned } from './presigned';
import { standIns } from './providers';
import { PROVIDER_NAMES, type ProviderName } from './settings';

const FOLDER = join(__dirname, 'media');
const CHUNK = 64 * 1024;
const TYPES: Record<string, string> = { exr: 'image/x-exr', jpg: 'image/jpeg', mp4: 'video/mp4', png: 'image/png' };

/** Files that clients uploaded, by their name in `/media/uploads/`. */
export type Uploads = Map<string, { data: Buffer; type: string }>;

/** A file to send: `length` in bytes, and a function that makes its content. */
export interface MediaFile {
	type: string;
	length: number;
	content(): Readable;
	/** Whether the length is told in advance. */
	tellsLength: boolean;
}

/** The job whose file a path under `/media` names. */
export function jobOfPath(path: string): { provider: ProviderName; id: string; file: string } | null {
	const [, first, id, file] = path.split('/');
	const provider = PROVIDER_NAMES.find((name) => name === first);
	return provider !== undefined && id !== undefined && file !== undefined
		? { provider, id: decodeURIComponent(id), file }
		: null;
}

/** The file at a path under `/media`, or the answer of a media host that has none. */
export function findMedia(path: string, query: URLSearchParams, jobs: Jobs, uploads: Uploads): MediaFile | Answer {
	const named = jobOfPath(path);
	if (named) {
		if (standIns[named.provider].signsUrls && !isPresigned(path, query)) return { status: 403 };
		const job = jobs.find(named.provider, named.id);
		return (job && fileOfJob(job, named.file)) ?? { status: 404 };
	}
	const big = /^\/big\/(\d+)\.mp4$/.exec(path)?.[1];
	if (big !== undefined) return bigFile(Number(big), query.get('length') !== 'none');
	const upload = uploads.get(/^\/uploads\/([^/]+)$/.exec(path)?.[1] ?? '');
	if (upload) return fileOf(upload.data, upload.type);
	const sample = /^\/samples\/([a-z0-9_]+\.(mp4|jpg|exr|png))$/.exec(path)?.[1];
	return (sample !== undefined && sampleFile(sample)) || { status: 404 };
}

function fileOfJob(job: Job, file: string): MediaFile | undefined {
	if (file === 'progress.mp4' && job.status === 'processing') return sampleFile('540p_16x9.mp4');
	if (job.status !== 'completed') return undefined;
	if (file === 'cover.jpg') return sampleFile('start.jpg');
	if (file === 'output.png') return sampleFile('still.png');
	if (file === 'output.jpg') return sampleFile('start.jpg');
	if (file === 'output.exr') return sampleFile('frame.exr');
	if (job.markers.videoBytes !== null) return bigFile(job.markers.videoBytes, true);
	return sampleFile(videoNameOf(job));
}

/** The sample with the job's width and height. */
export function videoNameOf(job: Pick<Job, 'resolution' | 'aspectRatio' | 'sound'>): string {
	if (job.sound) return '720p_16x9_sound.mp4';
	return `${job.resolution}_${job.aspectRatio.replace(':', 'x')}.mp4`;
}

function sampleFile(name: string): MediaFile | undefined {
	try {
		return fileOf(readFileSync(join(FOLDER, name)), TYPES[name.split('.').at(-1) ?? ''] ?? 'application/octet-stream');
	} catch {
		return undefined;
	}
}

function fileOf(data: Buffer, type: string): MediaFile {
	return { type, length: data.length, tellsLength: true, content: () => Readable.from(data.length > 0 ? [data] : []) };
}

/** A playable video of exactly `bytes` bytes: a small one, then an MP4 box of free space. Made while it is sent. */
export function bigFile(bytes: number, tellsLength: boolean): MediaFile {
	return {
		type: 'video/mp4',
		length: bytes,
		tellsLength,
		content: () => Readable.from(bigContent(bytes), { objectMode: false, highWaterMark: CHUNK }),
	};
}

function* bigContent(bytes: number): Generator<Buffer> {
	const video = readFileSync(join(FOLDER, '540p_16x9.mp4'));
	const box = Buffer.alloc(16);
	box.writeUInt32BE(1, 0); // a 64-bit size follows the type
	box.write('free', 4, 'latin1');
	box.writeBigUInt64BE(BigInt(Math.max(16, bytes - video.length)), 8);
	const head = Buffer.concat([video, box]).subarray(0, bytes);
	if (head.length > 0) yield head;
	const zeros = Buffer.alloc(CHUNK);
	for (let left = bytes - head.length; left > 0; left -= CHUNK) yield left < CHUNK ? zeros.subarray(0, left) : zeros;
}
