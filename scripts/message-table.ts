/**
 * Every message that the package can give, collected from its source code: what happened and what to do.
 *
 *     npm run message-table                prints the table of docs/messages.md
 *     npm run message-table -- --write     writes it there
 *
 * Found are: objects with `message` and `advice`, errors of n8n that are constructed, findings about fields, what
 * providers say by the kind of an answer, and the rules of credential tests. An expression inside a text must be named in
 * `PLACEHOLDERS`, else nothing is made: so no message escapes.
 */
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { FIELD_NAMES } from '../nodes/LumaVideo/generation/checkRequest';
import { problemOf } from '../nodes/LumaVideo/providers/answers';
import type { Problem, ProblemKind } from '../nodes/LumaVideo/providers/provider';

const root = join(__dirname, '..');
export const messagesPath = join(root, 'docs', 'messages.md');

export interface Message {
	/** What happened. */
	happened: string;
	/** What to do. */
	advice: string;
	/** Path and line of the source, from the project's folder. */
	where: string;
	/** Whether it is about a generation whose ID is known. */
	hasGeneration: boolean;
}

/** What stands in a text for an expression of the code. */
const PLACEHOLDERS: Readonly<Record<string, readonly string[]>> = {
	'<other provider>': ['foreign.owner'],
	'<provider>': ['displayName', 'options.displayName', 'provider.displayName', 'providerName', 'this.options.provider.displayName'],
	'<dashboard>': ['provider.dashboardUrl', 'this.options.provider.dashboardUrl'],
	'<image or video>': ['generation.makes', 'kind', 'makes'],
	'<model>': ['model.name'],
	'<generation ID>': ['generation.generationId', 'generationId', 'known.generationId', 'first'],
	'<generation IDs>': ["ids.join(', ')", "over.join(', ')", "lookAlikes.join(', ')", "[...deleted].join(', ')"],
	'<status>': ['generation.status', 'status'],
	'<time>': ['new Date(sentAt).toISOString()'],
	'<address>': ['address'],
	'<host>': ['url.hostname'],
	'<HTTP status>': ['answer.statusCode', 'statusCode'],
	'<field>': ['FIELD_NAMES[field]', 'label', 'settingFields[name].displayName'],
	'<type>': ["headers['content-type']", 'mimeType'],
	'<types>': ["types.map((type) => type.replace('image/', '').toUpperCase()).join(', ')"],
	'<resource>': ["context.getNodeParameter('resource', 0)"],
	'<operation>': ["context.getNodeParameter('operation', 0)"],
	'<value>': ['value', 'value.model', "wrong ?? ''", "twice ?? ''"],
	'<allowed>': ["allowed.join(', ')", "PORTRAIT.join(', ')", "models.map((candidate) => candidate.value).join(', ')", "capabilities.models.map((candidate) => candidate.value).join(', ')"],
	'<number>': [
		'length',
		'rules.minLength',
		'rules.maxLength',
		'estimates.length',
		'given.length',
		'keyframes.length',
		'maxReferences',
		'last',
		'seconds',
		'most',
		'position + 1',
		'(bytes / 1_000_000).toFixed(bytes < 10_000_000 ? 1 : 0)',
		'amount.toFixed(2)',
		'maxCostUsd',
		'options.maxBytes',
		'total',
	],
	'<size>': ['sizeText(size)', 'sizeText(maxBytes)'],
	'<type of value>': ['kindOf(image)', 'kindOf(frame)', 'kindOf(value)'],
	'<type that is needed>': ["EXPECTED[field] ?? 'text'", 'expected'],
	'<reason>': [
		'error',
		'error.message',
		'exchange.fault.text',
		'generation.failureReason?.trim().replace(/\\.$/, \'\')',
		'problem.message',
		'reason',
		'text',
		'trouble',
	],
	'<code>': ['code'],
	'<input>': ['input'],
	'<what is missing>': ['what'],
	'<what stands in the way>': ['address.finding', 'finding', "finding ?? 'is not known'", 'reading.finding', 'result.finding'],
	'<doubts>': ['doubts.map((doubt) => `${doubt}.`)'],
	'<what happened>': ['result.message'],
	'<what to do>': ['foreign.instead', 'adviceForRead(problem)', 'advice', 'generation.failureAdvice', 'problem?.advice', 'problem.advice', 'result.advice'],
	'Base URL': ['baseUrlField'],
	// Made elsewhere, and collected there.
	'': [
		'[failure.advice, ...alsoKnown].join(\' \')',
		"[...others, CORRECT].map((sentence) => sentence.replace(/\\.?$/, '.')).join(' ')",
		"message.replace(/ \\[item \\d+\\]$/, '')",
		'check.advice',
		'check.message',
		'failure.advice',
		'failure.message',
		'field',
		'first',
		'frames',
		'first.advice',
		'first.message',
		'itemIndex',
		'known.advice',
		'options.advice ?? ADVICE[kind]',
		'reading.problem.advice',
		'reading.problem.message',
		'said ? `${happened}: ${said}` : happened',
		'text.advice',
		'text.message',
		'text?.advice',
		'text?.message',
	],
};
const STANDS_FOR = new Map(Object.entries(PLACEHOLDERS).flatMap(([name, codes]) => codes.map((code) => [code, name] as const)));

