/** One project per kind of proof; `npm run test:unit` is the inner loop. */
const transform = {
	'^.+\\.ts$': ['@swc/jest', { jsc: { target: 'es2022', parser: { syntax: 'typescript' } } }],
};

const project = (displayName, testMatch, more = {}) => ({
	displayName,
	testEnvironment: 'node',
	rootDir: __dirname,
	// Not all folders: n8n itself, installed for the end-to-end tests, has more than 200,000 files.
	roots: ['credentials', 'nodes', 'scripts', 'test'].map((folder) => `<rootDir>/${folder}`),
	testMatch: testMatch.map((pattern) => `<rootDir>/${pattern}`),
	transform,
	...more,
});

const patient = { setupFilesAfterEnv: ['<rootDir>/test/unit/setup.ts'] };

// Looking these up in the sandbox of a test file takes far longer than what they do. Not `Date`, which tests replace.
const quickGlobals = { sandboxInjectedGlobals: ['Array', 'JSON', 'Map', 'Math', 'Number', 'Object', 'Promise', 'Set', 'String'] };

const light = { '^n8n-workflow$': '<rootDir>/test/unit/n8nWorkflow.cjs' };

// The released range of n8n brings zod 3 or, later, zod 4: the unit tests run against both.
const zod4 = { '^zod$': require.resolve('zod-v4') };

// The node's own waiting runs faster than the wall clock, so that tests need not wait.
const fastClock = { moduleNameMapper: { '^\\.{1,2}(/generation)?/clock$': '<rootDir>/test/engine/harness/fastClock.ts' } };

// The nodes of the package with Luma's own services, as `npm run build` made them; the registry of tests follows theirs.
const lumaPackage = '<rootDir>/packages/n8n-nodes-luma-ai/dist';
const lumaNodes = {
	...fastClock.moduleNameMapper,
	'^(?:\\.{1,2}/)+nodes/LumaVideo/(.+?)(?:\\.ts)?$': `${lumaPackage}/nodes/LumaVideo/$1`,
	'^(?:\\.{1,2}/)+credentials/(Luma.+)$': `${lumaPackage}/credentials/$1`,
};

const inN8n = {
	globalSetup: '<rootDir>/test/e2e/harness/globalSetup.ts',
	globalTeardown: '<rootDir>/test/e2e/harness/globalTeardown.ts',
	setupFilesAfterEnv: ['<rootDir>/test/e2e/harness/setup.ts'],
};

module.exports = {
	// Concurrent tests of a file mostly wait for videos.
	maxConcurrency: 20,
	reporters: ['default', '<rootDir>/.ci/count-tests.cjs'],
	projects: [
		project('unit', ['test/unit/**/*.test.ts'], { ...patient, ...quickGlobals, moduleNameMapper: light }),
		// All that uses zod.
		project('unit (zod 4)', ['test/unit/providers/**/*.test.ts', 'test/unit/generation/checkRequest.test.ts'], {
			...patient,
			...quickGlobals,
			moduleNameMapper: { ...light, ...zod4 },
		}),
		// The services that the tests of the nodes talk to, over HTTP.
		project('stand-in', ['test/stand-in/**/*.test.ts'], patient),
		project('engine', ['test/engine/**/*.test.ts'], fastClock),
		project('engine (n8n-nodes-luma-ai)', ['test/engine/{generate,images,tool}.test.ts'], { moduleNameMapper: lumaNodes }),
		project('e2e', ['test/e2e/**/*.e2e.test.ts'], inN8n),
		// Starts an n8n of several processes by itself.
		project('queue', ['test/queue/**/*.test.ts'], { setupFilesAfterEnv: inN8n.setupFilesAfterEnv }),
		// Long, and not part of `npm test`: `npm run test:soak`.
		project('soak', ['test/soak/**/*.test.ts'], inN8n),
	],
};
