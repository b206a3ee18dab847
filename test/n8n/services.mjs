/**
 * Finds Redis and PostgreSQL, installs them where it may, and prints where they are as one line of JSON:
 * `{ "redis", "postgresFolder" }`. Progress goes to stderr. Starts nothing: the tests run instances of their own.
 *
 *     node test/n8n/services.mjs
 */
import { existsSync, readdirSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { findProgram, installDebianPackages } from './debian.mjs';
import { withLock } from './lock.mjs';

const purpose = 'to test n8n in queue mode';

/** Debian keeps the server's programs, one folder per version, off PATH. */
const debianFolder = '/usr/lib/postgresql';

try {
	process.stdout.write(`${JSON.stringify(await install())}\n`);
} catch (error) {
	process.stderr.write(`${error.message}\n`);
	process.exitCode = 1;
}

async function install() {
	if (findRedis() === undefined || findPostgres() === undefined) {
		await withLock('services-for-tests', () => {
			const packages = [
				...(findRedis() === undefined ? ['redis-server'] : []),
				...(findPostgres() === undefined ? ['postgresql'] : []),
			];
			if (packages.length > 0) installDebianPackages(packages, purpose);
		});
	}
	const found = { redis: findRedis(), postgresFolder: findPostgres() };
	for (const [name, path] of Object.entries(found)) {
		if (path === undefined) throw new Error(`${name} was installed but is not found; put its programs on PATH`);
	}
	return found;
}

function findRedis() {
	return findProgram('redis-server') ?? findProgram('valkey-server');
}

function findPostgres() {
	const onPath = findProgram('postgres');
	const versions = existsSync(debianFolder) ? readdirSync(debianFolder).sort((a, b) => Number(b) - Number(a)) : [];
	const folders = [
		...(onPath === undefined ? [] : [dirname(realpathSync(onPath))]),
		...versions.map((version) => join(debianFolder, version, 'bin')),
	];
	return folders.find((folder) => ['initdb', 'postgres', 'psql'].every((name) => existsSync(join(folder, name))));
}
