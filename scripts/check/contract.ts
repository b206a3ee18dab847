/**
 * What saved workflows rely on: names, types, defaults, option values and conditions of every parameter of the nodes
 * and credentials. The released state is kept in test/contract/contract.json; a unit test compares the code with it.
 *
 *     npm run check:contract                what changed since
 *     npm run check:contract -- --write     keeps the present state; for additions, or before a new major version
 */
import '../demo/typescriptFirst';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { INodeProperties, INodePropertyCollection, INodePropertyOptions, INodeType } from 'n8n-workflow';
import { LumaVideo } from '../../nodes/LumaVideo/LumaVideo.node';
import { LumaVideoTrigger } from '../../nodes/LumaVideo/LumaVideoTrigger.node';
import { pickerFields } from '../../nodes/LumaVideo/operations';
import { credentialTypes } from '../../test/samples';

const contractPath = join(__dirname, '..', '..', 'test', 'contract', 'contract.json');

/** Conditions by the path of the parameter that they are about; all must hold, each with one of its values. */
type Conditions = Record<string, unknown[]>;

/** One form of a parameter; some exist in several, for different conditions. */
export interface ContractParameter {
	/** Names from the panel inwards, such as `options.timeout`. */
	path: string;
	displayName: string;
	type: string;
	default: unknown;
	required?: true;
	/** Values that can be chosen; for a resource locator its modes. */
	values?: unknown[];
	/** What changes the form in which the value is stored, what it may be, or whether it is hidden. */
	typeOptions?: Record<string, unknown>;
	show?: Conditions;
	hide?: Conditions;
}

/** A node or a credential. */
export interface ContractType {
	/** Of a node. */
	version?: number[];
	inputs?: unknown;
	outputs?: unknown;
	usableAsTool?: boolean;
	/** Credential type: for which providers. */
	credentials?: Record<string, Conditions>;
	/** Method and path, which are part of addresses that others keep. */
	webhooks?: string[];
	parameters: ContractParameter[];
}

export type Contract = Record<string, ContractType>;

const KEPT_TYPE_OPTIONS = ['multipleValues', 'password', 'minValue', 'maxValue'];

