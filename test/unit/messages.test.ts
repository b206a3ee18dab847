/** What every message must hold: what happened, what to do, names that the panel shows, and the ID of what was bought. */
import { describe, expect, it } from '@jest/globals';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { INodeProperties, INodePropertyCollection } from 'n8n-workflow';
import { CrazyrouterApi } from '../../credentials/CrazyrouterApi.credentials';
import { PixazoApi } from '../../credentials/PixazoApi.credentials';
import { LumaVideo } from '../../nodes/LumaVideo/LumaVideo.node';
import { LumaVideoTrigger } from '../../nodes/LumaVideo/LumaVideoTrigger.node';
import { providers } from '../../nodes/LumaVideo/providers';
import { messageGroups, messageTable, messagesPath } from '../../scripts/docs/messages';
import type { Message } from '../../scripts/docs/messages';

const messages = messageGroups().flatMap(([, group]) => group);

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

/** What is wrong with each message that a rule is about; empty when all is well. */
function wrong(rule: (message: Message) => boolean): string[] {
	return messages.filter((message) => !rule(message)).map(({ from, message, advice }) => `${from}: ${message} | ${advice}`);
}

describe('every message', () => {
	it('is in docs/messages.md as it is (else: npm run docs:messages)', () => {
		expect(readFileSync(messagesPath, 'utf8')).toBe(messageTable());
	});

	it('says what happened, like a headline', () => {
		expect(wrong(({ message }) => (/^(?:[A-Z']|<)/.test(message) || message.startsWith(`${providers.fal.displayName} `)) && !/[.!:;,\s]$/.test(message))).toEqual([]);
	});

	it('says what to do, in full sentences', () => {
		// An address at the end stays free of the full stop.
		expect(wrong(({ advice }) => /^(?:[A-Z]|<)/.test(advice) && /(?:\.|<address>|<advice>)$/.test(advice))).toEqual([]);
	});

	it('has no gap in it', () => {
		expect(wrong(({ message, advice }) => !/\s{2}|undefined|\[object|\bnull\b|NaN/.test(`${message} ${advice}`))).toEqual([]);
	});

	it('quotes only names that a panel shows', () => {
		// Names begin with a capital; parts of keys do not.
		const quoted = messages.flatMap(({ message, advice }) => [...`${message} ${advice}`.matchAll(/(?<![\w>])'([A-Z][^']*)'/g)].map(([, name]) => name));
		expect(quoted.filter((name) => name !== undefined && !shown.has(name))).toEqual([]);
	});

	it('names the generation where it is about one', () => {
		expect(wrong(({ message, advice }) => !/\b[Gg]eneration (?!ID|<)/.test(message) || /<generation IDs?>/.test(`${message} ${advice}`) || /this generation|the generation/i.test(message))).toEqual([]);
	});

	it('puts the blame on nobody', () => {
		expect(wrong(({ message }) => !/\b(error|failure|problem|mistake|invalid|sorry|oops)\b/i.test(message))).toEqual([]);
	});
});

describe('the code', () => {
	const sources = readdirSync('nodes', { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ts'));

	it('has texts for users in messages.ts only, and in the tables of providers', () => {
		const elsewhere = sources.filter((path) => !path.endsWith('messages.ts') && !path.includes('providers/'));
		const texts = elsewhere.flatMap((path) => {
			const lines = readFileSync(join('nodes', path), 'utf8').split('\n');
			return lines.flatMap((line, index) => (/^\s*[^/*\s].*(\b(message|advice|finding)(:| =)|findings\.push\() ?['"`][^'"`$]{12,}/.test(line) ? [`${path}:${index + 1}: ${line.trim()}`] : []));
		});
		expect(texts).toEqual([]);
	});
});
