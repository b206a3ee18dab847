/** n8n in a container, for the n8n of an image: N8N_IMAGE=docker.n8n.io/n8nio/n8n:latest npm run test:e2e */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const DOCKER = 'docker';

/** A program to start, with all of its environment. */
export interface StartCommand {
	readonly program: string;
	readonly args: readonly string[];
	readonly env: NodeJS.ProcessEnv;
}

export interface ContainerOptions {
	/** Such as `docker.n8n.io/n8nio/n8n:latest`; has `node` and `n8n` on its PATH. */
	readonly image: string;
	/** The script that ends n8n with whoever started it. */
	readonly leash: string;
	/** n8n's folder; has the same path in the container. */
	readonly folder: string;
	readonly command: string;
	/** n8n's environment. PATH is the image's. */
	readonly env: Readonly<Record<string, string>>;
	/** Who the files in the folder belong to. */
	readonly user: { readonly uid: number; readonly gid: number };
}

/** The image that the tests run n8n from; `undefined`: the n8n that is installed for them. */
export function imageOfTests(): string | undefined {
	return process.env.N8N_IMAGE || undefined;
}

/**
 * What starts n8n in a container instead of on this machine. It shares the machine's network, since stand-ins and n8n
 * call each other at 127.0.0.1. Its leash is inside: it hears of this process's end by its stdin, which `--interactive`
 * connects, and ends the container (`--init` gives it a process group that is not process 1).
 */
export function containerCommand({ image, leash, folder, command, env, user }: ContainerOptions): StartCommand {
	const leashInside = '/leash.cjs';
	return {
		program: DOCKER,
		args: [
			...['run', '--rm', '--interactive', '--init', '--network', 'host'],
			...['--user', `${user.uid}:${user.gid}`],
			...['--volume', `${folder}:${folder}`, '--volume', `${leash}:${leashInside}:ro`, '--workdir', folder],
			...Object.entries(env).flatMap(([name, value]) => ['--env', `${name}=${value}`]),
			...['--entrypoint', 'node', image, leashInside, 'n8n', command],
		],
		// Docker's own: where its settings are, and which machine it asks.
		env: process.env,
	};
}

/**
 * Makes sure that containers can be started here, and that the image is there.
 *
 * @param docker its program
 * @throws {Error} when there is no Docker, or no such image; the text says what to do
 */
export async function ensureDocker(image: string, docker = DOCKER): Promise<{ image: string }> {
	const ask = async (...args: string[]): Promise<unknown> => await promisify(execFile)(docker, args);
	try {
		await ask('version');
	} catch (error) {
		const { code, message } = error as NodeJS.ErrnoException;
		const reason = code === 'ENOENT' ? 'there is no Docker on this machine' : `Docker does not answer (${message.trim()})`;
		const instead = 'or run the tests without N8N_IMAGE: they then install n8n from npm.';
		throw new Error(`N8N_IMAGE is ${image}, but ${reason}. Install and start Docker, ${instead}`, { cause: error });
	}
	try {
		await ask('image', 'inspect', image);
	} catch {
		await ask('pull', image);
	}
	return { image };
}
