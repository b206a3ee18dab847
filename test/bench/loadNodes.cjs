// Prints how long it takes to load all nodes and credentials of a package, in milliseconds: node loadNodes.cjs <folder>
// What n8n has loaded by then does not count.
const { join } = require('node:path');
const { performance } = require('node:perf_hooks');

require('n8n-workflow');
require('zod');
const [, , folder] = process.argv;
const { n8n } = require(join(folder, 'package.json'));
const files = [...(n8n.nodes ?? []), ...(n8n.credentials ?? [])].map((file) => join(folder, file));

const startedAt = performance.now();
for (const file of files) require(file);
process.stdout.write(String(performance.now() - startedAt));
