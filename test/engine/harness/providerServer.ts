/** The stand-in of a test file. */
import { afterAll, beforeAll, beforeEach } from '@jest/globals';
import { ProviderServer, type SettingsChange } from '../../provider-server';

/**
 * A stand-in for the tests of this file or block: it listens before the first of them, is reset before each, and is closed
 * after the last.
 */
export function useProviderServer(settings: SettingsChange = {}): ProviderServer {
	const server = new ProviderServer({ settings });
	beforeAll(async () => {
		await server.listen();
	});
	beforeEach(() => {
		server.reset();
	});
	afterAll(async () => {
		await server.close();
	});
	return server;
}
