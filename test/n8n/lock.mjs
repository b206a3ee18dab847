import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/**
 * Runs `work` while no other process of this machine runs work under the same name.
 *
 * @template T
 * @param {string} name
 * @param {() => T | Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withLock(name, work) {
	let told = false;
	let release;
	while (!(release = await tryLock(name))) {
		if (!told) process.stderr.write(`Waiting for another process to finish ${name}\n`);
		told = true;
		await delay(500);
	}
	try {
		return await work();
	} finally {
		release();
	}
}

/**
 * A socket in Linux's abstract namespace serves as the lock: only one process can listen on it, and the kernel
 * takes it back when that process dies, however it dies.
 *
 * @param {string} name
 * @returns {Promise<(() => void) | undefined>} releases the lock; undefined when somebody else holds it
 */
function tryLock(name) {
	return new Promise((resolve, reject) => {
		const server = createServer((socket) => socket.destroy());
		server.once('error', (error) => (error.code === 'EADDRINUSE' ? resolve(undefined) : reject(error)));
		server.listen({ path: `\0${name}` }, () => resolve(() => server.close()));
	});
}
