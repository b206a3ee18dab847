/** The panel: what it shows for every provider, operation and model, worked out by n8n's own rules. */
import { describe, expect, it } from '@jest/globals';
import type { INodeParameters, INodeProperties } from 'n8n-workflow';
import { NodeHelpers } from 'n8n-workflow';
import { FIELD_NAMES } from '../../../nodes/LumaVideo/generation/check';
import { checkImageRequest } from '../../../nodes/LumaVideo/generation/checkImageRequest';
import { checkRequest } from '../../../nodes/LumaVideo/generation/checkRequest';
import { nodeProperties, operations } from '../../../nodes/LumaVideo/operations';
import { providerIds, providers } from '../../../nodes/LumaVideo/providers';
import { CONCURRENCY, blankImageRequest, operationCapabilities } from '../../../nodes/LumaVideo/providers/provider';
import type { ProviderId, VideoOperation } from '../../../nodes/LumaVideo/providers/provider';
import { inEach } from '../cells';
import { START } from '../providers/support';
import {
	bool,
	description,
	eachModel,
	eachOperation,
	fieldsIn,
	generateWith,
	named,
	nodeWith,
	offeredIn,
	optionsOf,
	panel,
	panels,
	valuesOf,
} from './panel';
import type { Panel } from './panel';

const allFields: INodeProperties[] = nodeProperties.flatMap((property) => [
	property,
	...(property.type === 'collection' ? (property.options as INodeProperties[]) : []),
]);

