export * from './client';
export * from './editor';
export * from './execution';
export { ensureBrowserInstalled, ensureInstalled, type BrowserInstallation, type Installation } from './install';
export { N8n, startN8n, type N8nOptions } from './n8n';
export { packTarball, type Tarball } from './pack';
export { sharedN8n, type SharedN8n } from './shared';
export * from './workflow';
