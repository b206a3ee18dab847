/**
 * docs/messages.md: every message that the package can give, what happened and what to do.
 *
 *     npm run docs:messages
 *
 * Messages are functions in the `messages.ts` of each room. Each is called here with a placeholder for every fact, and
 * once for each value of what it chooses words by: facts named `is…`, `has…`, `may…` and `can…`, and `makes`. What
 * providers answer and what cannot be said together comes from their tables.
 */
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ICredentialType } from 'n8n-workflow';
import * as callbacks from '../../nodes/LumaVideo/callbacks/messages';
import * as generation from '../../nodes/LumaVideo/generation/messages';
import * as operations from '../../nodes/LumaVideo/operations/messages';
import * as transport from '../../nodes/LumaVideo/transport/messages';
import { providerIds, providers } from '../../nodes/LumaVideo/providers';
import { problemKinds, problemOf, answerReader } from '../../nodes/LumaVideo/providers/answers';
import type { Exclusion, Provider } from '../../nodes/LumaVideo/providers/provider';
import type { Text } from '../../nodes/LumaVideo/providers/text';
import { FIELD_NAMES } from '../../nodes/LumaVideo/generation/check';
import type { FieldName } from '../../nodes/LumaVideo/generation/check';

export const messagesPath = join(__dirname, '..', '..', 'docs', 'messages.md');

export interface Message extends Text {
	/** Where it comes from: the room and the function, or the provider. */
	from: string;
}

type Facts = Record<string, unknown>;
type Fact = string | boolean;

/** `generationId` becomes `<generation ID>`. */
function placeholder(name: string): string {
	const known: Record<string, string> = { displayName: 'provider', provider: 'provider', dashboardUrl: 'dashboard', findings: 'what stands in the way' };
	const words = known[name] ?? name.replace(/([A-Z])/g, ' $1').toLowerCase().replace(/\b(id|ids|http|url)\b/g, (word) => word.toUpperCase().replace('IDS', 'IDs'));
	return `<${words}>`;
}

/** What a fact can be, where the words depend on it. */
function choicesOf(name: string): readonly Fact[] | null {
	if (name === 'makes') return ['video', 'image'];
	return /^(is|has|may|can)[A-Z]/.test(name) ? [true, false] : null;
}

/** Facts that answer to every name: with a placeholder, or with what was chosen; notes what can be chosen. */
function factsFor(chosen: ReadonlyMap<string, Fact>, asked: Set<string>): Facts {
	return new Proxy<Facts>(
		{},
		{
			get(_, name) {
				if (typeof name !== 'string') return undefined;
				if (name === 'provider') return factsFor(chosen, asked);
				const choices = choicesOf(name);
				if (!choices) return placeholder(name);
				asked.add(name);
				return chosen.get(name) ?? choices[0];
			},
		},
	);
}

/** All that a function can say. */
export function saidBy(say: (facts: never) => unknown): unknown[] {
	const all = new Map<string, unknown>();
	const open: Array<Map<string, Fact>> = [new Map()];
	for (let chosen = open.pop(); chosen; chosen = open.pop()) {
		const asked = new Set<string>();
		const said = say(factsFor(chosen, asked) as never);
		all.set(JSON.stringify(said), said);
		for (const name of asked) {
			if (chosen.has(name)) continue;
			for (const value of choicesOf(name) ?? []) open.push(new Map([...chosen, [name, value]]));
			break;
		}
	}
	return [...all.values()];
}

function isText(said: unknown): said is Text {
	return typeof said === 'object' && said !== null && 'message' in said && 'advice' in said;
}

/** The messages of a room. A function that gives a text only says what is wrong with a field. */
function messagesOf(room: string, functions: Record<string, unknown>): Message[] {
	return Object.entries(functions).flatMap(([name, say]) => {
		if (typeof say !== 'function') return [];
		return saidBy(say as (facts: never) => unknown).map((said): Message => {
			if (isText(said)) return { from: `${room}: ${name}`, message: said.message, advice: said.advice };
			if (typeof said === 'string') return { from: `${room}: ${name}`, message: aboutField(said), advice: operations.NOTHING_SENT };
			throw new Error(`${room}/messages.ts: ${name} gives no message`);
		});
	});
}

