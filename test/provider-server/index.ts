/** The stand-in for the services: plays them from their documentation on one local port. */
import { ProviderServer, type ProviderServerOptions } from './server';

export type { ForgedAnswer, ForgedCallback } from './callbacks';
export type { FaultKind, FaultRule } from './faults';
export type { Job, JobStatus } from './jobs';
export type { CallbackRecord, Ledger, MediaHit, Purchase, RefusedCreate, Route } from './ledger';
export type { CallbackMode, ProviderName, Settings, SettingsChange } from './settings';
export { ProviderServer, type ProviderServerOptions };

/** Starts a server of its own: nothing is shared with another one. Close it when done. */
export async function startProviderServer(options: ProviderServerOptions = {}): Promise<ProviderServer> {
	const server = new ProviderServer(options);
	await server.listen();
	return server;
}