/** A source file with what is defined at its top. */
interface Source {
	path: string;
	file: ts.SourceFile;
	/** Initializers of constants, also of those inside functions. */
	constants: Map<string, ts.Expression>;
	/** Functions that only return a text. */
	functions: Map<string, { parameters: string[]; result: ts.Expression }>;
	/** Imported name: file that it comes from. */
	imports: Map<string, string>;
}

function readSource(path: string): Source {
	const file = ts.createSourceFile(path, readFileSync(join(root, path), 'utf8'), ts.ScriptTarget.ES2022, true);
	const source: Source = { path, file, constants: new Map(), functions: new Map(), imports: new Map() };
	visit(file, (node) => {
		if (ts.isVariableDeclaration(node) && ts.isIdentifier(node.name) && node.initializer) {
			const isConstant = (ts.getCombinedNodeFlags(node) & ts.NodeFlags.Const) !== 0;
			if (isConstant) source.constants.set(node.name.text, node.initializer);
		}
		if (ts.isFunctionDeclaration(node) && node.name && node.body?.statements.length === 1) {
			const [only] = node.body.statements;
			if (only && ts.isReturnStatement(only) && only.expression) {
				const parameters = node.parameters.map(({ name }) => name.getText());
				source.functions.set(node.name.text, { parameters, result: only.expression });
			}
		}
		if (ts.isImportDeclaration(node) && ts.isStringLiteral(node.moduleSpecifier) && node.moduleSpecifier.text.startsWith('.')) {
			const from = join(path, '..', node.moduleSpecifier.text).replaceAll('\\', '/');
			const names = node.importClause?.namedBindings;
			if (names && ts.isNamedImports(names)) for (const { name } of names.elements) source.imports.set(name.text, `${from}.ts`);
		}
	});
	return source;
}

function visit(node: ts.Node, each: (node: ts.Node) => void): void {
	each(node);
	ts.forEachChild(node, (child) => {
		visit(child, each);
	});
}

const product = (left: string[], right: string[]): string[] => left.flatMap((a) => right.map((b) => a + b));
const unique = (texts: string[]): string[] => [...new Set(texts)];

class Collector {
	readonly messages: Message[] = [];
	/** What `<reason>` can be when there is no answer. */
	readonly reasons = new Set<string>();
	/** Expressions that nothing stands for, with their places. */
	readonly unnamed = new Set<string>();
	private readonly sources = new Map<string, Source>();

	constructor(paths: readonly string[]) {
		for (const path of paths) this.sources.set(path, readSource(path));
	}