/** Some findings are the end of a sentence that begins with the field. */
function aboutField(finding: string): string {
	return /^['A-Z<]/.test(finding) ? finding : `'<field>' ${finding}`;
}

/** What is said of a kind of answer, whoever the provider is. */
function generalMessages(): Message[] {
	return problemKinds.map((kind) => {
		const { message, advice } = problemOf(kind, { statusCode: 400, headers: {}, text: '' }, { displayName: '<provider>' });
		return { from: `kind of answer: ${kind}`, message, advice };
	});
}

function excluded(id: string, exclusions: ReadonlyArray<Exclusion<never>> = []): Message[] {
	return exclusions.map(({ field, finding }) => ({
		from: `${id}: exclusions`,
		message: `'${FIELD_NAMES[field as FieldName]}' ${finding}`,
		advice: operations.NOTHING_SENT,
	}));
}

/** What one provider's refusals become, rule by rule. */
function refusalsOf({ id, displayName, refusals }: Provider): Message[] {
	return refusals.flatMap((rule): Message[] => {
		const status = rule.status?.[0] ?? 400;
		const asked = rule.asked?.[0] ?? 'generation';
		const reader = answerReader({ displayName, refusals: [{ ...rule, code: undefined, says: undefined }], said: () => ({ text: null }) });
		const { message, advice } = reader.problem({ statusCode: status, headers: {}, text: '' }, asked);
		return [{ from: `${id}: refusals`, message, advice }];
	});
}

/** What the test of each credential can say. */
function credentialMessages(): Message[] {
	const folder = join(__dirname, '..', '..', 'credentials');
	const files = readdirSync(folder).filter((file) => file.endsWith('.credentials.ts'));
	return files.sort().flatMap((file) => {
		// eslint-disable-next-line @typescript-eslint/no-require-imports -- whatever is in the folder
		const types = Object.values(require(join(folder, file)) as Record<string, new () => ICredentialType>);
		return types.flatMap((Type) => {
			const { name, test } = new Type();
			return (test?.rules ?? []).map(({ properties }): Message => {
				const [, message = properties.message, advice = ''] = /^(.*?)\. (.*)$/.exec(properties.message) ?? [];
				return { from: `credential: ${name}`, message, advice };
			});
		});
	});
}

/** Every message, grouped as docs/messages.md shows them. */
export function messageGroups(): Array<[heading: string, messages: Message[]]> {
	const all = providerIds.map((id) => providers[id]);
	return [
		[
			'Fields and settings, before anything is sent',
			[
				...messagesOf('operations', operations).filter(({ advice }) => /Nothing was (sent|bought)/.test(advice)),
				...messagesOf('generation', generation).filter(({ advice }) => advice.includes('Nothing was sent')),
				...all.flatMap(({ id, exclusions, images }) => [...excluded(id, exclusions), ...excluded(id, images?.exclusions)]),
			],
		],
		[
			'Submitting, waiting and reading',
			[
				...messagesOf('generation', generation).filter(({ advice }) => !advice.includes('Nothing was sent')),
				...messagesOf('operations', operations).filter(({ advice }) => !/Nothing was (sent|bought)/.test(advice)),
			],
		],
		['What a provider answers', [...generalMessages(), ...all.flatMap(refusalsOf)]],
		['Connections and downloads', messagesOf('transport', transport)],
		['Luma Video Trigger', messagesOf('callbacks', callbacks)],
		['Test of a credential', credentialMessages()],
	];
}

/** Words in angle brackets are no HTML, and a bar would end the cell. */
const cell = (text: string): string => text.replaceAll('|', '\\|').replace(/<([^>]+)>/g, '*$1*');

export function messageTable(): string {
	const parts = messageGroups().map(([heading, messages]) => {
		const rows = new Set(messages.map(({ message, advice }) => `| ${cell(message)} | ${cell(advice)} |`));
		return `## ${heading}\n\n| What happened | What to do |\n|---|---|\n${[...rows].join('\n')}`;
	});
	const reasons = [...new Set(Object.values({ ...transport.NOT_SENT, ...transport.UNCLEAR }))];
	return `# Messages

Every message of Luma Video and Luma Video Trigger, made by \`npm run docs:messages\`. Words in *italics* stand for what is
known when it happens. The number of the item follows a message, and a provider's own words follow what it answers.

${parts.join('\n\n')}

## Reasons when there is no answer

${reasons.map((reason) => `- ${cell(reason)}`).join('\n')}
`;
}

if (require.main === module) writeFileSync(messagesPath, messageTable());
