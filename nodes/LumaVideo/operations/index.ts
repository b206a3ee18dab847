/** All operations, the fields that select one, and the dispatch to its code. */
import type { IDisplayOptions, IExecuteFunctions, INodeExecutionData, INodeProperties } from 'n8n-workflow';
import { NodeApiError, NodeOperationError } from 'n8n-workflow';
import { credentialPlace } from '../credentialChoices';
import { findProvider, providerIds, providers } from '../providers';
import type { ProviderId } from '../providers/provider';
import { getBalance } from './account/getBalance.operation';
import { getAllCameraMotions, getAllConcepts } from './catalog/getAll.operation';
import { cancelGeneration } from './generation/cancel.operation';
import { deleteGeneration } from './generation/delete.operation';
import { download } from './generation/download.operation';
import { get } from './generation/get.operation';
import { getAll } from './generation/getAll.operation';
import { wait } from './generation/wait.operation';
import { edit } from './image/edit.operation';
import { generate as generateImage } from './image/generate.operation';
import { noOperation, unknownProvider } from './messages';
import type { Operation, ResourceName } from './operation';
import { IN_TOOL, NOT_IN_TOOL, RESOURCE_NAMES, both, isTool, ofResource, ownFields } from './operation';
import { addAudio } from './video/addAudio.operation';
import { extend } from './video/extend.operation';
import { generate } from './video/generate.operation';
import { interpolate } from './video/interpolate.operation';
import { modify } from './video/modify.operation';
import { reframe } from './video/reframe.operation';
import { upscale } from './video/upscale.operation';

export const operations: readonly Operation[] = [
	addAudio,
	extend,
	generate,
	interpolate,
	modify,
	reframe,
	upscale,
	cancelGeneration,
	deleteGeneration,
	download,
	get,
	getAll,
	wait,
	edit,
	generateImage,
	getBalance,
	getAllCameraMotions,
	getAllConcepts,
].map((operation) => ({ ...operation, properties: ownFields(operation) }));

/** With the operation that is selected first. */
const RESOURCES: Readonly<Record<ResourceName, { name: string; description: string; preset: string }>> = {
	account: { name: 'Account', description: 'The account with the provider', preset: 'getBalance' },
	cameraMotion: { name: 'Camera Motion', description: 'Terms for how the camera moves', preset: 'getAll' },
	concept: { name: 'Concept', description: 'Camera moves and angles that the model has learned', preset: 'getAll' },
	generation: { name: 'Generation', description: 'A video or image job, identified by its ID', preset: 'get' },
	image: { name: 'Image', description: 'Generate and edit images', preset: 'generate' },
	video: { name: 'Video', description: 'Generate and edit videos', preset: 'generate' },
};

const providerField: INodeProperties = {
	displayName: 'Provider',
	name: 'provider',
	type: 'options',
	noDataExpression: true,
	options: providerIds.map((id) => ({
		name: providers[id].displayName,
		value: id,
		description: providers[id].description,
	})),
	default: 'lumaAgents',
	description: 'The service that generates the videos and images and charges for them',
};

/** Groups providers that have the same operations for a resource, so that each list is one field. */
function byProviders(resource: ResourceName): Array<{ ids: ProviderId[]; list: Operation[] }> {
	const groups = new Map<string, { ids: ProviderId[]; list: Operation[] }>();
	for (const id of providerIds) {
		const list = operations.filter((operation) => operation.resource === resource && operation.providers.includes(id));
		if (list.length === 0) continue;
		const key = list.map(({ value }) => value).join();
		const group = groups.get(key) ?? { ids: [], list };
		group.ids.push(id);
		groups.set(key, group);
	}
	return [...groups.values()];
}

const byName = <T extends { name: string }>(a: T, b: T): number => (a.name < b.name ? -1 : 1);

/** One field for all providers: n8n lists the actions of every field with this name. */
const resourceField: INodeProperties = {
	displayName: 'Resource',
	name: 'resource',
	type: 'options',
	noDataExpression: true,
	options: RESOURCE_NAMES.map((value) => {
		const { name, description } = RESOURCES[value];
		return { value, name, description, displayOptions: { show: { provider: byProviders(value).flatMap(({ ids }) => ids) } } };
	}).sort(byName),
	default: 'video',
};

const operationField = (offered: readonly Operation[], resource: ResourceName, displayOptions: IDisplayOptions) => ({
	displayName: 'Operation',
	name: 'operation',
	type: 'options' as const,
	noDataExpression: true,
	options: offered.map(({ name, value, action, description }) => ({ name, value, action, description })).sort(byName),
	default: RESOURCES[resource].preset,
	displayOptions,
});

/** Two: n8n adds one of its own, and lists the actions of every operation for a resource that is alone. */
const NO_RESOURCE = ['none', 'neither'].map((value) => ({ name: value, value }));

