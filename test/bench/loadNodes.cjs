// Prints how long it takes to load all nodes and credentials of a package, in milliseconds: node loadNodes.cjs <folder>
// What n8n has loaded by then does not count.
const { createRequire } = require('node:module');
const { join } = require('node:path');
const { performance } = require('node:perf_hooks');

const [, , folder] = process.argv;
const manifest = join(folder, 'package.json');
// As the package itself finds them.
const requireThere = createRequire(manifest);
requireThere('n8n-workflow');
requireThere('zod');
const { n8n } = require(manifest);
const files = [...(n8n.nodes ?? []), ...(n8n.credentials ?? [])].map((file) => join(folder, file));

const startedAt = performance.now();
for (const file of files) require(file);
process.stdout.write(String(performance.now() - startedAt));
