/**
 * n8n-workflow for the unit tests, the real one, of which a test file loads only what it uses. All of it takes most of a
 * second, in every test file anew.
 */
const parts = {
	NodeApiError: 'errors/node-api.error.js',
	NodeConnectionTypes: 'interfaces.js',
	NodeHelpers: 'node-helpers.js',
	NodeOperationError: 'errors/node-operation.error.js',
	Workflow: 'workflow.js',
	getCredentialAllowedDomains: 'credential-domain-restrictions.js',
	isDomainAllowed: 'credential-domain-restrictions.js',
	sleep: 'utils.js',
};

const loaded = new Map();

function load(name) {
	const part = require(`n8n-workflow/dist/cjs/${parts[name] ?? 'index.js'}`);
	return name === 'NodeHelpers' ? part : part[name];
}

module.exports = new Proxy(
	{},
	{
		get(_, name) {
			if (!loaded.has(name)) loaded.set(name, load(name));
			return loaded.get(name);
		},
	},
);
