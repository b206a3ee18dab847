/**
 * A stand-in for JSON2Video's `/v2/movies`, which an example has add a voice and captions to a video. As its reference
 * describes it: https://json2video.com/docs/v2/reference/api-endpoints/movies-create and …/movies-status
 */
import type { IncomingMessage } from 'node:http';
import { randomBytes } from 'node:crypto';
import { readText, sendJson, startLocalServer } from './localServer';

interface MovieElement {
	readonly type?: string;
	readonly src?: string;
	readonly text?: string;
}

/** What is to be rendered. */
export interface Movie {
	readonly resolution?: string;
	readonly elements?: readonly MovieElement[];
	readonly scenes?: ReadonlyArray<{ readonly elements?: readonly MovieElement[] }>;
}

export interface MovieServer {
	/** In place of `https://api.json2video.com/v2`. */
	readonly baseUrl: string;
	/** Goes into the header `x-api-key`. */
	readonly apiKey: string;
	/** All movies so far, oldest first. */
	readonly movies: Movie[];
	close(): Promise<void>;
}

const API_KEY = 'movie-test-key';
/** How often a status is asked for until a movie is done. */
const LOOKS = 2;

/** @param renderedUrl where every rendered movie is */
export async function startMovieServer(renderedUrl: string): Promise<MovieServer> {
	const movies: Movie[] = [];
	const projects = new Map<string, { movie: Movie; looks: number }>();

	async function answer(message: IncomingMessage): Promise<[status: number, body: object]> {
		const url = new URL(message.url ?? '/', 'http://localhost');
		if (message.headers['x-api-key'] !== API_KEY) return [403, { success: false, message: 'Forbidden' }];
		if (url.pathname !== '/v2/movies') return [404, { success: false, message: 'Not found' }];
		if (message.method === 'POST') {
			const movie = JSON.parse(await readText(message)) as Movie;
			const trouble = troubleWith(movie);
			if (trouble !== null) return [400, { success: false, message: trouble }];
			const project = randomBytes(8).toString('hex');
			projects.set(project, { movie, looks: 0 });
			movies.push(movie);
			return [200, { success: true, project, timestamp: new Date().toISOString() }];
		}
		const project = projects.get(url.searchParams.get('project') ?? '');
		if (!project) return [404, { success: false, message: 'Project not found' }];
		project.looks++;
		const isDone = project.looks >= LOOKS;
		const movie = { success: true, status: isDone ? 'done' : 'running', message: '', ...(isDone ? { url: renderedUrl } : {}) };
		return [200, { success: true, movie }];
	}

	const server = await startLocalServer(
		async (message, response) => {
			const [status, body] = await answer(message);
			sendJson(response, status, body);
		},
		(reason) => ({ success: false, message: reason }),
	);
	return { baseUrl: `${server.url}/v2`, apiKey: API_KEY, movies, close: server.close };
}

/** What the service would say about a movie that it does not render. */
function troubleWith({ scenes, elements = [] }: Movie): string | null {
	if (!scenes?.length) return 'Movie must have scenes';
	for (const { elements: inScene = [] } of scenes) {
		if (inScene.some(({ type }) => type === 'subtitles')) return 'Subtitles belong to the movie';
		if (inScene.some(({ type, src }) => type === 'video' && !/^https?:/.test(src ?? ''))) return 'A video needs a src';
		if (inScene.some(({ type, text }) => type === 'voice' && !text)) return 'A voice needs a text';
	}
	return elements.filter(({ type }) => type === 'subtitles').length > 1 ? 'Only one subtitles element is allowed' : null;
}
