export * from './client';
export * from './editor';
export * from './execution';
export {
	ensureBrowserInstalled,
	ensureInstalled,
	ensureServices,
	type BrowserInstallation,
	type Installation,
	type Services,
} from './install';
export { N8n, startN8n, type N8nOptions } from './n8n';
export { packTarball, type Tarball } from './pack';
export { sharedN8n, type SharedN8n } from './shared';
export * from './workflow';
