/** A mutex by key, within this process. */

const lines = new Map<string, Promise<unknown>>();

/** Runs tasks with the same key one after another. */
export async function inLine<T>(key: string, task: () => Promise<T>): Promise<T> {
	const before = lines.get(key) ?? Promise.resolve();
	const mine = before.then(task, task);
	lines.set(key, mine);
	try {
		return await mine;
	} finally {
		if (lines.get(key) === mine) lines.delete(key);
	}
}