/**
 * Never shown in the panel. When another provider is selected, n8n resets a value that a field does not offer, but looks
 * only at fields whose own conditions name the provider, not at options with conditions: these offer no resource, where the
 * provider lacks the one that is selected. They come first, since the operation depends on the resource. A slash before the
 * name, or n8n would wait for the field itself.
 */
export const resetFields: INodeProperties[] = RESOURCE_NAMES.flatMap((resource) => {
	const able = byProviders(resource).flatMap(({ ids }) => ids);
	const unable = providerIds.filter((id) => !able.includes(id));
	if (unable.length === 0) return [];
	return [
		{
			displayName: 'Resource',
			name: 'resource',
			type: 'hidden',
			options: NO_RESOURCE,
			default: 'video',
			displayOptions: { show: { provider: unable, '/resource': [resource] } },
		},
	];
});

function operationFields(): INodeProperties[] {
	return RESOURCE_NAMES.flatMap((resource) =>
		byProviders(resource).flatMap(({ ids, list }) => {
			const own = both(ofResource(resource), { show: { provider: ids } });
			const forTools = list.filter(({ toolDescription }) => toolDescription !== null);
			if (forTools.length === list.length) return [operationField(list, resource, own)];
			return [
				operationField(list, resource, both(own, NOT_IN_TOOL)),
				operationField(forTools, resource, both(own, IN_TOOL)),
			];
		}),
	);
}

/**
 * Never shown in the panel. n8n's list of actions takes those of the first 'Operation' field that a 'Resource' shows, and
 * sets whatever that field is shown by: so operations of other providers only are listed under a resource of their own.
 */
export const pickerFields: INodeProperties[] = (() => {
	const hide = { provider: [...providerIds] };
	const further = RESOURCE_NAMES.flatMap((resource) => {
		const [first, ...others] = byProviders(resource);
		const known = new Set(first?.list);
		return others.flatMap(({ ids, list: all }, index) => {
			const list = all.filter((operation) => !known.has(operation));
			for (const operation of list) known.add(operation);
			const names = ids.map((id) => providers[id].displayName).join(', ');
			return list.length === 0 ? [] : [{ resource, ids, list, value: `${resource}Further${index}`, name: `${RESOURCES[resource].name} (${names})` }];
		});
	});
	return [
		{ ...resourceField, default: '', options: further.map(({ name, value }) => ({ name, value })), displayOptions: { hide } },
		...byProviders('video')
			.slice(0, 1)
			.map(({ ids, list }) => operationField(list, 'video', { show: { resource: ['video'], provider: ids }, hide })),
		...further.map(({ resource, ids, list, value }) =>
			operationField(list, resource, { show: { resource: [resource, value], provider: ids }, hide }),
		),
	];
})();

/**
 * What an agent is told about its tool. n8n would add a field with this name that says no more than "Generate video in
 * Luma Video"; an agent must know that a call costs money and takes time, and what it returns.
 */
function toolDescriptionFields(): INodeProperties[] {
	return operations.flatMap(({ resource, value, providers: ids, toolDescription }): INodeProperties[] =>
		toolDescription === null
			? []
			: [
					{
						displayName: 'Tool Description',
						name: 'toolDescription',
						type: 'string',
						typeOptions: { rows: 4 },
						default: toolDescription,
						placeholder: 'e.g. Generates a video of a few seconds. Use it once for each video you need.',
						description: 'What the agent is told about this tool: when to use it, and how often',
						displayOptions: both({ show: { resource: [resource], operation: [value], provider: [...ids] } }, IN_TOOL),
					},
				],
	);
}

/** All fields of the node, in the order in which the panel shows them. */
export const nodeProperties: INodeProperties[] = [
	providerField,
	credentialPlace,
	resourceField,
	...operationFields(),
	...toolDescriptionFields(),
	...operations.flatMap((operation) => operation.properties),
];

/** Runs the selected operation for all input items. */
export async function runOperation(context: IExecuteFunctions): Promise<INodeExecutionData[]> {
	const provider = findProvider(context.getNodeParameter('provider', 0) as string);
	const resource = context.getNodeParameter('resource', 0);
	const value = context.getNodeParameter('operation', 0);
	const operation = operations.find((candidate) => candidate.resource === resource && candidate.value === value);
	if (!provider || !operation?.providers.includes(provider.id)) {
		const { message, advice } = provider ? noOperation({ provider, resource, operation: value }) : unknownProvider();
		throw new NodeOperationError(context.getNode(), message, { description: advice, itemIndex: 0 });
	}
	if (!isTool(context)) return await operation.execute(context, provider);
	try {
		return await operation.execute(context, provider);
	} catch (error) {
		throw toldToAgent(error);
	}
}

/** The error with its advice in the message: the message is all that n8n passes to the agent. */
function toldToAgent(error: unknown): unknown {
	if (!(error instanceof NodeApiError || error instanceof NodeOperationError) || !error.description) return error;
	const headline = error.message.replace(/ \[item \d+\]$/, '').replace(/\.?$/, '.');
	error.message = [headline, error.description].join(' ');
	error.description = null;
	return error;
}
