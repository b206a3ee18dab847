import js from '@eslint/js';
import { n8nCommunityNodesPlugin } from '@n8n/eslint-plugin-community-nodes';
import { defineConfig, globalIgnores } from 'eslint/config';
import n8nNodesBase from 'eslint-plugin-n8n-nodes-base';
import tseslint from 'typescript-eslint';

// Still written for the configuration format before ESLint 9, so only its rules can be used.
const { community, credentials, nodes } = n8nNodesBase.configs;

const nodeGlobals = Object.fromEntries(
	['AbortController', 'AbortSignal', 'Buffer', 'URL', 'clearTimeout', 'console', 'fetch', 'process', 'setTimeout'].map(
		(name) => [name, 'readonly'],
	),
);

export default defineConfig(
	globalIgnores(['**/dist/', 'coverage/', 'output/', '.cache/']),

	// What is published: n8n's rules for community nodes, none of which may be switched off from inside a file.
	{
		files: ['nodes/**/*.ts', 'credentials/**/*.ts'],
		extends: [
			js.configs.recommended,
			tseslint.configs.strictTypeChecked,
			n8nCommunityNodesPlugin.configs.recommended,
		],
		plugins: { 'n8n-nodes-base': n8nNodesBase },
		languageOptions: {
			parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
		},
		linterOptions: { noInlineConfig: true, reportUnusedDisableDirectives: 'error' },
		rules: {
			'@typescript-eslint/no-explicit-any': 'error',
			'no-console': 'error',
			// A number in a text is no accident.
			'@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
		},
	},
	{
		files: ['credentials/**/*.ts'],
		rules: {
			...credentials.rules,
			// The same two as in n8n's own configuration: the first asks for the camel-cased slug of a page in n8n's
			// documentation, which a community node does not have; the second is covered by the community rules.
			'n8n-nodes-base/cred-class-field-documentation-url-miscased': 'off',
			'n8n-nodes-base/cred-class-field-type-options-password-missing': 'off',
		},
	},
	{
		files: ['nodes/**/*.ts'],
		rules: {
			...nodes.rules,
			// The same three as in n8n's own configuration: the first two expect the string 'main' where the community
			// rules ask for NodeConnectionTypes.Main; the third wants an upper bound on every limit.
			'n8n-nodes-base/node-class-description-inputs-wrong-regular-node': 'off',
			'n8n-nodes-base/node-class-description-outputs-wrong': 'off',
			'n8n-nodes-base/node-param-type-options-max-value-present': 'off',
		},
	},
	{
		files: ['package.json', 'packages/*/package.json'],
		extends: [n8nCommunityNodesPlugin.configs.recommended],
		plugins: { 'n8n-nodes-base': n8nNodesBase },
		languageOptions: {
			parser: tseslint.parser,
			parserOptions: { extraFileExtensions: ['.json'] },
		},
		rules: community.rules,
	},

	// What is not.
	{
		files: ['test/**/*.ts', 'scripts/**/*.ts'],
		extends: [js.configs.recommended, tseslint.configs.strict],
		linterOptions: { reportUnusedDisableDirectives: 'error' },
	},
	{
		files: ['**/*.mjs', '**/*.cjs', '**/*.js'],
		extends: [js.configs.recommended],
		languageOptions: { globals: nodeGlobals },
		linterOptions: { reportUnusedDisableDirectives: 'error' },
	},
	{
		files: ['gulpfile.js', 'jest.config.js', '**/*.cjs'],
		languageOptions: {
			sourceType: 'commonjs',
			globals: { __dirname: 'readonly', module: 'writable', require: 'readonly' },
		},
	},
);
