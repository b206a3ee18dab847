/** The unit tests of one directory of nodes/LumaVideo, for `run.mjs`, which names their files in MUTATION_TESTS. */
const { join } = require('node:path');
const { projects } = require('../../jest.config.js');

const unit = projects.find(({ displayName }) => displayName === 'unit');

module.exports = {
	...unit,
	// A busy machine is no finding.
	testTimeout: 60_000,
	testMatch: process.env.MUTATION_TESTS.split(',').map((pattern) => join(unit.rootDir, pattern)),
};