describe('the panel as a whole', () => {
	it('begins with provider, resource and operation, which no expression may change', () => {
		const { shown } = panel({});
		expect(shown.slice(0, 4).map(({ name }) => name)).toEqual(['provider', 'credentials', 'resource', 'operation']);
		const deciding = nodeProperties.filter(({ name }) => ['provider', 'resource', 'operation', 'completion'].includes(name));
		inEach(deciding, ({ noDataExpression }) => {
			expect(noDataExpression).toBe(true);
		});
	});

	it('is ready for a first video when it opens', () => {
		expect(panel({}).parameters).toMatchObject({
			provider: 'lumaAgents',
			resource: 'video',
			operation: 'generate',
			model: 'ray-3.2',
			completion: 'poll',
		});
	});

	it('shows every name once, whatever is chosen', () => {
		const wrong = panels
			.map(({ node, shown }) => ({ values: node.parameters, names: shown.map(({ name }) => name) }))
			.filter(({ names }) => new Set(names).size < names.length);
		expect(wrong).toEqual([]);
	});

	it('shows every name once, also where the model comes from an expression', () => {
		const cells = providerIds.flatMap((provider) => bool.map((tool) => [provider, tool] as const));
		inEach(cells, ([provider, tool]) => {
			const { shown } = panel(generateWith(provider, '={{ $json.model }}'), tool);
			const names = shown.map(({ name }) => name);
			expect(names).toEqual([...new Set(names)]);
			expect(names).toContain('prompt');
		});
	});

	it('shows every field in some state: no condition is impossible', () => {
		const seen = new Set<INodeProperties>();
		for (const each of panels) {
			for (const property of each.shown) {
				seen.add(property);
				if (property.type === 'collection') for (const field of fieldsIn(each, property.name)) seen.add(field);
			}
		}
		const never = allFields.filter((field) => !seen.has(field));
		expect(never.map(({ name, displayOptions }) => ({ name, displayOptions }))).toEqual([]);
	});

	it('names only values that exist in its conditions', () => {
		const known: Record<string, unknown[]> = {
			provider: [...providerIds],
			resource: [...new Set(operations.map(({ resource }) => resource))],
			operation: [...new Set(operations.map(({ value }) => value))],
			model: [...new Set(providerIds.flatMap((id) => eachOperation.flatMap(([, , operation]) => (operationCapabilities(providers[id], operation as VideoOperation)?.models ?? []).map(({ value }) => value))))],
			completion: ['poll', 'none', 'suspend'],
			downloadImage: bool,
			downloadVideo: bool,
			direction: ['backward', 'forward'],
			imageSource: ['binary', 'url'],
			referenceImagesFrom: ['binary', 'url'],
			returnAll: bool,
			sourceImageFrom: ['binary', 'generation', 'url'],
			videoSource: ['binary', 'generation', 'url'],
			'@tool': bool,
		};
		const conditions = allFields.flatMap(({ name, displayOptions }) =>
			[displayOptions?.show ?? {}, displayOptions?.hide ?? {}].flatMap((each) =>
				Object.entries(each).map(([key, values = []]) => ({ name, key, values: values as unknown[] })),
			),
		);
		const wrong = conditions.filter(({ key, values }) => {
			const possible = known[key.replace(/^\//, '')] ?? [];
			return values.length === 0 || !values.every((value) => possible.includes(value));
		});
		expect(wrong).toEqual([]);
		expect(new Set(conditions.map(({ key }) => key.replace(/^\//, '')))).toEqual(new Set(Object.keys(known)));
	});
});

/** The label; without what tells the first of two generations from the second. */
const labelOf = ({ name, displayName }: INodeProperties): string =>
	name === 'generationId' ? displayName.replace(/^First /, '') : displayName;

const ofType = (...types: string[]): INodeProperties[] => allFields.filter(({ type }) => types.includes(type));
const isSorted = (labels: readonly string[]): boolean =>
	JSON.stringify(labels) === JSON.stringify([...labels].sort((a, b) => a.localeCompare(b, 'en')));

describe('the first fields of a video', () => {
	it.each(providerIds)('of %s are those that most requests need, and when it is over', (provider) => {
		const names = panel({ provider }).shown.map(({ name }) => name);
		const needed = ['model', 'prompt', 'startImage', 'aspectRatio', 'resolution', 'duration', 'completion'];
		expect(names.slice(4, names.indexOf('completion') + 1)).toEqual(needed.filter((name) => names.includes(name)));
	});
});

describe('every field', () => {
	/** What is said below the field or beside its label. */
	const saidOf = ({ description: text, hint }: INodeProperties): string | undefined => text ?? hint;
	/** Its name and its place say what it is for. */
	const isSelfExplaining = ({ name, type }: INodeProperties): boolean =>
		['credentials', 'resource', 'operation'].includes(name) || ['collection', 'hidden'].includes(type);
	const isInRange = ({ default: value, typeOptions: { minValue = -Infinity, maxValue = Infinity } = {} }: INodeProperties): boolean =>
		typeof value === 'number' && value >= minValue && value <= maxValue;
	// What the service itself lists has no default.
	const isListed = ({ typeOptions }: INodeProperties): boolean => typeOptions?.loadOptionsMethod !== undefined;

	it.each<[string, INodeProperties[], (field: INodeProperties) => boolean]>([
		['has a label in capitals', allFields, ({ displayName }) => /^[A-Z][A-Za-z ]*( \([A-Z][A-Za-z]*\))?$/.test(displayName)],
		['has a name in camel case', allFields, ({ name }) => /^[a-z][A-Za-z]*$/.test(name)],
		['has a default', allFields, (field) => field.default !== undefined],
		[
			'says what it is for, unless its name and its place do',
			allFields.filter((field) => !isSelfExplaining(field)),
			(field) => /\S/.test(saidOf(field) ?? ''),
		],
		[
			'ends with a full stop where it says more than one sentence, and only there',
			allFields.filter((field) => saidOf(field) !== undefined),
			(field) => {
				const said = saidOf(field) ?? '';
				return said.endsWith('.') === (said.split(/(?<=[.!?]) (?=[A-Z])/).length > 1);
			},
		],
		['that is a switch says whether', ofType('boolean'), (field) => /^Whether /.test(field.description ?? '')],
		['that is a collection says what can be added', ofType('collection', 'fixedCollection'), ({ placeholder = '' }) => /^Add /.test(placeholder)],
		['that is a text has an example', ofType('string'), ({ placeholder }) => placeholder !== undefined],
		[
			'gives examples as examples',
			allFields.filter(({ type, placeholder }) => placeholder !== undefined && !['collection', 'fixedCollection'].includes(type)),
			({ placeholder = '' }) => /^e\.g\. \S/.test(placeholder),
		],
		['with options has a default that it offers', ofType('options').filter((field) => !isListed(field)), (field) => valuesOf(field).includes(field.default)],
		['whose options the service lists has no default', ofType('options').filter(isListed), (field) => field.default === ''],
		['with several choices has defaults that it offers', ofType('multiOptions'), (field) => (field.default as unknown[]).every((value) => valuesOf(field).includes(value))],
		['that is a switch has a default that is on or off', ofType('boolean'), (field) => typeof field.default === 'boolean'],
		['that is a number has a default in its range', ofType('number'), isInRange],
		['that is JSON has a default that can be read', ofType('json'), (field) => typeof JSON.parse(String(field.default)) === 'object'],
		[
			'offers every value and every name once',
			ofType('options', 'multiOptions'),
			(field) => {
				const options = optionsOf(field);
				return new Set(valuesOf(field)).size === options.length && new Set(options.map(({ name }) => name)).size === options.length;
			},
		],
	])('%s', (_, fields, isRight) => {
		expect(fields).not.toEqual([]);
		expect(fields.filter((field) => !isRight(field))).toEqual([]);
	});

	it('stands in alphabetical order in its collection, once', () => {
		const collections = panels.flatMap((each) =>
			each.shown
				.filter(({ type }) => type === 'collection')
				.map(({ name }) => ({ name, labels: fieldsIn(each, name).map(({ displayName }) => displayName) })),
		);
		expect(collections).not.toEqual([]);
		expect(collections.filter(({ labels }) => !isSorted([...labels]) || new Set(labels).size < labels.length)).toEqual([]);
	});

	it('offers resources, operations and ways of completion in alphabetical order', () => {
		const choices = nodeProperties.filter(({ name }) => ['resource', 'operation', 'completion'].includes(name));
		expect(new Set(choices.map(({ name }) => name)).size).toBe(3);
		expect(choices.filter((property) => !isSorted(optionsOf(property).map(({ name }) => name)))).toEqual([]);
	});

	it('is called in messages as it is called in the panel', () => {
		inEach(Object.entries(FIELD_NAMES), ([name, label]) => {
			const labels = allFields.filter((field) => field.name === name).map((field) => labelOf(field).replace(/ \(JSON\)$/, ''));
			expect([...new Set(labels)]).toEqual([label]);
		});
	});

	it('has one label, wherever it stands', () => {
		const labels = new Map<string, Set<string>>();
		for (const field of allFields) {
			labels.set(field.name, (labels.get(field.name) ?? new Set()).add(labelOf(field)));
		}
		expect([...labels].filter(([, each]) => each.size > 1)).toEqual([]);
	});
});

describe('operations', () => {
	it.each(providerIds)('of %s are exactly those that it can do', (provider) => {
		const resources = [...new Set(operations.filter((each) => each.providers.includes(provider)).map((each) => each.resource))];
		expect(offeredIn(panel({ provider }), 'resource').map(({ value }) => value).sort()).toEqual(resources.sort());
		for (const resource of resources) {
			const expected = operations.filter((each) => each.resource === resource && each.providers.includes(provider));
			const offered = optionsOf(named(panel({ provider, resource }).shown, 'operation'));
			expect(offered.map(({ value }) => value).sort()).toEqual(expected.map(({ value }) => value).sort());
			for (const { action, description: said } of offered) {
				expect(action).toMatch(/^[A-Z][a-z]+( [a-z]+)+$/);
				expect(said).toMatch(/[^.]$/);
			}
		}
	});

	it('that a provider cannot do show none of their fields', () => {
		const impossible = providerIds.flatMap((provider) =>
			operations
				.filter((operation) => !operation.providers.includes(provider))
				.map(({ resource, value, properties }) => [provider, resource, value, properties] as const),
		);
		inEach(impossible, ([provider, resource, operation, properties]) => {
			const { shown } = panel({ provider, resource, operation });
			expect(shown.filter((property) => properties.includes(property))).toEqual([]);
		});
	});

	it('show no field of another one', () => {
		const common = ['provider', 'credentials', 'resource', 'operation'];
		inEach(eachOperation, ([provider, resource, value]) => {
			const { shown } = panel({ provider, resource, operation: value });
			const own = operations.find((each) => each.resource === resource && each.value === value)?.properties ?? [];
			expect(shown.filter((property) => !common.includes(property.name) && !own.includes(property))).toEqual([]);
		});
	});

	it('on a generation ask for its ID and for nothing of a request', () => {
		const onGenerations = eachOperation.filter(([, resource, operation]) => resource === 'generation' && operation !== 'getAll');
		const ofRequests = ['model', 'prompt', 'startImage', 'completion', 'additionalFields'];
		inEach(onGenerations, ([provider, resource, operation]) => {
			const { shown } = panel({ provider, resource, operation });
			expect(named(shown, 'generationId')?.required).toBe(true);
			expect(shown.map(({ name }) => name).filter((name) => ofRequests.includes(name))).toEqual([]);
		});
	});

	it('ask for the name of the file where there may be one, and only there', () => {
		const has = (values: INodeParameters): boolean => named(panel(values).shown, 'binaryPropertyName') !== undefined;
		inEach(providerIds, (provider) => {
			const video = { provider, resource: 'video', operation: 'generate' };
			const generation = { provider, resource: 'generation' };
			expect(has({ ...video, downloadVideo: true })).toBe(true);
			expect(has({ ...video, downloadVideo: false })).toBe(false);
			expect(has({ ...video, downloadVideo: true, completion: 'none' })).toBe(false);
			expect(has({ ...generation, operation: 'download' })).toBe(true);
			expect(has({ ...generation, operation: 'wait', downloadVideo: true })).toBe(true);
			expect(has({ ...generation, operation: 'wait', downloadVideo: false })).toBe(false);
			expect(has({ ...generation, operation: 'get' })).toBe(false);
		});
	});
});

describe('generating a video, with every model of every provider', () => {
	const cells = eachModel.map(([provider, model, table]) => {
		const each = panel(generateWith(provider, model));
		const field = (name: string): INodeProperties | undefined => named(each.shown, name);
		return { provider, model, table, each, field, capabilities: providers[provider].capabilities };
	});
	type Cell = (typeof cells)[number];
	const inEachModel = (check: (cell: Cell) => void): void => {
		inEach(cells, check, ({ provider, model }) => `${provider}, ${model}`);
	};

	it('offers the models of the provider, the first one by default', () => {
		inEachModel(({ capabilities, field }) => {
			expect(valuesOf(field('model'))).toEqual(capabilities.models.map(({ value }) => value));
			expect(field('model')?.default).toBe(capabilities.models[0]?.value);
		});
	});

	it.each([
		['aspectRatio', 'aspectRatios'],
		['resolution', 'resolutions'],
		['duration', 'durations'],
	] as const)('offers of %s exactly what the table says, with its default', (name, list) => {
		inEachModel(({ table, field }) => {
			const auto = name === 'aspectRatio' && table.autoAspectRatio === true;
			const offered = table[list].length === 0 ? undefined : [...(auto ? ['auto'] : []), ...table[list]];
			expect(field(name) && valuesOf(field(name))).toEqual(offered);
			expect(field(name)?.default).toBe(auto ? 'auto' : (offered && table.defaults[name]));
		});
	});

	it('keeps no value of a field that the model does not have', () => {
		inEachModel(({ table, each }) => {
			const lists = { aspectRatio: table.aspectRatios, resolution: table.resolutions, duration: table.durations };
			const missing = Object.entries(lists).filter(([, list]) => list.length === 0).map(([name]) => name);
			expect(Object.keys(each.parameters).filter((name) => missing.includes(name))).toEqual([]);
		});
	});

	it('has fields for the images that the table says, required where there is no way without', () => {
		inEachModel(({ table: { frames }, field }) => {
			expect(field('startImage') !== undefined).toBe(frames.includes('start') || frames.includes('startAndEnd'));
			expect(field('endImage') !== undefined).toBe(frames.includes('end') || frames.includes('startAndEnd'));
			expect(field('startImage')?.required === true).toBe(!frames.includes('none'));
			expect(field('endImage')?.required).toBeUndefined();
		});
	});

	it('has a loop where the table says so', () => {
		inEachModel(({ table, field }) => {
			expect(field('loop') !== undefined).toBe(table.loop !== 'never');
			expect(field('loop')?.description?.includes('Not possible together') ?? false).toBe(table.loop === 'withoutEndImage');
		});
	});

	it('asks for a prompt as strictly as the provider does', () => {
		inEachModel(({ capabilities, field }) => {
			expect(field('prompt')?.required === true).toBe(!capabilities.prompt.optionalWithImage);
		});
	});

	it('lets add exactly the fields that the provider has', () => {
		inEachModel(({ capabilities, each }) => {
			// The way of calling back is asked for only where nobody waits.
			const extras = Object.keys(capabilities.extras).filter((extra) => extra !== 'callbackMode');
			const offered = fieldsIn(each, 'additionalFields');
			expect(offered.map(({ name }) => name).sort()).toEqual(['additionalBodyFields', ...extras].sort());
			const concepts = offered.find(({ name }) => name === 'concepts');
			expect(concepts?.typeOptions?.loadOptionsMethod).toBe('concepts' in capabilities.extras ? 'getConcepts' : undefined);
		});
	});

	it('lets name an address for callbacks only where nobody waits and the provider calls back', () => {
		inEachModel(({ provider, model, capabilities }) => {
			const names = ['poll', 'none', 'suspend'].map((completion) =>
				fieldsIn(panel(generateWith(provider, model, { completion })), 'additionalFields')
					.map(({ name }) => name)
					.filter((name) => name.startsWith('callback'))
					.sort(),
			);
			const possible = [
				...('callbackMode' in capabilities.extras ? ['callbackMode'] : []),
				...(providers[provider].callbacks ? ['callbackUrl'] : []),
			];
			expect(names).toEqual([[], possible, []]);
		});
	});

	it('offers to suspend, but never in a tool', () => {
		inEachModel(({ provider, model }) => {
			const completion = (tool: boolean) => named(panel(generateWith(provider, model), tool).shown, 'completion');
			expect(valuesOf(completion(false))).toEqual(['none', 'suspend', 'poll']);
			expect(valuesOf(completion(true))).toEqual(['none', 'poll']);
			expect([completion(false)?.default, completion(true)?.default]).toEqual(['poll', 'poll']);
		});
	});

	it('offers the options that make sense for the provider', () => {
		inEachModel(({ provider, each }) => {
			const names = fieldsIn(each, 'options').map(({ name }) => name);
			expect(names.includes('deleteOnStop')).toBe(providers[provider].deletion !== undefined);
			expect(names.includes('cancelOnStop')).toBe(providers[provider].cancellation !== undefined);
			expect(names.includes('maxCost')).toBe(providers[provider].estimateUsd !== undefined);
			expect(names).toEqual(expect.arrayContaining(['timeout', 'onTimeout', 'maxConcurrent', 'requestTimeout', 'resubmitFailed', 'dryRun']));
		});
	});

	it('makes a request that is accepted out of its defaults, a prompt and the image that is needed', () => {
		inEachModel(({ provider, model, table }) => {
			const startImage = table.frames.includes('none') ? '' : START;
			const { parameters } = panel(generateWith(provider, model, { prompt: 'A red kite', startImage }));
			const result = checkRequest(providers[provider], parameters, { allowLocalAddresses: false });
			expect(result).toMatchObject({ ok: true, request: { model, prompt: 'A red kite', ...table.defaults } });
		});
	});

	it('as the tool of an agent takes images by their addresses', () => {
		inEachModel(({ provider, model }) => {
			const { shown } = panel(generateWith(provider, model), true);
			expect(named(shown, 'imageSource')?.type).toBe('hidden');
			expect(named(shown, 'startImage')).toBeDefined();
		});
	});
});

describe.each(
	providerIds.flatMap((id) => {
		const { images } = providers[id];
		return images ? (['edit', 'generate'] as const).map((operation) => [id, operation, images] as const) : [];
	}),
)('%s, image: %s', (provider, operation, images) => {
	const values = { provider, resource: 'image', operation };
	const each = panel(values);
	const table = images.capabilities[operation];
	const field = (name: string): INodeProperties | undefined => named(each.shown, name);

	it('offers what the table says, with Auto where the model can choose', () => {
		const extra = (name: string) => fieldsIn(each, 'additionalFields').find((one) => one.name === name);
		expect(valuesOf(field('model'))).toEqual(table.models.map(({ value }) => value));
		expect(field('model')?.default).toBe(table.models[0]?.value);
		expect(valuesOf(field('aspectRatio')).sort()).toEqual(table.aspectRatios.length === 0 ? [] : [...table.aspectRatios, 'auto'].sort());
		expect(valuesOf(extra('outputFormat')).sort()).toEqual([...table.outputFormats, 'auto'].sort());
		expect(valuesOf(extra('style'))).toEqual(table.styles.length === 0 ? [] : ['auto', ...table.styles]);
		for (const one of [field('aspectRatio'), extra('outputFormat')]) if (one) expect(one.default).toBe('auto');
		expect(field('prompt')?.required).toBe(true);
		expect(field('referenceImages')?.description).toContain(`up to ${table.maxReferences} images`);
		expect(fieldsIn(each, 'additionalFields').map(({ name }) => name)).toEqual([
			'additionalBodyFields',
			'outputFormat',
			...(table.styles.length === 0 ? [] : ['style']),
			...(table.userId ? ['userId'] : []),
			...(table.webSearch ? ['webSearch'] : []),
		]);
	});

	it('lists its choices from A to Z', () => {
		const choices = [...each.shown, ...fieldsIn(each, 'additionalFields')].filter(({ name }) =>
			['aspectRatio', 'outputFormat', 'sourceImageFrom', 'referenceImagesFrom', 'style'].includes(name),
		);
		inEach(choices, (property) => {
			const labels = optionsOf(property).map(({ name }) => name);
			expect(labels).toEqual([...labels].sort((a, b) => (a < b ? -1 : 1)));
		}, ({ name }) => name);
	});

	it('asks where the edited image is, and only there for it', () => {
		const asked = (sourceImageFrom: string): string[] =>
			panel({ ...values, sourceImageFrom })
				.shown.map(({ name }) => name)
				.filter((name) => ['generationId', 'sourceImage', 'sourceImageField'].includes(name));
		const edits = operation === 'edit';
		expect(asked('generation')).toEqual(edits ? ['generationId'] : []);
		expect(asked('binary')).toEqual(edits ? ['sourceImageField'] : []);
		expect(asked('url')).toEqual(edits ? ['sourceImage'] : []);
	});

	it('asks for the name of the file where there may be one', () => {
		const has = (more: INodeParameters): boolean => named(panel({ ...values, ...more }).shown, 'binaryPropertyName') !== undefined;
		expect(has({ downloadImage: true })).toBe(true);
		expect(has({ downloadImage: true, completion: 'none' })).toBe(false);
		expect(has({})).toBe(false);
	});

	it('gives an agent neither files nor a way to suspend', () => {
		const { shown } = panel({ ...values, downloadImage: true }, true);
		expect(named(shown, 'downloadImage')).toBeUndefined();
		expect(named(shown, 'referenceImagesFrom')?.type).toBe('hidden');
		expect(valuesOf(named(shown, 'sourceImageFrom'))).toEqual(operation === 'edit' ? ['generation', 'url'] : []);
		expect(valuesOf(named(shown, 'completion'))).toEqual(['none', 'poll']);
	});

	it('makes a request that is accepted out of its defaults, a prompt and what is edited', () => {
		const { parameters } = panel({ ...values, prompt: 'A red kite', sourceImageFrom: 'url', sourceImage: START });
		expect(checkImageRequest(providers[provider], parameters, { allowLocalAddresses: false }, operation)).toEqual({
			ok: true,
			request: {
				...blankImageRequest(operation, table.models[0]?.value ?? ''),
				prompt: 'A red kite',
				source: operation === 'edit' ? { kind: 'url', url: START } : null,
			},
			model: table.models[0],
		});
	});
});

describe('when the provider is changed', () => {
	const everything: INodeParameters = {
		resource: 'video',
		operation: 'generate',
		prompt: 'A red kite',
		startImage: START,
		endImage: START,
		aspectRatio: '16:9',
		resolution: '540p',
		duration: '5s',
		loop: false,
		completion: 'none',
		additionalFields: {
			cameraMotion: 'camera orbit left',
			concepts: ['pov'],
			expandPrompt: true,
			modelId: '3-4',
			promptOptimization: true,
			callbackUrl: 'https://n8n.example/webhook/x',
			callbackMode: 'progress',
			additionalBodyFields: '{}',
		},
	};

	it('what was filled in and is hidden now does not stand in the way', () => {
		inEach(eachModel, ([provider, model]) => {
			const { parameters } = panel({ ...everything, provider, model });
			const { additionalFields, ...fields } = parameters as { additionalFields: Record<string, unknown> };
			const result = checkRequest(providers[provider], { ...additionalFields, ...fields }, { allowLocalAddresses: false });
			expect(result).toMatchObject({ ok: true });
		});
	});
});

/** What n8n keeps of these values: those that differ from the defaults. */
function storedOf(values: INodeParameters): INodeParameters {
	return NodeHelpers.getNodeParameters(description.properties, values, false, false, nodeWith(values), description) ?? {};
}

/** What n8n's editor does when the provider is changed: it takes back choices that are no longer offered, then fills up. */
function afterSwitch(kept: INodeParameters, provider: ProviderId): Panel {
	let stored: INodeParameters = { ...kept, provider };
	for (const property of description.properties) {
		const { displayOptions, name, options } = property;
		const isAbout = displayOptions?.show?.provider !== undefined || displayOptions?.hide?.provider !== undefined;
		if (!isAbout || !['hidden', 'options'].includes(property.type) || !options || !(name in stored)) continue;
		if (valuesOf(property).includes(stored[name])) continue;
		if (!NodeHelpers.displayParameter(stored, property, { typeVersion: 1 }, description)) continue;
		stored = Object.fromEntries(Object.entries(stored).filter(([key]) => key !== name));
	}
	return panel(stored);
}

describe('when the provider is switched, the panel stays whole', () => {
	const namesOf = ({ shown }: Panel): string[] => shown.map(({ name }) => name);
	const videos = operations.filter(({ resource }) => resource === 'video');
	const modelsAt = (provider: ProviderId, operation: string): string[] =>
		valuesOf(named(panel({ provider, resource: 'video', operation }).shown, 'model')) as string[];

	/** Everything that decides which fields are shown, at every provider, and what n8n keeps of it. */
	const before = videos.flatMap((operation) =>
		operation.providers.flatMap((provider) => {
			const values = { provider, resource: 'video', operation: operation.value };
			const sources = valuesOf(named(panel(values).shown, 'videoSource')) as string[];
			return [...modelsAt(provider, operation.value).map((model) => ({ model })), {}].flatMap((model) =>
				(sources.length === 0 ? [{}] : sources.map((videoSource) => ({ videoSource }))).map((source) => {
					const all: INodeParameters = { ...values, ...model, ...source };
					return { values: all, kept: storedOf(all) };
				}),
			);
		}),
	);

	it.each(providerIds)('to %s: with all fields that the provider has', (provider) => {
		inEach(before, ({ values, kept }) => {
			const each = afterSwitch(kept, provider);
			const operation = videos.find(({ value, providers: ids }) => value === values.operation && ids.includes(provider))?.value ?? 'generate';
			expect(each.parameters.operation).toBe(operation);
			const { model, videoSource } = each.parameters;
			const fresh = panel({ provider, resource: 'video', operation, ...(model ? { model } : {}), ...(videoSource ? { videoSource } : {}) });
			expect(namesOf(each)).toEqual(namesOf(fresh));
			const chosen = ['model', 'videoSource'].filter((name) => named(each.shown, name) !== undefined);
			expect(chosen.filter((name) => !valuesOf(named(each.shown, name)).includes(each.parameters[name]))).toEqual([]);
		}, ({ values }) => JSON.stringify(values));
	});

	it.each(providerIds)('to %s: a resource that it does not have becomes Video', (provider) => {
		const own = operations.filter(({ providers: ids }) => ids.includes(provider)).map(({ resource }) => resource);
		inEach(eachOperation, ([from, resource, operation]) => {
			const each = afterSwitch(storedOf({ provider: from, resource, operation }), provider);
			expect(each.parameters.resource).toBe(own.includes(resource as (typeof own)[number]) ? resource : 'video');
			expect(valuesOf(named(each.shown, 'operation'))).toContain(each.parameters.operation);
		});
	});

	it('also when a model of another provider is left: the fields are those of the first model', () => {
		const cells = eachModel.flatMap(([from, model]) => providerIds.map((provider) => [from, model, provider] as const));
		inEach(cells, ([, model, provider]) => {
			const models = modelsAt(provider, 'generate');
			const meant = models.includes(model) ? model : (models[0] ?? '');
			expect(namesOf(panel(generateWith(provider, model)))).toEqual(namesOf(panel(generateWith(provider, meant))));
		});
	});

	it('and keeps what was filled in, where the provider has the field', () => {
		const values = generateWith('lumaDreamMachine', 'ray-flash-2', { prompt: 'A red kite', startImage: START, endImage: START, aspectRatio: '9:16' });
		expect(afterSwitch(storedOf(values), 'pixazo').parameters).toMatchObject({
			model: 'ray-2-flash',
			prompt: 'A red kite',
			startImage: START,
			endImage: START,
			aspectRatio: '9:16',
		});
	});
});

describe("the list of actions in n8n's nodes panel", () => {
	/** As n8n makes it: of the fields of this name, each option with the first field of operations that it shows. */
	const actions = description.properties
		.filter(({ name }) => name === 'resource')
		.flatMap((property) => valuesOf(property))
		.flatMap((resource) => {
			const field = description.properties.find(
				({ name, displayOptions }) => name === 'operation' && displayOptions?.show?.resource?.includes(resource as string),
			);
			const { show = {} } = field?.displayOptions ?? {};
			return optionsOf(field).map(({ action, value }) => ({
				action,
				values: { resource: show.resource?.[0] as string, operation: value as string, provider: show.provider?.[0] as ProviderId },
			}));
		});

	it('has every operation once', () => {
		expect(actions.map(({ action }) => action).sort()).toEqual(operations.map(({ action }) => action).sort());
	});

	it('chooses a provider that can do it, Luma Agents wherever it can', () => {
		inEach(actions, ({ action, values }) => {
			const operation = operations.find((each) => each.action === action);
			expect(values).toMatchObject({ resource: operation?.resource, operation: operation?.value });
			const able = operation?.providers ?? [];
			expect(able.includes('lumaAgents') ? ['lumaAgents'] : able).toContain(values.provider);
			expect(panel(values).parameters).toMatchObject(values);
		});
	});
});

describe('prices where they are decided', () => {
	const said = (provider: ProviderId, operation: string, name: string): Record<string, string | undefined> =>
		Object.fromEntries(
			optionsOf(named(panel({ provider, resource: 'video', operation }).shown, name)).map((option) => [option.value, option.description]),
		);

	it.each<[string, string, Record<string, string>]>([
		[
			'generate',
			'resolution',
			{
				'360p': 'About $0.06 for 5 seconds',
				'540p': 'About $0.15 for 5 seconds',
				'720p': 'About $0.30 for 5 seconds',
				'1080p': 'About $1.20 for 5 seconds',
			},
		],
		['generate', 'duration', { '5s': 'About $0.30 at 720p', '10s': 'About $0.90 at 720p' }],
		['extend', 'resolution', { '540p': 'About $0.15', '720p': 'About $0.30', '1080p': 'About $1.20' }],
		[
			'modify',
			'resolution',
			{
				'360p': 'About $0.54 for a source of 5 seconds',
				'540p': 'About $0.72 for a source of 5 seconds',
				'720p': 'About $1.08 for a source of 5 seconds',
				'1080p': 'About $2.16 for a source of 5 seconds',
			},
		],
		[
			'reframe',
			'resolution',
			{
				'360p': 'About $0.15 for a source of 5 seconds',
				'540p': 'About $0.30 for a source of 5 seconds',
				'720p': 'About $0.60 for a source of 5 seconds',
				'1080p': 'About $1.80 for a source of 5 seconds',
			},
		],
	])('Luma Agents, %s: %s', (operation, name, expected) => {
		expect(said('lumaAgents', operation, name)).toEqual(expected);
	});

	it('with an image, where that changes the price', () => {
		expect(said('fal', 'generate', 'resolution')).toMatchObject({ '720p': 'About $1.00 with Ray 3.2 ($0.30 with a start image), $1.00 with Ray 2 (Legacy), $0.40 with Ray 2 Flash (Legacy), for 5 seconds' });
	});

	it('of several models side by side, and none where none is published', () => {
		expect(said('lumaDreamMachine', 'generate', 'resolution')['720p']).toMatch(/^About \$\d\.\d\d with Ray 2, \$\d\.\d\d with Ray .*, for 5 seconds$/);
		expect(Object.values(said('pixazo', 'generate', 'resolution')).filter((each) => each !== undefined)).toEqual([]);
	});
});

describe('a video file of the previous node', () => {
	const shown = (provider: ProviderId, operation: string, videoSource: string, tool = false) =>
		panel({ provider, resource: 'video', operation, videoSource }, tool).shown;

	it.each(['modify', 'reframe'])('%s: is offered where the service takes one, and never to an agent', (operation) => {
		expect(valuesOf(named(shown('lumaAgents', operation, 'binary'), 'videoSource'))).toEqual(['binary', 'generation', 'url']);
		expect(named(shown('lumaAgents', operation, 'binary'), 'sourceVideoField')).toMatchObject({ default: 'data', required: true });
		expect(named(shown('lumaAgents', operation, 'binary'), 'sourceVideo')).toBeUndefined();
		expect(named(shown('lumaAgents', operation, 'binary'), 'generationId')).toBeUndefined();
		expect(valuesOf(named(shown('lumaAgents', operation, 'url', true), 'videoSource'))).toEqual(['generation', 'url']);
		for (const provider of ['lumaDreamMachine', 'pixazo'] as const) {
			expect(valuesOf(named(shown(provider, operation, 'url'), 'videoSource'))).toEqual(['generation', 'url']);
		}
	});
});

describe("Luma Agents' defaults", () => {
	it('of modify go together with every field that can be added', () => {
		const each = panel({ provider: 'lumaAgents', resource: 'video', operation: 'modify' });
		const parameters = { ...each.parameters };
		delete parameters.additionalFields;
		delete parameters.options;
		expect(parameters.mode).toBe('auto');
		const added = fieldsIn(each, 'additionalFields');
		const values = Object.fromEntries(added.map((field) => [field.name, field.default]));
		// EXR needs HDR, and says so.
		const possible = added.filter(({ name }) => name !== 'exrExport');
		inEach([{}, ...possible.map(({ name }) => ({ [name]: values[name] }))], (more) => {
			const input = { ...parameters, prompt: 'a cat', generationId: 'abc', ...more };
			expect(checkRequest(providers.lumaAgents, input, { allowLocalAddresses: false }, 'modify')).toMatchObject({ ok: true });
		});
	});
});

describe('what descriptions promise', () => {
	const option = (name: string): string => {
		const options = (named(panel({}).shown, 'options')?.options ?? []) as INodeProperties[];
		return options.find((field) => field.name === name)?.description ?? '';
	};

	it('of the number of videos at once is what the table says', () => {
		const others = providerIds.filter((id) => id !== 'lumaDreamMachine');
		expect(option('maxConcurrent')).toContain(`${String(providers.lumaDreamMachine.capabilities.concurrency)} with Luma Dream Machine`);
		inEach(others, (id) => {
			expect(option('maxConcurrent')).toContain(`${String(providers[id].capabilities.concurrency ?? CONCURRENCY)} with other providers`);
		});
	});

	it('of the providers is what the table says about resolutions', () => {
		inEach(optionsOf(named(panel({}).shown, 'provider')), ({ value, description: said }) => {
			const resolutions = providers[value as ProviderId].capabilities.models.flatMap((model) => model.resolutions);
			const best = ['4k', '1080p', '720p', '540p'].find((candidate) => resolutions.some((each) => each === candidate));
			expect(said?.toLowerCase()).toContain(`up to ${String(best)}`);
		});
	});
});

describe('the node', () => {
	it('asks for the credential of the chosen provider and for no other', () => {
		inEach(providerIds, (provider) => {
			const { node, parameters } = panel({ provider });
			const asked = (description.credentials ?? []).filter((credential) =>
				NodeHelpers.displayParameter(parameters, credential, node, description),
			);
			expect(asked.map(({ name, required }) => ({ name, required }))).toEqual([
				{ name: providers[provider].credentialType, required: true },
			]);
		});
	});

	it('has every field of its operations, and those in the order of the operations', () => {
		expect(nodeProperties.slice(-operations.flatMap(({ properties }) => properties).length)).toEqual(
			operations.flatMap(({ properties }) => properties),
		);
	});
});

describe('as the tool of an agent', () => {
	it.each([false, true])('keeps the spending limit that is set, and lets no model fill it in (tool: %s)', (tool) => {
		const each = panel({ ...generateWith('lumaAgents', 'ray-3.2'), options: { maxCost: 1.5 } }, tool);
		expect(each.parameters.options).toEqual({ maxCost: 1.5 });
		const fields = fieldsIn(each, 'options').filter(({ name }) => name === 'maxCost');
		expect(fields.map(({ noDataExpression }) => noDataExpression === true)).toEqual([tool]);
	});

	const forTools = operations.filter(({ toolDescription }) => toolDescription !== null);

	it('tells the agent what the operation does, as nothing else has', () => {
		inEach(eachOperation, ([provider, resource, operation]) => {
			const values = { provider, resource, operation };
			expect(named(panel(values).shown, 'toolDescription')).toBeUndefined();
			const meant = forTools.find((one) => one.resource === resource && one.value === operation);
			expect(named(panel(values, true).shown, 'toolDescription')?.default).toBe(meant?.toolDescription);
		});
	});

	it.each([
		['video', [/Each call costs money/, /videoUrl/]],
		['image', [/Each call costs money and takes about half a minute: call it once for each image/, /generationId, status and,.* media, a list with the image's URL/]],
	])('tells the agent of every operation on a %s what it costs and gives', (resource, told) => {
		inEach(operations.filter((one) => one.resource === resource), ({ toolDescription }) => {
			inEach(told, (text) => {
				expect(toolDescription).toMatch(text);
			}, String);
		}, ({ value }) => value);
	});

	it('tells every operation apart', () => {
		expect(new Set(forTools.map(({ toolDescription }) => toolDescription)).size).toBe(forTools.length);
	});

	it('offers no files, since an agent can neither take nor pass them on', () => {
		inEach(providerIds, (provider) => {
			const ways = (tool: boolean) => valuesOf(named(panel({ provider, resource: 'generation' }, tool).shown, 'operation'));
			expect(ways(true)).not.toContain('download');
			expect(ways(false)).toContain('download');
			inEach([generateWith(provider, ''), { provider, resource: 'generation', operation: 'wait' }], (values) => {
				const { shown } = panel({ ...values, downloadVideo: true }, true);
				expect(named(shown, 'downloadVideo')).toBeUndefined();
				expect(named(shown, 'binaryPropertyName')).toBeUndefined();
			});
		});
	});
});