/** All of the conditions of the outer and the inner parameter. */
function both(outer: Conditions = {}, inner: Conditions = {}): Conditions {
	return { ...outer, ...Object.fromEntries(Object.entries(inner).map(([name, values]) => [name.replace(/^\//, ''), values])) };
}

function parametersOf(
	properties: readonly INodeProperties[],
	parent: { path: string; displayName: string; show?: Conditions; hide?: Conditions } = { path: '', displayName: '' },
): ContractParameter[] {
	return properties.flatMap((property): ContractParameter[] => {
		const { type, displayOptions, typeOptions = {}, modes } = property;
		const path = parent.path + property.name;
		const displayName = parent.displayName + property.displayName;
		const show = both(parent.show, displayOptions?.show as Conditions);
		const hide = both(parent.hide, displayOptions?.hide as Conditions);
		const kept = Object.entries(typeOptions).filter(([name]) => KEPT_TYPE_OPTIONS.includes(name));
		const own: ContractParameter = {
			path,
			displayName,
			type,
			default: property.default,
			...(property.required ? { required: true } : {}),
			...(type === 'options' || type === 'multiOptions'
				? { values: ((property.options ?? []) as INodePropertyOptions[]).map(({ value }) => value) }
				: {}),
			...(modes ? { values: modes.map(({ name }) => name) } : {}),
			...(kept.length > 0 ? { typeOptions: Object.fromEntries(kept) } : {}),
			...(Object.keys(show).length > 0 ? { show } : {}),
			...(Object.keys(hide).length > 0 ? { hide } : {}),
		};
		const inside = { path: `${path}.`, displayName: `${displayName} > `, show, hide };
		if (type === 'collection') return [own, ...parametersOf(property.options as INodeProperties[], inside)];
		if (type !== 'fixedCollection') return [own];
		return [
			own,
			...((property.options ?? []) as INodePropertyCollection[]).flatMap(({ name, values }) =>
				parametersOf(values, { ...inside, path: `${path}.${name}.` }),
			),
		];
	});
}

function nodeContract({ description }: INodeType): ContractType {
	const { version, inputs, outputs, usableAsTool, credentials = [], webhooks = [], properties } = description;
	return {
		version: [version].flat(),
		inputs,
		outputs,
		usableAsTool: usableAsTool === true,
		credentials: Object.fromEntries(
			credentials.map(({ name, displayOptions }) => [name, (displayOptions?.show ?? {}) as Conditions]),
		),
		webhooks: webhooks.map(({ httpMethod, path }) => `${String(httpMethod)} ${path}`),
		// What the panel never has, no workflow stores.
		parameters: parametersOf(properties.filter((property) => !pickerFields.includes(property))),
	};
}

/** The contract of the code as it is. */
export function currentContract(): Contract {
	const nodes: INodeType[] = [new LumaVideo(), new LumaVideoTrigger()];
	const contract = Object.fromEntries([
		...nodes.map((node) => [node.description.name, nodeContract(node)] as const),
		...credentialTypes.map(({ name, properties }) => [name, { parameters: parametersOf(properties) }] as const),
	]);
	// As it is read from the file: without what JSON does not hold.
	return JSON.parse(JSON.stringify(contract)) as Contract;
}

/** The contract that was released. */
export function keptContract(): Contract {
	return JSON.parse(readFileSync(contractPath, 'utf8')) as Contract;
}

/** A parameter under exactly one value for each of its conditions. */
interface Case {
	parameter: ContractParameter;
	/** `provider = "pixazo"`. */
	when: Set<string>;
}

function casesOf(parameter: ContractParameter): Case[] {
	let whens: string[][] = [[]];
	for (const [name, values] of Object.entries(parameter.show ?? {})) {
		whens = whens.flatMap((when) => values.map((value) => [...when, `${name} = ${JSON.stringify(value)}`]));
	}
	return whens.map((when) => ({ parameter, when: new Set(when) }));
}

const flat = (conditions: Conditions = {}): string[] =>
	Object.entries(conditions).flatMap(([name, values]) => values.map((value) => `${name} = ${JSON.stringify(value)}`));

/** Whether a saved workflow can have this value in the case: a parameter of that name had it, or is none with values. */
function canBeSaved(type: ContractType, { when }: Case, name: string, value: unknown): boolean {
	const set = new Set([...when].map((condition) => condition.split(' = ')[0]));
	const offered = type.parameters.filter(({ path, show = {} }) => {
		const elsewhere = Object.entries(show).some(([key, values]) => set.has(key) && !flat({ [key]: values }).some((condition) => when.has(condition)));
		return path === name && !elsewhere;
	});
	return offered.length === 0 || offered.some(({ values }) => values?.some((each) => same(each, value)) !== false);
}

/**
 * Whether the parameter is shown wherever the kept one was: what hides it hid that one too, is not so in this case, or is a
 * value that is new.
 */
function covers(candidate: Case, kept: Case, type: ContractType): boolean {
	const hidden = new Set(flat(kept.parameter.hide));
	const set = new Set([...kept.when].map((condition) => condition.split(' = ')[0]));
	const isOut = (name: string, condition: string): boolean => hidden.has(condition) || (set.has(name) && !kept.when.has(condition));
	return (
		[...candidate.when].every((condition) => kept.when.has(condition)) &&
		Object.entries(candidate.parameter.hide ?? {}).every(([name, values]) =>
			values.every((value) => flat({ [name]: [value] }).every((condition) => isOut(name, condition)) || !canBeSaved(type, kept, name, value)),
		)
	);
}

/** The same case in the node and in an agent's tool, which n8n tells apart; where it was hidden, it need not be shown. */
function inBothForms(kept: Case): Case[] {
	const hidden = flat(kept.parameter.hide);
	return ['@tool = true', '@tool = false']
		.filter((form) => !hidden.includes(form))
		.map((form) => ({ ...kept, when: new Set([...kept.when, form]) }));
}

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** What became different in a parameter that is still there, and what that does to saved workflows. */
function differences(kept: ContractParameter, now: ContractParameter): string[] {
	const lost = (kept.values ?? []).filter((value) => !now.values?.some((candidate) => same(candidate, value)));
	return [
		...(kept.type === now.type
			? []
			: [`is of type ${now.type} instead of ${kept.type}: saved values are read as something else`]),
		...(same(kept.default, now.default)
			? []
			: [
					`has the default ${JSON.stringify(now.default)} instead of ${JSON.stringify(kept.default)}: saved workflows that never touched it behave differently`,
				]),
		...(now.required && !kept.required ? ['is required now: saved workflows that leave it empty no longer run'] : []),
		...(lost.length > 0
			? [`lost the value ${lost.map((value) => JSON.stringify(value)).join(', ')}: saved workflows that chose it no longer run`]
			: []),
		...(same(kept.typeOptions, now.typeOptions)
			? []
			: [
					`has the type options ${JSON.stringify(now.typeOptions ?? {})} instead of ${JSON.stringify(kept.typeOptions ?? {})}: saved values may be read as something else`,
				]),
	];
}

function brokenParameters(kept: ContractType, now: ContractType): string[] {
	const cases = now.parameters.flatMap(casesOf);
	const findings = kept.parameters.flatMap(casesOf).flatMap((old) => {
		const { path, displayName } = old.parameter;
		const name = `'${displayName}' (${path})`;
		const named = cases.filter(({ parameter }) => parameter.path === path);
		if (named.length === 0) return [`${name} is gone or has another name: saved workflows lose its value`];
		const matchOf = (each: Case) => named.find((candidate) => covers(candidate, each, kept));
		const whole = matchOf(old);
		const matches = whole ? [whole] : inBothForms(old).map(matchOf);
		if (matches.includes(undefined)) {
			const when = [...old.when].join(', ');
			return [`${name} is no longer shown with ${when || 'everything'}: saved workflows lose its value there`];
		}
		return matches.flatMap((match) => (match ? differences(old.parameter, match.parameter) : [])).map((text) => `${name} ${text}`);
	});
	return [...new Set(findings)];
}

function brokenType(kept: ContractType, now: ContractType): string[] {
	const { version = [], credentials = {}, webhooks = [] } = kept;
	return [
		...version
			.filter((each) => !now.version?.includes(each))
			.map((each) => `version ${each} is gone: saved workflows no longer open`),
		...(same(kept.inputs, now.inputs) ? [] : ['its inputs changed: saved connections point elsewhere']),
		...(same(kept.outputs, now.outputs) ? [] : ['its outputs changed: saved connections point elsewhere']),
		...(kept.usableAsTool && !now.usableAsTool ? ['it is no tool any more: saved agents lose it'] : []),
		...Object.entries(credentials).flatMap(([name, conditions]) => {
			const left = now.credentials?.[name];
			if (!left) return [`the credential ${name} is gone: saved workflows lose their key`];
			const lost = flat(conditions).filter((condition) => !flat(left).includes(condition));
			return lost.length === 0 ? [] : [`the credential ${name} is no longer for ${lost.join(', ')}: saved workflows lose their key`];
		}),
		...webhooks
			.filter((each) => !now.webhooks?.includes(each))
			.map((each) => `the address ${each} is gone: calls to addresses that were given out are lost`),
		...brokenParameters(kept, now),
	];
}

export interface Comparison {
	/** What saved workflows would suffer, one sentence for each thing. */
	broken: string[];
	/** Whether there is something in the code that the kept contract does not name. */
	isOutdated: boolean;
}

/** Compares what was released with what is. */
export function compare(kept: Contract, now: Contract): Comparison {
	const broken = Object.entries(kept).flatMap(([name, type]) => {
		const left = now[name];
		if (!left) return [`${name}: it is gone: saved workflows no longer run`];
		return brokenType(type, left).map((finding) => `${name}: ${finding}`);
	});
	return { broken, isOutdated: !same(kept, now) };
}

/** One line per parameter, so that changes can be read. */
function printed(contract: Contract): string {
	const types = Object.entries(contract).map(([name, { parameters, ...rest }]) => {
		const facts = Object.entries(rest).map(([key, value]) => `    ${JSON.stringify(key)}: ${JSON.stringify(value)},\n`);
		const lines = parameters.map((parameter) => `      ${JSON.stringify(parameter)}`);
		return `  ${JSON.stringify(name)}: {\n${facts.join('')}    "parameters": [\n${lines.join(',\n')}\n    ]\n  }`;
	});
	return `{\n${types.join(',\n')}\n}\n`;
}

function main(): void {
	const now = currentContract();
	if (process.argv.includes('--write')) {
		writeFileSync(contractPath, printed(now));
		return;
	}
	const { broken, isOutdated } = compare(keptContract(), now);
	for (const finding of broken) console.log(`- ${finding}`);
	if (broken.length > 0) process.exitCode = 1;
	else console.log(isOutdated ? 'Only additions. Keep them with: npm run check:contract -- --write' : 'Nothing changed.');
}

if (require.main === module) main();
