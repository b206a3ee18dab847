/**
 * A reporter for jest: adds a line `passed failed` for each of its runs to the file that TEST_COUNTS_FILE names. A test
 * file that could not be loaded counts as one failed test.
 */
const { appendFileSync } = require('node:fs');

module.exports = class CountTests {
	onRunComplete(_contexts, { numFailedTests, numPassedTests, numRuntimeErrorTestSuites }) {
		const file = process.env.TEST_COUNTS_FILE;
		if (file) appendFileSync(file, `${numPassedTests} ${numFailedTests + numRuntimeErrorTestSuites}\n`);
	}
};