	collect(): void {
		const code = [...this.sources.values()].map(({ file }) => file.text);
		for (const text of [NOTHING_SENT, NETWORK_ADVICE]) {
			if (!code.some((each) => each.includes(text))) throw new Error(`The code does not say this any more: ${text}`);
		}
		for (const source of this.sources.values()) {
			visit(source.file, (node) => {
				if (ts.isObjectLiteralExpression(node)) this.fromObject(source, node);
				if (ts.isNewExpression(node) && /^Node(Operation|Api)Error$/.test(node.expression.getText())) this.fromError(source, node);
				if (ts.isCallExpression(node)) this.fromCall(source, node);
				if (ts.isFunctionDeclaration(node) && node.name?.text.endsWith('Finding')) this.fromFinding(source, node);
				if (ts.isVariableDeclaration(node) && node.name.getText() === 'HAPPENED') this.fromKinds(source, node);
			});
		}
	}

	/** All texts that an expression can be; alternatives of conditions are texts of their own. */
	private texts(source: Source, node: ts.Expression, bound: ReadonlyMap<string, string[]> = new Map()): string[] {
		const go = (inner: ts.Expression): string[] => this.texts(source, inner, bound);
		if (ts.isStringLiteralLike(node) || ts.isNumericLiteral(node)) return [node.text];
		const given = ts.isIdentifier(node) ? bound.get(node.text) : undefined;
		if (given) return given;
		const code = node.getText();
		const name = STANDS_FOR.get(code);
		if (name !== undefined) return [name];
		if (ts.isTemplateExpression(node)) {
			return unique(
				node.templateSpans.reduce<string[]>(
					(made, span) => product(product(made, go(span.expression)), [span.literal.text]),
					[node.head.text],
				),
			);
		}
		if (ts.isConditionalExpression(node)) return unique([...go(node.whenTrue), ...go(node.whenFalse)]);
		if (ts.isBinaryExpression(node)) {
			const { kind } = node.operatorToken;
			if (kind === ts.SyntaxKind.PlusToken) return product(go(node.left), go(node.right));
			if (kind === ts.SyntaxKind.QuestionQuestionToken || kind === ts.SyntaxKind.BarBarToken) {
				return unique([...go(node.left), ...go(node.right)]);
			}
		}
		if (ts.isIdentifier(node)) {
			const constant = source.constants.get(node.text);
			if (constant) return go(constant);
			const imported = this.sources.get(source.imports.get(node.text) ?? '');
			const outer = imported?.constants.get(node.text);
			if (imported && outer) return this.texts(imported, outer);
		}
		if (ts.isPropertyAccessExpression(node) && node.expression.getText() === 'FIELD_NAMES') {
			return [FIELD_NAMES[node.name.text as keyof typeof FIELD_NAMES]];
		}
		if (ts.isCallExpression(node) && ts.isIdentifier(node.expression)) {
			const called = node.expression.text;
			const [argument] = node.arguments;
			if (called === 'String' && argument) return go(argument);
			if (called === 'named' && argument) return [ts.isStringLiteral(argument) ? `'${fieldName(argument.text)}'` : "'<field>'"];
			const home = source.functions.has(called) ? source : this.sources.get(source.imports.get(called) ?? '');
			const made = home?.functions.get(called);
			if (home && made) {
				const values = new Map(made.parameters.map((parameter, index) => {
					const value = node.arguments[index];
					return [parameter, value ? go(value) : []] as const;
				}));
				return this.texts(home, made.result, values);
			}
		}
		if (ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression) && node.expression.name.text === 'join') {
			const list = node.expression.expression;
			if (ts.isArrayLiteralExpression(list)) return this.joined(source, list);
		}
		this.unnamed.add(`${this.placeOf(source, node)}: ${code}`);
		return ['?'];
	}

	/** A list of sentences of which some come only sometimes, in full. */
	private joined(source: Source, list: ts.ArrayLiteralExpression): string[] {
		const parts = list.elements.flatMap((element): ts.Expression[] => {
			if (!ts.isSpreadElement(element)) return [element];
			let { expression } = element;
			if (ts.isParenthesizedExpression(expression)) ({ expression } = expression);
			if (ts.isConditionalExpression(expression)) expression = expression.whenTrue;
			return ts.isArrayLiteralExpression(expression) ? [...expression.elements] : [expression];
		});
		return [parts.map((part) => this.texts(source, part).join(' ')).join(' ')];
	}

	private placeOf({ path, file }: Source, node: ts.Node): string {
		return `${path}:${file.getLineAndCharacterOfPosition(node.getStart()).line + 1}`;
	}

	private add(source: Source, node: ts.Node, happened: string[], advice: string[], hasGeneration = false): void {
		for (const text of happened) {
			// All of it was made elsewhere.
			if (!/[a-z]/i.test(text.replaceAll(/<[^>]*>|\[item .?\]/g, ''))) continue;
			this.messages.push({ happened: text, advice: advice.join(' / '), where: this.placeOf(source, node), hasGeneration });
		}
	}

	private fromObject(source: Source, node: ts.ObjectLiteralExpression): void {
		const { message, advice, failureAdvice, finding, findings, field, text, outcome, problem } = propertiesOf(node);
		if (findings) this.fromFindings(source, findings);
		if (outcome && text) this.addReasons(source, text);
		if (finding && source.path.includes('/callbacks/')) return;
		if (finding && field) {
			const names = this.texts(source, field).filter((name) => name !== '').map((name) => `'${fieldName(name)}'`);
			this.add(source, node, names.flatMap((name) => this.texts(source, finding).map((each) => `${name} ${each}`)), [NOTHING_SENT]);
		} else if (finding) {
			this.add(source, node, this.texts(source, finding).map(aboutField), [NOTHING_SENT]);
		} else if (failureAdvice) {
			this.add(source, node, [FAILED], this.texts(source, failureAdvice), true);
		} else if (source.path.includes('/providers/')) {
			if (message ?? advice) this.fromAnswer(source, node, message, advice);
		} else if (message && advice) {
			this.add(source, node, this.texts(source, message), this.texts(source, advice), this.namesGeneration(source, node));
		} else if (text && problem?.getText() === 'null') {
			this.add(source, node, this.texts(source, text), [NETWORK_ADVICE]);
		}
	}

	/** What a provider says where the general text for a kind of answer does not fit; the missing half is the general one. */
	private fromAnswer(
		source: Source,
		node: ts.ObjectLiteralExpression,
		message: ts.Expression | undefined,
		advice: ts.Expression | undefined,
	): void {
		const happened = message ? this.texts(source, message) : [];
		const next = advice ? this.texts(source, advice) : [];
		// Options that hand on what is collected from the tables.
		if ([...happened, ...next].every((text) => text === '')) return;
		const general = message && advice ? null : this.generalProblem(source, node);
		this.add(source, node, message ? happened : [general?.message ?? ''], advice ? next : [general?.advice ?? '']);
	}

	private generalProblem(source: Source, node: ts.ObjectLiteralExpression): Problem {
		const name = source.constants.get('DISPLAY_NAME');
		const [displayName = ''] = name ? this.texts(source, name) : ['<provider>'];
		const { kind } = propertiesOf(node);
		const { parent } = node;
		const call = ts.isCallExpression(parent) ? parent.arguments[0] : undefined;
		const named = kind ?? call;
		if (named && ts.isStringLiteral(named)) return problemOf(named.text as ProblemKind, NO_ANSWER, { displayName });
		if (ts.isPropertyAssignment(parent) && ts.isNumericLiteral(parent.name)) {
			return httpProblem({ ...NO_ANSWER, statusCode: Number(parent.name.text) }, { displayName, providerText: '' });
		}
		throw new Error(`${this.placeOf(source, node)}: half a text, and no kind or HTTP status that tells the other half`);
	}

	/** Whether the details of a failure name a generation. */
	private namesGeneration(source: Source, node: ts.ObjectLiteralExpression): boolean {
		let { details } = propertiesOf(node);
		if (details && ts.isIdentifier(details)) details = source.constants.get(details.text);
		if (!details) return false;
		if (!ts.isObjectLiteralExpression(details)) return details.getText() === 'this.details(item)';
		const { generationId } = propertiesOf(details);
		return generationId !== undefined && generationId.getText() !== 'null';
	}

	/** A function that says what stands in the way, or `null`. */
	private fromFinding(source: Source, node: ts.FunctionDeclaration): void {
		visit(node, (inner) => {
			if (!ts.isReturnStatement(inner) || !inner.expression || inner.expression.getText() === 'null') return;
			this.add(source, inner, this.texts(source, inner.expression).map(aboutField), [NOTHING_SENT]);
		});
	}

	/** A list of findings, or one made for each of several fields. */
	private fromFindings(source: Source, list: ts.Expression): void {
		const texts = ts.isArrayLiteralExpression(list)
			? [...list.elements]
			: ts.isCallExpression(list)
				? list.arguments.filter(ts.isArrowFunction).flatMap(({ body }) => (ts.isBlock(body) ? [] : [body]))
				: [];
		for (const text of texts) this.add(source, text, this.texts(source, text), [NOTHING_SENT]);
	}

	/** Why there is no answer; `text` may come out of a table. */
	private addReasons(source: Source, text: ts.Expression): void {
		const table = ts.isElementAccessExpression(text) ? source.constants.get(text.expression.getText()) : undefined;
		const texts = table && ts.isObjectLiteralExpression(table) ? Object.values(propertiesOf(table)) : [text];
		for (const each of texts) if (each) this.texts(source, each).forEach((reason) => this.reasons.add(reason));
	}

	/** What every provider says about an answer of some kind. */
	private fromKinds(source: Source, { initializer }: ts.VariableDeclaration): void {
		if (!initializer || !ts.isObjectLiteralExpression(initializer)) return;
		for (const property of initializer.properties) {
			const kind = property.name?.getText() as ProblemKind;
			const { message, advice } = problemOf(kind, NO_ANSWER, { displayName: '<provider>' });
			this.add(source, property, [message], [advice]);
		}
	}

	private fromError(source: Source, node: ts.NewExpression): void {
		const [, message, options] = node.arguments ?? [];
		// The error of an answer is made from a failure, which is collected where it is made.
		if (!message || ts.isSatisfiesExpression(message)) return;
		const description = options && ts.isObjectLiteralExpression(options) ? propertiesOf(options).description : undefined;
		this.add(source, node, this.texts(source, message), description ? this.texts(source, description) : ['']);
	}

	private fromCall(source: Source, node: ts.CallExpression): void {
		const called = node.expression.getText();
		const [first] = node.arguments;
		if (called === 'findings.push' && first) this.add(source, node, this.texts(source, first), [NOTHING_SENT]);
		if (called === 'whenTrue') {
			for (const check of node.arguments.filter(ts.isArrayLiteralExpression)) {
				const [, field, finding] = check.elements;
				if (!field || !finding) continue;
				const names = this.texts(source, field).filter((name) => name !== '').map((name) => `'${fieldName(name)}'`);
				this.add(source, check, names.flatMap((name) => this.texts(source, finding).map((text) => `${name} ${text}`)), [NOTHING_SENT]);
			}
		}
		if (called === 'whenStatus' || called === 'whenBody') {
			const text = node.arguments.at(-1);
			if (!text || text.getText() === 'message') return;
			for (const each of this.texts(source, text)) {
				const [, happened = each, advice = ''] = /^(.*?[.]) (.*)$/.exec(each) ?? [];
				this.add(source, node, [happened.replace(/\.$/, '')], [advice]);
			}
		}
	}
}

