/** Runs before n8n-core is loaded: it reads its settings when imported, and must not touch the user's own n8n folder. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const folder = mkdtempSync(join(tmpdir(), 'luma-video-engine-'));
process.env.N8N_USER_FOLDER = folder;
process.env.N8N_ENCRYPTION_KEY ??= 'engine-tests-only';
process.env.N8N_BINARY_DATA_STORAGE_PATH = join(folder, 'binary');
process.env.N8N_LOG_LEVEL ??= 'silent';
process.env.N8N_ENFORCE_SETTINGS_FILE_PERMISSIONS = 'false';

export const userFolder = folder;

// In a test; outside of one whoever uses the engine removes the folder.
const { afterAll } = globalThis as { afterAll?: (end: () => void) => void };
afterAll?.(() => {
	rmSync(folder, { recursive: true, force: true });
});
