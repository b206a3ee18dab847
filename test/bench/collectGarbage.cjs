// Loaded into n8n by NODE_OPTIONS: a signal collects the garbage, so that memory is compared at rest.
const { setFlagsFromString } = require('node:v8');
const { runInNewContext } = require('node:vm');

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc');
process.on('SIGUSR2', () => collect());