/** What is added to findings about fields (operations/plan.ts), and to reads that got no answer (operations/eachItem.ts). */
const NOTHING_SENT = 'Correct this, then run the workflow again. Nothing was sent.';
const FAILED = '<provider> could not make the <image or video>: <reason> (generation <generation ID>)';
const NETWORK_ADVICE = "Check the network of n8n and 'Base URL' in the credential, then try again.";
const NO_ANSWER = { statusCode: 400, headers: {}, text: '' };

/** Some findings are the end of a sentence that begins with the field. */
const aboutField = (text: string): string => (/^['A-Z]/.test(text) ? text : `'<field>' ${text}`);

function fieldName(name: string): string {
	const shown = (FIELD_NAMES as Record<string, string>)[name];
	if (shown === undefined) throw new Error(`no field has the name ${name}`);
	return shown;
}

function propertiesOf(node: ts.ObjectLiteralExpression): Partial<Record<string, ts.Expression>> {
	return Object.fromEntries(
		node.properties.flatMap((property): Array<[string, ts.Expression]> => {
			if (ts.isPropertyAssignment(property)) return [[property.name.getText(), property.initializer]];
			return ts.isShorthandPropertyAssignment(property) ? [[property.name.text, property.name]] : [];
		}),
	);
}

/** All messages, in the order of the code, and what `<reason>` can be when a service gives no answer. */
export function collect(): { messages: Message[]; reasons: string[] } {
	const paths = ['nodes', 'credentials'].flatMap((folder) =>
		readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
			.filter((path) => path.endsWith('.ts'))
			.map((path) => `${folder}/${path.replaceAll('\\', '/')}`)
			.sort(),
	);
	const collector = new Collector(paths);
	collector.collect();
	if (collector.unnamed.size > 0) {
		throw new Error(`Name these in PLACEHOLDERS of scripts/message-table.ts:\n${[...collector.unnamed].join('\n')}`);
	}
	return { messages: collector.messages, reasons: [...collector.reasons] };
}

/** Headings, and the sources below each. */
const GROUPS: ReadonlyArray<readonly [heading: string, sources: RegExp]> = [
	['Fields and settings, before anything is sent', /check(Image)?Request|spending|generationId|inputImages|callbackAddress|operations\/(buy|fileStore|index|manyFields|methods|settings)|create(Image|Video)/],
	['Making, waiting and reading', /generation\/(messages|read|deliver|list|catalog)|operations\/(plan|report)/],
	['What a provider answers', /providers\//],
	['Connections and downloads', /transport\//],
	['Luma Video Trigger', /callbacks\//],
	['Test of a credential', /credentials\//],
];

/** Words in angle brackets are no HTML, and a bar would end the cell. */
const cell = (text: string): string => text.replaceAll('|', '\\|').replace(/<([^>]+)>/g, '*$1*');

/** docs/messages.md. */
export function messageTable(): string {
	const { messages, reasons } = collect();
	const rest = new Set(messages);
	const parts = GROUPS.map(([heading, sources]) => {
		const own = [...rest].filter(({ where }) => sources.test(where));
		for (const message of own) rest.delete(message);
		const rows = new Set(own.map(({ happened, advice }) => `| ${cell(happened)} | ${cell(advice)} |`));
		return `## ${heading}\n\n| What happened | What to do |\n|---|---|\n${[...rows].join('\n')}`;
	});
	const [left] = rest;
	if (left) throw new Error(`${left.where}: no heading in scripts/message-table.ts is for this file`);
	return `# Messages

Every message of Luma Video and Luma Video Trigger, made from the code by \`npm run message-table -- --write\`. Words in
*italics* stand for what is known when it happens. Behind a message stands the number of its item, and behind what a
provider answers the provider's own words. Alternatives are parted by a slash.

${parts.join('\n\n')}

## Reasons when there is no answer

${reasons.map((reason) => `- ${cell(reason)}`).join('\n')}
`;
}

function main(): void {
	if (process.argv.includes('--write')) writeFileSync(messagesPath, messageTable());
	else process.stdout.write(messageTable());
}

if (require.main === module) main();
