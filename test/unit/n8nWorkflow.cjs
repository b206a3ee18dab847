/**
 * n8n-workflow for the unit tests, the real one, of which a test file loads only what it uses. All of it takes most of a
 * second, in every test file anew.
 */
const parts = {
	NodeApiError: 'errors/node-api.error.js',
	NodeConnectionTypes: 'interfaces.js',
	NodeHelpers: 'node-helpers.js',
	NodeOperationError: 'errors/node-operation.error.js',
	sleep: 'utils.js',
};

const load = (name) => require(`n8n-workflow/dist/cjs/${name}`);

module.exports = new Proxy(
	{},
	{
		get(_, name) {
			if (name === 'NodeHelpers') return load(parts.NodeHelpers);
			return load(parts[name] ?? 'index.js')[name];
		},
	},
);
