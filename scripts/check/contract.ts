/**
 * What saved workflows rely on: names, types, defaults, option values and conditions of every parameter of the nodes
 * and credentials. The released state is kept in test/contract/contract.json; a unit test compares the code with it.
 * The packages of packages/ have one file each, compared with what was built; between them and the whole package,
 * workflows can move.
 *
 *     npm run build && npm run check:contract     what changed since
 *     npm run check:contract -- --write           keeps the present state; for additions, or before a new major version
 */
import '../demo/typescriptFirst';
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, join } from 'node:path';
import type {
	ICredentialType,
	INodeProperties,
	INodePropertyCollection,
	INodePropertyOptions,
	INodeType,
} from 'n8n-workflow';
import { LumaVideo } from '../../nodes/LumaVideo/LumaVideo.node';
import { LumaVideoTrigger } from '../../nodes/LumaVideo/LumaVideoTrigger.node';
import { pickerFields, resetFields } from '../../nodes/LumaVideo/operations';
import { credentialTypes } from '../../test/samples';

const root = join(__dirname, '..', '..');

const load = createRequire(__filename);

const contractPath = (name: string): string => join(root, 'test', 'contract', `${name}.json`);

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

function nodeContract({ description }: INodeType, unstored: readonly INodeProperties[]): ContractType {
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
		parameters: parametersOf(properties.filter((property) => !unstored.includes(property))),
	};
}

function contractOf(nodes: readonly INodeType[], credentials: readonly ICredentialType[], unstored: readonly INodeProperties[]): Contract {
	const contract = Object.fromEntries([
		...nodes.map((node) => [node.description.name, nodeContract(node, unstored)] as const),
		...credentials.map(({ name, properties }) => [name, { parameters: parametersOf(properties) }] as const),
	]);
	// As it is read from the file: without what JSON does not hold.
	return JSON.parse(JSON.stringify(contract)) as Contract;
}

/** The contract of the code as it is. */
export function currentContract(): Contract {
	return contractOf([new LumaVideo(), new LumaVideoTrigger()], credentialTypes, [...resetFields, ...pickerFields]);
}

/** Names of the packages beside the whole one. */
export function reducedPackages(): string[] {
	return readdirSync(join(root, 'packages'));
}

/**
 * The contract of a package of packages/, as it was built.
 *
 * @throws {Error} when it was not built
 */
export function builtContract(name: string): Contract {
	const folder = join(root, 'packages', name);
	if (!existsSync(join(folder, 'dist'))) throw new Error(`${name} is not built: npm run build`);
	const { n8n } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { n8n: { nodes: string[]; credentials: string[] } };
	const made = <T>(path: string): T => {
		const [className = ''] = basename(path).split('.');
		const { [className]: Class } = load(join(folder, path)) as Record<string, new () => T>;
		if (!Class) throw new Error(`${path} has no class ${className}`);
		return new Class();
	};
	const operations = load(join(folder, 'dist/nodes/LumaVideo/operations')) as Record<'pickerFields' | 'resetFields', INodeProperties[]>;
	return contractOf(
		n8n.nodes.map((path) => made<INodeType>(path)),
		n8n.credentials.map((path) => made<ICredentialType>(path)),
		[...operations.resetFields, ...operations.pickerFields],
	);
}

/** What of the one contract is about providers of the other. */
export function sharedWith(contract: Contract, other: Contract): Contract {
	const providersOf = ({ parameters }: ContractType): unknown[] => parameters.find(({ path }) => path === 'provider')?.values ?? [];
	const entries = Object.entries(contract).flatMap(([name, type]): Array<[string, ContractType]> => {
		const there = other[name];
		if (!there) return [];
		const ids = providersOf(there);
		const isThere = (value: unknown): boolean => ids.includes(value);
		const parameters = type.parameters.flatMap((parameter): ContractParameter[] => {
			const { path, values, show } = parameter;
			if (path === 'provider') return [{ ...parameter, values: values?.filter(isThere) }];
			if (!show?.provider) return [parameter];
			const shown = show.provider.filter(isThere);
			return shown.length === 0 ? [] : [{ ...parameter, show: { ...show, provider: shown } }];
		});
		const { credentials } = type;
		const left = credentials && Object.fromEntries(Object.entries(credentials).filter(([id]) => other[id]));
		return [[name, { ...type, ...(left && { credentials: left }), parameters }]];
	});
	return Object.fromEntries(entries);
}

/** The contract that was released. */
export function keptContract(name = 'contract'): Contract {
	return JSON.parse(readFileSync(contractPath(name), 'utf8')) as Contract;
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

/** What workflows would suffer that move from the one package to the other. */
function brokenByMove(from: Contract, to: Contract): string[] {
	return compare(sharedWith(from, to), to).broken;
}

function main(): void {
	const whole = currentContract();
	const all: Array<[name: string, file: string, now: Contract]> = [
		['the whole package', 'contract', whole],
		...reducedPackages().map((name): [string, string, Contract] => [name, name, builtContract(name)]),
	];
	if (process.argv.includes('--write')) {
		for (const [, file, now] of all) writeFileSync(contractPath(file), printed(now));
		return;
	}
	for (const [name, file, now] of all) {
		const { broken, isOutdated } = compare(keptContract(file), now);
		const moved = now === whole ? [] : [...brokenByMove(now, whole), ...brokenByMove(whole, now)];
		for (const finding of broken) console.log(`- ${name}: ${finding}`);
		for (const finding of moved) console.log(`- ${name}, a workflow that moves: ${finding}`);
		if (broken.length + moved.length > 0) process.exitCode = 1;
		else console.log(`${name}: ${isOutdated ? 'only additions; keep them with: npm run check:contract -- --write' : 'nothing changed'}`);
	}
}

if (require.main === module) main();
