import './globalSetup';

/** Ends what the global setup started. */
export default async function globalTeardown(): Promise<void> {
	await globalThis.n8nOfThisRun?.stop();
}
