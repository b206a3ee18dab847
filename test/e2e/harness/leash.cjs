// Runs a program (`node leash.cjs <script> <arguments>`) that does not outlive whoever started it. The starter holds
// the other end of stdin; when the starter is gone, however it went, the program and all it started go too. So nothing
// of a crashed or interrupted test run stays behind.
//
// It must lead a process group of its own (`detached` when spawned).
const { spawn } = require('node:child_process');

const endAll = () => process.kill(0, 'SIGKILL');
process.stdin.on('end', endAll).on('error', endAll).resume();

const program = spawn(process.execPath, process.argv.slice(2), { stdio: ['ignore', 'inherit', 'inherit'] });
program.once('error', endAll);
program.once('exit', (code) => process.exit(code ?? 1));
process.on('SIGTERM', () => program.kill('SIGTERM'));
