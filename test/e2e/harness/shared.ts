import { readFileSync } from 'node:fs';
import { N8nClient, type Session } from './client';
import type { Tarball } from './pack';

/** The n8n that runs for all tests of a jest run, with the package installed. */
export interface SharedN8n {
	readonly url: string;
	/** Logged in as the owner. */
	readonly client: N8nClient;
	readonly tarball: Tarball;
	/** All that it printed so far, also what earlier test files caused. */
	logs(): string;
}

/** What one process must know to use the n8n that another one started. */
interface SharedState {
	readonly url: string;
	readonly session: Session;
	readonly logFile: string;
	readonly tarball: Tarball;
}

const variable = 'N8N_E2E_SHARED';

/** Tells the test files about an n8n. For jest's global setup. */
export function shareN8n(state: SharedState): void {
	process.env[variable] = JSON.stringify(state);
}

/**
 * The n8n of this jest run. Do not stop it; a test that restarts n8n or changes its settings starts its own with
 * `startN8n({ tarball: sharedN8n().tarball.path })`.
 *
 * @throws {Error} outside jest projects whose `globalSetup` is `harness/globalSetup.ts`
 */
export function sharedN8n(): SharedN8n {
	const state = process.env[variable];
	if (state === undefined) throw new Error('No shared n8n: is harness/globalSetup.ts the globalSetup of this project?');
	const { url, session, logFile, tarball } = JSON.parse(state) as SharedState;
	return { url, tarball, client: new N8nClient(url, session), logs: () => readFileSync(logFile, 'utf8') };
}
