/** The panel: what it shows for every provider, operation and model, worked out by n8n's own rules. */
import { describe, expect, it } from '@jest/globals';
import type { INode, INodeParameters, INodeProperties, INodePropertyOptions, INodeTypeDescription } from 'n8n-workflow';
import { NodeHelpers } from 'n8n-workflow';
import { LumaVideo } from '../../../nodes/LumaVideo/LumaVideo.node';
import { checkImageRequest } from '../../../nodes/LumaVideo/generation/checkImageRequest';
import { FIELD_NAMES, checkRequest } from '../../../nodes/LumaVideo/generation/checkRequest';
import { nodeProperties, operations } from '../../../nodes/LumaVideo/operations';
import { providerIds, providers } from '../../../nodes/LumaVideo/providers';
import { blankImageRequest } from '../../../nodes/LumaVideo/providers/provider';
import type { ModelCapabilities, ProviderId } from '../../../nodes/LumaVideo/providers/provider';
import { START } from '../providers/support';

const { description } = new LumaVideo();

/** n8n makes the tool out of the node, with another name. */
function describedAs(tool: boolean): INodeTypeDescription {
	return tool ? { ...description, name: `${description.name}Tool` } : description;
}

interface Panel {
	node: INode;
	tool: boolean;
	/** All parameters, with defaults for what is not set. */
	parameters: INodeParameters;
	shown: INodeProperties[];
}

function panel(values: INodeParameters, tool = false): Panel {
	const type = describedAs(tool);
	const node: INode = {
		id: '1',
		name: 'Luma Video',
		type: `n8n-nodes-luma-video.${type.name}`,
		typeVersion: 1,
		position: [0, 0],
		parameters: values,
	};
	const parameters = NodeHelpers.getNodeParameters(nodeProperties, values, true, false, node, type) ?? {};
	const shown = nodeProperties.filter((property) => NodeHelpers.displayParameter(parameters, property, node, type));
	return { node, tool, parameters, shown };
}

function named(shown: readonly INodeProperties[], name: string): INodeProperties | undefined {
	return shown.find((property) => property.name === name);
}

function optionsOf(property: INodeProperties | undefined): INodePropertyOptions[] {
	return (property?.options ?? []) as INodePropertyOptions[];
}

/** Options of a field that can be chosen, for what is set in the panel. */
function offeredIn({ shown, parameters, node, tool }: Panel, name: string): INodePropertyOptions[] {
	return optionsOf(named(shown, name)).filter((option) => NodeHelpers.displayParameter(parameters, option, node, describedAs(tool)));
}

function valuesOf(property: INodeProperties | undefined): unknown[] {
	return optionsOf(property).map(({ value }) => value);
}

/** Fields of a collection that can be added, for what is set in the panel. */
function fieldsIn({ shown, parameters, node, tool }: Panel, collection: string): INodeProperties[] {
	const fields = (named(shown, collection)?.options ?? []) as INodeProperties[];
	const type = describedAs(tool);
	return fields.filter((field) => NodeHelpers.displayParameterPath(parameters, field, collection, node, type));
}

const bool = [false, true];
const eachOperation = providerIds.flatMap((provider) =>
	operations
		.filter((operation) => operation.providers.includes(provider))
		.map(({ resource, value }): [ProviderId, string, string] => [provider, resource, value]),
);
const eachModel = providerIds.flatMap((provider) =>
	providers[provider].capabilities.models.map((model): [ProviderId, string, ModelCapabilities] => [
		provider,
		model.value,
		model,
	]),
);

const generateWith = (provider: ProviderId, model: string, more: INodeParameters = {}): INodeParameters => ({
	provider,
	resource: 'video',
	operation: 'generate',
	model,
	...more,
});

