/** Saved workflows go on working: nothing that they rely on is taken away. */
import { describe, expect, it } from '@jest/globals';
import type { Contract, ContractParameter } from '../../scripts/check/contract';
import { compare, currentContract as readContract, keptContract } from '../../scripts/check/contract';

const current = readContract();

it('the contract with saved workflows is kept (what is listed here breaks them)', () => {
	const { broken, isOutdated } = compare(keptContract(), current);
	if (isOutdated) console.warn('test/contract/contract.json does not name all there is: npm run check:contract -- --write');
	expect(broken).toEqual([]);
});

const CHANGED_BELOW = [
	'apiKey',
	'completion',
	'downloadVideo',
	'generationId',
	'loop',
	'options.dryRun',
	'options.maxCost',
	'prompt',
	'provider',
];

/** A copy, to be changed, with a few of the parameters: comparing all of them takes long. */
function currentContract(): Contract {
	const copy = structuredClone(current);
	for (const type of Object.values(copy)) type.parameters = type.parameters.filter(({ path }) => CHANGED_BELOW.includes(path));
	return copy;
}

/** The contract with one parameter of a node changed. */
function changed(path: string, change: (parameter: ContractParameter) => ContractParameter[], type = 'lumaVideo'): Contract {
	const contract = currentContract();
	const found = contract[type];
	if (!found) throw new Error(`no ${type}`);
	if (!found.parameters.some((parameter) => parameter.path === path)) throw new Error(`no ${path}`);
	const parameters = found.parameters.flatMap((parameter) => (parameter.path === path ? change(parameter) : [parameter]));
	return { ...contract, [type]: { ...found, parameters } };
}

describe('the comparison', () => {
	it('finds nothing where nothing changed', () => {
		expect(compare(current, structuredClone(current))).toEqual({ broken: [], isOutdated: false });
	});

	it.each<[string, Contract, string]>([
		[
			'is removed',
			changed('options.dryRun', () => []),
			"lumaVideo: 'Options > Dry Run' (options.dryRun) is gone or has another name: saved workflows lose its value",
		],
		[
			'is renamed',
			changed('prompt', (one) => [{ ...one, path: 'text' }]),
			"lumaVideo: 'Prompt' (prompt) is gone or has another name: saved workflows lose its value",
		],
		[
			'gets another type',
			changed('downloadVideo', (one) => [{ ...one, type: 'string' }]),
			"lumaVideo: 'Download Video' (downloadVideo) is of type string instead of boolean: saved values are read as something else",
		],
		[
			'gets another default',
			changed('downloadVideo', (one) => [{ ...one, default: true }]),
			"lumaVideo: 'Download Video' (downloadVideo) has the default true instead of false: saved workflows that never touched it behave differently",
		],
		[
			'loses a value',
			changed('completion', (one) => [{ ...one, values: one.values?.filter((value) => value !== 'none') }]),
			'lumaVideo: \'Completion\' (completion) lost the value "none": saved workflows that chose it no longer run',
		],
		[
			'becomes required',
			changed('prompt', (one) => [{ ...one, required: true }]),
			"lumaVideo: 'Prompt' (prompt) is required now: saved workflows that leave it empty no longer run",
		],
		[
			'may hold less',
			changed('options.maxCost', (one) => [{ ...one, typeOptions: { minValue: 1 } }]),
			'lumaVideo: \'Options > Max Cost (USD)\' (options.maxCost) has the type options {"minValue":1} instead of {"minValue":0}: saved values may be read as something else',
		],
		[
			'is shown for one value less',
			changed('apiKey', (one) => [{ ...one, show: { mode: ['key'] } }], 'pixazoApi'),
			"pixazoApi: 'API Key' (apiKey) is no longer shown with everything: saved workflows lose its value there",
		],
		[
			'is hidden more often',
			changed('provider', (one) => [{ ...one, hide: { '@tool': [true] } }]),
			"lumaVideo: 'Provider' (provider) is no longer shown with everything: saved workflows lose its value there",
		],
	])('names a parameter that %s', (_, now, finding) => {
		expect(compare(currentContract(), now).broken).toContain(finding);
	});

	it('names a parameter that only the node still has, and the tool no longer', () => {
		const { broken } = compare(currentContract(), changed('options.dryRun', (one) => [{ ...one, hide: { '@tool': [true] } }]));
		expect(broken.length).toBeGreaterThan(0);
		for (const finding of broken) expect(finding).toMatch(/'Options > Dry Run' .* is no longer shown/);
	});

	it('names the case in which a parameter is gone, and no other', () => {
		const now = changed('loop', (one) => {
			const { provider = [], ...rest } = one.show ?? {};
			return [{ ...one, show: { ...rest, provider: provider.filter((id) => id !== 'pixwith') } }];
		});
		const { broken } = compare(currentContract(), now);
		expect(broken.length).toBeGreaterThan(0);
		for (const finding of broken) {
			expect(finding).toMatch(/^lumaVideo: 'Loop' \(loop\) is no longer shown with .*provider = "pixwith"/);
		}
	});

	it.each<[string, Contract]>([
		['a new parameter', changed('prompt', (one) => [one, { ...one, path: 'subtitle' }])],
		['a new value', changed('completion', (one) => [{ ...one, values: [...(one.values ?? []), 'later'] }])],
		['a parameter that is shown in more cases', changed('prompt', (one) => [{ ...one, show: undefined }])],
		['a parameter that need not be set any more', changed('generationId', (one) => [{ ...one, required: undefined }])],
		[
			'a parameter that other values hide, instead of one that shows it',
			changed('loop', (one) => {
				const { resource = [], ...show } = one.show ?? {};
				return [{ ...one, show, hide: { resource: ['account', 'image'].filter((each) => !resource.includes(each)) } }];
			}),
		],
		[
			'a parameter with one form for the node and one for the tool',
			changed('options.dryRun', (one) => [
				{ ...one, hide: { '@tool': [true] } },
				{ ...one, show: { ...one.show, '@tool': [true] } },
			]),
		],
	])('lets %s pass, and asks to keep it', (_, now) => {
		expect(compare(currentContract(), now)).toEqual({ broken: [], isOutdated: true });
	});

	it.each<[string, (contract: Contract) => void, string]>([
		['a node', (all) => delete all.lumaVideoTrigger, 'lumaVideoTrigger: it is gone: saved workflows no longer run'],
		['a credential type', (all) => delete all.pixazoApi, 'pixazoApi: it is gone: saved workflows no longer run'],
		[
			'a credential of a node',
			(all) => delete all.lumaVideo?.credentials?.pixazoApi,
			'lumaVideo: the credential pixazoApi is gone: saved workflows lose their key',
		],
		[
			'a version',
			(all) => all.lumaVideo?.version?.splice(0, 1, 2),
			'lumaVideo: version 1 is gone: saved workflows no longer open',
		],
		[
			'an address',
			(all) => all.lumaVideoTrigger?.webhooks?.splice(0, 1, 'POST other'),
			'lumaVideoTrigger: the address POST luma-video is gone: calls to addresses that were given out are lost',
		],
		[
			'an output',
			(all) => Object.assign(all.lumaVideo ?? {}, { outputs: ['main', 'main'] }),
			'lumaVideo: its outputs changed: saved connections point elsewhere',
		],
	])('names %s that is gone', (_, change, finding) => {
		const now = currentContract();
		change(now);
		expect(compare(currentContract(), now).broken).toContain(finding);
	});
});
