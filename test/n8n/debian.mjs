import { spawnSync } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/**
 * Full path of a program, or undefined when PATH does not have it.
 *
 * @param {string} name
 * @returns {string | undefined}
 */
export function findProgram(name) {
	for (const folder of (process.env.PATH ?? '').split(delimiter)) {
		const candidate = join(folder, name);
		try {
			accessSync(candidate, constants.X_OK);
			if (statSync(candidate).isFile()) return candidate;
		} catch {
			// not in this folder
		}
	}
	return undefined;
}

/**
 * Installs Debian packages when this process is allowed to, and says what to type when it is not.
 *
 * @param {string[]} packages names as apt-get knows them
 * @param {string} purpose why they are needed, end of a sentence
 * @throws {Error} with the command to type, when not root, not Debian, or when apt-get fails
 */
export function installDebianPackages(packages, purpose) {
	const byHand = `apt-get update && apt-get install -y ${packages.join(' ')}`;
	if (process.getuid?.() !== 0 || findProgram('apt-get') === undefined) {
		throw new Error(
			`${packages.join(', ')} needed ${purpose}. On Debian or Ubuntu, as root: ${byHand}`,
		);
	}
	process.stderr.write(`Installing ${packages.join(', ')} ${purpose}\n`);
	// Another apt-get may be at work (a fresh machine updating itself): wait for its lock.
	const wait = ['-q', '-o', 'DPkg::Lock::Timeout=300'];
	const install = () =>
		run('apt-get', [...wait, 'install', '-y', '--no-install-recommends', ...packages]);
	// The package lists may be missing or old; refresh them only when the first try shows it.
	if (install() === 0) return;
	run('apt-get', [...wait, 'update']);
	if (install() === 0) return;
	throw new Error(`apt-get could not install what is needed ${purpose}. Try by hand: ${byHand}`);
}

function run(command, args) {
	const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
	// stdout belongs to the caller's own answer.
	return spawnSync(command, args, { env, stdio: ['ignore', 2, 2] }).status;
}
