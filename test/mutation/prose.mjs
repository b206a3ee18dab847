/**
 * Leaves texts for people out of the mutants: an emptied sentence proves nothing that docs/messages.md and the engine
 * tests, which hold every message word by word, do not. Words without a space stay: they go over the wire.
 */
import { PluginKind, declareValuePlugin } from '@stryker-mutator/api/plugin';

const reason = 'a text for people';

/** Whether all that a template puts in is a plain value, so that no logic is left out with the text. */
const isPlain = ({ type }) => type === 'Identifier' || type === 'MemberExpression';

const isProse = ({ node }) => {
	if (node.type === 'StringLiteral') return node.value.trim().includes(' ');
	if (node.type !== 'TemplateLiteral') return false;
	return node.expressions.every(isPlain) && node.quasis.some(({ value }) => value.raw.trim().includes(' '));
};

export const strykerPlugins = [
	declareValuePlugin(PluginKind.Ignore, 'prose', { shouldIgnore: (path) => (isProse(path) ? reason : undefined) }),
];