/** Every state of the panel that decides what is shown. */
const states: Array<{ values: INodeParameters; tool: boolean }> = [
	...eachModel.flatMap(([provider, model]) =>
		bool.flatMap((tool) =>
			['poll', 'none', 'suspend'].flatMap((completion) =>
				bool.map((downloadVideo) => ({
					values: generateWith(provider, model, {
						completion,
						downloadVideo,
						imageSource: downloadVideo ? 'binary' : 'url',
					}),
					tool,
				})),
			),
		),
	),
	...eachOperation.flatMap(([provider, resource, operation]) =>
		bool.flatMap((tool) =>
			bool.map((downloadVideo) => ({ values: { provider, resource, operation, downloadVideo }, tool })),
		),
	),
	...eachOperation.flatMap(([provider, resource, operation]) =>
		['binary', 'generation', 'url'].map((from) => ({
			values: {
				provider,
				resource,
				operation,
				downloadImage: true,
				sourceImageFrom: from,
				referenceImagesFrom: from === 'generation' ? 'url' : from,
			},
			tool: false,
		})),
	),
	...eachOperation.flatMap(([provider, resource, operation]) =>
		['poll', 'none'].flatMap((completion) =>
			['url', 'binary'].flatMap((imageSource) =>
				['binary', 'generation', 'url'].flatMap((videoSource) =>
					['forward', 'backward'].map((direction) => ({
						values: { provider, resource, operation, completion, imageSource, videoSource, direction },
						tool: false,
					})),
				),
			),
		),
	),
];

/** Worked out once. */
const panels = states.map(({ values, tool }) => panel(values, tool));

const allFields: INodeProperties[] = nodeProperties.flatMap((property) => [
	property,
	...(property.type === 'collection' ? (property.options as INodeProperties[]) : []),
]);

