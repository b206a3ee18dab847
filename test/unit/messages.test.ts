/** What every message must hold: what happened, what to do, names that the panel shows, and the ID of what was bought. */
import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import type { INodeProperties, INodePropertyCollection } from 'n8n-workflow';
import { CrazyrouterApi } from '../../credentials/CrazyrouterApi.credentials';
import { PixazoApi } from '../../credentials/PixazoApi.credentials';
import { LumaVideo } from '../../nodes/LumaVideo/LumaVideo.node';
import { LumaVideoTrigger } from '../../nodes/LumaVideo/LumaVideoTrigger.node';
import { collect, messageTable, messagesPath } from '../../scripts/message-table';

const { messages, reasons } = collect();
const each = messages.map((message) => [message.where, message] as const);

/** All names that a person can see in the panels of the nodes and credentials. */
function shownNames(properties: readonly INodeProperties[]): string[] {
	return properties.flatMap(({ displayName, options = [] }) => [
		displayName,
		// A unit or form behind the name is left out where it is spoken of.
		displayName.replace(/ \([^)]+\)$/, ''),
		...options.flatMap((option) => {
			if ('displayName' in option && 'type' in option) return shownNames([option]);
			if ('values' in option) return shownNames((option as INodePropertyCollection).values);
			return 'name' in option ? [option.name] : [];
		}),
	]);
}

const shown = new Set([
	...[new LumaVideo(), new LumaVideoTrigger()].flatMap(({ description }) => shownNames(description.properties)),
	...[new CrazyrouterApi(), new PixazoApi()].flatMap(({ properties }) => shownNames(properties)),
]);

describe('the messages of the code', () => {
	it('are in docs/messages.md as they are (else: npm run message-table -- --write)', () => {
		expect(readFileSync(messagesPath, 'utf8')).toBe(messageTable());
	});

	it('are found: in all parts of the code, and in all forms', () => {
		const places = ['callbacks', 'generation', 'operations', 'providers', 'transport'].map((part) => `nodes/LumaVideo/${part}/`);
		for (const place of [...places, 'credentials/']) {
			expect(messages.filter(({ where }) => where.startsWith(place)).length).toBeGreaterThan(0);
		}
		for (const text of [
			// An error that is thrown, a failure, a finding, one by a table, one of a kind of answer, a rule, and a list of findings.
			"'Provider' is not known",
			'Generation <generation ID> is not finished after <number> seconds',
			"'Prompt' is empty",
			"'Loop' is not possible with a 'Duration' of 10s; use one of the two",
			'Pixazo does not know this generation',
			'<provider> is receiving too many requests',
			'Pixazo did not accept this API key',
			"'Model' cannot be empty at <provider>. Allowed: <allowed>",
		]) {
			expect(messages.map(({ happened }) => happened)).toContain(text);
		}
		expect(reasons).toContain('the connection was refused');
	});

	it.each(each)('%s: says what happened and what to do', (_, { happened, advice }) => {
		expect(happened).not.toBe('');
		expect(advice).not.toBe('');
	});

	it.each(each)('%s: begins and ends like a headline and sentences below it', (_, { happened, advice }) => {
		expect(happened).toMatch(/^(?:[A-Z']|<)/);
		expect(happened).not.toMatch(/[.!:;,\s]$/);
		for (const sentences of advice.split(' / ')) {
			expect(sentences).toMatch(/^(?:[A-Z]|<)/);
			// An address at the end stays free of the full stop.
			expect(sentences).toMatch(/(?:\.|<address>|<what to do>)$/);
		}
		expect(`${happened} ${advice}`).not.toMatch(/\s{2}|undefined|\[object|\bnull\b|\?\?/);
	});

	it.each(each)('%s: quotes only names that a panel shows', (_, { happened, advice }) => {
		// Names begin with a capital; parts of keys do not.
		const quoted = [...`${happened} ${advice}`.matchAll(/(?<![\w>])'([A-Z][^']*)'/g)].map(([, name]) => name);
		for (const name of quoted) expect([...shown]).toContain(name);
	});

	it.each(each.filter(([, { hasGeneration }]) => hasGeneration))('%s: names the generation', (_, { happened, advice }) => {
		expect(`${happened} ${advice}`).toContain('<generation ID>');
	});

	it('do not put the blame on anybody', () => {
		for (const { happened } of messages) expect(happened).not.toMatch(/\b(error|failure|problem|mistake|invalid|sorry|oops)\b/i);
	});
});
