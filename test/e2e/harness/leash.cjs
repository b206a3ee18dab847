// Runs a program (`node leash.cjs <program> <arguments>`) that does not outlive whoever started it. The starter holds
// the other end of stdin; when the starter is gone, however it went, the program and all it started go too. So nothing
// of a crashed or interrupted test run stays behind.
//
// It must lead a process group of its own (`detached` when spawned).
const { spawn } = require('node:child_process');

const endAll = () => process.kill(0, 'SIGKILL');
process.stdin.on('end', endAll).on('error', endAll).resume();

const program = spawn(process.argv[2], process.argv.slice(3), { stdio: ['ignore', 'inherit', 'inherit'] });
program.once('error', endAll);
program.once('exit', (code) => process.exit(code ?? 1));
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => program.kill(signal));