describe('the panel as a whole', () => {
	it('begins with provider, resource and operation, which no expression may change', () => {
		const { shown } = panel({});
		expect(shown.slice(0, 4).map(({ name }) => name)).toEqual(['provider', 'credentials', 'resource', 'operation']);
		for (const property of nodeProperties) {
			if (['provider', 'resource', 'operation', 'completion'].includes(property.name)) {
				expect(property.noDataExpression).toBe(true);
			}
		}
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
		for (const provider of providerIds) {
			for (const tool of bool) {
				const { shown } = panel(generateWith(provider, '={{ $json.model }}'), tool);
				const names = shown.map(({ name }) => name);
				expect(names).toEqual([...new Set(names)]);
				expect(names).toContain('prompt');
			}
		}
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
			model: [...new Set(eachModel.map(([, model]) => model))],
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
		for (const { name, displayOptions } of allFields) {
			for (const conditions of [displayOptions?.show ?? {}, displayOptions?.hide ?? {}]) {
				for (const [key, values] of Object.entries(conditions)) {
					const possible = known[key.replace(/^\//, '')];
					expect({ name, key, values, possible }).toMatchObject({ possible: expect.any(Array) });
					for (const value of values ?? []) expect(possible).toContain(value);
					expect(values?.length).toBeGreaterThan(0);
				}
			}
		}
	});
});

/** The label; without what tells the first of two generations from the second. */
const labelOf = ({ name, displayName }: INodeProperties): string =>
	name === 'generationId' ? displayName.replace(/^First /, '') : displayName;

describe('every field', () => {
	it.each(allFields.map((field): [string, INodeProperties] => [field.name, field]))('%s is in order', (_, field) => {
		expect(field.displayName).toMatch(/^[A-Z][A-Za-z ]*( \([A-Z][A-Za-z]*\))?$/);
		expect(field.name).toMatch(/^[a-z][A-Za-z]*$/);
		expect(field.default).toBeDefined();

		// What a field is for is said, unless its name and its place say it: the choice of the operation, collections.
		const isSelfExplaining = ['credentials', 'resource', 'operation'].includes(field.name) || ['collection', 'hidden'].includes(field.type);
		const said = field.description ?? field.hint;
		if (!isSelfExplaining) expect(said).toMatch(/\S/);
		if (field.type === 'boolean') expect(field.description).toMatch(/^Whether /);
		if (said !== undefined) {
			const sentences = said.split(/(?<=[.!?]) (?=[A-Z])/);
			expect({ said, endsWithPeriod: said.endsWith('.') }).toEqual({ said, endsWithPeriod: sentences.length > 1 });
		}

		if (field.type === 'collection' || field.type === 'fixedCollection') expect(field.placeholder).toMatch(/^Add /);
		else if (field.placeholder !== undefined) expect(field.placeholder).toMatch(/^e\.g\. \S/);
		if (field.type === 'string') expect(field.placeholder).toBeDefined();
	});

	it('has a default that it offers', () => {
		for (const field of allFields) {
			// What the service itself lists has no default.
			const isListed = field.typeOptions?.loadOptionsMethod !== undefined;
			if (field.type === 'options' && isListed) expect(field.default).toBe('');
			else if (field.type === 'options') expect(valuesOf(field)).toContain(field.default);
			if (field.type === 'multiOptions') {
				for (const value of field.default as unknown[]) expect(valuesOf(field)).toContain(value);
			}
			if (field.type === 'boolean') expect(typeof field.default).toBe('boolean');
			if (field.type === 'number') {
				const { minValue = -Infinity, maxValue = Infinity } = field.typeOptions ?? {};
				expect(field.default).toBeGreaterThanOrEqual(minValue);
				expect(field.default).toBeLessThanOrEqual(maxValue);
			}
			if (field.type === 'json') expect(() => JSON.parse(String(field.default)) as unknown).not.toThrow();
		}
	});

	it('offers every value and every name once', () => {
		for (const field of allFields) {
			if (!['options', 'multiOptions'].includes(field.type)) continue;
			const names = optionsOf(field).map(({ name }) => name);
			expect(new Set(valuesOf(field)).size).toBe(names.length);
			expect(new Set(names).size).toBe(names.length);
		}
	});

	it('stands in alphabetical order in its collection, once', () => {
		for (const each of panels) {
			for (const { name, type } of each.shown) {
				if (type !== 'collection') continue;
				const labels = fieldsIn(each, name).map(({ displayName }) => displayName);
				expect(labels).toEqual([...new Set(labels)].sort((a, b) => a.localeCompare(b, 'en')));
			}
		}
	});

	it('offers resources, operations and ways of completion in alphabetical order', () => {
		for (const property of nodeProperties) {
			if (!['resource', 'operation', 'completion'].includes(property.name)) continue;
			const labels = optionsOf(property).map(({ name }) => name);
			expect(labels).toEqual([...labels].sort((a, b) => a.localeCompare(b, 'en')));
		}
	});

	it('is called in messages as it is called in the panel', () => {
		for (const [name, label] of Object.entries(FIELD_NAMES)) {
			const fields = allFields.filter((field) => field.name === name);
			expect({ name, count: fields.length > 0 }).toEqual({ name, count: true });
			for (const field of fields) expect(labelOf(field).replace(/ \(JSON\)$/, '')).toBe(label);
		}
	});

	it('has one label, wherever it stands', () => {
		const labels = new Map<string, Set<string>>();
		for (const field of allFields) {
			labels.set(field.name, (labels.get(field.name) ?? new Set()).add(labelOf(field)));
		}
		for (const [name, each] of labels) expect({ name, labels: [...each] }).toEqual({ name, labels: [[...each][0]] });
	});
});

describe('operations', () => {
	it.each(providerIds)('%s offers exactly those that it can do', (provider) => {
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

	it.each(providerIds)('%s shows no field of one that it cannot do', (provider) => {
		for (const operation of operations) {
			if (operation.providers.includes(provider)) continue;
			const { shown } = panel({ provider, resource: operation.resource, operation: operation.value });
			for (const property of operation.properties) expect(shown).not.toContain(property);
		}
	});

	it('show no field of another one', () => {
		for (const [provider, resource, value] of eachOperation) {
			const { shown } = panel({ provider, resource, operation: value });
			const own = operations.find((each) => each.resource === resource && each.value === value)?.properties ?? [];
			const common = ['provider', 'credentials', 'resource', 'operation'];
			for (const property of shown) if (!common.includes(property.name)) expect(own).toContain(property);
		}
	});

	it.each(eachOperation.filter(([, resource, operation]) => resource === 'generation' && operation !== 'getAll'))(
		'%s, %s: %s asks for the ID and for nothing of a request',
		(provider, resource, operation) => {
			const { shown } = panel({ provider, resource, operation });
			expect(named(shown, 'generationId')?.required).toBe(true);
			for (const name of ['model', 'prompt', 'startImage', 'completion', 'additionalFields']) {
				expect(named(shown, name)).toBeUndefined();
			}
		},
	);

	it('ask for the name of the file where there may be one, and only there', () => {
		const has = (values: INodeParameters): boolean => named(panel(values).shown, 'binaryPropertyName') !== undefined;
		for (const provider of providerIds) {
			const video = { provider, resource: 'video', operation: 'generate' };
			const generation = { provider, resource: 'generation' };
			expect(has({ ...video, downloadVideo: true })).toBe(true);
			expect(has({ ...video, downloadVideo: false })).toBe(false);
			expect(has({ ...video, downloadVideo: true, completion: 'none' })).toBe(false);
			expect(has({ ...generation, operation: 'download' })).toBe(true);
			expect(has({ ...generation, operation: 'wait', downloadVideo: true })).toBe(true);
			expect(has({ ...generation, operation: 'wait', downloadVideo: false })).toBe(false);
			expect(has({ ...generation, operation: 'get' })).toBe(false);
		}
	});
});

describe.each(eachModel)('%s with %s', (provider, model, table) => {
	const each = panel(generateWith(provider, model));
	const { capabilities } = providers[provider];
	const field = (name: string): INodeProperties | undefined => named(each.shown, name);

	it('offers the models of the provider, the first one by default', () => {
		expect(valuesOf(field('model'))).toEqual(capabilities.models.map(({ value }) => value));
		expect(field('model')?.default).toBe(capabilities.models[0]?.value);
	});

	it.each([
		['aspectRatio', 'aspectRatios'],
		['resolution', 'resolutions'],
		['duration', 'durations'],
	] as const)('offers of %s exactly what the table says, with its default', (name, list) => {
		if (table[list].length === 0) {
			expect(field(name)).toBeUndefined();
			expect(each.parameters).not.toHaveProperty(name);
			return;
		}
		const auto = name === 'aspectRatio' && table.autoAspectRatio === true;
		expect(valuesOf(field(name))).toEqual([...(auto ? ['auto'] : []), ...table[list]]);
		expect(field(name)?.default).toBe(auto ? 'auto' : table.defaults[name]);
	});

	it('has fields for the images that the table says, required where there is no way without', () => {
		const { frames } = table;
		expect(field('startImage') !== undefined).toBe(frames.includes('start') || frames.includes('startAndEnd'));
		expect(field('endImage') !== undefined).toBe(frames.includes('end') || frames.includes('startAndEnd'));
		expect(field('startImage')?.required === true).toBe(!frames.includes('none'));
		expect(field('endImage')?.required).toBeUndefined();
	});

	it('has a loop where the table says so', () => {
		expect(field('loop') !== undefined).toBe(table.loop !== 'never');
		expect(field('loop')?.description?.includes('Not possible together') ?? false).toBe(table.loop === 'withoutEndImage');
	});

	it('asks for a prompt as strictly as the provider does', () => {
		expect(field('prompt')?.required === true).toBe(!capabilities.prompt.optionalWithImage);
	});

	it('lets add exactly the fields that the provider has', () => {
		// The way of calling back is asked for only where nobody waits.
		const extras = Object.keys(capabilities.extras).filter((extra) => extra !== 'callbackMode');
		const offered = fieldsIn(each, 'additionalFields').map(({ name }) => name);
		expect(offered.sort()).toEqual(
			['additionalBodyFields', ...extras].sort(),
		);
		const concepts = fieldsIn(each, 'additionalFields').find(({ name }) => name === 'concepts');
		expect(concepts?.typeOptions?.loadOptionsMethod).toBe('concepts' in capabilities.extras ? 'getConcepts' : undefined);
	});

	it('lets name an address for callbacks only where nobody waits and the provider calls back', () => {
		for (const completion of ['poll', 'none', 'suspend']) {
			const offered = fieldsIn(panel(generateWith(provider, model, { completion })), 'additionalFields');
			const names = offered.map(({ name }) => name);
			expect(names.includes('callbackUrl')).toBe(completion === 'none' && providers[provider].callbacks !== undefined);
			expect(names.includes('callbackMode')).toBe(completion === 'none' && 'callbackMode' in capabilities.extras);
		}
	});

	it('offers to suspend, but never in a tool', () => {
		for (const tool of bool) {
			const completion = named(panel(generateWith(provider, model), tool).shown, 'completion');
			expect(valuesOf(completion)).toEqual(tool ? ['none', 'poll'] : ['none', 'suspend', 'poll']);
			expect(completion?.default).toBe('poll');
		}
	});

	it('offers the options that make sense for the provider', () => {
		const names = fieldsIn(each, 'options').map(({ name }) => name);
		expect(names.includes('deleteOnStop')).toBe(providers[provider].deletion !== undefined);
		expect(names.includes('maxCost')).toBe(providers[provider].estimateUsd !== undefined);
		for (const name of ['timeout', 'onTimeout', 'maxConcurrent', 'requestTimeout', 'resubmitFailed', 'dryRun']) {
			expect(names).toContain(name);
		}
	});

	it('makes a request that is accepted out of its defaults, a prompt and the image that is needed', () => {
		const startImage = table.frames.includes('none') ? '' : START;
		const { parameters } = panel(generateWith(provider, model, { prompt: 'A red kite', startImage }));
		const result = checkRequest(providers[provider], parameters, { allowLocalAddresses: false });
		expect(result).toMatchObject({ ok: true, request: { model, prompt: 'A red kite', ...table.defaults } });
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
		expect(valuesOf(field('aspectRatio')).sort()).toEqual([...table.aspectRatios, 'auto'].sort());
		expect(valuesOf(extra('outputFormat')).sort()).toEqual([...table.outputFormats, 'auto'].sort());
		expect(valuesOf(extra('style'))).toEqual(table.styles.length === 0 ? [] : ['auto', ...table.styles]);
		for (const one of [field('aspectRatio'), extra('outputFormat')]) expect(one?.default).toBe('auto');
		expect(field('prompt')?.required).toBe(true);
		expect(field('referenceImages')?.description).toContain(`up to ${table.maxReferences} images`);
		expect(fieldsIn(each, 'additionalFields').map(({ name }) => name)).toEqual([
			'additionalBodyFields',
			'outputFormat',
			...(table.styles.length === 0 ? [] : ['style']),
			'userId',
			'webSearch',
		]);
	});

	it('lists its choices from A to Z', () => {
		for (const property of [...each.shown, ...fieldsIn(each, 'additionalFields')]) {
			const labels = ['aspectRatio', 'outputFormat', 'sourceImageFrom', 'referenceImagesFrom', 'style'].includes(property.name)
				? optionsOf(property).map(({ name }) => name)
				: [];
			expect(labels).toEqual([...labels].sort((a, b) => (a < b ? -1 : 1)));
		}
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

	it.each(eachModel)('to %s with %s, what was filled in and is hidden now does not stand in the way', (provider, model) => {
		const { parameters } = panel({ ...everything, provider, model });
		const { additionalFields, ...fields } = parameters as { additionalFields: Record<string, unknown> };
		const result = checkRequest(providers[provider], { ...additionalFields, ...fields }, { allowLocalAddresses: false });
		expect(result).toMatchObject({ ok: true });
	});
});

/** What n8n's editor does when the provider is changed: it takes back choices that are no longer offered, then fills up. */
function afterSwitch(values: INodeParameters, provider: ProviderId): Panel {
	const { node } = panel(values);
	let stored: INodeParameters = {
		...NodeHelpers.getNodeParameters(description.properties, values, false, false, node, description),
		provider,
	};
	for (const property of description.properties) {
		const { displayOptions, name, options } = property;
		const isAbout = displayOptions?.show?.provider !== undefined || displayOptions?.hide?.provider !== undefined;
		if (!isAbout || property.type !== 'options' || !options || !(name in stored)) continue;
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

	/** Everything that decides which fields are shown, at every provider. */
	const before = videos.flatMap((operation) =>
		operation.providers.flatMap((provider) =>
			[...modelsAt(provider, operation.value), ''].flatMap((model) =>
				['binary', 'generation', 'url'].map((videoSource): INodeParameters => ({
					provider,
					resource: 'video',
					operation: operation.value,
					...(model === '' ? {} : { model }),
					...(valuesOf(named(panel({ provider, resource: 'video', operation: operation.value }).shown, 'videoSource')).includes(videoSource)
						? { videoSource }
						: {}),
				})),
			),
		),
	);

	it.each(providerIds)('to %s: with all fields that the provider has', (provider) => {
		for (const values of before) {
			const each = afterSwitch(values, provider);
			const operation = videos.find(({ value, providers: ids }) => value === values.operation && ids.includes(provider))?.value ?? 'generate';
			expect({ values, operation: each.parameters.operation }).toEqual({ values, operation });
			const { model, videoSource } = each.parameters;
			const fresh = panel({ provider, resource: 'video', operation, ...(model ? { model } : {}), ...(videoSource ? { videoSource } : {}) });
			expect({ values, names: namesOf(each) }).toEqual({ values, names: namesOf(fresh) });
			for (const name of ['model', 'videoSource']) {
				const field = named(each.shown, name);
				if (field) expect(valuesOf(field)).toContain(each.parameters[name]);
			}
		}
	});

	it('also when a model of another provider is left: the fields are those of the first model', () => {
		for (const [from, model] of eachModel) {
			for (const provider of providerIds) {
				const models = modelsAt(provider, 'generate');
				const shown = namesOf(panel(generateWith(provider, model)));
				const meant = models.includes(model) ? model : (models[0] ?? '');
				expect({ from, model, provider, shown }).toEqual({ from, model, provider, shown: namesOf(panel(generateWith(provider, meant))) });
			}
		}
	});

	it('and keeps what was filled in, where the provider has the field', () => {
		const values = generateWith('lumaDreamMachine', 'ray-flash-2', { prompt: 'A red kite', startImage: START, endImage: START, aspectRatio: '9:16' });
		expect(afterSwitch(values, 'pixazo').parameters).toMatchObject({
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

	it.each(actions.map(({ action, values }) => [action, values] as const))('%s: chooses a provider that can do it', (action, values) => {
		const operation = operations.find((each) => each.action === action);
		expect(values).toMatchObject({ resource: operation?.resource, operation: operation?.value });
		expect(operation?.providers).toContain(values.provider);
		if (operation?.providers.includes('lumaAgents')) expect(values.provider).toBe('lumaAgents');
		expect(panel(values).parameters).toMatchObject(values);
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
		for (const more of [{}, ...added.map(({ name }) => ({ [name]: values[name] }))]) {
			// EXR needs HDR, and says so.
			if ('exrExport' in more) continue;
			const input = { ...parameters, prompt: 'a cat', generationId: 'abc', ...more };
			const result = checkRequest(providers.lumaAgents, input, { allowLocalAddresses: false }, 'modify');
			expect({ more, result }).toMatchObject({ result: { ok: true } });
		}
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
		for (const id of others) {
			expect(option('maxConcurrent')).toContain(`${String(providers[id].capabilities.concurrency)} elsewhere`);
		}
	});

	it('of the providers is what the table says about resolutions', () => {
		for (const { value, description: said } of optionsOf(named(panel({}).shown, 'provider'))) {
			const resolutions = providers[value as ProviderId].capabilities.models.flatMap((model) => model.resolutions);
			const best = ['4k', '1080p', '720p', '540p'].find((candidate) => resolutions.some((each) => each === candidate));
			expect(said?.toLowerCase()).toContain(`up to ${String(best)}`);
		}
	});
});

describe('the node', () => {
	it('asks for the credential of the chosen provider and for no other', () => {
		for (const provider of providerIds) {
			const { node, parameters } = panel({ provider });
			const asked = (description.credentials ?? []).filter((credential) =>
				NodeHelpers.displayParameter(parameters, credential, node, description),
			);
			expect(asked.map(({ name, required }) => ({ name, required }))).toEqual([
				{ name: providers[provider].credentialType, required: true },
			]);
		}
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

	it.each(eachOperation)('%s, %s: %s: tells the agent what the operation does, as nothing else has', (provider, resource, operation) => {
		const values = { provider, resource, operation };
		expect(named(panel(values).shown, 'toolDescription')).toBeUndefined();
		const meant = forTools.find((one) => one.resource === resource && one.value === operation);
		const field = named(panel(values, true).shown, 'toolDescription');
		expect(field?.default).toBe(meant?.toolDescription);
		if (resource === 'video') {
			expect(field?.default).toContain('Costs money');
			expect(field?.default).toContain('videoUrl');
		}
		if (resource === 'image') {
			expect(field?.default).toMatch(/Costs money and takes about half a minute: use it once for each image/);
			expect(field?.default).toMatch(/generationId, status and,.* media, a list with the image's web address/);
		}
	});

	it('tells every operation apart', () => {
		expect(new Set(forTools.map(({ toolDescription }) => toolDescription)).size).toBe(forTools.length);
	});

	it.each(providerIds)('%s: offers no files, since an agent can neither take nor pass them on', (provider) => {
		const generation = named(panel({ provider, resource: 'generation' }, true).shown, 'operation');
		expect(valuesOf(generation)).not.toContain('download');
		expect(valuesOf(named(panel({ provider, resource: 'generation' }).shown, 'operation'))).toContain('download');
		for (const values of [generateWith(provider, ''), { provider, resource: 'generation', operation: 'wait' }]) {
			const { shown } = panel({ ...values, downloadVideo: true }, true);
			expect(named(shown, 'downloadVideo')).toBeUndefined();
			expect(named(shown, 'binaryPropertyName')).toBeUndefined();
		}
	});

	it.each(eachModel)('%s, %s: takes images by their addresses', (provider, model) => {
		const { shown } = panel(generateWith(provider, model), true);
		expect(named(shown, 'imageSource')?.type).toBe('hidden');
		expect(named(shown, 'startImage')).toBeDefined();
	});
});
