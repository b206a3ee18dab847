/**
 * `npm test`: all tests but those of queue mode and the long ones.
 *
 * The n8n of the end-to-end tests is installed while the other tests run: the first time that takes minutes, most of them
 * for the network. What the installer prints comes when it has ended. Whatever fails first is the end. The package is built
 * by then: `npm test` does that first.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';

const jest = (...args) => ['node_modules/jest/bin/jest.js', '--maxWorkers=2', '--selectProjects', ...args];

/** Ends, with all it started, when this process does. */
const installer = spawn(process.execPath, ['test/e2e/harness/leash.cjs', process.execPath, 'test/n8n/install.mjs'], {
	detached: true,
	stdio: ['pipe', 'ignore', 'pipe'],
});
let printed = '';
installer.stderr.setEncoding('utf8');
installer.stderr.on('data', (chunk) => (printed += chunk));
const installed = once(installer, 'close').then(([code]) => code);

try {
	await run(process.execPath, jest('unit', 'unit (zod 4)', 'stand-in', 'engine', 'engine (n8n-nodes-luma-ai)'));
	const code = await installed;
	process.stdout.write(printed);
	if (code !== 0) throw new Error('What the end-to-end tests need could not be installed.');
	await run(process.execPath, jest('e2e'), { N8N_E2E_BUILT: 'yes' });
} catch (error) {
	process.stderr.write(`${error.message}\n`);
	process.exitCode = 1;
} finally {
	// It would go on for as long as somebody holds the leash.
	installer.stdin.destroy();
}

async function run(program, args, env = {}) {
	const [code, signal] = await once(spawn(program, args, { stdio: 'inherit', env: { ...process.env, ...env } }), 'exit');
	if (code !== 0) throw new Error(`jest ${args.slice(2).join(' ')} ended with ${code ?? signal}`);
}
