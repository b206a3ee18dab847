import { ensureBrowserInstalled } from './install';
import { startN8n, type N8n } from './n8n';
import { packTarball } from './pack';
import { shareN8n } from './shared';

declare global {
	/** For the global teardown, which jest loads apart. */
	var n8nOfThisRun: N8n | undefined;
}

/** Installs, builds, packs and starts what all end-to-end tests share. About 10 seconds, minutes the first time. */
export default async function globalSetup(): Promise<void> {
	await ensureBrowserInstalled();
	const tarball = await packTarball();
	const n8n = await startN8n({ tarball: tarball.path });
	globalThis.n8nOfThisRun = n8n;
	shareN8n({ url: n8n.url, session: n8n.client.session, logFile: n8n.logFile, tarball });
}
